package main

import (
	"context"
	"path/filepath"
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
	defer s.kill()
	c, err := open(ctx, s, b.starter)
	if err != nil {
		return err
	}
	if _, err := c.startMany(ctx, 2*b.starter, b.starter); err != nil { // what is slow once
		return err
	}
	r, u, err := b.measured(ctx, s, "starts", b.starter, func(ctx context.Context, _, i int) error {
		_, err := c.chat(i).Send(ctx)
		return err
	})
	if err != nil {
		return err
	}
	b.report.add("StartChatContact, durable", r.rate(), "/s").atLeast(4000).beside("HTTP echo /s", p.http.rate())
	b.report.add("  p50", milliseconds(r.answers.p50()), "ms").beside("fdatasync p50 ms", milliseconds(p.disk.answers.p50()))
	b.report.add("  p99", milliseconds(r.answers.p99()), "ms").beside("fdatasync p99 ms", milliseconds(p.disk.answers.p99()))
	u.show(&b.report, "  ", r.count, p)
	if err := s.stop(); err != nil {
		return err
	}
	size, err := diskUse(s.data)
	if err != nil {
		return err
	}
	b.report.add("  bytes on disk of a chat", float64(size)/float64(r.count), "B")
	p.show(&b.report)
	return nil
}
