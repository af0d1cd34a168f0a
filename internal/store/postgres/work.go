package postgres

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// shardList is an argument for shard = ANY: the numbers of shards.
func shardList(shards store.Shards) (list []int64) {
	list = []int64{}
	for n := range 64 {
		if shards.Has(n) {
			list = append(list, int64(n))
		}
	}
	return list
}

// dueRow is what falls due, and when.
type dueRow struct {
	id string
	at int64
}

// due returns what a statement gives, ids and times at which they fall due, of some shards. It takes one row more than limit, for what is next.
func due[ID ~string](ctx context.Context, s *Store, sql string, shards store.Shards, now time.Time, limit int) (ids []ID, next time.Time, err error) {
	all, err := fetch(ctx, s, func(t *tx) ([]dueRow, error) {
		return rows(t, func(r pgx.Rows) (d dueRow, err error) { err = r.Scan(&d.id, &d.at); return d, err }, sql, shardList(shards), limit+1)
	})
	for _, d := range all {
		if len(ids) == limit || d.at > now.UnixMilli() {
			return ids, moment(&d.at), err
		}
		ids = append(ids, ID(unpack(d.id)))
	}
	return ids, next, err
}

// Due implements [store.Store].
func (s *Store) Due(ctx context.Context, shards store.Shards, now time.Time, limit int) ([]center.ContactID, time.Time, error) {
	return due[center.ContactID](ctx, s, "SELECT id, due FROM chats WHERE due IS NOT NULL AND shard = ANY($1) ORDER BY due, n LIMIT $2", shards, now, limit)
}

// Orphans implements [store.Store].
func (s *Store) Orphans(ctx context.Context, shards store.Shards, alive []string) iter.Seq2[center.ContactID, error] {
	type orphan struct {
		n    int64
		chat center.ContactID
	}
	all := pages(ctx, s, func() func(*tx) ([]orphan, error) {
		last := int64(0)
		return func(t *tx) ([]orphan, error) {
			all, err := rows(t, func(r pgx.Rows) (o orphan, err error) {
				var id string
				err = r.Scan(&o.n, &id)
				o.chat = center.ContactID(unpack(id))
				return o, err
			}, `SELECT n, id FROM chats WHERE workers IS NOT NULL AND shard = ANY($1) AND n > $2
				AND EXISTS (SELECT 1 FROM unnest(string_to_array(workers, ' ')) AS w (node) WHERE NOT node = ANY($3)) ORDER BY n LIMIT $4`,
				shardList(shards), last, strs(alive), page)
			if len(all) > 0 {
				last = all[len(all)-1].n
			}
			return all, err
		}
	})
	return func(yield func(center.ContactID, error) bool) {
		for o, err := range all {
			if !yield(o.chat, err) {
				return
			}
		}
	}
}

// Uploads implements [store.Store].
func (s *Store) Uploads(ctx context.Context, shards store.Shards, now time.Time, limit int) ([]store.Upload, error) {
	return fetch(ctx, s, func(t *tx) ([]store.Upload, error) {
		return rows(t, func(r pgx.Rows) (store.Upload, error) {
			var id, chat string
			var expires int64
			err := r.Scan(&id, &chat, &expires)
			return store.Upload{ID: unpack(id), Chat: center.ContactID(unpack(chat)), Expires: moment(&expires)}, err
		}, "SELECT id, chat, expires FROM uploads WHERE expires <= $1 AND shard = ANY($2) ORDER BY expires, id LIMIT $3", now.UnixMilli(), shardList(shards), max(limit, 0))
	})
}
