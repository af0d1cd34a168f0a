package engine

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Bounds of one look at the due timers.
const (
	sweepBatch   = 512
	sweepWorkers = 32
)

// Aggregates whose timers could not be fired.
const (
	retryEvery = time.Second // how often they are retried
	maxAside   = 4096        // when there are more, the fault is not with them: all wait
)

// sweeper fires the timers of the aggregates of one type: it asks the store which
// are due, gives each a tick, and sleeps until the next one is. The timers
// themselves are times in the aggregates' states, so none is lost with the process;
// firing one twice is harmless.
//
// One whose tick fails stays due. It is set aside for a second, so that such ones
// do not hold up the others.
type sweeper[K ~string] struct {
	what  string // for the log
	clock *Clock
	log   *slog.Logger
	due   func(ctx context.Context, now time.Time, limit int) (due []K, next time.Time, err error)
	tick  func(ctx context.Context, id K) error
	often bool // other nodes set timers too

	wake  chan struct{} // a timer may fall due earlier than expected
	fired atomic.Uint64

	mu     sync.Mutex // guards what follows
	next   time.Time  // of the next look: zero while it is looking, or when nothing is due
	asleep bool       // it has looked and fired what it saw
}

// newChatTimers returns what fires the timers of chats.
func (e *Engine) newChatTimers() *sweeper[center.ContactID] {
	return &sweeper[center.ContactID]{
		what: "chat", clock: e.Clock, log: e.Log, often: e.Leases != nil, wake: make(chan struct{}, 1),
		due: func(ctx context.Context, now time.Time, limit int) ([]center.ContactID, time.Time, error) {
			return e.Store.Due(ctx, e.shards(), now, limit)
		},
		tick: func(ctx context.Context, id center.ContactID) error {
			_, err := e.Do(ctx, id, contact.Tick{})
			return err
		},
	}
}

// TimersFired returns how many chats' timers have been fired.
func (e *Engine) TimersFired() uint64 { return e.chatTimers.fired.Load() }

// at makes the sweeper look no later than at t. It is called after the commit,
// when the sweeper can see the timer.
func (s *sweeper[K]) at(t time.Time) {
	if t.IsZero() {
		return
	}
	s.mu.Lock()
	early := s.next.IsZero() || t.Before(s.next)
	if early {
		s.next = t
	}
	s.mu.Unlock()
	if early {
		s.look()
	}
}

// look makes the sweeper look now.
func (s *sweeper[K]) look() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// quiet reports whether no timer is being fired.
func (s *sweeper[K]) quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asleep
}

// run fires timers until ctx ends.
func (s *sweeper[K]) run(ctx context.Context) {
	aside := map[K]bool{} // those that failed since again was set
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
		s.mu.Lock()
		s.next, s.asleep = time.Time{}, false
		s.mu.Unlock()
		now := s.clock.Now()
		due, next, err := s.due(ctx, now, sweepBatch+len(aside))
		if err != nil && ctx.Err() == nil {
			s.log.Error("cannot look for due timers", "of", s.what, "err", err)
			next = now.Add(time.Second)
		}
		due = slices.DeleteFunc(due, func(id K) bool { return aside[id] })
		if len(due) == 0 {
			if s.sleep(ctx, next, again) {
				retry()
			}
			continue
		}
		for _, id := range s.fire(ctx, due) {
			aside[id] = true
			if again == nil {
				again = time.After(retryEvery)
			}
		}
	}
}

// sleep returns at t by the clock, or when an earlier timer was set, or when again
// fires, which it reports.
func (s *sweeper[K]) sleep(ctx context.Context, t time.Time, again <-chan time.Time) bool {
	s.mu.Lock()
	s.next, s.asleep = t, true
	s.mu.Unlock()
	d, moved := s.clock.Wait(t)
	if s.often {
		d = min(d, lookEvery)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-moved:
	case <-s.wake:
	case <-again:
		return true
	case <-ctx.Done():
	}
	return false
}

// fire gives each a tick, some concurrently, and returns those whose tick failed.
func (s *sweeper[K]) fire(ctx context.Context, due []K) []K {
	var wg sync.WaitGroup
	slots := make(chan struct{}, sweepWorkers)
	var mu sync.Mutex // guards failed
	var failed []K
	for _, id := range due {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := s.tick(ctx, id); err != nil && ctx.Err() == nil {
				s.log.Error("timer failed", s.what, id, "err", err)
				mu.Lock()
				failed = append(failed, id)
				mu.Unlock()
				return
			}
			s.fired.Add(1)
		})
	}
	wg.Wait()
	return failed
}
