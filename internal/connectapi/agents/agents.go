// Package agents answers the operations on what agents do at the moment: their
// status, the contacts in their hands, and the real-time metrics.
//
// A method that changes something translates a request into a command of package agent or
// contact, and returns when what it did is durable. Metrics are read from what the router knows: the state after the last
// commit. Start reading at [Agents].
package agents

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/router"
)

// Agents answers the operations on agents at work. All exported members are needed.
type Agents struct {
	Catalog *catalog.Catalog
	Engine  *engine.Engine
	Router  *router.Router

	pages pages
}

// user finds a user of an instance, by the members InstanceId and UserId.
func (s *Agents) user(ctx context.Context, instance, ref string) (*catalog.Snapshot, *catalog.User, error) {
	return query.Find[*catalog.User](ctx, s.Catalog, instance, ref)
}

// parties finds a user and a contact of an instance, by the members InstanceId, UserId and ContactId.
func (s *Agents) parties(ctx context.Context, instance, user, ref string) (*catalog.Snapshot, *catalog.User, *contact.Chat, *center.Contact, error) {
	snap, u, err := s.user(ctx, instance, user)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	chat, c, err := query.Contact(ctx, s.Engine, snap, ref)
	return snap, u, chat, c, wire.InMember("ContactId", err)
}

// PutUserStatus gives an agent a status, by the rules of the next status: with contacts in hand
// one that is not routable follows when they are cleared, and nothing more is offered meanwhile. An
// agent who is not signed in cannot be made available: InvalidRequestException, as for a status that is disabled.
func (s *Agents) PutUserStatus(ctx context.Context, in *connect.PutUserStatusRequest) (*connect.PutUserStatusResponse, error) {
	snap, u, err := s.user(ctx, in.InstanceId, in.UserId)
	if err != nil {
		return nil, err
	}
	status, err := catalog.Find[*catalog.AgentStatus](snap, in.AgentStatusId)
	if err != nil {
		return nil, wire.InMember("AgentStatusId", err)
	}
	if status.Disabled {
		return nil, center.Errorf(center.BadRequest, "the agent status %s is disabled", status.Name)
	}
	if _, err := s.Engine.Agents.Do(ctx, snap.ID(), u.ID, agent.SetStatus{Status: catalog.StatusOf(status), By: agent.BySupervisor}); err != nil {
		return nil, err
	}
	return &connect.PutUserStatusResponse{}, nil
}

// AssociateContactWithUser has a contact that waits in a queue ring at an agent, whatever
// his status; another at whom it rings has not missed it. An agent without a free slot, or who
// has not cleared this contact, and a contact that does not wait are InvalidRequestException.
func (s *Agents) AssociateContactWithUser(ctx context.Context, in *connect.AssociateContactWithUserRequest) (*connect.AssociateContactWithUserResponse, error) {
	snap, u, chat, c, err := s.parties(ctx, in.InstanceId, in.UserId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if c.ID != chat.Current().ID {
		return nil, center.Errorf(center.BadRequest, "contact %s has ended", c.ID)
	}
	state, _, err := s.Engine.Agents.State(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	offer, err := s.Router.Assigned(snap, u, state)
	if err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, chat.ID, offer); err != nil {
		return nil, err
	}
	return &connect.AssociateContactWithUserResponse{}, nil
}

// DismissUserContact clears a contact in an agent's hands that is over for him: missed, rejected, in error, or in
// after-contact work. One that he does not have is dismissed already; one that rings or is connected is
// InvalidRequestException.
func (s *Agents) DismissUserContact(ctx context.Context, in *connect.DismissUserContactRequest) (*connect.DismissUserContactResponse, error) {
	_, u, chat, _, err := s.parties(ctx, in.InstanceId, in.UserId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, chat.ID, contact.Clear{User: u.ID}); err != nil {
		return nil, err
	}
	return &connect.DismissUserContactResponse{}, nil
}
