package flows

import (
	"cmp"
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// CreateContactFlowModule adds a flow module and publishes it. Content must be
// a valid flow with Settings of its own, unless those are given beside it: what
// is wrong, up to 50 problems at once, comes back in an
// InvalidContactFlowModuleException. Name is unique in the instance
// (DuplicateResourceException). A request with the ClientToken of an earlier
// one gives the same module; with another name or content it is an
// IdempotencyException. Over the quota of modules it is a LimitExceededException.
func (s *Modules) CreateContactFlowModule(ctx context.Context, in *connect.CreateContactFlowModuleRequest) (*connect.CreateContactFlowModuleResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	n := publishing.NewModule{
		Name: in.Name, Description: wire.Text(in.Description), Content: in.Content, Settings: wire.Text(in.Settings), Tags: in.Tags, Token: wire.Text(in.ClientToken),
	}
	if c := in.ExternalInvocationConfiguration; c != nil {
		n.External = c.Enabled
	}
	m, err := publishing.CreateModule(ctx, s.Catalog, snap.ID(), n)
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleResponse{Id: new(string(m.ID)), Arn: new(snap.ARNOf(m))}, nil
}

// DescribeContactFlowModule describes a module as [Flows.DescribeContactFlow]
// does a flow, with the settings of the content. Without published content it is
// a ResourceNotFoundException.
func (s *Modules) DescribeContactFlowModule(ctx context.Context, in *connect.DescribeContactFlowModuleRequest) (*connect.DescribeContactFlowModuleResponse, error) {
	snap, m, c, err := findContent[*catalog.Module](ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	out := module(snap, m)
	out.Content, out.Settings, out.FlowModuleContentSha256, out.Status = &c.Content, wire.Optional(c.Settings), &c.hash, connect.ContactFlowModuleStatusSAVED
	if c.published {
		out.Status = connect.ContactFlowModuleStatusPUBLISHED
	}
	if n := c.version; n.Number > 0 {
		out.Arn, out.Version, out.VersionDescription = qualified(snap, m, n.Number), &n.Number, wire.Optional(n.Description)
	}
	return &connect.DescribeContactFlowModuleResponse{ContactFlowModule: &out}, nil
}

// module makes a module as SearchContactFlowModules shows it: without content.
func module(snap *catalog.Snapshot, m *catalog.Module) connect.ContactFlowModule {
	out := connect.ContactFlowModule{
		Arn: new(snap.ARNOf(m)), Id: new(string(m.ID)), Name: &m.Name, Description: wire.Optional(m.Description), State: moduleState(m),
		Status: moduleStatus(m), Tags: wire.Tags(m.Tags), FlowModuleContentSha256: new(cmp.Or(m.Published, m.Draft)),
	}
	if m.External != nil {
		out.ExternalInvocationConfiguration = &connect.ExternalInvocationConfiguration{Enabled: m.External}
	}
	return out
}

func moduleState(m *catalog.Module) connect.ContactFlowModuleState {
	if m.Archived {
		return connect.ContactFlowModuleStateARCHIVED
	}
	return connect.ContactFlowModuleStateACTIVE
}

func moduleStatus(m *catalog.Module) connect.ContactFlowModuleStatus {
	if m.Published == "" {
		return connect.ContactFlowModuleStatusSAVED
	}
	return connect.ContactFlowModuleStatusPUBLISHED
}

// ListContactFlowModules lists the modules of an instance by name, those of a
// state when that is given.
func (s *Modules) ListContactFlowModules(ctx context.Context, in *connect.ListContactFlowModulesRequest) (*connect.ListContactFlowModulesResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "ListContactFlowModules", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.ContactFlowModuleState}},
		func(m *catalog.Module) bool {
			return in.ContactFlowModuleState == "" || in.ContactFlowModuleState == moduleState(m)
		},
		func(snap *catalog.Snapshot, m *catalog.Module) connect.ContactFlowModuleSummary {
			return connect.ContactFlowModuleSummary{Id: new(string(m.ID)), Arn: new(snap.ARNOf(m)), Name: &m.Name, State: moduleState(m)}
		})
	return &connect.ListContactFlowModulesResponse{ContactFlowModulesSummaryList: list, NextToken: next}, err
}

// UpdateContactFlowModuleContent publishes a content, settings or both; what is
// not given stays. With :$SAVED behind the id they are saved as a draft. Chats
// that run the module go on with what they began with.
func (s *Modules) UpdateContactFlowModuleContent(ctx context.Context, in *connect.UpdateContactFlowModuleContentRequest) (*connect.UpdateContactFlowModuleContentResponse, error) {
	return &connect.UpdateContactFlowModuleContentResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		m, which, err := snap.FindModule(in.ContactFlowModuleId)
		if err != nil {
			return err
		}
		return publishing.UpdateModule(ctx, s.Catalog, m.Instance, m.ID, which, in.Content, in.Settings)
	})
}

// UpdateContactFlowModuleMetadata changes name, description and state, those
// given. An archived module cannot be invoked: flows take their error branch.
func (s *Modules) UpdateContactFlowModuleMetadata(ctx context.Context, in *connect.UpdateContactFlowModuleMetadataRequest) (*connect.UpdateContactFlowModuleMetadataResponse, error) {
	d := publishing.Describing{Name: in.Name, Description: in.Description}
	if in.State != "" {
		d.Archived = new(in.State == connect.ContactFlowModuleStateARCHIVED)
	}
	return &connect.UpdateContactFlowModuleMetadataResponse{}, with(ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, func(m *catalog.Module) error {
		return publishing.Describe[*catalog.Module](ctx, s.Catalog, m.Instance, m.ID, d)
	})
}

// DeleteContactFlowModule removes a module with its versions and aliases.
// Flows that name it are no hindrance: they take their error branch from then
// on. Chats that run it go on.
func (s *Modules) DeleteContactFlowModule(ctx context.Context, in *connect.DeleteContactFlowModuleRequest) (*connect.DeleteContactFlowModuleResponse, error) {
	return &connect.DeleteContactFlowModuleResponse{}, with(ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, func(m *catalog.Module) error {
		return publishing.Delete[*catalog.Module](ctx, s.Catalog, m.Instance, m.ID)
	})
}

// SearchContactFlowModules finds modules by criteria and filter. It shows them
// without Content, by name.
func (s *Modules) SearchContactFlowModules(ctx context.Context, in *connect.SearchContactFlowModulesRequest) (*connect.SearchContactFlowModulesResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchContactFlowModules", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, moduleCriteria), query.Filter(in.SearchFilter, moduleFilter), module)
	return &connect.SearchContactFlowModulesResponse{ContactFlowModules: found, NextToken: next, ApproximateTotalCount: total}, err
}

func moduleCriteria(c *connect.ContactFlowModuleSearchCriteria) query.Criteria[connect.ContactFlowModuleSearchCriteria, *catalog.Module] {
	return query.Named(c.OrConditions, c.AndConditions, c.StringCondition, query.Is(func(m *catalog.Module) bool {
		return (c.StateCondition == "" || c.StateCondition == moduleState(m)) && (c.StatusCondition == "" || c.StatusCondition == moduleStatus(m))
	}))
}

func moduleFilter(f *connect.ContactFlowModuleSearchFilter) query.Match[*catalog.Module] {
	return query.TagFilter[*catalog.Module](f.TagFilter)
}
