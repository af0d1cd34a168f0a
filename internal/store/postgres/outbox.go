package postgres

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// share is a stream and how many of its deliveries are wanted.
type share struct {
	stream string // as it is stored
	n      int64
}

// deliveriesSQL has the oldest deliveries of streams, of each as many as are wanted, and none behind one that is not due.
const deliveriesSQL = `SELECT o.id, o.stream, o.chat, o.instance, o.endpoint, o.body, o.created, o.due, o.attempts, o.error
	FROM unnest($1::text[], $2::bigint[]) AS u (stream, n) CROSS JOIN LATERAL (
		SELECT *, max(due) OVER (ORDER BY id) AS latest FROM (SELECT * FROM outbox WHERE stream = u.stream ORDER BY id LIMIT u.n) AS oldest) AS o
	WHERE o.latest <= $3 ORDER BY o.id`

func deliveries(t *tx, shares []share, now int64) ([]store.Delivery, error) {
	if len(shares) == 0 {
		return nil, nil
	}
	return rows(t, readDelivery, deliveriesSQL, list(shares, func(s *share) string { return s.stream }), list(shares, func(s *share) int64 { return s.n }), now)
}

func readDelivery(r pgx.Rows) (d store.Delivery, err error) {
	var stream, chat, instance, endpoint string
	var created, due *int64
	var text *string
	err = r.Scan(&d.ID, &stream, &chat, &instance, &endpoint, &d.Body, &created, &due, &d.Attempts, &text)
	d.Stream, d.Chat, d.Instance, d.Endpoint = unpack(stream), center.ContactID(unpack(chat)), center.InstanceID(unpack(instance)), unpack(endpoint)
	d.Created, d.Due = moment(created), moment(due)
	if text != nil {
		d.Error = unpack(*text)
	}
	return d, err
}

// Outbox implements [store.Store]. When more is due than limit, every stream gets its share, so that a stream with much to send does not
// hold up the others. What streams leave of their shares others get: the sizes are read first.
func (s *Store) Outbox(ctx context.Context, shards store.Shards, now time.Time, limit int) ([]store.Delivery, error) {
	if limit <= 0 {
		return nil, nil
	}
	return fetch(ctx, s, func(t *tx) ([]store.Delivery, error) {
		streams, err := rows(t, func(r pgx.Rows) (f share, err error) { err = r.Scan(&f.stream, &f.n); return f, err },
			`SELECT f.stream, (SELECT count(*) FROM (SELECT 1 FROM outbox AS o WHERE o.stream = f.stream LIMIT $3) AS waiting) FROM (
				SELECT stream, due, id FROM outbox WHERE first AND due <= $1 AND shard = ANY($2) ORDER BY due, id LIMIT $3) AS f ORDER BY f.due, f.id`,
			now.UnixMilli(), shardList(shards), limit)
		if err != nil {
			return nil, err
		}
		left := int64(limit)
		for i := range streams {
			streams[i].n = min(streams[i].n, left/int64(len(streams)-i))
			left -= streams[i].n
		}
		return deliveries(t, streams, now.UnixMilli())
	})
}

// Overflow implements [store.Store]. Counting reads the whole index of streams, so it is meant for now and then.
func (s *Store) Overflow(ctx context.Context, shards store.Shards, keep, limit int) ([]store.Delivery, error) {
	return fetch(ctx, s, func(t *tx) ([]store.Delivery, error) {
		full, err := rows(t, func(r pgx.Rows) (f share, err error) { err = r.Scan(&f.stream, &f.n); return f, err },
			"SELECT stream, count(*) - $1 FROM outbox WHERE shard = ANY($2) GROUP BY stream HAVING count(*) > $1 LIMIT $3", int64(keep), shardList(shards), max(limit, 0))
		if err != nil {
			return nil, err
		}
		left := int64(limit)
		for i := range full {
			full[i].n = min(full[i].n, max(left, 0))
			left -= full[i].n
		}
		found, err := deliveries(t, full, math.MaxInt64)
		slices.SortStableFunc(found, func(a, b store.Delivery) int { return cmp.Compare(a.Stream, b.Stream) })
		return found, err
	})
}

// DeadLetters implements [store.Store].
func (s *Store) DeadLetters(ctx context.Context, q store.DeadQuery) ([]store.Delivery, error) {
	limit := q.Limit
	if limit <= 0 || limit > 1000 {
		limit = 1000
	}
	return fetch(ctx, s, func(t *tx) ([]store.Delivery, error) {
		return rows(t, readDelivery, `SELECT id, stream, chat, instance, endpoint, body, created, NULL::bigint, attempts, error FROM dead_letters
			WHERE id > $1 AND ($2 = '' OR endpoint = $2) ORDER BY id LIMIT $3`, q.After, pack(q.Endpoint), limit)
	})
}
