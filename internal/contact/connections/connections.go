// Package connections is what an agent or a supervisor sees of who takes part in a chat: the
// connections of the contact in a desk's snapshot. It derives every view from the one list of participants, so no
// two differ in who is there. It has no I/O; start reading at [Of].
package connections

import (
	"cmp"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Type is the type of a connection, as amazon-connect-streams calls it (ConnectionType).
type Type string

// The types of connections.
const (
	Agent      Type = "agent"      // one's own, of an agent
	Inbound    Type = "inbound"    // the customer's
	Outbound   Type = "outbound"   // another agent's, or where a transfer leads
	Monitoring Type = "monitoring" // a supervisor's
	Other      Type = "other"      // a bot's
)

// State is the state of a connection, as amazon-connect-streams calls it (ConnectionStateType).
type State string

// The states of connections.
const (
	Connecting   State = "connecting"
	Connected    State = "connected"
	Disconnected State = "disconnected"
	Silent       State = "silent_monitor"
	Barged       State = "barge"
)

// Connection is somebody, or something, as one agent sees it in one chat.
type Connection struct {
	// ID is the ParticipantId. It is fixed from the ring on. Of where a transfer leads it is
	// the id of the contact that is made: [contact.Remove] takes both.
	ID    center.ParticipantID
	Type  Type
	Own   bool // of the agent whose view it is
	State State
	Since time.Time // of the state
	// Name is the display name, of the customer, an agent or a supervisor; of where a transfer leads that of the
	// quick connect.
	Name         string
	User         center.UserID  // of an agent, a supervisor, or whom a transfer leads to
	Queue        center.QueueID // of a transfer that leads to a queue
	QuickConnect string         // the name of the quick connect that led there, "" for none
	Supervision  *Supervision   // of a supervisor
}

// Initial reports whether it is the connection that the contact began with: the customer's.
func (c *Connection) Initial() bool { return c.Type == Inbound }

// Supervision is what there is to know of a supervisor's part. A desk's monitorStatus is BARGE or
// SILENT_MONITOR in upper case, by Barged.
type Supervision struct {
	Watched  string // the display name of the agent whom the supervisor watches
	Joined   time.Time
	MayBarge bool // monitorCapabilities have BARGE, beside SILENT_MONITOR
	Barged   bool
}

// View is a chat as an agent or a supervisor has it in hand.
type View struct {
	Work        contact.Work // what he has: the contact, its state, since when
	Method      string       // InitiationMethod of that contact
	Connections []Connection
}

// Of returns what a user sees of a chat, false for one who does not have it in hand. The connections come in this order: his own,
// the customer's, those of other agents, of those who were invited, where a transfer leads, and those of supervisors who have barged
// in, in the order in which they joined, and those of bots. A silent supervisor is in no view but his own, and who has left is in none. When the contact
// is over for the user there are his own connection and the customer's, and both are disconnected.
func Of(c *contact.Chat, user center.UserID) (View, bool) {
	w := c.WorkOf(user)
	if w == nil {
		return View{}, false
	}
	v := View{Work: *w, Method: methodOf(c, w)}
	v.Connections = append(v.Connections, own(c, w), customer(c, w))
	if w.State == contact.WorkConnecting || w.State == contact.WorkConnected {
		v.Connections = append(v.Connections, others(c, w)...)
	}
	return v, true
}

// methodOf is how the contact began that somebody has in hand.
func methodOf(c *contact.Chat, w *contact.Work) string {
	for _, s := range slices.Concat(c.Chain(), c.Aside) {
		if s.ID == w.Contact {
			return s.Method
		}
	}
	return ""
}

// own is somebody's own connection.
func own(c *contact.Chat, w *contact.Work) Connection {
	mine := Connection{ID: w.Participant, Type: Agent, Own: true, User: w.User, Name: nameOf(c, w), QuickConnect: w.Quick, Since: w.Since, State: Disconnected}
	switch w.State {
	case contact.WorkConnecting:
		mine.State = Connecting
	case contact.WorkConnected:
		mine.State = Connected
	}
	if w.Watch != nil {
		supervise(c, w, &mine)
	}
	return mine
}

// supervise makes a connection that of a supervisor.
func supervise(c *contact.Chat, w *contact.Work, of *Connection) {
	of.Type, of.State = Monitoring, Silent
	of.Supervision = &Supervision{Joined: w.Accepted, MayBarge: w.Watch.MayBarge, Barged: !w.Watch.Barged.IsZero()}
	if of.Supervision.Barged {
		of.State = Barged
	}
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Role == center.RoleAgent && p.User == w.Watch.User {
			of.Supervision.Watched = p.DisplayName
		}
	}
}

// nameOf is the display name of an agent or a supervisor.
func nameOf(c *contact.Chat, w *contact.Work) string {
	if w.Who != nil {
		return w.Who.DisplayName
	}
	if p := c.Participant(w.Participant); p != nil {
		return p.DisplayName
	}
	return ""
}

// customer is the customer's connection, as one sees it who has w.
func customer(c *contact.Chat, w *contact.Work) Connection {
	p := c.Customer()
	it := Connection{ID: p.ID, Type: Inbound, Name: p.DisplayName, State: Connected, Since: p.Joined}
	switch {
	case !p.Left.IsZero():
		it.State, it.Since = Disconnected, p.Left
	case w.State != contact.WorkConnecting && w.State != contact.WorkConnected:
		it.State, it.Since = Disconnected, w.Since
	}
	return it
}

// others are the connections of everybody else, as one sees them who has w.
func others(c *contact.Chat, w *contact.Work) []Connection {
	var agents, ringing, supervisors []Connection
	for i := range c.Work {
		o := &c.Work[i]
		if o.User == w.User {
			continue
		}
		it := own(c, o)
		it.Own, it.Type = false, Outbound
		switch p := c.Participant(o.Participant); {
		case o.State == contact.WorkConnecting && o.Invited:
			ringing = append(ringing, it)
		case o.State != contact.WorkConnected || p == nil || !p.Present():
			continue
		case o.Watch != nil:
			supervise(c, o, &it)
			supervisors = append(supervisors, it)
		default:
			agents = append(agents, it)
		}
	}
	joined := func(a, b Connection) int {
		return cmp.Or(c.Participant(a.ID).Joined.Compare(c.Participant(b.ID).Joined), cmp.Compare(a.ID, b.ID))
	}
	slices.SortStableFunc(agents, joined)
	all := append(agents, ringing...)
	if t := c.Transfer; t != nil {
		all = append(all, Connection{
			ID: center.ParticipantID(t.Contact.ID), Type: Outbound, State: Connecting, Since: t.Contact.ConnectedSystem,
			Name: t.To.Name, QuickConnect: t.To.Name, Queue: t.To.Queue, User: t.To.User,
		})
	}
	all = append(all, supervisors...) // at most one has barged in
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Role == center.RoleCustomBot && p.Present() {
			all = append(all, Connection{ID: p.ID, Type: Other, State: Connected, Since: p.Joined, Name: p.DisplayName})
		}
	}
	return all
}
