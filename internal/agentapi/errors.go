package agentapi

import (
	"errors"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/identity"
)

// signedOut is the error of a session that is over, or is none.
func signedOut(why string) error {
	return refused(&agent.UnauthorizedException{Message: why}, &center.Error{Reason: center.Denied, Message: why})
}

func refused(e restjson.Exception, cause error) error {
	return edge.Exception{Exception: e, Cause: cause}
}

// expired is the error of a token that does not open. What is wrong with it is for the log.
func expired(cause error) error {
	return refused(&agent.UnauthorizedException{Message: "the session token is not good, or not any more; sign in again"}, cause)
}

// unready is the error of what cannot be done as things stand, which for administrators is a bad request.
func unready(err error) error {
	if center.ReasonOf(err) == center.BadRequest && err != nil {
		return center.Errorf(center.Conflict, "%v", err)
	}
	return err
}

// MapError turns an error of the domain into an exception that the operation declares. It is for
// [restjson.HandlerOptions]. The result unwraps to err; an unknown error is returned unchanged.
func MapError(op *restjson.Operation, err error) error {
	if d, ok := errors.AsType[*access.Denial](err); ok {
		return refused(&agent.AccessDeniedException{Message: d.Error(), Permission: optional(d.Permission)}, err)
	}
	if t, ok := errors.AsType[*identity.Throttled](err); ok {
		return refused(&agent.ThrottlingException{Message: t.Error()}, err)
	}
	e, ok := errors.AsType[*center.Error](err)
	if !ok {
		return err
	}
	return refused(exception(op, e), err)
}

// optional is a text that is absent when it is empty.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	return new(string(s))
}

// exception is the table from reasons to exceptions. Who may not do something by his security profiles is an access.Denial, and not here.
func exception(op *restjson.Operation, e *center.Error) restjson.Exception {
	switch e.Reason {
	case center.Denied:
		return &agent.UnauthorizedException{Message: e.Message}
	case center.Throttled, center.Unavailable:
		return &agent.ThrottlingException{Message: e.Message}
	case center.Internal:
		return &agent.InternalServiceException{Message: "an internal error occurred; try again"}
	case center.NotFound, center.Gone:
		if op.Declares("ResourceNotFoundException") {
			return &agent.ResourceNotFoundException{Message: e.Message}
		}
	case center.Conflict, center.InUse, center.Duplicate, center.NotEnded, center.LimitExceeded, center.QuotaExceeded:
		if op.Declares("InvalidStateException") {
			return &agent.InvalidStateException{Message: e.Message}
		}
	}
	return &agent.ValidationException{Message: e.Message}
}
