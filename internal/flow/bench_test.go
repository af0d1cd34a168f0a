package flow

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkStep measures one action without I/O: 999 of them are run to the
// guard, and the time of each is reported.
func BenchmarkStep(b *testing.B) {
	circle := func(typ, parameters, transitions string) string {
		return doc(act("a", typ, parameters, transitions))
	}
	flows := map[string]string{
		"compare":    circle("Compare", `"ComparisonValue":"$.Attributes.plan"`, to("a", on("NoMatchingCondition", "a"), when("Equals", "silver", "a")+","+when("Equals", "gold", "a"))),
		"external":   circle("Compare", `"ComparisonValue":"$.External.status.code"`, to("a", on("NoMatchingCondition", "a"), when("NumberGreaterThan", "5", "a"))),
		"distribute": circle("DistributeByPercentage", "", to("a", on("NoMatchingCondition", "a"), when("NumberLessThan", "21", "a"))),
		"loop":       circle("Loop", `"LoopCount":"5"`, to("a", "", when("Equals", "ContinueLooping", "a")+","+when("Equals", "DoneLooping", "a"))),
		"voice":      circle("UpdateContactTextToSpeechVoice", `"TextToSpeechVoice":"Amy"`, to("a", "", "")),
	}
	for name, content := range flows {
		b.Run(name, func(b *testing.B) {
			s := newWorld()
			s.Contact.Attributes = map[string]string{"plan": "gold"}
			f := parsed(b, content)
			b.ReportAllocs()
			for b.Loop() {
				m := &machine{w: s.World, c: s.Contact, flow: f, run: Run{Flow: "main", Data: Data{External: []byte(`{"status":{"code":7}}`)}}}
				if out := m.from(0); out.End != EndRunaway {
					b.Fatalf("end %q", out.End)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/maxSteps, "ns/step")
		})
	}
}

// BenchmarkAdvance measures the way of one message of the customer: from the
// event through the answer to the next wait.
func BenchmarkAdvance(b *testing.B) {
	s := newWorld()
	out := s.start(b, doc(act("w", "Wait", `"TimeLimitSeconds":"60","Events":["CustomerReturned"]`, to("w", on("NoMatchingError", "w"),
		when("Equals", "CustomerReturned", "s")+","+when("Equals", "WaitCompleted", "w"))), say("s", "Thank you, $.CustomerEndpoint.DisplayName!", "w")))
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
			t := compile(text)
			b.ReportAllocs()
			for b.Loop() {
				m.budget = 0
				if _, ok := t.text(m); !ok {
					b.Fatal("too long")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	content := read(b, "services")
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(content); err != nil {
			b.Fatal(err)
		}
	}
}

// TestStepsAllocateNothing: what 1,000 actions without outputs allocate is what
// one Start needs for itself.
func TestStepsAllocateNothing(t *testing.T) {
	s := newWorld()
	s.Contact.Attributes = map[string]string{"plan": "gold", "word": "$.Attributes.plan"}
	f := parsed(t, doc(
		act("a", "Compare", `"ComparisonValue":"$.Attributes.plan"`, to("b", on("NoMatchingCondition", "b"), when("TextContains", "$.Attributes.plan", "b"))),
		act("b", "DistributeByPercentage", "", to("c", on("NoMatchingCondition", "c"), when("NumberLessThan", "21", "c"))),
		act("c", "Loop", `"LoopCount":"100"`, to("a", "", when("Equals", "ContinueLooping", "a")+","+when("Equals", "DoneLooping", "a")))))
	var end End
	allocated := testing.AllocsPerRun(20, func() { end = Start(s.World, f, "main", KindInbound, Data{}).End })
	if end != EndRunaway || allocated > 12 {
		t.Errorf("%v allocations in 1,000 actions (end %q); want at most 12", allocated, end)
	}
}
