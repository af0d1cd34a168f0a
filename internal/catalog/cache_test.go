package catalog_test

import (
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
)

// attribute is how an instance attribute stands in a snapshot.
func attribute(t *testing.T, c *catalog.Catalog, id center.InstanceID) string {
	t.Helper()
	snap, err := c.Snapshot(t.Context(), string(id))
	if err != nil {
		t.Fatal(err)
	}
	value, _ := snap.Instance.Attribute("CONTACTFLOW_LOGS")
	return value
}

func TestNoticeOfAChangeReloadsTheSnapshot(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	other := f.Again(catalog.Limits{})
	if got := attribute(t, other, id); got != "false" {
		t.Fatalf("the attribute is %q at first; want false", got)
	}
	if err := setup.SetAttribute(t.Context(), f.Catalog, id, "CONTACTFLOW_LOGS", "true"); err != nil {
		t.Fatal(err)
	}
	if got := attribute(t, other, id); got != "false" {
		t.Errorf("without a notice another process shows %q; want what it has in memory", got)
	}
	other.Changed(id, 0) // of a revision that it has
	if got := attribute(t, other, id); got != "false" {
		t.Errorf("after an old notice another process shows %q; want what it has in memory", got)
	}
	other.Changed(id, 1)
	// A chat in the middle of a command still finds its instance.
	if _, _, err := other.Default(id, "CUSTOMER_QUEUE"); err != nil {
		t.Errorf("after a notice the default flow cannot be found: %v", err)
	}
	if got := attribute(t, other, id); got != "true" {
		t.Errorf("after a notice another process shows %q; want true", got)
	}
	other.Changed("never seen", 1) // nobody asked for it yet
}

func TestNoticeOfADeletedInstance(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	other := f.Again(catalog.Limits{})
	if _, err := other.Snapshot(t.Context(), string(id)); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	other.Changed(id, 1)
	_, err := other.Snapshot(t.Context(), string(id))
	catalogtest.WantReason(t, "Snapshot of a deleted instance", err, center.NotFound)
	_, _, err = other.Default(id, "CUSTOMER_QUEUE")
	catalogtest.WantReason(t, "a default flow of a deleted instance", err, center.NotFound)
}
