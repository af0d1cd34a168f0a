package postgres

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// writer numbers the transactions of one that writes, one after another.
type writer struct {
	name   string
	number int64
}

// noteSQL is the first statement of every transaction that writes: the number of the transaction, in a row that stays locked until it has ended.
const noteSQL = `INSERT INTO commits (writer, number) VALUES ($1, $2)
	ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at`

// happened reports whether the writer's last transaction was committed, and waits until it has ended. A connection may be gone and its
// transaction still be under way at the server.
// since is when the transaction was wanted.
func (w *writer) happened(ctx context.Context, s *Store, since time.Time) (yes bool, err error) {
	try := newTrial(ctx, s, since)
	defer try.end()
	err = try.run(func(ctx context.Context) error {
		var number int64
		err := s.pool.QueryRow(ctx, "SELECT number FROM commits WHERE writer = $1 FOR UPDATE", w.name).Scan(&number)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		yes = err == nil && number == w.number
		return err
	})
	return yes, err
}

// begun is a transaction that has begun on a connection of the pool.
type begun struct {
	*pgxpool.Conn
}

// end gives the connection back, after what went wrong, if anything did. One whose transaction has not ended, or that belongs to a server which is not what it
// was, is closed: a transaction ends with it, and the pool makes another.
func (b begun) end(err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	code := sqlState(err)
	outdated := code == "25006" || code == "0A000" // another server takes the writes now; the tables have changed since statements were prepared
	if !outdated && b.Conn.Conn().PgConn().TxStatus() != 'I' {
		_, err := b.Exec(ctx, "ROLLBACK")
		outdated = err != nil
	}
	if outdated {
		_ = b.Conn.Conn().Close(ctx)
	}
	b.Release()
}

// aborted reports whether an error, of a commit, says that nothing was committed: the server has said so itself on a connection that is still there.
func aborted(err error, conn begun) bool {
	_, said := errors.AsType[*pgconn.PgError](err)
	return said && !conn.Conn.Conn().IsClosed()
}

// do runs a job in a transaction and returns when it is durable. It may run several times, and all of its writes are undone when it fails. When ctx
// ends first it may still happen. Errors of the job's own are refusals: see [refuse].
func (s *Store) do(ctx context.Context, job func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	since := time.Now()
	try := newTrial(ctx, s, since)
	defer try.end()
	var w *writer
	select {
	case w = <-s.writers:
	default:
		arrived := s.waits.begin()
		select {
		case w = <-s.writers:
		case <-s.closed:
		case <-try.ctx.Done():
		}
		s.waits.end(arrived)
		if w == nil && try.ctx.Err() != nil {
			return try.over()
		}
		if w == nil {
			return store.ErrClosed
		}
	}
	defer func() { s.writers <- w }()
	return try.run(func(ctx context.Context) error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		own := begun{conn}
		w.number++
		err = s.attempt(ctx, own, w, job)
		own.end(err)
		if !errors.As(err, new(lost)) {
			return err
		}
		// Whether it happened has to be known although the caller may be gone: the writer goes on.
		yes, err := w.happened(context.WithoutCancel(ctx), s, since)
		if err == nil && !yes {
			err = errors.New("the connection was lost")
		}
		return err
	})
}

// lost is an error of a commit that may have happened.
type lost struct{ error }

func (s *Store) attempt(ctx context.Context, conn begun, w *writer, job func(*tx) error) error {
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue(noteSQL, w.name, w.number)
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	if err := job(&tx{ctx, conn.Conn.Conn()}); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "COMMIT"); err != nil {
		if aborted(err, conn) {
			return err
		}
		return lost{err}
	}
	return nil
}

// give is [Store.do] for a job with a result.
func give[T any](ctx context.Context, s *Store, job func(*tx) (T, error)) (result T, err error) {
	err = s.do(ctx, func(t *tx) (err error) {
		result, err = job(t)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

// refuse marks an error as one that is not the database's: what met it is not tried again.
func refuse(err error) error { return refusal{err} }

// tx runs statements, in a transaction or outside of one.
type tx struct {
	ctx  context.Context
	conn interface {
		Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	}
}

// exec returns how many rows a statement has changed.
func (t *tx) exec(sql string, args ...any) (int64, error) {
	tag, err := t.conn.Exec(t.ctx, sql, args...)
	return tag.RowsAffected(), err
}

// query calls each with every row of what a statement gives.
func (t *tx) query(each func(pgx.Rows) error, sql string, args ...any) error {
	rows, err := t.conn.Query(t.ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// first scans the first row of what a statement gives, and reports whether there is one.
func (t *tx) first(into []any, sql string, args ...any) (found bool, err error) {
	err = t.query(func(r pgx.Rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(into...)
	}, sql, args...)
	return found, err
}

// texts returns the first column of what a statement gives.
func texts[T ~string](t *tx, sql string, args ...any) (all []T, err error) {
	err = t.query(func(r pgx.Rows) error {
		var one string
		err := r.Scan(&one)
		all = append(all, T(one))
		return err
	}, sql, args...)
	return all, err
}

// fetch returns what f reads, which may run several times.
func fetch[T any](ctx context.Context, s *Store, f func(*tx) (T, error)) (result T, err error) {
	if err := ctx.Err(); err != nil {
		return result, err
	}
	err = s.retry(ctx, func(ctx context.Context) (err error) {
		if err := s.readers.enter(ctx); err != nil {
			return err
		}
		defer s.readers.leave()
		result, err = f(&tx{ctx, s.pool})
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

// rows returns what scan makes of every row of what a statement gives.
func rows[T any](t *tx, scan func(pgx.Rows) (T, error), sql string, args ...any) (all []T, err error) {
	err = t.query(func(r pgx.Rows) error {
		one, err := scan(r)
		all = append(all, one)
		return err
	}, sql, args...)
	return all, err
}

// page is how many rows an iterator reads at a time. Between two pages it holds no connection.
const page = 200

// pages makes an iterator that can be run more than once: begin restarts the query, whose pages next reads. A page with fewer rows is the last.
func pages[T any](ctx context.Context, s *Store, begin func() (next func(*tx) ([]T, error))) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		next := begin()
		for {
			all, err := fetch(ctx, s, next)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, one := range all {
				if !yield(one, nil) {
					return
				}
			}
			if len(all) < page {
				return
			}
		}
	}
}

// missing is the error for a thing that is not there.
func missing(what, id string) error {
	return refuse(center.Errorf(center.NotFound, "%s %q does not exist", what, id))
}
