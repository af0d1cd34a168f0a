package connectapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

func TestPredefinedAttributes(t *testing.T) {
	s := newStaff(t, catalog.Limits{Attributes: 4})
	ctx := t.Context()
	describe := func(name string) (*connect.PredefinedAttribute, error) {
		out, err := s.DescribePredefinedAttribute(ctx, &connect.DescribePredefinedAttributeRequest{InstanceId: s.arn, Name: name})
		if err != nil {
			return nil, err
		}
		return out.PredefinedAttribute, nil
	}
	values := func(list ...string) *connect.PredefinedAttributeValues {
		return &connect.PredefinedAttributeValues{StringList: list}
	}
	create := func(name string, change ...func(in *connect.CreatePredefinedAttributeRequest)) error {
		in := &connect.CreatePredefinedAttributeRequest{InstanceId: s.id, Name: name, Values: values("a", "b")}
		for _, c := range change {
			c(in)
		}
		return errorOf(s.CreatePredefinedAttribute(ctx, in))
	}
	update := func(in *connect.UpdatePredefinedAttributeRequest) error {
		in.InstanceId = s.id
		return errorOf(s.UpdatePredefinedAttribute(ctx, in))
	}
	remove := func(name string) error {
		return errorOf(s.DeletePredefinedAttribute(ctx, &connect.DeletePredefinedAttributeRequest{InstanceId: s.id, Name: name}))
	}
	name := "Spráche / language_1.2:3=4+5-6@7'8" // all that may be in one
	if err := create(name, func(in *connect.CreatePredefinedAttributeRequest) {
		in.Purposes, in.AttributeConfiguration = []string{"routing"}, &connect.InputPredefinedAttributeConfiguration{EnableValueValidationOnAssociation: new(true)}
	}); err != nil {
		t.Fatal(err)
	}
	a, err := describe(name)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the attribute", a, &connect.PredefinedAttribute{
		Name: &name, Values: values("a", "b"), Purposes: []string{"routing"}, AttributeConfiguration: &connect.PredefinedAttributeConfiguration{EnableValueValidationOnAssociation: new(true), IsReadOnly: new(false)},
		LastModifiedTime: a.LastModifiedTime, LastModifiedRegion: new("eu-central-1"),
	})
	for what, err := range map[string]error{
		"nothing":     update(&connect.UpdatePredefinedAttributeRequest{Name: name}),
		"values":      update(&connect.UpdatePredefinedAttributeRequest{Name: name, Values: values("c")}),
		"the setting": update(&connect.UpdatePredefinedAttributeRequest{Name: name, AttributeConfiguration: &connect.InputPredefinedAttributeConfiguration{EnableValueValidationOnAssociation: new(false)}}),
		"purposes":    update(&connect.UpdatePredefinedAttributeRequest{Name: name, Purposes: []string{}}),
	} {
		if err != nil {
			t.Errorf("update %s: %v", what, err)
		}
	}
	if a, err = describe(name); err != nil || !slices.Equal(a.Values.StringList, []string{"c"}) || len(a.Purposes) != 0 || *a.AttributeConfiguration.EnableValueValidationOnAssociation {
		t.Errorf("the changed attribute is %+v, %v", a, err)
	}

	longest := strings.Repeat("é", 100)
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprint("value ", i)
	}
	if err := create(longest, func(in *connect.CreatePredefinedAttributeRequest) {
		in.Values = values(append(many[:499:499], longest)...)
	}); err != nil {
		t.Errorf("all at its longest: %v", err)
	}
	if err := create("bare", func(in *connect.CreatePredefinedAttributeRequest) { in.Values = nil }); err != nil {
		t.Errorf("an attribute without values: %v", err)
	}
	if a, err = describe("bare"); err != nil || a.Values.StringList == nil || a.Purposes == nil {
		t.Errorf("an attribute without values is %+v, %v", a, err)
	}
	const invalid, request, missing = "InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"
	valued := func(list ...string) func(in *connect.CreatePredefinedAttributeRequest) {
		return func(in *connect.CreatePredefinedAttributeRequest) { in.Values = values(list...) }
	}
	for what, c := range map[string]struct {
		err    error
		code   string
		status int
	}{
		"a taken name":           {create("bare"), "DuplicateResourceException", 409},
		"a long name":            {create(longest + "x"), invalid, 400},
		"no name":                {create(""), invalid, 400},
		"a name of the service":  {create("aws:x"), invalid, 400},
		"another one":            {create("Connect:x"), invalid, 400},
		"a name with a tab":      {create("a\tb"), invalid, 400},
		"a name with a bracket":  {create("a[b]"), invalid, 400},
		"a decomposed name":      {create("e\u0301"), invalid, 400},
		"501 values":             {create("x", valued(append(many, "one more")...)), invalid, 400},
		"a long value":           {create("x", valued(longest+"x")), invalid, 400},
		"an empty value":         {create("x", valued("")), invalid, 400},
		"a value twice":          {create("x", valued("a", "a")), request, 400},
		"a value of the service": {create("x", valued("connect:a")), invalid, 400},
		"a decomposed value":     {create("x", valued("e\u0301")), invalid, 400},
		"eleven purposes":        {create("x", func(in *connect.CreatePredefinedAttributeRequest) { in.Purposes = many[:11] }), invalid, 400},
		"a purpose twice":        {create("x", func(in *connect.CreatePredefinedAttributeRequest) { in.Purposes = []string{"a", "a"} }), request, 400},
		"a purpose of spaces":    {create("x", func(in *connect.CreatePredefinedAttributeRequest) { in.Purposes = []string{" "} }), invalid, 400},
		"an unknown instance":    {create("x", func(in *connect.CreatePredefinedAttributeRequest) { in.InstanceId = unknownID }), missing, 404},
		"describing none":        {errorOf(describe("none")), missing, 404},
		"changing none":          {update(&connect.UpdatePredefinedAttributeRequest{Name: "none"}), missing, 404},
		"changing a value to ":   {update(&connect.UpdatePredefinedAttributeRequest{Name: name, Values: values("?")}), invalid, 400},
		"deleting none":          {remove("none"), missing, 404},
	} {
		refused(t, what, c.err, c.code, c.status)
	}
	if err := create("fourth"); err != nil {
		t.Error(err)
	}
	refused(t, "over the quota", create("fifth"), "LimitExceededException", 429)

	ana := s.user("ana")
	skilled := []connect.UserProficiency{{AttributeName: name, AttributeValue: "c", Level: 1}}
	must[*connect.AssociateUserProficienciesResponse](t)(s.AssociateUserProficiencies(ctx, &connect.AssociateUserProficienciesRequest{InstanceId: s.id, UserId: ana, UserProficiencies: skilled}))
	refused(t, "with a proficiency", remove(name), "ResourceInUseException", 409)
	if err := update(&connect.UpdatePredefinedAttributeRequest{Name: name, Values: values([]string{}...)}); err != nil { // it stays with the user
		t.Error(err)
	}
	must[*connect.DeleteUserResponse](t)(s.DeleteUser(ctx, &connect.DeleteUserRequest{InstanceId: s.id, UserId: ana}))
	if err := remove(name); err != nil {
		t.Error(err)
	}

	var names []string
	for token := (*string)(nil); ; {
		out := must[*connect.ListPredefinedAttributesResponse](t)(s.ListPredefinedAttributes(ctx, &connect.ListPredefinedAttributesRequest{InstanceId: s.id, NextToken: token, MaxResults: new(int32(2))}))
		for _, a := range out.PredefinedAttributeSummaryList {
			names = append(names, *a.Name)
		}
		if token = out.NextToken; token == nil {
			break
		}
	}
	if want := []string{"bare", "fourth", longest}; !slices.Equal(names, want) {
		t.Errorf("the attributes are %q; want %q", names, want)
	}
	type criteria = connect.PredefinedAttributeSearchCriteria
	for what, c := range map[string]struct {
		criteria *criteria
		want     int64
	}{
		"all":           {nil, 3},
		"a name":        {&criteria{StringCondition: saying("name", begins, "FO")}, 1},
		"an id":         {&criteria{StringCondition: saying("resourceID", exact, "bare")}, 1},
		"descriptions":  {&criteria{StringCondition: saying("description", contains, "some")}, 0},
		"one or two":    {&criteria{OrConditions: []criteria{{StringCondition: saying("name", exact, "bare")}, {StringCondition: saying("name", contains, "ourt")}}}, 2},
		"what is not":   {&criteria{AndConditions: []criteria{{StringCondition: saying("name", exact, "bare")}, {StringCondition: saying("name", exact, "fourth")}}}, 0},
		"the beginning": {&criteria{StringCondition: saying("name", begins, "é")}, 1},
	} {
		out := must[*connect.SearchPredefinedAttributesResponse](t)(s.SearchPredefinedAttributes(ctx, &connect.SearchPredefinedAttributesRequest{InstanceId: s.id, SearchCriteria: c.criteria}))
		if *out.ApproximateTotalCount != c.want || len(out.PredefinedAttributes) != int(c.want) {
			t.Errorf("%s: %d found, %d in all; want %d", what, len(out.PredefinedAttributes), *out.ApproximateTotalCount, c.want)
		}
	}
	_, err = s.SearchPredefinedAttributes(ctx, &connect.SearchPredefinedAttributesRequest{InstanceId: s.id, SearchCriteria: &criteria{StringCondition: saying("colour", exact, "red")}})
	refused(t, "an unknown field", err, invalid, 400)
	_, err = s.SearchPredefinedAttributes(ctx, &connect.SearchPredefinedAttributesRequest{InstanceId: s.id, SearchCriteria: &criteria{StringCondition: saying("name", contains, "r")}})
	refused(t, "one character within", err, request, 400)
	_, err = s.ListPredefinedAttributes(ctx, &connect.ListPredefinedAttributesRequest{InstanceId: unknownID})
	refused(t, "a list of an unknown instance", err, missing, 404)
}
