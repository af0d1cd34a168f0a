package agentapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/router"
)

// restricted is the resource of HierarchyRestrictedResources that agents are.
const restricted = "User"

// mayWatch refuses whoever may not monitor the contacts of an agent: who does not have the permission, who has it by
// security profiles alone that are for users of a hierarchy group (AllowedAccessControlHierarchyGroupId, or else the group of the supervisor)
// in which the agent is not, and who may see the contacts of agents of his own group alone.
func (c *caller) mayWatch(u *catalog.User, n permission.Name) error {
	if err := c.may(n); err != nil {
		return err
	}
	refusal := &forbidden{n, "your security profiles let you monitor agents of your part of the hierarchy alone, and " + u.Name + " is not in it"}
	for range c.granting(permission.RestrictContactAccess) {
		if !c.below(u, c.user.Group) {
			return refusal
		}
	}
	for p := range c.granting(n) {
		if !slices.Contains(p.ByHierarchy, restricted) || c.below(u, cmp.Or(p.Group, c.user.Group)) {
			return nil
		}
	}
	return refusal
}

// below reports whether a user is in a hierarchy group, or in one below it. Nobody is in none.
func (c *caller) below(u *catalog.User, group center.HierarchyGroupID) bool {
	g, err := catalog.Get[*catalog.Group](c.snap, u.Group)
	return err == nil && slices.ContainsFunc(catalog.Path(c.snap, g), func(at *catalog.Group) bool { return at != nil && at.ID == group })
}

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

// mayWatchChat refuses whoever may not monitor one of the agents of a chat.
func (c *caller) mayWatchChat(state *contact.Chat, n permission.Name) error {
	for _, p := range talking(state) {
		u, err := catalog.Get[*catalog.User](c.snap, p.User)
		if err != nil {
			continue // he has been deleted, and his part is about to end
		}
		if err := c.mayWatch(u, n); err != nil {
			return err
		}
	}
	return c.may(n)
}

// MonitorContact has the supervisor watch a chat that is connected to an agent: see [contact.Monitor]. Who may is said by
// caller.mayWatch.
func (s *Service) MonitorContact(ctx context.Context, in *agent.MonitorContactRequest) (*agent.MonitorContactResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.may(permission.ManagerListenIn); err != nil {
		return nil, err
	}
	state, err := s.chatOf(ctx, &c, in.ContactId)
	if err != nil {
		return nil, err
	}
	if err := c.mayWatchChat(state, permission.ManagerListenIn); err != nil {
		return nil, err
	}
	barge := c.mayWatchChat(state, permission.ManagerBargeIn)
	if asked := in.AllowedMonitorCapabilities; slices.Contains(asked, agent.MonitorCapabilityBARGE) {
		if barge != nil {
			return nil, barge
		}
	} else if len(asked) > 0 {
		barge = &forbidden{permission: permission.ManagerBargeIn}
	}
	m, err := router.Monitor(c.snap, c.user, barge == nil)
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
	barge, needs := in.TargetMonitorMode == agent.MonitorCapabilityBARGE, permission.ManagerListenIn
	if barge {
		needs = permission.ManagerBargeIn
	}
	if err := c.may(needs); err != nil {
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
	if err := c.may(permission.ManagerListenIn); err != nil {
		return nil, err
	}
	var after since
	if err := fromToken(in.NextToken, &after); err != nil {
		return nil, err
	}
	desks, err := s.Router.Desks(ctx, c.Instance, func(u *catalog.User) bool {
		return u.ID != c.user.ID && c.mayWatch(u, permission.ManagerListenIn) == nil
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
		if err == nil && len(talking(state)) > 0 && c.mayWatchChat(state, permission.ManagerListenIn) == nil {
			out.ActiveContacts = append(out.ActiveContacts, c.activeShown(state, is.Connected))
		}
	}
	return out, nil
}

// activeShown is a chat that is connected to agents as clients are sent it.
func (c *caller) activeShown(state *contact.Chat, at time.Time) agent.ActiveContact {
	cur := state.Current()
	a := agent.ActiveContact{ContactId: string(cur.ID), InitialContactId: string(state.ID), Channel: agent.ChannelCHAT, Connected: at, Agents: []agent.ActiveAgent{}}
	for _, p := range talking(state) {
		it := agent.ActiveAgent{UserId: string(p.User), DisplayName: p.DisplayName, UserName: string(p.User)}
		if u, err := catalog.Get[*catalog.User](c.snap, p.User); err == nil {
			it.UserName = u.Name
		}
		a.Agents = append(a.Agents, it)
	}
	if cur.Queue != "" {
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
