package agentapi

import (
	"context"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/router"
)

// TransferContact transfers a connected chat to where a quick connect of the agent's queues leads: see [contact.Transfer]. A transfer
// that has begun is answered; whether it succeeds the agent sees.
func (s *Service) TransferContact(ctx context.Context, in *agent.TransferContactRequest) (*agent.TransferContactResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	k, err := c.quickConnect(in.QuickConnectId, state, w)
	if err != nil {
		return nil, err
	}
	to, err := router.TargetOf(c.snap, k)
	if err != nil {
		return nil, unready(err)
	}
	t := contact.Transfer{User: c.user.ID, To: to}
	if in.ClientToken != nil {
		t.Token = *in.ClientToken
	}
	reply, err := s.Engine.Do(ctx, state.ID, t)
	if err != nil {
		return nil, unready(err)
	}
	return &agent.TransferContactResponse{ContactId: string(reply.Contact)}, nil
}

// InviteParticipant has a connected chat ring at another agent, to whom a quick connect leads: see [contact.Invite].
func (s *Service) InviteParticipant(ctx context.Context, in *agent.InviteParticipantRequest) (*agent.InviteParticipantResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	k, err := c.quickConnect(in.QuickConnectId, state, w)
	if err != nil {
		return nil, err
	}
	i, err := s.Router.Invite(c.snap, c.user.ID, k)
	if err != nil {
		return nil, unready(err)
	}
	reply, err := s.Engine.Do(ctx, state.ID, i)
	if err != nil {
		return nil, unready(err)
	}
	return &agent.InviteParticipantResponse{ContactId: string(reply.Contact), ParticipantId: string(reply.Participant)}, nil
}

// RemoveParticipant removes somebody from a chat, takes an invitation back or cancels a transfer: see [contact.Remove]. To remove the
// customer is to end the chat, and needs that permission; a supervisor removes by that of barging in. Who is not there, or not any more, is
// removed already: of an invitation that was taken back nothing is kept.
func (s *Service) RemoveParticipant(ctx context.Context, in *agent.RemoveParticipantRequest) (*agent.RemoveParticipantResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	id := center.ParticipantID(in.ParticipantId)
	switch p := state.Participant(id); {
	case p != nil && !p.Left.IsZero():
		return &agent.RemoveParticipantResponse{}, nil
	case p != nil && p.Role == center.RoleCustomer:
		err = c.rights.Require(permission.StopContactEnabled)
	case w.Watch != nil:
		err = c.rights.Require(permission.ManagerBargeIn)
	}
	if err != nil {
		return nil, err
	}
	_, err = s.Engine.Do(ctx, state.ID, contact.Remove{By: c.user.ID, Participant: id})
	if r := center.ReasonOf(err); err != nil && r != center.NotFound && r != center.Gone { // when the chat has ended everybody is removed
		return nil, unready(err)
	}
	return &agent.RemoveParticipantResponse{}, nil
}
