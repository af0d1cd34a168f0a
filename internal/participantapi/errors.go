package participantapi

import (
	"errors"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
)

// MapError turns an error of the domain into an exception that the operation
// declares. It is for [restjson.HandlerOptions]. The result unwraps to err, so
// that a log can show what the client must not see; an unknown error is returned
// unchanged.
func MapError(op *restjson.Operation, err error) error {
	if _, ok := errors.AsType[*auth.Error](err); ok {
		return edge.Exception{Exception: denied(), Cause: err}
	}
	e, ok := errors.AsType[*center.Error](err)
	if !ok {
		return err
	}
	return edge.Exception{Exception: exception(op, e), Cause: err}
}

// exception is the table from reasons to exceptions. A state that does not
// allow the call is a ConflictException where the model has it.
func exception(op *restjson.Operation, e *center.Error) restjson.Exception {
	switch e.Reason {
	case center.Denied, center.Gone:
		return denied()
	case center.Throttled, center.Unavailable:
		return &participant.ThrottlingException{Message: e.Message}
	case center.Internal:
		return &participant.InternalServerException{Message: "internal error"}
	case center.NotFound:
		if op.Declares("ResourceNotFoundException") {
			return &participant.ResourceNotFoundException{Message: e.Message, ResourceId: new(e.ID)}
		}
	case center.Conflict, center.InUse, center.Duplicate:
		if op.Declares("ConflictException") {
			return &participant.ConflictException{Message: e.Message}
		}
	case center.QuotaExceeded, center.LimitExceeded:
		if op.Declares("ServiceQuotaExceededException") {
			return &participant.ServiceQuotaExceededException{Message: e.Message}
		}
	}
	return &participant.ValidationException{Message: e.Message}
}

// denied reveals nothing, on purpose.
func denied() restjson.Exception {
	return &participant.AccessDeniedException{Message: "Access denied"}
}
