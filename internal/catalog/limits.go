package catalog

import (
	"slices"

	"parley.example/parley/internal/center"
)

// Limits are the quotas that an operator may set. The zero value of a member
// means its default.
type Limits struct {
	Instances        int // 100; the service allows 2 until asked for more
	Flows            int // of an instance, besides the default flows; 100
	FlowVersions     int // of a flow, a module or a view; 50
	Modules          int // of an instance; 200
	Aliases          int // of a flow or a module; 50
	Views            int // of an instance, besides the managed ones; 500
	Queues           int // of an instance; 100
	Hours            int // hours of operation of an instance; 100
	RoutingProfiles  int // routing profiles of an instance; 100
	QuickConnects    int // quick connects of an instance; 100
	QuickResponses   int // quick responses of an instance; 3,000
	SecurityProfiles int // security profiles of an instance; 100
	AgentStatuses    int // agent statuses of an instance; 50
	Functions        int // Lambda functions of an instance; 50
	Bots             int // of an instance and a version of Lex; 70
	Origins          int // approved origins of an instance; 100
	Users            int // of an instance; 500
	Groups           int // hierarchy groups of an instance; 500
	Attributes       int // predefined attributes of an instance; 150
	Proficiencies    int // proficiencies of a user; 10
}

// Quota is a quota as an operator knows it.
type Quota struct {
	Name    string   // as in a setting: flow-modules
	Also    []string // other names of it, among them that of Amazon's Service Quotas
	Default int
	Of      func(l *Limits) *int
}

// Quotas are all quotas of [Limits].
var Quotas = []Quota{
	{"instances", []string{"Amazon Connect instances"}, 100, func(l *Limits) *int { return &l.Instances }},
	{"flows", []string{"Contact flows"}, 100, func(l *Limits) *int { return &l.Flows }},
	{"flow-modules", []string{"modules", "Contact flow modules"}, 200, func(l *Limits) *int { return &l.Modules }},
	{"versions", []string{"flow versions"}, 50, func(l *Limits) *int { return &l.FlowVersions }},
	{"aliases", []string{"flow aliases", "module aliases"}, 50, func(l *Limits) *int { return &l.Aliases }},
	{"views", []string{"Customer managed views"}, 500, func(l *Limits) *int { return &l.Views }},
	{"queues", nil, 100, func(l *Limits) *int { return &l.Queues }},
	{"hours-of-operation", []string{"hours"}, 100, func(l *Limits) *int { return &l.Hours }},
	{"routing-profiles", []string{"Routing profiles"}, 100, func(l *Limits) *int { return &l.RoutingProfiles }},
	{"quick-connects", []string{"Quick connects"}, 100, func(l *Limits) *int { return &l.QuickConnects }},
	{"quick-responses", []string{"Quick responses per knowledge base"}, 3000, func(l *Limits) *int { return &l.QuickResponses }},
	{"security-profiles", []string{"Security profiles"}, 100, func(l *Limits) *int { return &l.SecurityProfiles }},
	{"agent-statuses", []string{"Agent status"}, 50, func(l *Limits) *int { return &l.AgentStatuses }},
	{"lambda-functions", []string{"functions", "AWS Lambda functions"}, 50, func(l *Limits) *int { return &l.Functions }},
	{"bots", []string{"lex bots", "Amazon Lex bots"}, 70, func(l *Limits) *int { return &l.Bots }},
	{"approved-origins", []string{"origins"}, 100, func(l *Limits) *int { return &l.Origins }},
	{"users", []string{"Users per instance"}, 500, func(l *Limits) *int { return &l.Users }},
	{"hierarchy-groups", []string{"groups", "User hierarchy groups"}, 500, func(l *Limits) *int { return &l.Groups }},
	{"predefined-attributes", []string{"attributes"}, 150, func(l *Limits) *int { return &l.Attributes }},
	{"proficiencies", []string{"proficiencies per agent"}, 10, func(l *Limits) *int { return &l.Proficiencies }},
}

// Admit refuses one more when there are as many as a quota allows, which it knows
// by its name in [Quotas]. of is what has the quota, as in "the instance", and
// what is counted, as in "flows".
func (c *Catalog) Admit(there int, quota, of, what string, over center.Reason) error {
	i := slices.IndexFunc(Quotas, func(q Quota) bool { return q.Name == quota })
	if most := *Quotas[i].Of(&c.cfg.Limits); there >= most {
		return center.Errorf(over, "%s has reached its quota of %d %s; the setting --quota %s=N changes it", of, most, what, quota)
	}
	return nil
}

// Defaults fills in what is not set.
func (l Limits) Defaults() Limits {
	for _, q := range Quotas {
		if of := q.Of(&l); *of == 0 {
			*of = q.Default
		}
	}
	return l
}
