package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
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
		t.Errorf("%s: %s; want %s\nlog: %+v", what, cut(got, 300), cut(want, 300), out.Log)
	}
}

func TestMessageParticipant(t *testing.T) {
	long := strings.Repeat("é", 6000)
	tests := []struct{ name, parameters, transitions, want string }{
		{"text", `"Text":"Hello $.CustomerEndpoint.DisplayName"`, to("ok", on("NoMatchingError", "failed"), ""), "Hello Ada; ok | end"},
		{"number", `"Text":42`, to("ok", "", ""), "42; ok | end"},
		{"boolean", `"Text":true`, to("ok", "", ""), "true; ok | end"},
		{"markup in text stays", `"Text":"<b>$.Channel</b>"`, to("ok", "", ""), "<b>CHAT</b>; ok | end"},
		{"ssml is printed as it is", `"SSML":"<speak>Hi</speak>"`, to("ok", on("NoMatchingError", "failed"), ""), "<speak>Hi</speak>; ok | end"},
		{"recorded prompt", `"PromptId":"p"`, to("ok", on("NoMatchingError", "failed"), ""), "failed | end"},
		{"media", `"Media":{"Uri":"s3://b/k"}`, to("ok", on("NoMatchingError", "failed"), ""), "failed | end"},
		{"an error without branch goes on", `"PromptId":"p"`, to("ok", "", ""), "ok | end"},
		{"empty", `"Text":"$.Attributes.nothing"`, to("ok", on("NoMatchingError", "failed"), ""), "failed | end"},
		{"blank is a text", `"Text":" "`, to("ok", on("NoMatchingError", "failed"), ""), " ; ok | end"},
		{"longest", fmt.Sprintf(`"Text":%q`, long), to("ok", on("NoMatchingError", "failed"), ""), long + "; ok | end"},
		{"too long", fmt.Sprintf(`"Text":%q`, long+"x"), to("ok", on("NoMatchingError", "failed"), ""), "failed | end"},
		{"nothing to say", ``, to("ok", on("NoMatchingError", "failed"), ""), "failed | end"},
		{"not a text", `"Text":{}`, to("ok", on("NoMatchingError", "failed"), ""), "failed | end"},
		{"no parameters and nowhere to go", ``, ``, " | end"},
	}
	for _, test := range tests {
		out := newWorld().start(t, doc(act("a", "MessageParticipant", test.parameters, test.transitions), say("ok", "ok", "x"), say("failed", "failed", "x"), stop("x")))
		check(t, test.name, out, test.want)
	}
}

func TestCompare(t *testing.T) {
	branch := func(operator, operand string) string {
		return to("next", on("NoMatchingCondition", "no"), when(operator, operand, "yes"))
	}
	tests := []struct{ name, of, transitions, want string }{
		{"equal", "$.Attributes.a", branch("Equals", "1"), "yes | end"},
		{"unequal", "$.Attributes.a", branch("Equals", "2"), "no | end"},
		{"operand is a reference", "$.Attributes.a", branch("Equals", "$.Attributes.b"), "yes | end"},
		{"number", "$.Attributes.a", branch("NumberLessThan", "1.5"), "yes | end"},
		{"first true one wins", "$.Attributes.a", to("next", "", when("Equals", "1", "yes")+","+when("Equals", "1", "no")), "yes | end"},
		{"absent is no match", "$.Attributes.none", branch("Equals", "x"), "no | end"},
		{"absent equals nothing", "$.Attributes.none", branch("Equals", ""), "yes | end"},
		{"absent of the system is NULL", "$.Agent.ARN", branch("Equals", "NULL"), "yes | end"},
		{"absent of the user is not NULL", "$.Attributes.none", branch("Equals", "NULL"), "no | end"},
		{"present is not NULL", "$.Channel", branch("Equals", "NULL"), "no | end"},
		{"NULL is for Equals only", "$.Agent.ARN", branch("TextContains", "NULL"), "no | end"},
		{"no conditions", "$.Channel", to("next", on("NoMatchingCondition", "no"), ""), "no | end"},
		{"no branch at all goes by NextAction", "$.Channel", to("next", "", when("Equals", "x", "yes")), "next | end"},
		{"unknown root", "$.Nothing", branch("Equals", "x"), "no | end"},
		{"unknown operator", "$.Channel", branch("Matches", "CHAT"), "no | end"},
		{"a fixed value is refused", "CHAT", to("next", on("NoMatchingCondition", "no"), when("Equals", "CHAT", "yes")), " | end"},
	}
	for _, test := range tests {
		s := newWorld()
		s.Contact.Attributes = map[string]string{"a": "1", "b": "1"}
		out := s.start(t, doc(act("c", "Compare", fmt.Sprintf(`"ComparisonValue":%q`, test.of), test.transitions),
			say("yes", "yes", "x"), say("no", "no", "x"), say("next", "next", "x"), stop("x")))
		check(t, test.name, out, test.want)
	}
}

func TestLoop(t *testing.T) {
	loop := func(count string, errs string) string {
		return doc(act("l", "Loop", `"LoopCount":`+count, to("done", errs, when("Equals", "ContinueLooping", "tick")+","+when("Equals", "DoneLooping", "done"))),
			say("tick", "tick", "l"), say("done", "done", "x"), say("failed", "failed", "x"), stop("x"))
	}
	tests := []struct{ name, content, want string }{
		{"twice", loop(`"2"`, ""), "tick; tick; done | end"},
		{"a real number", loop(`1`, ""), "tick; done | end"},
		{"not at all", loop(`"0"`, ""), "done | end"},
		{"from data", loop(`"$.Attributes.n"`, ""), "tick; done | end"},
		{"too often", loop(`"101"`, on("NoMatchingError", "failed")), "failed | end"},
		{"negative", loop(`"-1"`, on("NoMatchingError", "failed")), "failed | end"},
		{"no number", loop(`"$.Attributes.none"`, on("NoMatchingError", "failed")), "failed | end"},
		{"no number and no branch", loop(`"$.Attributes.none"`, ""), "done | end"},
	}
	for _, test := range tests {
		s := newWorld()
		s.Contact.Attributes = map[string]string{"n": "1"}
		check(t, test.name, s.start(t, test.content), test.want)
	}

	t.Run("begins anew after it is done", func(t *testing.T) {
		s := newWorld()
		out := s.start(t, string(read(t, "loop")))
		check(t, "loops", out, "tick; tick; tick; tick; tick; tick; tock; tock | disconnect")
	})
}

func TestDistributeByPercentage(t *testing.T) {
	content := doc(act("d", "DistributeByPercentage", "", to("c", on("NoMatchingCondition", "c"),
		when("NumberLessThan", "21", "a")+","+when("NumberLessThan", "51", "b"))),
		say("a", "a", "x"), say("b", "b", "x"), say("c", "c", "x"), stop("x"))
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
		out := s.start(t, doc(act("u", "UpdateContactAttributes", test.parameters, to("x", on("NoMatchingError", "failed"), "")), stop("x"), bye("failed")))
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
		out := s.start(t, doc(act("u", "UpdateContactAttributes", fmt.Sprintf(`"Attributes":{"a":%q}`, value), to("x", on("NoMatchingError", "failed"), "")), stop("x"), bye("failed")))
		if out.End != EndFlow || len(s.Contact.Attributes["a"]) != len(value) {
			t.Errorf("end %q with %d bytes", out.End, len(s.Contact.Attributes["a"]))
		}
	})
}

func TestUpdateFlowAttributes(t *testing.T) {
	s := newWorld()
	out := s.start(t, doc(
		act("u", "UpdateFlowAttributes", `"FlowAttributes":{"a":{"Value":"$.Channel"},"$.Channel":{"Value":1}}`, to("s", on("NoMatchingError", "failed"), "")),
		say("s", "$.FlowAttributes.a $.FlowAttributes.CHAT", "w"),
		act("w", "Wait", `"TimeLimitSeconds":"5"`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "x"))), stop("x"), bye("failed")))
	check(t, "set", out, "CHAT 1 | waits at w")
	if s.Contact.Attributes != nil || !maps.Equal(out.Run.Data.Attributes, map[string]string{"a": "CHAT", "CHAT": "1"}) {
		t.Errorf("contact %v, run %v", s.Contact.Attributes, out.Run.Data.Attributes)
	}
	for _, bad := range []string{`"FlowAttributes":{"a":"text"}`, `"FlowAttributes":{"a":{"Value":[]}}`, `"FlowAttributes":{}`, `"FlowAttributes":3`,
		fmt.Sprintf(`"FlowAttributes":{"a":{"Value":%q}}`, strings.Repeat("x", 32768))} {
		out := newWorld().start(t, doc(act("u", "UpdateFlowAttributes", bad, to("x", on("NoMatchingError", "failed"), "")), stop("x"), bye("failed")))
		check(t, clip(bad), out, " | disconnect")
	}
}

func TestUpdateFlowLoggingBehavior(t *testing.T) {
	for value, want := range map[string]bool{`"Enabled"`: true, `"enabled"`: true, `"Disabled"`: false, `"Maybe"`: true, `{}`: true} {
		s := newWorld()
		s.Contact.Logging = true
		out := s.start(t, doc(act("u", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":`+value, `"NextAction":"x"`), bye("x")))
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
		want             map[string]center.FlowID // nil: the error branch
	}{
		{"queue", `"EventHooks":{"CustomerQueue":"queue"}`, map[string]center.FlowID{"AgentWhisper": "old", "CustomerQueue": "queue"}},
		{"disconnect", `"EventHooks":{"CustomerRemaining":"inbound"}`, map[string]center.FlowID{"AgentWhisper": "old", "CustomerRemaining": "inbound"}},
		{"guides", `"EventHooks":{"DefaultAgentUI":"inbound","DisconnectAgentUI":"untold"}`, map[string]center.FlowID{"AgentWhisper": "old", "DefaultAgentUI": "inbound", "DisconnectAgentUI": "untold"}},
		{"replaced", `"EventHooks":{"AgentWhisper":"whisper"}`, map[string]center.FlowID{"AgentWhisper": "whisper"}},
		{"from data", `"EventHooks":{"CustomerWhisper":"$.Attributes.flow"}`, map[string]center.FlowID{"AgentWhisper": "old", "CustomerWhisper": "quiet"}},
		{"switched on", `"EventHooks":{"AgentWhisper":"whisper"},"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"false"}}`, map[string]center.FlowID{"AgentWhisper": "whisper"}},
		{"switched off", `"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"true"}}`, map[string]center.FlowID{"AgentWhisper (off)": "old"}},
		{"set and switched off", `"EventHooks":{"AgentWhisper":"whisper"},"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":true}}`, map[string]center.FlowID{"AgentWhisper (off)": "whisper"}},
		{"another switched off", `"EventHooksConfiguration":{"CustomerWhisper":{"DisableExecution":"true"}}`, map[string]center.FlowID{"AgentWhisper": "old"}},
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
			s.flows[id] = parsed(t, doc(stop("x"))).As(typ)
		}
		s.Contact.Attributes = map[string]string{"flow": "quiet"}
		s.Contact.Hooks = map[string]center.FlowID{"AgentWhisper": "old"}
		out := s.start(t, doc(act("u", "UpdateContactEventHooks", test.parameters, to("x", on("NoMatchingError", "failed"), "")), stop("x"), bye("failed")))
		want, end := test.want, EndFlow
		if want == nil {
			want, end = map[string]center.FlowID{"AgentWhisper": "old"}, EndDisconnect
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
		return act(id, "UpdateContactEventHooks", `"EventHooksConfiguration":{"AgentWhisper":{"DisableExecution":"`+disable+`"}}`, to(next, on("NoMatchingError", "x"), ""))
	}
	s := newWorld()
	s.flows["whisper"] = parsed(t, doc(stop("x"))).As("AGENT_WHISPER")
	given := map[string]center.FlowID{"AgentWhisper": "old"}
	s.Contact.Hooks = given
	s.start(t, doc(turn("off", "true", "on"), turn("on", "false", "x"), stop("x")))
	if !maps.Equal(s.Contact.Hooks, map[string]center.FlowID{"AgentWhisper": "old"}) {
		t.Errorf("off and on: hooks %v", s.Contact.Hooks)
	}
	s.start(t, doc(turn("off", "true", "set"), act("set", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"whisper"}`, to("x", on("NoMatchingError", "x"), "")), stop("x")))
	if !maps.Equal(s.Contact.Hooks, map[string]center.FlowID{"AgentWhisper": "whisper"}) {
		t.Errorf("off and set: hooks %v", s.Contact.Hooks)
	}
	if given["AgentWhisper"] != "old" || len(given) != 1 {
		t.Errorf("the map that was given is now %v", given)
	}
}

func TestTransferToFlow(t *testing.T) {
	other := parsed(t, doc(say("hello", "other: $.Attributes.a [$.FlowAttributes.b] $.External.c", "l"),
		act("l", "Loop", `"LoopCount":"1"`, to("w", "", when("Equals", "ContinueLooping", "w")+","+when("Equals", "DoneLooping", "x"))),
		act("w", "Wait", `"TimeLimitSeconds":"5"`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "x"))), stop("x")))
	transfer := func(ref string) string {
		return doc(
			act("b", "UpdateFlowAttributes", `"FlowAttributes":{"b":{"Value":"lost"}}`, to("l", on("NoMatchingError", "failed"), "")),
			act("l", "Loop", `"LoopCount":"1"`, to("t", "", when("Equals", "ContinueLooping", "t")+","+when("Equals", "DoneLooping", "failed"))),
			act("t", "TransferToFlow", fmt.Sprintf(`"ContactFlowId":%q`, ref), to("failed", on("NoMatchingError", "failed"), "")), say("failed", "failed", "x"), stop("x"))
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
	out := s.start(t, doc(act("c", "Compare", `"ComparisonValue":"$.Attributes.none"`, to("x", on("NoMatchingCondition", "x"), when("Equals", "", "x"))), stop("x")))
	if len(out.Log) != 2 || out.Log[0].Result != `""` || out.Log[1].Result != "" {
		t.Errorf("log %+v", out.Log)
	}
}

func TestEndsAndUnknownActions(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"end", doc(stop("x")), " | end"},
		{"disconnect", doc(bye("x")), " | disconnect"},
		{"module end", doc(act("x", "EndFlowModuleExecution", "", "")), " | end"},
		{"to agent", doc(act("x", "TransferContactToAgent", "", "")), " | end"},
		{"unknown type with branch", doc(act("a", "Teleport", "", to("x", on("NoMatchingError", "f"), "")), bye("x"), say("f", "failed", "x")), "failed | disconnect"},
		{"unknown type without branch", doc(act("a", "Teleport", "", to("x", "", "")), bye("x")), " | end"},
		{"named error type", doc(act("a", "UpdateContactCallbackNumber", `"CallbackNumber":"$.StoredCustomerInput"`,
			to("x", on("CallbackNumberNotDialable", "x")+","+on("InvalidCallbackNumber", "f"), "")), bye("x"), say("f", "failed", "x")), "failed | disconnect"},
		{"named error type falls back", doc(act("a", "UpdateContactCallbackNumber", "", to("x", on("NoMatchingError", "f"), "")), bye("x"), say("f", "failed", "x")), "failed | disconnect"},
		{"looping prompts without branch stop", doc(act("a", "MessageParticipantIteratively", `"Messages":[{"Text":"wait"}]`, to("x", "", "")), bye("x")), " | end"},
		{"routing without branch goes on", doc(act("a", "UpdateContactRoutingBehavior", `"QueuePriority":"1"`, to("x", "", "")), bye("x")), " | disconnect"},
		{"voice succeeds", doc(act("a", "UpdateContactTextToSpeechVoice", `"TextToSpeechVoice":"Amy"`, to("x", on("NoMatchingError", "f"), "")), bye("x"), say("f", "failed", "x")), " | disconnect"},
		{"recording succeeds", doc(act("a", "UpdateContactRecordingBehavior", `"RecordingBehavior":{}`, to("x", "", "")), bye("x")), " | disconnect"},
		{"dangling", doc(say("a", "hello", "nowhere")), "hello | end"},
		{"no start", `{"Version":"2019-10-30","StartAction":"z","Actions":[` + bye("x") + `]}`, " | end"},
		{"no actions", `{}`, " | end"},
	}
	for _, test := range tests {
		check(t, test.name, newWorld().start(t, test.content), test.want)
	}
}

func TestFlowLog(t *testing.T) {
	s := newWorld()
	s.Contact.Logging = true
	out := s.start(t, doc(
		act("set", "UpdateContactAttributes", `"Attributes":{"a":"1","b":"2"}`, to("cmp", on("NoMatchingError", "x"), "")),
		act("cmp", "Compare", `"ComparisonValue":"$.Attributes.a"`, to("x", on("NoMatchingCondition", "x"), when("Equals", "1", "bad"))),
		act("bad", "TransferToFlow", `"ContactFlowId":"nowhere"`, to("odd", on("NoMatchingError", "odd"), "")),
		act("odd", "Teleport", "", to("off", on("NoMatchingError", "off"), "")),
		act("off", "UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Disabled"`, `"NextAction":"hi"`),
		say("hi", "hi", "odd2"), act("odd2", "Teleport", "", to("x", on("NoMatchingError", "x"), "")), bye("x")))
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
