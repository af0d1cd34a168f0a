package ccp

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"parley.example/parley/internal/catalog"
)

// safe is an origin that can stand in a policy, and in a command that somebody copies into a shell: one with other characters, which an
// administrator may have approved, embeds nothing.
var safe = regexp.MustCompile(`^https?://[A-Za-z0-9.*_\[\]:-]+$`)

// ancestors are the origins whose pages may embed those of an instance, as frame-ancestors has them. The page itself is
// stricter where a star stands for several labels of a host: it asks before it speaks.
func ancestors(snap *catalog.Snapshot) string {
	list := "'self'"
	if snap == nil {
		return list
	}
	for _, a := range snap.Associations(catalog.Origins) {
		if origin := catalog.NormalOrigin(a.Value); safe.MatchString(origin) {
			list += " " + origin
		}
	}
	return list
}

// stranger returns the origin of the page that embeds the one that is asked for, when it is known and may not. A browser would
// show nothing but an error of its own then.
func (p *Pages) stranger(r *http.Request, snap *catalog.Snapshot) string {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "iframe", "frame", "embed", "object":
	default:
		return ""
	}
	origin := originOf(r.Referer())
	if origin == "" || snap == nil || p.own(r, origin) || snap.AllowsOrigin(origin) {
		return ""
	}
	return origin
}

// Own reports whether an origin is the one at which the client of a request reaches the server, whose URL for that client is given.
func Own(r *http.Request, url, origin string) bool {
	_, host, _ := strings.Cut(origin, "://")
	return origin != "" && (origin == originOf(url) || host == r.Host)
}

func (p *Pages) own(r *http.Request, origin string) bool { return Own(r, p.URL(r.Context()), origin) }

// originOf returns the origin of a URL, "" for what is none, or none that is safe.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || !safe.MatchString(u.Scheme+"://"+u.Host) {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// ours reports whether a request was made by a page of this origin. Browsers say so; one that does not says which origin it was.
func (p *Pages) ours(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	return p.own(r, r.Header.Get("Origin"))
}

// notApproved says what to do about an origin that may not embed the page.
func notApproved(origin string, snap *catalog.Snapshot) string {
	return origin + " is not an approved origin of the instance " + snap.Instance.Name + ", so its pages cannot embed the agent's page; AssociateApprovedOrigin approves it"
}
