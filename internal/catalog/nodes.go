package catalog

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Fresh is for how long a snapshot may miss what another node wrote when every
// notice is lost, besides the time of one question to the store.
const Fresh = 2 * time.Second

// cached is a snapshot with what is known of the writes of other nodes since.
type cached struct {
	snap    *Snapshot
	invalid atomic.Bool  // to be loaded again, whatever its revision is
	noticed atomic.Int64 // the highest revision that other nodes have published
	stop    func()       // ends the notices; nil when there are none

	mu        sync.Mutex  // guards what follows
	compared  time.Time   // when the snapshot had the store's revision
	comparing *comparison // the one under way
}

// comparison is one question for the store's revision, for all who wait for it.
type comparison struct {
	done chan struct{}
	err  error // once done is closed
}

// newCached returns the entry for a snapshot that is about to be read or written:
// what other nodes publish from now on counts for it. It has to be closed.
func (c *cache) newCached(id center.InstanceID) *cached {
	e := &cached{}
	if c.loader.rows.shared {
		e.compared = time.Now()
		b, node := c.loader.rows.bus, c.loader.rows.node
		s := &bus.Subscription{Subject: bus.Instance(id), Receive: func(m bus.Message) {
			if m.Origin != node {
				e.notice(m.Version)
			}
		}}
		b.Subscribe(s)
		e.stop = func() { b.Unsubscribe(s) }
	}
	return e
}

// succeed takes over what is known of a snapshot of the same revision.
func (e *cached) succeed(former *cached) {
	e.notice(former.noticed.Load())
	former.mu.Lock()
	defer former.mu.Unlock()
	e.compared = former.compared
}

func (e *cached) close() {
	if e.stop != nil {
		e.stop()
	}
}

// notice notes that the instance has come to a revision. It may be called late,
// twice, or in any order, and does not block.
func (e *cached) notice(revision int64) {
	for known := e.noticed.Load(); revision > known && !e.noticed.CompareAndSwap(known, revision); {
		known = e.noticed.Load()
	}
}

// outdated reports whether the instance is known to have changed since.
func (e *cached) outdated() bool { return e.invalid.Load() || e.noticed.Load() > e.snap.Revision }

// compare invalidates a snapshot of which the store has another revision, if they
// were not compared lately. One caller asks the store; others wait for no more
// than that answer, and go on with what there is while it is younger than [Fresh].
func (c *cache) compare(ctx context.Context, e *cached) error {
	wait, mine := e.due()
	switch {
	case wait == nil:
		return nil
	case mine:
		return c.ask(ctx, e, wait)
	}
	select {
	case <-wait.done:
		return wait.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// due returns the comparison that the caller has to wait for, nil for none; mine
// says that the caller has to make it.
func (e *cached) due() (wait *comparison, mine bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	age := time.Since(e.compared)
	switch {
	case age < Fresh/2:
		return nil, false
	case e.comparing == nil:
		e.comparing = &comparison{done: make(chan struct{})}
		return e.comparing, true
	case age < Fresh:
		return nil, false
	}
	return e.comparing, false
}

// ask makes a comparison. Since others wait for it, it does not end with the
// caller's context.
func (c *cache) ask(ctx context.Context, e *cached, made *comparison) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Fresh)
	defer cancel()
	at, same := time.Now(), false
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if same {
			e.compared = at
		}
		e.comparing = nil
		close(made.done)
	}()
	revision, err := c.loader.rows.revision(ctx, e.snap.ID())
	if err != nil && ctx.Err() != nil { // the time of the comparison, not that of anybody who waits
		err = fmt.Errorf("compare the instance %s: %w", e.snap.ID(), store.ErrAway)
	}
	if made.err = err; err != nil {
		return err
	}
	if same = revision == e.snap.Revision; !same {
		e.invalid.Store(true)
	}
	return nil
}
