package gauge

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Process is a child on loopback that prints its URL when it listens.
type Process struct {
	cmd  *exec.Cmd
	Addr string // host:port
	log  *Tail
}

// Spawn starts a child and returns when it listens. Its first line with a URL says where.
func Spawn(ctx context.Context, env []string, name string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, name, args...), log: &Tail{}}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	for p.Addr == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			p.Kill()
			return nil, fmt.Errorf("%s did not start: %s", filepath.Base(name), p.log.Text())
		}
		if _, url, ok := strings.Cut(line, "http://"); ok {
			p.Addr, _, _ = strings.Cut(strings.Fields(url)[0], ",")
		}
	}
	go io.Copy(io.Discard, lines) // ends with the child
	return p, nil
}

// SpawnAt starts a child that was told where to listen, and returns when it does.
func SpawnAt(ctx context.Context, addr, name string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, name, args...), Addr: addr, log: &Tail{}}
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	said := &Tail{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(said, out) // ends with the child
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return p, conn.Close()
		}
		select {
		case <-tick.C:
		case <-ended:
			p.Kill()
			return nil, fmt.Errorf("%s did not start: %s %s", filepath.Base(name), said.Text(), p.log.Text())
		}
	}
}

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the child at once and waits for it.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()         // it was killed: that is its error
}

// Stop ends the child as an operator does and waits for it.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() }) // Wait tells
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the child process failed: %w: %s", err, p.log.Text())
	}
	return nil
}

// Tail keeps the end of a log. Its writer is the one goroutine of exec.
type Tail struct{ b []byte }

const maxTail = 4 << 10

// Write implements [io.Writer].
func (t *Tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if len(t.b) > 2*maxTail {
		t.b = append([]byte(nil), t.b[len(t.b)-maxTail:]...)
	}
	return len(b), nil
}

// Text is the end that was kept.
func (t *Tail) Text() string { return string(bytes.TrimSpace(t.b)) }
