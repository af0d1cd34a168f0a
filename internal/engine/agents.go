package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// Staff has what an administrator has set up for agents.
type Staff interface {
	// Employs reports whether a user exists in an instance.
	Employs(ctx context.Context, instance center.InstanceID, user center.UserID) (bool, error)
	// Offline returns the status that agents of an instance have who are not there.
	Offline(ctx context.Context, instance center.InstanceID) (agent.Status, error)
	// Staffing counts the agents who take chats from a queue.
	Staffing(ctx context.Context, instance center.InstanceID, queue center.QueueID) (Staffing, error)
}

// Staffing counts the agents of a queue, and estimates waits.
type Staffing struct {
	contact.Staffing
	// Wait estimates how long a chat waits that ahead others are taken before; ok is false when
	// that is not known, as it is when Wait is nil.
	Wait func(ahead int64) (d time.Duration, ok bool)
}

// EstimatedWait is what Wait says, nil for not known.
func (s *Staffing) EstimatedWait(ahead int64) *time.Duration {
	if s.Wait == nil {
		return nil
	}
	if d, ok := s.Wait(ahead); ok {
		return &d
	}
	return nil
}

// AgentCommit is a change of an agent that is durable.
type AgentCommit struct {
	Agent   *agent.Agent // after the change
	Version int64
	Change  *agent.Change
	Gone    bool // the user does not exist any more; Agent is what he was
}

// AgentObserver is notified of each commit of an agent, as an [Observer] is of those of chats.
type AgentObserver interface {
	AgentCommitted(c *AgentCommit)
}

// Agents runs agents: their status and presence are aggregates of their own, as chats
// are. What they have in hand is with the chats, and counted by the store. Its methods may
// be called by many goroutines.
type Agents struct {
	e      *Engine
	runner *runner[center.UserID, *agent.Agent]
	timers *sweeper[center.UserID]

	wake chan struct{}                       // somebody is in loose
	mu   sync.Mutex                          // guards what follows
	next map[center.UserID]center.InstanceID // agents whose next status is to follow
	// loose are those of them who have put something out of their hands since they were looked at.
	loose   map[center.UserID]center.InstanceID
	working bool // they are being looked at
}

func newAgents(e *Engine) *Agents {
	a := &Agents{e: e, wake: make(chan struct{}, 1), next: map[center.UserID]center.InstanceID{}, loose: map[center.UserID]center.InstanceID{}}
	a.runner = &runner[center.UserID, *agent.Agent]{load: a.load, asks: func(error) bool { return false }, recovered: func(user center.UserID, panicked any) error {
		return e.recovered(center.ContactID(user), panicked)
	}}
	a.runner.entries.max = e.Hot
	if e.Shared {
		a.runner.unchanged = a.unchanged
		a.runner.entries.subscribe = a.subscribe
	}
	a.timers = &sweeper[center.UserID]{
		what: "agent", clock: e.Clock, log: e.Log, often: e.Leases != nil, wake: make(chan struct{}, 1),
		due: func(ctx context.Context, now time.Time, limit int) ([]center.UserID, time.Time, error) {
			return e.Store.DueAgents(ctx, e.shards(), now, limit)
		},
		tick: a.tick,
	}
	return a
}

// load reads an agent. One of whom nothing is known is nil.
func (a *Agents) load(ctx context.Context, user center.UserID, _ **agent.Agent) (*agent.Agent, int64, error) {
	head, err := a.e.Store.Agent(ctx, user)
	if center.ReasonOf(err) == center.NotFound && err != nil {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	state, err := agent.Decode(head.State)
	return state, head.Version, err
}

// unchanged reports whether an agent is still at the version at which he was read.
func (a *Agents) unchanged(ctx context.Context, was seen[center.UserID, *agent.Agent]) (bool, error) {
	_, version, err := a.load(ctx, was.entry.id, nil)
	return version == was.version, err
}

// subscribe has an agent read anew when another node changes something of his.
func (a *Agents) subscribe(h *entry[center.UserID, *agent.Agent]) (stop func()) {
	s := &bus.Subscription{Subject: bus.Agent(h.id), Receive: func(m bus.Message) {
		if m.Version != 0 && m.Origin != a.e.Node {
			h.reload.Store(true)
		}
	}}
	a.e.Bus.Subscribe(s)
	return func() { a.e.Bus.Unsubscribe(s) }
}

// State returns the state of an agent, which is durable and immutable, nil for one who has
// never signed in, and its version.
func (a *Agents) State(ctx context.Context, user center.UserID) (*agent.Agent, int64, error) {
	return a.runner.read(ctx, user)
}

// Do gives an agent of an instance a command, and returns what he is then, when that is
// durable. Errors are *center.Error, or ctx's when it ended first: the change may then
// still happen. NotFound is for a user who does not exist, or not any more.
func (a *Agents) Do(ctx context.Context, instance center.InstanceID, user center.UserID, cmd agent.Command) (*agent.Agent, error) {
	offline, err := a.e.Staff.Offline(ctx, instance)
	if err != nil {
		return nil, err
	}
	first := agent.Agent{User: user, Instance: instance, Status: offline}
	for range maxAttempts {
		held, err := a.e.Store.Count(ctx, store.Slots(instance, user, chatChannel))
		if err != nil {
			return nil, err
		}
		hands, err := a.handsFor(ctx, instance, user)
		if err != nil {
			return nil, err
		}
		var made agent.Change
		state, begins := &first, false
		err = a.runner.run(ctx, user, func(h *entry[center.UserID, *agent.Agent]) (write, error) {
			var err error
			if h.state != nil {
				state = h.state
			}
			env := agent.Env{Now: a.e.Clock.Now(), Held: held}
			if made, err = agent.Decide(h.state, first, cmd, env); err != nil || made.Agent == nil {
				return nil, err
			}
			if h.state == nil {
				if err := a.employed(ctx, instance, user); err != nil {
					return nil, err
				}
				begins = true
			}
			state = made.Agent
			return a.write(h, first, &made, hands, env.Now), nil
		})
		switch {
		case err == nil && begins:
			if err := a.begun(ctx, instance, user); err != nil {
				return nil, err
			}
			return state, a.follow(context.WithoutCancel(ctx), state, &made)
		case err == nil:
			return state, a.follow(context.WithoutCancel(ctx), state, &made) // also when nobody waits for it any more
		case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrQuota):
			// Something has come into his hands meanwhile, or he has done something else.
		default:
			return nil, failedOr(a.e, center.ContactID(user), err)
		}
	}
	return nil, center.Errorf(center.Unavailable, "the agent %s is too busy; try again", user)
}

// chatChannel is the channel of chats, by which slots are counted.
const chatChannel = "CHAT"

// write applies a change to the entry, and returns how to write it. The entry is locked. first is what
// the agent was if nothing was known of him, hands what he has in hand.
func (a *Agents) write(h *entry[center.UserID, *agent.Agent], first agent.Agent, made *agent.Change, hands []record.Hand, at time.Time) write {
	n := made.Agent
	c := &store.AgentChange{
		User: n.User, Version: h.version, Next: nextVersion(h.version),
		State: &store.AgentHead{Instance: n.Instance, State: n.Encode(), Due: wholeMillis(made.Due), Online: n.Online() || n.Present()},
	}
	if made.Barred != 0 {
		c.Quotas = append(c.Quotas, store.Quota{Counter: store.Barred(n.Instance, n.User), Delta: int64(made.Barred), Limit: -1})
	}
	if made.Empty {
		c.Quotas = append(c.Quotas, store.Quota{Counter: store.Slots(n.Instance, n.User, chatChannel)})
	}
	was := h.state
	if first.Since = n.Since; was == nil {
		was = &first
	}
	a.record(c, was, made, hands, at)
	h.state, h.version = n, c.Next
	done := &AgentCommit{Agent: n, Version: c.Next, Change: made}
	return func(report func(error)) {
		a.e.Store.SubmitAgent(c, a.e.waking(len(c.Deliveries), func(err error) {
			if err == nil {
				a.agentCommitted(done)
			}
			report(err)
		}))
	}
}

// employed is NotFound for a user who does not exist.
func (a *Agents) employed(ctx context.Context, instance center.InstanceID, user center.UserID) error {
	there, err := a.e.Staff.Employs(ctx, instance, user)
	if err == nil && !there {
		err = center.Missing(center.KindUser, string(user))
	}
	return err
}

// begun makes sure that nothing is kept of an agent whose user has been deleted while it began to be.
func (a *Agents) begun(ctx context.Context, instance center.InstanceID, user center.UserID) error {
	err := a.employed(ctx, instance, user)
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return errors.Join(err, a.forget(ctx, instance, user))
	}
	return err
}

// Remove removes a user who is an agent: delete does so, and nothing is known of the agent then. What he supervises, and
// what was offered to him meanwhile, is taken from him. One who has something in hand is a BadRequest.
func (a *Agents) Remove(ctx context.Context, instance center.InstanceID, user center.UserID, delete func() error) error {
	held, err := a.e.Store.Count(ctx, store.Slots(instance, user, chatChannel))
	if err != nil {
		return err
	}
	if held > 0 {
		return center.Errorf(center.BadRequest, "the user has %d contacts in hand; end and clear them first", held)
	}
	if err := delete(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // there is no way back
	if err := a.forget(ctx, instance, user); err != nil {
		return err
	}
	return a.release(ctx, instance, user, everything)
}

// forget deletes what is known of an agent.
func (a *Agents) forget(ctx context.Context, instance center.InstanceID, user center.UserID) (err error) {
	for range maxAttempts {
		err = a.runner.run(ctx, user, func(h *entry[center.UserID, *agent.Agent]) (write, error) {
			was := h.state
			if was == nil {
				return nil, nil
			}
			c := &store.AgentChange{User: user, Version: h.version, Gone: true, Tallies: []store.Tally{tallyOf(instance, measure.OfGone(user, a.e.Clock.Now().UnixMilli()))}}
			if was.Barred() {
				c.Quotas = []store.Quota{{Counter: store.Barred(instance, user), Delta: -1, Limit: -1}}
			}
			done := &AgentCommit{Agent: was, Version: nextVersion(h.version), Change: &agent.Change{}, Gone: true}
			h.state, h.version = nil, 0
			return func(report func(error)) {
				a.e.Store.SubmitAgent(c, func(err error) {
					if err == nil {
						a.agentCommitted(done)
					}
					report(err)
				})
			}, nil
		})
		if !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	if err != nil {
		return failedOr(a.e, center.ContactID(user), err)
	}
	return nil
}

// agentCommitted notifies those who want to know.
func (a *Agents) agentCommitted(c *AgentCommit) {
	a.mu.Lock()
	if delete(a.next, c.Agent.User); c.Agent.Next != nil && !c.Gone {
		a.next[c.Agent.User] = c.Agent.Instance
	}
	a.mu.Unlock()
	a.timers.at(c.Change.Due)
	for _, o := range a.e.AgentObservers {
		o.AgentCommitted(c)
	}
	if a.e.Shared {
		a.e.Bus.Publish(bus.Message{Subject: bus.Agent(c.Agent.User), Origin: a.e.Node, Version: c.Version})
	}
}

// follow does what follows from a change of an agent for the chats in his hands.
func (a *Agents) follow(ctx context.Context, state *agent.Agent, made *agent.Change) error {
	var what hands
	switch {
	case made.Take:
		what = everything
	case made.Clear || made.Unwatch:
		what = hands{over: made.Clear, watched: made.Unwatch}
	}
	if err := a.release(ctx, state.Instance, state.User, what); err != nil {
		return err
	}
	if made.Agent != nil && state.Next != nil {
		a.loosen(state.User, state.Instance) // it may have become empty-handed meanwhile
	}
	return nil
}

// hands is what an agent is to have in hand no more.
type hands struct {
	over    bool // what is in after-contact work
	watched bool // what he supervises
	all     bool // whatever there is
}

var everything = hands{all: true}

// release takes contacts out of an agent's hands.
func (a *Agents) release(ctx context.Context, instance center.InstanceID, user center.UserID, what hands) error {
	if what == (hands{}) {
		return nil
	}
	var held []store.HeldChat
	for h, err := range a.e.Store.Held(ctx, instance, user) {
		if err != nil {
			return err
		}
		held = append(held, h)
	}
	var failed error
	for _, h := range held {
		var cmd contact.Command
		switch state := contact.WorkState(h.Work); {
		case what.all:
			cmd = contact.Lose{User: user}
		case what.over && state == contact.WorkEnded:
			cmd = contact.Clear{User: user}
		case what.watched && state == contact.WorkConnected:
			cmd = contact.Lose{User: user, Watch: true}
		default:
			continue
		}
		if _, err := a.e.Do(ctx, h.Chat, cmd); err != nil && center.ReasonOf(err) != center.Conflict {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// tick fires an agent's timer. What he supervises ends before he is what he is then: it does so too when that fails, or
// the process ends, and the timer is fired again.
func (a *Agents) tick(ctx context.Context, user center.UserID) error {
	state, _, err := a.State(ctx, user)
	if err != nil || state == nil {
		return err
	}
	if state.Late(a.e.Clock.Now()) {
		if err := a.release(ctx, state.Instance, user, hands{watched: true}); err != nil {
			return err
		}
	}
	offline, err := a.e.Staff.Offline(ctx, state.Instance)
	if err != nil {
		return err
	}
	_, err = a.Do(ctx, state.Instance, user, agent.Tick{Offline: offline})
	return err
}

// committed notes whose hands a change of a chat has emptied. On a shared store another node may know that a
// status is to follow.
func (a *Agents) committed(c *Commit) {
	for _, m := range c.Change.Work {
		if m.Is != nil {
			continue
		}
		a.mu.Lock()
		_, waits := a.next[m.Was.User]
		a.mu.Unlock()
		if waits || a.e.Shared && !m.Watches() {
			a.loosen(m.Was.User, c.Instance)
		}
	}
}

// loosen has it looked at whether the next status of an agent can follow.
func (a *Agents) loosen(user center.UserID, instance center.InstanceID) {
	a.mu.Lock()
	a.loose[user] = instance
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// quiet reports whether neither timers are being fired nor next statuses about to follow.
func (a *Agents) quiet() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.loose) == 0 && !a.working && a.timers.quiet()
}

// run fires timers and lets next statuses follow, until ctx ends.
func (a *Agents) run(ctx context.Context) {
	var timers sync.WaitGroup
	timers.Go(func() { a.timers.run(ctx) })
	defer timers.Wait()
	for {
		select {
		case <-a.wake:
		case <-ctx.Done():
			return
		}
		a.mu.Lock()
		due := a.loose
		a.loose, a.working = map[center.UserID]center.InstanceID{}, true
		a.mu.Unlock()
		for user, instance := range due {
			_, err := a.Do(ctx, instance, user, agent.Settle{})
			switch {
			case err == nil || ctx.Err() != nil:
			case center.ReasonOf(err) == center.NotFound: // the instance does not exist any more
				a.mu.Lock()
				delete(a.next, user)
				a.mu.Unlock()
			default:
				a.e.Log.Error("the next status of an agent has not followed; it is tried again", "agent", user, "err", err)
				time.AfterFunc(retryEvery, func() { a.loosen(user, instance) })
			}
		}
		a.mu.Lock()
		a.working = false
		a.mu.Unlock()
	}
}

// Recover makes up for what a process before this one has left undone: clients of nodes
// that are gone are gone too, and statuses follow that were to follow. alive are the nodes whose clients are left alone.
func (a *Agents) Recover(ctx context.Context, instance center.InstanceID, alive []string) error {
	var there []*agent.Agent
	for row, err := range a.e.Store.Agents(ctx, instance, true) {
		if err != nil {
			return err
		}
		state, err := agent.Decode(row.State)
		if err != nil {
			return err
		}
		there = append(there, state)
	}
	for _, state := range there {
		for _, node := range nodesOf(state) {
			if slices.Contains(alive, node) {
				continue
			}
			if _, err := a.Do(ctx, instance, state.User, agent.Depart{Client: agent.Client{Node: node}}); err != nil {
				return err
			}
		}
		if state.Next == nil {
			continue
		}
		a.mu.Lock()
		a.next[state.User] = instance
		a.mu.Unlock()
		if err := a.release(ctx, instance, state.User, hands{over: true}); err != nil {
			return err
		}
		a.loosen(state.User, instance)
	}
	return nil
}

// nodesOf returns the nodes at which an agent has clients, each once.
func nodesOf(state *agent.Agent) (nodes []string) {
	for _, c := range state.Clients {
		if !slices.Contains(nodes, c.Node) {
			nodes = append(nodes, c.Node)
		}
	}
	return nodes
}

// handsOf returns what work that came into agents' hands, and left them, does to their
// counters, and what an offer asks of them.
func handsOf(instance center.InstanceID, moves []contact.WorkMove, ask *contact.Ask) (quotas []store.Quota) {
	if ask != nil && !ask.Assigned {
		quotas = append(quotas, store.Quota{Counter: store.Barred(instance, ask.User)})
	}
	for _, m := range moves {
		if m.Watches() {
			continue
		}
		slot := store.Quota{Counter: store.Slots(instance, m.User(), chatChannel), Limit: -1}
		switch {
		case m.Was == nil:
			if slot.Delta = 1; ask != nil && ask.Slots > 0 && ask.User == m.User() {
				slot.Limit = ask.Slots
			}
		case m.Is == nil:
			slot.Delta = -1
		}
		if slot.Delta != 0 {
			quotas = append(quotas, slot)
		}
		bars := store.Quota{Counter: store.Barred(instance, m.User()), Limit: -1}
		if m.Was != nil && m.Was.State.Bars() {
			bars.Delta--
		}
		if m.Is != nil && m.Is.State.Bars() {
			bars.Delta++
		}
		if bars.Delta != 0 {
			quotas = append(quotas, bars)
		}
	}
	return quotas
}

// refusedByHands is the error of an offer to an agent who cannot take it, nil for another counter.
func refusedByHands(over store.Counter) error {
	switch over.Type {
	case store.CountSlots:
		return center.Errorf(center.Conflict, "the agent has no free slot for another chat")
	case store.CountBarred:
		return center.Errorf(center.Conflict, "the agent is to be offered nothing now: he is not available, or has not cleared a contact that he missed")
	}
	return nil
}
