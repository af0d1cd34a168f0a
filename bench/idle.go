package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"parley/client"
)

// memoryMetrics are what a server says of its own memory.
var memoryMetrics = []string{"go_memstats_stack_inuse_bytes", "go_memstats_next_gc_bytes"}

// rest lets the guests be for d.
func (g *guests) rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
	}
	return g.trouble()
}

// idleSockets measures what connected customers cost who say nothing.
func (b *bench) idleSockets(ctx context.Context) error {
	b.report.scenario = "idle"
	s, err := b.startServer(ctx, filepath.Join(b.dir, "idle"))
	if err != nil {
		return err
	}
	defer func() { s.kill() }() // the last one
	c, err := open(ctx, s, b.starter)
	if err != nil {
		return err
	}
	tokens, err := c.startMany(ctx, b.idle, b.starter)
	if err != nil {
		return err
	}
	c.CloseIdleConnections()
	if s, err = b.restart(ctx, s); err != nil { // what starting chats left in memory is not the connections'
		return err
	}
	debug.FreeOSMemory() // nor is what it left here
	time.Sleep(b.settle())
	before, err := weigh(s)
	if err != nil {
		return err
	}

	began := time.Now()
	var watch *tap
	if c, err = reach(s, joiners, func(t *http.Transport) client.Connector {
		watch = &tap{Transport: t, began: began}
		return watch
	}); err != nil {
		return err
	}
	g, err := invite(ctx, c, tokens, 1, func(*client.Item) {})
	if err != nil {
		return err
	}
	defer g.leave()
	connecting := time.Since(began)
	c.CloseIdleConnections()
	debug.FreeOSMemory()
	if err := g.rest(ctx, b.hold); err != nil { // what connecting needed is given back
		return err
	}
	m, err := s.meter()
	if err != nil {
		return err
	}
	beats := &heartbeats{}
	watch.beats.Store(beats)
	profiled := b.profile(s, "idle", b.lasts)
	if err := g.rest(ctx, b.lasts); err != nil {
		return err
	}
	u, err := s.used(m)
	if err != nil {
		return err
	}
	asked, answered := beats.asked.Load(), beats.replies.count.Load()
	full, err := weigh(s)
	if err != nil {
		return err
	}
	parts, err := s.counters(memoryMetrics...)
	if err != nil {
		return err
	}
	profiled()
	watch.beats.Store(nil)
	n := float64(len(tokens))
	if answered < asked-int64(n/10) {
		return fmt.Errorf("%d of %d heartbeats were answered", answered, asked)
	}
	b.report.add("connections, each with its own chat", n, "").atLeast(15000)
	b.report.add("memory of a connection, resident", float64(full.server-before.server)/n, "B").atMost(9000)
	if before.slabKnown {
		b.report.add("  kernel's, both ends of it", float64(full.slab-before.slab)/n, "B")
	}
	b.report.add("  stacks", parts[memoryMetrics[0]]/n, "B")
	b.report.add("  heap at the next collection", parts[memoryMetrics[1]]/n, "B")
	b.report.add("client's memory of a session, held", float64(full.held-before.held)/n, "B").atMost(16 << 10)
	b.report.add("  resident, what the collector has not given back included", float64(full.clients-before.clients)/n, "B")
	b.report.add("  goroutines", float64(full.goroutines-before.goroutines)/n, "")
	b.report.add("resident before", float64(before.server)/1e6, "MB")
	b.report.add("resident with all", float64(full.server)/1e6, "MB")
	b.report.add("joined: connected, subscribed, transcript read", n/connecting.Seconds(), "/s")
	b.report.add("heartbeats", float64(asked)/u.elapsed.Seconds(), "/s")
	b.report.add("  answered p50", milliseconds(beats.replies.p50()), "ms")
	b.report.add("  answered p99", milliseconds(beats.replies.p99()), "ms")
	b.report.add("  server CPU, of one core", 100*u.cpu.Seconds()/u.elapsed.Seconds(), "%")
	b.report.add("  clients' CPU, of one core", 100*u.clients.Seconds()/u.elapsed.Seconds(), "%")
	return nil
}

// weight is what there is in memory at a time.
type weight struct {
	server, clients int64 // resident
	held            int64 // by the clients' heap and stacks, after a collection
	goroutines      int   // of the clients
	slab            int64 // the kernel's small objects
	slabKnown       bool
}

func weigh(s *server) (w weight, err error) {
	if w.server, err = resident(s.pid()); err != nil {
		return w, err
	}
	if w.clients, err = resident(os.Getpid()); err != nil {
		return w, err
	}
	w.slab, w.slabKnown = slab()
	w.goroutines = runtime.NumGoroutine()
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.held = int64(m.HeapAlloc + m.StackInuse)
	return w, nil
}
