package sqlite

import (
	"context"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// applicationID marks a database file as Parley's ("Prly"); tools such as file(1) show it.
const applicationID = 0x50726c79

// Every file is one step from one format to the next. The format of a database is
// the number of steps it has been through, kept in its user_version. The first line
// of a file is a comment that says in one sentence, for operators, what the step does:
// an upgrade logs it.
//
//go:embed schema/*.sql
var schema embed.FS

// Format returns the format that databases have once they are open: the newest there is.
func Format() int {
	files, _ := fs.Glob(schema, "schema/*.sql") // the pattern is good
	return len(files)
}

// step is one file of the schema.
type step struct {
	format int64 // that it leads to
	file   string
	does   string
	sql    string
}

// readSteps returns all steps in order.
func readSteps() ([]step, error) {
	files, err := fs.Glob(schema, "schema/*.sql") // sorted by name
	if err != nil {
		return nil, err
	}
	steps := make([]step, len(files))
	for i, file := range files {
		sql, err := schema.ReadFile(file)
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(string(sql), "\n")
		steps[i] = step{int64(i + 1), path.Base(file), strings.TrimSpace(strings.TrimLeft(first, "- ")), string(sql)}
	}
	return steps, nil
}

// migrate brings the database to the newest format, in one transaction. Where there is
// data that is an [upgrade]. dir is nil for a database in memory.
func migrate(ctx context.Context, c *conn, dir *directory, o Options) error {
	steps, err := readSteps()
	if err != nil {
		return err
	}
	format, err := c.pragma("user_version")
	if err != nil {
		return err
	}
	id, err := c.pragma("application_id")
	if err != nil {
		return err
	}
	tables, err := c.first("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	switch newest := int64(len(steps)); {
	case id != applicationID && tables.int(0) > 0:
		return errors.New("the database belongs to another program")
	case format > newest:
		return dir.tooNew(format, newest)
	case format == newest:
		return nil
	case format == 0:
		return c.apply(ctx, steps, func(step) {})
	}
	return (&upgrade{Options: o, conn: c, dir: dir, from: format, steps: steps[format:]}).run(ctx)
}

// apply takes the steps, all of them or none, and calls begin before each.
func (c *conn) apply(ctx context.Context, steps []step, begin func(step)) error {
	run := func(sql string) error {
		_, err := c.raw.(driver.ExecerContext).ExecContext(ctx, sql, nil)
		return err
	}
	if err := run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, s := range steps {
		begin(s)
		if err := run(s.sql); err != nil {
			_ = c.script("ROLLBACK") // unless SQLite has done it
			return fmt.Errorf("%s: %w", s.file, err)
		}
	}
	err := run(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", applicationID, steps[len(steps)-1].format))
	if err != nil {
		_ = c.script("ROLLBACK")
	}
	return err
}

// pragma reads a pragma that is a number.
func (c *conn) pragma(name string) (int64, error) {
	r, err := c.first("PRAGMA " + name)
	if err != nil || r == nil {
		return 0, err
	}
	return r.int(0), nil
}
