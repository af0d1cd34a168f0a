package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/hours"
)

// SeedDemo makes the demo instance, unless it is there: what was changed in it stays.
func SeedDemo(ctx context.Context, c *catalog.Catalog) error {
	i := &catalog.Instance{
		Meta:     catalog.NewMeta(c, catalog.DemoInstance, center.InstanceID(catalog.DemoInstance), catalog.DemoAlias, nil),
		Identity: "CONNECT_MANAGED", Attributes: catalog.Attributes(true, true),
	}
	if _, err := create(ctx, c, i, demoIDs, false); err != nil {
		return fmt.Errorf("seed the demo instance: %w", err)
	}
	return nil
}

// SeedDemoAgent makes the demo agent, who takes chats from the demo queue, unless the demo instance has users already.
// hash returns the hash of his password, [catalog.DemoPassword].
func SeedDemoAgent(ctx context.Context, c *catalog.Catalog, hash func(ctx context.Context, password string) (string, error)) error {
	snap, err := c.SnapshotWith(ctx, center.KindUser, catalog.DemoInstance)
	if err != nil || len(catalog.All[*catalog.User](snap)) > 0 {
		return err
	}
	_, err = staffing.CreateUser(ctx, c, snap.ID(), staffing.NewUser{
		ID: catalog.DemoAgent, Username: catalog.DemoUserName, Identity: catalog.Identity{FirstName: "Dana", LastName: "Demo"},
		RoutingProfile:   center.RoutingProfileID(demoIDs(center.KindRoutingProfile, basicProfileName)),
		SecurityProfiles: demoProfiles(snap),
		Config:           catalog.UserConfig{Phone: catalog.Phone{Type: "SOFT_PHONE"}},
		Hash:             func(ctx context.Context) (string, error) { return hash(ctx, catalog.DemoPassword) },
	})
	if center.ReasonOf(err) == center.NotFound || center.ReasonOf(err) == center.Invalid {
		return nil // the profiles were deleted, or what they were is something else now
	}
	return err
}

// The profiles of the demo agent.
const (
	basicProfileName = "Basic Routing Profile"
	moreProfileName  = "Demo agent" // of the demo instance alone
)

// demoProfiles are the security profiles of the demo agent: what agents have, and what lets a newcomer try all that a desk can do,
// unless the latter is missing, as where the instance was made by an older version.
func demoProfiles(snap *catalog.Snapshot) []center.SecurityProfileID {
	id := func(name string) center.SecurityProfileID {
		return center.SecurityProfileID(demoIDs(center.KindSecurityProfile, name))
	}
	profiles := []center.SecurityProfileID{id(permission.Agent)}
	if more, err := catalog.Get[*catalog.SecurityProfile](snap, id(moreProfileName)); err == nil {
		profiles = append(profiles, more.ID)
	}
	return profiles
}

// demoIDs gives everything in the demo instance the same id in every run.
func demoIDs(kind center.Kind, name string) string {
	switch {
	case kind == center.KindFlow && name == flow.DemoName:
		return catalog.DemoFlow
	case kind == center.KindFlow && name == flow.DemoQueueName:
		return catalog.DemoWhile
	case kind == center.KindFlow && name == flow.DemoWaitingName:
		return catalog.DemoWaiting
	case kind == center.KindFlow && name == flow.DemoViewsName:
		return catalog.DemoViews
	case kind == center.KindQueue:
		return catalog.DemoQueue
	}
	return catalog.DerivedID(catalog.DemoInstance, string(kind), name)
}

// seeds returns everything that a new instance comes with.
func seeds(c *catalog.Catalog, i *catalog.Instance, ids func(center.Kind, string) string) (with []catalog.Resource, flows []catalog.Seed, err error) {
	basic := basicHours()
	basic.Meta = meta[center.HoursID](c, i, ids, basic, "Basic Hours")
	queue := &catalog.Queue{Description: "A simple, basic voice queue.", Hours: basic.ID}
	queue.Meta = meta[center.QueueID](c, i, ids, queue, "BasicQueue")
	profile := basicProfile(queue.ID)
	profile.Meta = meta[center.RoutingProfileID](c, i, ids, profile, basicProfileName)
	with = []catalog.Resource{basic, queue, profile}
	profiles := securityProfiles()
	if i.ID == catalog.DemoInstance {
		profile.Manual = []catalog.QueueChannel{{Queue: queue.ID, Channel: "CHAT"}}
		profiles = append(profiles, demoProfile())
	}
	for _, s := range profiles {
		s.Meta = meta[center.SecurityProfileID](c, i, ids, s, s.Name)
		with = append(with, s)
	}
	for n, s := range agentStatuses() {
		s.Order = int32(n + 1)
		s.Meta = meta[center.AgentStatusID](c, i, ids, s, s.Name)
		with = append(with, s)
	}
	for _, d := range flow.Defaults() {
		if d.Demo() && i.ID != catalog.DemoInstance {
			continue
		}
		parsed, err := flow.Parse(d.Content)
		if err != nil {
			return nil, nil, fmt.Errorf("default flow %q: %w", d.Name, err)
		}
		f := &catalog.Flow{Type: d.Type, Default: strings.HasPrefix(d.Name, "Default ")}
		f.Meta, f.Published = meta[center.FlowID](c, i, ids, f, d.Name), parsed.Hash
		flows = append(flows, catalog.Seed{Flow: f, Content: catalog.Content{Hash: parsed.Hash, Body: string(parsed.Content()), Flow: parsed}})
	}
	return with, flows, nil
}

// meta is what all resources have, of one that comes with an instance.
func meta[ID ~string](c *catalog.Catalog, i *catalog.Instance, ids func(center.Kind, string) string, r catalog.Resource, name string) catalog.Meta[ID] {
	return catalog.NewMeta(c, i.ID, ID(ids(r.Kind(), name)), name, nil)
}

// agentStatuses are the two of a new instance.
func agentStatuses() []*catalog.AgentStatus {
	return []*catalog.AgentStatus{
		{Meta: catalog.Meta[center.AgentStatusID]{Name: "Available"}, Type: "ROUTABLE", Description: "Available to handle contacts."},
		{Meta: catalog.Meta[center.AgentStatusID]{Name: "Offline"}, Type: "OFFLINE", Description: "Not available to handle contacts."},
	}
}

// basicHours are open from nine to five on weekdays, New York time.
func basicHours() *catalog.Hours {
	h := &catalog.Hours{Description: "Monday to Friday, 9 am to 5 pm.", Schedule: hours.Schedule{TimeZone: "US/Eastern"}}
	for day := time.Monday; day <= time.Friday; day++ {
		h.Config = append(h.Config, hours.OpenTime{Day: day, Start: 9 * 60, End: 17 * 60})
	}
	return h
}

// basicProfile takes voice, chats and tasks of one queue: one call, two chats
// or a task at a time.
func basicProfile(queue center.QueueID) *catalog.RoutingProfile {
	p := &catalog.RoutingProfile{
		Description: "A simple routing profile.", DefaultOutbound: queue, Timer: "TIME_SINCE_LAST_ACTIVITY", Default: true,
		Concurrency: []catalog.Concurrency{{Channel: "VOICE", Max: 1}, {Channel: "CHAT", Max: 2}, {Channel: "TASK", Max: 1}},
	}
	for _, c := range p.Concurrency {
		p.Queues = append(p.Queues, catalog.ProfileQueue{QueueChannel: catalog.QueueChannel{Queue: queue, Channel: c.Channel}, Priority: 1})
	}
	return p
}

// demoProfile is what the demo agent may do besides what agents may.
func demoProfile() *catalog.SecurityProfile {
	s := &catalog.SecurityProfile{
		Meta: catalog.Meta[center.SecurityProfileID]{Name: moreProfileName}, Description: "Agents: pick chats that wait, see why they wait, set attributes, end chats.", Type: catalog.CustomerManaged,
	}
	for _, n := range []permission.Name{permission.AgentActivityAudit, permission.ContactAttributesView, permission.ManualAssignAnyContact, permission.StopContactEnabled} {
		s.Permissions = append(s.Permissions, string(n))
	}
	slices.Sort(s.Permissions)
	return s
}

// securityProfiles are the four of a new instance.
func securityProfiles() (all []*catalog.SecurityProfile) {
	for _, p := range [][2]string{
		{permission.Admin, "Administrators: everything."}, {permission.Agent, "Agents: the agent desk."},
		{permission.CallCenterManager, "Managers: people, routing and reports."}, {permission.QualityAnalyst, "Analysts: contacts and reports."},
	} {
		all = append(all, &catalog.SecurityProfile{
			Meta: catalog.Meta[center.SecurityProfileID]{Name: p[0]}, Description: p[1], Type: catalog.AWSManaged,
			Permissions: permission.Predefined(p[0]), Withheld: []string{},
		})
	}
	return all
}
