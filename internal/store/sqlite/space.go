package sqlite

import (
	"context"
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
		before, err := c.Pragma("freelist_count")
		if err != nil || before <= spareFree {
			return false, err
		}
		if err := c.Query(func(row) error { return nil }, shrinkSQL); err != nil {
			return false, err
		}
		after, err := c.Pragma("freelist_count")
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
