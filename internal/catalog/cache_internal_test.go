package catalog

import (
	"testing"

	"parley.example/parley/internal/center"
)

func TestNoticeDuringALoadMakesItStale(t *testing.T) {
	const id center.InstanceID = "acme"
	snap := newSnapshot(center.Partition{}, &Instance{Meta: Meta[center.InstanceID]{ID: id}})
	catalog := New(Config{})
	c := &catalog.cache
	before := c.shard(id).notices.Load()
	catalog.Changed(id, snap.Revision+1)
	c.put(id, snap, before)
	if _, ok := c.fresh(id); ok {
		t.Error("a snapshot that was loaded while a notice came counts as fresh")
	}
	if _, err := catalog.prepared(id); err != nil {
		t.Errorf("a stale snapshot is not there for chats in the middle of a command: %v", err)
	}
	c.put(id, snap, c.shard(id).notices.Load())
	if _, ok := c.fresh(id); !ok {
		t.Error("a snapshot that was loaded after the notice does not count as fresh")
	}
}
