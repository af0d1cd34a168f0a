package setup

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/hours"
)

// basicProfileName is the name of the routing profile of a new instance.
const basicProfileName = "Basic Routing Profile"

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

// parsedDefault is a flow of a new instance.
type parsedDefault struct {
	flow.Default
	parsed *flow.Flow // is shared by all instances
}

// parsedDefaults are the flows of new instances, which are parsed once: that is most of what an instance costs.
var parsedDefaults = sync.OnceValues(func() (all []parsedDefault, err error) {
	for _, d := range flow.Defaults() {
		parsed, err := flow.Parse(d.Content)
		if err != nil {
			return nil, fmt.Errorf("default flow %q: %w", d.Name, err)
		}
		all = append(all, parsedDefault{d, parsed})
	}
	return all, nil
})

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
		profiles = append(profiles, demoProfiles()...)
		with = append(with, demoSupervisorRouting(c, i, queue.ID))
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
	defaults, err := parsedDefaults()
	if err != nil {
		return nil, nil, err
	}
	for _, d := range defaults {
		if d.Demo() && i.ID != catalog.DemoInstance {
			continue
		}
		parsed := d.parsed
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
