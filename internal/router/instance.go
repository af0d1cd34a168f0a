package router

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/routing"
)

// instance is what the router knows of one instance.
type instance struct {
	id      center.InstanceID
	snap    *catalog.Snapshot // with users; what routing knows of the setup is of it
	routing *routing.Router
	chats   map[center.ContactID]*chat
	agents  map[center.UserID]*staff
	aside   map[center.ContactID]time.Time // chats that exclude agents, or everybody, and until when
	alarm   time.Time
	misfits []misfit // found, and not dealt with
	census  census
	now     func() time.Time
}

// chat is a chat that waits, or that agents have in hand.
type chat struct {
	chatNews
	excluded []center.UserID // could not be offered it, for a moment
	failures int             // how often it could be offered to nobody, one after another
	paused   *routing.Reason // why it is offered to nobody, for a while; nil when it is
	waits    bool            // routing knows it
	waiter   *waiter         // as the census counts it; nil when it does not
}

// staff is an agent.
type staff struct {
	agentNews
	hands    map[center.ContactID]hand // by chat
	activity time.Time                 // when he last finished handling a contact
	member   member
}

// hand is a contact in an agent's hands.
type hand struct {
	contact         center.ContactID
	state           contact.WorkState
	since, accepted time.Time
	queue           center.QueueID // that it came from, as far as that is known
}

func newInstance(id center.InstanceID, now func() time.Time) *instance {
	return &instance{
		id: id, census: newCensus(), now: now, routing: routing.New(), chats: map[center.ContactID]*chat{}, agents: map[center.UserID]*staff{},
		aside: map[center.ContactID]time.Time{},
	}
}

// empty reports whether there is nobody, and nothing to do.
func (in *instance) empty() bool { return len(in.chats) == 0 && len(in.agents) == 0 }

// learn takes news of an instance.
func (r *Router) learn(ctx context.Context, id center.InstanceID, n *news) error {
	in := r.instances[id]
	if in == nil {
		if n.none() {
			return nil // nobody is there to whom the setup matters
		}
		in = newInstance(id, r.Clock.Now)
	}
	if in.snap == nil || n.setup || n.load {
		snap, err := r.Catalog.SnapshotWith(ctx, center.KindUser, string(id))
		if center.ReasonOf(err) == center.NotFound && err != nil {
			delete(r.instances, id) // it has been deleted
			return nil
		}
		if err != nil {
			return err
		}
		if n.setup || snap != in.snap {
			in.setUp(snap)
		}
	}
	if n.load {
		if err := r.load(ctx, in); err != nil {
			return err
		}
	}
	for user, a := range n.agents {
		in.takeAgent(user, a)
	}
	for c, told := range n.chats {
		in.takeChat(c, told)
	}
	for user := range n.unsure.agents {
		a, err := r.readAgent(ctx, user)
		if err != nil {
			return err
		}
		r.findAgent(in, user, a)
	}
	for c := range n.unsure.chats {
		read, err := r.readChat(ctx, c)
		if err != nil {
			return err
		}
		r.findChat(in, c, read)
	}
	for _, p := range n.made {
		if p.in == in {
			in.routing.Release(p.assigned)
		}
	}
	if !in.empty() {
		r.instances[id] = in
	}
	return nil
}

// load reads what the store has of an instance: its agents, what they have in hand, and what waits; and of what was known before
// whether it is still so. What has not changed is not read.
func (r *Router) load(ctx context.Context, in *instance) error {
	known := maps.Clone(in.agents)
	for row, err := range r.Store.Agents(ctx, in.id, true) {
		if err != nil {
			return err
		}
		state, err := agent.Decode(row.State)
		if err != nil {
			return err
		}
		delete(known, row.User)
		r.findAgent(in, row.User, agentNews{state, row.Version})
	}
	for user, s := range known {
		if s.agent == nil {
			continue // known for what is in his hands
		}
		a, err := r.readAgent(ctx, user)
		if err != nil {
			return err
		}
		r.findAgent(in, user, a)
	}
	chats := map[center.ContactID]bool{}
	for id := range in.chats {
		chats[id] = true
	}
	for h, err := range r.Store.Held(ctx, in.id, "") {
		if err != nil {
			return err
		}
		chats[h.Chat] = true
	}
	for w, err := range r.Store.Waiting(ctx, in.id, "") {
		if err != nil {
			return err
		}
		chats[w.Chat] = true
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(chats)), loadChunk) {
		versions, err := r.Store.Versions(ctx, ids)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if c := in.chats[v.Chat]; c != nil && c.version >= v.Version {
				delete(chats, v.Chat)
			}
		}
	}
	for id := range chats {
		news, err := r.readChat(ctx, id)
		if err != nil {
			return err
		}
		r.findChat(in, id, news)
	}
	return nil
}

// findAgent takes an agent as the store has him.
func (r *Router) findAgent(in *instance, user center.UserID, n agentNews) {
	if s := in.agents[user]; s == nil || n.version > s.version {
		r.changed(user)
	}
	in.takeAgent(user, n)
}

// findChat takes a chat as the store has it.
func (r *Router) findChat(in *instance, id center.ContactID, n chatNews) {
	c := in.chats[id]
	for _, state := range []*contact.Chat{n.chat, chatOf(c)} {
		if state == nil || c != nil && n.version <= c.version {
			continue
		}
		for i := range state.Work {
			r.changed(state.Work[i].User)
		}
	}
	in.takeChat(id, n)
}

func chatOf(c *chat) *contact.Chat {
	if c == nil {
		return nil
	}
	return c.chat
}

func (r *Router) changed(user center.UserID) {
	if r.Changed != nil && r.Leases != nil {
		r.Changed(user)
	}
}

// loadChunk is of how many chats the versions are read at once.
const loadChunk = 500

// setUp takes what an administrator has set up.
func (in *instance) setUp(snap *catalog.Snapshot) {
	before := in.snap
	in.snap = snap
	for id := range in.census.handled {
		if _, err := catalog.Get[*catalog.Queue](snap, id); err != nil {
			delete(in.census.handled, id)
		}
	}
	gone := map[center.RoutingProfileID]bool{}
	if before != nil {
		for _, p := range catalog.All[*catalog.RoutingProfile](before) {
			gone[p.ID] = true
		}
	}
	for _, p := range catalog.All[*catalog.RoutingProfile](snap) {
		delete(gone, p.ID)
		in.routing.SetProfile(profileOf(p))
	}
	for id := range gone {
		in.routing.DropProfile(id)
	}
	for user := range in.agents {
		in.setAgent(user)
	}
	for id, c := range in.chats {
		in.review(id, c)
	}
}

// profileOf is a routing profile as routing knows it.
func profileOf(p *catalog.RoutingProfile) routing.Profile {
	out := routing.Profile{ID: p.ID, Inbound: p.Timer == "TIME_SINCE_LAST_INBOUND"}
	for _, c := range p.Concurrency {
		if channel, ok := routing.ParseChannel(c.Channel); ok {
			out.Max[channel], out.Any[channel] = int(c.Max), c.AnyChannel
		}
	}
	for _, q := range p.Queues {
		if channel, ok := routing.ParseChannel(q.Channel); ok {
			out.Queues = append(out.Queues, routing.ProfileQueue{
				Queue: q.Queue, Channel: channel, Priority: int(q.Priority), Delay: time.Duration(q.Delay) * time.Second,
			})
		}
	}
	for _, q := range p.Manual {
		if channel, ok := routing.ParseChannel(q.Channel); ok {
			out.Manual = append(out.Manual, routing.ManualQueue{Queue: q.Queue, Channel: channel})
		}
	}
	return out
}

// user returns what is set up of an agent, nil for one who is not, or not any more.
func (in *instance) user(id center.UserID) *catalog.User {
	u, err := catalog.Get[*catalog.User](in.snap, id)
	if err != nil {
		return nil
	}
	return u
}

// slotsOf is how many chats a user may have in hand at once.
func slotsOf(snap *catalog.Snapshot, u *catalog.User) int64 {
	p, err := catalog.Get[*catalog.RoutingProfile](snap, u.RoutingProfile)
	if err != nil {
		return 0
	}
	return int64(profileOf(p).Max[routing.Chat])
}

// staff returns what is known of an agent.
func (in *instance) staff(user center.UserID) *staff {
	s := in.agents[user]
	if s == nil {
		s = &staff{hands: map[center.ContactID]hand{}}
		in.agents[user] = s
	}
	return s
}

// takeAgent takes an agent as a commit left him.
func (in *instance) takeAgent(user center.UserID, n agentNews) {
	s := in.staff(user)
	if n.version <= s.version {
		return
	}
	s.agentNews = n
	in.setAgent(user)
}

// setAgent tells routing how an agent is.
func (in *instance) setAgent(user center.UserID) {
	s, u := in.agents[user], in.user(user)
	in.countAgent(s, u)
	there := s.agent != nil && (s.agent.Online() || s.agent.Present())
	if u == nil || !there {
		in.routing.DropAgent(user)
		if !there && len(s.hands) == 0 { // a user who is not known may have been made on another node just now
			delete(in.agents, user)
		}
		return
	}
	a := routing.Agent{
		User: user, Profile: u.RoutingProfile,
		SignedIn: s.agent.Present(), Status: s.agent.Status.Name, Routable: s.agent.Status.Type == agent.Routable,
	}
	if s.agent.Next != nil {
		a.NextStatus = s.agent.Next.Name
	}
	a.Held[routing.Chat] = len(s.hands)
	for _, h := range s.hands {
		a.Barred = a.Barred || h.state.Bars()
	}
	a.LastActivity = s.agent.Since
	if s.activity.After(a.LastActivity) {
		a.LastActivity = s.activity
	}
	a.LastInbound = a.LastActivity // chats all come in
	for _, p := range u.Proficiencies {
		a.Proficiencies = append(a.Proficiencies, routing.Proficiency{Name: p.Attribute, Value: p.Value, Level: float64(p.Level)})
	}
	in.routing.SetAgent(a)
}

// countAgent counts an agent for the census.
func (in *instance) countAgent(s *staff, u *catalog.User) {
	if u == nil {
		in.census.count(&s.member, member{})
		return
	}
	is := member{crew: Crew{Profile: u.RoutingProfile}, in: true, Counts: countsOf(s.agent, slotsOf(in.snap, u), s.hands)}
	if s.agent != nil {
		is.crew.Status = s.agent.Status.ID
	}
	is.in = is.Counts != (Counts{})
	in.census.count(&s.member, is)
}

// takeChat takes a chat as a commit left it: first what it means for agents, then for itself.
func (in *instance) takeChat(id center.ContactID, n chatNews) {
	c := in.chats[id]
	if c == nil {
		c = &chat{}
		in.chats[id] = c
	}
	if n.version <= c.version {
		return
	}
	touched := map[center.UserID]bool{}
	if c.chat != nil {
		for i := range c.chat.Work {
			w := &c.chat.Work[i]
			if w.Watch != nil {
				continue
			}
			if n.chat == nil || n.chat.WorkOf(w.User) == nil {
				s := in.staff(w.User)
				queue := s.hands[id].queue
				if delete(s.hands, id); !w.Accepted.IsZero() {
					in.census.done(queue, in.now().Sub(w.Offered))
					s.activity = latest(s.activity, latest(w.Since, w.Accepted))
				}
				touched[w.User] = true
			}
		}
	}
	c.chatNews, c.failures = n, 0
	if n.chat != nil {
		for i := range n.chat.Work {
			w := &n.chat.Work[i]
			if w.Watch != nil {
				continue // it takes no slot
			}
			s := in.staff(w.User)
			h := hand{contact: w.Contact, state: w.State, since: w.Since, accepted: w.Accepted, queue: n.chat.Latest.Queue}
			if w.Contact != n.chat.Latest.ID {
				h.queue = s.hands[id].queue
			}
			s.hands[id] = h
			s.activity = latest(s.activity, w.Accepted)
			touched[w.User] = true
		}
	}
	for user := range touched {
		in.setAgent(user)
	}
	in.setContact(id)
	in.review(id, c)
	if n.chat == nil || len(n.chat.Work) == 0 && n.chat.Queue == nil {
		delete(in.chats, id)
		delete(in.aside, id)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// setContact tells routing how a contact waits, or that it does not.
func (in *instance) setContact(id center.ContactID) {
	c := in.chats[id]
	if c == nil {
		return
	}
	if c.waits && (!c.queued() || c.paused != nil) {
		in.routing.DropContact(id)
		c.waits = false
	}
	if !c.queued() {
		in.census.wait(&c.waiter, nil)
		return
	}
	in.census.wait(&c.waiter, &waiter{queue: c.chat.Queue.Queue, part: partOf(c.chat), since: c.chat.Queue.Since})
	if c.paused != nil {
		return
	}
	queue, priority, rank, _ := c.chat.Rank()
	facts := routing.Contact{ID: id, Channel: routing.Chat, Queue: queue, Priority: priority, Rank: rank, Enqueued: c.chat.Queue.Since, Step: stepOf(c.chat.Queue)}
	if user, ok := strings.CutPrefix(string(queue), machine.AgentQueue); ok {
		facts.Own, facts.Queue = center.UserID(user), ""
	}
	if w := c.chat.Ringing(); w != nil {
		facts.Ringing = w.User
	}
	for i := range c.chat.Work {
		if w := &c.chat.Work[i]; w.State != contact.WorkConnecting {
			facts.Excluded = append(facts.Excluded, w.User) // who has had it is not offered it again before he has cleared it
		}
	}
	facts.Excluded = append(facts.Excluded, c.excluded...)
	c.waits = true
	_ = in.routing.SetContact(facts) // an expression that cannot be read is met by nobody, as Explain says
}

// queued reports whether the contact waits for an agent.
func (c *chat) queued() bool { return c.chat != nil && c.chat.Queue != nil && c.chat.Joining == "" }

// explain says why a contact has no agent yet.
func (in *instance) explain(id center.ContactID, now time.Time, shows func(center.UserID) bool) routing.Explanation {
	if c := in.chats[id]; c != nil && c.queued() && c.paused != nil {
		why := *c.paused
		if w := c.chat.Ringing(); w != nil { // somebody has chosen the agent
			why = routing.Reason{Cause: routing.Rings, User: w.User, Channel: routing.Chat}
		}
		return routing.Explanation{Reasons: []routing.Reason{why}}
	}
	return in.routing.Explain(id, now, shows)
}

// setAside keeps a contact from an agent for a moment, or, when it was not refused for how the two stand, from
// everybody: longer each time.
func (in *instance) setAside(a routing.Assignment, c *chat, now time.Time, err error, refused bool) {
	until := now.Add(aside)
	if refused {
		c.excluded = append(c.excluded, a.User)
	} else {
		until = now.Add(min(aside<<min(c.failures, 8), maxAside))
		c.failures++
		c.paused = &routing.Reason{Cause: routing.SetAside, User: a.User, Channel: routing.Chat, Name: whatFailed(err), Until: until}
	}
	in.aside[a.Contact] = until
	in.setContact(a.Contact)
}

// whatFailed says why an offer could not be made, to those who may ask. What an error of the server says is for its log alone.
func whatFailed(err error) string {
	if e, ok := errors.AsType[*center.Error](err); ok && e.Reason != center.Internal {
		return e.Message
	}
	return "the server's log says why"
}

// stepOf returns the active step of the routing criteria, an empty one when anybody may take the contact.
func stepOf(q *contact.QueueEntry) flow.Criterion {
	if q.Step < len(q.Steps) {
		return q.Steps[q.Step].Criterion
	}
	return flow.Criterion{}
}

// partOf returns what tells a contact that waits from others of its queue.
func partOf(c *contact.Chat) (p Part) {
	if s := c.Current().SegmentAttrs["connect:Subtype"].String; s != nil {
		p.Subtype = *s
	}
	if text := stepOf(c.Queue).Expression; len(text) > 0 {
		if e, err := routing.Compile(text); err == nil {
			p.Step = e.String()
		}
	}
	return p
}
