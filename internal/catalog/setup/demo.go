package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
)

// SeedDemo makes the demo instance, unless it is there: what was changed in it stays. Agents may invite each other in it, and
// supervisors monitor chats.
func SeedDemo(ctx context.Context, c *catalog.Catalog) error {
	i := &catalog.Instance{
		Meta:     catalog.NewMeta(c, catalog.DemoInstance, center.InstanceID(catalog.DemoInstance), catalog.DemoAlias, nil),
		Identity: "CONNECT_MANAGED", Attributes: catalog.Attributes(true, true),
	}
	i.Attributes["MULTI_PARTY_CHAT_CONFERENCE"], i.Attributes["ENHANCED_CHAT_MONITORING"] = "true", "true"
	if _, err := create(ctx, c, i, demoIDs, false); err != nil {
		return fmt.Errorf("seed the demo instance: %w", err)
	}
	return nil
}

// demoGeneration is how much of the demo there is: it is raised when there is more of it, which instances of older versions are given then.
const demoGeneration = 1

// SeedDemoUsers makes those who work in the demo instance, two agents and a supervisor, with the profiles that they need; and quick connects of
// its queue and quick responses. It is one change, made once: whatever is there already stays as it is, and what is deleted later does not
// come back. An instance of an older version, which had less, is given what it lacks. hash returns the hash of their password,
// [catalog.DemoPassword], and is called once.
func SeedDemoUsers(ctx context.Context, c *catalog.Catalog, hash func(ctx context.Context, password string) (string, error)) error {
	with, err := c.SnapshotWith(ctx, center.KindUser, catalog.DemoInstance)
	if err != nil || with.Instance.Demo >= demoGeneration {
		return err
	}
	known, err := hash(ctx, catalog.DemoPassword)
	if err != nil {
		return err
	}
	err = c.Change(ctx, with.ID(), func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		i, err := catalog.Edit(c, snap.Instance)
		if err != nil {
			return w, err
		}
		i.Demo = demoGeneration
		w.Put = append(w.Put, i)
		for _, s := range demoProfiles() {
			if s.Meta = meta[center.SecurityProfileID](c, i, demoIDs, s, s.Name); lacks[*catalog.SecurityProfile](snap, s.ID, s.Name) {
				w.Put = append(w.Put, s)
			}
		}
		if p := demoSupervisorRouting(c, i, center.QueueID(catalog.DemoQueue)); has[*catalog.Queue](snap, &w, p.DefaultOutbound) && lacks[*catalog.RoutingProfile](snap, p.ID, p.Name) {
			w.Put = append(w.Put, p)
		}
		for _, u := range demoUsers(c, snap, &w) {
			first := u.ID == catalog.DemoAgent // who was there in all versions: without him there are others instead
			if first && len(catalog.All[*catalog.User](with)) > 0 || !lacks[*catalog.User](with, u.ID, u.Name) {
				continue
			}
			if err := w.SetPassword(c, u, known); err != nil {
				return w, err
			}
			w.Put = append(w.Put, u)
		}
		if err := demoQuickConnects(c, snap, with, &w); err != nil {
			return w, err
		}
		for _, r := range demoResponses() {
			r.Meta = meta[center.QuickResponseID](c, i, demoIDs, r, r.Name)
			taken := func(o *catalog.QuickResponse) bool { return strings.EqualFold(o.Shortcut, r.Shortcut) }
			if lacks[*catalog.QuickResponse](snap, r.ID, r.Name) && !slices.ContainsFunc(catalog.All[*catalog.QuickResponse](snap), taken) {
				w.Put = append(w.Put, r)
			}
		}
		return w, nil
	})
	if err != nil {
		return fmt.Errorf("seed the users of the demo instance: %w", err)
	}
	return nil
}

// lacks reports whether an instance has nothing with an id, nor another with the name.
func lacks[T catalog.Of[ID], ID ~string](snap *catalog.Snapshot, id ID, name string) bool {
	_, err := catalog.Get[T](snap, id)
	return err != nil && !slices.ContainsFunc(catalog.All[T](snap), func(r T) bool { return strings.EqualFold(r.About().Name, name) })
}

// has reports whether an instance has something, or is given it by a change.
func has[T catalog.Of[ID], ID ~string](snap *catalog.Snapshot, w *catalog.Write, id ID) bool {
	_, err := catalog.Get[T](snap, id)
	return err == nil || slices.ContainsFunc(w.Put, func(r catalog.Resource) bool {
		t, ok := r.(T)
		return ok && t.About().ID == string(id)
	})
}

// supervisorName is the name of the supervisor's routing profile and security profile, moreProfileName of the agents' second security
// profile: the demo instance alone has them.
const (
	supervisorName  = "Demo supervisor"
	moreProfileName = "Demo agent"
)

// demoUsers are those who can be there: who would be without a routing profile or the security profile Agent, since they
// were deleted, is not.
func demoUsers(c *catalog.Catalog, snap *catalog.Snapshot, w *catalog.Write) (all []*catalog.User) {
	for _, d := range []struct{ id, user, first, routing, may string }{
		{catalog.DemoAgent, catalog.DemoUserName, "Dana", basicProfileName, moreProfileName},
		{demoIDs(center.KindUser, catalog.DemoSecondName), catalog.DemoSecondName, "Eli", basicProfileName, moreProfileName},
		{demoIDs(center.KindUser, catalog.DemoSupervisor), catalog.DemoSupervisor, "Sam", supervisorName, supervisorName},
	} {
		u := &catalog.User{
			Meta:           catalog.NewMeta(c, snap.ID(), center.UserID(d.id), d.user, nil),
			Identity:       catalog.Identity{FirstName: d.first, LastName: "Demo"},
			RoutingProfile: center.RoutingProfileID(demoIDs(center.KindRoutingProfile, d.routing)),
			Config:         catalog.UserConfig{Phone: catalog.Phone{Type: "SOFT_PHONE"}},
		}
		for _, name := range []string{permission.Agent, d.may} {
			if id := center.SecurityProfileID(demoIDs(center.KindSecurityProfile, name)); has[*catalog.SecurityProfile](snap, w, id) {
				u.SecurityProfiles = append(u.SecurityProfiles, id)
			}
		}
		if has[*catalog.RoutingProfile](snap, w, u.RoutingProfile) && len(u.SecurityProfiles) > 0 {
			all = append(all, u)
		}
	}
	return all
}

// demoQuickConnects has a change make the quick connects of the demo queue: to the second agent, if there is one, and into the queue again.
func demoQuickConnects(c *catalog.Catalog, snap, with *catalog.Snapshot, w *catalog.Write) error {
	found, err := catalog.Get[*catalog.Queue](snap, center.QueueID(catalog.DemoQueue))
	if err != nil {
		return nil // it was deleted
	}
	queue, err := catalog.Edit(c, found)
	if err != nil {
		return err
	}
	flowNamed := func(name string) center.FlowRef { return center.FlowRef(demoIDs(center.KindFlow, name)) }
	for _, k := range []*catalog.QuickConnect{
		{
			Meta: catalog.Meta[center.QuickConnectID]{Name: "Eli"}, Description: "The second agent of the demo.",
			Type: catalog.ToUser, User: center.UserID(demoIDs(center.KindUser, catalog.DemoSecondName)), Flow: flowNamed("Default agent transfer"),
		},
		{
			Meta: catalog.Meta[center.QuickConnectID]{Name: "Back to the queue"}, Description: "Whoever is free.",
			Type: catalog.ToQueue, Queue: queue.ID, Flow: flowNamed("Default queue transfer"),
		},
	} {
		k.Meta = meta[center.QuickConnectID](c, snap.Instance, demoIDs, k, k.Name)
		if k.User != "" && !has[*catalog.User](with, w, k.User) || !has[*catalog.Flow](snap, w, center.FlowID(k.Flow)) || !lacks[*catalog.QuickConnect](snap, k.ID, k.Name) {
			continue
		}
		w.Put = append(w.Put, k)
		queue.QuickConnects = append(queue.QuickConnects, k.ID)
	}
	if len(queue.QuickConnects) > len(found.QuickConnects) {
		w.Put = append(w.Put, queue)
	}
	return nil
}

// demoResponses are what agents of the demo often say.
func demoResponses() (all []*catalog.QuickResponse) {
	for _, r := range [][3]string{
		{"Greeting", "hi", "Hello {{Customer.DisplayName}}, this is {{Agent.FirstName}}. How can I help?"},
		{"One moment", "wait", "One moment, please: I am looking it up."},
		{"Goodbye", "bye", "Thank you for chatting with us, {{Customer.DisplayName}}. Have a good day!"},
	} {
		all = append(all, &catalog.QuickResponse{Meta: catalog.Meta[center.QuickResponseID]{Name: r[0]}, Shortcut: r[1], Content: r[2]})
	}
	return all
}

// demoProfiles say what the people of the demo may do besides what agents may.
func demoProfiles() (all []*catalog.SecurityProfile) {
	for _, p := range []struct {
		name, what string
		may        []permission.Name
	}{
		{moreProfileName, "Agents: pick chats that wait, see why they wait, set attributes, end chats.", []permission.Name{
			permission.AgentActivityAudit, permission.ContactAttributesView, permission.ManualAssignAnyContact, permission.StopContactEnabled}},
		{supervisorName, "Supervisors: see what goes on and what was, monitor chats, barge in, see why chats wait, end chats, set up quick responses.", []permission.Name{
			permission.ManagerListenIn, permission.ManagerBargeIn, permission.AgentActivityAudit, permission.StopContactEnabled,
			permission.AccessMetrics, permission.QueuesView, permission.UsersView, permission.AgentStatesView, permission.AgentStatesEdit,
			permission.ContactSearchView, permission.UnredactedTranscripts, permission.ContactAttributesView,
			permission.ContentView, permission.ContentCreate, permission.ContentEdit, permission.ContentDelete}},
	} {
		s := &catalog.SecurityProfile{Meta: catalog.Meta[center.SecurityProfileID]{Name: p.name}, Description: p.what, Type: catalog.CustomerManaged}
		for _, n := range p.may {
			s.Permissions = append(s.Permissions, string(n))
		}
		slices.Sort(s.Permissions)
		all = append(all, s)
	}
	return all
}

// demoSupervisorRouting is a routing profile without queues: its users are offered what is for them alone.
func demoSupervisorRouting(c *catalog.Catalog, i *catalog.Instance, outbound center.QueueID) *catalog.RoutingProfile {
	p := &catalog.RoutingProfile{
		Description: "Supervisors: no queues.", DefaultOutbound: outbound, Timer: "TIME_SINCE_LAST_ACTIVITY",
		Concurrency: []catalog.Concurrency{{Channel: "CHAT", Max: 1}},
	}
	p.Meta = meta[center.RoutingProfileID](c, i, demoIDs, p, supervisorName)
	return p
}
