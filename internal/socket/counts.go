package socket

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Counts is what a server has done since it began, for metrics.
type Counts struct {
	Sockets  int               // open now
	Opened   uint64            // sockets, ever
	Closed   map[*Cause]uint64 // sockets, by why
	Frames   uint64            // written to sockets, replies included
	Writes   uint64            // write calls they took
	Bytes    uint64            // written
	Received uint64            // frames from clients
}

// counters are the server's own. Each is only ever added to.
type counters struct {
	opened, frames, writes, bytes, received atomic.Uint64

	mu     sync.Mutex // guards closed
	closed map[*Cause]uint64
}

func (c *counters) close(cause *Cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == nil {
		c.closed = make(map[*Cause]uint64)
	}
	c.closed[cause]++
}

func (c *counters) closes() map[*Cause]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.closed)
}

// Counts returns what the server has done so far.
func (s *Server) Counts() Counts {
	return Counts{
		Sockets:  s.Sockets(),
		Opened:   s.counts.opened.Load(),
		Closed:   s.counts.closes(),
		Frames:   s.counts.frames.Load(),
		Writes:   s.counts.writes.Load(),
		Bytes:    s.counts.bytes.Load(),
		Received: s.counts.received.Load(),
	}
}
