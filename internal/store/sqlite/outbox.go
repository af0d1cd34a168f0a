package sqlite

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// Outbox implements [store.Store]. When more is due than limit, every stream
// gets its share, so that a stream with much to send does not hold up the others.
func (s *Store) Outbox(ctx context.Context, shards store.Shards, now time.Time, limit int) (deliveries []store.Delivery, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = s.read(ctx, ourselves, func(c *conn) error {
		var streams []string
		if err := c.Query(func(r row) error {
			if len(streams) == limit {
				return sqlconn.ErrEnough
			}
			if first := (store.Delivery{Stream: r.Text(0), Chat: center.ContactID(r.Text(1))}); shards.Has(first.Shard()) {
				streams = append(streams, first.Stream)
			}
			return nil
		}, "SELECT stream, chat FROM outbox WHERE first = 1 AND due <= ? ORDER BY due, id LIMIT ?+0", now.UnixMilli(), rowsFor(shards, limit)); err != nil {
			return err
		}
		for i, stream := range streams {
			share := (limit - len(deliveries)) / (len(streams) - i)
			found, err := c.deliveries(stream, now, share)
			if err != nil {
				return err
			}
			deliveries = append(deliveries, found...)
		}
		return nil
	})
	slices.SortFunc(deliveries, func(a, b store.Delivery) int { return cmp.Compare(a.ID, b.ID) })
	return deliveries, err
}

// deliveries returns the oldest deliveries of a stream, up to the first that is not due.
func (c *conn) deliveries(stream string, now time.Time, limit int) (found []store.Delivery, err error) {
	due := true
	err = c.Query(func(r row) error {
		d := store.Delivery{ID: r.Int(0), Stream: stream, Chat: center.ContactID(r.Text(1)), Instance: center.InstanceID(r.Text(2)),
			Endpoint: r.Text(3), Body: r.Blob(4), Created: r.Time(5), Due: r.Time(6), Attempts: int(r.Int(7)), Error: r.Text(8)}
		if due = due && !d.Due.After(now); due {
			found = append(found, d)
		}
		return nil
	}, "SELECT id, chat, instance, endpoint, body, created, due, attempts, error FROM outbox WHERE stream = ? ORDER BY id LIMIT ?+0",
		stream, int64(limit))
	return found, err
}

// Overflow implements [store.Store]. Counting reads the whole index of
// streams, so it is meant for now and then.
func (s *Store) Overflow(ctx context.Context, shards store.Shards, keep, limit int) (deliveries []store.Delivery, err error) {
	type excess struct {
		stream string
		n      int64
	}
	err = s.read(ctx, ourselves, func(c *conn) error {
		var full []excess
		if err := c.Query(func(r row) error {
			full = append(full, excess{r.Text(0), r.Int(1)})
			return nil
		}, "SELECT stream, count(*) - ?1 FROM outbox GROUP BY stream HAVING count(*) > ?1 LIMIT ?2+0", int64(keep), rowsFor(shards, limit)); err != nil {
			return err
		}
		for _, e := range full {
			n := min(e.n, int64(limit-len(deliveries)))
			if n <= 0 {
				break
			}
			found, err := c.deliveries(e.stream, time.UnixMilli(math.MaxInt64), int(n))
			if err != nil {
				return err
			}
			if len(found) > 0 && shards.Has(found[0].Shard()) {
				deliveries = append(deliveries, found...)
			}
		}
		return nil
	})
	return deliveries, err
}

// DeadLetters implements [store.Store].
func (s *Store) DeadLetters(ctx context.Context, q store.DeadQuery) (letters []store.Delivery, err error) {
	limit := q.Limit
	if limit <= 0 || limit > 1000 {
		limit = 1000
	}
	err = s.read(ctx, ourselves, func(c *conn) error {
		return c.Query(func(r row) error {
			letters = append(letters, store.Delivery{ID: r.Int(0), Stream: r.Text(1), Chat: center.ContactID(r.Text(2)), Instance: center.InstanceID(r.Text(3)),
				Endpoint: r.Text(4), Body: r.Blob(5), Created: r.Time(6), Attempts: int(r.Int(7)), Error: r.Text(8)})
			return nil
		}, `SELECT id, stream, chat, instance, endpoint, body, created, attempts, error FROM dead_letters
			WHERE id > ?1 AND (?2 = '' OR endpoint = ?2) ORDER BY id LIMIT ?3+0`, q.After, q.Endpoint, int64(limit))
	})
	return letters, err
}
