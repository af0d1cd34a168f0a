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
	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/client"
)

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
		e, err := gauge.OpenHTTP(answering(t, answers...), nil)
		if err == nil {
			err = e.Again()
			e.Close()
		}
		if err == nil {
			t.Errorf("%s: taken for an answer", name)
		}
	}
}

func TestOpenLoopKeepsTime(t *testing.T) {
	seen := make([]bool, 100)
	var began time.Time
	r, err := gauge.OpenLoop(t.Context(), 1, 200, 500*time.Millisecond, func(t time.Time) { began = t }, func(ctx context.Context, worker, i int) error {
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
	if err != nil || r.Count != 100 {
		t.Fatalf("openLoop sent %d, %v; want 100", r.Count, err)
	}
}

// An attempt that fails is not hidden by another that succeeds.
func TestFailedAttemptsAreReported(t *testing.T) {
	addr := answering(t, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	c, err := target.Reach(&target.Server{Process: &gauge.Process{Addr: addr}, Key: aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if c.Failed() != nil {
		t.Errorf("failed before the first attempt: %v", c.Failed())
	}
	if _, err := c.DescribeInstance().InstanceID("i").Send(t.Context()); err == nil {
		t.Error("a failed attempt was followed by another")
	}
	if _, err := c.DescribeInstance().InstanceID("i").Send(t.Context()); err != nil {
		t.Errorf("the second call: %v", err)
	}
	if e, ok := errors.AsType[*client.Error](c.Failed()); !ok || e.Status() != 503 {
		t.Errorf("failed = %v; want the 503", c.Failed())
	}
}

// A figure of one call is not one of a session that asked for its connection after all.
func TestOneCallHasNoSecond(t *testing.T) {
	c, err := client.New(client.Config{Region: target.Region, Endpoint: "http://" + answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
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
	if asked, answered := beats.asked.Load(), beats.replies.Count(); asked != 1 || answered != 1 {
		t.Errorf("%d heartbeats, %d answers; want one of each", asked, answered)
	}
	if written.String() != "xx" || string(one) != "c" {
		t.Errorf("%q was written and %q read at last", written.String(), one)
	}
}
