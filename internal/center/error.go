package center

import (
	"errors"
	"fmt"
)

// Reason classifies an [Error]: what a caller can do about it. Each API turns
// a reason into the exception and status its operation declares.
type Reason int

// The reasons. Internal is the zero value, so that an unclassified error
// never tells a client more than that something went wrong.
const (
	Internal      Reason = iota
	Invalid              // a value lies outside its domain: InvalidParameterException, ValidationException
	BadRequest           // the members do not go together: InvalidRequestException, ValidationException
	NotFound             // the named thing does not exist
	Denied               // the credential does not allow it; the client learns no more
	Duplicate            // the name is taken
	InUse                // something still refers to it
	Conflict             // the state of the thing does not allow it, or it changed meanwhile
	Gone                 // the contact has ended: ContactNotFoundException 410
	NotEnded             // the contact has not ended: ContactNotTerminatedException
	LimitExceeded        // a quota counted in 429 LimitExceededException
	QuotaExceeded        // a quota counted in 402 ServiceQuotaExceededException
	Throttled            // the rate; try again
	InvalidFlow          // the content of a flow; Problems lists why
	NotPublished         // a flow that has no published content
	Unavailable          // shutting down or overloaded; try again
)

var reasonText = [...]string{"internal error", "invalid", "bad request", "not found", "denied", "duplicate", "in use",
	"conflict", "gone", "not ended", "limit exceeded", "quota exceeded", "throttled", "invalid flow", "not published", "unavailable"}

func (r Reason) String() string { return reasonText[r] }

// Error is an error of the domain. Message is written for the client, except
// for Denied, whose message goes to the log only.
type Error struct {
	Reason   Reason
	Message  string
	Problems []string // of InvalidFlow, one each
	Kind     Kind     // of NotFound and InUse, the kind of thing, when known
	ID       string   // its id
	Err      error    // the cause, for the log
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an [*Error] with a message for the client. A %w in the format
// makes the cause reachable without showing more of it than the text says.
func Errorf(r Reason, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Reason: r, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Missing returns the NotFound error for a thing of a kind.
func Missing(kind Kind, id string) error {
	return &Error{Reason: NotFound, Message: fmt.Sprintf("%s %q does not exist", kind, id), Kind: kind, ID: id}
}

// ReasonOf returns the reason of err, Internal when it has none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return Internal
}
