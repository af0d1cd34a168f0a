package sqlite

import (
	"context"
	"encoding/json"
	"iter"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// page is how many rows an iterator reads at a time. Between two pages it
// holds no connection, so that its consumer may take its time and ask the
// store other things, and the log can be copied back meanwhile.
const page = 200

// Chat implements [store.Store].
func (s *Store) Chat(ctx context.Context, id center.ContactID) (h store.Head, err error) {
	err = s.read(ctx, string(id), func(c *conn) error {
		r, err := c.First(`SELECT instance, version, state, due, workers, active, last.seq, chats.queue, priority, rank, since, last.time, last.id, last.size
			FROM chats LEFT JOIN items AS last ON last.chat = chats.n AND last.seq = (SELECT max(seq) FROM items WHERE chat = chats.n)
			WHERE chats.id = ?`, string(id))
		if err != nil {
			return err
		}
		if r == nil {
			return missing("contact", string(id))
		}
		h = store.Head{Instance: center.InstanceID(r.Text(0)), Version: r.Int(1), State: r.Blob(2), Due: r.Time(3),
			Active: r.Bool(5), LastSeq: r.Int(6), LastTime: r.Time(11), LastID: center.ItemID(r.ID(12)), Size: r.Int(13)}
		if workers := r.Text(4); workers != "" {
			h.Workers = strings.Fields(workers)
		}
		if e := queueEntry(r, 7); e.Queue != "" {
			h.Queued = &e
		}
		return nil
	})
	return h, err
}

// ChatOf implements [store.Store].
func (s *Store) ChatOf(ctx context.Context, contact center.ContactID) (chat center.ContactID, err error) {
	err = s.read(ctx, string(contact), func(c *conn) error {
		r, err := c.First("SELECT chat FROM contacts WHERE id = ?", string(contact))
		if err != nil {
			return err
		}
		if r == nil {
			return missing("contact", string(contact))
		}
		chat = center.ContactID(r.Text(0))
		return nil
	})
	return chat, err
}

// versionsSQL seeks each chat by its id, and the end of its transcript.
const versionsSQL = `SELECT chats.id, version, (SELECT max(seq) FROM items WHERE chat = chats.n), active
	FROM json_each(?) AS wanted CROSS JOIN chats ON chats.id = wanted.value`

// Versions implements [store.Store].
func (s *Store) Versions(ctx context.Context, chats []center.ContactID) (versions []store.ChatVersion, err error) {
	wanted, err := json.Marshal(chats)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, ourselves, func(c *conn) error {
		return c.Query(func(r row) error {
			versions = append(versions, store.ChatVersion{Chat: center.ContactID(r.Text(0)), Version: r.Int(1), LastSeq: r.Int(2), Active: r.Bool(3)})
			return nil
		}, versionsSQL, string(wanted))
	})
	return versions, err
}

// Replayed implements [store.Store].
func (s *Store) Replayed(ctx context.Context, key string) (answer []byte, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.First("SELECT answer FROM once WHERE key = ?", key)
		if err != nil {
			return err
		}
		if r == nil {
			return missing("request", key)
		}
		answer = r.Blob(0)
		return nil
	})
	return answer, err
}

// nextPage reads the next page of a query and hands its rows to add. A page
// with fewer rows than page is the last.
type nextPage[T any] func(c *conn, add func(T)) error

// pages makes an iterator that can be run more than once: begin restarts the query.
// of is for whom it reads: see [pool].
func pages[T any](s *Store, ctx context.Context, of string, begin func() nextPage[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		next := begin()
		for {
			var rows []T
			err := s.read(ctx, of, func(c *conn) error {
				return next(c, func(t T) { rows = append(rows, t) })
			})
			for _, t := range rows {
				if !yield(t, nil) {
					return
				}
			}
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if len(rows) < page {
				return
			}
		}
	}
}

// queueEntry reads the columns queue, priority, rank and since.
func queueEntry(r row, i int) store.QueueEntry {
	return store.QueueEntry{Queue: center.QueueID(r.Text(i)), Priority: r.Int(i + 1), Rank: r.Time(i + 2), Since: r.Time(i + 3)}
}

// Waiting implements [store.Store].
func (s *Store) Waiting(ctx context.Context, instance center.InstanceID, queue center.QueueID) iter.Seq2[store.Waiting, error] {
	return pages(s, ctx, string(instance), func() nextPage[store.Waiting] {
		var last store.Waiting
		return func(c *conn, add func(store.Waiting)) error {
			return c.Query(func(r row) error {
				last = store.Waiting{Chat: center.ContactID(r.Text(0)), QueueEntry: queueEntry(r, 1)}
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
		r, err := c.First(`SELECT count(*), min(since), sum((priority, rank, since, id) < (?, ?, ?, ?)) FROM chats
			WHERE instance = ? AND queue = ? AND id <> ?`,
			q.Priority, q.Rank.UnixMilli(), q.Since.UnixMilli(), string(q.Except), string(q.Instance), string(q.Queue), string(q.Except))
		if err != nil || r == nil {
			return err
		}
		status = store.QueueStatus{Others: r.Int(0), Oldest: r.Time(1), Ahead: r.Int(2)}
		return nil
	})
	return status, err
}
