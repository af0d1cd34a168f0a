package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/hours"
)

// The demo instance and what a newcomer needs of it, under ids that never
// change, so that commands can be copied from the documentation.
const (
	DemoInstance = "11111111-1111-4111-8111-111111111111"
	DemoFlow     = "22222222-2222-4222-8222-222222222222" // "Parley demo"
	DemoQueue    = "33333333-3333-4333-8333-333333333333" // BasicQueue
	DemoAlias    = "parley-demo"
)

// SeedDemo makes the demo instance, unless it is there: what was changed in it stays.
func (c *Catalog) SeedDemo(ctx context.Context) error {
	c.founding.Lock()
	defer c.founding.Unlock()
	if _, err := c.Snapshot(ctx, DemoInstance); center.ReasonOf(err) != center.NotFound {
		return err
	}
	now := c.now()
	i := &Instance{
		Meta:     Meta{Instance: DemoInstance, ID: DemoInstance, Name: DemoAlias, Created: now, Updated: now},
		Identity: "CONNECT_MANAGED", Attributes: attributes(true, true),
	}
	if err := c.found(ctx, i, demoIDs); err != nil {
		return fmt.Errorf("seed the demo instance: %w", err)
	}
	return nil
}

// demoIDs gives everything in the demo instance the same id in every run.
func demoIDs(kind center.Kind, name string) string {
	switch {
	case kind == center.KindFlow && name == flow.DemoName:
		return DemoFlow
	case kind == center.KindQueue:
		return DemoQueue
	}
	return derivedID(DemoInstance, string(kind), name)
}

// seeds returns a new instance and everything it comes with, as rows.
func (c *Catalog) seeds(i *Instance, ids func(center.Kind, string) string) ([]center.Resource, error) {
	meta := func(r Resource, name string) Meta {
		return Meta{Instance: i.InstanceID(), ID: ids(r.Kind(), name), Name: name, Created: i.Created, Updated: i.Created}
	}
	basic := basicHours()
	basic.Meta = meta(basic, "Basic Hours")
	queue := &Queue{Description: "A simple, basic voice queue.", Hours: basic.ID}
	queue.Meta = meta(queue, "BasicQueue")
	profile := basicProfile(queue.ID)
	profile.Meta = meta(profile, "Basic Routing Profile")
	all := []Resource{i, basic, queue, profile}
	for _, s := range securityProfiles() {
		s.Meta = meta(s, s.Name)
		all = append(all, s)
	}
	for n, s := range []*AgentStatus{
		{Meta: Meta{Name: "Available"}, Type: "ROUTABLE", Description: "Available to handle contacts."},
		{Meta: Meta{Name: "Offline"}, Type: "OFFLINE", Description: "Not available to handle contacts."},
	} {
		s.Order = int32(n + 1)
		s.Meta = meta(s, s.Name)
		all = append(all, s)
	}
	var rows []center.Resource
	for _, d := range flow.Defaults() {
		if d.Name == flow.DemoName && i.ID != DemoInstance {
			continue
		}
		parsed, err := flow.Parse(d.Content)
		if err != nil {
			return nil, fmt.Errorf("default flow %q: %w", d.Name, err)
		}
		f := &Flow{Type: d.Type, Default: strings.HasPrefix(d.Name, "Default ")}
		f.Meta, f.Published = meta(f, d.Name), parsed.Hash
		row, err := c.contentRow(f, parsed.Hash, string(parsed.Content()))
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		all = append(all, f)
	}
	for _, r := range all {
		row, err := encode(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// basicHours are open from nine to five on weekdays, New York time.
func basicHours() *Hours {
	h := &Hours{Description: "Monday to Friday, 9 am to 5 pm.", Schedule: hours.Schedule{TimeZone: "US/Eastern"}}
	for day := time.Monday; day <= time.Friday; day++ {
		h.Config = append(h.Config, hours.OpenTime{Day: day, Start: 9 * 60, End: 17 * 60})
	}
	return h
}

// basicProfile takes voice, chats and tasks of one queue: one call, two chats
// or a task at a time.
func basicProfile(queue string) *RoutingProfile {
	p := &RoutingProfile{
		Description: "A simple routing profile.", DefaultOutbound: queue, Timer: "TIME_SINCE_LAST_ACTIVITY", Default: true,
		Concurrency: []Concurrency{{Channel: "VOICE", Max: 1}, {Channel: "CHAT", Max: 2}, {Channel: "TASK", Max: 1}},
	}
	for _, c := range p.Concurrency {
		p.Queues = append(p.Queues, ProfileQueue{Queue: queue, Channel: c.Channel, Priority: 1})
	}
	return p
}

// Permissions by the part of the contact centre they are about, as
// ListSecurityProfilePermissions names them. They are those that concern what
// Parley does; the service has many more for its other products.
var (
	desk     = []string{"BasicAgentAccess", "OutboundCallAccess"}
	routing  = grants("RoutingPolicies", "Create Edit View", "TransferDestinations", "Create Delete Edit View", "HoursOfOperation", "Create Delete Edit View", "Queues", "Create Edit EnableAndDisable View")
	channels = grants("Prompts", "Create Delete Edit View", "ContactFlows", "Create Delete Edit Publish View", "ContactFlowModules", "Create Delete Edit Publish View", "Views", "Create Edit Remove View")
	people   = grants("Users", "Create Delete Edit EditPermission View", "AgentGrouping", "Create Edit EnableAndDisable View", "SecurityProfiles", "Create Delete Edit View", "AgentStates", "Create Edit EnableAndDisable View")
	insight  = grants("ContactSearch", "View", "ContactAttributes", "View", "MetricsReports", "Create Delete Edit Publish Schedule View", "AgentTimeCard", "View")
	trial    = []string{"ChatTestMode"}
)

// grants spells out permissions: "Queues", "Edit View" gives Queues.Edit and Queues.View.
func grants(pairs ...string) []string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		for verb := range strings.FieldsSeq(pairs[i+1]) {
			list = append(list, pairs[i]+"."+verb)
		}
	}
	return list
}

// securityProfiles are the four of a new instance.
func securityProfiles() []*SecurityProfile {
	profile := func(name, description string, permissions ...[]string) *SecurityProfile {
		s := &SecurityProfile{Meta: Meta{Name: name}, Description: description}
		for _, p := range permissions {
			s.Permissions = append(s.Permissions, p...)
		}
		return s
	}
	return []*SecurityProfile{
		profile("Admin", "Administrators: everything.", desk, routing, channels, people, insight, trial),
		profile("Agent", "Agents: the agent desk.", desk),
		profile("CallCenterManager", "Managers: people, routing and reports.", desk, routing, people, insight),
		profile("QualityAnalyst", "Analysts: contacts and reports.", insight),
	}
}
