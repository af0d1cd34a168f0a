package setup_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/catalog/responding"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/store"
)

func TestCreateInstanceBringsEverything(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	for _, c := range []*catalog.Catalog{f.Catalog, f.Again(catalog.Limits{})} {
		snap, err := c.Snapshot(t.Context(), string(id))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(catalog.All[*catalog.Flow](snap)); n != len(flow.Defaults())-4 {
			t.Errorf("%d flows; want all defaults but those of the demo", n)
		}
		var names []string
		for _, s := range catalog.All[*catalog.SecurityProfile](snap) {
			names = append(names, s.Name)
			if has, err := permission.Checked(s.Permissions); err != nil || !slices.Equal(has, s.Permissions) {
				t.Errorf("the profile %s has the permissions %q: %v; want each once and in order", s.Name, s.Permissions, err)
			}
		}
		for _, s := range catalog.All[*catalog.SecurityProfile](snap)[:1] {
			for name, class := range permission.All() {
				if has := slices.Contains(s.Permissions, string(name)); has == name.Restricts() {
					t.Errorf("%s has %s, which is %s: %v", s.Name, name, class, has)
				}
			}
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
	f := catalogtest.New(t, catalog.Limits{Instances: 3})
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
	catalogtest.WantReason(t, "an alias that differs in case", err, center.Duplicate)
	_, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Identity: "SAML"})
	catalogtest.WantReason(t, "no alias", err, center.BadRequest)
	_, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "b", Identity: "EXISTING_DIRECTORY"})
	catalogtest.WantReason(t, "no directory", err, center.BadRequest)
	f.NewInstance(t, "b")
	f.NewInstance(t, "c")
	_, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "d", Identity: "SAML"})
	catalogtest.WantReason(t, "the fourth of three", err, center.QuotaExceeded)
	if err := f.Delete(ctx, first.ID, store.Erasure{ID: "e"}); err != nil {
		t.Fatal(err)
	}
	if _, err = setup.CreateInstance(ctx, f.Catalog, setup.NewInstance{Alias: "acme", Identity: "SAML"}); err != nil {
		t.Errorf("an alias that became free: %v", err)
	}
}

func TestConcurrentAliasesHaveOneWinner(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	other := f.Again(catalog.Limits{}) // as another process, with locks of its own
	won := catalogtest.Race(8, func(i int) error {
		c := []*catalog.Catalog{f.Catalog, other}[i%2]
		_, err := setup.CreateInstance(t.Context(), c, setup.NewInstance{Alias: "acme", Identity: "SAML"})
		return err
	})
	if won != 1 {
		t.Errorf("%d of 8 got the alias", won)
	}
}

func TestSeedDemoTwice(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
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
	if err := setup.SeedDemo(t.Context(), f.Again(catalog.Limits{})); err != nil {
		t.Fatal(err)
	}
	snap, _ = f.Snapshot(t.Context(), catalog.DemoInstance)
	catalogtest.WantReason(t, "a flow deleted before the second start", snap.CanStart(catalog.DemoFlow), center.NotFound)
}

func TestSetAttributeConcurrently(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "acme")
	snap, _ := f.Snapshot(t.Context(), string(id))
	names := snap.Instance.AttributeNames()
	won := catalogtest.Race(len(names), func(i int) error {
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
	catalogtest.WantReason(t, "a value", setup.SetAttribute(t.Context(), f.Catalog, id, names[0], "yes"), center.Invalid)
	catalogtest.WantReason(t, "an attribute", setup.SetAttribute(t.Context(), f.Catalog, id, "COFFEE", "true"), center.Invalid)
	catalogtest.WantReason(t, "an instance", setup.SetAttribute(t.Context(), f.Catalog, "x", names[0], "true"), center.NotFound)
}

// TestDemoLeadsToItsQueueFlow: the ids in the flows of the demo are those of its
// resources, and the whole is the same in every run.
func TestDemoLeadsToItsQueueFlow(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	if err := setup.SeedDemo(t.Context(), f.Catalog); err != nil {
		t.Fatal(err)
	}
	snap, err := f.Catalog.Snapshot(t.Context(), catalog.DemoInstance)
	if err != nil {
		t.Fatal(err)
	}
	for id, name := range map[string]string{catalog.DemoFlow: flow.DemoName, catalog.DemoWaiting: flow.DemoWaitingName, catalog.DemoWhile: flow.DemoQueueName, catalog.DemoViews: flow.DemoViewsName} {
		if d, err := catalog.Get[*catalog.Flow](snap, center.FlowID(id)); err != nil || d.Name != name {
			t.Errorf("flow %s: %v, %v; want %s", id, d, err, name)
		}
	}
	waiting, _, err := snap.Published(catalog.DemoWaiting)
	if err != nil {
		t.Fatal(err)
	}
	content := string(waiting.Content())
	for _, id := range []string{catalog.DemoWhile, catalog.DemoQueue} {
		if !strings.Contains(content, id) {
			t.Errorf("the flow that queues does not name %s", id)
		}
	}
	if q, err := catalog.Get[*catalog.Queue](snap, center.QueueID(catalog.DemoQueue)); err != nil || q.Name != "BasicQueue" {
		t.Errorf("the queue of the demo: %v, %v", q, err)
	}
}

// TestSeedDemoUsers: two agents, a supervisor, and what they need to work together; no second time, even if some were deleted.
func TestSeedDemoUsers(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx, hashed := t.Context(), 0
	seed := func(c *catalog.Catalog) *catalog.Snapshot {
		t.Helper()
		if err := setup.SeedDemo(ctx, c); err != nil {
			t.Fatal(err)
		}
		if err := setup.SeedDemoUsers(ctx, c, func(_ context.Context, password string) (string, error) { hashed++; return "of " + password, nil }); err != nil {
			t.Fatal(err)
		}
		snap, err := c.SnapshotWith(ctx, center.KindUser, catalog.DemoInstance)
		if err != nil {
			t.Fatal(err)
		}
		return snap
	}
	snap := seed(f.Catalog)
	for name, may := range map[string]permission.Name{
		catalog.DemoUserName: permission.ManualAssignAnyContact, catalog.DemoSecondName: permission.ManualAssignAnyContact, catalog.DemoSupervisor: permission.ManagerBargeIn,
	} {
		u, hash, err := f.Password(ctx, catalog.DemoInstance, name)
		if err != nil || hash != "of "+catalog.DemoPassword || !catalog.DemoUser(name) {
			t.Fatalf("%s is %v, with %q, %v", name, u, hash, err)
		}
		var has []string
		for _, id := range u.SecurityProfiles {
			s, err := catalog.Get[*catalog.SecurityProfile](snap, id)
			if err != nil {
				t.Fatal(err)
			}
			has = append(has, s.Permissions...)
		}
		if !slices.Contains(has, string(may)) || !slices.Contains(has, string(permission.BasicAgentAccess)) {
			t.Errorf("%s may %q; want %s and %s among it", name, has, may, permission.BasicAgentAccess)
		}
		p, err := catalog.Get[*catalog.RoutingProfile](snap, u.RoutingProfile)
		if err != nil || (len(p.Queues) == 0) != (name == catalog.DemoSupervisor) {
			t.Errorf("%s has the routing profile %+v, %v; want queues for agents alone", name, p, err)
		}
	}
	queue, err := catalog.Find[*catalog.Queue](snap, catalog.DemoQueue)
	if err != nil || len(queue.QuickConnects) != 2 {
		t.Fatalf("the demo queue: %+v, %v; want two quick connects", queue, err)
	}
	for _, id := range queue.QuickConnects {
		if k, err := catalog.Get[*catalog.QuickConnect](snap, id); err != nil || k.Flow == "" || k.Type == catalog.ToUser && k.User == catalog.DemoAgent {
			t.Errorf("quick connect %s: %+v, %v; want one to the queue or to another agent", id, k, err)
		}
	}
	if n := len(catalog.All[*catalog.QuickResponse](snap)); n != 3 || hashed != 1 {
		t.Errorf("%d quick responses, %d hashes; want 3, and one for all", n, hashed)
	}
	gone, _, err := f.Password(ctx, catalog.DemoInstance, catalog.DemoSecondName)
	if err != nil {
		t.Fatal(err)
	}
	if err := staffing.DeleteUser(ctx, f.Catalog, catalog.DemoInstance, gone.ID); err != nil {
		t.Fatal(err)
	}
	if left := len(catalog.All[*catalog.User](seed(f.Again(catalog.Limits{})))); left != 2 || hashed != 1 {
		t.Errorf("after the second start there are %d users, and %d hashes; want what was left", left, hashed)
	}
}

// TestSeedDemoUsersOfWhatIsLeft: a demo instance that lacks something is given it, and keeps what was set up.
func TestSeedDemoUsersOfWhatIsLeft(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	if err := setup.SeedDemo(ctx, f.Catalog); err != nil {
		t.Fatal(err)
	}
	snap, err := f.Snapshot(ctx, catalog.DemoInstance)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range catalog.All[*catalog.RoutingProfile](snap) {
		if p.Name == "Demo supervisor" {
			if err := queueing.DeleteProfile(ctx, f.Catalog, catalog.DemoInstance, p.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := queueing.CreateQuickConnect(ctx, f.Catalog, catalog.DemoInstance, queueing.NewQuickConnect{Name: "eli", To: queueing.Destination{Type: catalog.ToPhone, Phone: "+12025550100"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := responding.Create(ctx, f.Catalog, catalog.DemoInstance, responding.Draft{Name: "Greeting", Content: "Hello"}); err != nil {
		t.Fatal(err)
	}
	if err := setup.SeedDemoUsers(ctx, f.Catalog, func(context.Context, string) (string, error) { return "hash", nil }); err != nil {
		t.Fatal(err)
	}
	if snap, err = f.SnapshotWith(ctx, center.KindUser, catalog.DemoInstance); err != nil {
		t.Fatal(err)
	}
	users, connects, responses := catalog.All[*catalog.User](snap), catalog.All[*catalog.QuickConnect](snap), catalog.All[*catalog.QuickResponse](snap)
	if len(users) != 3 || len(connects) != 2 || len(responses) != 3 {
		t.Errorf("there are %d users, %d quick connects, %d quick responses; want all, but for the names that there were", len(users), len(connects), len(responses))
	}
	if i := slices.IndexFunc(responses, func(r *catalog.QuickResponse) bool { return r.Name == "Greeting" }); i < 0 || responses[i].Content != "Hello" {
		t.Errorf("the quick responses are %+v; want the Greeting that there was", responses)
	}
	if i := slices.IndexFunc(connects, func(k *catalog.QuickConnect) bool { return k.Name == "eli" }); i < 0 || connects[i].Type != catalog.ToPhone {
		t.Errorf("the quick connects are %+v; want the one that there was", connects)
	}
}

// TestSeedDemoUsersOfOlderVersions: an instance of a version that had one agent alone is given the others once, and what was changed in it stays.
func TestSeedDemoUsersOfOlderVersions(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx, id := t.Context(), center.InstanceID(catalog.DemoInstance)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	seeded := func() *catalog.Snapshot {
		t.Helper()
		must(setup.SeedDemoUsers(ctx, f.Catalog, func(context.Context, string) (string, error) { return "hash", nil }))
		snap, err := f.SnapshotWith(ctx, center.KindUser, catalog.DemoInstance)
		must(err)
		return snap
	}
	names := func(snap *catalog.Snapshot) (all []string) {
		for _, u := range catalog.All[*catalog.User](snap) {
			all = append(all, u.Name)
		}
		for _, k := range catalog.All[*catalog.QuickConnect](snap) {
			all = append(all, k.Name)
		}
		for _, r := range catalog.All[*catalog.QuickResponse](snap) {
			all = append(all, r.Name)
		}
		slices.Sort(all)
		return all
	}
	older := func() {
		t.Helper()
		must(f.Change(ctx, id, func(snap *catalog.Snapshot) (catalog.Write, error) {
			i, err := catalog.Edit(f.Catalog, snap.Instance)
			if err == nil {
				i.Demo = 0
			}
			return catalog.Write{Put: []catalog.Resource{i}}, err
		}))
	}
	must(setup.SeedDemo(ctx, f.Catalog))
	snap := seeded()
	whole := names(snap)
	// What older versions did not have.
	for _, k := range catalog.All[*catalog.QuickConnect](snap) {
		must(queueing.DeleteQuickConnect(ctx, f.Catalog, id, k.ID))
	}
	for _, r := range catalog.All[*catalog.QuickResponse](snap) {
		must(responding.Delete(ctx, f.Catalog, id, r.ID))
	}
	for _, u := range catalog.All[*catalog.User](snap) {
		if u.ID != catalog.DemoAgent {
			must(staffing.DeleteUser(ctx, f.Catalog, id, u.ID))
		}
	}
	for _, p := range catalog.All[*catalog.SecurityProfile](snap) {
		if p.Name == "Demo supervisor" {
			must(access.DeleteProfile(ctx, f.Catalog, id, p.ID))
		}
	}
	for _, p := range catalog.All[*catalog.RoutingProfile](snap) {
		if p.Name == "Demo supervisor" {
			must(queueing.DeleteProfile(ctx, f.Catalog, id, p.ID))
		}
	}
	older()
	// What somebody changed in it.
	must(catalog.Update(ctx, f.Catalog, id, center.UserID(catalog.DemoAgent), func(_ *catalog.Snapshot, u *catalog.User) error {
		u.Identity.FirstName = "Diana"
		return nil
	}))

	snap = seeded()
	if got := names(snap); !slices.Equal(got, whole) {
		t.Errorf("it has %q; want %q", got, whole)
	}
	queue, err := catalog.Get[*catalog.Queue](snap, catalog.DemoQueue)
	if err != nil || len(queue.QuickConnects) != 2 {
		t.Errorf("the queue is %+v, %v; want two quick connects", queue, err)
	}
	for _, u := range catalog.All[*catalog.User](snap) {
		if u.ID == catalog.DemoAgent && u.Identity.FirstName != "Diana" {
			t.Errorf("the first agent is %+v; want him as he was", u)
		}
		if len(u.SecurityProfiles) != 2 {
			t.Errorf("%s has the security profiles %q", u.Name, u.SecurityProfiles)
		}
		if u.ID == catalog.DemoAgent || u.Name == catalog.DemoSupervisor {
			must(staffing.DeleteUser(ctx, f.Catalog, id, u.ID))
		}
	}
	if left := catalog.All[*catalog.User](seeded()); len(left) != 1 || left[0].Name != catalog.DemoSecondName {
		t.Errorf("%d users are left; want the one that was not deleted", len(left))
	}
	// Who deleted the first agent, and has others, does not get him back from a later version.
	older()
	for _, u := range catalog.All[*catalog.User](seeded()) {
		if u.ID == catalog.DemoAgent {
			t.Error("the first agent, who was deleted, is back")
		}
	}
}

// TestInstancesShareDefaultFlows: what instances come with is parsed once, and not read back either.
func TestInstancesShareDefaultFlows(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	var first []*flow.Action
	for n, alias := range []string{"one", "two"} {
		id := f.NewInstance(t, alias)
		snap, err := f.Snapshot(t.Context(), string(id))
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range catalog.All[*catalog.Flow](snap) {
			parsed, _, err := f.Chats().Published(id, string(d.ID))
			if err != nil {
				t.Fatal(err)
			}
			if action := &parsed.Actions[0]; n == 0 {
				first = append(first, action)
			} else if action != first[i] {
				t.Errorf("the flow %s was parsed again for another instance", d.Name)
			}
		}
	}
}
