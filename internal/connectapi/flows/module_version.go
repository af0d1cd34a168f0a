package flows

import (
	"context"
	"fmt"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// CreateContactFlowModuleVersion keeps the published content of a module under
// the next number. FlowModuleContentSha256, when given, must be that content's
// (InvalidRequestException).
func (s *Flows) CreateContactFlowModuleVersion(ctx context.Context, in *connect.CreateContactFlowModuleVersionRequest) (*connect.CreateContactFlowModuleVersionResponse, error) {
	m, n, err := s.Catalog.CreateModuleVersion(ctx, in.InstanceId, in.ContactFlowModuleId, wire.Text(in.Description), wire.Text(in.FlowModuleContentSha256))
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleVersionResponse{ContactFlowModuleArn: new(s.moduleARN(m, fmt.Sprint(n))), Version: &n}, nil
}

// ListContactFlowModuleVersions lists the versions of a module, oldest first.
func (s *Flows) ListContactFlowModuleVersions(ctx context.Context, in *connect.ListContactFlowModuleVersionsRequest) (*connect.ListContactFlowModuleVersionsResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, _, err := snap.FindModule(in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	list, next, err := versions(m.ID, m.Versions, query.Page{List: "ListContactFlowModuleVersions", Token: in.NextToken, Max: in.MaxResults},
		func(n catalog.Version) connect.ContactFlowModuleVersionSummary {
			return connect.ContactFlowModuleVersionSummary{
				Arn: new(s.moduleARN(m, fmt.Sprint(n.Number))), VersionDescription: wire.Optional(n.Description), Version: new(n.Number),
			}
		})
	return &connect.ListContactFlowModuleVersionsResponse{ContactFlowModuleVersionSummaryList: list, NextToken: next}, err
}

// DeleteContactFlowModuleVersion removes a version; its number is not given
// again. While an alias names it, it is an InvalidRequestException.
func (s *Flows) DeleteContactFlowModuleVersion(ctx context.Context, in *connect.DeleteContactFlowModuleVersionRequest) (*connect.DeleteContactFlowModuleVersionResponse, error) {
	return &connect.DeleteContactFlowModuleVersionResponse{},
		s.Catalog.DeleteModuleVersion(ctx, in.InstanceId, in.ContactFlowModuleId, in.ContactFlowModuleVersion)
}

// CreateContactFlowModuleAlias gives a version of a module a name, unique in
// the module (DuplicateResourceException), by which flows may invoke it:
// …/flow-module/ID:NAME. It is no number, does not begin with $ and holds
// neither a colon nor a slash.
func (s *Flows) CreateContactFlowModuleAlias(ctx context.Context, in *connect.CreateContactFlowModuleAliasRequest) (*connect.CreateContactFlowModuleAliasResponse, error) {
	m, a, err := s.Catalog.CreateAlias(ctx, in.InstanceId, in.ContactFlowModuleId, catalog.NewAlias{
		Name: in.AliasName, Description: wire.Text(in.Description), Version: in.ContactFlowModuleVersion,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleAliasResponse{ContactFlowModuleArn: new(s.moduleARN(m, a.Name)), Id: &a.ID}, nil
}

// DescribeContactFlowModuleAlias describes an alias, by its id or its name.
func (s *Flows) DescribeContactFlowModuleAlias(ctx context.Context, in *connect.DescribeContactFlowModuleAliasRequest) (*connect.DescribeContactFlowModuleAliasResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, a, err := snap.FindAlias(in.ContactFlowModuleId, in.AliasId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeContactFlowModuleAliasResponse{ContactFlowModuleAlias: &connect.ContactFlowModuleAliasInfo{
		ContactFlowModuleId: &m.ID, ContactFlowModuleArn: new(s.moduleARN(m, a.Name)), AliasId: &a.ID, Version: &a.Version, Name: &a.Name,
		Description: wire.Optional(a.Description), LastModifiedRegion: new(snap.Region()), LastModifiedTime: &a.Updated,
	}}, nil
}

// ListContactFlowModuleAliases lists the aliases of a module by name.
func (s *Flows) ListContactFlowModuleAliases(ctx context.Context, in *connect.ListContactFlowModuleAliasesRequest) (*connect.ListContactFlowModuleAliasesResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, _, err := snap.FindModule(in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListContactFlowModuleAliases", Token: in.NextToken, Max: in.MaxResults}, m.ID,
		m.Aliases, func(a *catalog.Alias) string { return a.Name },
		func(a catalog.Alias) connect.ContactFlowModuleAliasSummary {
			return connect.ContactFlowModuleAliasSummary{
				Arn: new(s.moduleARN(m, a.Name)), AliasId: &a.ID, Version: &a.Version, AliasName: &a.Name,
				AliasDescription: wire.Optional(a.Description), LastModifiedTime: &a.Updated,
			}
		})
	return &connect.ListContactFlowModuleAliasesResponse{ContactFlowModuleAliasSummaryList: list, NextToken: next}, err
}

// UpdateContactFlowModuleAlias changes an alias; members that are not given
// stay. Runs that invoked the module by it go on with the version they began with.
func (s *Flows) UpdateContactFlowModuleAlias(ctx context.Context, in *connect.UpdateContactFlowModuleAliasRequest) (*connect.UpdateContactFlowModuleAliasResponse, error) {
	return &connect.UpdateContactFlowModuleAliasResponse{},
		s.Catalog.UpdateAlias(ctx, in.InstanceId, in.ContactFlowModuleId, in.AliasId,
			catalog.AliasChange{Name: in.Name, Description: in.Description, Version: in.ContactFlowModuleVersion})
}

// DeleteContactFlowModuleAlias removes an alias.
func (s *Flows) DeleteContactFlowModuleAlias(ctx context.Context, in *connect.DeleteContactFlowModuleAliasRequest) (*connect.DeleteContactFlowModuleAliasResponse, error) {
	return &connect.DeleteContactFlowModuleAliasResponse{}, s.Catalog.DeleteAlias(ctx, in.InstanceId, in.ContactFlowModuleId, in.AliasId)
}
