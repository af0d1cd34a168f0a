package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// result is what a load led to.
type result struct {
	count   int64
	elapsed time.Duration
	answers histogram // from the (intended) send to the answer
}

func (r *result) rate() float64 { return float64(r.count) / r.elapsed.Seconds() }

// task sends one thing, the i-th of a load, and returns when it is answered. A
// worker, counted from 0, does one task after another.
type task func(ctx context.Context, worker, i int) error

// answerTime is how long the last answers of a load may take: those of an open
// loop that is more than the machine can do wait for all before them.
const answerTime = time.Minute

// closedLoop has workers send for d, each the next one as soon as the last is answered.
func closedLoop(ctx context.Context, workers int, d time.Duration, f task) (*result, error) {
	ctx, cancel := limited(ctx, d)
	defer cancel(nil)
	r := &result{}
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
				r.answers.add(now.Sub(sent))
				sent = now
			}
		})
	}
	wg.Wait()
	r.count, r.elapsed = r.answers.count.Load(), time.Since(began)
	return r, context.Cause(ctx)
}

// openLoop sends rate things a second for d, whether or not earlier ones are
// answered: latency counts from when a thing was meant to be sent. begins is
// told when the first one is, the i-th following at i/rate. More than workers
// cannot be under way; what has to wait for a worker waits on the clock.
func openLoop(ctx context.Context, workers, rate int, d time.Duration, begins func(time.Time), f task) (*result, error) {
	ctx, cancel := limited(ctx, d)
	defer cancel(nil)
	r := &result{}
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
				r.answers.add(time.Since(began.Add(time.Duration(i) * interval)))
			}
		})
	}
	wg.Wait()
	r.count, r.elapsed = r.answers.count.Load(), time.Since(began)
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

// meter is what a process had used at a time.
type meter struct {
	p       *process
	more    []*process
	at      time.Time
	cpu     time.Duration
	clients time.Duration // taken by this process
	machine time.Duration // taken by all processes
	figures map[string]float64
}

// usage is what it used in between.
type usage struct {
	elapsed time.Duration
	cpu     time.Duration
	clients time.Duration
	others  time.Duration // taken by processes that are none of ours
	batch   float64       // changes that shared a flush
	flush   time.Duration // the mean of a flush
}

func (p *process) meter() (m meter, err error) {
	m = meter{p: p, at: time.Now()}
	if m.cpu, err = cpuTime(p.pid()); err != nil {
		return m, err
	}
	if m.clients, err = cpuTime(os.Getpid()); err != nil {
		return m, err
	}
	m.machine, err = machineTime()
	return m, err
}

// and adds what another process has used to a meter.
func (m *meter) and(p *process) error {
	cpu, err := cpuTime(p.pid())
	m.cpu += cpu
	m.more = append(m.more, p)
	return err
}

func (m *meter) read() (u usage, err error) {
	now, err := m.p.meter()
	for _, p := range m.more {
		err = errors.Join(err, now.and(p))
	}
	u = usage{elapsed: now.at.Sub(m.at), cpu: now.cpu - m.cpu, clients: now.clients - m.clients}
	u.others = max(0, now.machine-m.machine-u.cpu-u.clients)
	return u, err
}

// per returns the processor time in microseconds that each of n took.
func (u usage) per(n int64) float64 { return float64(u.cpu.Microseconds()) / float64(max(n, 1)) }

// show adds what n things took to the report: what the server, its clients
// and everybody else had of the processors, and how changes shared flushes.
func (u usage) show(r *report, prefix string, n int64, p *probes) {
	f := r.add(prefix+"server CPU", u.per(n), "us")
	if p != nil {
		f.beside("HTTP echo us", p.httpCPU)
	}
	r.add(prefix+"clients' CPU", float64(u.clients.Microseconds())/float64(max(n, 1)), "us")
	r.add(prefix+"CPU taken by other programs", 100*u.others.Seconds()/u.elapsed.Seconds(), "% of a core")
	r.add(prefix+"changes in one flush", u.batch, "")
	r.add(prefix+"flush, mean", milliseconds(u.flush), "ms")
}

// The histograms of a server that tell how it groups changes.
var flushMetrics = []string{"parley_commit_changes_sum", "parley_commit_changes_count", "parley_flush_seconds_sum"}

// meter also reads what a server says of its flushes.
func (s *server) meter() (m meter, err error) {
	m, err = s.process.meter()
	for _, p := range s.more {
		err = errors.Join(err, m.and(p))
	}
	if err == nil {
		m.figures, err = s.counters(flushMetrics...)
	}
	return m, err
}

// measured runs a closed loop and returns what it did, and what the server used for it.
func (b *bench) measured(ctx context.Context, s *server, name string, workers int, f task) (*result, usage, error) {
	m, err := s.meter()
	if err != nil {
		return nil, usage{}, err
	}
	profiled := b.profile(s, name, b.lasts)
	r, err := closedLoop(ctx, workers, b.lasts, f)
	if err != nil {
		return nil, usage{}, err
	}
	u, err := s.used(m)
	if err == nil {
		profiled()
	}
	return r, u, err
}

func (s *server) used(m meter) (usage, error) {
	u, err := m.read()
	if err != nil {
		return u, err
	}
	now, err := s.counters(flushMetrics...)
	since := func(name string) float64 { return now[name] - m.figures[name] }
	if n := since(flushMetrics[1]); n > 0 {
		u.batch, u.flush = since(flushMetrics[0])/n, time.Duration(since(flushMetrics[2])/n*float64(time.Second))
	}
	return u, err
}
