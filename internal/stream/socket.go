package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/center"
)

// socket is one WebSocket of a participant. One goroutine at a time, run or
// resume, reads, and writes what it answers; between frames the socket is
// parked with the hub's poller, where it can be, and has none. What is
// published is written by flush. A socket lives from newSocket over sit and
// start to leave.
type socket struct {
	hub         *Hub
	conn        net.Conn
	of          *audience
	participant center.ParticipantID
	role        center.Role

	// Guarded by the lock of the subject's shard.
	next       *socket // of the audience
	live       bool    // conn is set and run runs
	subscribed bool
	closeFor   Cause
	closeAt    int32 // turn behind which to close; 0 for none

	opened int32        // turn of start
	heard  atomic.Int32 // turn of the last frame

	out outbox
	in  inbox // of the goroutine that reads

	parked atomic.Bool // whoever resets it goes on reading
	fd     int         // the poller knows the socket by it; 0 before, -1 when it cannot
}

func newSocket(h *Hub, participant center.ParticipantID) *socket {
	return &socket{hub: h, participant: participant}
}

// The replies to heartbeats, ready to send. ChatJS opens a second socket when
// the answer to aws/heartbeat is missing; statusContent must be OK to the letter.
var (
	heartbeatReply = appendFrame(nil, opText, []byte(`{"topic":"`+topicHeartbeat+`"}`))
	pingReply      = appendFrame(nil, opText, []byte(`{"topic":"`+topicPing+`","statusCode":200,"statusContent":"OK"}`))
	subscribeFault = appendFrame(nil, opText, []byte(`{"topic":"`+topicSubscribe+`","content":{"status":"failure","topics":[]}}`))
)

// run uses what has come and reads on, until the socket is parked or ends.
func (s *socket) run() {
	s.reply()
	orderly, lost, over := s.listen()
	if !over {
		return
	}
	if lost { // where frames begin and end; the client has to hear the close frame and go
		s.drain()
	}
	s.end(orderly)
}

// resume goes on after the socket was parked.
func (s *socket) resume() {
	if err := s.in.fill(s.conn); err != nil {
		s.end(false)
		return
	}
	s.run()
}

func (s *socket) end(orderly bool) {
	defer s.hub.done.Done()
	s.leave(orderly)
}

// park leaves the socket to the poller until something can be read. It
// reports whether it did: the socket is then somebody else's. One that closes is
// not parked; it is soon over.
func (s *socket) park() bool {
	first := s.fd == 0
	if first {
		s.fd = descriptor(s.conn)
	}
	if s.fd < 0 {
		return false
	}
	p := s.hub.polling()
	if p == nil {
		s.fd = -1
		return false
	}
	if first {
		p.add(s, s.fd)
	}
	fd := s.fd
	s.parked.Store(true) // from here on, whoever resets it has the socket
	s.out.mu.Lock()
	closing := s.out.cause != open
	s.out.mu.Unlock()
	if !closing && p.await(fd, first) == nil {
		return true
	}
	// Whoever closed it may have looked before parked was set.
	return !s.parked.CompareAndSwap(true, false)
}

// wake lets a parked socket go on.
func (s *socket) wake() {
	if s.parked.CompareAndSwap(true, false) {
		go s.resume()
	}
}

// reply writes what is to be written, unless somebody does so already.
func (s *socket) reply() {
	if s.begin() {
		s.flush()
	}
}

// listen reads until the socket is parked or is to end, which is when over is
// set. orderly says that close frames went both ways; lost, that what else
// comes cannot be understood.
func (s *socket) listen() (orderly, lost, over bool) {
	for {
		f, ok, bad := s.in.cut()
		switch {
		case bad != open:
			s.close(bad)
			return false, true, true
		case ok:
			s.heard.Store(s.hub.turn.Load())
			s.hub.counts.heard.Add(1)
			if f.op == opClose {
				s.farewell(f.payload)
				return true, false, true
			}
			if bad := s.hear(f); bad != open {
				s.close(bad)
				if bad == Malformed || bad == TooBig {
					return false, true, true
				}
			}
			continue
		}
		s.reply()
		if s.park() {
			return false, false, false
		}
		if err := s.in.fill(s.conn); err != nil {
			return false, false, true
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
	sh := s.hub.shard(s.of.subject)
	sh.mu.Lock()
	first := s.queue(reply) > 0 && m.chat && !s.subscribed
	s.subscribed = s.subscribed || first && s.closeAt == 0 // else the chat is over for it, as it is about to hear
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
	err := s.hub.Source.Connected(ctx, s.of.subject, s.participant)
	switch {
	case err == nil:
	case over(err):
		s.hub.Log.Info("socket of an ended chat", "chat", s.of.id(), "participant", s.participant, "error", err)
		s.close(Ended)
	default:
		s.hub.Log.Error("participant not marked as connected", "chat", s.of.id(), "participant", s.participant, "error", err)
		sh := s.hub.shard(s.of.subject)
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
	s.hub.detach(s)
	s.cut(Lost) // unless it is closing for a cause; nothing is queued from here on
	s.drop()
	s.wait()
	if s.fd > 0 {
		s.hub.poller.forget(s.fd)
	}
	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.hub.Log.Debug("socket not closed well", "chat", s.of.id(), "error", err)
	}
	s.out.mu.Lock()
	cause := s.out.cause
	s.out.mu.Unlock()
	s.hub.counts.closed[cause].Add(1)
	s.hub.Log.Debug("socket closed", "chat", s.of.id(), "participant", s.participant, "cause", cause.String())
}
