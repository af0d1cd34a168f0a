// Package pgserver starts a PostgreSQL server for tests and load generators; a Parley that serves starts none. The program of the server is
// the newest that is installed; without one, it is installed from Debian's packages, as root.
package pgserver

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
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say what a server is like.
type Options struct {
	Fsync    bool     // flush to the disk: where what is durable is shown
	Dir      string   // where its directory is made; the system's for temporary files by default
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
}

// New makes the directory of a server, which it has, and starts it. Close stops it and removes the directory.
func New(o Options) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "parley-pg-")
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

// PID is the number of the process whose children the others are; the server runs.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.command.Process.Pid
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
