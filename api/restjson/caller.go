package restjson

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Caller makes calls from their parts: an operation of an API, its input and its output. Fluent
// builders send themselves through one. [Client] is the bare Caller, one request a call; others add
// retries and whatever else stands between a program and a service.
type Caller interface {
	// Do calls op with in and reads the answer into out: pointers to the operation's input and to
	// its output, which is empty before and undefined when Do fails.
	Do(ctx context.Context, op *Operation, in, out any) error

	// Token returns a fresh idempotency token.
	Token() string
}

var _ Caller = (*Client)(nil)

// Call calls op through c and returns the answer.
func Call[O any](ctx context.Context, c Caller, op *Operation, in any) (*O, error) {
	out := new(O)
	if err := c.Do(ctx, op, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Request is what an operation and its input say of an HTTP request: all but where it goes and who
// sends it.
type Request struct {
	Method string
	Path   string      // escaped, with a slash in front
	Query  string      // escaped, without the question mark
	Header http.Header // not nil; it has Content-Type where there is a body
	Body   []byte      // nil for none
}

// Request makes the request of a call, in being a pointer to its input. It fails when a part of the path is empty.
func (op *Operation) Request(in any) (Request, error) {
	o := Outgoing{path: op.Path, header: http.Header{}}
	form[Called](in).CallHTTP(&o)
	if o.problem != "" {
		return Request{}, errors.New(o.problem)
	}
	r := Request{Method: op.Method, Path: o.path, Header: o.header, Body: o.body}
	if len(o.query) > 0 {
		r.Query = strings.ReplaceAll(o.query.Encode(), "+", "%20") // the one spelling that signatures know
	}
	if o.body != nil {
		r.Header["Content-Type"] = contentJSON
	}
	return r, nil
}

var contentJSON = []string{"application/json"} // shared: nobody changes a header's values in place

// ReadError turns an error response into its exception, or into an [*APIError] when the API has
// none of that name. Where the response names no code, the code is the status in digits.
func (a *API) ReadError(status int, header http.Header, body []byte) error {
	return a.parseError(status, header, body)
}
