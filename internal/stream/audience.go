package stream

import (
	"strings"
	"sync"

	"parley.example/parley/internal/bus"
)

// audience is the sockets of one subject. It exists as long as there are any.
type audience struct {
	bus.Subscription
	first *session // guarded by the shard, as is what follows
	seq   int64    // of the last item that was sent, or that came before the audience; -1 when it is not known
	gap   *gap     // nil when nothing is missing
}

// id is what logs call the subject.
func (a *audience) id() string {
	_, id, _ := strings.Cut(string(a.Subject), "/")
	return id
}

// shard is a part of the audiences.
type shard struct {
	mu        sync.Mutex // guards what follows, and what audiences and sessions say it guards
	audiences map[bus.Subject]*audience
}

// shard returns the shard of a subject. The end of an id is random.
func (h *Hub) shard(subject bus.Subject) *shard {
	sum := uint32(0)
	for i := max(0, len(subject)-4); i < len(subject); i++ {
		sum = sum*31 + uint32(subject[i])
	}
	return &h.shards[sum%uint32(len(h.shards))]
}

// dissolve ends the audience's subscription: no message and no session comes to
// it any more. The caller holds the shard.
func (h *Hub) dissolve(a *audience) {
	h.Bus.Unsubscribe(&a.Subscription)
	if sh := h.shard(a.Subject); sh.audiences[a.Subject] == a {
		delete(sh.audiences, a.Subject)
	}
}

// subscribed reports whether any socket is sent anything. The caller holds the shard.
func (a *audience) subscribed() bool {
	for s := a.first; s != nil; s = s.next {
		if s.subscribed {
			return true
		}
	}
	return false
}

// flush has what is pending for the audience written. The caller holds the shard.
func (a *audience) flush() {
	for s := a.first; s != nil; s = s.next {
		if s.subscribed {
			s.conn.Flush()
		}
	}
}

// send queues an event for the sockets that may see it. The sockets of who
// leaves receive nothing more and close after the grace; after the last event
// all do. The caller holds the shard.
func (h *Hub) send(a *audience, e *bus.Event) {
	sent := false
	for s := a.first; s != nil; s = s.next {
		if s.subscribed && (e.Seq == 0 || e.Seq >= s.owed) && s.sees(e) {
			sent = true
			s.conn.Send(e.Payload)
		}
		s.leave(e)
	}
	if sent {
		h.counts.events.Add(1)
	}
}

// leave does what an event means that is the last one for the participant. The
// caller holds the shard.
func (s *session) leave(e *bus.Event) {
	left := e.Left != "" && e.Left == s.participant
	if left && s.subscribed {
		s.subscribed = false
		s.conn.Flush()
	}
	if left || e.Last {
		s.over = true
		s.conn.CloseAfter(s.hub.limits.Grace, Ended)
	}
}

// sees reports whether an event is for the participant.
func (s *session) sees(e *bus.Event) bool {
	return e.Payload != nil && e.Visibility.To(s.role) &&
		(e.Only == "" || e.Only == s.participant) && (e.Except == "" || e.Except != s.participant)
}
