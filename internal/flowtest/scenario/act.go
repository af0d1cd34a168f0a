package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowtest/wording"
)

// readAttribute: attribute NAME = VALUE. Before the chat begins it is one of
// StartChatContact, later one of UpdateContactAttributes.
func readAttribute(s *scanner) action {
	name := s.name("the name of the attribute")
	s.expect("=")
	value := s.name("the value of the attribute")
	return func(s *Session) error {
		if s.begun {
			_, err := s.Chat.Do(contact.SetAttributes{Attributes: map[string]string{name: value}})
			return err
		}
		if s.opening.Attributes == nil {
			s.opening.Attributes = map[string]string{}
		}
		s.opening.Attributes[name] = value
		return nil
	}
}

// readStart: start [FLOW].
func readStart(s *scanner) action {
	name := ""
	if !s.over() {
		name = s.name("the flow")
	}
	return func(s *Session) error {
		if s.begun {
			return errors.New("the chat has begun already")
		}
		if name != "" && s.Instance.Document(name, false) == nil {
			return fmt.Errorf("there is no flow %s", name)
		}
		s.opening.flow = name
		return s.Begin()
	}
}

// readCustomer: customer is|says|sends|picks|chooses|types|leaves|signs in|….
func readCustomer(s *scanner) action {
	switch {
	case s.accept("is"):
		name := s.name("the customer's name")
		return before(func(s *Session) { s.opening.DisplayName = name })
	case s.accept("says"):
		return say(center.PlainText, s.texted("what the customer says"))
	case s.accept("sends"):
		if s.accept("markdown") {
			return say(center.Markdown, s.texted("what the customer sends"))
		}
		return say(center.JSON, string(s.json("what the customer sends")))
	case s.accept("picks"):
		return pick(s.texted("what the customer picks"))
	case s.accept("chooses"):
		return readChoice(s)
	case s.accept("types"):
		return func(s *Session) error {
			if err := s.act(); err != nil {
				return err
			}
			_, err := s.Chat.Do(contact.Signal{Participant: s.customer(), ContentType: center.EventTyping})
			return err
		}
	case s.accept("leaves"):
		return func(s *Session) error {
			if err := s.act(); err != nil {
				return err
			}
			_, err := s.Chat.Do(contact.Disconnect{Participant: s.customer()})
			return err
		}
	}
	return readSignIn(s)
}

// readSignIn: customer signs in [as ID] [by PROVIDER]|fails to sign in [TEXT]|declines to sign in.
func readSignIn(s *scanner) action {
	in := contact.SignedIn{}
	switch {
	case s.accept("signs", "in"):
		in.SignIn.Method, in.SignIn.Provider = "CONNECT", "COGNITO"
		if s.accept("as") {
			in.SignIn.CustomerID = s.name("the customer's id")
		}
		if s.accept("by") {
			in.SignIn.Provider = s.name("the identity provider")
		}
	case s.accept("fails", "to", "sign", "in"):
		in.SignIn.Err = failure(s, "access_denied")
	case s.accept("declines", "to", "sign", "in"):
		return signIn(func(s *Session, session string) contact.Command {
			return contact.CancelSignIn{Participant: s.customer(), Session: session}
		})
	default:
		s.fail("a customer is NAME, says, sends, picks, chooses, types, leaves, signs in, fails to sign in or declines to sign in; not %q", s.rest())
	}
	return signIn(func(_ *Session, session string) contact.Command {
		in.Session = session
		return in
	})
}

// signIn is what becomes of an authentication that the flow waits for.
func signIn(command func(s *Session, session string) contact.Command) action {
	return func(s *Session) error {
		if err := s.act(); err != nil {
			return err
		}
		run := s.Chat.State().Run
		if run == nil || run.Wait.Kind != machine.WaitAuth {
			return fmt.Errorf("the flow does not wait for the customer to sign in%s", s.standing())
		}
		_, err := s.Chat.Do(command(s, run.Wait.Session))
		return err
	}
}

// readAgent: agent NAME joins|says TEXT|leaves.
func readAgent(s *scanner) action {
	name := s.name("the agent's name")
	if s.accept("joins") {
		user := strings.ToLower(strings.Join(strings.Fields(name), "."))
		first, last, _ := strings.Cut(name, " ")
		return func(s *Session) error {
			if err := s.act(); err != nil {
				return err
			}
			if s.queue() == "" {
				return fmt.Errorf("the contact does not wait in a queue%s", s.standing())
			}
			_, err := s.Chat.Do(contact.Join{
				User: center.UserID(user), DisplayName: name, UserName: user, FirstName: first, LastName: last,
			})
			return err
		}
	}
	return s.saysOrLeaves(center.RoleAgent, name, "an agent")
}

func (s *Session) customer() center.ParticipantID { return s.Chat.State().Customer().ID }

// say is a message of the customer.
func say(contentType, text string) action {
	return func(s *Session) error {
		if err := s.act(); err != nil {
			return err
		}
		_, err := s.Chat.Do(contact.Send{Participant: s.customer(), ContentType: contentType, Content: text})
		return err
	}
}

// pick is the choice of an element of the latest interactive message, as a
// customer's client sends it: the element's title, as text.
func pick(title string) action {
	return func(s *Session) error {
		if err := s.Begin(); err != nil {
			return err
		}
		message := s.lastInteractive()
		if message == nil {
			return errors.New("there is no interactive message to pick from")
		}
		if titles := elements(message.Content); !slices.Contains(titles, title) {
			return fmt.Errorf("the message offers %s", strings.Join(quoted(titles), ", "))
		}
		return say(center.PlainText, title)(s)
	}
}

// lastInteractive returns the latest interactive message to the customer, or nil.
func (s *Session) lastInteractive() *center.Item {
	story := s.Chat.Story()
	for i := range slices.Backward(story) {
		if it := &story[i].Item; it.ContentType == center.Interactive && it.Visibility.To(center.RoleCustomer) {
			return it
		}
	}
	return nil
}

// elements returns the titles that an interactive message offers.
func elements(content string) []string {
	var titles []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			list, _ := v["elements"].([]any)
			for _, e := range list {
				if element, ok := e.(map[string]any); ok {
					if title, ok := element["title"].(string); ok {
						titles = append(titles, title)
					}
				}
			}
			slots, _ := v["timeslots"].([]any)
			for _, e := range slots {
				if slot, ok := e.(map[string]any); ok {
					if date, ok := slot["date"].(string); ok {
						titles = append(titles, date)
					}
				}
			}
			walk(v["data"])
			walk(v["content"])
		}
	}
	walk(decoded(content))
	return titles
}

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return out
}

// readChoice: customer chooses ACTION [JSON]: the response to a view.
func readChoice(s *scanner) action {
	choice, data := s.name("the view's action"), json.RawMessage("{}")
	if !s.over() {
		data = s.json("the data of the response")
	}
	raw, err := json.Marshal(map[string]any{"action": choice, "data": data, "templateType": "ViewResource", "version": "1.0"})
	if err != nil {
		s.fail("%v", err)
	}
	return func(s *Session) error {
		if err := s.Begin(); err != nil {
			return err
		}
		if m := s.lastInteractive(); m == nil || wording.View(m.Content) == "" {
			return errors.New("no view is shown to choose from")
		}
		return say(center.InteractiveResponse, string(raw))(s)
	}
}

// readParticipant: participant NAME joins|says TEXT|leaves: a custom participant.
func readParticipant(s *scanner) action {
	name := s.name("the name of the participant")
	if s.accept("joins") {
		return func(s *Session) error {
			if err := s.act(); err != nil {
				return err
			}
			reply, err := s.Chat.Do(contact.AddParticipant{DisplayName: name})
			if err != nil {
				return err
			}
			_, err = s.Chat.Do(contact.Connect{Participant: reply.Participant})
			return err
		}
	}
	return s.saysOrLeaves(center.RoleCustomBot, name, "a participant")
}

// saysOrLeaves reads what somebody does who is in the chat: says TEXT, or
// leaves. Refusals name him as what.
func (s *scanner) saysOrLeaves(role center.Role, name, what string) action {
	var command func(center.ParticipantID) contact.Command
	switch {
	case s.accept("says"):
		text := s.texted("what " + what + " says")
		command = func(id center.ParticipantID) contact.Command {
			return contact.Send{Participant: id, ContentType: center.PlainText, Content: text}
		}
	case s.accept("leaves"):
		command = func(id center.ParticipantID) contact.Command { return contact.Disconnect{Participant: id} }
	default:
		s.fail("%s joins, says or leaves; not %q", what, s.rest())
		return nil
	}
	return func(s *Session) error {
		if err := s.act(); err != nil {
			return err
		}
		for _, p := range s.Chat.State().Participants {
			if p.Role == role && p.DisplayName == name && p.Left.IsZero() {
				_, err := s.Chat.Do(command(p.ID))
				return err
			}
		}
		return fmt.Errorf("%s is not in the chat", name)
	}
}

// readAdvance: advance SPAN, or advance to the next timer.
func readAdvance(s *scanner) action {
	if s.accept("to", "the", "next", "timer") {
		return func(s *Session) error {
			if err := s.act(); err != nil {
				return err
			}
			due := s.Chat.Due()
			if due.IsZero() {
				return errors.New("nothing is due any more")
			}
			return s.Chat.Advance(max(0, due.Sub(s.Chat.Now)))
		}
	}
	d := s.duration()
	return func(s *Session) error {
		if err := s.act(); err != nil {
			return err
		}
		return s.Chat.Advance(d)
	}
}

// readRestart: restart: the server stops and starts again.
func readRestart(*scanner) action {
	return func(s *Session) error {
		if err := s.Begin(); err != nil {
			return err
		}
		return s.Chat.Restart()
	}
}

// readStop: stop: StopContact.
func readStop(*scanner) action {
	return func(s *Session) error {
		if err := s.act(); err != nil {
			return err
		}
		_, err := s.Chat.Do(contact.Stop{})
		return err
	}
}
