package catalog

import (
	"context"
	"fmt"
	"log/slog"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
)

// Bounds of the contents in memory that running chats began with.
const (
	maxFlows      = 4096
	maxFlowsBytes = 256 << 20
)

// loader makes snapshots of what the store has, and keeps the contents that
// chats run, parsed.
type loader struct {
	rows      rowStore
	partition center.Partition
	log       *slog.Logger
	running   lru[contact.ContentKey, *flow.Flow]
}

func (l *loader) init(cfg Config, rows rowStore) {
	l.rows, l.partition, l.log = rows, cfg.Partition, cfg.Log
	l.running.max, l.running.maxWeight = maxFlows, maxFlowsBytes
}

// load reads a snapshot of an instance.
func (l *loader) load(ctx context.Context, id center.InstanceID) (*Snapshot, error) {
	revision, err := l.rows.revision(ctx, id) // first: the rows have at least what it counts
	if err != nil {
		return nil, err
	}
	stored, err := l.rows.store.Resource(ctx, center.KindInstance, string(id))
	if center.ReasonOf(err) == center.NotFound {
		return nil, l.missingInstance(ctx, string(id))
	}
	if err != nil {
		return nil, err
	}
	instance, err := decode(stored)
	if err != nil {
		return nil, err
	}
	snap := newSnapshot(l.partition, instance.(*Instance))
	snap.Revision = revision
	for _, k := range kinds {
		if k.make == nil || k.apart || k.kind == center.KindInstance {
			continue
		}
		if err := l.fill(ctx, snap, k.kind); err != nil {
			return nil, err
		}
	}
	return snap, l.prepareRunnable(ctx, snap)
}

// fill reads all resources of a kind into a snapshot under construction.
func (l *loader) fill(ctx context.Context, snap *Snapshot, kind center.Kind) error {
	rs, err := l.rows.list(ctx, snap.ID(), kind)
	if err == nil {
		snap.fill(kind, rs)
	}
	return err
}

// complete returns a snapshot with what is kept apart.
func (l *loader) complete(ctx context.Context, snap *Snapshot) (*Snapshot, error) {
	whole := snap.copy()
	for _, k := range kinds {
		if !k.apart {
			continue
		}
		if err := l.fill(ctx, whole, k.kind); err != nil {
			return nil, err
		}
	}
	whole.whole = true
	return whole, nil
}

// prepareRunnable parses what chats may come to in a new snapshot.
func (l *loader) prepareRunnable(ctx context.Context, snap *Snapshot) error {
	for _, k := range kinds {
		if k.contents == nil || k.contents.typ == nil {
			continue
		}
		for e := range snap.shelf(k.kind).byName.All() {
			if err := l.parse(ctx, snap, e.resource.(Holder)); err != nil {
				return err
			}
		}
	}
	return nil
}

// parse makes the published content of a flow or a module ready in a snapshot
// under construction. Its versions are read when a chat comes to one.
func (l *loader) parse(ctx context.Context, snap *Snapshot, h Holder) error {
	k, hash := kinds[h.Kind()], h.Authoring().Published
	if k.contents.typ == nil || hash == "" {
		return nil
	}
	key := contact.ContentKey{Flow: center.FlowID(h.About().ID), Hash: hash}
	parsed, ok := l.running.get(key)
	if !ok {
		var err error
		parsed, err = l.content(ctx, string(key.Flow), hash)
		switch center.ReasonOf(err) {
		case center.InvalidFlow, center.NotFound:
			l.log.ErrorContext(ctx, "a published flow cannot be read", "instance", h.About().Instance, "flow", key.Flow, "err", err)
			snap.runnable[key] = published{err: fmt.Errorf("%s %s: %w", h.Kind(), key.Flow, err)}
			return nil
		}
		if err != nil {
			return err
		}
	}
	snap.runnable[key] = published{flow: parsed.As(k.contents.typ(h))}
	return nil
}

// content reads and parses a content of a flow or module.
func (l *loader) content(ctx context.Context, id, hash string) (*flow.Flow, error) {
	var d Document
	if err := l.rows.readContent(ctx, center.KindFlow, id, hash, &d); err != nil {
		return nil, err
	}
	return d.Parse()
}

func (l *loader) keep(key contact.ContentKey, f *flow.Flow) {
	l.running.put(key, f, 4*len(f.Content()))
}
