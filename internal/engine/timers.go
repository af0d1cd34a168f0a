package engine

import (
	"context"
	"sync"
	"time"

	"parley/internal/center"
	"parley/internal/contact"
)

// dueTime is the time at which the sweeper means to look next: zero while it
// is looking, or when nothing is due.
type dueTime struct {
	mu sync.Mutex // guards t
	t  time.Time
}

// dueAt wakes the sweeper when a timer falls due before it means to look. It
// is called after the commit, when the sweeper can see the timer.
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

// sweep fires timers: it asks the store which chats are due, gives each a
// Tick, and sleeps until the next one is. The timers themselves are times in
// the chats' state, so none is lost with the process; firing one twice is
// harmless.
func (e *Engine) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		// From here on any new timer wakes us: the look may be too early to see it.
		e.nextDue.mu.Lock()
		e.nextDue.t = time.Time{}
		e.nextDue.mu.Unlock()
		now := e.Clock.Now()
		chats, next, err := e.Store.Due(ctx, now, sweepBatch)
		if err != nil && ctx.Err() == nil {
			e.Log.Error("cannot look for due timers", "err", err)
			next = now.Add(time.Second)
		}
		if len(chats) > 0 {
			e.tick(ctx, chats)
			continue
		}
		e.sleep(ctx, next)
	}
}

// sleep returns at t by the clock, or when a timer was set that is earlier.
func (e *Engine) sleep(ctx context.Context, t time.Time) {
	e.nextDue.mu.Lock()
	e.nextDue.t = t
	e.nextDue.mu.Unlock()
	d, moved := e.Clock.wait(t)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-moved:
	case <-e.wake:
	case <-ctx.Done():
	}
}

// TimersFired returns how many chats' timers have been fired.
func (e *Engine) TimersFired() uint64 { return e.fired.Load() }

// tick gives each chat a Tick, some at a time. A chat whose tick fails is put
// off by the loop's own pace: it is found due again.
func (e *Engine) tick(ctx context.Context, chats []center.ContactID) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, sweepWorkers)
	failed := make(chan struct{}, 1)
	for _, id := range chats {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if _, err := e.Do(ctx, id, contact.Tick{}); err != nil && ctx.Err() == nil {
				e.Log.Error("timer failed", "chat", id, "err", err)
				select {
				case failed <- struct{}{}:
				default:
				}
				return
			}
			e.fired.Add(1)
		})
	}
	wg.Wait()
	select {
	case <-failed:
		e.sleep(ctx, e.Clock.Now().Add(time.Second))
	default:
	}
}
