package catalog

import (
	"testing"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
)

func TestNoticeDuringALoadMakesItOutdated(t *testing.T) {
	const id center.InstanceID = "acme"
	var b bus.Local
	c := New(Config{Bus: &b, Node: "a", Shared: true})
	snap := newSnapshot(center.Partition{}, &Instance{Meta: Meta[center.InstanceID]{ID: id}})
	snap.Revision = 7
	fresh := func() bool {
		kept, err := c.cache.fresh(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return kept != nil
	}
	e := c.cache.newCached(id)
	for _, m := range []bus.Message{{Origin: "b", Version: 7}, {Origin: "a", Version: 9}, {Origin: "b", Version: 8}, {Origin: "b", Version: 6}} {
		m.Subject = bus.Instance(id)
		b.Publish(m)
	}
	c.cache.put(e, snap)
	if fresh() {
		t.Error("a snapshot that was loaded while a notice of a later revision came counts as fresh")
	}
	if _, err := c.Chats().prepared(id); err != nil {
		t.Errorf("an outdated snapshot is not there for chats in the middle of a command: %v", err)
	}
	for _, b := range []bool{true, false} { // what is read later of the same revision knows what the former one does
		late := c.cache.newCached(id)
		late.snap = snap
		if b {
			late.succeed(e)
		}
		if late.outdated() != b {
			t.Errorf("one that succeeds it: %v, is outdated: %v", b, !b)
		}
		late.close()
	}
	again := *snap
	again.Revision = 8
	c.cache.put(c.cache.newCached(id), &again)
	if !fresh() {
		t.Error("a snapshot of the revision of the notice does not count as fresh")
	}
}
