package routing

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// naive is the rules of the package written down as plainly as can be: it scans
// everything for every assignment.
type naive struct {
	profiles map[center.RoutingProfileID]Profile
	agents   map[center.UserID]Agent
	contacts map[center.ContactID]Contact
	reserved map[center.ContactID]reservation
	turn     int
}

type reservation struct {
	Assignment
	turn int
	at   time.Time
}

func (n *naive) used(a Agent) (used Slots) {
	used = a.Held
	for _, r := range n.reserved {
		if r.User == a.User {
			used[r.Channel]++
		}
	}
	return used
}

// precedence is what contacts are compared by, for an agent that can take one.
func (n *naive) precedence(a Agent, c Contact, now time.Time) (entry int, ok bool) {
	p, known := n.profiles[a.Profile]
	if _, taken := n.reserved[c.ID]; taken || !known || c.Ringing != "" || slices.Contains(c.Excluded, a.User) ||
		!a.SignedIn || !a.Routable || a.NextStatus != "" || a.Barred {
		return 0, false
	}
	used, limit := n.used(a), p.Max[c.Channel]
	if c.Channel == Chat && a.MaxChats > 0 {
		limit = min(limit, a.MaxChats)
	}
	for other := range channels {
		if other != c.Channel && used[other] > 0 && !p.Any[other] {
			return 0, false
		}
	}
	if used[c.Channel] >= limit {
		return 0, false
	}
	if c.Own != "" {
		return 0, c.Own == a.User
	}
	if e, _ := Compile(c.Step.Expression); len(c.Step.Expression) > 0 && !e.Matches(a.User, a.Proficiencies) {
		return 0, false
	}
	for _, q := range p.Queues {
		if q.Queue == c.Queue && q.Channel == c.Channel && !now.Before(c.Enqueued.Add(q.Delay)) && (!ok || q.Priority < entry) {
			entry, ok = q.Priority, true
		}
	}
	return entry, ok
}

// before compares agents.
func (n *naive) before(a, b Agent) bool {
	key := func(a Agent) (busy int, since time.Time, turn int) {
		p := n.profiles[a.Profile]
		if p.LeastBusy {
			busy = n.used(a).total()
		}
		if since = a.LastActivity; p.Inbound {
			since = a.LastInbound
		}
		for _, r := range n.reserved {
			if r.User == a.User && r.turn > turn {
				turn = r.turn
				if r.at.After(since) {
					since = r.at
				}
			}
		}
		return busy, since, turn
	}
	busyA, sinceA, turnA := key(a)
	busyB, sinceB, turnB := key(b)
	return cmp.Or(cmp.Compare(busyA, busyB), sinceA.Compare(sinceB), cmp.Compare(turnA, turnB), cmp.Compare(a.User, b.User)) < 0
}

func (n *naive) next(now time.Time) (list []Assignment) {
	for {
		var best Contact
		var by Agent
		bestEntry, found := 0, false
		for _, a := range n.agents {
			if found && by.User != a.User && n.before(by, a) {
				continue
			}
			for _, c := range n.contacts {
				entry, ok := n.precedence(a, c, now)
				if !ok {
					continue
				}
				own := func(c Contact) int { return boolean(c.Own == "") }
				less := cmp.Or(cmp.Compare(own(c), own(best)), cmp.Compare(entry, bestEntry), cmp.Compare(cmp.Or(c.Priority, 5), cmp.Or(best.Priority, 5)),
					c.Rank.Compare(best.Rank), cmp.Compare(c.ID, best.ID))
				if !found || by.User != a.User || less < 0 {
					best, by, bestEntry, found = c, a, entry, true
				}
			}
		}
		if !found {
			return list
		}
		n.turn++
		next := Assignment{Contact: best.ID, User: by.User, Channel: best.Channel}
		n.reserved[best.ID] = reservation{next, n.turn, now}
		list = append(list, next)
	}
}

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
	router *Router
	naive  *naive
	now    time.Time
	open   []Assignment // that have not been answered
	bytes  []byte       // what happens
	log    []string
	wakes  int
	done   int
}

func newModel(t testing.TB, bytes []byte) *model {
	return &model{t: t, router: New(), bytes: bytes, now: start, naive: &naive{
		profiles: map[center.RoutingProfileID]Profile{}, agents: map[center.UserID]Agent{},
		contacts: map[center.ContactID]Contact{}, reserved: map[center.ContactID]reservation{},
	}}
}

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

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
	p := Profile{ID: center.RoutingProfileID(fmt.Sprint("p", m.draw(3))), Inbound: m.draw(3) == 0, LeastBusy: m.draw(4) == 0}
	for c := range channels {
		p.Max[c], p.Any[c] = m.draw(4), m.draw(2) == 0
	}
	for range m.draw(6) {
		p.Queues = append(p.Queues, ProfileQueue{center.QueueID(fmt.Sprint("q", m.draw(4))), Chat + Channel(m.draw(2)), 1 + m.draw(3),
			[]time.Duration{0, 0, 5 * time.Second, 20 * time.Second}[m.draw(4)]})
	}
	m.did("SetProfile %+v", p)
	m.router.SetProfile(p)
	m.naive.profiles[p.ID] = p
}

func (m *model) agent() {
	a := Agent{User: center.UserID(fmt.Sprint("u", m.draw(6))), Profile: center.RoutingProfileID(fmt.Sprint("p", m.draw(3))),
		SignedIn: m.draw(8) > 0, Routable: m.draw(8) > 0, Barred: m.draw(10) == 9, MaxChats: m.draw(3),
		LastActivity: m.seconds(30), LastInbound: m.seconds(30)}
	if m.draw(8) == 7 {
		a.NextStatus = "Lunch"
	}
	a.Held[Chat], a.Held[Task] = m.draw(3)/2, m.draw(5)/4
	if m.draw(2) == 1 {
		a.Proficiencies = append(a.Proficiencies, Proficiency{"Language", "French", float64(1 + m.draw(5))})
	}
	if m.draw(2) == 1 {
		a.Proficiencies = append(a.Proficiencies, Proficiency{"Skill", "Billing", float64(1 + m.draw(5))})
	}
	m.did("SetAgent %+v", a)
	m.router.SetAgent(a)
	m.naive.agents[a.User] = a
}

func (m *model) contact() {
	c := Contact{ID: center.ContactID(fmt.Sprint("c", m.draw(12))), Channel: Chat + Channel(m.draw(2)), Queue: center.QueueID(fmt.Sprint("q", m.draw(4))),
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
	m.naive.contacts[c.ID] = c
	if c.Ringing != "" {
		delete(m.naive.reserved, c.ID)
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
	held, here := m.naive.reserved[a.Contact]
	here = here && held.Assignment == a
	switch how := m.draw(3); {
	case how == 0 || !here:
		m.did("Release %+v", a)
		m.router.Release(a)
		if here {
			delete(m.naive.reserved, a.Contact)
		}
	default:
		m.did("made %+v, %d", a, how)
		if agent, ok := m.naive.agents[a.User]; ok {
			agent.Held[a.Channel]++
			agent.LastActivity, agent.LastInbound = m.now, m.now
			m.naive.agents[a.User] = agent
			m.router.SetAgent(agent)
		}
		delete(m.naive.reserved, a.Contact)
		if how == 1 {
			m.router.DropContact(a.Contact)
			delete(m.naive.contacts, a.Contact)
			return
		}
		c := m.naive.contacts[a.Contact]
		c.Ringing = a.User
		m.naive.contacts[a.Contact] = c
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
		delete(m.naive.contacts, id)
		delete(m.naive.reserved, id)
	case 10:
		if m.draw(4) == 0 {
			id := center.UserID(fmt.Sprint("u", m.draw(6)))
			m.did("DropAgent %s", id)
			m.router.DropAgent(id)
			delete(m.naive.agents, id)
		} else if m.draw(4) == 0 {
			id := center.RoutingProfileID(fmt.Sprint("p", m.draw(3)))
			m.did("DropProfile %s", id)
			m.router.DropProfile(id)
			delete(m.naive.profiles, id)
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
	want := m.naive.next(m.now)
	m.open = append(m.open, want...)
	plain := func(list []Assignment) string {
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
		held := m.naive.reserved[got[i].Contact]
		held.Assignment = got[i]
		m.naive.reserved[got[i].Contact] = held
	}
	m.done += len(got)
	m.did("assigned %s", plain(got))
	m.checkWake(wake)
	m.check()
}

// checkWake compares the time of the next wake with when the next contact becomes known to a profile.
func (m *model) checkWake(wake time.Time) {
	var want time.Time
	for _, c := range m.naive.contacts {
		if _, held := m.naive.reserved[c.ID]; held || c.Ringing != "" || c.Own != "" {
			continue
		}
		for _, p := range m.naive.profiles {
			for _, q := range p.Queues {
				if at := c.Enqueued.Add(q.Delay); q.Queue == c.Queue && q.Channel == c.Channel && at.After(m.now) && (want.IsZero() || at.Before(want)) {
					want = at
				}
			}
		}
	}
	if !wake.Equal(want) {
		m.t.Fatalf("after\n%s\nwake is %v; want %v", strings.Join(m.log, "\n"), wake, want)
	}
	if !wake.IsZero() {
		m.wakes++
	}
}

// check holds what the router remembers against the facts: nobody has more than
// may be, and nothing is remembered that is not there any more.
func (m *model) check() {
	m.t.Helper()
	r := m.router
	reserved := 0
	for user, a := range r.agents {
		reserved += len(a.reserved)
		for _, c := range a.reserved {
			if c.holder != a || c.at >= 0 {
				m.t.Fatalf("%s is reserved for %s, and waits or belongs to another", c.ID, user)
			}
		}
		if !a.known && len(a.reserved) == 0 && a.own == [channels]*queue{} {
			m.t.Fatalf("the agent %s has been dropped and is remembered", user)
		}
	}
	if reserved != len(m.naive.reserved) || len(r.contacts) != len(m.naive.contacts) {
		m.t.Fatalf("%d contacts of %d are reserved; want %d of %d", reserved, len(r.contacts), len(m.naive.reserved), len(m.naive.contacts))
	}
	uses := 0
	for _, s := range r.selectors {
		uses += s.uses
	}
	for _, c := range r.contacts {
		uses -= boolean(c.selector != nil)
		if r.queues[c.queue.key] != c.queue {
			m.t.Fatalf("%s waits in the queue %v, which is not there", c.ID, c.queue.key)
		}
	}
	if uses != 0 {
		m.t.Fatalf("%d selectors more are in use than contacts have", uses)
	}
	for key, q := range r.queues {
		if q.uses == 0 && (q.owner != nil || len(q.stages) == 0) {
			m.t.Fatalf("the queue %v has nothing and is remembered", key)
		}
		for _, s := range q.stages {
			for _, l := range s.choosy {
				if len(l.contacts) == 0 {
					m.t.Fatalf("a line of %v is empty", key)
				}
			}
		}
	}
}

// TestModel holds the router to the naive matcher, after every event of random sequences.
func TestModel(t *testing.T) {
	runs, steps := 400, 400
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
