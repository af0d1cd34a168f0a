package parleytest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
)

// QueueFlow is the id of a flow that puts its customer into the queue from which [Server.Agent] takes chats, and says where the
// customer stands.
const QueueFlow = catalog.DemoWaiting

// password is that of every agent.
const password = "Parley-test-1"

// Agent is an agent at a desk. What the methods here do not do its client does: it has a status, rejects, leaves and
// clears; its Events have nothing, for the agent reads them.
type Agent struct {
	*client.Agent

	s *Server

	mu      sync.Mutex // guards what follows
	offered []string   // contacts that ring and have not been taken
	chats   map[string]*AgentChat
	changed chan struct{} // closed, and another made, whenever something happens
}

// Agent makes a user with a name, who takes at most two chats of the queue of [QueueFlow] at once, signs in and is
// available. A name is one user: again it is another client of the same.
func (s *Server) Agent(name string) *Agent {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	a := &Agent{s: s, chats: map[string]*AgentChat{}, changed: make(chan struct{})}
	if err := s.hire(ctx, name); err != nil {
		s.t.Fatalf("parleytest: no agent %s: %v", name, err)
	}
	begun := make(chan struct{})
	signedIn, err := s.Client.SignIn(ctx, client.AgentConfig{InstanceID: s.Instance, UserName: name, Password: password, OnEvent: func(e *client.AgentEvent) {
		<-begun
		a.event(e)
	}})
	if err != nil {
		s.t.Fatalf("parleytest: the agent %s cannot sign in: %v", name, err)
	}
	a.Agent = signedIn
	close(begun)
	s.t.Cleanup(func() { signedIn.Close() })
	if _, err := signedIn.SetStatus(ctx, "Available"); err != nil {
		s.t.Fatalf("parleytest: the agent %s is not available: %v", name, err)
	}
	return a
}

// hire makes a user like the demo agent, unless there is one of that name.
func (s *Server) hire(ctx context.Context, name string) error {
	for u, err := range s.Client.ListUsers().InstanceID(s.Instance).Items(ctx) {
		if err != nil {
			return err
		}
		if *u.Username == name {
			return nil
		}
	}
	like, err := s.Client.DescribeUser().InstanceID(s.Instance).UserID(catalog.DemoAgent).Send(ctx)
	if err != nil {
		return err
	}
	_, err = s.Client.CreateUser().InstanceID(s.Instance).Username(name).Password(password).
		IdentityInfo(connect.UserIdentityInfo{FirstName: &name, LastName: new("Agent")}).
		PhoneConfig(connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}).
		RoutingProfileID(*like.User.RoutingProfileId).SetSecurityProfileIDs(like.User.SecurityProfileIds).Send(ctx)
	return err
}

func (a *Agent) event(e *client.AgentEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e.Kind {
	case client.ContactOffered:
		a.offered = append(a.offered, e.Contact.InitialContactId)
	case client.ContactAccepted:
		a.chat(e.Contact)
	case client.ItemReceived:
		if e.Contact != nil {
			a.chat(e.Contact).received(e.Item)
		}
	}
	close(a.changed)
	a.changed = make(chan struct{})
}

// chat returns the agent's side of a chat. The caller holds mu.
func (a *Agent) chat(c *agent.AgentContact) *AgentChat {
	k := a.chats[c.InitialContactId]
	if k == nil || k.ParticipantID != c.ParticipantId {
		k = &AgentChat{ContactID: c.ContactId, ParticipantID: c.ParticipantId, a: a}
		k.inbox.init(a.s)
		k.inbox.of(c.ContactId, c.ParticipantId, a.Done(), a.Err)
		a.chats[c.InitialContactId] = k
	}
	return k
}

// Next waits for the next contact that rings, accepts it and returns the agent's side of its chat.
func (a *Agent) Next() *AgentChat {
	a.s.t.Helper()
	var contact string
	a.await("a contact that rings", func() bool {
		if len(a.offered) > 0 {
			contact, a.offered = a.offered[0], a.offered[1:]
		}
		return contact != ""
	})
	a.do("accept", contact, a.Accept)
	var chat *AgentChat
	a.await("the acceptance of the contact", func() bool {
		chat = a.chats[contact]
		return chat != nil
	})
	return chat
}

// await waits until something is so, which is asked behind each event, while mu is held.
func (a *Agent) await(what string, so func() bool) {
	a.s.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		a.mu.Lock()
		is, changed := so(), a.changed
		a.mu.Unlock()
		if is {
			return
		}
		select {
		case <-changed:
		case <-a.Done():
			a.s.t.Fatalf("parleytest: the agent is over (%v); want %s", a.Err(), what)
		case <-late.C:
			a.s.t.Fatalf("parleytest: nothing for %s; want %s. The agent is %s, with %d contacts in hand", patience, what, a.Snapshot().Status.Name, len(a.Snapshot().Contacts))
		}
	}
}

// do makes a call about a contact.
func (a *Agent) do(what, contact string, call func(ctx context.Context, contact string) error) {
	a.s.t.Helper()
	ctx, cancel := context.WithTimeout(a.s.t.Context(), patience)
	defer cancel()
	if err := call(ctx, contact); err != nil {
		a.s.t.Fatalf("parleytest: the agent cannot %s contact %s: %v", what, contact, err)
	}
}

// AgentChat is an agent's side of a chat: what has come since the acceptance.
type AgentChat struct {
	ContactID     string
	ParticipantID string // the agent's

	a *Agent
	inbox
}

// Say sends a text.
func (c *AgentChat) Say(text string) {
	c.s.t.Helper()
	c.a.do(fmt.Sprintf("send %q to", text), c.ContactID, func(ctx context.Context, contact string) error {
		_, err := c.a.Send(ctx, contact, text)
		return err
	})
}

// Leave leaves the chat, which ends with its last agent.
func (c *AgentChat) Leave() {
	c.s.t.Helper()
	c.a.do("leave", c.ContactID, c.a.Agent.Leave)
}

// Clear ends the after-contact work of a chat that has ended, so that another can be offered in its place.
func (c *AgentChat) Clear() {
	c.s.t.Helper()
	c.a.do("clear", c.ContactID, c.a.Agent.Clear)
}
