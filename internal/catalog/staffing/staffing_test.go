package staffing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
)

// TestPasswordsAreHashedLast shows that nothing is hashed for a request that is refused, that
// what is refused while it is hashed is refused all the same, and where the hash is kept.
func TestPasswordsAreHashedLast(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	n := crowd(t, f, id, 0)
	n.Username = "ana"
	hashed := 0
	n.Hash = func(context.Context) (string, error) {
		hashed++
		return fmt.Sprint("hash ", hashed), nil
	}
	ana := catalogtest.Must(staffing.CreateUser(ctx, f.Catalog, id, n))
	_, err := staffing.CreateUser(ctx, f.Catalog, id, n)
	catalogtest.WantReason(t, "a name that is taken", err, center.Duplicate)
	n.Username, n.RoutingProfile = "bob", "x"
	_, err = staffing.CreateUser(ctx, f.Catalog, id, n)
	catalogtest.WantReason(t, "an unknown routing profile", err, center.NotFound)
	if hashed != 1 {
		t.Errorf("%d passwords were hashed; want that of ana", hashed)
	}

	n.RoutingProfile = ana.RoutingProfile
	meanwhile := n
	meanwhile.Hash = func(ctx context.Context) (string, error) {
		if _, err := staffing.CreateUser(ctx, f.Catalog, id, n); err != nil { // no lock is held
			t.Error(err)
		}
		return "late", nil
	}
	_, err = staffing.CreateUser(ctx, f.Catalog, id, meanwhile)
	catalogtest.WantReason(t, "a name that is taken meanwhile", err, center.Duplicate)
	full := errors.New("no memory")
	meanwhile.Username, meanwhile.Hash = "eve", func(context.Context) (string, error) { return "", full }
	if _, err := staffing.CreateUser(ctx, f.Catalog, id, meanwhile); !errors.Is(err, full) {
		t.Errorf("a hash that cannot be made: %v", err)
	}

	for _, c := range []*catalog.Catalog{f.Catalog, f.Again(catalog.Limits{})} {
		if u, hash, err := c.Password(ctx, id, "ana"); err != nil || u.ID != ana.ID || hash != "hash 1" {
			t.Errorf("ana is %+v with %q, %v", u, hash, err)
		}
		if _, hash, err := c.Password(ctx, id, "bob"); err != nil || hash != "hash 2" {
			t.Errorf("bob has %q, %v", hash, err)
		}
	}
	_, _, err = f.Password(ctx, id, "eve")
	catalogtest.WantReason(t, "who is not there", err, center.NotFound)
	for _, hash := range []string{"another", "another one"} {
		if err := staffing.SetPassword(ctx, f.Catalog, id, ana.ID, hash); err != nil {
			t.Fatal(err)
		}
		if u, got, err := f.Password(ctx, id, "ana"); err != nil || got != hash || u.Version != ana.Version+1 {
			t.Errorf("ana, version %d, has %q, %v; want %q", u.Version, got, err, hash)
		}
	}
	catalogtest.WantReason(t, "a password of nobody", staffing.SetPassword(ctx, f.Catalog, id, "x", "y"), center.NotFound)
	if err := staffing.DeleteUser(ctx, f.Catalog, id, ana.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, id, center.KindPassword); n != 1 {
		t.Errorf("%d passwords are kept; want that of bob", n)
	}
	n.Username = "ana"
	again := catalogtest.Must(staffing.CreateUser(ctx, f.Catalog, id, n))
	if _, hash, err := f.Password(ctx, id, "ana"); err != nil || hash != "hash 3" || again.ID == ana.ID {
		t.Errorf("the new ana has %q, %v", hash, err)
	}
}

// TestUsersOfTwoNodes writes to one instance from two nodes at once: each user is there once, on both,
// the quota holds, and nobody has a routing profile that was deleted meanwhile.
func TestUsersOfTwoNodes(t *testing.T) {
	const quota = 12
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	n := crowd(t, f, id, 0)
	var b bus.Local
	var nodes [2]*catalog.Catalog
	for i := range nodes {
		nodes[i] = f.Again(catalog.Limits{Users: quota}, func(c *catalog.Config) { c.Bus, c.Node, c.Shared = &b, fmt.Sprint("node", i), true })
	}
	won := catalogtest.Race(2*quota, func(i int) error {
		n := n
		n.Username = fmt.Sprint("agent", i/2) // each name on both nodes
		_, err := staffing.CreateUser(t.Context(), nodes[i%2], id, n)
		return err
	})
	if won != quota {
		t.Errorf("%d users were made of %d names on two nodes; want %d", won, quota, quota)
	}
	var seen [2][]string
	for i, node := range nodes {
		for _, u := range catalog.All[*catalog.User](catalogtest.Must(node.SnapshotWith(t.Context(), center.KindUser, string(id)))) {
			seen[i] = append(seen[i], u.Name)
		}
	}
	if len(seen[0]) != quota || !slices.Equal(seen[0], seen[1]) {
		t.Errorf("the nodes see %q and %q", seen[0], seen[1])
	}
	n.Username = "over"
	_, err := staffing.CreateUser(t.Context(), nodes[0], id, n)
	catalogtest.WantReason(t, "one user too many", err, center.LimitExceeded)
	if used, err := catalog.UsersOf(t.Context(), nodes[1], id, n.RoutingProfile); !used || err != nil {
		t.Errorf("the routing profile is used: %v, %v", used, err)
	}
}

// TestHierarchy builds five levels of groups, and takes them down again.
func TestHierarchy(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{Groups: 6})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	levels := []string{"Country", "Region", "City", "Site", "Team"}
	_, err := staffing.CreateGroup(ctx, f.Catalog, id, staffing.NewGroup{Name: "Spain"})
	catalogtest.WantReason(t, "a group without a level", err, center.BadRequest)
	if err := staffing.SetStructure(ctx, f.Catalog, id, levels[:2]); err != nil {
		t.Fatal(err)
	}
	before := catalog.Levels(catalogtest.Must(f.Snapshot(ctx, string(id))))
	levels[1] = "Land"
	if err := staffing.SetStructure(ctx, f.Catalog, id, levels); err != nil {
		t.Fatal(err)
	}
	after := catalog.Levels(catalogtest.Must(f.Again(catalog.Limits{}).Snapshot(ctx, string(id))))
	if len(after) != 5 || after[0] != before[0] || after[1].ID != before[1].ID || after[1].Name != "Land" {
		t.Errorf("the levels are %v; before %v", after, before)
	}
	catalogtest.WantReason(t, "a sixth level", staffing.SetStructure(ctx, f.Catalog, id, append(levels, "x")), center.BadRequest)

	var path []*catalog.Group
	parent := center.HierarchyGroupID("")
	for i, name := range levels {
		g := catalogtest.Must(staffing.CreateGroup(ctx, f.Catalog, id, staffing.NewGroup{Name: "a " + name, Parent: parent}))
		if g.Level != i+1 {
			t.Errorf("%s is on level %d", g.Name, g.Level)
		}
		path, parent = append(path, g), g.ID
	}
	_, err = staffing.CreateGroup(ctx, f.Catalog, id, staffing.NewGroup{Name: "too deep", Parent: parent})
	catalogtest.WantReason(t, "a group on the sixth level", err, center.BadRequest)
	snap := catalogtest.Must(f.Snapshot(ctx, string(id)))
	for i, g := range catalog.Path(snap, path[4]) {
		if g.ID != path[i].ID {
			t.Errorf("level %d of the path is %s", i+1, g.Name)
		}
	}
	catalogtest.WantReason(t, "a level with groups", staffing.SetStructure(ctx, f.Catalog, id, levels[:4]), center.InUse)
	catalogtest.WantReason(t, "a group with groups", staffing.DeleteGroup(ctx, f.Catalog, id, path[3].ID), center.InUse)
	n := crowd(t, f, id, 0)
	n.Username, n.Group = "ana", path[4].ID
	ana := catalogtest.Must(staffing.CreateUser(ctx, f.Catalog, id, n))
	catalogtest.WantReason(t, "a group with a user", staffing.DeleteGroup(ctx, f.Catalog, id, path[4].ID), center.InUse)
	if err := staffing.UpdateUser(ctx, f.Catalog, id, ana.ID, staffing.UserChange{Group: new(center.HierarchyGroupID(""))}); err != nil {
		t.Fatal(err)
	}
	for _, g := range slices.Backward(path) {
		if err := staffing.DeleteGroup(ctx, f.Catalog, id, g.ID); err != nil {
			t.Errorf("delete %s: %v", g.Name, err)
		}
	}
	if err := staffing.SetStructure(ctx, f.Catalog, id, nil); err != nil {
		t.Errorf("a hierarchy without levels: %v", err)
	}
}
