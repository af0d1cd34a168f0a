package check

import (
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// TestSpared: an error branch counts unless what is written cannot fail.
func TestSpared(t *testing.T) {
	both := flowdoc.When("Equals", "WaitCompleted", "x") + "," + flowdoc.When("Equals", "CustomerReturned", "x")
	listening := `"TimeLimitSeconds":"60","Events":["CustomerReturned","BotParticipantDisconnected"]`
	all := both + "," + flowdoc.When("Equals", "BotParticipantDisconnected", "x")
	for _, test := range []struct {
		name, typ, parameters, conditions, want string // the error branches that count
	}{
		{"a text", "MessageParticipant", `"Text":"Hello"`, "", ""},
		{"a text with a reference", "MessageParticipant", `"Text":"Hello $.Attributes.name"`, "", "NoMatchingError"},
		{"no text", "MessageParticipant", `"Text":""`, "", "NoMatchingError"},
		{"a long text", "MessageParticipant", `"Text":"` + strings.Repeat("x", 6001) + `"`, "", "NoMatchingError"},
		{"a recording", "MessageParticipant", `"PromptId":"p"`, "", "NoMatchingError"},
		{"a wait", "Wait", `"TimeLimitSeconds":"60","Events":["CustomerReturned"]`, both, ""},
		{"a wait without a branch", "Wait", `"TimeLimitSeconds":"60","Events":["CustomerReturned"]`, flowdoc.When("Equals", "WaitCompleted", "x"), "NoMatchingError"},
		{"a wait with data", "Wait", `"TimeLimitSeconds":"$.Attributes.t"`, flowdoc.When("Equals", "WaitCompleted", "x"), "NoMatchingError"},
		{"a wait that is too long", "Wait", `"TimeLimitSeconds":"604801"`, flowdoc.When("Equals", "WaitCompleted", "x"), "NoMatchingError"},
		{"a wait for a bot", "Wait", listening, all, "NoMatchingError"},
		{"a loop", "Loop", `"LoopCount":"3"`, flowdoc.When("Equals", "ContinueLooping", "x") + "," + flowdoc.When("Equals", "DoneLooping", "x"), ""},
		{"a loop with data", "Loop", `"LoopCount":"$.Attributes.n"`, flowdoc.When("Equals", "ContinueLooping", "x"), "NoMatchingError"},
		{"a voice", "UpdateContactTextToSpeechVoice", `"TextToSpeechVoice":"Amy"`, "", ""},
		{"attributes", "UpdateContactAttributes", `"Attributes":{"a":"b"}`, "", "NoMatchingError"},
		{"a comparison", "Compare", `"ComparisonValue":"$.Attributes.a"`, flowdoc.When("Equals", "1", "x"), "NoMatchingCondition"},
	} {
		errors := flowdoc.On("NoMatchingError", "x")
		if test.typ == "Compare" {
			errors = flowdoc.On("NoMatchingCondition", "x")
		}
		content := flowdoc.Of(flowdoc.Action("a", test.typ, test.parameters, flowdoc.To("x", errors, test.conditions)), flowdoc.Bye("x"))
		if got := counted(t, content, ""); got != test.want {
			t.Errorf("%s: %q count; want %q", test.name, got, test.want)
		}
	}
	bot := flowdoc.Of(flowdoc.Action("a", "Wait", listening, flowdoc.To("x", flowdoc.On("NoMatchingError", "x")+","+flowdoc.On("ParticipantNotFound", "x"), all)), flowdoc.Bye("x"))
	if got := counted(t, bot, ""); got != "ParticipantNotFound" {
		t.Errorf("of a wait for a bot %q count; want that it is not there", got)
	}
	whisper := flowdoc.Of(flowdoc.Action("a", "Wait", `"TimeLimitSeconds":"60"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), flowdoc.When("Equals", "WaitCompleted", "x"))), flowdoc.Bye("x"))
	if got := counted(t, whisper, "AGENT_WHISPER"); got != "NoMatchingError" {
		t.Errorf("in a whisper %q count", got)
	}
}

// counted returns the error branches of the first action that a test has to see.
func counted(t *testing.T, content, typ string) string {
	t.Helper()
	f := flowdoc.Parse(t, content)
	if typ != "" {
		f = f.As(typ)
	}
	var list []string
	for _, e := range NewOutline(f).Actions[0].Exits {
		if e.Kind == flow.WayError && e.Taken && !e.Spared {
			list = append(list, e.Error)
		}
	}
	return strings.Join(list, " ")
}
