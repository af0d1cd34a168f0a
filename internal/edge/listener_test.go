package edge

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/lifecycle"
	"parley.example/parley/internal/pipetest"
)

// TestConnections closes what is one too many, and counts down again.
func TestConnections(t *testing.T) {
	open := &connections{most: 2}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") }))
	srv.Config.ConnState = open.state
	srv.Start()
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func() error {
		res, err := client.Get(srv.URL)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	for range 5 {
		if err := get(); err != nil {
			t.Fatalf("below the bound: %v", err)
		}
		for open.open.Load() > 0 { // the server notices a little later that the client is gone
			runtime.Gosched()
		}
	}
	first, second := hold(t, srv), hold(t, srv)
	if err := get(); err == nil {
		t.Error("a third connection was answered")
	}
	first.Close()
	second.Close()
	for range 1000 {
		if get() == nil {
			return
		}
	}
	t.Errorf("no connection is let in; %d are counted", open.open.Load())
}

// hold opens a connection and has it answered, so that it is known to be counted.
func hold(t *testing.T, srv *httptest.Server) io.Closer {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{}}
	res, err := c.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return closer(c.CloseIdleConnections)
}

type closer func()

func (f closer) Close() error {
	f()
	return nil
}

// TestListener serves from Start to Stop, and says when it ends without being told to.
func TestListener(t *testing.T) {
	fine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") })
	begin := func() (*Listener, net.Listener) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return NewListener(l, fine, slog.New(slog.DiscardHandler)), l
	}
	p, l := begin()
	for range 2 {
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	res, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for range 2 {
		if err := p.Stop(t.Context()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	}
	if err := p.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Start after Stop = %v", err)
	}
	select {
	case err := <-p.Failed():
		t.Errorf("a listener that was stopped failed with %v", err)
	default:
	}

	p, l = begin()
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := <-p.Failed(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Failed has %v", err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Errorf("Stop of a listener that failed: %v", err)
	}

	p, l = begin()
	if err := p.Stop(t.Context()); err != nil {
		t.Errorf("Stop of a listener that was never started: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("its listener is still open: %v", err)
	}
}

// TestStopAnswersWhoWasAccepted: a listener that stops waits for the first request of each connection that it has accepted, which
// may be on its way, and not for long for those that send none.
func TestStopAnswersWhoWasAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") })
		at := pipetest.New("127.0.0.1:8790")
		l := NewListener(at, fine, slog.New(slog.DiscardHandler))
		if err := l.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		dial := func() net.Conn {
			conn, err := at.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		late, silent := dial(), dial()
		defer late.Close()
		defer silent.Close()
		began, stopped := time.Now(), make(chan error, 1)
		go func() { stopped <- l.Stop(t.Context()) }()
		time.Sleep(firstTime / 2)
		if _, err := io.WriteString(late, "GET / HTTP/1.1\r\nHost: parley\r\n\r\n"); err != nil {
			t.Fatalf("a request to a listener that stops: %v", err)
		}
		answer, err := io.ReadAll(late)
		if err != nil || !strings.Contains(string(answer), "fine") || !strings.Contains(string(answer), "Connection: close") {
			t.Errorf("the first request of a connection was answered %q, %v; want an answer, and that the connection is closed", answer, err)
		}
		if err := <-stopped; err != nil || time.Since(began) > firstTime+time.Second {
			t.Errorf("the listener has stopped after %s with %v; want it not to wait for a connection without a request", time.Since(began), err)
		}
	})
}
