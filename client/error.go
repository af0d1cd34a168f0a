package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"parley.example/parley/api/restjson"
)

// Kind says how far a failed call got.
type Kind int

const (
	// ConstructionFailure is a request that could not be built or signed; nothing was sent.
	ConstructionFailure Kind = iota + 1
	// DispatchFailure is a request that got no response, see [Error.Dispatch]. It may have arrived.
	DispatchFailure
	// Timeout is a time limit that has passed: of the attempt, of the call, or of the caller's context.
	// The request may have arrived.
	Timeout
	// ResponseError is a response that was incomplete or malformed.
	ResponseError
	// ServiceError is an answer: the service refused the call, or failed.
	ServiceError
)

func (k Kind) String() string {
	switch k {
	case ConstructionFailure:
		return "construction failure"
	case DispatchFailure:
		return "dispatch failure"
	case Timeout:
		return "timeout"
	case ResponseError:
		return "response error"
	case ServiceError:
		return "service error"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Dispatch says why a request got no response.
type Dispatch int

const (
	// DispatchTimeout is a connection, or the first byte of a response, that took too long.
	DispatchTimeout Dispatch = iota + 1
	// DispatchIO is a connection that was refused, closed or reset, or a host that was not found.
	DispatchIO
	// DispatchUser is a call that the caller cancelled, by its context.
	DispatchUser
	// DispatchOther is everything else a [Connector] may report, such as a certificate it rejects.
	DispatchOther
)

func (d Dispatch) String() string {
	switch d {
	case DispatchTimeout:
		return "timeout"
	case DispatchIO:
		return "io"
	case DispatchUser:
		return "user"
	case DispatchOther:
		return "other"
	}
	return fmt.Sprintf("Dispatch(%d)", int(d))
}

// Response is a response as it arrived.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       []byte // as far as it was read
}

// Error is the error of every call. Ask for an exception of the service with
//
//	if e, ok := errors.AsType[*connect.LimitExceededException](err); ok
//
// and for what all errors have in common with errors.AsType[*client.Error].
type Error struct {
	Operation *restjson.Operation
	Kind      Kind
	Dispatch  Dispatch  // of a DispatchFailure, else 0
	Attempts  int       // how many requests were made, the last one included
	Response  *Response // nil where none arrived
	Err       error     // the cause: an exception, a [restjson.APIError], or what kept the answer away

	last bool // nothing may be tried after it: the call's time is over
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Operation.Service + " " + e.Operation.Name + ": " + e.Kind.String())
	if e.Kind == DispatchFailure {
		b.WriteString(" (" + e.Dispatch.String() + ")")
	}
	b.WriteString(": " + e.Err.Error())
	if e.Response != nil {
		fmt.Fprintf(&b, " (status %d", e.Response.StatusCode)
		if id := e.RequestID(); id != "" {
			b.WriteString(", request id " + id)
		}
		b.WriteString(")")
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " after %d attempts", e.Attempts)
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Code is the name of the service's exception, as in LimitExceededException; "" for an error that
// is not the service's, or that the service did not name.
func (e *Error) Code() string {
	c, ok := errors.AsType[restjson.Coded](e.Err)
	if !ok || e.Kind != ServiceError || c.ErrorCode() == fmt.Sprint(e.Status()) {
		return ""
	}
	return c.ErrorCode()
}

// Message is what the service says about its error, "" where it says nothing.
func (e *Error) Message() string {
	if c, ok := errors.AsType[restjson.Coded](e.Err); ok && e.Kind == ServiceError {
		return c.ErrorMessage()
	}
	return ""
}

// RequestID names the request in the logs of the service; "" without a response.
func (e *Error) RequestID() string {
	if e.Response == nil {
		return ""
	}
	return e.Response.Header.Get("X-Amzn-Requestid")
}

// Status is the HTTP status of the response, 0 without one.
func (e *Error) Status() int {
	if e.Response == nil {
		return 0
	}
	return e.Response.StatusCode
}

// Timeout reports whether a time limit has passed, of any kind, as in net.Error.
func (e *Error) Timeout() bool {
	return e.Kind == Timeout || e.Kind == DispatchFailure && e.Dispatch == DispatchTimeout
}

// Retryable reports whether the same call may succeed when it is made again.
func (e *Error) Retryable() bool { return e.class() != final }

// Throttled reports whether the service asks to be called less often.
func (e *Error) Throttled() bool { return e.class() == throttling }

// timeLimit is the cause of a [Timeout].
type timeLimit struct {
	call  bool // all attempts, or one
	limit time.Duration
}

func (t *timeLimit) Error() string {
	if t.call {
		return fmt.Sprintf("API call (all attempts including retries) timeout occurred after %v", t.limit)
	}
	return fmt.Sprintf("API call (single attempt) timeout occurred after %v", t.limit)
}

func (t *timeLimit) Timeout() bool        { return true }
func (t *timeLimit) Is(target error) bool { return target == context.DeadlineExceeded }
