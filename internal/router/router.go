// Package router makes offers: it tells package routing what the chats, the agents and
// the administrators of an instance do, and has the engine offer the contacts that are assigned. What somebody
// may not have in hand any more, because he has been deleted or has lost a permission, it takes from him.
//
// It is woken by commits and never polls. An offer is durable before anybody rings: it is a
// change of the chat, which the store refuses when the agent cannot take it. So nothing depends on
// the router's knowledge being up to date, and one that begins anew finds everything in the store.
//
// On a shared store each node has a router. All follow what happens on all nodes, so that each can answer, and one makes the offers of an
// instance: the one that has the lease of its shard (nodes.go).
//
// One goroutine serves all instances. What it is told while it works is kept as what is to be looked
// at: a chat that changes ten times meanwhile is looked at once. Start reading at [Router.Run].
package router

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/store"
)

// Ring is how long a chat rings at an agent, unless the configuration says otherwise.
const Ring = 20 * time.Second

// Bounds of the offers that are being made.
const (
	maxOffers = 256 // at once
	// aside is for how long an agent is not offered again what could not be offered to him, when
	// nothing that the router knows says why. A contact that can be offered to nobody waits twice as long each time.
	aside    = time.Second
	maxAside = 32 * time.Second
)

// Config is what a router is made of. All members without "may be nil" are needed.
type Config struct {
	Store   store.Store
	Catalog *catalog.Catalog
	Clock   *engine.Clock
	Log     *slog.Logger
	Ring    time.Duration // 0 for [Ring]

	// Leases determine for which instances this router makes offers, by the shard of the instance, where others work
	// on the same store; nil for all of them. With any, Bus is needed, and Node, the engine's.
	Leases engine.Leases
	Bus    bus.Bus
	Node   string
	// Changed, when set, is called with each agent of whom, or in whose hands, the router has found something in the store that it was not
	// told of. It must be quick.
	Changed func(center.UserID)
}

// Router makes offers. Make it with [New], have it told of commits, and let [Router.Run] run.
type Router struct {
	Config
	engine *engine.Engine
	wake   chan struct{}
	led    chan struct{} // other instances may be this router's, or other nodes alive

	mu    sync.Mutex // guards what follows
	told  map[center.InstanceID]*news
	alarm time.Time // when the next contact will have waited for a delay; zero for never
	busy  int       // looks and offers that are under way

	work      sync.Mutex // held while instances are looked at; guards what follows
	instances map[center.InstanceID]*instance
	offers    chan struct{} // a token for each offer that is being made
}

// New returns a router. It is told of commits from then on: it is an [engine.Observer] and an
// [engine.AgentObserver].
func New(cfg Config) *Router {
	if cfg.Ring == 0 {
		cfg.Ring = Ring
	}
	return &Router{
		Config: cfg, wake: make(chan struct{}, 1), led: make(chan struct{}, 1), told: map[center.InstanceID]*news{}, instances: map[center.InstanceID]*instance{},
		offers: make(chan struct{}, maxOffers),
	}
}

// news is what has been told of an instance and not been looked at.
type news struct {
	chats  map[center.ContactID]chatNews
	agents map[center.UserID]agentNews
	unsure struct { // to be read from the store, whatever is told of them
		chats  map[center.ContactID]bool
		agents map[center.UserID]bool
	}
	setup bool      // what an administrator has set up may have changed
	load  bool      // everything is to be read from the store
	made  []pending // offers that are durable
	rests bool      // it could not be learnt a moment ago
}

func newNews() *news {
	n := &news{chats: map[center.ContactID]chatNews{}, agents: map[center.UserID]agentNews{}}
	n.unsure.chats, n.unsure.agents = map[center.ContactID]bool{}, map[center.UserID]bool{}
	return n
}

// none reports whether there is nothing about anybody.
func (n *news) none() bool {
	return !n.load && len(n.chats)+len(n.agents)+len(n.unsure.chats)+len(n.unsure.agents) == 0
}

// chatNews is a chat as a commit left it. One that has been erased is nil.
type chatNews struct {
	chat    *contact.Chat
	version int64
}

// agentNews is an agent as a commit left him, nil for one who has been deleted.
type agentNews struct {
	agent   *agent.Agent
	version int64
}

// tell notes news of an instance. put must be quick.
func (r *Router) tell(id center.InstanceID, put func(n *news)) {
	r.mu.Lock()
	n := r.told[id]
	if n == nil {
		n = newNews()
		r.told[id] = n
	}
	put(n)
	r.mu.Unlock()
	r.look()
}

func (r *Router) look() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Committed implements [engine.Observer]. Of most changes the router need not know.
func (r *Router) Committed(c *engine.Commit) {
	switch after := c.Change.Chat; {
	case c.Erased && len(c.Change.Work) > 0:
		r.tell(c.Instance, func(n *news) { n.chats[c.Chat] = chatNews{version: erased} })
		r.publish(c.Instance, aboutChat, string(c.Chat))
	case after != nil && (after.Queue != nil || len(c.Change.Queues) > 0 || len(c.Change.Work) > 0):
		r.tell(c.Instance, func(n *news) { n.take(c.Chat, chatNews{after, c.Version}) })
		r.publish(c.Instance, aboutChat, string(c.Chat))
	}
}

// take notes how a chat is, unless something newer is known.
func (n *news) take(id center.ContactID, c chatNews) {
	if n.chats[id].version < c.version {
		n.chats[id] = c
	}
}

// erased is after every version.
const erased = math.MaxInt64

// AgentCommitted implements [engine.AgentObserver].
func (r *Router) AgentCommitted(c *engine.AgentCommit) {
	r.tell(c.Agent.Instance, func(n *news) {
		if n.agents[c.Agent.User].version < c.Version {
			news := agentNews{c.Agent, c.Version}
			if c.Gone {
				news.agent = nil
			}
			n.agents[c.Agent.User] = news
		}
	})
	r.publish(c.Agent.Instance, aboutAgent, string(c.Agent.User))
}

// SetUp tells that an administrator may have changed an instance: see [catalog.Config].
func (r *Router) SetUp(id center.InstanceID) { r.tell(id, func(n *news) { n.setup = true }) }

// Run makes offers through an engine until ctx ends. At the beginning it reads what there is.
func (r *Router) Run(ctx context.Context, e *engine.Engine) {
	r.engine = e
	defer r.listen()()
	r.begin(ctx)
	again, stop := r.again()
	defer stop()
	for {
		r.mu.Lock()
		alarm := r.alarm
		r.mu.Unlock()
		d, moved := r.Clock.Wait(alarm)
		timer := time.NewTimer(d)
		select {
		case <-r.wake:
		case <-moved:
		case <-timer.C:
		case <-r.led:
			r.begin(ctx)
		case <-again:
			r.begin(ctx)
		case <-ctx.Done():
			timer.Stop()
			r.finish()
			return
		}
		timer.Stop()
		r.lookAtAll(ctx)
	}
}

// finish waits for the offers that are being made.
func (r *Router) finish() {
	for range maxOffers {
		r.offers <- struct{}{}
	}
}

// begin has every instance read. One that cannot be read is tried again.
func (r *Router) begin(ctx context.Context) {
	for ctx.Err() == nil {
		all, err := r.Catalog.Instances(ctx)
		if err == nil {
			for _, i := range all {
				r.recover(ctx, i.ID)
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		r.Log.ErrorContext(ctx, "cannot look for contacts that wait", "err", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// recover makes up for what a process before this one has left undone, where that is this router's, and then has an instance read. What fails is
// tried again. r.work is not held: commands to chats may have flows ask for [Router.Staffing].
func (r *Router) recover(ctx context.Context, id center.InstanceID) {
	var err error
	if alive := r.alive(); r.leads(id) && slices.Contains(alive, r.engine.Node) {
		err = r.engine.Agents.Recover(ctx, id, alive)
	}
	switch {
	case err == nil:
		r.tell(id, func(n *news) { n.load = true })
	case ctx.Err() == nil:
		r.Log.ErrorContext(ctx, "cannot look at the agents of an instance; it is tried again", "instance", id, "err", err)
		time.AfterFunc(time.Second, func() { r.recover(ctx, id) })
	}
}

// lookAtAll looks at whatever has changed, and at what the time brings.
func (r *Router) lookAtAll(ctx context.Context) {
	r.work.Lock() // first, so that who has it knows what has been told before
	r.mu.Lock()
	told := map[center.InstanceID]*news{}
	for id, n := range r.told {
		if !n.rests {
			told[id] = n
			delete(r.told, id)
		}
	}
	r.busy++
	r.mu.Unlock()
	now := r.Clock.Now()
	for id, n := range told {
		if err := r.learn(ctx, id, n); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "cannot look at an instance whose contacts wait; it is tried again", "instance", id, "err", err)
			r.later(id, n)
		}
	}
	var alarm time.Time
	var offers []pending
	var ends []misfit
	for id, in := range r.instances {
		if !r.leads(id) {
			in.alarm, in.misfits = time.Time{}, nil
		}
		if r.leads(id) && (told[id] != nil || !in.alarm.IsZero() && !in.alarm.After(now)) {
			offers = append(offers, r.assign(in, now)...)
		}
		ends, in.misfits = append(ends, in.misfits...), nil
		if !in.alarm.IsZero() && (alarm.IsZero() || in.alarm.Before(alarm)) {
			alarm = in.alarm
		}
		if in.empty() {
			delete(r.instances, id)
		}
	}
	r.work.Unlock()
	r.mu.Lock()
	r.alarm = alarm
	r.busy += len(offers) + len(ends) - 1
	r.mu.Unlock()
	for _, m := range ends {
		r.begun(func() { r.end(ctx, m) })
	}
	for _, p := range offers {
		r.begun(func() { r.offer(ctx, p) })
	}
}

// begun does what is counted as under way, when there is room among the offers that are being made.
func (r *Router) begun(do func()) {
	r.offers <- struct{}{}
	go func() {
		do()
		<-r.offers
		r.mu.Lock()
		r.busy--
		r.mu.Unlock()
	}()
}

// retry is after how long it is tried again to learn what could not be learnt.
const retry = time.Second

// later has news learnt that could not be. They are old by then, and something newer may have been learnt meanwhile,
// and forgotten: so what they are about is read from the store.
func (r *Router) later(id center.InstanceID, old *news) {
	r.tell(id, func(n *news) {
		for c := range old.chats {
			n.unsure.chats[c] = true
		}
		for user := range old.agents {
			n.unsure.agents[user] = true
		}
		maps.Copy(n.unsure.chats, old.unsure.chats)
		maps.Copy(n.unsure.agents, old.unsure.agents)
		n.setup, n.load, n.made = n.setup || old.setup, n.load || old.load, append(n.made, old.made...)
		n.rests = true
	})
	time.AfterFunc(retry, func() { r.tell(id, func(n *news) { n.rests = false }) })
}

// pending is an offer that is to be made.
type pending struct {
	in       *instance
	assigned routing.Assignment
	offer    contact.Offer
}

// assign returns the offers that can be made in an instance.
func (r *Router) assign(in *instance, now time.Time) (offers []pending) {
	for id, until := range in.aside {
		if !until.After(now) {
			delete(in.aside, id)
			if c := in.chats[id]; c != nil {
				c.excluded, c.paused = nil, nil
			}
			in.setContact(id)
		}
	}
	assigned, alarm := in.routing.Next(now)
	for _, until := range in.aside {
		if alarm.IsZero() || until.Before(alarm) {
			alarm = until
		}
	}
	in.alarm = alarm
	for _, a := range assigned {
		c, user := in.chats[a.Contact], in.user(a.User)
		if c == nil || c.chat == nil || user == nil {
			in.routing.Release(a)
			continue
		}
		o := OfferTo(user, r.Ring)
		if o.Slots, o.Place = slotsOf(in.snap, user), c.chat.Place(); o.Slots == 0 {
			in.routing.Release(a) // the profile has changed since; it is told of
			continue
		}
		offers = append(offers, pending{in, a, o})
	}
	return offers
}

// OfferTo is the offer of a chat to a user, as an administrator has configured him: he accepts at once or it rings for
// the time given, and after-contact work has a limit or none.
func OfferTo(user *catalog.User, ring time.Duration) contact.Offer {
	o := contact.Offer{User: user.ID, Identity: IdentityOf(user), Ring: ring}
	for _, c := range user.Config.AutoAccept {
		if c.Channel == chatChannel && c.Accept {
			o.Ring = 0
		}
	}
	for _, c := range user.Config.Work {
		if c.Channel == chatChannel {
			o.AfterWork = time.Duration(c.Limit) * time.Second
		}
	}
	return o
}

// Assigned is the offer of a chat to a user whom somebody has chosen, whatever his status. snap has users. It rings at
// one who has no client (state is nil for one who never had any), even if he accepts at once otherwise: nobody would answer. A user
// whose routing profile has no slots for chats is a Conflict.
func (r *Router) Assigned(snap *catalog.Snapshot, user *catalog.User, state *agent.Agent) (contact.Offer, error) {
	o := OfferTo(user, r.Ring)
	if o.Slots, o.Assigned = slotsOf(snap, user), true; o.Slots == 0 {
		return o, center.Errorf(center.Conflict, "the routing profile of %s has no slots for chats", user.Name)
	}
	if state == nil || !state.Present() {
		o.Ring = r.Ring
	}
	return o, nil
}

// IdentityOf is how a user is known in chats: customers see the first name, or the user name of one without.
func IdentityOf(user *catalog.User) contact.Identity {
	name := user.Identity.FirstName
	if name == "" {
		name = user.Name
	}
	return contact.Identity{DisplayName: name, UserName: user.Name, FirstName: user.Identity.FirstName, LastName: user.Identity.LastName}
}

const chatChannel = "CHAT"

// offer makes an offer. When it is refused the router learns how the two stand, and looks again.
func (r *Router) offer(ctx context.Context, p pending) {
	in, a := p.in, p.assigned
	_, err := r.engine.Do(ctx, a.Contact, p.offer)
	if err == nil {
		// The commit has been told of. What followed it may have been too, and be learnt in its place: so the
		// reservation does not end with what is learnt alone.
		r.tell(in.id, func(n *news) { n.made = append(n.made, p) })
		return
	}
	if ctx.Err() != nil {
		return
	}
	refused := false // by how the two stand; anything else may be so for every agent, as a full disk is
	switch center.ReasonOf(err) {
	case center.Conflict, center.Gone, center.NotFound:
		refused = true
	}
	chat, chatErr := r.readChat(ctx, a.Contact)
	state, version, agentErr := r.engine.Agents.State(ctx, a.User)
	r.work.Lock() // what was read may be old by now: of what is not known any more nothing is learnt
	if chatErr == nil && in.chats[a.Contact] != nil {
		in.takeChat(a.Contact, chat)
	}
	if agentErr == nil && state != nil && in.agents[a.User] != nil {
		in.takeAgent(a.User, agentNews{state, version})
	}
	if c := in.chats[a.Contact]; c != nil {
		in.setAside(a, c, r.Clock.Now(), err, refused)
		if !refused && c.failures == 1 {
			r.Log.ErrorContext(ctx, "an offer could not be made; it is tried again, less and less often", "contact", a.Contact, "agent", a.User, "err", err)
		}
	}
	in.routing.Release(a)
	r.work.Unlock()
	r.tell(in.id, func(*news) {})
}

// readChat reads a chat as the store has it. One that does not exist is erased.
func (r *Router) readChat(ctx context.Context, id center.ContactID) (chatNews, error) {
	head, err := r.Store.Chat(ctx, id)
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return chatNews{version: erased}, nil
	}
	if err != nil {
		return chatNews{}, err
	}
	chat, err := contact.DecodeChat(head.State)
	return chatNews{chat, head.Version}, err
}

// readAgent reads an agent as the store has him. One of whom nothing is kept has gone.
func (r *Router) readAgent(ctx context.Context, user center.UserID) (agentNews, error) {
	head, err := r.Store.Agent(ctx, user)
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return agentNews{version: erased}, nil
	}
	if err != nil {
		return agentNews{}, err
	}
	state, err := agent.Decode(head.State)
	return agentNews{state, head.Version}, err
}

// Next returns when the router does something by itself, zero for never; quiet reports that it has
// looked at everything it was told, and makes no offer.
func (r *Router) Next() (t time.Time, quiet bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alarm, r.busy == 0 && len(r.told) == 0
}

// Explain says why a chat of an instance that waits has no agent yet, as its last commit left it and with all that was
// told before. Of agents whom shows is false for it says
// nothing by themselves; a nil shows is true for all.
func (r *Router) Explain(ctx context.Context, id center.InstanceID, chat center.ContactID, shows func(center.UserID) bool) (why routing.Explanation, err error) {
	r.tell(id, func(n *news) { n.unsure.chats[chat] = true }) // its last commit may not have been told of yet
	err = r.knowing(ctx, id, func(in *instance) {
		if in == nil {
			in = newInstance(id, r.Clock.Now) // nobody is known
		}
		why = in.explain(chat, r.Clock.Now(), shows)
	})
	return why, err
}
