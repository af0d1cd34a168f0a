package gauge

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Result is what a load led to.
type Result struct {
	Count   int64
	Elapsed time.Duration
	Answers Histogram // from the (intended) send to the answer
}

// Rate is how many there were in a second.
func (r *Result) Rate() float64 { return float64(r.Count) / r.Elapsed.Seconds() }

// Task sends one thing, the i-th of a load, and returns when it is answered. A
// worker, counted from 0, does one task after another.
type Task func(ctx context.Context, worker, i int) error

// answerTime is how long the last answers of a load may take: those of an open
// loop that is more than the machine can do wait for all before them.
const answerTime = time.Minute

// ClosedLoop has workers send for d, each the next one as soon as the last is answered.
func ClosedLoop(ctx context.Context, workers int, d time.Duration, f Task) (*Result, error) {
	ctx, cancel := limited(ctx, d)
	defer cancel(nil)
	r := &Result{}
	var next atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for worker := range workers {
		wg.Go(func() {
			for sent := time.Now(); sent.Sub(began) < d && ctx.Err() == nil; {
				if err := f(ctx, worker, int(next.Add(1)-1)); err != nil {
					cancel(err)
					return
				}
				now := time.Now()
				r.Answers.Add(now.Sub(sent))
				sent = now
			}
		})
	}
	wg.Wait()
	r.Count, r.Elapsed = r.Answers.Count(), time.Since(began)
	return r, context.Cause(ctx)
}

// OpenLoop sends rate things a second for d, whether or not earlier ones are
// answered: latency counts from when a thing was meant to be sent. begins is
// told when the first one is, the i-th following at i/rate. More than workers
// cannot be under way; what has to wait for a worker waits on the clock.
func OpenLoop(ctx context.Context, workers, rate int, d time.Duration, begins func(time.Time), f Task) (*Result, error) {
	ctx, cancel := limited(ctx, d)
	defer cancel(nil)
	r := &Result{}
	n := int(float64(rate) * d.Seconds())
	due := make(chan int, n)
	interval := time.Second / time.Duration(rate)
	began := time.Now().Add(10 * time.Millisecond)
	begins(began)
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(due)
		for i := 0; i < n && ctx.Err() == nil; {
			behind := time.Since(began.Add(time.Duration(i) * interval))
			if behind < 0 {
				pause(-behind)
				continue
			}
			due <- i
			i++
		}
	})
	for worker := range workers {
		wg.Go(func() {
			for i := range due {
				if err := f(ctx, worker, i); err != nil {
					cancel(err)
					return
				}
				r.Answers.Add(time.Since(began.Add(time.Duration(i) * interval)))
			}
		})
	}
	wg.Wait()
	r.Count, r.Elapsed = r.Answers.Count(), time.Since(began)
	return r, context.Cause(ctx)
}

// limited returns the context of a load that lasts for d. Calls made with it
// have a deadline, so that none needs one of its own.
func limited(ctx context.Context, d time.Duration) (context.Context, context.CancelCauseFunc) {
	ctx, stop := context.WithTimeoutCause(ctx, d+answerTime, fmt.Errorf("the last answers took more than %v", answerTime))
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, func(cause error) {
		cancel(cause)
		stop()
	}
}

// Each calls f for 0 to n-1, from some goroutines, until one fails.
func Each(ctx context.Context, n, workers int, f func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
