// Package lease divides the work that goes on beside requests (timers, effects
// that nobody runs any more, deliveries, abandoned uploads) among the nodes on
// one store. Each node holds a lease of its own, by which others know that it
// is alive, and leases of its share of the 64 shards of the work.
//
// # What is promised
//
// A shard has at most one holder at a time, as far as the clocks of the nodes
// agree. They may not, and a node may be stopped between looking at its leases
// and acting: so a lease only saves work. Whoever must not act on a shard that
// has passed to another node hands [Holder.Fence] to the store with what it does.
//
// A node that dies is noticed after [TTL]; one that stops gives its leases back.
// Shards without a holder are taken within [Beat] by those who have less than
// their share, and a new node gets its share within two beats.
//
// # Time
//
// Leases live by the real clock, not by the one that development mode moves, and by the wall
// clock as it is, because that is what nodes have in common. When it is set back, the leases of
// the living are renewed by it within a beat, and those of the dead, which would last
// for as long as it was set back, count as expired: see [store.FarAhead].
// Start reading at [Holder.Run].
package lease

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/store"
)

const (
	TTL  = 10 * time.Second // how long a lease lasts without being renewed
	Beat = 3 * time.Second  // how often leases are renewed and looked at
)

// The names of leases.
const (
	nodePrefix  = "node/"
	shardPrefix = "shard/"
)

func shardName(n int) string { return fmt.Sprintf("%s%02d", shardPrefix, n) }

// Store is what a [Holder] needs of a [store.Store].
type Store interface {
	Claim(ctx context.Context, node string, now time.Time, ttl time.Duration, names ...string) ([]store.Lease, error)
	Release(ctx context.Context, node string, names ...string) error
	Leases(ctx context.Context, prefix string) ([]store.Lease, error)
}

// Holder holds a node's leases while [Holder.Run] runs. Set the fields before
// and leave them. Its methods may be called by many goroutines.
type Holder struct {
	Store Store
	Node  string // a name that no other process has, nor had within TTL
	Log   *slog.Logger
	Now   func() time.Time // the wall clock; time.Now when nil
	// Changed, when set, is called when the share or the nodes alive have
	// changed. It must be quick.
	Changed func()

	mu     sync.Mutex // guards what follows
	shards [64]store.Lease
	alive  []string
}

// Shards returns the shards that the node holds.
func (h *Holder) Shards() store.Shards {
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	var held store.Shards
	for n := range h.shards {
		if h.shards[n].Expires.After(now) {
			held |= 1 << n
		}
	}
	return held
}

func (h *Holder) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// Alive returns the nodes that are alive, as far as this one knows; itself included.
func (h *Holder) Alive() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.alive
}

// Fence returns the lease of a shard, for the store to refuse what is done
// after it has passed to another node. Of a shard that the node does not hold
// it is one that the store refuses.
func (h *Holder) Fence(shard int) *store.Lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.shards[shard]; l.Name != "" {
		return &l
	}
	return &store.Lease{Name: shardName(shard), Node: h.Node}
}

// Run claims and renews leases until ctx ends, then gives them back.
func (h *Holder) Run(ctx context.Context) {
	t := time.NewTicker(Beat)
	defer t.Stop()
	for {
		if err := h.beat(ctx); err != nil && ctx.Err() == nil {
			h.Log.Error("leases could not be renewed; what is not renewed passes to other nodes", "node", h.Node, "err", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			h.release(context.WithoutCancel(ctx))
			return
		}
	}
}

// beat renews what the node holds and sees to its having its share.
func (h *Holder) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, TTL)
	defer cancel()
	if _, err := h.Store.Claim(ctx, h.Node, h.now(), TTL, nodePrefix+h.Node); err != nil {
		return err
	}
	leases, err := h.Store.Leases(ctx, "")
	if err != nil {
		return err
	}
	now := h.now()
	alive, mine, free := h.sort(leases, now)
	share := (64 + len(alive) - 1) / len(alive)
	claim, excess := divide(mine, free, share)
	var held []store.Lease
	if len(claim) > 0 {
		if held, err = h.Store.Claim(ctx, h.Node, now, TTL, claim...); err != nil {
			return err
		}
	}
	h.set(held, alive) // before others can have what is given back
	if len(excess) > 0 {
		return h.Store.Release(ctx, h.Node, excess...)
	}
	return nil
}

// sort takes the leases of all nodes apart: which nodes are alive, which shards
// are this node's, and which are nobody's.
func (h *Holder) sort(leases []store.Lease, now time.Time) (alive, mine, free []string) {
	taken := map[string]bool{}
	for _, l := range leases {
		if left := l.Expires.Sub(now); left <= 0 || left > store.FarAhead*TTL {
			continue
		}
		if node, ok := strings.CutPrefix(l.Name, nodePrefix); ok {
			alive = append(alive, node)
		} else if strings.HasPrefix(l.Name, shardPrefix) {
			taken[l.Name] = true
			if l.Node == h.Node {
				mine = append(mine, l.Name)
			}
		}
	}
	for n := range 64 {
		if name := shardName(n); !taken[name] {
			free = append(free, name)
		}
	}
	if !slices.Contains(alive, h.Node) { // its own clock is behind that of the store's other nodes
		alive = append(alive, h.Node)
	}
	slices.Sort(alive)
	return alive, mine, free
}

// divide says which shards a node claims, those it holds and renews included,
// and which it gives back.
func divide(mine, free []string, share int) (claim, excess []string) {
	if len(mine) > share {
		return mine[:share], mine[share:]
	}
	// Nodes that start together do not all want the same ones.
	rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	return append(mine, free[:min(len(free), share-len(mine))]...), nil
}

// set takes over what the node holds now.
func (h *Holder) set(held []store.Lease, alive []string) {
	var shards [64]store.Lease
	for n := range shards {
		name := shardName(n)
		if i := slices.IndexFunc(held, func(l store.Lease) bool { return l.Name == name }); i >= 0 {
			shards[n] = held[i]
		}
	}
	h.mu.Lock()
	changed := !slices.Equal(alive, h.alive)
	for n := range shards {
		changed = changed || shards[n].Version != h.shards[n].Version
	}
	h.shards, h.alive = shards, alive
	h.mu.Unlock()
	if changed && h.Changed != nil {
		h.Changed()
	}
}

// release gives everything back, so that other nodes need not wait for it to expire.
func (h *Holder) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, Beat)
	defer cancel()
	names := []string{nodePrefix + h.Node}
	h.mu.Lock()
	for n := range h.shards {
		if h.shards[n].Name != "" {
			names = append(names, h.shards[n].Name)
		}
	}
	h.shards, h.alive = [64]store.Lease{}, nil
	h.mu.Unlock()
	if err := h.Store.Release(ctx, h.Node, names...); err != nil {
		h.Log.Warn("leases were not given back; other nodes wait until they expire", "node", h.Node, "err", err)
	}
}
