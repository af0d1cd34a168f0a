package sqlite

import (
	"context"
	"errors"
	"math"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// purgeStep is how many rows are looked at, and how many of them deleted, in
// one step, so that commits get in between.
const purgeStep = 500

// Purge implements [store.Store].
func (s *Store) Purge(ctx context.Context, shards store.Shards, before time.Time, dead int) error {
	err := errors.Join(s.purgeKeys(ctx, shards, before.UnixMilli()), s.purgeDead(ctx, shards, dead), s.do(ctx, func(c *conn) error {
		// Those of nodes that are gone: a node's name is often that of one process.
		_, err := c.Exec("DELETE FROM leases WHERE expires < ?", before.UnixMilli())
		return err
	}))
	if s.dropCopies != nil {
		err = errors.Join(err, s.dropCopies(before))
	}
	return err
}

func (s *Store) purgeKeys(ctx context.Context, shards store.Shards, before int64) error {
	at, n := int64(math.MinInt64), int64(0) // of the last row that was looked at
	return s.purge(ctx, "DELETE FROM once WHERE n = ?", func(c *conn, remove func(int64)) (rows int, err error) {
		err = c.Query(func(r row) error {
			rows++
			at, n = r.Int(0), r.Int(1)
			if shards.Has(store.ShardOf(r.Text(2))) {
				remove(n)
			}
			return nil
		}, "SELECT at, n, key FROM once WHERE (at, n) > (?, ?) AND at < ? ORDER BY at, n LIMIT ?+0", at, n, before, int64(purgeStep))
		return rows, err
	})
}

// purgeDead goes from the newest dead letter to the oldest.
func (s *Store) purgeDead(ctx context.Context, shards store.Shards, keep int) error {
	id := int64(math.MaxInt64) // of the last row that was looked at
	return s.purge(ctx, "DELETE FROM dead_letters WHERE id = ?", func(c *conn, remove func(int64)) (rows int, err error) {
		err = c.Query(func(r row) error {
			rows++
			id = r.Int(0)
			switch {
			case !shards.Has((&store.Delivery{Chat: center.ContactID(r.Text(1)), Stream: r.Text(2)}).Shard()):
			case keep > 0:
				keep--
			default:
				remove(id)
			}
			return nil
		}, "SELECT id, chat, stream FROM dead_letters WHERE id < ? ORDER BY id DESC LIMIT ?+0", id, int64(purgeStep))
		return rows, err
	})
}

// purge deletes rows, step by step, until a step looks at fewer than purgeStep.
// look says how many rows it has looked at, and which to remove.
func (s *Store) purge(ctx context.Context, sql string, look func(c *conn, remove func(int64)) (rows int, err error)) error {
	for {
		var gone []int64
		var rows int
		if err := s.read(ctx, ourselves, func(c *conn) (err error) {
			rows, err = look(c, func(n int64) { gone = append(gone, n) })
			return err
		}); err != nil {
			return err
		}
		if len(gone) > 0 {
			if err := s.do(ctx, func(c *conn) error {
				for _, n := range gone {
					if _, err := c.Exec(sql, n); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
		if rows < purgeStep {
			return nil
		}
	}
}
