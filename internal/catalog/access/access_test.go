package access_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
)

// TestRights gives a user profiles, restricted and not, and one that is gone.
func TestRights(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	instance := f.NewInstance(t, "acme")
	profile := func(name string, change access.ProfileChange) center.SecurityProfileID {
		t.Helper()
		p, err := access.CreateProfile(ctx, f.Catalog, instance, access.NewProfile{Name: name, Change: change})
		if err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	sales := map[string]string{"line": "sales"}
	narrow := profile("narrow", access.ProfileChange{Permissions: []string{"ManagerListenIn", "Users.View"}, ByTag: []string{"User", "Queue"}, Tags: sales})
	agents := profile("agents", access.ProfileChange{Permissions: []string{"BasicAgentAccess", "Users.View"}})
	tagless := profile("tagless", access.ProfileChange{Permissions: []string{"ManagerBargeIn"}, ByTag: []string{"User", "Queue"}})
	snap, err := f.Snapshot(ctx, string(instance))
	if err != nil {
		t.Fatal(err)
	}
	user := func(name string, tags map[string]string, profiles ...center.SecurityProfileID) center.UserID {
		t.Helper()
		u, err := staffing.CreateUser(ctx, f.Catalog, instance, staffing.NewUser{
			ID: center.UserID(center.NewUUID()), Username: name, Tags: tags, RoutingProfile: catalog.All[*catalog.RoutingProfile](snap)[0].ID, SecurityProfiles: profiles, Config: catalog.UserConfig{Phone: catalog.Phone{Type: "SOFT_PHONE"}},
			Identity: catalog.Identity{FirstName: name, LastName: "S"}, Hash: func(context.Context) (string, error) { return "hash", nil }})
		if err != nil {
			t.Fatal(err)
		}
		return u.ID
	}
	sue, ann, bo := user("sue", nil, narrow, agents, tagless), user("ann", sales, agents), user("bo", nil, agents)
	if snap, err = f.SnapshotWith(ctx, center.KindUser, string(instance)); err != nil {
		t.Fatal(err)
	}
	rights := access.Of(snap, catalogUser(t, snap, sue))
	if got, want := rights.Permissions(), []string{"BasicAgentAccess", "ManagerBargeIn", "ManagerListenIn", "Users.View"}; !slices.Equal(got, want) {
		t.Errorf("the permissions of sue are %q; want %q, each once", got, want)
	}
	queue := catalog.All[*catalog.Queue](snap)[0].ID
	for _, c := range []struct {
		of              permission.Name
		sue, ann, bo, q bool
	}{
		{permission.ManagerListenIn, true, true, false, false},
		{permission.BasicAgentAccess, true, true, true, true},
		{permission.ManagerBargeIn, true, true, true, true}, // no tags are had by everything
	} {
		scope, err := rights.Within(c.of)
		if err != nil {
			t.Errorf("%s: %v", c.of, err)
			continue
		}
		if scope.SeesUser(sue) != c.sue || scope.SeesUser(ann) != c.ann || scope.SeesUser(bo) != c.bo || scope.SeesUser("nobody") || scope.SeesQueue("nothing") ||
			scope.SeesQueue(queue) != c.q || scope.SeesQueue(center.QueueID("agent/"+string(ann))) != c.ann || scope.SeesQueue(center.QueueID("agent/"+string(bo))) != c.bo {
			t.Errorf("by %s sue sees sue %v, ann %v, bo %v, the queue %v; want %+v, and the queues of agents with the agents", c.of, scope.SeesUser(sue), scope.SeesUser(ann), scope.SeesUser(bo), scope.SeesQueue(queue), c)
		}
	}
	err = rights.Require(permission.AgentActivityAudit, permission.AccessMetrics)
	if d, ok := errors.AsType[*access.Denial](err); !ok || d.Permission != permission.AgentActivityAudit || center.ReasonOf(err) != center.Denied ||
		d.Error() != "none of the security profiles of user sue has the permission AccessMetrics.AgentActivityAudit.Access or AccessMetrics" {
		t.Errorf("without a permission: %v; want a Denial of the reason Denied that names both", err)
	}
	if rights.Restricted(permission.RestrictContactAccess) {
		t.Error("sue is restricted; want nobody")
	}
	gone := *catalogUser(t, snap, bo)
	gone.SecurityProfiles = []center.SecurityProfileID{"gone"}
	if err := access.Of(snap, &gone).Require(permission.BasicAgentAccess); center.ReasonOf(err) != center.Denied {
		t.Errorf("by a profile that is gone: %v; want it Denied", err)
	}
}

func catalogUser(t *testing.T, snap *catalog.Snapshot, id center.UserID) *catalog.User {
	t.Helper()
	u, err := catalog.Get[*catalog.User](snap, id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
