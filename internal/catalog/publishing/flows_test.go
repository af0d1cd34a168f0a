package publishing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
)

func TestOldContentsAreForgotten(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	base := f.Count(t, id, center.KindFlowVersion)
	kept := func() int { return f.Count(t, id, center.KindFlowVersion) - base }
	made := f.NewFlow(t, id, "one", catalogtest.Says("0"))
	update := func(flow center.FlowID, which contents.Which, text string) {
		t.Helper()
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, flow, which, catalogtest.Says(text)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		update(made.ID, contents.Live, fmt.Sprint(i))
	}
	if n := kept(); n != 5 {
		t.Errorf("%d contents while chats may run them; want 5", n)
	}
	f.Clock = f.Clock.Add(7 * 24 * time.Hour)
	update(made.ID, contents.Live, "a")
	if n := kept(); n != 6 {
		t.Errorf("%d contents after seven days; want 6: a chat may last that long", n)
	}
	f.Clock = f.Clock.Add(25 * time.Hour)
	update(made.ID, contents.Live, "b")
	if n := kept(); n != 3 { // "4", retired a day ago, "a" and "b"
		t.Errorf("%d contents after eight days; want 3", n)
	}
	for i := range 5 {
		update(made.ID, contents.Saved, "draft "+fmt.Sprint(i))
	}
	if n := kept(); n > 5 { // the drafts that were replaced go with the next change
		t.Errorf("%d contents after five drafts; want at most 5", n)
	}
	if err := publishing.Delete[*catalog.Flow](ctx, f.Catalog, id, made.ID); err != nil {
		t.Fatal(err)
	}
	f.Clock = f.Clock.Add(9 * 24 * time.Hour)
	other := f.NewFlow(t, id, "two", catalogtest.Says("x"))
	update(other.ID, contents.Live, "y")
	if n := kept(); n != 2 {
		t.Errorf("%d contents long after the flow was deleted; want 2 of the other one", n)
	}
	snap, err := f.Again(catalog.Limits{}).Snapshot(ctx, string(id))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := snap.Buried(string(made.ID)); ok {
		t.Error("a tombstone is left of the deleted flow")
	}
}

func TestContentPublishedDraftedAndDroppedStaysForItsChats(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("x"))
	snap, _ := f.Snapshot(ctx, string(id))
	x, _, err := snap.Published(string(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		which contents.Which
		text  string
	}{{contents.Live, "y"}, {contents.Saved, "x"}, {contents.Saved, "z"}, {contents.Live, "w"}, {contents.Live, "v"}} {
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, step.which, catalogtest.Says(step.text)); err != nil {
			t.Fatal(err)
		}
	}
	restarted := f.Again(catalog.Limits{})
	if err := restarted.Chats().Prepare(ctx, id, &machine.Run{Flow: made.ID, Hash: x.Hash}); err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.Chats().Content(made.ID, x.Hash); err != nil {
		t.Errorf("a content that chats run: %v", err)
	}
}

func TestDraftAndPublished(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{Name: "one", Type: catalog.TypeInbound, Content: `{"half":"done"}`, Draft: true})
	if err != nil {
		t.Fatal(err)
	}
	text := func(which contents.Which) string {
		t.Helper()
		snap, err := f.Snapshot(ctx, string(id))
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := snap.FindFlow(string(made.ID))
		if err != nil {
			t.Fatal(err)
		}
		d, hash, err := f.Text(ctx, got, which)
		if err != nil {
			return center.ReasonOf(err).String()
		}
		if parsed, err := d.Parse(); err != nil || parsed.Hash != hash {
			t.Errorf("hash %s is not that of the content, %v", hash, err)
		}
		return d.Content
	}
	check := func(when string, which contents.Which, want string) {
		t.Helper()
		if got := text(which); got != want {
			t.Errorf("%s: content %d is %q; want %q", when, which, got, want)
		}
	}
	check("created as a draft", contents.Live, "not published")
	check("created as a draft", contents.Saved, `{"half":"done"}`)
	snap, _ := f.Snapshot(ctx, string(id))
	catalogtest.WantReason(t, "CanStart", snap.CanStart(string(made.ID)), center.NotPublished)
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, catalogtest.Says("live")); err != nil {
		t.Fatal(err)
	}
	check("published", contents.Live, catalogtest.Says("live"))
	check("published", contents.Saved, catalogtest.Says("live"))
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Saved, catalogtest.Says("draft")); err != nil {
		t.Fatal(err)
	}
	check("saved anew", contents.Live, catalogtest.Says("live"))
	check("saved anew", contents.Saved, catalogtest.Says("draft"))
	err = publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, `{"half":"done"}`)
	catalogtest.WantReason(t, "publishing half a flow", err, center.InvalidFlow)
	check("not published", contents.Live, catalogtest.Says("live"))
}

func TestInvalidFlowTellsAllProblems(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	content := `{"Version":"2019-10-30","StartAction":"nowhere","Actions":[{"Identifier":"a","Type":"Nonsense","Parameters":{},"Transitions":{"NextAction":"b"}}]}`
	_, err := publishing.CreateFlow(t.Context(), f.Catalog, id, publishing.NewFlow{Name: "one", Type: catalog.TypeInbound, Content: content})
	catalogtest.WantReason(t, "CreateFlow", err, center.InvalidFlow)
	e, ok := err.(*center.Error)
	if !ok || len(e.Problems) < 3 {
		t.Fatalf("problems %v; want the start, the type and the target", err)
	}
	_, err = publishing.CreateFlow(t.Context(), f.Catalog, id, publishing.NewFlow{Name: "one", Type: catalog.TypeInbound, Content: "no JSON", Draft: true})
	catalogtest.WantReason(t, "a draft that is no JSON", err, center.InvalidFlow)
	snap, _ := f.Snapshot(t.Context(), string(id))
	for _, have := range catalog.All[*catalog.Flow](snap) {
		if have.Name == "one" {
			t.Error("a refused flow is there")
		}
	}
}

func TestVersions(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{FlowVersions: 2})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "inbound", catalogtest.Says("one"))
	_, n, err := publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "the first", Hash: made.Published, Number: 0})
	if err != nil || n != 1 {
		t.Fatalf("CreateVersion = %d, %v; want 1", n, err)
	}
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, catalogtest.Says("two")); err != nil {
		t.Fatal(err)
	}
	_, _, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: made.Published, Number: 0})
	catalogtest.WantReason(t, "a hash that is not published", err, center.BadRequest)
	_, _, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 1})
	catalogtest.WantReason(t, "a number that was used", err, center.Invalid)
	if _, n, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 5}); err != nil || n != 5 {
		t.Errorf("CreateVersion = %d, %v; want 5", n, err)
	}
	_, _, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 0})
	catalogtest.WantReason(t, "the third of two", err, center.LimitExceeded)
	f.Clock = f.Clock.Add(9 * 24 * time.Hour)
	if err := publishing.DeleteVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, 5); err != nil {
		t.Fatal(err)
	}
	catalogtest.WantReason(t, "deleting it again", publishing.DeleteVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, 5), center.NotFound)
	if _, n, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 0}); err != nil || n != 6 {
		t.Errorf("CreateVersion after a deletion = %d, %v; want 6: numbers are not used again", n, err)
	}
	snap, _ := f.Again(catalog.Limits{}).Snapshot(ctx, string(id))
	got, which, err := snap.FindFlow(string(made.ID) + ":1")
	if err != nil || which != 1 {
		t.Fatalf("FindFlow = %d, %v; want version 1", which, err)
	}
	if text, _, err := f.Text(ctx, got, which); err != nil || text.Content != catalogtest.Says("one") {
		t.Errorf("version 1 is %q, %v", text.Content, err)
	}
	catalogtest.WantReason(t, "changing a version", publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, 1, catalogtest.Says("x")), center.Invalid)
}

func TestFlowNamesStatesAndQuota(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{Flows: 4})
	ctx := t.Context()
	id := f.NewInstance(t, "acme") // with the two samples, which count
	one := f.NewFlow(t, id, "one", catalogtest.Says("x"))
	two := f.NewFlow(t, id, "two", catalogtest.Says("x"))
	_, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{Name: "three", Type: catalog.TypeInbound, Content: catalogtest.Says("x")})
	catalogtest.WantReason(t, "one flow too many", err, center.LimitExceeded)
	catalogtest.WantReason(t, "a name that is taken", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Name: new("one")}), center.Duplicate)
	catalogtest.WantReason(t, "a long name", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Name: new(strings.Repeat("n", 128))}), center.Invalid)
	catalogtest.WantReason(t, "a control character", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Name: new("a\x00b")}), center.Invalid)
	catalogtest.WantReason(t, "a long description", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Description: new(strings.Repeat("n", 501))}), center.Invalid)
	if err := publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, one.ID, publishing.Describing{Name: new("one"), Description: new("d"), Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	snap, _ := f.Snapshot(ctx, string(id))
	catalogtest.WantReason(t, "starting an archived flow", snap.CanStart(string(one.ID)), center.BadRequest)
	if err := publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, one.ID, publishing.Describing{Archived: new(false)}); err != nil {
		t.Fatal(err)
	}
	snap, _ = f.Snapshot(ctx, string(id))
	if err := snap.CanStart(string(one.ID)); err != nil {
		t.Errorf("CanStart of a flow that is active again: %v", err)
	}
	if err := publishing.Delete[*catalog.Flow](ctx, f.Catalog, id, one.ID); err != nil {
		t.Fatal(err)
	}
	if err := publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Name: new("one")}); err != nil {
		t.Errorf("a name that became free: %v", err)
	}
	for _, d := range catalog.All[*catalog.Flow](snap) {
		if d.Default {
			catalogtest.WantReason(t, "deleting "+d.Name, publishing.Delete[*catalog.Flow](ctx, f.Catalog, id, d.ID), center.BadRequest)
			catalogtest.WantReason(t, "archiving "+d.Name, publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, d.ID, publishing.Describing{Archived: new(true)}), center.BadRequest)
		}
		if d.Name == "Default customer queue" {
			catalogtest.WantReason(t, "starting "+d.Name, snap.CanStart(string(d.ID)), center.BadRequest)
		}
	}
}

func TestContentComesBackWhenItIsAboutToGo(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("x"))
	for _, text := range []string{"y", "x", "y", "x"} {
		f.Clock = f.Clock.Add(9 * 24 * time.Hour)
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, catalogtest.Says(text)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Chats().Published(id, string(made.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Again(catalog.Limits{}).Chats().Prepare(ctx, id, &machine.Run{Flow: made.ID, Hash: made.Published}); err != nil {
		t.Fatal(err)
	}
	snap, err := f.Again(catalog.Limits{}).Snapshot(ctx, string(id))
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err := snap.Published(string(made.ID)); err != nil || string(p.Content()) != catalogtest.Says("x") {
		t.Errorf("the content that came back is %v, %v", p, err)
	}
}

func TestContentLeftBehindIsTakenOver(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("x"))
	parsed, err := flow.Parse([]byte(catalogtest.Says("y")))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(string(parsed.Content()))
	if err != nil {
		t.Fatal(err)
	}
	row := center.Resource{Instance: id, Kind: center.KindFlowVersion, ID: string(made.ID) + ":" + parsed.Hash, Body: body}
	if _, err := f.Store.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{row}}); err != nil {
		t.Fatal(err)
	}
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, catalogtest.Says("y")); err != nil {
		t.Fatalf("UpdateContent with a content that the store has already: %v", err)
	}
	if p, _, err := f.Chats().Published(id, string(made.ID)); err != nil || p.Hash != parsed.Hash {
		t.Errorf("Published = %v, %v", p, err)
	}
}
