package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowtest/wording"
)

// Call is one call of a function or a bot.
type Call struct {
	Name  string // as people call it
	Names []string
	Bot   bool
	Text  string         // what a bot was sent
	Event map[string]any // what a function was called with: the Lambda event; of a bot, its session attributes
}

// effect is an effect under way.
type effect struct {
	id    string
	due   time.Time
	reply Reply
	name  string
}

// settle runs everything that happens without time passing.
func (c *Chat) settle() error {
	for n := 0; ; n++ {
		i := c.first()
		if i < 0 || c.effects[i].due.After(c.Now) {
			return nil
		}
		if n == maxReplies {
			return fmt.Errorf("the flow has asked functions and bots %d times without time passing: it goes round in a circle", n)
		}
		if err := c.answer(i); err != nil {
			return err
		}
	}
}

// first returns the index of the effect that is due first; -1 for none.
func (c *Chat) first() int {
	if len(c.effects) == 0 {
		return -1
	}
	first := 0
	for i := range c.effects {
		if c.effects[i].due.Before(c.effects[first].due) {
			first = i
		}
	}
	return first
}

// answer brings the outcome of an effect.
func (c *Chat) answer(i int) error {
	s := c.effects[i]
	c.effects = slices.Delete(c.effects, i, i+1)
	done := contact.EffectDone{ID: s.id, Answer: s.reply.Answer}
	switch {
	case s.reply.Timeout:
		done.Answer, done.Err = nil, "the time limit was reached"
	case s.reply.Failure != "":
		done.Answer, done.Err = nil, s.reply.Failure
	}
	if s.name != "" {
		message := s.name + " answers " + string(done.Answer)
		if done.Err != "" {
			message = s.name + " fails: " + done.Err
		}
		c.add(Entry{Type: EntryAnswer, Text: message})
	}
	_, err := c.decide(done)
	return err
}

// start begins an effect: stubs decide what comes of it, and when.
func (c *Chat) start(e *machine.Effect, event json.RawMessage) {
	s := effect{id: e.ID, due: c.Now}
	stubbed := true
	switch e.Kind {
	case machine.EffectInvoke, machine.EffectProcess:
		s.name = functionName(e.Invoke.Function)
		call := Call{Name: s.name, Names: functionNames(c.in, e.Invoke.Function), Event: object(event)}
		c.calls = append(c.calls, call)
		message, example := "calls the function "+s.name, "{}"
		if len(e.Invoke.Parameters) > 0 {
			message += " with " + wording.JSON(e.Invoke.Parameters)
		}
		if e.Kind == machine.EffectProcess {
			content, _ := call.Event["chatContent"].(map[string]any)
			message, example = "has the function "+s.name+" process "+wording.JSON(content["content"]), `{"status": "APPROVED"}`
		}
		c.add(Entry{Type: EntryCall, Text: message})
		if s.reply, stubbed = c.in.reply(e); !stubbed {
			c.missing("the function %s is called; say what it does, as in: lambda %s returns %s", s.name, s.name, example)
		}
	case machine.EffectAsk:
		s.name = botName(c.in, e.Ask)
		attributes := map[string]any{}
		for k, v := range e.Ask.Attributes {
			attributes[k] = v
		}
		c.calls = append(c.calls, Call{Name: s.name, Names: botNames(c.in, e.Ask), Bot: true, Text: e.Ask.Text, Event: attributes})
		c.add(Entry{Type: EntryCall, Text: fmt.Sprintf("asks the bot %s: %s", s.name, e.Ask.Text)})
		if s.reply, stubbed = c.in.reply(e); !stubbed {
			c.missing("the flow asks the bot %s %q; say what it answers, as in: bot %s says \"Hello\"", s.name, e.Ask.Text, s.name)
		}
	case machine.EffectUpdate:
		c.Note("the flow changes the related contact %s", e.Update.Contact)
	case machine.EffectContinue:
		s.reply = c.in.continued(e.Continue.Source)
	}
	if !stubbed {
		s.reply.Failure = "there is no stub"
	}
	s.due = c.Now.Add(s.reply.After)
	if s.reply.Timeout {
		s.due = c.Now.Add(e.Limit())
	}
	c.effects = append(c.effects, s)
}

// missing keeps the first call for which there is no stub.
func (c *Chat) missing(format string, args ...any) {
	if c.lack == nil {
		c.lack = fmt.Errorf(format, args...)
	}
}

func object(raw json.RawMessage) map[string]any {
	v := map[string]any{}
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return v
}

// Due returns when something happens by itself next; zero for never.
func (c *Chat) Due() time.Time {
	var due time.Time
	if c.state != nil && !c.state.Ended {
		due = c.state.Due(&c.tail)
	}
	if i := c.first(); i >= 0 && (due.IsZero() || c.effects[i].due.Before(due)) {
		due = c.effects[i].due
	}
	return due
}

// Advance lets time pass, and runs everything that falls due.
func (c *Chat) Advance(d time.Duration) error {
	until := c.Now.Add(d)
	for range maxTicks {
		due := c.Due()
		if due.IsZero() || due.After(until) {
			c.Now = until
			return nil
		}
		if due.After(c.Now) {
			c.Now = due
		}
		if err := c.settle(); err != nil {
			return err
		}
		if c.state == nil || c.state.Ended {
			continue
		}
		if due := c.state.Due(&c.tail); !due.IsZero() && !due.After(c.Now) {
			if _, err := c.Do(contact.Tick{}); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("more than %d timers fall due within %s", maxTicks, d)
}

// Restart drops everything that is not in the chat's stored state, as a
// server does that is stopped and started again.
func (c *Chat) Restart() error {
	if c.state == nil {
		return nil
	}
	state, err := contact.DecodeChat(c.state.Encode())
	if err != nil {
		return err
	}
	c.state, c.effects = state, nil
	for i := range state.Effects { // at least once, under the same id
		c.start(&state.Effects[i].Effect, state.Effects[i].Event)
	}
	return c.settle()
}
