package routingsim

import (
	"cmp"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/routing"
)

// Facts are what a router has been told, and the rules written down as plainly
// as can be: nothing is remembered, and everything is looked at each time. A
// router has to do the same as [Facts.Next].
type Facts struct {
	Profiles map[center.RoutingProfileID]routing.Profile
	Agents   map[center.UserID]routing.Agent
	Contacts map[center.ContactID]routing.Contact
	Reserved map[center.ContactID]Reservation

	turn     int
	compiled map[string]*routing.Expression
}

// Reservation is an assignment that has not been answered, and when it was made.
type Reservation struct {
	routing.Assignment
	Time time.Time
	turn int
}

// NewFacts returns facts of nothing.
func NewFacts() *Facts {
	return &Facts{
		Profiles: map[center.RoutingProfileID]routing.Profile{}, Agents: map[center.UserID]routing.Agent{},
		Contacts: map[center.ContactID]routing.Contact{}, Reserved: map[center.ContactID]Reservation{},
		compiled: map[string]*routing.Expression{},
	}
}

// Reserve notes an assignment.
func (f *Facts) Reserve(a routing.Assignment, now time.Time) {
	f.turn++
	f.Reserved[a.Contact] = Reservation{a, now, f.turn}
}

// used counts an agent's slots in use.
func (f *Facts) used(a routing.Agent) (used routing.Slots) {
	used = a.Held
	for _, r := range f.Reserved {
		if r.User == a.User {
			used[r.Channel]++
		}
	}
	return used
}

// Free returns the channels of which an agent can take another contact.
func (f *Facts) Free(a routing.Agent) (free [4]bool) {
	p, known := f.Profiles[a.Profile]
	if !known || !a.SignedIn || !a.Routable || a.NextStatus != "" || a.Barred {
		return free
	}
	used := f.used(a)
	for c := range free {
		limit := p.Max[c]
		if routing.Channel(c) == routing.Chat && a.MaxChats > 0 {
			limit = min(limit, a.MaxChats)
		}
		free[c] = used[c] < limit
		for other := range free {
			free[c] = free[c] && (other == c || used[other] == 0 || p.Any[other])
		}
	}
	return free
}

// Place is where a contact stands for an agent: those of its own queue first,
// then by the priority of the queue, the contact's own, its rank, its id.
type Place struct {
	Others   bool // not the agent's own queue
	Entry    int
	Priority int64
	Rank     time.Time
	ID       center.ContactID
}

// Before reports whether the agent takes a contact of the place p rather than one of o.
func (p Place) Before(o Place) bool {
	if p.Others != o.Others {
		return o.Others
	}
	return cmp.Or(cmp.Compare(p.Entry, o.Entry), cmp.Compare(p.Priority, o.Priority), p.Rank.Compare(o.Rank), cmp.Compare(p.ID, o.ID)) < 0
}

// waits reports whether a contact waits for an agent at all.
func (f *Facts) waits(c routing.Contact) bool {
	_, taken := f.Reserved[c.ID]
	return !taken && c.Ringing == ""
}

// entry returns the priority of the first entry of a profile for which a contact exists.
func (f *Facts) entry(p routing.Profile, c routing.Contact, now time.Time) (priority int, ok bool) {
	for _, q := range p.Queues {
		if q.Queue == c.Queue && q.Channel == c.Channel && !now.Before(c.Enqueued.Add(q.Delay)) && (!ok || q.Priority < priority) {
			priority, ok = q.Priority, true
		}
	}
	return priority, ok
}

// suits reports whether an agent is one whom a contact may go to.
func (f *Facts) suits(a routing.Agent, c routing.Contact) bool {
	if len(c.Step.Expression) > 0 && c.Own == "" {
		e := f.compiled[string(c.Step.Expression)]
		if e == nil {
			e, _ = routing.Compile(c.Step.Expression)
			f.compiled[string(c.Step.Expression)] = e
		}
		if !e.Matches(a.User, a.Proficiencies) {
			return false
		}
	}
	return !slices.Contains(c.Excluded, a.User)
}

// Place returns the place of a contact. ok is false when it is not for the
// agent, whatever slots that one has.
func (f *Facts) Place(a routing.Agent, c routing.Contact, now time.Time) (at Place, ok bool) {
	at = Place{Others: c.Own == "", Priority: cmp.Or(c.Priority, 5), Rank: c.Rank, ID: c.ID}
	if !f.waits(c) || !f.suits(a, c) {
		return at, false
	}
	if c.Own != "" {
		return at, c.Own == a.User
	}
	at.Entry, ok = f.entry(f.Profiles[a.Profile], c, now)
	return at, ok
}

// before compares agents.
func (f *Facts) before(a, b routing.Agent) bool {
	key := func(a routing.Agent) (busy int, since time.Time, turn int) {
		p := f.Profiles[a.Profile]
		if p.LeastBusy {
			for _, n := range f.used(a) {
				busy += n
			}
		}
		if since = a.LastActivity; p.Inbound {
			since = a.LastInbound
		}
		for _, r := range f.Reserved {
			if r.User == a.User && r.turn > turn {
				if turn = r.turn; r.Time.After(since) {
					since = r.Time
				}
			}
		}
		return busy, since, turn
	}
	busyA, sinceA, turnA := key(a)
	busyB, sinceB, turnB := key(b)
	return cmp.Or(cmp.Compare(busyA, busyB), sinceA.Compare(sinceB), cmp.Compare(turnA, turnB), cmp.Compare(a.User, b.User)) < 0
}

// Next assigns and reserves all that can be.
func (f *Facts) Next(now time.Time) (list []routing.Assignment) {
	for {
		var by *routing.Agent
		var best Place
		for _, a := range f.Agents {
			free := f.Free(a)
			if free == [4]bool{} || by != nil && f.before(*by, a) {
				continue
			}
			found := false
			for _, c := range f.Contacts {
				at, ok := f.Place(a, c, now)
				if ok && free[c.Channel] && (!found || at.Before(best)) {
					by, best, found = &a, at, true
				}
			}
		}
		if by == nil {
			return list
		}
		next := routing.Assignment{Contact: best.ID, User: by.User, Channel: f.Contacts[best.ID].Channel}
		f.Reserve(next, now)
		list = append(list, next)
	}
}

// Wake is when the next contact becomes known to some profile, zero for never.
func (f *Facts) Wake(now time.Time) (wake time.Time) {
	for _, c := range f.Contacts {
		if _, taken := f.Reserved[c.ID]; taken || c.Ringing != "" || c.Own != "" {
			continue
		}
		for _, p := range f.Profiles {
			for _, q := range p.Queues {
				if at := c.Enqueued.Add(q.Delay); q.Queue == c.Queue && q.Channel == c.Channel && at.After(now) && (wake.IsZero() || at.Before(wake)) {
					wake = at
				}
			}
		}
	}
	return wake
}
