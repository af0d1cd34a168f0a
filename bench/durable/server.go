package durable

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/internal/auth/keystore"
)

// Server is a Parley process as operators run it, that can be killed and started again.
type Server struct {
	Binary string
	Data   string
	Listen string   // the same each time; see [FreeAddress]
	Hook   string   // URL of the webhook
	Asked  string   // URL of the function; "" for none
	Args   []string // more of them, such as where the store is

	cmd *exec.Cmd
	log *tail
}

// FreeAddress is host:port on loopback that nobody listens on.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() // nothing was accepted
	return l.Addr().String(), nil
}

// Build builds the server into dir. root is where the module of the server is.
func Build(ctx context.Context, root, dir string) (binary string, err error) {
	binary = filepath.Join(dir, "parley")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "parley.example/parley/cmd/parley")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return binary, nil
}

// Start starts the process and returns when it listens. With a positive haste it kills the process
// after that time instead, whatever it is doing.
func (s *Server) Start(haste time.Duration) error {
	args := []string{"serve", "--listen", s.Listen, "--data", s.Data, "--max-active-chats", "1000000", "--close-span", "100ms",
		"--stream", Topic + "=" + s.Hook, "--stream-secret", Secret, "--log-level", "error"}
	if s.Asked != "" {
		args = append(args, "--lambda", Function+"="+s.Asked)
	}
	s.cmd = exec.Command(s.Binary, append(args, s.Args...)...)
	s.log = &tail{}
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if haste > 0 {
		time.Sleep(haste)
		return s.Kill()
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if strings.Contains(line, "http://") {
			break
		}
		if err != nil {
			return fmt.Errorf("the server did not start: %w: %s", errors.Join(err, s.Kill()), s.log.text())
		}
	}
	go io.Copy(io.Discard, lines) // ends with the process
	return nil
}

// Kill kills the process, and waits until it is gone. It is an error when it had ended by itself.
func (s *Server) Kill() error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	_ = cmd.Process.Kill() // Wait tells
	err := cmd.Wait()
	if cmd.ProcessState.Exited() {
		return fmt.Errorf("the server ended by itself: %w: %s", err, s.log.text())
	}
	return nil
}

// Signal sends the process a signal, such as SIGSTOP and, later, SIGCONT.
func (s *Server) Signal(signal os.Signal) error { return s.cmd.Process.Signal(signal) }

// Stop tells the process to stop, and waits until it has.
func (s *Server) Stop() error {
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the server was told to stop: %w: %s", err, s.log.text())
	}
	return nil
}

// Log returns the end of what the process has logged as errors.
func (s *Server) Log() string { return s.log.text() }

// FirstKey reads the access key that a server makes in its data directory on its first start.
func FirstKey(data string) (k aws.Credentials, err error) {
	k.AccessKeyID, k.SecretAccessKey, err = keystore.ReadKeyFile(filepath.Join(data, keystore.FirstKeyFile))
	return k, err
}

// tail keeps the end of a log.
type tail struct {
	mu sync.Mutex // guards b
	b  []byte
}

const maxTail = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	t.b = append([]byte(nil), t.b[max(0, len(t.b)-maxTail):]...)
	return len(b), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
