package flowtest

import (
	"errors"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
)

// opening is how the chat of a scenario will be started.
type opening struct {
	flow string // id of another flow than the one under test
	contact.Start
}

// allTypes are the content types of a customer whose client can show everything.
var allTypes = []string{center.PlainText, center.Markdown, center.JSON, center.Interactive, center.InteractiveResponse}

// begin starts the chat, unless it has begun.
func (s *session) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	d := s.main
	if s.opening.flow != "" {
		d = s.in.document(s.opening.flow, false)
	}
	if d == nil {
		return errors.New("there is no flow to start; name its file with: flow FILE")
	}
	start := s.opening.Start
	if start.DisplayName == "" {
		start.DisplayName = "Ana"
	}
	if start.ContentTypes == nil {
		start.ContentTypes = allTypes
	}
	around, err := stage(s.in, d)
	if err != nil {
		return err
	}
	start.Flow = string(around.ID)
	return s.chat.Start(start)
}

// readFlow: flow FILE [as NAME] [type TYPE].
func readFlow(s *scanner) action {
	file, as, typ := s.name("the file of the flow"), "", ""
	if s.accept("as") {
		as = s.name("the name of the flow")
	}
	if s.accept("type") {
		typ = flowType(s)
	}
	return func(s *session) error {
		d, err := s.library.Open(s.path(file), as, typ)
		if err != nil {
			return err
		}
		s.in.Add(d)
		if s.main == nil {
			s.main = d
		}
		return nil
	}
}

// flowType reads a type of flow.
func flowType(s *scanner) string {
	typ, err := TypeOf(s.name("the type of the flow"))
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
	return func(s *session) error {
		d, err := s.library.Open(s.path(file), as, typeModule)
		if err == nil {
			s.in.Add(d)
		}
		return err
	}
}

// readQueue: queue NAME [is REF] [hours NAME] [capacity N] [holds N [oldest SPAN]] [full] [disabled].
func readQueue(s *scanner) action {
	name, ref := s.name("the name of the queue"), ""
	var change []func(*queue)
	for !s.over() {
		switch {
		case s.accept("is"):
			ref = s.name("the id or ARN of the queue")
		case s.accept("hours"):
			hours := s.name("the name of its hours")
			change = append(change, func(q *queue) { q.hours = hours })
		case s.accept("capacity"):
			n := int64(s.number("the capacity"))
			change = append(change, func(q *queue) { q.max = n })
		case s.accept("holds"):
			n := int64(s.number("how many contacts wait"))
			change = append(change, func(q *queue) { q.others = n })
		case s.accept("oldest"):
			d := s.duration()
			change = append(change, func(q *queue) { q.oldest = d })
		case s.accept("full"):
			change = append(change, func(q *queue) { q.max = q.others })
		case s.accept("disabled"):
			change = append(change, func(q *queue) { q.disabled = true })
		default:
			s.fail("a queue has: is REF, hours NAME, capacity N, holds N, oldest SPAN, full, disabled; not %q", s.rest())
		}
	}
	return func(s *session) error {
		q := s.in.queue(name)
		s.in.call(ref, name)
		q.missing = false
		for _, f := range change {
			f(q)
		}
		return nil
	}
}

// call gives a resource, by its id or ARN, the name that a scenario uses for it.
func (in *Instance) call(ref, name string) {
	if ref != "" {
		in.names[ref] = name
	}
}

// readHours: hours NAME [is REF] open|closed [by OVERRIDE].
func readHours(s *scanner) action {
	name, ref := s.name("the name of the hours"), ""
	if s.accept("is") {
		ref = s.name("the id or ARN of the hours")
	}
	h := hours{opening: machine.Opening{Open: s.accept("open")}}
	if !h.opening.Open {
		s.expect("closed")
	}
	if s.accept("by") {
		h.opening.Override = s.name("the name of the override")
	}
	return func(s *session) error {
		s.in.call(ref, name)
		s.in.hours[name] = &h
		return nil
	}
}

// readView: view NAME [is REF] [actions NAME ...].
func readView(s *scanner) action {
	name, ref := s.name("the name of the view"), ""
	if s.accept("is") {
		ref = s.name("the id or ARN of the view")
	}
	v := view{}
	if s.accept("actions") {
		for !s.over() {
			v.actions = append(v.actions, s.name("an action"))
		}
	}
	return func(s *session) error {
		s.in.call(ref, name)
		s.in.views[name] = &v
		return nil
	}
}

// readNo: no queue|hours|view NAME.
func readNo(s *scanner) action {
	kind := s.name("what there is not")
	name := s.name("its name")
	switch kind {
	case "queue":
		return func(s *session) error { s.in.queue(name).missing = true; return nil }
	case "hours":
		return func(s *session) error { s.in.hours[name] = &hours{missing: true}; return nil }
	case "view":
		return func(s *session) error { s.in.views[name] = &view{missing: true}; return nil }
	}
	s.fail("want no queue, no hours or no view, not no %s", kind)
	return nil
}

// readStrict: strict.
func readStrict(*scanner) action {
	return func(s *session) error { s.in.Strict = true; return nil }
}

// readClock: clock 2026-03-01 12:00.
func readClock(s *scanner) action {
	date, clock := s.name("the date"), s.name("the time")
	at, err := time.Parse("2006-01-02 15:04", date+" "+clock)
	if s.err == nil && err != nil {
		s.fail("the clock is set as in: clock 2026-03-01 12:00; it is UTC")
	}
	return func(s *session) error {
		if s.begun {
			return errors.New("the clock can only be set before the chat begins; later: advance")
		}
		s.chat.Now, s.chat.began = at, at
		return nil
	}
}

// readChance: chance N: another way for chance to fall than the usual one, which is 1.
func readChance(s *scanner) action {
	seed := uint64(s.number("the number of the way"))
	return before(func(s *session) { s.chat.chance(seed) })
}

// readEarlier: earlier contact ID: one that a flow may continue.
func readEarlier(s *scanner) action {
	s.expect("contact")
	id := center.ContactID(s.name("the id of the contact"))
	return func(s *session) error { s.in.past = append(s.in.past, id); return nil }
}

// readInitial: initial message TEXT.
func readInitial(s *scanner) action {
	s.expect("message")
	text := s.texted("the message")
	return before(func(s *session) {
		s.opening.Initial = &contact.Message{ContentType: center.PlainText, Content: text}
	})
}

// before makes an action that has to come before the chat begins.
func before(do func(*session)) action {
	return func(s *session) error {
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
	return before(func(s *session) { s.opening.ContentTypes = list })
}

// readDuration: duration SPAN: ChatDurationInMinutes.
func readDuration(s *scanner) action {
	d := s.duration()
	return before(func(s *session) { s.opening.Minutes = int(d / time.Minute) })
}
