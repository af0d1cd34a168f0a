package edge

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// Later is an error that knows when the request may succeed.
type Later interface {
	error
	RetryAfter() time.Duration
}

// soon is how long a client is asked to wait if nobody knows better. The SDKs
// wait at least as long as they would have anyway, and at most 5 s more.
const soon = time.Second

// AskLater has an answer say when its client is to try again, in the two headers
// that clients read: x-amz-retry-after, in milliseconds, for the AWS SDKs, and
// Retry-After for everybody else. That is a date, rounded up to a second: the SDK
// inside ChatJS misreads seconds. No time asks for nothing.
//
// Every 429 and 503 has both headers: without a call it is after a second.
func AskLater(h http.Header, wait time.Duration) {
	if wait <= 0 {
		h["Retry-After"], h["X-Amz-Retry-After"] = nil, nil // none are sent
		return
	}
	date := time.Now().Add(wait + time.Second - time.Nanosecond) // for the client's clock, so not a developer's
	h.Set("Retry-After", date.UTC().Format(http.TimeFormat))
	h.Set("X-Amz-Retry-After", strconv.FormatInt(max(1, wait.Milliseconds()), 10))
}

// WriteHeader asks the client to wait when the answer says that there is too much
// to do, and nobody has asked yet.
func (r *request) WriteHeader(status int) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		if _, asked := r.header["Retry-After"]; !asked {
			AskLater(r.header, soon)
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] find what the server's own writer can.
func (r *request) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// ReadFrom lets files go out the way the server's own writer sends them.
func (r *request) ReadFrom(src io.Reader) (int64, error) { return io.Copy(r.ResponseWriter, src) }
