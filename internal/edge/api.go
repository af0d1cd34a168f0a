package edge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/ratelimit"
	"parley.example/parley/internal/store"
)

// API is what the edge has to know of one of the generated APIs.
type API struct {
	// Before authenticates by the header of a request, before its body is read.
	Before func(*restjson.Operation, *http.Request) (Caller, error)
	// Authorize authorises what a decoded request touches; nil allows everything: see [restjson.HandlerOptions].
	Authorize func(ctx context.Context, op *restjson.Operation, in any) error
	// MapError is the API's own table of errors.
	MapError func(*restjson.Operation, error) error
	// MaxBody bounds request bodies in bytes; [restjson.DefaultMaxBody] when 0.
	MaxBody int64
	// Gates are asked in their order, once the caller is known.
	Gates []Gate
}

// Caller is what the header of a request says about who makes it.
type Caller struct {
	Context context.Context
	// Known is who it is beyond doubt, an access key or a chat; "" when that is not known
	// until the body is. Memory for bodies is shared fairly between those who are known.
	Known string
	// Check verifies what depends on the body; nil when nothing does.
	Check restjson.Check
}

// Gate may refuse a request, or hold it up, before the service sees it.
type Gate func(ctx context.Context, op *restjson.Operation) error

// Options returns what the handler of an API needs.
func (e *Edge) Options(api API) restjson.HandlerOptions {
	explain := e.Refused()
	return restjson.HandlerOptions{
		MaxBody:   api.MaxBody,
		RequestID: RequestID,
		Now:       time.Now, // durations for metrics, not times of anything
		Before: func(op *restjson.Operation, r *http.Request) (context.Context, restjson.Check, error) {
			caller, err := api.Before(op, r)
			if err != nil {
				return caller.Context, nil, err
			}
			ctx := store.Asked(caller.Context, time.Now())
			e.guard(op, r, caller.Known, cmp.Or(api.MaxBody, restjson.DefaultMaxBody))
			return ctx, func(body []byte) error {
				if caller.Check != nil {
					if err := caller.Check(body); err != nil {
						return err
					}
				}
				if req := requestOf(ctx); req != nil {
					req.body.proven()
				}
				for _, gate := range api.Gates {
					if err := gate(ctx, op); err != nil {
						return err
					}
				}
				return nil
			}, nil
		},
		Authorize: api.Authorize,
		MapError: func(op *restjson.Operation, err error) error {
			if away := awayOf(err); away != nil {
				return away
			}
			if _, coded := errors.AsType[restjson.Coded](err); coded {
				return err
			}
			if e, ok := errors.AsType[*auth.Error](err); ok {
				return &restjson.APIError{Code: e.Code, Message: e.Message, Status: http.StatusForbidden}
			}
			return api.MapError(op, err)
		},
		Refused: func(ctx context.Context, h http.Header, err error) {
			if later, ok := errors.AsType[Later](err); ok {
				AskLater(h, later.RetryAfter())
			}
			if req := requestOf(ctx); req != nil {
				req.abandon()
			}
			if explain != nil {
				explain(ctx, h, err)
			}
		},
		Observe: e.observe,
	}
}

// clientGone stands in logs and metrics for the status of a request whose
// client did not wait for the answer, as other servers have it.
const clientGone = 499

// observe counts and logs an answered request. What a refusal hides from the
// client stands here, and in development mode in a header of the answer too.
func (e *Edge) observe(ctx context.Context, seen restjson.Observation) {
	name := "unknown"
	if seen.Op != nil {
		name = seen.Op.Name
	}
	if seen.Err != nil && seen.Status >= 500 && errors.Is(ctx.Err(), context.Canceled) {
		// Nobody received this answer. It is no failure of ours, and not to be counted as one.
		seen.Status, seen.Code = clientGone, "ClientGone"
	}
	e.Metrics.Request(name, seen)
	_, over := errors.AsType[*ratelimit.Over](seen.Err) // who floods the server is not to flood the log
	if (seen.Err == nil || over) && !e.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	level := slog.LevelDebug
	if seen.Status >= 500 && seen.Status != http.StatusNotImplemented {
		level = slog.LevelError
	} else if seen.Err != nil && !over {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("request", RequestID(ctx)), slog.String("operation", name), slog.Int("status", seen.Status),
		slog.Float64("took_ms", float64(seen.Duration.Microseconds())/1000),
	}
	if seen.Err != nil {
		attrs = append(attrs, slog.String("code", seen.Code), slog.String("reason", reasonOf(seen.Err)))
	}
	if req := requestOf(ctx); req != nil {
		attrs = append(attrs, slog.String("client", req.client))
	}
	if p := Principal(ctx); p != nil {
		attrs = append(attrs, p.LogAttrs()...)
	}
	e.Log.LogAttrs(ctx, level, "request", attrs...)
}
