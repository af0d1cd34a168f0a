package engine

import (
	"fmt"
	"testing"

	"parley.example/parley/internal/center"
)

// Entries that nobody used between two looks are evicted; those in use, or used
// since, are not. Who evicts an entry stops its subscription.
func TestIdleEntriesAreEvicted(t *testing.T) {
	c := &cache[center.ContactID, int]{max: 1024}
	stopped := map[center.ContactID]int{}
	c.subscribe = func(e *entry[center.ContactID, int]) func() { return func() { stopped[e.id]++ } }
	quiet, busy, held := center.ContactID("quiet"), center.ContactID("busy"), center.ContactID("held")
	for _, id := range []center.ContactID{quiet, busy} {
		c.put(c.get(id))
	}
	h := c.get(held)
	has := func(id center.ContactID) bool {
		s := c.shard(id)
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.entries[id] != nil
	}
	c.evictIdle()
	if !has(quiet) || !has(busy) || !has(held) {
		t.Fatal("entries used since the last look were evicted")
	}
	c.put(c.get(busy))
	c.evictIdle()
	if has(quiet) {
		t.Error("an entry that nobody used is still there")
	}
	if !has(busy) || !has(held) {
		t.Error("an entry that was used, or is in use, was evicted")
	}
	c.put(h)
	c.evictIdle()
	if has(held) || has(busy) {
		t.Error("entries that nobody uses any more are still there")
	}
	if stopped[quiet] != 1 || stopped[busy] != 1 || stopped[held] != 1 {
		t.Errorf("subscriptions stopped: %v; want each once", stopped)
	}
	if got := c.get(quiet); got == nil || got.refs != 1 {
		t.Errorf("get after all = %+v; want an empty entry in use", got)
	}
}

// A reader takes an entry that is there, or a free one; it evicts none.
func TestReadsEvictNothing(t *testing.T) {
	c := &cache[center.ContactID, int]{max: len(cache[center.ContactID, int]{}.shards)} // one entry a shard
	hot := c.get("hot")
	c.put(hot)
	if e := c.peek("hot"); e != hot {
		t.Fatalf("peek = %p; want the entry that is there", e)
	}
	c.put(hot)
	shard, free, refused := c.shard("hot"), 0, 0
	for i := range 1000 {
		id := center.ContactID(fmt.Sprint("reader", i))
		switch e := c.peek(id); {
		case e == nil:
			refused++
		case c.shard(id) == shard:
			t.Fatalf("reader %d took the entry of the hot chat", i)
		default:
			free++
			c.put(e)
		}
	}
	if shard.entries["hot"] != hot || free == 0 || free >= len(c.shards) || refused == 0 {
		t.Errorf("the hot entry is there: %t; %d readers got an entry of %d shards, %d none", shard.entries["hot"] == hot, free, len(c.shards), refused)
	}
}
