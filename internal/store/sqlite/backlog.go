package sqlite

import (
	"context"

	"parley.example/parley/internal/store"
)

// Backlog implements [store.Store].
func (s *Store) Backlog(ctx context.Context) (b store.Backlog, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.first("SELECT count(*), min(since) FROM chats WHERE queue IS NOT NULL")
		if err != nil || r == nil {
			return err
		}
		b.Queued, b.QueuedSince = r.int(0), r.time(1)
		if r, err = c.first("SELECT count(*), (SELECT created FROM outbox ORDER BY id LIMIT 1) FROM outbox"); err != nil || r == nil {
			return err
		}
		b.Deliveries, b.Oldest = r.int(0), r.time(1)
		if r, err = c.first("SELECT count(*) FROM dead_letters"); err != nil || r == nil {
			return err
		}
		b.Dead = r.int(0)
		return nil
	})
	return b, err
}
