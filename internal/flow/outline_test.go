package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// exits writes the ways out of an action as short words; those no chat takes in brackets.
func exits(a OutlineAction) string {
	var words []string
	for _, e := range a.Exits {
		word := fmt.Sprintf("%s%s%s>%s", e.Kind, e.Operand, e.Error, e.To)
		if !e.Taken {
			word = "(" + word + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestOutline(t *testing.T) {
	f := parsed(t, doc(
		say("a", "Hello", "b"),
		act("b", "Compare", `"ComparisonValue":"$.Attributes.x"`, to("d", on(noMatchingCondition, "d"), when("Equals", "1", "c"))),
		act("c", "GetParticipantInput", `"Text":"Press"`, to("d", on(noMatchingError, "e")+","+on(noMatchingCondition, "d"), "")),
		bye("d"),
		act("e", "UpdateContactCallbackNumber", `"CallbackNumber":"1"`, to("d", on("CallbackNumberNotDialable", "d")+","+on("InvalidCallbackNumber", "d"), "")),
		act("f", "NoSuchType", "", to("d", "", "")),
		act("g", "Compare", `"ComparisonValue":"$.Channel"`, to("d", on(noMatchingCondition, "d"), when("Equals", "VOICE", "a")+","+when("TextStartsWith", "CH", "b")+","+when("Equals", "CHAT", "c"))),
		act("h", "MessageParticipant", `"PromptId":"p"`, to("d", on(noMatchingError, "e"), "")),
		act("i", "TransferToFlow", `"ContactFlowId":"f"`, to("d", on(noMatchingError, "e"), "")),
		act("j", "CheckMetricData", `"MetricType":"NumberOfContactsInQueue"`, to("d", on(noMatchingError, "e"), when("NumberGreaterThan", "1", "a"))),
	))
	o := f.As("CONTACT_FLOW").Outline()
	if o.Start != "a" || o.Type != "CONTACT_FLOW" || len(o.Actions) != 10 {
		t.Fatalf("Outline = %+v", o)
	}
	want := []string{
		"next>b",
		"condition1>c (next>d) errorNoMatchingCondition>d",
		"(next>d) errorNoMatchingError>e (errorNoMatchingCondition>d)",
		"",
		"(next>d) (errorCallbackNumberNotDialable>d) errorInvalidCallbackNumber>d",
		"(next>d)",
		"(conditionVOICE>a) conditionCH>b (conditionCHAT>c) (next>d) (errorNoMatchingCondition>d)",
		"(next>d) errorNoMatchingError>e",
		"(next>d) errorNoMatchingError>e",
		"condition1>a next>d errorNoMatchingError>e",
	}
	for i, a := range o.Actions {
		if got := exits(a); got != want[i] {
			t.Errorf("exits of %s = %s; want %s", a.ID, got, want[i])
		}
	}
	if a := o.Actions[5]; a.Known || a.Reached || a.Chat {
		t.Errorf("the unknown, unreached action is %+v", a)
	}
	if a := o.Actions[3]; !a.Terminal || !a.Reached {
		t.Errorf("the last action is %+v", a)
	}
}

func TestTrace(t *testing.T) {
	s := newWorld()
	var visits []string
	s.Trace = func(v Visit) {
		visits = append(visits, fmt.Sprintf("%s %s%d %q>%s %v %v", v.Action, v.Way.Kind, v.Way.Index, v.Result, v.Next, v.Waits, v.Parameters["Text"]))
	}
	out := s.start(t, doc(
		say("a", "Hello $.CustomerEndpoint.DisplayName", "b"),
		act("b", "Wait", `"TimeLimitSeconds":"60"`, to("c", on(noMatchingError, "c"), when("Equals", waitCompleted, "c"))),
		act("c", "GetParticipantInput", `"Text":"Press"`, to("d", on(noMatchingError, "d"), "")),
		bye("d"),
	))
	s.Now = out.Run.Wait.Until
	s.advance(out.Run, Event{Kind: EventTime})
	want := []string{
		`a next0 "">b false Hello Ada`,
		`b 0 ""> true <nil>`,
		`b condition0 "WaitCompleted">c false <nil>`,
		`c error0 "NoMatchingError">d false Press`,
		`d 0 ""> false <nil>`,
	}
	if !slices.Equal(visits, want) {
		t.Errorf("visits:\n%s\nwant:\n%s", strings.Join(visits, "\n"), strings.Join(want, "\n"))
	}
}

func TestOutlineNames(t *testing.T) {
	f := parsed(t, `{"Version":"2019-10-30","StartAction":"a","Metadata":{"ActionMetadata":{
		"a":{"parameters":{"QueueId":{"displayName":"Sales"}}},
		"b":{"queue":{"text":"Support"}},
		"c":{"contactFlow":{"id":"f-1","text":"Goodbye"},"parameters":{"LexV2Bot":{"AliasArn":{"displayName":"Helper"}},"Text":{"useDynamic":true}}},
		"d":{"queue":true,"parameters":[]}}},
		"Actions":[
		{"Identifier":"a","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"q-1"},"Transitions":{}},
		{"Identifier":"b","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"q-2"},"Transitions":{}},
		{"Identifier":"c","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"Hi","LexV2Bot":{"AliasArn":"bot-1"}},"Transitions":{}},
		{"Identifier":"d","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"$.Attributes.queue"},"Transitions":{}}]}`)
	want := map[string]string{"q-1": "Sales", "q-2": "Support", "f-1": "Goodbye", "bot-1": "Helper"}
	if got := f.Outline().Names; !maps.Equal(got, want) {
		t.Errorf("Names = %v; want %v", got, want)
	}
}
