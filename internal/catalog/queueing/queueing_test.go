package queueing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/hours"
)

func TestQueueAndHoursHoldToEachOther(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{Queues: 2})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	shop := catalogtest.Must(queueing.CreateHours(ctx, f.Catalog, id, queueing.NewHours{Name: "Shop", TimeZone: "Europe/Berlin"}))
	q := catalogtest.Must(queueing.CreateQueue(ctx, f.Catalog, id, queueing.NewQueue{Name: "q", Hours: shop.ID}))
	inbound := f.NewFlow(t, id, "inbound", catalogtest.Says("x"))

	_, err := queueing.CreateQueue(ctx, f.Catalog, id, queueing.NewQueue{Name: "third", Hours: shop.ID})
	catalogtest.WantReason(t, "the third queue of two", err, center.LimitExceeded)
	change := func(c queueing.QueueChange) error { return queueing.UpdateQueue(ctx, f.Catalog, id, q.ID, c) }
	catalogtest.WantReason(t, "unknown hours", change(queueing.QueueChange{Hours: new(center.HoursID("x"))}), center.NotFound)
	catalogtest.WantReason(t, "an unknown flow", change(queueing.QueueChange{Outbound: &queueing.Outbound{Flow: "x"}}), center.NotFound)
	catalogtest.WantReason(t, "a flow of another type", change(queueing.QueueChange{Outbound: &queueing.Outbound{Flow: center.FlowRef(inbound.ID)}}), center.BadRequest)
	catalogtest.WantReason(t, "a name that is taken", change(queueing.QueueChange{Name: new("BasicQueue")}), center.Duplicate)
	catalogtest.WantReason(t, "hours of a queue", queueing.DeleteHours(ctx, f.Catalog, id, shop.ID), center.InUse)

	waiting := int64(1)
	count := func(context.Context, *catalog.Queue) (int64, error) { return waiting, nil }
	catalogtest.WantReason(t, "a queue in which a contact waits", queueing.DeleteQueue(ctx, f.Catalog, id, q.ID, count), center.InUse)
	waiting = 0
	if err := queueing.DeleteQueue(ctx, f.Catalog, id, q.ID, count); err != nil {
		t.Errorf("an empty queue: %v", err)
	}
	if err := queueing.DeleteHours(ctx, f.Catalog, id, shop.ID); err != nil {
		t.Errorf("hours that nothing has: %v", err)
	}
}

func TestOverridesKeepTheirNamesAndParents(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := func(name string) center.HoursID {
		return catalogtest.Must(queueing.CreateHours(ctx, f.Catalog, id, queueing.NewHours{Name: name, TimeZone: "UTC"})).ID
	}
	shop, holidays := made("Shop"), made("Holidays")
	eve := hours.Override{Name: "Eve", From: "2026-12-24", Till: "2026-12-24"}
	override := catalogtest.Must(queueing.AddOverride(ctx, f.Catalog, id, holidays, eve))
	_, err := queueing.AddOverride(ctx, f.Catalog, id, holidays, eve)
	catalogtest.WantReason(t, "an override with a name that is taken", err, center.Duplicate)
	catalogtest.WantReason(t, "an override that ends before it begins",
		queueing.UpdateOverride(ctx, f.Catalog, id, holidays, override, queueing.OverrideChange{Till: new(hours.Date("2026-12-01"))}), center.BadRequest)

	catalogtest.WantReason(t, "hours that are their own parent", queueing.ShareHours(ctx, f.Catalog, id, shop, []center.HoursID{shop}), center.BadRequest)
	catalogtest.WantReason(t, "a parent that is not one", queueing.UnshareHours(ctx, f.Catalog, id, shop, []center.HoursID{holidays}), center.BadRequest)
	if err := queueing.ShareHours(ctx, f.Catalog, id, shop, []center.HoursID{holidays}); err != nil {
		t.Fatal(err)
	}
	catalogtest.WantReason(t, "a parent", queueing.DeleteHours(ctx, f.Catalog, id, holidays), center.InUse)
	snap := catalogtest.Must(f.Snapshot(ctx, string(id)))
	shared := snap.Shared(catalogtest.Must(catalog.Get[*catalog.Hours](snap, shop)))
	if len(shared) != 1 || len(shared[0].Overrides) != 1 || shared[0].Overrides[0].Type != hours.Standard {
		t.Errorf("the hours share %+v; want the override of the type STANDARD", shared)
	}
}

// TestAQueueHasAThousandQuickConnects at most, however they are added.
func TestAQueueHasAThousandQuickConnects(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{QuickConnects: 2000})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	var all []center.QuickConnectID
	err := f.Change(ctx, id, func(*catalog.Snapshot) (w catalog.Write, err error) {
		for i := range 1001 {
			k := center.QuickConnectID(fmt.Sprintf("quick connect %04d", i))
			all = append(all, k)
			w.Put = append(w.Put, &catalog.QuickConnect{Meta: catalog.NewMeta(f.Catalog, id, k, string(k), nil), Type: catalog.ToPhone, Phone: "+15550100"})
		}
		return w, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	shop := catalogtest.Must(queueing.CreateHours(ctx, f.Catalog, id, queueing.NewHours{Name: "Shop", TimeZone: "Europe/Berlin"}))
	q := catalogtest.Must(queueing.CreateQueue(ctx, f.Catalog, id, queueing.NewQueue{Name: "q", Hours: shop.ID, QuickConnects: all[:1000]}))
	catalogtest.WantReason(t, "the 1,001st", queueing.OfferQuickConnects(ctx, f.Catalog, id, q.ID, all[1000:]), center.LimitExceeded)
	if err := queueing.OfferQuickConnects(ctx, f.Catalog, id, q.ID, all[:10]); err != nil {
		t.Errorf("ten that it has: %v", err)
	}
	if err := queueing.WithdrawQuickConnects(ctx, f.Catalog, id, q.ID, all[:1]); err != nil {
		t.Fatal(err)
	}
	if err := queueing.OfferQuickConnects(ctx, f.Catalog, id, q.ID, all[1000:]); err != nil {
		t.Errorf("another one in place of one: %v", err)
	}
	if err := queueing.DeleteQuickConnect(ctx, f.Catalog, id, all[1000]); err != nil {
		t.Fatal(err)
	}
	snap := catalogtest.Must(f.Again(catalog.Limits{}).Snapshot(ctx, string(id)))
	if stored := catalogtest.Must(catalog.Get[*catalog.Queue](snap, q.ID)).QuickConnects; !slices.Equal(stored, all[1:1000]) {
		t.Errorf("the queue has %d quick connects after all", len(stored))
	}
	catalogtest.WantReason(t, "offering what is gone", queueing.OfferQuickConnects(ctx, f.Catalog, id, q.ID, all[1000:]), center.NotFound)
}

// TestRoutingProfilesOfOlderBuilds reads a routing profile as it was stored before there were
// lists for picking by hand.
func TestRoutingProfilesOfOlderBuilds(t *testing.T) {
	var p catalog.RoutingProfile
	if err := json.Unmarshal([]byte(`{"defaultOutbound":"q","concurrency":[{"channel":"CHAT","max":2,"anyChannel":true}],"queues":[{"queue":"q","channel":"CHAT","priority":1,"delay":5}],"timer":"TIME_SINCE_LAST_ACTIVITY"}`), &p); err != nil {
		t.Fatal(err)
	}
	if want := []catalog.ProfileQueue{{QueueChannel: catalog.QueueChannel{Queue: "q", Channel: "CHAT"}, Priority: 1, Delay: 5}}; !slices.Equal(p.Queues, want) || len(p.Manual) > 0 {
		t.Errorf("the queues are %+v", p.Queues)
	}
	if c, ok := p.On("CHAT"); !ok || c.Max != 2 || !c.AnyChannel {
		t.Errorf("chats: %+v, %t", c, ok)
	}
	if c, ok := p.On("VOICE"); ok {
		t.Errorf("calls: %+v; want none", c)
	}
}
