package connectapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// pricing are the Settings of a module as the designer writes them beside its
// content: a JSON schema of the inputs and of the result data, and the results.
const pricing = `{"input":{"schema":{"type":"object","properties":{"what":{"type":"string"},"count":{"type":"number"},"whole":{"type":"integer"},"gift":{"type":"boolean"},
	"place":{"type":"object","properties":{"row":{"type":"number"}}},"tags":{"type":"array","items":{"type":"string"}},"any":{}}}},
	"resultData":{"schema":{"type":"object","properties":{"price":{"type":"string"},"left":{"type":"number"}}}},
	"transitions":{"results":[{"name":"found","description":""},{"name":"sold out","description":""}]}}`

// returning is the content of a module that ends with some parameters.
func returning(parameters, settings string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"end","Actions":[
		{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{%s},"Transitions":{}}],"Settings":%s}`, parameters, settings)
}

// boilerplate are the Settings that the designer writes into every content.
const boilerplate = `{"InputParameters":[],"OutputParameters":[],"Transitions":[{"DisplayName":"Success","ReferenceName":"Success","Description":""},{"DisplayName":"Error","ReferenceName":"Error","Description":""}]}`

// calling is the content of a flow that calls a module.
func calling(module, parameters string, operands ...string) string {
	var conditions []string
	for _, o := range operands {
		conditions = append(conditions, fmt.Sprintf(`{"NextAction":"x","Condition":{"Operator":"Equals","Operands":[%q]}}`, o))
	}
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"call","Actions":[
		{"Identifier":"call","Type":"InvokeFlowModule","Parameters":{"FlowModuleId":%q%s},"Transitions":{"NextAction":"x","Conditions":[%s],
			"Errors":[{"NextAction":"x","ErrorType":"NoMatchingError"},{"NextAction":"x","ErrorType":"NoMatchingCondition"}]}},
		{"Identifier":"x","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, module, parameters, strings.Join(conditions, ","))
}

// TestCallsKeepToTheContract: what publishing a flow takes and refuses of its calls
// of modules. The service's side was probed by publishing, 2026-08, but for rows
// that say otherwise.
func TestCallsKeepToTheContract(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	create := func(name, settings string) string {
		t.Helper()
		in := &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: name, Content: returning("", boilerplate)}
		if settings != "" {
			in.Settings = &settings
		}
		return *must[*connect.CreateContactFlowModuleResponse](t)(o.CreateContactFlowModule(ctx, in)).Id
	}
	priced, silent, bare := create("priced", pricing), create("silent", "{}"), create("bare", "")
	listed := *must[*connect.CreateContactFlowModuleResponse](t)(o.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: "listed",
		Content: returning("", `{"InputParameters":[{"Name":"n","Type":"Number","Required":"True"}],"OutputParameters":[],"Transitions":[{"ReferenceName":"done"}]}`)})).Id
	open := create("open", `{"input":{"schema":{"type":"object","properties":{"n":{"type":"number"}},"additionalProperties":true}}}`)
	shared := create("shared", `{"input":{"schema":{"$ref":"#/definitions/order","definitions":{"order":{"properties":{"id":{"type":"string"}}}}}}}`)
	sealed := create("sealed", `{"input":{"schema":{"type":"object","properties":{"n":{"type":"number"}},"additionalProperties":false}}}`)
	// Version 1 has another contract than what is published, and an alias.
	changed := create("changed", `{"input":{"schema":{"type":"object","properties":{"old":{"type":"string"}}}},"transitions":{"results":[{"name":"old"}]}}`)
	must[*connect.CreateContactFlowModuleVersionResponse](t)(o.CreateContactFlowModuleVersion(ctx, &connect.CreateContactFlowModuleVersionRequest{InstanceId: o.id, ContactFlowModuleId: changed}))
	must[*connect.CreateContactFlowModuleAliasResponse](t)(o.CreateContactFlowModuleAlias(ctx, &connect.CreateContactFlowModuleAliasRequest{InstanceId: o.id, ContactFlowModuleId: changed, AliasName: "prod", ContactFlowModuleVersion: 1}))
	must[*connect.UpdateContactFlowModuleContentResponse](t)(o.UpdateContactFlowModuleContent(ctx, &connect.UpdateContactFlowModuleContentRequest{InstanceId: o.id, ContactFlowModuleId: changed,
		Settings: new(`{"input":{"schema":{"type":"object","properties":{"new":{"type":"string"}},"required":["new"]}}}`)}))

	const input = "Actions[0].Parameters.Input"
	tests := []struct{ name, content, want string }{ // want: the path of the only problem, "" for none
		{"no input at all", calling(priced, ""), ""},
		{"an empty input", calling(priced, `,"Input":{}`), ""},
		{"a declared input", calling(priced, `,"Input":{"what":"kettle"}`), ""},
		{"a reference for a string", calling(priced, `,"Input":{"what":"$.Attributes.what"}`), ""},
		{"a reference within a string", calling(priced, `,"Input":{"what":"a $.Attributes.what"}`), ""},
		{"a number for a number", calling(priced, `,"Input":{"count":7.5,"whole":7}`), ""},
		{"a truth for a truth", calling(priced, `,"Input":{"gift":true}`), ""},
		{"a nested object", calling(priced, `,"Input":{"place":{"row":3}}`), ""},
		{"a list", calling(priced, `,"Input":{"tags":["a","$.Attributes.b"]}`), ""},
		{"anything where no type is declared", calling(priced, `,"Input":{"any":"$.External"}`), ""},
		{"declared results", calling(priced, "", "found", "sold out"), ""},
		{"a result from data", calling(priced, "", "$.Attributes.result"), ""},
		{"by ARN and with a qualifier", calling(o.arn+"/flow-module/"+priced+":$LATEST", `,"Input":{"what":"kettle"}`, "found"), ""},
		{"a module that is not known (its reference is another matter)", calling("00000000-0000-4000-8000-000000000001", `,"Input":{"x":"y"}`, "z"), ""},
		{"a module from data", calling("$.Attributes.module", `,"Input":{"x":"y"}`, "z"), ""},
		{"an old version, by its number", calling(changed+":1", `,"Input":{"old":"a"}`, "old"), ""},
		{"an old version, by its alias", calling(changed+":prod", `,"Input":{"old":"a"}`, "old"), ""},
		{"inputs that the content lists (the older form, API reference, 2026-11)", calling(listed, `,"Input":{"n":1}`, "done"), ""},

		{"what a schema lets in beside its properties (JSON schema)", calling(open, `,"Input":{"n":1,"x":"y"}`), ""},
		{"what a schema declares elsewhere (JSON schema)", calling(shared, `,"Input":{"id":"7"}`), ""},

		{"what a schema does not let in", calling(sealed, `,"Input":{"x":"y"}`), input + ".x"},
		{"a text for a number of a schema that lets in more (JSON schema)", calling(open, `,"Input":{"n":"1"}`), input + ".n"},
		{"an input that is not declared", calling(priced, `,"Input":{"what":"kettle","colour":"red"}`), input + ".colour"},
		{"a text for a number", calling(priced, `,"Input":{"count":"7"}`), input + ".count"},
		{"a reference for a number", calling(priced, `,"Input":{"count":"$.Attributes.count"}`), input + ".count"},
		{"a fraction for a whole number (JSON schema)", calling(priced, `,"Input":{"whole":7.5}`), input + ".whole"},
		{"a text for a truth", calling(priced, `,"Input":{"gift":"true"}`), input + ".gift"},
		{"a reference for an object", calling(priced, `,"Input":{"place":"$.External.place"}`), input + ".place"},
		{"a text for a number deep inside", calling(priced, `,"Input":{"place":{"row":"3"}}`), input + ".place.row"},
		{"a number for a string (JSON schema)", calling(priced, `,"Input":{"what":7}`), input + ".what"},
		{"a number in a list of strings (JSON schema)", calling(priced, `,"Input":{"tags":["a",1]}`), input + ".tags[1]"},
		{"a condition on a result that is not declared", calling(priced, "", "found", "lost"), "Actions[0].Transitions.Conditions[1].Condition.Operands[0]"},
		{"the designer's Success is no result", calling(priced, "", "Success"), "Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"an input of a module that declares none", calling(silent, `,"Input":{"what":"kettle"}`), input},
		{"an input of a module without Settings", calling(bare, `,"Input":{"what":"kettle"}`), input},
		{"a result of a module without Settings", calling(bare, "", "Success"), "Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"a text for a number that the content lists", calling(listed, `,"Input":{"n":"1"}`), input + ".n"},
		{"what only the old version declares", calling(changed, `,"Input":{"old":"a","new":"b"}`), input + ".old"},
		{"what only the published one declares", calling(changed+":prod", `,"Input":{"new":"a"}`), input + ".new"},
		{"inputs without the required one (JSON schema)", calling(changed, `,"Input":{}`), input + ".new"},
	}
	for i, test := range tests {
		_, err := o.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: o.id, Name: fmt.Sprint("flow ", i), Type: connect.ContactFlowTypeCONTACT_FLOW, Content: test.content})
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		e, ok := errors.AsType[*connect.InvalidContactFlowException](err)
		if !ok || len(e.Problems) != 1 || *e.Problems[0].Message != "Invalid Action property value. Path: "+test.want {
			t.Errorf("%s: %v; want a problem at %s", test.name, err, test.want)
		}
	}

	refusedCall := calling(priced, `,"Input":{"colour":"red"}`)
	made := must[*connect.CreateContactFlowResponse](t)(o.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: o.id, Name: "draft", Type: connect.ContactFlowTypeCONTACT_FLOW, Status: connect.ContactFlowStatusSAVED, Content: refusedCall}))
	_, err := o.UpdateContactFlowContent(ctx, &connect.UpdateContactFlowContentRequest{InstanceId: o.id, ContactFlowId: *made.ContactFlowId, Content: refusedCall})
	refused(t, "publishing a draft whose call does not keep to the contract", err, "InvalidContactFlowException", 400)
}

// TestModulesKeepToTheirContract: what publishing a module takes and refuses of
// what it gives back (probed by publishing, 2026-08).
func TestModulesKeepToTheirContract(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	inner := *must[*connect.CreateContactFlowModuleResponse](t)(o.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: "inner", Content: returning("", boilerplate), Settings: new(pricing)})).Id
	call := strings.Replace(calling(inner, `,"Input":{"colour":"red"}`), `"Actions"`, `"Settings":{},"Actions"`, 1)
	tests := []struct{ name, content, settings, want string }{
		{"nothing", returning("", boilerplate), pricing, ""},
		{"a declared result", returning(`"Result":"found"`, boilerplate), pricing, ""},
		{"a result from data", returning(`"Result":"$.Attributes.result"`, boilerplate), pricing, ""},
		{"declared data", returning(`"Result":"found","ResultData":{"price":"$.External.price","left":3}`, boilerplate), pricing, ""},
		{"data without a result", returning(`"ResultData":{"price":"1"}`, boilerplate), pricing, ""},
		{"no data", returning(`"ResultData":{}`, boilerplate), pricing, ""},
		{"a result that the content lists (the older form, API reference, 2026-11)", returning(`"Result":"found"`, `{"Transitions":[{"ReferenceName":"found"}]}`), "", ""},
		{"a result that is not declared", returning(`"Result":"lost"`, boilerplate), pricing, "Actions[0].Parameters.Result"},
		{"the designer's Success", returning(`"Result":"Success"`, boilerplate), "{}", "Actions[0].Parameters.Result"},
		{"a result without Settings", returning(`"Result":"found"`, boilerplate), "", "Actions[0].Parameters.Result"},
		{"data that is not declared", returning(`"ResultData":{"colour":"red"}`, boilerplate), pricing, "Actions[0].Parameters.ResultData.colour"},
		{"data of another type", returning(`"ResultData":{"left":"3"}`, boilerplate), pricing, "Actions[0].Parameters.ResultData.left"},
		{"data without a schema", returning(`"ResultData":{"price":"1"}`, boilerplate), `{"transitions":{"results":[{"name":"found"}]}}`, "Actions[0].Parameters.ResultData"},
		{"a call of another module", call, "{}", "Actions[0].Parameters.Input.colour"},
	}
	for i, test := range tests {
		in := &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: fmt.Sprint("module ", i), Content: test.content}
		if test.settings != "" {
			in.Settings = &test.settings
		}
		_, err := o.CreateContactFlowModule(ctx, in)
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		e, ok := errors.AsType[*connect.InvalidContactFlowModuleException](err)
		if !ok || len(e.Problems) != 1 || *e.Problems[0].Message != "Invalid Action property value. Path: "+test.want {
			t.Errorf("%s: %v; want a problem at %s", test.name, err, test.want)
		}
	}
}
