package devapi

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync"
)

const (
	maxVisitors = 100 // origins that are remembered; of further ones nothing is said
	maxOrigin   = 200 // bytes of an origin that are logged
)

// Visitors warns of pages of other origins that use the developer API: whatever site a
// developer has open can move the server's clock. Set the fields before use.
type Visitors struct {
	Log *slog.Logger
	// URL returns how clients reach the server; pages from there are its own, as are those
	// of the host that a request was sent to.
	URL func() string

	mu    sync.Mutex // guards known
	known map[string]bool
}

// Watch returns a handler that answers as next does, and logs the origin of a page
// elsewhere once.
func (v *Visitors) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && !v.own(origin, r) {
			v.note(origin, r.URL.Path)
		}
		next.ServeHTTP(w, r)
	})
}

// own says whether an origin is the server's. "null", of files and sandboxed frames, is not.
func (v *Visitors) own(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if u.Host == r.Host {
		return true
	}
	public, err := url.Parse(v.URL())
	return err == nil && public.Host == u.Host && public.Scheme == u.Scheme
}

func (v *Visitors) note(origin, path string) {
	origin = origin[:min(len(origin), maxOrigin)]
	v.mu.Lock()
	known := v.known[origin] || len(v.known) >= maxVisitors
	if !known {
		if v.known == nil {
			v.known = map[string]bool{}
		}
		v.known[origin] = true
	}
	v.mu.Unlock()
	if !known {
		v.Log.Warn("a page of another origin uses the developer API; any page may in development mode", "origin", origin, "path", path)
	}
}
