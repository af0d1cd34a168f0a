package catalog

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"parley.example/parley/internal/center"
)

// Bounds of the snapshots in memory.
const (
	maxSnapshots     = 1000
	maxSnapshotBytes = 512 << 20
)

// cache keeps snapshots. One that may be out of date stays, for chats in the
// middle of a command, until it has been loaded again.
type cache struct {
	lru    lru[center.InstanceID, *cached]
	seed   maphash.Seed
	shards [64]shard // by hash of the instance
}

type cached struct {
	snap  *Snapshot
	stale atomic.Bool
}

type shard struct {
	mu      sync.Mutex   // held by writes to an instance and loads of its snapshot
	notices atomic.Int64 // counts the calls of Changed, which do not wait for mu
}

func (c *cache) init() {
	c.seed = maphash.MakeSeed()
	c.lru.max, c.lru.maxWeight = maxSnapshots, maxSnapshotBytes
}

func (c *cache) shard(id center.InstanceID) *shard {
	return &c.shards[maphash.String(c.seed, string(id))%uint64(len(c.shards))]
}

// fresh returns a snapshot that nothing is known to have changed since.
func (c *cache) fresh(id center.InstanceID) (*Snapshot, bool) {
	if e, ok := c.lru.get(id); ok && !e.stale.Load() {
		return e.snap, true
	}
	return nil, false
}

// put keeps a snapshot; before is how many notices its shard had counted when it was begun.
func (c *cache) put(id center.InstanceID, snap *Snapshot, before int64) {
	e := &cached{snap: snap}
	c.lru.put(id, e, snap.weight())
	if c.shard(id).notices.Load() != before {
		e.stale.Store(true) // perhaps of this instance, and not in it
	}
}

// invalidate has the next one who asks load an instance anew.
func (c *cache) invalidate(id center.InstanceID) {
	if e, ok := c.lru.get(id); ok {
		e.stale.Store(true)
	}
}

// Changed is a notice that an instance has come to a revision: a snapshot that
// is older is reloaded when it is next asked for. It may come late, twice, or
// in any order, and does not block.
func (c *Catalog) Changed(id center.InstanceID, revision int64) {
	c.cache.shard(id).notices.Add(1)
	if e, ok := c.cache.lru.get(id); ok && e.snap.Revision < revision {
		e.stale.Store(true)
	}
}

// current returns the snapshot of an instance. The caller holds its shard.
func (c *Catalog) current(ctx context.Context, id center.InstanceID) (*Snapshot, error) {
	if snap, ok := c.cache.fresh(id); ok {
		return snap, nil
	}
	before := c.cache.shard(id).notices.Load()
	snap, err := c.load(ctx, id)
	if center.ReasonOf(err) == center.NotFound {
		c.cache.lru.drop(id)
	}
	if err != nil {
		return nil, err
	}
	c.cache.put(id, snap, before)
	return snap, nil
}
