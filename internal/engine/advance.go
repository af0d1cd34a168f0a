package engine

import (
	"context"
	"sync"
	"time"
)

// Mover moves the clock of an engine. It may be used by many goroutines; one after another is served.
type Mover struct {
	Engine *Engine
	Others []Timed // that do something at times of their own

	mu       sync.Mutex    // held by Advance, and guards what follows
	patience time.Duration // real time that is left for effects
}

// Timed does something by itself as time passes.
type Timed interface {
	// Next returns when it does something next, zero for never; quiet reports that it is doing nothing.
	Next() (t time.Time, quiet bool)
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
		due, next, err := m.due(ctx)
		waited := time.Since(began)
		switch {
		case err != nil || due && waited > stepLimit:
			return time.Time{}, false
		case !due && (quiet && m.quiet() && fired == e.TimersFired() || waited > m.patience):
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

// due reports whether something is due now, and when something falls due next, zero for never.
func (m *Mover) due(ctx context.Context) (now bool, next time.Time, err error) {
	e, at := m.Engine, m.Engine.Clock.Now()
	chats, next, err := e.Store.Due(ctx, e.shards(), at, 1)
	if err != nil {
		return false, next, err
	}
	agents, after, err := e.Store.DueAgents(ctx, e.shards(), at, 1)
	next = sooner(next, after)
	now = len(chats)+len(agents) > 0
	for _, o := range m.Others {
		t, _ := o.Next()
		if !t.IsZero() && !t.After(at) {
			now = true
		} else {
			next = sooner(next, t)
		}
	}
	return now, next, err
}

// sooner returns the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// quiet reports whether neither timers are being fired, nor effects or anything else under way.
func (m *Mover) quiet() bool {
	for _, o := range m.Others {
		if _, quiet := o.Next(); !quiet {
			return false
		}
	}
	return m.Engine.chatTimers.quiet() && m.Engine.effects.idle() && m.Engine.Agents.quiet()
}
