package machine

import (
	"encoding/json"
	"testing"
	"time"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// TestCorpusRuns: every flow comes to its end, or waits in a circle, whatever
// functions answer.
func TestCorpusRuns(t *testing.T) {
	for path, content := range flowdoc.Corpus(t) {
		t.Run(path, func(t *testing.T) {
			f := flowdoc.Parse(t, string(content))
			for _, answer := range []string{"", "{}", `{"status":"ok","count":"3"}`} {
				if steps := exhaust(newWorld(), f, answer); steps > patience {
					t.Errorf("with answer %q the flow goes on for ever", answer)
				}
			}
		})
	}
}

// patience is how many events a run may take. Flows that wait in a circle are
// given up there, which counts as waiting.
const patience = 300

// exhaust runs a flow to its end under a customer who writes every other time
// and functions that all give the same answer, or fail when it is empty.
func exhaust(s *scripted, f *flow.Flow, answer string) (events int) {
	s.flows["main"] = f
	s.Contact.Logging = true
	out := Start(s.World, f, "main", KindInbound, Data{})
	for out.Run != nil && events < patience {
		events++
		wait := out.Run.Wait
		ev := Event{Kind: EventTime}
		switch {
		case wait.Kind == WaitEffect && answer != "":
			ev = Event{Kind: EventEffectDone, Effect: wait.Effect, Answer: json.RawMessage(answer)}
		case wait.Kind == WaitEffect:
			ev = Event{Kind: EventEffectDone, Effect: wait.Effect, Err: "the function is down"}
		case len(wait.Events) > 0 && events%2 == 0:
			ev = Event{Kind: EventCustomerMessage}
		default:
			s.Now = wait.Until
		}
		if s.Now.Before(wait.Until) && ev.Kind == EventTime {
			s.Now = s.Now.Add(time.Second)
		}
		out = Advance(s.World, out.Run, ev)
	}
	return events
}

// TestUnsupportedActionsTakeTheirBranch runs the flows in which every action
// that a chat cannot do, or that Parley does not run, leads on by its error
// branch and any other way to the message "That should not have happened."
func TestUnsupportedActionsTakeTheirBranch(t *testing.T) {
	for _, file := range []string{"voice", "services"} {
		s := newWorld()
		out := s.start(t, string(flowdoc.Own(t, file)))
		if out.Run != nil || out.End != EndDisconnect || len(out.Messages) > 0 {
			t.Errorf("%s: end %q, messages %q", file, out.End, said(out))
		}
		f := s.flows["main"]
		failing := 0
		for i := range f.Actions {
			if a := &f.Actions[i]; !a.Spec.Runs() {
				failing++
			}
		}
		if len(out.Log) < failing || failing < 10 {
			t.Errorf("%s: %d log entries for %d actions that fail", file, len(out.Log), failing)
		}
		for i, entry := range out.Log {
			if !entry.Always || entry.Action != f.Actions[i].ID || entry.Problem == "" {
				t.Errorf("%s: log entry %d is %+v", file, i, entry)
			}
		}
	}
}

// TestOlderFlowsRun: contents that were published before more was asked of them
// run as they did.
func TestOlderFlowsRun(t *testing.T) {
	for name, content := range flowdoc.Older() {
		s := newWorld()
		if out := s.start(t, content); out.Run != nil || len(out.Messages) != 1 || out.Messages[0].Text != "done" {
			t.Errorf("%s: end %q, said %q; want done", name, out.End, said(out))
		}
	}
}
