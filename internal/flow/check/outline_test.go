package check

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// ways writes the ways out of an action as short words; those no chat takes in brackets.
func ways(a OutlineAction) string {
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
	f := flowdoc.Parse(t, flowdoc.Of(
		flowdoc.Say("a", "Hello", "b"),
		flowdoc.Action("b", "Compare", `"ComparisonValue":"$.Attributes.x"`, flowdoc.To("d", flowdoc.On(flow.NoMatchingCondition, "d"), flowdoc.When("Equals", "1", "c"))),
		flowdoc.Action("c", "GetParticipantInput", `"Text":"Press"`, flowdoc.To("d", flowdoc.On(flow.NoMatchingError, "e")+","+flowdoc.On(flow.NoMatchingCondition, "d"), "")),
		flowdoc.Bye("d"),
		flowdoc.Action("e", "UpdateContactCallbackNumber", `"CallbackNumber":"1"`, flowdoc.To("d", flowdoc.On("CallbackNumberNotDialable", "d")+","+flowdoc.On("InvalidCallbackNumber", "d"), "")),
		flowdoc.Action("f", "NoSuchType", "", flowdoc.To("d", "", "")),
		flowdoc.Action("g", "Compare", `"ComparisonValue":"$.Channel"`, flowdoc.To("d", flowdoc.On(flow.NoMatchingCondition, "d"), flowdoc.When("Equals", "VOICE", "a")+","+flowdoc.When("TextStartsWith", "CH", "b")+","+flowdoc.When("Equals", "CHAT", "c"))),
		flowdoc.Action("h", "MessageParticipant", `"PromptId":"p"`, flowdoc.To("d", flowdoc.On(flow.NoMatchingError, "e"), "")),
		flowdoc.Action("i", "TransferToFlow", `"ContactFlowId":"f"`, flowdoc.To("d", flowdoc.On(flow.NoMatchingError, "e"), "")),
		flowdoc.Action("j", "CheckMetricData", `"MetricType":"NumberOfContactsInQueue"`, flowdoc.To("d", flowdoc.On(flow.NoMatchingError, "e"), flowdoc.When("NumberGreaterThan", "1", "a"))),
	))
	o := NewOutline(f.As("CONTACT_FLOW"))
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
		if got := ways(a); got != want[i] {
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

func TestOutlineNames(t *testing.T) {
	f := flowdoc.Parse(t, `{"Version":"2019-10-30","StartAction":"a","Metadata":{"ActionMetadata":{
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
	if got := NewOutline(f).Names; !maps.Equal(got, want) {
		t.Errorf("Names = %v; want %v", got, want)
	}
}
