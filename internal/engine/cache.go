package engine

import (
	"sync"
	"sync/atomic"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// hot is a chat in memory: its state as last decided, which may be ahead of
// the store by the changes on their way.
type hot struct {
	id    center.ContactID
	refs  int         // guarded by the cache's shard
	used  bool        // since the cache was cooled last; guarded by the shard
	stale atomic.Bool // a commit failed: load again

	mu      sync.Mutex // guards what follows; held while a command is decided
	chat    *contact.Chat
	tail    contact.Tail
	version int64
	last    *commit // the latest change submitted, nil when none since the load
}

// cache holds the chats that were used lately.
type cache struct {
	max    int
	shards [64]shard
}

type shard struct {
	mu    sync.Mutex // guards chats and the refs of its members
	chats map[center.ContactID]*hot
}

func (c *cache) shard(id center.ContactID) *shard {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return &c.shards[h%uint32(len(c.shards))]
}

// get returns the chat's place in memory, empty when it was not there. Each
// get is followed by a put.
func (c *cache) get(id center.ContactID) *hot {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.chats[id]
	if h == nil {
		h = &hot{id: id}
		c.insert(s, h)
	}
	h.refs++
	h.used = true
	return h
}

// add places a chat that was just started, unless somebody was quicker.
func (c *cache) add(h *hot) {
	s := c.shard(h.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chats[h.id] == nil {
		h.used = true
		c.insert(s, h)
	}
}

func (c *cache) put(h *hot) {
	s := c.shard(h.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	h.refs--
}

// insert adds a member and forgets another one when there are too many: the
// first few of the map's random order that nobody uses.
func (c *cache) insert(s *shard, h *hot) {
	if s.chats == nil {
		s.chats = make(map[center.ContactID]*hot)
	}
	if len(s.chats) >= max(1, c.max/len(c.shards)) {
		looked := 0
		for id, old := range s.chats {
			if looked++; looked > 8 {
				break
			}
			if old.refs == 0 {
				delete(s.chats, id)
				break
			}
		}
	}
	s.chats[h.id] = h
}

// cool forgets the chats that were not used since it was called before.
func (c *cache) cool() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for id, h := range s.chats {
			if h.refs == 0 && !h.used {
				delete(s.chats, id)
			}
			h.used = false
		}
		s.mu.Unlock()
	}
}
