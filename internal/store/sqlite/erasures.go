package sqlite

import (
	"context"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// PutErasure implements [store.Store].
func (s eraser) PutErasure(ctx context.Context, e store.Erasure, chats []center.ContactID) error {
	return s.do(ctx, func(c *conn) error {
		if err := c.putErasure(&e); err != nil {
			return err
		}
		for _, chat := range chats {
			if _, err := c.Exec("INSERT INTO erasure_chats (erasure, chat) VALUES (?, ?) ON CONFLICT DO NOTHING", e.ID, string(chat)); err != nil {
				return err
			}
		}
		return nil
	})
}

// putErasure records an erasure. That of an instance takes the chats and agents that there are, and
// none that an instance with the same id, made again, has later.
func (c *conn) putErasure(e *store.Erasure) error {
	var upto, lastAgent any
	if e.By == store.ByInstance {
		for sql, last := range map[string]*any{"SELECT max(n) FROM chats": &upto, "SELECT max(n) FROM agents": &lastAgent} {
			r, err := c.First(sql)
			if err != nil {
				return err
			}
			*last = r.Int(0)
		}
	}
	_, err := c.Exec("INSERT INTO erasures (id, instance, selected, key, asked, upto, last_agent) VALUES (?, ?, ?, ?, ?, ?, ?)",
		e.ID, string(e.Instance), string(e.By), sqlconn.Text(e.Key), e.Asked.UnixMilli(), upto, lastAgent)
	return err
}

// Chats that erasures are still to take: those on their lists, and those of deleted
// instances, found by the records of contacts, which go with the chats.
const (
	listedSQL = "SELECT erasure, chat FROM erasure_chats ORDER BY erasure, chat LIMIT ?+0"
	ownedSQL  = `SELECT DISTINCT e.id, c.id FROM erasures AS e CROSS JOIN contacts AS k ON k.instance = e.instance CROSS JOIN chats AS c ON c.id = k.chat
		WHERE e.finished IS NULL AND e.upto IS NOT NULL AND c.n <= e.upto LIMIT ?+0`
)

// Listed implements [store.Store].
func (s eraser) Listed(ctx context.Context, limit int) (chats []store.Doomed, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		for _, sql := range []string{listedSQL, ownedSQL} {
			if len(chats) >= limit {
				return nil
			}
			if err := c.Query(func(r row) error {
				chats = append(chats, store.Doomed{Erasure: r.Text(0), Chat: center.ContactID(r.Text(1))})
				return nil
			}, sql, int64(limit-len(chats))); err != nil {
				return err
			}
		}
		return nil
	})
	return chats, err
}

// Unlist implements [store.Store].
func (s eraser) Unlist(ctx context.Context, chats []store.Doomed) error {
	return s.do(ctx, func(c *conn) error {
		for _, d := range chats {
			if _, err := c.Exec("DELETE FROM erasure_chats WHERE erasure = ? AND chat = ?", d.Erasure, string(d.Chat)); err != nil {
				return err
			}
		}
		return nil
	})
}

// What erasures of deleted instances are to take of agents, and of deliveries that have no chat.
const (
	takenAgents     = " AS a WHERE a.instance = erasures.instance AND a.n <= erasures.last_agent"
	takenDeliveries = " AS d WHERE d.instance = erasures.instance AND d.chat = '' AND ifnull(d.created, 0) <= erasures.asked AND erasures.upto IS NOT NULL"
)

// eraseAgents deletes at most limit rows of the agents of deleted instances and of their
// deliveries, and reports whether there are more.
func (w *writer) eraseAgents(limit int64) (more bool, err error) {
	for _, left := range []struct {
		kind, rows string
		remove     func(row) error
	}{
		{rules.KindAgents, "a.n, a.user FROM erasures CROSS JOIN agents" + takenAgents, func(r row) error {
			w.agents.drop(center.UserID(r.Text(2)))
			_, err := w.conn.Exec("DELETE FROM agents WHERE n = ?", r.Int(1))
			return err
		}},
		{rules.KindDeliveries, "d.id FROM erasures CROSS JOIN outbox" + takenDeliveries, func(r row) error { return w.conn.removeDelivery(r.Int(1)) }},
		{rules.KindDead, "d.id FROM erasures CROSS JOIN dead_letters" + takenDeliveries, func(r row) error {
			_, err := w.conn.Exec("DELETE FROM dead_letters WHERE id = ?", r.Int(1))
			return err
		}},
	} {
		var found []row
		if err := w.conn.Query(func(r row) error {
			found = append(found, slices.Clone(r))
			return nil
		}, "SELECT erasures.id, "+left.rows+" AND erasures.finished IS NULL LIMIT ?+0", limit); err != nil {
			return false, err
		}
		for _, r := range found {
			if err := left.remove(r); err != nil {
				return false, err
			}
			if err := (counts{left.kind: 1}).add(w.conn, r.Text(0)); err != nil {
				return false, err
			}
		}
		if limit -= int64(len(found)); limit <= 0 {
			return true, nil
		}
	}
	return false, nil
}

const whereReady = ` WHERE finished IS NULL
	AND NOT EXISTS (SELECT 1 FROM erasure_chats WHERE erasure = erasures.id)
	AND NOT EXISTS (SELECT 1 FROM remains WHERE erasure = erasures.id)
	AND (upto IS NULL OR NOT EXISTS (SELECT 1 FROM contacts AS k CROSS JOIN chats AS c ON c.id = k.chat WHERE k.instance = erasures.instance AND c.n <= upto))
	AND NOT EXISTS (SELECT 1 FROM agents` + takenAgents + `)
	AND NOT EXISTS (SELECT 1 FROM outbox` + takenDeliveries + `)
	AND NOT EXISTS (SELECT 1 FROM dead_letters` + takenDeliveries + `)`

// Ready implements [store.Store].
func (s eraser) Ready(ctx context.Context) ([]store.Erasure, error) {
	return s.erasures(ctx, whereReady+" ORDER BY id")
}

// FinishErasures implements [store.Store].
func (s eraser) FinishErasures(ctx context.Context, now time.Time) (finished int, err error) {
	return give(ctx, s.Store, func(w *writer) (finished int, err error) {
		c := w.conn
		var instances []string
		gone := map[center.InstanceID]bool{}
		if err := c.Query(func(r row) error {
			finished++
			if r.Text(1) != "" {
				instances = append(instances, r.Text(1))
			}
			return nil
		}, "UPDATE erasures SET finished = ?"+whereReady+" RETURNING id, iif(upto IS NULL, '', instance)", now.UnixMilli()); err != nil {
			return 0, err
		}
		for _, id := range instances {
			// Unless it was made again.
			r, err := c.First("SELECT 1 FROM resources WHERE kind = ? AND id = ?", string(center.KindInstance), id)
			if err != nil {
				return 0, err
			}
			if r != nil {
				continue
			}
			if err := w.dropInstance(id); err != nil {
				return 0, err
			}
			gone[center.InstanceID(id)] = true
		}
		// Last, since it is not undone when the job fails.
		for counter := range w.counters.all() {
			if gone[counter.of.Instance] {
				counter.value, counter.kept = 0, !counter.of.CountsChats()
			}
		}
		return finished, nil
	})
}

// dropInstance deletes what is left of a deleted instance besides chats, and what was written
// for it since its agents were erased.
func (w *writer) dropInstance(id string) error {
	if err := w.conn.Query(func(r row) error {
		w.agents.drop(center.UserID(r.Text(0)))
		return nil
	}, "DELETE FROM agents WHERE instance = ? RETURNING user", id); err != nil {
		return err
	}
	if _, err := w.conn.Exec("DELETE FROM revisions WHERE instance = ?", id); err != nil {
		return err
	}
	_, err := w.conn.Exec(`DELETE FROM counters WHERE name LIKE '%/' || ? || '/%' ESCAPE '\' OR name LIKE '%/' || ? ESCAPE '\'`,
		likeLiteral.Replace(id), likeLiteral.Replace(id))
	return err
}

const erasureColumns = `SELECT id, instance, selected, key, asked, finished, (SELECT count(*) FROM erasure_chats WHERE erasure = erasures.id) FROM erasures`

// Erasure implements [store.Store].
func (s eraser) Erasure(ctx context.Context, id string) (e store.Erasure, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.First(erasureColumns+" WHERE id = ?", id)
		if err != nil {
			return err
		}
		if r == nil {
			return missing("erasure", id)
		}
		if e, err = c.readErasure(r); err != nil {
			return err
		}
		return c.Query(func(r row) error {
			e.Contacts = append(e.Contacts, center.ContactID(r.Text(0)))
			return nil
		}, "SELECT contact FROM erased_contacts WHERE erasure = ? ORDER BY contact", id)
	})
	return e, err
}

// Erasures implements [store.Store].
func (s eraser) Erasures(ctx context.Context, before string, limit int) ([]store.Erasure, error) {
	if before == "" {
		return s.erasures(ctx, " ORDER BY id DESC LIMIT ?+0", int64(limit))
	}
	return s.erasures(ctx, " WHERE id < ? ORDER BY id DESC LIMIT ?+0", before, int64(limit))
}

func (s eraser) erasures(ctx context.Context, which string, args ...any) (found []store.Erasure, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		var rows []row
		if err := c.Query(func(r row) error {
			rows = append(rows, slices.Clone(r))
			return nil
		}, erasureColumns+which, args...); err != nil {
			return err
		}
		for _, r := range rows {
			e, err := c.readErasure(r)
			if err != nil {
				return err
			}
			found = append(found, e)
		}
		return nil
	})
	return found, err
}

func (c *conn) readErasure(r row) (store.Erasure, error) {
	e := store.Erasure{ID: r.Text(0), Instance: center.InstanceID(r.Text(1)), By: store.ErasedBy(r.Text(2)), Key: r.Text(3),
		Asked: r.Time(4), Finished: r.Time(5), Waiting: r.Int(6), Counts: map[string]int64{}}
	err := c.Query(func(r row) error {
		e.Counts[r.Text(0)] = r.Int(1)
		return nil
	}, "SELECT kind, count FROM erased_counts WHERE erasure = ?", e.ID)
	return e, err
}
