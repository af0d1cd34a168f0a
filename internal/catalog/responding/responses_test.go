package responding_test

import (
	"strings"
	"sync"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/responding"
	"parley.example/parley/internal/center"
)

func TestQuickResponses(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{QuickResponses: 2})
	c, ctx, id := f.Catalog, t.Context(), f.NewInstance(t, "words")
	hi := catalogtest.Must(responding.Create(ctx, c, id, responding.Draft{Name: "Greeting", Content: "Hello", Shortcut: "hi", Token: "once"}))
	if again, err := responding.Create(ctx, c, id, responding.Draft{Name: "Greeting", Content: "Hello", Shortcut: "hi", Token: "once"}); err != nil || again.ID != hi.ID {
		t.Errorf("made again with its token it is %+v, %v; want the same", again, err)
	}
	for what, n := range map[string]responding.Draft{
		"the name":     {Name: "Greeting", Content: "Hello"},
		"the shortcut": {Name: "Another", Content: "Hello", Shortcut: "Hí"},
	} {
		_, err := responding.Create(ctx, c, id, n)
		catalogtest.WantReason(t, what+" of another", err, center.Duplicate)
	}
	_, err := responding.Create(ctx, c, id, responding.Draft{Name: "Another", Content: "Hello", Shortcut: "two words"})
	catalogtest.WantReason(t, "a shortcut of two words", err, center.Invalid)
	_, err = responding.Create(ctx, c, id, responding.Draft{Name: "Another", Content: "Hello", Profiles: []center.RoutingProfileID{"nobody"}})
	catalogtest.WantReason(t, "an unknown profile", err, center.NotFound)
	bye := catalogtest.Must(responding.Create(ctx, c, id, responding.Draft{Name: "Farewell", Content: "Bye", Shortcut: "bye"}))
	_, err = responding.Create(ctx, c, id, responding.Draft{Name: "Third", Content: "Bye"})
	catalogtest.WantReason(t, "one more than the quota", err, center.LimitExceeded)
	catalogtest.WantReason(t, "the other's shortcut", responding.Update(ctx, c, id, bye.ID, responding.Change{Shortcut: new("HI")}), center.Duplicate)
	catalogtest.WantReason(t, "the other's name", responding.Update(ctx, c, id, bye.ID, responding.Change{Name: new("Greeting")}), center.Duplicate)
	if err := responding.Update(ctx, c, id, bye.ID, responding.Change{
		Name: new("Good-bye"), Shortcut: new(""), Description: new("The last words"), Markdown: new(true), Disabled: new(true), Profiles: &[]center.RoutingProfileID{},
	}); err != nil {
		t.Fatal(err)
	}
	// Another node, or the same one after a restart, reads the same.
	snap, err := f.Again(catalog.Limits{}).SnapshotWith(ctx, center.KindQuickResponse, string(id))
	if err != nil {
		t.Fatal(err)
	}
	got, err := catalog.Get[*catalog.QuickResponse](snap, bye.ID)
	if err != nil || got.Name != "Good-bye" || got.Content != "Bye" || got.Shortcut != "" || got.Description != "The last words" || !got.Markdown || !got.Disabled {
		t.Errorf("the quick response is %+v, %v", got, err)
	}
	if arn := snap.ARNOf(got); !strings.HasSuffix(arn, "/quick-response/"+string(bye.ID)) {
		t.Errorf("its ARN is %s", arn)
	}
	if err := responding.Delete(ctx, c, id, hi.ID); err != nil {
		t.Fatal(err)
	}
	catalogtest.WantReason(t, "deleting what is deleted", responding.Delete(ctx, c, id, hi.ID), center.NotFound)
	if n := f.Count(t, id, center.KindQuickResponse); n != 1 {
		t.Errorf("the store has %d quick responses; want one", n)
	}
}

// A request that is repeated while the first is under way has the answer of the first.
func TestCreateAtOnce(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "words")
	made, errs := make([]*catalog.QuickResponse, 3), make([]error, 3)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			made[i], errs[i] = responding.Create(t.Context(), f.Catalog, id, responding.Draft{Name: "Greeting", Content: "Hello", Shortcut: "hi", Token: "once"})
		})
	}
	all.Wait()
	for i := range made {
		if errs[i] != nil || made[i].ID != made[0].ID {
			t.Errorf("request %d: %+v, %v; want what the others have", i, made[i], errs[i])
		}
	}
	if n := f.Count(t, id, center.KindQuickResponse); n != 1 {
		t.Errorf("the store has %d quick responses; want one", n)
	}
	_, err := responding.Create(t.Context(), f.Catalog, id, responding.Draft{Name: "Greeting", Content: "Hello", Token: "twice"})
	catalogtest.WantReason(t, "the name of another, with another token", err, center.Duplicate)
}
