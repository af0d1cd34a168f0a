package stream

import (
	"net/http"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
)

// attach adds a session to the audience of a subject, before anything is known
// of the subject, so that its end is not missed meanwhile. The first session
// subscribes to the subject on the bus. One too many of its participant takes the
// place of a silent one. It returns the status to refuse the socket with, or 0.
func (h *Hub) attach(s *session, subject bus.Subject) int {
	if !h.sockets.Reserve() {
		return http.StatusServiceUnavailable
	}
	sh := h.shard(subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := sh.audiences[subject]
	if a == nil {
		if sh.audiences == nil {
			sh.audiences = make(map[bus.Subject]*audience)
		}
		a = &audience{Subscription: bus.Subscription{Subject: subject, Receive: h.received}, seq: -1}
		h.Bus.Subscribe(&a.Subscription)
		sh.audiences[subject] = a
		h.watch()
	}
	own, silent := a.own(s.participant)
	if own > 0 {
		s.alive = silent.alive // as all of them have it
	}
	if own >= h.limits.PerParticipant {
		if silent.conn.Silence() < h.quiet(s) {
			h.sockets.Release()
			return http.StatusTooManyRequests
		}
		silent.replaced, silent.subscribed = true, false
		silent.conn.Close(Replaced)
	}
	s.of, s.next = a, a.first
	a.first = s
	return 0
}

// A phone that changes networks leaves a socket behind each time, of whose end
// the server hears nothing, and holds the newest alone. So a socket that is one
// too many takes the place of the one whose client has been silent longest, if
// that is longer than a live client is between two heartbeats. As a socket has to
// be silent for Limits.Quiet first, a participant can have no more than
// PerParticipant replaced in that time, and clients that send heartbeats never
// take each other's place: the one too many is refused.
//
// Browsers slow the timers of a hidden page down to one a minute. Such clients
// are alive, and would reconnect and take each other's place for ever. A client
// that answers the close frame was alive, so from then on twice the silence is
// asked for among the sockets of the participant, up to where a socket closes
// anyhow, and as long as there are any. Nobody else's are asked for more.

// maxAlive is how often the silence that is asked for is doubled: it is 12
// minutes then, longer than any.
const maxAlive = 6

// quiet is how long a socket of the session's participant must have been silent
// to be replaced. The caller holds the shard.
func (h *Hub) quiet(s *session) time.Duration { return h.limits.Quiet << s.alive }

// learn takes note of whether the client of a socket that was replaced was alive.
func (h *Hub) learn(s *session) {
	sh := h.shard(s.of.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.conn.Silence() >= h.limits.Quiet {
		return
	}
	for at := s.of.first; at != nil; at = at.next {
		if at.participant == s.participant {
			at.alive = min(at.alive+1, maxAlive)
		}
	}
}

// own counts the sockets of a participant, without those that were replaced, and
// returns the one whose client has been silent longest, of several the oldest.
// The caller holds the shard.
func (a *audience) own(participant center.ParticipantID) (n int, silent *session) {
	for s := a.first; s != nil; s = s.next {
		if s.participant != participant || s.replaced {
			continue
		}
		n++
		if silent == nil || s.conn.Silence() >= silent.conn.Silence() {
			silent = s
		}
	}
	return n, silent
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
