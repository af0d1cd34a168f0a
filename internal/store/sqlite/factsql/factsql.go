// Package factsql keeps what historical metrics are made of in SQLite: tallies, facts, rollups, and the times of agents. A [Keeper] works on the
// connections of the store that it belongs to. All of it is plain SQL.
package factsql

import (
	"context"
	"fmt"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// Keeper implements [store.FactKeeper].
type Keeper struct {
	// Read runs f on a connection that reads, in the line of whoever of names. Do runs it in a transaction of the writer, and returns when what it did is
	// durable; an error undoes it.
	Read func(ctx context.Context, of string, f func(*sqlconn.Conn) error) error
	Do   func(ctx context.Context, f func(*sqlconn.Conn) error) error
}

var _ store.FactKeeper = (*Keeper)(nil)

// ourselves is the line of what the server does by itself.
const ourselves = ""

// Leave writes the tallies of a change.
func Leave(c *sqlconn.Conn, tallies []store.Tally) error {
	for i := range tallies {
		if _, err := c.Exec("INSERT INTO tallies (instance, body) VALUES (?, ?)", string(tallies[i].Instance), tallies[i].Body); err != nil {
			return fmt.Errorf("tallies: %w", err)
		}
	}
	return nil
}

// Tallies implements [store.FactKeeper].
func (k *Keeper) Tallies(ctx context.Context, limit int) (all []store.Tally, err error) {
	err = k.Read(ctx, ourselves, func(c *sqlconn.Conn) error {
		return c.Query(func(r sqlconn.Row) error {
			all = append(all, store.Tally{ID: r.Int(0), Instance: center.InstanceID(r.Text(1)), Body: r.Blob(2)})
			return nil
		}, "SELECT n, instance, body FROM tallies WHERE n > 0 ORDER BY n LIMIT ?+0", int64(limit))
	})
	return all, err
}

const agentTime = "SELECT instance, user, version, since, idle, body FROM agent_times WHERE "

func readAgentTime(r sqlconn.Row) store.AgentTime {
	return store.AgentTime{
		Instance: center.InstanceID(r.Text(0)), User: center.UserID(r.Text(1)), Version: r.Int(2), Since: r.Int(3), Idle: r.Bool(4), Body: r.Blob(5),
	}
}

// AgentTimes implements [store.FactKeeper].
func (k *Keeper) AgentTimes(ctx context.Context, users []center.UserID) (all []store.AgentTime, err error) {
	err = k.Read(ctx, ourselves, func(c *sqlconn.Conn) error {
		for _, user := range users {
			r, err := c.First(agentTime+"user = ?", string(user))
			if err != nil {
				return err
			}
			if r != nil {
				all = append(all, readAgentTime(r))
			}
		}
		return nil
	})
	return all, err
}

// Behind implements [store.FactKeeper].
func (k *Keeper) Behind(ctx context.Context, since time.Time, limit int) (all []store.AgentTime, err error) {
	err = k.Read(ctx, ourselves, func(c *sqlconn.Conn) error {
		return c.Query(func(r sqlconn.Row) error {
			all = append(all, readAgentTime(r))
			return nil
		}, agentTime+"idle = 0 AND since < ? ORDER BY since LIMIT ?+0", since.UnixMilli(), int64(limit))
	})
	return all, err
}

// KeepFacts implements [store.FactKeeper].
func (k *Keeper) KeepFacts(ctx context.Context, n *store.Counting) error {
	return k.Do(ctx, func(c *sqlconn.Conn) error {
		for _, id := range n.Done {
			if err := changed(c, 1, "DELETE FROM tallies WHERE n = ?", id); err != nil {
				return err
			}
		}
		for i := range n.Agents {
			if err := keepAgent(c, &n.Agents[i]); err != nil {
				return err
			}
		}
		touched := map[store.FactQuarter]bool{}
		for i := range n.Facts {
			f := &n.Facts[i]
			res, err := c.Exec("INSERT INTO facts (instance, kind, quarter, id, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
				string(f.Instance), f.Kind, f.Quarter, f.ID, f.Body)
			if err != nil {
				return fmt.Errorf("fact: %w", err)
			}
			if rows, err := res.RowsAffected(); err != nil {
				return err
			} else if rows > 0 {
				touched[store.FactQuarter{Instance: f.Instance, Quarter: f.Quarter}] = true
			}
		}
		for q := range touched {
			if _, err := c.Exec(`INSERT INTO fact_quarters (instance, quarter, version, rolled) VALUES (?, ?, 1, 0)
				ON CONFLICT (instance, quarter) DO UPDATE SET version = fact_quarters.version + 1`, string(q.Instance), q.Quarter); err != nil {
				return fmt.Errorf("quarter: %w", err)
			}
		}
		return nil
	})
}

func keepAgent(c *sqlconn.Conn, a *store.AgentTime) error {
	if a.Version == 0 {
		return changed(c, 1, "INSERT INTO agent_times (user, instance, version, since, idle, body) VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT (user) DO NOTHING",
			string(a.User), string(a.Instance), a.Since, sqlconn.Flag(a.Idle), a.Body)
	}
	return changed(c, 1, "UPDATE agent_times SET version = version + 1, since = ?, idle = ?, body = ? WHERE user = ? AND version = ?",
		a.Since, sqlconn.Flag(a.Idle), a.Body, string(a.User), a.Version)
}

// changed runs a statement that is to change so many rows.
func changed(c *sqlconn.Conn, rows int64, sql string, args ...any) error {
	res, err := c.Exec(sql, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != rows {
		return store.ErrConflict
	}
	return err
}

// Stale implements [store.FactKeeper].
func (k *Keeper) Stale(ctx context.Context, before time.Time, limit int) (all []store.FactQuarter, err error) {
	err = k.Read(ctx, ourselves, func(c *sqlconn.Conn) error {
		return c.Query(func(r sqlconn.Row) error {
			all = append(all, store.FactQuarter{Instance: center.InstanceID(r.Text(0)), Quarter: r.Int(1), Version: r.Int(2)})
			return nil
		}, "SELECT instance, quarter, version FROM fact_quarters WHERE rolled <> version AND quarter < ? ORDER BY quarter LIMIT ?+0", before.UnixMilli(), int64(limit))
	})
	return all, err
}

// KeepRollups implements [store.FactKeeper].
func (k *Keeper) KeepRollups(ctx context.Context, rollups []store.Rollup, rolled []store.FactQuarter) error {
	return k.Do(ctx, func(c *sqlconn.Conn) error {
		for i := range rollups {
			r := &rollups[i]
			if _, err := c.Exec("DELETE FROM rollups WHERE instance = ? AND part = ? AND length = ? AND start = ?", string(r.Instance), r.Part, r.Length, r.Start); err != nil {
				return fmt.Errorf("rollup: %w", err)
			}
			for n, body := range r.Pieces {
				if _, err := c.Exec("INSERT INTO rollups (instance, part, length, start, piece, version, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
					string(r.Instance), r.Part, r.Length, r.Start, int64(n), r.Version, body); err != nil {
					return fmt.Errorf("rollup: %w", err)
				}
			}
		}
		for _, q := range rolled {
			if _, err := c.Exec("UPDATE fact_quarters SET rolled = ? WHERE instance = ? AND quarter = ?", q.Version, string(q.Instance), q.Quarter); err != nil {
				return fmt.Errorf("quarter: %w", err)
			}
		}
		return nil
	})
}

// DropRollups implements [store.FactKeeper].
func (k *Keeper) DropRollups(ctx context.Context, instance center.InstanceID) error {
	return k.Do(ctx, func(c *sqlconn.Conn) error {
		if _, err := c.Exec("DELETE FROM rollups WHERE instance = ?", string(instance)); err != nil {
			return err
		}
		_, err := c.Exec("UPDATE fact_quarters SET rolled = 0 WHERE instance = ?", string(instance))
		return err
	})
}

// ForgetFacts implements [store.FactKeeper].
func (k *Keeper) ForgetFacts(ctx context.Context, before time.Time, limit int) (more bool, err error) {
	left := int64(limit)
	err = k.Do(ctx, func(c *sqlconn.Conn) error {
		left = int64(limit)
		var old []store.FactQuarter
		if err := c.Query(func(r sqlconn.Row) error {
			old = append(old, store.FactQuarter{Instance: center.InstanceID(r.Text(0)), Quarter: r.Int(1)})
			return nil
		}, `SELECT instance, quarter FROM fact_quarters AS q WHERE quarter < ? OR NOT EXISTS (SELECT 1 FROM resources WHERE kind = ? AND id = q.instance)
			ORDER BY instance, quarter LIMIT ?+0`, before.UnixMilli(), string(center.KindInstance), left); err != nil {
			return err
		}
		for _, q := range old {
			if err := forget(c, q, &left); err != nil || left <= 0 {
				return err
			}
		}
		_, err := c.Exec("DELETE FROM agent_times WHERE idle = 1 AND since < ? OR NOT EXISTS (SELECT 1 FROM resources WHERE kind = ? AND id = agent_times.instance)",
			before.UnixMilli(), string(center.KindInstance))
		return err
	})
	if err != nil { // of a caller who waits no more: the job has left still
		return false, err
	}
	return left <= 0, nil
}

// forget deletes at most left rows of a quarter, and then the quarter itself.
func forget(c *sqlconn.Conn, q store.FactQuarter, left *int64) error {
	for _, sql := range []string{
		"DELETE FROM facts WHERE (instance, kind, quarter, id) IN (SELECT instance, kind, quarter, id FROM facts WHERE instance = ? AND kind IN ('contact', 'ring', 'span') AND quarter = ? LIMIT ?+0)",
		"DELETE FROM rollups WHERE rowid IN (SELECT rowid FROM rollups WHERE instance = ? AND part IN ('queue', 'way', 'agent', 'all', 'agents') AND length IN (900000, 3600000) AND start = ? LIMIT ?+0)",
		"DELETE FROM fact_quarters WHERE instance = ? AND quarter = ? AND ? > 0",
	} {
		if *left <= 0 {
			return nil
		}
		res, err := c.Exec(sql, string(q.Instance), q.Quarter, *left)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		*left -= n
	}
	return nil
}
