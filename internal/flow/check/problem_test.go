package check

import (
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/flow/flowdoc"
)

// TestProblemsAreInTheWordsOfTheService holds what CreateContactFlow answers in
// problems to the shapes that people who publish flows have read there, and what
// is said beside them to what helps an author.
func TestProblemsAreInTheWordsOfTheService(t *testing.T) {
	good := flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")
	one := func(typ, parameters, transitions string) string {
		return flowdoc.Of(flowdoc.Action("first", "DisconnectParticipant", "", ""), flowdoc.Action("Ask", typ, parameters, transitions), flowdoc.Bye("x"))
	}
	for _, test := range []struct{ behaviour, source, content, text, why string }{
		{"a type that there is not", "read in answers, 2026-09", one("UnknownType", "", good),
			"Invalid Action type. Type: UnknownType", "[Ask] Type: Invalid Action type. Type: UnknownType ("},
		{"a parameter that there is not", "read in answers, 2026-09", one("TransferContactToQueue", `"QueueId":"q"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("QueueAtCapacity", "x"), "")),
			"Invalid Action property name. Path: Actions[1].Parameters.QueueId", "[Ask] Parameters.QueueId: Invalid Action property name"},
		{"a parameter that is missing", "read in answers, 2026-09", one("TransferToFlow", "", good),
			"Action is missing required property. Path: Actions[1].Parameters.ContactFlowId", "[Ask] Parameters.ContactFlowId: Action is missing required property"},
		{"a way that leads nowhere", "read in answers, 2024-09", one("MessageParticipant", `"Text":"a"`, `"NextAction":"nowhere"`),
			"Invalid Action property value. Path: Actions[1].Transitions.NextAction", `[Ask] Transitions.NextAction: Invalid Action property value: refers to an unknown action: "nowhere"`},
		{"an error without a branch", "read in answers, 2026-09-29", one("InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, `"NextAction":"x"`),
			"Action is missing required error. Error: NoMatchingError, Path: Actions[1]", "[Ask] Transitions.Errors: Action is missing required error. Error: NoMatchingError (Add a branch for NoMatchingError.)"},
		{"an error that cannot come", "read in answers, 2026-09", one("UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Enabled"`, good),
			"Invalid Action error. Error: NoMatchingError, Path: Actions[1]", "[Ask] Transitions.Errors: Invalid Action error. Error: NoMatchingError (Remove this branch: "},
		{"conditions where there are none", "flow language reference, 2026-11", one("MessageParticipant", `"Text":"a"`, flowdoc.To("x", "", flowdoc.When("Equals", "a", "x"))),
			"Action does not support conditions", "[Ask] Transitions.Conditions: Action does not support conditions"},
		{"a way on from an end", "flow language reference, 2026-11", one("DisconnectParticipant", "", `"NextAction":"x"`),
			"Action does not support transitions", "[Ask] Transitions: Action does not support transitions"},
		{"seven tags", "read in answers, 2026-09-15", one("TagContact", `"Tags":{"1":"a","2":"a","3":"a","4":"a","5":"a","6":"a","7":"a"}`, good),
			"More than 6 tags in Parameters.Tags", "[Ask] Parameters.Tags: More than 6 tags in Parameters.Tags"},
		{"an operator that there is not", "probed by publishing, 2026-08", one("Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("Exists", "a", "x"))),
			"Invalid Action property value. Path: Actions[1].Transitions.Conditions[0].Condition.Operator",
			"[Ask] Transitions.Conditions[0].Condition.Operator: Invalid Action property value: unknown operator Exists; the operators are Equals, KeyExists, Number"},
		{"a condition that is missing", "read in answers, 2026-06", one("Loop", `"LoopCount":"1"`, flowdoc.To("x", "", flowdoc.When("Equals", "DoneLooping", "x"))),
			"Invalid Action property value. Path: Actions[1].Transitions.Conditions", "[Ask] Transitions.Conditions: Invalid Action property value: there is no branch for ContinueLooping (Add a branch for ContinueLooping.)"},
		{"a document that is none", "read in answers, 2026-09", strings.Replace(flowdoc.Of(flowdoc.Bye("x")), `"StartAction":"x"`, `"StartAction":"y"`, 1),
			"Invalid contact flow format", `StartAction: Invalid contact flow format: StartAction "y" is not the identifier of an action`},
	} {
		problems := Problems(flowdoc.Parse(t, test.content))
		if len(problems) != 1 || problems[0].Text != test.text || !strings.HasPrefix(problems[0].Why, test.why) {
			t.Errorf("%s (%s): %+v; want %q because %q", test.behaviour, test.source, problems, test.text, test.why)
		}
	}
}

// TestEveryErrorHasWordsOfTheService goes through everything that is found wrong in
// one flow where all is.
func TestEveryErrorHasWordsOfTheService(t *testing.T) {
	shapes := []string{"Invalid Action type. Type: ", "Invalid Action property name. Path: Actions[", "Invalid Action property value. Path: Actions[",
		"Action is missing required property. Path: Actions[", "Action is missing required error. Error: ", "Invalid Action error. Error: ",
		"Action does not support conditions", "Action does not support transitions", "More than 6 tags in Parameters.Tags", "Invalid contact flow format",
		"Invalid branch. Path: "}
	var actions []string
	for _, typ := range []string{"Nonsense", "Compare", "Wait", "Loop", "GetParticipantInput", "UpdateContactEventHooks", "CheckMetricData", "ShowView", "DisconnectParticipant"} {
		actions = append(actions, flowdoc.Action("the "+typ, typ, `"Foo":1,"Text":{},"ComparisonValue":"x"`, flowdoc.To("nowhere", flowdoc.On("Foo", "x"), flowdoc.When("Like", "", "x"))))
	}
	for _, finding := range errorsOf(flowdoc.Parse(t, flowdoc.Of(actions...))) {
		if !slices.ContainsFunc(shapes, func(s string) bool { return strings.HasPrefix(finding.Problem, s) }) || !strings.HasPrefix(finding.Message, finding.Problem) ||
			finding.Cloud != CloudRefuses {
			t.Errorf("%+v is in no words of the service", finding)
		}
	}
}
