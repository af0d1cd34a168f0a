package main

import (
	"context"
	"path/filepath"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
)

// meter is what a server had used at a time, with what it says of its flushes.
type meter struct {
	gauge.Meter
	of      *target.Server
	figures map[string]float64
}

// usage is what it used in between.
type usage struct {
	gauge.Usage
	batch float64       // changes that shared a flush
	flush time.Duration // the mean of a flush
}

// The histograms of a server that tell how it groups changes.
var flushMetrics = []string{"parley_commit_changes_sum", "parley_commit_changes_count", "parley_flush_seconds_sum"}

func newMeter(s *target.Server) (m *meter, err error) {
	m = &meter{of: s}
	if m.Meter, err = s.Meter(); err == nil {
		m.figures, err = s.Counters(flushMetrics...)
	}
	return m, err
}

func (m *meter) read() (u usage, err error) {
	if u.Usage, err = m.Read(); err != nil {
		return u, err
	}
	now, err := m.of.Counters(flushMetrics...)
	since := func(name string) float64 { return now[name] - m.figures[name] }
	if n := since(flushMetrics[1]); n > 0 {
		u.batch, u.flush = since(flushMetrics[0])/n, time.Duration(since(flushMetrics[2])/n*float64(time.Second))
	}
	return u, err
}

// show adds what n things took to the report: what the server, its clients
// and everybody else had of the processors, and how changes shared flushes.
func (u usage) show(r *report, prefix string, n int64, p *gauge.Probes) {
	f := r.add(prefix+"server CPU", u.Per(n), "us")
	if p != nil {
		f.beside("HTTP echo us", p.HTTPCPU)
	}
	r.add(prefix+"clients' CPU", u.ClientsPer(n), "us")
	r.add(prefix+"CPU taken by other programs", 100*u.Others.Seconds()/u.Elapsed.Seconds(), "% of a core")
	r.add(prefix+"changes in one flush", u.batch, "")
	r.add(prefix+"flush, mean", gauge.Milliseconds(u.flush), "ms")
}

// probe measures the machine with the number of connections that the load will have.
func (b *bench) probe(ctx context.Context, workers int) (*gauge.Probes, error) {
	return gauge.Probe(ctx, b.dir, workers, b.probing())
}

// showProbes adds the probes' own figures to the report.
func (r *report) showProbes(p *gauge.Probes) {
	r.add("probe: append + fdatasync", p.Disk.Rate(), "/s")
	r.add("probe: append + fdatasync, p50", gauge.Milliseconds(p.Disk.Answers.P50()), "ms")
	r.add("probe: append + fdatasync, p99", gauge.Milliseconds(p.Disk.Answers.P99()), "ms")
	r.add("probe: HTTP echo", p.HTTP.Rate(), "/s")
	r.add("probe: HTTP echo, server CPU", p.HTTPCPU, "us")
	r.add("probe: WebSocket echo", p.Sockets.Rate(), "/s")
}

// startServer starts a server on a data directory, new or used.
func (b *bench) startServer(ctx context.Context, data string) (*target.Server, error) {
	return target.Start(ctx, target.Config{Binary: b.server, Data: data, Shared: &b.shared, Profiled: b.pprof != ""})
}

// chatting starts a server in a directory of its own, and its chats. The caller kills the server.
func (b *bench) chatting(ctx context.Context, name string) (s *target.Server, c *target.Centre, chats []*connect.StartChatContactResponse, err error) {
	if s, err = b.startServer(ctx, filepath.Join(b.dir, name)); err != nil {
		return nil, nil, nil, err
	}
	if c, err = target.Open(ctx, s, b.sender); err == nil {
		chats, err = c.StartMany(ctx, b.chats, b.starter, target.Connection...)
	}
	if err != nil {
		s.Kill()
	}
	return s, c, chats, err
}

// measured runs a closed loop and returns what it did, and what the server used for it.
func (b *bench) measured(ctx context.Context, s *target.Server, name string, workers int, f gauge.Task) (*gauge.Result, usage, error) {
	m, err := newMeter(s)
	if err != nil {
		return nil, usage{}, err
	}
	profiled := b.profile(s, name, b.lasts)
	r, err := gauge.ClosedLoop(ctx, workers, b.lasts, f)
	if err != nil {
		return nil, usage{}, err
	}
	u, err := m.read()
	if err == nil {
		profiled()
	}
	return r, u, err
}
