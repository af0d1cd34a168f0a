package client

import (
	"bytes"

	"parley.example/parley/api/agent"
)

// AgentEventKind says what has happened.
type AgentEventKind string

// What happens to an agent. Those of a contact have Contact.
const (
	ContactOffered  AgentEventKind = "contact offered"  // it rings, until its Deadline
	ContactAccepted AgentEventKind = "contact accepted" // here, in another client of the user's, or by itself (AutoAccept)
	ContactMissed   AgentEventKind = "contact missed"   // nothing else is offered until it is cleared, as with the next two
	ContactRejected AgentEventKind = "contact rejected" // or its customer has left while it rang
	ContactFailed   AgentEventKind = "contact failed"
	ContactEnded    AgentEventKind = "contact ended"   // for the agent: after-contact work, until its Deadline if it has one
	ContactCleared  AgentEventKind = "contact cleared" // it is out of the agent's hands; Contact is what it was last
	ContactChanged  AgentEventKind = "contact changed" // as participants and attributes do, in the same state

	ContactMonitored AgentEventKind = "contact monitored" // a supervisor watches it: Contact is his own, its first connection says whether he has barged in

	StatusChanged     AgentEventKind = "status changed"      // Snapshot.Status
	NextStatusSet     AgentEventKind = "next status set"     // Snapshot.NextStatus
	NextStatusCleared AgentEventKind = "next status cleared" // it has come, or was taken back
	SettingsChanged   AgentEventKind = "settings changed"    // what Settings returns, as after a change of the routing profile

	ItemReceived      AgentEventKind = "item received"      // Item, of the chat of Contact
	BroadcastReceived AgentEventKind = "broadcast received" // Text, from a client of the same user, which may be this one

	StreamLost     AgentEventKind = "stream lost"     // the agent is reconnecting
	StreamRestored AgentEventKind = "stream restored" // what was missed follows
)

// AgentEvent is something that has happened to an [Agent]. What it refers to is shared and must not be changed. The items of a
// chat come behind its acceptance; its end may be told behind the items that came with it.
type AgentEvent struct {
	Kind AgentEventKind

	// Snapshot is all that the agent sees, after this and whatever else happened at the same moment.
	Snapshot *agent.AgentSnapshot

	// Contact is the contact that the event is about. Of an item it is nil when the contact has been cleared since.
	Contact *agent.AgentContact

	// Of ItemReceived: Sequence numbers the items of a chat, with gaps for those that are not for agents; it is 0 for what
	// is not in the transcript, such as typing and receipts.
	Item     *Item
	Sequence int64

	Text string // of BroadcastReceived
}

// sameHold reports whether two contacts are the same time that an agent has a chat in hand.
func sameHold(a, b *agent.AgentContact) bool {
	return a.InitialContactId == b.InitialContactId && a.ParticipantId == b.ParticipantId && a.Offered.Equal(b.Offered)
}

// hold finds in a snapshot what was in hand in an earlier one.
func hold(s *agent.AgentSnapshot, of *agent.AgentContact) *agent.AgentContact {
	if s == nil {
		return nil
	}
	if c := contactOf(s, of.InitialContactId); c != nil && sameHold(c, of) {
		return c
	}
	return nil
}

// states are the events of contacts that get into a state.
var states = map[agent.AgentContactState]AgentEventKind{
	agent.AgentContactStateCONNECTING: ContactOffered, agent.AgentContactStateCONNECTED: ContactAccepted, agent.AgentContactStateENDED: ContactEnded,
	agent.AgentContactStateMISSED: ContactMissed, agent.AgentContactStateREJECTED: ContactRejected, agent.AgentContactStateERROR: ContactFailed,
}

// changes tells what has happened between two snapshots, of which the earlier is nil for the first: first what is not in
// hand any more, then what is, in its order, then the status. A contact that was accepted and ended between the two was both.
func changes(before, after *agent.AgentSnapshot) (events []*AgentEvent) {
	add := func(k AgentEventKind, c *agent.AgentContact) {
		events = append(events, &AgentEvent{Kind: k, Snapshot: after, Contact: c})
	}
	if before != nil {
		for i := range before.Contacts {
			if c := &before.Contacts[i]; hold(after, c) == nil {
				add(ContactCleared, c)
			}
		}
	}
	for i := range after.Contacts {
		c := &after.Contacts[i]
		was := hold(before, c)
		switch {
		case was != nil && was.State == c.State:
			if !sameText(was, c) {
				add(ContactChanged, c)
			}
			continue
		case was != nil && was.State == agent.AgentContactStateCONNECTING && c.State == agent.AgentContactStateENDED && c.Accepted != nil:
			add(ContactAccepted, c)
		}
		k := states[c.State]
		if len(c.Connections) > 0 && c.Connections[0].Monitoring != nil {
			k = ContactMonitored
		}
		if k != "" {
			add(k, c)
		}
	}
	if before == nil || before.Status.Id != after.Status.Id || !before.Status.Since.Equal(after.Status.Since) {
		add(StatusChanged, nil)
	}
	var next *agent.CurrentStatus
	if before != nil {
		next = before.NextStatus
	}
	switch now := after.NextStatus; {
	case now == nil && next != nil:
		add(NextStatusCleared, nil)
	case now != nil && (next == nil || next.Id != now.Id):
		add(NextStatusSet, nil)
	}
	if before != nil && before.ConfigurationTag != after.ConfigurationTag {
		add(SettingsChanged, nil)
	}
	return events
}

// sameText reports whether two contacts are the same but for what was said in them.
func sameText(a, b *agent.AgentContact) bool {
	x, y := *a, *b
	x.LastSequence, y.LastSequence = 0, 0
	return bytes.Equal(x.AppendJSON(nil), y.AppendJSON(nil))
}
