package connectapi

import (
	"errors"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/store"
)

// choices are the exceptions that can stand for a reason, the best first. The
// first one that the operation declares is taken.
var choices = map[center.Reason][]string{
	center.Invalid:       {invalidParameter, invalidRequest},
	center.BadRequest:    {invalidRequest, invalidParameter},
	center.NotFound:      {notFound, invalidRequest, invalidParameter},
	center.Duplicate:     {"DuplicateResourceException", resourceConflict, conflict, invalidRequest, invalidParameter},
	center.InUse:         {resourceInUse, resourceConflict, conflict, invalidRequest, invalidParameter},
	center.Conflict:      {conflict, resourceConflict, "ConditionalOperationFailedException", "IdempotencyException", throttling, invalidRequest},
	center.Gone:          {"ContactNotFoundException", notFound, invalidRequest},
	center.NotEnded:      {"ContactNotTerminatedException", conflict, invalidRequest},
	center.LimitExceeded: {limitExceeded, quotaExceeded, throttling, invalidRequest},
	center.QuotaExceeded: {quotaExceeded, limitExceeded, invalidRequest},
	center.Throttled:     {throttling, tooMany},
	center.InvalidFlow:   {"InvalidContactFlowException", "InvalidContactFlowModuleException", invalidRequest, invalidParameter},
	center.NotPublished:  {"ContactFlowNotPublishedException", notFound, invalidRequest},
	center.Unavailable:   {throttling, tooMany},
}

// The codes that are named more than once.
const (
	invalidParameter = "InvalidParameterException"
	invalidRequest   = "InvalidRequestException"
	notFound         = "ResourceNotFoundException"
	userNotFound     = "UserNotFoundException"
	accessDenied     = "AccessDeniedException"
	conflict         = "ConflictException"
	resourceConflict = "ResourceConflictException"
	resourceInUse    = "ResourceInUseException"
	limitExceeded    = "LimitExceededException"
	quotaExceeded    = "ServiceQuotaExceededException"
	throttling       = "ThrottlingException"
	tooMany          = "TooManyRequestsException"
	internalService  = "InternalServiceException"
)

// MapError turns an error of the domain into an exception that the operation
// declares. Two go beyond the declared ones, as in the cloud: a request over
// its rate is a TooManyRequestsException where no ThrottlingException is
// declared, and any operation can be an AccessDeniedException. Whatever has no reason is an InternalServiceException that says
// nothing; a refused credential is only told that it is refused. What the security profiles of a user do not allow whom a request
// is about is told: it is no secret from those who may make the request. The original
// error is for the caller's log.
func MapError(op *restjson.Operation, err error) error {
	if coded, ok := errors.AsType[restjson.Coded](err); ok {
		return coded
	}
	if d, ok := errors.AsType[*access.Denial](err); ok {
		return exception(code(op, &center.Error{Reason: center.Denied}), &center.Error{Reason: center.Denied, Message: d.Error()})
	}
	e, ok := errors.AsType[*center.Error](err)
	switch {
	case errors.Is(err, store.ErrClosed):
		e = &center.Error{Reason: center.Unavailable, Message: "the server is shutting down; try again"}
	case !ok || e.Reason == center.Internal:
		return exception(internalService, &center.Error{Message: "an internal error occurred; try again"})
	case e.Reason == center.Denied:
		e = &center.Error{Reason: center.Denied, Message: "Access denied"}
	}
	return exception(code(op, e), e)
}

// code chooses the exception for an error of an operation.
func code(op *restjson.Operation, e *center.Error) string {
	if e.Kind == center.KindUser && e.Reason == center.NotFound && op.Declares(userNotFound) {
		return userNotFound
	}
	for _, c := range choices[e.Reason] {
		if op.Declares(c) {
			return c
		}
	}
	switch e.Reason {
	case center.Throttled:
		return tooMany
	case center.Denied:
		return accessDenied
	}
	return internalService
}

// exception makes an exception of the API out of an error.
func exception(code string, e *center.Error) error {
	switch code {
	case "InvalidContactFlowException":
		return &connect.InvalidContactFlowException{Message: e.Message, Problems: problems(e)}
	case "InvalidContactFlowModuleException":
		return &connect.InvalidContactFlowModuleException{Message: e.Message, Problems: problems(e)}
	case resourceInUse:
		return &connect.ResourceInUseException{Message: e.Message, ResourceType: resourceTypes[e.Kind], ResourceId: wire.Optional(e.ID)}
	}
	if make, ok := plain[code]; ok {
		return make(e.Message)
	}
	return &connect.InternalServiceException{Message: e.Message}
}

// plain makes the exceptions that carry only a message.
var plain = map[string]func(message string) error{
	invalidParameter:                      func(m string) error { return &connect.InvalidParameterException{Message: m} },
	invalidRequest:                        func(m string) error { return &connect.InvalidRequestException{Message: m} },
	notFound:                              func(m string) error { return &connect.ResourceNotFoundException{Message: m} },
	userNotFound:                          func(m string) error { return &connect.UserNotFoundException{Message: m} },
	accessDenied:                          func(m string) error { return &connect.AccessDeniedException{Message: m} },
	conflict:                              func(m string) error { return &connect.ConflictException{Message: m} },
	resourceConflict:                      func(m string) error { return &connect.ResourceConflictException{Message: m} },
	limitExceeded:                         func(m string) error { return &connect.LimitExceededException{Message: m} },
	quotaExceeded:                         func(m string) error { return &connect.ServiceQuotaExceededException{Message: m} },
	throttling:                            func(m string) error { return &connect.ThrottlingException{Message: m} },
	tooMany:                               func(m string) error { return &connect.TooManyRequestsException{Message: m} },
	"DuplicateResourceException":          func(m string) error { return &connect.DuplicateResourceException{Message: m} },
	"ConditionalOperationFailedException": func(m string) error { return &connect.ConditionalOperationFailedException{Message: m} },
	"IdempotencyException":                func(m string) error { return &connect.IdempotencyException{Message: m} },
	"ContactNotFoundException":            func(m string) error { return &connect.ContactNotFoundException{Message: m} },
	"ContactNotTerminatedException":       func(m string) error { return &connect.ContactNotTerminatedException{Message: m} },
	"ContactFlowNotPublishedException":    func(m string) error { return &connect.ContactFlowNotPublishedException{Message: m} },
}

// problems returns what is wrong with a flow: at least one, as the model wants.
func problems(e *center.Error) []connect.ProblemDetail {
	if len(e.Problems) == 0 {
		return []connect.ProblemDetail{{Message: new(e.Message)}}
	}
	list := make([]connect.ProblemDetail, len(e.Problems))
	for i := range list {
		list[i].Message = new(e.Problems[i])
	}
	return list
}

// resourceTypes are the kinds that ResourceInUseException can name (ResourceType).
var resourceTypes = map[center.Kind]connect.ResourceType{
	"contact":           connect.ResourceTypeCONTACT,
	center.KindFlow:     connect.ResourceTypeCONTACT_FLOW,
	center.KindInstance: connect.ResourceTypeINSTANCE,
	center.KindUser:     connect.ResourceTypeUSER,
}
