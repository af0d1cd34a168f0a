package flows

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// CreateContactFlowModuleVersion keeps the published content of a module under
// the next number. FlowModuleContentSha256, when given, must be that content's
// (InvalidRequestException).
func (s *Flows) CreateContactFlowModuleVersion(ctx context.Context, in *connect.CreateContactFlowModuleVersionRequest) (*connect.CreateContactFlowModuleVersionResponse, error) {
	snap, m, err := find[*catalog.Module](ctx, s, in.InstanceId, in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	_, n, err := publishing.CreateVersion[*catalog.Module](ctx, s.Catalog, m.Instance, m.ID, publishing.NewVersion{
		Description: wire.Text(in.Description), Hash: wire.Text(in.FlowModuleContentSha256),
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleVersionResponse{ContactFlowModuleArn: qualified(snap, m, n), Version: &n}, nil
}

// ListContactFlowModuleVersions lists the versions of a module, oldest first.
func (s *Flows) ListContactFlowModuleVersions(ctx context.Context, in *connect.ListContactFlowModuleVersionsRequest) (*connect.ListContactFlowModuleVersionsResponse, error) {
	snap, m, err := find[*catalog.Module](ctx, s, in.InstanceId, in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	list, next, err := versions(string(m.ID), m.Versions, query.Page{List: "ListContactFlowModuleVersions", Token: in.NextToken, Max: in.MaxResults},
		func(n contents.Version) connect.ContactFlowModuleVersionSummary {
			return connect.ContactFlowModuleVersionSummary{
				Arn: qualified(snap, m, n.Number), VersionDescription: wire.Optional(n.Description), Version: new(n.Number),
			}
		})
	return &connect.ListContactFlowModuleVersionsResponse{ContactFlowModuleVersionSummaryList: list, NextToken: next}, err
}

// DeleteContactFlowModuleVersion removes a version; its number is not given
// again. While an alias names it, it is an InvalidRequestException.
func (s *Flows) DeleteContactFlowModuleVersion(ctx context.Context, in *connect.DeleteContactFlowModuleVersionRequest) (*connect.DeleteContactFlowModuleVersionResponse, error) {
	return &connect.DeleteContactFlowModuleVersionResponse{}, with(ctx, s, in.InstanceId, in.ContactFlowModuleId, func(m *catalog.Module) error {
		return publishing.DeleteVersion[*catalog.Module](ctx, s.Catalog, m.Instance, m.ID, in.ContactFlowModuleVersion)
	})
}

// CreateContactFlowModuleAlias gives a version of a module a name, unique in
// the module (DuplicateResourceException), by which flows may invoke it:
// …/flow-module/ID:NAME. It is no number, does not begin with $ and holds
// neither a colon nor a slash.
func (s *Flows) CreateContactFlowModuleAlias(ctx context.Context, in *connect.CreateContactFlowModuleAliasRequest) (*connect.CreateContactFlowModuleAliasResponse, error) {
	snap, m, err := find[*catalog.Module](ctx, s, in.InstanceId, in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	a, err := publishing.CreateAlias[*catalog.Module](ctx, s.Catalog, m.Instance, m.ID, publishing.NewAlias{
		Name: in.AliasName, Description: wire.Text(in.Description), Version: in.ContactFlowModuleVersion,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleAliasResponse{ContactFlowModuleArn: qualified(snap, m, a.Name), Id: new(string(a.ID))}, nil
}

// DescribeContactFlowModuleAlias describes an alias, by its id or its name.
func (s *Flows) DescribeContactFlowModuleAlias(ctx context.Context, in *connect.DescribeContactFlowModuleAliasRequest) (*connect.DescribeContactFlowModuleAliasResponse, error) {
	snap, m, a, err := s.alias(ctx, in.InstanceId, in.ContactFlowModuleId, in.AliasId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeContactFlowModuleAliasResponse{ContactFlowModuleAlias: &connect.ContactFlowModuleAliasInfo{
		ContactFlowModuleId: new(string(m.ID)), ContactFlowModuleArn: qualified(snap, m, a.Name), AliasId: new(string(a.ID)), Version: &a.Version, Name: &a.Name,
		Description: wire.Optional(a.Description), LastModifiedRegion: new(snap.Region()), LastModifiedTime: &a.Updated,
	}}, nil
}

// alias finds an alias of a module, by its id or its name.
func (s *Flows) alias(ctx context.Context, instance, module, ref string) (*catalog.Snapshot, *catalog.Module, contents.Alias, error) {
	snap, m, err := find[*catalog.Module](ctx, s, instance, module)
	if err != nil {
		return nil, nil, contents.Alias{}, err
	}
	a, ok := m.FindAlias(ref)
	if !ok {
		err = catalog.MissingAlias(m, ref)
	}
	return snap, m, a, err
}

// ListContactFlowModuleAliases lists the aliases of a module by name.
func (s *Flows) ListContactFlowModuleAliases(ctx context.Context, in *connect.ListContactFlowModuleAliasesRequest) (*connect.ListContactFlowModuleAliasesResponse, error) {
	snap, m, err := find[*catalog.Module](ctx, s, in.InstanceId, in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListContactFlowModuleAliases", Token: in.NextToken, Max: in.MaxResults}, string(m.ID),
		m.Aliases, func(a *contents.Alias) string { return a.Name },
		func(a contents.Alias) connect.ContactFlowModuleAliasSummary {
			return connect.ContactFlowModuleAliasSummary{
				Arn: qualified(snap, m, a.Name), AliasId: new(string(a.ID)), Version: &a.Version, AliasName: &a.Name,
				AliasDescription: wire.Optional(a.Description), LastModifiedTime: &a.Updated,
			}
		})
	return &connect.ListContactFlowModuleAliasesResponse{ContactFlowModuleAliasSummaryList: list, NextToken: next}, err
}

// UpdateContactFlowModuleAlias changes an alias; members that are not given
// stay. Runs that invoked the module by it go on with the version they began with.
func (s *Flows) UpdateContactFlowModuleAlias(ctx context.Context, in *connect.UpdateContactFlowModuleAliasRequest) (*connect.UpdateContactFlowModuleAliasResponse, error) {
	_, m, a, err := s.alias(ctx, in.InstanceId, in.ContactFlowModuleId, in.AliasId)
	if err != nil {
		return nil, err
	}
	return &connect.UpdateContactFlowModuleAliasResponse{}, publishing.UpdateAlias[*catalog.Module](ctx, s.Catalog, m.Instance, m.ID, a.ID,
		publishing.AliasChange{Name: in.Name, Description: in.Description, Version: in.ContactFlowModuleVersion})
}

// DeleteContactFlowModuleAlias removes an alias.
func (s *Flows) DeleteContactFlowModuleAlias(ctx context.Context, in *connect.DeleteContactFlowModuleAliasRequest) (*connect.DeleteContactFlowModuleAliasResponse, error) {
	_, m, a, err := s.alias(ctx, in.InstanceId, in.ContactFlowModuleId, in.AliasId)
	if err != nil {
		return nil, err
	}
	return &connect.DeleteContactFlowModuleAliasResponse{}, publishing.DeleteAlias[*catalog.Module](ctx, s.Catalog, m.Instance, m.ID, a.ID)
}
