// Package sqlite keeps Parley's data in one SQLite database: a file in a data
// directory, or memory. It implements [store.Store]; docs/database.md shows
// the tables and the views for reporting tools. Package sqlconn is one connection, datadir
// the directory, schema the tables and how older data gets them.
//
// # How it works
//
// One goroutine, the writer, owns the only connection that writes. It takes
// whatever waits, at most 1,024 changes, applies each inside one transaction,
// and commits: the next batch forms while the disk flushes this one, so no
// timer is needed and a lone change waits for nobody. Since it is the only
// writer, it judges changes by what it has cached of the chats and agents it wrote last; the unique
// indexes of the tables stand behind it. Another goroutine calls the done
// functions in order, and a third copies the write-ahead log back into the
// database file. Reads use a few connections of their own and see committed
// data only.
//
// # Failure
//
// A refused change has written nothing. When a statement of a change fails
// for a reason of its own, the batch is rolled back and done again with a
// savepoint around every change, so that one fails alone. When the
// transaction itself fails (disk full, I/O error) every change of the batch
// fails with that error, and the writer goes on with the next batch.
//
// Start reading at [Open] and at writer.go.
package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/datadir"
	"parley.example/parley/internal/store/sqlite/schema"
)

var _ store.Store = (*Store)(nil)

// Options say where a store keeps its data and to whom it reports.
type Options struct {
	// Dir is the data directory; it is created when it is not there. Empty
	// means memory: fast, without files, gone with Close.
	Dir string
	// New says that the data begins afresh in Dir: Open then makes a database where one
	// is missing, or empty, although there was one, and refuses where there is one. The
	// first database of a directory needs it not.
	New bool
	// NoUpgradeCopy upgrades data of an older format without a copy of it: for those who have a backup.
	NoUpgradeCopy bool
	// Release is the version of this program, if that is known. The marker of the data names
	// it, for those who go back to an older one.
	Release string
	// Log receives upgrades of the format, batches that were retried and flushes that failed. Nil for none.
	Log *slog.Logger
	// Observe, when set, is called after each flush with how many changes shared it
	// and how long the batch took. It runs on the writer's goroutine and must be quick.
	Observe func(batch int, flush time.Duration)
	// Failing, when set, is called with the reason when writes begin to fail because of
	// the database, its file or its disk, and with nil once a write has succeeded again.
	// It runs on the writer's goroutine, before the change is answered, and must be quick.
	Failing func(error)

	walPages int64 // set by tests: see checkpointer.pages
}

// Store is a [store.Store] on SQLite. Make it with [Open].
type Store struct {
	eraser
	agentKeeper
	factKeeper
	searcher
	queue    *queue
	pool     *pool
	answered chan struct{} // closed when the last done has returned
	closing  func() error  // runs once
	dsn      string        // of the database file; "" in memory

	dropCopies func(before time.Time) error // of upgrades; nil in memory
}

// Open opens the store, and creates or migrates its tables when needed. It
// fails when another process uses the directory (the error names it), when
// the data was written by a newer Parley, when the file is not Parley's or is damaged,
// and when the database is missing or empty in a directory that has held one: see Options.New.
// ctx bounds opening only.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Dir == "" {
		return openMemory(ctx, o)
	}
	return openFile(ctx, o)
}

func openMemory(ctx context.Context, o Options) (*Store, error) {
	fresh, err := schema.Memory(ctx, "temp_store = memory", "foreign_keys = on")
	if err != nil {
		return nil, err
	}
	c := &conn{fresh}
	// Reader and writer take turns with the one connection: the data lives in it.
	p := newPool(1, nil)
	p.idle = append(p.idle, c)
	w := newWriter(o, p, nil, nil)
	return start(w, p, p.close), nil
}

func openFile(ctx context.Context, o Options) (*Store, error) {
	dir, err := datadir.Open(o.Dir, o.New)
	if err != nil {
		return nil, err
	}
	var undo undo
	undo.add(dir.Close)
	fail := func(err error) (*Store, error) {
		undo.run()
		return nil, fmt.Errorf("open %s: %w", dir.Path, dir.Explain(err))
	}
	pragmas := []string{"secure_delete = on", "busy_timeout = 10000", "journal_mode = wal", "synchronous = full", "foreign_keys = on",
		"wal_autocheckpoint = 0", "journal_size_limit = 67108864", "temp_store = memory", "cache_size = -16000"}
	if dir.Empty() { // elsewhere it would be a write, before it is known whether the data is for this release
		pragmas = append([]string{"auto_vacuum = incremental"}, pragmas...)
	}
	c, err := connect(ctx, dir.DSN(), pragmas...)
	if err != nil {
		return fail(err)
	}
	undo.add(c.Close)
	if err := dir.CheckTables(c.Conn, o.New); err != nil {
		return fail(err)
	}
	if err := schema.Migrate(ctx, c.Conn, dir, schema.Options{NoCopy: o.NoUpgradeCopy, Log: o.Log}); err != nil {
		return fail(err)
	}
	if err := schema.Overhaul(ctx, c.Conn, dir.DSN(), o.Log); err != nil {
		return fail(err)
	}
	if err := dir.Mark(c.Conn, o.Release, o.Log); err != nil {
		return fail(err)
	}
	if err := dir.TellCopies(o.Log); err != nil {
		return fail(err)
	}
	cp, err := newCheckpointer(ctx, dir.DSN(), o)
	if err != nil {
		return fail(err)
	}
	undo.add(cp.close)
	p := newPool(readers, func() (*conn, error) {
		return connect(context.WithoutCancel(ctx), dir.DSN(), "busy_timeout = 10000", "query_only = on", "temp_store = memory", "cache_size = -4000")
	})
	undo.add(p.close)
	s := start(newWriter(o, nil, c, cp), p, undo.run)
	s.dsn = dir.DSN()
	s.dropCopies = func(before time.Time) error { return dir.DropCopies(before, o.Log) }
	return s, nil
}

// start lets the writer run and returns the store around it. release gives
// back what was opened, after the last change was answered.
func start(w *writer, p *pool, release func() error) *Store {
	s := &Store{queue: newQueue(), pool: p, answered: make(chan struct{})}
	s.eraser, s.agentKeeper, s.factKeeper, s.searcher, w.queue = eraser{s}, agentKeeper{s}, keeperOf(s), searcher{s}, s.queue
	batches := make(chan []entry, 8)
	go func() {
		defer close(batches)
		w.run(batches)
	}()
	go func() {
		defer close(s.answered)
		answer(batches)
	}()
	s.closing = sync.OnceValue(func() error {
		s.queue.close()
		<-s.answered
		return release()
	})
	return s
}

// answer calls the done functions of finished batches. It is a goroutine of
// its own so that the writer can go on with the next flush.
func answer(batches <-chan []entry) {
	for batch := range batches {
		for i := range batch {
			batch[i].done(batch[i].err)
		}
	}
}

// Submit implements [store.Store].
func (s *Store) Submit(c *store.Change, done func(error)) {
	s.submit(entry{change: c, done: done})
}

func (s *Store) submit(e entry) {
	if !s.queue.put(e) {
		s.queue.refuse(e, s.answered)
	}
}

// do runs a job on the writer's connection and waits until it is durable.
// When ctx ends first the job may still happen.
func (s *Store) do(ctx context.Context, job func(*conn) error) error {
	return s.wait(ctx, entry{job: func(w *writer) error { return job(w.conn) }})
}

// wait submits an entry and waits until it is done. When ctx ends first it may still happen.
func (s *Store) wait(ctx context.Context, e entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	e.done = func(err error) { done <- err }
	s.submit(e)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// give is [Store.do] for a job with a result, or one that changes what the writer has cached. The result
// is the job's own until it is done: a job goes on when nobody waits for it any more.
func give[T any](ctx context.Context, s *Store, job func(*writer) (T, error)) (result T, err error) {
	its := new(T)
	if err := s.wait(ctx, entry{job: func(w *writer) (err error) {
		*its, err = job(w)
		return err
	}}); err != nil {
		return result, err
	}
	return *its, nil
}

// Close implements [store.Store]. It also copies the log back into the
// database file, so that a directory at rest is one file.
func (s *Store) Close() error { return s.closing() }

// undo collects what has to be given back, to be run in reverse order.
type undo struct{ steps []func() error }

func (u *undo) add(f func() error) { u.steps = append(u.steps, f) }

// run runs all steps and returns the first error.
func (u *undo) run() (err error) {
	for len(u.steps) > 0 {
		last := len(u.steps) - 1
		f := u.steps[last]
		u.steps = u.steps[:last]
		if e := f(); err == nil {
			err = e
		}
	}
	return err
}
