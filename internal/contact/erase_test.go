package contact

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// holds reports whether the state of the chat, or a record of one of its contacts, has a text.
func (p *chatTest) holds(text string) bool {
	p.t.Helper()
	records, err := json.Marshal(p.contacts())
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.Contains(string(p.chat.Encode())+string(records), text)
}

func TestEraseEndpoint(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{DisplayName: "Ana Ferreira"})
	p.do(Connect{Participant: ana})
	id := p.chat.ID
	p.refuse(center.NotEnded, EraseEndpoint{id})
	p.do(Disconnect{Participant: ana})
	p.refuse(center.NotFound, EraseEndpoint{"99999999-9999-4999-8999-999999999999"})
	if !p.holds("Ana Ferreira") {
		t.Fatal("the chat does not hold the customer's name")
	}

	p.now = p.now.Add(time.Hour)
	p.do(EraseEndpoint{id})
	if p.holds("Ana Ferreira") {
		t.Errorf("the name is still in %s", p.chat.Encode())
	}
	if got := p.records[id].Updated; !got.Equal(p.now) {
		t.Errorf("the contact was last updated at %v; want %v", got, p.now)
	}
	if said := p.items[0].DisplayName; said != "Ana Ferreira" {
		t.Errorf("the transcript shows %q; it is not erased", said)
	}
	p.do(EraseEndpoint{id})
	if p.last.Stored() {
		t.Error("repeated it changes something")
	}
}

// TestEraseEndpointWhileTheChainGoesOn: the survey that follows a contact still
// calls its customer by the name; the end of the chain erases it.
func TestEraseEndpointWhileTheChainGoesOn(t *testing.T) {
	p := newChatTest(t, nil)
	p.env.Catalog = served(t, nil)
	ana := p.start(Start{DisplayName: "Ana Ferreira"})
	p.do(Connect{Participant: ana})
	first := p.chat.ID
	p.do(Disconnect{Participant: p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea"}).Participant})
	if p.chat.Latest.ID == first {
		t.Fatal("no second contact has begun")
	}
	p.refuse(center.NotEnded, EraseEndpoint{p.chat.Latest.ID})
	p.do(EraseEndpoint{first})
	p.do(EraseEndpoint{first})
	if p.last.Stored() {
		t.Error("repeated it changes something")
	}
	before := len(p.items)
	p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "Thank you"}) // which ends the survey, and the chat
	if said := p.items[before]; said.Content != "Thank you" || said.DisplayName != "Ana Ferreira" || !p.chat.Over() {
		t.Errorf("%q says %q; want the name while the second contact runs, and then the end", said.DisplayName, said.Content)
	}
	if p.holds("Ana Ferreira") {
		t.Errorf("the name is still in %s", p.chat.Encode())
	}
}

// TestEraseEndpointWhileMessagesAreProcessed: a chat that has ended keeps the name
// until its last message is in the transcript.
func TestEraseEndpointWhileMessagesAreProcessed(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{DisplayName: "Ana Ferreira"})
	p.do(Connect{Participant: ana})
	p.do(SetProcessor{&flow.Processor{Function: "check"}})
	p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "Bye"})
	p.do(Disconnect{Participant: ana})
	p.do(EraseEndpoint{p.chat.ID})
	if !p.holds("Ana Ferreira") {
		t.Fatal("the name is erased before the message is in the transcript")
	}
	p.do(EffectDone{ID: p.chat.Effects[0].ID, Answer: []byte(`{"status":"APPROVED"}`)})
	if p.holds("Ana Ferreira") {
		t.Errorf("the name is still in %s", p.chat.Encode())
	}
	p.wantScript("CUSTOMER joined", "SYSTEM: Hello", "CUSTOMER: Bye", "CUSTOMER left", "ended")
	if said := p.items[2].DisplayName; said != "Ana Ferreira" {
		t.Errorf("the last message is from %q", said)
	}
}
