package flowtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parley/internal/center"
	"parley/internal/contact"
	"parley/internal/flow"
	"parley/internal/integration"
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

// flowType reads a type of flow, as CreateContactFlow or as the designer spells it.
func flowType(s *scanner) string {
	typ := s.name("the type of the flow")
	for designer, api := range types {
		if typ == designer || typ == api {
			return api
		}
	}
	s.fail("there is no type of flow %q; there are %s", typ, strings.Join(slices.Sorted(maps.Values(types)), ", "))
	return ""
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

// readQueue: queue NAME [is REF] [capacity N] [holds N [oldest SPAN]] [full] [disabled].
func readQueue(s *scanner) action {
	name, ref := s.name("the name of the queue"), ""
	var change []func(*queue)
	for !s.over() {
		switch {
		case s.accept("is"):
			ref = s.name("the id or ARN of the queue")
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
			s.fail("a queue has: is REF, capacity N, holds N, oldest SPAN, full, disabled; not %q", s.rest())
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
	h := hours{opening: flow.Opening{Open: s.accept("open")}}
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

// readLambda: lambda NAME returns JSON|fails [TEXT]|times out [after SPAN].
func readLambda(s *scanner) action {
	f := function{name: s.name("the name of the function")}
	switch {
	case s.accept("returns"):
		f.answer = s.json("the answer")
	case s.accept("fails"):
		f.failure = failure(s, "the function failed")
	case s.accept("times", "out"):
		f.timeout = true
	default:
		s.fail("a function returns {...}, fails, or times out; not %q", s.rest())
	}
	f.reply.delay(s)
	return func(s *session) error {
		s.chat.stubs.functions = append(s.chat.stubs.functions, f)
		return nil
	}
}

func failure(s *scanner, otherwise string) string {
	if w := s.peek(); w != "" && w[0] == '"' {
		return s.quoted()
	}
	return otherwise
}

// delay reads how long an answer takes.
func (r *reply) delay(s *scanner) {
	if s.accept("after") {
		r.after = s.duration()
	}
}

// readBot: bot NAME [on PATTERN] says TEXT ...|ends with INTENT ...|answers JSON|fails [TEXT]|times out [after SPAN].
func readBot(s *scanner) action {
	b := bot{name: s.name("the name of the bot"), hears: pattern{any: true}}
	if s.accept("on") {
		b.hears = s.pattern()
	}
	switch {
	case s.accept("says"):
		b.answer = encodeAnswer(plainAnswer(texts(s)))
	case s.accept("ends", "with"):
		b.answer = botEnd(s)
	case s.accept("answers"):
		raw := s.json("the answer")
		if s.err != nil {
			return nil
		}
		a, err := integration.ReadAnswer(raw)
		if err != nil {
			s.fail("the bot %v", err)
			return nil
		}
		b.answer = encodeAnswer(a)
	case s.accept("fails"):
		b.failure = failure(s, "the bot failed")
	case s.accept("times", "out"):
		b.timeout = true
	default:
		s.fail("a bot says \"...\", ends with INTENT, answers {...}, fails, or times out; not %q", s.rest())
	}
	b.reply.delay(s)
	return func(s *session) error {
		s.chat.stubs.bots = append(s.chat.stubs.bots, b)
		return nil
	}
}

func texts(s *scanner) []string {
	all := []string{s.texted("what the bot says")}
	for w := s.peek(); w != "" && w[0] == '"'; w = s.peek() {
		all = append(all, s.quoted())
	}
	return all
}

// botEnd: INTENT [failed|ready] [slots JSON] [attributes JSON] [says TEXT ...].
func botEnd(s *scanner) json.RawMessage {
	intent, state := s.name("the intent"), "Fulfilled"
	var slots map[string]any
	var attributes map[string]string
	var says []string
	for {
		switch {
		case s.accept("failed"):
			state = "Failed"
		case s.accept("ready"):
			state = "ReadyForFulfillment"
		case s.accept("slots"):
			slots = s.object("slots")
		case s.accept("attributes"):
			raw := s.json("attributes")
			if s.err == nil && json.Unmarshal(raw, &attributes) != nil {
				s.fail("attributes are texts by name, not %s", raw)
			}
		case s.accept("says"):
			says = texts(s)
		default:
			return encodeAnswer(lastAnswer(intent, state, slots, attributes, says))
		}
	}
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

// stage returns the flow to start so that a document runs: itself, or for one
// that only runs beside others, a flow that leads to it.
func stage(in *Instance, d *Document) (*Document, error) {
	var actions string
	switch d.Type {
	case "CUSTOMER_QUEUE":
		actions = hook("CustomerQueue", d.ID) + toQueue
	case "AGENT_WHISPER":
		actions = hook("AgentWhisper", d.ID) + toQueue
	case "CUSTOMER_WHISPER":
		actions = hook("CustomerWhisper", d.ID) + toQueue
	case typeModule:
		actions = fmt.Sprintf(`{"Identifier":"Start","Type":"InvokeFlowModule","Parameters":{"FlowModuleId":%s},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`, jsonText(string(d.ID)))
	default:
		return d, nil
	}
	content := `{"Version":"2019-10-30","StartAction":"Start","Metadata":{"name":"Stage"},"Actions":[` + actions + `]}`
	around, err := NewDocument("stage", []byte(content), "stage of "+string(d.ID), "CONTACT_FLOW")
	if err != nil {
		return nil, err
	}
	around.staged = true
	in.Add(around)
	return around, nil
}

// StageQueue is the queue in which the flows wait that only run beside others.
const StageQueue = "Queue"

func hook(key string, id center.FlowID) string {
	return fmt.Sprintf(`{"Identifier":"Start","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{%q:%s}},"Transitions":{"NextAction":"Queue","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},`, key, jsonText(string(id)))
}

const toQueue = `{"Identifier":"Queue","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"` + StageQueue + `"},"Transitions":{"NextAction":"Transfer","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"Transfer","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"QueueAtCapacity"},{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
