package server

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/erasure"
)

// maxSignedBody bounds the bodies of requests below /parley/.
const maxSignedBody = 64 << 10

// signed says who signed a request to an API of Parley's own, and returns the body. The
// body is read when the signature is known to be right.
func (s *Server) signed(r *http.Request) (auth.Identity, []byte, error) {
	header, err := s.verifier.VerifyHeader(r, s.clock.Wall())
	if err != nil {
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
	if err == nil {
		edge.Identify(r.Context(), id)
	}
	return id, body, err
}

// allow checks the policy of a caller for an action of Parley's own, as parley:Erase, on an instance.
func (s *Server) allow(id auth.Identity, action string, instance center.InstanceID) error {
	service, operation, _ := strings.Cut(action, ":")
	return id.Authorize(auth.Call{
		Service: service, Operation: operation, Resource: s.partition.InstanceARN(instance),
		Input: new(struct{}), Partition: s.partition, Now: s.clock.Now(),
	})
}

// erasures is the table of requests for erasures.
func (s *Server) erasures() []edge.Mount {
	api := &erasure.API{Worker: s.eraser, Authenticate: s.signed, Authorize: s.allow, Refused: s.edge.Refused()}
	mount := func(pattern string, f http.HandlerFunc) edge.Mount {
		return edge.Mount{Pattern: pattern, Handler: s.limits.outside(f)}
	}
	return []edge.Mount{
		mount("POST "+erasure.Path, api.Ask),
		mount("GET "+erasure.Path, api.List),
		mount("GET "+erasure.Path+"/", api.Get),
	}
}
