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
	newest := int64(len(steps))
	switch {
	case id != applicationID && tables.int(0) > 0:
		return errors.New("the database belongs to another program")
	case format > newest:
		return dir.tooNew(format, newest)
	case format == 0:
		return c.apply(ctx, steps, newest, func(step) {})
	}
	todo := steps[format:]
	if rest, err := c.draft(format, steps[5]); err != nil {
		return err
	} else if rest != nil {
		todo = append([]step{*rest}, todo...)
	}
	if len(todo) == 0 {
		return nil
	}
	return (&upgrade{Options: o, conn: c, dir: dir, from: format, to: newest, steps: todo}).run(ctx)
}

// draft returns what is still to be done to data of format 6 or later that a build made while
// that format was a draft, for an hour and in no release; nil when it is as it should be.
func (c *conn) draft(format int64, sixth step) (*step, error) {
	if format < sixth.format {
		return nil, nil
	}
	column, err := c.first("SELECT name FROM pragma_table_info('chats') WHERE name IN ('busy', 'worker')")
	if err != nil || column == nil {
		return nil, err
	}
	switch column.text(0) {
	case "busy": // the first draft had the first table alone
		sixth.sql = "DROP TABLE revisions;\n" + sixth.sql
	case "worker": // the second lacked the plural
		sixth.sql = "ALTER TABLE chats RENAME COLUMN worker TO workers;\nDROP INDEX chats_worker;\nCREATE INDEX chats_workers ON chats (n) WHERE workers IS NOT NULL;"
	}
	return &sixth, nil
}

// apply takes the steps to a format, all of them or none, and calls begin before each.
func (c *conn) apply(ctx context.Context, steps []step, to int64, begin func(step)) error {
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
	err := run(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", applicationID, to))
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
