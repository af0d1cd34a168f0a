package sqlite

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// No table has a column for shards. The directory belongs to one process, which
// asks for all of them, and then a query ends with its LIMIT. Asked for some,
// it goes on over the same index until there are enough rows of those shards.

// rowsFor is the LIMIT of a query whose rows are then picked by shard: -1 for none.
func rowsFor(shards store.Shards, limit int) int64 {
	if shards == store.AllShards {
		return int64(limit)
	}
	return -1
}

// Due implements [store.Store].
func (s *Store) Due(ctx context.Context, shards store.Shards, now time.Time, limit int) ([]center.ContactID, time.Time, error) {
	return due[center.ContactID](ctx, s, "SELECT id, due FROM chats WHERE due IS NOT NULL ORDER BY due, n LIMIT ?+0", shards, now, limit)
}

// due returns what a statement gives, ids and times at which they fall due, of some shards.
func due[ID ~string](ctx context.Context, s *Store, sql string, shards store.Shards, now time.Time, limit int) (ids []ID, next time.Time, err error) {
	until := now.UnixMilli()
	err = s.read(ctx, ourselves, func(c *conn) error {
		return c.Query(func(r row) error {
			id := ID(r.Text(0))
			switch {
			case !shards.Has(store.ShardOf(id)):
			case len(ids) < limit && r.Int(1) <= until:
				ids = append(ids, id)
			default:
				next = r.Time(1)
				return sqlconn.ErrEnough
			}
			return nil
		}, sql, rowsFor(shards, limit+1))
	})
	return ids, next, err
}

// Orphans implements [store.Store].
func (s *Store) Orphans(ctx context.Context, shards store.Shards, alive []string) iter.Seq2[center.ContactID, error] {
	type working struct {
		chat    center.ContactID
		workers []string
	}
	all := pages(s, ctx, ourselves, func() nextPage[working] {
		var last int64
		return func(c *conn, add func(working)) error {
			return c.Query(func(r row) error {
				last = r.Int(0)
				add(working{center.ContactID(r.Text(1)), strings.Fields(r.Text(2))})
				return nil
			}, "SELECT n, id, workers FROM chats WHERE workers IS NOT NULL AND n > ? ORDER BY n LIMIT ?+0", last, int64(page))
		}
	})
	return func(yield func(center.ContactID, error) bool) {
		dead := func(node string) bool { return !slices.Contains(alive, node) }
		for w, err := range all {
			wanted := err != nil || shards.Has(store.ShardOf(w.chat)) && slices.ContainsFunc(w.workers, dead)
			if wanted && !yield(w.chat, err) {
				return
			}
		}
	}
}

// Uploads implements [store.Store].
func (s *Store) Uploads(ctx context.Context, shards store.Shards, now time.Time, limit int) (uploads []store.Upload, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		return c.Query(func(r row) error {
			u := store.Upload{ID: r.Text(0), Chat: center.ContactID(r.Text(1)), Expires: r.Time(2)}
			switch {
			case len(uploads) >= limit:
				return sqlconn.ErrEnough
			case shards.Has(store.ShardOf(u.Chat)):
				uploads = append(uploads, u)
			}
			return nil
		}, "SELECT id, chat, expires FROM uploads WHERE expires <= ? ORDER BY expires, id LIMIT ?+0", now.UnixMilli(), rowsFor(shards, max(limit, 0)))
	})
	return uploads, err
}
