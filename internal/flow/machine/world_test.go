package machine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// scripted is a world for tests: a clock that the test moves, flows by id, and
// chance and ids that count.
type scripted struct {
	World
	flows map[string]*flow.Flow
	calls int
	dice  int // what Random gives next
}

// begun is when every test begins.
var begun = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld() *scripted {
	s := &scripted{flows: map[string]*flow.Flow{}}
	s.World = World{
		Now: begun,
		Contact: &Contact{
			ID: "c-1", Chat: "c-0", InstanceARN: "arn:aws:connect:us-east-1:123456789012:instance/i-1",
			Region: "us-east-1", InitiationMethod: center.MethodAPI, CustomerName: "Ada",
		},
		Flow: func(ref string) (*flow.Flow, center.FlowID, error) {
			f := s.flows[ref]
			if f == nil {
				return nil, "", center.Missing(center.KindFlow, ref)
			}
			return f, center.FlowID(ref), nil
		},
		Content: func(id center.FlowID, hash string) (*flow.Flow, error) {
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
	f := flowdoc.Parse(t, content)
	s.flows["main"] = f
	return Start(s.World, f, "main", KindInbound, Data{})
}

// contentOf is a World.Content that finds one flow at once, as a cache would.
func (s *scripted) contentOf(id string) func(center.FlowID, string) (*flow.Flow, error) {
	return func(center.FlowID, string) (*flow.Flow, error) { return s.flows[id], nil }
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
