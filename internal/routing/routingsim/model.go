package routingsim

import (
	"maps"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/routing"
)

// Model is a [Desk] in memory.
type Model struct {
	profiles map[center.RoutingProfileID]routing.Profile
	agents   map[center.UserID]*person
	chats    map[center.ContactID]*chat

	users    []center.UserID // that have changed
	contacts []center.ContactID
}

var _ Desk = (*Model)(nil)

// person is an agent.
type person struct {
	routing.Agent
	next *Status
	hand []*part
}

// chat is a chat with somebody in it.
type chat struct {
	routing.Contact
	agent center.UserID // who has accepted it
}

// part is an agent's part in a chat. One who transferred a chat may be offered it
// again, and then has two.
type part struct {
	chat    center.ContactID
	channel routing.Channel
	state   state
}

// state is how an agent has a contact in hand.
type state string

const (
	ringing   state = "ringing"
	connected state = "connected"
	ended     state = "ended"
	missed    state = "missed"
	rejected  state = "rejected"
)

// part returns the agent's part in a chat that is in one of the states.
func (p *person) part(id center.ContactID, in ...state) (*part, error) {
	for _, has := range p.hand {
		if has.chat == id && slices.Contains(in, has.state) {
			return has, nil
		}
	}
	return nil, center.Errorf(center.Conflict, "agent %s has no part in chat %s that is %v", p.User, id, in)
}

// NewModel returns a desk with agents who have nothing in hand.
func NewModel(profiles []routing.Profile, agents []routing.Agent) *Model {
	m := &Model{profiles: map[center.RoutingProfileID]routing.Profile{}, agents: map[center.UserID]*person{}, chats: map[center.ContactID]*chat{}}
	for _, p := range profiles {
		m.profiles[p.ID] = p
	}
	for _, a := range agents {
		m.agents[a.User] = &person{Agent: a}
	}
	return m
}

func (m *Model) changed(user center.UserID, contact center.ContactID) {
	if user != "" {
		m.users = append(m.users, user)
	}
	if contact != "" {
		m.contacts = append(m.contacts, contact)
	}
}

// Enqueue implements [Desk].
func (m *Model) Enqueue(_ time.Time, c routing.Contact) {
	m.chats[c.ID] = &chat{Contact: c}
	m.changed("", c.ID)
}

// Leave implements [Desk].
func (m *Model) Leave(now time.Time, id center.ContactID) (center.UserID, error) {
	c := m.chats[id]
	if c == nil {
		return "", center.Errorf(center.Gone, "chat %s is over", id)
	}
	delete(m.chats, id)
	m.changed("", id)
	user, was, is := c.agent, connected, ended
	if c.Ringing != "" {
		user, was, is = c.Ringing, ringing, rejected
	}
	if user == "" {
		return "", nil
	}
	return user, m.turn(now, user, id, was, is)
}

// turn gives an agent's part in a chat another state.
func (m *Model) turn(now time.Time, user center.UserID, id center.ContactID, was, is state) error {
	p := m.agents[user]
	has, err := p.part(id, was)
	if err != nil {
		return err
	}
	has.state = is
	m.settle(now, p)
	m.changed(user, id)
	return nil
}

// settle counts slots, and applies the next status when all of them are empty.
// After-contact work is over where a next status has been chosen.
func (m *Model) settle(now time.Time, p *person) {
	p.hand = slices.DeleteFunc(p.hand, func(has *part) bool { return p.next != nil && has.state == ended })
	p.Held, p.Barred = routing.Slots{}, false
	for _, has := range p.hand {
		p.Held[has.channel]++
		p.Barred = p.Barred || has.state == missed || has.state == rejected
	}
	p.LastActivity = now
	if p.next != nil && len(p.hand) == 0 {
		p.Agent.Status, p.Routable, p.SignedIn = p.next.Name, p.next.Routable, p.next.SignedIn
		p.next, p.NextStatus = nil, ""
	}
}

// Offer implements [Desk].
func (m *Model) Offer(now time.Time, a routing.Assignment) error {
	c, p := m.chats[a.Contact], m.agents[a.User]
	switch {
	case c == nil || c.Ringing != "" || c.agent != "":
		return center.Errorf(center.Conflict, "chat %s does not wait", a.Contact)
	case !p.SignedIn || !p.Routable || p.NextStatus != "" || p.Barred:
		return center.Errorf(center.Conflict, "agent %s takes no contacts", a.User)
	case p.Held[a.Channel] >= m.profiles[p.Profile].Max[a.Channel]:
		return center.Errorf(center.LimitExceeded, "agent %s has no slot", a.User)
	}
	c.Ringing, p.LastInbound = a.User, now
	p.hand = append(p.hand, &part{a.Contact, a.Channel, ringing})
	m.settle(now, p)
	m.changed(a.User, a.Contact)
	return nil
}

// Accept implements [Desk].
func (m *Model) Accept(now time.Time, user center.UserID, id center.ContactID) error {
	if err := m.turn(now, user, id, ringing, connected); err != nil {
		return err
	}
	m.chats[id].Ringing, m.chats[id].agent = "", user
	return nil
}

// Reject implements [Desk].
func (m *Model) Reject(now time.Time, user center.UserID, id center.ContactID) error {
	if err := m.turn(now, user, id, ringing, rejected); err != nil {
		return err
	}
	c := m.chats[id]
	c.Ringing, c.Excluded = "", append(slices.Clone(c.Excluded), user)
	return nil
}

// Miss implements [Desk].
func (m *Model) Miss(now time.Time, user center.UserID, id center.ContactID) error {
	if err := m.turn(now, user, id, ringing, missed); err != nil {
		return err
	}
	m.chats[id].Ringing = ""
	return nil
}

// Readmit implements [Desk].
func (m *Model) Readmit(_ time.Time, user center.UserID, id center.ContactID) {
	if c := m.chats[id]; c != nil {
		c.Excluded = slices.DeleteFunc(slices.Clone(c.Excluded), func(o center.UserID) bool { return o == user })
		m.changed("", id)
	}
}

// End implements [Desk].
func (m *Model) End(now time.Time, user center.UserID, id center.ContactID) error {
	if err := m.turn(now, user, id, connected, ended); err != nil {
		return err
	}
	delete(m.chats, id)
	return nil
}

// Transfer implements [Desk].
func (m *Model) Transfer(now time.Time, user center.UserID, id center.ContactID, to center.QueueID) error {
	if err := m.turn(now, user, id, connected, ended); err != nil {
		return err
	}
	c := m.chats[id]
	c.agent, c.Own, c.Queue, c.Step.Expression, c.Excluded, c.Enqueued = "", "", to, nil, nil, now
	return nil
}

// Clear implements [Desk].
func (m *Model) Clear(now time.Time, user center.UserID, id center.ContactID) error {
	p := m.agents[user]
	has, err := p.part(id, ended, missed, rejected)
	if err != nil {
		return err
	}
	p.hand = slices.DeleteFunc(p.hand, func(o *part) bool { return o == has })
	m.settle(now, p)
	m.changed(user, "")
	return nil
}

// Status implements [Desk].
func (m *Model) Status(now time.Time, user center.UserID, s Status) {
	p := m.agents[user]
	if p.next, p.NextStatus = nil, ""; s.Routable { // cancels what was chosen
		p.Agent.Status, p.Routable, p.SignedIn = s.Name, true, true
	} else {
		p.next, p.NextStatus = &s, s.Name
	}
	m.settle(now, p)
	m.changed(user, "")
}

// Changed implements [Desk].
func (m *Model) Changed() ([]center.UserID, []center.ContactID) {
	users, contacts := m.users, m.contacts
	m.users, m.contacts = nil, nil
	return users, contacts
}

// Agent implements [Desk].
func (m *Model) Agent(user center.UserID) routing.Agent { return m.agents[user].Agent }

// Contact implements [Desk].
func (m *Model) Contact(id center.ContactID) (routing.Contact, bool) {
	c := m.chats[id]
	if c == nil || c.agent != "" {
		return routing.Contact{}, false
	}
	return c.Contact, true
}

// All implements [Desk].
func (m *Model) All() (agents []routing.Agent, contacts []routing.Contact) {
	for _, user := range slices.Sorted(maps.Keys(m.agents)) {
		agents = append(agents, m.Agent(user))
	}
	for _, id := range slices.Sorted(maps.Keys(m.chats)) {
		if c, ok := m.Contact(id); ok {
			contacts = append(contacts, c)
		}
	}
	return agents, contacts
}
