package auth

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"time"
)

// Use is the last call that was made with a key: when, from which address, and of which
// operation. A call that the key's policy refuses is one too.
type Use struct {
	At        time.Time  // UTC
	From      netip.Addr // of the connection: that of a proxy, when one stands in front
	Operation string
}

// usage is what this process knows of the use of keys. It has those that
// exist, and were used since it started.
type usage struct {
	mu   sync.Mutex // guards byID
	byID map[string]*recentUse
}

type recentUse struct {
	Use
	dirty bool // the store does not have it
}

// Used notes that a key was used. Nothing is written: see [Keys.Flush].
func (k *Keys) Used(id string, use Use) {
	u := &k.used
	u.mu.Lock()
	defer u.mu.Unlock()
	if recent := u.byID[id]; recent != nil {
		*recent = recentUse{use, true}
		return
	}
	if u.byID == nil {
		u.byID = map[string]*recentUse{}
	}
	u.byID[id] = &recentUse{use, true}
}

func (u *usage) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byID, id)
}

// take returns the uses that the store does not have, and takes them for written.
func (u *usage) take() map[string]Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	var taken map[string]Use
	for id, recent := range u.byID {
		if !recent.dirty {
			continue
		}
		if taken == nil {
			taken = map[string]Use{}
		}
		taken[id] = recent.Use
		recent.dirty = false
	}
	return taken
}

// giveBack undoes take.
func (u *usage) giveBack(taken map[string]Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id := range taken {
		if recent := u.byID[id]; recent != nil {
			recent.dirty = true
		}
	}
}

// Flush writes the uses since the last Flush. Those of a failed one are written by the next.
func (k *Keys) Flush(ctx context.Context) error {
	uses := k.used.take()
	if uses == nil {
		return nil
	}
	err := k.Store.PutUses(ctx, uses)
	if err != nil {
		k.used.giveBack(uses)
	}
	return err
}

// Uses returns when keys were last used, by id: what this process knows, and what others
// have written.
func (k *Keys) Uses(ctx context.Context) (map[string]Use, error) {
	stored, err := k.Store.Uses(ctx)
	if err != nil {
		return nil, err
	}
	uses := make(map[string]Use, len(stored))
	maps.Copy(uses, stored)
	k.used.mu.Lock()
	defer k.used.mu.Unlock()
	for id, recent := range k.used.byID {
		if recent.At.After(uses[id].At) {
			uses[id] = recent.Use
		}
	}
	return uses, nil
}
