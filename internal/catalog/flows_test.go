package catalog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/store/sqlite"
)

func TestRunGoesOnWithItsContent(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("first"))
	began, flowID, err := f.Published(id, string(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	run := &flow.Run{Flow: flowID, Hash: began.Hash}
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, says("second")); err != nil {
		t.Fatal(err)
	}
	if now, _, err := f.Published(id, string(made.ID)); err != nil || now.Hash == began.Hash {
		t.Errorf("Published after an update gives the old content, or %v", err)
	}
	restarted := f.again(catalog.Limits{})
	if _, err := restarted.Content(flowID, began.Hash); err == nil {
		t.Error("Content without Prepare found something")
	}
	for name, c := range map[string]*catalog.Catalog{"the same process": f.Catalog, "a restarted one": restarted} {
		if err := c.Prepare(ctx, id, run); err != nil {
			t.Fatal(err)
		}
		got, err := c.Content(flowID, began.Hash)
		if err != nil || string(got.Content()) != says("first") {
			t.Errorf("in %s Content = %v, %v", name, got, err)
		}
	}
	if err := publishing.Delete[*catalog.Flow](ctx, f.Catalog, id, made.ID); err != nil {
		t.Fatal(err)
	}
	restarted = f.again(catalog.Limits{})
	if err := restarted.Prepare(ctx, id, run); err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.Content(flowID, began.Hash); err != nil {
		t.Errorf("Content of a deleted flow: %v", err)
	}
	_, _, err = restarted.Published(id, string(made.ID))
	wantReason(t, "Published of a deleted flow", err, center.NotFound)
}

// A published content is parsed once for all its chats, whatever else an
// administrator changes meanwhile, and a chat goes on with what the first one parsed.
func TestContentIsParsedOnce(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	id := f.instance(t, "acme")
	made, other := f.flow(t, id, "one", says("first")), f.flow(t, id, "two", says("x"))
	restarted := f.again(catalog.Limits{})
	if err := restarted.Prepare(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	parsed, flowID, err := restarted.Published(id, string(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if err := publishing.UpdateFlow(t.Context(), restarted, id, other.ID, contents.Live, says(fmt.Sprint(round))); err != nil {
			t.Fatal(err)
		}
		if err := restarted.Prepare(t.Context(), id, &flow.Run{Flow: flowID, Hash: parsed.Hash}); err != nil {
			t.Fatal(err)
		}
		again, _, err := restarted.Published(id, string(made.ID))
		if err != nil || again != parsed {
			t.Errorf("chat %d: Published gives another value for the same content, %v", round, err)
		}
		if running, err := restarted.Content(flowID, parsed.Hash); err != nil || running != parsed {
			t.Errorf("chat %d: Content gives another value for the same content, %v", round, err)
		}
	}
}

func TestWithoutInstancePublishedSaysSo(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	if err := f.Prepare(t.Context(), "none", &flow.Run{Flow: "f", Hash: "h"}); err != nil {
		t.Fatalf("Prepare of an unknown instance: %v", err)
	}
	_, _, err := f.Published("none", "f")
	wantReason(t, "Published", err, center.NotFound)
	_, err = f.Content("f", "h")
	wantReason(t, "Content", err, center.NotFound)
}

func TestOldContentsAreForgotten(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	base := f.count(t, id, center.KindFlowVersion)
	kept := func() int { return f.count(t, id, center.KindFlowVersion) - base }
	made := f.flow(t, id, "one", says("0"))
	update := func(flow center.FlowID, which contents.Which, text string) {
		t.Helper()
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, flow, which, says(text)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		update(made.ID, contents.Live, fmt.Sprint(i))
	}
	if n := kept(); n != 5 {
		t.Errorf("%d contents while chats may run them; want 5", n)
	}
	f.now = f.now.Add(7 * 24 * time.Hour)
	update(made.ID, contents.Live, "a")
	if n := kept(); n != 6 {
		t.Errorf("%d contents after seven days; want 6: a chat may last that long", n)
	}
	f.now = f.now.Add(25 * time.Hour)
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
	f.now = f.now.Add(9 * 24 * time.Hour)
	other := f.flow(t, id, "two", says("x"))
	update(other.ID, contents.Live, "y")
	if n := kept(); n != 2 {
		t.Errorf("%d contents long after the flow was deleted; want 2 of the other one", n)
	}
	snap, err := f.again(catalog.Limits{}).Snapshot(ctx, string(id))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := snap.Buried(string(made.ID)); ok {
		t.Error("a tombstone is left of the deleted flow")
	}
}

func TestContentPublishedDraftedAndDroppedStaysForItsChats(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	snap, _ := f.Snapshot(ctx, string(id))
	x, _, err := snap.Published(string(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		which contents.Which
		text  string
	}{{contents.Live, "y"}, {contents.Saved, "x"}, {contents.Saved, "z"}, {contents.Live, "w"}, {contents.Live, "v"}} {
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, step.which, says(step.text)); err != nil {
			t.Fatal(err)
		}
	}
	restarted := f.again(catalog.Limits{})
	if err := restarted.Prepare(ctx, id, &flow.Run{Flow: made.ID, Hash: x.Hash}); err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.Content(made.ID, x.Hash); err != nil {
		t.Errorf("a content that chats run: %v", err)
	}
}

func TestDraftAndPublished(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
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
	wantReason(t, "CanStart", snap.CanStart(string(made.ID)), center.NotPublished)
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, says("live")); err != nil {
		t.Fatal(err)
	}
	check("published", contents.Live, says("live"))
	check("published", contents.Saved, says("live"))
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Saved, says("draft")); err != nil {
		t.Fatal(err)
	}
	check("saved anew", contents.Live, says("live"))
	check("saved anew", contents.Saved, says("draft"))
	err = publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, `{"half":"done"}`)
	wantReason(t, "publishing half a flow", err, center.InvalidFlow)
	check("not published", contents.Live, says("live"))
}

func TestInvalidFlowTellsAllProblems(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	id := f.instance(t, "acme")
	content := `{"Version":"2019-10-30","StartAction":"nowhere","Actions":[{"Identifier":"a","Type":"Nonsense","Parameters":{},"Transitions":{"NextAction":"b"}}]}`
	_, err := publishing.CreateFlow(t.Context(), f.Catalog, id, publishing.NewFlow{Name: "one", Type: catalog.TypeInbound, Content: content})
	wantReason(t, "CreateFlow", err, center.InvalidFlow)
	e, ok := err.(*center.Error)
	if !ok || len(e.Problems) < 3 {
		t.Fatalf("problems %v; want the start, the type and the target", err)
	}
	_, err = publishing.CreateFlow(t.Context(), f.Catalog, id, publishing.NewFlow{Name: "one", Type: catalog.TypeInbound, Content: "no JSON", Draft: true})
	wantReason(t, "a draft that is no JSON", err, center.InvalidFlow)
	snap, _ := f.Snapshot(t.Context(), string(id))
	for _, have := range catalog.All[*catalog.Flow](snap) {
		if have.Name == "one" {
			t.Error("a refused flow is there")
		}
	}
}

func TestVersions(t *testing.T) {
	f := newFixture(t, catalog.Limits{FlowVersions: 2})
	ctx := t.Context()
	id := f.instance(t, "acme")
	inbound := f.flow(t, id, "inbound", says("x"))
	_, _, err := publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, inbound.ID, publishing.NewVersion{Description: "", Hash: "", Number: 0})
	wantReason(t, "a version of an inbound flow", err, center.BadRequest)
	made, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{Name: "campaign", Type: "CAMPAIGN", Content: says("one")})
	if err != nil {
		t.Fatal(err)
	}
	_, n, err := publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "the first", Hash: made.Published, Number: 0})
	if err != nil || n != 1 {
		t.Fatalf("CreateVersion = %d, %v; want 1", n, err)
	}
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, says("two")); err != nil {
		t.Fatal(err)
	}
	_, _, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: made.Published, Number: 0})
	wantReason(t, "a hash that is not published", err, center.BadRequest)
	_, _, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 1})
	wantReason(t, "a number that was used", err, center.Invalid)
	if _, n, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 5}); err != nil || n != 5 {
		t.Errorf("CreateVersion = %d, %v; want 5", n, err)
	}
	_, _, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 0})
	wantReason(t, "the third of two", err, center.LimitExceeded)
	f.now = f.now.Add(9 * 24 * time.Hour)
	if err := publishing.DeleteVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, 5); err != nil {
		t.Fatal(err)
	}
	wantReason(t, "deleting it again", publishing.DeleteVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, 5), center.NotFound)
	if _, n, err = publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{Description: "", Hash: "", Number: 0}); err != nil || n != 6 {
		t.Errorf("CreateVersion after a deletion = %d, %v; want 6: numbers are not used again", n, err)
	}
	snap, _ := f.again(catalog.Limits{}).Snapshot(ctx, string(id))
	got, which, err := snap.FindFlow(string(made.ID) + ":1")
	if err != nil || which != 1 {
		t.Fatalf("FindFlow = %d, %v; want version 1", which, err)
	}
	if text, _, err := f.Text(ctx, got, which); err != nil || text.Content != says("one") {
		t.Errorf("version 1 is %q, %v", text.Content, err)
	}
	wantReason(t, "changing a version", publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, 1, says("x")), center.Invalid)
}

func TestFlowNamesStatesAndQuota(t *testing.T) {
	f := newFixture(t, catalog.Limits{Flows: 4})
	ctx := t.Context()
	id := f.instance(t, "acme") // with the two samples, which count
	one := f.flow(t, id, "one", says("x"))
	two := f.flow(t, id, "two", says("x"))
	_, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{Name: "three", Type: catalog.TypeInbound, Content: says("x")})
	wantReason(t, "one flow too many", err, center.LimitExceeded)
	wantReason(t, "a name that is taken", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Name: new("one")}), center.Duplicate)
	wantReason(t, "a long name", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Name: new(strings.Repeat("n", 128))}), center.Invalid)
	wantReason(t, "a control character", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Name: new("a\x00b")}), center.Invalid)
	wantReason(t, "a long description", publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, two.ID, publishing.Describing{Description: new(strings.Repeat("n", 501))}), center.Invalid)
	if err := publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, one.ID, publishing.Describing{Name: new("one"), Description: new("d"), Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	snap, _ := f.Snapshot(ctx, string(id))
	wantReason(t, "starting an archived flow", snap.CanStart(string(one.ID)), center.BadRequest)
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
			wantReason(t, "deleting "+d.Name, publishing.Delete[*catalog.Flow](ctx, f.Catalog, id, d.ID), center.BadRequest)
			wantReason(t, "archiving "+d.Name, publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, d.ID, publishing.Describing{Archived: new(true)}), center.BadRequest)
		}
		if d.Name == "Default customer queue" {
			wantReason(t, "starting "+d.Name, snap.CanStart(string(d.ID)), center.BadRequest)
		}
	}
}

func TestUnreadableContentDoesNotHideTheInstance(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	row := center.Resource{Kind: center.KindFlowVersion, ID: string(made.ID) + ":" + made.Published}
	if err := f.store.DeleteResources(ctx, row); err != nil {
		t.Fatal(err)
	}
	snap, err := f.again(catalog.Limits{}).Snapshot(ctx, string(id))
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	if _, _, err := snap.Published(string(made.ID)); err == nil {
		t.Error("Published gave a content that is lost")
	}
}

func TestContentComesBackWhenItIsAboutToGo(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	for _, text := range []string{"y", "x", "y", "x"} {
		f.now = f.now.Add(9 * 24 * time.Hour)
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, says(text)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Published(id, string(made.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.again(catalog.Limits{}).Prepare(ctx, id, &flow.Run{Flow: made.ID, Hash: made.Published}); err != nil {
		t.Fatal(err)
	}
	snap, err := f.again(catalog.Limits{}).Snapshot(ctx, string(id))
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err := snap.Published(string(made.ID)); err != nil || string(p.Content()) != says("x") {
		t.Errorf("the content that came back is %v, %v", p, err)
	}
}

func TestContentLeftBehindIsTakenOver(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	parsed, err := flow.Parse([]byte(says("y")))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(string(parsed.Content()))
	if err != nil {
		t.Fatal(err)
	}
	row := center.Resource{Instance: id, Kind: center.KindFlowVersion, ID: string(made.ID) + ":" + parsed.Hash, Body: body}
	if err := f.store.PutResources(ctx, row); err != nil {
		t.Fatal(err)
	}
	if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, says("y")); err != nil {
		t.Fatalf("UpdateContent with a content that the store has already: %v", err)
	}
	if p, _, err := f.Published(id, string(made.ID)); err != nil || p.Hash != parsed.Hash {
		t.Errorf("Published = %v, %v", p, err)
	}
}

func BenchmarkPrepareAndContent(b *testing.B) {
	s, err := sqlite.Open(b.Context(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := catalog.New(catalog.Config{Store: s, Partition: testPartition, Now: func() time.Time { return time.Unix(0, 0) }})
	if err := setup.SeedDemo(b.Context(), c); err != nil {
		b.Fatal(err)
	}
	if err := c.Prepare(b.Context(), catalog.DemoInstance, nil); err != nil {
		b.Fatal(err)
	}
	f, id, err := c.Published(catalog.DemoInstance, catalog.DemoFlow)
	if err != nil {
		b.Fatal(err)
	}
	run := &flow.Run{Flow: id, Hash: f.Hash}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Prepare(b.Context(), catalog.DemoInstance, run); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Content(id, f.Hash); err != nil {
			b.Fatal(err)
		}
	}
}
