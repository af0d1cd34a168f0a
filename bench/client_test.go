package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
)

func TestHistogram(t *testing.T) {
	var h histogram
	if h.p50() != 0 {
		t.Error("a median of nothing")
	}
	for i := range 10_000 {
		h.add(time.Duration(i+1) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{.01: 100 * time.Microsecond, .5: 5 * time.Millisecond, .99: 9900 * time.Microsecond, 1: 10 * time.Millisecond} {
		if got := h.quantile(q); got < want*97/100 || got > want*104/100 {
			t.Errorf("quantile(%v) = %v; want %v within 3%%", q, got, want)
		}
	}
	for v := uint64(0); v < 1<<40; v = v*9/8 + 1 {
		if i := bucketOf(v); floorOf(i) > v || floorOf(i+1) <= v {
			t.Fatalf("%d is in the bucket from %d to %d", v, floorOf(i), floorOf(i+1))
		}
	}
	h.add(-time.Second) // a clock that went back
	if got := h.quantile(0); got != 0 {
		t.Errorf("the least = %v; want 0", got)
	}
}

func TestMarker(t *testing.T) {
	text := content(7, 12345)
	if load, i, ok := readMarker(text); !ok || load != 7 || i != 12345 {
		t.Errorf("readMarker = %d, %d, %v", load, i, ok)
	}
	if len(text) != contentLength {
		t.Errorf("the content has %d bytes; want %d", len(text), contentLength)
	}
	for _, text := range []string{"", "hello", marker, marker + "12", marker + "x.1 ", marker + "1.x ", marker + "-1.1 "} {
		if _, _, ok := readMarker(text); ok {
			t.Errorf("readMarker found one in %q", text)
		}
	}
}

// The bare echo answers both exchanges with what they sent, of all lengths, as often as they ask.
func TestEcho(t *testing.T) {
	e, err := startEcho(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.kill()
	for _, n := range []int{0, 1, 125, 126, 1000, 5000, 60000} {
		text := []byte(strings.Repeat("x", n))
		for name, open := range map[string]func() (*exchange, error){
			"HTTP":      func() (*exchange, error) { return openHTTP(e.addr, text) },
			"WebSocket": func() (*exchange, error) { return openSocket(e.addr, "/ws", text) },
		} {
			list, err := openAll(2, open)
			if err != nil {
				t.Fatalf("%s, %d bytes: %v", name, n, err)
			}
			for i := range 6 {
				if err := list.task(t.Context(), i%2, i); err != nil || !strings.HasSuffix(string(list[i%2].answer), string(text)) {
					t.Errorf("%s, %d bytes: %d came back, %v", name, n, len(list[i%2].answer), err)
				}
			}
			list.close()
		}
	}
	if _, err := openSocket(e.addr, "/nowhere", nil); err == nil {
		t.Error("a path without sockets gave one")
	}
}

// answering is a server that gives each connection the same bytes after each request.
func answering(t *testing.T, answers ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			for _, answer := range answers {
				if _, err := http.ReadRequest(r); err != nil {
					break
				}
				io.WriteString(conn, answer)
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// An exchange does not take anything else for the answer it had first.
func TestExchangeRejectsOtherAnswers(t *testing.T) {
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, answers := range map[string][]string{
		"refused":         {"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"},
		"without length":  {"HTTP/1.1 200 OK\r\n\r\n"},
		"cut off":         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"},
		"another service": {"SSH-2.0-OpenSSH_9.6\r\n"},
		"nothing":         {""},
		"once only":       {good},
		"refused later":   {good, "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno"},
	} {
		e, err := openHTTP(answering(t, answers...), nil)
		if err == nil {
			err = e.again()
			e.close()
		}
		if err == nil {
			t.Errorf("%s: taken for an answer", name)
		}
	}
}

func TestOpenLoopKeepsTime(t *testing.T) {
	seen := make([]bool, 100)
	var began time.Time
	r, err := openLoop(t.Context(), 1, 200, 500*time.Millisecond, func(t time.Time) { began = t }, func(ctx context.Context, worker, i int) error {
		if seen[i] || worker != 0 {
			return fmt.Errorf("%d was sent twice, or by worker %d", i, worker)
		}
		if _, limited := ctx.Deadline(); !limited {
			return errors.New("the load has no end")
		}
		if due := began.Add(time.Duration(i) * 5 * time.Millisecond); time.Now().Before(due) {
			return fmt.Errorf("%d was sent %v early", i, time.Until(due))
		}
		seen[i] = true
		return nil
	})
	if err != nil || r.count != 100 {
		t.Fatalf("openLoop sent %d, %v; want 100", r.count, err)
	}
}

// An attempt that fails is not hidden by another that succeeds.
func TestFailedAttemptsAreReported(t *testing.T) {
	addr := answering(t, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	c, err := reach(&server{process: &process{addr: addr}, key: aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if c.failed() != nil {
		t.Errorf("failed before the first attempt: %v", c.failed())
	}
	if _, err := c.DescribeInstance().InstanceID("i").Send(t.Context()); err == nil {
		t.Error("a failed attempt was followed by another")
	}
	if _, err := c.DescribeInstance().InstanceID("i").Send(t.Context()); err != nil {
		t.Errorf("the second call: %v", err)
	}
	if e, ok := errors.AsType[*client.Error](c.failed()); !ok || e.Status() != 503 {
		t.Errorf("failed = %v; want the 503", c.failed())
	}
}

// A figure of one call is not one of a session that asked for its connection after all.
func TestOneCallHasNoSecond(t *testing.T) {
	c, err := client.New(client.Config{Region: region, Endpoint: "http://" + answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
		Retry: client.NoRetry{}, Middleware: []client.Middleware{noSecondCall}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	w := &way{begin: func(ctx context.Context, _ int, cfg client.SessionConfig) (*client.Session, error) {
		session, _, err := c.Start(ctx, c.StartChatContact().InstanceID("i").ContactFlowID("f").ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}), cfg)
		return session, err
	}}
	if _, err := w.wait(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "missing, or did not open") {
		t.Errorf("a start whose answer has no connection = %v", err)
	}
}

// pipe is a socket's connection: what is read was written elsewhere.
type pipe struct {
	io.Reader
	io.Writer
}

func (pipe) Close() error { return nil }

func TestTap(t *testing.T) {
	watch := &tap{began: time.Now()}
	var written strings.Builder
	s := &tapped{ReadWriteCloser: pipe{strings.NewReader("abc"), &written}, tap: watch}
	one := make([]byte, 1)
	exchange := func() {
		io.WriteString(s, "x")
		s.Read(one)
	}
	exchange() // nobody wants to know
	beats := &heartbeats{}
	watch.beats.Store(beats)
	exchange()
	s.Read(one) // answers nothing
	if asked, answered := beats.asked.Load(), beats.replies.count.Load(); asked != 1 || answered != 1 {
		t.Errorf("%d heartbeats, %d answers; want one of each", asked, answered)
	}
	if written.String() != "xx" || string(one) != "c" {
		t.Errorf("%q was written and %q read at last", written.String(), one)
	}
}
