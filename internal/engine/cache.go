package engine

import (
	"sync"
	"sync/atomic"
)

// entry is an aggregate in memory: its state as last decided, which may be ahead
// of the store by pending changes.
type entry[K ~string, S any] struct {
	id     K
	refs   int         // guarded by the cache's shard
	used   bool        // since the last eviction of idle entries; guarded by the shard
	unsub  func()      // stops the subscription to what other nodes change; nil without one; guarded by the shard
	reload atomic.Bool // the state is not, or may not be, what the store has: load it before the next use

	mu      sync.Mutex // guards what follows; held while a command is decided
	loaded  bool
	state   S
	version int64
	last    *commit // the latest change submitted, nil when none since the load
}

// cache holds the recently used aggregates.
type cache[K ~string, S any] struct {
	max int
	// subscribe, when set, has each entry marked for a reload when another node
	// changes its aggregate, until the returned function is called.
	subscribe func(*entry[K, S]) (stop func())
	shards    [64]shard[K, S]
}

type shard[K ~string, S any] struct {
	mu      sync.Mutex // guards entries and the refs of its members
	entries map[K]*entry[K, S]
}

func (c *cache[K, S]) shard(id K) *shard[K, S] {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return &c.shards[h%uint32(len(c.shards))]
}

// get returns the aggregate's entry, an empty one when there was none. Each
// get is followed by a put.
func (c *cache[K, S]) get(id K) *entry[K, S] { return c.take(id, true) }

// peek is get for a reader, who must not evict what others use: without an
// entry, and with no capacity for another, it returns nil.
func (c *cache[K, S]) peek(id K) *entry[K, S] { return c.take(id, false) }

func (c *cache[K, S]) take(id K, evicts bool) *entry[K, S] {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil {
		if !evicts && len(s.entries) >= c.capacity() {
			return nil
		}
		e = &entry[K, S]{id: id}
		c.insert(s, e)
	}
	e.refs++
	e.used = true
	return e
}

// add inserts an aggregate that was just created, unless it has an entry already.
func (c *cache[K, S]) add(e *entry[K, S]) {
	s := c.shard(e.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[e.id] == nil {
		e.used = true
		c.insert(s, e)
	}
}

func (c *cache[K, S]) put(e *entry[K, S]) {
	s := c.shard(e.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e.refs--
}

// capacity is how many entries a shard holds.
func (c *cache[K, S]) capacity() int { return max(1, c.max/len(c.shards)) }

// insert adds an entry and evicts another one when there are too many: the
// first of a few, in the map's random order, that nobody uses.
func (c *cache[K, S]) insert(s *shard[K, S], e *entry[K, S]) {
	if s.entries == nil {
		s.entries = make(map[K]*entry[K, S])
	}
	if len(s.entries) >= c.capacity() {
		looked := 0
		for _, old := range s.entries {
			if looked++; looked > 8 {
				break
			}
			if old.refs == 0 {
				s.evict(old)
				break
			}
		}
	}
	s.entries[e.id] = e
	if c.subscribe != nil {
		e.unsub = c.subscribe(e)
	}
}

// evict removes an entry. The caller holds the shard.
func (s *shard[K, S]) evict(e *entry[K, S]) {
	delete(s.entries, e.id)
	if e.unsub != nil {
		e.unsub()
	}
}

// forget evicts an aggregate that is gone, unless somebody still holds it.
func (c *cache[K, S]) forget(id K) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil && e.refs == 0 {
		s.evict(e)
	}
}

// evictIdle removes the entries that were not used since the last call.
func (c *cache[K, S]) evictIdle() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for _, e := range s.entries {
			if e.refs == 0 && !e.used {
				s.evict(e)
			}
			e.used = false
		}
		s.mu.Unlock()
	}
}
