package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// How ChatJS keeps a connection alive: two frames every ten seconds.
const (
	beatEvery = 10 * time.Second
	wheelTick = 10 * time.Millisecond // in which a thousandth of the sockets beats
)

// idler is a customer who says nothing.
type idler struct {
	*socket
	beat atomic.Int64 // when the last heartbeat was sent, since the wheel began
}

// wheel has all idlers beat.
type wheel struct {
	began    time.Time
	idlers   []*idler
	beats    int          // so far
	asked    atomic.Int64 // heartbeats and pings sent
	answered atomic.Int64
	replies  histogram // of heartbeats
	closing  atomic.Bool
	lost     atomic.Pointer[error]
	readers  sync.WaitGroup
}

func (w *wheel) listen(s *idler) {
	for {
		frame, err := s.read()
		if err != nil {
			if !w.closing.Load() {
				w.lost.Store(&err)
			}
			return
		}
		switch {
		case strings.HasPrefix(string(frame), `{"topic":"aws/ping"`):
			w.answered.Add(1)
		case strings.HasPrefix(string(frame), `{"topic":"aws/heartbeat"`):
			w.answered.Add(1)
			w.replies.add(time.Since(w.began) - time.Duration(s.beat.Load()))
		}
	}
}

// run turns the wheel until ctx ends: each socket writes its ping and its
// heartbeat every ten seconds, in two writes as a browser does.
func (w *wheel) run(ctx context.Context) error {
	tick := time.NewTicker(wheelTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if lost := w.lost.Load(); lost != nil {
			return fmt.Errorf("a socket ended: %w", *lost)
		}
		for due := int(float64(len(w.idlers)) * time.Since(w.began).Seconds() / beatEvery.Seconds()); w.beats < due; w.beats++ {
			s := w.idlers[w.beats%len(w.idlers)]
			if err := s.write(pingFrame); err != nil {
				return err
			}
			s.beat.Store(int64(time.Since(w.began)))
			if err := s.write(heartbeatFrame); err != nil {
				return err
			}
			w.asked.Add(2)
		}
	}
}

// memoryMetrics are what a server says of its own memory.
var memoryMetrics = []string{"go_memstats_stack_inuse_bytes", "go_memstats_next_gc_bytes"}

// idleSockets measures what connected customers cost who say nothing.
func (b *bench) idleSockets(ctx context.Context) error {
	b.report.scenario = "idle"
	s, err := b.startServer(ctx, filepath.Join(b.dir, "idle"))
	if err != nil {
		return err
	}
	defer func() { s.kill() }() // the last one
	c, err := open(ctx, s)
	if err != nil {
		return err
	}
	list, err := c.startMany(ctx, b.idle, b.starter)
	if err != nil {
		return err
	}
	if s, err = b.restart(ctx, s); err != nil { // what starting chats left in memory is not the connections'
		return err
	}
	time.Sleep(b.settle())
	memory, err := resident(s.pid())
	if err != nil {
		return err
	}
	kernel, slabKnown := slab()

	w := &wheel{idlers: make([]*idler, len(list))}
	began := time.Now()
	err = each(ctx, len(list), 32, func(call *caller, i int) error {
		conn, err := connectCustomer(call, list[i])
		if err != nil {
			return err
		}
		sock, err := subscribe(s.addr, conn)
		if err != nil {
			return err
		}
		w.idlers[i] = &idler{socket: sock}
		return nil
	}, s.addr)
	connecting := time.Since(began)
	defer func() {
		w.closing.Store(true)
		for _, i := range w.idlers {
			if i != nil {
				i.close()
			}
		}
		w.readers.Wait()
	}()
	if err != nil {
		return err
	}
	w.began = time.Now()
	for _, i := range w.idlers {
		w.readers.Go(func() { w.listen(i) })
	}

	turning, stop := context.WithTimeout(ctx, b.hold) // what connecting needed is given back
	defer stop()
	if err := w.run(turning); err != nil {
		return err
	}
	m, err := s.meter()
	if err != nil {
		return err
	}
	asked := w.asked.Load()
	profiled := b.profile(s, "idle", b.lasts)
	measured, stop := context.WithTimeout(ctx, b.lasts)
	defer stop()
	if err := w.run(measured); err != nil {
		return err
	}
	u, err := s.used(m)
	if err != nil {
		return err
	}
	full, err := resident(s.pid())
	if err != nil {
		return err
	}
	kernelFull, _ := slab()
	parts, err := s.counters(memoryMetrics...)
	if err != nil {
		return err
	}
	profiled()
	n := float64(len(w.idlers))
	if got, want := w.answered.Load(), w.asked.Load(); got < want-int64(n/10) {
		return fmt.Errorf("%d of %d heartbeats were answered", got, want)
	}
	b.report.add("connections, each with its own chat", n, "").atLeast(15000)
	b.report.add("memory of a connection, resident", float64(full-memory)/n, "B").atMost(9000)
	if slabKnown {
		b.report.add("  kernel's, both ends of it", float64(kernelFull-kernel)/n, "B")
	}
	b.report.add("  stacks", parts[memoryMetrics[0]]/n, "B")
	b.report.add("  heap at the next collection", parts[memoryMetrics[1]]/n, "B")
	b.report.add("resident before", float64(memory)/1e6, "MB")
	b.report.add("resident with all", float64(full)/1e6, "MB")
	b.report.add("connected and subscribed", n/connecting.Seconds(), "/s")
	b.report.add("heartbeat frames", float64(w.asked.Load()-asked)/u.elapsed.Seconds(), "/s")
	b.report.add("  answered p50", milliseconds(w.replies.p50()), "ms")
	b.report.add("  answered p99", milliseconds(w.replies.p99()), "ms")
	b.report.add("  server CPU, of one core", 100*u.cpu.Seconds()/u.elapsed.Seconds(), "%")
	return nil
}
