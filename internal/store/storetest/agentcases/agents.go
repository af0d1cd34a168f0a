package agentcases

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
	"parley.example/parley/internal/store/storetest/kit"
)

var agentCases = []testCase{
	{Name: "every member of an agent is kept", Run: agentMembers},
	{Name: "a change is conditional on the version", Run: agentConditions},
	{Name: "changes that make no sense", Run: agentNonsense},
	{Name: "a change builds on one not yet durable", Run: agentPipelined},
	{Name: "done is called in the order of each agent, among chats", Run: agentDoneOrder},
	{Name: "a refusal does not harm its neighbours", Run: agentNeighbours},
	{Name: "many submitters on one agent, of two nodes: one wins each round", Run: oneAgent},
	{Name: "agents of an instance", Run: agentsListed},
	{Name: "agents whose timers are due", Run: agentsDue},
	{Name: "deliveries of agents", Run: agentDeliveries},
	{Name: "an agent is deleted and made again", Run: agentGone},
	{Name: "agents last", Run: agentsLast, Reopens: true},
}

func (s *env) wantAgent(t *testing.T, user center.UserID, want store.AgentHead) {
	t.Helper()
	for _, on := range s.Nodes() {
		if got, err := on.Agent(t.Context(), user); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("agent %+v, %v; want %+v", got, err, want)
		}
	}
}

func agentMembers(t *testing.T, s *env) {
	user := kit.NewUser()
	s.WantNoAgent(t, user)
	for i, head := range []store.AgentHead{
		{Instance: kit.Instance, State: []byte{0, 1, 255}, Due: kit.At(5), Online: true},
		{Instance: kit.Instance, State: []byte("second"), Due: kit.At(5), Online: true}, // the state alone
		{Instance: kit.Instance, State: []byte("third"), Online: true},
		{Instance: kit.Elsewhere, State: []byte("fourth"), Due: kit.At(7)},
	} {
		s.MustAgent(t, &store.AgentChange{User: user, Version: int64(i), State: &head})
		head.Version = int64(i) + 1
		s.wantAgent(t, user, head)
	}
}

func agentConditions(t *testing.T, s *env) {
	user := kit.NewUser()
	s.RefusedAgent(t, kit.AgentChange(user, 1, "of nobody"), store.ErrConflict)
	s.RefusedAgent(t, &store.AgentChange{User: user}, store.ErrConflict)
	s.MustAgent(t, kit.AgentChange(user, 0, "first"))
	s.RefusedAgent(t, kit.AgentChange(user, 0, "first again"), store.ErrConflict)
	s.RefusedAgent(t, kit.AgentChange(user, 2, "too new"), store.ErrConflict)
	c := kit.AgentChange(user, 1, "second")
	c.Next = 77
	s.MustAgent(t, c)
	s.RefusedAgent(t, kit.AgentChange(user, 2, "of another version"), store.ErrConflict)
	// Without a state the version may be left out.
	one := []store.Quota{{Counter: kit.Tally("moved"), Delta: 1, Limit: -1}}
	s.RefusedAgent(t, &store.AgentChange{User: user, Version: 2, Quotas: one}, store.ErrConflict)
	s.MustAgent(t, &store.AgentChange{User: user, Version: 77, Quotas: one})
	s.MustAgent(t, &store.AgentChange{User: user, Quotas: one})
	s.wantAgent(t, user, store.AgentHead{Instance: kit.Instance, Version: 77, State: []byte("second"), Online: true})
	if n := s.Value(t, kit.Tally("moved")); n != 2 {
		t.Errorf("the counter is %d; want 2", n)
	}
}

func agentNonsense(t *testing.T, s *env) {
	user := kit.NewUser()
	s.MustAgent(t, kit.AgentChange(user, 0, "x"))
	stateAndGone := kit.AgentChange(user, 1, "y")
	stateAndGone.Gone = true
	for what, c := range map[string]*store.AgentChange{
		"no user": kit.AgentChange("", 0, "x"), "gone without a version": {User: user, Gone: true}, "gone with a state": stateAndGone,
		"a delivery of a chat": {User: user, Deliveries: []store.Delivery{{Stream: "s", Chat: "c"}}},
	} {
		if err := s.ApplyAgent(c); center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s: done(%v); want it to be invalid", what, err)
		}
	}
	s.wantAgent(t, user, store.AgentHead{Instance: kit.Instance, Version: 1, State: []byte("x"), Online: true})
}

func agentPipelined(t *testing.T, s *env) {
	user, chat := kit.NewUser(), kit.NewID()
	const n, broken = 3000, 2000 // more than one flush and more than the queue may hold at once
	version := func(i int) int64 { return 1_000_000 + 7*int64(i) }
	errs := make([]error, 2*n)
	var wg sync.WaitGroup
	wg.Add(2 * n)
	for i := range n {
		c := kit.AgentChange(user, version(i-1), fmt.Sprint(i))
		if i == 0 {
			c.Version = 0
		}
		if c.Next = version(i); i == broken { // whatever is decided on what it would have done is refused
			c.Quotas = []store.Quota{{Counter: kit.Tally("none"), Delta: 1, Limit: 0}}
		}
		s.SubmitAgent(c, func(err error) { errs[2*i] = err; wg.Done() })
		between := &store.Change{Chat: chat, Items: kit.Items(chat, int64(i), 1)}
		if i == 0 {
			between = kit.ChatChange(chat, "x")
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
	s.wantAgent(t, user, store.AgentHead{Instance: kit.Instance, Version: version(broken - 1), State: fmt.Append(nil, broken-1), Online: true})
	if h := s.HeadOf(t, chat); h.LastSeq != n-1 {
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
			user, version := kit.NewUser(), int64(0)
			for i := range each {
				c := kit.AgentChange(user, 99, "refused")
				if i%3 > 0 {
					c = kit.AgentChange(user, version, "x")
					version++
				}
				s.SubmitAgent(c, func(error) {
					orders[n] = append(orders[n], i)
					wg.Done()
				})
				s.Submit(kit.ChatChange(kit.NewID(), "x"), func(error) { wg.Done() })
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
	bad := kit.NewUser()
	s.MustAgent(t, kit.AgentChange(bad, 0, "as it was"))
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
	full := []store.Quota{{Counter: store.Slots(kit.Instance, bad, "CHAT"), Delta: 1, Limit: 0}}
	var good []center.UserID
	var chats []center.ContactID
	for range n {
		user, chat := kit.NewUser(), kit.NewID()
		good, chats = append(good, user), append(chats, chat)
		s.SubmitAgent(kit.AgentChange(user, 0, "good"), expect(nil))
		s.SubmitAgent(kit.AgentChange(bad, 9, "bad"), expect(store.ErrConflict))
		over := kit.AgentChange(bad, 1, "over")
		over.Quotas, over.Deliveries = full, []store.Delivery{kit.Delivery("of bad", 0)}
		s.SubmitAgent(over, expect(store.ErrQuota))
		c := kit.ChatChange(kit.NewID(), "over")
		c.Quotas = full
		s.Submit(c, expect(store.ErrQuota))
		s.Submit(kit.ChatChange(chat, "good"), expect(nil))
	}
	wg.Wait()
	for i := range good {
		s.wantAgent(t, good[i], store.AgentHead{Instance: kit.Instance, Version: 1, State: []byte("good"), Online: true})
		s.HeadOf(t, chats[i])
	}
	s.wantAgent(t, bad, store.AgentHead{Instance: kit.Instance, Version: 1, State: []byte("as it was"), Online: true})
	s.WantOutbox(t, kit.At(99), 9)
	if n := s.Value(t, store.Slots(kit.Instance, bad, "CHAT")); n != 0 {
		t.Errorf("the refused changes have taken %d slots", n)
	}
}

func oneAgent(t *testing.T, s *env) {
	user := kit.NewUser()
	s.MustAgent(t, kit.AgentChange(user, 0, "x"))
	const submitters = 32
	nodes := s.Nodes()
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
				if err = s.ApplyAgent(kit.AgentChange(user, h.Version, "next")); err == nil {
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
	s.wantAgent(t, user, store.AgentHead{Instance: kit.Instance, Version: 1 + submitters, State: []byte("next"), Online: true})
}

func agentsListed(t *testing.T, s *env) {
	s.WantAgents(t, kit.Instance, false)
	var all, online []center.UserID
	var wg sync.WaitGroup
	for i := range 450 { // more than two pages
		c := kit.AgentChange(kit.NewUser(), 0, fmt.Sprint(i))
		if all = append(all, c.User); i%3 > 0 {
			c.State.Online = false
		} else {
			online = append(online, c.User)
		}
		wg.Add(1)
		s.SubmitAgent(c, func(err error) {
			defer wg.Done()
			if err != nil {
				t.Errorf("done(%v)", err)
			}
		})
	}
	wg.Wait() // a change of another agent may be done before
	other := kit.AgentChange(kit.NewUser(), 0, "of another instance")
	other.State.Instance = kit.Elsewhere
	s.MustAgent(t, other)
	last := all[len(all)-1]
	s.MustAgent(t, kit.AgentChange(last, 1, "signed in"))
	if i := slices.Index(online, last); i < 0 {
		online = append(online, last)
	}
	s.WantAgents(t, kit.Instance, false, all...)
	s.WantAgents(t, kit.Instance, true, online...)
	s.WantAgents(t, kit.Elsewhere, true, other.User)
	out := kit.AgentChange(all[0], 1, "signed out")
	out.State.Online = false
	s.MustAgent(t, out)
	s.WantAgents(t, kit.Instance, true, online[1:]...)
	for a, err := range s.Agents(t.Context(), kit.Instance, false) { // a reader may stop
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
	want(store.AllShards, kit.At(99), 9, time.Time{})
	due := func(user center.UserID, version int64, due time.Time) {
		t.Helper()
		c := kit.AgentChange(user, version, "x")
		c.State.Due = due
		s.MustAgent(t, c)
	}
	a, b, c := center.UserID(kit.IDIn(0)), center.UserID(kit.IDIn(1)), center.UserID(kit.IDIn(0))
	due(kit.NewUser(), 0, time.Time{})
	due(c, 0, kit.At(3))
	due(a, 0, kit.At(1))
	due(b, 0, kit.At(2))
	want(store.AllShards, kit.At(0), 9, kit.At(1))
	want(store.AllShards, kit.At(2), 9, kit.At(3), a, b)
	want(store.AllShards, kit.At(9), 2, kit.At(3), a, b)
	want(store.AllShards, kit.At(9), 9, time.Time{}, a, b, c)
	want(kit.Halves[0], kit.At(9), 1, kit.At(3), a)
	want(kit.Halves[1], kit.At(9), 9, time.Time{}, b)
	due(a, 1, kit.At(5))
	due(b, 1, time.Time{})
	want(store.AllShards, kit.At(9), 9, time.Time{}, c, a)
	if chats, _, err := s.Due(t.Context(), store.AllShards, kit.At(99), 9); err != nil || len(chats) > 0 {
		t.Errorf("Due = %v, %v; want no chats", chats, err)
	}
}

func agentDeliveries(t *testing.T, s *env) {
	user := kit.NewUser()
	var streams []string
	for i := range 40 {
		streams = append(streams, fmt.Sprint("of agent ", i))
	}
	c := kit.AgentChange(user, 0, "x")
	for range 2 {
		for _, stream := range streams {
			c.Deliveries = append(c.Deliveries, kit.Delivery(stream, 1))
		}
	}
	s.MustAgent(t, c)
	all, err := s.Outbox(t.Context(), store.AllShards, kit.At(1), 999)
	if err != nil || len(all) != 80 {
		t.Fatalf("Outbox gives %d deliveries, %v; want 80", len(all), err)
	}
	for i, d := range all {
		want := kit.Delivery(streams[i%40], 1)
		if want.ID = d.ID; !reflect.DeepEqual(d, want) {
			t.Fatalf("delivery %d is %+v; want %+v", i, d, want)
		}
	}
	// Each stream is the work of one shard, and they are spread.
	var seen int
	for h, shards := range kit.Halves {
		mine, err := s.Outbox(t.Context(), shards, kit.At(1), 999)
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
	s.MustKeep(t, &store.Chores{Dead: []store.Delivery{{ID: all[0].ID}, {ID: all[1].ID}}, Delivered: []int64{all[2].ID}})
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
	other, user := kit.NewUser(), kit.NewUser()
	s.MustAgent(t, kit.AgentChange(other, 0, "other"))
	s.MustAgent(t, kit.AgentChange(user, 0, "x"))
	s.RefusedAgent(t, &store.AgentChange{User: user, Version: 2, Gone: true}, store.ErrConflict)
	s.WantAgents(t, kit.Instance, true, other, user)
	s.MustAgent(t, &store.AgentChange{User: user, Version: 1, Gone: true, Deliveries: []store.Delivery{kit.Delivery("s", 0)},
		Quotas: []store.Quota{{Counter: kit.Tally("gone"), Delta: 1, Limit: 1}}})
	s.WantNoAgent(t, user)
	s.WantAgents(t, kit.Instance, false, other)
	s.RefusedAgent(t, kit.AgentChange(user, 1, "x"), store.ErrConflict)
	s.RefusedAgent(t, &store.AgentChange{User: user, Version: 1, Gone: true}, store.ErrConflict)
	if all, err := s.Outbox(t.Context(), store.AllShards, kit.At(1), 9); err != nil || len(all) != 1 {
		t.Errorf("Outbox = %v, %v; want what the deletion says", all, err)
	}
	if n := s.Value(t, kit.Tally("gone")); n != 1 {
		t.Errorf("the counter is %d; want 1", n)
	}
	// All of it in one flush, over and over.
	var refused atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		for _, c := range []*store.AgentChange{kit.AgentChange(user, 0, "again"), kit.AgentChange(user, 1, "and on"), {User: user, Version: 2, Gone: true}} {
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
	s.WantNoAgent(t, user)
}

func agentsLast(t *testing.T, s *env) {
	user := kit.NewUser()
	c := kit.AgentChange(user, 0, "first")
	c.State.Due, c.Next = kit.At(4), 40
	c.Quotas = []store.Quota{{Counter: store.Slots(kit.Instance, user, "CHAT"), Delta: 2, Limit: 2}}
	c.Deliveries = []store.Delivery{kit.Delivery("s", 0)}
	s.MustAgent(t, c)
	for range 2 {
		s.Restart(t)
		s.wantAgent(t, user, store.AgentHead{Instance: kit.Instance, Version: 40, State: []byte("first"), Due: kit.At(4), Online: true})
		s.WantAgents(t, kit.Instance, true, user)
		if n := s.Value(t, store.Slots(kit.Instance, user, "CHAT")); n != 2 {
			t.Errorf("%d slots are taken; want 2", n)
		}
		if all, err := s.Outbox(t.Context(), store.AllShards, kit.At(0), 9); err != nil || len(all) != 1 {
			t.Errorf("Outbox = %v, %v", all, err)
		}
	}
	s.RefusedAgent(t, kit.AgentChange(user, 39, "x"), store.ErrConflict)
	s.RefusedAgent(t, kit.AgentChange(user, 0, "x"), store.ErrConflict)
	s.MustAgent(t, kit.AgentChange(user, 40, "second"))
	s.Restart(t)
	s.wantAgent(t, user, store.AgentHead{Instance: kit.Instance, Version: 41, State: []byte("second"), Online: true})
	s.MustAgent(t, &store.AgentChange{User: user, Version: 41, Gone: true})
	s.Restart(t)
	s.WantNoAgent(t, user)
}
