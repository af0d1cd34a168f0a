package socket

import (
	"errors"
	"io"
	"math"
	"net"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/websocket"
)

// Handler is what a socket is for.
type Handler interface {
	// Receive is given a text message, which is good until it returns. It may
	// send answers, which are flushed, and returns nil, or the cause to close for.
	Receive(text []byte) *Cause
	// Ended is called once, when nothing is received any more and nothing can
	// be sent, with the cause.
	Ended(*Cause)
}

// Conn is one WebSocket. One goroutine at a time, run or resume, reads, and
// writes what it answers; between frames the socket is parked with the server's
// poller, where it can be, and has none. What else is sent is written by flush.
// A Conn is a part of its handler; it is used from Init on and never copied.
type Conn struct {
	server  *Server
	handler Handler
	conn    net.Conn

	next, before *Conn // of the shard; guarded by it
	shard        uint8

	opened   int32        // turn of start
	received atomic.Int32 // turn of the last frame; in the future before start

	out outbox
	in  inbox // of the goroutine that reads

	// Likewise: how many frames the client may send at once at a turn, less those it has sent.
	quota   int32
	quotaAt int32

	parked atomic.Bool // whoever resets it goes on reading
	fd     int32       // the poller knows the socket by it; 0 before, -1 when it cannot
}

// Init sets what the socket belongs to, before anything else.
func (c *Conn) Init(s *Server, h Handler) {
	c.server, c.handler = s, h
	c.received.Store(math.MaxInt32)
}

// Silence returns for how long the client has sent no frame at least, in turns of
// the patrol: up to two of them less than in truth. It is 0 for a socket that is
// not at work yet.
func (c *Conn) Silence() time.Duration {
	return time.Duration(max(0, c.server.turn.Load()-c.received.Load()-1)) * turn
}

// run uses what has come and reads on, until the socket is parked or ends.
func (c *Conn) run() {
	c.reply()
	orderly, lost, over := c.listen()
	if !over {
		return
	}
	if lost { // where frames begin and end; the client has to receive the close frame and go
		c.drain()
	}
	c.end(orderly)
}

// resume goes on after the socket was parked.
func (c *Conn) resume() {
	if err := c.in.fill(c.conn); err != nil {
		c.end(false)
		return
	}
	c.run()
}

// park leaves the socket to the poller until something can be read. It
// reports whether it did: the socket is then somebody else's. One that closes is
// not parked; it is soon over.
func (c *Conn) park() bool {
	first := c.fd == 0
	if first {
		c.fd = int32(descriptor(c.conn))
	}
	if c.fd < 0 {
		return false
	}
	p := c.server.polling()
	if p == nil {
		c.fd = -1
		return false
	}
	fd := int(c.fd)
	if first {
		p.add(c, fd)
	}
	c.parked.Store(true) // from here on, whoever resets it has the socket
	c.out.mu.Lock()
	closing := c.out.cause != nil
	c.out.mu.Unlock()
	if !closing && p.await(fd, first) == nil {
		return true
	}
	// Whoever closed it may have looked before parked was set.
	return !c.parked.CompareAndSwap(true, false)
}

// wake lets a parked socket go on.
func (c *Conn) wake() {
	if c.parked.CompareAndSwap(true, false) {
		go c.resume()
	}
}

// reply writes what is pending, unless somebody does so already.
func (c *Conn) reply() {
	if c.begin() {
		c.flush()
	}
}

// listen reads until the socket is parked or is to end, which is when over is
// set. orderly says that close frames went both ways; lost, that what else
// comes cannot be understood.
func (c *Conn) listen() (orderly, lost, over bool) {
	for {
		f, ok, bad := c.in.cut()
		switch {
		case bad != nil:
			c.Close(bad)
			return false, true, true
		case ok:
			now := c.server.turn.Load()
			c.received.Store(now)
			c.server.counts.received.Add(1)
			if !c.spend(now) {
				c.Close(Flooding)
				return false, true, true
			}
			if f.Op == websocket.Close {
				c.answerClose(f.Payload)
				return true, false, true
			}
			if bad := c.receive(f); bad != nil {
				c.Close(bad)
				if bad == Malformed || bad == TooBig {
					return false, true, true
				}
			}
			continue
		}
		c.reply()
		if c.park() {
			return false, false, false
		}
		if err := c.in.fill(c.conn); err != nil {
			return false, false, true
		}
	}
}

// quotaSeconds is how many seconds' frames a client may send at once.
const quotaSeconds = 10

// spend takes a frame from what the client may send, and reports whether there was one. It goes by the
// turns of the patrol, so it reads no clock.
func (c *Conn) spend(now int32) bool {
	perTurn := int32(c.server.limits.Frames)
	c.quota = min(c.quota+perTurn*min(now-c.quotaAt, quotaSeconds), perTurn*quotaSeconds)
	c.quotaAt = now
	c.quota--
	return c.quota >= 0
}

// receive answers a frame, or gives the message that it completes to the handler.
func (c *Conn) receive(f websocket.Frame) *Cause {
	switch f.Op {
	case websocket.Ping:
		c.queue(websocket.Pong, f.Payload)
		return nil
	case websocket.Pong:
		return nil
	}
	text, whole, bad := c.in.join(f)
	if bad != nil || !whole {
		return bad
	}
	return c.handler.Receive(text)
}

// answerClose answers the client's close frame, unless it answers ours.
func (c *Conn) answerClose(payload []byte) {
	c.out.mu.Lock()
	if c.out.cause == nil {
		c.shut(Left, closeReply(payload))
	}
	c.out.mu.Unlock()
	c.reply()
}

// maxDrain bounds what is read, and thrown away, of a client that is being closed.
const maxDrain = 256 << 10

// drain gives the client the time to read the close frame: an end of the
// connection with bytes of its own unread would take that from it. The patrol
// cuts it short.
func (c *Conn) drain() {
	c.reply()
	c.wait()
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.CopyN(io.Discard, c.conn, maxDrain)
}

// end ends the socket: when it returns nothing uses it any more.
func (c *Conn) end(orderly bool) {
	defer c.server.done.Done()
	if orderly {
		c.wait() // for the close frame; the patrol cuts it short
	}
	c.server.remove(c)
	c.abort(Lost) // unless it is closing for a cause; nothing is queued from here on
	c.out.mu.Lock()
	cause := c.out.cause
	c.out.mu.Unlock()
	c.handler.Ended(cause)
	c.server.Release()
	c.drop()
	c.wait()
	if c.fd > 0 {
		c.server.poller.remove(int(c.fd))
	}
	if err := c.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		c.server.Log.Debug("socket not closed well", "err", err)
	}
	c.server.counts.close(cause)
}
