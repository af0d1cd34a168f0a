package routing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/routing/routingsim"
)

// expressions are what steps ask for in the model.
var expressions = []string{
	``, ``, ``, ``,
	`{"AttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":3}}`,
	`{"AttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":2}}`,
	`{"NotAttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":3}}`,
	`{"AttributeCondition":{"Name":"Skill","Value":"Billing","ComparisonOperator":"Range","Range":{"MinProficiencyLevel":2,"MaxProficiencyLevel":3}}}`,
	`{"AttributeCondition":{"ComparisonOperator":"Match","MatchCriteria":{"AgentsCriteria":{"AgentIds":["u1","u3"]}}}}`,
	`{"AndExpression":[{"AttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":1}},{"NotAttributeCondition":{"Name":"Skill","Value":"Billing","ProficiencyLevel":2}}]}`,
	`{"OrExpression":[{"AttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":4}},{"AttributeCondition":{"ComparisonOperator":"Match","MatchCriteria":{"AgentsCriteria":{"AgentIds":["u2"]}}}}]}`,
	`{"AttributeCondition":{"Name":"Skill"}}`,
}

// model does the same to a router and to the naive matcher.
type model struct {
	t      testing.TB
	router *routing.Router
	naive  *routingsim.Facts
	now    time.Time
	open   []routing.Assignment // that have not been answered
	bytes  []byte               // what happens
	log    []string
	wakes  int
	done   int
}

func newModel(t testing.TB, bytes []byte) *model {
	return &model{t: t, router: routing.New(), bytes: bytes, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), naive: routingsim.NewFacts()}
}

func (m *model) draw(n int) int {
	if len(m.bytes) == 0 {
		return 0
	}
	b := m.bytes[0]
	m.bytes = m.bytes[1:]
	return int(b) % n
}

func (m *model) did(format string, args ...any) { m.log = append(m.log, fmt.Sprintf(format, args...)) }

func (m *model) seconds(n int) time.Time { return m.now.Add(-time.Duration(m.draw(n)) * time.Second) }

func (m *model) profile() {
	p := routing.Profile{ID: center.RoutingProfileID(fmt.Sprint("p", m.draw(3))), Inbound: m.draw(3) == 0, LeastBusy: m.draw(4) == 0}
	for c := range p.Max {
		p.Max[c], p.Any[c] = m.draw(4), m.draw(2) == 0
	}
	for range m.draw(6) {
		p.Queues = append(p.Queues, routing.ProfileQueue{center.QueueID(fmt.Sprint("q", m.draw(4))), routing.Chat + routing.Channel(m.draw(2)), 1 + m.draw(3),
			[]time.Duration{0, 0, 5 * time.Second, 20 * time.Second}[m.draw(4)]})
	}
	m.did("SetProfile %+v", p)
	m.router.SetProfile(p)
	m.naive.Profiles[p.ID] = p
}

func (m *model) agent() {
	a := routing.Agent{User: center.UserID(fmt.Sprint("u", m.draw(6))), Profile: center.RoutingProfileID(fmt.Sprint("p", m.draw(3))),
		SignedIn: m.draw(8) > 0, Routable: m.draw(8) > 0, Barred: m.draw(10) == 9, MaxChats: m.draw(3),
		LastActivity: m.seconds(30), LastInbound: m.seconds(30)}
	if m.draw(8) == 7 {
		a.NextStatus = "Lunch"
	}
	a.Held[routing.Chat], a.Held[routing.Task] = m.draw(3)/2, m.draw(5)/4
	if m.draw(2) == 1 {
		a.Proficiencies = append(a.Proficiencies, routing.Proficiency{"Language", "French", float64(1 + m.draw(5))})
	}
	if m.draw(2) == 1 {
		a.Proficiencies = append(a.Proficiencies, routing.Proficiency{"Skill", "Billing", float64(1 + m.draw(5))})
	}
	m.did("SetAgent %+v", a)
	m.router.SetAgent(a)
	m.naive.Agents[a.User] = a
}

func (m *model) contact() {
	c := routing.Contact{ID: center.ContactID(fmt.Sprint("c", m.draw(12))), Channel: routing.Chat + routing.Channel(m.draw(2)), Queue: center.QueueID(fmt.Sprint("q", m.draw(4))),
		Priority: int64(m.draw(3) * 3), Rank: m.seconds(10), Enqueued: m.seconds(25), Step: flow.Criterion{Expression: []byte(expressions[m.draw(len(expressions))])}}
	if m.draw(6) == 5 {
		c.Own = center.UserID(fmt.Sprint("u", m.draw(6)))
	}
	if m.draw(5) == 4 {
		c.Excluded = []center.UserID{center.UserID(fmt.Sprint("u", m.draw(6)))}
	}
	if m.draw(12) == 11 {
		c.Ringing = "somebody"
	}
	m.did("SetContact %+v", c)
	m.router.SetContact(c)
	m.naive.Contacts[c.ID] = c
	if c.Ringing != "" {
		delete(m.naive.Reserved, c.ID)
	}
}

// answer tells how an assignment went: the offer was made and the contact rings
// or has gone, or it was not made.
func (m *model) answer() {
	if len(m.open) == 0 {
		return
	}
	i := m.draw(len(m.open))
	a := m.open[i]
	m.open = slices.Delete(m.open, i, i+1)
	held, here := m.naive.Reserved[a.Contact]
	here = here && held.Assignment == a
	switch how := m.draw(3); {
	case how == 0 || !here:
		m.did("Release %+v", a)
		m.router.Release(a)
		if here {
			delete(m.naive.Reserved, a.Contact)
		}
	default:
		m.did("made %+v, %d", a, how)
		if agent, ok := m.naive.Agents[a.User]; ok {
			agent.Held[a.Channel]++
			agent.LastActivity, agent.LastInbound = m.now, m.now
			m.naive.Agents[a.User] = agent
			m.router.SetAgent(agent)
		}
		delete(m.naive.Reserved, a.Contact)
		if how == 1 {
			m.router.DropContact(a.Contact)
			delete(m.naive.Contacts, a.Contact)
			return
		}
		c := m.naive.Contacts[a.Contact]
		c.Ringing = a.User
		m.naive.Contacts[a.Contact] = c
		m.router.SetContact(c)
	}
}

// step does one thing and compares what follows.
func (m *model) step() {
	switch m.draw(12) {
	case 0:
		m.profile()
	case 1, 2:
		m.agent()
	case 3, 4, 5, 6:
		m.contact()
	case 7, 8:
		m.answer()
	case 9:
		id := center.ContactID(fmt.Sprint("c", m.draw(12)))
		m.did("DropContact %s", id)
		m.router.DropContact(id)
		delete(m.naive.Contacts, id)
		delete(m.naive.Reserved, id)
	case 10:
		if m.draw(4) == 0 {
			id := center.UserID(fmt.Sprint("u", m.draw(6)))
			m.did("DropAgent %s", id)
			m.router.DropAgent(id)
			delete(m.naive.Agents, id)
		} else if m.draw(4) == 0 {
			id := center.RoutingProfileID(fmt.Sprint("p", m.draw(3)))
			m.did("DropProfile %s", id)
			m.router.DropProfile(id)
			delete(m.naive.Profiles, id)
		}
	case 11:
		m.now = m.now.Add(time.Duration(m.draw(8)) * time.Second)
		m.did("now %v", m.now)
	}
	if m.draw(4) > 0 {
		m.compare()
	}
}

func (m *model) compare() {
	m.t.Helper()
	got, wake := m.router.Next(m.now)
	want := m.naive.Next(m.now)
	m.open = append(m.open, want...)
	plain := func(list []routing.Assignment) string {
		var b strings.Builder
		for _, a := range list {
			fmt.Fprintf(&b, "%s to %s; ", a.Contact, a.User)
		}
		return b.String()
	}
	if g, w := plain(got), plain(want); g != w {
		m.t.Fatalf("after\n%s\nthe assignments are %q; want %q", strings.Join(m.log, "\n"), g, w)
	}
	for i := range got { // with their turns, for Release
		m.open[len(m.open)-len(want)+i] = got[i]
		held := m.naive.Reserved[got[i].Contact]
		held.Assignment = got[i]
		m.naive.Reserved[got[i].Contact] = held
	}
	m.done += len(got)
	m.did("assigned %s", plain(got))
	if due := m.naive.Wake(m.now); !wake.Equal(due) {
		m.t.Fatalf("after\n%s\nwake is %v; want %v", strings.Join(m.log, "\n"), wake, due)
	}
	if !wake.IsZero() {
		m.wakes++
	}
	if err := m.router.Check(len(m.naive.Contacts), len(m.naive.Reserved)); err != nil {
		m.t.Fatalf("after\n%s\n%v", strings.Join(m.log, "\n"), err)
	}
}

// TestModel holds the router to the naive matcher, after every event of random sequences.
func TestModel(t *testing.T) {
	runs, steps := 250, 400
	if testing.Short() {
		runs = 40
	}
	assigned, wakes := 0, 0
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(seed, 1))
		bytes := make([]byte, steps*14)
		for i := range bytes {
			bytes[i] = byte(rng.Uint32())
		}
		m := newModel(t, bytes)
		for range 3 {
			m.profile()
		}
		for len(m.bytes) > 0 {
			m.step()
		}
		assigned, wakes = assigned+m.done, wakes+m.wakes
	}
	if assigned < runs*steps/20 || wakes < runs*steps/20 {
		t.Errorf("%d contacts were assigned, and %d times there was a next time; the sequences do too little", assigned, wakes)
	}
}

// FuzzModel is the same for sequences that the fuzzer finds.
func FuzzModel(f *testing.F) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		bytes := make([]byte, 600)
		for i := range bytes {
			bytes[i] = byte(rng.Uint32())
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		m := newModel(t, bytes[:min(len(bytes), 4000)])
		for len(m.bytes) > 0 {
			m.step()
		}
	})
}

// TestBulk lets many contacts arrive at once, each with criteria of its own, where
// many agents have time.
func TestBulk(t *testing.T) {
	for _, contacts := range []int{20, 200} {
		r, f := routing.New(), routingsim.NewFacts()
		now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		for i := range 3 {
			p := routing.Profile{ID: center.RoutingProfileID(fmt.Sprint("p", i))}
			p.Max[routing.Chat] = 2
			for q := range 2 {
				p.Queues = append(p.Queues, routing.ProfileQueue{Queue: center.QueueID(fmt.Sprint("q", (i+q)%3)), Channel: routing.Chat, Priority: 1 + q})
			}
			r.SetProfile(p)
			f.Profiles[p.ID] = p
		}
		for i := range 150 {
			a := routing.Agent{User: center.UserID(fmt.Sprint("u", i)), Profile: center.RoutingProfileID(fmt.Sprint("p", i%3)), SignedIn: true, Routable: true,
				LastActivity: now.Add(time.Duration(i*7%150) * time.Second), Proficiencies: []routing.Proficiency{{Name: "Skill", Value: fmt.Sprint(i % 5), Level: float64(1 + i%4)}}}
			r.SetAgent(a)
			f.Agents[a.User] = a
		}
		r.Next(now)
		for i := range contacts {
			c := routing.Contact{ID: center.ContactID(fmt.Sprint("c", i)), Channel: routing.Chat, Queue: center.QueueID(fmt.Sprint("q", i%3)), Rank: now, Enqueued: now}
			c.Step.Expression = fmt.Appendf(nil, `{"AttributeCondition":{"Name":"Skill","Value":"%d","ProficiencyLevel":%g}}`, i%5, 1+float64(i)/70)
			if err := r.SetContact(c); err != nil {
				t.Fatal(err)
			}
			f.Contacts[c.ID] = c
		}
		got, _ := r.Next(now)
		want := f.Next(now)
		if len(want) < contacts/2 || len(got) != len(want) {
			t.Fatalf("%d of %d contacts are assigned; want %d", len(got), contacts, len(want))
		}
		for i := range got {
			if got[i].Contact != want[i].Contact || got[i].User != want[i].User {
				t.Fatalf("assignment %d is %+v; want %+v", i, got[i], want[i])
			}
		}
	}
}
