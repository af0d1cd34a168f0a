package schema

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// Overhaul rewrites a database that was made before there was a way to give back space: it
// has traces of what was deleted, and does not shrink. Without the space on the disk that
// this needs it is tried again at the next start.
func Overhaul(ctx context.Context, c *sqlconn.Conn, dsn string, log *slog.Logger) error {
	mode, err := c.Pragma("auto_vacuum")
	if err != nil || mode != 0 {
		return err
	}
	pages, err := c.Pragma("page_count")
	if err != nil {
		return err
	}
	log.Info("rewriting the database, this once, so that nothing deleted is left in the file and it can shrink; it needs as much free space as the file has", "bytes", pages*4096)
	began := time.Now() // of a duration for the log
	apart, err := sqlconn.Connect(ctx, dsn, "busy_timeout = 10000", "synchronous = full", "temp_store = file", "auto_vacuum = incremental")
	if err != nil {
		return err
	}
	err = apart.Script("VACUUM")
	if err == nil {
		err = apart.Script("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	if closed := apart.Close(); err == nil {
		err = closed
	}
	if err != nil {
		log.Warn("the database could not be rewritten; what was deleted before may lie in the file, which does not shrink. It is tried again at the next start", "err", err)
		return nil
	}
	if pages, err = c.Pragma("page_count"); err != nil {
		return fmt.Errorf("after the database was rewritten: %w", err)
	}
	log.Info("the database was rewritten", "bytes", pages*4096, "took_ms", time.Since(began).Milliseconds())
	return nil
}
