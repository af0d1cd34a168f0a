package desk

import (
	"time"
	"unicode/utf8"

	api "parley.example/parley/api/agent"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/socket"
)

// session is one stream of an agent. It lives from ServeHTTP to Ended.
type session struct {
	hub    *Hub
	of     auth.Session
	client agent.Client
	desk   *desk

	// Guarded by the shard of the user.
	next      *session   // of the desk
	arrived   bool       // it is, or was, a client of the agent
	open      bool       // the handshake is over
	started   bool       // the client has said what it has seen
	greeted   bool       // it has been sent a snapshot
	closed    bool       // it is closing, or over
	seen      []api.Seen // of that, what has been of no use yet
	follows   bool       // it has had its first view
	positions []position // in the chats that it follows
	repairing bool

	conn socket.Conn
}

// The causes of a hub, besides the transport's.
var (
	Over    = socket.NewCause("session-over", 4401, "the session is over, sign in again")
	TooMany = socket.NewCause("too-many", 4429, "the user has too many streams, and this is the oldest: do not connect again by yourself")
	Behind  = socket.NewCause("behind", 1013, "the agent or what was missed could not be read, connect again")
	NotJSON = socket.NewCause("not-json", 1007, "not a JSON object in UTF-8")
)

var heartbeat = (&api.Frame{Type: api.FrameHeartbeat}).AppendJSON(nil)

// Receive implements [socket.Handler].
func (s *session) Receive(text []byte) *socket.Cause {
	var f api.ClientFrame
	if !utf8.Valid(text) || restjson.Unmarshal(text, &f) != nil {
		return NotJSON
	}
	switch f.Type {
	case api.FrameHeartbeat:
		s.conn.Send(heartbeat)
	case api.FrameStart:
		s.start(f.Seen, f.Version)
	}
	return nil
}

// aheadOf is how far the numbers that a client has had of another node may be ahead of this one's clock.
const aheadOf = time.Minute

// start begins the stream. Snapshots go on from the version that the client has seen, which another node has given it by its own clock.
func (s *session) start(seen []api.Seen, version int64) {
	sh := s.hub.shard(s.of.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !s.started && !s.closed {
		s.started, s.seen = true, seen
		if version < s.hub.Clock.Now().Add(aheadOf).UnixMicro() {
			s.desk.number = max(s.desk.number, version)
		}
		s.hub.work(s.desk)
	}
}

// close closes the stream for a cause. The caller holds the shard.
func (s *session) close(cause *socket.Cause) {
	s.closed = true
	if s.open {
		s.conn.Close(cause)
	} else {
		s.conn.CloseAfter(0, cause) // it may not be at work yet
	}
}

// Ended implements [socket.Handler].
func (s *session) Ended(cause *socket.Cause) {
	s.hub.leave(s)
	s.hub.Log.Debug("stream closed", "user", s.of.User, "client", s.client.ID, "cause", cause.String())
	if cause != socket.Stopping {
		s.hub.background.Go(func() { s.hub.depart(s) })
	}
}
