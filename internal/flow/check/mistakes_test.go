package check

import (
	"strings"
	"testing"

	"parley.example/parley/internal/flow/flowdoc"
)

// TestOneMistakeIsOneFinding spoils a good flow in one place, and looks how often
// that is said. Publishing refuses it whatever follows from the mistake.
func TestOneMistakeIsOneFinding(t *testing.T) {
	const failed = `"Errors":[{"NextAction":"Bye","ErrorType":"NoMatchingError"}]`
	good := flowdoc.Of(
		flowdoc.Action("Hello", "MessageParticipant", `"Text":"Hello"`, flowdoc.To("Count", flowdoc.On("NoMatchingError", "Bye"), "")),
		flowdoc.Action("Count", "UpdateContactAttributes", `"Attributes":{"n":"1"}`, `"NextAction":"Pause",`+failed),
		flowdoc.Action("Pause", "Wait", `"TimeLimitSeconds":"60","Events":["CustomerReturned"]`, `"NextAction":"Bye",`+failed+`,"Conditions":[`+
			flowdoc.When("Equals", "CustomerReturned", "Answer")+","+flowdoc.When("Equals", "WaitCompleted", "Bye")+"]"),
		flowdoc.Action("Answer", "MessageParticipant", `"Text":"Thanks"`, flowdoc.To("Bye", flowdoc.On("NoMatchingError", "Bye"), "")),
		flowdoc.Bye("Bye"))
	if found := Flow(flowdoc.Parse(t, good)); len(found) != 0 {
		t.Fatalf("the good flow: %+v", found)
	}
	for _, test := range []struct{ name, old, now, want string }{
		{"two actions of one name", `"Identifier":"Answer"`, `"Identifier":"Count"`,
			`[Count] Identifier: Invalid Action property value: is used by another action (Is it "Answer"? Branches lead there, and there is no such action.)`},
		{"an action that is called otherwise", `"Identifier":"Bye"`, `"Identifier":"The very end"`,
			`refers to an unknown action: "Bye" (Has it been renamed? Nothing leads to The very end. 6 more branches lead to it.)`},
		{"a mistyped name", `"Identifier":"Bye"`, `"Identifier":"Byee"`, `refers to an unknown action: "Bye" (Did you mean Byee? 6 more branches lead to it.)`},
		{"an action without a name", `"Identifier":"Count",`, ``, `Identifier: Action is missing required property. Path: Actions[1].Identifier`},
		{"no names at all", `"Identifier"`, `"identifier"`, `Path: Actions[0].Identifier, Action:  (Write Identifier, not identifier. 5 actions have none.)`},
		{"no version", `"Version":"2019-10-30",`, ``, `the version is "", not "2019-10-30"`},
		{"another version", `2019-10-30`, `2019-10-31`, `the version is "2019-10-31"`},
		{"an unknown start", `"StartAction":"Hello"`, `"StartAction":"Begin"`, `StartAction "Begin" is not the identifier of an action (Is it Hello? Nothing else leads there.)`},
		{"no start", `"StartAction":"Hello",`, ``, `StartAction "" is not the identifier of an action`},
		{"actions of another kind", `"Actions":[`, `"Actions":{},"Actiens":[`, `Actions has a value of the wrong type`},
		{"no actions", `"Actions":[`, `"actions":[`, `a flow must have 1 to 250 actions, not 0`},
		{"a mistyped parameter", `"Attributes":`, `"Atributes":`, `[Count] Parameters.Atributes: Invalid Action property name (Did you mean Attributes?)`},
		{"a mistyped parameter of several", `"Text":"Thanks"`, `"Txet":"Thanks"`, `[Answer] Parameters.Txet: Invalid Action property name (Did you mean Text?)`},
		{"a mistyped error", `"NextAction":"Pause",` + failed, `"NextAction":"Pause",` + strings.Replace(failed, "Matching", "Match", 1),
			`[Count] Transitions.Errors: Invalid Action error. Error: NoMatchError (Did you mean NoMatchingError? `},
		{"a mistyped operand", `"Operands":["CustomerReturned"]`, `"Operands":["CustomerReturn"]`, `must be one of WaitCompleted, CustomerReturned (Did you mean CustomerReturned?)`},
		{"a mistyped event", `"Events":["CustomerReturned"]`, `"Events":["CustomerReturn"]`, `must be CustomerReturned or BotParticipantDisconnected (Did you mean CustomerReturned?)`},
		{"no transitions", `{"NextAction":"Pause",` + failed + `}`, `{}`, `[Count] Transitions.NextAction: Action is missing required property (It has no transitions yet; it needs NextAction, the error NoMatchingError.)`},
		{"a path that is cut", `{"NextAction":"Count",`, `{"NextAction":"Bye",`, `[Count] No path leads to this action. (Connect it or remove it. It cuts off the 2 actions that follow.)`},
	} {
		content := strings.ReplaceAll(good, test.old, test.now)
		if content == good {
			t.Fatalf("%s: nothing is spoilt in %s", test.name, good)
		}
		f := flowdoc.Parse(t, content)
		found := Flow(f)
		if len(found) != 1 || !strings.Contains(found[0].String(), test.want) {
			t.Errorf("%s: %v; want one finding: %s", test.name, found, test.want)
			continue
		}
		if n := len(Problems(f)); (n > 0) != (found[0].Severity == SeverityError) {
			t.Errorf("%s: %d problems beside %v", test.name, n, found)
		}
	}
}
