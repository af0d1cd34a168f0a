package recorder

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// Beats makes the heartbeats of agents: one when nothing else has been told of an agent for
// [record.BeatEvery], as long as he is signed in and for [record.BeatAfter] after that. It observes commits, and looks
// through its list of agents every few seconds: there is no timer for each.
type Beats struct {
	Clock *engine.Clock
	Store store.Store
	Log   *slog.Logger

	mu    sync.Mutex // guards what follows
	known map[center.UserID]*beating
}

// beating is when something was told of an agent last, and when he went; zero while he is there.
type beating struct{ last, gone time.Time }

// lookEvery is how often it is looked for agents of whom nothing has been told, and so how late a heartbeat may be.
const lookEvery = 5 * time.Second

// AgentCommitted implements engine.AgentObserver.
func (b *Beats) AgentCommitted(c *engine.AgentCommit) {
	if c.Gone {
		b.forget(c.Agent.User)
		return
	}
	b.note(c.Agent, len(c.Change.Events) > 0)
}

func (b *Beats) forget(user center.UserID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.known, user)
}

// note notes an agent, and whether something has been told of him now.
func (b *Beats) note(a *agent.Agent, told bool) {
	now := b.Clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.known = map[center.UserID]*beating{}
	}
	k, there := b.known[a.User], a.Present() || a.Online()
	if k == nil {
		if !there {
			return
		}
		k = &beating{last: now}
		b.known[a.User] = k
	}
	if told {
		k.last = now
	}
	if there {
		k.gone = time.Time{}
	} else if k.gone.IsZero() {
		k.gone = now
	}
}

// Committed implements engine.Observer.
func (b *Beats) Committed(c *engine.Commit) {
	if len(c.Change.Work) == 0 {
		return
	}
	now := b.Clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range c.Change.Work {
		if k := b.known[m.User()]; k != nil {
			k.last = now
		}
	}
}

// due returns the agents whose heartbeat is due, and forgets those who went long ago.
func (b *Beats) due() (users []center.UserID) {
	now := b.Clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for user, k := range b.known {
		if !k.gone.IsZero() && now.Sub(k.gone) > record.BeatAfter {
			delete(b.known, user)
			continue
		}
		if now.Sub(k.last) >= record.BeatEvery {
			k.last = now
			users = append(users, user)
		}
	}
	return users
}

// Run makes heartbeats until ctx ends. It begins with the agents of the catalog's instances who are signed in.
func (b *Beats) Run(ctx context.Context, e *engine.Engine, c *catalog.Catalog) {
	if err := b.begin(ctx, c); err != nil && ctx.Err() == nil {
		b.Log.ErrorContext(ctx, "agents who were signed in have no heartbeats until something else happens to them", "err", err)
	}
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		for _, user := range b.due() {
			err := e.Agents.Beat(ctx, user)
			switch {
			case err == nil || ctx.Err() != nil:
			case center.ReasonOf(err) == center.NotFound: // as when the instance has been deleted
				b.forget(user)
			default:
				b.Log.WarnContext(ctx, "a heartbeat of an agent was not recorded", "agent", user, "err", err)
			}
		}
	}
}

func (b *Beats) begin(ctx context.Context, c *catalog.Catalog) error {
	instances, err := c.Instances(ctx)
	if err != nil {
		return err
	}
	for _, i := range instances {
		for row, err := range b.Store.Agents(ctx, i.ID, true) {
			if err != nil {
				return err
			}
			a, err := agent.Decode(row.State)
			if err != nil {
				return err
			}
			b.note(a, false)
		}
	}
	return nil
}
