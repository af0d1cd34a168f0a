package integration

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

const (
	maxRetries = 3
	firstPause = 100 * time.Millisecond // before the first retry, doubled with each
)

// callLimit is how long a call may take, and who is called.
type callLimit struct {
	what  string // "function greet": errors begin with it
	limit time.Duration
	id    string       // of the call, for the log
	log   *slog.Logger // nil for none
}

// retry makes a call until it succeeds: temporary failures are retried, at most
// three times, all within the limit. Its error is ctx's when that is done,
// context.DeadlineExceeded when the limit has passed.
func retry[T any](ctx context.Context, p callLimit, try func(context.Context) (T, error)) (answer T, err error) {
	limited, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	var none T
	for retries := 0; ; retries++ {
		answer, err := try(limited)
		switch {
		case err == nil:
			return answer, nil
		case ctx.Err() != nil:
			return none, fmt.Errorf("%s: %w", p.what, ctx.Err())
		case limited.Err() != nil: // not err: a dialer's own timeout looks like a deadline too
			return none, fmt.Errorf("%s did not answer within %s: %w", p.what, p.limit, context.DeadlineExceeded)
		case retries == maxRetries || !temporary(err) || !Pause(limited, firstPause<<retries):
			return none, fmt.Errorf("%s %w", p.what, err)
		}
		if p.log != nil {
			p.log.WarnContext(ctx, "retrying a call", "who", p.what, "id", p.id, "err", err)
		}
	}
}

// Pause waits for d with jitter, from half of it to one and a half. It returns false early when ctx is done.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
