package stream

import (
	"errors"

	"parley.example/parley/internal/bus"
)

// A customer may be connected before its socket has subscribed: by the message that
// a page sends as soon as it may, or by CreateParticipantConnection. The flow's
// greeting would then be sent to nobody. So the first socket of a customer
// that ever subscribes is handed what was said since its URL was made. No later one is:
// clients have two sockets for a while when they renew their connection, and
// after a loss they read the transcript, and they show what comes twice.

// maxHandOvers is how often the source is asked for what one socket is owed, a page each time.
const maxHandOvers = 64

// claims reports whether the session, which subscribes, is owed items that
// are there. The caller holds the shard.
func (s *session) claims() bool {
	if s.owed == 0 {
		return false
	}
	for at := s.of.first; at != nil; at = at.next {
		if at.served && at.participant == s.participant {
			s.owed = 0
			return false
		}
	}
	return s.behind()
}

// behind reports whether items are there that the session is owed and has not
// been sent. The caller holds the shard.
func (s *session) behind() bool { return s.owed <= max(s.last, s.of.seq) }

// handOver answers the subscribe of a session that is owed items: the reply, the
// items, and then all that is published, without a gap between. When they cannot be read
// the socket is closed, and its participant stays without one.
func (s *session) handOver(reply []byte) {
	for range maxHandOvers {
		events, err := s.hub.missing(s.of.Subject, s.owed)
		if s.hand(reply, events, err) {
			return
		}
		reply = nil
	}
	s.hand(nil, nil, errors.New("too much is published meanwhile"))
}

// hand sends the reply, if it is not sent yet, and a page of items. It reports whether the hand-over is over.
func (s *session) hand(reply []byte, events []bus.Event, err error) (over bool) {
	sh := s.hub.shard(s.of.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if err == nil && (len(events) == 0 || events[0].Seq != s.owed) {
		err = errors.New("the items are not there")
	}
	if err != nil {
		s.hub.Log.Warn("socket closed for what it is owed", "chat", s.of.id(), "participant", s.participant, "from", s.owed, "error", err)
		s.conn.Close(Behind)
		return true
	}
	if reply != nil && !s.conn.Send(reply) {
		return true // it is closing
	}
	for i := range events {
		e := &events[i]
		if s.sees(e) {
			s.conn.Send(e.Payload)
			s.hub.counts.events.Add(1)
		}
		s.owed = e.Seq + 1
		s.leave(e)
	}
	if !s.behind() {
		s.handing, s.subscribed = false, !s.over
		s.hub.background.Go(s.connected)
	}
	s.conn.Flush()
	return !s.handing
}
