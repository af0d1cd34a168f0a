package restjson

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultMaxBody bounds request bodies unless HandlerOptions says otherwise.
const DefaultMaxBody = 1 << 20

// HandlerOptions is what the server around an API wants to say and know. The zero value works.
type HandlerOptions struct {
	// MaxBody bounds the request body in bytes: 0 means DefaultMaxBody.
	MaxBody int64

	// Before runs when the operation is known and nothing of the body has been read, to
	// authenticate by the header. The context it returns is the service's; Check, unless it is
	// nil, runs next. It may put a reader with bounds of its own in place of r.Body, and must
	// not keep r longer than until the answer. Its errors, and those of the reader that are
	// [Coded], are answered like those of the service.
	Before func(op *Operation, r *http.Request) (context.Context, Check, error)

	// Authorize runs when the request is decoded, and before its constraints are checked: the place
	// for authorisation that depends on what a request names. in is a pointer to the operation's
	// input. Its errors are answered like those of the service.
	Authorize func(ctx context.Context, op *Operation, in any) error

	// MapError turns an error that is not [Coded] into one that is. What it leaves uncoded is
	// answered as an internal failure that reveals nothing.
	MapError func(op *Operation, err error) error

	// Refused runs when a request ended in an error, before the answer is written, with the answer's
	// header, to add details that clients in production should not get. err is what
	// the service, Before or Check returned.
	Refused func(ctx context.Context, header http.Header, err error)

	// RequestID names the request, as sent in x-amzn-requestid. Without it, and where it returns "",
	// the handler makes a random UUID.
	RequestID func(ctx context.Context) string

	// Observe is called for every answered request.
	Observe func(ctx context.Context, seen Observation)

	// Now is read before and after a request if Observe wants to know how long it took.
	Now func() time.Time
}

// Check runs when the raw body is known and nothing is decoded, for what of authentication
// depends on it. It must not keep body. Its errors are answered like those of the service.
type Check func(body []byte) error

// Observation is one answered request.
type Observation struct {
	Op       *Operation // nil if there is no such operation
	Status   int
	Code     string        // of the exception; "" for success
	Err      error         // as the service, Before or Check returned it; nil for success
	Duration time.Duration // 0 without HandlerOptions.Now
	BytesIn  int
	BytesOut int
}

// Route is one operation and the service behind it; Handle makes it.
type Route struct {
	Op    *Operation
	serve func(ctx context.Context, in *Input, out []byte) ([]byte, error)
}

// Handle binds an operation to the method that answers it. I and O are pointers to its input and
// output: all pointers share one body of Handle, however many operations there are. A nil result
// without an error is answered as an empty structure.
func Handle[I, O any](op *Operation, method func(context.Context, I) (O, error)) Route {
	input := reflect.TypeFor[I]().Elem()
	return Route{Op: op, serve: func(ctx context.Context, in *Input, out []byte) ([]byte, error) {
		req := reflect.New(input).Interface()
		if err := in.read(req); err != nil {
			return out, err
		}
		res, err := method(ctx, req.(I))
		if err != nil {
			return out, err
		}
		if reflect.ValueOf(res).IsNil() {
			return append(out, "{}"...), nil
		}
		return form[JSONAppender](res).AppendJSON(out), nil
	}}
}

type handler struct {
	api    *API
	opts   HandlerOptions
	router router
}

// NewHandler serves the routes. Paths are matched in their escaped form, so whatever stands in
// front must not clean or decode them. A panic of the service passes through to the server.
func NewHandler(api *API, opts HandlerOptions, routes []Route) http.Handler {
	h := &handler{api: api, opts: opts}
	if h.opts.MaxBody <= 0 {
		h.opts.MaxBody = DefaultMaxBody
	}
	for i := range routes {
		h.router.add(&routes[i])
	}
	return h
}

// buffers holds request bodies and responses. Decoding copies what it keeps, so a body can be
// reused once the request is answered.
var buffers = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, 4096)} }}

type buffer struct{ b []byte }

func (b *buffer) release() {
	const keep = 64 << 10 // larger ones are rare and would stay forever
	if cap(b.b) <= keep {
		b.b = b.b[:0]
		buffers.Put(b)
	}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := Observation{Status: http.StatusOK}
	var start time.Time
	if h.opts.Now != nil && h.opts.Observe != nil {
		start = h.opts.Now()
	}
	body, out := buffers.Get().(*buffer), buffers.Get().(*buffer)
	defer body.release()
	defer out.release()

	ctx, err := h.serve(w, r, &seen, body, out)
	if err != nil {
		seen.Err = err
		coded := h.coded(seen.Op, err)
		seen.Status, seen.Code = coded.HTTPStatus(), coded.ErrorCode()
		w.Header()["X-Amzn-Errortype"] = []string{seen.Code}
		if h.opts.Refused != nil {
			h.opts.Refused(ctx, w.Header(), err)
		}
		out.b = appendError(out.b[:0], coded)
	}
	seen.BytesOut = len(out.b)
	h.write(ctx, w, seen.Status, out.b)
	if h.opts.Observe != nil {
		if h.opts.Now != nil {
			seen.Duration = h.opts.Now().Sub(start)
		}
		h.opts.Observe(ctx, seen)
	}
}

// unknown is the error for a request that no operation fits. It names the one whose path it is,
// when only the method is another.
func (h *handler) unknown(r *http.Request) error {
	path := r.URL.EscapedPath()
	var message strings.Builder
	message.WriteString("there is no operation " + r.Method + " " + shorten(path))
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if route, _ := h.router.find(method, path); route != nil {
			message.WriteString("; " + route.Op.Name + " is " + method)
		}
	}
	return &APIError{Code: "UnknownOperationException", Message: message.String(), Status: http.StatusNotFound}
}

// serve does everything but answer: the response body is in out, unless there is an error.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, seen *Observation, body, out *buffer) (context.Context, error) {
	ctx := r.Context()
	route, labels := h.router.find(r.Method, r.URL.EscapedPath())
	if route == nil {
		return ctx, h.unknown(r)
	}
	seen.Op = route.Op
	var check Check
	var err error
	if h.opts.Before != nil {
		var before context.Context
		before, check, err = h.opts.Before(route.Op, r)
		if before != nil {
			ctx = before
		}
		if err != nil {
			return ctx, err
		}
	}
	if body.b, err = h.readBody(r, body.b, route.Op); err != nil {
		w.Header().Set("Connection", "close") // the rest of the body is not read
		return ctx, err
	}
	seen.BytesIn = len(body.b)
	if check != nil {
		if err := check(body.b); err != nil {
			return ctx, err
		}
	}
	in := &Input{labels: labels, raw: r.URL.RawQuery, header: r.Header, body: body.b}
	if h.opts.Authorize != nil {
		in.authorize = func(request any) error { return h.opts.Authorize(ctx, route.Op, request) }
	}
	out.b, err = route.serve(ctx, in, out.b)
	return ctx, err
}

// readBody appends the body to b, whose memory grows with what has come: how long
// a body is to get is only what a client says.
func (h *handler) readBody(r *http.Request, b []byte, op *Operation) ([]byte, error) {
	tooLarge := func() error {
		return &APIError{
			Code:    h.api.structureCode(op),
			Message: "the request body is larger than " + strconv.FormatInt(h.opts.MaxBody, 10) + " bytes",
			Status:  http.StatusBadRequest,
		}
	}
	if r.ContentLength > h.opts.MaxBody {
		return b, tooLarge()
	}
	if r.Body == nil || r.ContentLength == 0 {
		return b, nil
	}
	const least = 512 // bytes to grow by, also for the read that finds the end
	for {
		if len(b) == cap(b) {
			more := len(b)
			if rest := r.ContentLength - int64(len(b)); rest >= 0 {
				more = int(min(int64(more), rest))
			}
			grown := make([]byte, len(b), len(b)+max(more, least)) // append would take up to a quarter more
			copy(grown, b)
			b = grown
		}
		n, err := r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if int64(len(b)) > h.opts.MaxBody {
			return b, tooLarge()
		}
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return b, tooLarge() // by the bound of an outer handler
		}
		if _, ok := errors.AsType[Coded](err); ok {
			return b, err
		}
		if err != nil {
			message := "the request body could not be read"
			if errors.Is(err, os.ErrDeadlineExceeded) {
				message = "the request body came too slowly"
			}
			return b, &APIError{Code: h.api.structureCode(op), Message: message, Status: http.StatusBadRequest}
		}
	}
}

// coded finds the exception to answer err with.
func (h *handler) coded(op *Operation, err error) Coded {
	if c, ok := errors.AsType[Coded](err); ok {
		return c
	}
	if v, ok := errors.AsType[*ValidationError](err); ok {
		code := h.api.domainCode(op)
		if v.Structural {
			code = h.api.structureCode(op)
		}
		return &APIError{Code: code, Message: v.Error(), Status: http.StatusBadRequest}
	}
	if h.opts.MapError != nil {
		if c, ok := errors.AsType[Coded](h.opts.MapError(op, err)); ok {
			return c
		}
	}
	return &APIError{Code: h.api.internalCode(op), Message: "internal error", Status: http.StatusInternalServerError}
}

// appendError appends the body of an error. The code is in __type for clients that cannot read the
// header; the message stands under both spellings, as the models and the real service differ.
func appendError(b []byte, c Coded) []byte {
	b = String(append(b, '{'), "__type", c.ErrorCode())
	if m := c.ErrorMessage(); m != "" {
		b = String(String(b, "Message", m), "message", m)
	}
	if e, ok := c.(Exception); ok {
		b = e.AppendMembers(b)
	}
	return End(b)
}

var jsonType = []string{"application/json"}

func (h *handler) write(ctx context.Context, w http.ResponseWriter, status int, body []byte) {
	var id string
	if h.opts.RequestID != nil {
		id = h.opts.RequestID(ctx)
	}
	if id == "" {
		id = newUUID()
	}
	header := w.Header()
	header["Content-Type"] = jsonType
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	header["X-Amzn-Requestid"] = []string{id}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone is not our failure
}
