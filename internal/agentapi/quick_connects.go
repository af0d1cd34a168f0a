package agentapi

import (
	"cmp"
	"context"
	"slices"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/router"
)

// queues returns those of the caller's routing profile: those that contacts are offered from, those to pick from, and the default
// outbound queue.
func (c *caller) queues() ([]center.QueueID, error) {
	p, err := c.profile()
	if err != nil {
		return nil, err
	}
	all := []center.QueueID{p.DefaultOutbound}
	for _, q := range p.Queues {
		all = append(all, q.Queue)
	}
	for _, q := range p.Manual {
		all = append(all, q.Queue)
	}
	return all, nil
}

// queueOf returns the queue that a contact in hand came from, or the default outbound queue of the caller.
func (c *caller) queueOf(state *contact.Chat, w *contact.Work) (center.QueueID, error) {
	for _, s := range state.Chain() {
		if _, err := catalog.Get[*catalog.Queue](c.snap, s.Queue); s.ID == w.Contact && err == nil {
			return s.Queue, nil
		}
	}
	p, err := c.profile()
	if err != nil {
		return "", err
	}
	return p.DefaultOutbound, nil
}

// offered returns the quick connects of queues that are for chats of the caller's, each once, by name.
func (c *caller) offered(queues []center.QueueID) (all []*catalog.QuickConnect) {
	seen := map[center.QuickConnectID]bool{}
	for _, id := range queues {
		q, err := catalog.Get[*catalog.Queue](c.snap, id)
		if err != nil {
			continue // the agent's own queue, or it has been deleted
		}
		for _, of := range q.QuickConnects {
			k, err := catalog.Get[*catalog.QuickConnect](c.snap, of)
			if seen[of] || err != nil || k.Type == catalog.ToPhone || k.Type == catalog.ToUser && !c.leadsToAnother(k) {
				continue
			}
			seen[of] = true
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b *catalog.QuickConnect) int { return nameOf(a).compare(nameOf(b)) })
	return all
}

// leadsToAnother reports whether a quick connect to a user leads to somebody else who exists.
func (c *caller) leadsToAnother(k *catalog.QuickConnect) bool {
	_, err := catalog.Get[*catalog.User](c.snap, k.User)
	return err == nil && k.User != c.user.ID
}

// name is where a page of quick connects begins: behind this one.
type name struct {
	Name string                `json:"n"`
	ID   center.QuickConnectID `json:"i"`
}

func nameOf(k *catalog.QuickConnect) name { return name{k.Name, k.ID} }

func (n name) compare(o name) int {
	return cmp.Or(cmp.Compare(n.Name, o.Name), cmp.Compare(n.ID, o.ID))
}

// ListQuickConnects lists the quick connects of queues, with who could take a contact there at the moment.
func (s *Service) ListQuickConnects(ctx context.Context, in *agent.ListQuickConnectsRequest) (*agent.ListQuickConnectsResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	queues, err := c.queues()
	switch {
	case err != nil:
		return nil, err
	case in.ContactId != nil && len(in.QueueIds) > 0:
		return nil, center.Errorf(center.Invalid, "contactId and queueId exclude each other; a contact stands for its queue")
	case in.ContactId != nil:
		_, state, w, err := s.held(ctx, *in.ContactId)
		if err != nil {
			return nil, err
		}
		of, err := c.queueOf(state, w)
		if err != nil {
			return nil, err
		}
		queues = []center.QueueID{of}
	case len(in.QueueIds) > 0:
		queues = slices.DeleteFunc(queues, func(id center.QueueID) bool {
			return !slices.ContainsFunc(in.QueueIds, func(ref string) bool { return ref == string(id) || ref == c.snap.ARN(center.KindQueue, string(id)) })
		})
	}
	var after name
	if err := fromToken(in.NextToken, &after); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(c.offered(queues), func(k *catalog.QuickConnect) bool { return nameOf(k).compare(after) <= 0 })
	out := &agent.ListQuickConnectsResponse{QuickConnects: []agent.QuickConnectSummary{}}
	if limit := pageOf(in.MaxResults); len(all) > limit {
		all = all[:limit]
		out.NextToken = new(tokenOf(nameOf(all[limit-1])))
	}
	there, err := s.presence(ctx, c.Instance, all)
	if err != nil {
		return nil, err
	}
	offline, err := s.Catalog.Offline(ctx, c.Instance)
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		if _, known := there.Agents[k.User]; k.Type == catalog.ToUser && !known {
			there.Agents[k.User] = router.Reach{Status: offline}
		}
		out.QuickConnects = append(out.QuickConnects, c.quickConnectShown(k, there))
	}
	return out, nil
}

// presence returns who could take a contact where quick connects lead.
func (s *Service) presence(ctx context.Context, id center.InstanceID, all []*catalog.QuickConnect) (*router.Presence, error) {
	var users []center.UserID
	var queues []center.QueueID
	for _, k := range all {
		switch k.Type {
		case catalog.ToUser:
			users = append(users, k.User)
		case catalog.ToQueue:
			queues = append(queues, k.Queue)
		}
	}
	return s.Router.Presence(ctx, id, users, queues)
}

// quickConnectShown is a quick connect as clients are sent it.
func (c *caller) quickConnectShown(k *catalog.QuickConnect, there *router.Presence) agent.QuickConnectSummary {
	q := agent.QuickConnectSummary{Id: string(k.ID), Arn: c.snap.ARNOf(k), Name: k.Name, QuickConnectType: agent.QuickConnectType(k.Type)}
	if k.Description != "" {
		q.Description = &k.Description
	}
	switch k.Type {
	case catalog.ToUser:
		q.UserId = new(string(k.User))
		if u, err := catalog.Get[*catalog.User](c.snap, k.User); err == nil {
			q.DisplayName = new(router.IdentityOf(u).DisplayName)
		}
		a := there.Agents[k.User]
		q.Agent = &agent.AgentPresence{StatusName: a.Status.Name, StatusType: agent.AgentStatusType(a.Status.Type), Available: a.Free}
	case catalog.ToQueue:
		load := there.Lines[k.Queue]
		q.Queue = desk.QueueShown(c.snap, k.Queue)
		q.Load = &agent.QueuePresence{Waiting: int32(load.Waiting), Staffed: int32(load.Staffed), Available: int32(load.Free)}
	}
	return q
}

// quickConnect finds one that is for a contact that the caller has in hand.
func (c *caller) quickConnect(ref string, state *contact.Chat, w *contact.Work) (*catalog.QuickConnect, error) {
	k, err := catalog.Find[*catalog.QuickConnect](c.snap, ref)
	if err != nil {
		return nil, err
	}
	queues, err := c.queues()
	if err != nil {
		return nil, err
	}
	of, err := c.queueOf(state, w)
	if err != nil {
		return nil, err
	}
	for _, id := range append(queues, of) {
		if q, err := catalog.Get[*catalog.Queue](c.snap, id); err == nil && slices.Contains(q.QuickConnects, k.ID) {
			return k, nil
		}
	}
	return nil, center.Errorf(center.NotFound, "none of your queues offers the quick connect %s; an administrator adds it to one (AssociateQueueQuickConnects)", k.Name)
}
