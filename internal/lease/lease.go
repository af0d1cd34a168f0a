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
// has passed to another node hands what [Holder.Held] returns to the store with what it does.
//
// A node that dies is noticed as soon as its leases expire, within [TTL], and what it
// held is taken at once; one that stops gives its shards back first of all
// ([Holder.Yield]), and the others, who are told ([Holder.Look]), take them before it is
// gone. A new node gets its share within two beats, or when it is told.
//
// # Time
//
// Leases live by the store's clock ([store.Store.Time]), which all nodes have in common,
// whatever their own show. A node knows it from each beat on by the time that has passed since:
// for what it holds, it is as late as it can be; for what others hold, as early. When the store's
// clock is set back, the leases of the living are renewed by it within a beat, and those of the dead, which
// would last for as long as it was set back, count as expired: see [store.FarAhead].
// Start reading at [Holder.Run].
package lease

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/store"
)

const (
	TTL  = 4 * time.Second       // how long a lease lasts without being renewed
	Beat = time.Second           // how often leases are renewed and looked at
	soon = 50 * time.Millisecond // after which what others have given back is looked at
	// yieldTime bounds giving everything back. A store that is there takes milliseconds.
	yieldTime = 2 * time.Second
)

// The names of leases.
const (
	nodePrefix    = "node/"    // of a node that takes its share
	leavingPrefix = "leaving/" // of a node that ends what it has begun
	shardPrefix   = "shard/"
)

func shardName(n int) string { return fmt.Sprintf("%s%02d", shardPrefix, n) }

// Store is what a [Holder] needs of a [store.Store].
type Store interface {
	Time(ctx context.Context) (time.Time, error)
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
	// Changed, when set, is called when the share or the nodes alive have
	// changed. It must be quick.
	Changed func()
	// Tell, when set, is called when others may want to look at once: this node has come,
	// or has given shards back. It must be quick.
	Tell func()

	once sync.Once
	look chan struct{} // has room for one
	told bool          // of Run: that this node is there

	at      chan struct{} // has one while leases are claimed and given back
	leaving atomic.Bool

	mu      sync.Mutex // guards what follows
	clock   clock
	shards  [64]store.Lease
	alive   []string
	renewed time.Time  // when the store last gave the node its own lease; zero for never
	holders [64]string // of all shards, as they were seen last
}

// Shards returns the shards that the node holds.
func (h *Holder) Shards() store.Shards {
	held, _ := h.Held()
	return held
}

// Alive returns the nodes that are alive, as far as this one knows; itself included.
func (h *Holder) Alive() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.alive
}

// Held returns the shards that the node holds, and their leases, for the store to refuse what is done
// after one of them has passed to another node.
func (h *Holder) Held() (held store.Shards, leases []store.Lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.latest()
	for n, l := range h.shards {
		if now.Before(l.Expires) {
			held |= 1 << n
			leases = append(leases, l)
		}
	}
	return held, leases
}

// Current reports whether the node has renewed its own lease within [TTL]: others know that it is alive, and the store answers.
func (h *Holder) Current() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.renewed.IsZero() && time.Since(h.renewed) < TTL
}

// Holder returns the node that holds a shard, as far as this one knows; "" when nobody does.
func (h *Holder) Holder(shard int) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.holders[shard]
}

// Sync asks for the store's time, for [Holder.Time] to be right before the first beat.
func (h *Holder) Sync(ctx context.Context) error {
	asked := time.Now()
	at, err := h.Store.Time(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock.set(at, asked, time.Now())
	return nil
}

// Time returns the time of the store's clock, as well as it is known; before [Holder.Sync] that of this process.
func (h *Holder) Time() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock.time()
}

// Look has the leases looked at soon: another node has come, or given some back. It never blocks.
func (h *Holder) Look() {
	h.init()
	select {
	case h.look <- struct{}{}:
	default:
	}
}

func (h *Holder) init() {
	h.once.Do(func() { h.look, h.at = make(chan struct{}, 1), make(chan struct{}, 1) })
}

// Run claims and renews leases until ctx ends, then gives them back.
func (h *Holder) Run(ctx context.Context) {
	h.init()
	for {
		wait, err := h.beat(ctx)
		if err != nil && ctx.Err() == nil {
			h.Log.Error("leases could not be renewed; what is not renewed passes to other nodes", "node", h.Node, "err", err)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-h.look:
			t.Stop()
			select { // for what others say at the same time
			case <-time.After(soon):
			case <-ctx.Done():
			}
		case <-ctx.Done():
			t.Stop()
		}
		if ctx.Err() != nil {
			h.release(context.WithoutCancel(ctx))
			return
		}
	}
}

// Yield gives the shards back, and takes none any more: the node ends what it has begun, and others know that it is
// still there. It takes two seconds at most: a store that has not answered by then is away, and others see the leases expire.
func (h *Holder) Yield(ctx context.Context) error {
	h.init()
	ctx, cancel := context.WithTimeout(ctx, yieldTime)
	defer cancel()
	h.leaving.Store(true)
	select {
	case h.at <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-h.at }()
	h.mu.Lock()
	names := h.names()
	h.mu.Unlock()
	if _, err := h.Store.Claim(ctx, h.Node, h.earliest(), TTL, leavingPrefix+h.Node); err != nil {
		return err
	}
	h.set(nil, nil) // before others can have them
	if err := h.Store.Release(ctx, h.Node, append(names, nodePrefix+h.Node)...); err != nil {
		return err
	}
	h.tell()
	return nil
}

func (h *Holder) tell() {
	if h.Tell != nil {
		h.Tell()
	}
}

// names returns the names of the shards that the node holds. The caller holds mu.
func (h *Holder) names() (names []string) {
	for n := range h.shards {
		if h.shards[n].Name != "" {
			names = append(names, h.shards[n].Name)
		}
	}
	return names
}

func (h *Holder) earliest() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock.earliest()
}

// beat renews what the node holds and sees to its having its share. It returns when to do so again.
func (h *Holder) beat(ctx context.Context) (wait time.Duration, err error) {
	h.init()
	h.at <- struct{}{}
	defer func() { <-h.at }()
	ctx, cancel := context.WithTimeout(ctx, TTL)
	defer cancel()
	if err := h.Sync(ctx); err != nil {
		return Beat, err
	}
	own := nodePrefix + h.Node
	leaving := h.leaving.Load()
	if leaving {
		own = leavingPrefix + h.Node
	}
	if _, err := h.Store.Claim(ctx, h.Node, h.earliest(), TTL, own); err != nil {
		return Beat, err
	}
	h.mu.Lock()
	h.renewed = time.Now()
	h.mu.Unlock()
	leases, err := h.Store.Leases(ctx, "")
	if err != nil {
		return Beat, err
	}
	now := h.earliest()
	seen := h.sort(leases, now)
	if wait = Beat; !seen.next.IsZero() { // what expires is taken at once
		wait = min(Beat, max(seen.next.Sub(now), 0)+soon)
	}
	if leaving {
		h.set(nil, seen)
		return wait, nil
	}
	share := (64 + seen.sharing - 1) / max(seen.sharing, 1) // none when this node's own lease has expired since
	claim, excess := divide(seen.mine, seen.free, share)
	var held []store.Lease
	if len(claim) > 0 {
		if held, err = h.Store.Claim(ctx, h.Node, now, TTL, claim...); err != nil {
			return Beat, err
		}
	}
	h.set(held, seen) // before others can have what is given back
	if len(excess) > 0 {
		err = h.Store.Release(ctx, h.Node, excess...)
	}
	if len(excess) > 0 || !h.told {
		h.told = true
		h.tell()
	}
	return wait, err
}

// sight is what a node sees of the leases of all.
type sight struct {
	alive      []string
	holders    [64]string
	sharing    int // how many of those have a share of the shards
	mine, free []string
	next       time.Time // when the first of another node expires; zero for never
}

// sort takes the leases of all nodes apart: which nodes are alive, which shards
// are this node's, and which are nobody's.
func (h *Holder) sort(leases []store.Lease, now time.Time) *sight {
	seen := &sight{}
	taken := map[string]bool{}
	for _, l := range leases {
		left := l.Expires.Sub(now)
		if left <= 0 || left > store.FarAhead*TTL {
			continue
		}
		if node, ok := strings.CutPrefix(l.Name, nodePrefix); ok {
			seen.alive = append(seen.alive, node)
			seen.sharing++
		} else if node, ok := strings.CutPrefix(l.Name, leavingPrefix); ok {
			seen.alive = append(seen.alive, node)
		} else if strings.HasPrefix(l.Name, shardPrefix) {
			taken[l.Name] = true
			if n, err := strconv.Atoi(l.Name[len(shardPrefix):]); err == nil && n < len(seen.holders) {
				seen.holders[n] = l.Node
			}
			if l.Node == h.Node {
				seen.mine = append(seen.mine, l.Name)
			}
		}
		if l.Node != h.Node && (seen.next.IsZero() || l.Expires.Before(seen.next)) {
			seen.next = l.Expires
		}
	}
	for n := range 64 {
		if name := shardName(n); !taken[name] {
			seen.free = append(seen.free, name)
		}
	}
	slices.Sort(seen.alive)
	seen.alive = slices.Compact(seen.alive)
	return seen
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

// set takes over what the node holds now, and what it has seen; nil leaves that.
func (h *Holder) set(held []store.Lease, seen *sight) {
	var shards [64]store.Lease
	for n := range shards {
		name := shardName(n)
		if i := slices.IndexFunc(held, func(l store.Lease) bool { return l.Name == name }); i >= 0 {
			shards[n] = held[i]
		}
	}
	h.mu.Lock()
	changed := seen != nil && !slices.Equal(seen.alive, h.alive)
	for n := range shards {
		changed = changed || shards[n].Version != h.shards[n].Version
	}
	if h.shards = shards; seen != nil {
		h.alive, h.holders = seen.alive, seen.holders
	}
	for n := range shards {
		if shards[n].Name != "" {
			h.holders[n] = h.Node
		} else if h.holders[n] == h.Node {
			h.holders[n] = ""
		}
	}
	h.mu.Unlock()
	if changed && h.Changed != nil {
		h.Changed()
	}
}

// release gives everything back, so that other nodes need not wait for it to expire.
func (h *Holder) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, yieldTime)
	defer cancel()
	h.mu.Lock()
	names := append(h.names(), nodePrefix+h.Node, leavingPrefix+h.Node)
	h.shards, h.alive, h.holders = [64]store.Lease{}, nil, [64]string{}
	h.mu.Unlock()
	if err := h.Store.Release(ctx, h.Node, names...); err != nil {
		h.Log.Warn("leases were not given back; other nodes wait until they expire", "node", h.Node, "err", err)
		return
	}
	h.tell()
}
