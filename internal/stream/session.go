package stream

import (
	"context"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket"
)

// session is one socket of a participant: what its client may ask for, and what
// it is to be sent. It lives from newSession over attach and Upgrade to Ended.
type session struct {
	hub         *Hub
	of          *audience
	participant center.ParticipantID
	role        center.Role

	// Guarded by the lock of the subject's shard.
	next       *session // of the audience
	subscribed bool
	over       bool // for the participant: it is about to close
	replaced   bool // by another of the participant: it closes
	served     bool // it has subscribed
	handing    bool // what it is owed is read, its subscribe will be answered then
	// owed is the first item that it has not been sent, where it is owed items from
	// before its subscribe, and last an item up to which they are there; 0 where not.
	owed, last int64
	// alive is how many sockets of the participant were replaced whose clients were
	// alive; at most maxAlive.
	alive uint8

	conn socket.Conn
}

func newSession(h *Hub, participant center.ParticipantID) *session {
	s := &session{hub: h, participant: participant}
	s.conn.Init(&h.sockets, s)
	return s
}

// The causes of the hub, besides the transport's. The native SDKs do not
// reconnect after 1000, which is therefore kept for chats that are over.
var (
	Ended       = socket.NewCause("ended", 1000, "the chat has ended") // or the participant is out of it
	NotJSON     = socket.NewCause("not-json", 1007, "not JSON in UTF-8")
	Replaced    = socket.NewCause("replaced", 1001, "no heartbeat, and too many sockets: connect again")
	Unconnected = socket.NewCause("unconnected", 1011, "try again") // the participant could not be marked as connected
)

// The replies to heartbeats. ChatJS opens a second socket when the answer to
// aws/heartbeat is missing; statusContent must be OK to the letter.
var (
	heartbeatReply = []byte(`{"topic":"` + topicHeartbeat + `"}`)
	pingReply      = []byte(`{"topic":"` + topicPing + `","statusCode":200,"statusContent":"OK"}`)
	subscribeFault = []byte(`{"topic":"` + topicSubscribe + `","content":{"status":"failure","topics":[]}}`)
)

// Receive implements [socket.Handler]: it does what a text frame asks for.
func (s *session) Receive(text []byte) *socket.Cause {
	m, ok := readMessage(text)
	if !ok {
		return NotJSON
	}
	switch m.topic {
	case topicHeartbeat:
		s.conn.Send(heartbeatReply)
	case topicPing:
		s.conn.Send(pingReply)
	case topicSubscribe:
		s.subscribe(m)
	}
	return nil
}

// subscribe answers a subscribe and, for aws/chat, lets the socket receive all
// that is published from the reply on, and before it what it is owed.
func (s *session) subscribe(m message) {
	if m.topics == nil {
		s.conn.Send(subscribeFault)
		return
	}
	reply := append([]byte(`{"topic":"`+topicSubscribe+`","content":{"status":"success","topics":`), m.topics...)
	reply = append(reply, "}}"...)
	sh := s.hub.shard(s.of.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	switch {
	case m.chat && s.handing: // the reply comes
	case m.chat && !s.served && s.claims():
		s.served, s.handing = true, true
		s.hub.background.Go(func() { s.handOver(reply) })
	case s.conn.Send(reply) && m.chat && !s.served:
		s.served, s.subscribed = true, !s.over
		s.hub.background.Go(s.connected)
	}
}

// connectTime is how long marking a participant as connected may take.
const connectTime = 30 * time.Second

// connected marks the participant as connected. When that does not succeed
// the client would wait for a chat that does not begin: it is closed, a little
// later, to reconnect.
func (s *session) connected() {
	ctx, cancel := context.WithTimeout(s.hub.ctx, connectTime)
	defer cancel()
	err := s.hub.Source.Connected(ctx, s.of.Subject, s.participant)
	switch {
	case err == nil:
	case over(err):
		s.hub.Log.Info("socket of an ended chat", "chat", s.of.id(), "participant", s.participant, "err", err)
		s.conn.Close(Ended)
	default:
		s.hub.Log.Error("participant not marked as connected", "chat", s.of.id(), "participant", s.participant, "err", err)
		s.conn.CloseAfter(s.hub.limits.Brake, Unconnected)
	}
}

// Ended implements [socket.Handler].
func (s *session) Ended(cause *socket.Cause) {
	if cause == Replaced {
		s.hub.learn(s)
	}
	s.hub.detach(s)
	s.hub.Log.Debug("socket closed", "chat", s.of.id(), "participant", s.participant, "cause", cause.String())
}
