package engine

import (
	"context"
	"time"
)

// Bounds of one [Engine.Advance].
const (
	maxSteps  = 10_000           // further timers fire late, together
	stepLimit = 10 * time.Second // of real time, to fire what is due
	workLimit = 2 * time.Second  // of real time, for functions and bots that are being asked
)

// Advance moves the clock forward by d and returns its time once what falls due on the way has
// happened. It goes from timer to timer, so that each fires at its own time, and what follows from it
// is due in its turn: a flow that waits five minutes three times has come to its end after a quarter
// of an hour, and no chat sees time leap. Functions and bots are given two seconds of real time to
// answer before the clock moves past them. ctx bounds the whole; the clock is at the end in any case.
//
// It is for a clock that somebody moves; calls are made one after another.
func (e *Engine) Advance(ctx context.Context, d time.Duration) time.Time {
	e.advancing.Lock()
	defer e.advancing.Unlock()
	end := e.Clock.Now().Add(max(d, 0))
	patience := workLimit
	for range maxSteps {
		next, ok := e.settled(ctx, &patience)
		now := e.Clock.Now()
		if !ok || next.IsZero() || next.After(end) || !now.Before(end) {
			break
		}
		e.Clock.Advance(next.Sub(now))
	}
	now := e.Clock.Advance(end.Sub(e.Clock.Now()))
	e.settled(ctx, &patience)
	return now
}

// settled waits until no timer is due and no effect is under way, and returns when the next timer
// falls due, zero when none does. For effects it waits as long as patience, from which it takes the
// time. It reports false when timers stay due, or cannot be looked for.
func (e *Engine) settled(ctx context.Context, patience *time.Duration) (next time.Time, ok bool) {
	began := time.Now()
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		// What fires meanwhile may leave effects behind, and they timers: then look again.
		fired, quiet := e.fired.Load(), e.quiet()
		due, next, err := e.Store.Due(ctx, e.shards(), e.Clock.Now(), 1)
		waited := time.Since(began)
		switch {
		case err != nil || len(due) > 0 && waited > stepLimit:
			return time.Time{}, false
		case len(due) == 0 && (quiet && e.quiet() && fired == e.fired.Load() || waited > *patience):
			*patience = max(0, *patience-waited)
			return next, true
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return time.Time{}, false
		}
	}
}

// quiet reports whether neither timers are being fired nor effects are under way.
func (e *Engine) quiet() bool {
	e.nextDue.mu.Lock()
	asleep := e.nextDue.asleep
	e.nextDue.mu.Unlock()
	return asleep && e.effects.idle()
}
