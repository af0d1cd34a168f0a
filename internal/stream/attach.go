package stream

import (
	"net/http"

	"parley.example/parley/internal/bus"
)

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
		a = &audience{Subscription: bus.Subscription{Subject: subject, Receive: h.received}, seq: -1}
		h.Bus.Subscribe(&a.Subscription)
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
	sh := h.shard(a.Subject)
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

// release takes back what attach did for a socket that is refused.
func (h *Hub) release(s *session) {
	h.detach(s)
	h.sockets.Release()
}
