package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/store"
)

// committer makes the changes of one lane durable, a group at a time.
type committer struct {
	*Store
	lane   int
	writer *writer
}

// run takes group after group until the queue is closed and the lane is empty.
func (c *committer) run() {
	answers := make(chan []*entry, 8)
	answered := make(chan struct{})
	go func() { // so that the next group does not wait for those who hear of this one
		defer close(answered)
		for group := range answers {
			for _, e := range group {
				e.done(e.err)
			}
		}
	}()
	for {
		group := c.queue.take(c.lane)
		if len(group) == 0 {
			break
		}
		c.flush(group)
		answers <- group
	}
	close(answers)
	<-answered
	c.queue.stop(c.lane)
}

// flush makes a group durable and leaves in each entry what became of it.
func (c *committer) flush(all []*entry) {
	began := time.Now() // of a duration for the metrics; no moment is kept
	group := make([]*entry, 0, len(all))
	for _, e := range all {
		if e.change != nil || e.agent != nil {
			group = append(group, e)
		}
	}
	if len(group) == 0 {
		return
	}
	if err := c.commit(group); err != nil && judged(err) == final && len(group) > 1 {
		// One of them has something that the database does not take. Which one is seen one by one.
		c.log.Warn("a group of changes failed; doing it again one by one", "changes", len(group), "err", err)
		for _, e := range group {
			c.settle([]*entry{e}, c.commit([]*entry{e}))
		}
	} else {
		c.settle(group, err)
	}
	if c.observe != nil {
		c.observe(len(group), time.Since(began))
	}
}

// settle notes an error that concerns all of a group.
func (c *committer) settle(group []*entry, err error) {
	switch {
	case err == nil:
		c.health.note(nil)
		return
	case judged(err) != final:
		c.health.note(err)
	}
	c.log.Error("the database refused a group of changes", "changes", len(group), "err", err)
	for _, e := range group {
		e.err = explained(err)
	}
}

// commit applies a group in one transaction, again while what it meets passes.
func (c *committer) commit(group []*entry) error {
	since := time.Now()
	for _, e := range group {
		if e.at.Before(since) {
			since = e.at
		}
	}
	try := newTrial(context.Background(), c.Store, since) // a group belongs to many callers, and is bounded by the store's patience
	defer try.end()
	races := 0
	for {
		err := c.attempt(try.ctx, group)
		if errors.As(err, new(lost)) {
			yes, asked := c.writer.happened(context.Background(), c.Store, since)
			if asked == nil && yes {
				return nil
			}
			err = errors.Join(err, asked)
		}
		if err == nil {
			c.pulse.hear()
			return nil
		}
		if judged(err) != again && !errors.Is(err, errUnlocked) {
			return err
		}
		if errors.Is(err, errUnlocked) || isTaken(err) {
			if races++; races <= maxRaces { // there is nothing to wait for
				continue
			}
			if isTaken(err) {
				return refuse(err)
			}
		} else {
			c.log.Warn("a group of changes is tried again", "changes", len(group), "err", err)
		}
		if !try.wait() {
			return err
		}
	}
}

// attempt is one transaction of a group. The entries have what became of each when it succeeds.
func (c *committer) attempt(ctx context.Context, entries []*entry) (err error) {
	conn, err := c.commits.Acquire(ctx)
	if err != nil {
		return err
	}
	own := begun{conn}
	defer func() { own.end(err) }()
	g := newGroup(&c.counters, entries)
	c.writer.number++
	if err := g.lock(ctx, conn.Conn(), c.writer); err != nil {
		return err
	}
	if err := g.judge(&tx{ctx, conn.Conn()}); err != nil {
		return err
	}
	if g.empty() { // all were refused
		return nil
	}
	var b pgx.Batch
	g.write(&b)
	if g.erase != nil {
		if err := conn.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		if err := g.erase.run(&tx{ctx, conn.Conn()}); err != nil {
			return err
		}
		b = pgx.Batch{}
	}
	b.Queue("COMMIT")
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		if aborted(err, own) {
			return err
		}
		return lost{err}
	}
	g.learn()
	return nil
}

// SubmitAgent implements [store.Store].
func (s agentKeeper) SubmitAgent(c *store.AgentChange, done func(error)) {
	s.queue.put(string(c.User), &entry{agent: c, done: done})
}
