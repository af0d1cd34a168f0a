package connectapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// crew are the users of a search: two teams below a site, skills and tags.
type crew struct {
	*staff
	ids    map[string]string // of users, by name
	groups map[string]string
}

func newCrew(t *testing.T) *crew {
	t.Helper()
	c := &crew{staff: newStaff(t, catalog.Limits{}), ids: map[string]string{}, groups: map[string]string{}}
	ctx := t.Context()
	must[*connect.UpdateUserHierarchyStructureResponse](t)(c.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: c.id,
		HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: &connect.HierarchyLevelUpdate{Name: "Site"}, LevelTwo: &connect.HierarchyLevelUpdate{Name: "Team"}}}))
	c.group("Lisbon", "")
	c.group("Sales", "Lisbon")
	c.group("Care", "Lisbon")
	c.attribute("Language", "English", "French")
	c.attribute("Product", "Boats")
	c.add("ana", "Ana", "Quintero", "Sales", nil, "Language English 5", "Language French 2", "Product Boats 1.5")
	c.add("bob", "Bob", "O'Neill", "Care", map[string]string{"team": "care", "shift": "late"}, "Language English 2")
	c.add("carla", "Carla", "Zoë", "Lisbon", map[string]string{"team": "lead"}, "Language French 4")
	c.add("dave", "Dave", "Anand", "", map[string]string{"team": "care"})
	return c
}

func (c *crew) group(name, parent string) {
	c.t.Helper()
	in := &connect.CreateUserHierarchyGroupRequest{InstanceId: c.id, Name: name}
	if parent != "" {
		in.ParentGroupId = new(c.groups[parent])
	}
	c.groups[name] = *must[*connect.CreateUserHierarchyGroupResponse](c.t)(c.CreateUserHierarchyGroup(c.t.Context(), in)).HierarchyGroupId
}

func (s *staff) attribute(name string, values ...string) {
	s.t.Helper()
	must[*connect.CreatePredefinedAttributeResponse](s.t)(s.CreatePredefinedAttribute(s.t.Context(), &connect.CreatePredefinedAttributeRequest{InstanceId: s.id, Name: name, Values: &connect.PredefinedAttributeValues{StringList: values}}))
}

// skill reads a proficiency: "Language English 5".
func skill(text string) (p connect.UserProficiency) {
	if _, err := fmt.Sscan(text, &p.AttributeName, &p.AttributeValue, &p.Level); err != nil {
		panic(err)
	}
	return p
}

func skills(texts ...string) []connect.UserProficiency {
	all := []connect.UserProficiency{}
	for _, text := range texts {
		all = append(all, skill(text))
	}
	return all
}

func (c *crew) add(name, first, last, group string, tags map[string]string, proficiencies ...string) {
	c.t.Helper()
	c.ids[name] = c.user(name, func(in *connect.CreateUserRequest) {
		in.IdentityInfo, in.Tags = &connect.UserIdentityInfo{FirstName: &first, LastName: &last}, tags
		if group != "" {
			in.HierarchyGroupId = new(c.groups[group])
		}
	})
	must[*connect.AssociateUserProficienciesResponse](c.t)(c.AssociateUserProficiencies(c.t.Context(), &connect.AssociateUserProficienciesRequest{InstanceId: c.id, UserId: c.ids[name], UserProficiencies: skills(proficiencies...)}))
}

// saying is a StringCondition.
func saying(field string, how connect.StringComparisonType, value string) *connect.StringCondition {
	return &connect.StringCondition{FieldName: &field, Value: &value, ComparisonType: how}
}

// level is a NumberCondition; most below 0 for none.
func level(field string, how connect.NumberComparisonType, least, most int32) *connect.NumberCondition {
	c := &connect.NumberCondition{FieldName: &field, MinValue: &least, ComparisonType: how}
	if most >= 0 {
		c.MaxValue = &most
	}
	return c
}

const (
	exact    = connect.StringComparisonTypeEXACT
	contains = connect.StringComparisonTypeCONTAINS
	begins   = connect.StringComparisonTypeSTARTS_WITH
)

func TestSearchUsers(t *testing.T) {
	c := newCrew(t)
	ctx := t.Context()
	other := *must[*connect.ListSecurityProfilesResponse](t)(c.ListSecurityProfiles(ctx, &connect.ListSecurityProfilesRequest{InstanceId: c.id})).SecurityProfileSummaryList[1].Id
	must[*connect.UpdateUserSecurityProfilesResponse](t)(c.UpdateUserSecurityProfiles(ctx, &connect.UpdateUserSecurityProfilesRequest{InstanceId: c.id, UserId: c.ids["bob"], SecurityProfileIds: []string{c.security, other}}))
	type criteria = connect.UserSearchCriteria
	where := func(s *connect.StringCondition) *criteria { return &criteria{StringCondition: s} }
	in := func(group string, how connect.HierarchyGroupMatchType) *connect.HierarchyGroupCondition {
		return &connect.HierarchyGroupCondition{Value: &group, HierarchyGroupMatchType: how}
	}
	skilled := func(conds ...connect.Condition) *criteria {
		return &criteria{ListCondition: &connect.ListCondition{TargetListType: connect.TargetListTypePROFICIENCIES, Conditions: conds}}
	}
	like := func(s *connect.StringCondition) connect.Condition { return connect.Condition{StringCondition: s} }
	counting := func(n *connect.NumberCondition) connect.Condition { return connect.Condition{NumberCondition: n} }
	tag := func(key, value string) connect.TagCondition {
		return connect.TagCondition{TagKey: &key, TagValue: &value}
	}
	tags := func(f *connect.ControlPlaneTagFilter) *connect.UserSearchFilter {
		return &connect.UserSearchFilter{TagFilter: f}
	}
	attributes := func(f *connect.ControlPlaneUserAttributeFilter) *connect.UserSearchFilter {
		return &connect.UserSearchFilter{UserAttributeFilter: f}
	}
	children, only := connect.HierarchyGroupMatchTypeWITH_CHILD_GROUPS, connect.HierarchyGroupMatchTypeEXACT
	lisbon := c.arn + "/agent-group/" + c.groups["Lisbon"]
	atLeast := connect.NumberComparisonTypeGREATER_OR_EQUAL

	for name, s := range map[string]struct {
		criteria *criteria
		filter   *connect.UserSearchFilter
		want     string
	}{
		"everybody":            {nil, nil, "ana bob carla dave"},
		"empty criteria":       {&criteria{}, &connect.UserSearchFilter{}, "ana bob carla dave"},
		"username":             {where(saying("Username", exact, "ANA")), nil, "ana"},
		"username, as usual":   {where(saying("Username", "", "ana")), nil, "ana"},
		"username within":      {where(saying("Username", contains, "AR")), nil, "carla"},
		"username at first":    {where(saying("Username", begins, "da")), nil, "dave"},
		"first name":           {where(saying("FirstName", exact, "bob")), nil, "bob"},
		"last name":            {where(saying("LastName", exact, "ZOË")), nil, "carla"},
		"last name within":     {where(saying("LastName", contains, "an")), nil, "dave"},
		"routing profile":      {where(saying("RoutingProfileId", exact, c.routing)), nil, "ana bob carla dave"},
		"its ARN":              {where(saying("RoutingProfileId", exact, c.arn+"/routing-profile/"+c.routing)), nil, "ana bob carla dave"},
		"security profile":     {where(saying("SecurityProfileId", exact, other)), nil, "bob"},
		"its ARN too":          {where(saying("SecurityProfileId", exact, c.arn+"/security-profile/"+c.security)), nil, "ana bob carla dave"},
		"id":                   {where(saying("resourceId", exact, c.ids["carla"])), nil, "carla"},
		"an ARN":               {where(saying("resourceId", exact, c.arn+"/agent/"+c.ids["carla"])), nil, "carla"},
		"nobody":               {where(saying("Username", exact, "eve")), nil, ""},
		"one or the other":     {&criteria{OrConditions: []criteria{*where(saying("Username", exact, "ana")), *where(saying("FirstName", exact, "dave"))}}, nil, "ana dave"},
		"one and the other":    {&criteria{AndConditions: []criteria{*where(saying("LastName", contains, "an")), *where(saying("FirstName", exact, "dave"))}}, nil, "dave"},
		"a group":              {&criteria{HierarchyGroupCondition: in(c.groups["Lisbon"], only)}, nil, "carla"},
		"a group, as usual":    {&criteria{HierarchyGroupCondition: in(c.groups["Sales"], "")}, nil, "ana"},
		"a group and below":    {&criteria{HierarchyGroupCondition: in(lisbon, children)}, nil, "ana bob carla"},
		"a group that is gone": {&criteria{HierarchyGroupCondition: in(unknownID, children)}, nil, ""},
		"a group and a name":   {&criteria{StringCondition: saying("Username", begins, "b"), HierarchyGroupCondition: in(lisbon, children)}, nil, "bob"},

		"a skill":                  {skilled(like(saying("AttributeName", exact, "language")), like(saying("AttributeValue", exact, "English"))), nil, "ana bob"},
		"a skill at a level":       {skilled(like(saying("value", exact, "English")), counting(level("Level", atLeast, 3, -1))), nil, "ana"},
		"a level of another skill": {skilled(like(saying("AttributeValue", exact, "French")), counting(level("Level", atLeast, 5, -1))), nil, ""},
		"an attribute":             {skilled(like(saying("Language", exact, "french"))), nil, "ana carla"},
		"an attribute at a level":  {skilled(counting(level("Language", atLeast, 4, -1))), nil, "ana carla"},
		"its value at a level":     {skilled(like(saying("Language", exact, "French")), counting(level("Language", atLeast, 4, -1))), nil, "carla"},
		"two attributes":           {skilled(like(saying("Language", exact, "English")), like(saying("Product", exact, "Boats"))), nil, "ana"},
		"above":                    {skilled(counting(level("Language", connect.NumberComparisonTypeGREATER, 4, -1))), nil, "ana"},
		"at most":                  {skilled(counting(level("Language", connect.NumberComparisonTypeLESSER_OR_EQUAL, 2, -1))), nil, "ana bob"},
		"below":                    {skilled(counting(level("Level", connect.NumberComparisonTypeLESSER, 2, -1))), nil, "ana"},
		"equal":                    {skilled(counting(level("Level", connect.NumberComparisonTypeEQUAL, 4, -1))), nil, "carla"},
		"equal, as usual":          {skilled(counting(level("Level", "", 4, -1))), nil, "carla"},
		"not equal":                {skilled(like(saying("Language", exact, "English")), counting(level("Language", connect.NumberComparisonTypeNOT_EQUAL, 5, -1))), nil, "bob"},
		"a range":                  {skilled(like(saying("Language", exact, "English")), counting(level("Language", connect.NumberComparisonTypeRANGE, 1, 3))), nil, "bob"},
		"no condition on skills":   {skilled(), nil, "ana bob carla dave"},

		"a tag":                    {nil, tags(&connect.ControlPlaneTagFilter{TagCondition: new(tag("team", "care"))}), "bob dave"},
		"two tags":                 {nil, tags(&connect.ControlPlaneTagFilter{AndConditions: []connect.TagCondition{tag("team", "care"), tag("shift", "late")}}), "bob"},
		"one of two tags":          {nil, tags(&connect.ControlPlaneTagFilter{OrConditions: [][]connect.TagCondition{{tag("team", "lead")}, {tag("shift", "late")}}}), "bob carla"},
		"a tag, by attributes":     {nil, attributes(&connect.ControlPlaneUserAttributeFilter{TagCondition: new(tag("team", "lead"))}), "carla"},
		"a group, by attributes":   {nil, attributes(&connect.ControlPlaneUserAttributeFilter{HierarchyGroupCondition: in(c.groups["Care"], only)}), "bob"},
		"both, by attributes":      {nil, attributes(&connect.ControlPlaneUserAttributeFilter{AndCondition: &connect.AttributeAndCondition{TagConditions: []connect.TagCondition{tag("team", "care")}, HierarchyGroupCondition: in(lisbon, children)}}), "bob"},
		"one of, by attributes":    {nil, attributes(&connect.ControlPlaneUserAttributeFilter{OrConditions: []connect.AttributeAndCondition{{HierarchyGroupCondition: in(c.groups["Sales"], only)}, {TagConditions: []connect.TagCondition{tag("team", "lead")}}}}), "ana carla"},
		"criteria and filter":      {where(saying("Username", begins, "d")), tags(&connect.ControlPlaneTagFilter{TagCondition: new(tag("team", "care"))}), "dave"},
		"filters that do not meet": {nil, &connect.UserSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{TagCondition: new(tag("team", "lead"))}, UserAttributeFilter: &connect.ControlPlaneUserAttributeFilter{TagCondition: new(tag("team", "care"))}}, ""},
	} {
		out := must[*connect.SearchUsersResponse](t)(c.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: c.arn, SearchCriteria: s.criteria, SearchFilter: s.filter}))
		var names []string
		for _, u := range out.Users {
			names = append(names, *u.Username)
		}
		if got := strings.Join(names, " "); got != s.want || *out.ApproximateTotalCount != int64(len(names)) {
			t.Errorf("%s finds %q, %d in all; want %q", name, got, *out.ApproximateTotalCount, s.want)
		}
	}

	many := slices.Repeat([]criteria{*where(saying("Username", exact, "ana"))}, 101)
	for what, s := range map[string]struct {
		criteria *criteria
		filter   *connect.UserSearchFilter
		code     string
	}{
		"an unknown field":       {where(saying("Colour", exact, "red")), nil, "InvalidParameterException"},
		"an unknown id":          {where(saying("QueueId", exact, "x")), nil, "InvalidParameterException"},
		"one character within":   {where(saying("Username", contains, "a")), nil, "InvalidRequestException"},
		"26 characters within":   {where(saying("Username", contains, strings.Repeat("a", 26))), nil, "InvalidRequestException"},
		"one within a skill":     {skilled(like(saying("Language", contains, "E"))), nil, "InvalidRequestException"},
		"a number for a text":    {skilled(counting(level("AttributeName", atLeast, 1, -1))), nil, "InvalidParameterException"},
		"a text for a number":    {skilled(like(saying("Level", exact, "1"))), nil, "InvalidParameterException"},
		"no field":               {skilled(like(&connect.StringCondition{Value: new("x")})), nil, "InvalidParameterException"},
		"no number":              {skilled(counting(&connect.NumberCondition{FieldName: new("Level")})), nil, "InvalidParameterException"},
		"half a range":           {skilled(counting(level("Level", connect.NumberComparisonTypeRANGE, 1, -1))), nil, "InvalidParameterException"},
		"101 conditions":         {&criteria{OrConditions: many}, nil, "InvalidParameterException"},
		"101 of them deep down":  {&criteria{AndConditions: []criteria{{OrConditions: many}}}, nil, "InvalidParameterException"},
		"101 skills":             {skilled(slices.Repeat([]connect.Condition{like(saying("value", exact, "x"))}, 101)...), nil, "InvalidParameterException"},
		"101 tags":               {nil, tags(&connect.ControlPlaneTagFilter{OrConditions: [][]connect.TagCondition{slices.Repeat([]connect.TagCondition{tag("a", "b")}, 101)}}), "InvalidParameterException"},
		"101 tags by attributes": {nil, attributes(&connect.ControlPlaneUserAttributeFilter{OrConditions: make([]connect.AttributeAndCondition, 101)}), "InvalidParameterException"},
	} {
		_, err := c.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: c.id, SearchCriteria: s.criteria, SearchFilter: s.filter})
		refused(t, what, err, s.code, 400)
	}
	_, err := c.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: unknownID})
	refused(t, "an unknown instance", err, "ResourceNotFoundException", 404)
}

func TestProficiencies(t *testing.T) {
	c := newCrew(t)
	ctx := t.Context()
	ana := c.ids["ana"]
	list := func() string {
		var got []string
		for token := (*string)(nil); ; {
			out := must[*connect.ListUserProficienciesResponse](t)(c.ListUserProficiencies(ctx, &connect.ListUserProficienciesRequest{InstanceId: c.id, UserId: ana, NextToken: token, MaxResults: new(int32(1))}))
			if out.LastModifiedTime == nil || *out.LastModifiedRegion != "eu-central-1" {
				t.Errorf("the list is of %v in %v", out.LastModifiedTime, out.LastModifiedRegion)
			}
			for _, p := range out.UserProficiencyList {
				got = append(got, fmt.Sprint(p.AttributeName, " ", p.AttributeValue, " ", p.Level))
			}
			if token = out.NextToken; token == nil {
				return strings.Join(got, ", ")
			}
		}
	}
	add := func(texts ...string) error {
		return errorOf(c.AssociateUserProficiencies(ctx, &connect.AssociateUserProficienciesRequest{InstanceId: c.id, UserId: ana, UserProficiencies: skills(texts...)}))
	}
	set := func(texts ...string) error {
		return errorOf(c.UpdateUserProficiencies(ctx, &connect.UpdateUserProficienciesRequest{InstanceId: c.id, UserId: ana, UserProficiencies: skills(texts...)}))
	}
	remove := func(pairs ...string) error {
		list := []connect.UserProficiencyDisassociate{}
		for _, pair := range pairs {
			attribute, value, _ := strings.Cut(pair, " ")
			list = append(list, connect.UserProficiencyDisassociate{AttributeName: attribute, AttributeValue: value})
		}
		return errorOf(c.DisassociateUserProficiencies(ctx, &connect.DisassociateUserProficienciesRequest{InstanceId: c.id, UserId: ana, UserProficiencies: list}))
	}
	const before = "Language English 5, Language French 2, Product Boats 1.5"
	if got := list(); got != before {
		t.Errorf("ana has %s", got)
	}
	const invalid, request, missing = "InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"
	c.attribute("Many", strings.Fields("a b c d e f g h")...)
	for what, r := range map[string]struct {
		err    error
		code   string
		status int
	}{
		"an unknown attribute":     {add("Colour red 1"), missing, 404},
		"an unknown value":         {add("Language German 1"), invalid, 400},
		"another level":            {add("Language English 4"), request, 400},
		"one twice":                {add("Language English 5", "Language English 5"), request, 400},
		"level 0.5":                {add("Many a 0.5"), invalid, 400},
		"level 5.5":                {add("Many a 5.5"), invalid, 400},
		"eight more":               {add("Many a 1", "Many b 1", "Many c 1", "Many d 1", "Many e 1", "Many f 1", "Many g 1", "Many h 1"), request, 400},
		"a level of none":          {set("Language English 1", "Many a 1"), missing, 404},
		"a level twice":            {set("Language English 1", "Language English 2"), request, 400},
		"taking what is not there": {remove("Language English", "Many a"), missing, 404},
		"taking it twice":          {remove("Language English", "Language English"), request, 400},
		"a flood":                  {set(slices.Repeat([]string{"Language English 1"}, 101)...), invalid, 400},
	} {
		refused(t, what, r.err, r.code, r.status)
	}
	if got := list(); got != before {
		t.Errorf("after what was refused ana has %s", got)
	}
	for what, err := range map[string]error{"again": add("Language English 5"), "up to the quota": add("Many a 1", "Many b 1", "Many c 1", "Many d 1", "Many e 1", "Many f 1", "Many g 5")} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := remove("Many a", "Many b", "Many c", "Many d", "Many e", "Many f", "Language French"); err != nil {
		t.Error(err)
	}
	if err := set("Language English 1.25", "Many g 2"); err != nil {
		t.Error(err)
	}
	if got := list(); got != "Language English 1.25, Many g 2, Product Boats 1.5" {
		t.Errorf("in the end ana has %s", got)
	}
}
