package servertest

import (
	"encoding/json"
	"slices"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
)

// Desk is an agent who is signed in.
type Desk struct {
	User  *agent.UserSummary
	Token string // of the session

	s *Server
	t testing.TB
}

// Desk signs the demo agent in, who takes chats of the demo queue.
func (s *Server) Desk(t testing.TB) *Desk {
	t.Helper()
	return s.SignIn(t, catalog.DemoUserName, catalog.DemoPassword)
}

// Restrict leaves the demo agent the security profile Agent alone.
func (s *Server) Restrict(t testing.TB) {
	t.Helper()
	profiles, err := s.Connect.ListSecurityProfiles(t.Context(), &connect.ListSecurityProfilesRequest{InstanceId: s.Instance(t)})
	if err != nil {
		t.Fatalf("ListSecurityProfiles: %v", err)
	}
	for _, p := range profiles.SecurityProfileSummaryList {
		if *p.Name != "Agent" {
			continue
		}
		if _, err := s.Connect.UpdateUserSecurityProfiles(t.Context(), &connect.UpdateUserSecurityProfilesRequest{
			InstanceId: s.Instance(t), UserId: catalog.DemoAgent, SecurityProfileIds: []string{*p.Id},
		}); err != nil {
			t.Fatalf("UpdateUserSecurityProfiles: %v", err)
		}
		return
	}
	t.Fatal("there is no security profile Agent")
}

// Clean takes the demo's quick connects and quick responses away, for tests that count their own.
func (s *Server) Clean(t testing.TB) {
	t.Helper()
	connects, err := s.Connect.ListQuickConnects(t.Context(), &connect.ListQuickConnectsRequest{InstanceId: s.Instance(t)})
	if err != nil {
		t.Fatalf("ListQuickConnects: %v", err)
	}
	for _, k := range connects.QuickConnectSummaryList {
		if _, err := s.Connect.DeleteQuickConnect(t.Context(), &connect.DeleteQuickConnectRequest{InstanceId: s.Instance(t), QuickConnectId: *k.Id}); err != nil {
			t.Fatalf("DeleteQuickConnect: %v", err)
		}
	}
	boss := s.SignIn(t, catalog.DemoSupervisor, catalog.DemoPassword)
	responses, err := s.Agent.ListQuickResponses(t.Context(), &agent.ListQuickResponsesRequest{SessionToken: boss.Token})
	if err != nil {
		t.Fatalf("ListQuickResponses: %v", err)
	}
	for _, r := range responses.QuickResponses {
		if _, err := s.Agent.DeleteQuickResponse(t.Context(), &agent.DeleteQuickResponseRequest{SessionToken: boss.Token, QuickResponseId: r.QuickResponseId}); err != nil {
			t.Fatalf("DeleteQuickResponse: %v", err)
		}
	}
	if _, err := s.Agent.SignOut(t.Context(), &agent.SignOutRequest{SessionToken: boss.Token}); err != nil {
		t.Fatalf("SignOut: %v", err)
	}
}

// SignIn signs a user in.
func (s *Server) SignIn(t testing.TB, name, password string) *Desk {
	t.Helper()
	out, err := s.Agent.SignIn(t.Context(), &agent.SignInRequest{InstanceId: s.Instance(t), UserName: name, Password: password})
	if err != nil {
		t.Fatalf("SignIn(%s): %v", name, err)
	}
	return &Desk{User: out.User, Token: out.SessionToken, s: s, t: t}
}

// On returns the same session at another server, after a restart.
func (d *Desk) On(s *Server) *Desk {
	again := *d
	again.s = s
	return &again
}

// Agent returns what the agent sees.
func (d *Desk) Agent() *agent.GetAgentResponse {
	d.t.Helper()
	out, err := d.s.Agent.GetAgent(d.t.Context(), &agent.GetAgentRequest{SessionToken: d.Token})
	if err != nil {
		d.t.Fatalf("GetAgent: %v", err)
	}
	return out
}

// Choose chooses a status by its name.
func (d *Desk) Choose(name string) *agent.PutAgentStatusResponse {
	d.t.Helper()
	all := d.Agent().Configuration.Statuses
	i := slices.IndexFunc(all, func(s agent.AgentStatusSummary) bool { return s.Name == name })
	if i < 0 {
		d.t.Fatalf("there is no status %s among %+v", name, all)
	}
	out, err := d.s.Agent.PutAgentStatus(d.t.Context(), &agent.PutAgentStatusRequest{SessionToken: d.Token, AgentStatusId: all[i].Id})
	if err != nil {
		d.t.Fatalf("PutAgentStatus(%s): %v", name, err)
	}
	return out
}

// Accept accepts a contact and returns the agent's side of its chat, connected.
func (d *Desk) Accept(contact string) *Chat {
	d.t.Helper()
	if _, err := d.s.Agent.AcceptContact(d.t.Context(), &agent.AcceptContactRequest{SessionToken: d.Token, ContactId: contact}); err != nil {
		d.t.Fatalf("AcceptContact: %v", err)
	}
	return d.Chat(contact)
}

// Chat returns the agent's side of a chat that he has accepted, connected.
func (d *Desk) Chat(contact string) *Chat {
	d.t.Helper()
	c := d.side(contact)
	c.Connect()
	return c
}

// Read returns the agent's side of a chat in after-contact work, which may only read.
func (d *Desk) Read(contact string) *Chat {
	d.t.Helper()
	c := d.side(contact)
	out, err := d.s.Participant.CreateParticipantConnection(d.t.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: c.Token, ConnectParticipant: new(true), Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	if err != nil {
		d.t.Fatalf("CreateParticipantConnection in after-contact work: %v", err)
	}
	c.Bearer = *out.ConnectionCredentials.ConnectionToken
	return c
}

// side returns the agent's side of a chat, which has no credentials yet.
func (d *Desk) side(contact string) *Chat {
	d.t.Helper()
	out, err := d.s.Agent.CreateChatToken(d.t.Context(), &agent.CreateChatTokenRequest{SessionToken: d.Token, ContactId: contact})
	if err != nil {
		d.t.Fatalf("CreateChatToken: %v", err)
	}
	return &Chat{Contact: out.ContactId, Participant: out.ParticipantId, Token: out.ParticipantToken, s: d.s, t: d.t}
}

// Leave has the agent leave a contact, Clear clears it.
func (d *Desk) Leave(contact string) {
	d.t.Helper()
	if _, err := d.s.Agent.LeaveContact(d.t.Context(), &agent.LeaveContactRequest{SessionToken: d.Token, ContactId: contact}); err != nil {
		d.t.Fatalf("LeaveContact: %v", err)
	}
}

// Clear clears a contact that is over for the agent.
func (d *Desk) Clear(contact string) {
	d.t.Helper()
	if _, err := d.s.Agent.ClearContact(d.t.Context(), &agent.ClearContactRequest{SessionToken: d.Token, ContactId: contact}); err != nil {
		d.t.Fatalf("ClearContact: %v", err)
	}
}

// Stream is a stream of an agent.
type Stream struct {
	*Socket
	Items []Heard  // that have come, in their order
	Said  []string // broadcasts
}

// Heard is an item that came over a stream.
type Heard struct {
	Chat     string
	Sequence int64
	participant.Item
}

// Stream opens a stream of the agent's, which wants items behind those that were seen.
func (d *Desk) Stream(seen ...agent.Seen) *Stream {
	d.t.Helper()
	s := d.OpenStream()
	s.Write(string(restjson.Marshal(&agent.ClientFrame{Type: agent.FrameStart, Seen: seen})))
	return s
}

// OpenStream opens a stream that wants no items yet.
func (d *Desk) OpenStream() *Stream {
	d.t.Helper()
	out, err := d.s.Agent.CreateStream(d.t.Context(), &agent.CreateStreamRequest{SessionToken: d.Token})
	if err != nil {
		d.t.Fatalf("CreateStream: %v", err)
	}
	conn, err := d.s.dial(d.t.Context())
	if err != nil {
		d.t.Fatalf("dial the stream: %v", err)
	}
	return &Stream{Socket: open(d.t, conn, out.Url)}
}

// Frame returns the next frame. Items and broadcasts are kept as well.
func (s *Stream) Frame() (f agent.Frame) {
	s.t.Helper()
	text := s.frame()
	if err := restjson.Unmarshal([]byte(text), &f); err != nil {
		s.t.Fatalf("the frame %.500s: %v", text, err)
	}
	switch f.Type {
	case agent.FrameItem:
		var carried struct{ Topic, Content string }
		h := Heard{Chat: f.InitialContactId, Sequence: f.Sequence}
		if err := json.Unmarshal(f.Frame, &carried); err != nil || carried.Topic != "aws/chat" {
			s.t.Fatalf("the item carries %s, %v", f.Frame, err)
		}
		if err := json.Unmarshal([]byte(carried.Content), &h.Item); err != nil {
			s.t.Fatalf("the item %s: %v", carried.Content, err)
		}
		s.Items = append(s.Items, h)
	case agent.FrameBroadcast:
		s.Said = append(s.Said, f.Content)
	}
	return f
}

// Snapshot returns the next snapshot that is as wanted.
func (s *Stream) Snapshot(wanted func(*agent.AgentSnapshot) bool) *agent.AgentSnapshot {
	s.t.Helper()
	for {
		if f := s.Frame(); f.Type == agent.FrameSnapshot && wanted(f.Snapshot) {
			return f.Snapshot
		}
	}
}

// Contact returns the contact that an agent has in hand in the next snapshot in which he has one in a state.
func (s *Stream) Contact(state agent.AgentContactState) (c agent.AgentContact) {
	s.t.Helper()
	s.Snapshot(func(a *agent.AgentSnapshot) bool {
		i := slices.IndexFunc(a.Contacts, func(c agent.AgentContact) bool { return c.State == state })
		if i >= 0 {
			c = a.Contacts[i]
		}
		return i >= 0
	})
	return c
}

// Hear returns when a message with a text has come.
func (s *Stream) Hear(text string) Heard {
	s.t.Helper()
	for {
		if f := s.Frame(); f.Type != agent.FrameItem {
			continue
		}
		if it := s.Items[len(s.Items)-1]; it.Content != nil && *it.Content == text {
			return it
		}
	}
}

// Transfer transfers a contact to where a quick connect leads, and returns the id of the new contact.
func (d *Desk) Transfer(contact, quick string) string {
	d.t.Helper()
	out, err := d.s.Agent.TransferContact(d.t.Context(), &agent.TransferContactRequest{SessionToken: d.Token, ContactId: contact, QuickConnectId: quick})
	if err != nil {
		d.t.Fatalf("TransferContact: %v", err)
	}
	return out.ContactId
}

// Invite invites the agent to whom a quick connect leads, and returns the id of the participant to be.
func (d *Desk) Invite(contact, quick string) string {
	d.t.Helper()
	out, err := d.s.Agent.InviteParticipant(d.t.Context(), &agent.InviteParticipantRequest{SessionToken: d.Token, ContactId: contact, QuickConnectId: quick})
	if err != nil {
		d.t.Fatalf("InviteParticipant: %v", err)
	}
	return out.ParticipantId
}

// Remove removes a participant from a contact, or cancels a transfer.
func (d *Desk) Remove(contact, participant string) {
	d.t.Helper()
	if _, err := d.s.Agent.RemoveParticipant(d.t.Context(), &agent.RemoveParticipantRequest{SessionToken: d.Token, ContactId: contact, ParticipantId: participant}); err != nil {
		d.t.Fatalf("RemoveParticipant: %v", err)
	}
}

// Monitor has a supervisor watch a contact.
func (d *Desk) Monitor(contact string) *agent.MonitorContactResponse {
	d.t.Helper()
	out, err := d.s.Agent.MonitorContact(d.t.Context(), &agent.MonitorContactRequest{SessionToken: d.Token, ContactId: contact})
	if err != nil {
		d.t.Fatalf("MonitorContact: %v", err)
	}
	return out
}

// Mode has a supervisor barge in on a contact, or be silent again.
func (d *Desk) Mode(contact string, mode agent.MonitorCapability) {
	d.t.Helper()
	if _, err := d.s.Agent.UpdateMonitorParticipantState(d.t.Context(), &agent.UpdateMonitorParticipantStateRequest{SessionToken: d.Token, ContactId: contact, TargetMonitorMode: mode}); err != nil {
		d.t.Fatalf("UpdateMonitorParticipantState: %v", err)
	}
}
