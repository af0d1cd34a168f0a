package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"parley.example/parley/internal/store"
)

// What is deleted is overwritten in the same commit (secure_delete), pages that become
// free are given back to the file system some at a time (auto_vacuum), and the log, which still
// has what the pages held before, is emptied when an erasure is done.

const (
	// spareFree is how many free pages of 4 kB stay for new rows.
	spareFree = 256
	// shrinkSQL moves pages from the end of the file to free ones, and cuts the file off there.
	shrinkSQL = "PRAGMA incremental_vacuum(32)"
)

// Shrink implements [store.Store].
func (s eraser) Shrink(ctx context.Context) (more bool, err error) {
	return give(ctx, s.Store, func(w *writer) (more bool, err error) {
		c := w.conn
		before, err := c.pragma("freelist_count")
		if err != nil || before <= spareFree {
			return false, err
		}
		if err := c.query(func(row) error { return nil }, shrinkSQL); err != nil {
			return false, err
		}
		after, err := c.pragma("freelist_count")
		return after > spareFree && after < before, err // not in memory, where nothing is given back
	})
}

// EmptyLog implements [store.Store].
func (s eraser) EmptyLog(ctx context.Context) error {
	return s.wait(ctx, entry{between: (*writer).emptyLog})
}

// DropCopies implements [store.Store].
func (s eraser) DropCopies(context.Context) error {
	if s.dropCopies == nil {
		return nil
	}
	return s.dropCopies(time.Time{})
}

// emptyLog runs between two batches.
func (w *writer) emptyLog() error {
	if w.wal == nil {
		return nil
	}
	return w.wal.empty(w.conn)
}

// empty cuts the log down to nothing, if little of it has yet to be copied and nobody
// reads an old state. A long one is copied beside the writer first.
func (w *wal) empty(c *conn) error {
	if !w.running && w.length > w.pages/8 {
		w.running = true
		w.wanted <- struct{}{}
	}
	if w.running {
		return store.ErrBusy
	}
	done, err := c.wait(w.checkpointer, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err != nil {
		return err
	}
	if !done {
		return store.ErrBusy
	}
	w.length, w.next = 0, w.pages
	return nil
}

// overhaul rewrites a database that was made before there was a way to give back space: it
// has traces of what was deleted, and does not shrink. Without the space on the disk that
// this needs it is tried again at the next start.
func overhaul(ctx context.Context, c *conn, dsn string, log *slog.Logger) error {
	mode, err := c.pragma("auto_vacuum")
	if err != nil || mode != 0 {
		return err
	}
	pages, err := c.pragma("page_count")
	if err != nil {
		return err
	}
	log.Info("rewriting the database, this once, so that nothing deleted is left in the file and it can shrink; it needs as much free space as the file has", "bytes", pages*4096)
	began := time.Now() // of a duration for the log
	apart, err := connect(ctx, dsn, "busy_timeout = 10000", "synchronous = full", "temp_store = file", "auto_vacuum = incremental")
	if err != nil {
		return err
	}
	err = apart.script("VACUUM")
	if err == nil {
		err = apart.script("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	if closed := apart.close(); err == nil {
		err = closed
	}
	if err != nil {
		log.Warn("the database could not be rewritten; what was deleted before may lie in the file, which does not shrink. It is tried again at the next start", "err", err)
		return nil
	}
	if pages, err = c.pragma("page_count"); err != nil {
		return fmt.Errorf("after the database was rewritten: %w", err)
	}
	log.Info("the database was rewritten", "bytes", pages*4096, "took_ms", time.Since(began).Milliseconds())
	return nil
}
