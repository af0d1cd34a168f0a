package query

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// maxToken bounds the tokens that are read. The model of the Search
// operations allows 2,500 characters.
const maxToken = 2500

// pageSize is how many items a page has unless something else is said.
const pageSize = 100

// Page is a request for one page of a list.
type Page struct {
	// List names the operation, or the list when several operations share one.
	List  string
	Token *string // NextToken
	Max   *int32  // MaxResults; its range is the model's
	Size  int     // of a page when MaxResults is not given; 0 for 100
	// Request is all else that distinguishes one request from another, to check
	// tokens against: not MaxResults, which may change from page to page.
	Request []any
}

// of says of which instance or resource the list is.
func (p Page) of(owner any) Page {
	p.Request = append([]any{owner}, p.Request...)
	return p
}

// pageToken is what a NextToken says, in base64: where the next page begins,
// and which request it belongs to.
type pageToken struct {
	After   string `json:"a"` // the position of the last item given
	Request string `json:"r"` // fingerprint of the request
}

// Fingerprint makes a few characters of everything that distinguishes the request from others.
func (p Page) Fingerprint() string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(append([]any{p.List}, p.Request...)); err != nil {
		panic("query: fingerprint: " + err.Error()) // only plain values are given
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// Cut returns the items of one page and the token of the next one, nil for
// the last. items are in order of their positions, which are unique. A page
// begins behind the position in the token even when the item there is gone, so
// a walk sees everything that is there all the time exactly once. A token that
// is broken or of another request is Invalid.
func Cut[T any](p Page, items []T, position func(*T) string) (some []T, next *string, err error) {
	after, err := p.after()
	if err != nil {
		return nil, nil, err
	}
	from := 0
	if after != "" {
		exact := false
		from, exact = slices.BinarySearchFunc(items, after, func(item T, after string) int {
			return strings.Compare(position(&item), after)
		})
		if exact {
			from++
		}
	}
	return first(p, items[from:], position)
}

// size is how many items the page has at most.
func (p Page) size() int {
	switch {
	case p.Max != nil:
		return int(*p.Max)
	case p.Size > 0:
		return p.Size
	}
	return pageSize
}

// first returns the first items of what is left of a list, as many as a page has.
func first[T any](p Page, items []T, position func(*T) string) (some []T, next *string, err error) {
	n := p.size()
	if len(items) <= n {
		return slices.Clip(items), nil, nil
	}
	some = items[:n:n]
	token, err := json.Marshal(pageToken{After: position(&some[n-1]), Request: p.Fingerprint()})
	if err != nil {
		return nil, nil, fmt.Errorf("encode a token: %w", err)
	}
	return some, new(base64.RawURLEncoding.EncodeToString(token)), nil
}

// after returns the position that the token says, "" without one.
func (p Page) after() (string, error) {
	if p.Token == nil || *p.Token == "" {
		return "", nil
	}
	var t pageToken
	raw, err := base64.RawURLEncoding.DecodeString(*p.Token)
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	switch {
	case err != nil || len(*p.Token) > maxToken:
		return "", center.Errorf(center.Invalid, "NextToken is not one that was given out")
	case t.Request != p.Fingerprint():
		return "", center.Errorf(center.Invalid, "NextToken belongs to another request")
	}
	return t.After, nil
}

// Position is where a resource stands in a list: by name, then id.
func Position[T catalog.Resource](r *T) string {
	m := (*r).About()
	return m.Name + "\x00" + m.ID
}
