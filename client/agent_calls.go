package client

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"parley.example/parley/api/agent"
)

// SetStatus chooses a status by its name, its id or its ARN. One with which no contacts are offered is the next status while
// contacts are in hand. An unknown name is an error that lists those there are.
func (a *Agent) SetStatus(ctx context.Context, status string) (*agent.PutAgentStatusResponse, error) {
	a.mu.Lock()
	known := a.statuses
	a.mu.Unlock()
	chosen, ok := statusOf(known, status)
	if !ok {
		settings, err := a.Settings(ctx)
		if err != nil {
			return nil, err
		}
		if chosen, ok = statusOf(settings.Statuses, status); !ok {
			var names []string
			for _, s := range settings.Statuses {
				names = append(names, s.Name)
			}
			return nil, fmt.Errorf("there is no agent status %q; there are %s", status, strings.Join(names, ", "))
		}
	}
	return a.calls.PutAgentStatus().SessionToken(a.token).AgentStatusID(chosen.Id).Send(ctx)
}

// statusOf finds a status by its name, in whatever case, its id or its ARN.
func statusOf(all []agent.AgentStatusSummary, ref string) (agent.AgentStatusSummary, bool) {
	i := slices.IndexFunc(all, func(s agent.AgentStatusSummary) bool {
		return strings.EqualFold(s.Name, ref) || s.Id == ref || s.Arn == ref
	})
	if i < 0 {
		return agent.AgentStatusSummary{}, false
	}
	return all[i], true
}

// Settings is how an administrator has set up the agent: the statuses to choose from, the routing profile, the permissions.
func (a *Agent) Settings(ctx context.Context) (*agent.AgentConfiguration, error) {
	out, err := a.calls.GetAgent().SessionToken(a.token).Send(ctx)
	if err != nil {
		return nil, err
	}
	a.hear(out.Snapshot.Time)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statuses = out.Configuration.Statuses
	return out.Configuration, nil
}

// Accept accepts a contact that rings. One that was accepted already stays so.
func (a *Agent) Accept(ctx context.Context, contact string) error {
	_, err := a.calls.AcceptContact().SessionToken(a.token).ContactID(contact).Send(ctx)
	return err
}

// Reject refuses a contact that rings, which is offered to others. Nothing is offered to the agent until it is cleared.
func (a *Agent) Reject(ctx context.Context, contact string) error {
	_, err := a.calls.RejectContact().SessionToken(a.token).ContactID(contact).Send(ctx)
	return err
}

// Leave leaves a chat; after-contact work begins. With the last agent the disconnect flow runs, or the chat ends.
func (a *Agent) Leave(ctx context.Context, contact string) error {
	_, err := a.calls.LeaveContact().SessionToken(a.token).ContactID(contact).Send(ctx)
	return err
}

// EndChat ends a chat for everybody, which needs the permission StopContact.Enabled.
func (a *Agent) EndChat(ctx context.Context, contact string) error {
	_, err := a.calls.EndContact().SessionToken(a.token).ContactID(contact).Send(ctx)
	return err
}

// Clear takes a contact out of the agent's hands that is over for him. One that is not in hand is cleared already.
func (a *Agent) Clear(ctx context.Context, contact string) error {
	_, err := a.calls.ClearContact().SessionToken(a.token).ContactID(contact).Send(ctx)
	return err
}

// SetAttributes sets attributes of a contact in hand; those that are not named stay. It needs the permission ContactAttributes.View.
func (a *Agent) SetAttributes(ctx context.Context, contact string, attributes map[string]string) error {
	_, err := a.calls.UpdateContactAttributes().SessionToken(a.token).ContactID(contact).SetAttributes(attributes).Send(ctx)
	return err
}

// Waiting yields the contacts that the agent may pick, the one that has waited longest first: those of queues that the routing
// profile lists for manual assignment. It needs the permission ManualAssignAnyContact.Enable.
func (a *Agent) Waiting(ctx context.Context) iter.Seq2[agent.WaitingContact, error] {
	return a.calls.ListWaitingContacts().SessionToken(a.token).Items(ctx)
}

// Pick has a waiting contact ring with the agent, whatever the status. It needs the permission ManualAssignAnyContact.Enable.
func (a *Agent) Pick(ctx context.Context, contact string) error {
	_, err := a.calls.PickContact().SessionToken(a.token).ContactID(contact).Send(ctx)
	return err
}

// Explain says why a contact has no agent yet. It needs the permission AccessMetrics.AgentActivityAudit.Access, or AccessMetrics.
func (a *Agent) Explain(ctx context.Context, contact string) (*agent.ExplainContactResponse, error) {
	return a.calls.ExplainContact().SessionToken(a.token).ContactID(contact).Send(ctx)
}

// Broadcast sends a text of at most 4096 bytes to all clients of the user, this one included, at most 20 a second. Nothing is stored.
func (a *Agent) Broadcast(ctx context.Context, text string) error {
	_, err := a.calls.Broadcast().SessionToken(a.token).Content(text).Send(ctx)
	return err
}

// SignOut ends the session, or all sessions of the user, and then does what Close does. The contacts in hand stay there. If it fails
// the agent goes on.
func (a *Agent) SignOut(ctx context.Context, everywhere bool) error {
	call := a.calls.SignOut().SessionToken(a.token)
	if everywhere {
		call = call.Everywhere(true)
	}
	if _, err := call.Send(ctx); err != nil {
		return err
	}
	return a.Close()
}

// chatInHand is the agent's side of a chat in hand.
type chatInHand struct {
	session     *Session
	contact     string // with which it was begun
	participant string
}

// Chat returns the agent's side of a chat that was accepted: a [Session] that sends and does not receive, for whatever the
// methods here do not do, such as sending files. It is one for all calls, and is closed when the contact is cleared; it must not
// be closed before. Of a contact in after-contact work it only reads; one that still rings, was missed or was rejected is refused.
func (a *Agent) Chat(ctx context.Context, contact string) (*Session, error) {
	a.mu.Lock()
	there := a.chats.of(contact)
	a.mu.Unlock()
	if there != nil {
		return there.session, nil
	}
	out, err := a.calls.CreateChatToken().SessionToken(a.token).ContactID(contact).Send(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.c.Join(ctx, SessionConfig{Token: out.ParticipantToken, SendOnly: true, ConnectParticipant: true, SendTimeout: a.cfg.SendTimeout})
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	other := a.chats[out.InitialContactId]
	switch {
	case a.chats == nil:
		a.mu.Unlock()
		_ = s.Close() // it has nothing that could fail
		return nil, ErrClosed
	case other != nil && other.participant == out.ParticipantId: // another call was quicker
		a.mu.Unlock()
		_ = s.Close()
		return other.session, nil
	}
	a.chats[out.InitialContactId] = &chatInHand{s, out.ContactId, out.ParticipantId}
	a.mu.Unlock()
	if other != nil {
		_ = other.session.Close()
	}
	return s, nil
}

// chatsInHand are the chats for which there is a session, by the first contact of their chain.
type chatsInHand map[string]*chatInHand

// of finds a chat by that contact, or by the one with which it was begun; nil when there is none.
func (all chatsInHand) of(contact string) *chatInHand {
	for chat, c := range all {
		if chat == contact || c.contact == contact {
			return c
		}
	}
	return nil
}

// Send sends a text message to a chat, exactly once: see [Session.SendMessage].
func (a *Agent) Send(ctx context.Context, contact, text string) (Sent, error) {
	return a.SendMessage(ctx, contact, Message{ContentType: PlainText, Content: text})
}

// SendMessage sends a message to a chat, exactly once: see [Session.SendMessage].
func (a *Agent) SendMessage(ctx context.Context, contact string, m Message) (Sent, error) {
	s, err := a.Chat(ctx, contact)
	if err != nil {
		return Sent{}, err
	}
	return s.SendMessage(ctx, m)
}

// Typing tells the others in a chat that the agent is typing: see [Session.Typing].
func (a *Agent) Typing(ctx context.Context, contact string) error {
	s, err := a.Chat(ctx, contact)
	if err != nil {
		return err
	}
	return s.Typing(ctx)
}

// Read tells the author of a message that it was read, which implies that it was delivered.
func (a *Agent) Read(ctx context.Context, contact, itemID string) error {
	s, err := a.Chat(ctx, contact)
	if err != nil {
		return err
	}
	return s.Read(ctx, itemID)
}

// Transcript returns what was said in a chat, also before the agent came: see [Session.Transcript]. Of a chat that has ended
// for him it has what was said until then, as long as he has not cleared it.
func (a *Agent) Transcript(ctx context.Context, contact string) ([]*Item, error) {
	s, err := a.Chat(ctx, contact)
	if err != nil {
		return nil, err
	}
	return s.Transcript(ctx)
}
