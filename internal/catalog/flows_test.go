package catalog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/store/sqlite"
)

func TestRunGoesOnWithItsContent(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	instance := center.InstanceID(id)
	made := f.flow(t, id, "one", says("first"))
	began, flowID, err := f.Published(instance, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	run := &flow.Run{Flow: flowID, Hash: began.Hash}
	if err := f.UpdateContent(ctx, id, made.ID, says("second")); err != nil {
		t.Fatal(err)
	}
	if now, _, err := f.Published(instance, made.ID); err != nil || now.Hash == began.Hash {
		t.Errorf("Published after an update gives the old content, or %v", err)
	}
	restarted := f.again(Limits{})
	if _, err := restarted.Content(flowID, began.Hash); err == nil {
		t.Error("Content without Prepare found something")
	}
	for name, c := range map[string]*Catalog{"the same process": f.Catalog, "a restarted one": restarted} {
		if err := c.Prepare(ctx, instance, run); err != nil {
			t.Fatal(err)
		}
		got, err := c.Content(flowID, began.Hash)
		if err != nil || string(got.Content()) != says("first") {
			t.Errorf("in %s Content = %v, %v", name, got, err)
		}
	}
	if err := f.DeleteFlow(ctx, id, made.ID); err != nil {
		t.Fatal(err)
	}
	restarted = f.again(Limits{})
	if err := restarted.Prepare(ctx, instance, run); err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.Content(flowID, began.Hash); err != nil {
		t.Errorf("Content of a deleted flow: %v", err)
	}
	_, _, err = restarted.Published(instance, made.ID)
	wantReason(t, "Published of a deleted flow", err, center.NotFound)
}

// A published content is parsed once for all its chats, whatever else an
// administrator changes meanwhile, and a chat goes on with what the first one parsed.
func TestContentIsParsedOnce(t *testing.T) {
	f := newFixture(t, Limits{})
	id := f.instance(t, "acme")
	instance := center.InstanceID(id)
	made, other := f.flow(t, id, "one", says("first")), f.flow(t, id, "two", says("x"))
	restarted := f.again(Limits{})
	if err := restarted.Prepare(t.Context(), instance); err != nil {
		t.Fatal(err)
	}
	parsed, flowID, err := restarted.Published(instance, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if err := restarted.UpdateContent(t.Context(), id, other.ID, says(fmt.Sprint(round))); err != nil {
			t.Fatal(err)
		}
		if err := restarted.Prepare(t.Context(), instance, &flow.Run{Flow: flowID, Hash: parsed.Hash}); err != nil {
			t.Fatal(err)
		}
		again, _, err := restarted.Published(instance, made.ID)
		if err != nil || again != parsed {
			t.Errorf("chat %d: Published gives another value for the same content, %v", round, err)
		}
		if running, err := restarted.Content(flowID, parsed.Hash); err != nil || running != parsed {
			t.Errorf("chat %d: Content gives another value for the same content, %v", round, err)
		}
	}
}

func TestWithoutInstancePublishedSaysSo(t *testing.T) {
	f := newFixture(t, Limits{})
	if err := f.Prepare(t.Context(), "none", &flow.Run{Flow: "f", Hash: "h"}); err != nil {
		t.Fatalf("Prepare of an unknown instance: %v", err)
	}
	_, _, err := f.Published("none", "f")
	wantReason(t, "Published", err, center.NotFound)
	_, err = f.Content("f", "h")
	wantReason(t, "Content", err, center.NotFound)
}

func TestOldContentsAreForgotten(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	base := f.count(t, center.InstanceID(id), center.KindFlowVersion)
	contents := func() int { return f.count(t, center.InstanceID(id), center.KindFlowVersion) - base }
	made := f.flow(t, id, "one", says("0"))
	update := func(ref, text string) {
		t.Helper()
		if err := f.UpdateContent(ctx, id, ref, says(text)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		update(made.ID, fmt.Sprint(i))
	}
	if n := contents(); n != 5 {
		t.Errorf("%d contents while chats may run them; want 5", n)
	}
	f.now = f.now.Add(7 * 24 * time.Hour)
	update(made.ID, "a")
	if n := contents(); n != 6 {
		t.Errorf("%d contents after seven days; want 6: a chat may last that long", n)
	}
	f.now = f.now.Add(25 * time.Hour)
	update(made.ID, "b")
	if n := contents(); n != 3 { // "4", retired a day ago, "a" and "b"
		t.Errorf("%d contents after eight days; want 3", n)
	}
	for i := range 5 {
		update(made.ID+":$SAVED", "draft "+fmt.Sprint(i))
	}
	if n := contents(); n > 5 { // the drafts that were replaced go with the next change
		t.Errorf("%d contents after five drafts; want at most 5", n)
	}
	if err := f.DeleteFlow(ctx, id, made.ID); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(9 * 24 * time.Hour)
	other := f.flow(t, id, "two", says("x"))
	update(other.ID, "y")
	if n := contents(); n != 2 {
		t.Errorf("%d contents long after the flow was deleted; want 2 of the other one", n)
	}
	if snap, err := f.again(Limits{}).Snapshot(ctx, id); err != nil || len(snap.graves) != 0 {
		t.Errorf("%d deleted flows are left, %v", len(snap.graves), err)
	}
}

func TestContentPublishedDraftedAndDroppedStaysForItsChats(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	snap, _ := f.Snapshot(ctx, id)
	x, _, err := snap.Published(made.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ ref, text string }{{made.ID, "y"}, {made.ID + ":$SAVED", "x"}, {made.ID + ":$SAVED", "z"}, {made.ID, "w"}, {made.ID, "v"}} {
		if err := f.UpdateContent(ctx, id, step.ref, says(step.text)); err != nil {
			t.Fatal(err)
		}
	}
	restarted := f.again(Limits{})
	if err := restarted.Prepare(ctx, center.InstanceID(id), &flow.Run{Flow: center.FlowID(made.ID), Hash: x.Hash}); err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.Content(center.FlowID(made.ID), x.Hash); err != nil {
		t.Errorf("a content that chats run: %v", err)
	}
}

func TestDraftAndPublished(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made, err := f.CreateFlow(ctx, id, NewFlow{Name: "one", Type: TypeInbound, Content: `{"half":"done"}`, Draft: true})
	if err != nil {
		t.Fatal(err)
	}
	text := func(which Which) string {
		t.Helper()
		snap, err := f.Snapshot(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := snap.FindFlow(made.ID)
		if err != nil {
			t.Fatal(err)
		}
		s, hash, err := f.Text(ctx, snap, got, which)
		if err != nil {
			return center.ReasonOf(err).String()
		}
		if parsed, err := flow.Parse([]byte(s)); err != nil || parsed.Hash != hash {
			t.Errorf("hash %s is not that of the content, %v", hash, err)
		}
		return s
	}
	check := func(when string, which Which, want string) {
		t.Helper()
		if got := text(which); got != want {
			t.Errorf("%s: content %d is %q; want %q", when, which, got, want)
		}
	}
	check("created as a draft", Live, "not published")
	check("created as a draft", Saved, `{"half":"done"}`)
	snap, _ := f.Snapshot(ctx, id)
	wantReason(t, "CanStart", snap.CanStart(made.ID), center.NotPublished)
	if err := f.UpdateContent(ctx, id, made.ID, says("live")); err != nil {
		t.Fatal(err)
	}
	check("published", Live, says("live"))
	check("published", Saved, says("live"))
	if err := f.UpdateContent(ctx, id, made.ID+":$SAVED", says("draft")); err != nil {
		t.Fatal(err)
	}
	check("saved anew", Live, says("live"))
	check("saved anew", Saved, says("draft"))
	err = f.UpdateContent(ctx, id, made.ID, `{"half":"done"}`)
	wantReason(t, "publishing half a flow", err, center.InvalidFlow)
	check("not published", Live, says("live"))
}

func TestInvalidFlowTellsAllProblems(t *testing.T) {
	f := newFixture(t, Limits{})
	id := f.instance(t, "acme")
	content := `{"Version":"2019-10-30","StartAction":"nowhere","Actions":[{"Identifier":"a","Type":"Nonsense","Parameters":{},"Transitions":{"NextAction":"b"}}]}`
	_, err := f.CreateFlow(t.Context(), id, NewFlow{Name: "one", Type: TypeInbound, Content: content})
	wantReason(t, "CreateFlow", err, center.InvalidFlow)
	e, ok := err.(*center.Error)
	if !ok || len(e.Problems) < 3 {
		t.Fatalf("problems %v; want the start, the type and the target", err)
	}
	_, err = f.CreateFlow(t.Context(), id, NewFlow{Name: "one", Type: TypeInbound, Content: "no JSON", Draft: true})
	wantReason(t, "a draft that is no JSON", err, center.InvalidFlow)
	snap, _ := f.Snapshot(t.Context(), id)
	for _, have := range All[*Flow](snap) {
		if have.Name == "one" {
			t.Error("a refused flow is there")
		}
	}
}

func TestVersions(t *testing.T) {
	f := newFixture(t, Limits{FlowVersions: 2})
	ctx := t.Context()
	id := f.instance(t, "acme")
	inbound := f.flow(t, id, "inbound", says("x"))
	_, _, err := f.CreateVersion(ctx, id, inbound.ID, "", "", 0)
	wantReason(t, "a version of an inbound flow", err, center.BadRequest)
	made, err := f.CreateFlow(ctx, id, NewFlow{Name: "campaign", Type: "CAMPAIGN", Content: says("one")})
	if err != nil {
		t.Fatal(err)
	}
	_, n, err := f.CreateVersion(ctx, id, made.ID, "the first", made.Published, 0)
	if err != nil || n != 1 {
		t.Fatalf("CreateVersion = %d, %v; want 1", n, err)
	}
	if err := f.UpdateContent(ctx, id, made.ID, says("two")); err != nil {
		t.Fatal(err)
	}
	_, _, err = f.CreateVersion(ctx, id, made.ID, "", made.Published, 0)
	wantReason(t, "a hash that is not published", err, center.BadRequest)
	_, _, err = f.CreateVersion(ctx, id, made.ID, "", "", 1)
	wantReason(t, "a number that was used", err, center.Invalid)
	if _, n, err = f.CreateVersion(ctx, id, made.ID, "", "", 5); err != nil || n != 5 {
		t.Errorf("CreateVersion = %d, %v; want 5", n, err)
	}
	_, _, err = f.CreateVersion(ctx, id, made.ID, "", "", 0)
	wantReason(t, "the third of two", err, center.LimitExceeded)
	f.now = f.now.Add(9 * 24 * time.Hour)
	if err := f.DeleteVersion(ctx, id, made.ID, 5); err != nil {
		t.Fatal(err)
	}
	wantReason(t, "deleting it again", f.DeleteVersion(ctx, id, made.ID, 5), center.NotFound)
	if _, n, err = f.CreateVersion(ctx, id, made.ID, "", "", 0); err != nil || n != 6 {
		t.Errorf("CreateVersion after a deletion = %d, %v; want 6: numbers are not used again", n, err)
	}
	snap, _ := f.again(Limits{}).Snapshot(ctx, id)
	got, which, err := snap.FindFlow(made.ID + ":1")
	if err != nil || which != 1 {
		t.Fatalf("FindFlow = %d, %v; want version 1", which, err)
	}
	if text, _, err := f.Text(ctx, snap, got, which); err != nil || text != says("one") {
		t.Errorf("version 1 is %q, %v", text, err)
	}
	wantReason(t, "changing a version", f.UpdateContent(ctx, id, made.ID+":1", says("x")), center.Invalid)
}

func TestFlowNamesStatesAndQuota(t *testing.T) {
	f := newFixture(t, Limits{Flows: 4})
	ctx := t.Context()
	id := f.instance(t, "acme") // with the two samples, which count
	one := f.flow(t, id, "one", says("x"))
	two := f.flow(t, id, "two", says("x"))
	_, err := f.CreateFlow(ctx, id, NewFlow{Name: "three", Type: TypeInbound, Content: says("x")})
	wantReason(t, "one flow too many", err, center.LimitExceeded)
	wantReason(t, "a name that is taken", f.DescribeFlow(ctx, id, two.ID, Describing{Name: new("one")}), center.Duplicate)
	wantReason(t, "a long name", f.DescribeFlow(ctx, id, two.ID, Describing{Name: new(strings.Repeat("n", 128))}), center.Invalid)
	wantReason(t, "a control character", f.DescribeFlow(ctx, id, two.ID, Describing{Name: new("a\x00b")}), center.Invalid)
	wantReason(t, "a long description", f.DescribeFlow(ctx, id, two.ID, Describing{Description: new(strings.Repeat("n", 501))}), center.Invalid)
	if err := f.DescribeFlow(ctx, id, one.ID, Describing{Name: new("one"), Description: new("d"), Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	snap, _ := f.Snapshot(ctx, id)
	wantReason(t, "starting an archived flow", snap.CanStart(one.ID), center.BadRequest)
	if err := f.DescribeFlow(ctx, id, one.ID, Describing{Archived: new(false)}); err != nil {
		t.Fatal(err)
	}
	snap, _ = f.Snapshot(ctx, id)
	if err := snap.CanStart(one.ID); err != nil {
		t.Errorf("CanStart of a flow that is active again: %v", err)
	}
	if err := f.DeleteFlow(ctx, id, one.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.DescribeFlow(ctx, id, two.ID, Describing{Name: new("one")}); err != nil {
		t.Errorf("a name that became free: %v", err)
	}
	for _, d := range All[*Flow](snap) {
		if d.Default {
			wantReason(t, "deleting "+d.Name, f.DeleteFlow(ctx, id, d.ID), center.BadRequest)
			wantReason(t, "archiving "+d.Name, f.DescribeFlow(ctx, id, d.ID, Describing{Archived: new(true)}), center.BadRequest)
		}
		if d.Name == "Default customer queue" {
			wantReason(t, "starting "+d.Name, snap.CanStart(d.ID), center.BadRequest)
		}
	}
}

func TestUnreadableContentDoesNotHideTheInstance(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	row := center.Resource{Kind: center.KindFlowVersion, ID: contentID(made.ID, made.Published)}
	if err := f.store.DeleteResources(ctx, row); err != nil {
		t.Fatal(err)
	}
	snap, err := f.again(Limits{}).Snapshot(ctx, id)
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	if _, _, err := snap.Published(made.ID); err == nil {
		t.Error("Published gave a content that is lost")
	}
}

func TestContentComesBackWhenItIsAboutToGo(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	for _, text := range []string{"y", "x", "y", "x"} {
		f.now = f.now.Add(9 * 24 * time.Hour)
		if err := f.UpdateContent(ctx, id, made.ID, says(text)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Published(center.InstanceID(id), made.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.again(Limits{}).Prepare(ctx, center.InstanceID(id), &flow.Run{Flow: center.FlowID(made.ID), Hash: made.Published}); err != nil {
		t.Fatal(err)
	}
	snap, err := f.again(Limits{}).Snapshot(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err := snap.Published(made.ID); err != nil || string(p.Content()) != says("x") {
		t.Errorf("the content that came back is %v, %v", p, err)
	}
}

func TestContentLeftBehindIsTakenOver(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("x"))
	parsed, err := flow.Parse([]byte(says("y")))
	if err != nil {
		t.Fatal(err)
	}
	row, err := f.contentRow(made, parsed.Hash, string(parsed.Content()))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.store.PutResources(ctx, row); err != nil {
		t.Fatal(err)
	}
	if err := f.UpdateContent(ctx, id, made.ID, says("y")); err != nil {
		t.Fatalf("UpdateContent with a content that the store has already: %v", err)
	}
	if p, _, err := f.Published(center.InstanceID(id), made.ID); err != nil || p.Hash != parsed.Hash {
		t.Errorf("Published = %v, %v", p, err)
	}
}

func BenchmarkPrepareAndContent(b *testing.B) {
	s, err := sqlite.Open(b.Context(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := New(Config{Store: s, Partition: testPartition, Now: func() time.Time { return time.Unix(0, 0) }})
	if err := c.SeedDemo(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := c.Prepare(b.Context(), DemoInstance, nil); err != nil {
		b.Fatal(err)
	}
	f, id, err := c.Published(DemoInstance, DemoFlow)
	if err != nil {
		b.Fatal(err)
	}
	run := &flow.Run{Flow: id, Hash: f.Hash}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Prepare(b.Context(), DemoInstance, run); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Content(id, f.Hash); err != nil {
			b.Fatal(err)
		}
	}
}
