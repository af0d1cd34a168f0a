package catalog_test

import (
	"fmt"
	"testing"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/center"
)

// add writes a user with the first routing profile and security profile of an instance.
func add(t *testing.T, c *catalog.Catalog, instance center.InstanceID, name string) (*catalog.User, error) {
	t.Helper()
	id := center.UserID(center.NewUUID())
	return catalog.Add(t.Context(), c, instance, func(snap *catalog.Snapshot) (*catalog.User, error) {
		return &catalog.User{
			Meta:             catalog.NewMeta(c, instance, id, name, nil),
			RoutingProfile:   catalog.All[*catalog.RoutingProfile](snap)[0].ID,
			SecurityProfiles: []center.SecurityProfileID{catalog.All[*catalog.SecurityProfile](snap)[0].ID},
		}, nil
	})
}

func TestUsersOf(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	snap := catalogtest.Must(f.Snapshot(ctx, string(id)))
	routing, security := catalog.All[*catalog.RoutingProfile](snap)[0].ID, catalog.All[*catalog.SecurityProfile](snap)
	want := func(when string, c *catalog.Catalog, used bool) {
		t.Helper()
		if got, err := catalog.UsersOf(ctx, c, id, routing); got != used || err != nil {
			t.Errorf("%s the routing profile is used: %v, %v; want %v", when, got, err, used)
		}
		if got, err := catalog.UsersOf(ctx, c, id, security[0].ID); got != used || err != nil {
			t.Errorf("%s the security profile is used: %v, %v; want %v", when, got, err, used)
		}
		if got, err := catalog.UsersOf(ctx, c, id, security[1].ID); got || err != nil {
			t.Errorf("%s the other security profile is used: %v, %v", when, got, err)
		}
		if got, err := catalog.UsersOf(ctx, c, id, center.HierarchyGroupID("")); got || err != nil {
			t.Errorf("%s no group is used: %v, %v", when, got, err)
		}
	}
	want("at first", f.Catalog, false)
	ana := catalogtest.Must(add(t, f.Catalog, id, "ana"))
	bob := catalogtest.Must(add(t, f.Catalog, id, "bob"))
	want("with two users", f.Catalog, true)
	want("after a restart", f.Again(catalog.Limits{}), true)
	for _, u := range []*catalog.User{ana, bob} {
		if err := catalog.Remove(ctx, f.Catalog, id, u.ID, func(snap *catalog.Snapshot, u *catalog.User) error {
			if n := snap.Uses(center.KindUser, center.KindRoutingProfile, string(u.RoutingProfile)); n < 1 {
				t.Errorf("%d users have the routing profile of %s", n, u.Name)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	want("without them", f.Catalog, false)
	_, err := catalog.UsersOf(ctx, f.Catalog, "x", routing)
	catalogtest.WantReason(t, "users of an unknown instance", err, center.NotFound)
}

// TestUsersAreReadWhenAskedFor shows that chats wait for no users, that
// whoever asks for them without having said so hears it, and that nothing is missed.
func TestUsersAreReadWhenAskedFor(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	ana := catalogtest.Must(add(t, f.Catalog, id, "ana"))
	again := f.Again(catalog.Limits{})
	snap := catalogtest.Must(again.Snapshot(ctx, string(id)))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a snapshot without users says that there are none")
			}
		}()
		catalog.All[*catalog.User](snap)
	}()
	whole := catalogtest.Must(again.SnapshotWith(ctx, center.KindUser, string(id)))
	if u, err := catalog.Find[*catalog.User](whole, whole.ARNOf(ana)); err != nil || u.Name != "ana" {
		t.Errorf("ana is %+v, %v", u, err)
	}
	if whole == snap || whole != catalogtest.Must(again.Snapshot(ctx, string(id))) {
		t.Error("what was read is not kept")
	}
	if _, err := add(t, again, id, "bob"); err != nil {
		t.Fatal(err)
	}
	if n := len(catalog.All[*catalog.User](catalogtest.Must(again.Snapshot(ctx, string(id))))); n != 2 {
		t.Errorf("after a write there are %d users; want 2", n)
	}
	_, err := add(t, again, id, "ana")
	catalogtest.WantReason(t, "a name that is taken", err, center.Duplicate)
	_, err = add(t, f.Again(catalog.Limits{Users: 2}), id, "eve")
	catalogtest.WantReason(t, "the third user of two", err, center.LimitExceeded)
}

// TestUsersOfOtherNodes shows that chats of a node read no users because another node writes some,
// and that whoever asks for users sees them.
func TestUsersOfOtherNodes(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	var b bus.Local
	node := func(name string) *catalog.Catalog {
		return f.Again(catalog.Limits{}, func(c *catalog.Config) { c.Bus, c.Node, c.Shared = &b, name, true })
	}
	here, there := node("here"), node("there")
	users := func() int {
		return len(catalog.All[*catalog.User](catalogtest.Must(here.SnapshotWith(t.Context(), center.KindUser, string(id)))))
	}
	for n := range 3 {
		if got := users(); got != n {
			t.Errorf("there are %d users; want %d", got, n)
		}
		if _, err := add(t, there, id, fmt.Sprint("user", n)); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a chat reads users")
				}
			}()
			catalog.All[*catalog.User](catalogtest.Must(here.Snapshot(t.Context(), string(id))))
		}()
	}
	if _, err := add(t, here, id, "user3"); err != nil || users() != 4 {
		t.Errorf("after a write of its own there are %d users, %v; want 4", users(), err)
	}
}
