package routing

import (
	"slices"
	"time"
)

// task is somebody or something that was touched, and may lead to an
// assignment: an agent; a profile, whose agents can all take the same plain
// contacts of a channel, so that only the first has to be looked at; or a line of
// contacts that not everybody may take. One of them is set.
//
// Before anything is touched nobody can take anything. So whatever can be
// taken now has an agent, a profile or a line that was touched, and the first agent of
// all tasks is the first of all who can take anything.
type task struct {
	key     key // of the agent who is first, when it was last looked at; it only goes back
	agent   *agent
	profile *profile
	channel Channel
	line    *line
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
		t := &r.tasks[0]
		a := t.first(r)
		if a == nil {
			r.tasks.remove(0).done()
			continue
		}
		if t.key.before(a.key) {
			next := *t
			next.key = a.key
			r.tasks.down(0, next)
			continue
		}
		c := r.choose(a)
		if c == nil {
			r.tasks.remove(0).done()
			continue
		}
		assignments = append(assignments, r.assign(a, c))
	}
	if len(r.timers) > 0 {
		wake = time.Unix(0, r.timers[0].at).UTC()
	}
	return assignments, wake
}

// plan turns what was touched into tasks. When that is every agent who can
// take anything, nothing else has to be looked at.
func (r *Router) plan() {
	t := &r.touched
	able := 0
	for _, a := range t.agents {
		if a.able() {
			able++
			r.tasks.push(task{key: a.key, agent: a})
		} else {
			a.touched = false
		}
	}
	all := able == r.able
	for _, of := range t.profiles {
		if next := (task{profile: of.profile, channel: of.channel}); all || next.first(r) == nil {
			next.done()
		} else {
			next.key = next.first(r).key
			r.tasks.push(next)
		}
	}
	for _, l := range t.lines {
		next := task{line: l}
		if all {
			next.done()
		} else if a := next.first(r); a == nil {
			next.done()
		} else {
			next.key = a.key
			r.tasks.push(next)
		}
	}
	clear(t.agents)
	clear(t.profiles)
	clear(t.lines)
	t.agents, t.profiles, t.lines = t.agents[:0], t.profiles[:0], t.lines[:0]
}

// first returns the first agent of the task, nil when there is none.
func (t *task) first(r *Router) *agent {
	switch {
	case t.agent != nil:
		if t.agent.able() {
			return t.agent
		}
	case t.profile != nil:
		if able := t.profile.able[t.channel]; len(able) > 0 {
			return able[0].a
		}
	default:
		return r.firstFor(t.line)
	}
	return nil
}

// done lets whatever the task is about be touched again.
func (t task) done() {
	switch {
	case t.agent != nil:
		t.agent.touched = false
	case t.profile != nil:
		t.profile.touched[t.channel] = false
	default:
		t.line.touched = false
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
	switch q := l.stage.queue; {
	case q.owner != nil:
		r.touchAgent(q.owner)
	case l.selector == nil:
		for _, p := range l.stage.profiles {
			if !p.touched[q.key.channel] {
				p.touched[q.key.channel] = true
				r.touched.profiles = append(r.touched.profiles, profileChannel{p, q.key.channel})
			}
		}
	case !l.touched:
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
		if at, ok := p.able[channel].first(stop, takes); ok {
			best = at
		}
	}
	return best.a
}

// candidates returns those who have an anchor of a line's selector, if they are few
// beside all who can take a contact of its channel.
func (r *Router) candidates(l *line) (list []*agent, few bool) {
	if l.selector.loose {
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
