package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

// scripted is a world for tests: a clock that the test moves, flows by id, and
// chance and ids that count.
type scripted struct {
	World
	flows map[string]*Flow
	calls int
	dice  int // what Random gives next
}

// begun is when every test begins.
var begun = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld() *scripted {
	s := &scripted{flows: map[string]*Flow{}}
	s.World = World{
		Now: begun,
		Contact: &Contact{
			ID: "c-1", Chat: "c-0", InstanceARN: "arn:aws:connect:us-east-1:123456789012:instance/i-1",
			Region: "us-east-1", InitiationMethod: center.MethodAPI, CustomerName: "Ada",
		},
		Flow: func(ref string) (*Flow, center.FlowID, error) {
			f := s.flows[ref]
			if f == nil {
				return nil, "", center.Missing(center.KindFlow, ref)
			}
			return f, center.FlowID(ref), nil
		},
		Content: func(id center.FlowID, hash string) (*Flow, error) {
			for _, f := range s.flows {
				if f.Hash == hash {
					return f, nil
				}
			}
			return nil, errors.New("no content with that hash")
		},
		Random: func(n int) int { return s.dice % n },
		NewID:  func() string { s.calls++; return fmt.Sprintf("call-%d", s.calls) },
	}
	return s
}

// start parses a flow and begins a run of it under the id "main".
func (s *scripted) start(t testing.TB, content string) Outcome {
	t.Helper()
	f := parsed(t, content)
	s.flows["main"] = f
	return Start(s.World, f, "main", KindInbound, Data{})
}

// contentOf is a World.Content that finds one flow at once, as a cache would.
func (s *scripted) contentOf(id string) func(center.FlowID, string) (*Flow, error) {
	return func(center.FlowID, string) (*Flow, error) { return s.flows[id], nil }
}

// said is what a run said, in order.
func said(out Outcome) []string {
	texts := make([]string, len(out.Messages))
	for i := range out.Messages {
		texts[i] = out.Messages[i].Text
	}
	return texts
}

func (s *scripted) advance(r *Run, ev Event) Outcome { return Advance(s.World, r, ev) }

func parsed(t testing.TB, content string) *Flow {
	t.Helper()
	f, err := Parse([]byte(content))
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, content)
	}
	return f
}

// doc writes a flow of actions, of which the first is the start.
func doc(actions ...string) string {
	var first struct{ Identifier string }
	if err := json.Unmarshal([]byte(actions[0]), &first); err != nil {
		panic(err)
	}
	var list strings.Builder
	for i, a := range actions {
		if i > 0 {
			list.WriteString(",")
		}
		list.WriteString(a)
	}
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":%q,"Metadata":{},"Actions":[%s]}`, first.Identifier, list.String())
}

// act writes an action. Transitions are written as JSON without the braces.
func act(id, typ, parameters, transitions string) string {
	return fmt.Sprintf(`{"Identifier":%q,"Type":%q,"Parameters":{%s},"Transitions":{%s}}`, id, typ, parameters, transitions)
}

// say, bye and stop are the actions that tests use to see where a run went.
func say(id, text, next string) string {
	return act(id, "MessageParticipant", fmt.Sprintf(`"Text":%q`, text), fmt.Sprintf(`"NextAction":%q`, next))
}

func bye(id string) string { return act(id, "DisconnectParticipant", "", "") }

func stop(id string) string { return act(id, "EndFlowExecution", "", "") }

func on(errorType, next string) string {
	return fmt.Sprintf(`{"ErrorType":%q,"NextAction":%q}`, errorType, next)
}

func when(operator, operand, next string) string {
	return fmt.Sprintf(`{"NextAction":%q,"Condition":{"Operator":%q,"Operands":[%q]}}`, next, operator, operand)
}

// to writes transitions: the next action, error branches and conditions, each
// list already joined by commas.
func to(next, errs, conditions string) string {
	return fmt.Sprintf(`"NextAction":%q,"Errors":[%s],"Conditions":[%s]`, next, errs, conditions)
}
