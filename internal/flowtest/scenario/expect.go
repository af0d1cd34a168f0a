package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flowtest/simulator"
	"parley.example/parley/internal/flowtest/wording"
)

// readExpect: expect WHAT.
func readExpect(s *scanner) action {
	what := s.name("what is expected")
	read := expectations[what]
	if what == "no" {
		not := s.name("what is not expected")
		what, read = "no "+not, absences[not]
	}
	if read == nil {
		if s.err == nil {
			s.fail("%q cannot be expected; there are %s, and no %s", what,
				strings.Join(slices.Sorted(maps.Keys(expectations)), ", "), strings.Join(slices.Sorted(maps.Keys(absences)), ", no "))
		}
		return nil
	}
	check := read(s)
	return func(s *Session) error {
		if err := s.Begin(); err != nil {
			return err
		}
		return check(s)
	}
}

// expectations read what follows "expect", absences what follows "expect no".
var (
	expectations = map[string]func(*scanner) action{
		"message": expectMessage, "interactive": expectInteractive, "view": expectView, "event": expectEvent,
		"queue": expectQueue, "position": expectPosition, "attribute": expectAttribute, "flow": expectFlow,
		"tag": expectTag, "language": expectLanguage, "priority": expectPriority, "lambda": expectLambda, "bot": expectBot,
		"action": expectAction, "waiting": expectWaiting, "end": expectEnd, "open": expectOpen, "segments": expectSegments,
	}
	absences = map[string]func(*scanner) action{
		"message": expectNoMessage, "queue": expectNoQueue, "attribute": expectNoAttribute, "lambda": expectNoLambda,
		"action": expectNoAction, "tag": expectNoTag, "flow": expectNoFlow,
	}
)

// messageTo reports whether an item is a message that a role receives.
func messageTo(it *center.Item, to center.Role) bool {
	return it.Type != center.TypeEvent && it.Type != "" && it.Role != to && it.Visibility.To(to)
}

// next returns the next message that a role has received and that was not expected yet.
func (s *Session) next(to center.Role) *center.Item {
	for story := s.Chat.Story(); s.messages < len(story); s.messages++ {
		h := &story[s.messages]
		if h.Type == simulator.EntryItem && messageTo(&h.Item, to) {
			s.messages++
			return &h.Item
		}
	}
	return nil
}

// receiver reads to whom a message is: the customer, unless the agent is named.
func receiver(s *scanner) center.Role {
	if s.accept("to", "agent") {
		return center.RoleAgent
	}
	s.accept("to", "customer")
	return center.RoleCustomer
}

// expectMessage: expect message PATTERN [from NAME] [to agent].
func expectMessage(s *scanner) action {
	want, from := s.pattern(), ""
	if s.accept("from") {
		from = s.name("who said it")
	}
	to := receiver(s)
	return func(s *Session) error {
		it := s.next(to)
		switch {
		case it == nil:
			return fmt.Errorf("nobody said anything more to the %s; want %s", strings.ToLower(string(to)), want)
		case !want.matches(it.Content):
			return fmt.Errorf("%s said %q; want %s", wording.Speaker(it), wording.Clip(it.Content, 300), want)
		case from != "" && !strings.EqualFold(from, wording.Speaker(it)):
			return fmt.Errorf("%s said %q; want %s to have said it", wording.Speaker(it), wording.Clip(it.Content, 300), from)
		}
		return nil
	}
}

// expectNoMessage: expect no message [to agent].
func expectNoMessage(s *scanner) action {
	to := receiver(s)
	return func(s *Session) error {
		if it := s.next(to); it != nil {
			return fmt.Errorf("%s said %q; want nothing more to be said", wording.Speaker(it), wording.Clip(it.Content, 300))
		}
		return nil
	}
}

// expectInteractive: expect interactive JSON|PATTERN.
func expectInteractive(s *scanner) action {
	var want any
	var text pattern
	if w := s.peek(); strings.HasPrefix(w, "{") {
		want = s.object("the message")
	} else {
		text = s.pattern()
	}
	return func(s *Session) error {
		it := s.next(center.RoleCustomer)
		switch {
		case it == nil:
			return fmt.Errorf("nobody said anything more; want an interactive message")
		case it.ContentType != center.Interactive:
			return fmt.Errorf("%s said %q; want an interactive message", wording.Speaker(it), wording.Clip(it.Content, 300))
		case want != nil:
			if d := covers(decoded(it.Content), want, "message"); d != "" {
				return fmt.Errorf("in the interactive message %s", d)
			}
		case !text.matches(it.Content):
			return fmt.Errorf("the interactive message is %s; want %s", wording.Clip(it.Content, 300), text)
		}
		return nil
	}
}

// expectView: expect view NAME [with JSON].
func expectView(s *scanner) action {
	name := s.name("the name of the view")
	var with any
	if s.accept("with") {
		with = s.object("the view's data")
	}
	return func(s *Session) error {
		it := s.next(center.RoleCustomer)
		if it == nil {
			return fmt.Errorf("nothing was shown; want the view %s", name)
		}
		shown := wording.View(it.Content)
		if shown == "" {
			return fmt.Errorf("%s said %q; want the view %s", wording.Speaker(it), wording.Clip(it.Content, 300), name)
		}
		if shown != name && !slices.Contains(s.Instance.Aliases(shown), name) && !slices.Contains(s.Instance.Aliases(name), shown) {
			return fmt.Errorf("the view %s was shown; want %s", shown, name)
		}
		var m struct {
			Data struct{ Content struct{ ViewData any } }
		}
		if with == nil {
			return nil
		}
		if err := json.Unmarshal([]byte(it.Content), &m); err != nil {
			return err
		}
		if d := covers(m.Data.Content.ViewData, with, "viewData"); d != "" {
			return fmt.Errorf("of the view, %s", d)
		}
		return nil
	}
}

// expectEvent: expect event NAME: the last part of its content type.
func expectEvent(s *scanner) action {
	name := s.name("the event")
	return func(s *Session) error {
		var seen []string
		for story := s.Chat.Story(); s.events < len(story); s.events++ {
			h := &story[s.events]
			if h.Type != simulator.EntryItem || h.Item.Type != center.TypeEvent {
				continue
			}
			event := wording.Event(&h.Item)
			if event == name || strings.HasSuffix(event, "."+name) {
				s.events++
				return nil
			}
			seen = append(seen, event)
		}
		return fmt.Errorf("the event %s did not come; there came %s", name, wording.Listed(seen))
	}
}

// expectLambda: expect lambda NAME [with JSON]: it was called, with these parameters.
func expectLambda(s *scanner) action {
	name := s.name("the name of the function")
	var with any
	if s.accept("with") {
		with = s.object("the parameters")
	}
	return func(s *Session) error {
		call, others := s.called(name, false)
		if call == nil {
			return fmt.Errorf("the function %s was not called; called were %s", name, wording.Listed(others))
		}
		if with == nil {
			return nil
		}
		details, _ := call.Event["Details"].(map[string]any)
		if d := covers(details["Parameters"], with, "Parameters"); d != "" {
			return fmt.Errorf("in the call of %s, %s", name, d)
		}
		return nil
	}
}

// called returns the first call of a function or a bot that was not expected
// yet, and takes it as expected. others are the names of the rest.
func (s *Session) called(name string, bot bool) (call *simulator.Call, others []string) {
	calls := s.Chat.Calls()
	for i := range calls {
		call := &calls[i]
		if call.Bot != bot {
			continue
		}
		if !s.calls[i] && slices.Contains(call.Names, name) {
			s.calls[i] = true
			return call, nil
		}
		others = append(others, call.Name)
	}
	return nil, others
}

// expectNoLambda: expect no lambda [NAME]: no call that was not expected yet.
func expectNoLambda(s *scanner) action {
	name := ""
	if !s.over() {
		name = s.name("the name of the function")
	}
	return func(s *Session) error {
		for i, call := range s.Chat.Calls() {
			if !call.Bot && !s.calls[i] && (name == "" || slices.Contains(call.Names, name)) {
				return fmt.Errorf("the function %s was called", call.Name)
			}
		}
		return nil
	}
}

// expectBot: expect bot NAME hears PATTERN.
func expectBot(s *scanner) action {
	name := s.name("the name of the bot")
	s.expect("hears")
	want := s.pattern()
	return func(s *Session) error {
		call, others := s.called(name, true)
		switch {
		case call == nil:
			return fmt.Errorf("the bot %s was not asked; asked were %s", name, wording.Listed(others))
		case !want.matches(call.Text):
			return fmt.Errorf("the bot %s was asked %q; want %s", name, wording.Clip(call.Text, 300), want)
		}
		return nil
	}
}
