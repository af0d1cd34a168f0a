package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"parley.example/parley/api/restjson"
	"parley.example/parley/client/internal/sigv4"
)

// maxResponse bounds the body of a response.
const maxResponse = 64 << 20

// service calls one of the two services.
type service struct {
	cfg         *Config
	api         *restjson.API
	retry       RetryPolicy
	pacer       Pacer // retry, where it is one; else nil
	endpoint    *url.URL
	prefix      string // the endpoint's path, escaped
	agent       []string
	credentials aws.CredentialsProvider // nil for unsigned calls
	signer      sigv4.Signer
	handler     Handler // around call; nil without middleware
}

var _ restjson.Caller = (*service)(nil)

func newService(i int, cfg *Config, retry RetryPolicy) (*service, error) {
	endpoint, err := address(i, cfg)
	if err != nil {
		return nil, err
	}
	s := &service{
		cfg: cfg, api: services[i].api, retry: retry, endpoint: endpoint, prefix: endpoint.EscapedPath(),
		agent: []string{userAgent(cfg)},
	}
	s.pacer, _ = retry.(Pacer)
	if i == connectService {
		s.credentials = cfg.Credentials
		s.signer.Region, s.signer.Service = cfg.Region, s.api.SigningName
	}
	if len(cfg.Middleware) > 0 {
		s.handler = func(ctx context.Context, c *Call) error { return s.call(ctx, c.Operation, c.Input, c.Output) }
		for n := len(cfg.Middleware) - 1; n >= 0; n-- {
			s.handler = cfg.Middleware[n](s.handler)
		}
	}
	return s, nil
}

// Token returns a fresh idempotency token.
func (s *service) Token() string {
	if s.cfg.NewToken != nil {
		return s.cfg.NewToken()
	}
	return newUUID()
}

func newUUID() string {
	var id uuid.UUID
	_, _ = rand.Read(id[:]) // never fails: the runtime ends the program instead
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Do makes a call. Its error is an [*Error], unless middleware has one of its own.
func (s *service) Do(ctx context.Context, op *restjson.Operation, in, out any) error {
	if s.handler != nil {
		return s.handler(ctx, &Call{op, in, out})
	}
	return s.call(ctx, op, in, out)
}

// call makes attempts until one succeeds, the policy stops, or the time limit has passed.
func (s *service) call(ctx context.Context, op *restjson.Operation, in, out any) error {
	r, err := op.Request(in)
	if err != nil {
		return &Error{Operation: op, Kind: ConstructionFailure, Err: err}
	}
	if more, ok := ctx.Value(headerKey{}).(header); ok {
		r.Header[more.name] = more.values
	}
	outer := ctx
	if s.cfg.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.cfg.Timeout)
		defer cancel()
	}
	cost := 0
	var failure *Error
	for n := 1; ; n++ {
		if s.pacer != nil && !s.admitted(ctx) {
			return s.overdue(ctx, outer, cmp.Or(failure, &Error{Operation: op, Err: errHeldBack}))
		}
		failure = s.attempt(ctx, op, &r, out)
		if s.pacer != nil && (failure == nil || failure.Kind != ConstructionFailure) {
			s.pacer.Answered(failure)
		}
		if failure == nil {
			s.retry.Succeeded(cost)
			return nil
		}
		failure.Attempts = n
		if ctx.Err() != nil && failure.Kind != ServiceError {
			return s.overdue(ctx, outer, failure)
		}
		next := s.retry.Retry(n, failure)
		if !next.Retry {
			return failure
		}
		cost = next.Cost
		if !sleep(ctx, next.After) {
			return s.overdue(ctx, outer, failure)
		}
		if failure.Kind == ResponseError { // it may have been read partly
			reflect.ValueOf(out).Elem().SetZero()
		}
		r.Header = maps.Clone(r.Header) // the Connector may still read the last attempt's
	}
}

var errHeldBack = errors.New("not sent, because the service is throttling")

// admitted waits until the policy allows an attempt and reports whether ctx did not end before.
func (s *service) admitted(ctx context.Context) bool {
	for {
		wait := s.pacer.Admit()
		if wait <= 0 {
			return true
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// header is a header that is not in the API's model. Contexts carry it to a call, by headerKey.
type header struct {
	name   string
	values []string // shared, never changed
}

type headerKey struct{}

// overdue returns the error of an ended ctx: of the call's limit within outer, or of outer itself.
func (s *service) overdue(ctx, outer context.Context, failure *Error) error {
	e := &Error{Operation: failure.Operation, Kind: Timeout, Attempts: failure.Attempts, Response: failure.Response, last: true}
	e.Err = context.Cause(ctx)
	switch {
	case outer.Err() == nil:
		e.Err = &timeLimit{call: true, limit: s.cfg.Timeout}
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind, e.Dispatch = DispatchFailure, DispatchUser
	}
	if failure.Err != nil && ctx.Err() != nil && !errors.Is(failure.Err, ctx.Err()) {
		e.Err = fmt.Errorf("%w; the last attempt: %v", e.Err, failure.Err)
	}
	return e
}

// sleep waits and reports whether ctx did not end before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt sends the request once.
func (s *service) attempt(ctx context.Context, op *restjson.Operation, r *restjson.Request, out any) *Error {
	if err := ctx.Err(); err != nil { // the caller interprets it
		return &Error{Operation: op, Kind: DispatchFailure, Dispatch: DispatchUser, Err: err}
	}
	inner := ctx
	if s.cfg.AttemptTimeout > 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeout(ctx, s.cfg.AttemptTimeout)
		defer cancel()
	}
	late := func() bool { return inner.Err() != nil && ctx.Err() == nil }
	req, err := s.request(inner, r)
	if err != nil {
		if late() {
			return s.late(op, nil)
		}
		return &Error{Operation: op, Kind: ConstructionFailure, Err: err}
	}
	res, err := s.cfg.Connector.RoundTrip(req)
	if err != nil {
		if late() {
			return s.late(op, nil)
		}
		return &Error{Operation: op, Kind: DispatchFailure, Dispatch: dispatchOf(err), Err: err}
	}
	body, err := readBody(res)
	got := func() *Response { return &Response{res.StatusCode, res.Header, body} }
	switch {
	case err != nil && late():
		return s.late(op, got())
	case err != nil:
		return &Error{Operation: op, Kind: ResponseError, Response: got(), Err: fmt.Errorf("read the response: %w", err)}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return &Error{Operation: op, Kind: ServiceError, Response: got(), Err: s.api.ReadError(res.StatusCode, res.Header, body)}
	}
	if err := restjson.Unmarshal(body, out); err != nil {
		return &Error{Operation: op, Kind: ResponseError, Response: got(), Err: fmt.Errorf("read the response: %w", err)}
	}
	return nil
}

func (s *service) late(op *restjson.Operation, got *Response) *Error {
	return &Error{Operation: op, Kind: Timeout, Response: got, Err: &timeLimit{limit: s.cfg.AttemptTimeout}}
}

// newPayload makes a request's body of a type that net/http knows to be in memory: for other types it
// sends the header separately, before it reads the body.
func newPayload(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

// request makes the HTTP request of one attempt and signs it.
func (s *service) request(ctx context.Context, r *restjson.Request) (*http.Request, error) {
	req := (&http.Request{
		Method: r.Method, Header: r.Header, Host: s.endpoint.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	req.URL = &url.URL{Scheme: s.endpoint.Scheme, Host: s.endpoint.Host, Path: s.prefix + r.Path, RawQuery: r.Query}
	if path := req.URL.Path; strings.Contains(path, "%") {
		plain, err := url.PathUnescape(path)
		if err != nil {
			return nil, err
		}
		req.URL.Path, req.URL.RawPath = plain, path
	}
	if r.Body != nil {
		req.Body = newPayload(r.Body)
		req.ContentLength = int64(len(r.Body))
		req.GetBody = func() (io.ReadCloser, error) { return newPayload(r.Body), nil }
	}
	req.Header["User-Agent"] = s.agent
	if s.credentials == nil {
		return req, nil
	}
	cred, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	s.signer.Sign(req, r.Body, cred, s.cfg.Now())
	return req, nil
}

var errTooLong = fmt.Errorf("it is longer than %d bytes", maxResponse)

// readBody reads a response's body to its end.
func readBody(res *http.Response) ([]byte, error) {
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	if n := res.ContentLength; n > 0 && n <= 1<<20 {
		body := make([]byte, n)
		got, err := io.ReadFull(res.Body, body)
		if err != nil {
			return body[:got], err
		}
		// EOF is read too: only then can the connection be reused.
		var end [1]byte
		if _, err := res.Body.Read(end[:]); err != nil && !errors.Is(err, io.EOF) {
			return body, err
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	if err == nil && len(body) > maxResponse {
		err = errTooLong
	}
	return body, err
}
