package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// CreateSecurityProfile adds a security profile. SecurityProfileName is unique in
// the instance (DuplicateResourceException). Permissions are names of package
// permission; any other is an InvalidParameterException that says which may be meant. The flow modules must
// exist. Over the quota of security profiles it is a LimitExceededException.
func (s *SecurityProfiles) CreateSecurityProfile(ctx context.Context, in *connect.CreateSecurityProfileRequest) (*connect.CreateSecurityProfileResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	change, err := grantOf(snap, &connect.UpdateSecurityProfileRequest{
		Description: in.Description, Permissions: in.Permissions, AllowedAccessControlTags: in.AllowedAccessControlTags, TagRestrictedResources: in.TagRestrictedResources,
		HierarchyRestrictedResources: in.HierarchyRestrictedResources, AllowedAccessControlHierarchyGroupId: in.AllowedAccessControlHierarchyGroupId,
		GranularAccessControlConfiguration: in.GranularAccessControlConfiguration, Applications: in.Applications, AllowedFlowModules: in.AllowedFlowModules, AllowedAIAgents: in.AllowedAIAgents,
	})
	if err != nil {
		return nil, err
	}
	p, err := access.CreateProfile(ctx, s.Catalog, snap.ID(), access.NewProfile{Name: in.SecurityProfileName, Tags: in.Tags, Change: change})
	if err != nil {
		return nil, err
	}
	return &connect.CreateSecurityProfileResponse{SecurityProfileId: new(string(p.ID)), SecurityProfileArn: new(snap.ARNOf(p))}, nil
}

// UpdateSecurityProfile changes a security profile: lists that are given take the
// place of what is there, members that are not given stay.
func (s *SecurityProfiles) UpdateSecurityProfile(ctx context.Context, in *connect.UpdateSecurityProfileRequest) (*connect.UpdateSecurityProfileResponse, error) {
	snap, p, err := query.Find[*catalog.SecurityProfile](ctx, s.Catalog, in.InstanceId, in.SecurityProfileId)
	if err != nil {
		return nil, err
	}
	change, err := grantOf(snap, in)
	if err != nil {
		return nil, err
	}
	return &connect.UpdateSecurityProfileResponse{}, access.UpdateProfile(ctx, s.Catalog, p.Instance, p.ID, change)
}

// grantOf reads what a security profile grants.
func grantOf(snap *catalog.Snapshot, in *connect.UpdateSecurityProfileRequest) (access.ProfileChange, error) {
	change := access.ProfileChange{
		Description: in.Description, Permissions: in.Permissions, Tags: in.AllowedAccessControlTags, ByTag: in.TagRestrictedResources, ByHierarchy: in.HierarchyRestrictedResources,
		Rows: rowsOf(in.GranularAccessControlConfiguration),
		Applications: each(in.Applications, func(a connect.Application) catalog.Application {
			return catalog.Application{Namespace: wire.Text(a.Namespace), Permissions: a.ApplicationPermissions, Type: string(a.Type)}
		}),
		AIAgents: each(in.AllowedAIAgents, func(a connect.AIAgent) catalog.AllowedAIAgent {
			return catalog.AllowedAIAgent{ARN: wire.Text(a.Arn), Type: string(a.Type)}
		}),
	}
	if slices.ContainsFunc(change.Applications, func(a catalog.Application) bool { return a.Namespace == "" }) {
		return change, center.Errorf(center.BadRequest, "Applications: Namespace is required")
	}
	if slices.ContainsFunc(change.AIAgents, func(a catalog.AllowedAIAgent) bool { return a.ARN == "" }) {
		return change, center.Errorf(center.BadRequest, "AllowedAIAgents: Arn is required")
	}
	if group := wire.Text(in.AllowedAccessControlHierarchyGroupId); group != "" {
		found, err := catalog.Find[*catalog.Group](snap, group)
		if err != nil {
			return change, wire.InMember("AllowedAccessControlHierarchyGroupId", err)
		}
		change.Group = &found.ID
	} else if in.AllowedAccessControlHierarchyGroupId != nil {
		change.Group = new(center.HierarchyGroupID(""))
	}
	if in.AllowedFlowModules == nil {
		return change, nil
	}
	change.Modules = make([]catalog.AllowedModule, 0, len(in.AllowedFlowModules))
	for _, m := range in.AllowedFlowModules {
		found, err := query.Whole[*catalog.Module](snap, wire.Text(m.FlowModuleId))
		if err != nil {
			return change, wire.InMember("AllowedFlowModules", err)
		}
		change.Modules = append(change.Modules, catalog.AllowedModule{Type: string(m.Type), Module: found.ID})
	}
	return change, nil
}

// rowsOf reads a GranularAccessControlConfiguration; an absent one stays nil, one
// that says nothing is empty.
func rowsOf(in *connect.GranularAccessControlConfiguration) []catalog.RowRestriction {
	if in == nil {
		return nil
	}
	rows := []catalog.RowRestriction{}
	if in.DataTableAccessControlConfiguration != nil && in.DataTableAccessControlConfiguration.PrimaryAttributeAccessControlConfiguration != nil {
		for _, v := range in.DataTableAccessControlConfiguration.PrimaryAttributeAccessControlConfiguration.PrimaryAttributeValues {
			rows = append(rows, catalog.RowRestriction{Access: string(v.AccessType), Attribute: v.AttributeName, Values: v.Values})
		}
	}
	return rows
}

// granular is the reverse of rowsOf.
func granular(rows []catalog.RowRestriction) *connect.GranularAccessControlConfiguration {
	if len(rows) == 0 {
		return nil
	}
	return &connect.GranularAccessControlConfiguration{DataTableAccessControlConfiguration: &connect.DataTableAccessControlConfiguration{
		PrimaryAttributeAccessControlConfiguration: &connect.PrimaryAttributeAccessControlConfigurationItem{
			PrimaryAttributeValues: each(rows, func(r catalog.RowRestriction) connect.PrimaryAttributeValue {
				return connect.PrimaryAttributeValue{AccessType: connect.AccessType(r.Access), AttributeName: r.Attribute, Values: r.Values}
			}),
		},
	}}
}

// DeleteSecurityProfile removes a security profile. While a user or an AI agent
// has it, it is a ResourceInUseException.
func (s *SecurityProfiles) DeleteSecurityProfile(ctx context.Context, in *connect.DeleteSecurityProfileRequest) (*connect.DeleteSecurityProfileResponse, error) {
	return &connect.DeleteSecurityProfileResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.SecurityProfileId, func(p *catalog.SecurityProfile) error {
		return access.DeleteProfile(ctx, s.Catalog, p.Instance, p.ID)
	})
}

// part is one page of what a security profile has of something.
type part[O any] struct {
	list []O
	next *string
	time *time.Time
	in   *string
}

// partOf gives one page of what a security profile has of something, in order of its positions.
func partOf[T, O any](ctx context.Context, c *catalog.Catalog, instance, ref string, page query.Page, of func(p *catalog.SecurityProfile) []T, position func(*T) string, show func(T) O) (part[O], error) {
	snap, p, err := query.Find[*catalog.SecurityProfile](ctx, c, instance, ref)
	if err != nil {
		return part[O]{}, err
	}
	all := slices.SortedFunc(slices.Values(of(p)), func(a, b T) int { return strings.Compare(position(&a), position(&b)) })
	list, next, err := query.Within(page, string(p.ID), all, position, show)
	return part[O]{list, next, &p.Updated, new(snap.Region())}, err
}

// ListSecurityProfilePermissions lists what a security profile allows, in
// alphabetical order.
func (s *SecurityProfiles) ListSecurityProfilePermissions(ctx context.Context, in *connect.ListSecurityProfilePermissionsRequest) (*connect.ListSecurityProfilePermissionsResponse, error) {
	has, err := partOf(ctx, s.Catalog, in.InstanceId, in.SecurityProfileId, query.Page{List: "ListSecurityProfilePermissions", Token: in.NextToken, Max: in.MaxResults},
		func(p *catalog.SecurityProfile) []string { return p.Permissions }, func(name *string) string { return *name }, func(name string) string { return name })
	return &connect.ListSecurityProfilePermissionsResponse{Permissions: has.list, NextToken: has.next, LastModifiedTime: has.time, LastModifiedRegion: has.in}, err
}

// ListSecurityProfileApplications lists the third-party applications of a security profile by namespace.
func (s *SecurityProfiles) ListSecurityProfileApplications(ctx context.Context, in *connect.ListSecurityProfileApplicationsRequest) (*connect.ListSecurityProfileApplicationsResponse, error) {
	has, err := partOf(ctx, s.Catalog, in.InstanceId, in.SecurityProfileId, query.Page{List: "ListSecurityProfileApplications", Token: in.NextToken, Max: in.MaxResults},
		func(p *catalog.SecurityProfile) []catalog.Application { return p.Applications }, func(a *catalog.Application) string { return a.Namespace },
		func(a catalog.Application) connect.Application {
			return connect.Application{Namespace: &a.Namespace, ApplicationPermissions: a.Permissions, Type: connect.ApplicationType(a.Type)}
		})
	return &connect.ListSecurityProfileApplicationsResponse{Applications: has.list, NextToken: has.next, LastModifiedTime: has.time, LastModifiedRegion: has.in}, err
}

// ListSecurityProfileFlowModules lists the flow modules of a security profile by
// id, also those that have been deleted since.
func (s *SecurityProfiles) ListSecurityProfileFlowModules(ctx context.Context, in *connect.ListSecurityProfileFlowModulesRequest) (*connect.ListSecurityProfileFlowModulesResponse, error) {
	has, err := partOf(ctx, s.Catalog, in.InstanceId, in.SecurityProfileId, query.Page{List: "ListSecurityProfileFlowModules", Token: in.NextToken, Max: in.MaxResults},
		func(p *catalog.SecurityProfile) []catalog.AllowedModule { return p.Modules }, func(m *catalog.AllowedModule) string { return string(m.Module) },
		func(m catalog.AllowedModule) connect.FlowModule {
			return connect.FlowModule{Type: connect.FlowModuleType(m.Type), FlowModuleId: new(string(m.Module))}
		})
	return &connect.ListSecurityProfileFlowModulesResponse{AllowedFlowModules: has.list, NextToken: has.next, LastModifiedTime: has.time, LastModifiedRegion: has.in}, err
}

// ListSecurityProfileAIAgents lists the AI agents that users with a security profile may use, by ARN.
func (s *SecurityProfiles) ListSecurityProfileAIAgents(ctx context.Context, in *connect.ListSecurityProfileAIAgentsRequest) (*connect.ListSecurityProfileAIAgentsResponse, error) {
	has, err := partOf(ctx, s.Catalog, in.InstanceId, in.SecurityProfileId, query.Page{List: "ListSecurityProfileAIAgents", Token: in.NextToken, Max: in.MaxResults},
		func(p *catalog.SecurityProfile) []catalog.AllowedAIAgent { return p.AIAgents }, func(a *catalog.AllowedAIAgent) string { return a.ARN },
		func(a catalog.AllowedAIAgent) connect.AIAgent {
			return connect.AIAgent{Arn: &a.ARN, Type: connect.AIAgentType(a.Type)}
		})
	return &connect.ListSecurityProfileAIAgentsResponse{AllowedAIAgents: has.list, NextToken: has.next, LastModifiedTime: has.time, LastModifiedRegion: has.in}, err
}

// AssociateSecurityProfiles gives security profiles to an AI agent, all of them
// or none. Those that it has already are no error. EntityArn is an ARN of the service wisdom;
// whether that agent exists is not asked, as it is set up elsewhere. The service takes the EntityType AI_AGENT
// alone (API reference, 2026-11); users are an InvalidRequestException.
func (s *SecurityProfiles) AssociateSecurityProfiles(ctx context.Context, in *connect.AssociateSecurityProfilesRequest) (*connect.AssociateSecurityProfilesResponse, error) {
	return &connect.AssociateSecurityProfilesResponse{}, s.regrant(ctx, in.InstanceId, in.EntityType, in.EntityArn, in.SecurityProfiles, access.Grant)
}

// DisassociateSecurityProfiles takes security profiles from an AI agent. Those that
// it does not have are no error.
func (s *SecurityProfiles) DisassociateSecurityProfiles(ctx context.Context, in *connect.DisassociateSecurityProfilesRequest) (*connect.DisassociateSecurityProfilesResponse, error) {
	return &connect.DisassociateSecurityProfilesResponse{}, s.regrant(ctx, in.InstanceId, in.EntityType, in.EntityArn, in.SecurityProfiles, access.Revoke)
}

func (s *SecurityProfiles) regrant(ctx context.Context, instance string, typ connect.EntityType, arn string, profiles []connect.SecurityProfileItem,
	change func(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, profiles []center.SecurityProfileID, who center.AIAgentID) error) error {
	snap, err := query.Instance(ctx, s.Catalog, instance)
	if err != nil {
		return err
	}
	who, err := entityOf(typ, arn)
	if err != nil {
		return err
	}
	var ids []center.SecurityProfileID
	for _, item := range profiles {
		p, err := catalog.Find[*catalog.SecurityProfile](snap, wire.Text(item.Id))
		if err != nil {
			return wire.InMember("SecurityProfiles", err)
		}
		ids = append(ids, p.ID)
	}
	return change(ctx, s.Catalog, snap.ID(), ids, who)
}

// entityOf reads who has security profiles, with or without the version behind an AI agent.
func entityOf(typ connect.EntityType, arn string) (center.AIAgentID, error) {
	if typ == connect.EntityTypeUSER {
		return "", center.Errorf(center.BadRequest, "EntityType is AI_AGENT; UpdateUserSecurityProfiles changes those of a user, and DescribeUser lists them")
	}
	id, ok := center.ParseAIAgentID(arn)
	if !ok || !strings.HasPrefix(arn, "arn:") {
		return "", center.Errorf(center.Invalid, "EntityArn is the ARN of an AI agent, as arn:aws:wisdom:REGION:ACCOUNT:ai-agent/ASSISTANT/ID, not %q", arn)
	}
	agent, _ := id.Cut()
	return agent, nil
}

// ListEntitySecurityProfiles lists the security profiles of an AI agent by name.
func (s *SecurityProfiles) ListEntitySecurityProfiles(ctx context.Context, in *connect.ListEntitySecurityProfilesRequest) (*connect.ListEntitySecurityProfilesResponse, error) {
	who, err := entityOf(in.EntityType, in.EntityArn)
	if err != nil {
		return nil, err
	}
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "ListEntitySecurityProfiles", Token: in.NextToken, Max: in.MaxResults, Request: []any{who}},
		func(p *catalog.SecurityProfile) bool { return slices.Contains(p.Holders, who) },
		func(_ *catalog.Snapshot, p *catalog.SecurityProfile) connect.SecurityProfileItem {
			return connect.SecurityProfileItem{Id: new(string(p.ID))}
		})
	return &connect.ListEntitySecurityProfilesResponse{SecurityProfiles: list, NextToken: next}, err
}
