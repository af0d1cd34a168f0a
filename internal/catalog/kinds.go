package catalog

import (
	"maps"
	"slices"

	"parley.example/parley/internal/center"
)

// kind is what the catalog has to know of a kind of resource. Everything that
// differs from kind to kind, but for what its own operations do, is a row of
// [kinds]: a new kind is a new row.
type kind struct {
	kind center.Kind
	// make returns an empty resource; nil for rows that no snapshot holds.
	make func() Resource
	// contents says what is to be known of its contents; nil for resources without.
	contents *contentKind
	// taggable resources take TagResource.
	taggable bool
	// unique names are refused as Duplicate when another resource of the kind has one.
	unique bool
	// quota names how many an instance may have in [Quotas], for messages with the plural; "" for no limit.
	quota  string
	plural string
	over   center.Reason         // of a quota that is used up
	counts func(r Resource) bool // what counts against it; nil for everything
	fields map[string]fieldOf    // that a search can name, besides name and resourceID
	// apart kinds are in no snapshot until somebody asks for them: see [Catalog.SnapshotWith].
	apart  bool
	refers func(r Resource) []target // to what; for kinds that keep account of it: see [Snapshot.Uses]
	// renew brings what an earlier release has stored up to date when it is read; nil for what stays as it is.
	renew func(r Resource)
}

// contentKind is what the catalog has to know of the contents of a kind.
type contentKind struct {
	rows        center.Kind   // of the rows that hold them
	noun        string        // what messages call the resource
	unpublished center.Reason // of an error for want of a published content
	// typ returns the type of the flow that chats run, "" for a module; nil for
	// contents that are not run, and have no aliases.
	typ func(h Holder) string
}

var (
	flowContents = &contentKind{
		rows: center.KindFlowVersion, noun: "flow", unpublished: center.NotPublished,
		typ: func(h Holder) string { return h.(*Flow).Type },
	}
	moduleContents = &contentKind{
		rows: center.KindFlowVersion, noun: "module", unpublished: center.NotPublished,
		typ: func(Holder) string { return "" },
	}
	viewContents = &contentKind{rows: center.KindViewVersion, noun: "view", unpublished: center.BadRequest}
)

// fieldOf reads what a search can name of a resource: one text, or several.
type fieldOf func(r Resource) []string

// text makes a fieldOf for one type of resource.
func text[T Resource](read func(r T) string) fieldOf {
	return func(r Resource) []string { return []string{read(r.(T))} }
}

// texts makes a fieldOf that reads several.
func texts[T Resource](read func(r T) []string) fieldOf {
	return func(r Resource) []string { return read(r.(T)) }
}

// description is what most kinds can be searched by.
func description[T Resource](read func(r T) string) map[string]fieldOf {
	return map[string]fieldOf{"description": text(read)}
}

// kinds are all kinds that belong to instances, and the instance itself.
var kinds = byKind(
	kind{
		kind: center.KindInstance, make: func() Resource { return new(Instance) }, taggable: true,
	},
	kind{
		kind: center.KindFlow, make: func() Resource { return new(Flow) }, contents: flowContents, taggable: true, unique: true,
		quota: "flows", plural: "flows", over: center.LimitExceeded,
		counts: func(r Resource) bool { return !r.(*Flow).Default },
		fields: description(func(f *Flow) string { return f.Description }),
	},
	kind{
		kind: center.KindFlowModule, make: func() Resource { return new(Module) }, contents: moduleContents, taggable: true, unique: true,
		quota: "flow-modules", plural: "flow modules", over: center.LimitExceeded,
		fields: description(func(m *Module) string { return m.Description }),
	},
	kind{
		kind: center.KindView, make: func() Resource { return new(View) }, contents: viewContents, taggable: true, unique: true,
		quota: "views", plural: "views", over: center.QuotaExceeded,
		fields: description(func(v *View) string { return v.Description }),
	},
	kind{kind: center.KindFlowVersion},
	kind{kind: center.KindViewVersion},
	kind{
		kind: center.KindQueue, make: func() Resource { return new(Queue) }, taggable: true, unique: true,
		quota: "queues", plural: "queues", over: center.LimitExceeded,
		fields: description(func(q *Queue) string { return q.Description }),
	},
	kind{
		kind: center.KindHours, make: func() Resource { return new(Hours) }, taggable: true, unique: true,
		quota: "hours-of-operation", plural: "hours of operation", over: center.LimitExceeded,
		fields: description(func(h *Hours) string { return h.Description }),
	},
	kind{
		kind: center.KindRoutingProfile, make: func() Resource { return new(RoutingProfile) }, taggable: true, unique: true,
		quota: "routing-profiles", plural: "routing profiles", over: center.LimitExceeded,
		fields: map[string]fieldOf{
			"description":        text(func(p *RoutingProfile) string { return p.Description }),
			"associatedQueueIds": texts((*RoutingProfile).QueueIDs),
		},
	},
	kind{
		kind: center.KindQuickConnect, make: func() Resource { return new(QuickConnect) }, taggable: true, unique: true,
		quota: "quick-connects", plural: "quick connects", over: center.LimitExceeded,
		fields: description(func(k *QuickConnect) string { return k.Description }),
	},
	kind{
		kind: center.KindQuickResponse, make: func() Resource { return new(QuickResponse) }, unique: true, apart: true,
		quota: "quick-responses", plural: "quick responses", over: center.LimitExceeded,
		fields: description(func(r *QuickResponse) string { return r.Description }),
	},
	kind{
		kind: center.KindSecurityProfile, make: func() Resource { return new(SecurityProfile) }, taggable: true, unique: true,
		quota: "security-profiles", plural: "security profiles", over: center.LimitExceeded,
		fields: description(func(p *SecurityProfile) string { return p.Description }),
		refers: func(r Resource) []target {
			return []target{{center.KindHierarchyGroup, string(r.(*SecurityProfile).Group)}}
		},
		renew: func(r Resource) { r.(*SecurityProfile).renew() },
	},
	kind{
		kind: center.KindAgentStatus, make: func() Resource { return new(AgentStatus) }, taggable: true, unique: true,
		quota: "agent-statuses", plural: "agent statuses", over: center.LimitExceeded,
		fields: map[string]fieldOf{
			"description":  text(func(s *AgentStatus) string { return s.Description }),
			"displayOrder": text((*AgentStatus).DisplayOrder),
			"state":        text((*AgentStatus).State),
			"type":         text(func(s *AgentStatus) string { return s.Type }),
		},
	},
	kind{
		kind: center.KindUser, make: func() Resource { return new(User) }, taggable: true, unique: true, apart: true,
		quota: "users", plural: "users", over: center.LimitExceeded,
		refers: func(r Resource) []target { return r.(*User).refers() },
	},
	kind{kind: center.KindPassword},
	kind{kind: center.KindHierarchy, make: func() Resource { return new(Hierarchy) }},
	kind{
		kind: center.KindHierarchyGroup, make: func() Resource { return new(Group) }, taggable: true, unique: true,
		quota: "hierarchy-groups", plural: "hierarchy groups", over: center.LimitExceeded,
		refers: func(r Resource) []target { return []target{{center.KindHierarchyGroup, string(r.(*Group).Parent)}} },
	},
	kind{
		kind: center.KindAttribute, make: func() Resource { return new(PredefinedAttribute) }, unique: true,
		quota: "predefined-attributes", plural: "predefined attributes", over: center.LimitExceeded,
	},
	kind{kind: center.KindStorageConfig, make: func() Resource { return new(StorageConfig) }},
	kind{kind: center.KindAssociation, make: func() Resource { return new(Association) }},
)

func byKind(rows ...kind) map[center.Kind]*kind {
	all := make(map[center.Kind]*kind, len(rows))
	for i := range rows {
		all[rows[i].kind] = &rows[i]
	}
	return all
}

// Noun is what messages call a resource that has contents.
func Noun(h Holder) string { return kinds[h.Kind()].contents.noun }

// Fields are the texts of a kind of resource that a search can name.
func Fields(kind center.Kind) []string {
	own := slices.Sorted(maps.Keys(kinds[kind].fields))
	return slices.Concat([]string{"name"}, own, []string{"resourceID"})
}

// Field returns what a resource has in one of its [Fields].
func Field(r Resource, name string) []string {
	switch name {
	case "name":
		return []string{r.About().Name}
	case "resourceID":
		return []string{r.About().ID}
	}
	return kinds[r.Kind()].fields[name](r)
}
