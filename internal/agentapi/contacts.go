package agentapi

import (
	"context"
	"slices"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// chatOf finds the chat of a contact in the caller's instance.
func (s *Service) chatOf(ctx context.Context, c *caller, ref string) (*contact.Chat, error) {
	missing := center.Errorf(center.NotFound, "contact %s does not exist", ref)
	id, ok := center.ParseContactID(ref)
	if !ok {
		return nil, missing
	}
	of, err := s.Engine.Store.ChatOf(ctx, id)
	if err == nil {
		var state *contact.Chat
		if state, err = s.Engine.State(ctx, of); err == nil && state.Instance == c.Instance && state.Has(id) {
			return state, nil
		}
	}
	if err == nil || center.ReasonOf(err) == center.NotFound {
		return nil, missing
	}
	return nil, err
}

// held finds what the caller of a request has in hand of the chat of a contact.
func (s *Service) held(ctx context.Context, ref string) (c caller, state *contact.Chat, w *contact.Work, err error) {
	if c, err = s.caller(ctx); err != nil {
		return c, nil, nil, err
	}
	if state, err = s.chatOf(ctx, &c, ref); err != nil {
		return c, nil, nil, err
	}
	if w = state.WorkOf(c.user.ID); w == nil {
		return c, nil, nil, notInHand(ref)
	}
	return c, state, w, nil
}

func notInHand(ref string) error {
	return center.Errorf(center.NotFound, "you do not have contact %s in hand: it has been cleared, offered to somebody else, or was never offered to you", ref)
}

// AcceptContact accepts a contact that rings. One that the agent has accepted already, in another tab or by the same
// request before, is the same again; one that does not ring any more is InvalidStateException.
func (s *Service) AcceptContact(ctx context.Context, in *agent.AcceptContactRequest) (*agent.AcceptContactResponse, error) {
	c, state, _, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	reply, err := s.Engine.Do(ctx, state.ID, contact.Accept{User: c.user.ID})
	if err != nil {
		return nil, err
	}
	return &agent.AcceptContactResponse{ContactId: string(reply.Contact), ParticipantId: string(reply.Participant)}, nil
}

// RejectContact refuses a contact that rings.
func (s *Service) RejectContact(ctx context.Context, in *agent.RejectContactRequest) (*agent.RejectContactResponse, error) {
	c, state, _, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, state.ID, contact.Reject{User: c.user.ID}); err != nil {
		return nil, err
	}
	return &agent.RejectContactResponse{}, nil
}

// ClearContact takes a contact that is over for the agent out of his hands. What he does not have, and what does not
// exist, is cleared already.
func (s *Service) ClearContact(ctx context.Context, in *agent.ClearContactRequest) (*agent.ClearContactResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	state, err := s.chatOf(ctx, &c, in.ContactId)
	if err == nil {
		_, err = s.Engine.Do(ctx, state.ID, contact.Clear{User: c.user.ID})
	}
	if err != nil && center.ReasonOf(err) != center.NotFound {
		return nil, err
	}
	return &agent.ClearContactResponse{}, nil
}

// LeaveContact has the agent leave a chat that goes on without him, or ends with him; a supervisor leaves what he watches. One that
// he has left is left already. While an invitation of his rings, and nobody else is there, he cannot: the customer would be
// alone with the disconnect flow.
func (s *Service) LeaveContact(ctx context.Context, in *agent.LeaveContactRequest) (*agent.LeaveContactResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	state, err := s.chatOf(ctx, &c, in.ContactId)
	if err != nil {
		return nil, err
	}
	switch w := state.WorkOf(c.user.ID); {
	case w == nil && slices.ContainsFunc(state.Participants, func(p contact.Participant) bool { return p.User == c.user.ID && !p.Left.IsZero() }):
		return &agent.LeaveContactResponse{}, nil
	case w == nil:
		return nil, notInHand(in.ContactId)
	case w.State != contact.WorkConnected && w.State != contact.WorkEnded:
		return nil, notConnected(w)
	}
	if _, err := s.Engine.Do(ctx, state.ID, contact.Leave{User: c.user.ID}); err != nil {
		return nil, err
	}
	return &agent.LeaveContactResponse{}, nil
}

// notConnected says why a contact in hand is not connected, and what to do.
func notConnected(w *contact.Work) error {
	what := map[contact.WorkState]string{
		contact.WorkConnecting: "it still rings; accept it first",
		contact.WorkEnded:      "it has ended for you; clear it when you are done",
		contact.WorkMissed:     "it was missed; clear it",
		contact.WorkRejected:   "it was rejected, or the customer has left; clear it",
		contact.WorkError:      "it has failed; clear it",
	}[w.State]
	return center.Errorf(center.Conflict, "contact %s is not connected: %s", w.Contact, what)
}

// EndContact ends the chat for everybody, which needs a permission: any agent may leave. One that has ended is
// ended already.
func (s *Service) EndContact(ctx context.Context, in *agent.EndContactRequest) (*agent.EndContactResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	if err := c.rights.Require(permission.StopContactEnabled); err != nil {
		return nil, err
	}
	if state.Ended {
		return &agent.EndContactResponse{}, nil
	}
	if w.State != contact.WorkConnected {
		return nil, notConnected(w)
	}
	if _, err := s.Engine.Do(ctx, state.ID, contact.Stop{}); err != nil && center.ReasonOf(err) != center.Gone {
		return nil, err
	}
	return &agent.EndContactResponse{}, nil
}

// CreateChatToken returns a participant token of the agent's for a chat that rings, is connected, or has ended for him. It is good from the
// moment at which he has accepted it; when the chat ends or he leaves it serves to read the transcript, until he clears the contact.
func (s *Service) CreateChatToken(ctx context.Context, in *agent.CreateChatTokenRequest) (*agent.CreateChatTokenResponse, error) {
	_, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	if w.State.Bars() {
		return nil, notConnected(w)
	}
	return &agent.CreateChatTokenResponse{
		ParticipantToken: chatToken(s.Sealer, state.ID, w.Participant), ParticipantId: string(w.Participant),
		ContactId: string(w.Contact), InitialContactId: string(state.ID),
	}, nil
}

// UpdateContactAttributes sets user-defined attributes of a contact that the agent is in, or works on after its end. Those
// who may not see attributes may not set them.
func (s *Service) UpdateContactAttributes(ctx context.Context, in *agent.UpdateContactAttributesRequest) (*agent.UpdateContactAttributesResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	if err := c.rights.Require(permission.ContactAttributesView); err != nil {
		return nil, err
	}
	if w.State != contact.WorkConnected && w.State != contact.WorkEnded {
		return nil, notConnected(w)
	}
	if _, err := s.Engine.Do(ctx, state.ID, contact.SetAttributes{Attributes: in.Attributes}); err != nil {
		return nil, err
	}
	return &agent.UpdateContactAttributesResponse{}, nil
}
