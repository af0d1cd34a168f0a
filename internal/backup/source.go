package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// The files of a data directory that are copied, and one that says whether a server has it.
const (
	databaseName = "parley.db"
	markerName   = "parley.id"
	secretName   = "parley.secret"
	lockName     = "parley.lock"
	filesName    = "files"
)

// applicationID marks a database file as Parley's.
const applicationID = 0x50726c79

const maxPage = 65536

// source reads the database of a data directory beside the server that writes it. SQLite's
// locks and shared memory make that safe for processes of one machine.
type source struct {
	db    *sql.DB
	conn  *sql.Conn
	page  *sql.Stmt
	state state
	still string // the path of a database that is read as one that nobody changes; else ""
}

// state is what a transaction sees of the database as a whole.
type state struct {
	format, pageSize, pages int64
	data                    string
}

func (s state) bytes() int64 { return s.pages * s.pageSize }

// uri names a database file for SQLite.
func uri(path, options string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: options}).String()
}

func openSource(ctx context.Context, data string) (*source, error) {
	path := filepath.Join(data, databaseName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not the data directory of a server: it has no %s", data, databaseName)
	} else if err != nil {
		return nil, err
	}
	s, err := open(ctx, path, "")
	if e, ok := errors.AsType[*driver.Error](err); !ok || e.Code()&0xff != lib.SQLITE_CANTOPEN && e.Code() != lib.SQLITE_READONLY_DIRECTORY {
		return s, err
	}
	// SQLite has to write beside a database with a log, even to read it. On a read-only snapshot it cannot. Without a
	// log the database is complete as it is, and nobody has it: while a server does there is a log.
	if logged(path) {
		return nil, fmt.Errorf("%w: the last changes may be in its log, %s-wal, and where that is read the directory must be writable. Of a read-only snapshot, copy %[2]s and %[2]s-wal to a directory that is, and back that up", err, path)
	}
	if s, err = open(ctx, path, "&immutable=1"); err == nil {
		s.still = path
	}
	return s, err
}

// logged reports whether there is a log beside a database, or might be.
func logged(path string) bool {
	_, err := os.Lstat(path + "-wal")
	return !errors.Is(err, fs.ErrNotExist)
}

// open opens a database file; options are more of SQLite's.
func open(ctx context.Context, path, options string) (*source, error) {
	db, err := sql.Open("sqlite", uri(path, "mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(1)&_pragma=cache_size(-1000)"+options))
	if err != nil {
		return nil, err
	}
	s := &source{db: db}
	if s.conn, err = db.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	s.page, err = s.conn.PrepareContext(ctx, "SELECT data FROM sqlite_dbpage WHERE pgno = ?")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), s.close())
	}
	return s, nil
}

func (s *source) close() error {
	var err error
	if s.page != nil {
		err = s.page.Close()
	}
	return errors.Join(err, s.conn.Close(), s.db.Close())
}

// in runs f in one transaction: what it reads is the database at one instant.
func (s *source) in(ctx context.Context, f func() error) (err error) {
	if _, err := s.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() {
		_, end := s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		err = errors.Join(err, end)
	}()
	if err := s.look(ctx); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	if s.still != "" && logged(s.still) {
		return fmt.Errorf("%s was opened by a server while it was read: back it up as a user who may write beside it", s.still)
	}
	return nil
}

// look begins to read, which is the instant of the transaction.
func (s *source) look(ctx context.Context) error {
	var app, known int64
	st := state{}
	for _, q := range []struct {
		sql string
		to  *int64
	}{
		{"PRAGMA application_id", &app}, {"PRAGMA user_version", &st.format}, {"PRAGMA page_size", &st.pageSize}, {"PRAGMA page_count", &st.pages},
		{"SELECT count(*) FROM sqlite_schema WHERE name = 'identity'", &known},
	} {
		if err := s.conn.QueryRowContext(ctx, q.sql).Scan(q.to); err != nil {
			return err
		}
	}
	if app != applicationID {
		return fmt.Errorf("%s is not a database of Parley", databaseName)
	}
	if known > 0 { // formats before 7 had no id
		if err := s.conn.QueryRowContext(ctx, "SELECT id FROM identity").Scan(&st.data); err != nil {
			return err
		}
	}
	s.state = st
	return nil
}

// scan calls each with every piece of the database, in their order, in one statement: that is half
// as much work as [source.read]. A piece is valid until each returns.
func (s *source) scan(ctx context.Context, each func(b []byte) error) (err error) {
	rows, err := s.conn.QueryContext(ctx, "SELECT pgno, data FROM sqlite_dbpage")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var no, n int64
	var page sql.RawBytes
	per := pieceBytes / s.state.pageSize
	b := make([]byte, 0, pieceBytes)
	for rows.Next() {
		if err := rows.Scan(&no, &page); err != nil {
			return err
		}
		if n++; no != n || int64(len(page)) != s.state.pageSize {
			return fmt.Errorf("page %d of %s is number %d of %d bytes", n, databaseName, no, len(page))
		}
		if b = append(b, page...); n%per == 0 || n == s.state.pages {
			if err := each(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	if err := rows.Err(); err != nil || n == s.state.pages {
		return err
	}
	return fmt.Errorf("%s has %d pages of which %d can be read", databaseName, s.state.pages, n)
}

// read appends the content of n pages from the first on, counted from 0, to b.
func (s *source) read(ctx context.Context, first, n int64, b []byte) ([]byte, error) {
	var page sql.RawBytes
	for no := first + 1; no <= first+n; no++ {
		rows, err := s.page.QueryContext(ctx, no)
		if err != nil {
			return nil, err
		}
		if !rows.Next() {
			return nil, errors.Join(fmt.Errorf("page %d of %s cannot be read", no, databaseName), rows.Err(), rows.Close())
		}
		err = rows.Scan(&page)
		if err == nil && int64(len(page)) != s.state.pageSize {
			err = fmt.Errorf("page %d of %s has %d bytes", no, databaseName, len(page))
		}
		b = append(b, page...)
		if err := errors.Join(err, rows.Close()); err != nil {
			return nil, err
		}
	}
	return b, nil
}
