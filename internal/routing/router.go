package routing

import (
	"math"
	"reflect"
	"slices"

	"parley.example/parley/internal/center"
)

// Router is what is known of an instance, and who would get which contact. The
// zero value is not ready: see [New].
type Router struct {
	now       int64 // of the last Next: it never goes back
	turn      uint64
	profiles  map[center.RoutingProfileID]*profile
	agents    map[center.UserID]*agent
	contacts  map[center.ContactID]*contact
	queues    map[queueKey]*queue
	selectors map[string]*selector
	skilled   map[anchor][]*agent
	timers    heap[due]
	able      int // agents who can take a contact of any channel

	touched struct { // what the next Next looks at
		agents []*agent
		lines  []*line
	}
	tasks   heap[task]
	scratch []*agent
}

// New returns a router that knows nothing yet.
func New() *Router {
	return &Router{
		now:       math.MinInt64,
		profiles:  map[center.RoutingProfileID]*profile{},
		agents:    map[center.UserID]*agent{},
		contacts:  map[center.ContactID]*contact{},
		queues:    map[queueKey]*queue{},
		selectors: map[string]*selector{},
		skilled:   map[anchor][]*agent{},
	}
}

// SetProfile tells what a routing profile is. Its agents may come before it: they take nothing until then.
func (r *Router) SetProfile(p Profile) {
	known := r.profile(p.ID)
	if known.known && reflect.DeepEqual(known.Profile, p) {
		return
	}
	p.Queues, p.Manual = slices.Clone(p.Queues), slices.Clone(p.Manual)
	known.Profile, known.known = p, true
	r.enlist(known, p.Queues)
	r.settleAll(known)
}

// DropProfile forgets a routing profile. Its agents take nothing until they have another, or it is back.
func (r *Router) DropProfile(id center.RoutingProfileID) {
	p := r.profiles[id]
	if p == nil {
		return
	}
	p.Profile, p.known = Profile{ID: id}, false
	r.enlist(p, nil)
	r.settleAll(p)
	r.tidyProfile(p)
}

func (r *Router) settleAll(p *profile) {
	for _, a := range p.agents {
		r.settle(a)
		r.touchAgent(a)
	}
}

func (r *Router) profile(id center.RoutingProfileID) *profile {
	p := r.profiles[id]
	if p == nil {
		p = &profile{Profile: Profile{ID: id}}
		r.profiles[id] = p
	}
	return p
}

func (r *Router) tidyProfile(p *profile) {
	if !p.known && len(p.agents) == 0 {
		delete(r.profiles, p.ID)
	}
}

// SetAgent tells how an agent is. Slots that assignments hold are not for it to
// count before the offer is committed, and they are held beside those that it
// counts until the contact is told of. So tell of the agent first and of the contact
// then: a slot counts twice in between, which does no harm, and not never, which would.
func (r *Router) SetAgent(facts Agent) {
	a := r.agent(facts.User)
	if a.profile == nil || a.profile.ID != facts.Profile {
		was := a.profile
		r.move(a, r.profile(facts.Profile))
		if was != nil {
			r.tidyProfile(was)
		}
	}
	if !slices.Equal(a.Proficiencies, facts.Proficiencies) {
		r.learn(a, facts.Proficiencies)
		facts.Proficiencies = slices.Clone(facts.Proficiencies)
	}
	a.Agent, a.known = facts, true
	r.settle(a)
	r.touchAgent(a)
}

// DropAgent forgets an agent. Contacts in the agent's own queue wait for it to come
// back, and what is reserved for it stays reserved until the caller says how that went.
func (r *Router) DropAgent(user center.UserID) {
	a := r.agents[user]
	if a == nil || !a.known {
		return
	}
	a.known = false
	r.settle(a)
	r.learn(a, nil)
	p := a.profile
	r.move(a, nil)
	r.tidyProfile(p)
	a.Agent = Agent{User: user}
	r.tidyAgent(a)
}

// SetContact tells of a contact that waits, or that rings. A contact that is
// reserved stays so, wherever its facts say that it waits, until it rings or is dropped or
// released. The error is one of its Step: an expression that cannot be read is met by nobody.
func (r *Router) SetContact(facts Contact) error {
	c := r.contacts[facts.ID]
	if c == nil {
		c = &contact{at: -1, timer: -1}
		r.contacts[facts.ID] = c
	} else if c.equal(&facts) {
		return c.selectorErr()
	}
	r.leave(c)
	was, old := c.queue, c.selector
	facts.Excluded = slices.Clone(facts.Excluded)
	c.Contact = facts
	c.ticket = ticketOf(c)
	c.queue = r.queueOf(queueKey{facts.Queue, facts.Own, facts.Channel}.normal())
	c.queue.uses++
	var err error
	c.selector, err = r.selector(&c.Contact)
	r.unselect(old)
	if was != nil {
		was.uses--
		r.tidy(was)
	}
	switch {
	case facts.Ringing != "":
		r.unreserve(c)
	case c.holder == nil:
		r.enter(c)
	}
	return err
}

// normal leaves out the queue of a contact that waits in an agent's own.
func (k queueKey) normal() queueKey {
	if k.own != "" {
		k.id = ""
	}
	return k
}

func (c *contact) selectorErr() error {
	if c.selector == nil {
		return nil
	}
	return c.selector.err
}

// DropContact forgets a contact: it has an agent, or has left the queue.
func (r *Router) DropContact(id center.ContactID) {
	c := r.contacts[id]
	if c == nil {
		return
	}
	r.leave(c)
	r.unreserve(c)
	r.unselect(c.selector)
	c.queue.uses--
	r.tidy(c.queue)
	delete(r.contacts, id)
}

// Release gives an assignment back whose offer could not be made. The contact waits
// again and the agent's slot is free: tell what is known of both before, or the same two
// are assigned to each other again. An assignment that is over already does no harm.
func (r *Router) Release(a Assignment) {
	c := r.contacts[a.Contact]
	if c == nil || c.holder == nil || c.turn != a.turn {
		return
	}
	r.unreserve(c)
	r.enter(c)
}

// unreserve gives the slot back that is held for a contact.
func (r *Router) unreserve(c *contact) {
	a := c.holder
	if a == nil {
		return
	}
	c.holder = nil
	a.reserved = slices.DeleteFunc(a.reserved, func(o *contact) bool { return o == c })
	r.settle(a)
	r.touchAgent(a)
	r.tidyAgent(a)
}
