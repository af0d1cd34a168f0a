package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

func TestConcurrentFlowsOfOneNameHaveOneWinner(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	other := f.Again(catalog.Limits{})
	won := catalogtest.Race(8, func(i int) error {
		c := []*catalog.Catalog{f.Catalog, other}[i%2]
		_, err := publishing.CreateFlow(t.Context(), c, id, publishing.NewFlow{Name: "one", Type: catalog.TypeInbound, Content: catalogtest.Says("hello")})
		return err
	})
	if won != 1 {
		t.Errorf("%d of 8 got the name", won)
	}
}

func TestWritesOfAnotherProcessAreNotLost(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	other := f.Again(catalog.Limits{})
	made := f.NewFlow(t, id, "one", catalogtest.Says("hello"))
	if _, err := other.Snapshot(t.Context(), string(id)); err != nil {
		t.Fatal(err)
	}
	arn := catalogtest.Partition.ARN(id, center.KindFlow, string(made.ID))
	if err := f.Tag(t.Context(), arn, map[string]string{"a": "1"}); err != nil {
		t.Fatal(err)
	}
	if err := other.Tag(t.Context(), arn, map[string]string{"b": "2"}); err != nil {
		t.Fatalf("a write on what another process changed: %v", err)
	}
	r, err := other.Tagged(t.Context(), arn)
	if err != nil || len(r.About().Tags) != 2 {
		t.Errorf("tags %v, %v; want both", r.About().Tags, err)
	}
}

func TestDeleteLeavesNothing(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("hello"))
	if err := publishing.Delete[*catalog.Flow](t.Context(), f.Catalog, id, made.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), id, store.Erasure{ID: "e"}); err != nil {
		t.Fatal(err)
	}
	_, err := f.Snapshot(t.Context(), string(id))
	catalogtest.WantReason(t, "Snapshot", err, center.NotFound)
	for _, kind := range catalog.Kinds {
		if n := f.Count(t, id, kind); n != 0 {
			t.Errorf("%d rows of %s are left", n, kind)
		}
	}
	if n := f.Count(t, "", center.KindSetting); n != 0 {
		t.Errorf("%d settings are left", n)
	}
	catalogtest.WantReason(t, "Delete again", f.Delete(t.Context(), id, store.Erasure{ID: "e"}), center.NotFound)
}

func TestReferences(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id, other := f.NewInstance(t, "acme"), f.NewInstance(t, "other")
	made := f.NewFlow(t, id, "one", catalogtest.Says("hello"))
	arn := catalogtest.Partition.ARN(id, center.KindFlow, string(made.ID))
	snap, err := f.Snapshot(t.Context(), catalogtest.Partition.InstanceARN(id))
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{string(made.ID), arn, arn + ":$LATEST", string(made.ID) + ":$LATEST"} {
		if _, got, err := snap.Published(ref); err != nil || got != made.ID {
			t.Errorf("Published(%q) = %v, %v", ref, got, err)
		}
	}
	for ref, want := range map[string]center.Reason{
		"":        center.NotFound,
		"nothing": center.NotFound,
		strings.Replace(arn, string(id), string(other), 1): center.NotFound,
		strings.Replace(arn, "east", "w", 1):               center.NotFound,
		strings.Replace(arn, "1234", "9", 1):               center.NotFound,
		strings.Replace(arn, "contact-flow", "queue", 1):   center.NotFound,
		string(made.ID) + ":7":                             center.NotFound,
		string(made.ID) + ":x":                             center.NotFound,
		string(made.ID) + ":-1":                            center.NotFound,
		string(made.ID) + ":$DRAFT":                        center.Invalid,
		string(made.ID) + ":$SAVED":                        center.BadRequest,
	} {
		_, _, err := snap.Published(ref)
		catalogtest.WantReason(t, fmt.Sprintf("Published(%q)", ref), err, want)
	}
	for _, ref := range []string{"", "x", arn, strings.Replace(catalogtest.Partition.InstanceARN(id), "1234", "9", 1)} {
		_, err := f.Snapshot(t.Context(), ref)
		catalogtest.WantReason(t, fmt.Sprintf("Snapshot(%q)", ref), err, center.NotFound)
	}
}
