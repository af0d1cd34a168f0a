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

	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/client"
)

// memoryMetrics are what a server says of its own memory.
var memoryMetrics = []string{"go_memstats_stack_inuse_bytes", "go_memstats_next_gc_bytes"}

// rest lets the guests be for d.
func (g *customerSessions) rest(ctx context.Context, d time.Duration) error {
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
	defer func() { s.Kill() }() // the last one
	c, err := target.Open(ctx, s, b.starter)
	if err != nil {
		return err
	}
	chats, err := c.StartMany(ctx, b.idle, b.starter)
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
	if c, err = target.Reach(s, joiners, func(t *http.Transport) client.Connector {
		watch = &tap{Transport: t, began: began}
		return watch
	}); err != nil {
		return err
	}
	g, err := joinChats(ctx, c, chats, 1, func(int, *client.Item) {})
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
	m, err := newMeter(s)
	if err != nil {
		return err
	}
	beats := &heartbeats{}
	watch.beats.Store(beats)
	profiled := b.profile(s, "idle", b.lasts)
	if err := g.rest(ctx, b.lasts); err != nil {
		return err
	}
	u, err := m.read()
	if err != nil {
		return err
	}
	asked, answered := beats.asked.Load(), beats.replies.Count()
	full, err := weigh(s)
	if err != nil {
		return err
	}
	parts, err := s.Counters(memoryMetrics...)
	if err != nil {
		return err
	}
	profiled()
	watch.beats.Store(nil)
	if answered < asked-int64(len(chats)/10) {
		return fmt.Errorf("%d of %d heartbeats were answered", answered, asked)
	}
	r := rested{
		sessions: float64(len(chats)), connecting: connecting, before: before, full: full, parts: parts,
		asked: asked, replies: &beats.replies, used: u,
	}
	r.show(&b.report)
	return nil
}

// rested is what sessions cost that say nothing.
type rested struct {
	sessions     float64
	connecting   time.Duration      // until all had joined
	before, full weight             // without them and with them
	parts        map[string]float64 // the server's memoryMetrics
	asked        int64              // heartbeats
	replies      *gauge.Histogram
	used         usage
}

func (r *rested) show(to *report) {
	n := r.sessions
	to.add("connections, each with its own chat", n, "").atLeast(15000)
	to.add("memory of a connection, resident", float64(r.full.server-r.before.server)/n, "B").atMost(9000)
	if r.before.slabKnown {
		to.add("  kernel's, both ends of it", float64(r.full.slab-r.before.slab)/n, "B")
	}
	to.add("  stacks", r.parts[memoryMetrics[0]]/n, "B")
	to.add("  heap at the next collection", r.parts[memoryMetrics[1]]/n, "B")
	to.add("client's memory of a session, held", float64(r.full.held-r.before.held)/n, "B").atMost(16 << 10)
	to.add("  resident, what the collector has not given back included", float64(r.full.clients-r.before.clients)/n, "B")
	to.add("  goroutines", float64(r.full.goroutines-r.before.goroutines)/n, "")
	to.add("resident before", float64(r.before.server)/1e6, "MB")
	to.add("resident with all", float64(r.full.server)/1e6, "MB")
	to.add("joined: connected, subscribed, transcript read", n/r.connecting.Seconds(), "/s")
	to.add("heartbeats", float64(r.asked)/r.used.Elapsed.Seconds(), "/s")
	to.add("  answered p50", gauge.Milliseconds(r.replies.P50()), "ms")
	to.add("  answered p99", gauge.Milliseconds(r.replies.P99()), "ms")
	to.add("  server CPU, of one core", 100*r.used.CPU.Seconds()/r.used.Elapsed.Seconds(), "%")
	to.add("  clients' CPU, of one core", 100*r.used.Clients.Seconds()/r.used.Elapsed.Seconds(), "%")
}

// weight is what there is in memory at a time.
type weight struct {
	server, clients int64 // resident
	held            int64 // by the clients' heap and stacks, after a collection
	goroutines      int   // of the clients
	slab            int64 // the kernel's small objects
	slabKnown       bool
}

func weigh(s *target.Server) (w weight, err error) {
	if w.server, err = gauge.Resident(s.PID()); err != nil {
		return w, err
	}
	if w.clients, err = gauge.Resident(os.Getpid()); err != nil {
		return w, err
	}
	w.slab, w.slabKnown = gauge.Slab()
	w.goroutines = runtime.NumGoroutine()
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.held = int64(m.HeapAlloc + m.StackInuse)
	return w, nil
}
