package record

import (
	"cmp"
	"slices"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Heartbeat is the EventType of an agent of whom nothing else has been told for [BeatEvery].
const Heartbeat agent.Event = "HEART_BEAT"

// When agents have heartbeats: so long after the last event, and until so long after they have signed out.
const (
	BeatEvery = 120 * time.Second
	BeatAfter = time.Hour
)

// Snapshot is what an agent is at a time: his status, and what he has in hand.
type Snapshot struct {
	Status   *agent.Status `json:"status,omitempty"` // nil for one of whom nothing is known
	Since    time.Time     `json:"since,omitzero"`
	SetBy    agent.Setter  `json:"setBy,omitempty"`
	Next     *agent.Status `json:"next,omitempty"`
	Chosen   time.Time     `json:"chosen,omitzero"`
	ChosenBy agent.Setter  `json:"chosenBy,omitempty"`
	Hands    []Hand        `json:"hands,omitempty"`
}

// Hand is a contact in an agent's hands.
type Hand struct {
	Contact   center.ContactID  `json:"contact"`
	Initial   center.ContactID  `json:"initial,omitempty"` // "" for the first of its chain
	Method    string            `json:"method"`
	Queue     center.QueueID    `json:"queue,omitempty"`
	Queued    time.Time         `json:"queued,omitzero"`
	Connected time.Time         `json:"connected,omitzero"`
	State     contact.WorkState `json:"state"`
	Since     time.Time         `json:"since"`
}

// HandOf returns what an agent has in hand of a chat.
func HandOf(chat *contact.Chat, w *contact.Work) Hand {
	h := Hand{Contact: w.Contact, Queued: w.Queued, Connected: w.Connected, State: w.State, Since: w.Since}
	if w.Contact != chat.ID {
		h.Initial = chat.ID
	}
	for _, s := range append(chat.Chain(), chat.Aside...) { // a supervisor's contact is aside
		if s.ID == w.Contact {
			h.Method, h.Queue = s.Method, s.Queue
		}
	}
	return h
}

// snapshot puts together what an agent is. a may be nil.
func snapshot(a *agent.Agent, hands []Hand) *Snapshot {
	s := &Snapshot{Hands: slices.Clone(hands)}
	slices.SortStableFunc(s.Hands, func(a, b Hand) int { return cmp.Or(a.Queued.Compare(b.Queued), cmp.Compare(a.Contact, b.Contact)) })
	if a != nil {
		s.Status, s.Since, s.SetBy, s.Next, s.Chosen, s.ChosenBy = &a.Status, a.Since, a.SetBy, a.Next, a.Chosen, a.ChosenBy
	}
	return s
}

// OfAgent returns the facts of a change of an agent: one for each of its events. was is nil
// for one of whom nothing was known. hands are what he has in hand, which the change does not touch.
// LOGIN and LOGOUT have no snapshot from before.
func OfAgent(kinds Kinds, was *agent.Agent, change *agent.Change, hands []Hand, m Moment) (facts []Fact) {
	is := change.Agent
	if is == nil || !kinds.Has(AgentEvents) {
		return nil
	}
	for _, event := range change.Events {
		f := Fact{Kind: AgentEvents, Instance: is.Instance, User: is.User, Type: string(event), At: m.At, ID: id(m, AgentEvents, len(facts)), Is: snapshot(is, hands)}
		if event == agent.StateChange {
			f.Was = snapshot(was, hands)
		}
		facts = append(facts, f)
	}
	return facts
}

// OfHeartbeat returns the fact that an agent has not changed.
func OfHeartbeat(a *agent.Agent, hands []Hand, m Moment) Fact {
	s := snapshot(a, hands)
	return Fact{Kind: AgentEvents, Instance: a.Instance, User: a.User, Type: string(Heartbeat), At: m.At, ID: id(m, AgentEvents, 0), Was: s, Is: s}
}

// Desk is what is known of an agent besides the chat that changes.
type Desk struct {
	Agent  *agent.Agent // nil for one of whom nothing is known
	Others []Hand       // in his hands, of other chats
}

// OfWork returns the facts of what a change of a chat puts into agents' hands and takes out of them:
// one STATE_CHANGE for each agent concerned. desks has those agents. was may be nil.
func OfWork(kinds Kinds, was *contact.Chat, change *contact.Change, desks map[center.UserID]Desk, m Moment) (facts []Fact) {
	if len(change.Work) == 0 || !kinds.Has(AgentEvents) {
		return nil
	}
	var users []center.UserID
	for _, move := range change.Work {
		if user := move.User(); !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	for n, user := range users {
		desk := desks[user]
		before, after := withHand(was, user, desk.Others), withHand(change.Chat, user, desk.Others)
		if slices.Equal(before, after) {
			continue
		}
		facts = append(facts, Fact{
			Kind: AgentEvents, Instance: change.Chat.Instance, User: user, Type: string(agent.StateChange), At: m.At, ID: id(m, AgentEvents, n),
			Was: snapshot(desk.Agent, before), Is: snapshot(desk.Agent, after),
		})
	}
	return facts
}

// withHand adds what an agent has in hand of a chat.
func withHand(chat *contact.Chat, user center.UserID, others []Hand) []Hand {
	hands := slices.Clone(others)
	if chat == nil {
		return hands
	}
	if w := chat.WorkOf(user); w != nil {
		hands = append(hands, HandOf(chat, w))
	}
	return hands
}
