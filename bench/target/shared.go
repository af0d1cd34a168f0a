package target

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/client"
)

// maxNodes bounds the nodes that share one machine with everything else.
const maxNodes = 8

// Shared is what nodes work on: a PostgreSQL server, on which each server gets a database, and a NATS server.
type Shared struct {
	Postgres, Bus string
	Nodes         int

	databases map[string]string // URLs, by the data directory
}

// Check says what the options of the command line have wrong.
func (s *Shared) Check() error {
	switch {
	case s.Postgres == "" && (s.Bus != "" || s.Nodes > 1):
		return errors.New("-bus and -nodes are for servers on -postgres")
	case s.Nodes > 1 && s.Bus == "":
		return errors.New("-nodes needs a -bus")
	case s.Nodes < 0 || s.Nodes > maxNodes:
		return fmt.Errorf("-nodes must be from 1 to %d", maxNodes)
	}
	return nil
}

// args returns what has servers with a data directory work on what is shared.
func (s *Shared) args(ctx context.Context, data string) ([]string, error) {
	if s.Postgres == "" {
		return nil, nil
	}
	at := s.databases[data]
	if at == "" {
		u, err := url.Parse(s.Postgres)
		if err != nil {
			return nil, errors.New("-postgres is not a URL") // the error of url has the password
		}
		conn, err := pgx.Connect(ctx, s.Postgres)
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
	if s.Bus != "" {
		args = append(args, "--bus", s.Bus)
	}
	return args, nil
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
