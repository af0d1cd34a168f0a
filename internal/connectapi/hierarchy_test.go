package connectapi_test

import (
	"fmt"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// levels makes the structure with names from the top; "" leaves a level out.
func (s *staff) levels(names ...string) error {
	var level [5]*connect.HierarchyLevelUpdate
	for i, name := range names {
		if name != "" {
			level[i] = &connect.HierarchyLevelUpdate{Name: name}
		}
	}
	return errorOf(s.UpdateUserHierarchyStructure(s.t.Context(), &connect.UpdateUserHierarchyStructureRequest{InstanceId: s.id,
		HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: level[0], LevelTwo: level[1], LevelThree: level[2], LevelFour: level[3], LevelFive: level[4]}}))
}

func (s *staff) structure() *connect.HierarchyStructure {
	s.t.Helper()
	return must[*connect.DescribeUserHierarchyStructureResponse](s.t)(s.DescribeUserHierarchyStructure(s.t.Context(), &connect.DescribeUserHierarchyStructureRequest{InstanceId: s.id})).HierarchyStructure
}

// TestHierarchyStructure takes the way of a Terraform resource: read nothing, create, read, change, remove.
func TestHierarchyStructure(t *testing.T) {
	s := newStaff(t, catalog.Limits{})
	same(t, "the structure of a new instance", s.structure(), &connect.HierarchyStructure{})
	if err := s.levels("Country", "City"); err != nil {
		t.Fatal(err)
	}
	first := s.structure()
	if l := first.LevelTwo; *l.Name != "City" || *l.Arn != s.arn+"/agent-group-level/"+*l.Id || l.LastModifiedTime == nil || *l.LastModifiedRegion != "eu-central-1" || first.LevelThree != nil {
		t.Errorf("the structure is %+v", first)
	}
	if err := s.levels("Country", "Town", "a", "b", strings.Repeat("é", 50)); err != nil {
		t.Fatal(err)
	}
	second := s.structure()
	same(t, "level one", second.LevelOne, first.LevelOne)
	if *second.LevelTwo.Id != *first.LevelTwo.Id || *second.LevelTwo.Name != "Town" || second.LevelFive == nil {
		t.Errorf("the structure is %+v", second)
	}
	refused(t, "a gap", s.levels("Country", "", "Site"), "InvalidRequestException", 400)
	refused(t, "a long name", s.levels(strings.Repeat("é", 51)), "InvalidParameterException", 400)
	refused(t, "a name of spaces", s.levels("  "), "InvalidParameterException", 400)
	refused(t, "a decomposed name", s.levels("e\u0301"), "InvalidParameterException", 400)
	group := must[*connect.CreateUserHierarchyGroupResponse](t)(s.CreateUserHierarchyGroup(t.Context(), &connect.CreateUserHierarchyGroupRequest{InstanceId: s.id, Name: "Spain"}))
	refused(t, "a level with a group", s.levels(), "ResourceInUseException", 409)
	must[*connect.DeleteUserHierarchyGroupResponse](t)(s.DeleteUserHierarchyGroup(t.Context(), &connect.DeleteUserHierarchyGroupRequest{InstanceId: s.id, HierarchyGroupId: *group.HierarchyGroupArn}))
	if err := s.levels(); err != nil {
		t.Fatal(err)
	}
	same(t, "the structure in the end", s.structure(), &connect.HierarchyStructure{})
	_, err := s.DescribeUserHierarchyStructure(t.Context(), &connect.DescribeUserHierarchyStructureRequest{InstanceId: unknownID})
	refused(t, "an unknown instance", err, "ResourceNotFoundException", 404)
	_, err = s.UpdateUserHierarchyStructure(t.Context(), &connect.UpdateUserHierarchyStructureRequest{InstanceId: unknownID, HierarchyStructure: &connect.HierarchyStructureUpdate{}})
	refused(t, "to change an unknown instance", err, "ResourceNotFoundException", 404)
}

func TestHierarchyGroups(t *testing.T) {
	s := newStaff(t, catalog.Limits{Groups: 4})
	ctx := t.Context()
	if err := s.levels("Country", "City", "Team"); err != nil {
		t.Fatal(err)
	}
	create := func(name, parent string) (*connect.CreateUserHierarchyGroupResponse, error) {
		in := &connect.CreateUserHierarchyGroupRequest{InstanceId: s.id, Name: name, Tags: map[string]string{"name": strings.ToLower(name)}}
		if parent != "" {
			in.ParentGroupId = &parent
		}
		return s.CreateUserHierarchyGroup(ctx, in)
	}
	made := must[*connect.CreateUserHierarchyGroupResponse](t)
	spain := made(create("Spain", ""))
	madrid := made(create("Madrid", *spain.HierarchyGroupArn))
	sales := made(create("Sales", *madrid.HierarchyGroupId))
	describe := func(ref string) *connect.HierarchyGroup {
		return must[*connect.DescribeUserHierarchyGroupResponse](t)(s.DescribeUserHierarchyGroup(ctx, &connect.DescribeUserHierarchyGroupRequest{InstanceId: s.arn, HierarchyGroupId: ref})).HierarchyGroup
	}
	g := describe(*sales.HierarchyGroupArn)
	path := g.HierarchyPath
	if *g.Arn != s.arn+"/agent-group/"+*sales.HierarchyGroupId || *g.LevelId != *s.structure().LevelThree.Id || g.Tags["name"] != "sales" ||
		*path.LevelOne.Id != *spain.HierarchyGroupId || *path.LevelTwo.Arn != *madrid.HierarchyGroupArn || *path.LevelThree.Name != "Sales" || path.LevelFour != nil {
		t.Errorf("the group is %+v, on the path %+v", g, path)
	}
	if g := describe(*spain.HierarchyGroupId); *g.HierarchyPath.LevelOne.Id != *spain.HierarchyGroupId || g.HierarchyPath.LevelTwo != nil {
		t.Errorf("the path of the first level is %+v", g.HierarchyPath)
	}
	rename := func(id, name string) error {
		return errorOf(s.UpdateUserHierarchyGroupName(ctx, &connect.UpdateUserHierarchyGroupNameRequest{InstanceId: s.id, HierarchyGroupId: id, Name: name}))
	}
	remove := func(id string) error {
		return errorOf(s.DeleteUserHierarchyGroup(ctx, &connect.DeleteUserHierarchyGroupRequest{InstanceId: s.id, HierarchyGroupId: id}))
	}
	if err := rename(*sales.HierarchyGroupArn, strings.Repeat("é", 100)); err != nil {
		t.Error(err)
	}
	const invalid, missing, duplicate = "InvalidParameterException", "ResourceNotFoundException", "DuplicateResourceException"
	for what, c := range map[string]struct {
		err    error
		code   string
		status int
	}{
		"a taken name":            {errorOf(create("Spain", "")), duplicate, 409},
		"a level too deep":        {errorOf(create("deep", *sales.HierarchyGroupId)), "InvalidRequestException", 400},
		"an unknown parent":       {errorOf(create("x", unknownID)), missing, 404},
		"a user as parent":        {errorOf(create("x", s.arn+"/agent/"+*spain.HierarchyGroupId)), missing, 404},
		"no name":                 {errorOf(create("", "")), invalid, 400},
		"a name with a zero":      {errorOf(create("a\x00b", "")), invalid, 400},
		"a long name":             {errorOf(create(strings.Repeat("é", 101), "")), invalid, 400},
		"a decomposed name":       {errorOf(create("e\u0301", "")), invalid, 400},
		"renamed to a taken name": {rename(*madrid.HierarchyGroupId, "Spain"), duplicate, 409},
		"renamed to nothing":      {rename(*madrid.HierarchyGroupId, " "), invalid, 400},
		"renaming nobody":         {rename(unknownID, "x"), missing, 404},
		"deleting nobody":         {remove(unknownID), missing, 404},
		"with groups below":       {remove(*madrid.HierarchyGroupId), "ResourceInUseException", 409},
		"describing nobody":       {errorOf(s.DescribeUserHierarchyGroup(ctx, &connect.DescribeUserHierarchyGroupRequest{InstanceId: s.id, HierarchyGroupId: unknownID})), missing, 404},
		"an unknown instance":     {errorOf(s.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: unknownID, Name: "x"})), missing, 404},
	} {
		refused(t, what, c.err, c.code, c.status)
	}
	user := s.user("ana", func(in *connect.CreateUserRequest) { in.HierarchyGroupId = sales.HierarchyGroupArn })
	refused(t, "with a user", remove(*sales.HierarchyGroupId), "ResourceInUseException", 409)
	must[*connect.TagResourceResponse](t)(s.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: *madrid.HierarchyGroupArn, Tags: map[string]string{"x": "y"}}))
	must[*connect.DeleteUserResponse](t)(s.DeleteUser(ctx, &connect.DeleteUserRequest{InstanceId: s.id, UserId: user}))
	if err := rename(*sales.HierarchyGroupId, "Sales"); err != nil {
		t.Error(err)
	}
	made(create("Lisbon", ""))
	refused(t, "over the quota", errorOf(create("fifth", "")), "LimitExceededException", 429)

	var names []string
	for token := (*string)(nil); ; {
		out := must[*connect.ListUserHierarchyGroupsResponse](t)(s.ListUserHierarchyGroups(ctx, &connect.ListUserHierarchyGroupsRequest{InstanceId: s.id, NextToken: token, MaxResults: new(int32(3))}))
		for _, g := range out.UserHierarchyGroupSummaryList {
			names = append(names, *g.Name)
		}
		if token = out.NextToken; token == nil {
			break
		}
	}
	if got := fmt.Sprint(names); got != "[Lisbon Madrid Sales Spain]" {
		t.Errorf("the groups are %s", got)
	}
	type criteria = connect.UserHierarchyGroupSearchCriteria
	where := func(field string, how connect.StringComparisonType, value string) *criteria {
		return &criteria{StringCondition: saying(field, how, value)}
	}
	for what, c := range map[string]struct {
		criteria *criteria
		filter   *connect.UserHierarchyGroupSearchFilter
		want     string
	}{
		"all":       {nil, nil, "Lisbon Madrid Sales Spain"},
		"a name":    {where("name", contains, "AL"), nil, "Sales"},
		"a parent":  {where("parentId", exact, *spain.HierarchyGroupArn), nil, "Madrid"},
		"a level":   {where("levelId", exact, *s.structure().LevelOne.Arn), nil, "Lisbon Spain"},
		"an id":     {where("resourceID", exact, *sales.HierarchyGroupId), nil, "Sales"},
		"this that": {&criteria{OrConditions: []criteria{*where("name", exact, "spain"), *where("name", begins, "l")}}, nil, "Lisbon Spain"},
		"a tag":     {nil, &connect.UserHierarchyGroupSearchFilter{AttributeFilter: &connect.ControlPlaneAttributeFilter{TagCondition: &connect.TagCondition{TagKey: new("x"), TagValue: new("y")}}}, "Madrid"},
	} {
		out := must[*connect.SearchUserHierarchyGroupsResponse](t)(s.SearchUserHierarchyGroups(ctx, &connect.SearchUserHierarchyGroupsRequest{InstanceId: s.id, SearchCriteria: c.criteria, SearchFilter: c.filter}))
		var found []string
		for _, g := range out.UserHierarchyGroups {
			found = append(found, *g.Name)
		}
		if got := strings.Join(found, " "); got != c.want || *out.ApproximateTotalCount != int64(len(found)) {
			t.Errorf("%s finds %q; want %q", what, got, c.want)
		}
	}
	for field, code := range map[string]string{"colour": "InvalidParameterException", "name": "InvalidRequestException"} {
		_, err := s.SearchUserHierarchyGroups(ctx, &connect.SearchUserHierarchyGroupsRequest{InstanceId: s.id, SearchCriteria: where(field, contains, "x")})
		if field == "colour" {
			_, err = s.SearchUserHierarchyGroups(ctx, &connect.SearchUserHierarchyGroupsRequest{InstanceId: s.id, SearchCriteria: where(field, exact, "x")})
		}
		refused(t, "a search by "+field, err, code, 400)
	}
	_, err := s.SearchUserHierarchyGroups(ctx, &connect.SearchUserHierarchyGroupsRequest{InstanceId: unknownID})
	refused(t, "a search in an unknown instance", err, "ResourceNotFoundException", 404)
}
