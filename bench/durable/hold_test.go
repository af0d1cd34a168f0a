package durable

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
)

// handed is a chat that two agents had in hand, one after another, and what is found of it when nothing is wrong.
func handed() (*Chat, *Seen) {
	c := &Chat{
		Contact: "c", Says: []string{"Hello"}, Joined: []string{"CUSTOMER"}, Streamed: -1, Ended: true,
		Deeds: []Deed{{Role: "CUSTOMER", Text: "m1"}, {Role: "CUSTOMER", Text: "m2"}},
		Holds: []*Hold{
			{Agent: "ann", Chat: "c", Participant: "p0", States: []string{"CONNECTING", "MISSED", gone}},
			{
				Agent: "bo", Chat: "c", Participant: "p1", States: []string{"CONNECTING", "CONNECTED", "ENDED", gone}, Answered: true, Accepted: true,
				Deeds: []Deed{{Role: "AGENT", Text: "a1", ID: "5"}, {Role: "AGENT", Text: "a2", Fate: Unknown}, {Role: "AGENT", Text: "a3"}},
				Set:   map[string]string{"of p1": "1"},
			},
			{Agent: "ann", Chat: "c", Participant: "p2", States: []string{"CONNECTING", "REJECTED", gone}, Rejected: true},
			{Agent: "ann", Chat: "c", Participant: "p3", States: []string{"CONNECTED", "ENDED", gone}, Answered: true},
		},
	}
	s := &Seen{Attributes: map[string]string{"of p1": "1"}}
	for i, it := range []Item{
		{Role: "CUSTOMER", Text: "joined", Event: true}, {Role: "SYSTEM", Text: "Hello"}, {Role: "CUSTOMER", Text: "m1"},
		{Role: "AGENT", Participant: "p1", Text: "joined", Event: true}, {Role: "AGENT", Participant: "p1", Text: "a1"}, {Role: "CUSTOMER", Text: "m2"},
		{Role: "AGENT", Participant: "p1", Text: "a3"}, {Role: "AGENT", Participant: "p1", Text: "left", Event: true},
		{Role: "AGENT", Participant: "p3", Text: "joined", Event: true}, {Role: "SYSTEM", Text: "ended", Event: true},
	} {
		it.ID, it.At = fmt.Sprint(i+1), fmt.Sprintf("10:%02d", i)
		s.Transcript = append(s.Transcript, it)
	}
	c.Holds[1].Heard = slices.Clone(s.Transcript[4:7])
	return c, s
}

// TestCheckFindsFaultsOfAgents plants faults of each kind in a good history.
func TestCheckFindsFaultsOfAgents(t *testing.T) {
	all := func(c *Chat, s *Seen) []string {
		faults := c.Check(s)
		for _, h := range c.Holds {
			faults = append(faults, h.Check()...)
		}
		return faults
	}
	if faults := all(handed()); len(faults) > 0 {
		t.Fatalf("a good history has faults: %q", faults)
	}
	for _, c := range []struct {
		name  string
		plant func(c *Chat, s *Seen)
		want  string
	}{
		{"a ring that ends twice", func(c *Chat, _ *Seen) { c.Holds[0].States = []string{"CONNECTING", "MISSED", "REJECTED", gone} }, `"REJECTED" came after "MISSED"`},
		{"what was cleared and comes back", func(c *Chat, _ *Seen) { c.Holds[0].States = append(c.Holds[0].States, "CONNECTING") }, "came after"},
		{"a ring that never ends", func(c *Chat, _ *Seen) { c.Holds[0].States = []string{"CONNECTING"} }, "in the end"},
		{"an acceptance that is lost", func(c *Chat, _ *Seen) { c.Holds[1].States = []string{"CONNECTING", "MISSED", gone} }, "was accepted, and was"},
		{"a rejection that is lost", func(c *Chat, _ *Seen) { c.Holds[2].States = []string{"CONNECTING", "CONNECTED", "ENDED", gone} }, "was rejected, and was"},
		{"an acceptance by nobody", func(c *Chat, _ *Seen) { c.Holds[3].Answered = false }, "nobody has accepted"},
		{"an agent who has not joined", func(_ *Chat, s *Seen) { s.Transcript[3].Text = "typed" }, "has not joined"},
		{"an agent who has not accepted and joins", func(c *Chat, _ *Seen) { c.Holds[3].Answered, c.Holds[3].States = false, []string{"CONNECTING", gone} }, "has joined, and has not accepted"},
		{"an agent who has missed it and joins", func(c *Chat, _ *Seen) { c.Holds[3].States = []string{"CONNECTING", "MISSED", gone} }, "has joined, and it was"},
		{"two agents at once", func(_ *Chat, s *Seen) { s.Transcript[7].Text = "typed" }, "has joined while p1 was there"},
		{"an agent without a ring", func(c *Chat, _ *Seen) { c.Holds = c.Holds[:3] }, "with whom it has not rung"},
		{"an agent who joins twice", func(_ *Chat, s *Seen) { s.Transcript[8].Participant = "p1" }, "AGENT joined p1 is doubled"},
		{"an agent's message that is lost", func(_ *Chat, s *Seen) { s.Transcript = slices.Delete(s.Transcript, 6, 7) }, `"a3" is lost`},
		{"agents' messages out of order", func(_ *Chat, s *Seen) {
			s.Transcript[4].Text, s.Transcript[6].Text = "a3", "a1"
		}, `"a3" is out of order`},
		{"an agent's message that is doubled", func(_ *Chat, s *Seen) { s.Transcript[6].Text = "a1" }, `"a1" is doubled`},
		{"an attribute of an agent's that is lost", func(_ *Chat, s *Seen) { clear(s.Attributes) }, "attribute of p1"},
		{"a gap in the stream", func(c *Chat, _ *Seen) { c.Holds[1].Heard = slices.Delete(c.Holds[1].Heard, 1, 2) }, "the stream of agent bo"},
		{"something twice in the stream", func(c *Chat, _ *Seen) { c.Holds[1].Heard = append(c.Holds[1].Heard, c.Holds[1].Heard[2]) }, "the stream of agent bo"},
		{"a stream that begins late", func(c *Chat, _ *Seen) { c.Holds[1].Heard = c.Holds[1].Heard[1:] }, "first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			chat, seen := handed()
			c.plant(chat, seen)
			if faults := all(chat, seen); !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("found %q; want %q", faults, c.want)
			}
		})
	}
}

// TestMomentFindsFaults plants faults of each kind in a moment at which nothing is wrong.
func TestMomentFindsFaults(t *testing.T) {
	now := time.Now()
	good := func() *moment {
		m := &moment{
			hands: map[string]map[string]string{"ann": {"talks": "CONNECTED", "rings": "CONNECTING", "over": "ENDED"}, "bo": {"missed": "MISSED"}},
			open:  map[string]bool{"ann": true},
			users: map[string]connect.UserData{},
			contacts: map[string]*connect.Contact{
				"talks": {AgentInfo: &connect.AgentInfo{Id: new("ann")}, QueueInfo: &connect.QueueInfo{}}, "rings": {QueueInfo: &connect.QueueInfo{}},
				"missed": {QueueInfo: &connect.QueueInfo{}}, "over": {DisconnectTimestamp: &now}, "new": {},
			},
			queued: map[string]bool{"talks": true, "rings": true, "missed": true}, waiting: 2,
		}
		for user, slots := range map[string][2]int32{"ann": {2, 0}, "bo": {0, 0}} {
			u := connect.UserData{ActiveSlotsByChannel: map[connect.Channel]int32{"CHAT": slots[0]}, AvailableSlotsByChannel: map[connect.Channel]int32{"CHAT": slots[1]}}
			for id, state := range m.hands[user] {
				u.Contacts = append(u.Contacts, connect.AgentContactReference{ContactId: new(id), AgentContactState: connect.ContactState(state)})
			}
			m.users[user] = u
		}
		return m
	}
	if faults := append(good().twice(), good().check()...); len(faults) > 0 {
		t.Fatalf("a good moment has faults: %q", faults)
	}
	for _, c := range []struct {
		name  string
		plant func(m *moment)
		want  string
	}{
		{"two agents with one contact", func(m *moment) { m.hands["bo"]["rings"] = "CONNECTING" }, "is with agents"},
		{"a contact that is lost", func(m *moment) { m.contacts["missed"].QueueInfo = nil }, "is lost"},
		{"a contact that waits nowhere", func(m *moment) { m.waiting = 1 }, "2 contacts wait"},
		{"a contact that waits and is not known", func(m *moment) { m.waiting = 3 }, "the queue counts 3"},
		{"another agent in the record", func(m *moment) { m.contacts["talks"].AgentInfo.Id = new("bo") }, "its record says"},
		{"an agent who does not have it", func(m *moment) { m.contacts["missed"].AgentInfo = &connect.AgentInfo{Id: new("bo")} }, "not in his hands"},
		{"a contact that has ended and rings", func(m *moment) { m.contacts["rings"].DisconnectTimestamp = &now }, "has ended, and is CONNECTING"},
		{"hands that are not shown", func(m *moment) { m.hands["bo"]["more"] = "ENDED" }, "GetCurrentUserData says"},
		{"slots that are counted and not used", func(m *moment) { m.users["bo"].ActiveSlotsByChannel["CHAT"] = 1 }, "1 slots are active"},
		{"slots that are free and not offered", func(m *moment) { m.open["bo"] = true }, "0 slots are available; 2 should be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := good()
			c.plant(m)
			if faults := append(m.twice(), m.check()...); !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("found %q; want %q", faults, c.want)
			}
		})
	}
}
