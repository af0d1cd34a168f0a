package schema

import (
	"context"
	"sync"

	"modernc.org/sqlite"

	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// template is an empty database of the newest format, and the lock of its connection. All steps take a
// core 25 ms, a copy of what they lead to takes it one: tests and simulations open databases by the hundred.
var template struct {
	sync.Mutex
	conn *sqlconn.Conn // nil before the first copy
}

// Memory opens a new database in memory, of the newest format, and runs pragmas on it.
func Memory(ctx context.Context, pragmas ...string) (*sqlconn.Conn, error) {
	template.Lock()
	defer template.Unlock()
	if template.conn == nil {
		c, err := sqlconn.Connect(ctx, ":memory:", "temp_store = memory")
		if err != nil {
			return nil, err
		}
		if err := Migrate(ctx, c, nil, Options{}); err != nil {
			c.Close()
			return nil, err
		}
		template.conn = c
	}
	b, err := template.conn.Raw.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	}).NewBackup(":memory:")
	if err != nil {
		return nil, err
	}
	if _, err := b.Step(-1); err != nil {
		_ = b.Finish() // says the same
		return nil, err
	}
	raw, err := b.Commit()
	if err != nil {
		return nil, err
	}
	return sqlconn.Use(ctx, raw, pragmas...)
}
