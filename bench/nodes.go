package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/client"
)

// maxNodes bounds the nodes that share one machine with everything else.
const maxNodes = 8

// shared is what nodes work on: a PostgreSQL server, on which each server gets a database, and a NATS server.
type shared struct {
	postgres, bus string
	nodes         int

	databases map[string]string // URLs, by the data directory
}

func (s *shared) check() error {
	switch {
	case s.postgres == "" && (s.bus != "" || s.nodes > 1):
		return errors.New("-bus and -nodes are for servers on -postgres")
	case s.nodes > 1 && s.bus == "":
		return errors.New("-nodes needs a -bus")
	case s.nodes < 0 || s.nodes > maxNodes:
		return fmt.Errorf("-nodes must be from 1 to %d", maxNodes)
	}
	return nil
}

// args returns what has servers with a data directory work on what is shared.
func (s *shared) args(ctx context.Context, data string) ([]string, error) {
	if s.postgres == "" {
		return nil, nil
	}
	at := s.databases[data]
	if at == "" {
		u, err := url.Parse(s.postgres)
		if err != nil {
			return nil, errors.New("-postgres is not a URL") // the error of url has the password
		}
		conn, err := pgx.Connect(ctx, s.postgres)
		if err != nil {
			return nil, err
		}
		defer conn.Close(ctx)
		name := fmt.Sprintf("bench_%d", len(s.databases)+1)
		for _, sql := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return nil, err
			}
		}
		u.Path = "/" + name
		at = u.String()
		if s.databases == nil {
			s.databases = map[string]string{}
		}
		s.databases[data] = at
	}
	args := []string{"--store", at}
	if s.bus != "" {
		args = append(args, "--bus", s.bus)
	}
	return args, nil
}

// startMore starts the nodes beside the first one.
func (b *bench) startMore(ctx context.Context, s *server, args []string) error {
	for n := 1; n < b.shared.nodes; n++ {
		p, err := spawn(ctx, nil, b.server, append(args, "--flow-logs", filepath.Join(s.data, fmt.Sprint("logs", n)))...)
		if err != nil {
			return err
		}
		s.more = append(s.more, p)
	}
	return nil
}

func (s *server) kill() {
	for _, p := range append(s.more, s.process) {
		p.kill()
	}
}

func (s *server) stop() error {
	var errs []error
	for _, p := range append(s.more, s.process) {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// spread sends requests, and opens sockets, at the nodes in turn.
type spread struct {
	next  client.Connector
	nodes []string
	turn  atomic.Uint64
}

func (s *spread) RoundTrip(r *http.Request) (*http.Response, error) {
	to := *r.URL
	to.Host = s.nodes[s.turn.Add(1)%uint64(len(s.nodes))]
	r = r.Clone(r.Context())
	if r.Host == "" {
		r.Host = r.URL.Host // which is signed
	}
	r.URL = &to
	return s.next.RoundTrip(r)
}
