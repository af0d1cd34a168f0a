// Package ccp serves the agent's page, the one that a page of somebody else's embeds with
// amazon-connect-streams (connect.core.initCCP): /ccp-v2/, with /login and /logout beside it, where Streams
// looks for them.
//
// The page is plain ES modules, embedded in the binary. It holds the agent's session, reads his stream, shows a small
// panel of its own, and speaks two protocols with the page around it: the conduit of Streams (assets/conduit.js) and the
// message channel of the @amazon-connect packages (assets/sdk.js). Both are translations of the agent's API; nothing of them is on the
// server. What is here is what a page cannot do by itself:
//
//   - which pages may embed it (AssociateApprovedOrigin), and a sentence for those that may not: see embedding.go
//   - the session in a cookie, and handing it to a frame on another site: see session.go
//
// # Sessions and browsers
//
// A page signs in by the agent's API, then has the session kept in a cookie that no script reads. The cookie is partitioned: a
// frame has one for each site that embeds it, which browsers allow where they block cookies of third parties. A frame that
// has none yet is given the session by the window that Streams opens for signing in, with a code that is good for half a minute, once,
// and only for a document of this origin.
//
// Start reading at [Pages.Mounts].
package ccp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/ratelimit"
)

// Path is where the page is. Streams cuts its address there to find /login and /logout.
const Path = "/ccp-v2/"

// Config is what pages need; all of it unless said otherwise.
type Config struct {
	Catalog *catalog.Catalog
	Sealer  *auth.Sealer
	Now     func() time.Time
	// Admit is nil for a user who may work. Over says of its errors whether the session is over; others are for users who may not.
	Admit func(context.Context, auth.Session) error
	Over  func(error) bool
	// End ends a session; one that is over has ended.
	End func(context.Context, auth.Session) error
	// Use uses up a code for a session, which is durable then. It is a Conflict when that has been done.
	Use func(ctx context.Context, of auth.Session, code string) error
	// URL returns how the client of a request reaches the server.
	URL func(context.Context) string
	// Default is the instance of pages whose address names none. When it is "" that is the only one there is.
	Default center.InstanceID
	// Refused is told of a session that is not good; it may be nil.
	Refused func(*http.Request)
	Log     *slog.Logger
}

// Pages serves the agent's page. It may be used by many goroutines.
type Pages struct {
	Config
	rate *ratelimit.Table // of codes, by users
}

// New returns the pages.
func New(cfg Config) *Pages {
	return &Pages{Config: cfg, rate: ratelimit.NewTable(ratelimit.Rate{PerSecond: 2, Burst: 50}, 1<<13)}
}

// Mounts is the table of what the pages answer.
func (p *Pages) Mounts() []edge.Mount {
	return []edge.Mount{
		{Pattern: "GET " + strings.TrimSuffix(Path, "/"), Handler: http.HandlerFunc(slash)},
		{Pattern: "GET " + Path, Handler: http.HandlerFunc(p.below)},
		{Pattern: "POST " + Path + "session", Handler: http.HandlerFunc(p.session)},
		{Pattern: "POST " + Path + "code", Handler: http.HandlerFunc(p.code)},
		{Pattern: "GET /login", Handler: http.HandlerFunc(p.login)},
		{Pattern: "/logout", Handler: http.HandlerFunc(p.logout)},
	}
}

//go:embed assets
var files embed.FS

var (
	pages = template.Must(template.ParseFS(files, "assets/*.html"))
	// version names the files as they are in this build: what is below it never changes.
	version = func() string {
		sum := sha256.New()
		entries, err := files.ReadDir("assets")
		for _, e := range entries {
			var text []byte
			if text, err = files.ReadFile("assets/" + e.Name()); err == nil {
				sum.Write(text)
			}
		}
		if err != nil {
			panic(err) // the files are part of the program
		}
		return hex.EncodeToString(sum.Sum(nil)[:8])
	}()
	assets = func() http.Handler {
		root, err := fs.Sub(files, "assets")
		if err != nil {
			panic(err) // the files are part of the program
		}
		return http.StripPrefix(Path+"assets/"+version, http.FileServerFS(root))
	}()
)

// slash sends browsers to the page, which refers to its files by relative addresses.
func slash(w http.ResponseWriter, r *http.Request) {
	to := strings.TrimPrefix(Path, "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// below answers with the page or one of its files. The templates are no files of it: as they are, without a policy, anybody's page could embed them.
func (p *Pages) below(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == Path:
		p.page(w, r)
	case strings.HasPrefix(r.URL.Path, Path+"assets/"+version+"/") && (strings.HasSuffix(r.URL.Path, ".js") || strings.HasSuffix(r.URL.Path, ".css")):
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		assets.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// view is the data of the pages' templates.
type view struct {
	Version     string
	Instance    string // the id; "" when it is not known which
	Alias       string
	Region      string
	URL         string
	Development bool // whoever tries it out is told how the demo agent signs in
	Problem     string
	Origin      string // which may not embed the page
}

// page answers with the agent's page.
func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	snap, problem, err := p.instance(r)
	if err != nil {
		p.fail(w, err)
		return
	}
	v := p.view(r, snap, problem)
	if origin := p.stranger(r, snap); origin != "" {
		p.Log.InfoContext(r.Context(), "the agent's page may not be embedded", "origin", origin, "instance", v.Instance)
		v.Origin = origin
		write(w, http.StatusForbidden, "refused.html", policyOf("*"), v)
		return
	}
	write(w, http.StatusOK, "ccp.html", policyOf(ancestors(snap)), v)
}

// login answers with the page for signing in, which nobody may embed.
func (p *Pages) login(w http.ResponseWriter, r *http.Request) {
	snap, problem, err := p.instance(r)
	if err != nil {
		p.fail(w, err)
		return
	}
	write(w, http.StatusOK, "login.html", policyOf("'none'"), p.view(r, snap, problem))
}

func (p *Pages) view(r *http.Request, snap *catalog.Snapshot, problem string) view {
	v := view{Version: version, Problem: problem, URL: p.URL(r.Context())}
	if snap != nil {
		v.Instance, v.Alias, v.Region = string(snap.ID()), snap.Instance.Name, p.Catalog.Partition().Region
		v.Development = snap.ID() == p.Default
	}
	return v
}

// instance returns the instance that a page is for: the one that the query names, by id, ARN or alias, else the
// default, else the only one. Without an error it may be nil; problem says why.
func (p *Pages) instance(r *http.Request) (snap *catalog.Snapshot, problem string, err error) {
	ref := r.URL.Query().Get("instance")
	if ref == "" {
		ref = string(p.Default)
	}
	if ref == "" {
		all, err := p.Catalog.Instances(r.Context())
		if err != nil {
			return nil, "", err
		}
		if len(all) != 1 {
			return nil, "The address must say which instance it is for: " + Path + "?instance=ALIAS", nil
		}
		ref = string(all[0].ID)
	}
	snap, err = p.Catalog.Named(r.Context(), ref)
	if center.ReasonOf(err) == center.NotFound {
		return nil, "There is no instance " + ref + ". The address names one with ?instance=ALIAS.", nil
	}
	return snap, "", err
}

// policyOf is a content security policy with which pages of some origins may embed a page. A ringtone comes from anywhere.
func policyOf(ancestors string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src data:; " +
		"media-src 'self' http: https: data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
}

func write(w http.ResponseWriter, status int, name, policy string, v view) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes()) // if the client is gone there is nobody to report an error to
}

// fail answers a request that could not be looked into.
func (p *Pages) fail(w http.ResponseWriter, err error) {
	p.Log.Error("the agent's page", "err", err)
	edge.WriteError(w, http.StatusServiceUnavailable, "ServiceUnavailableException", "the server cannot read what it needs; try again")
}
