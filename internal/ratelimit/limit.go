package ratelimit

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"parley.example/parley/api/restjson"
)

// Limit is a [Table] that refuses, counts and explains. A nil Limit allows and counts as if it had no bound.
type Limit struct {
	*Table
	kind    string
	log     *slog.Logger
	refused atomic.Int64
	told    atomic.Int64 // the second in which the log was told last
}

// NewLimit returns the limit for each of a kind: a participant, an address. There may be
// more callers at once than it is made for: see [Table].
func NewLimit(kind string, r Rate, callers int, log *slog.Logger) *Limit {
	return &Limit{Table: NewTable(r, callers), kind: kind, log: log}
}

// Refused returns how many requests were refused.
func (l *Limit) Refused() int64 {
	if l == nil {
		return 0
	}
	return l.refused.Load()
}

// Allow takes cost requests from the bucket of the caller with a name, or returns
// an *[Over] when it does not hold them. op may be nil.
func (l *Limit) Allow(op *restjson.Operation, cost float64, now time.Time, name ...string) error {
	if l == nil {
		return nil
	}
	return l.over(op, l.Take(l.Key(name...), cost, now), now)
}

// Check returns the error of a caller whose bucket is empty, and takes nothing from it.
func (l *Limit) Check(op *restjson.Operation, now time.Time, name ...string) error {
	return l.over(op, l.Wait(l.Key(name...), now), now)
}

// Penalize takes cost requests from the bucket of a caller, whether or not it holds them: see [Table.Charge].
func (l *Limit) Penalize(cost float64, now time.Time, name ...string) {
	l.Charge(l.Key(name...), cost, now)
}

// Setting is what sets the limit.
func (l *Limit) Setting() string { return "--rate " + l.kind + "=" + l.rate.String() }

// over returns the error of who has to wait, nil for no time. The log is told once a second:
// a flood of refusals must not become one of lines.
func (l *Limit) over(op *restjson.Operation, wait time.Duration, now time.Time) error {
	if wait == 0 {
		return nil
	}
	n := l.refused.Add(1)
	if second, told := now.Unix(), l.told.Load(); second != told && l.told.CompareAndSwap(told, second) {
		l.log.Warn("requests over a rate are refused", "limit", l.kind, "setting", l.Setting(), "refused", n)
	}
	return &Over{throttled(op, "too many requests from one "+l.kind+"; try again"), l, wait}
}

// Over is the error of a request over a [Limit], status 429.
type Over struct {
	*restjson.APIError
	limit *Limit
	wait  time.Duration
}

// RetryAfter is how long it takes until the bucket holds the request.
func (o *Over) RetryAfter() time.Duration { return o.wait }

// Error says which limit it was, and what sets it, for logs and developers.
func (o *Over) Error() string {
	r := o.limit.rate
	return fmt.Sprintf("%v: one %s may make %v requests a second, %v at once; the setting is %s", o.APIError, o.limit.kind, r.PerSecond, r.Burst, o.limit.Setting())
}
