package client

import (
	"sync/atomic"
	"time"
)

const (
	heartbeatEvery = 10 * time.Second // the server closes a socket that is silent for two minutes
	silenceLimit   = 25 * time.Second // two heartbeats without an answer: the connection is dead
)

// liveness distinguishes a connection that is dead from a session that does not read.
type liveness struct {
	born  time.Time
	heard atomic.Int64 // when something was last received or the watch resumed, in nanoseconds since born
	busy  atomic.Int32 // above 0 while the session does not read: something else takes the time
}

// received notes that the other side is there, or need not be.
func (l *liveness) received() { l.heard.Store(int64(time.Since(l.born))) }

// pause is called before the session does something else than read, its result when that is over.
func (l *liveness) pause() (resume func()) {
	l.busy.Add(1)
	return func() {
		l.received()
		l.busy.Add(-1)
	}
}

// dead reports whether the other side has been silent for too long.
func (l *liveness) dead() bool {
	return l.busy.Load() == 0 && time.Since(l.born)-time.Duration(l.heard.Load()) > silenceLimit
}

// beat has a heartbeat sent at once. The timer sends it: whoever reads has to go on reading, or two
// sides that both write would wait for each other.
func (c *connection) beat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer.Stop() {
		c.timer.Reset(0)
	}
}

// tick keeps the connection: it sends a heartbeat, or aborts a connection that is dead, or changes
// over to a fresh one in time. It runs beside whoever reads, which may be waiting for the program to
// take the items.
func (c *connection) tick() {
	defer c.work.Done()
	c.mu.Lock()
	sock := c.socket
	due := c.next == nil && time.Now().After(c.renew)
	c.mu.Unlock()
	switch {
	case sock == nil: // reconnecting, or without a socket
	case c.dead():
		sock.abort()
	case due:
		c.rotate(sock)
	default:
		if sock.heartbeat() != nil {
			sock.abort()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.work.Add(1)
		c.timer.Reset(heartbeatEvery)
	}
}

// rotate opens a fresh connection while the old one is still there, and then ends the old one: the
// session goes on with the fresh one, and reads from the transcript what fell between the two.
func (c *connection) rotate(old *socket) {
	defer c.pause()() // nothing asks the old connection for a sign of life meanwhile
	fresh, err := c.open(c.caller.ctx)
	c.mu.Lock()
	if err != nil {
		c.renew = time.Now().Add(time.Minute)
	} else if c.timer == nil || c.socket != old || c.caller.ctx.Err() != nil { // no longer wanted
		defer fresh.abort()
	} else {
		c.next = fresh
		defer old.close()
	}
	c.mu.Unlock()
}
