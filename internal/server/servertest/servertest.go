package servertest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/pipetest"
	"parley.example/parley/internal/server"
)

// Server is a server at work and clients for it. The clients are not to be
// used after Stop.
type Server struct {
	*server.Server
	URL         string
	Addr        string          // where it listens
	Connect     *connect.Client // signs with Key when there is one
	Participant *participant.Client
	Agent       *agent.Client
	HTTP        *http.Client // what the clients call with; it follows no redirects
	Key         auth.Key     // outside development mode: the key made on first start, if its file is there

	t    testing.TB
	dial func(ctx context.Context) (net.Conn, error)
	stop func() error
}

// Start starts a server in development mode that keeps everything in memory,
// unless the options say otherwise. It listens on 127.0.0.1.
func Start(t testing.TB, options ...func(*server.Config)) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, l, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}, options)
}

// Inside starts a server like [Start] does, on pipes: it is for tests inside
// a synctest bubble. Connections have no buffers.
func Inside(t testing.TB, options ...func(*server.Config)) *Server {
	t.Helper()
	l := pipetest.New("127.0.0.1:8790")
	return serve(t, l, l.Dial, options)
}

// Quietly is an option: only errors are logged.
func Quietly(t testing.TB) func(*server.Config) {
	return func(c *server.Config) {
		c.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	}
}

// Production is an option: outside development mode, with a data directory.
func Production(dir string) func(*server.Config) {
	return func(c *server.Config) { c.Dev, c.Data = false, dir }
}

func serve(t testing.TB, l net.Listener, dial func(context.Context) (net.Conn, error), options []func(*server.Config)) *Server {
	t.Helper()
	cfg := server.Config{
		Dev: true, CloseSpan: 20 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
	for _, o := range options {
		o(&cfg)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	srv, err := server.New(ctx, cfg)
	if err != nil {
		cancel()
		l.Close()
		t.Fatalf("server.New: %v", err)
	}
	up, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- srv.ServeOn(ctx, l, func(url string) { up <- url }) }()
	s := &Server{Server: srv, Addr: l.Addr().String(), t: t, dial: dial}
	select {
	case s.URL = <-up:
	case err := <-ended:
		cancel()
		t.Fatalf("ServeOn: %v", err)
	}
	transport := &http.Transport{
		DialContext:         s.DialContext,
		MaxIdleConnsPerHost: 64,
	}
	s.HTTP = &http.Client{Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.stop = sync.OnceValue(func() error {
		transport.CloseIdleConnections()
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	if !cfg.Dev {
		s.Key = FirstKey(t, cfg.Data)
	}
	s.clients(s.Key)
	return s
}

// Elsewhere returns clients for a server in development mode that runs in another process, at an address of this machine. Of its
// methods those of clients work.
func Elsewhere(t testing.TB, addr string) *Server {
	s := &Server{URL: "http://" + addr, Addr: addr, HTTP: &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}, t: t}
	s.dial = func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", addr) }
	t.Cleanup(s.HTTP.CloseIdleConnections)
	s.clients(auth.Key{})
	return s
}

// clients makes the clients, which sign with a key when there is one.
func (s *Server) clients(key auth.Key) {
	cfg := restjson.ClientConfig{Endpoint: s.URL, HTTPClient: s.HTTP}
	s.Connect, s.Participant, s.Agent = s.Client(key), participant.NewClient(cfg), agent.NewClient(cfg)
}

// Stop stops the server gracefully and returns when it has ended. It may be
// called twice.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.stop(); err != nil {
		s.t.Fatalf("the server ended with %v", err)
	}
}

// Stopping begins to stop the server and returns a channel that is closed when it has.
func (s *Server) Stopping() <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.stop() // the cleanup reports it
	}()
	return ended
}

// DialContext opens a plain connection to the server, whatever the address. It
// is what the transport of a client of one's own needs.
func (s *Server) DialContext(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }

// Dial opens a plain connection to the server, which the test closes at its end.
func (s *Server) Dial() net.Conn {
	s.t.Helper()
	c, err := s.dial(s.t.Context())
	if err != nil {
		s.t.Fatalf("dial: %v", err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Client returns a client of the service connect that signs with a key, or
// not at all when it has no id.
func (s *Server) Client(key auth.Key) *connect.Client {
	cfg := restjson.ClientConfig{Endpoint: s.URL, HTTPClient: s.HTTP}
	if key.ID != "" {
		cfg.Sign = func(r *http.Request, body []byte) error {
			return authtest.Signer{ID: key.ID, Secret: key.Secret, Region: s.Region}.Sign(r, body, s.Clock().Now())
		}
	}
	return connect.NewClient(cfg)
}

// FirstKey reads the key that a server made on its first start, if its file is there.
func FirstKey(t testing.TB, dir string) (key auth.Key) {
	t.Helper()
	key.ID, key.Secret, _ = keystore.ReadKeyFile(filepath.Join(dir, keystore.FirstKeyFile)) // there may be none
	return key
}
