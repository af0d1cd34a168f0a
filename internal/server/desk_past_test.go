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

// past reads what was said in a contact, by an agent's API, page by page: each message, with its visibility before it.
func past(s *servertest.Server, t testing.TB, d *servertest.Desk, contact string, order agent.SortOrder, page int32) (said []string, err error) {
	t.Helper()
	in := &agent.GetContactTranscriptRequest{SessionToken: d.Token, ContactId: contact, SortOrder: order, MaxResults: &page}
	for {
		out, err := s.Agent.GetContactTranscript(t.Context(), in)
		if err != nil {
			return nil, err
		}
		for _, it := range out.Transcript {
			if it.Type == "MESSAGE" {
				said = append(said, strings.TrimSpace(string(it.Visibility)+" "+*it.Content))
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return said, nil
		}
	}
}

// of has a chat be one of a customer.
func of(customer string) func(*connect.StartChatContactRequest) {
	return func(in *connect.StartChatContactRequest) { in.CustomerId = &customer }
}

// customers lists the earlier contacts of a customer, so many to a page.
func (o *centre) customers(w *worker, contact string, page int32) (ids []string, err error) {
	in := &agent.ListCustomerContactsRequest{SessionToken: w.Token, ContactId: contact, MaxResults: &page}
	for {
		out, err := o.Agent.ListCustomerContacts(o.t.Context(), in)
		if err != nil {
			return nil, err
		}
		for _, c := range out.CustomerContacts {
			ids = append(ids, c.ContactId)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return ids, nil
		}
	}
}

// TestEarlierContacts: who has a customer's contact in hand sees what the customer has said before, and nobody else's; who has handled a contact reads
// it later with MyContacts.View, and without nobody reads.
func TestEarlierContacts(t *testing.T) {
	o := openCentre(t)
	bo, cy := o.agent("bo", "MyContacts.View").available(), o.agent("cy")
	over := func(w *worker, says string, change ...func(*connect.StartChatContactRequest)) string {
		t.Helper()
		l := o.call(change...)
		me := o.takes(w, l)
		l.Send(says)
		me.Send("noted: " + says)
		if _, err := o.Connect.UpdateContactAttributes(t.Context(), &connect.UpdateContactAttributesRequest{InstanceId: o.Instance(t), InitialContactId: l.Contact, Attributes: map[string]string{"about": says}}); err != nil {
			t.Fatal(err)
		}
		w.Leave(l.Contact)
		w.stream.Contact(agent.AgentContactStateENDED)
		w.Clear(l.Contact)
		w.stream.Snapshot(empty)
		advance(t, o.Server, "1s")
		return l.Contact
	}
	first, second := over(bo, "my parcel", of("ana")), over(bo, "my parcel again", of("ana"))
	beas, nobodys := over(bo, "secret", of("bea")), over(bo, "nobody's", of("Ana")) // which is somebody else
	said, err := past(o.Server, t, bo.Desk, first, agent.SortOrderASCENDING, 1)
	if err != nil || !slices.Equal(said, []string{"my parcel", "noted: my parcel"}) {
		t.Errorf("bo, who had it: %q, %v", said, err)
	}
	if said, err = past(o.Server, t, bo.Desk, first, "", 2); err != nil || !slices.Equal(said, []string{"noted: my parcel", "my parcel"}) {
		t.Errorf("the newest first: %q, %v", said, err)
	}
	_, err = past(o.Server, t, cy.Desk, first, "", 9)
	servertest.Refused(t, "cy, who did not", err, "AccessDeniedException", 403)
	if !strings.Contains(err.Error(), "ContactTranscripts.Unredacted.Access or MyContacts.View") {
		t.Errorf("the refusal is %v", err)
	}

	bo.Choose("Offline")
	cy.available()
	l := o.call(of("ana"))
	cy.stream.Contact(agent.AgentContactStateCONNECTING)
	_, err = o.customers(cy, l.Contact, 9)
	servertest.Refused(t, "while it rings", err, "ResourceNotFoundException", 404)
	cy.Accept(l.Contact)
	cy.stream.Contact(agent.AgentContactStateCONNECTED)
	for _, page := range []int32{1, 2, 100} {
		if ids, err := o.customers(cy, l.Contact, page); err != nil || !slices.Equal(ids, []string{second, first}) {
			t.Errorf("with %d to a page the customer's contacts are %q, %v; want %q", page, ids, err, []string{second, first})
		}
	}
	one, err := o.Agent.ListCustomerContacts(t.Context(), &agent.ListCustomerContactsRequest{SessionToken: cy.Token, ContactId: l.Contact, MaxResults: new(int32(1))})
	if err != nil || len(one.CustomerContacts) != 1 {
		t.Fatalf("ListCustomerContacts: %+v, %v", one, err)
	}
	if c := one.CustomerContacts[0]; c.Agent == nil || c.Agent.UserId != bo.id || *c.Agent.DisplayName != "BO" || c.Queue == nil || c.Attributes["about"] != "my parcel again" || !c.Disconnected.After(c.Initiated) || c.InitialContactId != second {
		t.Errorf("the last of them is %+v", c)
	}
	for contact, want := range map[string]string{first: "my parcel", second: "my parcel again", beas: "", nobodys: ""} {
		said, err := past(o.Server, t, cy.Desk, contact, agent.SortOrderASCENDING, 100)
		if want == "" {
			servertest.Refused(t, "a contact of somebody else", err, "AccessDeniedException", 403)
		} else if err != nil || said[0] != want {
			t.Errorf("with the customer in hand: %q, %v; want %q", said, err, want)
		}
	}
	if said, err := past(o.Server, t, cy.Desk, l.Contact, agent.SortOrderASCENDING, 100); err != nil || len(said) != 0 {
		t.Errorf("the contact itself: %q, %v", said, err)
	}
	_, err = o.customers(bo, l.Contact, 9)
	servertest.Refused(t, "who does not have it in hand", err, "ResourceNotFoundException", 404)
	cy.Leave(l.Contact)
	cy.stream.Contact(agent.AgentContactStateENDED)
	if ids, err := o.customers(cy, l.Contact, 9); err != nil || len(ids) != 2 {
		t.Errorf("in after-contact work: %q, %v", ids, err)
	}
	cy.Clear(l.Contact)
	cy.stream.Snapshot(empty)
	_, err = past(o.Server, t, cy.Desk, first, "", 9)
	servertest.Refused(t, "when it is cleared", err, "AccessDeniedException", 403)
	_, err = past(o.Server, t, bo.Desk, l.Contact, "", 9)
	servertest.Refused(t, "with MyContacts.View, somebody else's", err, "AccessDeniedException", 403)
	_, err = past(o.Server, t, bo.Desk, "00000000-0000-4000-8000-000000000000", "", 9)
	servertest.Refused(t, "one that does not exist", err, "ResourceNotFoundException", 404)
	_, err = o.Agent.GetContactTranscript(t.Context(), &agent.GetContactTranscriptRequest{SessionToken: bo.Token, ContactId: first, NextToken: new("nonsense")})
	servertest.Refused(t, "a token that was never given out", err, "ValidationException", 400)
}

// TestTranscriptsOfRestrictedSupervisors: who sees some agents alone reads what they have said.
func TestTranscriptsOfRestrictedSupervisors(t *testing.T) {
	s := newScene(t)
	picks := []string{"BasicAgentAccess", "ManualAssignAnyContact.Enable"}
	ann, bo := s.hire("ann", connect.CreateSecurityProfileRequest{Permissions: picks}), s.hire("bo", connect.CreateSecurityProfileRequest{Permissions: picks})
	_, annTalks := ann.take()
	_, boTalks := bo.take()
	if _, err := s.Connect.TagResource(t.Context(), &connect.TagResourceRequest{ResourceArn: s.Desk(t).User.InstanceArn + "/agent/" + ann.id, Tags: map[string]string{"line": "sales"}}); err != nil {
		t.Fatal(err)
	}
	d, _ := s.hire("sales", connect.CreateSecurityProfileRequest{Permissions: []string{"BasicAgentAccess", "ContactTranscripts.Unredacted.Access"}, TagRestrictedResources: []string{"User"}, AllowedAccessControlTags: map[string]string{"line": "sales"}}).desk()
	if _, err := past(s.Server, t, d, annTalks, "", 9); err != nil {
		t.Errorf("ann's: %v", err)
	}
	_, err := past(s.Server, t, d, boTalks, "", 9)
	servertest.Refused(t, "bo's", err, "AccessDeniedException", 403)
	if !strings.Contains(err.Error(), "do not let him see the agent") {
		t.Errorf("bo's: %v", err)
	}
}

// TestWhispers: a silent supervisor tells the agent something. The customer never has it, by no way, not after a restart either, nor has the record of the chat.
func TestWhispers(t *testing.T) {
	dir := t.TempDir()
	e := newEar(t, well)
	o := openCentre(t, recording(e.URL, dir))
	bo, sue := o.agent("bo", "MyContacts.View").available(), o.agent("sue", "ManagerListenIn")
	l := o.call()
	me := o.takes(bo, l)
	whisper := func(w *worker, contact, text string) (*agent.SendWhisperResponse, error) {
		return o.Agent.SendWhisper(t.Context(), &agent.SendWhisperRequest{SessionToken: w.Token, ContactId: contact, ContentType: "text/plain", Content: text, ClientToken: new(text)})
	}
	_, err := whisper(sue, l.Contact, "psst")
	servertest.Refused(t, "by somebody who does not watch", err, "ResourceNotFoundException", 404)
	_, err = whisper(bo, l.Contact, "is anybody there?")
	servertest.Refused(t, "to nobody", err, "InvalidStateException", 409)
	m := sue.Monitor(l.Contact)
	sue.stream.Contact(agent.AgentContactStateCONNECTED)
	first, err := whisper(sue, m.ContactId, "offer a refund")
	if err != nil {
		t.Fatalf("SendWhisper: %v", err)
	}
	if again, err := whisper(sue, m.ContactId, "offer a refund"); err != nil || again.Id != first.Id {
		t.Errorf("whispered again: %+v, %v; want %s", again, err, first.Id)
	}
	if it := bo.stream.Hear("offer a refund"); it.ParticipantRole != "SUPERVISOR" || *it.DisplayName != "SUE" || *it.Id != first.Id {
		t.Errorf("the agent hears %+v", it)
	}
	if _, err := whisper(bo, l.Contact, "how much?"); err != nil {
		t.Errorf("the agent's answer: %v", err)
	}
	sue.stream.Hear("how much?")
	_, err = o.Agent.SendWhisper(t.Context(), &agent.SendWhisperRequest{SessionToken: sue.Token, ContactId: m.ContactId, ContentType: "text/html", Content: "x"})
	servertest.Refused(t, "another type", err, "ValidationException", 400)
	_, err = o.Agent.SendWhisper(t.Context(), &agent.SendWhisperRequest{SessionToken: sue.Token, ContactId: m.ContactId, ContentType: "text/plain", Content: strings.Repeat("x", 1025)})
	servertest.Refused(t, "too much", err, "ValidationException", 400)
	l.untouched(t, bo.stream, me, "open")
	whispers, open := []string{"AGENT offer a refund", "AGENT how much?"}, []string{"open?", "open!"}
	secret := func(when string, texts []string) {
		t.Helper()
		for _, text := range texts {
			if strings.Contains(text, "refund") || strings.Contains(text, "how much") {
				t.Errorf("%s the customer has %q", when, text)
			}
		}
	}
	secret("over the socket", contents(l.items))
	secret("by GetTranscript", l.Texts())
	if got := me.Texts(); !slices.Contains(got, "offer a refund") {
		t.Errorf("by GetTranscript the agent has %q", got)
	}
	if _, err := o.Participant.SendEvent(t.Context(), &participant.SendEventRequest{ConnectionToken: l.Bearer, ContentType: "application/vnd.amazonaws.connect.event.message.read", Content: new(`{"messageId":"` + first.Id + `"}`)}); err == nil {
		t.Error("the customer has read a whisper")
	}
	said, err := past(o.Server, t, sue.Desk, m.ContactId, agent.SortOrderASCENDING, 100)
	if err != nil || !slices.Equal(said, slices.Concat(whispers, open)) {
		t.Errorf("the supervisor reads %q, %v", said, err)
	}
	out, err := o.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: o.Instance(t), ContactId: l.Contact})
	if err != nil || *out.Contact.ChatMetrics.ChatContactMetrics.TotalMessages != 2 {
		t.Errorf("the contact has %+v, %v; want two messages", out, err)
	}

	o.Stop()
	after := servertest.Start(t, func(c *server.Config) { c.Data = dir }, recording(e.URL, dir))
	customer := l.On(after)
	socket := customer.Socket()
	secret("after a restart", customer.Texts())
	if said, err = past(after, t, bo.On(after), l.Contact, agent.SortOrderASCENDING, 100); err != nil || !slices.Equal(said, slices.Concat(whispers, open)) {
		t.Errorf("after a restart the agent reads %q, %v", said, err)
	}
	if _, err := after.Agent.SendWhisper(t.Context(), &agent.SendWhisperRequest{SessionToken: sue.Token, ContactId: m.ContactId, ContentType: "text/plain", Content: "mind the refund"}); err != nil {
		t.Errorf("SendWhisper after a restart: %v", err)
	}
	customer.Send("bye")
	socket.Until("bye")
	secret("over the new socket", socket.Received())

	// What is set in after-contact work is in the record.
	desk := bo.On(after)
	desk.Leave(l.Contact)
	if _, err := after.Agent.UpdateContactAttributes(t.Context(), &agent.UpdateContactAttributesRequest{SessionToken: desk.Token, ContactId: l.Contact, Attributes: map[string]string{"disposition": "refunded"}}); err == nil {
		t.Error("attributes are set without the permission")
	}
	desk.Clear(l.Contact)
	h := newHistory()
	for !h.whole(l.Contact) {
		h.hear(t, e)
	}
	for _, script := range h.transcripts {
		for _, it := range script["Transcript"].([]any) {
			if content, ok := it.(map[string]any)["Content"].(string); ok {
				secret("in the file of the transcript", []string{content})
			}
		}
	}
}

// contents are the texts of items.
func contents(items []participant.Item) (texts []string) {
	for _, it := range items {
		if it.Content != nil {
			texts = append(texts, *it.Content)
		}
	}
	return texts
}

// TestNotesAfterTheContact: what an agent sets while he works on a contact that is over for him is in the record that is sent when he clears it,
// whether the chat has ended or goes on.
func TestNotesAfterTheContact(t *testing.T) {
	e := newEar(t, well)
	o := openCentre(t, recording(e.URL, ""))
	bo := o.agent("bo", "ContactAttributes.View").available()
	h := newHistory()
	for what, call := range map[string]func(...func(*connect.StartChatContactRequest)) *line{"has ended": o.call, "goes on": o.surveyed} {
		l := call()
		o.takes(bo, l)
		bo.Leave(l.Contact)
		if it := bo.stream.Contact(agent.AgentContactStateENDED); it.ChatEnded != (what == "has ended") {
			t.Fatalf("the chat %s: %+v", what, it)
		}
		notes := map[string]string{"disposition": "solved", "notes": "called back, and all is well"}
		if _, err := o.Agent.UpdateContactAttributes(t.Context(), &agent.UpdateContactAttributesRequest{SessionToken: bo.Token, ContactId: l.Contact, Attributes: notes}); err != nil {
			t.Fatalf("UpdateContactAttributes when the chat %s: %v", what, err)
		}
		if h.kept[l.Contact] != nil {
			t.Errorf("the record is sent before the contact is cleared, when the chat %s", what)
		}
		bo.Clear(l.Contact)
		bo.stream.Snapshot(empty)
		for h.kept[l.Contact] == nil {
			h.hear(t, e)
		}
		got, _ := h.kept[l.Contact]["Attributes"].(map[string]any)
		if got["disposition"] != "solved" || got["notes"] != notes["notes"] {
			t.Errorf("when the chat %s the record has the attributes %v; want %v", what, got, notes)
		}
		_, err := o.Agent.UpdateContactAttributes(t.Context(), &agent.UpdateContactAttributesRequest{SessionToken: bo.Token, ContactId: l.Contact, Attributes: notes})
		servertest.Refused(t, "when it is cleared", err, "ResourceNotFoundException", 404)
	}
}
