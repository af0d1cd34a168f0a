package machine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/flow/flowdoc"
)

// waiting writes a flow that waits with some parameters and says which way it
// went on.
func waiting(parameters string, conditions ...string) string {
	return flowdoc.Of(flowdoc.Action("w", "Wait", parameters, flowdoc.To("failed", flowdoc.On("NoMatchingError", "failed")+","+flowdoc.On("ParticipantNotFound", "nobody"), strings.Join(conditions, ","))),
		flowdoc.Say("completed", "completed", "x"), flowdoc.Say("returned", "returned", "x"), flowdoc.Say("left", "left", "x"),
		flowdoc.Say("nobody", "nobody", "x"), flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x"))
}

var (
	onCompleted = flowdoc.When("Equals", "WaitCompleted", "completed")
	onReturned  = flowdoc.When("Equals", "CustomerReturned", "returned")
	onLeft      = flowdoc.When("Equals", "BotParticipantDisconnected", "left")
)

func TestWaitBegins(t *testing.T) {
	tests := []struct{ name, parameters, want string }{
		{"seconds", `"TimeLimitSeconds":"60"`, " | waits at w"},
		{"number", `"TimeLimitSeconds":60`, " | waits at w"},
		{"longest", `"TimeLimitSeconds":"604800"`, " | waits at w"},
		{"too long", `"TimeLimitSeconds":"604801"`, "failed | end"},
		{"none", `"TimeLimitSeconds":"0"`, "failed | end"},
		{"negative", `"TimeLimitSeconds":"-5"`, "failed | end"},
		{"no number", `"TimeLimitSeconds":"soon"`, "failed | end"},
		{"undefined", `"TimeLimitSeconds":"$.Attributes.none"`, "failed | end"},
		{"missing", ``, "failed | end"},
		{"the other spelling", `"TimeoutSeconds":"60"`, "failed | end"},
		{"unknown event", `"TimeLimitSeconds":"60","Events":["Sneeze"]`, "failed | end"},
		{"no bot there", `"TimeLimitSeconds":"60","Events":["BotParticipantDisconnected"]`, "nobody | end"},
	}
	for _, test := range tests {
		out := newWorld().start(t, waiting(test.parameters, onCompleted))
		check(t, test.name, out, test.want)
		if out.Run != nil && (out.Run.Wait.Kind != WaitTime || out.Run.Wait.Until.Before(begun.Add(time.Minute))) {
			t.Errorf("%s: waits for %+v", test.name, out.Run.Wait)
		}
	}
}

func TestWaitGoesOn(t *testing.T) {
	both := `"TimeLimitSeconds":"60","Events":["CustomerReturned","BotParticipantDisconnected"]`
	only := `"TimeLimitSeconds":"60"`
	tests := []struct {
		name, content string
		after         time.Duration
		event         EventKind
		want          string // "" when the event is not for the run
	}{
		{"time", waiting(both, onCompleted, onReturned, onLeft), time.Minute, EventTime, "completed | end"},
		{"late", waiting(both, onCompleted, onReturned, onLeft), time.Hour, EventTime, "completed | end"},
		{"too early", waiting(both, onCompleted, onReturned, onLeft), time.Minute - 1, EventTime, ""},
		{"message", waiting(both, onCompleted, onReturned, onLeft), time.Second, EventCustomerMessage, "returned | end"},
		{"bot", waiting(both, onCompleted, onReturned, onLeft), time.Second, EventBotLeft, "left | end"},
		{"connected again", waiting(both, onCompleted, onReturned, onLeft), time.Second, EventCustomerBack, "returned | end"},
		{"connected again without event", waiting(only, onCompleted), time.Second, EventCustomerBack, ""},
		{"message without event", waiting(only, onCompleted), time.Second, EventCustomerMessage, ""},
		{"bot without event", waiting(only, onCompleted), time.Second, EventBotLeft, ""},
		{"effect", waiting(both, onCompleted), time.Second, EventEffectDone, ""},
		{"unknown event", waiting(both, onCompleted), time.Second, EventKind("sneeze"), ""},
		{"no branch for the event", waiting(both, onCompleted), time.Second, EventCustomerMessage, "failed | end"},
		{"no branch for the time", waiting(both, onReturned), time.Minute, EventTime, "failed | end"},
	}
	for _, test := range tests {
		s := newWorld()
		s.Contact.BotPresent = true
		run := s.start(t, test.content).Run
		if run == nil {
			t.Errorf("%s: does not wait", test.name)
			continue
		}
		s.Now = s.Now.Add(test.after)
		out := s.advance(run, Event{Kind: test.event})
		if test.want == "" {
			if !reflect.DeepEqual(out, Outcome{Run: run}) || out.Run != run {
				t.Errorf("%s: an event that is not waited for led to %+v", test.name, out)
			}
			continue
		}
		check(t, test.name, out, test.want)
	}
}

func TestAdvanceWithoutRun(t *testing.T) {
	if out := newWorld().advance(nil, Event{Kind: EventTime}); !reflect.DeepEqual(out, Outcome{}) {
		t.Errorf("Advance(nil) = %+v", out)
	}
}

// TestRunSurvivesAndStaysItself: a run that was written down and read again
// goes on as if nothing had happened, and Advance leaves the run it was given
// as it was, so that a decision can be taken twice.
func TestRunSurvivesAndStaysItself(t *testing.T) {
	s := newWorld()
	out := s.start(t, flowdoc.Of(
		flowdoc.Action("a", "UpdateFlowAttributes", `"FlowAttributes":{"n":{"Value":"1"}}`, flowdoc.To("l", flowdoc.On("NoMatchingError", "x"), "")),
		flowdoc.Action("l", "Loop", `"LoopCount":"2"`, flowdoc.To("x", "", flowdoc.When("Equals", "ContinueLooping", "f")+","+flowdoc.When("Equals", "DoneLooping", "x"))),
		flowdoc.Action("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("n", flowdoc.On("NoMatchingError", "n"), "")),
		flowdoc.Action("n", "UpdateFlowAttributes", `"FlowAttributes":{"n":{"Value":"$.FlowAttributes.n$.External.more"}}`, flowdoc.To("s", flowdoc.On("NoMatchingError", "x"), "")),
		flowdoc.Say("s", "$.FlowAttributes.n", "l"), flowdoc.Stop("x")))
	for round, want := range []string{"1a | waits at f", "1aa | end"} {
		stored, err := json.Marshal(out.Run)
		if err != nil {
			t.Fatal(err)
		}
		var run Run
		if err := json.Unmarshal(stored, &run); err != nil {
			t.Fatal(err)
		}
		ev := Event{Kind: EventEffectDone, Effect: run.Wait.Effect, Answer: json.RawMessage(`{"more":"a"}`)}
		first := s.advance(&run, ev)
		check(t, fmt.Sprint("round ", round), first, want)
		again, err := json.Marshal(&run)
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(stored) {
			t.Errorf("round %d: Advance changed the run it was given\nfrom %s\nto   %s", round, stored, again)
		}
		check(t, fmt.Sprint("round ", round, " decided again"), s.advance(&run, ev), want)
		out = first
	}
}

func TestPublishingAnewDoesNotChangeARun(t *testing.T) {
	s := newWorld()
	out := s.start(t, waiting(`"TimeLimitSeconds":"60"`, onCompleted))
	s.flows["old"] = s.flows["main"]
	s.flows["main"] = flowdoc.Parse(t, flowdoc.Of(flowdoc.Say("w", "the new one", "x"), flowdoc.Stop("x")))
	s.Now = s.Now.Add(time.Minute)
	check(t, "old content", s.advance(out.Run, Event{Kind: EventTime}), "completed | end")
}

func TestRunWhoseContentIsGoneEnds(t *testing.T) {
	s := newWorld()
	run := s.start(t, waiting(`"TimeLimitSeconds":"60"`, onCompleted)).Run
	s.Now = s.Now.Add(time.Minute)
	bent := *run
	bent.Wait.Action = "x"
	gone := *run
	gone.Wait.Action = "y"
	lost := *run
	lost.Hash = "0"
	for _, r := range []*Run{&bent, &gone, &lost} {
		out := s.advance(r, Event{Kind: EventTime})
		if out.Run != nil || out.End != EndFlow || len(out.Log) != 1 || !out.Log[0].Always || out.Log[0].Problem == "" {
			t.Errorf("at %s of %s: %+v", r.Wait.Action, r.Hash[:1], out)
		}
	}
}

// A flow that only ever waits for functions is stopped too; one that a person
// or the time moves on is not.
func TestGuardCountsCalls(t *testing.T) {
	s := newWorld()
	call := flowdoc.Action("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("f", flowdoc.On("NoMatchingError", "f"), ""))
	out := s.start(t, flowdoc.Of(call))
	answered := func(n int) {
		t.Helper()
		for i := range n {
			if out.Run == nil {
				t.Fatalf("the run ended after %d answers: %s", i, out.End)
			}
			out = s.advance(out.Run, Event{Kind: EventEffectDone, Effect: out.Run.Wait.Effect, Answer: []byte("{}")})
		}
	}
	answered(999)
	if answered(1); out.End != EndRunaway || !strings.Contains(out.Log[len(out.Log)-1].Problem, "1000 actions without waiting") {
		t.Fatalf("after 1000 answers the run is %+v, %s", out.Run, out.End)
	}
	wait := flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"60"`, flowdoc.To("f", flowdoc.On("NoMatchingError", "f"), `{"NextAction":"f","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}`))
	out = s.start(t, flowdoc.Of(flowdoc.Action("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("w", flowdoc.On("NoMatchingError", "w"), "")), wait))
	for range 1200 {
		answered(1)
		s.Now = s.Now.Add(time.Minute)
		out = s.advance(out.Run, Event{Kind: EventTime})
	}
	if out.Run == nil || out.Run.Wait.Kind != WaitEffect {
		t.Errorf("a flow that waits in each round is stopped: %+v", out)
	}
}

func TestGuardStopsRunaways(t *testing.T) {
	s := newWorld()
	out := s.start(t, flowdoc.Of(flowdoc.Say("a", "hello", "b"), flowdoc.Say("b", "again", "a")))
	if out.End != EndRunaway || len(out.Messages) != 1000 {
		t.Errorf("end %q after %d messages", out.End, len(out.Messages))
	}
	if n := len(out.Log); n != 1 || !out.Log[0].Always || !strings.Contains(out.Log[0].Problem, "1000 actions") {
		t.Errorf("log %+v", out.Log)
	}

	// Two flows that pass a contact to and fro are one run to the guard.
	s = newWorld()
	s.flows["other"] = flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", "TransferToFlow", `"ContactFlowId":"main"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")))
	out = s.start(t, flowdoc.Of(flowdoc.Action("a", "TransferToFlow", `"ContactFlowId":"other"`, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")))
	if out.End != EndRunaway {
		t.Errorf("flows in a circle: end %q", out.End)
	}

	// Waiting begins the count anew.
	s = newWorld()
	out = s.start(t, flowdoc.Of(flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"1"`, flowdoc.To("w", flowdoc.On("NoMatchingError", "w"), flowdoc.When("Equals", "WaitCompleted", "w")))))
	for range 1500 {
		s.Now = out.Run.Wait.Until
		if out = s.advance(out.Run, Event{Kind: EventTime}); out.Run == nil {
			t.Fatalf("a flow that waits was stopped: %q", out.End)
		}
	}

	// As many actions as allowed, and then the end.
	actions := make([]string, 0, 1000)
	for i := range 999 {
		actions = append(actions, flowdoc.Say(fmt.Sprint("a", i), "x", fmt.Sprint("a", i+1)))
	}
	actions = append(actions, flowdoc.Stop("a999"))
	check(t, "1,000 actions", newWorld().start(t, flowdoc.Of(actions...)), strings.TrimSuffix(strings.Repeat("x; ", 999), "; ")+" | end")
}

func TestGuardStopsTextBombs(t *testing.T) {
	text := strings.Repeat("$.Attributes.long", 2)
	s := newWorld()
	s.Contact.Attributes = map[string]string{"long": strings.Repeat("x", 30000)}
	out := s.start(t, flowdoc.Of(flowdoc.Action("a", "UpdateFlowAttributes", fmt.Sprintf(`"FlowAttributes":{"a":{"Value":%q}}`, text), flowdoc.To("a", flowdoc.On("NoMatchingError", "a"), ""))))
	if out.End != EndRunaway || !strings.Contains(out.Log[len(out.Log)-1].Problem, "too much text") {
		t.Errorf("end %q, log %+v", out.End, out.Log)
	}
}
