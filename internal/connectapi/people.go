package connectapi

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// ListSecurityProfiles lists the security profiles of an instance by name.
func (s *Service) ListSecurityProfiles(ctx context.Context, in *connect.ListSecurityProfilesRequest) (*connect.ListSecurityProfilesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	list, next, err := list(catalog.All[*catalog.SecurityProfile](snap), request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListSecurityProfiles", snap.Instance.ID)},
		func(p *catalog.SecurityProfile) connect.SecurityProfileSummary {
			return connect.SecurityProfileSummary{Id: &p.ID, Arn: new(snap.ARNOf(p)), Name: &p.Name, LastModifiedTime: &p.Updated, LastModifiedRegion: s.region()}
		})
	return &connect.ListSecurityProfilesResponse{SecurityProfileSummaryList: list, NextToken: next}, err
}

// DescribeSecurityProfile describes a security profile.
func (s *Service) DescribeSecurityProfile(ctx context.Context, in *connect.DescribeSecurityProfileRequest) (*connect.DescribeSecurityProfileResponse, error) {
	snap, p, err := find[*catalog.SecurityProfile](ctx, s, in.InstanceId, in.SecurityProfileId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeSecurityProfileResponse{SecurityProfile: &connect.SecurityProfile{
		Id: &p.ID, OrganizationResourceId: &snap.Instance.ID, Arn: new(snap.ARNOf(p)), SecurityProfileName: &p.Name,
		Description: optional(p.Description), Tags: shown(p.Tags), LastModifiedTime: &p.Updated, LastModifiedRegion: s.region(),
	}}, nil
}

// ListSecurityProfilePermissions lists what a security profile allows, in
// alphabetical order.
func (s *Service) ListSecurityProfilePermissions(ctx context.Context, in *connect.ListSecurityProfilePermissionsRequest) (*connect.ListSecurityProfilePermissionsResponse, error) {
	_, p, err := find[*catalog.SecurityProfile](ctx, s, in.InstanceId, in.SecurityProfileId)
	if err != nil {
		return nil, err
	}
	some, next, err := page(slices.Sorted(slices.Values(p.Permissions)), func(name *string) string { return *name },
		request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListSecurityProfilePermissions", p.ID)})
	if err != nil {
		return nil, err
	}
	return &connect.ListSecurityProfilePermissionsResponse{
		Permissions: some, NextToken: next, LastModifiedTime: &p.Updated, LastModifiedRegion: s.region(),
	}, nil
}

// ListAgentStatuses lists the agent statuses of an instance by name, of
// AgentStatusTypes when given.
func (s *Service) ListAgentStatuses(ctx context.Context, in *connect.ListAgentStatusRequest) (*connect.ListAgentStatusResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	all := catalog.All[*catalog.AgentStatus](snap)
	if len(in.AgentStatusTypes) > 0 {
		all = slices.DeleteFunc(all, func(a *catalog.AgentStatus) bool {
			return !slices.Contains(in.AgentStatusTypes, connect.AgentStatusType(a.Type))
		})
	}
	list, next, err := list(all, request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListAgentStatuses", snap.Instance.ID, in.AgentStatusTypes)},
		func(a *catalog.AgentStatus) connect.AgentStatusSummary {
			return connect.AgentStatusSummary{
				Id: &a.ID, Arn: new(snap.ARNOf(a)), Name: &a.Name, Type: connect.AgentStatusType(a.Type),
				LastModifiedTime: &a.Updated, LastModifiedRegion: s.region(),
			}
		})
	return &connect.ListAgentStatusResponse{AgentStatusSummaryList: list, NextToken: next}, err
}

// DescribeAgentStatus describes an agent status.
func (s *Service) DescribeAgentStatus(ctx context.Context, in *connect.DescribeAgentStatusRequest) (*connect.DescribeAgentStatusResponse, error) {
	snap, a, err := find[*catalog.AgentStatus](ctx, s, in.InstanceId, in.AgentStatusId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeAgentStatusResponse{AgentStatus: new(agentStatus(snap)(a))}, nil
}

func agentStatus(snap *catalog.Snapshot) func(a *catalog.AgentStatus) connect.AgentStatus {
	return func(a *catalog.AgentStatus) connect.AgentStatus {
		out := connect.AgentStatus{
			AgentStatusARN: new(snap.ARNOf(a)), AgentStatusId: &a.ID, Name: &a.Name, Description: optional(a.Description),
			Type: connect.AgentStatusType(a.Type), DisplayOrder: &a.Order, State: connect.AgentStatusStateENABLED, Tags: shown(a.Tags),
			LastModifiedTime: &a.Updated, LastModifiedRegion: new(snap.Region()),
		}
		if a.Disabled {
			out.State = connect.AgentStatusStateDISABLED
		}
		return out
	}
}
