package sqlite

import (
	"context"
	"iter"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// place reads the columns queue, priority, rank and since.
func (r row) place(i int) store.Place {
	return store.Place{Queue: center.QueueID(r.text(i)), Priority: r.int(i + 1), Rank: r.time(i + 2), Since: r.time(i + 3)}
}

// Waiting implements [store.Store].
func (s *Store) Waiting(ctx context.Context, instance center.InstanceID, queue center.QueueID) iter.Seq2[store.Waiting, error] {
	return pages(s, ctx, func() nextPage[store.Waiting] {
		var last store.Waiting
		return func(c *conn, add func(store.Waiting)) error {
			return c.query(func(r row) error {
				last = store.Waiting{Chat: center.ContactID(r.text(0)), Place: r.place(1)}
				add(last)
				return nil
			}, `SELECT id, queue, priority, rank, since FROM chats
				WHERE instance = ? AND queue IS NOT NULL AND (? = '' OR queue = ?)
				AND (queue, priority, rank, since, id) > (?, ?, ?, ?, ?)
				ORDER BY queue, priority, rank, since, id LIMIT ?`,
				string(instance), string(queue), string(queue),
				string(last.Queue), last.Priority, last.Rank.UnixMilli(), last.Since.UnixMilli(), string(last.Chat), int64(page))
		}
	})
}

// Line implements [store.Store].
func (s *Store) Line(ctx context.Context, q store.LineQuery) (line store.Line, err error) {
	err = s.read(ctx, func(c *conn) error {
		r, err := c.first(`SELECT count(*), min(since), sum((priority, rank, since, id) < (?, ?, ?, ?)) FROM chats
			WHERE instance = ? AND queue = ? AND id <> ?`,
			q.Priority, q.Rank.UnixMilli(), q.Since.UnixMilli(), string(q.Except), string(q.Instance), string(q.Queue), string(q.Except))
		if err != nil || r == nil {
			return err
		}
		line = store.Line{Others: r.int(0), Oldest: r.time(1), Ahead: r.int(2)}
		return nil
	})
	return line, err
}
