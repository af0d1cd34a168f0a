//go:build unix

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parley.example/parley/client"
	"parley.example/parley/internal/handover"
	"parley.example/parley/internal/server/servertest"
)

// program is parley serve in processes that come after each other.
type program struct {
	t      *testing.T
	path   string // a link to this binary
	data   string
	addr   string
	args   []string
	errs   *output
	stderr *os.File
	ended  chan struct{} // closed when no process has the log any more
}

func newProgram(t *testing.T, addr string) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t: t, path: filepath.Join(dir, "parley"), data: filepath.Join(dir, "data"), addr: addr, errs: newOutput(), ended: make(chan struct{})}
	p.args = []string{"serve", "--dev", "--listen", addr, "--data", p.data, "--close-span", "100ms"}
	p.become(os.Args[0])
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr = w
	go func() {
		defer close(p.ended)
		_, _ = io.Copy(p.errs, r) // until the last process has ended
		r.Close()
	}()
	return p
}

// launched starts a program at an address that it chooses: only who is given its socket can be there again.
func launched(t *testing.T) *program {
	t.Helper()
	p := newProgram(t, "127.0.0.1:0")
	p.run(exec.Command(p.path, append(p.args, "--new", "--admin-listen", "127.0.0.1:0")...))
	p.errs.wait(t, "msg=serving")
	p.addr = regexp.MustCompile(` address=(\S+)`).FindStringSubmatch(p.errs.String())[1]
	return p
}

// become makes another program of it, for the next start.
func (p *program) become(target string) {
	p.t.Helper()
	next := p.path + ".next"
	if err := errors.Join(os.Symlink(target, next), os.Rename(next, p.path)); err != nil {
		p.t.Fatal(err)
	}
}

// run starts a process.
func (p *program) run(cmd *exec.Cmd, env ...string) {
	p.t.Helper()
	cmd.Env, cmd.Stderr = append(os.Environ(), append(env, asProgram+"=1")...), p.stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Kill() }) // most have ended
}

// pid is the process that has the data.
func (p *program) pid() int {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.data, "parley.lock"))
	if err != nil {
		p.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

// signal sends the process that has the data a signal, and returns when the log has a text behind what it has now.
func (p *program) signal(s syscall.Signal, logged string) {
	p.t.Helper()
	before := len(p.errs.String())
	if err := syscall.Kill(p.pid(), s); err != nil {
		p.t.Fatal(err)
	}
	p.errs.after(p.t, before, logged)
}

// stop ends what there is of the program, and returns when nothing is left.
func (p *program) stop() {
	p.t.Helper()
	p.stderr.Close()
	p.signal(syscall.SIGTERM, "msg=stopping")
	<-p.ended
}

// callers open new connections all the time, each with one request or one WebSocket.
type callers struct {
	addr     string
	chats    []*servertest.Chat // with a session each
	guests   []*servertest.Chat // for WebSockets, of which each may have five at a time
	sessions []*client.Session
	tick     *time.Ticker
	done     chan struct{}
	working  sync.WaitGroup

	mu      sync.Mutex // guards what follows
	grown   *sync.Cond
	calls   int
	longest time.Duration
	failed  map[string]int
	said    [][]string // of chats, what was acknowledged
	heard   []map[string]int
}

const listeners, guests = 4, 100

func call(t *testing.T, addr string) *callers {
	t.Helper()
	s := servertest.Elsewhere(t, addr)
	s.HTTP.Transport.(*http.Transport).DisableKeepAlives = true
	c := &callers{addr: addr, tick: time.NewTicker(4 * time.Millisecond), done: make(chan struct{}), failed: map[string]int{}}
	c.grown = sync.NewCond(&c.mu)
	api, err := client.New(client.Config{Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	for range guests {
		c.guests = append(c.guests, s.Chat(t))
	}
	for i := range listeners {
		chat := s.Chat(t)
		c.chats, c.said, c.heard = append(c.chats, chat), append(c.said, nil), append(c.heard, map[string]int{})
		session, err := api.Join(t.Context(), client.SessionConfig{Token: chat.Token, OnItem: func(item *client.Item) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if item.Content != nil {
				c.heard[i][*item.Content]++
				c.grown.Broadcast()
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		c.sessions = append(c.sessions, session)
	}
	c.working.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-c.tick.C:
				c.working.Go(func() { c.once(t.Context(), n) })
			case <-c.done:
				return
			}
		}
	})
	return c
}

// once opens a connection and waits for its answer.
func (c *callers) once(ctx context.Context, n int) {
	began, chat, text := time.Now(), n/4%listeners, fmt.Sprint("call ", n)
	var err error
	switch n % 4 {
	case 0:
		err = c.upgrade(c.guests[n/4%guests])
	case 1:
		err = c.get()
	default:
		_, err = c.chats[chat].TrySend(ctx, text)
	}
	took := time.Since(began)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	c.longest = max(c.longest, took)
	if err != nil {
		c.failed[fmt.Sprint(n%4, err)]++
	} else if n%4 > 1 {
		c.said[chat] = append(c.said[chat], text)
	}
	c.grown.Broadcast()
}

// exchange writes a request to a connection of its own and returns the answer's status.
func (c *callers) exchange(path string, headers ...string) (int, error) {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n", path, c.addr, strings.Join(headers, "\r\n")); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (c *callers) get() error {
	if status, err := c.exchange("/healthz", "Connection: close"); status != 200 {
		return fmt.Errorf("GET /healthz = %d, %w", status, err)
	}
	return nil
}

func (c *callers) upgrade(guest *servertest.Chat) error {
	at, err := url.Parse(guest.SocketURL)
	if err != nil {
		return err
	}
	if status, err := c.exchange(at.RequestURI(), "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="); status != 101 {
		return fmt.Errorf("a handshake was answered %d, %w", status, err)
	}
	return nil
}

// more waits until so many more calls have been answered.
func (c *callers) more(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for until := c.calls + n; c.calls < until; {
		c.grown.Wait()
	}
}

// stop ends the calls, and checks that all of them were answered, and that what was acknowledged is in the transcripts and was
// heard, once.
func (c *callers) stop(t *testing.T, took time.Duration) {
	t.Helper()
	c.tick.Stop()
	close(c.done)
	c.working.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%d connections, %.0f a second; the longest waited %s", c.calls, float64(c.calls)/took.Seconds(), c.longest.Round(time.Millisecond))
	for why, n := range c.failed {
		t.Errorf("%d times: %s", n, why)
	}
	for i, said := range c.said {
		texts := map[string]int{}
		for _, text := range c.chats[i].Texts() {
			texts[text]++
		}
		missing := func(text string) bool { return c.heard[i][text] == 0 }
		for slices.ContainsFunc(said, missing) && c.sessions[i].Err() == nil {
			c.grown.Wait()
		}
		for _, text := range said {
			if texts[text] != 1 || c.heard[i][text] != 1 {
				t.Errorf("%q, which was acknowledged, is in the transcript %d times, and was heard %d times", text, texts[text], c.heard[i][text])
			}
		}
		if len(said) < 30 {
			t.Errorf("%d messages were acknowledged in a chat; want more of a test", len(said))
		}
	}
	for _, session := range c.sessions {
		if err := session.Close(); err != nil {
			t.Errorf("a session ended with %v", err)
		}
	}
}

const restarts = 10

// TestSIGUSR2RefusesNobody replaces a server by SIGUSR2, again and again, while hundreds of connections a second are opened. None
// is refused or reset, and WebSockets are closed when the next process has the data.
func TestSIGUSR2RefusesNobody(t *testing.T) {
	p := launched(t)
	first, began := p.pid(), time.Now()
	c := call(t, p.addr)
	watched := servertest.Elsewhere(t, p.addr).Chat(t)
	for range restarts {
		watched.Credentials()
		socket, former := watched.Socket(), p.pid()
		p.signal(syscall.SIGUSR2, `msg="handing over"`)
		if code := socket.Closed(); code != 1001 || p.pid() == former {
			t.Errorf("a WebSocket was closed with %d while process %d had the data, as before: %t", code, p.pid(), p.pid() == former)
		}
		c.more(50)
	}
	c.stop(t, time.Since(began))
	if p.pid() == first {
		t.Error("the first process still has the data")
	}
	addresses := map[string]int{}
	for _, at := range regexp.MustCompile(` (address|admin_url)=\S+`).FindAllString(p.errs.String(), -1) {
		addresses[at]++
	}
	if len(addresses) != 2 {
		t.Errorf("the processes have listened at %v; want one address for clients and one for operators", addresses)
	}
	p.stop()
	for line := range strings.Lines(p.errs.String()) {
		if strings.Contains(line, "level=ERROR") {
			t.Errorf("the log has %s", line)
		}
	}
}

// supervisor holds a socket for a service, and is told of it, as systemd does.
type supervisor struct {
	t      *testing.T
	socket *os.File
	notes  *net.UnixConn
	path   string
}

func supervise(t *testing.T) (s *supervisor, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = &supervisor{t: t, path: filepath.Join(t.TempDir(), "notify")}
	if s.socket, err = l.(*net.TCPListener).File(); err != nil {
		t.Fatal(err)
	}
	if s.notes, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); s.socket.Close(); s.notes.Close() })
	return s, l.Addr().String()
}

// start starts the service, and returns when it says that it is ready.
func (s *supervisor) start(p *program) *exec.Cmd {
	s.t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, p.path}, p.args...)...)
	cmd.ExtraFiles = []*os.File{s.socket}
	p.run(cmd, "LISTEN_FDS=1", "LISTEN_FDNAMES=parley.socket", "NOTIFY_SOCKET="+s.path)
	s.hear("READY=1")
	return cmd
}

func (s *supervisor) hear(want string) {
	s.t.Helper()
	note := make([]byte, 100)
	n, err := s.notes.Read(note)
	if err != nil || string(note[:n]) != want {
		s.t.Fatalf("the service says %q, %v; want %s", note[:n], err, want)
	}
}

// TestSocketActivationRefusesNobody restarts a service, again and again, whose socket somebody else holds.
func TestSocketActivationRefusesNobody(t *testing.T) {
	s, addr := supervise(t)
	p := newProgram(t, addr)
	p.args = slices.Concat(p.args, []string{"--listen", "127.0.0.1:1", "--close-span", "1h"}) // neither counts
	cmd, began := s.start(p), time.Now()
	c := call(t, p.addr)
	for range restarts {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		s.hear("STOPPING=1")
		if err := cmd.Wait(); err != nil {
			t.Fatalf("the service ended with %v\n%s", err, p.errs)
		}
		cmd = s.start(p)
		c.more(50)
	}
	c.stop(t, time.Since(began))
	p.signal(syscall.SIGUSR2, "the server has a supervisor")
	p.stop()
}

// TestSuccessorThatFails: a program that does not start changes nothing; for one that fails when the former server has let go of the
// data, the former program is started again.
func TestSuccessorThatFails(t *testing.T) {
	p := launched(t)
	s := servertest.Elsewhere(t, p.addr)
	chat, former := s.Chat(t), p.pid()
	chat.Send("before")

	p.become(write(t, "none", ""))
	p.signal(syscall.SIGUSR2, "permission denied")
	for what, c := range map[string]struct{ script, logged string }{
		"ends at once": {"exit 3", "has ended: exit status 3"},
		"is no server": {"exit 0", "has ended: exit status 0"},
	} {
		p.become(script(t, c.script))
		p.signal(syscall.SIGUSR2, c.logged)
		if !strings.Contains(p.errs.String(), "this process goes on") || p.pid() != former {
			t.Errorf("a program that %s: process %d has the data; want %d\n%s", what, p.pid(), former, p.errs)
		}
		chat.Send(what)
	}

	if runtime.GOOS == "linux" { // where a process can start its own program when the file is another
		p.become(script(t, `printf w >&5; read -r _ <&6; exit 7`))
		p.signal(syscall.SIGUSR2, "the former one is started again")
		chat.Send("after")
		if !strings.Contains(p.errs.String(), "has ended: exit status 7") || p.pid() == former {
			t.Errorf("process %d has the data; want another than %d\n%s", p.pid(), former, p.errs)
		}
		if got := chat.Texts(); len(got) < 4 || got[len(got)-1] != "after" {
			t.Errorf("the transcript is %q; want all that was said", got)
		}
	}
	p.become(os.Args[0])
	p.stop()
}

// script writes a program for the shell.
func script(t *testing.T, text string) string {
	t.Helper()
	path := write(t, "program", "#!/bin/sh\n"+text+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhatAServerIsGiven: what a supervisor passes and the server cannot use is refused in a line that says what would be right.
func TestWhatAServerIsGiven(t *testing.T) {
	s, _ := supervise(t)
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct {
		n, names string
		files    []*os.File
		want     string
	}{
		{"two", "", nil, `LISTEN_FDS is "two"`},
		{"1", "http", []*os.File{file}, "the socket called http"},
		{"2", "http:http", []*os.File{s.socket, s.socket}, "two sockets called http"},
		{"2", "http:metrics", []*os.File{s.socket, s.socket}, `called "metrics"; want http or admin`},
		{"2", "", []*os.File{s.socket, s.socket}, `called ""; want http or admin`},
	} {
		cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" serve --dev`, os.Args[0])
		cmd.Env = append(os.Environ(), asProgram+"=1", "LISTEN_FDS="+c.n, "LISTEN_FDNAMES="+c.names)
		cmd.ExtraFiles = c.files
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), c.want) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("a server that is given %s sockets %q = %v %s; want status 1 and a line with %s", c.n, c.names, err, out, c.want)
		}
	}
	if handover.Watched() {
		t.Error("the tests have a supervisor")
	}
}
