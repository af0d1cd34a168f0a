package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// errorsOf are the errors of a flow.
func errorsOf(f *flow.Flow) []Finding {
	found, _ := Options{}.errors(f)
	return found
}

// told are the messages of the errors of a flow.
func told(f *flow.Flow) []string {
	var list []string
	for _, finding := range errorsOf(f) {
		list = append(list, finding.Message)
	}
	return list
}

func TestProblems(t *testing.T) {
	good := flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")
	lone := func(id, typ, parameters, transitions string) string {
		return flowdoc.Of(flowdoc.Action(id, typ, parameters, transitions), flowdoc.Stop("x"))
	}
	tests := []struct{ name, content, want string }{ // want is the beginning of the only problem, "" for none
		// The document.
		{"version", `{"Version":"2020-01-01","StartAction":"x","Actions":[` + flowdoc.Stop("x") + `]}`, "Invalid contact flow format: the version"},
		{"start", `{"Version":"2019-10-30","StartAction":"y","Actions":[` + flowdoc.Stop("x") + `]}`, `Invalid contact flow format: StartAction "y"`},
		{"actions of the wrong kind", `{"Version":"2019-10-30","StartAction":1,"Actions":{}}`, "Invalid contact flow format: StartAction has a value of the wrong type"},
		{"long content", strings.Replace(flowdoc.Of(flowdoc.Stop("x")), `{}`, fmt.Sprintf(`{"pad":%q}`, strings.Repeat("é", 256000)), 1), "Invalid contact flow format: the content has"},
		{"as long as allowed", flowdoc.Of(flowdoc.Stop("x")) + strings.Repeat(" ", 256000-len(flowdoc.Of(flowdoc.Stop("x")))), ""},

		// Actions.
		{"action of the wrong kind", strings.Replace(lone("x2", "EndFlowExecution", "", ""), `{"Identifier":"x2"`, `1,{"Identifier":"x2"`, 1), "Invalid Action property value. Path: Actions[0], Action: : must be an object"},
		{"duplicate", flowdoc.Of(flowdoc.Stop("x"), flowdoc.Stop("x")), "Invalid Action property value. Path: Actions[1].Identifier, Action: x: is used by another action"},
		{"long identifier", lone(strings.Repeat("é", 51), "EndFlowExecution", "", ""), "Invalid Action property value. Path: Actions[0].Identifier"},
		{"longest identifier", lone(strings.Repeat("é", 50), "EndFlowExecution", "", ""), ""},
		{"refused character", lone("a:b", "EndFlowExecution", "", ""), "Invalid Action property value. Path: Actions[0].Identifier"},
		{"allowed characters", lone("Größe #1? <ok>", "EndFlowExecution", "", ""), ""},
		{"reserved name", lone("constructor", "EndFlowExecution", "", ""), "Invalid Action property value. Path: Actions[0].Identifier"},
		{"unknown type", lone("a", "SetVoice", "", good), "Invalid Action type. Type: SetVoice, Action: a"},
		{"no type", lone("a", "", "", good), "Action is missing required property. Path: Actions[0].Type"},
		{"parameters of the wrong kind", flowdoc.Of(`{"Identifier":"a","Type":"EndFlowExecution","Parameters":[],"Transitions":{}}`), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: must be an object"},
		{"no parameters, no transitions", flowdoc.Of(`{"Identifier":"a","Type":"EndFlowExecution"}`), ""},
		{"identifier of the wrong kind", `{"Version":"2019-10-30","StartAction":"x","Actions":[{"Identifier":1,"Type":"EndFlowExecution"},` + flowdoc.Stop("x") + `]}`, "Invalid Action property value. Path: Actions[0].Identifier"},

		// Parameters.
		{"unknown parameter", lone("a", "TransferToFlow", `"ContactFlowId":"f","Speed":"1"`, good), "Invalid Action property name. Path: Actions[0].Parameters.Speed, Action: a"},
		{"missing parameter", lone("a", "TransferToFlow", "", good), "Action is missing required property. Path: Actions[0].Parameters.ContactFlowId"},
		{"null is missing", lone("a", "TransferToFlow", `"ContactFlowId":null`, good), "Action is missing required property. Path: Actions[0].Parameters.ContactFlowId"},
		{"empty is there", lone("a", "TransferToFlow", `"ContactFlowId":""`, good), ""},
		{"placeholder", lone("a", "TransferToFlow", `"ContactFlowId":"%%FLOW%%/${Flow}/{{f.arn}}"`, good), ""},
		{"wrong kind", lone("a", "TransferToFlow", `"ContactFlowId":{}`, good), "Invalid Action property value. Path: Actions[0].Parameters.ContactFlowId"},
		{"reference with text around", lone("a", "TransferToFlow", `"ContactFlowId":"x$.Attributes.y"`, good), "Invalid Action property value. Path: Actions[0].Parameters.ContactFlowId, Action: a: must be a fixed value or exactly one reference"},
		{"unknown root", lone("a", "TransferToFlow", `"ContactFlowId":"$.Bad.y"`, good), "Invalid Action property value. Path: Actions[0].Parameters.ContactFlowId, Action: a: there is no $.Bad"},
		{"unknown root in text", lone("a", "MessageParticipant", `"Text":"$.Bad.y"`, good), ""},
		{"reference in a fixed value", lone("a", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"$.Attributes.a"`, `"NextAction":"x"`), "Invalid Action property value. Path: Actions[0].Parameters.FlowLoggingBehavior"},
		{"value not in the list", lone("a", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"On"`, `"NextAction":"x"`), "Invalid Action property value. Path: Actions[0].Parameters.FlowLoggingBehavior, Action: a: must be one of Enabled, Disabled"},
		{"value in other case", lone("a", "UpdateContactAttributes", `"Attributes":{"a":"1"},"TargetContact":"current"`, good), ""},
		{"two ways to say it", lone("a", "MessageParticipant", `"Text":"a","SSML":"b"`, good), "Only one of these properties may be defined. Properties: [Text, SSML], Action: a"},
		{"nothing to say", lone("a", "MessageParticipant", ``, good), "Action is missing required property. Path: Actions[0].Parameters.Text"},
		{"queue and agent", lone("a", "UpdateContactTargetQueue", `"QueueId":"a","AgentId":"b"`, good), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: only one of QueueId, AgentId"},
		{"no attributes", lone("a", "UpdateContactAttributes", `"Attributes":{}`, good), "Invalid Action property value. Path: Actions[0].Parameters.Attributes"},
		{"attribute no text", lone("a", "UpdateContactAttributes", `"Attributes":{"a":[]}`, good), "Invalid Action property value. Path: Actions[0].Parameters.Attributes"},
		{"attributes no object", lone("a", "UpdateContactAttributes", `"Attributes":"a"`, good), "Invalid Action property value. Path: Actions[0].Parameters.Attributes"},
		{"flow attribute without value", lone("a", "UpdateFlowAttributes", `"FlowAttributes":{"a":"1"}`, good), "Invalid Action property value. Path: Actions[0].Parameters.FlowAttributes"},
		{"comparison with a fixed value", lone("a", "Compare", `"ComparisonValue":"CHAT"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), "")), "Invalid Action property value. Path: Actions[0].Parameters.ComparisonValue, Action: a: must be a reference"},
		{"loop too often", lone("a", "Loop", `"LoopCount":"101"`, loops), "Invalid Action property value. Path: Actions[0].Parameters.LoopCount, Action: a: must be a number from 0 to 100"},
		{"loop over data", lone("a", "Loop", `"LoopCount":"$.Attributes.n"`, loops), ""},
		{"two hooks", lone("a", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"f","CustomerWhisper":"f"}`, good), "Invalid Action property value. Path: Actions[0].Parameters.EventHooks"},
		{"unknown hook", lone("a", "UpdateContactEventHooks", `"EventHooks":{"Sneeze":"f"}`, good), "Invalid Action property name. Path: Actions[0].Parameters.EventHooks.Sneeze"},
		{"no hook", lone("a", "UpdateContactEventHooks", ``, good), "Action is missing required property. Path: Actions[0].Parameters.EventHooks"},
		{"hook with text around", lone("a", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"a$.Channel"}`, good), "Invalid Action property value. Path: Actions[0].Parameters.EventHooks.AgentWhisper"},
		{"hook switched", lone("a", "UpdateContactEventHooks", `"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"True"}}`, good), ""},
		{"hook switched oddly", lone("a", "UpdateContactEventHooks", `"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"no"}}`, good), "Invalid Action property value. Path: Actions[0].Parameters.EventHooksConfiguration.AgentWhisper.DisableExecution"},
		{"hold switched", lone("a", "UpdateContactEventHooks", `"EventHooksConfiguration":{"AgentHold":{"DisableExecution":"true"}}`, good), "Invalid Action property name. Path: Actions[0].Parameters.EventHooksConfiguration.AgentHold"},
		{"call too long", lone("a", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"9"`, good), "Invalid Action property value. Path: Actions[0].Parameters.InvocationTimeLimitSeconds, Action: a: must be a number from 1 to 8"},
		{"call long and asynchronous", lone("a", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"60","InvocationType":"ASYNCHRONOUS"`, good), ""},
		{"answer of an unknown type", lone("a", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","ResponseValidation":{"ResponseType":"XML"}`, good), "Invalid Action property value. Path: Actions[0].Parameters.ResponseValidation.ResponseType"},
		{"parameters of a call no object", lone("a", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","LambdaInvocationAttributes":["a"]`, good), "Invalid Action property value. Path: Actions[0].Parameters.LambdaInvocationAttributes"},
		{"seven tags", lone("a", "TagContact", `"Tags":{"1":"","2":"","3":"","4":"","5":"","6":"","7":""}`, good), "More than 6 tags in Parameters.Tags"},
		{"two bots", lone("a", "ConnectParticipantWithLexBot", `"Text":"a","LexBot":{},"LexV2Bot":{}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x"), "")), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: only one of LexV2Bot"},
		{"no bot", lone("a", "ConnectParticipantWithLexBot", `"Text":"a"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x"), "")), "Action is missing required property. Path: Actions[0].Parameters.LexV2Bot"},
		{"criteria as a reference", lone("a", "UpdateContactRoutingCriteria", `"RoutingCriteria":"$.External.c"`, good), ""},
		{"criteria as a text", lone("a", "UpdateContactRoutingCriteria", `"RoutingCriteria":"best"`, good), "Invalid Action property value. Path: Actions[0].Parameters.RoutingCriteria"},
		{"criteria as a number", lone("a", "UpdateContactRoutingCriteria", `"RoutingCriteria":3`, good), "Invalid Action property value. Path: Actions[0].Parameters.RoutingCriteria"},
		{"prompts of a bot", lone("a", "ConnectParticipantWithLexBot", `"Text":"a","SSML":"b","LexV2Bot":{"AliasArn":""}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x"), "")), "Only one of these properties may be defined. Properties: [Text, SSML], Action: a"},
		{"a bot without prompt", lone("a", "ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":""}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x"), "")), "At least one of [Text, SSML, PromptId, Media, LexInitializationData] must be set, Action: a"},
		{"anything goes into a module", lone("a", "InvokeFlowModule", `"FlowModuleId":"m","Inputs":{"a":1}`, good), ""},

		// Transitions.
		{"transitions of the wrong kind", flowdoc.Of(`{"Identifier":"a","Type":"EndFlowExecution","Transitions":1}`), "Invalid Action property value. Path: Actions[0].Transitions, "},
		{"next of the wrong kind", flowdoc.Of(`{"Identifier":"a","Type":"EndFlowExecution","Transitions":{"NextAction":1}}`), "Invalid Action property value. Path: Actions[0].Transitions.NextAction, "},
		{"errors of the wrong kind", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"x","Errors":{}`), "Invalid Action property value. Path: Actions[0].Transitions.Errors"},
		{"conditions of the wrong kind", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"x","Conditions":{}`), "Invalid Action property value. Path: Actions[0].Transitions.Conditions"},
		{"dangling", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"nowhere"`), `Invalid Action property value. Path: Actions[0].Transitions.NextAction, Action: a: refers to an unknown action: "nowhere"`},
		{"dangling error", lone("a", "MessageParticipant", `"Text":"a"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "nowhere"), "")), "Invalid Action property value. Path: Actions[0].Transitions.Errors[0].NextAction"},
		{"dangling condition", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("Equals", "a", "nowhere"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].NextAction"},
		{"nowhere to go", lone("a", "MessageParticipant", `"Text":"a"`, ``), "Action is missing required property. Path: Actions[0].Transitions.NextAction"},
		{"branches do not do without next", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, `"Errors":[`+flowdoc.On("NoMatchingCondition", "x")+`]`), "Action is missing required property. Path: Actions[0].Transitions.NextAction, Action: a"},
		{"looping prompts may end", lone("a", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, ``), ""},
		{"an end with a way on", lone("a", "DisconnectParticipant", "", `"NextAction":"x"`), "Action does not support transitions, Action: a"},
		{"an end with empty lists", lone("a", "DisconnectParticipant", "", `"Errors":[],"Conditions":[]`), ""},
		{"missing error", lone("a", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, `"NextAction":"x"`), "Action is missing required error. Error: NoMatchingError, Path: Actions[0], Action: a"},
		{"optional error", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"x"`), ""},
		{"wrong error", lone("a", "MessageParticipant", `"Text":"a"`, flowdoc.To("x", flowdoc.On("QueueAtCapacity", "x"), "")), "Invalid Action error. Error: QueueAtCapacity, Path: Actions[0], Action: a"},
		{"no errors allowed", lone("a", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Enabled"`, good), "Invalid Action error. Error: NoMatchingError, Path: Actions[0], Action: a"},
		{"menu needs a default", lone("a", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("InputTimeLimitExceeded", "x"), "")), "Action is missing required error. Error: NoMatchingCondition"},
		{"store has no keys", lone("a", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5","StoreInput":"True","InputValidation":{"CustomValidation":{"MaximumLength":"4"}}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "1", "x"))), "Action does not support conditions"},
		{"a case that is linked", lone("a", "CreateCase", `"CaseTemplateId":"t","LinkContactToCase":"true"`, good), "Action is missing required error. Error: ContactNotLinked"},
		{"redaction of a chat", lone("a", "UpdateContactRecordingAndAnalyticsBehavior", `"ChatBehavior":{}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("ChannelMismatch", "x"), "")), "Action is missing required error. Error: InFlightRedactionConfigurationFailed"},

		// Conditions.
		{"no conditions allowed", lone("a", "MessageParticipant", `"Text":"a"`, flowdoc.To("x", "", flowdoc.When("Equals", "a", "x"))), "Action does not support conditions, Action: a"},
		{"a key of a map (taken by the service, probed by publishing, 2026-08)", lone("a", "Compare", `"ComparisonValue":"$.External.customer"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("KeyExists", "tier", "x"))), ""},
		{"two keys of a map (refused by the service, probed by publishing, 2026-08)", lone("a", "Compare", `"ComparisonValue":"$.External.customer"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), `{"NextAction":"x","Condition":{"Operator":"KeyExists","Operands":["tier","name"]}}`)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands"},
		{"a key of the answer of a view", lone("a", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x")+","+flowdoc.On("TimeLimitExceeded", "x"), flowdoc.When("KeyExists", "Next", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operator"},
		{"unknown operator", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("Like", "a", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operator"},
		{"two operands", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), `{"NextAction":"x","Condition":{"Operator":"Equals","Operands":["a","b"]}}`)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands"},
		{"no operand", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), `{"NextAction":"x","Condition":{"Operator":"Equals"}}`)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands"},
		{"operator of another action", lone("a", "Loop", `"LoopCount":"1"`, strings.Replace(loops, "Equals", "TextContains", 1)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operator, Action: a: must be Equals"},
		{"half a loop", lone("a", "Loop", `"LoopCount":"1"`, flowdoc.To("x", "", flowdoc.When("Equals", "DoneLooping", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions, Action: a: there is no branch for ContinueLooping"},
		{"a third way", lone("a", "Loop", `"LoopCount":"1"`, strings.Replace(loops, `"Conditions":[`, `"Conditions":[`+flowdoc.When("Equals", "Maybe", "x")+",", 1)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"wait without completion", lone("a", "Wait", `"TimeLimitSeconds":"5"`, good), "Invalid Action property value. Path: Actions[0].Transitions.Conditions, Action: a: there is no branch for WaitCompleted"},
		{"wait without an event's branch", lone("a", "Wait", `"TimeLimitSeconds":"5","Events":["CustomerReturned"]`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions, Action: a: there is no branch for CustomerReturned"},
		{"wait for an unknown event", lone("a", "Wait", `"TimeLimitSeconds":"5","Events":["Sneeze"]`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "x"))), "Invalid Action property value. Path: Actions[0].Parameters.Events[0]"},
		{"the other spelling of the wait", lone("a", "Wait", `"TimeLimitSeconds":"5","TimeoutSeconds":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "x"))), "Invalid Action property name. Path: Actions[0].Parameters.TimeoutSeconds"},
		{"shares that do not rise", lone("a", "DistributeByPercentage", "", flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("NumberLessThan", "51", "x")+","+flowdoc.When("NumberLessThan", "21", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[1].Condition.Operands[0]"},
		{"shares beyond 100", lone("a", "DistributeByPercentage", "", flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("NumberLessThan", "102", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"all of it", lone("a", "DistributeByPercentage", "", flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("NumberLessThan", "101", "x"))), ""},
		{"staffing more than nobody", lone("a", "CheckMetricData", `"MetricType":"NumberOfAgentsStaffed"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("NumberGreaterThan", "1", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"hours need both", lone("a", "CheckHoursOfOperation", "", flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "True", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions, Action: a: there is no branch for False"},
		{"a key of two digits", lone("a", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x")+","+flowdoc.On("InputTimeLimitExceeded", "x"), flowdoc.When("Equals", "12", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
	}
	for _, test := range tests {
		problems := told(flowdoc.Parse(t, test.content))
		switch {
		case test.want == "" && len(problems) > 0:
			t.Errorf("%s: %q; want none", test.name, problems)
		case test.want != "" && !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, test.want) }):
			t.Errorf("%s: %q; want %q", test.name, problems, test.want)
		case test.want != "" && len(problems) > 1 && !strings.Contains(test.name, "wrong kind") && !strings.Contains(test.name, "shares"):
			t.Errorf("%s: %q; want one", test.name, problems)
		}
	}
}

var loops = flowdoc.To("x", "", flowdoc.When("Equals", "ContinueLooping", "x")+","+flowdoc.When("Equals", "DoneLooping", "x"))

func TestProblemsAreBounded(t *testing.T) {
	var actions []string
	for i := range 251 {
		actions = append(actions, flowdoc.Action(fmt.Sprintf("%s%d", strings.Repeat("ü", 200), i), strings.Repeat("T", 500), "", `"NextAction":"`+strings.Repeat("n", 500)+`"`))
	}
	problems := Problems(flowdoc.Parse(t, flowdoc.Of(actions...)))
	if len(problems) != 50 {
		t.Errorf("%d problems; want 50", len(problems))
	}
	for _, p := range problems {
		if n := utf8.RuneCountInString(p.Text); n < 1 || n > 256 || !utf8.ValidString(p.Text) {
			t.Errorf("a problem of %d characters: %q", n, p.Text)
		}
	}
	empty := told(flowdoc.Parse(t, `{"Version":"2019-10-30","StartAction":"","Actions":[]}`))
	if !slices.ContainsFunc(empty, func(p string) bool { return strings.Contains(p, "1 to 250 actions, not 0") }) {
		t.Errorf("a flow without actions: %q", empty)
	}
}

func TestCheckWarns(t *testing.T) {
	good := flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")
	tests := []struct{ name, content, typ, want string }{ // want: "action: message" of the only warning, "" for none
		{"nothing", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"a"`, good), flowdoc.Stop("x")), "", ""},
		{"unreachable", flowdoc.Of(flowdoc.Stop("x"), flowdoc.Stop("island")), "", "island: No path leads to this action."},
		{"no branch where the flow goes on", flowdoc.Of(flowdoc.Say("a", "a", "x"), flowdoc.Stop("x")), "", ""},
		{"no branch", flowdoc.Of(flowdoc.Action("a", "CompleteOutboundCall", ``, flowdoc.To("x", "", "")), flowdoc.Stop("x")), "", "a: CompleteOutboundCall: available for calls only."},
		{"never set", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.StoredCustomerInput"`, good), flowdoc.Stop("x")), "", "a: $.StoredCustomerInput is never set in a chat."},
		{"not set here", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.External.x and $.External.y"`, good), flowdoc.Stop("x")), "", "a: Nothing in this flow sets $.External."},
		{"set where no way leads", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.FlowAttributes.x"`, good), flowdoc.Stop("x"), flowdoc.Action("s", "UpdateFlowAttributes", `"FlowAttributes":{"x":{"Value":"1"}}`, good)), "", "a: No chat comes to the UpdateFlowAttributes that would set $.FlowAttributes.|s: No path leads to this action."},
		{"set", flowdoc.Of(flowdoc.Action("s", "UpdateFlowAttributes", `"FlowAttributes":{"x":{"Value":"1"}}`, flowdoc.To("a", flowdoc.On("NoMatchingError", "a"), "")), flowdoc.Action("a", "MessageParticipant", `"Text":"$.FlowAttributes.x"`, good), flowdoc.Stop("x")), "", ""},
		{"recorded prompt", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"PromptId":"p"`, good), flowdoc.Stop("x")), "", "a: A chat cannot play a recorded prompt."},
		{"voice", flowdoc.Of(flowdoc.Action("a", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "", "a: StartVoiceIdStream: available for calls only."},
		{"not run", flowdoc.Of(flowdoc.Action("a", "CreateTask", `"Name":"n"`, good), flowdoc.Stop("x")), "", "a: This version of Parley does not run CreateTask."},
		{"unknown root", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.Atributes.a and $.Atributes.b"`, good), flowdoc.Stop("x")), "", "a: There is no $.Atributes."},
		{"unknown root in a key", flowdoc.Of(flowdoc.Action("a", "UpdateContactAttributes", `"Attributes":{"$.Bad.x":"1"}`, good), flowdoc.Stop("x")), "", "a: There is no $.Bad."},
		{"a key that is none", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.Attributes.ключ and $.Attributes.ключ"`, good), flowdoc.Stop("x")), "", "a: .ключ behind $.Attributes is no key of a reference."},
		{"a key that is none, or text", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.Media.InitialMessage.谢谢"`, good), flowdoc.Stop("x")), "", "a: .谢谢 behind $.Media.InitialMessage is no key of a reference."},
		{"text behind a key that goes no further", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.Attributes.name.谢谢"`, good), flowdoc.Stop("x")), "", ""},
		{"wrong flow type", flowdoc.Of(flowdoc.Action("a", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x")+","+flowdoc.On("TimeLimitExceeded", "x"), "")), flowdoc.Stop("x")), "AGENT_WHISPER", "a: ShowView is not available in this type of flow."},
		{"a hold flow", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"PromptId":"p"`, good), flowdoc.Stop("x"), flowdoc.Stop("island")), "CUSTOMER_HOLD", ": No chat runs this type of flow: a chat is never on hold.|a: MessageParticipant is not available in this type of flow.|island: No path leads to this action."},
		{"an outbound whisper", flowdoc.Of(flowdoc.Action("a", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "OUTBOUND_WHISPER", ": No chat runs this type of flow: chats are always inbound."},
		{"a campaign", flowdoc.Of(flowdoc.Stop("x")), "CAMPAIGN", ": No chat runs this type of flow: chats are not part of campaigns."},
		{"what comes after success that a chat never has", flowdoc.Of(flowdoc.Action("a", "StartVoiceIdStream", ``, flowdoc.To("v", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Action("v", "MessageParticipant", `"Text":"$.StoredCustomerInput"`, good), flowdoc.Stop("x")), "", "a: StartVoiceIdStream: available for calls only."},
		{"the branch of a call", flowdoc.Of(channel("CHAT", "x", "v"), flowdoc.Action("v", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "", ""},
		{"the branch of what is no call", flowdoc.Of(channel("VOICE", "v", "x"), flowdoc.Action("v", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "", ""},
		{"the branch of chats", flowdoc.Of(channel("CHAT", "v", "x"), flowdoc.Action("v", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "", "v: StartVoiceIdStream: available for calls only."},
		{"the branch of a task", flowdoc.Of(channel("TASK", "x", "v"), flowdoc.Action("v", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "", "v: StartVoiceIdStream: available for calls only."},
		{"compared with data", flowdoc.Of(channel("$.Attributes.c", "v", "x"), flowdoc.Action("v", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "", "v: StartVoiceIdStream: available for calls only."},
		{"compared with what is never there", flowdoc.Of(flowdoc.Action("c", "Compare", `"ComparisonValue":"$.MediaStreams.Customer.Audio.StreamARN"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("TextContains", "arn", "v"))), flowdoc.Action("v", "StartVoiceIdStream", ``, good), flowdoc.Stop("x")), "", "c: $.MediaStreams is never set in a chat."},
		{"never set by Parley", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"$.Customer.FirstName"`, good), flowdoc.Stop("x")), "", "a: This version of Parley never sets $.Customer."},
		{"told once", flowdoc.Of(flowdoc.Say("a", "$.External.x", "b"), flowdoc.Say("b", "$.External.y $.Lex.IntentName", "x"), flowdoc.Stop("x")), "", "a: Nothing in this flow sets $.External.|b: Nothing in this flow sets $.Lex."},
		{"in an operand", flowdoc.Of(flowdoc.Action("c", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("Equals", "$.External.c", "x"))), flowdoc.Stop("x")), "", "c: Nothing in this flow sets $.External."},
		{"tags of SSML", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"SSML":"<speak>Hi</speak>"`, good), flowdoc.Stop("x")), "", "a: A chat shows SSML tags as plain text."},
		{"tags of SSML in a text (shown as they are, admin guide, 2026-11)", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"<speak>Hi</speak>"`, good), flowdoc.Stop("x")), "", "a: A chat shows SSML tags as plain text."},
		{"a pause in a text", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"One <break time=\"1s\"/> two"`, good), flowdoc.Stop("x")), "", "a: A chat shows SSML tags as plain text."},
		{"tags of SSML in the prompt of a bot", flowdoc.Of(flowdoc.Action("a", "ConnectParticipantWithLexBot", `"Text":"<speak>Hi</speak>","LexV2Bot":{"AliasArn":"b"}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x"), "")), flowdoc.Stop("x")), "", "a: A chat shows SSML tags as plain text."},
		{"other tags in a text", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"<b>Hi</b> 1 < 2 <breakfast"`, good), flowdoc.Stop("x")), "", ""},
		{"a menu that lasts", flowdoc.Of(flowdoc.Action("a", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"300","StoreInput":"True","InputValidation":{"CustomValidation":{"MaximumLength":"4"}}`, good), flowdoc.Stop("x")), "", "a: GetParticipantInput: a chat has no keypad.|a: InputTimeLimitSeconds is 300; the reference allows 1 to 180."},
		{"set by what no chat comes to", flowdoc.Of(channel("CHAT", "a", "v"), flowdoc.Action("v", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, good), flowdoc.Action("a", "MessageParticipant", `"Text":"$.External.x"`, good), flowdoc.Stop("x")), "", "a: No chat comes to the InvokeLambdaFunction that would set $.External."},
		{"set by what fails in every chat", flowdoc.Of(flowdoc.Action("b", "ConnectParticipantWithLexBot", `"PromptId":"p","LexV2Bot":{"AliasArn":"b"}`, flowdoc.To("a", flowdoc.On("NoMatchingError", "a")+","+flowdoc.On("NoMatchingCondition", "a"), "")), flowdoc.Action("a", "MessageParticipant", `"Text":"$.Lex.IntentName"`, good), flowdoc.Stop("x")), "", "b: A chat cannot play a recorded prompt.|a: In a chat ConnectParticipantWithLexBot fails, which would set $.Lex."},
		{"a bot behind an assistant", flowdoc.Of(flowdoc.Action("w", "CreateWisdomSession", `"WisdomAssistantArn":"w"`, flowdoc.To("b", flowdoc.On("NoMatchingError", "a"), "")),
			flowdoc.Action("b", "ConnectParticipantWithLexBot", `"Text":"Hi","LexV2Bot":{"AliasArn":"b"}`, flowdoc.To("a", flowdoc.On("NoMatchingError", "a")+","+flowdoc.On("NoMatchingCondition", "a"), "")), flowdoc.Action("a", "MessageParticipant", `"Text":"$.Lex.IntentName"`, good), flowdoc.Stop("x")), "",
			"w: Parley has no assistants: a session is made up if --assistant-sessions is set, and otherwise not created."},
		{"SSML without tags", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"SSML":"Hi"`, good), flowdoc.Stop("x")), "", ""},
		{"a long text", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"`+strings.Repeat("é", 6001)+`"`, good), flowdoc.Stop("x")), "", "a: The text is longer than 6000 characters."},
		{"an empty text before a bot that begins", flowdoc.Of(flowdoc.Action("a", "ConnectParticipantWithLexBot", `"Text":"","LexV2Bot":{"AliasArn":"b"},"LexInitializationData":{"InitialMessage":"hello"}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "x"), "")), flowdoc.Stop("x")), "", "a: The text is empty."},
		{"a hold hook", flowdoc.Of(flowdoc.Action("a", "UpdateContactEventHooks", `"EventHooks":{"AgentHold":"f"}`, good), flowdoc.Stop("x")), "", "a: A chat has no event AgentHold."},
		{"loops of one name", flowdoc.Of(flowdoc.Action("l", "Loop", `"LoopCount":"5","LoopName":"n"`, flowdoc.To("x", "", flowdoc.When("Equals", "ContinueLooping", "k")+","+flowdoc.When("Equals", "DoneLooping", "x"))), flowdoc.Action("k", "Loop", `"LoopCount":"5","LoopName":"n"`, flowdoc.To("x", "", flowdoc.When("Equals", "ContinueLooping", "x")+","+flowdoc.When("Equals", "DoneLooping", "x"))), flowdoc.Stop("x")), "", "k: Another Loop has the same LoopName."},
		{"a queue flow for those who wait already", flowdoc.Of(flowdoc.Action("a", "UpdateContactEventHooks", `"EventHooks":{"CustomerQueue":"f"}`, good), flowdoc.Stop("x")), "CUSTOMER_QUEUE", ": A customer who waits in a chat is told nothing.|a: The designer does not offer CustomerQueue in this type of flow."},
		{"a whisper for those who wait", flowdoc.Of(flowdoc.Action("a", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"f"}`, good), flowdoc.Stop("x")), "CUSTOMER_QUEUE", ": A customer who waits in a chat is told nothing."},
		{"a queue flow that loops prompts", flowdoc.Of(flowdoc.Action("a", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, "")), "CUSTOMER_QUEUE",
			"a: A chat cannot loop prompts, and nothing else in the flow speaks: a customer who waits in a chat is told nothing."},
		{"a queue flow that loops prompts for calls", flowdoc.Of(channel("CHAT", "s", "a"), flowdoc.Say("s", "Please wait.", "x"), flowdoc.Action("a", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, ""), flowdoc.Stop("x")), "CUSTOMER_QUEUE", ""},
		{"a queue flow that speaks in calls", flowdoc.Of(channel("CHAT", "x", "s"), flowdoc.Say("s", "Please wait.", "x"), flowdoc.Stop("x")), "CUSTOMER_QUEUE", ": A customer who waits in a chat is told nothing."},
		{"a queue flow that plays a recording", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"PromptId":"p"`, good), flowdoc.Stop("x")), "CUSTOMER_QUEUE",
			": A customer who waits in a chat is told nothing.|a: A chat cannot play a recorded prompt."},
		{"a queue flow with a module", flowdoc.Of(flowdoc.Action("a", "InvokeFlowModule", `"FlowModuleId":"m"`, good), flowdoc.Stop("x")), "CUSTOMER_QUEUE", ""},
		{"a disconnect flow from a whisper", flowdoc.Of(flowdoc.Action("a", "UpdateContactEventHooks", `"EventHooks":{"CustomerRemaining":"f"}`, good), flowdoc.Stop("x")), "AGENT_WHISPER", ""},
		{"Voice ID", flowdoc.Of(flowdoc.Action("a", "UpdateContactData", `"IsVoiceIdStreamingEnabled":"true","IsVoiceAuthenticationEnabled":"false","IsFraudDetectionEnabled":"false"`, good), flowdoc.Stop("x")), "", "a: A chat has no IsVoiceIdStreamingEnabled."},
		{"recording of calls", flowdoc.Of(flowdoc.Action("a", "UpdateContactRecordingAndAnalyticsBehavior", `"VoiceBehavior":{"a":"1"}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("ChannelMismatch", "x"), "")), flowdoc.Stop("x")), "", "a: VoiceBehavior is not available for chats."},
		{"circle", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"a"`, flowdoc.To("a", flowdoc.On("NoMatchingError", "a"), ""))), "", "a: The flow can return here without ever waiting."},
		{"circle by a failing action", flowdoc.Of(flowdoc.Action("a", "StartVoiceIdStream", "", flowdoc.To("x", flowdoc.On("NoMatchingError", "a"), "")), flowdoc.Stop("x")), "", "a: StartVoiceIdStream: available for calls only.|a: The flow can return here without ever waiting."},
		{"circle with a wait", flowdoc.Of(flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "w"))), flowdoc.Stop("x")), "", ""},
		{"circle by the error of a wait", flowdoc.Of(flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"5"`, flowdoc.To("w", flowdoc.On("NoMatchingError", "w"), flowdoc.When("Equals", "WaitCompleted", "x"))), flowdoc.Stop("x")), "", "w: The flow can return here without ever waiting."},
		{"circle with a loop", flowdoc.Of(flowdoc.Action("l", "Loop", `"LoopCount":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "ContinueLooping", "l")+","+flowdoc.When("Equals", "DoneLooping", "x"))), flowdoc.Stop("x")), "", ""},
		{"circle by the time limit of a view", flowdoc.Of(flowdoc.Action("v", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("NoMatchingCondition", "v")+","+flowdoc.On("TimeLimitExceeded", "v"), flowdoc.When("Equals", "Next", "x"))), flowdoc.Stop("x")), "", ""},
		{"circle of a loop that waits", flowdoc.Of(flowdoc.Action("l", "Loop", `"LoopCount":"5"`, flowdoc.To("l", "", flowdoc.When("Equals", "ContinueLooping", "w")+","+flowdoc.When("Equals", "DoneLooping", "l"))), flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "l"))), flowdoc.Stop("x")), "", ""},
		{"circle of a loop that does not", flowdoc.Of(flowdoc.Action("l", "Loop", `"LoopCount":"5"`, flowdoc.To("l", "", flowdoc.When("Equals", "ContinueLooping", "m")+","+flowdoc.When("Equals", "DoneLooping", "l"))), flowdoc.Say("m", "a", "l")), "", "l: The flow can return here without ever waiting."},
		{"no circle by what stands behind another flow", flowdoc.Of(flowdoc.Action("f", "TransferToFlow", `"ContactFlowId":"f"`, flowdoc.To("f", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")), "", ""},
		{"circle with a call", flowdoc.Of(flowdoc.Action("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("f", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")), "", "f: The flow can return here without ever waiting."},
		{"circle with a call nobody waits for", flowdoc.Of(flowdoc.Action("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationType":"ASYNCHRONOUS"`, flowdoc.To("f", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")), "", "f: The flow can return here without ever waiting."},
	}
	for _, test := range tests {
		var got []string
		for _, finding := range Flow(flowdoc.Parse(t, test.content).As(test.typ)) {
			if finding.Severity == SeverityError {
				t.Errorf("%s: error %s", test.name, finding.Message)
			}
			got = append(got, finding.Action+": "+finding.Message)
		}
		if s := strings.Join(got, "|"); s != test.want {
			t.Errorf("%s: %q; want %q", test.name, s, test.want)
		}
	}
}

func TestBrief(t *testing.T) {
	good := flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")
	tests := []struct{ content, want string }{
		{flowdoc.Of(flowdoc.Action("a: b", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, `"NextAction":"x"`), flowdoc.Stop("x")), "Invalid Action property value: has one of the characters % : ( \\ / ) = $ , ; [ ] { }|Action is missing required error. Error: NoMatchingError"},
		{flowdoc.Of(flowdoc.Say("a", "a", "nowhere")), `Invalid Action property value: refers to an unknown action: "nowhere"`},
		{flowdoc.Of(flowdoc.Action("a", "TransferToFlow", "", good), flowdoc.Stop("x")), "Action is missing required property"},
		{flowdoc.Of(flowdoc.Action("a", "TransferToFlow", `"ContactFlowId":"f","a, b":"1"`, good), flowdoc.Stop("x")), "Invalid Action property name"},
		{flowdoc.Of(flowdoc.Action("a", "Teleport", "", good), flowdoc.Stop("x")), "Invalid Action type. Type: Teleport"},
		{flowdoc.Of(flowdoc.Action("a", "UpdateContactTargetQueue", "", good), flowdoc.Stop("x")), "Action is missing required property"},
		{flowdoc.Of(flowdoc.Action("a", "Loop", `"LoopCount":"1"`, flowdoc.To("x", "", flowdoc.When("Equals", "DoneLooping", "x"))), flowdoc.Stop("x")), "Invalid Action property value: there is no branch for ContinueLooping"},
		{flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"PromptId":"p"`, good), flowdoc.Stop("x")), "A chat cannot play a recorded prompt."},
		{strings.Replace(flowdoc.Of(flowdoc.Stop("x")), `"StartAction":"x"`, `"StartAction":"y"`, 1), `Invalid contact flow format: StartAction "y" is not the identifier of an action`},
	}
	for _, test := range tests {
		var got []string
		for _, f := range Flow(flowdoc.Parse(t, test.content)) {
			got = append(got, f.Brief())
		}
		if s := strings.Join(got, "|"); s != test.want {
			t.Errorf("%q; want %q", s, test.want)
		}
	}
}

func TestHintsNameWhatWasMeant(t *testing.T) {
	good := flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")
	tests := []struct{ name, content, want string }{
		{"a type of the designer", flowdoc.Of(flowdoc.Action("a", "SetVoice", "", good), flowdoc.Stop("x")), "Did you mean UpdateContactTextToSpeechVoice?"},
		{"a mistyped type", flowdoc.Of(flowdoc.Action("a", "MesageParticipant", "", good), flowdoc.Stop("x")), "Did you mean MessageParticipant?"},
		{"another type", flowdoc.Of(flowdoc.Action("a", "Teleport", "", good), flowdoc.Stop("x")), "In a chat an unknown action takes its NoMatchingError branch."},
		{"a mistyped parameter", flowdoc.Of(flowdoc.Action("a", "TransferToFlow", `"ContactFlowId":"f","ContactFlowID":"f"`, good), flowdoc.Stop("x")), "Did you mean ContactFlowId?"},
		{"another parameter", flowdoc.Of(flowdoc.Action("a", "TransferToFlow", `"ContactFlowId":"f","Speed":"f"`, good), flowdoc.Stop("x")), "The parameters of TransferToFlow: ContactFlowId."},
		{"a parameter where there is none", flowdoc.Of(flowdoc.Action("a", "DisconnectParticipant", `"Speed":"f"`, "")), "DisconnectParticipant has no parameters."},
		{"words of a type", flowdoc.Of(flowdoc.Action("a", "SetContactAttributes", "", good), flowdoc.Stop("x")), "Did you mean UpdateContactAttributes?"},
		{"words of several types", flowdoc.Of(flowdoc.Action("a", "PlayMessageForTheParticipant", "", good), flowdoc.Stop("x")), "Did you mean MessageParticipant or MessageParticipantIteratively?"},
		{"a type in small letters", flowdoc.Of(flowdoc.Action("a", "getparticipantinput", "", good), flowdoc.Stop("x")), "Did you mean GetParticipantInput?"},
		{"a mistyped error", flowdoc.Of(flowdoc.Action("a", "TransferToFlow", `"ContactFlowId":"f"`, flowdoc.To("x", flowdoc.On("NoMatchError", "x"), "")), flowdoc.Stop("x")),
			"Did you mean NoMatchingError? There is no such error. The errors of TransferToFlow: NoMatchingError."},
		{"an error like none", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"a"`, flowdoc.To("x", flowdoc.On("Oops", "x"), "")), flowdoc.Stop("x")),
			"There is no such error. The errors of MessageParticipant: NoMatchingError."},
		{"an error of another action", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"Text":"a"`, flowdoc.To("x", flowdoc.On("QueueAtCapacity", "x"), "")), flowdoc.Stop("x")),
			"Remove this branch: the action, as it is set up here, never takes it. The errors of MessageParticipant: NoMatchingError."},
		{"a mistyped operator", flowdoc.Of(flowdoc.Action("a", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("Equal", "CHAT", "x"))), flowdoc.Stop("x")), "Did you mean Equals?"},
		{"a mistyped value", flowdoc.Of(flowdoc.Action("a", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Enable"`, `"NextAction":"x"`), flowdoc.Stop("x")), "Did you mean Enabled?"},
		{"a mistyped hook", flowdoc.Of(flowdoc.Action("a", "UpdateContactEventHooks", `"EventHooks":{"AgentWisper":"f"}`, good), flowdoc.Stop("x")), "Did you mean AgentWhisper?"},
		{"a mistyped action", flowdoc.Of(flowdoc.Say("Hello", "a", "Helo")), "Did you mean Hello?"},
		{"a mistyped start", strings.Replace(flowdoc.Of(flowdoc.Stop("Hello")), `"StartAction":"Hello"`, `"StartAction":"Helo"`, 1), "Did you mean Hello?"},
		{"a start like nothing", strings.Replace(flowdoc.Of(flowdoc.Stop("Hello")), `"StartAction":"Hello"`, `"StartAction":"Good day"`, 1), "Is it Hello? Nothing else leads there."},
	}
	for _, test := range tests {
		if all := Flow(flowdoc.Parse(t, test.content)); len(all) != 1 || all[0].Hint != test.want {
			t.Errorf("%s: %+v; want the hint %q", test.name, all, test.want)
		}
	}
	_, err := flow.Parse([]byte("{\n  \"Version\": \"2019-10-30\",\n  \"Actions\" [\n"))
	if err == nil || !strings.Contains(err.Error(), "invalid character '[' after object key (line 3)") {
		t.Errorf("Parse says %v", err)
	}
	old := Flow(flowdoc.Parse(t, `{"modules":[{"id":"a","type":"Disconnect"}],"version":"1","type":"contactFlow","start":"a","metadata":{}}`))
	if len(old) != 1 || !strings.Contains(old[0].Message, "an export in the older format") || !strings.HasPrefix(old[0].Hint, "Import it in the designer") {
		t.Errorf("an export in the older format: %+v", old)
	}
}

// channel compares $.Channel, as the action "channel".
func channel(operand, next, otherwise string) string {
	return flowdoc.Action("channel", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To(otherwise, flowdoc.On("NoMatchingCondition", otherwise), flowdoc.When("Equals", operand, next)))
}

func TestHintsSayWhatHappens(t *testing.T) {
	prompts := flowdoc.Action("a", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, ``)
	tests := []struct{ name, content, typ, want string }{
		{"a branch", flowdoc.Of(flowdoc.Action("a", "StartVoiceIdStream", ``, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")), "", "In a chat it takes its NoMatchingError branch."},
		{"a branch of its own", flowdoc.Of(flowdoc.Action("a", "UpdateContactCallbackNumber", `"CallbackNumber":"$.Attributes.number"`, flowdoc.To("x", flowdoc.On("InvalidCallbackNumber", "x")+","+flowdoc.On("CallbackNumberNotDialable", "x"), "")), flowdoc.Stop("x")), "", "In a chat it takes its InvalidCallbackNumber branch."},
		{"an old prompt", flowdoc.Of(flowdoc.Action("a", "MessageParticipant", `"PromptId":"p"`, flowdoc.To("x", "", "")), flowdoc.Stop("x")), "", "In a chat it does nothing: without an error branch the flow continues."},
		{"a queue flow", flowdoc.Of(prompts), "CUSTOMER_QUEUE", "It has no branch for this error: in a chat the queue flow ends here, and the contact keeps waiting. Say something with MessageParticipant, and lead a Wait back to it."},
		{"another flow", flowdoc.Of(prompts), "", "It has no branch for this error: in a chat the flow ends here."},
		{"a reference in three actions", flowdoc.Of(flowdoc.Say("a", "$.External.x", "b"), flowdoc.Say("b", "$.External.x", "c"), flowdoc.Say("c", "$.External.x", "x"), flowdoc.Stop("x")), "", "It is empty unless an earlier flow has set it. The same is true of 2 more actions."},
	}
	for _, test := range tests {
		if all := Flow(flowdoc.Parse(t, test.content).As(test.typ)); len(all) != 1 || all[0].Hint != test.want {
			t.Errorf("%s: %+v; want the hint %q", test.name, all, test.want)
		}
	}
}

// TestCheckTellsOnce: what is an error is not told a second time as a warning,
// and does not keep what is wrong elsewhere from being told.
func TestCheckTellsOnce(t *testing.T) {
	f := flowdoc.Parse(t, flowdoc.Of(
		flowdoc.Action("a", "Compare", `"ComparisonValue":"$.Bad.x"`, flowdoc.To("b", flowdoc.On("NoMatchingCondition", "b"), "")),
		flowdoc.Say("b", "$.Bad.x", "x"), flowdoc.Stop("x")))
	var got []string
	for _, finding := range Flow(f) {
		got = append(got, fmt.Sprintf("%s %s %s", finding.Severity, finding.Action, finding.Field))
	}
	if want := []string{"error a Parameters.ComparisonValue", "warning b Parameters.Text"}; !slices.Equal(got, want) {
		t.Errorf("Check tells %q; want %q", got, want)
	}
}

func TestCheckTellsErrorsFirst(t *testing.T) {
	findings := Flow(flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", "Teleport", "", flowdoc.To("x", "", "")), flowdoc.Stop("x"), flowdoc.Stop("island"))))
	if len(findings) != 2 || findings[0].Severity != SeverityError || findings[0].Action != "a" || findings[0].Field != "Type" ||
		findings[0].Hint == "" || findings[1].Severity != SeverityWarning || findings[1].Action != "island" {
		t.Errorf("findings %+v", findings)
	}
}
