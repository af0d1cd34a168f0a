package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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

// keys answers the API of keys, to requests that are truly signed, in development mode too.
func (s signed) keys() http.Handler {
	service := &keysapi.Service{Keys: s.keyring.keys, Tokens: s.keyring.tokens, Wall: s.clock.Wall, Now: s.clock.Now}
	return keysapi.NewHandler(service, s.edge.Options(edge.API{
		Before: s.limits.administrators(func(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
			by, err := s.keyring.verifier.VerifyHeader(r, s.clock.Wall())
			if err == nil {
				err = keysapi.Refuse(r, by.Presigned)
			}
			if err != nil {
				return edge.Caller{}, err
			}
			return s.caller(op, r, by), nil
		}),
		Authorize: func(ctx context.Context, op *restjson.Operation, in any) error {
			id, ok := edge.Principal(ctx).(auth.Identity)
			if !ok {
				return errors.New(op.Name + " was called without an access key")
			}
			return id.Authorize(auth.Call{Service: "parley", Operation: op.Name, Input: in, Partition: s.partition, Now: s.clock.Now()})
		},
		MapError: keysapi.MapError, MaxBody: maxKeysBody,
	}))
}

// maxSignedBody bounds the bodies of requests for erasures.
const maxSignedBody = 64 << 10

// read says who signed a request to an API of Parley's own, and returns the body. The
// body is read when the signature is known to be right.
func (s signed) read(r *http.Request) (auth.Identity, []byte, error) {
	header, err := s.verifier.VerifyHeader(r, s.clock.Wall())
	if err == nil {
		err = keysapi.Refuse(r, header.Presigned)
	}
	if err != nil {
		s.limits.refused(r)
		return auth.Identity{}, nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxSignedBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		err = center.Errorf(center.BadRequest, "the body has more than %d bytes", maxSignedBody)
	}
	if err != nil {
		return auth.Identity{}, nil, err
	}
	id, err := header.VerifyBody(body)
	if err != nil {
		s.limits.refused(r)
		return id, nil, err
	}
	edge.Identify(r.Context(), id)
	return id, body, nil
}

// allow checks the policy of a caller for an action of Parley's own, as parley:Erase, on an instance.
func (s signed) allow(ctx context.Context, id auth.Identity, action string, instance center.InstanceID) error {
	service, operation, _ := strings.Cut(action, ":")
	return id.Authorize(auth.Call{
		Service: service, Operation: operation, Resource: s.partition.InstanceARN(instance),
		Input: new(struct{}), Partition: s.partition, Now: s.clock.Now(), Facts: s.facts(ctx),
	})
}

// erasures is the table of requests for erasures.
func (s signed) erasures() []edge.Mount {
	api := &erasure.API{Worker: s.eraser, Authenticate: s.read, Authorize: s.allow, Refused: s.edge.Refused()}
	mount := func(pattern string, f http.HandlerFunc) edge.Mount {
		return edge.Mount{Pattern: pattern, Handler: s.limits.outside(f)}
	}
	return []edge.Mount{
		mount("POST "+erasure.Path, api.Ask),
		mount("GET "+erasure.Path, api.List),
		mount("GET "+erasure.Path+"/", api.Get),
	}
}
