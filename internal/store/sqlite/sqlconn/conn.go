// Package sqlconn is one connection to a SQLite database, and the rows and values that pass through
// it. It speaks to the driver itself: database/sql would add a third to the cost of a small insert, and
// its pool has nothing to offer to one writer and a handful of readers.
package sqlconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
)

// Conn is one connection to a database with the statements it has prepared. It belongs to one
// goroutine at a time. Make it with [Connect] or [Use].
type Conn struct {
	Raw   driver.Conn          // of package modernc.org/sqlite, for what only it can do
	ctx   context.Context      // without an end: a statement here is too short to be worth a watcher
	Stmts map[string]Statement // prepared, by their text
	args  []driver.NamedValue  // reused by every call
}

// Statement is what the driver makes of a text.
type Statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// Connect opens the database that dsn names and runs pragmas on it.
func Connect(ctx context.Context, dsn string, pragmas ...string) (*Conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	raw, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return Use(ctx, raw, pragmas...)
}

// Use runs pragmas on a connection of the driver, which is closed when one fails.
func Use(ctx context.Context, raw driver.Conn, pragmas ...string) (*Conn, error) {
	c := &Conn{Raw: raw, ctx: context.WithoutCancel(ctx), Stmts: map[string]Statement{}}
	for _, p := range pragmas {
		if err := c.Script("PRAGMA " + p); err != nil {
			return nil, errors.Join(fmt.Errorf("pragma %s: %w", p, err), c.Close())
		}
	}
	return c, nil
}

// Close releases the statements and the connection.
func (c *Conn) Close() error {
	var errs []error
	for _, s := range c.Stmts {
		errs = append(errs, s.Close())
	}
	clear(c.Stmts)
	return errors.Join(append(errs, c.Raw.Close())...)
}

// Script runs SQL once, without keeping what was prepared. It may hold several statements.
func (c *Conn) Script(sql string) error {
	_, err := c.Raw.(driver.ExecerContext).ExecContext(c.ctx, sql, nil)
	return err
}

// stmt returns the prepared form of sql. The SQL of Parley is a fixed
// set of texts, so the map is bounded.
func (c *Conn) stmt(sql string) (Statement, error) {
	if s, ok := c.Stmts[sql]; ok {
		return s, nil
	}
	raw, err := c.Raw.(driver.ConnPrepareContext).PrepareContext(c.ctx, sql)
	if err != nil {
		return nil, err
	}
	s := raw.(Statement)
	c.Stmts[sql] = s
	return s, nil
}

func (c *Conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

// Exec runs a statement that returns no rows. Arguments are int64, string, []byte or nil.
func (c *Conn) Exec(sql string, args ...any) (driver.Result, error) {
	s, err := c.stmt(sql)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(c.ctx, c.bind(args))
}

// ErrEnough is what each returns to [Conn.Query] when it wants no more rows.
var ErrEnough = errors.New("enough rows")

// Query runs a statement and calls each with every row. The row is valid until each returns.
//
// A bound limit is written LIMIT ?+0: SQLite 3.54 plans by the value of a parameter
// that is the whole limit, so it would compile the statement anew for each run, which
// takes longer than reading a page of a transcript.
func (c *Conn) Query(each func(Row) error, sql string, args ...any) error {
	s, err := c.stmt(sql)
	if err != nil {
		return err
	}
	return c.run(s, each, args)
}

// QueryOnce is [Conn.Query] for a statement of which there are too many to keep what was prepared.
func (c *Conn) QueryOnce(each func(Row) error, sql string, args ...any) error {
	s, err := c.Raw.(driver.ConnPrepareContext).PrepareContext(c.ctx, sql)
	if err != nil {
		return err
	}
	return errors.Join(c.run(s.(Statement), each, args), s.Close())
}

func (c *Conn) run(s Statement, each func(Row) error, args []any) (err error) {
	rows, err := s.QueryContext(c.ctx, c.bind(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := make(Row, len(rows.Columns()))
	for {
		switch err := rows.Next(r); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		if err := each(r); err != nil {
			if errors.Is(err, ErrEnough) {
				return nil
			}
			return err
		}
	}
}

// First runs a statement and returns its first row, nil when there is none.
func (c *Conn) First(sql string, args ...any) (r Row, err error) {
	err = c.Query(func(found Row) error {
		if r == nil {
			r = append(Row(nil), found...)
		}
		return nil
	}, sql, args...)
	return r, err
}

// Row is one row of a result. Its methods give the zero value for NULL.
type Row []driver.Value

// Int, Bool, Text and Blob return column i as what it is.
func (r Row) Int(i int) int64   { v, _ := r[i].(int64); return v }
func (r Row) Bool(i int) bool   { return r.Int(i) != 0 }
func (r Row) Text(i int) string { v, _ := r[i].(string); return v }
func (r Row) Blob(i int) []byte { v, _ := r[i].([]byte); return v }

// Time reads what [Millis] wrote.
func (r Row) Time(i int) time.Time {
	v, ok := r[i].(int64)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

// ID reads what [PackID] wrote.
func (r Row) ID(i int) string {
	b, ok := r[i].([]byte)
	if !ok {
		return r.Text(i)
	}
	u, err := uuid.FromBytes(b)
	if err != nil {
		return string(b)
	}
	return u.String()
}

// PackID gives a UUID in canonical form as its 16 bytes, which is less than
// half of its text, any other id as it is, and none as NULL.
func PackID[T ~string](id T) any {
	if id == "" {
		return nil
	}
	if len(id) != 36 {
		return string(id)
	}
	u, err := uuid.Parse(string(id))
	if err != nil || u.String() != string(id) {
		return string(id)
	}
	return u[:]
}

// Text gives NULL for the empty string.
func Text[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// Millis gives NULL for the zero time.
func Millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// Flag is 1 when b is set, else 0.
func Flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// OrNull is a flag that is NULL when it is not set.
func OrNull(b bool) any {
	if b {
		return int64(1)
	}
	return nil
}

// Pragma reads a pragma that is a number.
func (c *Conn) Pragma(name string) (int64, error) {
	r, err := c.First("PRAGMA " + name)
	if err != nil || r == nil {
		return 0, err
	}
	return r.Int(0), nil
}

// Size returns how large the database is, what is in its log included.
func (c *Conn) Size() (int64, error) {
	pages, err := c.Pragma("page_count")
	if err != nil {
		return 0, err
	}
	size, err := c.Pragma("page_size")
	return pages * size, err
}

// FileURI is the name under which SQLite opens a file.
func FileURI(file string) string {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
