package desk

import (
	"math"
	"slices"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
)

// desk is an agent with streams. It exists as long as there are any. All of it is guarded by its shard.
type desk struct {
	user     center.UserID
	instance center.InstanceID
	told     bus.Subscription // to what his clients tell each other
	first    *session         // the newest
	streams  int

	agent   *agent.Agent
	version int64 // of agent
	held    map[center.ContactID]*held
	loaded  bool // all that was there before the desk is known
	known   bool // it has been loaded before
	stale   bool // another node has changed something since

	views   []View // to be sent, the oldest first
	working bool   // somebody sends them
	number  int64  // of the last snapshot
	shows   uint64 // a hash of what it shows
}

// held is a chat in the agent's hands. One that is not in them any more stays, without a state, until the desk is loaded.
type held struct {
	feed    bus.Subscription
	state   *contact.Chat
	version int64
	last    int64                // the sequence number of the last item that is known of
	from    int64                // that of the last one before the agent accepted the contact; -1 when that is not known
	as      center.ParticipantID // who the agent is in the chat; from is about him
}

// meet notes as whom an agent has a chat in hand, which he may have had before as somebody else.
func (k *held) meet(c *contact.Chat, user center.UserID) {
	if as := c.WorkOf(user).Participant; as != k.as {
		k.as, k.from = as, -1
	}
}

// maxViews bounds the views that wait: with one more the older ones are left out.
const maxViews = 32

// open adds a stream to the desk of its user, which is made when there is none.
func (h *Hub) open(s *session) {
	sh := h.shard(s.of.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d := sh.desks[s.of.User]
	if d == nil {
		d = &desk{user: s.of.User, instance: s.of.Instance, held: map[center.ContactID]*held{}}
		d.told = bus.Subscription{Subject: bus.Agent(d.user), Receive: func(m bus.Message) { h.hear(d, m) }}
		h.Bus.Subscribe(&d.told)
		if sh.desks == nil {
			sh.desks = map[center.UserID]*desk{}
		}
		sh.desks[d.user] = d
	}
	h.watch.begin()
	s.desk, s.next = d, d.first
	d.first = s
	d.streams++
}

// hear takes what is published of an agent: what one of his clients tells the others, and that another node has changed
// something of his. The desk is read anew then.
func (h *Hub) hear(d *desk, m bus.Message) {
	if m.Version == 0 {
		h.broadcast(d, m)
		return
	}
	if m.Origin == h.Node {
		return // it has been told of already
	}
	sh := h.shard(d.user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d.stale = true
	h.work(d)
}

// leave removes a stream from its desk: nothing is sent to it any more.
func (h *Hub) leave(s *session) {
	d := s.desk
	sh := h.shard(d.user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.closed = true
	at := &d.first
	for *at != s {
		at = &(*at).next
	}
	*at, s.next = s.next, nil
	if d.streams--; d.streams > 0 {
		return
	}
	h.Bus.Unsubscribe(&d.told)
	for id := range d.held {
		d.forget(h.Bus, id)
	}
	delete(sh.desks, d.user)
}

// forget ends the feed of a chat. The caller holds the shard.
func (d *desk) forget(on bus.Bus, id center.ContactID) {
	on.Unsubscribe(&d.held[id].feed)
	delete(d.held, id)
}

// hold returns what the desk knows of a chat, whose feed it follows from then on. The caller holds the shard.
func (h *Hub) hold(d *desk, id center.ContactID) *held {
	c := d.held[id]
	if c == nil {
		c = &held{from: -1}
		c.feed = bus.Subscription{Subject: bus.Chat(id), Receive: func(m bus.Message) { h.receive(d, id, m) }}
		d.held[id] = c
		h.Bus.Subscribe(&c.feed)
	}
	return c
}

// Committed implements [engine.Observer]. Of changes of chats that are in nobody's hands it is quick to know nothing.
func (h *Hub) Committed(c *engine.Commit) {
	for _, user := range c.Hands() {
		h.tell(user, c)
	}
}

// tell takes a commit of a chat that a user has, or had, in hand.
func (h *Hub) tell(user center.UserID, c *engine.Commit) {
	sh := h.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d := sh.desks[user]
	if d == nil || d.instance != c.Instance {
		return
	}
	state := c.Change.Chat
	if c.Erased || state != nil && state.WorkOf(user) == nil {
		state = nil
	}
	if state == nil && d.loaded && d.held[c.Chat] == nil {
		return
	}
	k, version := h.hold(d, c.Chat), c.Version
	if c.Erased {
		version = math.MaxInt64
	}
	if version <= k.version {
		return
	}
	if state != nil {
		k.meet(state, user)
	}
	if state != nil && accepted(state, user) && k.from < 0 {
		if slices.ContainsFunc(c.Change.Items, func(it center.Item) bool { return it.Participant == k.as && it.ContentType == center.EventJoined }) {
			k.from = c.Seq - int64(len(c.Change.Items))
		} else if d.known { // it was accepted at another node, of which the desk has not heard
			d.stale = true
		}
	}
	k.take(state, version, c.Seq)
	if state == nil && d.loaded {
		d.forget(h.Bus, c.Chat)
	}
	h.show(d)
}

// take makes a later state of the chat the one that is known.
func (k *held) take(state *contact.Chat, version, last int64) {
	k.state, k.version, k.last = state, version, max(k.last, last)
}

// accepted reports whether the user has, or had, accepted the chat that he has in hand.
func accepted(c *contact.Chat, user center.UserID) bool {
	w := c.WorkOf(user)
	return w != nil && !w.Accepted.IsZero()
}

// AgentCommitted implements [engine.AgentObserver].
func (h *Hub) AgentCommitted(c *engine.AgentCommit) {
	sh := h.shard(c.Agent.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if d := sh.desks[c.Agent.User]; d != nil && c.Version > d.version {
		h.meet(d, c.Agent, c.Version)
		h.show(d)
	}
}

// meet makes a later state of the agent the one that is known. Streams that have been clients of his and are not any more
// close. The caller holds the shard.
func (h *Hub) meet(d *desk, a *agent.Agent, version int64) {
	d.agent, d.version = a, version
	for s := d.first; s != nil; s = s.next {
		is := slices.Contains(a.Clients, s.client)
		switch {
		case is:
			s.arrived = true
		case s.arrived && a.SignedOut(SessionOf(s.of)):
			s.close(Over)
		case s.arrived:
			s.close(TooMany)
		}
	}
}

// show has what the desk knows now sent. The caller holds the shard.
func (h *Hub) show(d *desk) {
	if d.loaded {
		if len(d.views) >= maxViews {
			d.views = d.views[:0]
		}
		d.views = append(d.views, d.view(h.Clock.Now()))
	}
	h.work(d)
}

// view is what a desk knows now. The caller holds the shard.
func (d *desk) view(now time.Time) View {
	v := View{At: now, User: d.user, Agent: d.agent, Chats: make([]Chat, 0, len(d.held))}
	for _, k := range d.held {
		if k.state != nil {
			v.Chats = append(v.Chats, Chat{k.state, k.last})
		}
	}
	return v
}
