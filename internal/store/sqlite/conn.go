package sqlite

import (
	"context"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// conn is a connection that knows the tables.
type conn struct{ *sqlconn.Conn }

type row = sqlconn.Row

// connect opens the database that dsn names and runs pragmas on it.
func connect(ctx context.Context, dsn string, pragmas ...string) (*conn, error) {
	c, err := sqlconn.Connect(ctx, dsn, pragmas...)
	if err != nil {
		return nil, err
	}
	return &conn{c}, nil
}

// missing is the error for a thing that is not there.
func missing(what, id string) error {
	return center.Errorf(center.NotFound, "%s %q does not exist", what, id)
}
