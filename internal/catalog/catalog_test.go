package catalog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

var testPartition = center.Partition{Region: "us-east-1", Account: "123456789012"}

// fixture is a catalog over a store in memory, with a clock that stands still.
type fixture struct {
	*catalog.Catalog
	store store.Store
	now   time.Time
}

func newFixture(t *testing.T, limits catalog.Limits) *fixture {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &fixture{store: s, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	f.Catalog = f.again(limits)
	return f
}

// again returns another catalog over the same store, as after a restart.
func (f *fixture) again(limits catalog.Limits, change ...func(*catalog.Config)) *catalog.Catalog {
	cfg := catalog.Config{Store: f.store, Partition: testPartition, Now: func() time.Time { return f.now }, Limits: limits}
	for _, c := range change {
		c(&cfg)
	}
	return catalog.New(cfg)
}

func (f *fixture) instance(t *testing.T, alias string) center.InstanceID {
	t.Helper()
	i, err := setup.CreateInstance(t.Context(), f.Catalog, setup.NewInstance{Alias: alias, Identity: "CONNECT_MANAGED"})
	if err != nil {
		t.Fatal(err)
	}
	return i.ID
}

// says is a flow that says a text and ends.
func says(text string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"say","Actions":[
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, text)
}

func (f *fixture) flow(t *testing.T, id center.InstanceID, name, content string) *catalog.Flow {
	t.Helper()
	made, err := publishing.CreateFlow(t.Context(), f.Catalog, id, publishing.NewFlow{Name: name, Type: catalog.TypeInbound, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func wantReason(t *testing.T, what string, err error, want center.Reason) {
	t.Helper()
	if err == nil || center.ReasonOf(err) != want {
		t.Errorf("%s = %v; want %v", what, err, want)
	}
}

func TestCreateInstanceBringsEverything(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	id := f.instance(t, "acme")
	for _, c := range []*catalog.Catalog{f.Catalog, f.again(catalog.Limits{})} {
		snap, err := c.Snapshot(t.Context(), string(id))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(catalog.All[*catalog.Flow](snap)); n != len(flow.Defaults())-1 {
			t.Errorf("%d flows; want all defaults but the demo", n)
		}
		var names []string
		for _, s := range catalog.All[*catalog.SecurityProfile](snap) {
			names = append(names, s.Name)
		}
		if want := []string{"Admin", "Agent", "CallCenterManager", "QualityAnalyst"}; !slices.Equal(names, want) {
			t.Errorf("security profiles %q; want %q", names, want)
		}
		profile := catalog.All[*catalog.RoutingProfile](snap)[0]
		queue, err := catalog.Get[*catalog.Queue](snap, profile.Queues[0].Queue)
		if err != nil || queue.Name != "BasicQueue" {
			t.Errorf("queue of the routing profile: %v, %v", queue, err)
		}
		if hours, err := catalog.Find[*catalog.Hours](snap, snap.ARN(center.KindHours, string(queue.Hours))); err != nil || hours.Name != "Basic Hours" || len(hours.Config) != 5 {
			t.Errorf("hours of the queue: %v, %v", hours, err)
		}
		if statuses := catalog.All[*catalog.AgentStatus](snap); len(statuses) != 2 || statuses[0].Type != "ROUTABLE" || statuses[1].Type != "OFFLINE" {
			t.Errorf("agent statuses %v", statuses)
		}
		for _, d := range catalog.All[*catalog.Flow](snap) {
			if _, _, err := snap.Published(string(d.ID)); err != nil {
				t.Errorf("default flow %q: %v", d.Name, err)
			}
		}
	}
}

func TestInstanceAliasAndToken(t *testing.T) {
	f := newFixture(t, catalog.Limits{Instances: 3})
	ctx := t.Context()
	first, err := setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "Acme", Identity: "SAML", Token: "t1"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "Acme", Identity: "SAML", Token: "t1"})
	if err != nil || again.ID != first.ID {
		t.Errorf("the same token gave %v, %v; want instance %s", again, err, first.ID)
	}
	_, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "acme", Identity: "SAML", Token: "t2"})
	wantReason(t, "an alias that differs in case", err, center.Duplicate)
	_, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Identity: "SAML"})
	wantReason(t, "no alias", err, center.BadRequest)
	_, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "b", Identity: "EXISTING_DIRECTORY"})
	wantReason(t, "no directory", err, center.BadRequest)
	f.instance(t, "b")
	f.instance(t, "c")
	_, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "d", Identity: "SAML"})
	wantReason(t, "the fourth of three", err, center.QuotaExceeded)
	if err := f.Delete(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "acme", Identity: "SAML"}); err != nil {
		t.Errorf("an alias that became free: %v", err)
	}
}

func TestConcurrentAliasesHaveOneWinner(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	other := f.again(catalog.Limits{}) // as another process, with locks of its own
	won := race(8, func(i int) error {
		c := []*catalog.Catalog{f.Catalog, other}[i%2]
		_, err := setup.CreateInstance(t.Context(), c, setup.NewInstance{Alias: "acme", Identity: "SAML"})
		return err
	})
	if won != 1 {
		t.Errorf("%d of 8 got the alias", won)
	}
}

// race runs n calls at once and counts those that succeed.
func race(n int, call func(i int) error) int {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = call(i) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	return won
}

func TestConcurrentFlowsOfOneNameHaveOneWinner(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	id := f.instance(t, "acme")
	other := f.again(catalog.Limits{})
	won := race(8, func(i int) error {
		c := []*catalog.Catalog{f.Catalog, other}[i%2]
		_, err := publishing.CreateFlow(t.Context(), c, id, publishing.NewFlow{Name: "one", Type: catalog.TypeInbound, Content: says("hello")})
		return err
	})
	if won != 1 {
		t.Errorf("%d of 8 got the name", won)
	}
}

func TestWritesOfAnotherProcessAreNotLost(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	id := f.instance(t, "acme")
	other := f.again(catalog.Limits{})
	made := f.flow(t, id, "one", says("hello"))
	if _, err := other.Snapshot(t.Context(), string(id)); err != nil {
		t.Fatal(err)
	}
	arn := testPartition.ARN(id, center.KindFlow, string(made.ID))
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
	f := newFixture(t, catalog.Limits{})
	id := f.instance(t, "acme")
	made := f.flow(t, id, "one", says("hello"))
	if err := publishing.Delete[*catalog.Flow](t.Context(), f.Catalog, id, made.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	_, err := f.Snapshot(t.Context(), string(id))
	wantReason(t, "Snapshot", err, center.NotFound)
	for _, kind := range catalog.Kinds {
		if n := f.count(t, id, kind); n != 0 {
			t.Errorf("%d rows of %s are left", n, kind)
		}
	}
	if n := f.count(t, "", center.KindSetting); n != 0 {
		t.Errorf("%d settings are left", n)
	}
	wantReason(t, "Delete again", f.Delete(t.Context(), id), center.NotFound)
}

func (f *fixture) count(t *testing.T, instance center.InstanceID, kind center.Kind) int {
	t.Helper()
	n := 0
	for r, err := range f.store.Resources(t.Context(), instance, kind) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Instance == instance {
			n++
		}
	}
	return n
}

func TestSeedDemoTwice(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	for range 2 {
		if err := setup.SeedDemo(t.Context(), f.Catalog); err != nil {
			t.Fatal(err)
		}
	}
	snap, err := f.Snapshot(t.Context(), catalog.DemoInstance)
	if err != nil {
		t.Fatal(err)
	}
	if err := snap.CanStart(catalog.DemoFlow); err != nil {
		t.Errorf("the demo flow: %v", err)
	}
	if q, err := catalog.Find[*catalog.Queue](snap, catalog.DemoQueue); err != nil || q.Name != "BasicQueue" {
		t.Errorf("the demo queue: %v, %v", q, err)
	}
	if err := publishing.Delete[*catalog.Flow](t.Context(), f.Catalog, catalog.DemoInstance, catalog.DemoFlow); err != nil {
		t.Fatal(err)
	}
	if err := setup.SeedDemo(t.Context(), f.again(catalog.Limits{})); err != nil {
		t.Fatal(err)
	}
	snap, _ = f.Snapshot(t.Context(), catalog.DemoInstance)
	wantReason(t, "a flow deleted before the second start", snap.CanStart(catalog.DemoFlow), center.NotFound)
}

func TestReferences(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	id, other := f.instance(t, "acme"), f.instance(t, "other")
	made := f.flow(t, id, "one", says("hello"))
	arn := testPartition.ARN(id, center.KindFlow, string(made.ID))
	snap, err := f.Snapshot(t.Context(), testPartition.InstanceARN(id))
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
		string(made.ID) + ":x":                             center.Invalid,
		string(made.ID) + ":-1":                            center.Invalid,
		string(made.ID) + ":$SAVED":                        center.BadRequest,
	} {
		_, _, err := snap.Published(ref)
		wantReason(t, fmt.Sprintf("Published(%q)", ref), err, want)
	}
	for _, ref := range []string{"", "x", arn, strings.Replace(testPartition.InstanceARN(id), "1234", "9", 1)} {
		_, err := f.Snapshot(t.Context(), ref)
		wantReason(t, fmt.Sprintf("Snapshot(%q)", ref), err, center.NotFound)
	}
}

func TestSetAttributeConcurrently(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	id := f.instance(t, "acme")
	snap, _ := f.Snapshot(t.Context(), string(id))
	names := snap.Instance.AttributeNames()
	won := race(len(names), func(i int) error {
		return setup.SetAttribute(context.WithoutCancel(t.Context()), f.Catalog, id, names[i], "true")
	})
	snap, err := f.Snapshot(t.Context(), string(id))
	if err != nil || won != len(names) {
		t.Fatalf("%d of %d writes succeeded, %v", won, len(names), err)
	}
	for _, n := range names {
		if value, _ := snap.Instance.Attribute(n); value != "true" {
			t.Errorf("%s = %s after a concurrent write", n, value)
		}
	}
	wantReason(t, "a value", setup.SetAttribute(t.Context(), f.Catalog, id, names[0], "yes"), center.Invalid)
	wantReason(t, "an attribute", setup.SetAttribute(t.Context(), f.Catalog, id, "COFFEE", "true"), center.Invalid)
	wantReason(t, "an instance", setup.SetAttribute(t.Context(), f.Catalog, "x", names[0], "true"), center.NotFound)
}
