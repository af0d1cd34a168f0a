package sqlite

import (
	"context"
	"errors"
	"time"
)

// purgeStep is how many rows are deleted at a time, so that commits get in between.
const purgeStep = 500

// Purge implements [store.Store].
func (s *Store) Purge(ctx context.Context, before time.Time, dead int) error {
	return errors.Join(
		s.deleteSteps(ctx, "DELETE FROM once WHERE n IN (SELECT n FROM once WHERE at < ? LIMIT ?)", before.UnixMilli()),
		s.purgeDead(ctx, int64(max(dead, 0))))
}

// purgeDead deletes all but the newest dead letters. Where those begin is for a
// reader to find: counting takes its time.
func (s *Store) purgeDead(ctx context.Context, keep int64) error {
	var last row // the newest that is too many
	if err := s.read(ctx, func(c *conn) (err error) {
		last, err = c.first("SELECT id FROM dead_letters ORDER BY id DESC LIMIT 1 OFFSET ?", keep)
		return err
	}); err != nil || last == nil {
		return err
	}
	return s.deleteSteps(ctx, "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE id <= ? ORDER BY id LIMIT ?)", last.int(0))
}

// deleteSteps runs a statement that deletes at most so many rows as its second
// argument says, until it has deleted all.
func (s *Store) deleteSteps(ctx context.Context, sql string, until int64) error {
	for {
		var n int64
		err := s.do(ctx, func(c *conn) error {
			res, err := c.exec(sql, until, int64(purgeStep))
			if err == nil {
				n, err = res.RowsAffected()
			}
			return err
		})
		if err != nil || n < purgeStep {
			return err
		}
	}
}
