package edge

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Mount is a row of the table of everything that a server answers.
type Mount struct {
	// Pattern is a path, as in "/metrics", or everything below one, as in
	// "/files/"; "/{$}" is the root alone. "GET /metrics" takes only that method
	// (GET takes HEAD too); others are answered 405. The longest pattern wins.
	Pattern string
	Handler http.Handler
	// Dev makes the row exist in development mode only.
	Dev bool
	// Help says in a line what it does, for those who are shown a list.
	Help string
	// CORS says which pages may read the answers.
	CORS CORS
	// Secret says that what follows the pattern in a path is a credential, which no log may have.
	Secret bool
}

// route is one path, or all below one, and who answers there.
type route struct {
	path    string
	cors    CORS
	secret  bool
	methods map[string]http.Handler // "" for any method
	allow   string                  // the methods, if not any
}

// routes finds the route of a path.
type routes struct {
	exact map[string]*route
	below []*route // the longest first, the last one "/"
}

// newRoutes builds routing from the table. A table that contradicts itself is a
// mistake in the program, and panics.
func newRoutes(mounts []Mount, dev bool) *routes {
	all := &routes{exact: map[string]*route{}}
	byPath := map[string]*route{}
	for _, m := range mounts {
		if m.Dev && !dev {
			continue
		}
		method, path, found := strings.Cut(m.Pattern, " ")
		if !found {
			method, path = "", m.Pattern
		}
		r := byPath[path]
		if r == nil {
			r = &route{path: path, cors: m.CORS, secret: m.Secret, methods: map[string]http.Handler{}}
			byPath[path] = r
			switch {
			case path == "/{$}":
				all.exact["/"] = r
			case strings.HasSuffix(path, "/"):
				all.below = append(all.below, r)
			default:
				all.exact[path] = r
			}
		}
		if r.methods[method] != nil || r.cors != m.CORS || r.secret != m.Secret || len(r.methods) > 0 && (method == "" || r.methods[""] != nil) {
			panic(fmt.Sprintf("two mounts contradict each other: %s", m.Pattern))
		}
		r.methods[method] = m.Handler
		if method == http.MethodGet {
			r.methods[http.MethodHead] = m.Handler
		}
	}
	for _, r := range byPath {
		names := make([]string, 0, len(r.methods))
		for name := range r.methods {
			names = append(names, name)
		}
		slices.Sort(names)
		r.allow = strings.Join(names, ", ")
	}
	slices.SortFunc(all.below, func(a, b *route) int { return cmp.Compare(len(b.path), len(a.path)) })
	if n := len(all.below); n == 0 || all.below[n-1].path != "/" {
		panic("no mount has the pattern /")
	}
	return all
}

func (a *routes) find(path string) *route {
	if r := a.exact[path]; r != nil {
		return r
	}
	for _, r := range a.below {
		if strings.HasPrefix(path, r.path) {
			return r
		}
	}
	return a.below[len(a.below)-1] // a request target that is not a path, such as *
}

func (m *route) serve(w http.ResponseWriter, r *http.Request) {
	h := m.methods[r.Method]
	if h == nil {
		h = m.methods[""]
	}
	if h == nil {
		w.Header().Set("Allow", m.allow)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	h.ServeHTTP(w, r)
}
