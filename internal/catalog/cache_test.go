package catalog

import (
	"testing"

	"parley.example/parley/internal/center"
)

// attribute is how an instance attribute stands in a snapshot.
func attribute(t *testing.T, c *Catalog, id string) string {
	t.Helper()
	snap, err := c.Snapshot(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	value, _ := snap.Instance.Attribute("CONTACTFLOW_LOGS")
	return value
}

func TestNoticeOfAChangeReloadsTheSnapshot(t *testing.T) {
	f := newFixture(t, Limits{})
	id := f.instance(t, "acme")
	other := f.again(Limits{})
	if got := attribute(t, other, id); got != "false" {
		t.Fatalf("the attribute is %q at first; want false", got)
	}
	if err := f.SetAttribute(t.Context(), id, "CONTACTFLOW_LOGS", "true"); err != nil {
		t.Fatal(err)
	}
	if got := attribute(t, other, id); got != "false" {
		t.Errorf("without a notice another process shows %q; want what it has in memory", got)
	}
	other.Changed(center.InstanceID(id), 0) // of a revision that it has
	if got := attribute(t, other, id); got != "false" {
		t.Errorf("after an old notice another process shows %q; want what it has in memory", got)
	}
	other.Changed(center.InstanceID(id), 1)
	// A chat in the middle of a command still finds its instance.
	if _, err := other.prepared(center.InstanceID(id)); err != nil {
		t.Errorf("after a notice the instance is not in memory: %v", err)
	}
	if got := attribute(t, other, id); got != "true" {
		t.Errorf("after a notice another process shows %q; want true", got)
	}
	other.Changed("never seen", 1) // nobody asked for it yet
}

func TestNoticeDuringALoadMakesItStale(t *testing.T) {
	f := newFixture(t, Limits{})
	id := center.InstanceID(f.instance(t, "acme"))
	snap, err := f.Snapshot(t.Context(), string(id))
	if err != nil {
		t.Fatal(err)
	}
	c := &f.cache
	before := c.shard(id).notices.Load()
	f.Changed(id, snap.Revision+1)
	c.put(id, snap, before)
	if _, ok := c.fresh(id); ok {
		t.Error("a snapshot that was loaded while a notice came counts as fresh")
	}
	c.put(id, snap, c.shard(id).notices.Load())
	if _, ok := c.fresh(id); !ok {
		t.Error("a snapshot that was loaded after the notice does not count as fresh")
	}
}

func TestNoticeOfADeletedInstance(t *testing.T) {
	f := newFixture(t, Limits{})
	id := f.instance(t, "acme")
	other := f.again(Limits{})
	if _, err := other.Snapshot(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	other.Changed(center.InstanceID(id), 1)
	_, err := other.Snapshot(t.Context(), id)
	wantReason(t, "Snapshot of a deleted instance", err, center.NotFound)
	_, err = other.prepared(center.InstanceID(id))
	wantReason(t, "prepared of a deleted instance", err, center.NotFound)
}
