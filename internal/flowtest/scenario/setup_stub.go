package scenario

import (
	"encoding/json"
	"time"

	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowtest/simulator"
	"parley.example/parley/internal/integration"
)

// readLambda: lambda NAME returns JSON|fails [TEXT]|times out [after SPAN].
func readLambda(s *scanner) action {
	f := simulator.Function{Name: s.name("the name of the function")}
	switch {
	case s.accept("returns"):
		f.Answer = s.json("the answer")
	case s.accept("fails"):
		f.Failure = failure(s, "the function failed")
	case s.accept("times", "out"):
		f.Timeout = true
	default:
		s.fail("a function returns {...}, fails, or times out; not %q", s.rest())
	}
	f.After = delay(s)
	return func(s *Session) error {
		s.Instance.Functions = append(s.Instance.Functions, f)
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
func delay(s *scanner) time.Duration {
	if s.accept("after") {
		return s.duration()
	}
	return 0
}

// readBot: bot NAME [on PATTERN] says TEXT ...|ends with INTENT ...|answers JSON|fails [TEXT]|times out [after SPAN].
func readBot(s *scanner) action {
	b := simulator.Bot{Name: s.name("the name of the bot")}
	if s.accept("on") {
		b.Matches = s.pattern().matches
	}
	switch {
	case s.accept("says"):
		b.Reply = simulator.ReplyOf(simulator.Says(texts(s)...))
	case s.accept("ends", "with"):
		b.Reply = simulator.ReplyOf(botEnd(s))
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
		b.Reply = simulator.ReplyOf(a)
	case s.accept("fails"):
		b.Failure = failure(s, "the bot failed")
	case s.accept("times", "out"):
		b.Timeout = true
	default:
		s.fail("a bot says \"...\", ends with INTENT, answers {...}, fails, or times out; not %q", s.rest())
	}
	b.After = delay(s)
	return func(s *Session) error {
		s.Instance.Bots = append(s.Instance.Bots, b)
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
func botEnd(s *scanner) machine.Answer {
	a := simulator.EndsWith(s.name("the intent"), "Fulfilled")
	for {
		switch {
		case s.accept("failed"):
			a.State = "Failed"
		case s.accept("ready"):
			a.State = "ReadyForFulfillment"
		case s.accept("slots"):
			a.Slots = s.object("slots")
		case s.accept("attributes"):
			raw := s.json("attributes")
			if s.err == nil && json.Unmarshal(raw, &a.SessionAttributes) != nil {
				s.fail("attributes are texts by name, not %s", raw)
			}
		case s.accept("says"):
			a.Messages = simulator.Says(texts(s)...).Messages
		default:
			return a
		}
	}
}
