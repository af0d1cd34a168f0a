package restjson

import (
	"fmt"
	"slices"
)

// Coded is an error the wire can carry: every exception of a model and [*APIError].
type Coded interface {
	error
	ErrorCode() string    // the exception's name, as in ResourceNotFoundException
	ErrorMessage() string // for the caller; may be empty
	HTTPStatus() int
}

// Exception is implemented by the exceptions of a model.
type Exception interface {
	Coded
	JSONDecoder
	AppendMembers(b []byte) []byte // the members besides the message, each with a comma after it
	SetResponse(ResponseMetadata)
}

// ResponseMetadata says which response carried an error. Only a client fills it in.
type ResponseMetadata struct {
	RequestID  string // the x-amzn-requestid header
	StatusCode int    // the HTTP status as received
}

// SetResponse sets m; the client calls it.
func (m *ResponseMetadata) SetResponse(r ResponseMetadata) { *m = r }

// Response returns m, so that errors of all types can be asked alike.
func (m *ResponseMetadata) Response() ResponseMetadata { return *m }

// APIError is an error outside the exceptions of the model: of the protocol (an unknown operation,
// a bad signature), or one this program does not know.
type APIError struct {
	Code    string
	Message string
	Status  int
	ResponseMetadata
}

var _ Coded = (*APIError)(nil)

// ErrorCode returns e.Code.
func (e *APIError) ErrorCode() string { return e.Code }

// ErrorMessage returns e.Message.
func (e *APIError) ErrorMessage() string { return e.Message }

// HTTPStatus returns e.Status.
func (e *APIError) HTTPStatus() int { return e.Status }

func (e *APIError) Error() string { return Describe(e.Code, e.Message) }

// Describe is the text of every error of this package.
func Describe(code, message string) string {
	if message == "" {
		return code
	}
	return code + ": " + message
}

// NotImplemented is the answer of an operation nobody has written yet: 501.
func NotImplemented(op *Operation) error {
	return &APIError{
		Code:    "NotImplementedException",
		Message: fmt.Sprintf("Parley does not implement %s:%s yet; see docs/operations.md", op.Service, op.Name),
		Status:  501,
	}
}

// Operation describes one operation of an API, as the model has it.
type Operation struct {
	Service  string // as in IAM policies: connect
	Name     string // StartChatContact
	Method   string // PUT
	Path     string // the template: /users/{InstanceId}/{UserId}
	ReadOnly bool   // the model says it changes nothing
	Errors   []string
}

// Declares reports whether the model lists the exception for this operation.
func (op *Operation) Declares(code string) bool { return slices.Contains(op.Errors, code) }

// API describes a service: what its handlers and clients need to know besides the operations.
type API struct {
	Service     string // as in IAM policies: connect
	SigningName string // of SigV4
	Version     string // of the model: 2017-08-08
	Published   string // the day on which the model had this shape, as in 2026-10-21; empty if unknown
	Exceptions  map[string]func() Exception
}

// firstKnown picks the first of codes the operation declares, else the first the API knows.
func (a *API) firstKnown(op *Operation, codes ...string) string {
	for _, code := range codes {
		if op.Declares(code) {
			return code
		}
	}
	for _, code := range codes {
		if a.Exceptions[code] != nil {
			return code
		}
	}
	return codes[0]
}

// structureCode names the exception for a request that cannot be understood.
func (a *API) structureCode(op *Operation) string {
	return a.firstKnown(op, "InvalidRequestException", "ValidationException", "InvalidParameterException")
}

// domainCode names the exception for a member whose value is outside its domain.
func (a *API) domainCode(op *Operation) string {
	return a.firstKnown(op, "InvalidParameterException", "ValidationException", "InvalidRequestException")
}

// internalCode names the exception for a failure of ours.
func (a *API) internalCode(op *Operation) string {
	return a.firstKnown(op, "InternalServiceException", "InternalServerException")
}
