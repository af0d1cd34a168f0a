package agentapi

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/store"
)

// picker is a caller who may pick chats.
type picker struct {
	caller
	scope  access.Scope
	any    bool             // any chats; otherwise those for which the caller is a preferred agent
	queues []center.QueueID // from these queues
}

// picker returns who makes a request, if he may pick chats: any, or those meant for him.
func (s *Service) picker(ctx context.Context) (p picker, err error) {
	if p.caller, err = s.caller(ctx); err != nil {
		return p, err
	}
	p.any = true
	if p.scope, err = p.rights.Within(permission.ManualAssignAnyContact); err != nil {
		p.any = false
		if p.scope, err = p.rights.Within(permission.ManualAssignAnyContact, permission.ManualAssignMyContacts); err != nil {
			return p, err
		}
	}
	profile, err := p.profile()
	if err != nil {
		return p, err
	}
	for _, q := range profile.Manual {
		if q.Channel == chat && p.scope.SeesQueue(q.Queue) {
			p.queues = append(p.queues, q.Queue)
		}
	}
	return p, nil
}

// takes reports whether the caller may pick a chat that waits: any, or one whose active routing step names him.
func (p *picker) takes(state *contact.Chat) bool {
	if p.any {
		return true
	}
	criteria := state.Queue.Criteria()
	if criteria == nil || criteria.Index >= len(criteria.Steps) {
		return false
	}
	step, _ := routing.Compile(criteria.Steps[criteria.Index].Expression) // what cannot be read names nobody
	return slices.Contains(step.Names(), p.user.ID)
}

// place is where a page of contacts that wait begins: behind this one.
type place struct {
	Since time.Time        `json:"t"`
	Chat  center.ContactID `json:"c"`
}

func (p place) compare(w store.Waiting) int {
	return cmp.Or(p.Since.Compare(w.Since), cmp.Compare(p.Chat, w.Chat))
}

func placeOf(w store.Waiting) place { return place{w.Since, w.Chat} }

// ListWaitingContacts lists the chats that the agent may pick, those that have waited longest first. One that
// is taken meanwhile, or is meant for others, is missing on the page where it would be, and no other.
func (s *Service) ListWaitingContacts(ctx context.Context, in *agent.ListWaitingContactsRequest) (*agent.ListWaitingContactsResponse, error) {
	c, err := s.picker(ctx)
	if err != nil {
		return nil, err
	}
	queues := c.queues
	if in.QueueId != nil {
		q, err := catalog.Find[*catalog.Queue](c.snap, *in.QueueId)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(queues, q.ID) {
			return nil, center.Errorf(center.NotFound, "queue %s is not in the list for manual assignment of your routing profile", q.Name)
		}
		queues = []center.QueueID{q.ID}
	}
	var after place
	if err := fromToken(in.NextToken, &after); err != nil {
		return nil, err
	}
	limit := pageOf(in.MaxResults)
	page, err := s.waiting(ctx, c.Instance, queues, after, limit+1)
	if err != nil {
		return nil, err
	}
	out := &agent.ListWaitingContactsResponse{WaitingContacts: []agent.WaitingContact{}}
	if len(page) > limit {
		page = page[:limit]
		out.NextToken = new(tokenOf(placeOf(page[limit-1])))
	}
	for _, w := range page {
		state, err := s.Engine.State(ctx, w.Chat)
		if err != nil && center.ReasonOf(err) != center.NotFound {
			return nil, err
		}
		if err == nil && state.Queue != nil && c.takes(state) {
			out.WaitingContacts = append(out.WaitingContacts, c.waitingShown(state))
		}
	}
	return out, nil
}

// waiting returns the first chats that wait in queues behind a place, those that have waited longest first.
func (s *Service) waiting(ctx context.Context, instance center.InstanceID, queues []center.QueueID, after place, limit int) (first []store.Waiting, err error) {
	order := func(a, b store.Waiting) int { return placeOf(a).compare(b) }
	for _, q := range queues {
		for w, err := range s.Engine.Store.Waiting(ctx, instance, q) {
			if err != nil {
				return nil, err
			}
			if after.compare(w) >= 0 {
				continue
			}
			if first = append(first, w); len(first) >= 4*limit {
				slices.SortFunc(first, order)
				first = first[:limit]
			}
		}
	}
	slices.SortFunc(first, order)
	return first[:min(len(first), limit)], nil
}

// waitingShown is a chat that waits as clients are sent it.
func (p *picker) waitingShown(state *contact.Chat) agent.WaitingContact {
	cur := state.Current()
	w := agent.WaitingContact{
		ContactId: string(cur.ID), InitialContactId: string(state.ID), Channel: agent.ChannelCHAT,
		Queue: desk.QueueShown(p.snap, state.Queue.Queue), Enqueued: state.Queue.Since,
	}
	if name := state.Customer().DisplayName; name != "" {
		w.CustomerName = &name
	}
	if cur.Name != "" {
		w.Name = &cur.Name
	}
	if r := state.Ringing(); r != nil && p.scope.SeesUser(r.User) {
		w.RingsAt = new(string(r.User))
	}
	return w
}

// PickContact has a chat that waits in one of the queues for manual assignment ring with the agent, whatever his status; one
// that rings with somebody else he has not missed it then. Who may only pick those for which he is a preferred agent is denied
// the others.
func (s *Service) PickContact(ctx context.Context, in *agent.PickContactRequest) (*agent.PickContactResponse, error) {
	c, err := s.picker(ctx)
	if err != nil {
		return nil, err
	}
	state, err := s.chatOf(ctx, &c.caller, in.ContactId)
	if err != nil {
		return nil, err
	}
	switch {
	case !c.present():
		return nil, center.Errorf(center.Conflict, "no stream of yours is open, so the contact could not ring; open one first (CreateStream)")
	case state.Ended:
		return nil, center.Errorf(center.Conflict, "contact %s has ended", state.Current().ID)
	case state.Queue == nil && state.WorkOf(c.user.ID) == nil:
		return nil, center.Errorf(center.Conflict, "contact %s does not wait in a queue any more", state.Current().ID)
	case state.Queue != nil && !slices.Contains(c.queues, state.Queue.Queue):
		return nil, center.Errorf(center.NotFound, "contact %s does not wait in a queue that your routing profile lists for manual assignment", state.Current().ID)
	case state.Queue != nil && !c.takes(state):
		return nil, c.rights.Require(permission.ManualAssignAnyContact)
	}
	offer, err := s.Router.Assigned(c.snap, c.user, c.state)
	if err != nil {
		return nil, err
	}
	offer.Place = state.Place() // it may be in another queue by now
	reply, err := s.Engine.Do(ctx, state.ID, offer)
	if err != nil {
		return nil, err
	}
	return &agent.PickContactResponse{ContactId: string(reply.Contact), ParticipantId: string(reply.Participant)}, nil
}

// causes are the names of the causes for which a contact has no agent yet.
var causes = map[routing.Cause]agent.WaitingCause{
	routing.NotWaiting: agent.WaitingCauseNOT_WAITING, routing.Rings: agent.WaitingCauseRINGS, routing.Reserved: agent.WaitingCauseRESERVED,
	routing.SetAside:  agent.WaitingCauseSET_ASIDE,
	routing.NoProfile: agent.WaitingCauseNO_PROFILE, routing.ManualOnly: agent.WaitingCauseMANUAL_ONLY, routing.NoAgents: agent.WaitingCauseNO_AGENTS,
	routing.Due: agent.WaitingCauseDUE, routing.Others: agent.WaitingCauseOTHERS_FIRST, routing.NoSlot: agent.WaitingCauseNO_SLOT,
	routing.TooEarly: agent.WaitingCauseTOO_EARLY, routing.Barred: agent.WaitingCauseNOT_CLEARED, routing.OtherChannel: agent.WaitingCauseOTHER_CHANNEL,
	routing.NextStatus: agent.WaitingCauseNEXT_STATUS, routing.NotRoutable: agent.WaitingCauseNOT_ROUTABLE, routing.Offline: agent.WaitingCauseOFFLINE,
	routing.Excluded: agent.WaitingCauseEXCLUDED, routing.StepUnmet: agent.WaitingCauseCRITERIA_UNMET,
}

// ExplainContact says why a chat has no agent yet. Agents are named in the sentences as they sign in. Of agents whom the caller's
// security profiles do not let him see it tells how many they are.
func (s *Service) ExplainContact(ctx context.Context, in *agent.ExplainContactRequest) (*agent.ExplainContactResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	scope, err := c.rights.Within(permission.AgentActivityAudit, permission.AccessMetrics)
	if err != nil {
		return nil, err
	}
	state, err := s.chatOf(ctx, &c, in.ContactId)
	if err != nil {
		return nil, err
	}
	if state.Queue != nil && !scope.SeesQueue(state.Queue.Queue) {
		return nil, access.Denied("contact %s waits in a queue that your security profiles do not let you see", state.Current().ID)
	}
	why, err := s.Router.Explain(ctx, c.Instance, state.ID, scope.SeesUser)
	if err != nil {
		return nil, err
	}
	out := &agent.ExplainContactResponse{Reasons: make([]agent.WaitingReason, len(why.Reasons)), Agents: int32(why.Agents), More: int32(why.More)}
	for i, r := range why.Reasons {
		shown := agent.WaitingReason{Cause: causes[r.Cause], Text: r.String()}
		if r.User != "" && !scope.SeesUser(r.User) { // it rings with him
			shown.Text = strings.ReplaceAll(shown.Text, string(r.User), "whom you may not see")
		} else if r.User != "" {
			shown.UserId = new(string(r.User))
			if u, err := catalog.Get[*catalog.User](c.snap, r.User); err == nil {
				shown.UserName = &u.Name
				shown.Text = strings.ReplaceAll(shown.Text, string(r.User), u.Name)
			}
		}
		if p, err := catalog.Get[*catalog.RoutingProfile](c.snap, r.Profile); err == nil {
			shown.Text = strings.ReplaceAll(shown.Text, string(r.Profile), p.Name)
		}
		out.Reasons[i] = shown
	}
	return out, nil
}
