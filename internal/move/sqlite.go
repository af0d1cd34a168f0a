package move

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"parley.example/parley/internal/store/sqlite"
	"parley.example/parley/internal/store/sqlite/datadir"
	"parley.example/parley/internal/store/sqlite/schema"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// file is a session with the database of a data directory.
type file struct {
	*sqlconn.Conn
	dir *datadir.Directory // nil for one that is read beside its server
}

// OpenData opens the database of a data directory to be read. Its server may be running: SQLite's locks and shared memory make that safe for processes
// of one machine.
func OpenData(ctx context.Context, path string) (*Database, error) {
	name, err := filepath.Abs(filepath.Join(path, datadir.DatabaseName))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not the data directory of a server: it has no %s", path, datadir.DatabaseName)
	} else if err != nil {
		return nil, err
	}
	c, err := sqlconn.Connect(ctx, sqlconn.FileURI(name)+"?mode=ro", "busy_timeout = 10000", "query_only = 1", "temp_store = file", "cache_size = -8000")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	d, err := known(c, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), c.Close())
	}
	return d, nil
}

// known looks at a database before anything is made of it.
func known(c *sqlconn.Conn, dir *datadir.Directory) (*Database, error) {
	format, err := c.Pragma("user_version")
	if err != nil {
		return nil, err
	}
	if newest := int64(schema.Format()); format != newest {
		return nil, fmt.Errorf("the database has format %d and this release works with format %d: use the release whose server runs on it, or start the newer one on it first", format, newest)
	}
	id, err := c.First("SELECT id FROM identity")
	if err != nil {
		return nil, err
	}
	if id == nil {
		return nil, errors.New("the database has no id")
	}
	return &Database{session: &file{c, dir}, store: "sqlite", format: format, id: id.Text(0)}, nil
}

// OpenDataToWrite opens the database of a data directory that no server uses, and makes it when it is not there.
func OpenDataToWrite(ctx context.Context, path, release string, log *slog.Logger) (*Database, error) {
	// The store brings the tables to the newest format, and does whatever else is done to a directory at a start.
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: path, Release: release, Log: log})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return nil, err
	}
	dir, err := datadir.Open(path, false)
	if err != nil {
		return nil, err
	}
	c, err := sqlconn.Connect(ctx, dir.DSN(), "secure_delete = on", "busy_timeout = 10000", "journal_mode = wal", "synchronous = full", "temp_store = file", "cache_size = -16000")
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	d, err := known(c, dir)
	if err != nil {
		return nil, errors.Join(err, c.Close(), dir.Close())
	}
	return d, nil
}

func (f *file) close() error {
	err := f.Conn.Close()
	if f.dir != nil {
		err = errors.Join(err, f.dir.Close())
	}
	return err
}

func (f *file) begin(context.Context) error {
	if f.dir != nil {
		return f.Script("BEGIN IMMEDIATE")
	}
	return f.Script("BEGIN")
}

func (f *file) end(_ context.Context, commit bool) error {
	if commit {
		return f.Script("COMMIT")
	}
	return f.Script("ROLLBACK")
}

func (f *file) query(ctx context.Context, each func([]any) error, forms []form, sql string, args ...any) error {
	values := make([]any, len(forms))
	return f.QueryOnce(func(r sqlconn.Row) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i, form := range forms {
			switch {
			case r[i] == nil:
				values[i] = nil
			case form == ident:
				values[i] = r.ID(i)
			case form == flag:
				values[i] = r.Bool(i)
			default:
				values[i] = r[i]
			}
		}
		return each(values)
	}, sql, bound(args)...)
}

func (f *file) exec(ctx context.Context, sql string, args ...any) error {
	_, err := f.change(ctx, sql, args...)
	return err
}

func (f *file) change(_ context.Context, sql string, args ...any) (int64, error) {
	var res driver.Result
	res, err := f.Exec(sql, bound(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// bound makes values what SQLite stores.
func bound(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case identText:
			out[i] = sqlconn.PackID(a)
		case docText:
			out[i] = string(a)
		case bool:
			out[i] = sqlconn.Flag(a)
		default:
			out[i] = a
		}
	}
	return out
}
