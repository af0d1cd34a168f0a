package publishing_test

import (
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

func TestModuleRunsGoOnWithTheirContent(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	m := f.NewModule(t, id, "m", catalogtest.Returns("one"))
	if _, _, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	if _, err := publishing.CreateAlias[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewAlias{Name: "prod", Version: 1}); err != nil {
		t.Fatal(err)
	}
	if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(catalogtest.Returns("two")), nil); err != nil {
		t.Fatal(err)
	}
	if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Saved, new(`{"half":"done"}`), nil); err != nil {
		t.Fatal(err)
	}
	restarted := f.Again(catalog.Limits{})
	if err := restarted.Chats().Prepare(ctx, id); err != nil {
		t.Fatal(err)
	}
	ref := string(m.ID)
	for name, c := range map[string]*catalog.Catalog{"the same process": f.Catalog, "a restarted one": restarted} {
		for ref, want := range map[string]string{
			ref: "two", ref + ":$LATEST": "two", ref + ":1": "one", ref + ":prod": "one", catalogtest.Partition.ARN(id, center.KindFlowModule, ref) + ":prod": "one",
		} {
			got, module, err := catalogtest.Comes(t, c, id, ref, true)
			if err != nil || string(module) != string(m.ID) || string(got.Content()) != catalogtest.Returns(want) {
				t.Errorf("in %s Module(%s) = %v, %v; want the content of %s", name, ref, got, err, want)
			}
		}
		for ref, want := range map[string]center.Reason{
			ref + ":$SAVED": center.BadRequest, ref + ":2": center.NotFound, ref + ":test": center.NotFound, "x": center.NotFound,
		} {
			_, _, err := catalogtest.Comes(t, c, id, ref, true)
			catalogtest.WantReason(t, "Module("+ref+")", err, want)
		}
	}
	began, _, err := f.Chats().Module(id, string(m.ID)+":prod")
	if err != nil {
		t.Fatal(err)
	}
	run := &machine.Run{Flow: "f", Hash: "h", Stack: []machine.Frame{{Flow: center.FlowID(m.ID), Hash: began.Hash}}}
	if err := publishing.Describe[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.Describing{Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	_, _, err = f.Chats().Module(id, string(m.ID))
	catalogtest.WantReason(t, "an archived module", err, center.BadRequest)
	if err := publishing.Delete[*catalog.Module](ctx, f.Catalog, id, m.ID); err != nil {
		t.Fatal(err)
	}
	restarted = f.Again(catalog.Limits{})
	if err := restarted.Chats().Prepare(ctx, id, run); err != nil {
		t.Fatal(err)
	}
	if got, err := restarted.Chats().Content(center.FlowID(m.ID), began.Hash); err != nil || string(got.Content()) != catalogtest.Returns("one") {
		t.Errorf("the content of a version of a deleted module: %v, %v", got, err)
	}
	_, _, err = restarted.Chats().Module(id, string(m.ID))
	catalogtest.WantReason(t, "a deleted module", err, center.NotFound)
}

func TestOldModulesAndViewsAreForgotten(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	flows := f.Count(t, id, center.KindFlowVersion)
	m := f.NewModule(t, id, "m", catalogtest.Returns("0"))
	v, err := publishing.CreateView(ctx, f.Catalog, id, publishing.NewView{Name: "s", Content: catalog.ViewContent{Template: `{"Head":{"Configuration":{}},"Body":[]}`}})
	if err != nil {
		t.Fatal(err)
	}
	update := func(text string) {
		t.Helper()
		if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(catalogtest.Returns(text)), nil); err != nil {
			t.Fatal(err)
		}
		if err := publishing.UpdateView(ctx, f.Catalog, id, v.ID, catalog.ViewContent{Template: `{"Head":{"Title":"` + text + `","Configuration":{}},"Body":[]}`}, false); err != nil {
			t.Fatal(err)
		}
	}
	want := func(when string, n int) {
		t.Helper()
		modules, views := f.Count(t, id, center.KindFlowVersion)-flows, f.Count(t, id, center.KindViewVersion)
		if modules != n || views != n {
			t.Errorf("%s: %d contents of the module and %d of the view; want %d", when, modules, views, n)
		}
	}
	update("1")
	if _, _, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := publishing.CreateVersion[*catalog.View](ctx, f.Catalog, id, v.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	update("2")
	want("while chats may need them", 3)
	f.Clock = f.Clock.Add(9 * 24 * time.Hour)
	update("3")
	want("nine days later", 3) // the version, "2" that was just replaced, and "3"
	if err := publishing.DeleteVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if err := publishing.DeleteVersion[*catalog.View](ctx, f.Catalog, id, v.ID, 1); err != nil {
		t.Fatal(err)
	}
	f.Clock = f.Clock.Add(7 * 24 * time.Hour)
	update("3")
	want("a week after the version went", 3)
	f.Clock = f.Clock.Add(2 * 24 * time.Hour)
	update("3")
	want("nine days after the version went", 1)
	if snap, err := f.Snapshot(ctx, string(id)); err != nil || len(catalog.All[*catalog.View](snap)[0].Actions) != 1 {
		t.Errorf("actions of contents that are gone are kept: %v, %v", catalog.All[*catalog.View](snap)[0].Actions, err)
	}
	if err := publishing.Delete[*catalog.Module](ctx, f.Catalog, id, m.ID); err != nil {
		t.Fatal(err)
	}
	if err := publishing.Delete[*catalog.View](ctx, f.Catalog, id, v.ID); err != nil {
		t.Fatal(err)
	}
	want("deleted", 1)
	f.Clock = f.Clock.Add(9 * 24 * time.Hour)
	f.NewFlow(t, id, "other", catalogtest.Says("x"))
	f.NewModule(t, id, "other", catalogtest.Returns("x"))
	if err := publishing.UpdateModule(ctx, f.Catalog, id, catalog.All[*catalog.Module](catalogtest.Must(f.Snapshot(ctx, string(id))))[0].ID, contents.Live, new(catalogtest.Returns("y")), nil); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, id, center.KindViewVersion); n != 0 {
		t.Errorf("%d contents of views long after theirs was deleted", n)
	}
	snap := catalogtest.Must(f.Again(catalog.Limits{}).Snapshot(ctx, string(id)))
	for _, deleted := range []string{string(m.ID), string(v.ID)} {
		if _, ok := snap.Buried(deleted); ok {
			t.Errorf("a tombstone of %s is left", deleted)
		}
	}
}

// TestContentAndSettingsAreBothKept updates one from one process and the other
// from another, at once.
func TestContentAndSettingsAreBothKept(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	m := f.NewModule(t, id, "m", catalogtest.Returns("0"))
	other := f.Again(catalog.Limits{})
	const settings = `{"InputParameters":[{"Name":"who"}]}`
	won := catalogtest.Race(2, func(i int) error {
		if i == 0 {
			return publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(catalogtest.Returns("1")), nil)
		}
		return publishing.UpdateModule(ctx, other, id, m.ID, contents.Live, nil, new(settings))
	})
	c := f.Again(catalog.Limits{})
	snap := catalogtest.Must(c.Snapshot(ctx, string(id)))
	text, hash, err := c.Text(ctx, catalog.All[*catalog.Module](snap)[0], contents.Live)
	if err != nil || won != 2 || text.Content != catalogtest.Returns("1") || text.Settings != settings {
		t.Errorf("%d updates succeeded; the module is %+v, %v", won, text, err)
	}
	if run, _, err := c.Chats().Module(id, string(m.ID)); err != nil || run.Hash != hash {
		t.Errorf("Module = %v, %v; want the content with the hash %s", run, err, hash)
	}
}
