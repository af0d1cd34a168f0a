package main

import (
	"context"
	"path/filepath"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
)

// starts measures StartChatContact: signed, verified, the chat with its
// participants, its record, its deadline and its ClientToken in one commit.
func (b *bench) starts(ctx context.Context) error {
	b.report.scenario = "starts"
	p, err := b.probe(ctx, b.starter)
	if err != nil {
		return err
	}
	s, err := b.startServer(ctx, filepath.Join(b.dir, "starts"))
	if err != nil {
		return err
	}
	defer s.Kill()
	c, err := target.Open(ctx, s, b.starter)
	if err != nil {
		return err
	}
	if _, err := c.StartMany(ctx, 2*b.starter, b.starter); err != nil { // what is slow once
		return err
	}
	r, u, err := b.measured(ctx, s, "starts", b.starter, func(ctx context.Context, _, i int) error {
		_, err := c.Chat(i).Send(ctx)
		return err
	})
	if err != nil {
		return err
	}
	b.report.add("StartChatContact, durable", r.Rate(), "/s").atLeast(4000).beside("HTTP echo /s", p.HTTP.Rate())
	b.report.add("  p50", gauge.Milliseconds(r.Answers.P50()), "ms").beside("fdatasync p50 ms", gauge.Milliseconds(p.Disk.Answers.P50()))
	b.report.add("  p99", gauge.Milliseconds(r.Answers.P99()), "ms").beside("fdatasync p99 ms", gauge.Milliseconds(p.Disk.Answers.P99()))
	u.show(&b.report, "  ", r.Count, p)
	if err := s.Stop(); err != nil {
		return err
	}
	size, err := gauge.DiskUse(s.Data)
	if err != nil {
		return err
	}
	b.report.add("  bytes on disk of a chat", float64(size)/float64(r.Count), "B")
	b.report.showProbes(p)
	return nil
}
