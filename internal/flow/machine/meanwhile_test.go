package machine

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// goesOn writes a flow whose Wait goes on meanwhile, with some parameters, at the
// action c of those given.
func goesOn(parameters string, actions ...string) string {
	wait := flowdoc.Action("w", "Wait", `"ContinueExecution":"True",`+parameters, flowdoc.To("failed", flowdoc.On("NoMatchingError", "failed"),
		flowdoc.When("Equals", "Continue", "c")+","+flowdoc.When("Equals", "WaitCompleted", "completed")))
	return flowdoc.Of(slices.Concat([]string{wait}, actions, []string{
		flowdoc.Say("completed", "completed $.FlowAttributes.n", "x"), flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x")})...)
}

const (
	aMinute       = `"MinimumWaitTimeSeconds":"60"`
	aMinuteToFive = `"MinimumWaitTimeSeconds":"60","TimeLimitSeconds":"300"`
)

// stored is a run as a restarted server reads it.
func stored(t *testing.T, r *Run) *Run {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	read := &Run{}
	if err := json.Unmarshal(text, read); err != nil {
		t.Fatal(err)
	}
	return read
}

// TestWaitGoesOnMeanwhile: what ContinueExecution begins with. The parameters and
// branches are the service's (probed by publishing, 2026-08), the run time is
// Parley's reading.
func TestWaitGoesOnMeanwhile(t *testing.T) {
	hello := flowdoc.Say("c", "hello", "")
	tests := []struct{ name, content, want string }{
		{"the branch runs at once, and its end waits", goesOn(aMinute, hello), "hello | waits at w"},
		{"a time from data that is not there", goesOn(`"MinimumWaitTimeSeconds":"$.Attributes.none"`, hello), "failed | end"},
		{"a time that is none", goesOn(`"MinimumWaitTimeSeconds":"0"`, hello), "failed | end"},
		{"no least time", goesOn(`"TimeLimitSeconds":"60"`, hello), "failed | end"},
		{"a limit that is none", goesOn(aMinute+`,"TimeLimitSeconds":"soon"`, hello), "failed | end"},
		{"a limit that some exports write as empty", goesOn(aMinute+`,"TimeLimitSeconds":""`, hello), "hello | waits at w"},
		{"without the switch it is a wait like any other", strings.Replace(goesOn(`"TimeLimitSeconds":"60"`, hello), `"True"`, `"False"`, 1), " | waits at w"},
		{"no branch to go on by", strings.Replace(goesOn(aMinute, hello), `["Continue"]`, `["Onwards"]`, 1), "failed | end"},
		{"the branch leads back", goesOn(aMinute, flowdoc.Say("c", "hello", "w")), "hello | waits at w"},
		{"the branch ends the flow", goesOn(aMinute, flowdoc.Stop("c")), " | waits at w"},
		{"the branch fails where there is no branch for it", goesOn(aMinute, flowdoc.Action("c", "InvokeLambdaFunction", `"LambdaFunctionARN":""`, `"NextAction":"x"`)), " | waits at w"},
		{"the branch ends the chat", goesOn(aMinute, flowdoc.Bye("c")), " | disconnect"},
		{"another wait", goesOn(aMinute, flowdoc.Action("c", "Wait", `"TimeLimitSeconds":"5"`, flowdoc.To("n", flowdoc.On("NoMatchingError", "n"), flowdoc.When("Equals", "WaitCompleted", "x"))), flowdoc.Say("n", "no nesting", "")), "no nesting | waits at w"},
		{"the flow is left for another", goesOn(aMinute, flowdoc.Action("c", "TransferToFlow", `"ContactFlowId":"other"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), ""))), "elsewhere | end"},
		{"the contact is queued", goesOn(aMinute, flowdoc.Action("q", "UpdateContactTargetQueue", `"QueueId":"q"`, flowdoc.To("t", flowdoc.On("NoMatchingError", "x"), "")),
			flowdoc.Action("c", "UpdateContactTargetQueue", `"QueueId":"q"`, flowdoc.To("t", flowdoc.On("NoMatchingError", "x"), "")),
			flowdoc.Action("t", "TransferContactToQueue", "", flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("QueueAtCapacity", "x"), ""))), " | queued"},
		{"the branch never ends", goesOn(aMinute, flowdoc.Action("c", "UpdateFlowAttributes", `"FlowAttributes":{"n":{"Value":"1"}}`, flowdoc.To("c", flowdoc.On("NoMatchingError", "x"), ""))), " | runaway"},
	}
	for _, test := range tests {
		s := newWorld()
		s.Facts = &instance{queues: map[string]Queue{"q": {ID: "q", Max: -1}}}
		s.flows["other"] = flowdoc.Parse(t, flowdoc.Of(flowdoc.Say("a", "elsewhere", "x"), flowdoc.Stop("x")))
		out := s.start(t, strings.ReplaceAll(test.content, `"NextAction":""`, `"Errors":[]`))
		check(t, test.name, out, test.want)
		if out.Run != nil && (out.Run.Wait.Kind != WaitTime || !out.Run.Wait.Until.Equal(begun.Add(time.Minute)) || out.Run.Return != nil) {
			t.Errorf("%s: waits for %+v", test.name, out.Run.Wait)
		}
	}
}

// TestWaitComesBack: how the branch Continue ends, by the clock. Each step of a
// test moves the clock and gives the run an event; between steps the run is
// stored and read again.
func TestWaitComesBack(t *testing.T) {
	type step struct {
		at    time.Duration // since the beginning
		event Event
		want  string // "" when the event is not for the run
	}
	onTime, says := Event{Kind: EventTime}, Event{Kind: EventCustomerMessage, ContentType: "text/plain", Content: "hi"}
	answer := func(id, text string) Event {
		return Event{Kind: EventEffectDone, Effect: id, Answer: json.RawMessage(text)}
	}
	set := flowdoc.Action("n", "UpdateFlowAttributes", `"FlowAttributes":{"n":{"Value":"$.External.n"}}`, flowdoc.To("e", flowdoc.On("NoMatchingError", "e"), ""))
	call := flowdoc.Action("c", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("n", flowdoc.On("NoMatchingError", "lost"), ""))
	end, lost := flowdoc.Stop("e"), flowdoc.Say("lost", "lost", "e")
	bot := flowdoc.Action("c", "ConnectParticipantWithLexBot", `"Text":"Yes?","LexV2Bot":{"AliasArn":"b"}`,
		flowdoc.To("e", flowdoc.On("NoMatchingError", "lost")+","+flowdoc.On("NoMatchingCondition", "talked")+","+flowdoc.On("InputTimeLimitExceeded", "silent"), ""))
	view := flowdoc.Action("c", "ShowView", `"ViewResource":{"Id":"v"},"InvocationTimeLimitSeconds":"30"`,
		flowdoc.To("e", flowdoc.On("NoMatchingError", "lost")+","+flowdoc.On("NoMatchingCondition", "e")+","+flowdoc.On("TimeLimitExceeded", "silent"), ""))
	signIn := flowdoc.Action("c", "AuthenticateParticipant", `"CognitoConfiguration":{"UserPoolArn":"p","AppClientId":"a"}`,
		flowdoc.To("e", flowdoc.On("NoMatchingError", "lost")+","+flowdoc.On("TimeLimitExceeded", "silent"), ""))
	module := flowdoc.Action("c", "InvokeFlowModule", `"FlowModuleId":"m"`, flowdoc.To("back", flowdoc.On("NoMatchingError", "lost"), ""))
	tests := []struct {
		name, content, began string
		steps                []step
	}{
		{"a branch that has ended waits for the least time", goesOn(aMinuteToFive, flowdoc.Stop("c")), " | waits at w", []step{
			{30 * time.Second, says, ""}, {59 * time.Second, onTime, ""}, {time.Minute, onTime, "completed  | end"}}},
		{"a branch that ends later comes back as it ends", goesOn(aMinuteToFive, bot, flowdoc.Say("talked", "talked", "e"), lost, end), "Yes? | waits at c", []step{
			{90 * time.Second, says, " | waits at c"},
			{91 * time.Second, answer("call-1", `{"intent":"Book","state":"Fulfilled"}`), "talked; completed  | end"}}},
		{"a bot is left when the time is over", goesOn(aMinute, bot, lost, end), "Yes? | waits at c", []step{
			{59 * time.Second, onTime, ""}, {time.Minute, onTime, "completed  | end"}}},
		{"the longer time is the one", goesOn(aMinuteToFive, strings.Replace(bot, `"Text":"Yes?"`, `"LexTimeoutSeconds":{"Text":"900"},"Text":"Yes?"`, 1), lost, end), "Yes? | waits at c", []step{
			{time.Minute, onTime, ""}, {5 * time.Minute, onTime, "completed  | end"}}},
		{"an action whose own time runs out before", goesOn(aMinute, view, flowdoc.Say("silent", "silent", "e"), lost, end), "* | waits at c", []step{
			{30 * time.Second, onTime, "silent | waits at w"}, {time.Minute, onTime, "completed  | end"}}},
		{"a view is left", goesOn(`"MinimumWaitTimeSeconds":"10"`, view, flowdoc.Say("silent", "silent", "e"), lost, end), "* | waits at c", []step{
			{10 * time.Second, onTime, "completed  | end"}}},
		{"a sign-in is left, and the customer's client told", goesOn(aMinute, signIn, flowdoc.Say("silent", "silent", "e"), lost, end), "* | waits at c", []step{
			{time.Minute, onTime, "*; completed  | end"}}},
		{"a function's answer is waited for, and kept", goesOn(`"MinimumWaitTimeSeconds":"2"`, call, set, lost, end), " | waits at c", []step{
			{2 * time.Second, onTime, ""}, {3 * time.Second, answer("call-1", `{"n":"7"}`), "completed  | end"}}},
		{"what was done in the branch stays", goesOn(aMinute, call, set, lost, end), " | waits at c", []step{
			{3 * time.Second, answer("call-1", `{"n":"7"}`), " | waits at w"}, {time.Minute, onTime, "completed 7 | end"}}},
		{"a module returns into the branch", goesOn(aMinute, module, flowdoc.Say("back", "back", "e"), lost, end), "in | waits at a", []step{
			{3 * time.Second, answer("call-1", `{}`), "back | waits at w"}, {time.Minute, onTime, "completed  | end"}}},
		{"a module is left with the branch", goesOn(`"MinimumWaitTimeSeconds":"2"`, module, flowdoc.Say("back", "back", "e"), lost, end), "in | waits at a", []step{
			{4 * time.Second, answer("call-1", `{}`), "completed  | end"}}},
	}
	for _, test := range tests {
		s := newWorld()
		s.Contact.Interactive = true
		i := &instance{views: map[string]View{"v": {ID: "v"}}, modules: map[string]*flow.Flow{
			"m": flowdoc.Parse(t, flowdoc.Of(flowdoc.Say("s", "in", "a"), flowdoc.Action("a", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("r", flowdoc.On("NoMatchingError", "r"), "")), flowdoc.Action("r", "EndFlowModuleExecution", "", ""))),
		}}
		s.Facts, s.flows["m"] = i, i.modules["m"]
		out := s.start(t, test.content)
		like(t, test.name, out, test.began)
		for n, step := range test.steps {
			if out.Run == nil {
				t.Fatalf("%s: the run ended before step %d", test.name, n)
			}
			run := stored(t, out.Run)
			s.Now = begun.Add(step.at)
			next := s.advance(run, step.event)
			if step.want == "" {
				if next.Run != run {
					t.Errorf("%s: step %d led to %s", test.name, n, outcome(next))
				}
				continue
			}
			out = next
			like(t, test.name, out, step.want)
		}
		if out.Run == nil && out.Data.Talk != nil {
			t.Errorf("%s: the talk with the bot goes on", test.name)
		}
	}
}

// like is check where "*" stands for what was said first, whatever it is.
func like(t *testing.T, what string, out Outcome, want string) {
	t.Helper()
	if strings.HasPrefix(want, "*") && len(out.Messages) > 0 {
		out.Messages = slices.Clone(out.Messages)
		out.Messages[0].Text = "*"
	}
	check(t, what, out, want)
}
