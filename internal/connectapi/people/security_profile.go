package people

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// SecurityProfiles answers the operations on security profiles.
type SecurityProfiles struct {
	Catalog *catalog.Catalog
}

// ListSecurityProfiles lists the security profiles of an instance by name.
func (s *SecurityProfiles) ListSecurityProfiles(ctx context.Context, in *connect.ListSecurityProfilesRequest) (*connect.ListSecurityProfilesResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId, query.Page{List: "ListSecurityProfiles", Token: in.NextToken, Max: in.MaxResults}, nil,
		func(snap *catalog.Snapshot, p *catalog.SecurityProfile) connect.SecurityProfileSummary {
			return connect.SecurityProfileSummary{
				Id: new(string(p.ID)), Arn: new(snap.ARNOf(p)), Name: &p.Name, Type: connect.SecurityProfileType(p.ManagedBy()),
				LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()),
			}
		})
	return &connect.ListSecurityProfilesResponse{SecurityProfileSummaryList: list, NextToken: next}, err
}

// DescribeSecurityProfile describes a security profile. Type is AWS_MANAGED for
// the four that come with an instance and CUSTOMER_MANAGED for any other: the
// API reference does not say which are whose, and this way a tool that copies
// profiles to another instance skips those that are there already.
func (s *SecurityProfiles) DescribeSecurityProfile(ctx context.Context, in *connect.DescribeSecurityProfileRequest) (*connect.DescribeSecurityProfileResponse, error) {
	p, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.SecurityProfileId, securityProfile)
	return &connect.DescribeSecurityProfileResponse{SecurityProfile: p}, err
}

func securityProfile(snap *catalog.Snapshot, p *catalog.SecurityProfile) connect.SecurityProfile {
	return connect.SecurityProfile{
		Id: new(string(p.ID)), OrganizationResourceId: new(string(snap.Instance.ID)), Arn: new(snap.ARNOf(p)), SecurityProfileName: &p.Name,
		Description: wire.Optional(p.Description), Tags: wire.Tags(p.Tags), LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()),
		AllowedAccessControlTags: wire.Map(p.AccessTags), TagRestrictedResources: wire.List(p.ByTag), HierarchyRestrictedResources: wire.List(p.ByHierarchy),
		AllowedAccessControlHierarchyGroupId: wire.Optional(string(p.Group)), GranularAccessControlConfiguration: granular(p.TablesByRows),
		Type: connect.SecurityProfileType(p.ManagedBy()),
	}
}

// SearchSecurityProfiles finds security profiles by criteria and filter.
func (s *SecurityProfiles) SearchSecurityProfiles(ctx context.Context, in *connect.SearchSecurityProfilesRequest) (*connect.SearchSecurityProfilesResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchSecurityProfiles", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, securityCriteria), query.Filter(in.SearchFilter, securityFilter), securitySummary)
	return &connect.SearchSecurityProfilesResponse{SecurityProfiles: found, NextToken: next, ApproximateTotalCount: total}, err
}

func securitySummary(snap *catalog.Snapshot, p *catalog.SecurityProfile) connect.SecurityProfileSearchSummary {
	return connect.SecurityProfileSearchSummary{
		Id: new(string(p.ID)), OrganizationResourceId: new(string(snap.Instance.ID)), Arn: new(snap.ARNOf(p)), SecurityProfileName: &p.Name,
		Description: wire.Optional(p.Description), Tags: wire.Tags(p.Tags), Type: connect.SecurityProfileType(p.ManagedBy()),
	}
}

func securityCriteria(c *connect.SecurityProfileSearchCriteria) query.Criteria[connect.SecurityProfileSearchCriteria, *catalog.SecurityProfile] {
	return query.Named[*catalog.SecurityProfile](c.OrConditions, c.AndConditions, c.StringCondition)
}

func securityFilter(f *connect.SecurityProfilesSearchFilter) query.Match[*catalog.SecurityProfile] {
	return query.TagFilter[*catalog.SecurityProfile](f.TagFilter)
}
