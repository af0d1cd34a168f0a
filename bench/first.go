package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/client"
)

// arriving are how many customers wait for their first message at a time: few
// enough to measure the way to it, and not a queue for the processors.
const arriving = 4

// way is how a chat is started and joined.
type way struct {
	name  string
	begin func(ctx context.Context, i int, cfg client.SessionConfig) (*client.Session, error)
	waits gauge.Histogram
}

// firstMessages measures how long a customer waits from StartChatContact to the
// first message, which is the flow's: with the connection in the answer, and with
// CreateParticipantConnection in between. The two ways take turns, so that
// both meet the same machine.
func (b *bench) firstMessages(ctx context.Context) error {
	b.report.scenario = "first"
	p, err := b.probe(ctx, arriving)
	if err != nil {
		return err
	}
	s, err := b.startServer(ctx, filepath.Join(b.dir, "first"))
	if err != nil {
		return err
	}
	defer s.Kill()
	c, err := target.Open(ctx, s, arriving)
	if err != nil {
		return err
	}
	list, err := ways(ctx, c)
	if err != nil {
		return err
	}
	for range arriving { // what is slow once
		for _, w := range list {
			if _, err := w.wait(ctx, 0); err != nil {
				return err
			}
		}
	}
	r, u, err := b.measured(ctx, s, "first", arriving, func(ctx context.Context, _, i int) error {
		w := list[i%len(list)]
		took, err := w.wait(ctx, i)
		w.waits.Add(took)
		return err
	})
	if err != nil {
		return err
	}
	for _, at := range []struct {
		name string
		q    float64
	}{{"p50", .50}, {"p99", .99}} {
		beside, took := "fdatasync", gauge.Milliseconds(p.Disk.Answers.Quantile(at.q))
		for _, w := range list {
			f := b.report.add("start to first message, "+w.name+", "+at.name, gauge.Milliseconds(w.waits.Quantile(at.q)), "ms").beside(beside+" "+at.name+" ms", took)
			beside, took = w.name, f.Value
		}
	}
	b.report.add("  chats of each way", float64(r.Count)/float64(len(list)), "")
	u.show(&b.report, "  ", r.Count, p)
	b.report.showProbes(p)
	return s.Stop()
}

// ways returns the ways that the server knows, the slower one first.
func ways(ctx context.Context, c *target.Centre) ([]*way, error) {
	two := &way{name: "two calls", begin: func(ctx context.Context, i int, cfg client.SessionConfig) (*client.Session, error) {
		out, err := c.Chat(i).Send(ctx)
		if err != nil {
			return nil, err
		}
		cfg.Token = *out.ParticipantToken
		return c.Join(ctx, cfg)
	}}
	out, err := c.Chat(0).SetConnectionTypes(target.Connection).Send(ctx)
	if err != nil || out.Websocket == nil {
		return []*way{two}, err
	}
	only := *c
	if only.Client, err = c.With(func(cfg *client.Config) { cfg.Middleware = []client.Middleware{noSecondCall} }); err != nil {
		return nil, err
	}
	return []*way{two, {name: "one call", begin: func(ctx context.Context, i int, cfg client.SessionConfig) (*client.Session, error) {
		session, _, err := only.Start(ctx, only.Chat(i), cfg)
		return session, err
	}}}, nil
}

// wait starts a chat, waits for its first message and says how long that took.
func (w *way) wait(ctx context.Context, i int) (time.Duration, error) {
	arrived := make(chan time.Time, 1)
	began := time.Now()
	session, err := w.begin(ctx, i, client.SessionConfig{OnItem: func(item *client.Item) {
		if item.IsMessage() {
			select {
			case arrived <- time.Now():
			default: // not the first
			}
		}
	}})
	if err != nil {
		return 0, err
	}
	defer session.Close()
	select {
	case at := <-arrived:
		return at.Sub(began), nil
	case <-session.Done():
		return 0, errors.New("a session ended before the first message")
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// noSecondCall fails where a session asks for a connection that it should have got with the chat.
func noSecondCall(next client.Handler) client.Handler {
	return func(ctx context.Context, call *client.Call) error {
		if call.Operation.Name == "CreateParticipantConnection" {
			return errors.New("the connection in the answer of StartChatContact was missing, or did not open")
		}
		return next(ctx, call)
	}
}
