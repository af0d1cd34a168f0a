package ccp

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
)

// asked is what a page says when it wants its session: nothing but the instance for the one in the cookie.
type asked struct {
	Instance     string
	Origin       string // of the page that embeds it; "" when nobody does
	Code         string // of another window
	SessionToken string // of SignIn
}

// maxAsked bounds the body of a request, in bytes: a token has a thousand at most.
const maxAsked = 8 << 10

// read returns what a page asks. After an error the request has been answered.
func (p *Pages) read(w http.ResponseWriter, r *http.Request) (in asked, snap *catalog.Snapshot, ok bool) {
	if !p.ours(r) {
		edge.WriteError(w, http.StatusForbidden, auth.AccessDenied, "this is for the pages of this server alone")
		return in, nil, false
	}
	if typ := r.Header.Get("Content-Type"); typ != "application/json" {
		edge.WriteError(w, http.StatusUnsupportedMediaType, "ValidationException", "the request must be application/json")
		return in, nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAsked))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		edge.WriteError(w, http.StatusBadRequest, "ValidationException", "the request is not a small JSON object")
		return in, nil, false
	}
	snap, err = p.Catalog.Named(r.Context(), in.Instance)
	switch {
	case center.ReasonOf(err) == center.NotFound:
		edge.WriteError(w, http.StatusNotFound, "ResourceNotFoundException", "the instance does not exist")
	case err != nil:
		p.fail(w, err)
	case in.Origin != "" && !p.own(r, in.Origin) && !snap.AllowsOrigin(in.Origin):
		p.Log.InfoContext(r.Context(), "the agent's page may not be embedded", "origin", in.Origin, "instance", snap.ID())
		edge.WriteError(w, http.StatusForbidden, auth.AccessDenied, notApproved(in.Origin, snap))
	default:
		return in, snap, true
	}
	return in, nil, false
}

// session gives a page its session, by what it has: a code, the token of SignIn, or the cookie. From then on the cookie has it.
func (p *Pages) session(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	in, snap, ok := p.read(w, r)
	if !ok {
		return
	}
	of, err := p.open(r, in)
	if err == nil && of.Instance != snap.ID() {
		err = errors.New("the session is one of another instance")
	}
	if err != nil {
		if in.Code != "" || in.SessionToken != "" {
			p.refused(r)
		}
		p.nobody(w)
		return
	}
	if err := p.Admit(r.Context(), of); err != nil {
		p.turnAway(w, r, err)
		return
	}
	if in.Code != "" {
		err := p.Use(r.Context(), of, in.Code)
		if reason := center.ReasonOf(err); err != nil && reason != center.Conflict && reason != center.Throttled {
			p.fail(w, err)
			return
		}
		if err != nil {
			p.refused(r)
			p.nobody(w)
			return
		}
	}
	edge.Identify(r.Context(), of.Principal())
	token := p.Sealer.SealSession(of)
	p.keep(w, r, token, int(of.Until.Sub(p.Now()).Seconds()))
	answer(w, struct {
		SessionToken string
		Expiry       string
	}{token, restjson.FormatDateTime(of.Until)})
}

// nobody answers a page for which there is no session.
func (p *Pages) nobody(w http.ResponseWriter) {
	edge.WriteError(w, http.StatusUnauthorized, "UnauthorizedException", "nobody is signed in; sign in first")
}

// code gives a page a code for its session, which it hands to a frame: 50 at once and two a second for each user, so that nobody fills up what
// is remembered of codes.
func (p *Pages) code(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	in, snap, ok := p.read(w, r)
	if !ok {
		return
	}
	of, err := p.Sealer.OpenSession(in.SessionToken, p.Now())
	if err != nil || of.Instance != snap.ID() {
		p.refused(r)
		edge.WriteError(w, http.StatusUnauthorized, "UnauthorizedException", "the session token is not good, or not any more; sign in again")
		return
	}
	if err := p.Admit(r.Context(), of); err != nil {
		p.turnAway(w, r, err)
		return
	}
	if wait := p.rate.Take(p.rate.Key(string(of.User)), 1, p.Now()); wait > 0 {
		edge.WriteError(w, http.StatusTooManyRequests, "TooManyRequestsException", "these are more codes than frames can want; try again in a second")
		return
	}
	code, _ := p.Sealer.Code(of, p.Now())
	answer(w, struct{ Code string }{code})
}

func (p *Pages) refused(r *http.Request) {
	if p.Refused != nil {
		p.Refused(r)
	}
}

// open finds the session that a page asks for.
func (p *Pages) open(r *http.Request, in asked) (auth.Session, error) {
	now := p.Now()
	switch {
	case in.Code != "":
		return p.Sealer.OpenCode(in.Code, now)
	case in.SessionToken != "":
		return p.Sealer.OpenSession(in.SessionToken, now)
	}
	return p.kept(r)
}

// turnAway answers a page whose user is signed in no more, or may not work.
func (p *Pages) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	if p.Over(err) {
		p.keep(w, r, "", -1)
		edge.WriteError(w, http.StatusUnauthorized, "UnauthorizedException", "the session is over; sign in again")
		return
	}
	if center.ReasonOf(err) == center.Denied {
		edge.WriteError(w, http.StatusForbidden, auth.AccessDenied, err.Error())
		return
	}
	p.fail(w, err)
}

// logout ends the session of the cookie, for a page of this origin or one that may embed it. Somebody who comes here by
// an address of his own is shown the page for signing in.
func (p *Pages) logout(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Origin")
	snap, _, err := p.instance(r)
	if err != nil {
		p.fail(w, err)
		return
	}
	of, signedIn := p.kept(r)
	if signedIn == nil {
		if snap, err = p.Catalog.Snapshot(r.Context(), string(of.Instance)); err != nil {
			snap = nil // it has been deleted, and the session with it
		}
	}
	origin := r.Header.Get("Origin")
	approved := snap != nil && origin != "" && snap.AllowsOrigin(origin)
	if approved {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	from := originOf(r.Referer())
	site := r.Header.Get("Sec-Fetch-Site")
	if !approved && site != "none" && !p.ours(r) && (origin != "" || snap == nil || !snap.AllowsOrigin(from)) {
		edge.WriteError(w, http.StatusForbidden, auth.AccessDenied, "an agent is signed out by a page of this server, or of an approved origin (AssociateApprovedOrigin)")
		return
	}
	if signedIn == nil {
		if err := p.End(r.Context(), of); err != nil {
			p.fail(w, err)
			return
		}
	}
	p.keep(w, r, "", -1)
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		to := "login"
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		h.Set("Location", to)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	answer(w, struct{}{})
}

// The cookie. Where the connection is encrypted its name binds it to this host.
const (
	cookieName   = "parley-agent"
	secureCookie = "__Host-" + cookieName
)

// kept returns the session in the cookie.
func (p *Pages) kept(r *http.Request) (auth.Session, error) {
	c, err := r.Cookie(p.cookie(r).Name)
	if err != nil {
		return auth.Session{}, err
	}
	return p.Sealer.OpenSession(c.Value, p.Now())
}

// keep puts a session into the cookie for so many seconds, or with -1 takes it out.
func (p *Pages) keep(w http.ResponseWriter, r *http.Request, token string, seconds int) {
	c := p.cookie(r)
	c.Value, c.MaxAge = token, seconds
	http.SetCookie(w, &c)
}

// cookie is the cookie, without a value. A frame on another site needs one that is Secure and partitioned, which browsers
// take over TLS, and from this machine; over plain HTTP from elsewhere the cookie is for pages of the same site.
func (p *Pages) cookie(r *http.Request) http.Cookie {
	c := http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true}
	if at, err := url.Parse(p.URL(r.Context())); err == nil && at.Scheme == "https" {
		c.Name = secureCookie
	} else if err != nil || !loopback(at.Hostname()) {
		c.Secure, c.SameSite, c.Partitioned = false, http.SameSiteLaxMode, false
	}
	return c
}

// loopback reports whether a host is this machine, to which browsers trust their connection.
func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func answer(w http.ResponseWriter, out any) {
	w.Header().Set("Content-Type", "application/json")
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(body) // if the client is gone there is nobody to report an error to
}
