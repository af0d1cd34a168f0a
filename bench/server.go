package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/bench/durable"
)

// buildServer builds the server as it is released: static, stripped.
func buildServer(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "parley")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "parley.example/parley/cmd/parley")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return path, nil
}

// process is a child on loopback that prints its URL when it listens.
type process struct {
	cmd  *exec.Cmd
	addr string // host:port
	log  *tail
}

// spawn starts a child and returns when it listens. Its first line with a URL says where.
func spawn(ctx context.Context, env []string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...), log: &tail{}}
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
	for p.addr == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			p.kill()
			return nil, fmt.Errorf("%s did not start: %s", filepath.Base(name), p.log.text())
		}
		if _, url, ok := strings.Cut(line, "http://"); ok {
			p.addr, _, _ = strings.Cut(strings.Fields(url)[0], ",")
		}
	}
	go io.Copy(io.Discard, lines) // ends with the child
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()         // it was killed: that is its error
}

// stop ends the child as an operator does and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() }) // Wait tells
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the child process failed: %w: %s", err, p.log.text())
	}
	return nil
}

// tail keeps the end of a log. Its writer is the one goroutine of exec.
type tail struct{ b []byte }

const maxTail = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if len(t.b) > 2*maxTail {
		t.b = append([]byte(nil), t.b[len(t.b)-maxTail:]...)
	}
	return len(b), nil
}

func (t *tail) text() string { return string(bytes.TrimSpace(t.b)) }

// server is a Parley under load.
type server struct {
	*process            // the first, or only, node
	more     []*process // other nodes
	data     string
	key      aws.Credentials
	debug    string // where it serves profiles, "" for nowhere
}

// startServer starts a server on a data directory, new or used.
func (b *bench) startServer(ctx context.Context, data string) (*server, error) {
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", data, "--max-active-chats", "10000000", "--close-span", "100ms", "--rate", "all=off"}
	s := &server{data: data}
	if b.pprof != "" {
		addr, err := durable.FreeAddress()
		if err != nil {
			return nil, err
		}
		s.debug = addr
		args = append(args, "--pprof", addr)
	}
	among, err := b.shared.args(ctx, data)
	if err != nil {
		return nil, err
	}
	if s.process, err = spawn(ctx, nil, b.server, append(args, among...)...); err != nil {
		return nil, err
	}
	if err := b.startMore(ctx, s, append(args, among...)); err != nil {
		s.kill()
		return nil, err
	}
	if s.key, err = durable.FirstKey(data); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// profile keeps a CPU profile of d of the server and of the clients, and heap
// profiles behind it, where asked for. It is called beside the load; wait for
// it with the returned function.
func (b *bench) profile(s *server, name string, d time.Duration) (wait func()) {
	if s.debug == "" {
		return func() {}
	}
	done := make(chan struct{})
	own := b.profileClients(name)
	go func() {
		defer close(done)
		seconds := max(1, int(d/time.Second))
		for _, p := range []struct{ file, path string }{
			{name + ".cpu.pprof", fmt.Sprintf("/debug/pprof/profile?seconds=%d", seconds)}, {name + ".heap.pprof", "/debug/pprof/heap"},
		} {
			if err := fetch("http://"+s.debug+p.path, filepath.Join(b.pprof, p.file)); err != nil {
				b.say("no profile: %v", err)
			}
		}
	}()
	return func() {
		own()
		<-done
	}
}

// profileClients profiles this process until the returned function is called.
func (b *bench) profileClients(name string) (stop func()) {
	nothing := func() {}
	cpu, err := os.Create(filepath.Join(b.pprof, name+".clients.cpu.pprof"))
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		b.say("no profile of the clients: %v", err)
		return nothing
	}
	return func() {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(b.pprof, name+".clients.heap.pprof"))
		if err == nil {
			err = errors.Join(pprof.Lookup("heap").WriteTo(heap, 0), heap.Close())
		}
		if err := errors.Join(err, cpu.Close()); err != nil {
			b.say("no whole profile of the clients: %v", err)
		}
	}
}

func fetch(url, file string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close() // read to its end, or of no use
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	return os.WriteFile(file, body, 0o644)
}

// counters reads figures of a server's /metrics by their names.
func (s *server) counters(names ...string) (map[string]float64, error) {
	res, err := http.Get("http://" + s.addr + "/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() // read to its end, or of no use
	found := map[string]float64{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		for _, want := range names {
			if name == want {
				var v float64
				if _, err := fmt.Sscan(value, &v); err != nil {
					return nil, fmt.Errorf("metric %s: %w", name, err)
				}
				found[name] = v
			}
		}
	}
	return found, nil
}
