package socket

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Server is all sockets of a node. Set the fields before first use and leave them.
type Server struct {
	// Limits are the bounds.
	Limits Limits
	// Log is given what sockets end of that is worth knowing. Nil logs nothing.
	Log *slog.Logger

	limits Limits // with the defaults
	clocks clocks
	once   sync.Once

	pollOnce sync.Once
	poller   *poller // nil where there is none; see polling

	shards   [64]shard
	last     atomic.Uint32 // shard that took a socket
	turn     atomic.Int32  // of the patrol
	reserved atomic.Int32
	stopping atomic.Bool
	counts   counters

	mu         sync.Mutex // guards what follows
	patrolling bool
	done       sync.WaitGroup // sockets at work; added to under mu
}

// shard is a part of the sockets at work.
type shard struct {
	mu    sync.Mutex // guards first, and next and before of its sockets
	first *Conn
}

func (s *Server) init() {
	s.once.Do(func() {
		s.limits = s.Limits.defaults()
		s.clocks = s.limits.clocks()
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
	})
}

// polling returns the poller, which the first socket that asks makes; nil
// where there is none.
func (s *Server) polling() *poller {
	s.pollOnce.Do(func() {
		p, err := newPoller()
		if err != nil {
			s.Log.Debug("each socket has a goroutine", "err", err)
			return
		}
		s.poller = p
	})
	return s.poller
}

// Reserve takes one of the sockets that there may be, and reports whether there
// is one left. [Server.Release] gives it back, or the end of the socket for
// which Upgrade succeeded.
func (s *Server) Reserve() bool {
	s.init()
	if s.stopping.Load() {
		return false
	}
	if int(s.reserved.Add(1)) > s.limits.Sockets {
		s.Release()
		return false
	}
	return true
}

// Release gives back what Reserve took.
func (s *Server) Release() { s.reserved.Add(-1) }

// Sockets returns how many sockets are open or about to be.
func (s *Server) Sockets() int { return int(s.reserved.Load()) }

// start lets a socket work on its connection. It reports false when the server
// is stopping.
func (s *Server) start(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return false
	}
	c.opened = s.turn.Load()
	c.quota, c.quotaAt = int32(s.limits.Frames*quotaSeconds), c.opened
	c.received.Store(c.opened)
	s.add(c)
	s.done.Add(1)
	s.counts.opened.Add(1)
	if !s.patrolling {
		s.patrolling = true
		time.AfterFunc(turn, s.patrol)
	}
	return true
}

func (s *Server) add(c *Conn) {
	c.shard = uint8(s.last.Add(1) % uint32(len(s.shards)))
	sh := &s.shards[c.shard]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c.next = sh.first
	if c.next != nil {
		c.next.before = c
	}
	sh.first = c
}

func (s *Server) remove(c *Conn) {
	sh := &s.shards[c.shard]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c.before == nil {
		sh.first = c.next
	} else {
		c.before.next = c.next
	}
	if c.next != nil {
		c.next.before = c.before
	}
	c.next, c.before = nil, nil
}

// each calls f for each socket at work, holding the lock of its shard.
func (s *Server) each(f func(*Conn)) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for c := sh.first; c != nil; c = c.next {
			f(c)
		}
		sh.mu.Unlock()
	}
}
