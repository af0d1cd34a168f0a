// Package schema has the tables of the database, as steps from one format to the next, and takes a
// database through those that it has not been through: see [Migrate].
package schema

import (
	"context"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	"parley.example/parley/internal/store/sqlite/datadir"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// applicationID marks a database file as Parley's ("Prly"); tools such as file(1) show it.
const applicationID = 0x50726c79

// Every file is one step from one format to the next. The format of a database is
// the number of steps it has been through, kept in its user_version. The first line
// of a file is a comment that says in one sentence, for operators, what the step does:
// an upgrade logs it.
//
//go:embed *.sql
var files embed.FS

// Format returns the format that databases have once they are open: the newest there is.
func Format() int {
	names, _ := fs.Glob(files, "*.sql") // the pattern is good
	return len(names)
}

// Step is one file of the schema.
type Step struct {
	Format int64 // that it leads to
	File   string
	Does   string
	SQL    string
}

// Steps returns all steps in order.
func Steps() ([]Step, error) {
	names, err := fs.Glob(files, "*.sql") // sorted by name
	if err != nil {
		return nil, err
	}
	steps := make([]Step, len(names))
	for i, file := range names {
		sql, err := files.ReadFile(file)
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(string(sql), "\n")
		steps[i] = Step{int64(i + 1), file, strings.TrimSpace(strings.TrimLeft(first, "- ")), string(sql)}
	}
	return steps, nil
}

// Options say how a database is brought to the newest format.
type Options struct {
	NoCopy bool // no copy of data of an older format is made
	Log    *slog.Logger
}

// Migrate brings the database to the newest format, in one transaction. Where there is
// data that is an [upgrade]. dir is nil for a database in memory.
func Migrate(ctx context.Context, c *sqlconn.Conn, dir *datadir.Directory, o Options) error {
	steps, err := Steps()
	if err != nil {
		return err
	}
	format, err := c.Pragma("user_version")
	if err != nil {
		return err
	}
	id, err := c.Pragma("application_id")
	if err != nil {
		return err
	}
	tables, err := c.First("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	newest := int64(len(steps))
	switch {
	case id != applicationID && tables.Int(0) > 0:
		return errors.New("the database belongs to another program")
	case format > newest:
		return dir.TooNew(format, newest)
	case format == 0:
		return apply(ctx, c, steps, newest, func(Step) {})
	}
	todo := steps[format:]
	if rest, err := draft(c, format, steps[5]); err != nil {
		return err
	} else if rest != nil {
		todo = append([]Step{*rest}, todo...)
	}
	if len(todo) == 0 {
		return nil
	}
	return (&upgrade{Options: o, conn: c, dir: dir, from: format, to: newest, steps: todo}).run(ctx)
}

// draft returns what is still to be done to data of format 6 or later that a build made while
// that format was a draft, for an hour and in no release; nil when it is as it should be.
func draft(c *sqlconn.Conn, format int64, sixth Step) (*Step, error) {
	if format < sixth.Format {
		return nil, nil
	}
	column, err := c.First("SELECT name FROM pragma_table_info('chats') WHERE name IN ('busy', 'worker')")
	if err != nil || column == nil {
		return nil, err
	}
	switch column.Text(0) {
	case "busy": // the first draft had the first table alone
		sixth.SQL = "DROP TABLE revisions;\n" + sixth.SQL
	case "worker": // the second lacked the plural
		sixth.SQL = "ALTER TABLE chats RENAME COLUMN worker TO workers;\nDROP INDEX chats_worker;\nCREATE INDEX chats_workers ON chats (n) WHERE workers IS NOT NULL;"
	}
	return &sixth, nil
}

// apply takes the steps to a format, all of them or none, and calls begin before each.
func apply(ctx context.Context, c *sqlconn.Conn, steps []Step, to int64, begin func(Step)) error {
	run := func(sql string) error {
		_, err := c.Raw.(driver.ExecerContext).ExecContext(ctx, sql, nil)
		return err
	}
	if err := run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, s := range steps {
		begin(s)
		if err := run(s.SQL); err != nil {
			_ = c.Script("ROLLBACK") // unless SQLite has done it
			return fmt.Errorf("%s: %w", s.File, err)
		}
	}
	err := run(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", applicationID, to))
	if err != nil {
		_ = c.Script("ROLLBACK")
	}
	return err
}
