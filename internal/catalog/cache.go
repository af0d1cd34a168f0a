package catalog

import (
	"context"
	"hash/maphash"
	"sync"

	"parley.example/parley/internal/center"
)

// Bounds of the snapshots in memory.
const (
	maxSnapshots     = 1000
	maxSnapshotBytes = 512 << 20
)

// cache keeps snapshots. One that is out of date stays, for chats in the middle
// of a command, until it has been loaded again.
type cache struct {
	loader *loader
	lru    lru[center.InstanceID, *cached]
	seed   maphash.Seed
	notify func(center.InstanceID) // see Config.Changed
	shards [64]sync.Mutex          // by hash of the instance: held by writes to it and loads of its snapshot
}

func (c *cache) init(l *loader, changed func(center.InstanceID)) {
	c.loader, c.notify = l, changed
	if changed == nil {
		c.notify = func(center.InstanceID) {}
	}
	c.seed = maphash.MakeSeed()
	c.lru.max, c.lru.maxWeight, c.lru.removed = maxSnapshots, maxSnapshotBytes, (*cached).close
}

func (c *cache) shard(id center.InstanceID) *sync.Mutex {
	return &c.shards[maphash.String(c.seed, string(id))%uint64(len(c.shards))]
}

// put keeps a snapshot in an entry of its own.
func (c *cache) put(e *cached, snap *Snapshot) {
	e.snap = snap
	c.lru.put(snap.ID(), e, snap.weight())
	c.notify(snap.ID())
}

// invalidate has the next one who asks load an instance anew.
func (c *cache) invalidate(id center.InstanceID) {
	if e, ok := c.lru.get(id); ok {
		e.invalid.Store(true)
		c.notify(id)
	}
}

// fresh returns the snapshot of an instance that is in memory, nil when there is
// none or when it has to be loaded again.
func (c *cache) fresh(ctx context.Context, id center.InstanceID) (*Snapshot, error) {
	e, ok := c.lru.get(id)
	if !ok || e.outdated() {
		return nil, nil
	}
	if c.loader.rows.shared {
		if err := c.compare(ctx, e); err != nil {
			return nil, err
		}
		if e.outdated() {
			return nil, nil
		}
	}
	return e.snap, nil
}

// entire returns the snapshot of an instance with what is kept apart. The
// caller holds its shard.
func (c *cache) entire(ctx context.Context, id center.InstanceID) (*Snapshot, error) {
	snap, err := c.current(ctx, id)
	if err != nil || snap.whole {
		return snap, err
	}
	e := c.newCached(id)
	if former, ok := c.lru.get(id); ok {
		e.succeed(former)
	}
	if snap, err = c.loader.complete(ctx, snap); err != nil {
		e.close()
		return nil, err
	}
	c.put(e, snap)
	return snap, nil
}

// current returns the snapshot of an instance. The caller holds its shard.
func (c *cache) current(ctx context.Context, id center.InstanceID) (*Snapshot, error) {
	if snap, err := c.fresh(ctx, id); snap != nil || err != nil {
		return snap, err
	}
	e := c.newCached(id)
	snap, err := c.loader.load(ctx, id)
	if center.ReasonOf(err) == center.NotFound {
		c.lru.drop(id)
	}
	if err != nil {
		e.close()
		return nil, err
	}
	c.put(e, snap)
	return snap, nil
}
