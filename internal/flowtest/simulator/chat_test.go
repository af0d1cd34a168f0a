package simulator

import (
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// TestChatWithoutScenario runs a flow by commands alone: virtual time, a stub
// and what was seen need no language.
func TestChatWithoutScenario(t *testing.T) {
	d, err := NewDocument("order.json", []byte(`{"Version":"2019-10-30","StartAction":"ask","Actions":[
		{"Identifier":"ask","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"orders","InvocationTimeLimitSeconds":"8"},
			"Transitions":{"NextAction":"say","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"It is $.External.state."},
			"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"86400"},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}],
			"Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}]}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`), "", "")
	if err != nil {
		t.Fatal(err)
	}
	in := NewInstance()
	in.Add(d)
	in.Functions = append(in.Functions, Function{Name: "orders", Reply: Reply{Answer: []byte(`{"state":"packed"}`), After: 2 * time.Second}})
	c := NewChat(in, Begin)
	if err := c.Start(contact.Start{Flow: string(d.ID), DisplayName: "Ana", ContentTypes: []string{center.PlainText}}); err != nil {
		t.Fatal(err)
	}
	if !c.Calling() || c.Unanswered() != nil {
		t.Errorf("Calling is %t, Unanswered is %v; want a call under way", c.Calling(), c.Unanswered())
	}
	for _, step := range []struct {
		advance time.Duration
		ended   bool
	}{{2 * time.Second, false}, {24*time.Hour - time.Second, false}, {time.Second, true}} {
		if err := c.Advance(step.advance); err != nil {
			t.Fatal(err)
		}
		if _, ended := c.Ended(); ended != step.ended {
			t.Errorf("after %s: ended is %t", c.Now.Sub(Begin), ended)
		}
	}
	var said strings.Builder
	for _, e := range c.Story() {
		if e.Type == EntryItem && e.Item.Type == center.TypeMessage {
			said.WriteString(e.Item.Content)
		}
	}
	if said.String() != "It is packed." {
		t.Errorf("the flow said %q", said.String())
	}
	if seen := c.Coverage().Of(d); len(seen.Actions) != 4 {
		t.Errorf("the chat has seen %v; want all four actions", seen.Actions)
	}
}
