package sqlite

import (
	"errors"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// health is the writer's account of whether the database takes writes.
type health struct {
	tell    func(error) // Options.Failing; may be nil
	failing bool
}

// isFault says whether an error is about the database, its file or its disk, so that
// other writes fail as well, and not about what was to be written.
func isFault(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff { // the rest of the code says which call it was
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_CANTOPEN,
		lib.SQLITE_PERM, lib.SQLITE_PROTOCOL, lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_NOMEM:
		return true
	}
	return false
}

// faultOf returns the fault that a batch met: that of its transaction, or the first among its entries.
func faultOf(batch []entry, err error) error {
	if err != nil {
		if isFault(err) {
			return err
		}
		return nil
	}
	for i := range batch {
		if isFault(batch[i].err) {
			return batch[i].err
		}
	}
	return nil
}

// judge tells when writes begin to fail and when one has succeeded again. A batch that
// wrote nothing shows nothing: it is committed on a full disk too. before is what
// [writer.changes] was before the batch.
func (w *writer) judge(batch []entry, err error, before int64) {
	fault := faultOf(batch, err)
	switch {
	case fault != nil && !w.health.failing:
	case fault == nil && err == nil && w.health.failing && w.changes() > before:
	default:
		return
	}
	w.health.failing = fault != nil
	if w.health.tell != nil {
		w.health.tell(fault)
	}
}

// changes counts the rows that were written. It asks only while that matters.
func (w *writer) changes() int64 {
	if !w.health.failing {
		return 0
	}
	r, err := w.conn.First("SELECT total_changes()")
	if err != nil || r == nil {
		return 0
	}
	return r.Int(0)
}
