package desk

import (
	"context"
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Notices of other nodes may be lost. So a hub on a shared store compares the chats in its agents' hands with the store every
// checkEvery, in a query for many, and what else has changed of an agent the router tells it of ([Hub.Refresh]), which looks for that itself.
const (
	checkEvery = 2 * time.Second
	checkChunk = 500
)

// Refresh has what an agent's streams show read anew: another node has changed something of his.
func (h *Hub) Refresh(user center.UserID) {
	sh := h.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if d := sh.desks[user]; d != nil {
		d.stale = true
		h.work(d)
	}
}

// watch compares the chats of all desks with the store as long as there are streams.
type watch struct {
	hub *Hub
	mu  sync.Mutex // guards on
	on  bool
}

// begin has them compared from now on.
func (w *watch) begin() {
	if !w.hub.Shared {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.on {
		w.on = true
		w.later()
	}
}

func (w *watch) later() { time.AfterFunc(checkEvery, func() { w.hub.background.Go(w.check) }) }

// check compares them once.
func (w *watch) check() {
	h := w.hub
	in := inHand(h)
	ids := make([]center.ContactID, 0, len(in))
	for id := range in {
		ids = append(ids, id)
	}
	for chunk := range slices.Chunk(ids, checkChunk) {
		var versions []store.ChatVersion
		err := h.read(func(ctx context.Context) (err error) {
			versions, err = h.engine.Store.Versions(ctx, chunk)
			return err
		})
		if err != nil {
			if h.ctx.Err() == nil {
				h.Log.Warn("agents' streams not compared with the store", "err", err)
			}
			break
		}
		for _, v := range versions {
			for _, user := range in[v.Chat] {
				notice(h, user, v)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on = h.Streams() > 0 && h.ctx.Err() == nil; w.on {
		w.later()
	}
}

// inHand returns the chats of all desks, with those who have them.
func inHand(h *Hub) map[center.ContactID][]center.UserID {
	in := map[center.ContactID][]center.UserID{}
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.Lock()
		for user, d := range sh.desks {
			for id, k := range d.held {
				if k.state != nil {
					in[id] = append(in[id], user)
				}
			}
		}
		sh.mu.Unlock()
	}
	return in
}

// notice takes what the store has of a chat in an agent's hands.
func notice(h *Hub, user center.UserID, v store.ChatVersion) {
	sh := h.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d := sh.desks[user]
	if d == nil || d.held[v.Chat] == nil {
		return
	}
	k := d.held[v.Chat]
	if v.Version > k.version {
		d.stale = true
		h.work(d)
	}
	if k.last = max(k.last, v.LastSeq); k.last > v.LastSeq {
		return
	}
	for s := d.first; s != nil; s = s.next {
		if p := s.position(v.Chat); p != nil && !p.over && p.seq < k.last {
			p.behind = true
			h.repairLater(s)
		}
	}
}
