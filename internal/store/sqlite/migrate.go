package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
)

// applicationID marks a database file as Parley's ("Prly"); tools such as file(1) show it.
const applicationID = 0x50726c79

// Every file is one migration. The format of a database is the number of
// migrations it has been through, kept in its user_version.
//
//go:embed schema/*.sql
var schema embed.FS

// Format returns the format that databases have once they are open: the newest there is.
func Format() int {
	files, _ := fs.Glob(schema, "schema/*.sql") // the pattern is good
	return len(files)
}

// migrate brings the database to the newest format, one transaction for each
// step, and logs it when there was data in an older one.
func migrate(c *conn, log *slog.Logger) error {
	files, err := fs.Glob(schema, "schema/*.sql") // sorted by name
	if err != nil {
		return err
	}
	format, err := c.pragma("user_version")
	if err != nil {
		return err
	}
	if format > int64(len(files)) {
		return fmt.Errorf("the data was written by a newer Parley: its format is %d, this one reads formats up to %d", format, len(files))
	}
	id, err := c.pragma("application_id")
	if err != nil {
		return err
	}
	tables, err := c.first("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	if id != applicationID && tables.int(0) > 0 {
		return errors.New("the database belongs to another program")
	}
	for i := format; i < int64(len(files)); i++ {
		sql, err := schema.ReadFile(files[i])
		if err != nil {
			return err
		}
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT;", sql, applicationID, i+1)
		if err := c.script(script); err != nil {
			return errors.Join(fmt.Errorf("migration %s: %w", path.Base(files[i]), err), c.script("ROLLBACK"))
		}
	}
	if newest := len(files); format > 0 && format < int64(newest) {
		log.Info("the database was brought to a newer format; older releases do not read it", "from", format, "to", newest)
	}
	return nil
}

// pragma reads a pragma that is a number.
func (c *conn) pragma(name string) (int64, error) {
	r, err := c.first("PRAGMA " + name)
	if err != nil || r == nil {
		return 0, err
	}
	return r.int(0), nil
}
