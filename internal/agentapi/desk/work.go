package desk

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"time"

	api "parley.example/parley/api/agent"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// work has a goroutine send what the desk has to send, unless one does. The caller holds the shard.
func (h *Hub) work(d *desk) {
	if !d.working {
		d.working = true
		h.background.Go(func() { h.send(d) })
	}
}

// send loads a desk that is new, and sends the views that wait until there are no more.
func (h *Hub) send(d *desk) {
	sh := h.shard(d.user)
	for {
		sh.mu.Lock()
		var err error
		switch {
		case d.streams == 0:
			d.working = false
			sh.mu.Unlock()
			return
		case !d.loaded || d.stale:
			sh.mu.Unlock()
			err = h.load(d)
		case len(d.views) == 0 && !d.waits():
			d.working = false
			sh.mu.Unlock()
			return
		default:
			v := d.view(h.Clock.Now())
			if len(d.views) > 0 {
				v, d.views = d.views[0], d.views[1:]
			}
			sh.mu.Unlock()
			err = h.sendView(d, v)
		}
		if err != nil {
			h.abandon(d, err)
			return
		}
	}
}

// waits reports whether a stream has had no snapshot yet. The caller holds the shard.
func (d *desk) waits() bool {
	for s := d.first; s != nil; s = s.next {
		if s.ready() && !s.greeted {
			return true
		}
	}
	return false
}

// ready reports whether the stream can be sent something. The caller holds the shard.
func (s *session) ready() bool { return s.open && s.started && !s.closed }

// abandon closes the streams of a desk that cannot be read: their clients come back.
func (h *Hub) abandon(d *desk, err error) {
	sh := h.shard(d.user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if h.ctx.Err() == nil {
		h.Log.Warn("streams closed, since their agent could not be read", "user", d.user, "err", err)
	}
	d.views, d.working = nil, false
	cause := Behind
	if over(err) {
		cause = Over // the instance has been deleted
	}
	for s := d.first; s != nil; s = s.next {
		s.close(cause)
	}
}

// load reads what was there before the desk, or what another node has changed since. What it is told of meanwhile is newer or the same,
// and what is published after it has begun has it read once more.
func (h *Hub) load(d *desk) error {
	sh := h.shard(d.user)
	sh.mu.Lock()
	again := d.known // streams may have been sent how it was
	d.loaded, d.stale = false, false
	sh.mu.Unlock()
	return h.read(func(ctx context.Context) error {
		state, version, err := h.engine.Agents.State(ctx, d.user)
		if err != nil {
			return err
		}
		if state == nil {
			return center.Errorf(center.NotFound, "the agent %s has gone", d.user)
		}
		ids, err := heldBy(ctx, h.engine.Store, d.instance, d.user)
		if err != nil {
			return err
		}
		sh.mu.Lock()
		for _, id := range ids {
			h.hold(d, id) // before it is read: what is said then is not missed
		}
		ids = slices.Collect(maps.Keys(d.held)) // with what has left his hands
		sh.mu.Unlock()
		for _, id := range ids {
			chat, version, last, err := h.chat(ctx, d.user, id)
			if err != nil {
				return err
			}
			sh.mu.Lock()
			k := h.hold(d, id)
			if chat != nil && version > k.version {
				k.meet(chat, d.user)
			}
			from := k.from
			sh.mu.Unlock()
			if again && from < 0 && chat != nil && accepted(chat, d.user) {
				if from, err = before(ctx, h.engine.Store, id, chat.WorkOf(d.user).Accepted, last); err != nil {
					return err
				}
			}
			sh.mu.Lock()
			if k = h.hold(d, id); k.from < 0 && chat != nil && k.as == chat.WorkOf(d.user).Participant {
				k.from = from
			}
			if version > k.version {
				k.take(chat, version, last)
			}
			sh.mu.Unlock()
		}
		sh.mu.Lock()
		defer sh.mu.Unlock()
		if d.streams == 0 {
			return nil
		}
		if version > d.version {
			h.meet(d, state, version)
		}
		for id, k := range d.held {
			if k.state == nil {
				d.forget(h.Bus, id)
			}
		}
		for _, k := range d.held {
			if again && k.from < 0 && accepted(k.state, d.user) { // it was told of meanwhile, and is read the next time
				return nil
			}
		}
		d.loaded, d.known = true, true
		h.show(d)
		return nil
	})
}

// chat reads a chat that a user has in hand. One that he has not, or that has been erased, is nil.
func (h *Hub) chat(ctx context.Context, user center.UserID, id center.ContactID) (chat *contact.Chat, version, last int64, err error) {
	head, err := h.engine.Store.Chat(ctx, id)
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return nil, math.MaxInt64, 0, nil
	}
	if err != nil {
		return nil, 0, 0, err
	}
	if chat, err = contact.DecodeChat(head.State); err != nil {
		return nil, 0, 0, err
	}
	if chat.WorkOf(user) == nil {
		chat = nil
	}
	return chat, head.Version, head.LastSeq, nil
}

// before returns the sequence number of the last item of a chat before a time; last when there is none after it any more.
func before(ctx context.Context, s store.Store, id center.ContactID, at time.Time, last int64) (int64, error) {
	items, err := s.Items(ctx, store.ItemQuery{Chat: id, After: at, Limit: 1})
	if err != nil || len(items) == 0 {
		return last, err
	}
	return items[0].Seq - 1, nil
}

// sendView sends a view to all streams of the desk, once it shows something new to them, and
// has them follow the chats that are connected in it.
func (h *Hub) sendView(d *desk, v View) error {
	var snap *catalog.Snapshot
	var tag string
	err := h.read(func(ctx context.Context) (err error) {
		if tag, err = h.Tag(ctx, d.instance, d.user); err != nil {
			return err
		}
		snap, err = h.Catalog.Snapshot(ctx, string(d.instance))
		return err
	})
	if err != nil {
		return err
	}
	now := h.Clock.Now()
	s := v.Snapshot(snap, tag, 0, now)
	shows := hashOf(s)
	sh := h.shard(d.user)
	sh.mu.Lock()
	d.number = max(d.number+1, v.Number()) // not that of now: GetAgent may have seen more since the view
	s.Version = d.number
	same := shows == d.shows
	d.shows = shows
	sh.mu.Unlock()
	text := (&api.Frame{Type: api.FrameSnapshot, Snapshot: s}).AppendJSON(nil)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for at := d.first; at != nil; at = at.next {
		if !at.ready() {
			continue
		}
		if !same || !at.greeted {
			at.greeted = true
			at.conn.SendLatest(text)
			at.conn.Flush()
		}
		h.follow(at, v)
	}
	return nil
}

// hashOf is a hash of what a snapshot shows, but for when it was made and how far the transcripts are.
func hashOf(s *api.AgentSnapshot) uint64 {
	bare := *s
	bare.Contacts = make([]api.AgentContact, len(s.Contacts))
	for i, c := range s.Contacts {
		c.LastSequence = 0
		bare.Contacts[i] = c
	}
	text := bare.AppendJSON(nil)
	return maphash.Bytes(seed, text[bytes.Index(text, []byte(`"Status"`)):])
}

// depart tells the agent that a stream has ended. A store that fails is given some time, unless the server stops: other nodes then take the stream from him.
func (h *Hub) depart(s *session) {
	for wait := time.Second; ; wait *= 2 {
		err := h.read(func(ctx context.Context) error {
			_, err := h.engine.Agents.Do(ctx, s.of.Instance, s.of.User, agent.Depart{Client: s.client})
			return err
		})
		if err == nil || errors.Is(err, context.Canceled) || center.ReasonOf(err) == center.NotFound {
			return
		}
		if wait > departTime {
			h.Log.Error("an agent seems to be there who is not, until the server starts anew", "user", s.of.User, "err", err)
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-h.ending:
			timer.Stop()
			return
		}
	}
}

// departTime is the longest pause between two attempts.
const departTime = time.Minute
