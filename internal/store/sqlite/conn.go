package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"

	"parley.example/parley/internal/center"
)

// conn is one connection to the database file with the statements it has
// prepared. It belongs to one goroutine at a time. It speaks to the driver
// itself: database/sql would add a third to the cost of a small insert, and
// its pool has nothing to offer to one writer and a handful of readers.
type conn struct {
	raw   driver.Conn
	ctx   context.Context // without an end: a statement here is too short to be worth a watcher
	stmts map[string]statement
	args  []driver.NamedValue // reused by every call
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// connect opens the database that dsn names and runs pragmas on it.
func connect(ctx context.Context, dsn string, pragmas ...string) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	raw, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, ctx: context.WithoutCancel(ctx), stmts: map[string]statement{}}
	for _, p := range pragmas {
		if err := c.script("PRAGMA " + p); err != nil {
			return nil, errors.Join(fmt.Errorf("pragma %s: %w", p, err), c.close())
		}
	}
	return c, nil
}

// close releases the statements and the connection.
func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	clear(c.stmts)
	return errors.Join(append(errs, c.raw.Close())...)
}

// script runs SQL once, without keeping what was prepared. It may hold several statements.
func (c *conn) script(sql string) error {
	_, err := c.raw.(driver.ExecerContext).ExecContext(c.ctx, sql, nil)
	return err
}

// stmt returns the prepared form of sql. The SQL of this package is a fixed
// set of texts, so the map is bounded.
func (c *conn) stmt(sql string) (statement, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	raw, err := c.raw.(driver.ConnPrepareContext).PrepareContext(c.ctx, sql)
	if err != nil {
		return nil, err
	}
	s := raw.(statement)
	c.stmts[sql] = s
	return s, nil
}

func (c *conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

// exec runs a statement that returns no rows. Arguments are int64, string, []byte or nil.
func (c *conn) exec(sql string, args ...any) (driver.Result, error) {
	s, err := c.stmt(sql)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(c.ctx, c.bind(args))
}

// errEnough is what each returns to [conn.query] when it wants no more rows.
var errEnough = errors.New("enough rows")

// query runs a statement and calls each with every row. The row is valid until each returns.
//
// A bound limit is written LIMIT ?+0: SQLite 3.54 plans by the value of a parameter
// that is the whole limit, so it would compile the statement anew for each run, which
// takes longer than reading a page of a transcript.
func (c *conn) query(each func(row) error, sql string, args ...any) error {
	s, err := c.stmt(sql)
	if err != nil {
		return err
	}
	return c.run(s, each, args)
}

// queryOnce is query for a statement of which there are too many to keep what was prepared.
func (c *conn) queryOnce(each func(row) error, sql string, args ...any) error {
	s, err := c.raw.(driver.ConnPrepareContext).PrepareContext(c.ctx, sql)
	if err != nil {
		return err
	}
	return errors.Join(c.run(s.(statement), each, args), s.Close())
}

func (c *conn) run(s statement, each func(row) error, args []any) (err error) {
	rows, err := s.QueryContext(c.ctx, c.bind(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := make(row, len(rows.Columns()))
	for {
		switch err := rows.Next(r); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		if err := each(r); err != nil {
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		}
	}
}

// first runs a statement and returns its first row, nil when there is none.
func (c *conn) first(sql string, args ...any) (r row, err error) {
	err = c.query(func(found row) error {
		if r == nil {
			r = append(row(nil), found...)
		}
		return nil
	}, sql, args...)
	return r, err
}

// row is one row of a result. Its methods give the zero value for NULL.
type row []driver.Value

func (r row) int(i int) int64   { v, _ := r[i].(int64); return v }
func (r row) bool(i int) bool   { return r.int(i) != 0 }
func (r row) text(i int) string { v, _ := r[i].(string); return v }
func (r row) blob(i int) []byte { v, _ := r[i].([]byte); return v }

func (r row) time(i int) time.Time {
	v, ok := r[i].(int64)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

// id reads what packID wrote.
func (r row) id(i int) string {
	b, ok := r[i].([]byte)
	if !ok {
		return r.text(i)
	}
	u, err := uuid.FromBytes(b)
	if err != nil {
		return string(b)
	}
	return u.String()
}

// packID gives a UUID in canonical form as its 16 bytes, which is less than
// half of its text, any other id as it is, and none as NULL.
func packID[T ~string](id T) any {
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

// text gives NULL for the empty string.
func text[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// millis gives NULL for the zero time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// orNull is a flag that is NULL when it is not set.
func orNull(b bool) any {
	if b {
		return int64(1)
	}
	return nil
}

// missing is the error for a thing that is not there.
func missing(what, id string) error {
	return center.Errorf(center.NotFound, "%s %q does not exist", what, id)
}
