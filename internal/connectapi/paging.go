package connectapi

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

// maxToken bounds the tokens that are looked at. The model of the Search
// operations allows 2,500 characters.
const maxToken = 2500

// pageToken is what a NextToken says, in base64: where the next page begins,
// and which request it belongs to.
type pageToken struct {
	After   string `json:"a"` // the position of the last item given
	Request string `json:"r"` // fingerprint of the request without MaxResults and NextToken
}

// fingerprint makes of everything that tells one request from another a few
// characters. MaxResults is not part of it: it may change from page to page.
func fingerprint(parts ...any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(parts); err != nil {
		panic("connectapi: fingerprint: " + err.Error()) // only plain values are given
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// request is one request for a page.
type request struct {
	token *string // NextToken
	max   *int32  // MaxResults; its range is the model's
	size  int     // of a page when MaxResults is not given
	print string  // the fingerprint
}

// page returns the items of one page and the token of the next one, nil for
// the last. items are in order of their positions, which are unique. A page
// begins behind the position in the token even when the item there is gone, so
// a walk sees everything that is there all the time exactly once. A token that
// is broken or of another request is Invalid.
func page[T any](items []T, position func(*T) string, r request) (some []T, next *string, err error) {
	from := 0
	if r.token != nil && *r.token != "" {
		after, err := r.after()
		if err != nil {
			return nil, nil, err
		}
		found := false
		from, found = slices.BinarySearchFunc(items, after, func(item T, after string) int {
			return strings.Compare(position(&item), after)
		})
		if found {
			from++
		}
	}
	n := r.size
	if r.max != nil {
		n = int(*r.max)
	}
	if len(items)-from <= n {
		return slices.Clip(items[from:]), nil, nil
	}
	some = items[from : from+n : from+n]
	token, err := json.Marshal(pageToken{After: position(&some[n-1]), Request: r.print})
	if err != nil {
		return nil, nil, fmt.Errorf("encode a token: %w", err)
	}
	return some, new(base64.RawURLEncoding.EncodeToString(token)), nil
}

// after returns the position that the request's token says.
func (r request) after() (string, error) {
	var t pageToken
	raw, err := base64.RawURLEncoding.DecodeString(*r.token)
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	switch {
	case err != nil || len(*r.token) > maxToken:
		return "", center.Errorf(center.Invalid, "NextToken is not one that was given out")
	case t.Request != r.print:
		return "", center.Errorf(center.Invalid, "NextToken belongs to another request")
	}
	return t.After, nil
}

// position is where a resource stands in a list: by name, then id.
func position[T catalog.Resource](r *T) string {
	m := (*r).About()
	return m.Name + "\x00" + m.ID
}

// list gives one page of the resources of a type, each as show makes it.
func list[T catalog.Resource, O any](all []T, r request, show func(T) O) (shown []O, next *string, err error) {
	some, next, err := page(all, position[T], r)
	if err != nil {
		return nil, nil, err
	}
	shown = make([]O, len(some))
	for i, v := range some {
		shown[i] = show(v)
	}
	return shown, next, nil
}
