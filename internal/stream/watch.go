package stream

import (
	"context"
	"time"

	"parley.example/parley/internal/bus"
)

// On a bus that is shared with other nodes messages may be lost without another
// that would reveal it, so the hub asks for the last sequence numbers of all its
// subjects every checkEvery. An item that was lost in any way is thus sent within
// five seconds of its commit, as long as the source answers within one.
const checkEvery = 2 * time.Second

// anchor sets where the audience of a new session begins. Items that the source
// has by then the client finds in the transcript.
func (h *Hub) anchor(ctx context.Context, s *session) error {
	if !h.Shared {
		return nil // the first item that is published says it
	}
	a := s.of
	positions, err := h.Source.Positions(ctx, []bus.Subject{a.Subject})
	if err != nil {
		return err
	}
	sh := h.shard(a.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if seq, ok := positions[a.Subject]; ok {
		if a.subscribed() {
			h.notice(a, seq)
		} else {
			a.seq = max(a.seq, seq)
		}
	}
	return nil
}

// notice compares an audience with its source, and has a gap repaired. The caller holds the shard.
func (h *Hub) notice(a *audience, seq int64) {
	if a.gap == nil && a.first != nil {
		if h.compare(a, seq); a.gap != nil {
			h.background.Go(func() { h.repair(a) })
		}
	}
}

// watch has all audiences compared with the source from time to time, as long
// as there are sockets.
func (h *Hub) watch() {
	if !h.Shared {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.watching {
		h.watching = true
		h.checkLater()
	}
}

func (h *Hub) checkLater() { time.AfterFunc(checkEvery, func() { h.background.Go(h.check) }) }

// check compares all audiences with the source, once.
func (h *Hub) check() {
	if all := h.anchored(); len(all) > 0 {
		ctx, cancel := context.WithTimeout(h.ctx, sourceTime)
		positions, err := h.Source.Positions(ctx, all)
		cancel()
		if err != nil {
			h.Log.Warn("sockets not compared with the store", "err", err)
		}
		for subject, seq := range positions {
			sh := h.shard(subject)
			sh.mu.Lock()
			if a := sh.audiences[subject]; a != nil {
				h.notice(a, seq)
			}
			sh.mu.Unlock()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watching = h.Sockets() > 0; h.watching {
		h.checkLater()
	}
}

// anchored returns the subjects of which it is known what their sockets were sent.
func (h *Hub) anchored() (all []bus.Subject) {
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.Lock()
		for _, a := range sh.audiences {
			if a.seq >= 0 {
				all = append(all, a.Subject)
			}
		}
		sh.mu.Unlock()
	}
	return all
}
