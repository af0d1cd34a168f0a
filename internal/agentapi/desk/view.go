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
	"parley.example/parley/internal/contact/connections"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
)

// View is what an agent sees at one moment.
type View struct {
	// At is when it was looked at: all that was durable by then is in it. Of two views the one of the later moment has no less.
	At    time.Time
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
	v := View{At: e.Clock.Now(), User: user} // before the reads
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

// Number is the version of a snapshot of the view: it only grows, whoever makes it.
func (v View) Number() int64 { return v.At.UnixMicro() }

// Snapshot is the view as clients are sent it at a time. snap names what is set up; what has been deleted since has no name. tag says
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

// shown is the contact that the user has in hand of the chat. That of a supervisor is of no queue.
func (c Chat) shown(snap *catalog.Snapshot, user center.UserID) api.AgentContact {
	chat := c.State
	v, _ := connections.Of(chat, user)
	w, cur := &v.Work, chat.Current()
	a := api.AgentContact{
		ContactId: string(w.Contact), InitialContactId: string(chat.ID), RelatedContactId: optional(chat.Related()), Channel: api.ChannelCHAT,
		InitiationMethod: v.Method, Name: optional(cur.Name), Description: optional(cur.Description), LanguageCode: optional(chat.Language),
		State: api.AgentContactState(w.State), Since: w.Since, Offered: w.Offered, Accepted: moment(w.Accepted), Deadline: moment(w.By),
		AutoAccept: !w.Accepted.IsZero() && w.Accepted.Equal(w.Offered), ParticipantId: string(w.Participant),
		ChatEnded: chat.Ended, LastSequence: c.Last, Connections: make([]api.Connection, len(v.Connections)), Attributes: map[string]string{},
		SegmentAttributes: map[string]string{}, References: map[string]api.Reference{},
	}
	for i := range v.Connections {
		a.Connections[i] = connectionShown(snap, &v.Connections[i])
	}
	chain := chat.Chain()
	if of := slices.IndexFunc(chain, func(s contact.Segment) bool { return s.ID == w.Contact }); of >= 0 {
		if of > 0 {
			a.PreviousContactId = optional(chain[of-1].ID)
		}
		if q := chain[of].Queue; q != "" {
			a.Queue = QueueShown(snap, q)
		}
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

// kinds and conditions are what connections are called, as clients are sent them.
var (
	kinds = map[connections.Type]api.ConnectionType{
		connections.Agent: api.ConnectionTypeAGENT, connections.Inbound: api.ConnectionTypeINBOUND, connections.Outbound: api.ConnectionTypeOUTBOUND,
		connections.Monitoring: api.ConnectionTypeMONITORING, connections.Other: api.ConnectionTypeOTHER,
	}
	conditions = map[connections.State]api.ConnectionState{
		connections.Connecting: api.ConnectionStateCONNECTING, connections.Connected: api.ConnectionStateCONNECTED, connections.Disconnected: api.ConnectionStateDISCONNECTED,
		connections.Silent: api.ConnectionStateSILENT_MONITOR, connections.Barged: api.ConnectionStateBARGE,
	}
)

// connectionShown is a connection as clients are sent it.
func connectionShown(snap *catalog.Snapshot, c *connections.Connection) api.Connection {
	out := api.Connection{
		ConnectionId: string(c.ID), ConnectionType: kinds[c.Type], Own: c.Own, State: conditions[c.State], Since: moment(c.Since),
		DisplayName: optional(c.Name), UserId: optional(c.User), QuickConnectName: optional(c.QuickConnect),
	}
	if c.Queue != "" {
		out.Queue = QueueShown(snap, c.Queue)
	}
	if s := c.Supervision; s != nil {
		out.Monitoring = &api.Monitoring{
			MonitorMode: api.MonitorCapabilitySILENT_MONITOR, MonitorCapabilities: CapabilitiesShown(s.MayBarge), AgentName: optional(s.Watched), Joined: s.Joined,
		}
		if s.Barged {
			out.Monitoring.MonitorMode = api.MonitorCapabilityBARGE
		}
	}
	return out
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
