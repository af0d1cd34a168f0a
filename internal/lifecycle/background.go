package lifecycle

import (
	"context"
	"sync"
)

// Background is what a part does beside what it is asked for: work of which somebody waits for the end. The zero value is ready.
type Background struct {
	mu      sync.Mutex // guards stopped
	stopped bool
	work    sync.WaitGroup // added to while not stopped
}

// Go runs f in a goroutine of its own, unless Stop has been called.
func (b *Background) Go(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped {
		b.work.Go(f)
	}
}

// Stop lets nothing begin any more and waits for what is under way. Then, or when ctx ends before, it calls cut, after which the
// work must end soon, and returns when it has. The error is ctx's. It may be called twice.
func (b *Background) Stop(ctx context.Context, cut func()) (err error) {
	b.mu.Lock()
	b.stopped = true
	b.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		b.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	cut()
	<-ended
	return err
}
