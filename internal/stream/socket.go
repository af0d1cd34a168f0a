package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"parley/internal/center"
)

// socket is one WebSocket of a participant. Its goroutine, run, reads, and
// writes what it answers; what is published is written by flush. It lives
// from newSocket over sit and start to leave.
type socket struct {
	hub         *Hub
	conn        net.Conn
	chat        center.ContactID
	participant center.ParticipantID
	role        center.Role

	// Guarded by the lock of the chat's shard.
	next       *socket // of the chat
	live       bool    // conn is set and run runs
	subscribed bool
	closeFor   Cause
	closeAt    int32 // turn behind which to close; 0 for none

	opened int32        // turn of start
	heard  atomic.Int32 // turn of the last frame

	out outbox
	in  inbox // of run
}

func newSocket(h *Hub, chat center.ContactID, participant center.ParticipantID) *socket {
	return &socket{hub: h, chat: chat, participant: participant}
}

// The replies to heartbeats, ready to send. ChatJS opens a second socket when
// the answer to aws/heartbeat is missing; statusContent must be OK to the letter.
var (
	heartbeatReply = appendFrame(nil, opText, []byte(`{"topic":"`+topicHeartbeat+`"}`))
	pingReply      = appendFrame(nil, opText, []byte(`{"topic":"`+topicPing+`","statusCode":200,"statusContent":"OK"}`))
	subscribeFault = appendFrame(nil, opText, []byte(`{"topic":"`+topicSubscribe+`","content":{"status":"failure","topics":[]}}`))
)

// run is the life of the socket.
func (s *socket) run() {
	defer s.hub.done.Done()
	s.reply()
	orderly, lost := s.listen()
	if lost { // where frames begin and end; the client has to hear the close frame and go
		s.drain()
	}
	s.leave(orderly)
}

// reply writes what is to be written, unless somebody does so already.
func (s *socket) reply() {
	if s.begin() {
		s.flush()
	}
}

// listen reads until the socket is to end. orderly says that close frames
// went both ways; lost, that what else comes cannot be understood.
func (s *socket) listen() (orderly, lost bool) {
	for {
		f, ok, bad := s.in.cut()
		switch {
		case bad != open:
			s.close(bad)
			return false, true
		case ok:
			s.heard.Store(s.hub.turn.Load())
			s.hub.counts.heard.Add(1)
			if f.op == opClose {
				s.farewell(f.payload)
				return true, false
			}
			if bad := s.hear(f); bad != open {
				s.close(bad)
				if bad == Malformed || bad == TooBig {
					return false, true
				}
			}
			continue
		}
		s.reply()
		if err := s.in.fill(s.conn); err != nil {
			return false, false
		}
	}
}

// hear does what a frame asks for.
func (s *socket) hear(f frame) Cause {
	switch f.op {
	case opPing:
		s.queue(appendFrame(nil, opPong, f.payload))
		return open
	case opPong:
		return open
	}
	text, whole, bad := s.in.join(f)
	if bad != open || !whole {
		return bad
	}
	m, ok := readMessage(text)
	if !ok {
		return NotJSON
	}
	switch string(m.topic) {
	case topicHeartbeat:
		s.queue(heartbeatReply)
	case topicPing:
		s.queue(pingReply)
	case topicSubscribe:
		s.subscribe(m)
	}
	return open
}

// subscribe answers a subscribe and, for aws/chat, lets the socket hear of
// all that is published from the reply on.
func (s *socket) subscribe(m message) {
	if m.topics == nil {
		s.queue(subscribeFault)
		return
	}
	text := append([]byte(`{"topic":"`+topicSubscribe+`","content":{"status":"success","topics":`), m.topics...)
	reply := appendFrame(nil, opText, append(text, "}}"...))
	sh := s.hub.shard(s.chat)
	sh.mu.Lock()
	first := s.queue(reply) > 0 && m.chat && !s.subscribed
	s.subscribed = s.subscribed || first
	sh.mu.Unlock()
	if first {
		s.hub.done.Go(s.connected)
	}
}

// connectTime is how long marking a participant as connected may take.
const connectTime = 30 * time.Second

// connected marks the participant as connected. When that does not succeed
// the client would wait for a chat that does not begin: it is sent away, a
// little later, to come again.
func (s *socket) connected() {
	ctx, cancel := context.WithTimeout(s.hub.ctx, connectTime)
	defer cancel()
	err := s.hub.Chats.Connected(ctx, s.chat, s.participant)
	switch {
	case err == nil:
	case over(err):
		s.hub.Log.Info("socket of an ended chat", "chat", s.chat, "participant", s.participant, "error", err)
		s.close(Ended)
	default:
		s.hub.Log.Error("participant not marked as connected", "chat", s.chat, "participant", s.participant, "error", err)
		sh := s.hub.shard(s.chat)
		sh.mu.Lock()
		s.closeAt, s.closeFor = s.hub.turn.Load()+turns(s.hub.limits.Brake), Unconnected
		sh.mu.Unlock()
	}
}

// farewell answers the client's close frame, unless it answers ours.
func (s *socket) farewell(payload []byte) {
	s.out.mu.Lock()
	if s.out.cause == open {
		s.shut(Left, closeReply(payload))
	}
	s.out.mu.Unlock()
	s.reply()
}

// maxDrain bounds what is read, and thrown away, of a client that is being closed.
const maxDrain = 256 << 10

// drain gives the client the time to read the close frame: an end of the
// connection with bytes of its own unread would take that from it. The patrol
// cuts it short.
func (s *socket) drain() {
	s.reply()
	s.wait()
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.CopyN(io.Discard, s.conn, maxDrain)
}

// leave ends the socket: when it returns nothing uses it any more.
func (s *socket) leave(orderly bool) {
	if orderly {
		s.wait() // for the close frame; the patrol cuts it short
	}
	s.hub.rise(s)
	s.cut(Lost) // unless it is closing for a cause; nothing is queued from here on
	s.drop()
	s.wait()
	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.hub.Log.Debug("socket not closed well", "chat", s.chat, "error", err)
	}
	s.out.mu.Lock()
	cause := s.out.cause
	s.out.mu.Unlock()
	s.hub.counts.closed[cause].Add(1)
	s.hub.Log.Debug("socket closed", "chat", s.chat, "participant", s.participant, "cause", cause.String())
}
