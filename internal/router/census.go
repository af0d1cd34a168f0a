package router

import (
	"container/heap"
	"math"
	"strings"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
)

// Counts are numbers of agents, and of what is in their hands. An agent who is counted twice is two.
type Counts struct {
	Online        int64 // with a status other than Offline
	Staffed       int64 // of these, those whose status is Available
	NonProductive int64 // of these, those in a custom status
	Available     int64 // staffed, with nothing in hand, and no status to follow
	OnContact     int64 // with a contact that is connected, or in after-contact work
	Barred        int64 // with a contact that was missed or rejected, or is in error

	AfterWork int64 // contacts in after-contact work
	Active    int64 // slots taken by contacts that are connected or in after-contact work
	Free      int64 // slots of agents who are staffed, have no status to follow and are not barred, in which nothing is
	Slots     int64 // all slots of those agents
	Open      int64 // of those, the ones that are free or in which something rings
}

// Add adds n times o.
func (c *Counts) Add(o Counts, n int64) {
	c.Online += n * o.Online
	c.Staffed += n * o.Staffed
	c.NonProductive += n * o.NonProductive
	c.Available += n * o.Available
	c.OnContact += n * o.OnContact
	c.Barred += n * o.Barred
	c.AfterWork += n * o.AfterWork
	c.Active += n * o.Active
	c.Free += n * o.Free
	c.Slots += n * o.Slots
	c.Open += n * o.Open
}

// countsOf is what one agent adds, who may have as many chats in hand as he has slots.
func countsOf(a *agent.Agent, slots int64, hands map[center.ContactID]hand) (c Counts) {
	for _, h := range hands {
		switch {
		case h.state == contact.WorkConnected:
			c.Active++
		case h.state == contact.WorkEnded:
			c.Active++
			c.AfterWork++
		case h.state.Bars():
			c.Barred = 1
		}
	}
	c.OnContact = min(c.Active, 1)
	if a == nil || !a.Online() {
		return c
	}
	c.Online = 1
	switch a.Status.Type {
	case agent.Custom:
		c.NonProductive = 1
	case agent.Routable:
		c.Staffed = 1
		if a.Next != nil {
			break
		}
		if len(hands) == 0 {
			c.Available = 1
		}
		if c.Barred == 0 {
			c.Slots, c.Free, c.Open = slots, max(0, slots-int64(len(hands))), max(0, slots-c.Active)
		}
	}
	return c
}

// Crew are the agents who have a routing profile and a status in common. No agent is of two.
type Crew struct {
	Profile center.RoutingProfileID
	Status  center.AgentStatusID
}

// Line is what waits somewhere.
type Line struct {
	Waiting int64     // contacts, those that ring at an agent among them
	Oldest  time.Time // when the one that has waited longest was enqueued; zero when none waits
}

// Part tells the contacts of a queue apart. No contact is of two.
type Part struct {
	Step    string // the expression of the routing step in force; "" when anybody may take the contact
	Subtype string // connect:Subtype
}

// census keeps count of agents and of contacts that wait, so that to ask for the numbers takes no
// longer with more of them.
type census struct {
	crews   map[Crew]*crew
	queues  map[center.QueueID]*queue
	handled map[center.QueueID]*mean // how long contacts of a queue take a slot
}

type crew struct {
	Counts
	members int
}

// queue is what waits in one queue: all of it, and each part.
type queue struct {
	all   waiters
	parts map[Part]*waiters
}

func newCensus() census {
	return census{crews: map[Crew]*crew{}, queues: map[center.QueueID]*queue{}, handled: map[center.QueueID]*mean{}}
}

// member is where an agent is counted, and as what.
type member struct {
	crew Crew
	Counts
	in bool
}

// count counts an agent anew: as what he is now, or not at all.
func (c *census) count(m *member, is member) {
	if m.in {
		at := c.crews[m.crew]
		at.Add(m.Counts, -1)
		if at.members--; at.members == 0 {
			delete(c.crews, m.crew)
		}
	}
	if *m = is; !is.in {
		return
	}
	at := c.crews[is.crew]
	if at == nil {
		at = &crew{}
		c.crews[is.crew] = at
	}
	at.Add(is.Counts, 1)
	at.members++
}

// waiter is a contact that waits.
type waiter struct {
	queue center.QueueID
	part  Part
	since time.Time
	at    [2]int // its place among all of the queue, and of the part
}

// wait counts a contact anew: as one that waits as is says, or not at all when that is nil.
func (c *census) wait(w **waiter, is *waiter) {
	if was := *w; was != nil {
		if is != nil && was.queue == is.queue && was.part == is.part && was.since.Equal(is.since) {
			return
		}
		q := c.queues[was.queue]
		heap.Remove(&q.all, was.at[0])
		part := q.parts[was.part]
		if heap.Remove(part, was.at[1]); part.Len() == 0 {
			delete(q.parts, was.part)
		}
		if q.all.Len() == 0 {
			delete(c.queues, was.queue)
		}
	}
	if *w = is; is == nil {
		return
	}
	q := c.queues[is.queue]
	if q == nil {
		q = &queue{parts: map[Part]*waiters{}}
		c.queues[is.queue] = q
	}
	part := q.parts[is.part]
	if part == nil {
		part = &waiters{place: 1}
		q.parts[is.part] = part
	}
	heap.Push(&q.all, is)
	heap.Push(part, is)
}

// waiters are contacts that wait, the one that has waited longest first: a [heap.Interface].
type waiters struct {
	list  []*waiter
	place int // which of a waiter's places is the one in here
}

func (w *waiters) Len() int           { return len(w.list) }
func (w *waiters) Less(i, j int) bool { return w.list[i].since.Before(w.list[j].since) }
func (w *waiters) Swap(i, j int) {
	w.list[i], w.list[j] = w.list[j], w.list[i]
	w.list[i].at[w.place], w.list[j].at[w.place] = i, j
}

// Push implements [heap.Interface].
func (w *waiters) Push(x any) {
	one := x.(*waiter)
	one.at[w.place] = len(w.list)
	w.list = append(w.list, one)
}

// Pop implements [heap.Interface].
func (w *waiters) Pop() any {
	last := len(w.list) - 1
	one := w.list[last]
	w.list[last] = nil
	w.list = w.list[:last]
	return one
}

func (w *waiters) line() Line {
	if len(w.list) == 0 {
		return Line{}
	}
	return Line{int64(len(w.list)), w.list[0].since}
}

// meanOf is how many of the last contacts of a queue count for how long one takes.
const meanOf = 50

// mean is how long contacts took an agent's slot, of the last ones more than of those before.
type mean struct {
	n    int64
	took time.Duration
}

// done notes that a contact of a queue does not take a slot any more.
func (c *census) done(q center.QueueID, took time.Duration) {
	if q == "" || took < 0 || strings.HasPrefix(string(q), machine.AgentQueue) {
		return
	}
	m := c.handled[q]
	if m == nil {
		m = &mean{}
		c.handled[q] = m
	}
	m.n = min(m.n+1, meanOf)
	m.took += (took - m.took) / time.Duration(m.n)
}

// Wait estimates how long a contact waits that ahead others are taken before, by agents who are these, when
// a contact takes a slot for as long as took says. While there are more open slots than contacts ahead, which
// ring in them or soon will, it is nothing.
// Otherwise a slot becomes free every took/Slots on average, and the contact gets the one
// after those of the contacts ahead. It is not known (ok is false) while nobody takes contacts, or
// none has been handled yet (took is 0).
//
// Contacts of other queues that the same agents take are not reckoned with: where queues share agents the estimate
// is too low.
func (c *Counts) Wait(ahead int64, took time.Duration) (d time.Duration, ok bool) {
	switch {
	case c.Slots == 0:
		return 0, false
	case ahead < c.Open:
		return 0, true
	case took == 0:
		return 0, false
	}
	seconds := math.Ceil(float64(ahead-c.Open+1) * took.Seconds() / float64(c.Slots))
	return time.Duration(min(seconds, longest.Seconds())) * time.Second, true
}

// longest is the longest wait that is estimated: a chat does not last longer.
const longest = 7 * 24 * time.Hour
