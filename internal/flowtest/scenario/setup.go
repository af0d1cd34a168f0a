package scenario

import (
	"errors"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowtest/simulator"
)

// readFlow: flow FILE [as NAME] [type TYPE].
func readFlow(s *scanner) action {
	file, as, typ := s.name("the file of the flow"), "", ""
	if s.accept("as") {
		as = s.name("the name of the flow")
	}
	if s.accept("type") {
		typ = flowType(s)
	}
	return func(s *Session) error {
		d, err := s.library.Open(s.path(file), as, typ)
		if err != nil {
			return err
		}
		s.Instance.Add(d)
		if s.Main == nil {
			s.Main = d
		}
		return nil
	}
}

// flowType reads a type of flow.
func flowType(s *scanner) string {
	typ, err := simulator.TypeOf(s.name("the type of the flow"))
	if err != nil {
		s.fail("%v", err)
	}
	return typ
}

// readModule: module FILE [as NAME].
func readModule(s *scanner) action {
	file, as := s.name("the file of the module"), ""
	if s.accept("as") {
		as = s.name("the name of the module")
	}
	return func(s *Session) error {
		d, err := s.library.Open(s.path(file), as, simulator.TypeModule)
		if err == nil {
			s.Instance.Add(d)
		}
		return err
	}
}

// readQueue: queue NAME [is REF] [hours NAME] [capacity N] [holds N [oldest SPAN]] [online N] [staffed N] [available N] [full] [disabled].
func readQueue(s *scanner) action {
	name, ref := s.name("the name of the queue"), ""
	var change []func(*simulator.Queue)
	for !s.over() {
		switch {
		case s.accept("is"):
			ref = s.name("the id or ARN of the queue")
		case s.accept("hours"):
			hours := s.name("the name of its hours")
			change = append(change, func(q *simulator.Queue) { q.Hours = hours })
		case s.accept("capacity"):
			n := int64(s.number("the capacity"))
			change = append(change, func(q *simulator.Queue) { q.Max = n })
		case s.accept("holds"):
			n := int64(s.number("how many contacts wait"))
			change = append(change, func(q *simulator.Queue) { q.Others = n })
		case s.accept("oldest"):
			d := s.duration()
			change = append(change, func(q *simulator.Queue) { q.Oldest = d })
		case s.accept("online"):
			n := int64(s.number("how many agents are online"))
			change = append(change, func(q *simulator.Queue) { q.Online(n) })
		case s.accept("staffed"):
			n := int64(s.number("how many agents are staffed"))
			change = append(change, func(q *simulator.Queue) { q.Staffed(n) })
		case s.accept("available"):
			n := int64(s.number("how many agents are available"))
			change = append(change, func(q *simulator.Queue) { q.Available(n) })
		case s.accept("full"):
			change = append(change, func(q *simulator.Queue) { q.Max = q.Others })
		case s.accept("disabled"):
			change = append(change, func(q *simulator.Queue) { q.Disabled = true })
		default:
			s.fail("a queue has: is REF, hours NAME, capacity N, holds N, oldest SPAN, online N, staffed N, available N, full, disabled; not %q", s.rest())
		}
	}
	return func(s *Session) error {
		q := s.Instance.QueueNamed(name)
		s.Instance.Name(ref, name)
		q.Missing = false
		for _, f := range change {
			f(q)
		}
		return nil
	}
}

// readHours: hours NAME [is REF] open|closed [by OVERRIDE].
func readHours(s *scanner) action {
	name, ref := s.name("the name of the hours"), ""
	if s.accept("is") {
		ref = s.name("the id or ARN of the hours")
	}
	h := simulator.Hours{Opening: machine.Opening{Open: s.accept("open")}}
	if !h.Opening.Open {
		s.expect("closed")
	}
	if s.accept("by") {
		h.Opening.Override = s.name("the name of the override")
	}
	return func(s *Session) error {
		s.Instance.Name(ref, name)
		s.Instance.SetHours(name, h)
		return nil
	}
}

// readAssistant: assistant sessions.
func readAssistant(s *scanner) action {
	s.expect("sessions")
	return func(s *Session) error {
		s.Instance.Assistants = true
		return nil
	}
}

// readView: view NAME [is REF] [actions NAME ...].
func readView(s *scanner) action {
	name, ref := s.name("the name of the view"), ""
	if s.accept("is") {
		ref = s.name("the id or ARN of the view")
	}
	v := simulator.View{}
	if s.accept("actions") {
		for !s.over() {
			v.Actions = append(v.Actions, s.name("an action"))
		}
	}
	return func(s *Session) error {
		s.Instance.Name(ref, name)
		s.Instance.SetView(name, v)
		return nil
	}
}

// readNo: no queue|hours|view NAME.
func readNo(s *scanner) action {
	what := s.name("what there is not")
	name := s.name("its name")
	switch what {
	case "queue":
		return func(s *Session) error { s.Instance.QueueNamed(name).Missing = true; return nil }
	case "hours":
		return func(s *Session) error { s.Instance.SetHours(name, simulator.Hours{Missing: true}); return nil }
	case "view":
		return func(s *Session) error { s.Instance.SetView(name, simulator.View{Missing: true}); return nil }
	}
	s.fail("want no queue, no hours or no view, not no %s", what)
	return nil
}

// readStrict: strict.
func readStrict(*scanner) action {
	return func(s *Session) error { s.Instance.Strict = true; return nil }
}

// readClock: clock 2026-03-01 12:00.
func readClock(s *scanner) action {
	date, clock := s.name("the date"), s.name("the time")
	at, err := time.Parse("2006-01-02 15:04", date+" "+clock)
	if s.err == nil && err != nil {
		s.fail("the clock is set as in: clock 2026-03-01 12:00; it is UTC")
	}
	return func(s *Session) error {
		if s.begun {
			return errors.New("the clock can only be set before the chat begins; later: advance")
		}
		s.Chat.Now = at
		return nil
	}
}

// readChance: chance N: another sequence of random choices than the usual one, which is 1.
func readChance(s *scanner) action {
	seed := uint64(s.number("the number of the way"))
	return before(func(s *Session) { s.Chat.Seed(seed) })
}

// readEarlier: earlier contact ID: one that a flow may continue.
func readEarlier(s *scanner) action {
	s.expect("contact")
	id := center.ContactID(s.name("the id of the contact"))
	return func(s *Session) error { s.Instance.Past = append(s.Instance.Past, id); return nil }
}

// readInitial: initial message TEXT.
func readInitial(s *scanner) action {
	s.expect("message")
	text := s.texted("the message")
	return before(func(s *Session) {
		s.opening.Initial = &contact.Message{ContentType: center.PlainText, Content: text}
	})
}

// before makes an action that has to come before the chat begins.
func before(do func(*Session)) action {
	return func(s *Session) error {
		if s.begun {
			return errors.New("this has to be said before the chat begins")
		}
		do(s)
		return nil
	}
}

// readTypes: types CONTENT-TYPE ...: SupportedMessagingContentTypes.
func readTypes(s *scanner) action {
	var list []string
	for !s.over() {
		list = append(list, s.name("a content type"))
	}
	return before(func(s *Session) { s.opening.ContentTypes = list })
}

// readDuration: duration SPAN: ChatDurationInMinutes.
func readDuration(s *scanner) action {
	d := s.duration()
	return before(func(s *Session) { s.opening.Minutes = int(d / time.Minute) })
}
