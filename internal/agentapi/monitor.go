package agentapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/router"
)

// talking returns the agents who take part in a chat, the one who came last first.
func talking(state *contact.Chat) (all []contact.Participant) {
	for _, p := range state.Participants {
		if p.Role == center.RoleAgent && p.Present() {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b contact.Participant) int { return b.Joined.Compare(a.Joined) })
	return all
}

// MonitorContact has the supervisor watch a chat that is connected to an agent: see [contact.Monitor]. Who may is said by
// [access.Rights.Watch].
func (s *Service) MonitorContact(ctx context.Context, in *agent.MonitorContactRequest) (*agent.MonitorContactResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.rights.Require(permission.ManagerListenIn); err != nil {
		return nil, err
	}
	state, err := s.chatOf(ctx, &c, in.ContactId)
	if err != nil {
		return nil, err
	}
	agents := router.AgentsOf(c.snap, state)
	if err := c.rights.Watch(agents...); err != nil {
		return nil, err
	}
	denied, asked := c.rights.Barge(agents...), in.AllowedMonitorCapabilities
	barge := slices.Contains(asked, agent.MonitorCapabilityBARGE)
	if barge && denied != nil {
		return nil, denied
	}
	m, err := router.Monitor(c.snap, c.user, barge || len(asked) == 0 && denied == nil)
	if err != nil {
		return nil, unready(err)
	}
	m.Contact = state.Latest.ID // whose agents have been looked at
	if in.ClientToken != nil {
		m.Token = *in.ClientToken
	}
	reply, err := s.Engine.Do(ctx, state.ID, m)
	if err != nil {
		return nil, unready(err)
	}
	if state, err = s.Engine.State(ctx, state.ID); err != nil {
		return nil, err
	}
	if w := state.WorkOf(c.user.ID); w != nil && w.Watch != nil {
		m.Barge = w.Watch.MayBarge // as was said when it began
	}
	return &agent.MonitorContactResponse{ContactId: string(reply.Contact), ParticipantId: string(reply.Participant), MonitorCapabilities: desk.CapabilitiesShown(m.Barge)}, nil
}

// UpdateMonitorParticipantState has a supervisor barge in, or be silent again: see [contact.Supervise].
func (s *Service) UpdateMonitorParticipantState(ctx context.Context, in *agent.UpdateMonitorParticipantStateRequest) (*agent.UpdateMonitorParticipantStateResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	if w.Watch == nil {
		return nil, center.Errorf(center.Conflict, "you are an agent of contact %s, and do not monitor it", w.Contact)
	}
	barge, may := in.TargetMonitorMode == agent.MonitorCapabilityBARGE, c.rights.Watch
	if barge {
		may = c.rights.Barge
	}
	if err := may(router.AgentsOf(c.snap, state)...); err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, state.ID, contact.Supervise{User: c.user.ID, Barge: barge}); err != nil {
		return nil, unready(err)
	}
	return &agent.UpdateMonitorParticipantStateResponse{}, nil
}

// since is where a page of contacts that are connected begins: behind this one.
type since struct {
	Connected time.Time        `json:"t"`
	Contact   center.ContactID `json:"c"`
}

func (s since) compare(o since) int {
	return cmp.Or(s.Connected.Compare(o.Connected), cmp.Compare(s.Contact, o.Contact))
}

// ListActiveContacts lists the contacts that the supervisor may monitor, those that have been connected longest first. One that
// ends meanwhile is missing on the page where it would be, and no other.
func (s *Service) ListActiveContacts(ctx context.Context, in *agent.ListActiveContactsRequest) (*agent.ListActiveContactsResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	scope, err := c.rights.Within(permission.ManagerListenIn)
	if err != nil {
		return nil, err
	}
	var after since
	if err := fromToken(in.NextToken, &after); err != nil {
		return nil, err
	}
	desks, err := s.Router.Desks(ctx, c.Instance, func(u *catalog.User) bool {
		return u.ID != c.user.ID && c.rights.Watch(u) == nil
	})
	if err != nil {
		return nil, err
	}
	first := map[center.ContactID]time.Time{} // of several agents the first counts
	for _, d := range desks {
		for _, h := range d.Hands {
			if at, known := first[h.Contact]; h.State == contact.WorkConnected && (!known || h.Accepted.Before(at)) {
				first[h.Contact] = h.Accepted
			}
		}
	}
	var all []since
	for id, at := range first {
		if is := (since{at, id}); is.compare(after) > 0 {
			all = append(all, is)
		}
	}
	slices.SortFunc(all, since.compare)
	out := &agent.ListActiveContactsResponse{ActiveContacts: []agent.ActiveContact{}}
	if limit := pageOf(in.MaxResults); len(all) > limit {
		all = all[:limit]
		out.NextToken = new(tokenOf(all[limit-1]))
	}
	for _, is := range all {
		state, err := s.chatOf(ctx, &c, string(is.Contact))
		if err != nil && center.ReasonOf(err) != center.NotFound {
			return nil, err
		}
		if err == nil && len(talking(state)) > 0 && c.rights.Watch(router.AgentsOf(c.snap, state)...) == nil {
			out.ActiveContacts = append(out.ActiveContacts, c.activeShown(scope, state, is.Connected))
		}
	}
	return out, nil
}

// activeShown is a chat that is connected to agents as clients are sent it.
func (c *caller) activeShown(scope access.Scope, state *contact.Chat, at time.Time) agent.ActiveContact {
	cur := state.Current()
	a := agent.ActiveContact{ContactId: string(cur.ID), InitialContactId: string(state.ID), Channel: agent.ChannelCHAT, Connected: at, Agents: []agent.ActiveAgent{}}
	for _, p := range talking(state) {
		it := agent.ActiveAgent{UserId: string(p.User), DisplayName: p.DisplayName, UserName: string(p.User)}
		if u, err := catalog.Get[*catalog.User](c.snap, p.User); err == nil {
			it.UserName = u.Name
		}
		a.Agents = append(a.Agents, it)
	}
	if cur.Queue != "" && scope.SeesQueue(cur.Queue) {
		a.Queue = desk.QueueShown(c.snap, cur.Queue)
	}
	if name := state.Customer().DisplayName; name != "" {
		a.CustomerName = &name
	}
	if cur.Name != "" {
		a.Name = &cur.Name
	}
	if w := state.WorkOf(c.user.ID); w != nil && w.Watch != nil {
		a.Monitored = true
	}
	return a
}
