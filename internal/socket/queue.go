package socket

import (
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/websocket"
)

// outbox is what is to be written to a socket, and whether it is to close.
type outbox struct {
	mu      sync.Mutex // guards what follows
	pending *block     // nil when nothing is
	frames  int32      // in pending
	latest  []byte     // the text of one frame more, to go behind them; nil for none
	joined  span       // where in pending the latest frame is that was put there; empty for nowhere
	writing bool       // somebody is in flush; nobody else may write
	since   int32      // turn at which the present write began
	cause   *Cause     // why the socket closes; nothing is queued any more
	closed  int32      // turn at which cause was set
	closeAt int32      // turn behind which to close for later
	later   *Cause     // nil when it is not to
	rest    chan struct{}
}

// span is a part of a block.
type span struct{ begin, end int32 }

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

// Send queues a text frame, for Flush to have written, and reports whether it did:
// a socket that is closing takes nothing. One whose queue is full begins to close.
func (c *Conn) Send(text []byte) bool {
	n := c.queue(websocket.Text, text)
	if n > c.server.limits.QueueFrames/2 {
		c.Flush() // in the midst of a long run of frames
	}
	return n > 0
}

// queue queues a frame and returns how many are pending now, or 0.
func (c *Conn) queue(op websocket.Opcode, payload []byte) int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.cause != nil {
		return 0
	}
	c.out.join()
	l := &c.server.limits
	switch p := c.out.pending; {
	case p == nil:
		c.out.pending = newBlock()
	case int(c.out.frames) >= l.QueueFrames || len(p.b)+len(payload) > l.QueueBytes:
		c.shut(Slow, Slow.frame)
		return 0
	}
	c.out.pending.b = websocket.AppendFrame(c.out.pending.b, op, payload)
	c.out.frames++
	return int(c.out.frames)
}

// SendLatest queues a text frame in place of the one that was given before, if that has not begun to be
// written: a client that reads slowly is sent the newest only, behind all that waits. Otherwise it keeps its place among
// the frames of Send. The text is kept and must not change. Flush has it written.
func (c *Conn) SendLatest(text []byte) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.cause != nil {
		return
	}
	if at := c.out.joined; at.end > 0 {
		c.out.pending.b = slices.Delete(c.out.pending.b, int(at.begin), int(at.end))
		c.out.frames--
		c.out.joined = span{}
	}
	c.out.latest = text
}

// answer queues the answer to the handshake, before anything else.
func (c *Conn) answer(b []byte) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.pending = newBlock()
	c.out.pending.b = append(c.out.pending.b, b...)
	c.out.frames = 1
}

// shut lets a close frame be the last that is written. The caller holds
// out.mu, and the socket was open.
func (c *Conn) shut(cause *Cause, frame []byte) {
	c.out.cause, c.out.closed = cause, c.server.turn.Load()
	c.out.join()
	if c.out.pending == nil {
		c.out.pending = newBlock()
	}
	if cause == Slow { // who does not read needs no more to read
		c.out.pending.b, c.out.frames = c.out.pending.b[:0], 0
	}
	c.out.pending.b = append(c.out.pending.b, frame...)
	c.out.frames++
}

// Close begins to close the socket for a cause, unless it is closing already:
// what is pending is still written, then the close frame. The patrol aborts the
// connection when the client does not answer. The socket must be at work.
func (c *Conn) Close(cause *Cause) {
	c.out.mu.Lock()
	if c.out.cause == nil {
		c.shut(cause, cause.frame)
	}
	c.out.mu.Unlock()
	c.Flush()
}

// CloseAfter closes the socket for a cause after a time, or at the next look of
// the patrol when that is 0, unless that was asked for before. Also a socket that
// is not at work yet takes it.
func (c *Conn) CloseAfter(d time.Duration, cause *Cause) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.later == nil {
		c.out.later, c.out.closeAt = cause, c.server.turn.Load()+turns(d)
	}
}

// abort ends the connection at once, unless it has ended. It does not
// block, as closing a TLS connection can: reads and writes under way fail, and
// the goroutine that reads, which a parked socket is given, closes.
func (c *Conn) abort(cause *Cause) {
	c.out.mu.Lock()
	if c.out.cause == nil {
		c.out.cause, c.out.closed = cause, c.server.turn.Load()
	}
	c.out.mu.Unlock()
	c.conn.SetDeadline(longAgo)
	c.wake()
}

var longAgo = time.Unix(1, 0)

// Flush has what is pending written, by a goroutine of its own.
func (c *Conn) Flush() {
	if c.begin() {
		go c.flush()
	}
}

// begin makes the caller the one that writes, if there is something to write
// and nobody writes already. The caller must flush then.
func (c *Conn) begin() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.pending == nil && c.out.latest == nil || c.out.writing {
		return false
	}
	c.out.writing = true
	c.out.since = c.server.turn.Load() // or the patrol would count from the write before
	return true
}

// flush writes until nothing is pending, each time all that does with one call.
// Whoever calls it has begun.
func (c *Conn) flush() {
	for {
		b, frames := c.take()
		if b == nil {
			return
		}
		n, err := c.conn.Write(b.b)
		b.free()
		counts := &c.server.counts
		counts.writes.Add(1)
		counts.frames.Add(uint64(frames))
		counts.bytes.Add(uint64(n))
		if err != nil {
			c.abort(Lost)
			c.drop()
		}
	}
}

// take returns what is to be written next, or nil and ends the writing.
func (c *Conn) take() (*block, int32) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.join()
	b, frames := c.out.pending, c.out.frames
	c.out.pending, c.out.frames, c.out.joined = nil, 0, span{}
	c.out.since = c.server.turn.Load()
	if b == nil {
		c.out.writing = false
		if c.out.rest != nil {
			close(c.out.rest)
			c.out.rest = nil
		}
	}
	return b, frames
}

// join puts the latest frame behind what is pending. The caller holds mu.
func (o *outbox) join() {
	if o.latest == nil {
		return
	}
	if o.pending == nil {
		o.pending = newBlock()
	}
	begin := len(o.pending.b)
	o.pending.b = websocket.AppendFrame(o.pending.b, websocket.Text, o.latest)
	o.frames++
	o.joined = span{int32(begin), int32(len(o.pending.b))}
	o.latest = nil
}

// drop discards what is pending.
func (c *Conn) drop() {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.pending, c.out.frames, c.out.latest, c.out.joined = nil, 0, nil, span{}
}

// Rest returns a channel that is closed when all that was flushed has been written, or cannot be: who
// sends much waits for it between two parts.
func (c *Conn) Rest() <-chan struct{} {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if !c.out.writing {
		return atRest
	}
	if c.out.rest == nil {
		c.out.rest = make(chan struct{})
	}
	return c.out.rest
}

// atRest is closed.
var atRest = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// wait returns when nobody writes to the socket.
func (c *Conn) wait() { <-c.Rest() }
