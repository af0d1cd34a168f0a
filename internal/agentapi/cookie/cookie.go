// Package cookie keeps a user's session in a cookie, for pages of this server that speak the agent's API and have no
// business with its tokens: a script that somebody slips into a page cannot carry away what it cannot read.
//
// The token is the one that SignIn gives, and opens what it opens. A request to the API that has no X-Amz-Bearer takes that of
// the cookie, if a page of this server has sent it: see [Jar.Open]. It blocks for nothing, and keeps nothing.
//
// # Which cookie
//
// The cookie is HttpOnly, and SameSite=Strict: no request that another site has caused brings it. Where the server is reached by https its name
// begins with __Host-, so that no other host of the same domain, and no plain connection, can put one in its place and have an agent work
// in somebody else's name. That prefix wants Path=/. The narrower Path=/agent would not be right either: a proxy may serve the API below a path
// that the server does not see. What is not the agent's API does not look at the cookie.
//
// Start reading at [Jar].
package cookie

import (
	"context"
	"net/http"
	"strings"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/edge"
)

const (
	name       = "parley-session"
	secureName = "__Host-" + name
	bearer     = "X-Amz-Bearer"
	// sessions is where sessions of cookies begin and end.
	sessions = "/agent/session"
)

// Jar has the sessions of cookies. Its members are set once, before the first call; all are needed.
type Jar struct {
	// URL returns how the client of a request reaches the server.
	URL func(context.Context) string
	// Own reports whether an origin is the one at which the client of a request reaches the server.
	Own func(r *http.Request, origin string) bool

	crossing http.CrossOriginProtection
}

// Open has a handler of the API see the session of the cookie where a request has no X-Amz-Bearer. Such a request, and one that
// would begin a session of a cookie, is answered 403 when a page of another origin has sent it, whatever its method: what it
// reads is nobody else's either. Answers to it are kept by no cache.
func (j *Jar) Open(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, kept := j.token(r)
		begins := r.Method == http.MethodPost && r.URL.Path == sessions
		if r.Header.Get(bearer) != "" || !kept && !begins {
			api.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if !j.ours(r) {
			edge.WriteError(w, http.StatusForbidden, auth.AccessDenied, "the session of a cookie is for the pages of this server alone; elsewhere send the SessionToken of SignIn in X-Amz-Bearer")
			return
		}
		if begins && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") { // which no form can send
			edge.WriteError(w, http.StatusUnsupportedMediaType, "ValidationException", "the request must be application/json")
			return
		}
		if kept {
			r = r.Clone(r.Context())
			r.Header.Set(bearer, token)
		}
		api.ServeHTTP(w, r)
	})
}

// ours reports whether no page, or a page of this origin, has sent a request. Browsers say so; of one that does not, the origin is compared
// with how the client reaches the server, since a proxy may have rewritten the host.
func (j *Jar) ours(r *http.Request) bool {
	asked := *r
	asked.Method = http.MethodPost // the protection lets others read
	if j.crossing.Check(&asked) == nil {
		return true
	}
	return r.Header.Get("Sec-Fetch-Site") == "" && j.Own(r, r.Header.Get("Origin"))
}

// token returns what is in the cookie of a request.
func (j *Jar) token(r *http.Request) (token string, kept bool) {
	c, err := r.Cookie(j.cookie(r.Context()).Name)
	if err != nil || c.Value == "" {
		return "", false
	}
	return c.Value, true
}

// Keep has the answer to the request that a context belongs to put a token into the cookie, for so long.
func (j *Jar) Keep(ctx context.Context, token string, life time.Duration) {
	c := j.cookie(ctx)
	c.Value, c.MaxAge = token, max(int(life.Seconds()), 1)
	set(ctx, &c)
}

// Drop has the answer to the request that a context belongs to take the token out of the cookie.
func (j *Jar) Drop(ctx context.Context) {
	c := j.cookie(ctx)
	c.MaxAge = -1
	set(ctx, &c)
}

// set adds a cookie to the header of an answer; outside of a request there is none.
func set(ctx context.Context, c *http.Cookie) {
	if h := edge.Header(ctx); h != nil {
		h.Add("Set-Cookie", c.String())
	}
}

// cookie is the cookie, without a value.
func (j *Jar) cookie(ctx context.Context) http.Cookie {
	c := http.Cookie{Name: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if strings.HasPrefix(j.URL(ctx), "https://") {
		c.Name, c.Secure = secureName, true
	}
	return c
}
