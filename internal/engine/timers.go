package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// dueTime is the time of the sweeper's next look: zero while it is looking, or
// when nothing is due.
type dueTime struct {
	mu     sync.Mutex // guards what follows
	t      time.Time
	asleep bool // the sweeper has looked and fired what it saw
}

// dueAt wakes the sweeper when a timer falls due before its next look. It is
// called after the commit, when the sweeper can see the timer.
func (e *Engine) dueAt(t time.Time) {
	if t.IsZero() {
		return
	}
	e.nextDue.mu.Lock()
	early := e.nextDue.t.IsZero() || t.Before(e.nextDue.t)
	if early {
		e.nextDue.t = t
	}
	e.nextDue.mu.Unlock()
	if early {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
}

// Bounds of one look at the due timers.
const (
	sweepBatch   = 512
	sweepWorkers = 32
)

// Chats whose timers could not be fired.
const (
	retryEvery = time.Second // how often they are retried
	maxAside   = 4096        // when there are more, the fault is not with the chats: all wait
)

// sweep fires timers: it asks the store which chats are due, gives each a
// Tick, and sleeps until the next one is. The timers themselves are times in
// the chats' state, so none is lost with the process; firing one twice is
// harmless.
//
// A chat whose Tick fails stays due. It is set aside for a second, so that such
// chats do not hold up the others.
func (e *Engine) sweep(ctx context.Context) {
	aside := map[center.ContactID]bool{} // chats that failed since again was set
	var again <-chan time.Time
	retry := func() {
		again = nil
		clear(aside)
	}
	for ctx.Err() == nil {
		if len(aside) >= maxAside {
			select {
			case <-again:
				retry()
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-again:
			retry()
		default:
		}
		// From here on any new timer wakes us: the look may be too early to see it.
		e.nextDue.mu.Lock()
		e.nextDue.t, e.nextDue.asleep = time.Time{}, false
		e.nextDue.mu.Unlock()
		now := e.Clock.Now()
		chats, next, err := e.Store.Due(ctx, e.shards(), now, sweepBatch+len(aside))
		if err != nil && ctx.Err() == nil {
			e.Log.Error("cannot look for due timers", "err", err)
			next = now.Add(time.Second)
		}
		chats = slices.DeleteFunc(chats, func(id center.ContactID) bool { return aside[id] })
		if len(chats) == 0 {
			if e.sleep(ctx, next, again) {
				retry()
			}
			continue
		}
		for _, id := range e.tick(ctx, chats) {
			aside[id] = true
			if again == nil {
				again = time.After(retryEvery)
			}
		}
	}
}

// sleep returns at t by the clock, or when an earlier timer was set, or when again
// fires, which it reports.
func (e *Engine) sleep(ctx context.Context, t time.Time, again <-chan time.Time) bool {
	e.nextDue.mu.Lock()
	e.nextDue.t, e.nextDue.asleep = t, true
	e.nextDue.mu.Unlock()
	d, moved := e.Clock.Wait(t)
	if e.Leases != nil { // other nodes set timers too
		d = min(d, lookEvery)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-moved:
	case <-e.wake:
	case <-again:
		return true
	case <-ctx.Done():
	}
	return false
}

// TimersFired returns how many chats' timers have been fired.
func (e *Engine) TimersFired() uint64 { return e.fired.Load() }

// tick gives each chat a Tick, some concurrently, and returns those whose Tick failed.
func (e *Engine) tick(ctx context.Context, chats []center.ContactID) []center.ContactID {
	var wg sync.WaitGroup
	slots := make(chan struct{}, sweepWorkers)
	var mu sync.Mutex // guards failed
	var failed []center.ContactID
	for _, id := range chats {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if _, err := e.Do(ctx, id, contact.Tick{}); err != nil && ctx.Err() == nil {
				e.Log.Error("timer failed", "chat", id, "err", err)
				mu.Lock()
				failed = append(failed, id)
				mu.Unlock()
				return
			}
			e.fired.Add(1)
		})
	}
	wg.Wait()
	return failed
}
