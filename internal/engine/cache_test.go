package engine

import (
	"testing"

	"parley.example/parley/internal/center"
)

// Chats that nobody used between two looks are forgotten; those in use, or
// used since, are not.
func TestCacheCools(t *testing.T) {
	c := &cache{max: 1024}
	quiet, busy, held := center.ContactID("quiet"), center.ContactID("busy"), center.ContactID("held")
	for _, id := range []center.ContactID{quiet, busy} {
		c.put(c.get(id))
	}
	h := c.get(held)
	has := func(id center.ContactID) bool {
		s := c.shard(id)
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.chats[id] != nil
	}
	c.cool()
	if !has(quiet) || !has(busy) || !has(held) {
		t.Fatal("chats used since the last look were forgotten")
	}
	c.put(c.get(busy))
	c.cool()
	if has(quiet) {
		t.Error("a chat that nobody used is still there")
	}
	if !has(busy) || !has(held) {
		t.Error("a chat that was used, or is in use, was forgotten")
	}
	c.put(h)
	c.cool()
	if has(held) || has(busy) {
		t.Error("chats that nobody uses any more are still there")
	}
	if got := c.get(quiet); got == nil || got.refs != 1 {
		t.Errorf("get after all = %+v; want an empty place in use", got)
	}
}
