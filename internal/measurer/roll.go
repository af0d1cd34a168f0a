package measurer

import (
	"context"
	"errors"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/store"
)

const (
	// gather is how long commits are gathered before they are counted.
	gather = time.Second
	// rollEvery is how often it is looked for what can be kept.
	rollEvery = time.Minute
	// settled is how long ago the quarters ended whose agents' time is counted, and that are kept: what was decided shortly before the end of a
	// quarter may be committed shortly behind it.
	settled = time.Minute
	// keepFor is how long facts are kept: longer than the three months that requests may go back.
	keepFor = 100 * 24 * time.Hour

	behindStep = 1000 // agents in one transaction
	staleStep  = 500  // quarters of an hour
	forgetStep = 2000 // facts
)

// Run counts until ctx ends.
func (m *Measurer) Run(ctx context.Context) {
	roll := time.NewTicker(rollEvery)
	defer roll.Stop()
	m.tried(ctx, "count", m.CatchUp(ctx))
	var forgot time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.woken:
			select {
			case <-ctx.Done():
				return
			case <-time.After(gather):
			}
			m.tried(ctx, "count", m.CatchUp(ctx))
		case <-roll.C:
			m.tried(ctx, "roll up", m.RollUp(ctx))
			if now := m.Clock.Now(); now.Sub(forgot) > time.Hour {
				forgot = now
				m.tried(ctx, "forget", m.forget(ctx))
			}
		}
	}
}

// tried logs what has failed: it is tried again.
func (m *Measurer) tried(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		m.Log.ErrorContext(ctx, "historical metrics wait: it will be tried again", "to", what, "err", err)
	}
}

// RollUp counts the time of agents up to the last quarter of an hour that has ended, and keeps what the facts of quarters that have ended add
// up to, and of hours.
func (m *Measurer) RollUp(ctx context.Context) error {
	if err := m.CatchUp(ctx); err != nil {
		return err
	}
	to := m.Clock.Now().Add(-settled).UnixMilli() / measure.Quarter * measure.Quarter
	if err := m.advance(ctx, to); err != nil {
		return err
	}
	// What changes meanwhile waits for the next time.
	type quarter struct {
		of    center.InstanceID
		start int64
	}
	for seen := map[quarter]bool{}; ; {
		stale, err := m.Store.Stale(ctx, time.UnixMilli(to), staleStep)
		if err != nil {
			return err
		}
		fresh := 0
		for _, q := range stale {
			key := quarter{q.Instance, q.Quarter}
			if seen[key] {
				continue
			}
			seen[key] = true
			fresh++
			if err := m.rollQuarter(ctx, q); err != nil {
				return err
			}
		}
		if len(stale) < staleStep || fresh == 0 {
			return nil
		}
	}
}

// Rebuild makes what is kept of an instance anew, from facts.
func (m *Measurer) Rebuild(ctx context.Context, instance center.InstanceID) error {
	if err := m.Store.DropRollups(ctx, instance); err != nil {
		return err
	}
	return m.RollUp(ctx)
}

// advance counts the time of agents until then.
func (m *Measurer) advance(ctx context.Context, to int64) error {
	done, err := m.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	for conflicts := 0; ; {
		rows, err := m.Store.Behind(ctx, time.UnixMilli(to), behindStep)
		if err != nil || len(rows) == 0 {
			return err
		}
		b := &counted{m: m, agents: map[center.UserID]*running{}}
		if err := b.take(rows); err != nil {
			return err
		}
		for user, a := range b.agents {
			snap, err := m.snapshot(ctx, a.row.Instance)
			switch {
			case err != nil:
				return err
			case snap == nil: // the instance is gone, and the agent with it
				a.Agent = &measure.Agent{User: user, Since: to}
			default:
				b.facts(a.row.Instance, a.Advance(to, settingOf(snap, user)))
			}
		}
		if err := b.keep(ctx); errors.Is(err, store.ErrConflict) && conflicts < attempts {
			conflicts++
		} else if err != nil {
			return err
		}
	}
}

// rollQuarter keeps what the facts of a quarter add up to, and those of its hour when all quarters of that are kept.
func (m *Measurer) rollQuarter(ctx context.Context, q store.FactQuarter) error {
	var rollups []store.Rollup
	err := m.Store.ReadHistory(ctx, q.Instance, func(h store.History) (err error) {
		rollups, err = rolled(h, &q)
		return err
	})
	if err != nil {
		return err
	}
	return m.Store.KeepRollups(ctx, rollups, []store.FactQuarter{q})
}

// rolled returns the rollups of a quarter, and sets its version to that of the facts that they are made of.
func rolled(h store.History, q *store.FactQuarter) (all []store.Rollup, err error) {
	hour := q.Quarter / measure.Hour * measure.Hour
	versions, whole := map[int64]int64{}, int64(0)
	if err := h.Quarters(hour, hour+measure.Hour, func(quarter, version int64) {
		versions[quarter] = version
		whole += version
	}); err != nil {
		return nil, err
	}
	if q.Version = versions[q.Quarter]; q.Version == 0 {
		return nil, nil // it has been forgotten meanwhile
	}
	add := func(part measure.Part, start, length, version int64, cells measure.Cells) {
		all = append(all, store.Rollup{Instance: q.Instance, Part: string(part), Start: start, Length: length, Version: version, Pieces: cells.Encode()})
	}
	for _, of := range [][]measure.Part{{measure.Contacts, measure.ByWay, measure.ByQueue, measure.ByAgent}, {measure.Agents}} {
		facts := measure.Cells{}
		if err := addFacts(h, of[0], facts, q.Quarter, q.Quarter+measure.Quarter); err != nil {
			return nil, err
		}
		for _, part := range of {
			cells := facts.In(part)
			add(part, q.Quarter, measure.Quarter, q.Version, cells)
			hourly, err := others(h, part, cells, hour, q.Quarter, versions)
			if err != nil {
				return nil, err
			}
			if hourly != nil {
				add(part, hour, measure.Hour, whole, hourly)
			}
		}
	}
	return all, nil
}

// others adds what the other quarters of an hour add up to to the cells of one, and returns them; nil when one of them is not kept.
func others(h store.History, part measure.Part, cells measure.Cells, hour, quarter int64, versions map[int64]int64) (measure.Cells, error) {
	for q := hour; q < hour+measure.Hour; q += measure.Quarter {
		if q == quarter || versions[q] == 0 {
			continue
		}
		k, err := keptOf(h, part, q, measure.Quarter, versions[q])
		if err != nil || k == nil {
			return nil, err
		}
		other, err := k.All()
		if err != nil {
			return nil, err
		}
		for d, c := range other {
			cells.Add(d, c)
		}
	}
	return cells, nil
}

// forget deletes facts that are too old, and those of instances that are gone.
func (m *Measurer) forget(ctx context.Context) error {
	for {
		more, err := m.Store.ForgetFacts(ctx, m.Clock.Now().Add(-keepFor), forgetStep)
		if err != nil || !more {
			return err
		}
	}
}
