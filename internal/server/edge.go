package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/participantapi"
)

// requestKey is where a request's facts are kept in its context.
type requestKey struct{}

// request is what the edge knows of one request.
type request struct {
	id     string
	header http.Header // of the response
	key    string      // the access key presented, for the log
}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

func requestID(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.id
	}
	return ""
}

// edge is the outermost handler: it names the request, answers browsers'
// questions about origins, and turns a panic into a 500 that harms nobody else.
func (s *Server) edge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &request{id: uuid.NewString(), header: w.Header()}
		h := w.Header()
		h["X-Amzn-Requestid"] = []string{req.id}
		allowOrigin(h, r)
		defer func() {
			e := recover()
			if e == nil {
				return
			}
			if e == http.ErrAbortHandler {
				panic(e) // an answer that cannot be finished: the connection is to break
			}
			path := r.URL.Path
			if strings.HasPrefix(path, participantapi.FilesPath) {
				path = participantapi.FilesPath + "…" // what follows is a credential
			}
			s.Log.Error("panic", "request", req.id, "path", path, "panic", e, "stack", string(debug.Stack()))
			s.metrics.panics.Inc()
			writeError(w, http.StatusInternalServerError, "InternalServerException", "something went wrong; the log has more under this request's id")
		}()
		if r.Method == http.MethodOptions {
			preflight(h, r)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, req)))
	})
}

// What browsers are allowed to send and see. The list is explicit because "*"
// does not cover Authorization. Attachments ask for further headers, which
// preflight adds from what the browser names.
const (
	allowedHeaders = "authorization, content-type, x-amz-bearer, x-amz-content-sha256, x-amz-date, x-amz-user-agent, x-amz-security-token, x-amzn-trace-id, amz-sdk-invocation-id, amz-sdk-request, x-parley-after-end"
	exposedHeaders = "x-amzn-errortype, x-amzn-requestid, retry-after, etag, x-parley-debug-reason"
)

// allowOrigin lets any page read the answer: the participant API is called
// from any site, and its credential is a header that no page has by itself.
// The answer carries it whether it is good or bad, since a browser hides one without.
func allowOrigin(h http.Header, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		h["Access-Control-Allow-Origin"] = []string{"*"}
		h["Access-Control-Expose-Headers"] = []string{exposedHeaders}
	}
}

func preflight(h http.Header, r *http.Request) {
	var allowed strings.Builder
	allowed.WriteString(allowedHeaders)
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		// Uploads carry what StartAttachmentUpload asked for.
		if strings.HasPrefix(name, "x-amz-meta-") || name == "x-amz-acl" || name == "content-disposition" {
			allowed.WriteString(", " + name)
		}
	}
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", allowed.String())
	h.Set("Access-Control-Max-Age", "7200")
}

// writeError answers an error outside the generated APIs in their form.
func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header()["X-Amzn-Errortype"] = []string{code}
	w.WriteHeader(status)
	b := append([]byte(`{"__type":`), quote(code)...)
	b = append(append(b, `,"Message":`...), quote(message)...)
	b = append(append(b, `,"message":`...), quote(message)...)
	w.Write(append(b, '}')) // the client may be gone; there is nobody else to tell
}

// options returns what the handler of one of the APIs needs. mapError is the
// API's own table of errors.
func (s *Server) options(api string, before func(*restjson.Operation, *http.Request, []byte) (context.Context, error), mapError func(*restjson.Operation, error) error) restjson.HandlerOptions {
	return restjson.HandlerOptions{
		RequestID: requestID,
		Now:       time.Now, // durations for metrics, not times of anything
		Before: func(op *restjson.Operation, r *http.Request, body []byte) (context.Context, error) {
			ctx, err := before(op, r, body)
			if err != nil {
				return ctx, err
			}
			if err := s.faults.strike(ctx, op.Name); err != nil {
				return ctx, err
			}
			return ctx, s.limits.allow(api, op)
		},
		MapError: func(op *restjson.Operation, err error) error {
			if _, coded := errors.AsType[restjson.Coded](err); coded {
				return err
			}
			if e, ok := errors.AsType[*auth.Error](err); ok {
				return &restjson.APIError{Code: e.Code, Message: e.Message, Status: http.StatusForbidden}
			}
			return mapError(op, err)
		},
		Refused: s.refused(),
		Observe: s.observe,
	}
}

// debugReason is the header of an answer that says why a request was really refused.
const debugReason = "X-Parley-Debug-Reason"

// refused explains refusals to developers; outside development mode nobody is told.
func (s *Server) refused() func(context.Context, http.Header, error) {
	if !s.Dev {
		return nil
	}
	return func(_ context.Context, h http.Header, err error) { h.Set(debugReason, headerLine(reasonOf(err))) }
}

// headerLine makes one line of a text that may stand in a header: at most 300
// bytes of printable ASCII, other characters replaced.
func headerLine(text string) string {
	const longest = 300
	b := make([]byte, 0, min(len(text), longest))
	for _, c := range text {
		if len(b) == longest {
			break
		}
		switch {
		case c == '\n' || c == '\r' || c == '\t':
			c = ' '
		case c < ' ' || c > '~':
			c = '?'
		}
		b = append(b, byte(c))
	}
	return string(b)
}

// clientGone stands in logs and metrics for the status of a request whose
// client did not wait for the answer, as other servers have it.
const clientGone = 499

// observe counts and logs an answered request. What a refusal hides from the
// client stands here, and in development mode in a header of the answer too.
func (s *Server) observe(ctx context.Context, seen restjson.Observation) {
	name := "unknown"
	if seen.Op != nil {
		name = seen.Op.Name
	}
	if seen.Err != nil && seen.Status >= 500 && errors.Is(ctx.Err(), context.Canceled) {
		// Nobody heard this answer. It is no failure of ours, and not to be counted as one.
		seen.Status, seen.Code = clientGone, "ClientGone"
	}
	s.metrics.request(name, seen)
	if seen.Err == nil && !s.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	level := slog.LevelDebug
	if seen.Status >= 500 && seen.Status != http.StatusNotImplemented {
		level = slog.LevelError
	} else if seen.Err != nil {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("request", requestID(ctx)), slog.String("operation", name), slog.Int("status", seen.Status),
		slog.Duration("took", seen.Duration),
	}
	if seen.Err != nil {
		attrs = append(attrs, slog.String("code", seen.Code), slog.String("reason", reasonOf(seen.Err)))
	}
	if r := requestOf(ctx); r != nil && r.key != "" {
		attrs = append(attrs, slog.String("key", r.key))
	}
	s.Log.LogAttrs(ctx, level, "request", attrs...)
}

// reasonOf returns the true reason of an error, causes included.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return e.Message + ": " + e.Reason
	}
	text := err.Error()
	if e, ok := errors.AsType[*center.Error](err); ok && e.Err != nil && !strings.Contains(text, e.Err.Error()) {
		text += ": " + e.Err.Error()
	}
	return text
}
