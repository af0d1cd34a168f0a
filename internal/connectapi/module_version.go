package connectapi

import (
	"context"
	"fmt"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// CreateContactFlowModuleVersion keeps the published content of a module under
// the next number. FlowModuleContentSha256, when given, must be that content's
// (InvalidRequestException).
func (s *Service) CreateContactFlowModuleVersion(ctx context.Context, in *connect.CreateContactFlowModuleVersionRequest) (*connect.CreateContactFlowModuleVersionResponse, error) {
	m, n, err := s.Catalog.CreateModuleVersion(ctx, in.InstanceId, in.ContactFlowModuleId, deref(in.Description), deref(in.FlowModuleContentSha256))
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleVersionResponse{ContactFlowModuleArn: new(s.moduleARN(m, fmt.Sprint(n))), Version: &n}, nil
}

// ListContactFlowModuleVersions lists the versions of a module, oldest first.
func (s *Service) ListContactFlowModuleVersions(ctx context.Context, in *connect.ListContactFlowModuleVersionsRequest) (*connect.ListContactFlowModuleVersionsResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, _, err := snap.FindModule(in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	some, next, err := page(m.Versions, func(n *catalog.Version) string { return fmt.Sprintf("%020d", n.Number) },
		request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListContactFlowModuleVersions", m.ID)})
	if err != nil {
		return nil, err
	}
	out := &connect.ListContactFlowModuleVersionsResponse{ContactFlowModuleVersionSummaryList: []connect.ContactFlowModuleVersionSummary{}, NextToken: next}
	for _, n := range some {
		out.ContactFlowModuleVersionSummaryList = append(out.ContactFlowModuleVersionSummaryList, connect.ContactFlowModuleVersionSummary{
			Arn: new(s.moduleARN(m, fmt.Sprint(n.Number))), VersionDescription: optional(n.Description), Version: new(n.Number),
		})
	}
	return out, nil
}

// DeleteContactFlowModuleVersion removes a version; its number is not given
// again. While an alias names it, it is an InvalidRequestException.
func (s *Service) DeleteContactFlowModuleVersion(ctx context.Context, in *connect.DeleteContactFlowModuleVersionRequest) (*connect.DeleteContactFlowModuleVersionResponse, error) {
	return &connect.DeleteContactFlowModuleVersionResponse{},
		s.Catalog.DeleteModuleVersion(ctx, in.InstanceId, in.ContactFlowModuleId, in.ContactFlowModuleVersion)
}

// CreateContactFlowModuleAlias gives a version of a module a name, unique in
// the module (DuplicateResourceException), by which flows may invoke it:
// …/flow-module/ID:NAME. It is no number, does not begin with $ and holds
// neither a colon nor a slash.
func (s *Service) CreateContactFlowModuleAlias(ctx context.Context, in *connect.CreateContactFlowModuleAliasRequest) (*connect.CreateContactFlowModuleAliasResponse, error) {
	m, a, err := s.Catalog.CreateAlias(ctx, in.InstanceId, in.ContactFlowModuleId, catalog.NewAlias{
		Name: in.AliasName, Description: deref(in.Description), Version: in.ContactFlowModuleVersion,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowModuleAliasResponse{ContactFlowModuleArn: new(s.moduleARN(m, a.Name)), Id: &a.ID}, nil
}

// DescribeContactFlowModuleAlias describes an alias, by its id or its name.
func (s *Service) DescribeContactFlowModuleAlias(ctx context.Context, in *connect.DescribeContactFlowModuleAliasRequest) (*connect.DescribeContactFlowModuleAliasResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, a, err := snap.FindAlias(in.ContactFlowModuleId, in.AliasId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeContactFlowModuleAliasResponse{ContactFlowModuleAlias: &connect.ContactFlowModuleAliasInfo{
		ContactFlowModuleId: &m.ID, ContactFlowModuleArn: new(s.moduleARN(m, a.Name)), AliasId: &a.ID, Version: &a.Version, Name: &a.Name,
		Description: optional(a.Description), LastModifiedRegion: s.region(), LastModifiedTime: &a.Updated,
	}}, nil
}

// ListContactFlowModuleAliases lists the aliases of a module by name.
func (s *Service) ListContactFlowModuleAliases(ctx context.Context, in *connect.ListContactFlowModuleAliasesRequest) (*connect.ListContactFlowModuleAliasesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, _, err := snap.FindModule(in.ContactFlowModuleId)
	if err != nil {
		return nil, err
	}
	some, next, err := page(m.Aliases, func(a *catalog.Alias) string { return a.Name },
		request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListContactFlowModuleAliases", m.ID)})
	if err != nil {
		return nil, err
	}
	out := &connect.ListContactFlowModuleAliasesResponse{ContactFlowModuleAliasSummaryList: []connect.ContactFlowModuleAliasSummary{}, NextToken: next}
	for _, a := range some {
		out.ContactFlowModuleAliasSummaryList = append(out.ContactFlowModuleAliasSummaryList, connect.ContactFlowModuleAliasSummary{
			Arn: new(s.moduleARN(m, a.Name)), AliasId: &a.ID, Version: &a.Version, AliasName: &a.Name,
			AliasDescription: optional(a.Description), LastModifiedTime: &a.Updated,
		})
	}
	return out, nil
}

// UpdateContactFlowModuleAlias changes an alias; members that are not given
// stay. Runs that invoked the module by it go on with the version they began with.
func (s *Service) UpdateContactFlowModuleAlias(ctx context.Context, in *connect.UpdateContactFlowModuleAliasRequest) (*connect.UpdateContactFlowModuleAliasResponse, error) {
	return &connect.UpdateContactFlowModuleAliasResponse{},
		s.Catalog.UpdateAlias(ctx, in.InstanceId, in.ContactFlowModuleId, in.AliasId,
			catalog.AliasChange{Name: in.Name, Description: in.Description, Version: in.ContactFlowModuleVersion})
}

// DeleteContactFlowModuleAlias removes an alias.
func (s *Service) DeleteContactFlowModuleAlias(ctx context.Context, in *connect.DeleteContactFlowModuleAliasRequest) (*connect.DeleteContactFlowModuleAliasResponse, error) {
	return &connect.DeleteContactFlowModuleAliasResponse{}, s.Catalog.DeleteAlias(ctx, in.InstanceId, in.ContactFlowModuleId, in.AliasId)
}
