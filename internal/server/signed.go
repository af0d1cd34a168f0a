package server

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/keysapi"
	"parley.example/parley/internal/outboxapi"
)

// signed is a server as far as it answers requests that are signed with an access key: the
// connect service, and what Parley has of its own below /parley/.
type signed struct {
	*Server
	contacts *connectapi.Service // knows what policies ask about
}

// authenticate verifies the caller of the connect service.
func (s signed) authenticate(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
	by, err := s.verifier.VerifyHeader(r, s.clock.Wall())
	if err != nil {
		return edge.Caller{}, err
	}
	return s.caller(op, r, by), nil
}

// caller is who signed a request, as far as is known before its body.
func (s signed) caller(op *restjson.Operation, r *http.Request, by *auth.Signed) edge.Caller {
	ctx := r.Context()
	caller := edge.Caller{Context: ctx, Check: func(body []byte) error {
		id, err := by.VerifyBody(body)
		if err == nil {
			edge.Identify(ctx, id)
			s.keyring.used(op, r, id)
		}
		return err
	}}
	if by.Proven {
		id := by.Identity()
		edge.Identify(ctx, id)
		caller.Known = cmp.Or(id.AccessKey, "anybody") // in development mode a request may name no key
	}
	return caller
}

// facts returns what conditions of policies can ask about a resource.
func (s signed) facts(ctx context.Context) func(arn string) (auth.Facts, error) {
	return func(arn string) (auth.Facts, error) { return s.contacts.FactsOf(ctx, arn) }
}

// authorize checks the policy of the caller's key for the resources of a request. In
// development mode only keys that exist here have a policy that says less than everything.
func (s signed) authorize(ctx context.Context, op *restjson.Operation, in any) error {
	id, ok := edge.Principal(ctx).(auth.Identity)
	if !ok {
		return fmt.Errorf("%s was called without an access key", op.Name)
	}
	return id.Authorize(auth.Call{Operation: op.Name, Input: in, Partition: s.partition, Now: s.clock.Now(), Facts: s.facts(ctx)})
}

// addresses returns what clients may have signed as the server's address if not what
// the request says: a proxy may have rewritten its Host and cut its path.
func (s *Server) addresses(r *http.Request) (known []auth.Address) {
	if u, err := url.Parse(s.PublicURL); err == nil && u.Host != "" {
		known = append(known, auth.Address{Host: signedHost(u), Path: strings.TrimSuffix(u.EscapedPath(), "/")})
	}
	if host := edge.AskedHost(r.Context()); host != r.Host {
		known = append(known, auth.Address{Host: host})
	}
	return known
}

// signedHost returns the Host that clients of a URL send: without the scheme's own port.
func signedHost(u *url.URL) string {
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Host
}

// own is an API of Parley's own as the edge has it: for requests whose signature a verifier believes, and
// that no page has made a browser send.
func (s signed) own(v *auth.Verifier, api edge.API) restjson.HandlerOptions {
	api.Before = s.limits.administrators(func(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
		by, err := v.VerifyHeader(r, s.clock.Wall())
		if err == nil {
			err = edge.RefuseOwn(r, by.Presigned)
		}
		if err != nil {
			return edge.Caller{}, err
		}
		return s.caller(op, r, by), nil
	})
	api.MaxBody = maxOwnBody
	return s.edge.Options(api)
}

// maxOwnBody bounds a request to an API of Parley's own: a policy whose every byte is escaped.
const maxOwnBody = 64 << 10

// allow checks the policy of the caller's key for an operation of Parley's own, and returns the key's id.
func (s signed) allow(ctx context.Context, call auth.Call) (key string, err error) {
	id, ok := edge.Principal(ctx).(auth.Identity)
	if !ok {
		return "", fmt.Errorf("%s was called without an access key", call.Operation)
	}
	call.Service, call.Partition, call.Now = edge.Own.Service, s.partition, s.clock.Now()
	if call.Resource != "" {
		call.Facts = s.facts(ctx)
	}
	return id.AccessKey, id.Authorize(call)
}

// keys answers the API of keys, to requests that are truly signed, in development mode too.
func (s signed) keys() http.Handler {
	service := &keysapi.Service{Keys: s.keyring.keys, Tokens: s.keyring.tokens, Wall: s.clock.Wall, Now: s.clock.Now}
	return keysapi.NewHandler(service, s.own(s.keyring.verifier, edge.API{MapError: keysapi.MapError,
		Authorize: func(ctx context.Context, op *restjson.Operation, in any) error {
			_, err := s.allow(ctx, auth.Call{Operation: op.Name, Input: in})
			return err
		},
	}))
}

// erasures answers the API of erasures, whose errors are those of the Connect API. What a request is
// about is known when it is understood, so its service asks the policy.
func (s signed) erasures() http.Handler {
	service := &erasure.Service{Worker: s.eraser, Authorize: func(ctx context.Context, operation string, instance center.InstanceID) (string, error) {
		return s.allow(ctx, auth.Call{Operation: operation, Resource: s.partition.InstanceARN(instance), Input: new(struct{})})
	}}
	return erasure.NewHandler(service, s.own(s.verifier, edge.API{MapError: connectapi.MapError, Authorize: s.limits.requests(nil)}))
}

// letters answers the API of dead letters, whose errors are those of the Connect API.
func (s signed) letters() http.Handler {
	service := &outboxapi.Service{Store: s.store, Now: s.clock.Now, Wake: s.outbox.Wake}
	return outboxapi.NewHandler(service, s.own(s.verifier, edge.API{MapError: connectapi.MapError,
		Authorize: func(ctx context.Context, op *restjson.Operation, in any) error {
			_, err := s.allow(ctx, auth.Call{Operation: op.Name, Input: in})
			return err
		},
	}))
}

// unkept has no cache keep what a handler answers.
func unkept(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}
