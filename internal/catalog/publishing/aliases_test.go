package publishing_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
)

// TestEveryTypeOfFlowHasVersionsAndAliases: CreateContactFlowVersion was for
// campaigns only, as its reference still says; the service has dropped that
// (model of 2026-10).
func TestEveryTypeOfFlowHasVersionsAndAliases(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	for _, typ := range connect.ContactFlowType("").Values() {
		end := `{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
		switch typ {
		case connect.ContactFlowTypeCUSTOMER_QUEUE, connect.ContactFlowTypeCUSTOMER_HOLD, connect.ContactFlowTypeCUSTOMER_WHISPER,
			connect.ContactFlowTypeAGENT_HOLD, connect.ContactFlowTypeAGENT_WHISPER, connect.ContactFlowTypeOUTBOUND_WHISPER:
			end = strings.Replace(end, "DisconnectParticipant", "EndFlowExecution", 1)
		}
		made, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{
			Name: "of " + string(typ), Type: string(typ), Content: `{"Version":"2019-10-30","StartAction":"end","Actions":[` + end + `]}`,
		})
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		if _, _, err := publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{}); err != nil {
			t.Errorf("a version of a flow of the type %s: %v", typ, err)
		}
		if _, err := publishing.CreateAlias[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewAlias{Name: "prod", Version: 1}); err != nil {
			t.Errorf("an alias of a flow of the type %s: %v", typ, err)
		}
		for _, ref := range []string{":prod", ":1"} {
			if run, _, err := catalogtest.Comes(t, f.Catalog, id, string(made.ID)+ref, false); err != nil || run.Type != string(typ) {
				t.Errorf("what %s of a flow of the type %s leads to is %+v, %v", ref, typ, run, err)
			}
		}
	}
}

// TestNamesOfAliases: what stands behind a colon must be one thing only.
func TestNamesOfAliases(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("one"))
	if _, _, err := publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	create := func(name string) (contents.Alias, error) {
		return publishing.CreateAlias[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewAlias{Name: name, Version: 1})
	}
	first, err := create("prod")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]center.Reason{
		"":                       center.Invalid,
		"1":                      center.Invalid, // a version, there or not
		"12":                     center.Invalid,
		"-1":                     center.Invalid,
		"007":                    center.Invalid,
		strings.Repeat("9", 20):  center.Invalid, // a number all the same, though of no version
		"$SAVED":                 center.Invalid,
		"$LATEST":                center.Invalid,
		"$prod":                  center.Invalid,
		"a:b":                    center.Invalid,
		"a/b":                    center.Invalid,
		"a\nb":                   center.Invalid,
		strings.Repeat("n", 128): center.Invalid,
		"prod":                   center.Duplicate,
		string(first.ID):         center.Duplicate, // names of aliases are not ids of others
	} {
		_, err := create(name)
		catalogtest.WantReason(t, "the alias "+name, err, want)
	}
	for _, name := range []string{"PROD", "v1", "1.0", "größer", "blue green", "prod-2", strings.Repeat("n", 127)} {
		if _, err := create(name); err != nil {
			t.Errorf("the alias %q: %v", name, err)
		}
	}
	rename := func(name string) error {
		return publishing.UpdateAlias[*catalog.Flow](ctx, f.Catalog, id, made.ID, first.ID, publishing.AliasChange{Name: &name})
	}
	catalogtest.WantReason(t, "renaming to a taken name", rename("v1"), center.Duplicate)
	catalogtest.WantReason(t, "renaming to a number", rename("2"), center.Invalid)
	if err := rename("prod"); err != nil {
		t.Errorf("renaming to its own name: %v", err)
	}
	snap := catalogtest.Must(f.Snapshot(ctx, string(id)))
	kept := catalogtest.Must(catalog.Get[*catalog.Flow](snap, made.ID)).Aliases
	if !slices.IsSortedFunc(kept, func(a, b contents.Alias) int { return strings.Compare(a.Name, b.Name) }) || len(kept) != 8 {
		t.Errorf("the aliases are %v; want all eight in order of their names", kept)
	}
}

// TestAliasMoves: whoever came by an alias keeps what it found there, whoever
// comes later finds what the alias names then. This holds across restarts, when
// the version has been deleted, and when the whole flow has.
func TestAliasMoves(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("first"))
	for _, text := range []string{"second", "third"} { // third is not a version
		if _, _, err := publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{}); err != nil {
			t.Fatal(err)
		}
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, catalogtest.Says(text)); err != nil {
			t.Fatal(err)
		}
	}
	alias, err := publishing.CreateAlias[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewAlias{Name: "prod", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	prod := string(made.ID) + ":prod"
	comes := func(when, ref, want string) *machine.Run {
		t.Helper()
		for name, c := range map[string]*catalog.Catalog{"the same process": f.Catalog, "a restarted one": f.Again(catalog.Limits{})} {
			if err := c.Chats().Prepare(ctx, id); err != nil {
				t.Fatal(err)
			}
			run, flowID, err := catalogtest.Comes(t, c, id, ref, false)
			if err != nil || flowID != made.ID || string(run.Content()) != catalogtest.Says(want) || run.Type != catalog.TypeInbound {
				t.Errorf("%s, in %s: %s is %v, %v; want what says %s", when, name, ref, run, err, want)
				continue
			}
			if c == f.Catalog {
				return &machine.Run{Flow: flowID, Hash: run.Hash}
			}
		}
		return nil
	}
	began := comes("at first", prod, "first")
	comes("at first", string(made.ID)+":"+string(alias.ID), "first")
	comes("at first", string(made.ID)+":2", "second")
	comes("at first", string(made.ID), "third")
	move := func(version int64) error {
		return publishing.UpdateAlias[*catalog.Flow](ctx, f.Catalog, id, made.ID, alias.ID, publishing.AliasChange{Version: &version})
	}
	catalogtest.WantReason(t, "moving it to no version", move(3), center.NotFound)
	remove := func(version int64) error {
		return publishing.DeleteVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, version)
	}
	inUse := remove(1)
	catalogtest.WantReason(t, "deleting the version that it names", inUse, center.InUse)
	if !strings.Contains(inUse.Error(), `the alias "prod" names version 1`) {
		t.Errorf("deleting the version says %v; want which alias names it", inUse)
	}
	if err := move(2); err != nil {
		t.Fatal(err)
	}
	if err := remove(1); err != nil {
		t.Fatal(err)
	}
	comes("when it has moved", prod, "second")
	goesOn := func(when string) {
		t.Helper()
		for name, c := range map[string]*catalog.Catalog{"the same process": f.Catalog, "a restarted one": f.Again(catalog.Limits{})} {
			if err := c.Chats().Prepare(ctx, id, began); err != nil {
				t.Fatal(err)
			}
			if got, err := c.Chats().Content(began.Flow, began.Hash); err != nil || string(got.Content()) != catalogtest.Says("first") {
				t.Errorf("%s, in %s, the run that came by the alias has %v, %v", when, name, got, err)
			}
		}
	}
	goesOn("when its version is gone")
	if err := publishing.Describe[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.Describing{Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	_, _, err = catalogtest.Comes(t, f.Catalog, id, prod, false)
	catalogtest.WantReason(t, "an alias of an archived flow", err, center.BadRequest)
	if err := publishing.Delete[*catalog.Flow](ctx, f.Catalog, id, made.ID); err != nil {
		t.Fatal(err)
	}
	goesOn("when the flow is gone")
	_, _, err = catalogtest.Comes(t, f.Catalog, id, prod, false)
	catalogtest.WantReason(t, "an alias of a deleted flow", err, center.NotFound)
}

// TestVersionsStayInTheStore: a snapshot holds what is published, and a chat can
// start with a version all the same. So versions cost no memory until they run.
func TestVersionsStayInTheStore(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("0"))
	for range 2 {
		if _, _, err := publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, made.ID, publishing.NewVersion{}); err != nil {
			t.Fatal(err)
		}
		if err := publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, catalogtest.Says("1")); err != nil {
			t.Fatal(err)
		}
	}
	snap := catalogtest.Must(f.Again(catalog.Limits{}).Snapshot(ctx, string(id)))
	for ref, ready := range map[string]bool{"": true, ":2": true, ":1": false} { // version 2 is what is published
		run, flowID, err := snap.Published(string(made.ID) + ref)
		if (run != nil) != ready || (err == nil) != ready || flowID != made.ID {
			t.Errorf("the snapshot has %q: %v, %v; want %v", ref, run, err, ready)
		}
		if err := snap.CanStart(string(made.ID) + ref); err != nil {
			t.Errorf("a chat cannot start with %q: %v", ref, err)
		}
	}
}

// TestVersionOfACopy: LastModifiedTime and LastModifiedRegion of
// CreateContactFlowVersion are those of the version that is copied.
func TestVersionOfACopy(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	made := f.NewFlow(t, id, "one", catalogtest.Says("x"))
	there := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	got, n, err := publishing.CreateVersion[*catalog.Flow](t.Context(), f.Catalog, id, made.ID, publishing.NewVersion{Number: 7, Modified: there, Region: "eu-west-2"})
	if err != nil || n != 7 || !got.Versions[0].Created.Equal(there) || got.Versions[0].Region != "eu-west-2" {
		t.Errorf("CreateVersion = %d, %v; the versions are %+v", n, err, got.Versions)
	}
}

// TestFlowsOfThePreviousBuild reads rows as the build before aliases of flows
// wrote them: a campaign with a version, and a flow without any.
func TestFlowsOfThePreviousBuild(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	const (
		campaign = "11111111-1111-4111-8111-111111111111"
		hash     = "5df1cbb0c93ea5a1a7c1a4b1a7b0bd24a2a7ee5b8eee92b4a3f0a5cf0a1b2c3d"
	)
	text, err := json.Marshal(catalogtest.Says("old"))
	if err != nil {
		t.Fatal(err)
	}
	at := f.Clock.Add(-time.Hour)
	rows := []center.Resource{
		{Instance: id, Kind: center.KindFlow, ID: campaign, Name: "campaign", Created: at, Updated: at,
			Body: []byte(`{"published":"` + hash + `","versions":[{"number":1,"hash":"` + hash + `","description":"first","created":"2026-02-01T00:00:00Z"}],"lastVersion":1,"type":"CAMPAIGN"}`)},
		{Instance: id, Kind: center.KindFlowVersion, ID: campaign + ":" + hash, Created: at, Updated: at, Body: text},
	}
	if _, err := f.Store.WriteResources(ctx, store.ResourceWrite{Put: rows}); err != nil {
		t.Fatal(err)
	}
	c := f.Again(catalog.Limits{})
	if err := c.Chats().Prepare(ctx, id); err != nil {
		t.Fatal(err)
	}
	if _, err := publishing.CreateAlias[*catalog.Flow](ctx, c, id, campaign, publishing.NewAlias{Name: "prod", Version: 1}); err != nil {
		t.Fatalf("an alias of the old version: %v", err)
	}
	if got, _, err := catalogtest.Comes(t, c, id, campaign+":prod", false); err != nil || string(got.Content()) != catalogtest.Says("old") {
		t.Errorf("the old version is %v, %v", got, err)
	}
	if _, n, err := publishing.CreateVersion[*catalog.Flow](ctx, c, id, campaign, publishing.NewVersion{}); err != nil || n != 2 {
		t.Errorf("the next version is %d, %v", n, err)
	}
}
