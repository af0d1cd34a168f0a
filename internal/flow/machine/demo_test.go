package machine

import (
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
)

func demo(t *testing.T) string {
	t.Helper()
	for _, d := range flow.Defaults() {
		if d.Name == flow.DemoName {
			return string(d.Content)
		}
	}
	t.Fatal("there is no demo")
	return ""
}

func TestDemoAnswersTenMessages(t *testing.T) {
	s := newWorld()
	s.Contact.InitialMessage = "Is this on?"
	out := s.start(t, demo(t))
	greeting := strings.Join(said(out), "\n")
	for _, want := range []string{"Hello Ada,", "“Is this on?”"} {
		if !strings.Contains(greeting, want) {
			t.Errorf("the greeting lacks %q:\n%s", want, greeting)
		}
	}
	for n := 1; n <= 10; n++ {
		if out.Run == nil {
			t.Fatalf("the demo ended before message %d: %s", n, out.End)
		}
		s.dice = 25 * n
		out = s.advance(out.Run, Event{Kind: EventCustomerMessage})
		if len(out.Messages) != 1 {
			t.Errorf("message %d has the answers %q; want one", n, said(out))
		}
	}
	if out.End != EndDisconnect || s.Contact.Attributes["demo"] != "finished" {
		t.Errorf("after ten messages: end %q, attributes %v", out.End, s.Contact.Attributes)
	}
}

func TestDemoEndsWhenTheDayIsOver(t *testing.T) {
	s := newWorld()
	s.Contact.CustomerName = ""
	out := s.start(t, demo(t))
	if !strings.HasPrefix(said(out)[0], "Hello and welcome") {
		t.Errorf("without a name the greeting is %q", said(out)[0])
	}
	s.Now = out.Run.Wait.Until
	out = s.advance(out.Run, Event{Kind: EventTime})
	if out.End != EndDisconnect || s.Contact.Attributes["demo"] != "timed out" {
		t.Errorf("after a day: end %q, attributes %v", out.End, s.Contact.Attributes)
	}
}
