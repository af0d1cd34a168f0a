package socket

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"parley.example/parley/internal/socket/sockettest"
)

// echoes serves sockets that are sent what they send, and keeps them.
type echoes struct {
	Server
	mu   sync.Mutex       // guards open
	open map[string]*echo // by path
}

type echo struct {
	of   *echoes
	path string
	conn Conn
}

func (e *echo) Receive(text []byte) *Cause {
	e.conn.Send(text)
	return nil
}

func (e *echo) Ended(*Cause) {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	delete(e.of.open, e.path)
}

func newEchoes(t testing.TB, limits Limits) *echoes {
	return &echoes{Server: Server{Limits: limits, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, open: map[string]*echo{}}
}

func (s *echoes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, status, why := Check(r)
	if status != 0 {
		RefusalHeader(w.Header(), status)
		http.Error(w, why, status)
		return
	}
	if !s.Reserve() {
		http.Error(w, "full", http.StatusServiceUnavailable)
		return
	}
	e := &echo{of: s, path: r.URL.Path}
	e.conn.Init(&s.Server, e)
	s.mu.Lock()
	s.open[e.path] = e
	s.mu.Unlock()
	if err := e.conn.Upgrade(w, key); err != nil {
		e.Ended(nil)
		s.Release()
	}
}

// send sends a text to the socket of a path.
func (s *echoes) send(path, text string) {
	s.mu.Lock()
	e := s.open[path]
	s.mu.Unlock()
	e.conn.Send([]byte(text))
	e.conn.Flush()
}

// serve lets the sockets listen on the loopback interface.
func serve(t testing.TB, s *echoes) (addr string) {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(func() {
		srv.Close()
		s.Shutdown(t.Context()) // which has ended: all sockets are aborted
	})
	return srv.Listener.Addr().String()
}

// eventually waits for what other goroutines are about to do.
var eventually = sockettest.Eventually

// dial opens a socket and has it echo once.
func dial(t testing.TB, addr, path string) *sockettest.Client {
	t.Helper()
	c := sockettest.Dial(t, addr, path)
	c.Send(`"hello"`)
	c.Expect(`"hello"`)
	return c
}
