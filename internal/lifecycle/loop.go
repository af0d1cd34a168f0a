package lifecycle

import (
	"context"
	"sync"
	"time"
)

// Stopper is a part that works as soon as it has been made; the function stops
// it, and bears to be called twice.
type Stopper func(ctx context.Context) error

// Start implements [Part]: there is nothing to do.
func (Stopper) Start(context.Context) error { return nil }

// Stop implements [Part].
func (f Stopper) Stop(ctx context.Context) error { return f(ctx) }

// Loop returns a part that runs f in a goroutine of its own. Stopping ends f's
// context and waits until f has returned.
func Loop(f func(ctx context.Context)) Part { return &loop{run: f} }

// Every returns a part that calls f when it starts and then at every interval,
// one call at a time; the context of a call ends when the part stops.
func Every(interval time.Duration, f func(ctx context.Context)) Part {
	return Loop(func(ctx context.Context) {
		t := time.NewTicker(interval)
		defer t.Stop()
		for {
			f(ctx)
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	})
}

type loop struct {
	run func(context.Context)

	mu      sync.Mutex // guards what follows
	cancel  context.CancelFunc
	ended   chan struct{} // nil until it starts
	stopped bool
}

// Start implements [Part].
func (l *loop) Start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stopped:
		return ErrStopped
	case l.ended != nil:
		return nil
	}
	ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	l.ended = ended
	go func() {
		defer close(ended)
		l.run(ctx)
	}()
	return nil
}

// Stop implements [Part].
func (l *loop) Stop(ctx context.Context) error {
	l.mu.Lock()
	l.stopped = true
	ended, cancel := l.ended, l.cancel
	l.mu.Unlock()
	if ended == nil {
		return nil
	}
	cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
