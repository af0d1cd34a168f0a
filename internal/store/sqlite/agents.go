package sqlite

import (
	"context"
	"fmt"
	"iter"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
	"parley.example/parley/internal/store/sqlite/factsql"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// agentKeeper is the part of a Store that keeps agents.
type agentKeeper struct{ *Store }

var _ store.AgentKeeper = agentKeeper{}

// agent is an agent's row, as far as changes are judged by it.
type agent struct {
	version int64
	facts   agentFacts
}

// agentFacts are the columns of an agent that change seldom and that indexes hang on.
type agentFacts struct {
	instance center.InstanceID
	due      int64 // in milliseconds, 0 for never
	online   bool
}

// SubmitAgent implements [store.Store].
func (s agentKeeper) SubmitAgent(c *store.AgentChange, done func(error)) {
	s.submit(entry{agent: c, done: done})
}

// applyAgent is [writer.apply] for a change of an agent.
func (w *writer) applyAgent(c *store.AgentChange) (refused, err error) {
	if refused := rules.CheckAgentChange(c); refused != nil {
		return refused, nil
	}
	was, err := w.agent(c.User)
	if err != nil {
		return nil, err
	}
	if was == nil && (c.State == nil || c.Version != 0) || was != nil && (c.State != nil || c.Version != 0) && c.Version != was.version {
		return store.ErrConflict, nil
	}
	if refused, err := w.over(c.Quotas); refused != nil || err != nil {
		return refused, err
	}
	is, err := w.writeAgent(c, was)
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	if err := w.writeDeliveries(c.Deliveries); err != nil {
		return nil, err
	}
	if err := factsql.Leave(w.conn.Conn, c.Tallies); err != nil {
		return nil, err
	}
	if is == nil {
		w.agents.drop(c.User)
	} else {
		w.agents.put(c.User, *is)
	}
	return nil, w.moveAll(c.Quotas)
}

// agent returns what is known of an agent, nil when it does not exist.
func (w *writer) agent(user center.UserID) (*agent, error) {
	if a, ok := w.agents.get(user); ok {
		return &a, nil
	}
	r, err := w.conn.First("SELECT version, instance, due, online FROM agents WHERE user = ?", string(user))
	if err != nil || r == nil {
		return nil, err
	}
	a := agent{r.Int(0), agentFacts{center.InstanceID(r.Text(1)), r.Int(2), r.Bool(3)}}
	w.agents.put(user, a)
	return &a, nil
}

// writeAgent writes an agent's row, or deletes it, and returns what is known of the agent then.
func (w *writer) writeAgent(c *store.AgentChange, was *agent) (is *agent, err error) {
	if c.Gone {
		_, err = w.conn.Exec("DELETE FROM agents WHERE user = ?", string(c.User))
		return nil, err
	}
	s := c.State
	if s == nil {
		return was, nil
	}
	is = &agent{c.Next, agentFacts{instance: s.Instance, online: s.Online}}
	if is.version == 0 {
		is.version = c.Version + 1
	}
	if !s.Due.IsZero() {
		is.facts.due = s.Due.UnixMilli()
	}
	switch {
	case was == nil:
		_, err = w.conn.Exec("INSERT INTO agents (user, version, state, instance, due, online) VALUES (?, ?, ?, ?, ?, ?)",
			string(c.User), is.version, s.State, string(s.Instance), sqlconn.Millis(s.Due), sqlconn.Flag(s.Online))
	case was.facts == is.facts:
		_, err = w.conn.Exec("UPDATE agents SET version = ?, state = ? WHERE user = ?", is.version, s.State, string(c.User))
	default:
		_, err = w.conn.Exec("UPDATE agents SET version = ?, state = ?, instance = ?, due = ?, online = ? WHERE user = ?",
			is.version, s.State, string(s.Instance), sqlconn.Millis(s.Due), sqlconn.Flag(s.Online), string(c.User))
	}
	return is, err
}

const agentColumns = "SELECT instance, version, state, due, online, user FROM agents WHERE "

func readAgent(r row) store.AgentHead {
	return store.AgentHead{Instance: center.InstanceID(r.Text(0)), Version: r.Int(1), State: r.Blob(2), Due: r.Time(3), Online: r.Bool(4)}
}

// Agent implements [store.Store].
func (s agentKeeper) Agent(ctx context.Context, user center.UserID) (head store.AgentHead, err error) {
	err = s.read(ctx, string(user), func(c *conn) error {
		r, err := c.First(agentColumns+"user = ?", string(user))
		if err != nil {
			return err
		}
		if r == nil {
			return missing("agent", string(user))
		}
		head = readAgent(r)
		return nil
	})
	return head, err
}

// Agents implements [store.Store].
func (s agentKeeper) Agents(ctx context.Context, instance center.InstanceID, online bool) iter.Seq2[store.AgentRow, error] {
	sql := agentColumns + "instance = ? AND user > ? ORDER BY user LIMIT ?+0"
	if online {
		sql = agentColumns + "online = 1 AND instance = ? AND user > ? ORDER BY user LIMIT ?+0"
	}
	return pages(s.Store, ctx, string(instance), func() nextPage[store.AgentRow] {
		var last string
		return func(c *conn, add func(store.AgentRow)) error {
			return c.Query(func(r row) error {
				last = r.Text(5)
				add(store.AgentRow{User: center.UserID(last), AgentHead: readAgent(r)})
				return nil
			}, sql, string(instance), last, int64(page))
		}
	})
}

// DueAgents implements [store.Store].
func (s agentKeeper) DueAgents(ctx context.Context, shards store.Shards, now time.Time, limit int) ([]center.UserID, time.Time, error) {
	return due[center.UserID](ctx, s.Store, "SELECT user, due FROM agents WHERE due IS NOT NULL ORDER BY due, n LIMIT ?+0", shards, now, limit)
}
