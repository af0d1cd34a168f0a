package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"parley.example/parley/internal/center"
)

func TestParseRefuses(t *testing.T) {
	many := `{"Actions":[` + strings.TrimSuffix(strings.Repeat("{},", 1001), ",") + `]}`
	conditions := strings.TrimSuffix(strings.Repeat(when("Equals", "x", "x")+",", 1001), ",")
	for name, content := range map[string]string{
		"nothing": "", "text": "hello", "half": `{"Version":`, "list": "[]", "null": "null", "two": "{}{}",
		"large": strings.Repeat(" ", 1<<20) + "{}", "deep": strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200),
		"deep lists": `{"a":` + strings.Repeat("[", 101), "many actions": many,
		"many conditions": doc(act("x", "Compare", "", to("x", "", conditions))),
	} {
		f, err := Parse([]byte(content))
		e, ok := errors.AsType[*center.Error](err)
		if f != nil || !ok || e.Reason != center.InvalidFlow || len(e.Problems) != 1 || !strings.HasPrefix(e.Problems[0], "Invalid contact flow format") ||
			strings.Contains(e.Problems[0], "Go value") {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func TestParseKeepsWhatItDoesNotKnow(t *testing.T) {
	content := "\xef\xbb\xbf" + strings.ReplaceAll(doc(stop("x")), `"Metadata":{}`, `"Metadata" : {"name":"N","x":[1.0,"é"]}, "Later":{"a":null}`) + "\n"
	f := parsed(t, content)
	if string(f.Content()) != content || f.Name() != "N" || f.Actions() != 1 {
		t.Errorf("content %q, name %q", f.Content(), f.Name())
	}
	if len(f.Hash) != 64 || f.Hash == parsed(t, doc(stop("x"))).Hash {
		t.Errorf("hash %q", f.Hash)
	}
	if p := f.Problems(); len(p) > 0 {
		t.Errorf("problems %q", p)
	}
	if f.As("CONTACT_FLOW") == f || f.As("") != f || f.As("X").Hash != f.Hash {
		t.Error("As changed more than the type, or did not")
	}
}

func TestProblems(t *testing.T) {
	good := to("x", on("NoMatchingError", "x"), "")
	lone := func(id, typ, parameters, transitions string) string {
		return doc(act(id, typ, parameters, transitions), stop("x"))
	}
	tests := []struct{ name, content, want string }{ // want is the beginning of the only problem, "" for none
		// The document.
		{"version", `{"Version":"2020-01-01","StartAction":"x","Actions":[` + stop("x") + `]}`, "Invalid contact flow format: the version"},
		{"start", `{"Version":"2019-10-30","StartAction":"y","Actions":[` + stop("x") + `]}`, `Invalid contact flow format: StartAction "y"`},
		{"actions of the wrong kind", `{"Version":"2019-10-30","StartAction":1,"Actions":{}}`, "Invalid contact flow format: StartAction has the wrong kind"},
		{"long content", strings.Replace(doc(stop("x")), `{}`, fmt.Sprintf(`{"pad":%q}`, strings.Repeat("é", 256000)), 1), "Invalid contact flow format: the content has"},
		{"as long as allowed", doc(stop("x")) + strings.Repeat(" ", 256000-len(doc(stop("x")))), ""},

		// Actions.
		{"action of the wrong kind", strings.Replace(lone("x2", "EndFlowExecution", "", ""), `{"Identifier":"x2"`, `1,{"Identifier":"x2"`, 1), "Invalid Action property value. Path: Actions[0], Action: : an action is an object"},
		{"duplicate", doc(stop("x"), stop("x")), "Invalid Action property value. Path: Actions[1].Identifier, Action: x: is used by another action"},
		{"long identifier", lone(strings.Repeat("é", 51), "EndFlowExecution", "", ""), "Invalid Action property value. Path: Actions[0].Identifier"},
		{"longest identifier", lone(strings.Repeat("é", 50), "EndFlowExecution", "", ""), ""},
		{"refused character", lone("a:b", "EndFlowExecution", "", ""), "Invalid Action property value. Path: Actions[0].Identifier"},
		{"allowed characters", lone("Größe #1? <ok>", "EndFlowExecution", "", ""), ""},
		{"reserved name", lone("constructor", "EndFlowExecution", "", ""), "Invalid Action property value. Path: Actions[0].Identifier"},
		{"unknown type", lone("a", "SetVoice", "", good), "Invalid Action type. Type: SetVoice, Path: Actions[0].Type, Action: a"},
		{"no type", lone("a", "", "", good), "Action is missing required property. Path: Actions[0].Type"},
		{"parameters of the wrong kind", doc(`{"Identifier":"a","Type":"EndFlowExecution","Parameters":[],"Transitions":{}}`), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: must be an object"},
		{"no parameters, no transitions", doc(`{"Identifier":"a","Type":"EndFlowExecution"}`), ""},
		{"identifier of the wrong kind", `{"Version":"2019-10-30","StartAction":"x","Actions":[{"Identifier":1,"Type":"EndFlowExecution"},` + stop("x") + `]}`, "Invalid Action property value. Path: Actions[0].Identifier"},

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
		{"two ways to say it", lone("a", "MessageParticipant", `"Text":"a","SSML":"b"`, good), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: only one of Text"},
		{"nothing to say", lone("a", "MessageParticipant", ``, good), "Action is missing required property. Path: Actions[0].Parameters.Text"},
		{"queue and agent", lone("a", "UpdateContactTargetQueue", `"QueueId":"a","AgentId":"b"`, good), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: only one of QueueId, AgentId"},
		{"no attributes", lone("a", "UpdateContactAttributes", `"Attributes":{}`, good), "Invalid Action property value. Path: Actions[0].Parameters.Attributes"},
		{"attribute no text", lone("a", "UpdateContactAttributes", `"Attributes":{"a":[]}`, good), "Invalid Action property value. Path: Actions[0].Parameters.Attributes"},
		{"attributes no object", lone("a", "UpdateContactAttributes", `"Attributes":"a"`, good), "Invalid Action property value. Path: Actions[0].Parameters.Attributes"},
		{"flow attribute without value", lone("a", "UpdateFlowAttributes", `"FlowAttributes":{"a":"1"}`, good), "Invalid Action property value. Path: Actions[0].Parameters.FlowAttributes"},
		{"comparison with a fixed value", lone("a", "Compare", `"ComparisonValue":"CHAT"`, to("x", on("NoMatchingCondition", "x"), "")), "Invalid Action property value. Path: Actions[0].Parameters.ComparisonValue, Action: a: must be a reference"},
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
		{"two bots", lone("a", "ConnectParticipantWithLexBot", `"Text":"a","LexBot":{},"LexV2Bot":{}`, to("x", on("NoMatchingError", "x")+","+on("NoMatchingCondition", "x"), "")), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: only one of LexV2Bot"},
		{"no bot", lone("a", "ConnectParticipantWithLexBot", `"Text":"a"`, to("x", on("NoMatchingError", "x")+","+on("NoMatchingCondition", "x"), "")), "Action is missing required property. Path: Actions[0].Parameters.LexV2Bot"},
		{"criteria as a reference", lone("a", "UpdateContactRoutingCriteria", `"RoutingCriteria":"$.External.c"`, good), ""},
		{"criteria as a text", lone("a", "UpdateContactRoutingCriteria", `"RoutingCriteria":"best"`, good), "Invalid Action property value. Path: Actions[0].Parameters.RoutingCriteria"},
		{"criteria as a number", lone("a", "UpdateContactRoutingCriteria", `"RoutingCriteria":3`, good), "Invalid Action property value. Path: Actions[0].Parameters.RoutingCriteria"},
		{"prompts of a bot", lone("a", "ConnectParticipantWithLexBot", `"Text":"a","SSML":"b","LexV2Bot":{"AliasArn":""}`, to("x", on("NoMatchingError", "x")+","+on("NoMatchingCondition", "x"), "")), "Invalid Action property value. Path: Actions[0].Parameters, Action: a: only one of Text"},
		{"a bot without prompt", lone("a", "ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":""}`, to("x", on("NoMatchingError", "x")+","+on("NoMatchingCondition", "x"), "")), "Action is missing required property. Path: Actions[0].Parameters.Text"},
		{"anything goes into a module", lone("a", "InvokeFlowModule", `"FlowModuleId":"m","Inputs":{"a":1}`, good), ""},

		// Transitions.
		{"transitions of the wrong kind", doc(`{"Identifier":"a","Type":"EndFlowExecution","Transitions":1}`), "Invalid Action property value. Path: Actions[0].Transitions, "},
		{"next of the wrong kind", doc(`{"Identifier":"a","Type":"EndFlowExecution","Transitions":{"NextAction":1}}`), "Invalid Action property value. Path: Actions[0].Transitions.NextAction, "},
		{"errors of the wrong kind", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"x","Errors":{}`), "Invalid Action property value. Path: Actions[0].Transitions.Errors"},
		{"conditions of the wrong kind", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"x","Conditions":{}`), "Invalid Action property value. Path: Actions[0].Transitions.Conditions"},
		{"dangling", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"nowhere"`), `Invalid Action property value. Path: Actions[0].Transitions.NextAction, Action: a: names no action: "nowhere"`},
		{"dangling error", lone("a", "MessageParticipant", `"Text":"a"`, to("x", on("NoMatchingError", "nowhere"), "")), "Invalid Action property value. Path: Actions[0].Transitions.Errors[0].NextAction"},
		{"dangling condition", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, to("x", on("NoMatchingCondition", "x"), when("Equals", "a", "nowhere"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].NextAction"},
		{"nowhere to go", lone("a", "MessageParticipant", `"Text":"a"`, ``), "Action is missing required property. Path: Actions[0].Transitions.NextAction"},
		{"branches may do without next", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, `"Errors":[`+on("NoMatchingCondition", "x")+`]`), ""},
		{"looping prompts may end", lone("a", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, ``), ""},
		{"an end with a way on", lone("a", "DisconnectParticipant", "", `"NextAction":"x"`), "Action does not support transitions. Path: Actions[0], Action: a"},
		{"an end with empty lists", lone("a", "DisconnectParticipant", "", `"Errors":[],"Conditions":[]`), ""},
		{"missing error", lone("a", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, `"NextAction":"x"`), "Action is missing required error. Error: NoMatchingError, Path: Actions[0], Action: a"},
		{"optional error", lone("a", "MessageParticipant", `"Text":"a"`, `"NextAction":"x"`), ""},
		{"wrong error", lone("a", "MessageParticipant", `"Text":"a"`, to("x", on("QueueAtCapacity", "x"), "")), "Invalid Action error. Error: QueueAtCapacity, Path: Actions[0], Action: a"},
		{"no errors allowed", lone("a", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Enabled"`, good), "Invalid Action error. Error: NoMatchingError, Path: Actions[0], Action: a"},
		{"menu needs a default", lone("a", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5"`, good), "Action is missing required error. Error: NoMatchingCondition"},
		{"store has no keys", lone("a", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5","StoreInput":"True"`, to("x", on("NoMatchingError", "x"), when("Equals", "1", "x"))), "Action does not support conditions"},
		{"a case that is linked", lone("a", "CreateCase", `"CaseTemplateId":"t","LinkContactToCase":"true"`, good), "Action is missing required error. Error: ContactNotLinked"},
		{"redaction of a chat", lone("a", "UpdateContactRecordingAndAnalyticsBehavior", `"ChatBehavior":{}`, to("x", on("NoMatchingError", "x")+","+on("ChannelMismatch", "x"), "")), "Action is missing required error. Error: InFlightRedactionConfigurationFailed"},

		// Conditions.
		{"no conditions allowed", lone("a", "MessageParticipant", `"Text":"a"`, to("x", "", when("Equals", "a", "x"))), "Action does not support conditions. Path: Actions[0], Action: a"},
		{"unknown operator", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, to("x", on("NoMatchingCondition", "x"), when("Like", "a", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operator"},
		{"two operands", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, to("x", on("NoMatchingCondition", "x"), `{"NextAction":"x","Condition":{"Operator":"Equals","Operands":["a","b"]}}`)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands"},
		{"no operand", lone("a", "Compare", `"ComparisonValue":"$.Channel"`, to("x", on("NoMatchingCondition", "x"), `{"NextAction":"x","Condition":{"Operator":"Equals"}}`)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands"},
		{"operator of another action", lone("a", "Loop", `"LoopCount":"1"`, strings.Replace(loops, "Equals", "TextContains", 1)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operator, Action: a: must be Equals"},
		{"half a loop", lone("a", "Loop", `"LoopCount":"1"`, to("x", "", when("Equals", "DoneLooping", "x"))), "Action is missing required property. Path: Actions[0].Transitions.Conditions, Condition: ContinueLooping, Action: a"},
		{"a third way", lone("a", "Loop", `"LoopCount":"1"`, strings.Replace(loops, `"Conditions":[`, `"Conditions":[`+when("Equals", "Maybe", "x")+",", 1)), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"wait without completion", lone("a", "Wait", `"TimeLimitSeconds":"5"`, good), "Action is missing required property. Path: Actions[0].Transitions.Conditions, Condition: WaitCompleted"},
		{"wait without an event's branch", lone("a", "Wait", `"TimeLimitSeconds":"5","Events":["CustomerReturned"]`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "x"))), "Action is missing required property. Path: Actions[0].Transitions.Conditions, Condition: CustomerReturned"},
		{"wait for an unknown event", lone("a", "Wait", `"TimeLimitSeconds":"5","Events":["Sneeze"]`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "x"))), "Invalid Action property value. Path: Actions[0].Parameters.Events[0]"},
		{"the other spelling of the wait", lone("a", "Wait", `"TimeLimitSeconds":"5","TimeoutSeconds":"5"`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "x"))), "Invalid Action property name. Path: Actions[0].Parameters.TimeoutSeconds"},
		{"shares that do not rise", lone("a", "DistributeByPercentage", "", to("x", on("NoMatchingCondition", "x"), when("NumberLessThan", "51", "x")+","+when("NumberLessThan", "21", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[1].Condition.Operands[0]"},
		{"shares beyond 100", lone("a", "DistributeByPercentage", "", to("x", on("NoMatchingCondition", "x"), when("NumberLessThan", "102", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"all of it", lone("a", "DistributeByPercentage", "", to("x", on("NoMatchingCondition", "x"), when("NumberLessThan", "101", "x"))), ""},
		{"staffing more than nobody", lone("a", "CheckMetricData", `"MetricType":"NumberOfAgentsStaffed"`, to("x", on("NoMatchingError", "x"), when("NumberGreaterThan", "1", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"hours need both", lone("a", "CheckHoursOfOperation", "", to("x", on("NoMatchingError", "x"), when("Equals", "True", "x"))), "Action is missing required property. Path: Actions[0].Transitions.Conditions, Condition: False"},
		{"a key of two digits", lone("a", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5"`, to("x", on("NoMatchingError", "x")+","+on("NoMatchingCondition", "x"), when("Equals", "12", "x"))), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
	}
	for _, test := range tests {
		problems := parsed(t, test.content).Problems()
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

var loops = to("x", "", when("Equals", "ContinueLooping", "x")+","+when("Equals", "DoneLooping", "x"))

func TestProblemsAreBounded(t *testing.T) {
	var actions []string
	for i := range 251 {
		actions = append(actions, act(fmt.Sprintf("%s%d", strings.Repeat("ü", 200), i), strings.Repeat("T", 500), "", `"NextAction":"`+strings.Repeat("n", 500)+`"`))
	}
	problems := parsed(t, doc(actions...)).Problems()
	if len(problems) != 50 {
		t.Errorf("%d problems; want 50", len(problems))
	}
	for _, p := range problems {
		if n := utf8.RuneCountInString(p); n < 1 || n > 256 || !utf8.ValidString(p) {
			t.Errorf("a problem of %d characters: %q", n, p)
		}
	}
	empty := parsed(t, `{"Version":"2019-10-30","StartAction":"","Actions":[]}`).Problems()
	if !slices.ContainsFunc(empty, func(p string) bool { return strings.Contains(p, "1 to 250 actions, not 0") }) {
		t.Errorf("a flow without actions: %q", empty)
	}
}

func TestCheckWarns(t *testing.T) {
	good := to("x", on("NoMatchingError", "x"), "")
	tests := []struct{ name, content, typ, want string }{ // want: "action: message" of the only warning, "" for none
		{"nothing", doc(act("a", "MessageParticipant", `"Text":"a"`, good), stop("x")), "", ""},
		{"unreachable", doc(stop("x"), stop("island")), "", "island: No way leads to this action."},
		{"no branch where the flow goes on", doc(say("a", "a", "x"), stop("x")), "", ""},
		{"no branch", doc(act("a", "CompleteOutboundCall", ``, to("x", "", "")), stop("x")), "", "a: CompleteOutboundCall: only calls have it."},
		{"never set", doc(act("a", "MessageParticipant", `"Text":"$.StoredCustomerInput"`, good), stop("x")), "", "a: $.StoredCustomerInput is never set in a chat."},
		{"not set here", doc(act("a", "MessageParticipant", `"Text":"$.External.x and $.External.y"`, good), stop("x")), "", "a: Nothing in this flow sets $.External."},
		{"set where no way leads", doc(act("a", "MessageParticipant", `"Text":"$.FlowAttributes.x"`, good), stop("x"), act("s", "UpdateFlowAttributes", `"FlowAttributes":{"x":{"Value":"1"}}`, good)), "", "a: Nothing in this flow sets $.FlowAttributes.|s: No way leads to this action."},
		{"set", doc(act("s", "UpdateFlowAttributes", `"FlowAttributes":{"x":{"Value":"1"}}`, to("a", on("NoMatchingError", "a"), "")), act("a", "MessageParticipant", `"Text":"$.FlowAttributes.x"`, good), stop("x")), "", ""},
		{"recorded prompt", doc(act("a", "MessageParticipant", `"PromptId":"p"`, good), stop("x")), "", "a: A chat cannot play a recorded prompt."},
		{"voice", doc(act("a", "StartVoiceIdStream", ``, good), stop("x")), "", "a: StartVoiceIdStream: only calls have it."},
		{"not run", doc(act("a", "CreateTask", `"Name":"n"`, good), stop("x")), "", "a: This version of Parley does not run CreateTask."},
		{"unknown root", doc(act("a", "MessageParticipant", `"Text":"$.Atributes.a and $.Atributes.b"`, good), stop("x")), "", "a: There is no $.Atributes."},
		{"unknown root in a key", doc(act("a", "UpdateContactAttributes", `"Attributes":{"$.Bad.x":"1"}`, good), stop("x")), "", "a: There is no $.Bad."},
		{"wrong flow type", doc(act("a", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, to("x", on("NoMatchingError", "x")+","+on("NoMatchingCondition", "x")+","+on("TimeLimitExceeded", "x"), "")), stop("x")), "AGENT_WHISPER", "a: ShowView does not belong into a flow of this type."},
		{"a hold flow", doc(act("a", "MessageParticipant", `"PromptId":"p"`, good), stop("x"), stop("island")), "CUSTOMER_HOLD", ": No chat runs a flow of this type: a chat is never on hold.|island: No way leads to this action."},
		{"an outbound whisper", doc(act("a", "StartVoiceIdStream", ``, good), stop("x")), "OUTBOUND_WHISPER", ": No chat runs a flow of this type: chats come in, and are not placed."},
		{"a campaign", doc(stop("x")), "CAMPAIGN", ": No chat runs a flow of this type: chats belong to no campaign."},
		{"what comes after success that a chat never has", doc(act("a", "StartVoiceIdStream", ``, to("v", on("NoMatchingError", "x"), "")), act("v", "MessageParticipant", `"Text":"$.StoredCustomerInput"`, good), stop("x")), "", "a: StartVoiceIdStream: only calls have it."},
		{"the branch of a call", doc(channel("CHAT", "x", "v"), act("v", "StartVoiceIdStream", ``, good), stop("x")), "", ""},
		{"the branch of what is no call", doc(channel("VOICE", "v", "x"), act("v", "StartVoiceIdStream", ``, good), stop("x")), "", ""},
		{"the branch of chats", doc(channel("CHAT", "v", "x"), act("v", "StartVoiceIdStream", ``, good), stop("x")), "", "v: StartVoiceIdStream: only calls have it."},
		{"the branch of a task", doc(channel("TASK", "x", "v"), act("v", "StartVoiceIdStream", ``, good), stop("x")), "", "v: StartVoiceIdStream: only calls have it."},
		{"compared with data", doc(channel("$.Attributes.c", "v", "x"), act("v", "StartVoiceIdStream", ``, good), stop("x")), "", "v: StartVoiceIdStream: only calls have it."},
		{"compared with what is never there", doc(act("c", "Compare", `"ComparisonValue":"$.MediaStreams.Customer.Audio.StreamARN"`, to("x", on("NoMatchingCondition", "x"), when("TextContains", "arn", "v"))), act("v", "StartVoiceIdStream", ``, good), stop("x")), "", "c: $.MediaStreams is never set in a chat."},
		{"never set by Parley", doc(act("a", "MessageParticipant", `"Text":"$.Customer.FirstName"`, good), stop("x")), "", "a: This version of Parley never sets $.Customer."},
		{"told once", doc(say("a", "$.External.x", "b"), say("b", "$.External.y $.Lex.IntentName", "x"), stop("x")), "", "a: Nothing in this flow sets $.External.|b: Nothing in this flow sets $.Lex."},
		{"in an operand", doc(act("c", "Compare", `"ComparisonValue":"$.Channel"`, to("x", on("NoMatchingCondition", "x"), when("Equals", "$.External.c", "x"))), stop("x")), "", "c: Nothing in this flow sets $.External."},
		{"tags of SSML", doc(act("a", "MessageParticipant", `"SSML":"<speak>Hi</speak>"`, good), stop("x")), "", "a: A chat shows the tags of SSML as they are written."},
		{"SSML without tags", doc(act("a", "MessageParticipant", `"SSML":"Hi"`, good), stop("x")), "", ""},
		{"a long text", doc(act("a", "MessageParticipant", `"Text":"`+strings.Repeat("é", 6001)+`"`, good), stop("x")), "", "a: The text is longer than 6000 characters."},
		{"an empty text", doc(act("a", "MessageParticipant", `"Text":""`, good), stop("x")), "", "a: The text is empty."},
		{"a hold hook", doc(act("a", "UpdateContactEventHooks", `"EventHooks":{"AgentHold":"f"}`, good), stop("x")), "", "a: A chat has no event AgentHold."},
		{"loops of one name", doc(act("l", "Loop", `"LoopCount":"5","LoopName":"n"`, to("x", "", when("Equals", "ContinueLooping", "k")+","+when("Equals", "DoneLooping", "x"))), act("k", "Loop", `"LoopCount":"5","LoopName":"n"`, to("x", "", when("Equals", "ContinueLooping", "x")+","+when("Equals", "DoneLooping", "x"))), stop("x")), "", "k: Another Loop has the same LoopName."},
		{"a queue flow for those who wait already", doc(act("a", "UpdateContactEventHooks", `"EventHooks":{"CustomerQueue":"f"}`, good), stop("x")), "CUSTOMER_QUEUE", "a: The designer does not set CustomerQueue in a flow of this type."},
		{"a whisper for those who wait", doc(act("a", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"f"}`, good), stop("x")), "CUSTOMER_QUEUE", ""},
		{"a disconnect flow from a whisper", doc(act("a", "UpdateContactEventHooks", `"EventHooks":{"CustomerRemaining":"f"}`, good), stop("x")), "AGENT_WHISPER", ""},
		{"Voice ID", doc(act("a", "UpdateContactData", `"IsVoiceIdStreamingEnabled":"true"`, good), stop("x")), "", "a: A chat has no IsVoiceIdStreamingEnabled."},
		{"recording of calls", doc(act("a", "UpdateContactRecordingAndAnalyticsBehavior", `"VoiceBehavior":{"a":1}`, to("x", on("NoMatchingError", "x")+","+on("ChannelMismatch", "x"), "")), stop("x")), "", "a: VoiceBehavior does not fit a chat."},
		{"circle", doc(act("a", "MessageParticipant", `"Text":"a"`, to("a", on("NoMatchingError", "a"), ""))), "", "a: The flow can come back here without waiting for anybody."},
		{"circle by a failing action", doc(act("a", "StartVoiceIdStream", "", to("x", on("NoMatchingError", "a"), "")), stop("x")), "", "a: StartVoiceIdStream: only calls have it.|a: The flow can come back here without waiting for anybody."},
		{"circle with a wait", doc(act("w", "Wait", `"TimeLimitSeconds":"5"`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "w"))), stop("x")), "", ""},
		{"circle by the error of a wait", doc(act("w", "Wait", `"TimeLimitSeconds":"5"`, to("w", on("NoMatchingError", "w"), when("Equals", "WaitCompleted", "x"))), stop("x")), "", "w: The flow can come back here without waiting for anybody."},
		{"circle with a loop", doc(act("l", "Loop", `"LoopCount":"5"`, to("x", on("NoMatchingError", "x"), when("Equals", "ContinueLooping", "l")+","+when("Equals", "DoneLooping", "x"))), stop("x")), "", ""},
		{"circle by the time limit of a view", doc(act("v", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, to("x", on("NoMatchingError", "x")+","+on("NoMatchingCondition", "v")+","+on("TimeLimitExceeded", "v"), when("Equals", "Next", "x"))), stop("x")), "", ""},
		{"circle of a loop that waits", doc(act("l", "Loop", `"LoopCount":"5"`, to("l", "", when("Equals", "ContinueLooping", "w")+","+when("Equals", "DoneLooping", "l"))), act("w", "Wait", `"TimeLimitSeconds":"5"`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "l"))), stop("x")), "", ""},
		{"circle of a loop that does not", doc(act("l", "Loop", `"LoopCount":"5"`, to("l", "", when("Equals", "ContinueLooping", "m")+","+when("Equals", "DoneLooping", "l"))), say("m", "a", "l")), "", "l: The flow can come back here without waiting for anybody."},
		{"no circle by what stands behind another flow", doc(act("f", "TransferToFlow", `"ContactFlowId":"f"`, to("f", on("NoMatchingError", "x"), "")), stop("x")), "", ""},
		{"circle with a call", doc(act("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, to("f", on("NoMatchingError", "x"), "")), stop("x")), "", "f: The flow can come back here without waiting for anybody."},
		{"circle with a call nobody waits for", doc(act("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationType":"ASYNCHRONOUS"`, to("f", on("NoMatchingError", "x"), "")), stop("x")), "", "f: The flow can come back here without waiting for anybody."},
	}
	for _, test := range tests {
		var got []string
		for _, finding := range Check(parsed(t, test.content).As(test.typ)) {
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
	good := to("x", on("NoMatchingError", "x"), "")
	tests := []struct{ content, want string }{
		{doc(act("a: b", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, `"NextAction":"x"`), stop("x")), "Invalid Action property value: has one of the characters % : ( \\ / ) = $ , ; [ ] { }|Action is missing required error. Error: NoMatchingError"},
		{doc(say("a", "a", "nowhere")), `Invalid Action property value: names no action: "nowhere"`},
		{doc(act("a", "TransferToFlow", "", good), stop("x")), "Action is missing required property"},
		{doc(act("a", "TransferToFlow", `"ContactFlowId":"f","a, b":"1"`, good), stop("x")), "Invalid Action property name"},
		{doc(act("a", "Teleport", "", good), stop("x")), "Invalid Action type. Type: Teleport"},
		{doc(act("a", "UpdateContactTargetQueue", "", good), stop("x")), "Action is missing required property"},
		{doc(act("a", "Loop", `"LoopCount":"1"`, to("x", "", when("Equals", "DoneLooping", "x"))), stop("x")), "Action is missing required property, Condition: ContinueLooping"},
		{doc(act("a", "MessageParticipant", `"PromptId":"p"`, good), stop("x")), "A chat cannot play a recorded prompt."},
		{strings.Replace(doc(stop("x")), `"StartAction":"x"`, `"StartAction":"y"`, 1), `Invalid contact flow format: StartAction "y" is not the identifier of an action`},
	}
	for _, test := range tests {
		var got []string
		for _, f := range Check(parsed(t, test.content)) {
			got = append(got, f.Brief())
		}
		if s := strings.Join(got, "|"); s != test.want {
			t.Errorf("%q; want %q", s, test.want)
		}
	}
}

func TestHintsNameWhatWasMeant(t *testing.T) {
	good := to("x", on("NoMatchingError", "x"), "")
	tests := []struct{ name, content, want string }{
		{"a type of the designer", doc(act("a", "SetVoice", "", good), stop("x")), "Did you mean UpdateContactTextToSpeechVoice?"},
		{"a mistyped type", doc(act("a", "MesageParticipant", "", good), stop("x")), "Did you mean MessageParticipant?"},
		{"another type", doc(act("a", "Teleport", "", good), stop("x")), "In a chat an unknown action takes its NoMatchingError branch."},
		{"a mistyped parameter", doc(act("a", "TransferToFlow", `"ContactFlowId":"f","ContactFlowID":"f"`, good), stop("x")), "Did you mean ContactFlowId?"},
		{"another parameter", doc(act("a", "TransferToFlow", `"ContactFlowId":"f","Speed":"f"`, good), stop("x")), ""},
		{"a mistyped action", doc(say("Hello", "a", "Helo")), "Did you mean Hello?"},
		{"a mistyped start", strings.Replace(doc(stop("Hello")), `"StartAction":"Hello"`, `"StartAction":"Helo"`, 1), "Did you mean Hello?"},
		{"a start like nothing", strings.Replace(doc(stop("Hello")), `"StartAction":"Hello"`, `"StartAction":"Good day"`, 1), ""},
	}
	for _, test := range tests {
		if all := Check(parsed(t, test.content)); len(all) != 1 || all[0].Hint != test.want {
			t.Errorf("%s: %+v; want the hint %q", test.name, all, test.want)
		}
	}
	_, err := Parse([]byte("{\n  \"Version\": \"2019-10-30\",\n  \"Actions\" [\n"))
	if err == nil || !strings.Contains(err.Error(), "invalid character '[' after object key (line 3)") {
		t.Errorf("Parse says %v", err)
	}
	old := Check(parsed(t, `{"modules":[{"id":"a","type":"Disconnect"}],"version":"1","type":"contactFlow","start":"a","metadata":{}}`))
	if len(old) == 0 || !strings.HasPrefix(old[0].Hint, "This is an export in the older format") {
		t.Errorf("an export in the older format: %+v", old)
	}
}

// channel compares $.Channel, as the action "channel".
func channel(operand, next, otherwise string) string {
	return act("channel", "Compare", `"ComparisonValue":"$.Channel"`, to(otherwise, on("NoMatchingCondition", otherwise), when("Equals", operand, next)))
}

func TestHintsSayWhatHappens(t *testing.T) {
	prompts := act("a", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, ``)
	tests := []struct{ name, content, typ, want string }{
		{"a branch", doc(act("a", "StartVoiceIdStream", ``, to("x", on("NoMatchingError", "x"), "")), stop("x")), "", "In a chat it takes its NoMatchingError branch."},
		{"a branch of its own", doc(act("a", "UpdateContactCallbackNumber", `"CallbackNumber":"1"`, to("x", on("InvalidCallbackNumber", "x")+","+on("CallbackNumberNotDialable", "x"), "")), stop("x")), "", "In a chat it takes its InvalidCallbackNumber branch."},
		{"an old prompt", doc(act("a", "MessageParticipant", `"PromptId":"p"`, to("x", "", "")), stop("x")), "", "In a chat it does nothing: without a branch for errors the flow goes on."},
		{"a queue flow", doc(prompts), "CUSTOMER_QUEUE", "There is no branch for that: in a chat the queue flow ends here, and the contact goes on waiting."},
		{"another flow", doc(prompts), "", "There is no branch for that: in a chat the flow ends here."},
		{"a reference in three actions", doc(say("a", "$.External.x", "b"), say("b", "$.External.x", "c"), say("c", "$.External.x", "x"), stop("x")), "", "It is empty unless a flow that leads here has set it. So it is in 2 more actions."},
	}
	for _, test := range tests {
		if all := Check(parsed(t, test.content).As(test.typ)); len(all) != 1 || all[0].Hint != test.want {
			t.Errorf("%s: %+v; want the hint %q", test.name, all, test.want)
		}
	}
}

// TestCheckTellsOnce: what is an error is not told a second time as a warning,
// and does not keep what is wrong elsewhere from being told.
func TestCheckTellsOnce(t *testing.T) {
	f := parsed(t, doc(
		act("a", "Compare", `"ComparisonValue":"$.Bad.x"`, to("b", on("NoMatchingCondition", "b"), "")),
		say("b", "$.Bad.x", "x"), stop("x")))
	var got []string
	for _, finding := range Check(f) {
		got = append(got, fmt.Sprintf("%s %s %s", finding.Severity, finding.Action, finding.Field))
	}
	if want := []string{"error a Parameters.ComparisonValue", "warning b Parameters.Text"}; !slices.Equal(got, want) {
		t.Errorf("Check tells %q; want %q", got, want)
	}
}

func TestCheckTellsErrorsFirst(t *testing.T) {
	findings := Check(parsed(t, doc(act("a", "Teleport", "", to("x", "", "")), stop("x"), stop("island"))))
	if len(findings) != 2 || findings[0].Severity != SeverityError || findings[0].Action != "a" || findings[0].Field != "Type" ||
		findings[0].Hint == "" || findings[1].Severity != SeverityWarning || findings[1].Action != "island" {
		t.Errorf("findings %+v", findings)
	}
}
