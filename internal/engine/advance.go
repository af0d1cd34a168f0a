package engine

import (
	"context"
	"sync"
	"time"
)

// Mover moves the clock of an engine. It may be used by many goroutines; one after another is served.
type Mover struct {
	Engine *Engine

	mu       sync.Mutex    // held by Advance, and guards what follows
	patience time.Duration // real time that is left for effects
}

// Bounds of one [Mover.Advance].
const (
	maxSteps  = 10_000           // further timers fire late, together
	stepLimit = 10 * time.Second // of real time, to fire what is due
	workLimit = 2 * time.Second  // of real time, for functions and bots that are being asked
)

// Advance moves the clock forward by d and returns its time once what falls due on the way has
// happened. It goes from timer to timer, so that each fires at its own time, and what follows from it
// is due in its turn: a flow that waits five minutes three times has come to its end after a quarter
// of an hour, and no chat sees time leap. Functions and bots are given two seconds of real time to
// answer before the clock moves past them. After 10,000 timers the rest fire together, and the log says so. ctx bounds the whole; the clock is at the end in any case.
func (m *Mover) Advance(ctx context.Context, d time.Duration) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	clock := m.Engine.Clock
	end := clock.Now().Add(max(d, 0))
	m.patience = workLimit
	for step := 0; ; step++ {
		next, ok := m.settled(ctx)
		now := clock.Now()
		if !ok || next.IsZero() || next.After(end) || !now.Before(end) {
			break
		}
		if step == maxSteps {
			m.Engine.Log.Warn("the clock has gone from timer to timer as often as it does; the rest fire together, and late", "timers", step, "left", end.Sub(now))
			break
		}
		clock.Advance(next.Sub(now))
	}
	now := clock.Advance(end.Sub(clock.Now()))
	m.settled(ctx)
	return now
}

// settled waits until no timer is due and no effect is under way, and returns when the next timer
// falls due, zero when none does. For effects it has as much patience as is left. It reports false when timers stay due, or cannot be looked for.
func (m *Mover) settled(ctx context.Context) (next time.Time, ok bool) {
	e, began := m.Engine, time.Now()
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		// What fires meanwhile may leave effects behind, and they timers: then look again.
		fired, quiet := e.TimersFired(), m.quiet()
		due, next, err := e.Store.Due(ctx, e.shards(), e.Clock.Now(), 1)
		waited := time.Since(began)
		switch {
		case err != nil || len(due) > 0 && waited > stepLimit:
			return time.Time{}, false
		case len(due) == 0 && (quiet && m.quiet() && fired == e.TimersFired() || waited > m.patience):
			m.patience = max(0, m.patience-waited)
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
func (m *Mover) quiet() bool {
	return m.Engine.chatTimers.quiet() && m.Engine.effects.idle() && m.Engine.Agents.quiet()
}
