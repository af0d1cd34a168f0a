// Package edge is what every request passes first, and every answer last: it names
// the request, finds whose it is in the one table of mounts ([Mount]), answers
// browsers' preflights, turns a panic into a 500 that harms no other request, has
// what throttles say until when ([AskLater]), and counts and logs what was
// answered. It also has the HTTP server with its bounds ([Listener]).
//
// # What a request carries
//
// The context of a request has its id, its answer's header and who makes it
// ([Identify]), for the access log. A secret is never logged: neither credentials,
// nor paths that hold one ([Mount.Secret]).
//
// # Blocking
//
// Nothing here waits but for the client, and that within the times of [Listener].
//
// Start reading at [Edge.Handler].
package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync/atomic"

	"github.com/google/uuid"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/metrics"
)

// Edge wraps what a server answers. Set its members before the first call.
type Edge struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	// Dev is development mode: mounts for developers exist, and refusals are explained.
	Dev bool
	// Bodies bounds the memory for bodies of requests.
	Bodies *Bodies

	proxies atomic.Pointer[[]netip.Prefix] // see Trust
	doubted atomic.Bool
}

// requestKey is where a request's facts are kept in its context.
type requestKey struct{}

// request is what the edge knows of one request, and what its answer is written to. It belongs to the
// request's goroutine.
type request struct {
	http.ResponseWriter
	id        string
	header    http.Header // of the answer
	principal auth.Principal
	asked     front
	client    string // its address
	length    int64  // of the body, as announced; -1 when it is not
	body      body
}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// RequestID returns the id of the request that a context belongs to, "" when it belongs to none.
func RequestID(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.id
	}
	return ""
}

// Header returns the header of the answer to the request that a context belongs to,
// nil when it belongs to none. It may be changed until the answer begins.
func Header(ctx context.Context) http.Header {
	if r := requestOf(ctx); r != nil {
		return r.header
	}
	return nil
}

// Identify notes who makes the request that a context belongs to. It is called on the request's goroutine.
func Identify(ctx context.Context, p auth.Principal) {
	if r := requestOf(ctx); r != nil {
		r.principal = p
	}
}

// Principal returns who makes the request that a context belongs to, nil when nobody has been identified.
func Principal(ctx context.Context) auth.Principal {
	if r := requestOf(ctx); r != nil {
		return r.principal
	}
	return nil
}

// Client returns the address that a request comes from, without its port, as logs have it.
func Client(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr // of a listener that is no network's
}

// Handler answers what the mounts answer. Paths are matched as they come: nothing
// is cleaned or decoded, and nothing redirected, because SDKs write some things on
// purpose, such as an escaped slash. One mount must have the pattern "/": it gets
// what no other one wants.
//
// RemoteAddr of a request that comes through trusted proxies ([Edge.Trust]) is the address
// of their client, with the port 0 where they do not say it: every handler sees the client.
func (e *Edge) Handler(mounts []Mount) http.Handler {
	routes := newRoutes(mounts, e.Dev)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		r, asked := e.fronted(r)
		req := &request{ResponseWriter: w, id: uuid.NewString(), header: h, asked: asked, client: Client(r), length: r.ContentLength}
		h["X-Amzn-Requestid"] = []string{req.id}
		m := routes.find(r.URL.Path)
		if m.cors == AnyOrigin {
			allowOrigin(h, r)
		}
		defer e.recovered(w, r, req.id, m)
		if r.Method == http.MethodOptions {
			if m.cors == AnyOrigin {
				preflight(h, r)
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		defer req.body.release()
		m.serve(req, r.WithContext(context.WithValue(r.Context(), requestKey{}, req)))
	})
}

// recovered is deferred: it answers a request whose handler panics.
func (e *Edge) recovered(w http.ResponseWriter, r *http.Request, id string, m *route) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p) // an answer that cannot be finished: the connection is to break
	}
	path := r.URL.Path
	if m.secret {
		path = m.path + "…"
	}
	e.Log.Error("panic", "request", id, "client", Client(r), "path", path, "panic", p, "stack", string(debug.Stack()))
	e.Metrics.Panicked()
	WriteError(w, http.StatusInternalServerError, "InternalServerException", "something went wrong; the log has more under this request's id")
}
