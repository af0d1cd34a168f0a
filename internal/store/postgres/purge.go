package postgres

import (
	"context"
	"errors"
	"time"

	"parley.example/parley/internal/store"
)

// purgeStep is how many rows are deleted in one transaction, so that commits get in between.
const purgeStep = 500

// Purge implements [store.Store].
func (s *Store) Purge(ctx context.Context, shards store.Shards, before time.Time, dead int) error {
	return errors.Join(
		s.purge(ctx, "DELETE FROM once WHERE n IN (SELECT n FROM once WHERE at < $1 AND shard = ANY($2) ORDER BY at, n LIMIT $3)", before.UnixMilli(), shardList(shards), purgeStep),
		s.purge(ctx, `DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE shard = ANY($1) AND id <=
			(SELECT id FROM dead_letters WHERE shard = ANY($1) ORDER BY id DESC LIMIT 1 OFFSET $2) ORDER BY id LIMIT $3)`, shardList(shards), max(dead, 0), purgeStep),
		s.purge(ctx, "DELETE FROM leases WHERE name IN (SELECT name FROM leases WHERE expires < $1 ORDER BY name LIMIT $2 FOR UPDATE)", before.UnixMilli(), purgeStep),
		// Of stores that were not closed: nobody asks for their commits any more.
		s.purge(ctx, "DELETE FROM commits WHERE writer IN (SELECT writer FROM commits WHERE at < now() - interval '1 day' ORDER BY writer LIMIT $1)", purgeStep))
}

// purge runs a statement until it deletes fewer rows than a step has.
func (s *Store) purge(ctx context.Context, sql string, args ...any) error {
	for {
		n, err := give(ctx, s, func(t *tx) (int64, error) { return t.exec(sql, args...) })
		if err != nil || n < purgeStep {
			return err
		}
	}
}

// What was deleted PostgreSQL overwrites by itself, in time: a vacuum frees the rows, and pages are written anew. Where its files, its
// log and its backups are, and for how long, is for who runs the server.

// vacuum frees the rows that were deleted of a table, however long that takes.
func (s *Store) vacuum(ctx context.Context, table string) error {
	return s.retry(ctx, func(ctx context.Context) error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		own := begun{conn}
		defer own.end(nil)
		for _, sql := range []string{"SET statement_timeout = 0", "VACUUM " + table, "RESET statement_timeout"} {
			if _, err = own.Exec(ctx, sql); err != nil {
				break
			}
		}
		if err != nil {
			_ = own.Conn.Conn().Close(ctx) // with its setting
		}
		switch sqlState(err) {
		case "42601", "0A000", "42501": // an engine that has none, or a user who may not
			return nil
		}
		return err
	})
}

// erasedTables are those that rows of erased chats were in.
var erasedTables = []string{"chats", "items", "tokens", "receipts", "contacts", "contact_attributes", "said_docs", "said_due", "once", "outbox", "dead_letters", "uploads", "holdings", "remains"}

// Shrink implements [store.Store]: the server does it by itself.
func (s eraser) Shrink(context.Context) (more bool, err error) { return false, nil }

// Traces implements [store.Store].
func (s eraser) Traces(ctx context.Context) (bool, error) {
	return fetch(ctx, s.Store, func(t *tx) (bool, error) {
		var one int64
		return t.first([]any{&one}, "SELECT one FROM traces WHERE one = 1")
	})
}

// Scrub implements [store.Store]: a section is a table, which is vacuumed.
func (s eraser) Scrub(ctx context.Context, section int64) (next int64, err error) {
	if section < 0 || section >= int64(len(erasedTables)) {
		return 0, nil
	}
	if next = section + 1; next == int64(len(erasedTables)) {
		next = 0
	}
	return next, s.vacuum(ctx, erasedTables[section])
}

// Spotless implements [store.Store].
func (s eraser) Spotless(ctx context.Context) error {
	return s.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM traces WHERE one = 1 AND NOT EXISTS (SELECT 1 FROM remains)")
		return err
	})
}

// EmptyLog implements [store.Store]: the log is the server's.
func (s eraser) EmptyLog(ctx context.Context) error { return ctx.Err() }

// DropCopies implements [store.Store]: upgrades make none.
func (s eraser) DropCopies(ctx context.Context) error { return ctx.Err() }
