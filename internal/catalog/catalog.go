package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Catalog keeps what an administrator sets up. Make it with [New]. Its methods
// may be called by many goroutines.
type Catalog struct {
	cfg    Config
	rows   rowStore
	loader loader
	cache  cache

	creating sync.Mutex // making instances; taken before a shard of the cache
}

// New returns a catalog over a store.
func New(cfg Config) *Catalog {
	cfg.Limits, cfg.Node = cfg.Limits.Defaults(), cmp.Or(cfg.Node, center.NewUUID())
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Catalog{cfg: cfg, rows: rowStore{store: cfg.Store, bus: cfg.Bus, node: cfg.Node, shared: cfg.Shared}}
	c.loader.init(cfg, c.rows)
	c.cache.init(&c.loader, cfg.Changed)
	return c
}

// ChecksReferences reports whether contents are held to what they name: see [Config].
func (c *Catalog) ChecksReferences() bool { return c.cfg.CheckReferences }

// TakesOldSpellings reports whether contents may spell action types as Amazon's
// reference has: see [Config].
func (c *Catalog) TakesOldSpellings() bool { return c.cfg.OldSpellings }

// Log is where the catalog reports what is no error.
func (c *Catalog) Log() *slog.Logger { return c.cfg.Log }

// Partition returns where the instances live.
func (c *Catalog) Partition() center.Partition { return c.cfg.Partition }

// Now is the time as the store keeps it.
func (c *Catalog) Now() time.Time { return c.cfg.Now().UTC().Truncate(time.Millisecond) }

// Resolve returns the id of the instance that an id or ARN names; ok is false
// when the ARN is of something else. Whether the instance exists it does not say.
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
		return nil, c.loader.missingInstance(ctx, ref)
	}
	if snap, err := c.cache.fresh(ctx, id); snap != nil || err != nil {
		return snap, err
	}
	shard := c.cache.shard(id)
	shard.Lock()
	defer shard.Unlock()
	return c.cache.current(ctx, id)
}

// Named is [Catalog.Snapshot] for an id, an ARN or an alias, whose capitals do not matter.
func (c *Catalog) Named(ctx context.Context, ref string) (*Snapshot, error) {
	snap, missing := c.Snapshot(ctx, ref)
	if center.ReasonOf(missing) != center.NotFound {
		return snap, missing
	}
	all, err := c.Instances(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if strings.EqualFold(i.Name, ref) {
			return c.Snapshot(ctx, string(i.ID))
		}
	}
	return nil, missing
}

// SnapshotWith is [Catalog.Snapshot] with the resources of a kind, also of one that
// is kept apart: users, of which there may be very many, and which chats do not ask for. Such a
// kind is read from the store when it is asked for first, and by the first write.
func (c *Catalog) SnapshotWith(ctx context.Context, kind center.Kind, ref string) (*Snapshot, error) {
	snap, err := c.Snapshot(ctx, ref)
	if err != nil || snap.whole || !kinds[kind].apart {
		return snap, err
	}
	shard := c.cache.shard(snap.ID())
	shard.Lock()
	defer shard.Unlock()
	return c.cache.entire(ctx, snap.ID())
}

// UsersOf reports whether an instance has users with a routing profile, a
// security profile or a hierarchy group. Within a change ask the snapshot there, which
// is what the change will be made of: [Snapshot.Uses].
func UsersOf[ID center.RoutingProfileID | center.SecurityProfileID | center.HierarchyGroupID](ctx context.Context, c *Catalog, instance center.InstanceID, id ID) (bool, error) {
	snap, err := c.SnapshotWith(ctx, center.KindUser, string(instance))
	if err != nil {
		return false, err
	}
	of := center.KindRoutingProfile
	switch any(id).(type) {
	case center.SecurityProfileID:
		of = center.KindSecurityProfile
	case center.HierarchyGroupID:
		of = center.KindHierarchyGroup
	}
	return snap.Uses(center.KindUser, of, string(id)) > 0, nil
}

// maxWrites bounds how often a write is made anew because another node was first.
const maxWrites = 64

// Change makes one change of an instance: decide says what to write, given how
// the instance stands, and is asked again when another node was first. It
// returns when the change is durable. Errors: NotFound for the instance, those
// of decide, Duplicate for a name that must be unique and is taken, what the kind
// says of its quota, and Conflict when other nodes were first all the time.
func (c *Catalog) Change(ctx context.Context, id center.InstanceID, decide func(snap *Snapshot) (Write, error)) error {
	shard := c.cache.shard(id)
	shard.Lock()
	defer shard.Unlock()
	var err error
	for attempt := range maxWrites {
		var snap *Snapshot
		if snap, err = c.cache.entire(ctx, id); err != nil {
			return err
		}
		var w Write
		if w, err = decide(snap); err != nil {
			return err
		}
		for _, r := range w.Put {
			if err = c.Admits(snap, r); err != nil {
				return err
			}
		}
		if attempt > 0 {
			if w.stowed, err = c.rows.absent(ctx, w.stowed); err != nil {
				return err
			}
		}
		if err = c.commit(ctx, snap, w); err == nil {
			return nil
		}
		c.cache.invalidate(id) // it may be out of date, or the write may have happened after all
		if center.ReasonOf(err) != center.Conflict && !duplicate(err) {
			return err
		}
	}
	return err
}

// Admits refuses a resource whose name is taken, and a new one above the quota of
// its kind. [Catalog.Change] does so by itself; whoever has much to do for a new one asks first.
func (c *Catalog) Admits(snap *Snapshot, r Resource) error {
	k, m := kinds[r.Kind()], r.About()
	if k.unique && m.Name != "" && snap.hasName(r.Kind(), m.Name, m.ID) {
		return &center.Error{Reason: center.Duplicate, Message: fmt.Sprintf("another %s has the name %q", k.kind, m.Name), Kind: k.kind}
	}
	if m.Version > 0 || k.quota == "" {
		return nil
	}
	return c.Admit(snap.count(k), k.quota, "the instance", k.plural, k.over)
}

// AdmitVersion refuses another version above the quota.
func (c *Catalog) AdmitVersion(h Holder) error {
	k := kinds[h.Kind()]
	return c.Admit(len(h.Authoring().Versions), "versions", "the "+k.contents.noun, "versions", k.over)
}

// AdmitAlias refuses another alias above the quota.
func (c *Catalog) AdmitAlias(h Holder) error {
	k := kinds[h.Kind()]
	return c.Admit(len(h.Authoring().Aliases), "aliases", "the "+k.contents.noun, "aliases", k.over)
}

// commit writes a change and shows it. With other nodes it writes the instance
// itself, too, as it was: a decision rests on more than what it changes (quotas,
// what refers to what), so of two that were made of one state one is refused.
func (c *Catalog) commit(ctx context.Context, snap *Snapshot, w Write) error {
	if len(w.Put)+len(w.Drop)+len(w.stowed)+len(w.unneeded)+len(w.secrets) == 0 {
		return nil
	}
	if c.cfg.Shared && !slices.ContainsFunc(w.Put, func(r Resource) bool { return r.Kind() == center.KindInstance }) {
		w.Put = append(slices.Clip(w.Put), snap.Instance)
	}
	next := snap.copy()
	rows, gone := slices.Concat(w.stowed, w.secrets), slices.Clone(w.unneeded)
	for _, r := range w.Put {
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
		next.put(shown)
	}
	for _, r := range w.Drop {
		gone = append(gone, center.Resource{Instance: r.About().Instance, Kind: r.Kind(), ID: r.About().ID})
		next.remove(r.Kind(), r.About().ID)
	}
	e := c.cache.newCached(snap.ID())
	revision, err := c.rows.write(ctx, snap.ID(), store.ResourceWrite{Put: rows, Drop: gone})
	switch {
	case err != nil:
		e.close()
		return err
	case !c.cfg.Shared:
	case revision != snap.Revision+1: // there is more than this change
		e.close()
		c.cache.invalidate(snap.ID())
		return nil
	default:
		next.Revision = revision
	}
	c.show(ctx, e, next, w.Put)
	return nil
}

// show makes the snapshot after a change the one that is given out. When contents
// that became current cannot be read, the next request reloads it.
func (c *Catalog) show(ctx context.Context, e *cached, next *Snapshot, put []Resource) {
	for _, r := range put {
		there, _ := next.shelf(r.Kind()).get(r.About().ID)
		h, ok := there.(Holder)
		if !ok {
			continue
		}
		if err := c.loader.parse(ctx, next, h); err != nil {
			e.close()
			c.cache.invalidate(next.ID())
			return
		}
	}
	c.cache.put(e, next)
}

// Delete removes an instance with everything of it, and records the erasure of its chats,
// which is carried out later. While chats of it run the error has reason BadRequest. No chat begins in
// it afterwards, whoever had looked it up before: see [store.Change.Within].
func (c *Catalog) Delete(ctx context.Context, id center.InstanceID, chats store.Erasure) error {
	shard := c.cache.shard(id)
	shard.Lock()
	defer shard.Unlock()
	snap, err := c.cache.current(ctx, id)
	if err != nil {
		return err
	}
	rows, err := c.rows.owned(ctx, snap.Instance)
	if err != nil {
		return err
	}
	defer c.cache.notify(id)
	defer c.cache.lru.drop(id)
	_, err = c.rows.write(ctx, id, store.ResourceWrite{Drop: rows, Erase: &chats})
	return err
}

// Instances returns all instances, by alias, then id.
func (c *Catalog) Instances(ctx context.Context) ([]*Instance, error) {
	rs, err := c.rows.list(ctx, "", center.KindInstance)
	if err != nil {
		return nil, err
	}
	all := make([]*Instance, len(rs))
	for i, r := range rs {
		all[i] = r.(*Instance)
	}
	return all, nil
}

// duplicate reports whether a write was refused because a name or id is taken.
func duplicate(err error) bool {
	e, ok := errors.AsType[*center.Error](err)
	return ok && e.Reason == center.Duplicate
}
