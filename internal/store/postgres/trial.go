package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/store"
)

const (
	// silence is after how long without any answer a database counts as away; the leases of a node ask it every second.
	silence = 4 * time.Second
	// atLeast is how long something is tried, though its time was over while it waited for its turn.
	atLeast = time.Second
	// leavingTime is for how long the database is waited for, and leavingSilence how long it may be silent, once the store is being left.
	leavingTime    = time.Second
	leavingSilence = 2 * time.Second
	// lookAt is when it is first looked whether something that has not ended by then is worth waiting for, and how often after that.
	lookAt = 500 * time.Millisecond
)

// pulse is when the database answered last, and whether it is still waited for.
type pulse struct {
	began   time.Time    // what follows is since then
	heard   atomic.Int64 // when it answered last
	leaving atomic.Int64 // until when it is waited for; 0 for as long as the store is patient
}

func (p *pulse) hear() { p.heard.Store(int64(time.Since(p.began))) }

// silent reports whether the database has not answered anybody for a while.
func (p *pulse) silent() bool {
	quiet := time.Since(p.began) - time.Duration(p.heard.Load())
	return quiet >= silence || p.leaving.Load() != 0 && quiet >= leavingSilence
}

// Leave has nothing wait for the database any longer than a second, should it be away: the node stops. What the database answers goes on as before. It may
// be called twice.
func (s *Store) Leave() {
	s.pulse.leaving.CompareAndSwap(0, int64(time.Since(s.pulse.began)+leavingTime))
}

// trial is something that is tried, again while it fails for reasons that pass, until its time is over. A statement that is under way then
// goes on for as long as the database answers others: it is slow, and the server bounds it. When the database answers nobody, it is cut short.
type trial struct {
	s     *Store
	given context.Context // of the caller
	ctx   context.Context // ends with given, or when the trial is cut short
	cut   context.CancelFunc
	until time.Time
	late  bool          // it had no time from the beginning
	next  time.Duration // how long to wait before the next attempt, about

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	ended bool
}

// newTrial begins a trial of something that is wanted since a time, or since the time that its context says.
func newTrial(ctx context.Context, s *Store, since time.Time) *trial {
	if asked, ok := store.AskedAt(ctx); ok && asked.Before(since) {
		since = asked
	}
	t := &trial{s: s, given: ctx, until: since.Add(s.patience), next: 5 * time.Millisecond}
	if least := time.Now().Add(min(atLeast, s.patience)); t.until.Before(least) {
		t.until, t.late = least, time.Since(since) >= s.patience
	}
	t.ctx, t.cut = context.WithCancel(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(lookAt, t.look)
	return t
}

// look cuts the trial short when there is nothing to wait for.
func (t *trial) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	if t.left() <= 0 && t.s.pulse.silent() {
		t.cut()
		return
	}
	t.timer.Reset(lookAt)
}

// end ends the trial, and what is under way of it.
func (t *trial) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	t.timer.Stop()
	t.cut()
}

// left is how much time the trial has.
func (t *trial) left() time.Duration {
	left := time.Until(t.until)
	if leaving := t.s.pulse.leaving.Load(); leaving != 0 {
		left = min(left, time.Duration(leaving)-time.Since(t.s.pulse.began))
	}
	return left
}

// wait waits between attempts, longer each time, with some chance in it, so that nodes do not come all at once. It reports false when there is no time left.
func (t *trial) wait() bool {
	left := t.left()
	if left <= 0 || t.ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(min(left, t.next/2+rand.N(t.next)))
	defer timer.Stop()
	t.next = min(2*t.next, time.Second)
	select {
	case <-timer.C:
		return true
	case <-t.ctx.Done():
		return false
	}
}

// over is the error of a trial that waits for something, and whose context has ended.
func (t *trial) over() error {
	if err := t.given.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w: it has not answered", store.ErrAway)
}

// run runs f until it succeeds, fails for good, or its time is over.
func (t *trial) run(f func(context.Context) error) error {
	if t.late && t.s.pulse.silent() { // others who waited for the same have tried
		return t.over()
	}
	for races := 0; ; {
		select {
		case <-t.s.closed:
			return store.ErrClosed
		default:
		}
		err := f(t.ctx)
		if err == nil {
			t.s.pulse.hear()
			return nil
		}
		switch {
		case t.given.Err() != nil:
			return t.given.Err()
		case t.ctx.Err() != nil:
			return t.over()
		case isTaken(err):
			if races++; races > maxRaces {
				return plain(err)
			}
			continue // there is nothing to wait for
		case judged(err) != again:
			t.s.pulse.hear()
			return plain(err)
		}
		if !t.wait() {
			if t.given.Err() != nil {
				return t.given.Err()
			}
			return explained(err)
		}
	}
}

// retry is a trial of what is wanted from now on.
func (s *Store) retry(ctx context.Context, f func(context.Context) error) error {
	t := newTrial(ctx, s, time.Now())
	defer t.end()
	return t.run(f)
}
