package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

var agentCases = []testCase{
	{name: "every member of an agent is kept", run: agentMembers},
	{name: "a change is conditional on the version", run: agentConditions},
	{name: "changes that make no sense", run: agentNonsense},
	{name: "a change builds on one not yet durable", run: agentPipelined},
	{name: "done is called in the order of each agent, among chats", run: agentDoneOrder},
	{name: "a refusal does not harm its neighbours", run: agentNeighbours},
	{name: "many submitters on one agent, of two nodes: one wins each round", run: oneAgent},
	{name: "agents of an instance", run: agentsListed},
	{name: "agents whose timers are due", run: agentsDue},
	{name: "deliveries of agents", run: agentDeliveries},
	{name: "an agent is deleted and made again", run: agentGone},
	{name: "agents last", run: agentsLast, reopens: true},
}

// newUser returns ids that sort in the order they were made.
func newUser() center.UserID { return center.UserID(newID()) }

// agentChange replaces the state of an agent that is at a version, 0 for a new one.
func agentChange(user center.UserID, version int64, state string) *store.AgentChange {
	return &store.AgentChange{User: user, Version: version, State: &store.AgentHead{Instance: instance, State: []byte(state), Online: true}}
}

// submitAgent submits a change of an agent and waits for what became of it.
func (s *env) submitAgent(c *store.AgentChange) error {
	done := make(chan error, 1)
	s.SubmitAgent(c, func(err error) { done <- err })
	return <-done
}

func (s *env) mustAgent(t *testing.T, c *store.AgentChange) {
	t.Helper()
	if err := s.submitAgent(c); err != nil {
		t.Fatalf("a change of an agent that should succeed was refused: %v", err)
	}
}

func (s *env) refusedAgent(t *testing.T, c *store.AgentChange, want error) {
	t.Helper()
	if err := s.submitAgent(c); !errors.Is(err, want) {
		t.Fatalf("done(%v); want %v", err, want)
	}
}

func (s *env) wantAgent(t *testing.T, user center.UserID, want store.AgentHead) {
	t.Helper()
	for _, on := range s.nodes() {
		if got, err := on.Agent(t.Context(), user); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("agent %+v, %v; want %+v", got, err, want)
		}
	}
}

func (s *env) wantNoAgent(t *testing.T, user center.UserID) {
	t.Helper()
	_, err := s.Agent(t.Context(), user)
	wantReason(t, err, center.NotFound)
}

func agentMembers(t *testing.T, s *env) {
	user := newUser()
	s.wantNoAgent(t, user)
	for i, head := range []store.AgentHead{
		{Instance: instance, State: []byte{0, 1, 255}, Due: at(5), Online: true},
		{Instance: instance, State: []byte("second"), Due: at(5), Online: true}, // the state alone
		{Instance: instance, State: []byte("third"), Online: true},
		{Instance: elsewhere, State: []byte("fourth"), Due: at(7)},
	} {
		s.mustAgent(t, &store.AgentChange{User: user, Version: int64(i), State: &head})
		head.Version = int64(i) + 1
		s.wantAgent(t, user, head)
	}
}

func agentConditions(t *testing.T, s *env) {
	user := newUser()
	s.refusedAgent(t, agentChange(user, 1, "of nobody"), store.ErrConflict)
	s.refusedAgent(t, &store.AgentChange{User: user}, store.ErrConflict)
	s.mustAgent(t, agentChange(user, 0, "first"))
	s.refusedAgent(t, agentChange(user, 0, "first again"), store.ErrConflict)
	s.refusedAgent(t, agentChange(user, 2, "too new"), store.ErrConflict)
	c := agentChange(user, 1, "second")
	c.Next = 77
	s.mustAgent(t, c)
	s.refusedAgent(t, agentChange(user, 2, "of another version"), store.ErrConflict)
	// Without a state the version may be left out.
	one := []store.Quota{{Counter: tally("moved"), Delta: 1, Limit: -1}}
	s.refusedAgent(t, &store.AgentChange{User: user, Version: 2, Quotas: one}, store.ErrConflict)
	s.mustAgent(t, &store.AgentChange{User: user, Version: 77, Quotas: one})
	s.mustAgent(t, &store.AgentChange{User: user, Quotas: one})
	s.wantAgent(t, user, store.AgentHead{Instance: instance, Version: 77, State: []byte("second"), Online: true})
	if n := s.count(t, tally("moved")); n != 2 {
		t.Errorf("the counter is %d; want 2", n)
	}
}

func agentNonsense(t *testing.T, s *env) {
	user := newUser()
	s.mustAgent(t, agentChange(user, 0, "x"))
	stateAndGone := agentChange(user, 1, "y")
	stateAndGone.Gone = true
	for what, c := range map[string]*store.AgentChange{
		"no user": agentChange("", 0, "x"), "gone without a version": {User: user, Gone: true}, "gone with a state": stateAndGone,
		"a delivery of a chat": {User: user, Deliveries: []store.Delivery{{Stream: "s", Chat: "c"}}},
	} {
		if err := s.submitAgent(c); center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s: done(%v); want it to be invalid", what, err)
		}
	}
	s.wantAgent(t, user, store.AgentHead{Instance: instance, Version: 1, State: []byte("x"), Online: true})
}

func agentPipelined(t *testing.T, s *env) {
	user, chat := newUser(), newID()
	const n, broken = 3000, 2000 // more than one flush and more than the queue may hold at once
	version := func(i int) int64 { return 1_000_000 + 7*int64(i) }
	errs := make([]error, 2*n)
	var wg sync.WaitGroup
	wg.Add(2 * n)
	for i := range n {
		c := agentChange(user, version(i-1), fmt.Sprint(i))
		if i == 0 {
			c.Version = 0
		}
		if c.Next = version(i); i == broken { // whatever is decided on what it would have done is refused
			c.Quotas = []store.Quota{{Counter: tally("none"), Delta: 1, Limit: 0}}
		}
		s.SubmitAgent(c, func(err error) { errs[2*i] = err; wg.Done() })
		between := &store.Change{Chat: chat, Items: items(chat, int64(i), 1)}
		if i == 0 {
			between = chatChange(chat, "x")
		}
		s.Submit(between, func(err error) { errs[2*i+1] = err; wg.Done() })
	}
	wg.Wait()
	for i, err := range errs {
		var want error
		switch {
		case i%2 == 1:
		case i == 2*broken:
			want = store.ErrQuota
		case i > 2*broken:
			want = store.ErrConflict
		}
		if !errors.Is(err, want) {
			t.Fatalf("change %d: done(%v); want %v", i, err, want)
		}
	}
	s.wantAgent(t, user, store.AgentHead{Instance: instance, Version: version(broken - 1), State: fmt.Append(nil, broken-1), Online: true})
	if h := s.head(t, chat); h.LastSeq != n-1 {
		t.Errorf("the chat has %d items; want %d", h.LastSeq, n-1)
	}
}

func agentDoneOrder(t *testing.T, s *env) {
	const agents, each = 12, 100
	var orders [agents][]int // each written by the done functions of its agent, without a lock: the race detector watches
	var wg sync.WaitGroup
	wg.Add(2 * agents * each)
	for n := range agents {
		go func() {
			user, version := newUser(), int64(0)
			for i := range each {
				c := agentChange(user, 99, "refused")
				if i%3 > 0 {
					c = agentChange(user, version, "x")
					version++
				}
				s.SubmitAgent(c, func(error) {
					orders[n] = append(orders[n], i)
					wg.Done()
				})
				s.Submit(chatChange(newID(), "x"), func(error) { wg.Done() })
			}
		}()
	}
	wg.Wait()
	for n, order := range orders {
		if len(order) != each || !slices.IsSorted(order) {
			t.Errorf("the changes of agent %d were answered in the order %v", n, order)
		}
	}
}

func agentNeighbours(t *testing.T, s *env) {
	const n = 200
	bad := newUser()
	s.mustAgent(t, agentChange(bad, 0, "as it was"))
	var wg sync.WaitGroup
	expect := func(want error) func(error) {
		wg.Add(1)
		return func(err error) {
			if !errors.Is(err, want) {
				t.Errorf("done(%v); want %v", err, want)
			}
			wg.Done()
		}
	}
	full := []store.Quota{{Counter: store.Slots(instance, bad, "CHAT"), Delta: 1, Limit: 0}}
	var good []center.UserID
	var chats []center.ContactID
	for range n {
		user, chat := newUser(), newID()
		good, chats = append(good, user), append(chats, chat)
		s.SubmitAgent(agentChange(user, 0, "good"), expect(nil))
		s.SubmitAgent(agentChange(bad, 9, "bad"), expect(store.ErrConflict))
		over := agentChange(bad, 1, "over")
		over.Quotas, over.Deliveries = full, []store.Delivery{delivery("of bad", 0)}
		s.SubmitAgent(over, expect(store.ErrQuota))
		c := chatChange(newID(), "over")
		c.Quotas = full
		s.Submit(c, expect(store.ErrQuota))
		s.Submit(chatChange(chat, "good"), expect(nil))
	}
	wg.Wait()
	for i := range good {
		s.wantAgent(t, good[i], store.AgentHead{Instance: instance, Version: 1, State: []byte("good"), Online: true})
		s.head(t, chats[i])
	}
	s.wantAgent(t, bad, store.AgentHead{Instance: instance, Version: 1, State: []byte("as it was"), Online: true})
	s.wantOutbox(t, at(99), 9)
	if n := s.count(t, store.Slots(instance, bad, "CHAT")); n != 0 {
		t.Errorf("the refused changes have taken %d slots", n)
	}
}

func oneAgent(t *testing.T, s *env) {
	user := newUser()
	s.mustAgent(t, agentChange(user, 0, "x"))
	const submitters = 32
	nodes := s.nodes()
	var wg sync.WaitGroup
	for i := range submitters {
		wg.Go(func() {
			s := nodes[i%2]
			for { // load, decide, submit, and again when another was first
				h, err := s.Agent(t.Context(), user)
				if err != nil {
					t.Errorf("Agent: %v", err)
					return
				}
				if err = s.submitAgent(agentChange(user, h.Version, "next")); err == nil {
					return
				}
				if !errors.Is(err, store.ErrConflict) {
					t.Errorf("done(%v); want nil or ErrConflict", err)
					return
				}
			}
		})
	}
	wg.Wait()
	s.wantAgent(t, user, store.AgentHead{Instance: instance, Version: 1 + submitters, State: []byte("next"), Online: true})
}

// wantAgents fails unless an instance has these agents.
func (s *env) wantAgents(t *testing.T, i center.InstanceID, online bool, want ...center.UserID) {
	t.Helper()
	var got []center.UserID
	for a, err := range s.Agents(t.Context(), i, online) {
		if err != nil {
			t.Fatalf("Agents: %v", err)
		}
		if h, err := s.Agent(t.Context(), a.User); err != nil || !reflect.DeepEqual(h, a.AgentHead) {
			t.Errorf("agent %s is listed as %+v; it is %+v, %v", a.User, a.AgentHead, h, err)
		}
		got = append(got, a.User)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Agents(%s, %v) gives %d: %v; want %d: %v", i, online, len(got), got, len(want), want)
	}
}

func agentsListed(t *testing.T, s *env) {
	s.wantAgents(t, instance, false)
	var all, online []center.UserID
	for i := range 450 { // more than two pages
		c := agentChange(newUser(), 0, fmt.Sprint(i))
		if all = append(all, c.User); i%3 > 0 {
			c.State.Online = false
		} else {
			online = append(online, c.User)
		}
		s.SubmitAgent(c, func(err error) {
			if err != nil {
				t.Errorf("done(%v)", err)
			}
		})
	}
	other := agentChange(newUser(), 0, "of another instance")
	other.State.Instance = elsewhere
	s.mustAgent(t, other)
	last := all[len(all)-1]
	s.mustAgent(t, agentChange(last, 1, "signed in"))
	if i := slices.Index(online, last); i < 0 {
		online = append(online, last)
	}
	s.wantAgents(t, instance, false, all...)
	s.wantAgents(t, instance, true, online...)
	s.wantAgents(t, elsewhere, true, other.User)
	out := agentChange(all[0], 1, "signed out")
	out.State.Online = false
	s.mustAgent(t, out)
	s.wantAgents(t, instance, true, online[1:]...)
	for a, err := range s.Agents(t.Context(), instance, false) { // a reader may stop
		if err != nil || a.User != all[0] {
			t.Errorf("the first is %v, %v", a, err)
		}
		break
	}
}

func agentsDue(t *testing.T, s *env) {
	want := func(shards store.Shards, now time.Time, limit int, next time.Time, users ...center.UserID) {
		t.Helper()
		got, then, err := s.DueAgents(t.Context(), shards, now, limit)
		if err != nil || !slices.Equal(got, users) || !then.Equal(next) {
			t.Errorf("DueAgents(%x, %v, %d) = %v, next %v, %v; want %v, next %v", shards, now, limit, got, then, err, users, next)
		}
	}
	want(store.AllShards, at(99), 9, time.Time{})
	due := func(user center.UserID, version int64, due time.Time) {
		t.Helper()
		c := agentChange(user, version, "x")
		c.State.Due = due
		s.mustAgent(t, c)
	}
	a, b, c := center.UserID(idIn(0)), center.UserID(idIn(1)), center.UserID(idIn(0))
	due(newUser(), 0, time.Time{})
	due(c, 0, at(3))
	due(a, 0, at(1))
	due(b, 0, at(2))
	want(store.AllShards, at(0), 9, at(1))
	want(store.AllShards, at(2), 9, at(3), a, b)
	want(store.AllShards, at(9), 2, at(3), a, b)
	want(store.AllShards, at(9), 9, time.Time{}, a, b, c)
	want(halves[0], at(9), 1, at(3), a)
	want(halves[1], at(9), 9, time.Time{}, b)
	due(a, 1, at(5))
	due(b, 1, time.Time{})
	want(store.AllShards, at(9), 9, time.Time{}, c, a)
	if chats, _, err := s.Due(t.Context(), store.AllShards, at(99), 9); err != nil || len(chats) > 0 {
		t.Errorf("Due = %v, %v; want no chats", chats, err)
	}
}

func agentDeliveries(t *testing.T, s *env) {
	user := newUser()
	var streams []string
	for i := range 40 {
		streams = append(streams, fmt.Sprint("of agent ", i))
	}
	c := agentChange(user, 0, "x")
	for range 2 {
		for _, stream := range streams {
			c.Deliveries = append(c.Deliveries, delivery(stream, 1))
		}
	}
	s.mustAgent(t, c)
	all, err := s.Outbox(t.Context(), store.AllShards, at(1), 999)
	if err != nil || len(all) != 80 {
		t.Fatalf("Outbox gives %d deliveries, %v; want 80", len(all), err)
	}
	for i, d := range all {
		want := delivery(streams[i%40], 1)
		if want.ID = d.ID; !reflect.DeepEqual(d, want) {
			t.Fatalf("delivery %d is %+v; want %+v", i, d, want)
		}
	}
	// Each stream is the work of one shard, and they are spread.
	var seen int
	for h, shards := range halves {
		mine, err := s.Outbox(t.Context(), shards, at(1), 999)
		if err != nil || len(mine) < 20 {
			t.Errorf("half %d of the shards has %d deliveries, %v", h, len(mine), err)
		}
		over, err := s.Overflow(t.Context(), shards, 1, 999)
		if err != nil || 2*len(over) != len(mine) {
			t.Errorf("half %d of the shards has an overflow of %d, %v; want half of %d", h, len(over), err, len(mine))
		}
		for _, d := range slices.Concat(mine, over) {
			if !shards.Has(store.ShardOf(d.Stream)) {
				t.Errorf("half %d of the shards has the stream %q", h, d.Stream)
			}
		}
		seen += len(mine)
	}
	if seen != 80 {
		t.Errorf("the halves have %d deliveries; want 80", seen)
	}
	s.keep(t, &store.Chores{Dead: []store.Delivery{{ID: all[0].ID}, {ID: all[1].ID}}, Delivered: []int64{all[2].ID}})
	if err := s.Purge(t.Context(), 1<<store.ShardOf(all[0].Stream), time.Time{}, 0); err != nil {
		t.Fatal(err)
	}
	want := int64(1)
	if store.ShardOf(all[0].Stream) == store.ShardOf(all[1].Stream) {
		want = 0
	}
	if b, err := s.Backlog(t.Context()); err != nil || b.Dead != want || b.Deliveries != 77 {
		t.Errorf("Backlog = %+v, %v; want 77 deliveries and %d dead letters", b, err, want)
	}
}

func agentGone(t *testing.T, s *env) {
	other, user := newUser(), newUser()
	s.mustAgent(t, agentChange(other, 0, "other"))
	s.mustAgent(t, agentChange(user, 0, "x"))
	s.refusedAgent(t, &store.AgentChange{User: user, Version: 2, Gone: true}, store.ErrConflict)
	s.wantAgents(t, instance, true, other, user)
	s.mustAgent(t, &store.AgentChange{User: user, Version: 1, Gone: true, Deliveries: []store.Delivery{delivery("s", 0)},
		Quotas: []store.Quota{{Counter: tally("gone"), Delta: 1, Limit: 1}}})
	s.wantNoAgent(t, user)
	s.wantAgents(t, instance, false, other)
	s.refusedAgent(t, agentChange(user, 1, "x"), store.ErrConflict)
	s.refusedAgent(t, &store.AgentChange{User: user, Version: 1, Gone: true}, store.ErrConflict)
	if all, err := s.Outbox(t.Context(), store.AllShards, at(1), 9); err != nil || len(all) != 1 {
		t.Errorf("Outbox = %v, %v; want what the deletion says", all, err)
	}
	if n := s.count(t, tally("gone")); n != 1 {
		t.Errorf("the counter is %d; want 1", n)
	}
	// All of it in one flush, over and over.
	var refused atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		for _, c := range []*store.AgentChange{agentChange(user, 0, "again"), agentChange(user, 1, "and on"), {User: user, Version: 2, Gone: true}} {
			wg.Add(1)
			s.SubmitAgent(c, func(err error) {
				if err != nil {
					refused.Add(1)
				}
				wg.Done()
			})
		}
	}
	wg.Wait()
	if refused.Load() > 0 {
		t.Errorf("%d of the changes were refused", refused.Load())
	}
	s.wantNoAgent(t, user)
}

func agentsLast(t *testing.T, s *env) {
	user := newUser()
	c := agentChange(user, 0, "first")
	c.State.Due, c.Next = at(4), 40
	c.Quotas = []store.Quota{{Counter: store.Slots(instance, user, "CHAT"), Delta: 2, Limit: 2}}
	c.Deliveries = []store.Delivery{delivery("s", 0)}
	s.mustAgent(t, c)
	for range 2 {
		s.reopen(t)
		s.wantAgent(t, user, store.AgentHead{Instance: instance, Version: 40, State: []byte("first"), Due: at(4), Online: true})
		s.wantAgents(t, instance, true, user)
		if n := s.count(t, store.Slots(instance, user, "CHAT")); n != 2 {
			t.Errorf("%d slots are taken; want 2", n)
		}
		if all, err := s.Outbox(t.Context(), store.AllShards, at(0), 9); err != nil || len(all) != 1 {
			t.Errorf("Outbox = %v, %v", all, err)
		}
	}
	s.refusedAgent(t, agentChange(user, 39, "x"), store.ErrConflict)
	s.refusedAgent(t, agentChange(user, 0, "x"), store.ErrConflict)
	s.mustAgent(t, agentChange(user, 40, "second"))
	s.reopen(t)
	s.wantAgent(t, user, store.AgentHead{Instance: instance, Version: 41, State: []byte("second"), Online: true})
	s.mustAgent(t, &store.AgentChange{User: user, Version: 41, Gone: true})
	s.reopen(t)
	s.wantNoAgent(t, user)
}
