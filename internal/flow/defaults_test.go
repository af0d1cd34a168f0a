package flow

import (
	"strings"
	"testing"
)

func TestDefaultsAreValid(t *testing.T) {
	if n := len(Defaults()); n != 11 {
		t.Errorf("%d default flows; want 11", n)
	}
	for _, d := range Defaults() {
		f := parsed(t, string(d.Content))
		for _, problem := range f.Problems() {
			t.Errorf("%s: %s", d.Name, problem)
		}
		if f.Name() != d.Name {
			t.Errorf("the file of %q says %q", d.Name, f.Name())
		}
		if typeNames[d.Type] == 0 || f.flowType() != typeNames[d.Type] {
			t.Errorf("%s: type %s does not fit the file's %q", d.Name, d.Type, f.hint)
		}
		for _, finding := range Check(f.As(d.Type)) {
			if strings.HasPrefix(finding.Message, "No way leads") || strings.Contains(finding.Message, "without ever waiting") ||
				strings.Contains(finding.Message, "belong") || strings.HasPrefix(finding.Message, "There is no $") {
				t.Errorf("%s: %s: %s", d.Name, finding.Action, finding.Message)
			}
		}
	}
}

func demo(t *testing.T) string {
	t.Helper()
	for _, d := range Defaults() {
		if d.Name == DemoName {
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
