package connectapi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
)

// parts lists, one to a page, what a security profile has.
func (o *office) parts(id string) (permissions, applications, modules, agents []string) {
	o.t.Helper()
	ctx, one := o.t.Context(), new(int32(1))
	walk := func(page func(token *string) ([]string, *string)) (all []string) {
		for token := (*string)(nil); ; {
			some, next := page(token)
			if all = append(all, some...); next == nil {
				return all
			}
			token = next
		}
	}
	permissions = walk(func(token *string) ([]string, *string) {
		out := must[*connect.ListSecurityProfilePermissionsResponse](o.t)(o.ListSecurityProfilePermissions(ctx, &connect.ListSecurityProfilePermissionsRequest{InstanceId: o.id, SecurityProfileId: id, MaxResults: one, NextToken: token}))
		return out.Permissions, out.NextToken
	})
	applications = walk(func(token *string) (some []string, next *string) {
		out := must[*connect.ListSecurityProfileApplicationsResponse](o.t)(o.ListSecurityProfileApplications(ctx, &connect.ListSecurityProfileApplicationsRequest{InstanceId: o.id, SecurityProfileId: id, MaxResults: one, NextToken: token}))
		for _, a := range out.Applications {
			some = append(some, fmt.Sprint(*a.Namespace, a.ApplicationPermissions, a.Type))
		}
		return some, out.NextToken
	})
	modules = walk(func(token *string) (some []string, next *string) {
		out := must[*connect.ListSecurityProfileFlowModulesResponse](o.t)(o.ListSecurityProfileFlowModules(ctx, &connect.ListSecurityProfileFlowModulesRequest{InstanceId: o.id, SecurityProfileId: id, MaxResults: one, NextToken: token}))
		for _, m := range out.AllowedFlowModules {
			some = append(some, fmt.Sprint(*m.FlowModuleId, " ", m.Type))
		}
		return some, out.NextToken
	})
	agents = walk(func(token *string) (some []string, next *string) {
		out := must[*connect.ListSecurityProfileAIAgentsResponse](o.t)(o.ListSecurityProfileAIAgents(ctx, &connect.ListSecurityProfileAIAgentsRequest{InstanceId: o.id, SecurityProfileId: id, MaxResults: one, NextToken: token}))
		for _, a := range out.AllowedAIAgents {
			some = append(some, fmt.Sprint(*a.Arn, " ", a.Type))
		}
		return some, out.NextToken
	})
	return permissions, applications, modules, agents
}

const anAIAgent = "arn:aws:wisdom:eu-central-1:210987654321:ai-agent/66666666-2222-4333-8444-555555555555/11111111-2222-4333-8444-5555555555aa"

// TestSecurityProfileFromCreatedToDeleted makes the calls of a tool that keeps a security
// profile as a file says.
func TestSecurityProfileFromCreatedToDeleted(t *testing.T) {
	o := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	module := *must[*connect.CreateContactFlowModuleResponse](t)(o.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: "module", Content: returning("", boilerplate)})).Id
	granular := &connect.GranularAccessControlConfiguration{DataTableAccessControlConfiguration: &connect.DataTableAccessControlConfiguration{
		PrimaryAttributeAccessControlConfiguration: &connect.PrimaryAttributeAccessControlConfigurationItem{PrimaryAttributeValues: []connect.PrimaryAttributeValue{
			{AccessType: connect.AccessTypeALLOW, AttributeName: new("region"), Values: []string{"north"}},
		}},
	}}
	made := must[*connect.CreateSecurityProfileResponse](t)(o.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{
		InstanceId: o.arn, SecurityProfileName: "Team_lead @1-a", Description: new("leads"), Permissions: []string{"OutboundCallAccess", "BasicAgentAccess", "BasicAgentAccess"}, Tags: map[string]string{"team": "a"},
		AllowedAccessControlTags: map[string]string{"lob": "sales"}, TagRestrictedResources: []string{"Queue", "User"}, HierarchyRestrictedResources: []string{"User"},
		Applications:       []connect.Application{{Namespace: new("notes"), ApplicationPermissions: []string{"ACCESS"}, Type: connect.ApplicationTypeTHIRD_PARTY_APPLICATION}, {Namespace: new("crm"), ApplicationPermissions: []string{"ACCESS"}}},
		AllowedFlowModules: []connect.FlowModule{{Type: connect.FlowModuleTypeMCP, FlowModuleId: &module}}, AllowedAIAgents: []connect.AIAgent{{Arn: new(anAIAgent)}},
		GranularAccessControlConfiguration: granular,
	}))
	id := *made.SecurityProfileId
	describe := func() *connect.SecurityProfile {
		t.Helper()
		return must[*connect.DescribeSecurityProfileResponse](t)(o.DescribeSecurityProfile(ctx, &connect.DescribeSecurityProfileRequest{InstanceId: o.id, SecurityProfileId: *made.SecurityProfileArn})).SecurityProfile
	}
	p := describe()
	if *p.Arn != o.arn+"/security-profile/"+id || *p.SecurityProfileName != "Team_lead @1-a" || *p.Description != "leads" || p.Tags["team"] != "a" || p.Type != connect.SecurityProfileTypeCUSTOMER_MANAGED ||
		p.AllowedAccessControlTags["lob"] != "sales" || !slices.Equal(p.TagRestrictedResources, []string{"Queue", "User"}) || !slices.Equal(p.HierarchyRestrictedResources, []string{"User"}) || p.AllowedAccessControlHierarchyGroupId != nil {
		t.Errorf("the profile is %+v", p)
	}
	if v := p.GranularAccessControlConfiguration.DataTableAccessControlConfiguration.PrimaryAttributeAccessControlConfiguration.PrimaryAttributeValues; len(v) != 1 || v[0].AccessType != "ALLOW" || *v[0].AttributeName != "region" || !slices.Equal(v[0].Values, []string{"north"}) {
		t.Errorf("the rows of data tables are %+v", v)
	}
	has := func(what string, want ...[]string) {
		t.Helper()
		permissions, applications, modules, agents := o.parts(id)
		for i, got := range [][]string{permissions, applications, modules, agents} {
			if !slices.Equal(got, want[i]) {
				t.Errorf("%s, list %d of the profile is %q; want %q", what, i, got, want[i])
			}
		}
	}
	has("created", []string{"BasicAgentAccess", "OutboundCallAccess"}, []string{"crm[ACCESS]", "notes[ACCESS]THIRD_PARTY_APPLICATION"}, []string{module + " MCP"}, []string{anAIAgent + " "})

	update := func(in connect.UpdateSecurityProfileRequest) error {
		in.InstanceId, in.SecurityProfileId = o.id, id
		_, err := o.UpdateSecurityProfile(ctx, &in)
		return err
	}
	if err := update(connect.UpdateSecurityProfileRequest{Permissions: []string{"ManagerListenIn", "AccessMetrics"}}); err != nil {
		t.Fatal(err)
	}
	has("with other permissions", []string{"AccessMetrics", "ManagerListenIn"}, []string{"crm[ACCESS]", "notes[ACCESS]THIRD_PARTY_APPLICATION"}, []string{module + " MCP"}, []string{anAIAgent + " "})
	if p = describe(); *p.Description != "leads" || len(p.TagRestrictedResources) != 2 || p.GranularAccessControlConfiguration == nil {
		t.Errorf("with other permissions, the profile is %+v", p)
	}
	must[*connect.UpdateUserHierarchyStructureResponse](t)(o.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: o.id, HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: &connect.HierarchyLevelUpdate{Name: "site"}}}))
	group := must[*connect.CreateUserHierarchyGroupResponse](t)(o.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: o.id, Name: "north"}))
	if err := update(connect.UpdateSecurityProfileRequest{AllowedAccessControlHierarchyGroupId: group.HierarchyGroupArn}); err != nil {
		t.Fatal(err)
	}
	if p = describe(); *p.AllowedAccessControlHierarchyGroupId != *group.HierarchyGroupId {
		t.Errorf("restricted to group %s, the profile is %+v", *group.HierarchyGroupId, p)
	}
	leave := func() error {
		return second(o.DeleteUserHierarchyGroup(ctx, &connect.DeleteUserHierarchyGroupRequest{InstanceId: o.id, HierarchyGroupId: *group.HierarchyGroupId}))
	}
	refused(t, "deleting the group that it is restricted to", leave(), "ResourceInUseException", 409)
	if err := update(connect.UpdateSecurityProfileRequest{
		Description: new(""), Permissions: []string{}, AllowedAccessControlTags: map[string]string{}, TagRestrictedResources: []string{}, HierarchyRestrictedResources: []string{}, AllowedAccessControlHierarchyGroupId: new(""),
		Applications: []connect.Application{}, AllowedFlowModules: []connect.FlowModule{}, AllowedAIAgents: []connect.AIAgent{}, GranularAccessControlConfiguration: &connect.GranularAccessControlConfiguration{},
	}); err != nil {
		t.Fatal(err)
	}
	has("emptied", nil, nil, nil, nil)
	if p = describe(); p.Description != nil || len(p.AllowedAccessControlTags)+len(p.TagRestrictedResources)+len(p.HierarchyRestrictedResources) > 0 || p.GranularAccessControlConfiguration != nil || p.AllowedAccessControlHierarchyGroupId != nil {
		t.Errorf("emptied, the profile is %+v", p)
	}

	if err := leave(); err != nil {
		t.Errorf("deleting the group that it was restricted to: %v", err)
	}
	o.user("ana", func(in *connect.CreateUserRequest) { in.SecurityProfileIds = []string{id} })
	drop := func(id string) error {
		_, err := o.DeleteSecurityProfile(ctx, &connect.DeleteSecurityProfileRequest{InstanceId: o.id, SecurityProfileId: id})
		return err
	}
	refused(t, "deleting the profile of a user", drop(id), "ResourceInUseException", 409)
	spare := *must[*connect.CreateSecurityProfileResponse](t)(o.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{InstanceId: o.id, SecurityProfileName: "spare"})).SecurityProfileId
	if err := drop(spare); err != nil {
		t.Fatal(err)
	}
	refused(t, "deleting it twice", drop(spare), notFoundE, 404)
	found := must[*connect.SearchSecurityProfilesResponse](t)(o.SearchSecurityProfiles(ctx, &connect.SearchSecurityProfilesRequest{InstanceId: o.id,
		SearchFilter: &connect.SecurityProfilesSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{TagCondition: &connect.TagCondition{TagKey: new("team"), TagValue: new("a")}}}})).SecurityProfiles
	if len(found) != 1 || *found[0].Id != id || found[0].Type != connect.SecurityProfileTypeCUSTOMER_MANAGED {
		t.Errorf("by the tag there are %+v", found)
	}
}

func TestSecurityProfilesThatAreRefused(t *testing.T) {
	o := newStaff(t, catalog.Limits{SecurityProfiles: 5})
	ctx := t.Context()
	id := o.security
	module := *must[*connect.CreateContactFlowModuleResponse](t)(o.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: "module", Content: returning("", boilerplate)})).Id
	type request = connect.UpdateSecurityProfileRequest
	for what, c := range map[string]struct {
		in     request
		code   string
		status int
	}{
		"a permission that is none":            {request{Permissions: []string{"BasicAgentAccess", "Admin"}}, parameter, 400},
		"an empty permission":                  {request{Permissions: []string{""}}, parameter, 400},
		"501 permissions":                      {request{Permissions: slices.Repeat([]string{"BasicAgentAccess"}, 501)}, parameter, 400},
		"five tags to restrict by":             {request{AllowedAccessControlTags: map[string]string{"a": "", "b": "", "c": "", "d": "", "e": ""}}, parameter, 400},
		"eleven restricted resources":          {request{TagRestrictedResources: slices.Repeat([]string{"User"}, 11)}, parameter, 400},
		"51 resources restricted by hierarchy": {request{HierarchyRestrictedResources: slices.Repeat([]string{"User"}, 51)}, requestE, 400},
		"an unknown hierarchy group":           {request{AllowedAccessControlHierarchyGroupId: new(unknownID)}, notFoundE, 404},
		"an unknown flow module":               {request{AllowedFlowModules: []connect.FlowModule{{FlowModuleId: new(unknownID)}}}, notFoundE, 404},
		"a flow module twice":                  {request{AllowedFlowModules: []connect.FlowModule{{FlowModuleId: &module}, {FlowModuleId: &module}}}, requestE, 400},
		"an application twice":                 {request{Applications: []connect.Application{{Namespace: new("a")}, {Namespace: new("a")}}}, requestE, 400},
		"an application without a name":        {request{Applications: []connect.Application{{}}}, requestE, 400},
		"an AI agent twice":                    {request{AllowedAIAgents: []connect.AIAgent{{Arn: new("a")}, {Arn: new("a")}}}, requestE, 400},
		"an AI agent without an ARN":           {request{AllowedAIAgents: []connect.AIAgent{{}}}, requestE, 400},
		"a description of 251 characters":      {request{Description: new(strings.Repeat("x", 251))}, parameter, 400},
		"a type of access to rows that isn't":  {request{GranularAccessControlConfiguration: &connect.GranularAccessControlConfiguration{DataTableAccessControlConfiguration: &connect.DataTableAccessControlConfiguration{PrimaryAttributeAccessControlConfiguration: &connect.PrimaryAttributeAccessControlConfigurationItem{PrimaryAttributeValues: []connect.PrimaryAttributeValue{{AccessType: "DENY"}}}}}}, parameter, 400},
	} {
		in := c.in
		in.InstanceId, in.SecurityProfileId = o.id, id
		refused(t, "changing one to "+what, second(o.UpdateSecurityProfile(ctx, &in)), c.code, c.status)
		refused(t, "creating one with "+what, second(o.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{
			InstanceId: o.id, SecurityProfileName: "new", Description: in.Description, Permissions: in.Permissions, AllowedAccessControlTags: in.AllowedAccessControlTags, TagRestrictedResources: in.TagRestrictedResources, HierarchyRestrictedResources: in.HierarchyRestrictedResources,
			AllowedAccessControlHierarchyGroupId: in.AllowedAccessControlHierarchyGroupId, AllowedFlowModules: in.AllowedFlowModules, Applications: in.Applications, AllowedAIAgents: in.AllowedAIAgents,
			GranularAccessControlConfiguration: in.GranularAccessControlConfiguration,
		})), c.code, c.status)
	}
	create := func(instance, name string) error {
		return second(o.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{InstanceId: instance, SecurityProfileName: name}))
	}
	refused(t, "a taken name", create(o.id, "Admin"), "DuplicateResourceException", 409)
	refused(t, "a name with a stop", create(o.id, "a.b"), parameter, 400)
	refused(t, "an unknown instance", create(unknownID, "x"), notFoundE, 404)
	refused(t, "changing an unknown one", second(o.UpdateSecurityProfile(ctx, &request{InstanceId: o.id, SecurityProfileId: unknownID})), notFoundE, 404)
	for name, err := range map[string]error{
		"permissions":  second(o.ListSecurityProfilePermissions(ctx, &connect.ListSecurityProfilePermissionsRequest{InstanceId: o.id, SecurityProfileId: unknownID})),
		"applications": second(o.ListSecurityProfileApplications(ctx, &connect.ListSecurityProfileApplicationsRequest{InstanceId: o.id, SecurityProfileId: unknownID})),
		"flow modules": second(o.ListSecurityProfileFlowModules(ctx, &connect.ListSecurityProfileFlowModulesRequest{InstanceId: o.id, SecurityProfileId: unknownID})),
		"AI agents":    second(o.ListSecurityProfileAIAgents(ctx, &connect.ListSecurityProfileAIAgentsRequest{InstanceId: o.id, SecurityProfileId: unknownID})),
	} {
		refused(t, "the "+name+" of an unknown one", err, notFoundE, 404)
	}
	if err := create(o.id, "fifth"); err != nil {
		t.Fatal(err)
	}
	refused(t, "a sixth of five", create(o.id, "sixth"), "LimitExceededException", 429)

	err := second(o.UpdateSecurityProfile(ctx, &request{InstanceId: o.id, SecurityProfileId: id, Permissions: []string{"Queue.View"}}))
	if e, ok := errors.AsType[restjson.Coded](err); !ok || !strings.HasSuffix(e.ErrorMessage(), "did you mean Queues.View?") {
		t.Errorf("a mistyped permission: %v", err)
	}
}

// TestSecurityProfilesTakeEveryPermission: what an Admin of the service has can be kept.
func TestSecurityProfilesTakeEveryPermission(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	var all []string
	for name := range permission.All() {
		all = append(all, string(name))
	}
	made := must[*connect.CreateSecurityProfileResponse](t)(o.CreateSecurityProfile(t.Context(), &connect.CreateSecurityProfileRequest{InstanceId: o.id, SecurityProfileName: "everything", Permissions: all}))
	if got, _, _, _ := o.parts(*made.SecurityProfileId); !slices.Equal(got, all) {
		t.Errorf("%d permissions are kept as %d", len(all), len(got))
	}
}

func TestSecurityProfilesOfAIAgents(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	all := must[*connect.ListSecurityProfilesResponse](t)(o.ListSecurityProfiles(ctx, &connect.ListSecurityProfilesRequest{InstanceId: o.id})).SecurityProfileSummaryList
	agent, manager := *all[1].Id, *all[2].Id
	items := func(ids ...string) (list []connect.SecurityProfileItem) {
		for _, id := range ids {
			list = append(list, connect.SecurityProfileItem{Id: &id})
		}
		return list
	}
	const ofAgent = connect.EntityTypeAI_AGENT
	give := func(typ connect.EntityType, arn string, ids ...string) error {
		return second(o.AssociateSecurityProfiles(ctx, &connect.AssociateSecurityProfilesRequest{InstanceId: o.id, EntityType: typ, EntityArn: arn, SecurityProfiles: items(ids...)}))
	}
	take := func(typ connect.EntityType, arn string, ids ...string) error {
		return second(o.DisassociateSecurityProfiles(ctx, &connect.DisassociateSecurityProfilesRequest{InstanceId: o.id, EntityType: typ, EntityArn: arn, SecurityProfiles: items(ids...)}))
	}
	list := func(instance string, typ connect.EntityType, arn string, token *string) (*connect.ListEntitySecurityProfilesResponse, error) {
		return o.ListEntitySecurityProfiles(ctx, &connect.ListEntitySecurityProfilesRequest{InstanceId: instance, EntityType: typ, EntityArn: arn, MaxResults: new(int32(1)), NextToken: token})
	}
	has := func(what string, want ...string) {
		t.Helper()
		var got []string
		for token := (*string)(nil); ; {
			page := must[*connect.ListEntitySecurityProfilesResponse](t)(list(o.id, ofAgent, anAIAgent, token))
			for _, item := range page.SecurityProfiles {
				got = append(got, *item.Id)
			}
			if token = page.NextToken; token == nil {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s, the AI agent has %q; want %q", what, got, want)
		}
	}
	has("to begin with")
	for range 2 { // what is repeated does no harm
		if err := give(ofAgent, anAIAgent+":2", manager, o.arn+"/security-profile/"+agent); err != nil {
			t.Fatal(err)
		}
		has("given two", agent, manager)
	}
	for range 2 {
		if err := take(ofAgent, anAIAgent, agent); err != nil {
			t.Fatal(err)
		}
		has("with one less", manager)
	}
	_, err := o.DeleteSecurityProfile(ctx, &connect.DeleteSecurityProfileRequest{InstanceId: o.id, SecurityProfileId: manager})
	refused(t, "deleting what the AI agent has", err, "ResourceInUseException", 409)
	user := o.arn + "/agent/" + unknownID
	for what, c := range map[string]struct {
		err    error
		code   string
		status int
	}{
		"a user":                       {give(connect.EntityTypeUSER, user, agent), requestE, 400},
		"taking from a user":           {take(connect.EntityTypeUSER, user, agent), requestE, 400},
		"those of a user":              {second(list(o.id, connect.EntityTypeUSER, user, nil)), requestE, 400},
		"an unknown profile":           {give(ofAgent, anAIAgent, agent, unknownID), notFoundE, 404},
		"taking an unknown profile":    {take(ofAgent, anAIAgent, unknownID), notFoundE, 404},
		"an AI agent without an ARN":   {give(ofAgent, unknownID, agent), parameter, 400},
		"a user as an AI agent":        {take(ofAgent, user, agent), parameter, 400},
		"an unknown type":              {give("ROBOT", user, agent), parameter, 400},
		"no profile":                   {give(ofAgent, anAIAgent), parameter, 400},
		"those of an unknown instance": {second(list(unknownID, ofAgent, anAIAgent, nil)), notFoundE, 404},
		"a token that is none":         {second(list(o.id, ofAgent, anAIAgent, new("token"))), parameter, 400},
	} {
		refused(t, what, c.err, c.code, c.status)
	}
	has("after what was refused", manager)
}

// TestAProfileHasAHundredAIAgents at most.
func TestAProfileHasAHundredAIAgents(t *testing.T) {
	o := newStaff(t, catalog.Limits{})
	for i := range 101 {
		arn := fmt.Sprintf("arn:aws:wisdom:eu-central-1:210987654321:ai-agent/66666666-2222-4333-8444-555555555555/11111111-2222-4333-8444-%012d", i)
		_, err := o.AssociateSecurityProfiles(t.Context(), &connect.AssociateSecurityProfilesRequest{InstanceId: o.id, EntityType: connect.EntityTypeAI_AGENT, EntityArn: arn, SecurityProfiles: []connect.SecurityProfileItem{{Id: &o.security}}})
		switch {
		case i < 100 && err != nil:
			t.Fatal(err)
		case i == 100:
			refused(t, "the 101st AI agent", err, requestE, 400)
		}
	}
}
