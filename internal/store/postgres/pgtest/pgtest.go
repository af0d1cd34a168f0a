// Package pgtest starts a PostgreSQL server for the tests of a package, as package pgserver does, and gives each test a database of its own.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/store/postgres/pgserver"
)

// Options say what a server is like.
type Options = pgserver.Options

// The ways of stopping a server.
const (
	Fast      = pgserver.Fast
	Immediate = pgserver.Immediate
)

// Server is a PostgreSQL server with databases for tests.
type Server struct {
	*pgserver.Server

	mu   sync.Mutex // guards what follows
	last int        // of the databases
	free []string   // databases that tests are done with
}

// New makes the directory of a server, which it has, and starts it. Close stops it and removes the directory.
func New(o Options) (*Server, error) {
	s, err := pgserver.New(o)
	if err != nil {
		return nil, err
	}
	return &Server{Server: s}, nil
}

// Recycled is a database for a test that alters nothing but the rows in the tables of a template: one that other tests are done with, if there is one.
// To make one, and to connect to it first, takes longer than most tests.
func (s *Server) Recycled(t *testing.T, template string) string {
	t.Helper()
	s.mu.Lock()
	name := ""
	if n := len(s.free); n > 0 {
		name, s.free = s.free[n-1], s.free[:n-1]
	}
	s.mu.Unlock()
	if name == "" {
		name = s.create(t, template)
	}
	t.Cleanup(func() {
		if err := s.empty(name); err != nil {
			t.Errorf("the database of the test is not emptied: %v", err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, name)
	})
	return name
}

// empty deletes all rows of a database but for those that it had from the beginning, and lets its numbers begin anew.
func (s *Server) empty(database string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	var script string
	err = conn.QueryRow(ctx, `SELECT string_agg(text, '; ') FROM (
		SELECT 'DELETE FROM ' || tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('identity', 'parley_format')
		UNION ALL SELECT 'ALTER SEQUENCE ' || sequencename || ' RESTART' FROM pg_sequences WHERE last_value IS NOT NULL) AS s (text)`).Scan(&script)
	if err == nil {
		_, err = conn.PgConn().Exec(ctx, script).ReadAll()
	}
	return errors.Join(err, conn.Close(ctx))
}

// Database makes a database for a test, as a copy of another, and returns its name. It goes with the test.
func (s *Server) Database(t *testing.T, template string) string {
	t.Helper()
	name := s.create(t, template)
	t.Cleanup(func() {
		if err := s.Exec(context.Background(), "postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("the database of the test stays: %v", err)
		}
	})
	return name
}

func (s *Server) create(t *testing.T, template string) string {
	t.Helper()
	s.mu.Lock()
	s.last++
	name := fmt.Sprintf("test_%d", s.last)
	err := s.Exec(t.Context(), "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template) // one at a time: nobody else may be in the template
	s.mu.Unlock()
	if err != nil {
		t.Fatalf("a database for the test: %v", err)
	}
	return name
}
