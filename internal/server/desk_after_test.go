package server_test

import (
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// survey is a disconnect flow: it asks the customer, waits for a minute and ends the chat.
const survey = `{"Version":"2019-10-30","StartAction":"ask","Actions":[
 {"Identifier":"ask","Type":"MessageParticipant","Parameters":{"Text":"How was it?"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// surveyed starts a chat that waits in the demo queue, and whose customer is asked when the last agent has left.
func (o *centre) surveyed(change ...func(*connect.StartChatContactRequest)) *line {
	o.t.Helper()
	hook := `{"Identifier":"hook","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"` + o.Flow(o.t, "Survey", survey) + `"}},"Transitions":{"NextAction":"set","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},`
	asks := strings.Replace(queue, `"StartAction":"set","Actions":[`, `"StartAction":"hook","Actions":[`+hook, 1)
	return o.call(append([]func(*connect.StartChatContactRequest){func(in *connect.StartChatContactRequest) { in.ContactFlowId = o.Flow(o.t, "Asks", asks) }}, change...)...)
}

// TestSurvey runs the disconnect flow behind the last of two agents: the customer answers over the same socket, and neither agent is told.
func TestSurvey(t *testing.T) {
	o := openCentre(t)
	bo, cy := o.agent("bo").available(), o.agent("cy")
	l := o.surveyed()
	o.takes(bo, l)
	cy.available()
	bo.Invite(l.Contact, cy.quick)
	cy.stream.Contact(agent.AgentContactStateCONNECTING)
	mine := cy.Accept(l.Contact)
	cy.stream.Contact(agent.AgentContactStateCONNECTED)
	bo.Leave(l.Contact)
	l.untouched(t, cy.stream, mine, "still here")
	cy.Leave(l.Contact)
	if it := cy.stream.Contact(agent.AgentContactStateENDED); it.ChatEnded {
		t.Errorf("the last agent has %+v; want the chat to go on in the disconnect flow", it)
	}
	l.until("How was it?")
	l.Send("five stars")
	l.until("five stars")
	advance(t, o.Server, "61s")
	l.until(eventEnded)
	for _, w := range []*worker{bo, cy} {
		for _, it := range w.stream.Items {
			if it.Content != nil && (*it.Content == "How was it?" || *it.Content == "five stars") {
				t.Errorf("%s, who has left, was told %q", w.User.UserName, *it.Content)
			}
		}
	}
	first, err := o.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: o.Instance(t), ContactId: l.Contact})
	if err != nil || first.Contact.AgentInfo == nil || *first.Contact.AgentInfo.Id != cy.id || first.Contact.DisconnectTimestamp.IsZero() {
		t.Errorf("the contact is %+v, %v; want it ended, with the last agent", first, err)
	}
}

// TestDisconnectOnCustomerExit has the customer leave two agents: they leave too, and the disconnect flow runs.
func TestDisconnectOnCustomerExit(t *testing.T) {
	o := openCentre(t)
	bo, cy := o.agent("bo").available(), o.agent("cy")
	l := o.surveyed(func(in *connect.StartChatContactRequest) {
		in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
	})
	o.takes(bo, l)
	cy.available()
	bo.Invite(l.Contact, cy.quick)
	cy.stream.Contact(agent.AgentContactStateCONNECTING)
	cy.Accept(l.Contact)
	cy.stream.Contact(agent.AgentContactStateCONNECTED)
	if _, err := o.Participant.DisconnectParticipant(t.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: l.Bearer}); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*worker{bo, cy} {
		if it := w.stream.Contact(agent.AgentContactStateENDED); it.ContactId != l.Contact || it.ChatEnded {
			t.Errorf("%s has %+v; want the contact ended, and the chat in the disconnect flow", w.User.UserName, it)
		}
		for !slices.Contains(events(w.stream.Items), "participant.left") {
			w.stream.Frame()
		}
		if got := strings.Join(events(w.stream.Items), " "); strings.Contains(got, "chat.ended") {
			t.Errorf("%s was told %s", w.User.UserName, got)
		}
		w.Clear(l.Contact)
		w.stream.Snapshot(empty)
	}
	advance(t, o.Server, "61s")
	out, err := o.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: o.Instance(t), ContactId: l.Contact})
	if err != nil || out.Contact.DisconnectReason == nil || *out.Contact.DisconnectReason != "CUSTOMER_DISCONNECT" {
		t.Errorf("the contact is %+v, %v; want it disconnected by the customer", out, err)
	}
}

// TestPersistentChatAcrossAgents continues a chat that one agent has ended with another one, who reads what was said before.
func TestPersistentChatAcrossAgents(t *testing.T) {
	o := openCentre(t)
	bo := o.agent("bo").available()
	first := o.call()
	me := o.takes(bo, first)
	first.untouched(t, bo.stream, me, "yesterday")
	bo.Leave(first.Contact)
	first.until(eventEnded)
	bo.Clear(first.Contact)
	bo.Choose("Offline")
	cy := o.agent("cy").available()
	again := o.call(func(in *connect.StartChatContactRequest) {
		in.PersistentChat = &connect.PersistentChat{SourceContactId: &first.Contact, RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION}
	})
	got := cy.stream.Contact(agent.AgentContactStateCONNECTING)
	if got.RelatedContactId == nil || *got.RelatedContactId != first.Contact || got.ContactId != again.Contact {
		t.Errorf("what rings is %+v; want it related to %s", got, first.Contact)
	}
	mine := cy.Accept(again.Contact)
	cy.stream.Contact(agent.AgentContactStateCONNECTED)
	again.untouched(t, cy.stream, mine, "today")
	want := []string{"yesterday?", "yesterday!", "today?", "today!"}
	for who, c := range map[string]*servertest.Chat{"the agent": mine, "the customer": again.Chat} {
		if said := c.Texts(); !slices.Equal(said, want) {
			t.Errorf("%s reads %q; want %q", who, said, want)
		}
	}
	// Handed on it is the same chat still.
	bo.available()
	next := cy.Transfer(again.Contact, bo.quick)
	bo.stream.Contact(agent.AgentContactStateCONNECTING)
	me = bo.Accept(next)
	bo.stream.Contact(agent.AgentContactStateCONNECTED)
	again.untouched(t, bo.stream, me, "later")
	if said := strings.Join(me.Texts(), " "); !strings.HasPrefix(said, "yesterday? yesterday! today? today!") || !strings.HasSuffix(said, "later? later!") {
		t.Errorf("after the transfer the agent reads %q", said)
	}
}

// TestReadingInAfterContactWork restarts the server under an agent in after-contact work: he reads the chat until he clears
// it, and can do nothing else in it.
func TestReadingInAfterContactWork(t *testing.T) {
	dir := t.TempDir()
	durable := func(c *server.Config) { c.Data = dir }
	s := servertest.Start(t, durable)
	d, stream := atWork(t, s)
	ana := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	me := d.Accept(ana.Contact)
	stream.Contact(agent.AgentContactStateCONNECTED)
	ana.Send("roses?")
	me.Send("gladly")
	ana.Stop()
	stream.Contact(agent.AgentContactStateENDED)
	s.Stop()

	s = servertest.Start(t, durable)
	d = d.On(s)
	mine := d.Read(ana.Contact)
	if got := mine.Texts(); !slices.Equal(got, []string{"roses?", "gladly"}) || mine.Participant != me.Participant {
		t.Errorf("%s reads %q; want what was said, as %s", mine.Participant, got, me.Participant)
	}
	if got := me.On(s).Texts(); len(got) != 2 {
		t.Errorf("the connection of before reads %q", got)
	}
	_, err := mine.TrySend(t.Context(), "one more thing")
	servertest.Refused(t, "a message in after-contact work", err, "AccessDeniedException", 403)
	_, err = s.Participant.SendEvent(t.Context(), &participant.SendEventRequest{ConnectionToken: mine.Bearer, ContentType: "application/vnd.amazonaws.connect.event.typing"})
	servertest.Refused(t, "typing in after-contact work", err, "AccessDeniedException", 403)
	_, err = s.Participant.CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: mine.Token, Type: []participant.ConnectionType{
		participant.ConnectionTypeWEBSOCKET, participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	servertest.Refused(t, "a socket in after-contact work", err, "AccessDeniedException", 403)
	_, err = s.Participant.GetTranscript(t.Context(), &participant.GetTranscriptRequest{ConnectionToken: ana.Bearer})
	servertest.Refused(t, "the customer's reading after the end", err, "AccessDeniedException", 403)

	d.Clear(ana.Contact)
	_, err = s.Participant.GetTranscript(t.Context(), &participant.GetTranscriptRequest{ConnectionToken: mine.Bearer})
	servertest.Refused(t, "reading what has been cleared", err, "AccessDeniedException", 403)
	_, err = s.Participant.CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: mine.Token, ConnectParticipant: new(true)})
	servertest.Refused(t, "connecting to what has been cleared", err, "AccessDeniedException", 403)
	_, err = s.Agent.CreateChatToken(t.Context(), &agent.CreateChatTokenRequest{SessionToken: d.Token, ContactId: ana.Contact})
	servertest.Refused(t, "a token for what has been cleared", err, "ResourceNotFoundException", 404)
}

// TestReadingUpToLeaving has an agent leave a chat that goes on: in after-contact work he reads what was said until then,
// while it goes on and when it has ended.
func TestReadingUpToLeaving(t *testing.T) {
	o := openCentre(t)
	bo := o.agent("bo").available()
	l := o.surveyed()
	me := o.takes(bo, l)
	l.Send("hello")
	me.Send("good day")
	bo.Leave(l.Contact)
	bo.stream.Contact(agent.AgentContactStateENDED)
	l.until("How was it?")
	l.Send("five stars")
	for _, when := range []string{"while it goes on", "when it has ended"} {
		if got := bo.Read(l.Contact).Texts(); !slices.Equal(got, []string{"hello", "good day"}) {
			t.Errorf("%s the agent reads %q; want what was said before he left", when, got)
		}
		if when == "while it goes on" {
			advance(t, o.Server, "61s")
			l.until(eventEnded)
		}
	}
}
