package desk

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	api "parley.example/parley/api/agent"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
)

// View is what an agent sees at one moment.
type View struct {
	User  center.UserID
	Agent *agent.Agent // as he is, also one who has never been there
	Chats []Chat       // in hand
}

// Chat is a chat in the agent's hands.
type Chat struct {
	State *contact.Chat
	Last  int64 // the sequence number of its last item
}

// Load reads what an agent sees, as it stands in the store.
func Load(ctx context.Context, e *engine.Engine, instance center.InstanceID, user center.UserID) (View, error) {
	v := View{User: user}
	var err error
	if v.Agent, _, err = e.Agents.State(ctx, user); err != nil {
		return v, err
	}
	if v.Agent == nil {
		offline, err := e.Staff.Offline(ctx, instance)
		if err != nil {
			return v, err
		}
		v.Agent = &agent.Agent{User: user, Instance: instance, Status: offline}
	}
	held, err := heldBy(ctx, e.Store, instance, user)
	if err != nil {
		return v, err
	}
	for _, id := range held {
		state, last, err := e.Position(ctx, id)
		if err != nil && center.ReasonOf(err) == center.NotFound {
			continue // erased since
		}
		if err != nil {
			return v, err
		}
		if state.WorkOf(user) != nil {
			v.Chats = append(v.Chats, Chat{state, last})
		}
	}
	return v, nil
}

// heldBy returns the chats that a user has in hand.
func heldBy(ctx context.Context, s store.Store, instance center.InstanceID, user center.UserID) (ids []center.ContactID, err error) {
	for h, err := range s.Held(ctx, instance, user) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, h.Chat)
	}
	return ids, nil
}

// Snapshot is the view as clients are sent it. snap names what is set up; what has been deleted since has no name. tag says
// to the client whether the agent is still set up as GetAgent has told it.
func (v View) Snapshot(snap *catalog.Snapshot, tag string, version int64, now time.Time) *api.AgentSnapshot {
	s := &api.AgentSnapshot{
		Version: version, Time: now, ConfigurationTag: tag, Status: StatusShown(snap, v.Agent.Status, v.Agent.Since), Contacts: make([]api.AgentContact, 0, len(v.Chats)),
	}
	if s.Status.Since.IsZero() {
		s.Status.Since = now // of an agent who has never been there
	}
	if v.Agent.Next != nil {
		s.NextStatus = StatusShown(snap, *v.Agent.Next, v.Agent.Chosen)
	}
	chats := slices.SortedFunc(slices.Values(v.Chats), func(a, b Chat) int {
		w, x := a.State.WorkOf(v.User), b.State.WorkOf(v.User)
		if c := w.Offered.Compare(x.Offered); c != 0 {
			return c
		}
		return strings.Compare(string(a.State.ID), string(b.State.ID))
	})
	for _, c := range chats {
		s.Contacts = append(s.Contacts, c.shown(snap, v.User))
	}
	return s
}

// StatusShown is a status as clients are sent it.
func StatusShown(snap *catalog.Snapshot, s agent.Status, since time.Time) *api.CurrentStatus {
	return &api.CurrentStatus{
		Id: string(s.ID), Arn: snap.ARN(center.KindAgentStatus, string(s.ID)), Name: s.Name, Type: api.AgentStatusType(s.Type), Since: since,
	}
}

// QueueShown is a queue as clients are sent it.
func QueueShown(snap *catalog.Snapshot, id center.QueueID) *api.QueueSummary {
	q := &api.QueueSummary{Id: string(id), Arn: snap.ARN(center.KindQueue, string(id))}
	if found, err := catalog.Get[*catalog.Queue](snap, id); err == nil {
		q.Name = &found.Name
	}
	return q
}

// OwnQueue is the id of the queue from which an agent alone is served.
func OwnQueue(user center.UserID) center.QueueID { return center.QueueID(machine.AgentQueue + user) }

// shown is the contact that the user has in hand of the chat.
func (c Chat) shown(snap *catalog.Snapshot, user center.UserID) api.AgentContact {
	chat := c.State
	w, cur := chat.WorkOf(user), chat.Current()
	chain := chat.Chain()
	of := max(0, slices.IndexFunc(chain, func(s contact.Segment) bool { return s.ID == w.Contact }))
	a := api.AgentContact{
		ContactId: string(w.Contact), InitialContactId: string(chat.ID), RelatedContactId: optional(chat.Related()), Channel: api.ChannelCHAT,
		InitiationMethod: chain[of].Method, Name: optional(cur.Name), Description: optional(cur.Description), LanguageCode: optional(chat.Language),
		State: api.AgentContactState(w.State), Since: w.Since, Offered: w.Offered, Accepted: moment(w.Accepted), Deadline: moment(w.By),
		AutoAccept: !w.Accepted.IsZero() && w.Accepted.Equal(w.Offered), ParticipantId: string(w.Participant),
		ChatEnded: chat.Ended, LastSequence: c.Last, Participants: participantsOf(chat, w), Attributes: map[string]string{},
		SegmentAttributes: map[string]string{}, References: map[string]api.Reference{},
	}
	if of > 0 {
		a.PreviousContactId = optional(chain[of-1].ID)
	}
	if q := chain[of].Queue; q != "" {
		a.Queue = QueueShown(snap, q)
	}
	if w.Contact == cur.ID {
		a.Enqueued = moment(cur.Enqueued)
	}
	maps.Copy(a.Attributes, chat.Attributes)
	for k, v := range cur.SegmentAttrs {
		if v.String != nil {
			a.SegmentAttributes[k] = *v.String
		}
	}
	for k, r := range cur.References {
		a.References[k] = api.Reference{Type: r.Type, Value: optional(r.Value)}
	}
	return a
}

// participantsOf returns who is in a chat, in the order in which they came, the agent himself included
// while it rings. Of those who have left only the agent and the customer are left.
func participantsOf(chat *contact.Chat, w *contact.Work) (list []api.ContactParticipant) {
	own := false
	for i := range chat.Participants {
		p := &chat.Participants[i]
		if !p.Left.IsZero() && p.Role != center.RoleCustomer && p.ID != w.Participant {
			continue
		}
		if p.Role == center.RoleSupervisor && p.Joined.IsZero() && p.ID != w.Participant {
			continue // who watches silently is seen by nobody
		}
		shown := api.ContactParticipant{
			ParticipantId: string(p.ID), Role: api.ParticipantRole(p.Role), DisplayName: optional(p.DisplayName), UserId: optional(p.User),
			State: api.ParticipantStateCONNECTING, Since: moment(p.Joined),
		}
		switch {
		case !p.Left.IsZero():
			shown.State, shown.Since = api.ParticipantStateDISCONNECTED, moment(p.Left)
		case !p.Joined.IsZero():
			shown.State = api.ParticipantStateCONNECTED
		}
		own = own || p.ID == w.Participant
		list = append(list, shown)
	}
	if own {
		return list
	}
	me := api.ContactParticipant{
		ParticipantId: string(w.Participant), Role: api.ParticipantRoleAGENT, UserId: optional(w.User), State: api.ParticipantStateCONNECTING, Since: moment(w.Offered),
	}
	if w.Who != nil {
		me.DisplayName = optional(w.Who.DisplayName)
	}
	if w.State != contact.WorkConnecting {
		me.State, me.Since = api.ParticipantStateDISCONNECTED, moment(w.Since)
	}
	return append(list, me)
}

// optional is a text that is absent when it is empty.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	return new(string(s))
}

// moment is a time that is absent when it is zero.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// CapabilitiesShown is what a supervisor may do, who may barge in or not, as clients are sent it.
func CapabilitiesShown(barge bool) []api.MonitorCapability {
	if barge {
		return []api.MonitorCapability{api.MonitorCapabilitySILENT_MONITOR, api.MonitorCapabilityBARGE}
	}
	return []api.MonitorCapability{api.MonitorCapabilitySILENT_MONITOR}
}
