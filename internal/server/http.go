package server

import (
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// The times that a client may take. A hostile one holds a connection for so
// long at most; an honest one on a slow line gets by.
const (
	headerTime   = 10 * time.Second // to send the header of a request
	requestTime  = 90 * time.Second // to send a request as a whole; the answer's work must not take longer either
	responseTime = 5 * time.Minute  // from the header's end to the answer's
	idleTime     = 2 * time.Minute  // between requests
	fileTime     = 15 * time.Minute // to send or fetch a file: as long as the URL of an upload is good
	graceTime    = 20 * time.Second // for requests under way when the server stops
)

// maxHeader bounds the request line and the headers together, in bytes.
const maxHeader = 64 << 10

// maxConnections bounds connections that are not sockets; those have a bound
// of their own. A new one over it is closed at once.
const maxConnections = 20_000

// httpServer returns the HTTP server with its bounds.
func (s *Server) httpServer() *http.Server {
	open := &connections{most: maxConnections}
	return &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      responseTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ConnState:         open.state,
		// What it says is about single connections: bad TLS handshakes and the like.
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelInfo),
	}
}

// connections counts the connections of an HTTP server.
type connections struct {
	most int64
	open atomic.Int64
}

func (c *connections) state(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if c.open.Add(1) > c.most {
			conn.Close() // the server sees it as a client that is gone, and says that it is closed
		}
	case http.StateHijacked, http.StateClosed:
		c.open.Add(-1)
	}
}

// patient gives the transfer of a file more time than other requests have.
func patient(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		until := time.Now().Add(fileTime) // of the connection, which keeps to the wall clock
		// A response writer that has no deadlines keeps what it has.
		_, _ = c.SetReadDeadline(until), c.SetWriteDeadline(until)
		files.ServeHTTP(w, r)
	})
}
