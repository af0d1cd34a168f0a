package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/lifecycle"
)

// The times that a client may take. A hostile one holds a connection for so
// long at most; an honest one on a slow connection gets by.
const (
	headerTime   = 10 * time.Second // to send the header of a request
	requestTime  = 90 * time.Second // to send the rest of a body, after its first pace
	responseTime = 5 * time.Minute  // from the header's end to the answer's
	idleTime     = 2 * time.Minute  // between requests
	fileTime     = 15 * time.Minute // to send or fetch a file: as long as the URL of an upload is good
)

// A body must come at a pace: so many bytes of it, or its end, in so long each time.
const (
	pace     = 64 << 10
	paceTime = 10 * time.Second
)

// GraceTime is what requests under way have to be answered when a [Listener] stops.
const GraceTime = 20 * time.Second

// firstTime is what a connection has, once a [Listener] stops, to send the first request. Those that browsers open ahead send none.
const firstTime = 2 * time.Second

// maxHeader bounds the request line and the headers together, in bytes.
const maxHeader = 64 << 10

// maxConnections bounds connections that are not sockets; those have a bound
// of their own. A new one over it is closed at once.
const maxConnections = 20_000

// Listener serves HTTP on a listener, with the bounds above. [NewListener] makes it.
type Listener struct {
	log    *slog.Logger
	net    net.Listener
	server *http.Server
	open   *connections
	failed chan error // has one error when the server ended before it was to stop

	mu       sync.Mutex // guards what follows
	started  bool
	stopping atomic.Bool
	ended    chan struct{} // closed when serving has ended
}

var _ lifecycle.Part = (*Listener)(nil)

// NewListener returns a part that serves h on l from Start on, and closes l when it stops.
func NewListener(l net.Listener, h http.Handler, log *slog.Logger) *Listener {
	open := &connections{most: maxConnections, fresh: map[net.Conn]struct{}{}}
	return &Listener{
		log: log, net: l, open: open, failed: make(chan error, 1), ended: make(chan struct{}),
		server: &http.Server{
			Handler:           open.meet(h),
			ReadHeaderTimeout: headerTime,
			ReadTimeout:       headerTime + paceTime, // the reader of a body moves it
			WriteTimeout:      responseTime,
			IdleTimeout:       idleTime,
			MaxHeaderBytes:    maxHeader,
			ConnState:         open.state,
			ConnContext:       open.introduce,
			// What it says is about single connections: bad TLS handshakes and the like.
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelInfo),
		},
	}
}

// Start implements [lifecycle.Part].
func (l *Listener) Start(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping.Load() {
		return lifecycle.ErrStopped
	}
	if l.started {
		return nil
	}
	l.started = true
	go func() {
		defer close(l.ended)
		if err := l.server.Serve(l.net); !l.stopping.Load() {
			l.failed <- fmt.Errorf("serve: %w", err)
		}
	}()
	return nil
}

// Failed has an error when serving ends though nobody stopped it.
func (l *Listener) Failed() <-chan error { return l.failed }

// Stop finishes requests under way for as long as [GraceTime] and ctx allow,
// then breaks their connections off. Connections that were accepted have been promised an answer: their first request
// is waited for, where [http.Server.Shutdown] would drop it. Those that have become sockets go on: they are somebody else's.
func (l *Listener) Stop(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopping.Store(true)
	if err := l.net.Close(); err != nil && !errors.Is(err, net.ErrClosed) || !l.started {
		return err
	}
	<-l.ended
	grace, cancel := context.WithTimeout(ctx, GraceTime)
	defer cancel()
	l.server.SetKeepAlivesEnabled(false) // answers say that the connection ends with them
	l.open.settle(grace)
	if err := l.server.Shutdown(grace); err != nil {
		l.log.Warn("requests were cut off", "err", err)
	}
	return l.server.Close()
}

// connections counts the connections of an HTTP server, and knows those whose first request has not come.
type connections struct {
	most int64
	open atomic.Int64

	mu      sync.Mutex // guards what follows
	fresh   map[net.Conn]struct{}
	settled chan struct{} // closed when none is fresh; nil while nobody waits for it
}

func (c *connections) state(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if c.open.Add(1) > c.most {
			conn.Close() // the server sees it as a client that is gone, and says that it is closed
		}
	case http.StateHijacked, http.StateClosed:
		c.open.Add(-1)
		c.known(conn)
	}
}

// newcomer is a connection in the context of its requests.
type newcomer struct {
	conn net.Conn
	met  atomic.Bool
}

type newcomerKey struct{}

// introduce is called with each connection before all else.
func (c *connections) introduce(ctx context.Context, conn net.Conn) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh[conn] = struct{}{}
	return context.WithValue(ctx, newcomerKey{}, &newcomer{conn: conn})
}

// meet notes which connections have had a request.
func (c *connections) meet(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := r.Context().Value(newcomerKey{}).(*newcomer); !n.met.Swap(true) {
			c.known(n.conn)
		}
		h.ServeHTTP(w, r)
	})
}

func (c *connections) known(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.fresh, conn)
	if len(c.fresh) == 0 && c.settled != nil {
		close(c.settled)
		c.settled = nil
	}
}

// settle waits for the first requests of all connections, and closes those from which none has come in firstTime. Nothing more is
// accepted by then.
func (c *connections) settle(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.fresh) == 0 {
		return
	}
	settled := make(chan struct{})
	c.settled = settled
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, firstTime)
	defer cancel()
	select {
	case <-settled:
	case <-ctx.Done():
	}
	c.mu.Lock()
	for conn := range c.fresh {
		conn.Close()
	}
}

// Patient gives the transfer of a file more time than other requests have.
func Patient(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		until := time.Now().Add(fileTime) // of the connection, which keeps to the wall clock
		// A response writer that has no deadlines keeps what it has.
		_, _ = c.SetReadDeadline(until), c.SetWriteDeadline(until)
		files.ServeHTTP(w, r)
	})
}
