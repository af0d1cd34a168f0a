package sqlite

import (
	"context"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, counter store.Counter) (value int64, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		value, err = c.count(counter)
		return err
	})
	return value, err
}

// count counts what a counter counts, by an index. One that counts nothing in
// the database has the value of its row.
func (c *conn) count(counter store.Counter) (value int64, err error) {
	var r row
	switch counter.Type {
	case store.CountActive:
		r, err = c.First("SELECT count(*) FROM chats WHERE instance = ? AND active = 1", string(counter.Instance))
	case store.CountQueued:
		r, err = c.First("SELECT count(*) FROM chats WHERE instance = ? AND queue = ?", string(counter.Instance), counter.Key)
	default:
		r, err = c.First("SELECT value FROM counters WHERE name = ?", counter.String())
	}
	if err != nil || r == nil {
		return 0, err
	}
	return r.Int(0), nil
}

// counter is a counter as the writer has it cached.
type counter struct {
	of    store.Counter
	value int64
	kept  bool // it has a row, or will have one when it moves
	dirty bool // the row is to be written, or deleted
}

// counter returns a counter, from the cache or the database.
func (w *writer) counter(of store.Counter) (*counter, error) {
	if c, ok := w.counters.get(of); ok {
		return c, nil
	}
	r, err := w.conn.First("SELECT value FROM counters WHERE name = ?", of.String())
	if err != nil {
		return nil, err
	}
	c := &counter{of: of, kept: !of.CountsChats()}
	if r != nil {
		c.value, c.kept = r.Int(0), true
	}
	w.counters.put(of, c)
	return c, nil
}

// over returns the refusal of the first quota that would be passed, or whose counter would
// become negative and must not, nil when none would.
func (w *writer) over(quotas []store.Quota) (refused, err error) {
	for i, q := range quotas {
		c, err := w.counter(q.Counter)
		if err != nil {
			return nil, err
		}
		if refused := rules.Falls(quotas, q, c.value); refused != nil {
			return refused, nil
		}
		if !rules.Limits(q) {
			continue
		}
		if !c.kept {
			if c.value, err = w.conn.count(q.Counter); err != nil {
				return nil, err
			}
			c.kept = true
		}
		if refused := rules.Passes(quotas, i, c.value); refused != nil {
			return refused, nil
		}
	}
	return nil, nil
}

// moveAll moves the counters of a change that is made.
func (w *writer) moveAll(quotas []store.Quota) error {
	for _, q := range quotas {
		c, err := w.counter(q.Counter)
		if err != nil {
			return err
		}
		if !c.kept || q.Delta == 0 {
			continue
		}
		c.value += q.Delta
		c.kept = q.Delta <= 0 || q.Limit >= 0 || !q.Counter.CountsChats()
		if !c.dirty { // the row is written once for the batch
			c.dirty = true
			w.touched = append(w.touched, c)
		}
	}
	return nil
}

// writeCounters writes the rows of the counters that were moved. One that counts by itself has none at 0.
func (w *writer) writeCounters() error {
	for _, c := range w.touched {
		sql, args := "DELETE FROM counters WHERE name = ?", []any{c.of.String()}
		if c.kept && (c.value != 0 || c.of.CountsChats()) {
			sql = "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
			args = append(args, c.value)
		}
		if _, err := w.conn.Exec(sql, args...); err != nil {
			return err
		}
		c.dirty = false
	}
	w.touched = w.touched[:0]
	return nil
}

// Backlog implements [store.Store].
func (s *Store) Backlog(ctx context.Context) (b store.Backlog, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.First("SELECT count(*), min(since) FROM chats WHERE queue IS NOT NULL")
		if err != nil || r == nil {
			return err
		}
		b.Queued, b.QueuedSince = r.Int(0), r.Time(1)
		if r, err = c.First("SELECT count(*), (SELECT created FROM outbox ORDER BY id LIMIT 1) FROM outbox"); err != nil || r == nil {
			return err
		}
		b.Deliveries, b.Oldest = r.Int(0), r.Time(1)
		if r, err = c.First("SELECT count(*) FROM dead_letters"); err != nil || r == nil {
			return err
		}
		b.Dead = r.Int(0)
		return nil
	})
	return b, err
}
