package machine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// BenchmarkStep measures one action without I/O: 999 of them are run to the
// guard, and the time of each is reported.
func BenchmarkStep(b *testing.B) {
	circle := func(typ, parameters, transitions string) string {
		return flowdoc.Of(flowdoc.Action("a", typ, parameters, transitions))
	}
	flows := map[string]string{
		"compare":    circle("Compare", `"ComparisonValue":"$.Attributes.plan"`, flowdoc.To("a", flowdoc.On("NoMatchingCondition", "a"), flowdoc.When("Equals", "silver", "a")+","+flowdoc.When("Equals", "gold", "a"))),
		"external":   circle("Compare", `"ComparisonValue":"$.External.status.code"`, flowdoc.To("a", flowdoc.On("NoMatchingCondition", "a"), flowdoc.When("NumberGreaterThan", "5", "a"))),
		"distribute": circle("DistributeByPercentage", "", flowdoc.To("a", flowdoc.On("NoMatchingCondition", "a"), flowdoc.When("NumberLessThan", "21", "a"))),
		"loop":       circle("Loop", `"LoopCount":"5"`, flowdoc.To("a", "", flowdoc.When("Equals", "ContinueLooping", "a")+","+flowdoc.When("Equals", "DoneLooping", "a"))),
		"voice":      circle("UpdateContactTextToSpeechVoice", `"TextToSpeechVoice":"Amy"`, flowdoc.To("a", "", "")),
	}
	for name, content := range flows {
		b.Run(name, func(b *testing.B) {
			s := newWorld()
			s.Contact.Attributes = map[string]string{"plan": "gold"}
			f := flowdoc.Parse(b, content)
			b.ReportAllocs()
			for b.Loop() {
				m := &machine{w: s.World, c: s.Contact, flow: f, run: Run{Flow: "main", Data: Data{External: []byte(`{"status":{"code":7}}`)}}}
				if out := m.from(0); out.End != EndRunaway {
					b.Fatalf("end %q", out.End)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/flow.MaxSteps, "ns/step")
		})
	}
}

// BenchmarkAdvance measures the way of one message of the customer: from the
// event through the answer to the next wait.
func BenchmarkAdvance(b *testing.B) {
	s := newWorld()
	out := s.start(b, flowdoc.Of(flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"60","Events":["CustomerReturned"]`, flowdoc.To("w", flowdoc.On("NoMatchingError", "w"),
		flowdoc.When("Equals", "CustomerReturned", "s")+","+flowdoc.When("Equals", "WaitCompleted", "w"))), flowdoc.Say("s", "Thank you, $.CustomerEndpoint.DisplayName!", "w")))
	s.Content = s.contentOf("main")
	b.ReportAllocs()
	for b.Loop() {
		if next := s.advance(out.Run, Event{Kind: EventCustomerMessage}); len(next.Messages) != 1 {
			b.Fatalf("%+v", next)
		}
	}
}

// BenchmarkWants measures what a message costs that no flow waits for.
func BenchmarkWants(b *testing.B) {
	r := &Run{Wait: Wait{Kind: WaitTime, Until: begun.Add(time.Hour), Events: []string{"BotParticipantDisconnected"}}}
	b.ReportAllocs()
	for b.Loop() {
		if r.Wants(Event{Kind: EventCustomerMessage}) {
			b.Fatal("nobody waits for a message")
		}
	}
}

func BenchmarkInterpolation(b *testing.B) {
	for _, text := range []string{
		"no references in this text",
		"$.Attributes.empFirstName",
		"Hello, $.Attributes.empFirstName $.Attributes.empLastName , You are Authenticated.",
	} {
		b.Run(fmt.Sprint(strings.Count(text, "$.")), func(b *testing.B) {
			m := machineFor(b)
			t := flow.Compile(text)
			b.ReportAllocs()
			for b.Loop() {
				m.budget = 0
				if _, ok := m.text(&t); !ok {
					b.Fatal("too long")
				}
			}
		})
	}
}

// TestStepsAllocateNothing: what 1,000 actions without outputs allocate is what
// one Start needs for itself.
func TestStepsAllocateNothing(t *testing.T) {
	s := newWorld()
	s.Contact.Attributes = map[string]string{"plan": "gold", "word": "$.Attributes.plan"}
	f := flowdoc.Parse(t, flowdoc.Of(
		flowdoc.Action("a", "Compare", `"ComparisonValue":"$.Attributes.plan"`, flowdoc.To("b", flowdoc.On("NoMatchingCondition", "b"), flowdoc.When("TextContains", "$.Attributes.plan", "b"))),
		flowdoc.Action("b", "DistributeByPercentage", "", flowdoc.To("c", flowdoc.On("NoMatchingCondition", "c"), flowdoc.When("NumberLessThan", "21", "c"))),
		flowdoc.Action("c", "Loop", `"LoopCount":"100"`, flowdoc.To("a", "", flowdoc.When("Equals", "ContinueLooping", "a")+","+flowdoc.When("Equals", "DoneLooping", "a")))))
	var end End
	allocated := testing.AllocsPerRun(20, func() { end = Start(s.World, f, "main", KindInbound, Data{}).End })
	if end != EndRunaway || allocated > 12 {
		t.Errorf("%v allocations in 1,000 actions (end %q); want at most 12", allocated, end)
	}
}
