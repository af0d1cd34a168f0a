package sqlite

import (
	"context"
	"iter"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// queueEntry reads the columns queue, priority, rank and since.
func (r row) queueEntry(i int) store.QueueEntry {
	return store.QueueEntry{Queue: center.QueueID(r.text(i)), Priority: r.int(i + 1), Rank: r.time(i + 2), Since: r.time(i + 3)}
}

// Waiting implements [store.Store].
func (s *Store) Waiting(ctx context.Context, instance center.InstanceID, queue center.QueueID) iter.Seq2[store.Waiting, error] {
	return pages(s, ctx, string(instance), func() nextPage[store.Waiting] {
		var last store.Waiting
		return func(c *conn, add func(store.Waiting)) error {
			return c.query(func(r row) error {
				last = store.Waiting{Chat: center.ContactID(r.text(0)), QueueEntry: r.queueEntry(1)}
				add(last)
				return nil
			}, `SELECT id, queue, priority, rank, since FROM chats
				WHERE instance = ? AND queue IS NOT NULL AND (? = '' OR queue = ?)
				AND (queue, priority, rank, since, id) > (?, ?, ?, ?, ?)
				ORDER BY queue, priority, rank, since, id LIMIT ?+0`,
				string(instance), string(queue), string(queue),
				string(last.Queue), last.Priority, last.Rank.UnixMilli(), last.Since.UnixMilli(), string(last.Chat), int64(page))
		}
	})
}

// QueueStatus implements [store.Store].
func (s *Store) QueueStatus(ctx context.Context, q store.QueueQuery) (status store.QueueStatus, err error) {
	err = s.read(ctx, string(q.Instance), func(c *conn) error {
		r, err := c.first(`SELECT count(*), min(since), sum((priority, rank, since, id) < (?, ?, ?, ?)) FROM chats
			WHERE instance = ? AND queue = ? AND id <> ?`,
			q.Priority, q.Rank.UnixMilli(), q.Since.UnixMilli(), string(q.Except), string(q.Instance), string(q.Queue), string(q.Except))
		if err != nil || r == nil {
			return err
		}
		status = store.QueueStatus{Others: r.int(0), Oldest: r.time(1), Ahead: r.int(2)}
		return nil
	})
	return status, err
}
