package connectapi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// moduleOf is a module that says a text and returns.
func moduleOf(text string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"say","Metadata":{},"Actions":[
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}],
		"Settings":{"InputParameters":[],"OutputParameters":[],"Transitions":[]}}`, text)
}

func (o *office) module(name string) (id, arn string) {
	o.t.Helper()
	out := must[*connect.CreateContactFlowModuleResponse](o.t)(o.CreateContactFlowModule(o.t.Context(), &connect.CreateContactFlowModuleRequest{
		InstanceId: o.id, Name: name, Content: moduleOf(name),
	}))
	return *out.Id, *out.Arn
}

func TestModuleFromCreatedToDeleted(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	made := must[*connect.CreateContactFlowModuleResponse](t)(o.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{
		InstanceId: o.arn, Name: "Greet", Description: new("greets"), Content: moduleOf("one"), Tags: map[string]string{"team": "a"},
		ExternalInvocationConfiguration: &connect.ExternalInvocationConfiguration{Enabled: new(true)},
	}))
	id, arn := *made.Id, *made.Arn
	if arn != o.arn+"/flow-module/"+id {
		t.Errorf("the ARN is %s", arn)
	}
	describe := func(ref string) (*connect.ContactFlowModule, error) {
		out, err := o.DescribeContactFlowModule(ctx, &connect.DescribeContactFlowModuleRequest{InstanceId: o.id, ContactFlowModuleId: ref})
		if err != nil {
			return nil, err
		}
		return out.ContactFlowModule, nil
	}
	m := must[*connect.ContactFlowModule](t)(describe(arn))
	if *m.Id != id || *m.Arn != arn || *m.Name != "Greet" || *m.Description != "greets" || *m.Content != moduleOf("one") || m.Settings != nil || m.Tags["team"] != "a" ||
		m.State != connect.ContactFlowModuleStateACTIVE || m.Status != connect.ContactFlowModuleStatusPUBLISHED || len(*m.FlowModuleContentSha256) != 64 || !*m.ExternalInvocationConfiguration.Enabled {
		t.Errorf("DescribeContactFlowModule = %+v", m)
	}
	update := func(ref string, content, settings *string) error {
		_, err := o.UpdateContactFlowModuleContent(ctx, &connect.UpdateContactFlowModuleContentRequest{InstanceId: o.id, ContactFlowModuleId: ref, Content: content, Settings: settings})
		return err
	}
	// A draft and settings apart from the content.
	if err := update(id+":$SAVED", new(`{"half":"done"}`), nil); err != nil {
		t.Fatal(err)
	}
	saved := must[*connect.ContactFlowModule](t)(describe(id + ":$SAVED"))
	if *saved.Content != `{"half":"done"}` || saved.Status != connect.ContactFlowModuleStatusSAVED || *must[*connect.ContactFlowModule](t)(describe(id)).Content != moduleOf("one") {
		t.Errorf("the draft is %+v", saved)
	}
	settings := `{"InputParameters":[{"Name":"who","Required":true,"Type":"String"}],"OutputParameters":[],"Transitions":[]}`
	if err := update(id, nil, &settings); err != nil {
		t.Fatal(err)
	}
	told := must[*connect.ContactFlowModule](t)(describe(id))
	if *told.Content != moduleOf("one") || *told.Settings != settings || *told.FlowModuleContentSha256 == *m.FlowModuleContentSha256 {
		t.Errorf("with settings the module is %+v", told)
	}
	if err := update(id, new(moduleOf("two")), nil); err != nil {
		t.Fatal(err)
	}
	if two := must[*connect.ContactFlowModule](t)(describe(id)); *two.Content != moduleOf("two") || *two.Settings != settings {
		t.Errorf("after an update of the content the module is %+v; want the settings to stay", two)
	}
	refused(t, "changing nothing", update(id, nil, nil), "InvalidRequestException", 400)
	refused(t, "settings that are no object", update(id, nil, new("[]")), "InvalidContactFlowModuleException", 400)

	must[*connect.UpdateContactFlowModuleMetadataResponse](t)(o.UpdateContactFlowModuleMetadata(ctx, &connect.UpdateContactFlowModuleMetadataRequest{
		InstanceId: o.id, ContactFlowModuleId: id, Name: new("Welcome"), Description: new("hails"), State: connect.ContactFlowModuleStateARCHIVED,
	}))
	if m = must[*connect.ContactFlowModule](t)(describe(id)); *m.Name != "Welcome" || *m.Description != "hails" || m.State != connect.ContactFlowModuleStateARCHIVED {
		t.Errorf("after UpdateContactFlowModuleMetadata the module is %+v", m)
	}
	must[*connect.DeleteContactFlowModuleResponse](t)(o.DeleteContactFlowModule(ctx, &connect.DeleteContactFlowModuleRequest{InstanceId: o.id, ContactFlowModuleId: arn}))
	_, err := describe(id)
	refused(t, "a deleted module", err, "ResourceNotFoundException", 404)
	o.module("Welcome") // the name is free again
}

func TestModuleRefusals(t *testing.T) {
	o := newOffice(t, catalog.Limits{Modules: 2})
	ctx := t.Context()
	create := func(name, content string, settings, token *string) (string, error) {
		out, err := o.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: name, Content: content, Settings: settings, ClientToken: token})
		if err != nil {
			return "", err
		}
		return *out.Id, nil
	}
	_, err := create("m", `{"Version":"2019-10-30","StartAction":"nowhere","Actions":[{"Identifier":"a","Type":"Nonsense","Parameters":{},"Transitions":{"NextAction":"b"}}]}`, nil, nil)
	refused(t, "an invalid module", err, "InvalidContactFlowModuleException", 400)
	invalid, ok := errors.AsType[*connect.InvalidContactFlowModuleException](err)
	if !ok || len(invalid.Problems) < 4 || !strings.Contains(*invalid.Problems[0].Message, "settings") {
		t.Errorf("problems %+v; want the settings, the start, the type and the target at once", invalid)
	}
	bare := strings.Replace(moduleOf("x"), `"Settings":`, `"Other":`, 1)
	_, err = create("m", bare, nil, nil)
	refused(t, "a module without settings", err, "InvalidContactFlowModuleException", 400)
	_, err = create("m", "hello", nil, nil)
	refused(t, "no JSON", err, "InvalidContactFlowModuleException", 400)

	first := must[string](t)(create("m", bare, new(`{"InputParameters":[]}`), new("t1")))
	if again := must[string](t)(create("m", bare, new(`{"InputParameters":[]}`), new("t1"))); again != first {
		t.Errorf("the same ClientToken gave %s and %s", first, again)
	}
	_, err = create("other", bare, new(`{"InputParameters":[]}`), new("t1"))
	refused(t, "a ClientToken with another module", err, "IdempotencyException", 409)
	_, err = create("m", moduleOf("x"), nil, nil)
	refused(t, "a taken name", err, "DuplicateResourceException", 409)
	o.module("n")
	_, err = create("o", moduleOf("x"), nil, nil)
	refused(t, "over the quota", err, "LimitExceededException", 429)
	_, err = o.UpdateContactFlowModuleMetadata(ctx, &connect.UpdateContactFlowModuleMetadataRequest{InstanceId: o.id, ContactFlowModuleId: first, Name: new("n")})
	refused(t, "renaming to a taken name", err, "DuplicateResourceException", 409)
	for _, ref := range []string{unknownID, first + ":1", first + ":nobody", o.arn + "/contact-flow/" + first} {
		_, err = o.DescribeContactFlowModule(ctx, &connect.DescribeContactFlowModuleRequest{InstanceId: o.id, ContactFlowModuleId: ref})
		refused(t, "the module "+ref, err, "ResourceNotFoundException", 404)
	}
}

func TestListAndSearchModules(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	var want []string
	for i := range 5 {
		id, _ := o.module(fmt.Sprintf("module %d", i))
		want = append(want, id)
	}
	must[*connect.UpdateContactFlowModuleMetadataResponse](t)(o.UpdateContactFlowModuleMetadata(ctx, &connect.UpdateContactFlowModuleMetadataRequest{
		InstanceId: o.id, ContactFlowModuleId: want[3], State: connect.ContactFlowModuleStateARCHIVED,
	}))
	list := func(size int32, state connect.ContactFlowModuleState) (ids []string) {
		for token := (*string)(nil); ; {
			page := must[*connect.ListContactFlowModulesResponse](t)(o.ListContactFlowModules(ctx, &connect.ListContactFlowModulesRequest{InstanceId: o.id, MaxResults: &size, NextToken: token, ContactFlowModuleState: state}))
			for _, m := range page.ContactFlowModulesSummaryList {
				ids = append(ids, *m.Id)
			}
			if token = page.NextToken; token == nil {
				return ids
			}
		}
	}
	for _, size := range []int32{1, 2, 1000} {
		if got := list(size, ""); !slices.Equal(got, want) {
			t.Errorf("modules %v in pages of %d; want %v", got, size, want)
		}
	}
	if got := list(10, connect.ContactFlowModuleStateARCHIVED); !slices.Equal(got, want[3:4]) {
		t.Errorf("archived modules %v", got)
	}
	found := must[*connect.SearchContactFlowModulesResponse](t)(o.SearchContactFlowModules(ctx, &connect.SearchContactFlowModulesRequest{
		InstanceId: o.id, MaxResults: new(int32(2)), SearchCriteria: &connect.ContactFlowModuleSearchCriteria{
			AndConditions: []connect.ContactFlowModuleSearchCriteria{
				{StringCondition: &connect.StringCondition{FieldName: new("name"), Value: new("MODULE"), ComparisonType: connect.StringComparisonTypeCONTAINS}},
				{StateCondition: connect.ContactFlowModuleStateACTIVE, StatusCondition: connect.ContactFlowModuleStatusPUBLISHED},
			},
		},
	}))
	if *found.ApproximateTotalCount != 4 || len(found.ContactFlowModules) != 2 || found.NextToken == nil || found.ContactFlowModules[0].Content != nil {
		t.Errorf("SearchContactFlowModules = %+v", found)
	}
}
