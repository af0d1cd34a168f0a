package flowtest

import (
	"encoding/json"

	"parley.example/parley/internal/integration"
)

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
		s.in.stubs.functions = append(s.in.stubs.functions, f)
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
		s.in.stubs.bots = append(s.in.stubs.bots, b)
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
