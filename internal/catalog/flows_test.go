package catalog_test

import (
	"fmt"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

func TestRunGoesOnWithItsContent(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("first"))
	began, flowID, err := f.Chats().Published(id, string(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	run := &machine.Run{Flow: flowID, Hash: began.Hash}
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, catalogtest.Says("second")); err != nil {
		t.Fatal(err)
	}
	if now, _, err := f.Chats().Published(id, string(made.ID)); err != nil || now.Hash == began.Hash {
		t.Errorf("Published after an update gives the old content, or %v", err)
	}
	restarted := f.Again(catalog.Limits{})
	if _, err := restarted.Chats().Content(flowID, began.Hash); err == nil {
		t.Error("Content without Prepare found something")
	}
	for name, c := range map[string]*catalog.Catalog{"the same process": f.Catalog, "a restarted one": restarted} {
		if err := c.Chats().Prepare(ctx, id, run); err != nil {
			t.Fatal(err)
		}
		got, err := c.Chats().Content(flowID, began.Hash)
		if err != nil || string(got.Content()) != catalogtest.Says("first") {
			t.Errorf("in %s Content = %v, %v", name, got, err)
		}
	}
	if err := publishing.Delete[*catalog.Flow](ctx, f.Catalog, id, made.ID); err != nil {
		t.Fatal(err)
	}
	restarted = f.Again(catalog.Limits{})
	if err := restarted.Chats().Prepare(ctx, id, run); err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.Chats().Content(flowID, began.Hash); err != nil {
		t.Errorf("Content of a deleted flow: %v", err)
	}
	_, _, err = restarted.Chats().Published(id, string(made.ID))
	catalogtest.WantReason(t, "Published of a deleted flow", err, center.NotFound)
}

// A published content is parsed once for all its chats, whatever else an
// administrator changes meanwhile, and a chat goes on with what the first one parsed.
func TestContentIsParsedOnce(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	made, other := f.NewFlow(t, id, "one", catalogtest.Says("first")), f.NewFlow(t, id, "two", catalogtest.Says("x"))
	restarted := f.Again(catalog.Limits{})
	if err := restarted.Chats().Prepare(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	parsed, flowID, err := restarted.Chats().Published(id, string(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if err := publishing.UpdateFlow(t.Context(), restarted, id, other.ID, contents.Live, catalogtest.Says(fmt.Sprint(round))); err != nil {
			t.Fatal(err)
		}
		if err := restarted.Chats().Prepare(t.Context(), id, &machine.Run{Flow: flowID, Hash: parsed.Hash}); err != nil {
			t.Fatal(err)
		}
		again, _, err := restarted.Chats().Published(id, string(made.ID))
		if err != nil || again != parsed {
			t.Errorf("chat %d: Published gives another value for the same content, %v", round, err)
		}
		if running, err := restarted.Chats().Content(flowID, parsed.Hash); err != nil || running != parsed {
			t.Errorf("chat %d: Content gives another value for the same content, %v", round, err)
		}
	}
}

func TestWithoutInstancePublishedSaysSo(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	if err := f.Chats().Prepare(t.Context(), "none", &machine.Run{Flow: "f", Hash: "h"}); err != nil {
		t.Fatalf("Prepare of an unknown instance: %v", err)
	}
	_, _, err := f.Chats().Published("none", "f")
	catalogtest.WantReason(t, "Published", err, center.NotFound)
	_, err = f.Chats().Content("f", "h")
	catalogtest.WantReason(t, "Content", err, center.NotFound)
}

func TestUnreadableContentDoesNotHideTheInstance(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("x"))
	row := center.Resource{Kind: center.KindFlowVersion, ID: string(made.ID) + ":" + made.Published}
	if _, err := f.Store.WriteResources(ctx, store.ResourceWrite{Drop: []center.Resource{row}}); err != nil {
		t.Fatal(err)
	}
	snap, err := f.Again(catalog.Limits{}).Snapshot(ctx, string(id))
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	if _, _, err := snap.Published(string(made.ID)); err == nil {
		t.Error("Published gave a content that is lost")
	}
}

func BenchmarkPrepareAndContent(b *testing.B) {
	s, err := sqlite.Open(b.Context(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := catalog.New(catalog.Config{Store: s, Partition: catalogtest.Partition, Now: func() time.Time { return time.Unix(0, 0) }})
	if err := setup.SeedDemo(b.Context(), c); err != nil {
		b.Fatal(err)
	}
	if err := c.Chats().Prepare(b.Context(), catalog.DemoInstance, nil); err != nil {
		b.Fatal(err)
	}
	f, id, err := c.Chats().Published(catalog.DemoInstance, catalog.DemoFlow)
	if err != nil {
		b.Fatal(err)
	}
	run := &machine.Run{Flow: id, Hash: f.Hash}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Chats().Prepare(b.Context(), catalog.DemoInstance, run); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Chats().Content(id, f.Hash); err != nil {
			b.Fatal(err)
		}
	}
}
