package machine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// outcome is what a test looks at of a run that has ended: the messages, and
// the end.
func outcome(out Outcome) string {
	if out.Run != nil {
		return fmt.Sprintf("%s | waits at %s", strings.Join(said(out), "; "), out.Run.Wait.Action)
	}
	return fmt.Sprintf("%s | %s", strings.Join(said(out), "; "), out.End)
}

func check(t *testing.T, what string, out Outcome, want string) {
	t.Helper()
	if got := outcome(out); got != want {
		t.Errorf("%s: %s; want %s\nlog: %+v", what, flow.Shorten(got, 300), flow.Shorten(want, 300), out.Log)
	}
}

func TestMessageParticipant(t *testing.T) {
	long := strings.Repeat("é", 6000)
	tests := []struct{ name, parameters, transitions, want string }{
		{"text", `"Text":"Hello $.CustomerEndpoint.DisplayName"`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "Hello Ada; ok | end"},
		{"number", `"Text":42`, flowdoc.To("ok", "", ""), "42; ok | end"},
		{"boolean", `"Text":true`, flowdoc.To("ok", "", ""), "true; ok | end"},
		{"markup in text stays", `"Text":"<b>$.Channel</b>"`, flowdoc.To("ok", "", ""), "<b>CHAT</b>; ok | end"},
		{"ssml is printed as it is", `"SSML":"<speak>Hi</speak>"`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "<speak>Hi</speak>; ok | end"},
		{"recorded prompt", `"PromptId":"p"`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "failed | end"},
		{"media", `"Media":{"Uri":"s3://b/k"}`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "failed | end"},
		{"an error without branch goes on", `"PromptId":"p"`, flowdoc.To("ok", "", ""), "ok | end"},
		{"empty", `"Text":"$.Attributes.nothing"`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "failed | end"},
		{"blank is a text", `"Text":" "`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), " ; ok | end"},
		{"longest", fmt.Sprintf(`"Text":%q`, long), flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), long + "; ok | end"},
		{"too long", fmt.Sprintf(`"Text":%q`, long+"x"), flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "failed | end"},
		{"nothing to say", ``, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "failed | end"},
		{"not a text", `"Text":{}`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), ""), "failed | end"},
		{"no parameters and nowhere to go", ``, ``, " | end"},
	}
	for _, test := range tests {
		out := newWorld().start(t, flowdoc.Of(flowdoc.Action("a", "MessageParticipant", test.parameters, test.transitions), flowdoc.Say("ok", "ok", "x"), flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x")))
		check(t, test.name, out, test.want)
	}
}

func TestCompare(t *testing.T) {
	branch := func(operator, operand string) string {
		return flowdoc.To("next", flowdoc.On("NoMatchingCondition", "no"), flowdoc.When(operator, operand, "yes"))
	}
	tests := []struct{ name, of, transitions, want string }{
		{"equal", "$.Attributes.a", branch("Equals", "1"), "yes | end"},
		{"unequal", "$.Attributes.a", branch("Equals", "2"), "no | end"},
		{"operand is a reference", "$.Attributes.a", branch("Equals", "$.Attributes.b"), "yes | end"},
		{"number", "$.Attributes.a", branch("NumberLessThan", "1.5"), "yes | end"},
		{"first true one wins", "$.Attributes.a", flowdoc.To("next", "", flowdoc.When("Equals", "1", "yes")+","+flowdoc.When("Equals", "1", "no")), "yes | end"},
		{"absent is no match", "$.Attributes.none", branch("Equals", "x"), "no | end"},
		{"absent equals nothing", "$.Attributes.none", branch("Equals", ""), "yes | end"},
		{"absent of the system is NULL", "$.Agent.ARN", branch("Equals", "NULL"), "yes | end"},
		{"absent of the user is not NULL", "$.Attributes.none", branch("Equals", "NULL"), "no | end"},
		{"present is not NULL", "$.Channel", branch("Equals", "NULL"), "no | end"},
		{"NULL is for Equals only", "$.Agent.ARN", branch("TextContains", "NULL"), "no | end"},
		{"no conditions", "$.Channel", flowdoc.To("next", flowdoc.On("NoMatchingCondition", "no"), ""), "no | end"},
		{"no branch at all goes by NextAction", "$.Channel", flowdoc.To("next", "", flowdoc.When("Equals", "x", "yes")), "next | end"},
		{"unknown root", "$.Nothing", branch("Equals", "x"), "no | end"},
		{"unknown operator", "$.Channel", branch("Matches", "CHAT"), "no | end"},
		{"a fixed value is refused", "CHAT", flowdoc.To("next", flowdoc.On("NoMatchingCondition", "no"), flowdoc.When("Equals", "CHAT", "yes")), " | end"},
	}
	for _, test := range tests {
		s := newWorld()
		s.Contact.Attributes = map[string]string{"a": "1", "b": "1"}
		out := s.start(t, flowdoc.Of(flowdoc.Action("c", "Compare", fmt.Sprintf(`"ComparisonValue":%q`, test.of), test.transitions),
			flowdoc.Say("yes", "yes", "x"), flowdoc.Say("no", "no", "x"), flowdoc.Say("next", "next", "x"), flowdoc.Stop("x")))
		check(t, test.name, out, test.want)
	}
}

func TestLoop(t *testing.T) {
	loop := func(count string, errs string) string {
		return flowdoc.Of(flowdoc.Action("l", "Loop", `"LoopCount":`+count, flowdoc.To("done", errs, flowdoc.When("Equals", "ContinueLooping", "tick")+","+flowdoc.When("Equals", "DoneLooping", "done"))),
			flowdoc.Say("tick", "tick", "l"), flowdoc.Say("done", "done", "x"), flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x"))
	}
	tests := []struct{ name, content, want string }{
		{"twice", loop(`"2"`, ""), "tick; tick; done | end"},
		{"a real number", loop(`1`, ""), "tick; done | end"},
		{"not at all", loop(`"0"`, ""), "done | end"},
		{"from data", loop(`"$.Attributes.n"`, ""), "tick; done | end"},
		{"too often", loop(`"101"`, flowdoc.On("NoMatchingError", "failed")), "failed | end"},
		{"negative", loop(`"-1"`, flowdoc.On("NoMatchingError", "failed")), "failed | end"},
		{"no number", loop(`"$.Attributes.none"`, flowdoc.On("NoMatchingError", "failed")), "failed | end"},
		{"no number and no branch", loop(`"$.Attributes.none"`, ""), "done | end"},
	}
	for _, test := range tests {
		s := newWorld()
		s.Contact.Attributes = map[string]string{"n": "1"}
		check(t, test.name, s.start(t, test.content), test.want)
	}

	t.Run("begins anew after it is done", func(t *testing.T) {
		s := newWorld()
		out := s.start(t, string(flowdoc.Own(t, "loop")))
		check(t, "loops", out, "tick; tick; tick; tick; tick; tick; tock; tock | disconnect")
	})
}

func TestDistributeByPercentage(t *testing.T) {
	content := flowdoc.Of(flowdoc.Action("d", "DistributeByPercentage", "", flowdoc.To("c", flowdoc.On("NoMatchingCondition", "c"),
		flowdoc.When("NumberLessThan", "21", "a")+","+flowdoc.When("NumberLessThan", "51", "b"))),
		flowdoc.Say("a", "a", "x"), flowdoc.Say("b", "b", "x"), flowdoc.Say("c", "c", "x"), flowdoc.Stop("x"))
	count := map[string]int{}
	for dice := range 100 {
		s := newWorld()
		s.dice = dice
		count[said(s.start(t, content))[0]]++
	}
	if want := map[string]int{"a": 20, "b": 30, "c": 50}; !maps.Equal(count, want) {
		t.Errorf("of a hundred throws: %v; want %v", count, want)
	}
}

func TestUpdateContactAttributes(t *testing.T) {
	tests := []struct {
		name, parameters string
		want             map[string]string // nil: the error branch
	}{
		{"sets and keeps", `"Attributes":{"a":"1","b":"$.Attributes.old"}`, map[string]string{"old": "before", "a": "1", "b": "before"}},
		{"replaces", `"Attributes":{"old":"after"},"TargetContact":"Current"`, map[string]string{"old": "after"}},
		{"numbers and booleans", `"Attributes":{"n":1.50,"b":true}`, map[string]string{"old": "before", "n": "1.50", "b": "true"}},
		{"empty value is stored", `"Attributes":{"a":""}`, map[string]string{"old": "before", "a": ""}},
		{"key from data", `"Attributes":{"$.Attributes.old":"x"}`, map[string]string{"old": "before", "before": "x"}},
		{"empty key is left out", `"Attributes":{"$.Attributes.none":"x","a":"1"}`, map[string]string{"old": "before", "a": "1"}},
		{"the later of two equal keys wins", `"Attributes":{"before":"1","$.Attributes.old":"2"}`, map[string]string{"old": "before", "before": "2"}},
		{"no attribute", `"Attributes":{}`, nil},
		{"no parameter", ``, nil},
		{"an object as value", `"Attributes":{"a":{}}`, nil},
		{"too much", fmt.Sprintf(`"Attributes":{"a":%q}`, strings.Repeat("x", 32768-len("oldbeforea")+1)), nil},
		{"no related contact", `"Attributes":{"a":"1"},"TargetContact":"Related"`, nil},
	}
	for _, test := range tests {
		s := newWorld()
		old := map[string]string{"old": "before"}
		s.Contact.Attributes = old
		out := s.start(t, flowdoc.Of(flowdoc.Action("u", "UpdateContactAttributes", test.parameters, flowdoc.To("x", flowdoc.On("NoMatchingError", "failed"), "")), flowdoc.Stop("x"), flowdoc.Bye("failed")))
		want, end := test.want, EndFlow
		if want == nil {
			want, end = map[string]string{"old": "before"}, EndDisconnect
		}
		if out.End != end || !maps.Equal(s.Contact.Attributes, want) {
			t.Errorf("%s: end %q, attributes %v", test.name, out.End, s.Contact.Attributes)
		}
		if !maps.Equal(old, map[string]string{"old": "before"}) {
			t.Errorf("%s: the map that was given is now %v", test.name, old)
		}
	}

	t.Run("as much as allowed", func(t *testing.T) {
		s := newWorld()
		value := strings.Repeat("x", 32768-1)
		out := s.start(t, flowdoc.Of(flowdoc.Action("u", "UpdateContactAttributes", fmt.Sprintf(`"Attributes":{"a":%q}`, value), flowdoc.To("x", flowdoc.On("NoMatchingError", "failed"), "")), flowdoc.Stop("x"), flowdoc.Bye("failed")))
		if out.End != EndFlow || len(s.Contact.Attributes["a"]) != len(value) {
			t.Errorf("end %q with %d bytes", out.End, len(s.Contact.Attributes["a"]))
		}
	})
}

func TestUpdateFlowAttributes(t *testing.T) {
	s := newWorld()
	out := s.start(t, flowdoc.Of(
		flowdoc.Action("u", "UpdateFlowAttributes", `"FlowAttributes":{"a":{"Value":"$.Channel"},"$.Channel":{"Value":1}}`, flowdoc.To("s", flowdoc.On("NoMatchingError", "failed"), "")),
		flowdoc.Say("s", "$.FlowAttributes.a $.FlowAttributes.CHAT", "w"),
		flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "x"))), flowdoc.Stop("x"), flowdoc.Bye("failed")))
	check(t, "set", out, "CHAT 1 | waits at w")
	if s.Contact.Attributes != nil || !maps.Equal(out.Run.Data.Attributes, map[string]string{"a": "CHAT", "CHAT": "1"}) {
		t.Errorf("contact %v, run %v", s.Contact.Attributes, out.Run.Data.Attributes)
	}
	for _, bad := range []string{`"FlowAttributes":{"a":"text"}`, `"FlowAttributes":{"a":{"Value":[]}}`, `"FlowAttributes":{}`, `"FlowAttributes":3`,
		fmt.Sprintf(`"FlowAttributes":{"a":{"Value":%q}}`, strings.Repeat("x", 32768))} {
		out := newWorld().start(t, flowdoc.Of(flowdoc.Action("u", "UpdateFlowAttributes", bad, flowdoc.To("x", flowdoc.On("NoMatchingError", "failed"), "")), flowdoc.Stop("x"), flowdoc.Bye("failed")))
		check(t, flow.Clip(bad), out, " | disconnect")
	}
}

func TestUpdateFlowLoggingBehavior(t *testing.T) {
	for value, want := range map[string]bool{`"Enabled"`: true, `"enabled"`: true, `"Disabled"`: false, `"Maybe"`: true, `{}`: true} {
		s := newWorld()
		s.Contact.Logging = true
		out := s.start(t, flowdoc.Of(flowdoc.Action("u", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":`+value, `"NextAction":"x"`), flowdoc.Bye("x")))
		check(t, value, out, " | disconnect")
		if s.Contact.Logging != want {
			t.Errorf("%s: logging is %v; want %v", value, s.Contact.Logging, want)
		}
	}
}

func TestUpdateContactEventHooks(t *testing.T) {
	kinds := map[string]string{"queue": "CUSTOMER_QUEUE", "inbound": "CONTACT_FLOW", "whisper": "AGENT_WHISPER", "quiet": "CUSTOMER_WHISPER", "untold": ""}
	tests := []struct {
		name, parameters string
		want             map[string]center.FlowRef // nil: the error branch
	}{
		{"queue", `"EventHooks":{"CustomerQueue":"queue"}`, map[string]center.FlowRef{"AgentWhisper": "old", "CustomerQueue": "queue"}},
		{"disconnect", `"EventHooks":{"CustomerRemaining":"inbound"}`, map[string]center.FlowRef{"AgentWhisper": "old", "CustomerRemaining": "inbound"}},
		{"guides", `"EventHooks":{"DefaultAgentUI":"inbound","DisconnectAgentUI":"untold"}`, map[string]center.FlowRef{"AgentWhisper": "old", "DefaultAgentUI": "inbound", "DisconnectAgentUI": "untold"}},
		{"replaced", `"EventHooks":{"AgentWhisper":"whisper"}`, map[string]center.FlowRef{"AgentWhisper": "whisper"}},
		{"from data", `"EventHooks":{"CustomerWhisper":"$.Attributes.flow"}`, map[string]center.FlowRef{"AgentWhisper": "old", "CustomerWhisper": "quiet"}},
		{"switched on", `"EventHooks":{"AgentWhisper":"whisper"},"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"false"}}`, map[string]center.FlowRef{"AgentWhisper": "whisper"}},
		{"switched off", `"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"true"}}`, map[string]center.FlowRef{"AgentWhisper (off)": "old"}},
		{"set and switched off", `"EventHooks":{"AgentWhisper":"whisper"},"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":true}}`, map[string]center.FlowRef{"AgentWhisper (off)": "whisper"}},
		{"another switched off", `"EventHooksConfiguration":{"CustomerWhisper":{"DisableExecution":"true"}}`, map[string]center.FlowRef{"AgentWhisper": "old"}},
		{"wrong type", `"EventHooks":{"CustomerQueue":"inbound"}`, nil},
		{"unknown flow", `"EventHooks":{"CustomerQueue":"nowhere"}`, nil},
		{"empty", `"EventHooks":{"CustomerQueue":"$.Attributes.none"}`, nil},
		{"nothing is held in a chat", `"EventHooks":{"CustomerHold":"inbound"}`, nil},
		{"nor paused", `"EventHooks":{"PauseContact":"inbound"}`, nil},
		{"unknown event", `"EventHooks":{"Sneeze":"inbound"}`, nil},
		{"no hook", ``, nil},
		{"not a text", `"EventHooks":{"CustomerQueue":[]}`, nil},
	}
	for _, test := range tests {
		s := newWorld()
		for id, typ := range kinds {
			s.flows[id] = flowdoc.Parse(t, flowdoc.Of(flowdoc.Stop("x"))).As(typ)
		}
		s.Contact.Attributes = map[string]string{"flow": "quiet"}
		s.Contact.Hooks = map[string]center.FlowRef{"AgentWhisper": "old"}
		out := s.start(t, flowdoc.Of(flowdoc.Action("u", "UpdateContactEventHooks", test.parameters, flowdoc.To("x", flowdoc.On("NoMatchingError", "failed"), "")), flowdoc.Stop("x"), flowdoc.Bye("failed")))
		want, end := test.want, EndFlow
		if want == nil {
			want, end = map[string]center.FlowRef{"AgentWhisper": "old"}, EndDisconnect
		}
		if out.End != end || !maps.Equal(s.Contact.Hooks, want) {
			t.Errorf("%s: end %q, hooks %v; log %+v", test.name, out.End, s.Contact.Hooks, out.Log)
		}
	}
}

// TestWhisperSwitchedOffAndOn: a whisper that was switched off comes back, and a
// flow that is set anew runs.
func TestWhisperSwitchedOffAndOn(t *testing.T) {
	turn := func(id, disable, next string) string {
		return flowdoc.Action(id, "UpdateContactEventHooks", `"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"`+disable+`"}}`, flowdoc.To(next, flowdoc.On("NoMatchingError", "x"), ""))
	}
	s := newWorld()
	s.flows["whisper"] = flowdoc.Parse(t, flowdoc.Of(flowdoc.Stop("x"))).As("AGENT_WHISPER")
	given := map[string]center.FlowRef{"AgentWhisper": "old"}
	s.Contact.Hooks = given
	s.start(t, flowdoc.Of(turn("off", "true", "on"), turn("on", "false", "x"), flowdoc.Stop("x")))
	if !maps.Equal(s.Contact.Hooks, map[string]center.FlowRef{"AgentWhisper": "old"}) {
		t.Errorf("off and on: hooks %v", s.Contact.Hooks)
	}
	s.start(t, flowdoc.Of(turn("off", "true", "set"), flowdoc.Action("set", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"whisper"}`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")))
	if !maps.Equal(s.Contact.Hooks, map[string]center.FlowRef{"AgentWhisper": "whisper"}) {
		t.Errorf("off and set: hooks %v", s.Contact.Hooks)
	}
	if given["AgentWhisper"] != "old" || len(given) != 1 {
		t.Errorf("the map that was given is now %v", given)
	}
}

func TestTransferToFlow(t *testing.T) {
	other := flowdoc.Parse(t, flowdoc.Of(flowdoc.Say("hello", "other: $.Attributes.a [$.FlowAttributes.b] $.External.c", "l"),
		flowdoc.Action("l", "Loop", `"LoopCount":"1"`, flowdoc.To("w", "", flowdoc.When("Equals", "ContinueLooping", "w")+","+flowdoc.When("Equals", "DoneLooping", "x"))),
		flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"5"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "x"))), flowdoc.Stop("x")))
	transfer := func(ref string) string {
		return flowdoc.Of(
			flowdoc.Action("b", "UpdateFlowAttributes", `"FlowAttributes":{"b":{"Value":"lost"}}`, flowdoc.To("l", flowdoc.On("NoMatchingError", "failed"), "")),
			flowdoc.Action("l", "Loop", `"LoopCount":"1"`, flowdoc.To("t", "", flowdoc.When("Equals", "ContinueLooping", "t")+","+flowdoc.When("Equals", "DoneLooping", "failed"))),
			flowdoc.Action("t", "TransferToFlow", fmt.Sprintf(`"ContactFlowId":%q`, ref), flowdoc.To("failed", flowdoc.On("NoMatchingError", "failed"), "")), flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x"))
	}
	tests := []struct{ name, ref, want string }{
		{"by id", "other", "other: kept [] | waits at w"},
		{"from data", "$.Attributes.flow", "other: kept [] | waits at w"},
		{"queue transfer", "toqueue", "other: kept [] | waits at w"},
		{"wrong type", "whisper", "failed | end"},
		{"unknown", "nowhere", "failed | end"},
		{"empty", "$.Attributes.none", "failed | end"},
	}
	for _, test := range tests {
		s := newWorld()
		s.flows["other"], s.flows["whisper"], s.flows["toqueue"] = other.As("CONTACT_FLOW"), other.As("AGENT_WHISPER"), other.As("QUEUE_TRANSFER")
		s.Contact.Attributes = map[string]string{"a": "kept", "flow": "other"}
		out := s.start(t, transfer(test.ref))
		out.Messages = []Message{{Text: strings.TrimSpace(strings.Join(said(out), ""))}}
		check(t, test.name, out, test.want)
		if out.Run == nil {
			continue
		}
		if out.Run.Hash != other.Hash || out.Run.Flow == "main" || out.Run.Data.Loops["l"] != 1 || len(out.Run.Data.Attributes) != 0 {
			t.Errorf("%s: the run is %+v", test.name, out.Run)
		}
	}
}

// TestAnEmptyOperandIsLogged: that the empty text decided is told apart from no
// condition having decided.
func TestAnEmptyOperandIsLogged(t *testing.T) {
	s := newWorld()
	s.Contact.Logging = true
	out := s.start(t, flowdoc.Of(flowdoc.Action("c", "Compare", `"ComparisonValue":"$.Attributes.none"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("Equals", "", "x"))), flowdoc.Stop("x")))
	if len(out.Log) != 2 || out.Log[0].Result != `""` || out.Log[1].Result != "" {
		t.Errorf("log %+v", out.Log)
	}
}

func TestEndsAndUnknownActions(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"end", flowdoc.Of(flowdoc.Stop("x")), " | end"},
		{"disconnect", flowdoc.Of(flowdoc.Bye("x")), " | disconnect"},
		{"module end", flowdoc.Of(flowdoc.Action("x", "EndFlowModuleExecution", "", "")), " | end"},
		{"to agent", flowdoc.Of(flowdoc.Action("x", "TransferContactToAgent", "", "")), " | end"},
		{"unknown type with branch", flowdoc.Of(flowdoc.Action("a", "Teleport", "", flowdoc.To("x", flowdoc.On("NoMatchingError", "f"), "")), flowdoc.Bye("x"), flowdoc.Say("f", "failed", "x")), "failed | disconnect"},
		{"unknown type without branch", flowdoc.Of(flowdoc.Action("a", "Teleport", "", flowdoc.To("x", "", "")), flowdoc.Bye("x")), " | end"},
		{"named error type", flowdoc.Of(flowdoc.Action("a", "UpdateContactCallbackNumber", `"CallbackNumber":"$.StoredCustomerInput"`,
			flowdoc.To("x", flowdoc.On("CallbackNumberNotDialable", "x")+","+flowdoc.On("InvalidCallbackNumber", "f"), "")), flowdoc.Bye("x"), flowdoc.Say("f", "failed", "x")), "failed | disconnect"},
		{"named error type falls back", flowdoc.Of(flowdoc.Action("a", "UpdateContactCallbackNumber", "", flowdoc.To("x", flowdoc.On("NoMatchingError", "f"), "")), flowdoc.Bye("x"), flowdoc.Say("f", "failed", "x")), "failed | disconnect"},
		{"looping prompts without branch stop", flowdoc.Of(flowdoc.Action("a", "MessageParticipantIteratively", `"Messages":[{"Text":"wait"}]`, flowdoc.To("x", "", "")), flowdoc.Bye("x")), " | end"},
		{"routing without branch goes on", flowdoc.Of(flowdoc.Action("a", "UpdateContactRoutingBehavior", `"QueuePriority":"1"`, flowdoc.To("x", "", "")), flowdoc.Bye("x")), " | disconnect"},
		{"voice succeeds", flowdoc.Of(flowdoc.Action("a", "UpdateContactTextToSpeechVoice", `"TextToSpeechVoice":"Amy"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "f"), "")), flowdoc.Bye("x"), flowdoc.Say("f", "failed", "x")), " | disconnect"},
		{"recording succeeds", flowdoc.Of(flowdoc.Action("a", "UpdateContactRecordingBehavior", `"RecordingBehavior":{}`, flowdoc.To("x", "", "")), flowdoc.Bye("x")), " | disconnect"},
		{"dangling", flowdoc.Of(flowdoc.Say("a", "hello", "nowhere")), "hello | end"},
		{"no start", `{"Version":"2019-10-30","StartAction":"z","Actions":[` + flowdoc.Bye("x") + `]}`, " | end"},
		{"no actions", `{}`, " | end"},
	}
	for _, test := range tests {
		check(t, test.name, newWorld().start(t, test.content), test.want)
	}
}

func TestFlowLog(t *testing.T) {
	s := newWorld()
	s.Contact.Logging = true
	out := s.start(t, flowdoc.Of(
		flowdoc.Action("set", "UpdateContactAttributes", `"Attributes":{"a":"1","b":"2"}`, flowdoc.To("cmp", flowdoc.On("NoMatchingError", "x"), "")),
		flowdoc.Action("cmp", "Compare", `"ComparisonValue":"$.Attributes.a"`, flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("Equals", "1", "bad"))),
		flowdoc.Action("bad", "TransferToFlow", `"ContactFlowId":"nowhere"`, flowdoc.To("odd", flowdoc.On("NoMatchingError", "odd"), "")),
		flowdoc.Action("odd", "Teleport", "", flowdoc.To("off", flowdoc.On("NoMatchingError", "off"), "")),
		flowdoc.Action("off", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Disabled"`, `"NextAction":"hi"`),
		flowdoc.Say("hi", "hi", "odd2"), flowdoc.Action("odd2", "Teleport", "", flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Bye("x")))
	want := []string{
		"set UpdateContactAttributes map[AddAttributeToRelatedContact:false Key:a Value:1]  always=false",
		"set UpdateContactAttributes map[AddAttributeToRelatedContact:false Key:b Value:2]  always=false",
		"cmp Compare map[Attribute:$.Attributes.a Namespace:User Defined Value:1] 1 always=false",
		`bad TransferToFlow map[ContactFlowId:nowhere] NoMatchingError always=false contact-flow "nowhere" does not exist`,
		"odd Teleport map[] NoMatchingError always=true unknown action type Teleport",
		"odd2 Teleport map[] NoMatchingError always=true unknown action type Teleport",
	}
	var got []string
	for _, e := range out.Log {
		line := fmt.Sprintf("%s %s %v %s always=%v", e.Action, e.Type, e.Parameters, e.Result, e.Always)
		if e.Problem != "" {
			line += " " + e.Problem
		}
		got = append(got, line)
		if e.Flow != "main" {
			t.Errorf("entry of flow %q", e.Flow)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
