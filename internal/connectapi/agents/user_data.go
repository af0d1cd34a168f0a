package agents

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/store"
)

// GetCurrentUserData tells what agents do, as the last commit left them, by user id. Filters names either
// queues (agents whose routing profile has one of them), routing profiles, a hierarchy group (its agents, and those of
// the groups below it) or agents, else InvalidParameterException; what does not exist is
// ResourceNotFoundException. With ContactFilter only agents come who have a contact in one of the states in
// hand; all their contacts are shown. The ring of a chat is CONNECTING, after-contact work ENDED.
//
// Agents who are Offline come only when they are asked for by id: one who has never signed in has no
// StatusStartTimestamp. NextStatus is the name of the status to follow.
//
// MaxSlotsByChannel is what the routing profile says, channel by channel. ActiveSlotsByChannel counts contacts that are connected or in
// after-contact work. AvailableSlotsByChannel is 0 for an agent who is not Available, has a NextStatus, or a contact that
// was missed or rejected; what rings takes a slot, and where the profile does not let chats be beside other
// channels, a chat in hand takes the slots of all others.
func (s *Agents) GetCurrentUserData(ctx context.Context, in *connect.GetCurrentUserDataRequest) (*connect.GetCurrentUserDataResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	desks, err := s.desks(ctx, snap, in.Filters)
	if err != nil {
		return nil, err
	}
	if f := in.Filters.ContactFilter; f != nil && len(f.ContactStates) > 0 {
		desks = slices.DeleteFunc(desks, func(d router.Desk) bool {
			return !slices.ContainsFunc(d.Hands, func(h router.InHand) bool { return slices.Contains(f.ContactStates, connect.ContactState(h.State)) })
		})
	}
	page := query.Page{List: "GetCurrentUserData", Token: in.NextToken, Max: in.MaxResults, Request: []any{snap.ID(), in.Filters}}
	some, next, err := query.Cut(page, desks, func(d *router.Desk) string { return string(d.User.ID) })
	if err != nil {
		return nil, err
	}
	records, err := s.records(ctx, some)
	if err != nil {
		return nil, err
	}
	out := &connect.GetCurrentUserDataResponse{UserDataList: make([]connect.UserData, len(some)), NextToken: next, ApproximateTotalCount: new(int64(len(desks)))}
	for i := range some {
		out.UserDataList[i] = userData(snap, &some[i], records)
	}
	return out, nil
}

// desks returns the agents whom filters name, by id.
func (s *Agents) desks(ctx context.Context, snap *catalog.Snapshot, f *connect.UserDataFilters) ([]router.Desk, error) {
	given := 0
	for _, refs := range [][]string{f.Queues, f.RoutingProfiles, f.Agents, f.UserHierarchyGroups} {
		given += min(len(refs), 1)
	}
	if given != 1 {
		return nil, invalid("Filters: give one of Queues, RoutingProfiles, Agents and UserHierarchyGroups, not %d of them", given)
	}
	profiles, users := map[center.RoutingProfileID]bool{}, map[center.UserID]*catalog.User{}
	var group *catalog.Group
	for _, ref := range f.Queues {
		queue, err := catalog.Find[*catalog.Queue](snap, ref)
		if err != nil {
			return nil, wire.InMember("Filters.Queues", err)
		}
		for _, p := range catalog.All[*catalog.RoutingProfile](snap) {
			profiles[p.ID] = profiles[p.ID] || slices.ContainsFunc(p.Queues, func(q catalog.ProfileQueue) bool { return q.Queue == queue.ID })
		}
	}
	for _, ref := range f.RoutingProfiles {
		p, err := catalog.Find[*catalog.RoutingProfile](snap, ref)
		if err != nil {
			return nil, wire.InMember("Filters.RoutingProfiles", err)
		}
		profiles[p.ID] = true
	}
	for _, ref := range f.Agents {
		u, err := catalog.Find[*catalog.User](snap, ref)
		if err != nil {
			return nil, wire.InMember("Filters.Agents", err)
		}
		users[u.ID] = u
	}
	for _, ref := range f.UserHierarchyGroups {
		g, err := catalog.Find[*catalog.Group](snap, ref)
		if err != nil {
			return nil, wire.InMember("Filters.UserHierarchyGroups", err)
		}
		group = g
	}
	desks, err := s.Router.Desks(ctx, snap.ID(), func(u *catalog.User) bool {
		return profiles[u.RoutingProfile] || users[u.ID] != nil || group != nil && slices.Contains(pathOf(snap, u), group)
	})
	if err != nil {
		return nil, err
	}
	for _, d := range desks {
		delete(users, d.User.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(users)) { // those who are Offline
		d := router.Desk{User: users[id]}
		if d.Agent, _, err = s.Engine.Agents.State(ctx, id); err != nil {
			return nil, err
		}
		if d.Agent == nil {
			offline, err := s.Catalog.Offline(ctx, snap.ID())
			if err != nil {
				return nil, err
			}
			d.Agent = &agent.Agent{User: id, Status: offline}
		}
		at, _ := slices.BinarySearchFunc(desks, id, func(d router.Desk, id center.UserID) int { return cmp.Compare(d.User.ID, id) })
		desks = slices.Insert(desks, at, d)
	}
	return desks, nil
}

// pathOf returns the groups that a user is in, the topmost first.
func pathOf(snap *catalog.Snapshot, u *catalog.User) []*catalog.Group {
	g, err := catalog.Get[*catalog.Group](snap, u.Group)
	if err != nil {
		return nil // of none
	}
	return catalog.Path(snap, g)
}

// records reads what is known of the contacts in agents' hands.
func (s *Agents) records(ctx context.Context, desks []router.Desk) (map[center.ContactID]center.Contact, error) {
	var ids []center.ContactID
	for i := range desks {
		for _, h := range desks[i].Hands {
			ids = append(ids, h.Contact)
		}
	}
	records := map[center.ContactID]center.Contact{}
	if len(ids) == 0 {
		return records, nil
	}
	for c, err := range s.Engine.Store.Contacts(ctx, store.ContactQuery{IDs: ids}) {
		if err != nil {
			return nil, err
		}
		records[c.ID] = c
	}
	return records, nil
}

func userData(snap *catalog.Snapshot, d *router.Desk, records map[center.ContactID]center.Contact) connect.UserData {
	u := d.User
	out := connect.UserData{
		User:           &connect.UserReference{Id: new(string(u.ID)), Arn: new(snap.ARN(center.KindUser, string(u.ID)))},
		RoutingProfile: &connect.RoutingProfileReference{Id: new(string(u.RoutingProfile)), Arn: new(snap.ARN(center.KindRoutingProfile, string(u.RoutingProfile)))},
		HierarchyPath:  hierarchyPath(snap, u),
	}
	if a := d.Agent; a != nil {
		out.Status = &connect.AgentStatusReference{
			StatusArn: new(snap.ARN(center.KindAgentStatus, string(a.Status.ID))), StatusName: &a.Status.Name, StatusStartTimestamp: wire.Moment(a.Since),
		}
		if a.Next != nil {
			out.NextStatus = &a.Next.Name
		}
	}
	out.MaxSlotsByChannel, out.ActiveSlotsByChannel, out.AvailableSlotsByChannel = slots(snap, d)
	out.Contacts = make([]connect.AgentContactReference, len(d.Hands))
	for i, h := range d.Hands {
		c := connect.AgentContactReference{
			ContactId: new(string(h.Contact)), Channel: connect.ChannelCHAT, AgentContactState: connect.ContactState(h.State),
			StateStartTimestamp: wire.Moment(h.Since), ConnectedToAgentTimestamp: wire.Moment(h.Accepted),
		}
		if r, ok := records[h.Contact]; ok {
			c.InitiationMethod = connect.ContactInitiationMethod(r.InitiationMethod)
			if r.Queue != "" {
				c.Queue = &connect.QueueReference{Id: new(string(r.Queue)), Arn: new(snap.ARN(center.KindQueue, string(r.Queue)))}
			}
		}
		out.Contacts[i] = c
	}
	return out
}

// hierarchyPath shows where a user is in the hierarchy, nil for nowhere.
func hierarchyPath(snap *catalog.Snapshot, u *catalog.User) *connect.HierarchyPathReference {
	path := pathOf(snap, u)
	if len(path) == 0 {
		return nil
	}
	out := &connect.HierarchyPathReference{}
	for i, level := range []**connect.HierarchyGroupSummaryReference{&out.LevelOne, &out.LevelTwo, &out.LevelThree, &out.LevelFour, &out.LevelFive} {
		if i < len(path) && path[i] != nil {
			*level = &connect.HierarchyGroupSummaryReference{Id: new(string(path[i].ID)), Arn: new(snap.ARN(center.KindHierarchyGroup, string(path[i].ID)))}
		}
	}
	return out
}

// slots are an agent's slots by channel: all, those that are active, and those in which a contact may be.
func slots(snap *catalog.Snapshot, d *router.Desk) (all, active, free map[connect.Channel]int32) {
	all, active, free = map[connect.Channel]int32{}, map[connect.Channel]int32{}, map[connect.Channel]int32{}
	p, err := catalog.Get[*catalog.RoutingProfile](snap, d.User.RoutingProfile)
	if err != nil {
		return all, active, free
	}
	open := d.Agent != nil && d.Agent.Status.Type == agent.Routable && d.Agent.Next == nil
	var talking int32
	for _, h := range d.Hands {
		open = open && !h.State.Bars()
		if h.State == contact.WorkConnected || h.State == contact.WorkEnded {
			talking++
		}
	}
	alone := len(d.Hands) > 0 && slices.ContainsFunc(p.Concurrency, func(c catalog.Concurrency) bool {
		return c.Channel == string(connect.ChannelCHAT) && !c.AnyChannel
	})
	for _, c := range p.Concurrency {
		channel := connect.Channel(c.Channel)
		all[channel], active[channel], free[channel] = int32(c.Max), 0, 0
		switch {
		case channel == connect.ChannelCHAT:
			active[channel] = talking
			if open {
				free[channel] = max(0, int32(c.Max)-int32(len(d.Hands)))
			}
		case open && !alone:
			free[channel] = int32(c.Max)
		}
	}
	return all, active, free
}
