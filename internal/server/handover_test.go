package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/handover"
	"parley.example/parley/internal/pipetest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// heir is a successor in the test's own process: it serves when the test says so.
type heir struct {
	begins    chan struct{}
	ready     chan error
	abandoned chan struct{}
}

func newHeir() *heir {
	return &heir{make(chan struct{}), make(chan error), make(chan struct{})}
}

func (h *heir) Begin(context.Context) error {
	close(h.begins)
	return <-h.ready
}

func (h *heir) Abandon() { close(h.abandoned) }

func (h *heir) start([]handover.Socket) (server.Successor, error) { return h, nil }

// TestHandOver hands a server over: the successor may open the store as soon as it begins, sockets and agents' streams stay open until
// it serves, and are then closed one after another.
func TestHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		stored := func(c *server.Config) { c.Data, c.CloseSpan = dir, time.Second }
		former := servertest.Inside(t, stored)
		c := former.Chat(t)
		socket, another := c.Socket(), former.Chat(t).Socket()
		stream := former.Desk(t).Stream()
		stream.Frame()
		c.Send("before")
		socket.Until("before")

		h := newHeir()
		if err := former.HandOver(t.Context(), h.start); err != nil {
			t.Fatalf("HandOver: %v", err)
		}
		<-h.begins
		next := servertest.Inside(t, stored)
		time.Sleep(time.Minute) // of the bubble: a start may take long, as when the data is upgraded
		for _, s := range []*servertest.Socket{socket, another} {
			s.Write(`{"topic":"aws/heartbeat"}`)
		}
		synctest.Wait()
		for _, s := range []*servertest.Socket{socket, another} {
			if got := s.Received(); len(got) == 0 || !strings.Contains(got[len(got)-1], "aws/heartbeat") {
				t.Errorf("a socket has received %q from the server that hands over; want its heartbeat answered", got)
			}
		}
		ready := time.Now()
		h.ready <- nil
		for what, s := range map[string]*servertest.Socket{"a socket": socket, "another socket": another, "a stream": stream.Socket} {
			if code := s.Closed(); code != 1001 || s.ClosedAt().Before(ready) {
				t.Errorf("%s was closed with %d, %s after the successor was ready; want 1001, and not before", what, code, s.ClosedAt().Sub(ready))
			}
		}
		if spread := another.ClosedAt().Sub(socket.ClosedAt()).Abs(); spread == 0 {
			t.Error("the sockets were closed at once; want them spread")
		}
		former.Stop()
		again := c.On(next)
		again.Credentials()
		again.Socket()
		again.Send("after")
		if got := again.Texts(); len(got) < 2 || got[len(got)-2] != "before" || got[len(got)-1] != "after" {
			t.Errorf("the transcript is %q; want what was said before and after", got)
		}
	})
}

// TestHandOverThatIsNone: a server whose successor does not start, or that has its data in memory, goes on. One that is
// told to stop meanwhile has no successor.
func TestHandOverThatIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unwilling := func([]handover.Socket) (server.Successor, error) { return nil, errors.New("no such program") }
		s := servertest.Inside(t)
		if err := s.HandOver(t.Context(), unwilling); err == nil || !strings.Contains(err.Error(), "--data") {
			t.Errorf("a server in memory hands over: %v", err)
		}
		s.Chat(t).Socket()
		s.Stop()
		s = servertest.Inside(t, func(c *server.Config) { c.Data = t.TempDir() })
		if err := s.HandOver(t.Context(), unwilling); err == nil || err.Error() != "no such program" {
			t.Errorf("HandOver = %v; want why the program did not start", err)
		}
		s.Chat(t).Socket()
		s.Stop()
		h := newHeir()
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := s.HandOver(ctx, h.start); !errors.Is(err, context.Canceled) {
			t.Errorf("HandOver of a stopped server = %v", err)
		}
		<-h.abandoned
	})
}

// TestKeptSocket: a server whose listening socket somebody holds does not wait for clients that have gone: others wait for its end.
func TestKeptSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t, func(c *server.Config) { c.Kept, c.CloseSpan = true, time.Hour })
		c := s.Chat(t)
		conn, err := s.DialContext(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		at, err := url.Parse(c.SocketURL)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: parley\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", at.RequestURI())
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
			t.Fatalf("the handshake was answered %q, %v", line, err)
		}
		answered := s.Chat(t).Socket()
		began := time.Now()
		s.Stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the server took %s to stop; want it to wait for nobody", took)
		}
		if code := answered.Closed(); code != 1001 {
			t.Errorf("a socket was closed with %d; want 1001", code)
		}
	})
}

// TestHandOverFails: when nobody serves in the end, Serve returns why.
func TestHandOverFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := server.New(t.Context(), server.Config{Data: t.TempDir(), CloseSpan: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		h := newHeir()
		up, ended := make(chan string, 1), make(chan error, 1)
		go func() {
			ended <- srv.ServeOn(t.Context(), pipetest.New("127.0.0.1:8790"), func(url string) { up <- url })
		}()
		<-up
		if err := srv.HandOver(t.Context(), h.start); err != nil {
			t.Fatal(err)
		}
		<-h.begins
		h.ready <- errors.New("exit status 7")
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "exit status 7") {
			t.Errorf("Serve = %v; want why nobody serves", err)
		}
	})
}
