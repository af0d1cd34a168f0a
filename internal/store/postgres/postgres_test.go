package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/postgres/pgtest"
	"parley.example/parley/internal/store/storetest"
)

// server is the PostgreSQL of these tests. What it writes need not last.
var server *pgtest.Server

// template has the tables; tests get copies of it.
const template = "parley_template"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if server, err = pgtest.New(pgtest.Options{}); err == nil {
		defer server.Close()
		err = prepare(server)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func prepare(server *pgtest.Server) error {
	ctx := context.Background()
	if err := server.Exec(ctx, "postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	s, err := postgres.Open(ctx, postgres.Options{URL: server.URL(template)})
	if err != nil {
		return err
	}
	return s.Close()
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Opener{
		Open: func(t *testing.T) (a, b store.Store) { return openBoth(t, server.Recycled(t, template)) },
		Reopen: func(t *testing.T, a, b store.Store) (store.Store, store.Store) {
			database, _ := databases.LoadAndDelete(a)
			for _, s := range []store.Store{a, b} {
				if err := s.Close(); err != nil {
					t.Fatalf("Close = %v", err)
				}
			}
			return openBoth(t, database.(string))
		},
	})
}

var databases sync.Map // of the open stores of these tests

func openBoth(t *testing.T, database string) (a, b store.Store) {
	t.Helper()
	a, b = open(t, postgres.Options{URL: server.URL(database)}), open(t, postgres.Options{URL: server.URL(database)})
	databases.Store(a, database)
	return a, b
}

// open opens a store for a test, which reports to the test.
func open(t *testing.T, o postgres.Options) *postgres.Store {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
