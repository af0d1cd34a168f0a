package check

import (
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/flow/flowdoc"
)

// TestWaitThatGoesOn: what publishing takes and refuses of ContinueExecution.
func TestWaitThatGoesOn(t *testing.T) {
	const on, least = `"ContinueExecution":"True"`, `"MinimumWaitTimeSeconds":"60"`
	failed := flowdoc.On("NoMatchingError", "x")
	both := flowdoc.When("Equals", "Continue", "c") + "," + flowdoc.When("Equals", "WaitCompleted", "x")
	wait := func(parameters, conditions string, branch ...string) string {
		if branch == nil {
			branch = []string{flowdoc.Say("c", "hello", "w")}
		}
		return flowdoc.Of(slices.Concat([]string{flowdoc.Action("w", "Wait", parameters, flowdoc.To("x", failed, conditions))}, branch, []string{flowdoc.Bye("x")})...)
	}
	inner := func(id string) string {
		return flowdoc.Action(id, "Wait", `"TimeLimitSeconds":"5"`, flowdoc.To("x", failed, flowdoc.When("Equals", "WaitCompleted", "x")))
	}
	const nested = "Unsupported Action In Wait Action's Continue Branch. Path: Actions[2], Action: n"
	tests := []struct{ name, source, content, want string }{
		{"both branches and the least time", "probed by publishing, 2026-08", wait(on+","+least, both), ""},
		{"a limit as well", "emitted by a tool that publishes flows, 2026-08", wait(on+","+least+`,"TimeLimitSeconds":"300"`, both), ""},
		{"the times from data", "as for TimeLimitSeconds, API reference, flow language", wait(on+`,"MinimumWaitTimeSeconds":"$.Attributes.t"`, both), ""},
		{"switched off it is any other wait", "our reading", wait(`"ContinueExecution":"False","TimeLimitSeconds":"5"`, flowdoc.When("Equals", "WaitCompleted", "x"), flowdoc.Say("c", "hello", "w")), ""},
		{"the branch leads back to the same wait", "our reading: no other Wait block stands in it", wait(on+","+least, both), ""},
		{"another wait behind WaitCompleted", "admin guide, Wait: several in a flow", flowdoc.Of(
			flowdoc.Action("w", "Wait", on+","+least, flowdoc.To("x", failed, flowdoc.When("Equals", "Continue", "c")+","+flowdoc.When("Equals", "WaitCompleted", "n"))),
			flowdoc.Say("c", "hello", "w"), inner("n"), flowdoc.Bye("x")), ""},

		{"no least time", "probed by publishing, 2026-08", wait(on, both), "Action is missing required property. Path: Actions[0].Parameters.MinimumWaitTimeSeconds"},
		{"no time at all, and no switch", "API reference, flow language", wait(``, flowdoc.When("Equals", "WaitCompleted", "x"), flowdoc.Say("c", "hello", "w")), "Action is missing required property. Path: Actions[0].Parameters.TimeLimitSeconds"},
		{"no branch Continue", "probed by publishing, 2026-08", wait(on+","+least, flowdoc.When("Equals", "WaitCompleted", "x")), "Invalid Action property value. Path: Actions[0].Transitions.Conditions, Action: w: there is no branch for Continue"},
		{"no branch WaitCompleted", "probed by publishing, 2026-08", wait(on+","+least, flowdoc.When("Equals", "Continue", "c")), "Invalid Action property value. Path: Actions[0].Transitions.Conditions, Action: w: there is no branch for WaitCompleted"},
		{"another branch", "probed by publishing, 2026-08", wait(on+","+least, both+","+flowdoc.When("Equals", "LambdaReturned", "x")), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[2].Condition.Operands[0]"},
		{"the branch without the switch", "probed by publishing, 2026-08", wait(`"TimeLimitSeconds":"5"`, both), "Invalid Action property value. Path: Actions[0].Transitions.Conditions[0].Condition.Operands[0]"},
		{"an event", "probed by publishing, 2026-08: exactly these two branches", wait(on+","+least+`,"Events":["CustomerReturned"]`, both), "Invalid Action property value. Path: Actions[0].Parameters.Events[0]"},
		{"a switch that is neither", "every switch is True or False", wait(`"ContinueExecution":"Yes","TimeLimitSeconds":"5"`, flowdoc.When("Equals", "WaitCompleted", "x"), flowdoc.Say("c", "hello", "w")), "Invalid Action property value. Path: Actions[0].Parameters.ContinueExecution"},
		{"a wait in the branch", "admin guide, Wait, and the service's problem", wait(on+","+least, both, flowdoc.Say("c", "hello", "n"), inner("n")), nested},
		{"a wait in the branch behind an error", "admin guide, Wait", wait(on+","+least, both, flowdoc.Action("c", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "n"), "")), inner("n")), nested},
		{"the service refuses waiting for functions", "probed by publishing, 2026-08", wait(`"TimeLimitSeconds":"5","Events":["LambdaReturned"]`, flowdoc.When("Equals", "WaitCompleted", "x"), flowdoc.Say("c", "hello", "w")), "Invalid Action property value. Path: Actions[0].Parameters.Events[0]"},
	}
	for _, test := range tests {
		problems := told(flowdoc.Parse(t, test.content))
		switch {
		case test.want == "" && len(problems) > 0:
			t.Errorf("%s (%s): %q; want none", test.name, test.source, problems)
		case test.want != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0], test.want)):
			t.Errorf("%s (%s): %q; want %q", test.name, test.source, problems, test.want)
		}
	}
	found := Flow(flowdoc.Parse(t, wait(`"TimeLimitSeconds":"5",`+least, flowdoc.When("Equals", "WaitCompleted", "x"), flowdoc.Bye("c"))))
	if !slices.ContainsFunc(found, func(f Finding) bool {
		return f.Severity == SeverityWarning && f.Message == "MinimumWaitTimeSeconds has no effect without ContinueExecution."
	}) {
		t.Errorf("a least time for nothing: %+v", found)
	}
}
