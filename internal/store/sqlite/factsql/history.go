package factsql

import (
	"context"
	"errors"
	"math"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// ReadHistory implements [store.FactKeeper].
func (k *Keeper) ReadHistory(ctx context.Context, instance center.InstanceID, read func(store.History) error) error {
	return k.Read(ctx, string(instance), func(c *sqlconn.Conn) (err error) {
		if err := c.Script("BEGIN"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Script("ROLLBACK")) }()
		return read(&history{c: c, ctx: ctx, instance: string(instance)})
	})
}

// history implements [store.History] in one transaction.
type history struct {
	c        *sqlconn.Conn
	ctx      context.Context
	instance string
}

// Quarters implements [store.History].
func (h *history) Quarters(from, to int64, each func(quarter, version int64)) error {
	return h.c.Query(func(r sqlconn.Row) error {
		each(r.Int(0), r.Int(1))
		return nil
	}, "SELECT quarter, version FROM fact_quarters WHERE instance = ? AND quarter >= ? AND quarter < ? ORDER BY quarter", h.instance, from, to)
}

// Piece implements [store.History].
func (h *history) Piece(part string, start, length, version int64, piece int) ([]byte, error) {
	if err := h.ctx.Err(); err != nil {
		return nil, err
	}
	r, err := h.c.First("SELECT version, body FROM rollups WHERE instance = ? AND part = ? AND length = ? AND start = ? AND piece = ?",
		h.instance, part, length, start, int64(piece))
	if err != nil || r == nil || r.Int(0) != version {
		return nil, err
	}
	return r.Blob(1), nil
}

// Facts implements [store.History].
func (h *history) Facts(kind string, from, to int64, each func(quarter int64, body []byte) error) error {
	n := 0
	return h.c.Query(func(r sqlconn.Row) error {
		if n++; n%1000 == 0 {
			if err := h.ctx.Err(); err != nil {
				return err
			}
		}
		return each(r.Int(0), r.Blob(1))
	}, "SELECT quarter, body FROM facts WHERE instance = ? AND kind = ? AND quarter >= ? AND quarter < ? ORDER BY quarter, id", h.instance, kind, from, to)
}

// Agents implements [store.History].
func (h *history) Agents(each func(body []byte) error) error {
	return h.c.Query(func(r sqlconn.Row) error {
		return each(r.Blob(0))
	}, "SELECT body FROM agent_times WHERE instance = ? AND idle = 0 LIMIT ?+0", h.instance, int64(math.MaxInt64))
}
