package agents

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/router"
)

// MonitorContact has a user watch a chat that is connected to an agent, in a contact of its own, silently until he barges in.
// Without AllowedMonitorCapabilities he cannot. The same ClientToken for the same user and capabilities gets the first answer, for others it
// is an IdempotencyException. What else is refused: a user without the permission, of whose security profiles one has to have
// ManagerListenIn, and for BARGE ManagerBargeIn, and one who may not see an agent of the contact, for the restrictions of his
// profiles or his hierarchy (AccessDeniedException); an instance without ENHANCED_CHAT_MONITORING, a contact that has
// ended or has no agent, and a user who has it in hand himself (InvalidRequestException); a sixth supervisor
// (ServiceQuotaExceededException).
//
// It ends when the user signs out, has had no stream open for a minute, is deleted, or loses ManagerListenIn; who loses
// ManagerBargeIn is silent again.
func (s *Agents) MonitorContact(ctx context.Context, in *connect.MonitorContactRequest) (*connect.MonitorContactResponse, error) {
	snap, u, chat, c, err := s.parties(ctx, in.InstanceId, in.UserId, in.ContactId)
	if err != nil {
		return nil, err
	}
	m, err := router.Monitor(snap, u, slices.Contains(in.AllowedMonitorCapabilities, connect.MonitorCapabilityBARGE))
	if err != nil {
		return nil, err
	}
	m.Contact = c.ID
	if in.ClientToken != nil {
		m.Token = *in.ClientToken
	}
	rights, agents := access.Of(snap, u), router.AgentsOf(snap, chat)
	if err := rights.Watch(agents...); err != nil {
		return nil, err
	}
	if m.Barge {
		if err := rights.Barge(agents...); err != nil {
			return nil, err
		}
	}
	if _, err := s.Engine.Agents.Do(ctx, snap.ID(), u.ID, agent.Summon{}); err != nil { // first: then it ends in any case when he does not come
		return nil, err
	}
	r, err := s.Engine.Do(ctx, chat.ID, m)
	if err != nil {
		return nil, err
	}
	return &connect.MonitorContactResponse{ContactId: new(string(r.Contact)), ContactArn: new(snap.ARN(query.KindContact, string(r.Contact)))}, nil
}
