// Package schema has the tables of the database, as numbered steps from one format to the next, and takes a database through
// those that it has not been through: see [Migrate].
package schema

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Every file is one step. The format of a database is the number of steps it has been through, kept in the table parley_format. The first
// line of a file says in one sentence, for operators, what the step does: an upgrade logs it.
//
//go:embed *.sql
var files embed.FS

// Format returns the format that databases have once they are open: the newest there is.
func Format() int64 { return int64(len(steps())) }

func steps() []string {
	names, _ := fs.Glob(files, "*.sql") // the pattern is good, and they are sorted
	return names
}

// lockKey is the advisory lock under which nodes that start at the same time take turns.
const lockKey = 0x5061726c6579 // "Parley"

// formatTable has one row from the beginning, so that there is something to lock.
const formatTable = `CREATE TABLE IF NOT EXISTS parley_format (one bigint PRIMARY KEY, format bigint NOT NULL);
	INSERT INTO parley_format (one, format) VALUES (1, 0) ON CONFLICT DO NOTHING`

// Options say how a database is brought to the newest format.
type Options struct {
	RowLock bool // lock a row instead, for engines without advisory locks
	Log     *slog.Logger
}

// Migrate brings the database to the newest format, in one transaction: nodes that start at the same time wait for each other, and one
// that dies in the middle leaves the data as it was.
func Migrate(ctx context.Context, conn *pgx.Conn, o Options) error {
	if format, err := read(ctx, conn); err == nil && format == Format() {
		return nil // without a lock: most starts
	}
	if o.RowLock {
		if err := lockable(ctx, conn); err != nil {
			return err
		}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // fails when it is committed
	if !o.RowLock {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lockKey)); err != nil {
			return fmt.Errorf("%w (for an engine without advisory locks there is the setting that locks a row instead)", err)
		}
		if err := script(ctx, conn, formatTable); err != nil {
			return err
		}
	}
	var format int64
	if err := tx.QueryRow(ctx, "SELECT format FROM parley_format WHERE one = 1 FOR UPDATE").Scan(&format); err != nil {
		return err
	}
	if err := take(ctx, tx, format, o.Log); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// lockable makes the row that is locked. CREATE TABLE IF NOT EXISTS fails when another node does the same at that moment: then it is there the next time.
func lockable(ctx context.Context, conn *pgx.Conn) (err error) {
	for range 20 {
		err = script(ctx, conn, formatTable)
		e, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || !slices.Contains([]string{"23505", "42P07", "42710", "40001"}, e.Code) { // a row, a table, a type that is there, a race
			return err
		}
	}
	return err
}

// take takes the steps that a database of a format has not been through.
func take(ctx context.Context, tx pgx.Tx, format int64, log *slog.Logger) error {
	all := steps()
	if format > int64(len(all)) {
		return fmt.Errorf("the database has format %d and this release knows formats up to %d: it was written by a newer release of Parley. Run that release, or restore a backup from before the upgrade",
			format, len(all))
	}
	for i, name := range all[format:] {
		sql, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		does, _, _ := strings.Cut(string(sql), "\n")
		if format > 0 {
			log.Info("upgrading the database", "format", format+int64(i)+1, "does", strings.TrimLeft(does, "- "))
		}
		if err := script(ctx, tx.Conn(), string(sql)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if format == 0 {
		if _, err := tx.Exec(ctx, "INSERT INTO identity (id) VALUES ($1)", uuid.NewString()); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "UPDATE parley_format SET format = $1 WHERE one = 1", int64(len(all)))
	return err
}

// read returns the format of a database, with an error for one that has none.
func read(ctx context.Context, conn *pgx.Conn) (format int64, err error) {
	var table *string
	if err := conn.QueryRow(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'parley_format'").Scan(&table); err != nil {
		return 0, err
	}
	if table == nil {
		return 0, errors.New("no format")
	}
	err = conn.QueryRow(ctx, "SELECT format FROM parley_format WHERE one = 1").Scan(&format)
	return format, err
}

// script runs statements, in the simple protocol: several at once.
func script(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}
