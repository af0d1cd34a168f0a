package recorder

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// Beats makes the heartbeats of agents: one when nothing else has been told of an agent for
// [record.BeatEvery], as long as he is signed in and for [record.BeatAfter] after that. It observes commits, and looks
// through its list of agents every few seconds: there is no timer for each.
//
// Of several nodes the one with the lease of an agent's shard makes his heartbeats. All know when something was told of him last, since each tells the
// others, so whoever has the lease next goes on where the last one was. There is one heartbeat in an interval, but when a lease passes to another node:
// then it may be late by the time that takes, or made by both. When notices are lost it may be early, or late by [refreshEvery].
type Beats struct {
	Clock *engine.Clock
	Store store.Store
	Log   *slog.Logger

	// Where other nodes work on the store: their leases, what they hear each other by, and this node's name. Leases is nil for a node that is alone.
	Leases engine.Leases
	Bus    bus.Bus
	Node   string

	mu    sync.Mutex // guards what follows
	known map[center.UserID]*beating
}

// beating is when something was told of an agent last, and when he went; zero while he is there.
type beating struct{ last, gone time.Time }

// lookEvery is how often it is looked for agents of whom nothing has been told, and so how late a heartbeat may be.
const lookEvery = 5 * time.Second

// refreshEvery is how often a node among others reads who is there: notices may be lost.
const refreshEvery = time.Minute

// beatTries is how often a heartbeat is decided anew because the agent has changed meanwhile.
const beatTries = 3

// What nodes tell each other of an agent: "WHAT/USER".
const (
	aboutTold  = "told"  // there is an event of him
	aboutThere = "there" // likewise, or not, and he is there
	aboutGone  = "gone"  // likewise, and he is not
	aboutNone  = "none"  // he does not exist any more
)

// AgentCommitted implements engine.AgentObserver.
func (b *Beats) AgentCommitted(c *engine.AgentCommit) {
	user := c.Agent.User
	if c.Gone {
		b.forget(user)
		b.publish(aboutNone, user)
		return
	}
	there, told := c.Agent.Present() || c.Agent.Online(), len(c.Change.Events) > 0
	if changed := b.note(user, there, told); changed || told {
		what := aboutGone
		if there {
			what = aboutThere
		}
		b.publish(what, user)
	}
}

func (b *Beats) publish(what string, user center.UserID) {
	if b.Leases != nil {
		b.Bus.Publish(bus.Message{Subject: bus.Told, Origin: b.Node, About: what + "/" + string(user)})
	}
}

// listen takes what other nodes tell, until the function that is returned is called.
func (b *Beats) listen() (stop func()) {
	if b.Leases == nil {
		return func() {}
	}
	s := &bus.Subscription{Subject: bus.Told, Receive: func(m bus.Message) {
		what, user, ok := strings.Cut(m.About, "/")
		if m.Origin == b.Node || !ok {
			return
		}
		switch user := center.UserID(user); what {
		case aboutTold:
			b.told(user)
		case aboutThere, aboutGone:
			b.note(user, what == aboutThere, true)
		case aboutNone:
			b.forget(user)
		}
	}}
	b.Bus.Subscribe(s)
	return func() { b.Bus.Unsubscribe(s) }
}

// leads reports whether this node makes the heartbeats of an agent.
func (b *Beats) leads(user center.UserID) bool {
	return b.Leases == nil || b.Leases.Shards().Has(store.ShardOf(user))
}

func (b *Beats) forget(user center.UserID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.known, user)
}

// note notes whether an agent is there, and whether something has been told of him now. It reports whether he has come or gone with that.
func (b *Beats) note(user center.UserID, there, told bool) (changed bool) {
	now := b.Clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.known = map[center.UserID]*beating{}
	}
	k := b.known[user]
	if k == nil {
		if !there {
			return false
		}
		k = &beating{last: now}
		b.known[user], changed = k, true
	}
	if told {
		k.last = now
	}
	if there {
		changed = changed || !k.gone.IsZero()
		k.gone = time.Time{}
	} else if k.gone.IsZero() {
		k.gone, changed = now, true
	}
	return changed
}

// told notes that something has been told of an agent now, if he is known.
func (b *Beats) told(user center.UserID) (known bool) {
	now := b.Clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.known[user]
	if k != nil {
		k.last = now
	}
	return k != nil
}

// Committed implements engine.Observer.
func (b *Beats) Committed(c *engine.Commit) {
	for _, m := range c.Change.Work {
		user := m.User()
		if b.told(user) || b.Leases != nil { // another node may know him
			b.publish(aboutTold, user)
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
		if now.Sub(k.last) >= record.BeatEvery && b.leads(user) {
			k.last = now
			users = append(users, user)
		}
	}
	return users
}

// Run makes heartbeats until ctx ends. It begins with the agents of the catalog's instances who are signed in.
func (b *Beats) Run(ctx context.Context, e *engine.Engine, c *catalog.Catalog) {
	defer b.listen()()
	b.refresh(ctx, c)
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if b.Leases != nil && n%int(refreshEvery/lookEvery) == 0 {
			b.refresh(ctx, c)
		}
		for _, user := range b.due() {
			err := b.beat(ctx, e, user)
			switch {
			case err == nil:
				b.publish(aboutTold, user)
			case ctx.Err() != nil:
			case center.ReasonOf(err) == center.NotFound: // as when the instance has been deleted
				b.forget(user)
			default:
				b.Log.WarnContext(ctx, "a heartbeat of an agent was not recorded", "agent", user, "err", err)
			}
		}
	}
}

// beat makes a heartbeat of an agent, whom another node may have changed.
func (b *Beats) beat(ctx context.Context, e *engine.Engine, user center.UserID) (err error) {
	for range beatTries {
		if err = e.Agents.Beat(ctx, user); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return err
}

// refresh reads who is there.
func (b *Beats) refresh(ctx context.Context, c *catalog.Catalog) {
	began := b.Clock.Now()
	there, err := b.read(ctx, c)
	if err != nil {
		if ctx.Err() == nil {
			b.Log.ErrorContext(ctx, "agents who were signed in have no heartbeats until something else happens to them", "err", err)
		}
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for user, k := range b.known {
		if !there[user] && k.gone.IsZero() && k.last.Before(began) {
			k.gone = began
		}
	}
}

// read notes the agents who are there, and returns them.
func (b *Beats) read(ctx context.Context, c *catalog.Catalog) (there map[center.UserID]bool, err error) {
	instances, err := c.Instances(ctx)
	if err != nil {
		return nil, err
	}
	there = map[center.UserID]bool{}
	for _, i := range instances {
		for row, err := range b.Store.Agents(ctx, i.ID, true) {
			if err != nil {
				return nil, err
			}
			a, err := agent.Decode(row.State)
			if err != nil {
				return nil, err
			}
			there[a.User] = true
			b.note(a.User, a.Present() || a.Online(), false)
		}
	}
	return there, nil
}
