package stream

import (
	"sync"
	"time"
)

// outbox is what waits to be written to a socket.
type outbox struct {
	mu      sync.Mutex // guards what follows
	pending *block     // nil when nothing waits
	frames  int32      // in pending
	writing bool       // somebody is in flush; nobody else may write
	since   int32      // turn at which the present write began
	cause   Cause      // why the socket closes; nothing is queued any more
	closed  int32      // turn at which cause was set
	rest    chan struct{}
}

// block is a buffer that is used again.
type block struct{ b []byte }

// Buffers that had to grow beyond this are left to the collector.
const keepBlock = 64 << 10

var blocks = sync.Pool{New: func() any { return &block{b: make([]byte, 0, 1024)} }}

func newBlock() *block { return blocks.Get().(*block) }

func (b *block) free() {
	if cap(b.b) <= keepBlock {
		b.b = b.b[:0]
		blocks.Put(b)
	}
}

// queue lets frame wait to be written and returns how many wait now. It takes
// nothing and returns 0 when the socket is closing; a socket whose queue is full
// begins to close.
func (s *socket) queue(frame []byte) int {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if s.out.cause != open {
		return 0
	}
	l := &s.hub.limits
	switch p := s.out.pending; {
	case p == nil:
		s.out.pending = newBlock()
	case int(s.out.frames) >= l.QueueFrames || len(p.b)+len(frame) > l.QueueBytes:
		s.shut(Slow, closeFrames[Slow])
		return 0
	}
	s.out.pending.b = append(s.out.pending.b, frame...)
	s.out.frames++
	return int(s.out.frames)
}

// shut lets a close frame be the last that is written. The caller holds
// out.mu, and the socket was open.
func (s *socket) shut(cause Cause, frame []byte) {
	s.out.cause, s.out.closed = cause, s.hub.turn.Load()
	if s.out.pending == nil {
		s.out.pending = newBlock()
	}
	if cause == Slow { // who does not read needs no more to read
		s.out.pending.b, s.out.frames = s.out.pending.b[:0], 0
	}
	s.out.pending.b = append(s.out.pending.b, frame...)
	s.out.frames++
}

// close begins to close the socket for a cause, unless it is closing already:
// what waits is still written, then the close frame. The patrol cuts the
// connection when the client does not answer.
func (s *socket) close(cause Cause) {
	s.out.mu.Lock()
	if s.out.cause == open {
		s.shut(cause, closeFrames[cause])
	}
	s.out.mu.Unlock()
	s.flushSoon()
}

// cut ends the connection without ado, unless it has ended. It does not
// block, as closing a TLS connection can: reads and writes under way fail, and
// the goroutine that reads, which a parked socket is given, closes.
func (s *socket) cut(cause Cause) {
	s.out.mu.Lock()
	if s.out.cause == open {
		s.out.cause, s.out.closed = cause, s.hub.turn.Load()
	}
	s.out.mu.Unlock()
	s.conn.SetDeadline(longAgo)
	s.wake()
}

var longAgo = time.Unix(1, 0)

// flushSoon sees to what waits being written, by a goroutine of its own.
func (s *socket) flushSoon() {
	if s.begin() {
		go s.flush()
	}
}

// begin makes the caller the one that writes, if there is something to write
// and nobody writes already. The caller must flush then.
func (s *socket) begin() bool {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if s.out.pending == nil || s.out.writing {
		return false
	}
	s.out.writing = true
	s.out.since = s.hub.turn.Load() // or the patrol would count from the write before
	return true
}

// flush writes until nothing waits, each time all that does with one call.
// Whoever calls it has begun.
func (s *socket) flush() {
	for {
		b, frames := s.take()
		if b == nil {
			return
		}
		n, err := s.conn.Write(b.b)
		b.free()
		c := &s.hub.counts
		c.writes.Add(1)
		c.frames.Add(uint64(frames))
		c.bytes.Add(uint64(n))
		if err != nil {
			s.cut(Lost)
			s.drop()
		}
	}
}

// take returns what is to be written next, or nil and ends the writing.
func (s *socket) take() (*block, int32) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	b, frames := s.out.pending, s.out.frames
	s.out.pending, s.out.frames = nil, 0
	s.out.since = s.hub.turn.Load()
	if b == nil {
		s.out.writing = false
		if s.out.rest != nil {
			close(s.out.rest)
			s.out.rest = nil
		}
	}
	return b, frames
}

// drop forgets what waits.
func (s *socket) drop() {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.out.pending, s.out.frames = nil, 0
}

// wait returns when nobody writes to the socket. Only the reading goroutine calls it.
func (s *socket) wait() {
	s.out.mu.Lock()
	if !s.out.writing {
		s.out.mu.Unlock()
		return
	}
	rest := make(chan struct{})
	s.out.rest = rest
	s.out.mu.Unlock()
	<-rest
}
