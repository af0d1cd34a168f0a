package contact

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

const aiAgent = center.AIAgentID("11111111-2222-4333-8444-555555555555:3")

// startAssistant begins a chat with an AI agent, in an instance without any flows,
// and connects its customer.
func startAssistant(t *testing.T, s Start) (*chatTest, center.ParticipantID) {
	t.Helper()
	s.AIAgent = aiAgent
	s.ContentTypes = []string{center.PlainText, center.Interactive, center.InteractiveResponse}
	return startConnected(t, testCatalog{}, s)
}

// goesOn is an answer after which the agent waits for the customer.
func goesOn(texts ...string) machine.Answer {
	return machine.Answer{Messages: botSays(texts...), DialogAction: "ElicitIntent", Session: json.RawMessage(`{"turn":"` + texts[0] + `"}`)}
}

func TestTalkingToAnAIAgent(t *testing.T) {
	p, ana := startAssistant(t, Start{Attributes: map[string]string{"tier": "gold"}})
	if c := p.chat.Latest; c.AIAgent != aiAgent || c.Flow != "" || c.ConnectedSystem.IsZero() {
		t.Errorf("the contact is %+v; want the agent's, without a flow", c)
	}
	p.refuse(center.Conflict, AddParticipant{DisplayName: "Robo"})
	p.do(typed(ana, "flowers"))
	ask := p.ask()
	if ask.Agent != aiAgent || ask.Alias != "" || ask.Name != "" || ask.Text != "flowers" || ask.Session != string(p.chat.ID) || ask.Locale != "en_US" ||
		ask.Attributes["tier"] != "gold" || ask.State != nil || ask.TimeLimit != 30*time.Second {
		t.Errorf("the agent is asked %+v", ask)
	}
	const picker = `{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"Which?","elements":[{"title":"Roses"}]}}}`
	which := goesOn("Of course.")
	which.Messages = append(which.Messages, machine.BotMessage{ContentType: center.Interactive, Content: picker})
	p.answer(which)
	p.do(typed(ana, "Roses"))
	p.do(typed(ana, "ten of them")) // while the agent thinks
	if ask := p.ask(); ask.Text != "Roses" || string(ask.State) != `{"turn":"Of course."}` || ask.Attributes != nil {
		t.Errorf("then the agent is asked %+v", ask)
	}
	p.answer(goesOn("Roses it is."))
	if ask := p.ask(); ask.Text != "ten of them" {
		t.Errorf("then the agent is asked %+v; want what was said meanwhile", ask)
	}
	p.answer(machine.Answer{Messages: botSays("Ten roses. Goodbye!"), Intent: "Order", State: "Fulfilled", DialogAction: "Close"})
	p.wantScript("CUSTOMER joined", "CUSTOMER: flowers", "SYSTEM: Of course.", "SYSTEM: "+picker, "CUSTOMER: Roses", "CUSTOMER: ten of them",
		"SYSTEM: Roses it is.", "SYSTEM: Ten roses. Goodbye!", "CUSTOMER left", "ended")
	if it := p.items[3]; it.ContentType != center.Interactive || it.DisplayName != center.DisplayNameBot {
		t.Errorf("the choice is %s from %s", it.ContentType, it.DisplayName)
	}
	if c := p.chat.Latest; c.DisconnectReason != center.ReasonFlow || c.Escalated {
		t.Errorf("the contact ends by %s, escalated %t", c.DisconnectReason, c.Escalated)
	}
}

// TestAIAgentHearsTheInitialMessage: it is the first thing that the agent is asked, in
// the chat as in the transcript; with a message processor once that has passed it.
func TestAIAgentHearsTheInitialMessage(t *testing.T) {
	hello := Start{Initial: &Message{center.PlainText, "Hello, " + strings.Repeat("x", 2000)}}
	p, _ := startAssistant(t, hello)
	if ask := p.ask(); ask.Text != hello.Initial.Content {
		t.Errorf("the agent is asked %.20q", ask.Text)
	}
	p.answer(goesOn("Hi!"))
	p.wantScript("CUSTOMER joined", "CUSTOMER: "+hello.Initial.Content, "SYSTEM: Hi!")

	p = newChatTest(t, flows{})
	hello.AIAgent = aiAgent
	ana := p.start(hello)
	p.do(SetProcessor{&flow.Processor{Function: "redact"}})
	p.do(Connect{Participant: ana})
	p.answers(hello.Initial.Content, `{"status":"PROCESSED","result":{"processedChatContent":{"content":"Hello, ***"}}}`)
	if ask := p.ask(); ask.Text != "Hello, ***" {
		t.Errorf("the agent is asked %.20q; want what the processor made of it", ask.Text)
	}
}

func TestEndsOfAnAIAgent(t *testing.T) {
	ends := func(v any) func(*chatTest, center.ParticipantID) {
		return func(p *chatTest, _ center.ParticipantID) { p.answer(v) }
	}
	for name, c := range map[string]struct {
		end       func(p *chatTest, ana center.ParticipantID)
		reason    string // "" when the chat goes on
		escalated bool
		logged    string // part of the problem in the server's log
	}{
		"it closes the dialogue":      {ends(machine.Answer{DialogAction: "Close"}), center.ReasonFlow, false, ""},
		"it has done what was wanted": {ends(machine.Answer{Intent: "Book", State: "Fulfilled", DialogAction: "Close"}), center.ReasonFlow, false, ""},
		"it says that it has failed":  {ends(machine.Answer{Intent: "Book", State: "Failed", DialogAction: "Close"}), center.ReasonSystemError, false, "failed to fulfil the intent Book"},
		"it asks for more":            {ends(goesOn("And?")), "", false, ""},
		"it wants a human": {ends(machine.Answer{DialogAction: "Close", SessionAttributes: map[string]string{"Tool": "Escalate"}}),
			center.ReasonFlow, true, ""},
		"it is complete": {ends(machine.Answer{DialogAction: "Close", SessionAttributes: map[string]string{"Tool": "Complete"}}),
			center.ReasonFlow, false, ""},
		"it cannot be asked":          {ends(errors.New("bot 1 answered 503")), center.ReasonSystemError, false, "bot 1 answered 503"},
		"it makes no sense":           {ends("gibberish"), center.ReasonSystemError, false, "cannot be read"},
		"it does not answer":          {func(p *chatTest, _ center.ParticipantID) { p.pass(time.Minute) }, center.ReasonSystemError, false, "did not answer in time"},
		"the customer leaves":         {func(p *chatTest, ana center.ParticipantID) { p.do(Disconnect{Participant: ana}) }, center.ReasonCustomer, false, ""},
		"the API stops the chat":      {func(p *chatTest, _ center.ParticipantID) { p.do(Stop{}) }, center.ReasonAPI, false, ""},
		"the customer has gone quiet": {func(p *chatTest, _ center.ParticipantID) { p.answer(goesOn("And?")); p.pass(24 * time.Hour) }, "", false, ""},
		"the time of the chat is up":  {func(p *chatTest, _ center.ParticipantID) { p.answer(goesOn("And?")); p.pass(25 * time.Hour) }, center.ReasonExpired, false, ""},
	} {
		p, ana := startAssistant(t, Start{})
		p.do(typed(ana, "x"))
		late := EffectDone{ID: p.chat.Effects[0].ID, Answer: json.RawMessage(`{"messages":[{"type":"text/plain","content":"late"}],"dialogAction":"ElicitIntent"}`)}
		c.end(p, ana)
		if p.chat.Latest.DisconnectReason != c.reason || p.chat.Latest.Escalated != c.escalated || p.chat.Ended != (c.reason != "") {
			t.Errorf("%s: ended %t by %q, escalated %t; want %q, %t", name, p.chat.Ended, p.chat.Latest.DisconnectReason, p.chat.Latest.Escalated, c.reason, c.escalated)
		}
		if log := p.last.Log; c.logged == "" && len(log) > 0 || c.logged != "" && (len(log) != 1 || !log[0].Always || !strings.Contains(log[0].Problem, c.logged)) {
			t.Errorf("%s: logged %+v; want %q", name, log, c.logged)
		}
		before := len(p.items)
		if p.do(late); len(p.items) != before || len(p.chat.Effects) != 0 {
			t.Errorf("%s: an answer that comes twice, or too late, is said: %q", name, p.script())
		}
	}
}
