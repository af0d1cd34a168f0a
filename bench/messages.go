package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
)

// maxClosed bounds the messages of a closed loop.
const maxClosed = 3_000_000

// messages measures SendMessage, each on disk before its answer and delivered
// to two sockets: as fast as it goes, and at set rates.
func (b *bench) messages(ctx context.Context) error {
	b.report.scenario = "messages"
	s, c, chats, err := b.chatting(ctx, "messages")
	if err != nil {
		return err
	}
	defer func() { s.Kill() }() // the last one
	a, err := assemble(ctx, c, chats)
	if err != nil {
		return err
	}
	a.leave()
	if s, err = b.restart(ctx, s); err != nil { // all that is not a message is in the database file
		return err
	}
	before, err := gauge.DiskUse(s.Data)
	if err != nil {
		return err
	}
	if c, err = target.Reach(s, b.sender, nil); err != nil {
		return err
	}
	if a, err = assemble(ctx, c, chats); err != nil {
		return err
	}
	defer a.leave()
	sent, err := b.closedMessages(ctx, s, a)
	if err != nil {
		return err
	}
	for load, text := range strings.Split(b.rates, ",") {
		rate, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || rate < 1 || rate > 100_000 {
			return fmt.Errorf("-rates: %q is not a rate from 1 to 100000", text)
		}
		n, err := b.openMessages(ctx, s, a, load+2, rate)
		if err != nil {
			return err
		}
		sent += n
	}
	a.leave()
	if err := s.Stop(); err != nil {
		return err
	}
	after, err := gauge.DiskUse(s.Data)
	if err != nil {
		return err
	}
	if b.shared.Postgres == "" {
		b.report.add("bytes on disk of a message of 200 bytes", float64(after-before)/float64(sent), "B")
	}
	var took time.Duration
	if took, s, err = b.firstAnswer(ctx, s.Data); err != nil {
		return err
	}
	b.report.add(fmt.Sprintf("cold start to first answer, %d messages", sent), gauge.Milliseconds(took), "ms").atMost(200)
	return s.Stop()
}

// restart stops a server and starts it on the same data, at another address.
func (b *bench) restart(ctx context.Context, s *target.Server) (*target.Server, error) {
	if err := s.Stop(); err != nil {
		return s, err
	}
	next, err := b.startServer(ctx, s.Data)
	if err != nil {
		return s, err
	}
	return next, nil
}

func (b *bench) closedMessages(ctx context.Context, s *target.Server, a *audience) (int64, error) {
	p, err := b.probe(ctx, b.sender)
	if err != nil {
		return 0, err
	}
	d := gauge.NewDeliveries(1, maxClosed)
	a.current.Store(d)
	m, err := newMeter(s)
	if err != nil {
		return 0, err
	}
	profiled := b.profile(s, "messages", b.lasts)
	r, err := gauge.ClosedLoop(ctx, b.sender, b.lasts, a.send(d, false))
	if err != nil {
		return 0, err
	}
	if err := a.arrivals(d, r.Count); err != nil {
		return 0, err
	}
	u, err := m.read()
	if err != nil {
		return 0, err
	}
	profiled()
	rate := float64(r.Count) / u.Elapsed.Seconds() // the last delivery included
	b.report.add("SendMessage, durable, to two sockets", rate, "/s").atLeast(10000).beside("HTTP echo /s", p.HTTP.Rate())
	b.report.add("  answer p50", gauge.Milliseconds(r.Answers.P50()), "ms").beside("fdatasync p50 ms", gauge.Milliseconds(p.Disk.Answers.P50()))
	b.report.add("  answer p99", gauge.Milliseconds(r.Answers.P99()), "ms").beside("fdatasync p99 ms", gauge.Milliseconds(p.Disk.Answers.P99()))
	b.report.add("  both sockets p50", gauge.Milliseconds(d.Both.P50()), "ms")
	b.report.add("  both sockets p99", gauge.Milliseconds(d.Both.P99()), "ms")
	u.show(&b.report, "  ", r.Count, p)
	b.report.showProbes(p)
	return r.Count, nil
}

func (b *bench) openMessages(ctx context.Context, s *target.Server, a *audience, load, rate int) (int64, error) {
	bare, err := gauge.ProbeRate(ctx, b.sender, rate, b.probing())
	if err != nil {
		return 0, err
	}
	m, err := newMeter(s)
	if err != nil {
		return 0, err
	}
	profiled := b.profile(s, fmt.Sprintf("rate-%d", rate), b.lasts)
	watched := gauge.WatchDisk(b.dir)
	r, d, err := b.steadily(ctx, a, load, rate)
	beside, diskErr := watched()
	if err := errors.Join(err, diskErr); err != nil {
		return 0, err
	}
	u, err := m.read()
	if err != nil {
		return 0, err
	}
	profiled()
	o := opened{rate: rate, answers: &r.Answers, deliveries: d, disk: beside, echo: &bare.Answers}
	o.show(&b.report)
	u.show(&b.report, o.prefix(), r.Count, nil)
	return r.Count, nil
}

// steadily sends messages at a set rate, and returns when all have come to both sockets.
func (b *bench) steadily(ctx context.Context, a *audience, load, rate int) (*gauge.Result, *gauge.Deliveries, error) {
	d := gauge.NewDeliveries(load, int(float64(rate)*b.lasts.Seconds()))
	r, err := gauge.OpenLoop(ctx, b.sender, rate, b.lasts, func(began time.Time) {
		d.Aim(began, rate)
		a.current.Store(d)
	}, a.send(d, true))
	if err == nil {
		err = a.arrivals(d, r.Count)
	}
	return r, d, err
}

// opened is what an open loop led to, and what was measured beside it.
type opened struct {
	rate       int
	answers    *gauge.Histogram
	deliveries *gauge.Deliveries
	disk, echo *gauge.Histogram
}

func (o *opened) prefix() string { return fmt.Sprintf("at %d/s: ", o.rate) }

// aimedRate is the rate that latencies are aimed for at.
const aimedRate = 2000

func (o *opened) show(r *report) {
	both, name := &o.deliveries.Both, o.prefix()
	reference := func(q float64) float64 {
		return gauge.Milliseconds(o.disk.Quantile(q)) + gauge.Milliseconds(o.echo.Quantile(q))
	}
	p50 := r.add(name+"both sockets p50", gauge.Milliseconds(both.P50()), "ms").beside("fdatasync + echo p50 ms", reference(.5))
	p99 := r.add(name+"both sockets p99", gauge.Milliseconds(both.P99()), "ms").beside("fdatasync + echo p99 ms", reference(.99))
	if o.rate == aimedRate {
		p50.atMost(2)
		p99.atMost(15)
	}
	r.add(name+"both sockets p99 of the median second", gauge.Milliseconds(o.deliveries.Median(.99)), "ms")
	r.add(name+"answer p50", gauge.Milliseconds(o.answers.P50()), "ms").beside("HTTP echo p50 ms", gauge.Milliseconds(o.echo.P50()))
	r.add(name+"answer p99", gauge.Milliseconds(o.answers.P99()), "ms").beside("HTTP echo p99 ms", gauge.Milliseconds(o.echo.P99()))
}
