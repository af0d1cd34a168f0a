package stream

import (
	"net/http"
	"strings"
	"sync"

	"parley.example/parley/internal/bus"
)

// audience is the sockets of one subject. It exists as long as there are any.
type audience struct {
	subject bus.Subject
	stop    func()   // ends the subscription on the bus
	first   *session // guarded by the shard, as is what follows
	seq     int64    // of the last item that was sent, or that came before the audience; -1 when it is not known
	gap     *gap     // nil when nothing is missing
}

// id is what logs call the subject.
func (a *audience) id() string {
	_, id, _ := strings.Cut(string(a.subject), "/")
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

// attach adds a session to the audience of a subject, before anything is known
// of the subject, so that its end is not missed meanwhile. The first session
// subscribes to the subject on the bus. It returns the status to refuse the
// socket with, or 0.
func (h *Hub) attach(s *session, subject bus.Subject) int {
	if !h.sockets.Reserve() {
		return http.StatusServiceUnavailable
	}
	sh := h.shard(subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a, own := sh.audiences[subject], 0
	if a == nil {
		if sh.audiences == nil {
			sh.audiences = make(map[bus.Subject]*audience)
		}
		a = &audience{subject: subject, stop: h.Bus.Subscribe(subject, h.received), seq: -1}
		sh.audiences[subject] = a
		h.watch()
	}
	for at := a.first; at != nil; at = at.next {
		if at.participant == s.participant {
			own++
		}
	}
	if own >= h.limits.PerParticipant {
		h.sockets.Release()
		return http.StatusTooManyRequests
	}
	s.of, s.next = a, a.first
	a.first = s
	return 0
}

// detach removes a session from its audience: nothing is sent to it any more.
// The last session ends the subscription on the bus.
func (h *Hub) detach(s *session) {
	a := s.of
	sh := h.shard(a.subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.subscribed = false
	at := &a.first
	for *at != s {
		at = &(*at).next
	}
	*at, s.next = s.next, nil
	if a.first == nil {
		h.dissolve(a)
	}
}

// dissolve ends the audience's subscription: no message and no session comes to
// it any more. The caller holds the shard.
func (h *Hub) dissolve(a *audience) {
	a.stop()
	if sh := h.shard(a.subject); sh.audiences[a.subject] == a {
		delete(sh.audiences, a.subject)
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

// receive sends the sockets of the message's subject what they have not been
// sent and may see. It is the hub's one subscriber on the bus and does not block.
func (h *Hub) receive(m bus.Message) {
	sh := h.shard(m.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := sh.audiences[m.Subject]
	if a == nil {
		return
	}
	repairing := a.gap != nil
	if h.take(a, m); a.gap != nil && !repairing {
		h.background(func() { h.repair(a) })
	}
	a.flush()
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
		if s.sees(e) {
			sent = true
			s.conn.Send(e.Payload)
		}
		left := e.Left != "" && e.Left == s.participant
		if left && s.subscribed {
			s.subscribed = false
			s.conn.Flush()
		}
		if left || e.Last {
			s.over = true
			s.conn.CloseAfter(h.limits.Grace, Ended)
		}
	}
	if sent {
		h.counts.events.Add(1)
	}
}

func (s *session) sees(e *bus.Event) bool {
	return s.subscribed && e.Payload != nil && e.Visibility.To(s.role) &&
		(e.Only == "" || e.Only == s.participant) && (e.Except == "" || e.Except != s.participant)
}
