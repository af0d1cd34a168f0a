// Package pgtest starts a PostgreSQL server for the tests of a package and gives each test a database of its own. The program of the server is
// the newest that is installed; without one, it is installed from Debian's packages, as root.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say what a server is like.
type Options struct {
	Fsync    bool     // flush to the disk: where what is durable is shown
	Settings []string // such as "max_connections=20"
}

// Server is a PostgreSQL server in a directory of its own, on loopback.
type Server struct {
	Options
	bin, dir string
	port     int
	as       *syscall.Credential // nil for this user

	mu      sync.Mutex // guards what follows
	command *exec.Cmd
	output  bytes.Buffer
	exited  chan struct{}
	last    int      // of the databases
	free    []string // databases that tests are done with
}

// New makes the directory of a server, which it has, and starts it. Close stops it and removes the directory.
func New(o Options) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parley-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{Options: o, bin: bin, dir: dir}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) begin() error {
	if os.Getuid() == 0 { // who may not run it
		owner, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, uerr := strconv.Atoi(owner.Uid)
		gid, gerr := strconv.Atoi(owner.Gid)
		if err := errors.Join(uerr, gerr, os.Chown(s.dir, uid, gid)); err != nil {
			return err
		}
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	initdb := s.program("initdb", "-D", s.data(), "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	return s.Start()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// program is run by the owner of the data.
func (s *Server) program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return cmd
}

// Start starts the server, which has been stopped, and returns when it takes connections.
func (s *Server) Start() error {
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir, "-h", "127.0.0.1"}
	settings := []string{"shared_buffers=64MB", "max_connections=200", "log_min_messages=fatal", "log_min_error_statement=panic"}
	if !s.Fsync {
		settings = append(settings, "fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
	}
	for _, one := range append(settings, s.Settings...) {
		args = append(args, "-c", one)
	}
	cmd := s.program("postgres", args...)
	cmd.Stdout, cmd.Stderr = &s.output, &s.output
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it is killed at times
	}()
	s.mu.Lock()
	s.command, s.exited = cmd, exited
	s.mu.Unlock()
	return s.ready(exited)
}

// ready asks until the server answers.
func (s *Server) ready(exited <-chan struct{}) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(context.Background(), s.URL("postgres"))
		if err == nil {
			return conn.Close(context.Background())
		}
		select {
		case <-tick.C:
		case <-exited:
			return fmt.Errorf("postgres has ended: %w\n%s", err, s.output.String())
		}
	}
}

// Stop stops the server: at once as if it were killed, or as an administrator does.
func (s *Server) Stop(how os.Signal) error {
	s.mu.Lock()
	cmd, exited := s.command, s.exited
	s.command = nil
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	err := cmd.Process.Signal(how)
	<-exited
	return err
}

// The ways of stopping a server: its children go too.
const (
	Fast      = syscall.SIGINT  // transactions are rolled back
	Immediate = syscall.SIGQUIT // as a crash: the next start recovers
)

// Close stops the server and removes what it had.
func (s *Server) Close() error {
	return errors.Join(s.Stop(Immediate), os.RemoveAll(s.dir))
}

// Addr is where the server listens.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is that of a database.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://parley@%s/%s?sslmode=disable", s.Addr(), database)
}

// Exec runs SQL in a database.
func (s *Server) Exec(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return errors.Join(err, conn.Close(ctx))
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
