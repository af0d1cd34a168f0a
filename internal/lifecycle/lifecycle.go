// Package lifecycle is the one contract by which the long-lived parts of a
// process start and stop ([Part]), and the group that keeps to it ([Group]).
//
// # Promises
//
// Parts start in the order in which they were added and stop in the reverse
// order, one after the other: a part may rely on those before it for as long as
// it works. Stopping is bounded: a part that has not stopped in its time is
// named in the log and in the error, and the next one is stopped. When a part
// fails to start, everything is stopped again.
//
// Nothing here keeps a goroutine of its own, but for [Loop] while its function
// runs. Start reading at [Part].
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Part is something that works from Start to Stop. Both may be called twice, and
// by several goroutines; the second call does nothing but wait for the first.
type Part interface {
	// Start returns once the part works. ctx bounds the starting, not the work;
	// the work may use its values. A part that was stopped does not start again.
	Start(ctx context.Context) error
	// Stop returns once the part has ended and holds nothing any more, whether it
	// was started or not. When ctx ends first, the part drops what it is doing.
	Stop(ctx context.Context) error
}

// ErrStopped is why something does not start: it was stopped before.
var ErrStopped = errors.New("already stopped")

// DefaultWithin is how long a part may take to stop unless it is given another time.
const DefaultWithin = 10 * time.Second

// grace is what a part has left to return once its time is over.
const grace = time.Second

// Group starts and stops parts. It is a Part itself. The zero value is empty; set Log before the first call.
type Group struct {
	Log *slog.Logger // slog.Default when nil

	mu      sync.Mutex // held while parts start or stop; guards what follows
	members []member
	started int // so many of the members were started
	stopped bool
	err     error // of stopping
}

var _ Part = (*Group)(nil)

type member struct {
	name   string
	part   Part
	within time.Duration
}

// Add puts a part at the end of the group; the next Start starts it. name is for
// the log and for errors. Stopping may take as long as within says;
// [DefaultWithin] when it is 0.
func (g *Group) Add(name string, within time.Duration, p Part) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if within == 0 {
		within = DefaultWithin
	}
	g.members = append(g.members, member{name, p, within})
}

// Start starts the parts that were added since it was last called. When one
// fails, all parts are stopped, and the error names the one that failed.
func (g *Group) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return ErrStopped
	}
	for ; g.started < len(g.members); g.started++ {
		m := g.members[g.started]
		if err := m.part.Start(ctx); err != nil {
			return errors.Join(fmt.Errorf("start %s: %w", m.name, err), g.stop(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// Stop stops all parts, the last one first, also those that were not started,
// and returns what went wrong. Another call returns the same error.
func (g *Group) Stop(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop(ctx)
}

func (g *Group) stop(ctx context.Context) error {
	if g.stopped {
		return g.err
	}
	g.stopped = true
	var errs []error
	for _, m := range slices.Backward(g.members) {
		if err := m.stop(ctx); err != nil {
			log := g.Log
			if log == nil {
				log = slog.Default()
			}
			log.ErrorContext(ctx, "stopping a part failed", "part", m.name, "err", err)
			errs = append(errs, fmt.Errorf("stop %s: %w", m.name, err))
		}
	}
	g.err = errors.Join(errs...)
	return g.err
}

// stop waits for the part no longer than it may take, even if it does not keep to its context.
func (m *member) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, m.within, fmt.Errorf("did not stop within %s", m.within))
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- m.part.Stop(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case err := <-ended: // it dropped the rest in time
		return err
	case <-late.C:
		return context.Cause(ctx)
	}
}
