package client

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// class is what a failure means for a retry.
type class int

const (
	final      class = iota // trying again cannot help
	transient               // something broke on the way
	throttling              // the service wants to be called less often
)

// throttlingCodes are the exceptions that mean throttling, whatever their status.
var throttlingCodes = []string{
	"BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
	"ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
	"RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
	"TooManyRequestsException", "TransactionInProgressException",
}

// transientCodes are the exceptions that mean a transient error, whatever their status.
var transientCodes = []string{"RequestTimeout", "RequestTimeoutException"}

// transientStatuses mean a transient error whatever the exception, unless it throttles.
var transientStatuses = []int{
	http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// class judges the failure as the standard retry mode of the AWS SDKs does: by the exception's name
// first, then by the status. Every 429 throttles, whatever its name; a 501 is final.
func (e *Error) class() class {
	switch {
	case e.last:
		return final
	case e.Kind == Timeout, e.Kind == ResponseError:
		return transient
	case e.Kind == DispatchFailure && (e.Dispatch == DispatchTimeout || e.Dispatch == DispatchIO):
		return transient
	case e.Kind != ServiceError:
		return final
	case slices.Contains(throttlingCodes, e.Code()), e.Status() == http.StatusTooManyRequests:
		return throttling
	case slices.Contains(transientCodes, e.Code()), slices.Contains(transientStatuses, e.Status()):
		return transient
	}
	return final
}

// retryAfter is how long the service wants the client to wait: by x-amz-retry-after, in whole
// milliseconds, else by Retry-After, in seconds or as a time. What cannot be read is no wish.
func (e *Error) retryAfter(now time.Time) (wish time.Duration, wished bool) {
	if e.Response == nil {
		return 0, false
	}
	if ms, ok := number(e.Response.Header.Get("X-Amz-Retry-After")); ok {
		return time.Duration(min(ms, boundless)) * time.Millisecond, true
	}
	text := e.Response.Header.Get("Retry-After")
	if s, ok := number(text); ok {
		return time.Duration(min(s, boundless/1000)) * time.Second, true
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(now)), true
	}
	return 0, false
}

// number reads digits; of a number beyond all bounds it returns the largest there is.
func number(digits string) (n uint64, ok bool) {
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil || errors.Is(err, strconv.ErrRange)
}

// boundless is more than any wait, in milliseconds: what a header says is held to it before it becomes a duration.
const boundless = 1 << 40

// dispatchOf says why a Connector returned an error instead of a response.
func dispatchOf(err error) Dispatch {
	if errors.Is(err, context.Canceled) {
		return DispatchUser
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return DispatchTimeout
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		if _, local := errors.AsType[*net.AddrError](err); local {
			return DispatchOther
		}
		return DispatchIO
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return DispatchIO
	}
	for _, broken := range []error{
		io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, fs.ErrClosed,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ECONNABORTED, syscall.EPIPE,
	} {
		if errors.Is(err, broken) {
			return DispatchIO
		}
	}
	for _, text := range untyped {
		if strings.HasPrefix(err.Error(), text) {
			return DispatchIO
		}
	}
	return DispatchOther
}

// untyped are broken connections that net/http has no type for that others could see.
var untyped = []string{
	"http: server closed idle connection", // just as a request went out on it
	"stream error: ",                      // HTTP/2 of one request
	"http2: server sent GOAWAY and closed the connection",
	"http2: Transport received Server's graceful shutdown GOAWAY",
	"http2: client conn", // is closed, not usable, lost …
}
