package sqlite

import (
	"context"

	"parley.example/parley/internal/store/sqlite/factsql"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// factKeeper is the part of a Store that keeps facts.
type factKeeper struct{ *factsql.Keeper }

// keeperOf returns that of a store.
func keeperOf(s *Store) factKeeper {
	return factKeeper{&factsql.Keeper{
		Read: func(ctx context.Context, of string, f func(*sqlconn.Conn) error) error {
			return s.read(ctx, of, func(c *conn) error { return f(c.Conn) })
		},
		Do: func(ctx context.Context, f func(*sqlconn.Conn) error) error {
			return s.do(ctx, func(c *conn) error { return f(c.Conn) })
		},
	}}
}
