package engine

import (
	"context"
	"slices"
	"time"

	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// Leases determine which background work is this node's: see package lease.
type Leases interface {
	// Shards are those that the node holds.
	Shards() store.Shards
	// Alive are the nodes that are alive, as far as this one knows.
	Alive() []string
}

// shards returns the shards whose timers, uploads and orphans this engine handles.
func (e *Engine) shards() store.Shards {
	if e.Leases == nil {
		return store.AllShards
	}
	return e.Leases.Shards()
}

// Rebalance makes the engine look at once for work in its new shards. It is called
// when [Config.Leases] have changed.
func (e *Engine) Rebalance() {
	e.chatTimers.look()
	e.Agents.timers.look()
}

// lookEvery is how often an engine on a shared store looks for what other
// nodes left to it: timers that they set, effects of those that died.
const lookEvery = time.Second

// adopt takes over the effects that no living node runs: at the start those of
// processes before this one, and on a shared store those of nodes that die.
// Without leases nobody knows which nodes of a shared store live.
func (e *Engine) adopt(ctx context.Context) {
	if e.Leases == nil {
		if !e.Shared {
			e.adoptOrphans(ctx)
		}
		return
	}
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		e.adoptOrphans(ctx)
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

func (e *Engine) adoptOrphans(ctx context.Context) {
	alive := []string{e.Node}
	if e.Leases != nil {
		// This node has lost its own lease: the others take over.
		if alive = e.Leases.Alive(); !slices.Contains(alive, e.Node) {
			return
		}
	}
	for id, err := range e.Store.Orphans(ctx, e.shards(), alive) {
		if err == nil {
			_, err = e.Do(ctx, id, contact.TakeOver{Alive: alive})
		}
		if err != nil && ctx.Err() == nil {
			e.Log.Error("pending effects were not taken over; their flows wait until their time limits", "chat", id, "err", err)
		}
		if ctx.Err() != nil {
			return
		}
	}
}
