package routing

import (
	"cmp"
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// queueKey names where contacts wait: a queue, or an agent's own, and the channel.
type queueKey struct {
	id      center.QueueID
	own     center.UserID
	channel Channel
}

// queue is the contacts of one channel in a queue.
type queue struct {
	key      queueKey
	owner    *agent     // of an agent's own queue
	stages   []*stage   // by delay, ascending; one with no delay in an agent's own queue
	contacts []*contact // those that are neither reserved nor ring, in no order
	uses     int        // contacts in whatever state
}

// stage is the contacts of a queue that have waited a delay: they exist for the
// profiles that have the queue with that delay.
type stage struct {
	queue    *queue
	delay    time.Duration
	profiles []*profile
	plain    line
	choosy   map[*selector]*line
	anchored map[anchor][]*line
	loose    []*line
}

// line is contacts that the same agents may take, and each of them. So as
// long as the first is there for want of an agent, nobody needs to look at the others.
type line struct {
	stage    *stage
	selector *selector // nil for everybody
	contacts heap[ticket]
	touched  bool
}

// ticket is a contact's place in a line, and what decides about it.
type ticket struct {
	priority, rank int64
	c              *contact
	place          int32 // index into contact.places
}

func (t ticket) before(o ticket) bool {
	if t.priority != o.priority {
		return t.priority < o.priority
	}
	if t.rank != o.rank {
		return t.rank < o.rank
	}
	return t.c.ID < o.c.ID
}

func (t ticket) moved(to int) { t.c.places[t.place].at = to }

// place is where in a line a contact stands.
type place struct {
	line *line
	at   int
}

// contact is a contact that the router knows.
type contact struct {
	Contact
	queue    *queue
	selector *selector
	ticket   ticket
	places   []place // one for each stage it has reached
	at       int     // in queue.contacts, -1 when it is not there
	timer    int     // in Router.timers, -1 when no stage is ahead

	holder     *agent  // for whom it is reserved
	slot       Channel // that is held for it
	turn       uint64  // of the assignment
	reservedAt int64
}

// due is when a contact reaches the next stage.
type due struct {
	at int64
	c  *contact
}

func (d due) before(o due) bool { return d.at < o.at }
func (d due) moved(to int)      { d.c.timer = to }

// enter puts a contact among those that wait for an agent.
func (r *Router) enter(c *contact) {
	q := c.queue
	c.at = len(q.contacts)
	q.contacts = append(q.contacts, c)
	r.advance(c)
}

// advance takes a contact to the stages that it has reached, and sets the timer for the next.
func (r *Router) advance(c *contact) {
	since := nanos(c.Enqueued)
	for len(c.places) < len(c.queue.stages) {
		s := c.queue.stages[len(c.places)]
		if at := since + int64(s.delay); s.delay > 0 && at > r.now {
			r.timers.set(c.timer, due{at, c})
			return
		}
		r.join(c, s)
	}
	if c.timer >= 0 {
		r.timers.remove(c.timer)
	}
}

// join puts a contact into its line of a stage.
func (r *Router) join(c *contact, s *stage) {
	l := &s.plain
	if c.selector != nil {
		if l = s.choosy[c.selector]; l == nil {
			l = &line{stage: s, selector: c.selector}
			s.hang(l)
		}
	}
	t := c.ticket
	t.place = int32(len(c.places))
	c.places = append(c.places, place{line: l})
	l.contacts.push(t)
	if len(l.contacts) == 1 {
		r.touchLine(l)
	}
}

// leave takes a contact away from those that wait for an agent.
func (r *Router) leave(c *contact) {
	if c.at < 0 {
		return
	}
	for _, p := range c.places {
		p.line.contacts.remove(p.at)
		if l := p.line; l.selector != nil && len(l.contacts) == 0 {
			l.stage.unhang(l)
		}
	}
	clear(c.places)
	c.places = c.places[:0]
	if c.timer >= 0 {
		r.timers.remove(c.timer)
	}
	q := c.queue
	last := len(q.contacts) - 1
	q.contacts[last].at, q.contacts[c.at] = c.at, q.contacts[last]
	q.contacts[last] = nil
	q.contacts, c.at = q.contacts[:last], -1
}

// hang adds a line where agents find it that have one of its anchors.
func (s *stage) hang(l *line) {
	s.choosy[l.selector] = l
	if l.selector.loose {
		s.loose = append(s.loose, l)
	}
	for _, a := range l.selector.anchors {
		s.anchored[a] = append(s.anchored[a], l)
	}
}

// unhang removes a line.
func (s *stage) unhang(l *line) {
	delete(s.choosy, l.selector)
	if l.selector.loose {
		s.loose = without(s.loose, l)
	}
	for _, a := range l.selector.anchors {
		if s.anchored[a] = without(s.anchored[a], l); len(s.anchored[a]) == 0 {
			delete(s.anchored, a)
		}
	}
}

// without removes a line from a list in no order.
func without(lines []*line, l *line) []*line {
	for i := range lines {
		if last := len(lines) - 1; lines[i] == l {
			lines[i], lines[last] = lines[last], nil
			return lines[:last]
		}
	}
	return lines
}

// best returns the first contact of the stage that an agent may take, if it is before bound.
func (s *stage) best(a *agent, bound ticket) ticket {
	if len(s.plain.contacts) > 0 {
		bound = earlier(s.plain.contacts[0], bound)
	}
	if len(s.choosy) == 0 {
		return bound
	}
	bound = bestOf(s.loose, a, bound)
	for i := range a.anchors {
		bound = bestOf(s.anchored[a.anchors[i]], a, bound)
	}
	return bound
}

func bestOf(lines []*line, a *agent, bound ticket) ticket {
	for _, l := range lines {
		if t := l.contacts[0]; (bound.c == nil || t.before(bound)) && l.selector.takes(&a.Agent) {
			bound = t
		}
	}
	return bound
}

func earlier(t, bound ticket) ticket {
	if bound.c == nil || t.before(bound) {
		return t
	}
	return bound
}

// queueOf returns the queue of a key, which need not have anything in it.
func (r *Router) queueOf(key queueKey) *queue {
	q := r.queues[key]
	if q == nil {
		q = &queue{key: key}
		r.queues[key] = q
		if key.own != "" {
			q.owner = r.agent(key.own)
			q.owner.own[key.channel] = q
			r.stage(q, 0)
		}
	}
	return q
}

// stage returns the stage of a queue for a delay. The contacts that have waited that long are in it.
func (r *Router) stage(q *queue, delay time.Duration) *stage {
	i := 0
	for ; i < len(q.stages) && q.stages[i].delay <= delay; i++ {
		if q.stages[i].delay == delay {
			return q.stages[i]
		}
	}
	s := &stage{queue: q, delay: delay, choosy: map[*selector]*line{}, anchored: map[anchor][]*line{}}
	s.plain.stage = s
	r.restage(q, func() { q.stages = slices.Insert(q.stages, i, s) })
	return s
}

// restage changes the stages of a queue. All contacts of it leave and enter again.
func (r *Router) restage(q *queue, change func()) {
	all := slices.Clone(q.contacts)
	for _, c := range all {
		r.leave(c)
	}
	change()
	for _, c := range all {
		r.enter(c)
	}
}

// tidy forgets a queue that holds nothing and that nobody has.
func (r *Router) tidy(q *queue) {
	if q.uses > 0 || q.owner == nil && len(q.stages) > 0 {
		return
	}
	delete(r.queues, q.key)
	if q.owner != nil {
		q.owner.own[q.key.channel] = nil
		r.tidyAgent(q.owner)
	}
}

func ticketOf(c *contact) ticket {
	return ticket{priority: cmp.Or(c.Priority, defaultPriority), rank: nanos(c.Rank), c: c}
}
