package catalog

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/store"
)

// Config is what a catalog is made of. Store, Partition and Now are needed.
type Config struct {
	Store     store.Store
	Partition center.Partition
	Now       func() time.Time
	Limits    Limits
	Log       *slog.Logger // nil for nobody

	// Unassociated lets flows call functions and ask bots that are not
	// associated with their instance, as development mode does.
	Unassociated bool
	// CheckReferences refuses to publish a flow or module that names, by a fixed
	// value, a resource that its instance does not have. Without it such a
	// reference takes its action's error branch at run time, and flows of other
	// instances can be published as they are.
	CheckReferences bool
}

// Limits are the quotas that an operator may set. The zero value of a member
// means its default.
type Limits struct {
	Instances    int // 100; the service allows 2 until asked for more
	Flows        int // of an instance, besides the default flows; 100
	FlowVersions int // of a flow, a module or a view; 50
	Modules      int // of an instance; 200
	Aliases      int // of a module; 50
	Views        int // of an instance, besides the managed ones; 500
	Queues       int // of an instance; 100
	Hours        int // hours of operation of an instance; 100
	Functions    int // Lambda functions of an instance; 50
	Bots         int // of an instance and a version of Lex; 70
	Origins      int // approved origins of an instance; 100
}

// Defaults fills in what is not set.
func (l Limits) Defaults() Limits {
	set := func(v *int, n int) {
		if *v == 0 {
			*v = n
		}
	}
	set(&l.Instances, 100)
	set(&l.Flows, 100)
	set(&l.FlowVersions, 50)
	set(&l.Modules, 200)
	set(&l.Aliases, 50)
	set(&l.Views, 500)
	set(&l.Queues, 100)
	set(&l.Hours, 100)
	set(&l.Functions, 50)
	set(&l.Bots, 70)
	set(&l.Origins, 100)
	return l
}

// Bounds of what is kept in memory.
const (
	maxSnapshots     = 1000
	maxSnapshotBytes = 512 << 20
	maxFlows         = 4096 // contents that running chats began with
	maxFlowsBytes    = 256 << 20
)

// Catalog keeps what an administrator sets up. Make it with [New]. Its methods
// may be called by many goroutines.
type Catalog struct {
	cfg       Config
	snapshots lru[center.InstanceID, *Snapshot]
	running   lru[contentKey, *flow.Flow]
	locks     [64]sync.Mutex // writes to an instance and loads of its snapshot; by hash of the id
	seed      maphash.Seed

	founding sync.Mutex // making instances; taken before a lock of locks
}

// contentKey names a content: contents belong to their flow.
type contentKey struct {
	flow center.FlowID
	hash string
}

// New returns a catalog over a store.
func New(cfg Config) *Catalog {
	cfg.Limits = cfg.Limits.Defaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Catalog{cfg: cfg, seed: maphash.MakeSeed()}
	c.snapshots.max, c.snapshots.maxWeight = maxSnapshots, maxSnapshotBytes
	c.running.max, c.running.maxWeight = maxFlows, maxFlowsBytes
	return c
}

// Partition returns where the instances live.
func (c *Catalog) Partition() center.Partition { return c.cfg.Partition }

// now is the time as the store keeps it.
func (c *Catalog) now() time.Time { return c.cfg.Now().UTC().Truncate(time.Millisecond) }

// Resolve returns the id of the instance that an id or ARN names; ok is false
// when the ARN leads elsewhere. Whether the instance exists it does not say.
func (c *Catalog) Resolve(ref string) (id center.InstanceID, ok bool) {
	if !strings.HasPrefix(ref, "arn:") {
		return center.InstanceID(ref), ref != ""
	}
	a, ok := center.ParseARN(ref)
	if !ok || a.Kind != center.KindInstance || a.Partition != c.cfg.Partition {
		return "", false
	}
	return a.Instance, true
}

// Snapshot returns the instance that an id or ARN names, as it stands now.
// NotFound when there is none.
func (c *Catalog) Snapshot(ctx context.Context, ref string) (*Snapshot, error) {
	id, ok := c.Resolve(ref)
	if !ok {
		return nil, c.missingInstance(ctx, ref)
	}
	if snap, ok := c.snapshots.get(id); ok {
		return snap, nil
	}
	lock := c.lock(id)
	lock.Lock()
	defer lock.Unlock()
	return c.current(ctx, id)
}

// lock returns the mutex that a write to an instance holds.
func (c *Catalog) lock(id center.InstanceID) *sync.Mutex {
	return &c.locks[maphash.String(c.seed, string(id))%uint64(len(c.locks))]
}

// current returns the snapshot of an instance. The caller holds its lock.
func (c *Catalog) current(ctx context.Context, id center.InstanceID) (*Snapshot, error) {
	if snap, ok := c.snapshots.get(id); ok {
		return snap, nil
	}
	snap, err := c.load(ctx, id)
	if err != nil {
		return nil, err
	}
	c.snapshots.put(id, snap, snap.weight())
	return snap, nil
}

// load reads an instance from the store.
func (c *Catalog) load(ctx context.Context, id center.InstanceID) (*Snapshot, error) {
	stored, err := c.cfg.Store.Resource(ctx, center.KindInstance, string(id))
	if center.ReasonOf(err) == center.NotFound {
		return nil, c.missingInstance(ctx, string(id))
	}
	if err != nil {
		return nil, err
	}
	instance, err := decode(stored)
	if err != nil {
		return nil, err
	}
	snap := newSnapshot(c.cfg.Partition, instance.(*Instance))
	for kind := range makers {
		if kind == center.KindInstance {
			continue
		}
		var rs []Resource
		for stored, err := range c.cfg.Store.Resources(ctx, id, kind) {
			if err != nil {
				return nil, err
			}
			r, err := decode(stored)
			if err != nil {
				return nil, err
			}
			rs = append(rs, r)
		}
		snap.add(kind, rs)
	}
	for _, kind := range []center.Kind{center.KindFlow, center.KindFlowModule} {
		for _, r := range snap.lists[kind] {
			if err := c.parse(ctx, snap, r.(holder)); err != nil {
				return nil, err
			}
		}
	}
	return snap, nil
}

// maxWrites bounds how often a write is made anew because another process was first.
const maxWrites = 8

// write is what a change of an instance comes to.
type write struct {
	put  []Resource        // with the version they were read at, 0 for new ones
	also []center.Resource // new rows that no snapshot holds: contents
	gone []center.Resource // rows of that kind to remove
	drop []Resource        // resources to remove
}

// change makes one change of an instance: decide says what to write, given how
// the instance stands, and is asked again when another process was first.
func (c *Catalog) change(ctx context.Context, ref string, decide func(snap *Snapshot) (write, error)) error {
	id, ok := c.Resolve(ref)
	if !ok {
		return c.missingInstance(ctx, ref)
	}
	lock := c.lock(id)
	lock.Lock()
	defer lock.Unlock()
	var err error
	for attempt := range maxWrites {
		var snap *Snapshot
		if snap, err = c.current(ctx, id); err != nil {
			return err
		}
		var w write
		if w, err = decide(snap); err != nil {
			return err
		}
		if attempt == maxWrites-1 {
			if w.also, err = c.absent(ctx, w.also); err != nil {
				return err
			}
		}
		if err = c.commit(ctx, snap, w); err == nil {
			return nil
		}
		c.snapshots.drop(id) // it may be out of date, or the write may have happened after all
		if center.ReasonOf(err) != center.Conflict && !duplicate(err) {
			return err
		}
	}
	return err
}

// absent returns the rows that the store does not have. A content that is
// there without its flow knowing was left behind by a release that wrote a
// change in two steps; it is as good as a new one.
func (c *Catalog) absent(ctx context.Context, rows []center.Resource) ([]center.Resource, error) {
	var left []center.Resource
	for _, r := range rows {
		switch _, err := c.cfg.Store.Resource(ctx, r.Kind, r.ID); {
		case center.ReasonOf(err) == center.NotFound:
			left = append(left, r)
		case err != nil:
			return nil, err
		}
	}
	return left, nil
}

// commit writes and shows a change.
func (c *Catalog) commit(ctx context.Context, snap *Snapshot, w write) error {
	next := snap.copy()
	rows := w.also
	for _, r := range w.put {
		row, err := encode(r)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		row.Version++
		shown, err := decode(row)
		if err != nil {
			return err
		}
		if i, ok := shown.(*Instance); ok {
			next.Instance = i
			continue
		}
		next.remove(r.Kind(), r.About().ID)
		next.add(r.Kind(), []Resource{shown})
	}
	gone := w.gone
	for _, r := range w.drop {
		gone = append(gone, center.Resource{Instance: r.About().Instance, Kind: r.Kind(), ID: r.About().ID})
		next.remove(r.Kind(), r.About().ID)
	}
	if _, err := c.cfg.Store.WriteResources(ctx, store.ResourceWrite{Put: rows, Drop: gone}); err != nil {
		return err
	}
	c.show(ctx, next, w.put)
	return nil
}

// show makes the snapshot after a change the one that is given out. When contents
// that became current cannot be read, whoever asks next loads it anew.
func (c *Catalog) show(ctx context.Context, next *Snapshot, put []Resource) {
	id := next.Instance.InstanceID()
	for _, r := range put {
		h, ok := next.index[r.Kind()][r.About().ID].(holder)
		if !ok {
			continue
		}
		if err := c.parse(ctx, next, h); err != nil {
			c.snapshots.drop(id)
			return
		}
	}
	c.snapshots.put(id, next, next.weight())
}

// Delete removes an instance with everything of it. Chats that still run lose
// their flows, so the caller ends them first. Records of chats stay in the store.
func (c *Catalog) Delete(ctx context.Context, ref string) error {
	id, ok := c.Resolve(ref)
	if !ok {
		return c.missingInstance(ctx, ref)
	}
	lock := c.lock(id)
	lock.Lock()
	defer lock.Unlock()
	snap, err := c.current(ctx, id)
	if err != nil {
		return err
	}
	rows := []center.Resource{{Instance: id, Kind: center.KindInstance, ID: string(id)}}
	if snap.Instance.Name != "" {
		rows = append(rows, center.Resource{Kind: center.KindSetting, ID: aliasID(snap.Instance.Name)})
	}
	for _, kind := range ownedKinds {
		for r, err := range c.cfg.Store.Resources(ctx, id, kind) {
			if err != nil {
				return err
			}
			rows = append(rows, center.Resource{Instance: id, Kind: kind, ID: r.ID})
		}
	}
	defer c.snapshots.drop(id)
	_, err = c.cfg.Store.WriteResources(ctx, store.ResourceWrite{Drop: rows})
	return err
}

// ownedKinds are the kinds of what goes away with an instance.
var ownedKinds = []center.Kind{
	center.KindFlow, center.KindFlowVersion, center.KindFlowModule, center.KindQueue, center.KindHours, center.KindRoutingProfile,
	center.KindSecurityProfile, center.KindAgentStatus, center.KindUser, center.KindView, center.KindViewVersion, center.KindStorageConfig,
	center.KindAssociation,
}

// duplicate reports whether a write was refused because a name or id is taken.
func duplicate(err error) bool {
	e, ok := errors.AsType[*center.Error](err)
	return ok && e.Reason == center.Duplicate
}
