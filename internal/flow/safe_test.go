package flow

import (
	"strings"
	"testing"
)

// TestSpared: an error branch counts unless what is written cannot fail.
func TestSpared(t *testing.T) {
	both := when("Equals", "WaitCompleted", "x") + "," + when("Equals", "CustomerReturned", "x")
	listening := `"TimeLimitSeconds":"60","Events":["CustomerReturned","BotParticipantDisconnected"]`
	all := both + "," + when("Equals", "BotParticipantDisconnected", "x")
	for _, test := range []struct {
		name, typ, parameters, conditions, want string // the error branches that count
	}{
		{"a text", "MessageParticipant", `"Text":"Hello"`, "", ""},
		{"a text with a reference", "MessageParticipant", `"Text":"Hello $.Attributes.name"`, "", "NoMatchingError"},
		{"no text", "MessageParticipant", `"Text":""`, "", "NoMatchingError"},
		{"a long text", "MessageParticipant", `"Text":"` + strings.Repeat("x", 6001) + `"`, "", "NoMatchingError"},
		{"a recording", "MessageParticipant", `"PromptId":"p"`, "", "NoMatchingError"},
		{"a wait", "Wait", `"TimeLimitSeconds":"60","Events":["CustomerReturned"]`, both, ""},
		{"a wait without a branch", "Wait", `"TimeLimitSeconds":"60","Events":["CustomerReturned"]`, when("Equals", "WaitCompleted", "x"), "NoMatchingError"},
		{"a wait with data", "Wait", `"TimeLimitSeconds":"$.Attributes.t"`, when("Equals", "WaitCompleted", "x"), "NoMatchingError"},
		{"a wait that is too long", "Wait", `"TimeLimitSeconds":"604801"`, when("Equals", "WaitCompleted", "x"), "NoMatchingError"},
		{"a wait for a bot", "Wait", listening, all, "NoMatchingError"},
		{"a loop", "Loop", `"LoopCount":"3"`, when("Equals", "ContinueLooping", "x") + "," + when("Equals", "DoneLooping", "x"), ""},
		{"a loop with data", "Loop", `"LoopCount":"$.Attributes.n"`, when("Equals", "ContinueLooping", "x"), "NoMatchingError"},
		{"a voice", "UpdateContactTextToSpeechVoice", `"TextToSpeechVoice":"Amy"`, "", ""},
		{"attributes", "UpdateContactAttributes", `"Attributes":{"a":"b"}`, "", "NoMatchingError"},
		{"a comparison", "Compare", `"ComparisonValue":"$.Attributes.a"`, when("Equals", "1", "x"), "NoMatchingCondition"},
	} {
		errors := on("NoMatchingError", "x")
		if test.typ == "Compare" {
			errors = on("NoMatchingCondition", "x")
		}
		content := doc(act("a", test.typ, test.parameters, to("x", errors, test.conditions)), bye("x"))
		if got := counted(t, content, ""); got != test.want {
			t.Errorf("%s: %q count; want %q", test.name, got, test.want)
		}
	}
	bot := doc(act("a", "Wait", listening, to("x", on("NoMatchingError", "x")+","+on("ParticipantNotFound", "x"), all)), bye("x"))
	if got := counted(t, bot, ""); got != "ParticipantNotFound" {
		t.Errorf("of a wait for a bot %q count; want that it is not there", got)
	}
	whisper := doc(act("a", "Wait", `"TimeLimitSeconds":"60"`, to("x", on("NoMatchingError", "x"), when("Equals", "WaitCompleted", "x"))), bye("x"))
	if got := counted(t, whisper, "AGENT_WHISPER"); got != "NoMatchingError" {
		t.Errorf("in a whisper %q count", got)
	}
}

// counted returns the error branches of the first action that a test has to see.
func counted(t *testing.T, content, typ string) string {
	t.Helper()
	f := parsed(t, content)
	if typ != "" {
		f = f.As(typ)
	}
	var list []string
	for _, e := range f.Outline().Actions[0].Exits {
		if e.Kind == WayError && e.Taken && !e.Spared {
			list = append(list, e.Error)
		}
	}
	return strings.Join(list, " ")
}
