package routing

import (
	"slices"
	"time"
)

// task is who or what was touched, and may lead to an assignment: an agent, or a
// line of contacts; one of the two is set.
//
// Before anything is touched nobody can take anything. So whatever can be
// taken now has an agent or a line that was touched, and the first agent of
// all tasks is the first of all who can take anything.
type task struct {
	agent *agent
	line  *line
	key   key    // of the agent who was first when the task was last looked at: who is first later is not before it
	turn  uint64 // of the last assignment before that
}

func (t task) before(o task) bool { return t.key.before(o.key) }
func (t task) moved(int)          {}

// Next assigns as many contacts as can be, in the order in which agents choose.
// wake is when the next contact will have waited for the delay of some profile, zero
// when no such time is known: ask again then, and after whatever else was told. A
// time before that of the last call counts as that one.
func (r *Router) Next(now time.Time) (assignments []Assignment, wake time.Time) {
	r.now = max(r.now, nanos(now))
	for len(r.timers) > 0 && r.timers[0].at <= r.now {
		r.advance(r.timers[0].c)
	}
	r.plan()
	for len(r.tasks) > 0 {
		t := r.tasks[0]
		if t.turn != r.turn {
			if a := t.first(r); a == nil {
				r.tasks.remove(0).done()
			} else {
				t.key, t.turn = a.key, r.turn
				r.tasks.down(0, t)
			}
			continue
		}
		if c := r.choose(t.key.a); c != nil {
			assignments = append(assignments, r.assign(t.key.a, c))
		} else {
			r.tasks.remove(0).done()
		}
	}
	if len(r.timers) > 0 {
		wake = time.Unix(0, r.timers[0].at).UTC()
	}
	return assignments, wake
}

// plan turns what was touched into tasks. When that is every agent who can
// take anything, lines need not be looked at.
func (r *Router) plan() {
	t := &r.touched
	// The agent who is first in many lines at once makes each of them look for
	// another whenever it takes something. Then let the agents look instead.
	if n := len(t.lines); n*n > bulk*r.able {
		r.touchAll(t.lines)
	}
	able := 0
	for _, a := range t.agents {
		if a.able() {
			able++
			r.tasks.push(task{agent: a, key: a.key, turn: r.turn})
		} else {
			a.touched = false
		}
	}
	for _, l := range t.lines {
		var a *agent
		if able < r.able {
			a = r.firstFor(l)
		}
		if l.touched = a != nil; l.touched {
			r.tasks.push(task{line: l, key: a.key, turn: r.turn})
		}
	}
	clear(t.agents)
	clear(t.lines)
	t.agents, t.lines = t.agents[:0], t.lines[:0]
}

// bulk is about how much more it costs to ask an agent than a line.
const bulk = 8

// touchAll notes all agents who can take contacts of the channel of some of the
// lines, and whose profiles have those, in place of the lines.
func (r *Router) touchAll(lines []*line) {
	type group struct {
		profile *profile
		channel Channel
	}
	seen := map[group]bool{}
	for _, l := range lines {
		l.touched = false
		for _, p := range l.stage.profiles {
			if of := (group{p, l.stage.queue.key.channel}); !seen[of] {
				seen[of] = true
				for _, at := range p.able[of.channel] {
					r.touchAgent(at.a)
				}
			}
		}
	}
	clear(lines)
	r.touched.lines = lines[:0]
}

// first returns the first agent of the task, nil when there is none.
func (t task) first(r *Router) *agent {
	switch {
	case t.line != nil:
		return r.firstFor(t.line)
	case t.agent.able():
		return t.agent
	}
	return nil
}

// done lets whatever the task is about be touched again.
func (t task) done() {
	if t.line != nil {
		t.line.touched = false
	} else {
		t.agent.touched = false
	}
}

func (r *Router) touchAgent(a *agent) {
	if !a.touched {
		a.touched = true
		r.touched.agents = append(r.touched.agents, a)
	}
}

// touchLine notes that there is somebody in a line.
func (r *Router) touchLine(l *line) {
	if owner := l.stage.queue.owner; owner != nil {
		r.touchAgent(owner)
	} else if !l.touched {
		l.touched = true
		r.touched.lines = append(r.touched.lines, l)
	}
}

// choose returns the contact that an agent takes, nil when there is none.
func (r *Router) choose(a *agent) *contact {
	var best ticket
	for c := range channels {
		if q := a.own[c]; q != nil && a.seats[c] >= 0 {
			best = q.stages[0].best(a, best)
		}
	}
	if best.c != nil {
		return best.c
	}
	for i := range a.profile.entries {
		e := &a.profile.entries[i]
		if best.c != nil && e.priority != a.profile.entries[i-1].priority {
			break
		}
		if a.seats[e.stage.queue.key.channel] >= 0 {
			best = e.stage.best(a, best)
		}
	}
	return best.c
}

// assign reserves a contact for an agent.
func (r *Router) assign(a *agent, c *contact) Assignment {
	r.leave(c)
	r.turn++
	c.holder, c.slot, c.turn, c.reservedAt = a, c.Channel, r.turn, r.now
	a.reserved = append(a.reserved, c)
	r.settle(a)
	return Assignment{Contact: c.ID, User: a.User, Channel: c.Channel, turn: r.turn}
}

// firstFor returns the first agent who may take the contacts of a line and can, nil when there is none.
func (r *Router) firstFor(l *line) *agent {
	if len(l.contacts) == 0 {
		return nil
	}
	s, channel := l.stage, l.stage.queue.key.channel
	var best seat
	stop := func(at seat) bool { return best.a != nil && !at.before(best) }
	takes := func(at seat) bool { return l.selector.takes(&at.a.Agent) }
	if candidates, few := r.candidates(l); few {
		for _, a := range candidates {
			if at := (seat{a.key, channel}); a.seats[channel] >= 0 && !stop(at) && slices.Contains(s.profiles, a.profile) && takes(at) {
				best = at
			}
		}
		return best.a
	}
	for _, p := range s.profiles {
		able := p.able[channel]
		if len(able) == 0 || stop(able[0]) {
			continue
		}
		if l.selector == nil {
			best = able[0]
		} else if at, ok := able.first(stop, takes); ok {
			best = at
		}
	}
	return best.a
}

// candidates returns those who have an anchor of a line's selector, if they are few
// beside all who can take a contact of its channel.
func (r *Router) candidates(l *line) (list []*agent, few bool) {
	if l.selector == nil || l.selector.loose {
		return nil, false
	}
	able, n := 0, 0
	for _, p := range l.stage.profiles {
		able += len(p.able[l.stage.queue.key.channel])
	}
	for _, known := range l.selector.anchors {
		if known.user != "" {
			n++
		} else {
			n += len(r.skilled[known])
		}
	}
	if n > able/4 {
		return nil, false
	}
	list = r.scratch[:0]
	for _, known := range l.selector.anchors {
		if a := r.agents[known.user]; a != nil {
			list = append(list, a)
		}
		list = append(list, r.skilled[known]...)
	}
	r.scratch = list
	return list, true
}
