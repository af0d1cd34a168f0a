package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"parley.example/parley/bench/gauge"
)

// outcome is what was measured of a system.
type outcome struct {
	system
	probes *gauge.Probes
	closed loaded
	open   loaded
}

// loaded is what a load led to.
type loaded struct {
	rate       float64 // messages per second that were acknowledged, and heard by both listeners
	count      int64
	answers    *gauge.Histogram
	deliveries *gauge.Deliveries
	used       gauge.Usage
}

// mostPerSecond bounds what a closed loop follows: more than any of them does.
const mostPerSecond = 200_000

// measure starts a system, loads it and stops it.
func (r *run) measure(ctx context.Context, s system) (o *outcome, err error) {
	o = &outcome{system: s}
	if o.probes, err = gauge.Probe(ctx, r.dir, r.writers, r.lasts/5); err != nil {
		return nil, err
	}
	p, err := s.start(ctx, r)
	defer func() { err = errors.Join(err, p.leave()) }()
	if err != nil {
		return nil, err
	}
	p.listen()
	if _, err := r.load(ctx, p, 1, r.lasts/5, 0); err != nil { // what is slow once
		return nil, fmt.Errorf("the load before the others: %w", err)
	}
	if o.closed, err = r.load(ctx, p, 3, r.lasts, 0); err != nil {
		return nil, fmt.Errorf("closed loop: %w", err)
	}
	if o.open, err = r.load(ctx, p, 5, r.lasts, r.rate); err != nil {
		return nil, fmt.Errorf("open loop: %w", err)
	}
	return o, nil
}

// load writes messages for a while, at a rate or, where that is 0, as fast as they are acknowledged, and accounts for them. Its messages
// have a number, and the last ones the next number.
func (r *run) load(ctx context.Context, p *place, number int, lasts time.Duration, rate int) (l loaded, err error) {
	n := int(float64(rate) * lasts.Seconds())
	if rate == 0 {
		n = int(mostPerSecond * (lasts.Seconds() + 1))
	}
	h := &hearing{gauge.NewDeliveries(number, n), gauge.NewDeliveries(number+1, r.rooms)}
	m, err := gauge.NewMeter(p.pids...)
	if err != nil {
		return l, err
	}
	var result *gauge.Result
	began := time.Now()
	if rate == 0 {
		p.now.Store(h)
		result, err = gauge.ClosedLoop(ctx, r.writers, lasts, p.task(h.load, r.rooms, false))
	} else {
		result, err = gauge.OpenLoop(ctx, r.writers, rate, lasts, func(began time.Time) {
			h.load.Aim(began, rate)
			p.now.Store(h)
		}, p.task(h.load, r.rooms, true))
	}
	if err != nil {
		return l, err
	}
	if err := p.settle(ctx, h, r.rooms, result.Count); err != nil {
		return l, err
	}
	if l.used, err = m.Read(); err != nil {
		return l, err
	}
	l.count, l.answers, l.deliveries = result.Count, &result.Answers, h.load
	l.rate = float64(l.count) / time.Since(began).Seconds() // the last delivery included
	return l, nil
}

// The columns of the table. Those that are held against the first row have a ratio.
var columns = []struct {
	title string
	held  bool
	of    func(*outcome) float64
}{
	{"messages/s", true, func(o *outcome) float64 { return o.closed.rate }},
	{"answer p50, ms", true, func(o *outcome) float64 { return gauge.Milliseconds(o.closed.answers.P50()) }},
	{"answer p99, ms", true, func(o *outcome) float64 { return gauge.Milliseconds(o.closed.answers.P99()) }},
	{"at %d/s: both p50, ms", true, func(o *outcome) float64 { return gauge.Milliseconds(o.open.deliveries.Both.P50()) }},
	{"at %d/s: both p99, ms", true, func(o *outcome) float64 { return gauge.Milliseconds(o.open.deliveries.Both.P99()) }},
	{"server CPU, µs", true, func(o *outcome) float64 { return o.closed.used.Per(o.closed.count) }},
	{"at %d/s: server CPU, µs", true, func(o *outcome) float64 { return o.open.used.Per(o.open.count) }},
	{"loader CPU, µs", false, func(o *outcome) float64 { return o.closed.used.ClientsPer(o.closed.count) }},
	{"other programs, % of a core", false, func(o *outcome) float64 {
		return 100 * o.closed.used.Others.Seconds() / o.closed.used.Elapsed.Seconds()
	}},
	{"append + fdatasync /s", false, func(o *outcome) float64 { return o.probes.Disk.Rate() }},
	{"fdatasync p50, ms", false, func(o *outcome) float64 { return gauge.Milliseconds(o.probes.Disk.Answers.P50()) }},
	{"fdatasync p99, ms", false, func(o *outcome) float64 { return gauge.Milliseconds(o.probes.Disk.Answers.P99()) }},
	{"HTTP echo /s", false, func(o *outcome) float64 { return o.probes.HTTP.Rate() }},
	{"HTTP echo CPU, µs", false, func(o *outcome) float64 { return o.probes.HTTPCPU }},
}

// table prints the outcomes as rows of Markdown. In brackets is the ratio to the first system, where that was measured.
func (r *run) table(rows []*outcome) error {
	revision, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		revision = []byte("unknown")
	}
	if _, err := fmt.Fprintf(r.out, "%s\n%s, revision %s\n%d rooms of two listeners, %d writers, loads of %v; every acknowledged message was heard by both listeners, once\n\n",
		gauge.Machine(), time.Now().UTC().Format(time.RFC3339), strings.TrimSpace(string(revision)), r.rooms, r.writers, r.lasts); err != nil {
		return err
	}
	head, rule := "| system", "|---"
	for _, c := range columns {
		if strings.Contains(c.title, "%d") {
			c.title = fmt.Sprintf(c.title, r.rate)
		}
		head, rule = head+" | "+c.title, rule+"|---"
	}
	lines := []string{head + " |", rule + "|"}
	for _, o := range rows {
		cells := []string{o.title}
		for _, c := range columns {
			cell := gauge.Number(c.of(o))
			if first := rows[0]; c.held && o != first && first.name == systems[0].name && c.of(first) > 0 {
				cell += fmt.Sprintf(" (%.2f)", c.of(o)/c.of(first))
			}
			cells = append(cells, cell)
		}
		lines = append(lines, "| "+strings.Join(cells, " | ")+" |")
	}
	_, err = fmt.Fprintln(r.out, strings.Join(lines, "\n"))
	return err
}
