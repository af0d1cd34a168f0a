package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Overwrite implements [store.Store]. It works on a connection of its own, whose deletions
// leave zeros; the writer waits meanwhile. What writes of other times have left in free
// space is looked for in every page: then the file is written anew as a whole (VACUUM).
func (s *Store) Overwrite(ctx context.Context, w store.ResourceWrite, gone ...string) error {
	if s.dsn == "" {
		_, err := s.WriteResources(ctx, w)
		return err
	}
	if slices.ContainsFunc(w.Drop, func(r center.Resource) bool { return r.Kind == center.KindInstance }) {
		return center.Errorf(center.Invalid, "an instance is deleted by WriteResources") // the writer has it cached
	}
	c, err := connect(ctx, s.dsn, "busy_timeout = 10000", "synchronous = full", "wal_autocheckpoint = 0", "secure_delete = on", "cache_size = -4000")
	if err != nil {
		return err
	}
	return errors.Join(c.overwrite(&w, gone), c.Close())
}

func (c *conn) overwrite(w *store.ResourceWrite, gone []string) error {
	if err := c.Script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	_, err := c.writeResources(w)
	if err == nil {
		err = c.Script("COMMIT")
	}
	if err != nil {
		_ = c.Script("ROLLBACK") // fails when the error has ended the transaction
		return err
	}
	if err := c.truncateLog(); err != nil {
		return err
	}
	switch left, err := c.holds(gone); {
	case err != nil:
		return err
	case !left:
		return nil
	}
	if err := c.Script("VACUUM"); err != nil {
		return err
	}
	if err := c.truncateLog(); err != nil {
		return err
	}
	left, err := c.holds(gone)
	if err == nil && left {
		err = errors.New("what was to be overwritten is still in the database")
	}
	return err
}

// truncateLog copies the log into the database file and empties it.
func (c *conn) truncateLog() error {
	r, err := c.First("PRAGMA wal_checkpoint(TRUNCATE)")
	if err == nil && (r == nil || r.Bool(0)) {
		err = errors.New("another process reads the database")
	}
	if err != nil {
		return fmt.Errorf("empty the log of the database: %w", err)
	}
	return nil
}

// holds says whether one of the texts is in a page of the database, free ones included. It reads them
// through SQLite: closing a file descriptor of its own would give up SQLite's locks on the file.
func (c *conn) holds(texts []string) (bool, error) {
	for _, text := range texts {
		r, err := c.First("SELECT 1 FROM sqlite_dbpage WHERE instr(data, CAST(? AS BLOB)) > 0 LIMIT 1", text)
		if err != nil || r != nil {
			return r != nil, err
		}
	}
	return false, nil
}
