package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// ReadHistory implements [store.FactKeeper]: all of it is read in one transaction, which sees one moment.
func (s factKeeper) ReadHistory(ctx context.Context, instance center.InstanceID, read func(store.History) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	begun := false
	return s.retry(ctx, func(ctx context.Context) error {
		if err := s.readers.enter(ctx); err != nil {
			return err
		}
		defer s.readers.leave()
		own, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer func() { _ = own.Rollback(context.WithoutCancel(ctx)) }()
		h := &history{t: &tx{ctx, own.Conn()}, instance: pack(string(instance))}
		if _, err := h.t.exec("SET LOCAL idle_in_transaction_session_timeout = 300000"); err != nil { // what is read is added up in between
			return err
		}
		if begun { // read has heard something already
			return refuse(errInterrupted)
		}
		begun = true
		if err := read(h); err != nil {
			if judged(err) == again && h.failed == nil {
				err = refuse(err) // it is the reader's own
			}
			return err
		}
		return nil
	})
}

// errInterrupted: what was read is of a moment that nobody can go back to.
var errInterrupted = errors.New("the connection was lost while history was read")

// history implements [store.History] in one transaction.
type history struct {
	t        *tx
	instance string
	failed   error // of the database
}

func (h *history) note(err error) error {
	if err != nil {
		h.failed = err
	}
	return err
}

// Quarters implements [store.History].
func (h *history) Quarters(from, to int64, each func(quarter, version int64)) error {
	all, err := rows(h.t, readQuarter, "SELECT instance, quarter, version FROM fact_quarters WHERE instance = $1 AND quarter >= $2 AND quarter < $3 ORDER BY quarter", h.instance, from, to)
	for _, q := range all {
		each(q.Quarter, q.Version)
	}
	return h.note(err)
}

// Piece implements [store.History].
func (h *history) Piece(part string, start, length, version int64, piece int) (body []byte, err error) {
	if err := h.t.ctx.Err(); err != nil {
		return nil, err
	}
	_, err = h.t.first([]any{&body}, "SELECT body FROM rollups WHERE instance = $1 AND part = $2 AND length = $3 AND start = $4 AND piece = $5 AND version = $6",
		h.instance, pack(part), length, start, piece, version)
	return body, h.note(err)
}

// Facts implements [store.History].
func (h *history) Facts(kind string, from, to int64, each func(quarter int64, body []byte) error) error {
	return h.t.query(func(r pgx.Rows) error {
		var quarter int64
		var body []byte
		if err := r.Scan(&quarter, &body); err != nil {
			return h.note(err)
		}
		return each(quarter, body)
	}, "SELECT quarter, body FROM facts WHERE instance = $1 AND kind = $2 AND quarter >= $3 AND quarter < $4 ORDER BY quarter, id", h.instance, pack(kind), from, to)
}

// Agents implements [store.History].
func (h *history) Agents(each func(body []byte) error) error {
	return h.t.query(func(r pgx.Rows) error {
		var body []byte
		if err := r.Scan(&body); err != nil {
			return h.note(err)
		}
		return each(body)
	}, "SELECT body FROM agent_times WHERE instance = $1 AND NOT idle", h.instance)
}
