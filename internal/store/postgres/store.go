// Package postgres keeps Parley's data in a PostgreSQL database, which many nodes share. It implements [store.Store].
//
// # How it works
//
// Changes wait in one bounded queue. A few committers take them, each those of its own chats and agents, whatever waits as one group,
// and make the group durable in one transaction of two round trips: the first locks what the changes touch and reads it, then every
// change is judged by itself, in order, against the rows as those before it in the group leave them; the second writes what came out,
// one statement for each table, and commits. So many changes share a flush, and a change that is refused harms no other. The
// transactions of a store go on side by side, as those of other nodes do; rows are locked in one order everywhere, so they wait
// for each other and do not deadlock.
//
// Everything else (chores, leases, resources, erasure, facts) is a transaction of its own, and reads are single statements that see what is committed.
//
// # Failure
//
// A transaction that failed for a reason that passes (a deadlock, a lost connection, a server that starts) is tried again, for
// [Options.Patience], which is counted from when it was asked for; then it fails with [store.ErrAway]. A commit whose answer was lost may have happened: the number of its group is looked up in the table commits, under
// a lock that the lost transaction has until it ended, before anything is done again. What the server says of a full disk, or that it takes no
// writes, fails the changes at once.
//
// # Other engines
//
// There is nothing in here that engines which speak PostgreSQL's protocol refuse, but for advisory locks during upgrades: see [Options.RowLock].
//
// Start reading at [Open], committer.go and group.go.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres/schema"
)

var _ store.Store = (*Store)(nil)

// Options say where a store keeps its data and to whom it reports.
type Options struct {
	// URL is the database as libpq writes it: postgres://user:password@host:port/database?sslmode=…
	URL string
	// Connections is how many the store opens at most; 0 means 16. Eight of them are for what writes, however much is read, and two at least for what reads.
	Connections int
	// RowLock has nodes that start at the same time wait for each other by a row, for engines without advisory locks.
	RowLock bool
	// Patience is how long what fails for a reason that passes is tried again; 0 means 15 s. Then, or when what was asked has no answer by then and nothing
	// else has one either, it fails with [store.ErrAway].
	Patience time.Duration
	// Log receives upgrades of the format, groups that were tried again and those that failed. Nil for none.
	Log *slog.Logger
	// Observe, when set, is called after each commit with how many changes shared it and how long that took. It must be quick.
	Observe func(group int, took time.Duration)
	// Failing, when set, is called with the reason when writes begin to fail because of the database, and with nil once a write has succeeded
	// again. It must be quick.
	Failing func(error)
}

const (
	committers = 4 // and as many transactions of what is no change
	// At the server statementTime bounds a statement, for one that hangs; lockTime how long it waits for a row; idleTime a transaction whose client is gone, or
	// frozen, and so how long others wait for its rows.
	statementTime = 30 * time.Second
	lockTime      = 10 * time.Second
	idleTime      = 4 * time.Second
)

// Store is a [store.Store] on PostgreSQL. Make it with [Open].
type Store struct {
	eraser
	agentKeeper
	factKeeper
	searcher
	pool     *pgxpool.Pool
	commits  *pgxpool.Pool // of the committers
	queue    *queue
	log      *slog.Logger
	observe  func(int, time.Duration)
	health   health
	pulse    pulse
	patience time.Duration
	writers  chan *writer // those for what is no change
	waits    waits
	readers  readers
	counters knownCounters

	closed    chan struct{} // closed when Close begins to release
	committed sync.WaitGroup
	closing   func() error // runs once
}

// Open opens the store, and creates or upgrades its tables when needed. It fails when the data was written by a newer Parley. ctx bounds
// opening only.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, err
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTime
	}
	config.ConnConfig.DialFunc = dial
	config.MaxConns = max(int32(cmp.Or(o.Connections, 16)), 2*committers+2) - committers
	for name, value := range map[string]string{
		"application_name":                    "parley",
		"jit":                                 "off", // statements are short
		"statement_timeout":                   fmt.Sprint(statementTime.Milliseconds()),
		"lock_timeout":                        fmt.Sprint(lockTime.Milliseconds()),
		"idle_in_transaction_session_timeout": fmt.Sprint(idleTime.Milliseconds()),
		"default_transaction_isolation":       "read committed",
		"tcp_keepalives_idle":                 "5", // in seconds: of a client whose machine is gone the rows are free soon
		"tcp_keepalives_interval":             "2",
		"tcp_keepalives_count":                "3",
	} {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, pool, o); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the database %s at %s: %w", config.ConnConfig.Database, config.ConnConfig.Host, err)
	}
	commits, err := pgxpool.NewWithConfig(ctx, planned(config))
	if err != nil {
		pool.Close()
		return nil, err
	}
	return start(pool, commits, o), nil
}

// CheckURL says what is wrong with a URL of [Options]. It does not say the password in it.
func CheckURL(url string) error {
	_, err := pgxpool.ParseConfig(url)
	return err
}

// Name returns what a URL of [Options] leads to, for people: without who connects to it.
func Name(url string) string {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return "postgres"
	}
	c := config.ConnConfig
	return fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(c.Host, fmt.Sprint(c.Port)), c.Database)
}

// planned is how the committers connect. Their statements go by an index, row by row, whatever the server takes the sizes of the tables for: a plan
// that it made while they were small is kept for as long as nothing has counted them again.
func planned(config *pgxpool.Config) *pgxpool.Config {
	own := config.Copy()
	own.MaxConns = committers
	for _, plan := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"} {
		own.ConnConfig.RuntimeParams[plan] = "off"
	}
	return own
}

// migrate brings the tables to the newest format, on a connection whose statements may take long.
func migrate(ctx context.Context, pool *pgxpool.Pool, o Options) error {
	config := pool.Config().ConnConfig
	for _, limit := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		config.RuntimeParams[limit] = "0"
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(schema.Migrate(ctx, conn, schema.Options{RowLock: o.RowLock, Log: o.Log}), conn.Close(context.WithoutCancel(ctx)))
}

// start lets the committers run and returns the store around them.
func start(pool, commits *pgxpool.Pool, o Options) *Store {
	s := &Store{pool: pool, commits: commits, queue: newQueue(committers), log: o.Log, observe: o.Observe, patience: cmp.Or(o.Patience, 15*time.Second), pulse: pulse{began: time.Now()},
		health: health{tell: o.Failing}, writers: make(chan *writer, committers), closed: make(chan struct{})}
	s.readers = readers{&s.waits, make(chan struct{}, pool.Config().MaxConns-committers)}
	s.eraser, s.agentKeeper, s.factKeeper, s.searcher = eraser{s}, agentKeeper{s}, factKeeper{s}, searcher{s}
	node := uuid.NewString()
	for i := range committers {
		s.writers <- &writer{name: fmt.Sprintf("%s/work/%d", node, i)}
		s.committed.Go(func() {
			(&committer{Store: s, lane: i, writer: &writer{name: fmt.Sprintf("%s/%d", node, i)}}).run()
		})
	}
	s.closing = sync.OnceValue(func() error {
		s.Leave()
		s.queue.close()
		s.committed.Wait()
		close(s.closed)
		forget(s, node)
		disconnect(s)
		return nil
	})
	return s
}

// forget removes what the writers of this store have noted, if the database is there: nobody asks for it any more.
func forget(s *Store, node string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := s.pool.Exec(ctx, "DELETE FROM commits WHERE writer >= $1 AND writer < $2", node+"/", node+"0"); err != nil {
		s.log.Debug("the notes of commits stay", "err", err)
	}
}

// disconnect closes all connections. Those to a server whose machine is gone end by themselves, and are not waited for.
func disconnect(s *Store) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.commits.Close()
		s.pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(2 * partTime):
		s.log.Warn("connections to the database have not ended yet")
	}
}

// Submit implements [store.Store].
func (s *Store) Submit(c *store.Change, done func(error)) {
	s.queue.put(string(c.Chat), &entry{change: c, done: done})
}

// Close implements [store.Store].
func (s *Store) Close() error { return s.closing() }
