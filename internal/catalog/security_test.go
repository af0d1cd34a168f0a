package catalog_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// TestSecurityProfilesOfOlderBuilds: a profile that was stored before there were types came
// with its instance.
func TestSecurityProfilesOfOlderBuilds(t *testing.T) {
	for stored, want := range map[string]string{"": catalog.AWSManaged, catalog.AWSManaged: catalog.AWSManaged, catalog.CustomerManaged: catalog.CustomerManaged} {
		if got := (&catalog.SecurityProfile{Type: stored}).ManagedBy(); got != want {
			t.Errorf("a profile stored as %q is %s; want %s", stored, got, want)
		}
	}
}

// TestPredefinedProfilesAreRenewed reads what earlier releases have stored of the profiles that come with an instance: they have
// what is new, but for what somebody took away, and those that somebody has made have what he gave them.
func TestPredefinedProfilesAreRenewed(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	profile := func(c *catalog.Catalog, name string) *catalog.SecurityProfile {
		t.Helper()
		snap, err := c.Snapshot(ctx, string(id))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range catalog.All[*catalog.SecurityProfile](snap) {
			if p.Name == name {
				return p
			}
		}
		t.Fatalf("there is no profile %s", name)
		return nil
	}
	f.Clock = f.Clock.Add(time.Hour)
	update := func(name string, change access.ProfileChange) {
		t.Helper()
		if err := access.UpdateProfile(ctx, f.Catalog, id, profile(f.Catalog, name).ID, change); err != nil {
			t.Fatal(err)
		}
	}
	update(permission.CallCenterManager, access.ProfileChange{Permissions: without(permission.Predefined(permission.CallCenterManager), "Users.View")})
	update(permission.QualityAnalyst, access.ProfileChange{Permissions: append(permission.Predefined(permission.QualityAnalyst), "Users.View")})
	if _, err := access.CreateProfile(ctx, f.Catalog, id, access.NewProfile{Name: "Mine", Change: access.ProfileChange{Permissions: []string{"Users.View"}}}); err != nil {
		t.Fatal(err)
	}
	old := func(name string, change func(stored map[string]any)) {
		t.Helper()
		row, err := f.Store.Resource(ctx, center.KindSecurityProfile, string(profile(f.Catalog, name).ID))
		if err != nil {
			t.Fatal(err)
		}
		stored := map[string]any{}
		if err := json.Unmarshal(row.Body, &stored); err != nil {
			t.Fatal(err)
		}
		change(stored)
		if row.Body, err = json.Marshal(stored); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Store.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{row}}); err != nil {
			t.Fatal(err)
		}
	}
	old(permission.Admin, func(s map[string]any) { // by a release that knew less, and did not keep account
		delete(s, "withheld")
		s["permissions"] = []string{"BasicAgentAccess"}
	})
	old(permission.Agent, func(s map[string]any) { s["permissions"] = []string{"BasicAgentAccess"} }) // by one that knew less
	old(permission.CallCenterManager, func(s map[string]any) {
		s["permissions"] = without(permission.Predefined(permission.CallCenterManager), "Users.View", "Queues.View")
	})
	check := func(c *catalog.Catalog, name string, want []string) {
		t.Helper()
		if got := profile(c, name).Permissions; !slices.Equal(got, want) {
			t.Errorf("%s has %q; want %q", name, got, want)
		}
	}
	later := f.Again(catalog.Limits{})
	check(later, permission.Admin, permission.Predefined(permission.Admin))
	check(later, permission.Agent, permission.Predefined(permission.Agent))
	check(later, permission.CallCenterManager, without(permission.Predefined(permission.CallCenterManager), "Users.View"))
	check(later, permission.QualityAnalyst, slices.Sorted(slices.Values(append(permission.Predefined(permission.QualityAnalyst), "Users.View"))))
	check(later, "Mine", []string{"Users.View"})
	if p := profile(later, "Mine"); p.Withheld != nil {
		t.Errorf("what was taken away from a profile that somebody made is %q; want no account of it", p.Withheld)
	}

	// A change writes what the profile has by now.
	if err := access.UpdateProfile(ctx, later, id, profile(later, permission.Admin).ID, access.ProfileChange{Description: new("All")}); err != nil {
		t.Fatal(err)
	}
	row, err := f.Store.Resource(ctx, center.KindSecurityProfile, string(profile(later, permission.Admin).ID))
	if err != nil || !strings.Contains(string(row.Body), `"withheld":[]`) || !strings.Contains(string(row.Body), "Users.View") {
		t.Errorf("a changed profile is stored as %.200s, %v", row.Body, err)
	}
	// One that somebody had changed before there was an account of it stays as it is.
	old(permission.Admin, func(s map[string]any) {
		delete(s, "withheld")
		s["permissions"] = []string{"BasicAgentAccess"}
	})
	check(f.Again(catalog.Limits{}), permission.Admin, []string{"BasicAgentAccess"})
}

func without(list []string, names ...string) []string {
	return slices.DeleteFunc(list, func(n string) bool { return slices.Contains(names, n) })
}
