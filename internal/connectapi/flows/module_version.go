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
func (s *Modules) CreateContactFlowModuleVersion(ctx context.Context, in *connect.CreateContactFlowModuleVersionRequest) (*connect.CreateContactFlowModuleVersionResponse, error) {
	arn, number, err := makeVersion[*catalog.Module](ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, publishing.NewVersion{
		Description: wire.Text(in.Description), Hash: wire.Text(in.FlowModuleContentSha256),
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleVersionResponse{ContactFlowModuleArn: arn, Version: number}, nil
}

// ListContactFlowModuleVersions lists the versions of a module, oldest first.
func (s *Modules) ListContactFlowModuleVersions(ctx context.Context, in *connect.ListContactFlowModuleVersionsRequest) (*connect.ListContactFlowModuleVersionsResponse, error) {
	list, next, err := listVersions(ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, query.Page{List: "ListContactFlowModuleVersions", Token: in.NextToken, Max: in.MaxResults},
		func(snap *catalog.Snapshot, m *catalog.Module, n contents.Version) connect.ContactFlowModuleVersionSummary {
			return connect.ContactFlowModuleVersionSummary{Arn: qualified(snap, m, n.Number), VersionDescription: wire.Optional(n.Description), Version: &n.Number}
		})
	return &connect.ListContactFlowModuleVersionsResponse{ContactFlowModuleVersionSummaryList: list, NextToken: next}, err
}

// DeleteContactFlowModuleVersion removes a version; its number is not given
// again. While an alias names it, it is an InvalidRequestException.
func (s *Modules) DeleteContactFlowModuleVersion(ctx context.Context, in *connect.DeleteContactFlowModuleVersionRequest) (*connect.DeleteContactFlowModuleVersionResponse, error) {
	return &connect.DeleteContactFlowModuleVersionResponse{}, deleteVersion[*catalog.Module](ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, in.ContactFlowModuleVersion)
}

// CreateContactFlowModuleAlias gives a version of a module a name, by the rules
// of [Flows.CreateContactFlowAlias], by which flows may invoke it:
// …/flow-module/ID:NAME.
func (s *Modules) CreateContactFlowModuleAlias(ctx context.Context, in *connect.CreateContactFlowModuleAliasRequest) (*connect.CreateContactFlowModuleAliasResponse, error) {
	arn, id, err := makeAlias[*catalog.Module](ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, publishing.NewAlias{
		Name: in.AliasName, Description: wire.Text(in.Description), Version: in.ContactFlowModuleVersion,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleAliasResponse{ContactFlowModuleArn: arn, Id: id}, nil
}

// DescribeContactFlowModuleAlias describes an alias, by its id or its name.
func (s *Modules) DescribeContactFlowModuleAlias(ctx context.Context, in *connect.DescribeContactFlowModuleAliasRequest) (*connect.DescribeContactFlowModuleAliasResponse, error) {
	snap, m, a, err := findAlias[*catalog.Module](ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, in.AliasId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeContactFlowModuleAliasResponse{ContactFlowModuleAlias: &connect.ContactFlowModuleAliasInfo{
		ContactFlowModuleId: new(string(m.ID)), ContactFlowModuleArn: qualified(snap, m, a.Name), AliasId: new(string(a.ID)), Version: &a.Version, Name: &a.Name,
		Description: wire.Optional(a.Description), LastModifiedRegion: new(snap.Region()), LastModifiedTime: &a.Updated,
	}}, nil
}

// ListContactFlowModuleAliases lists the aliases of a module by name.
func (s *Modules) ListContactFlowModuleAliases(ctx context.Context, in *connect.ListContactFlowModuleAliasesRequest) (*connect.ListContactFlowModuleAliasesResponse, error) {
	list, next, err := listAliases(ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, query.Page{List: "ListContactFlowModuleAliases", Token: in.NextToken, Max: in.MaxResults},
		func(snap *catalog.Snapshot, m *catalog.Module, a contents.Alias) connect.ContactFlowModuleAliasSummary {
			return connect.ContactFlowModuleAliasSummary{
				Arn: qualified(snap, m, a.Name), AliasId: new(string(a.ID)), Version: &a.Version, AliasName: &a.Name,
				AliasDescription: wire.Optional(a.Description), LastModifiedTime: &a.Updated,
			}
		})
	return &connect.ListContactFlowModuleAliasesResponse{ContactFlowModuleAliasSummaryList: list, NextToken: next}, err
}

// UpdateContactFlowModuleAlias changes an alias; members that are not given
// stay. Runs that invoked the module by it go on with the version they began with.
func (s *Modules) UpdateContactFlowModuleAlias(ctx context.Context, in *connect.UpdateContactFlowModuleAliasRequest) (*connect.UpdateContactFlowModuleAliasResponse, error) {
	return &connect.UpdateContactFlowModuleAliasResponse{}, updateAlias[*catalog.Module](ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, in.AliasId,
		publishing.AliasChange{Name: in.Name, Description: in.Description, Version: in.ContactFlowModuleVersion})
}

// DeleteContactFlowModuleAlias removes an alias.
func (s *Modules) DeleteContactFlowModuleAlias(ctx context.Context, in *connect.DeleteContactFlowModuleAliasRequest) (*connect.DeleteContactFlowModuleAliasResponse, error) {
	return &connect.DeleteContactFlowModuleAliasResponse{}, deleteAlias[*catalog.Module](ctx, s.Catalog, in.InstanceId, in.ContactFlowModuleId, in.AliasId)
}
