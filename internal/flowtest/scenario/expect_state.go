package scenario

import (
	"fmt"
	"maps"
	"slices"

	"parley.example/parley/internal/flowtest/simulator"
	"parley.example/parley/internal/flowtest/wording"
)

// expectQueue: expect queue NAME.
func expectQueue(s *scanner) action {
	name := s.name("the name of the queue")
	return func(s *Session) error {
		in := s.queue()
		switch {
		case in == "":
			return fmt.Errorf("the contact waits in no queue%s; want %s", s.standing(), name)
		case in != name && s.Instance.FindQueue(name) != s.Instance.FindQueue(in):
			return fmt.Errorf("the contact waits in the queue %s; want %s", in, name)
		}
		return nil
	}
}

// expectNoQueue: expect no queue.
func expectNoQueue(*scanner) action {
	return func(s *Session) error {
		if in := s.queue(); in != "" {
			return fmt.Errorf("the contact waits in the queue %s; want it in none", in)
		}
		return nil
	}
}

// expectPosition: expect position N.
func expectPosition(s *scanner) action {
	want := int64(s.number("the position"))
	return func(s *Session) error {
		in := s.queue()
		if in == "" {
			return fmt.Errorf("the contact waits in no queue; want it at position %d", want)
		}
		if got := s.Instance.QueueNamed(in).Others + 1; got != want {
			return fmt.Errorf("the contact is at position %d; want %d", got, want)
		}
		return nil
	}
}

// queue returns the queue that the contact waits in, "" for none.
func (s *Session) queue() string {
	if q := s.Chat.State().Queue; q != nil {
		return string(q.Queue)
	}
	return ""
}

// standing says where the chat stands, for messages.
func (s *Session) standing() string {
	if reason, ended := s.Chat.Ended(); ended {
		return ": the chat has ended (" + reason + ")"
	}
	if run := s.Chat.Run(""); run != nil {
		return fmt.Sprintf(": the flow %s waits at %q", run.Flow, run.Wait.Action)
	}
	if in := s.queue(); in != "" {
		return ": the contact waits in the queue " + in
	}
	return ""
}

// expectAttribute: expect attribute NAME = VALUE|PATTERN.
func expectAttribute(s *scanner) action {
	name, want := assignment(s)
	return func(s *Session) error { return entry("attribute", s.Chat.State().Attributes, name, want) }
}

// assignment reads NAME = VALUE, where the value is a word or a pattern.
func assignment(s *scanner) (name string, want pattern) {
	name = s.name("its name")
	s.expect("=")
	switch w := s.peek(); {
	case w == "", w == "contains", w[0] == '"', w[0] == '/':
		return name, s.pattern()
	}
	return name, pattern{exact: s.name("its value")}
}

// entry checks one entry of a map.
func entry(what string, of map[string]string, name string, want pattern) error {
	got, ok := of[name]
	switch {
	case !ok:
		return fmt.Errorf("there is no %s %s; there are %s", what, name, wording.Listed(slices.Sorted(maps.Keys(of))))
	case !want.matches(got):
		return fmt.Errorf("the %s %s is %q; want %s", what, name, wording.Clip(got, 300), want)
	}
	return nil
}

// expectNoAttribute: expect no attribute NAME.
func expectNoAttribute(s *scanner) action {
	name := s.name("its name")
	return func(s *Session) error { return noEntry("attribute", s.Chat.State().Attributes, name) }
}

// noEntry checks that a map has no entry of a name.
func noEntry(what string, of map[string]string, name string) error {
	if got, ok := of[name]; ok {
		return fmt.Errorf("the %s %s is %q; want it not to be there", what, name, wording.Clip(got, 300))
	}
	return nil
}

// expectFlow: expect flow NAME, or expect flow attribute NAME = VALUE.
func expectFlow(s *scanner) action {
	if s.accept("attribute") {
		name, want := assignment(s)
		return func(s *Session) error {
			run := s.Chat.State().Run
			if run == nil {
				return fmt.Errorf("no flow runs%s", s.standing())
			}
			return entry("flow attribute", run.Data.Attributes, name, want)
		}
	}
	name := s.name("the name of the flow")
	return func(s *Session) error {
		run := s.Chat.Run("")
		if run == nil {
			return fmt.Errorf("no flow runs%s; want %s", s.standing(), name)
		}
		for _, module := range []bool{false, true} {
			if d := s.Instance.Document(name, module); d != nil && d.ID == run.Flow {
				return nil
			}
		}
		if string(run.Flow) != name {
			return fmt.Errorf("the flow %s runs; want %s", run.Flow, name)
		}
		return nil
	}
}

// expectNoFlow: expect no flow: none runs.
func expectNoFlow(*scanner) action {
	return func(s *Session) error {
		if s.Chat.Run("") != nil {
			return fmt.Errorf("a flow runs%s; want none to", s.standing())
		}
		return nil
	}
}

// expectTag: expect tag NAME = VALUE.
func expectTag(s *scanner) action {
	name, want := assignment(s)
	return func(s *Session) error { return entry("tag", s.Chat.State().Current().Tags, name, want) }
}

// expectNoTag: expect no tag NAME.
func expectNoTag(s *scanner) action {
	name := s.name("its name")
	return func(s *Session) error { return noEntry("tag", s.Chat.State().Current().Tags, name) }
}

// expectLanguage: expect language CODE.
func expectLanguage(s *scanner) action {
	want := s.name("the language")
	return func(s *Session) error {
		if got := s.Chat.State().Language; got != want {
			return fmt.Errorf("the language is %s; want %s", got, want)
		}
		return nil
	}
}

// expectPriority: expect priority N.
func expectPriority(s *scanner) action {
	want := int64(s.number("the priority"))
	return func(s *Session) error {
		if got := s.Chat.State().Priority(); got != want {
			return fmt.Errorf("the priority is %d; want %d", got, want)
		}
		return nil
	}
}

// visited reports whether an action has run.
func (s *Session) visited(action string) bool {
	return slices.ContainsFunc(s.Chat.Story(), func(h simulator.Entry) bool {
		return h.Type == simulator.EntryStep && h.Visit.Action == action
	})
}

// expectAction: expect action ID: it has run.
func expectAction(s *scanner) action {
	id := s.name("the identifier of the action")
	return func(s *Session) error {
		if !s.visited(id) {
			return fmt.Errorf("the action %q has not run%s", id, s.standing())
		}
		return nil
	}
}

// expectNoAction: expect no action ID.
func expectNoAction(s *scanner) action {
	id := s.name("the identifier of the action")
	return func(s *Session) error {
		if s.visited(id) {
			return fmt.Errorf("the action %q has run", id)
		}
		return nil
	}
}

// expectWaiting: expect waiting [at ACTION] [for SPAN].
func expectWaiting(s *scanner) action {
	at, limit := "", int64(-1)
	if s.accept("at") {
		at = s.name("the identifier of the action")
	}
	if s.accept("for") {
		limit = int64(s.duration())
	}
	return func(s *Session) error {
		run := s.Chat.Run(at)
		switch {
		case run == nil && at == "":
			return fmt.Errorf("no flow waits%s", s.standing())
		case run == nil:
			return fmt.Errorf("no flow waits at %q%s", at, s.standing())
		case limit >= 0 && run.Wait.Until.IsZero():
			return fmt.Errorf("the flow waits without a limit")
		case limit >= 0 && int64(run.Wait.Until.Sub(s.Chat.Now)) != limit:
			return fmt.Errorf("the flow waits for %s more", run.Wait.Until.Sub(s.Chat.Now))
		}
		return nil
	}
}

// expectEnd: expect end [REASON].
func expectEnd(s *scanner) action {
	want := ""
	if !s.over() {
		want = s.name("the reason")
	}
	return func(s *Session) error {
		reason, ended := s.Chat.Ended()
		switch {
		case !ended:
			return fmt.Errorf("the chat has not ended%s", s.standing())
		case want != "" && reason != want:
			return fmt.Errorf("the chat ended with %s; want %s", reason, want)
		}
		return nil
	}
}

// expectOpen: expect open.
func expectOpen(*scanner) action {
	return func(s *Session) error {
		if reason, ended := s.Chat.Ended(); ended {
			return fmt.Errorf("the chat has ended: %s", reason)
		}
		return nil
	}
}

// expectSegments: expect segments METHOD ...: how each contact of the chain began.
func expectSegments(s *scanner) action {
	var want []string
	for !s.over() {
		want = append(want, s.name("an initiation method"))
	}
	return func(s *Session) error {
		var got []string
		for _, k := range s.Chat.State().Chain() {
			got = append(got, k.Method)
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("the contacts of the chat began by %s; want %s", wording.Listed(got), wording.Listed(want))
		}
		return nil
	}
}
