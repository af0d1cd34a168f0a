package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/hours"
)

func TestWhatFlowsAskFor(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	snap := catalogtest.Must(f.Snapshot(ctx, string(id)))
	basic := catalog.All[*catalog.Hours](snap)[0]
	q, err := queueing.CreateQueue(ctx, f.Catalog, id, queueing.NewQueue{Name: "q", Hours: basic.ID, MaxContacts: new(int32(2))})
	if err != nil {
		t.Fatal(err)
	}
	arn := catalogtest.Partition.ARN(id, center.KindQueue, string(q.ID))
	for _, ref := range []string{string(q.ID), arn} {
		got, err := f.Chats().Queue(id, ref)
		if want := (machine.Queue{ID: q.ID, ARN: arn, Name: "q", Hours: string(basic.ID), Max: 2}); err != nil || got != want {
			t.Errorf("Queue(%s) = %+v, %v; want %+v", ref, got, err, want)
		}
	}
	if err := queueing.UpdateQueue(ctx, f.Catalog, id, q.ID, queueing.QueueChange{Disabled: new(true), MaxContacts: new((*int32)(nil))}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Chats().Queue(id, string(q.ID)); err != nil || !got.Disabled || got.Max != -1 {
		t.Errorf("the closed queue is %+v, %v", got, err)
	}
	for _, ref := range []string{"", "x", "agent/x", catalogtest.Partition.ARN(id, center.KindQueue, "agent/x"), strings.Replace(arn, "1234", "9", 1)} {
		_, err := f.Chats().Queue(id, ref)
		catalogtest.WantReason(t, "Queue("+ref+")", err, center.NotFound)
	}
	ana := catalogtest.Must(add(t, f.Catalog, id, "ana"))
	own := center.QueueID("agent/" + ana.ID)
	for _, ref := range []string{string(own), catalogtest.Partition.ARN(id, center.KindQueue, string(own))} {
		got, err := f.Chats().Queue(id, ref)
		if want := (machine.Queue{ID: own, ARN: catalogtest.Partition.ARN(id, center.KindQueue, string(own)), Max: -1}); err != nil || got != want {
			t.Errorf("Queue(%s) = %+v, %v; want %+v", ref, got, err, want)
		}
	}
	again := f.Again(catalog.Limits{}).Chats() // which has to have the users as well
	if err := again.Prepare(ctx, id); err != nil {
		t.Fatal(err)
	}
	if got, err := again.Queue(id, string(own)); err != nil || got.ID != own {
		t.Errorf("prepared elsewhere Queue(%s) = %+v, %v", own, got, err)
	}

	monday := time.Date(2026, 1, 5, 15, 0, 0, 0, time.UTC) // ten in New York
	for _, ref := range []string{string(basic.ID), catalogtest.Partition.ARN(id, center.KindHours, string(basic.ID))} {
		if got, err := f.Chats().Hours(id, ref, monday); err != nil || !got.Open || got.Override != "" {
			t.Errorf("Hours(%s) = %+v, %v", ref, got, err)
		}
	}
	if _, err := queueing.AddOverride(ctx, f.Catalog, id, basic.ID, hours.Override{Name: "holiday", Type: hours.Closed, From: "2026-01-05", Till: "2026-01-05"}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Chats().Hours(id, string(basic.ID), monday); err != nil || got.Open || got.Override != "holiday" {
		t.Errorf("on the holiday Hours = %+v, %v", got, err)
	}
	_, err = f.Chats().Hours(id, "x", monday)
	catalogtest.WantReason(t, "Hours", err, center.NotFound)

	d, flowID, err := f.Chats().Default(id, "CUSTOMER_QUEUE")
	if err != nil || d == nil || flowID == "" {
		t.Errorf("Default = %v, %v", d, err)
	}
	if _, err := f.Chats().Content(flowID, d.Hash); err != nil {
		t.Errorf("the content of the default flow: %v", err)
	}
	_, _, err = f.Chats().Default(id, "CAMPAIGN")
	catalogtest.WantReason(t, "Default", err, center.NotFound)

	for _, ref := range []string{"form", "form:Latest", "form:1", "arn:aws:connect:us-west-2:aws:view/form:1"} {
		got, err := f.Chats().FindView(id, ref)
		if err != nil || got.ID != "form" || got.ARN != "arn:aws:connect:us-east-1:aws:view/form" || got.Version != 1 || !slices.Contains(got.Actions, "Next") || got.Hash == "" {
			t.Errorf("FindView(%s) = %+v, %v", ref, got, err)
		}
	}
	v, err := publishing.CreateView(ctx, f.Catalog, id, publishing.NewView{Name: "s", Content: catalog.ViewContent{Template: `{}`, Actions: []string{"a"}}, Draft: true})
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]center.Reason{string(v.ID): center.NotPublished, string(v.ID) + ":$SAVED": center.BadRequest, string(v.ID) + ":1": center.NotFound, "forms": center.NotFound, "form:2": center.NotFound, "form:x": center.Invalid} {
		_, err := f.Chats().FindView(id, ref)
		catalogtest.WantReason(t, "FindView("+ref+")", err, want)
	}

	const unknown = center.InstanceID("x")
	for what, err := range map[string]error{
		"Queue": second(f.Chats().Queue(unknown, string(q.ID))), "Hours": second(f.Chats().Hours(unknown, string(basic.ID), monday)), "FindView": second(f.Chats().FindView(unknown, "form")),
		"LambdaAllowed": f.Chats().LambdaAllowed(unknown, "f"), "BotAllowed": f.Chats().BotAllowed(unknown, "b"),
	} {
		catalogtest.WantReason(t, what+" of an unknown instance", err, center.NotFound)
	}
}

func second[T any](_ T, err error) error { return err }

// TestReadersSeeWholeChanges reads while others write: a module's alias always
// leads to a version that is there.
func TestReadersSeeWholeChanges(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{FlowVersions: 100})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	m := f.NewModule(t, id, "m", catalogtest.Returns("0"))
	if _, _, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	alias, err := publishing.CreateAlias[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewAlias{Name: "prod", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				if _, _, err := f.Chats().Module(id, string(m.ID)+":prod"); err != nil {
					t.Errorf("Module: %v", err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 20 {
		if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(catalogtest.Returns(fmt.Sprint(i+1))), nil); err != nil {
			t.Fatal(err)
		}
		_, n, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{})
		if err != nil {
			t.Fatal(err)
		}
		if err := publishing.UpdateAlias[*catalog.Module](ctx, f.Catalog, id, m.ID, alias.ID, publishing.AliasChange{Version: &n}); err != nil {
			t.Fatal(err)
		}
		if err := publishing.DeleteVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, n-1); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
}
