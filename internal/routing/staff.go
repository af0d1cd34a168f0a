package routing

import (
	"cmp"
	"slices"

	"parley.example/parley/internal/center"
)

// profile is a routing profile that the router knows, or one that an agent names.
type profile struct {
	Profile
	known   bool
	entries []entry // by priority
	agents  []*agent
	able    [channels]heap[seat] // the agents who can take a contact of a channel
}

// entry is a queue of a profile.
type entry struct {
	priority int
	stage    *stage
}

// agent is an agent that the router knows, or one whose own queue somebody waits in.
type agent struct {
	Agent
	known    bool
	profile  *profile
	anchors  []anchor // what it meets expressions by
	own      [channels]*queue
	reserved []*contact // in the order of their assignments
	at       int        // in profile.agents
	seats    [channels]int
	key      key
	touched  bool
}

// key is what decides about the order of agents.
type key struct {
	busy  int   // slots in use, where the profile asks for the least busy
	since int64 // available since
	turn  uint64
	a     *agent
}

func (k key) before(o key) bool {
	if k.busy != o.busy {
		return k.busy < o.busy
	}
	if k.since != o.since {
		return k.since < o.since
	}
	if k.turn != o.turn {
		return k.turn < o.turn
	}
	return k.a.User < o.a.User
}

// seat is an agent's place among those who can take a contact of a channel.
type seat struct {
	key
	channel Channel
}

func (s seat) before(o seat) bool { return s.key.before(o.key) }
func (s seat) moved(to int)       { s.a.seats[s.channel] = to }

// used counts the slots in use, with those that are reserved.
func (a *agent) used() Slots {
	used := a.Held
	for _, c := range a.reserved {
		used[c.slot]++
	}
	return used
}

// limit is how many contacts of a channel the agent may hold.
func (a *agent) limit(c Channel) int {
	n := a.profile.Max[c]
	if c == Chat && a.MaxChats > 0 {
		n = min(n, a.MaxChats)
	}
	return n
}

// forbids returns a channel of which the agent holds a contact, and which
// therefore forbids others. ok is false when there is none.
func (a *agent) forbids(c Channel, used Slots) (by Channel, ok bool) {
	for other := range channels {
		if other != c && used[other] > 0 && !a.profile.Any[other] {
			return other, true
		}
	}
	return 0, false
}

// can reports whether the agent, holding what is used, may take a contact of a channel.
func (a *agent) can(c Channel, used Slots) bool {
	if used[c] >= a.limit(c) {
		return false
	}
	_, forbidden := a.forbids(c, used)
	return !forbidden
}

// able reports whether the agent can take a contact of any channel.
func (a *agent) able() bool { return a.seats != noSeats }

var noSeats = [channels]int{-1, -1, -1, -1}

// order is where the agent stands among all.
func (a *agent) order(used Slots) key {
	k := key{since: nanos(a.LastActivity), a: a}
	if a.profile.Inbound {
		k.since = nanos(a.LastInbound)
	}
	if a.profile.LeastBusy {
		k.busy = used.total()
	}
	if n := len(a.reserved); n > 0 {
		last := a.reserved[n-1]
		k.since, k.turn = max(k.since, last.reservedAt), last.turn
	}
	return k
}

// settle gives an agent the seats that its facts allow.
func (r *Router) settle(a *agent) {
	p, was := a.profile, a.able()
	used := a.used()
	open := a.known && p != nil && p.known && a.open()
	if open {
		a.key = a.order(used)
	}
	for c := range channels {
		switch {
		case open && a.can(c, used):
			p.able[c].set(a.seats[c], seat{a.key, c})
		case a.seats[c] >= 0:
			p.able[c].remove(a.seats[c])
		}
	}
	switch able := a.able(); {
	case able && !was:
		r.able++
	case was && !able:
		r.able--
	}
}

// move takes an agent out of its profile, and puts it into another; nil for none.
func (r *Router) move(a *agent, p *profile) {
	if was := a.profile; was != nil {
		if a.able() {
			r.able--
		}
		for c := range channels {
			if a.seats[c] >= 0 {
				was.able[c].remove(a.seats[c])
			}
		}
		last := len(was.agents) - 1
		was.agents[last].at, was.agents[a.at] = a.at, was.agents[last]
		was.agents[last] = nil
		was.agents = was.agents[:last]
	}
	a.profile = p
	if p != nil {
		a.at = len(p.agents)
		p.agents = append(p.agents, a)
	}
}

// agent returns the agent of an id, which the router need not have been told of.
func (r *Router) agent(user center.UserID) *agent {
	a := r.agents[user]
	if a == nil {
		a = &agent{Agent: Agent{User: user}, seats: noSeats, anchors: []anchor{{user: user}}}
		r.agents[user] = a
	}
	return a
}

// tidyAgent forgets an agent that the caller has dropped, and whom nothing leads to.
func (r *Router) tidyAgent(a *agent) {
	if !a.known && len(a.reserved) == 0 && a.own == [channels]*queue{} {
		delete(r.agents, a.User)
	}
}

// learn adds the agent's proficiencies to those by which agents are found.
func (r *Router) learn(a *agent, list []Proficiency) {
	for _, known := range a.anchors[1:] {
		if r.skilled[known] = slices.DeleteFunc(r.skilled[known], func(o *agent) bool { return o == a }); len(r.skilled[known]) == 0 {
			delete(r.skilled, known)
		}
	}
	a.anchors = a.anchors[:1]
	for _, p := range list {
		if skill := (anchor{name: p.Name, value: p.Value}); !slices.Contains(a.anchors, skill) {
			a.anchors = append(a.anchors, skill)
			r.skilled[skill] = append(r.skilled[skill], a)
		}
	}
}

// enlist gives a profile its entries.
func (r *Router) enlist(p *profile, queues []ProfileQueue) {
	old := p.entries
	p.entries = nil
	for _, q := range queues {
		s := r.stage(r.queueOf(queueKey{id: q.Queue, channel: q.Channel}), max(q.Delay, 0))
		p.entries = append(p.entries, entry{q.Priority, s})
		if !slices.Contains(s.profiles, p) {
			s.profiles = append(s.profiles, p)
		}
	}
	slices.SortStableFunc(p.entries, func(a, b entry) int { return cmp.Compare(a.priority, b.priority) })
	for _, e := range old {
		s := e.stage
		if slices.ContainsFunc(p.entries, func(e entry) bool { return e.stage == s }) {
			continue
		}
		s.profiles = slices.DeleteFunc(s.profiles, func(o *profile) bool { return o == p })
		if q := s.queue; len(s.profiles) == 0 && slices.Contains(q.stages, s) {
			r.restage(q, func() { q.stages = slices.DeleteFunc(q.stages, func(o *stage) bool { return o == s }) })
			r.tidy(q)
		}
	}
}
