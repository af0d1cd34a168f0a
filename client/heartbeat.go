package client

import (
	"sync/atomic"
	"time"

	"parley.example/parley/client/internal/wire"
)

const (
	heartbeatEvery = 10 * time.Second // the server expects a message every two minutes
	silenceLimit   = 25 * time.Second // two heartbeats without an answer: the connection is dead
)

// liveness distinguishes a dead connection from a session that does not read.
type liveness struct {
	born     time.Time
	lastSeen atomic.Int64 // when something last arrived or was waited for, in nanoseconds since born
	busy     atomic.Int32 // above 0 while run does not read, because something else takes time
}

// received notes that the other side is alive, or need not be.
func (l *liveness) received() { l.lastSeen.Store(int64(time.Since(l.born))) }

// pause is called before run does something other than read; the result is called afterwards.
func (l *liveness) pause() (resume func()) {
	l.busy.Add(1)
	return func() {
		l.received()
		l.busy.Add(-1)
	}
}

// dead reports whether the other side has been silent for too long.
func (l *liveness) dead() bool {
	return l.busy.Load() == 0 && time.Since(l.born)-time.Duration(l.lastSeen.Load()) > silenceLimit
}

// tend maintains the connection: it sends a heartbeat, or aborts a dead connection, or moves to a fresh
// one in time. It runs concurrently with run, which may be waiting for the reader of items.
func (c *connection) tend(sock *wire.Socket) {
	c.mu.Lock()
	due := c.next == nil && time.Now().After(c.renew)
	c.mu.Unlock()
	switch {
	case sock == nil: // reconnecting, or without a socket
	case c.dead():
		sock.Abort()
	case due:
		c.rotate(sock)
	default:
		sock.Beats.Add(1)
		if sock.Text(heartbeatFrame) != nil {
			sock.Abort()
		}
	}
}

// rotate opens a fresh connection while the old one is still open, and then ends the old one: run
// continues with the fresh one, and reads from the transcript what fell between the two.
func (c *connection) rotate(old *wire.Socket) {
	defer c.pause()() // the old connection is not checked for heartbeats meanwhile
	fresh, err := c.open(c.caller.ctx)
	c.mu.Lock()
	if err != nil {
		c.renew = time.Now().Add(time.Minute)
	} else if c.timer == nil || c.socket != old || c.caller.ctx.Err() != nil { // no longer wanted
		defer fresh.Abort()
	} else {
		c.next = fresh
		defer old.Close()
	}
	c.mu.Unlock()
}
