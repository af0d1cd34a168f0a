package storetest

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var counterCases = []testCase{
	{Name: "a quota is exact among 200 submitters on two nodes", Run: quotaExact},
	{Name: "counters of chats count by their heads", Run: countsHeads},
	{Name: "a limit goes off and on again: active chats", Run: activeLimitTurns},
	{Name: "a limit goes off and on again: queues", Run: queueLimitTurns},
	{Name: "a node without a limit among others", Run: mixedLimits},
	{Name: "a limit comes while chats come and go", Run: limitUnderLoad},
	{Name: "a refused first quota with a limit", Run: refusedFirst},
	{Name: "a delta of 0 is a condition alone", Run: conditions},
	{Name: "a condition on chats", Run: conditionOnChats},
	{Name: "what bars a user bars every later offer", Run: bars},
	{Name: "counters of agents are never negative", Run: neverNegative},
	{Name: "counters last", Run: countersLast, Reopens: true},
}

// began is the change of a chat that begins, with a limit of active chats, -1 for none.
func began(id center.ContactID, limit int64) *store.Change {
	c := kit.ChatChange(id, "x")
	c.Quotas = []store.Quota{{Counter: store.ActiveChats(kit.Instance), Delta: 1, Limit: limit}}
	return c
}

func (s *env) begin(t *testing.T, limit int64) center.ContactID {
	t.Helper()
	id := kit.NewID()
	s.Must(t, began(id, limit))
	return id
}

// end ends chats at version 1.
func (s *env) end(t *testing.T, ids ...center.ContactID) {
	t.Helper()
	for _, id := range ids {
		s.Must(t, &store.Change{Chat: id, Version: 1, State: &store.Head{Instance: kit.Instance},
			Quotas: []store.Quota{{Counter: store.ActiveChats(kit.Instance), Delta: -1, Limit: -1}}})
	}
}

// wantActive fails unless n chats are active and a limit sees them: a limit of n
// refuses one more, a limit of n+1 admits it; it ends again.
func (s *env) wantActive(t *testing.T, n int64) {
	t.Helper()
	if got := s.Value(t, store.ActiveChats(kit.Instance)); got != n {
		t.Errorf("%d chats are active; want %d", got, n)
	}
	s.Refused(t, began(kit.NewID(), n), store.ErrQuota)
	s.end(t, s.begin(t, n+1))
}

func quotaExact(t *testing.T, s *env) {
	const submitters, limit, before = 200, 100, 30
	nodes := s.nodes()
	for range before {
		s.begin(t, -1) // of a time without a limit
	}
	var started, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range submitters {
		wg.Go(func() {
			switch err := nodes[i%2].Apply(began(kit.NewID(), limit)); {
			case err == nil:
				started.Add(1)
			case errors.Is(err, store.ErrQuota):
				refused.Add(1)
			default:
				t.Errorf("done(%v)", err)
			}
		})
	}
	wg.Wait()
	if started.Load() != limit-before || refused.Load() != submitters-limit+before {
		t.Errorf("%d started, %d were refused; want %d, %d", started.Load(), refused.Load(), limit-before, submitters-limit+before)
	}
	s.wantActive(t, limit)
}

func countsHeads(t *testing.T, s *env) {
	want := func(i center.InstanceID, active, inQ, inR int64) {
		t.Helper()
		a, q, r := s.Value(t, store.ActiveChats(i)), s.Value(t, store.QueuedChats(i, "q")), s.Value(t, store.QueuedChats(i, "r"))
		if a != active || q != inQ || r != inR {
			t.Errorf("%d active, %d in q, %d in r; want %d, %d, %d", a, q, r, active, inQ, inR)
		}
	}
	want(kit.Instance, 0, 0, 0)
	a, b := s.createWaiting(t, entry("q", 5, 1)), s.createWaiting(t, entry("r", 5, 1))
	s.createWaiting(t, entry("q", 5, 2))
	s.Create(t, 2)
	want(kit.Instance, 4, 2, 1)
	want(kit.Elsewhere, 0, 0, 0)
	s.Must(t, &store.Change{Chat: a, Version: 1, State: &store.Head{Instance: kit.Instance, Active: true, Queued: entry("r", 1, 1)}})
	s.Must(t, &store.Change{Chat: b, Version: 1, State: &store.Head{Instance: kit.Instance}})
	want(kit.Instance, 3, 1, 1)
}

func activeLimitTurns(t *testing.T, s *env) {
	var chats []center.ContactID
	for range 5 {
		chats = append(chats, s.begin(t, -1))
	}
	s.end(t, chats[0])
	s.wantActive(t, 4)
	chats = append(chats, s.begin(t, 5))
	s.Refused(t, began(kit.NewID(), 5), store.ErrQuota)
	s.end(t, chats[1]) // the limit is known when chats end, too
	chats = append(chats, s.begin(t, 5))
	s.Refused(t, began(kit.NewID(), 5), store.ErrQuota)
	s.end(t, chats[2])
	for range 3 { // off
		chats = append(chats, s.begin(t, -1))
	}
	s.end(t, chats[3], chats[4])
	s.wantActive(t, 5) // on
	s.end(t, chats[5:]...)
	s.wantActive(t, 0)
}

func queueLimitTurns(t *testing.T, s *env) {
	counter := store.QueuedChats(kit.Instance, "q")
	joins := func(limit int64) *store.Change {
		c := kit.ChatChange(kit.NewID(), "x")
		c.State.Queued = entry("q", 5, 1)
		c.Quotas = []store.Quota{{Counter: counter, Delta: 1, Limit: limit}}
		return c
	}
	join := func(limit int64) center.ContactID {
		t.Helper()
		c := joins(limit)
		s.Must(t, c)
		return c.Chat
	}
	leave := func(id center.ContactID) {
		t.Helper()
		c := kit.StateChange(id, 1, "y")
		c.Quotas = []store.Quota{{Counter: counter, Delta: -1, Limit: -1}}
		s.Must(t, c)
	}
	a, b := join(-1), join(-1)
	s.createWaiting(t, entry("r", 5, 1)) // in another queue
	join(3)
	err := s.Apply(joins(3))
	if over, ok := errors.AsType[*store.QuotaError](err); !ok || over.Counter != counter {
		t.Errorf("done(%v); want a QuotaError of %s", err, counter)
	}
	leave(a)
	c := join(3)
	s.Refused(t, joins(3), store.ErrQuota)
	join(-1) // off
	leave(b)
	leave(c)
	if n := s.Value(t, counter); n != 2 {
		t.Errorf("%d wait; want 2", n)
	}
	s.Refused(t, joins(2), store.ErrQuota) // on
	join(3)
	s.Refused(t, joins(3), store.ErrQuota)
}

// Nodes may be set up differently for a while: each keeps its own limit, and what the others do counts.
func mixedLimits(t *testing.T, s *env) {
	nodes := s.nodes()
	var chats []center.ContactID
	for i := range 12 {
		chats = append(chats, nodes[i%2].begin(t, []int64{20, -1}[i%2]))
		if i%3 == 2 {
			nodes[(i+1)%2].end(t, chats[0])
			chats = chats[1:]
		}
	}
	nodes[0].wantActive(t, 8)
	nodes[1].wantActive(t, 8)
}

func limitUnderLoad(t *testing.T, s *env) {
	nodes := s.nodes()
	const workers, each = 16, 20
	var wg sync.WaitGroup
	for n := range workers {
		wg.Go(func() {
			s := nodes[n%2]
			for i := range each {
				limit := int64(-1)
				if (n+i)%3 == 0 {
					limit = 1e6
				}
				c := began(kit.NewID(), limit)
				if err := s.Apply(c); err != nil {
					t.Errorf("done(%v)", err)
					return
				}
				if i%2 == 0 {
					end := kit.StateChange(c.Chat, 1, "ended")
					end.State.Active = false
					end.Quotas = []store.Quota{{Counter: store.ActiveChats(kit.Instance), Delta: -1, Limit: -1}}
					if err := s.Apply(end); err != nil {
						t.Errorf("done(%v)", err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	s.wantActive(t, workers*each/2)
}

// A change that is refused has counted nothing that it would have brought.
func refusedFirst(t *testing.T, s *env) {
	a := s.begin(t, -1)
	s.Refused(t, began(kit.NewID(), 1), store.ErrQuota)
	conflict := began(a, 5)
	s.Refused(t, conflict, store.ErrConflict)
	s.begin(t, -1)
	s.end(t, a)
	s.wantActive(t, 1)
}

func conditions(t *testing.T, s *env) {
	user := kit.NewUser()
	barred, slots := store.Barred(kit.Instance, user), store.Slots(kit.Instance, user, "CHAT")
	if barred.String() == slots.String() || slots == store.Slots(kit.Instance, user, "TASK") || barred == store.Barred(kit.Elsewhere, user) {
		t.Errorf("two counters are one: %s, %s", barred, slots)
	}
	for i, step := range []struct {
		quotas        []store.Quota
		over          store.Counter
		barred, slots int64
	}{
		{[]store.Quota{{Counter: barred}, {Counter: slots, Delta: 1, Limit: 2}}, store.Counter{}, 0, 1},
		{[]store.Quota{{Counter: barred, Delta: 1, Limit: -1}}, store.Counter{}, 1, 1},
		{[]store.Quota{{Counter: barred}, {Counter: slots, Delta: 1, Limit: 2}}, barred, 1, 1},
		{[]store.Quota{{Counter: slots, Delta: 9, Limit: 2}, {Counter: barred}}, slots, 1, 1}, // the first that is over
		{[]store.Quota{{Counter: barred, Limit: 1}, {Counter: slots, Limit: 0}}, slots, 1, 1},
		{[]store.Quota{{Counter: barred, Limit: -1}, {Counter: slots, Limit: 1}}, store.Counter{}, 1, 1},
		{[]store.Quota{{Counter: barred, Delta: 1, Limit: -1}, {Counter: barred, Limit: 1}}, barred, 1, 1}, // one after another
		{[]store.Quota{{Counter: barred, Delta: -1, Limit: -1}, {Counter: barred}, {Counter: slots, Delta: 1, Limit: 2}}, store.Counter{}, 0, 2},
		{[]store.Quota{{Counter: slots, Delta: -2, Limit: 0}}, store.Counter{}, 0, 0},
		{[]store.Quota{{Counter: barred}, {Counter: slots}}, store.Counter{}, 0, 0},
	} {
		err := s.Apply(&store.Change{Quotas: step.quotas})
		if over, ok := errors.AsType[*store.QuotaError](err); ok && over.Counter != step.over || !ok && (err != nil || step.over != store.Counter{}) {
			t.Errorf("step %d: done(%v); want it to be over %q", i, err, step.over)
		}
		if b, n := s.Value(t, barred), s.Value(t, slots); b != step.barred || n != step.slots {
			t.Errorf("step %d: barred %d, slots %d; want %d, %d", i, b, n, step.barred, step.slots)
		}
	}
}

func conditionOnChats(t *testing.T, s *env) {
	want := func(limit int64, want error) {
		t.Helper()
		if err := s.Apply(&store.Change{Quotas: []store.Quota{{Counter: store.ActiveChats(kit.Instance), Limit: limit}}}); !errors.Is(err, want) {
			t.Errorf("with a limit of %d: done(%v); want %v", limit, err, want)
		}
	}
	want(0, nil)
	a, b := s.begin(t, -1), s.begin(t, -1)
	want(1, store.ErrQuota)
	want(2, nil)
	s.begin(t, 3)
	want(2, store.ErrQuota)
	s.end(t, a, b)
	want(1, nil)
	s.begin(t, -1)
	want(1, store.ErrQuota)
	s.wantActive(t, 2)
}

// bars submits offers from many sides while somebody bars the user: once that is done, none is made.
func bars(t *testing.T, s *env) {
	user := kit.NewUser()
	nodes := s.nodes()
	var barred atomic.Bool
	var made, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 50 {
				late := barred.Load()
				c := kit.ChatChange(kit.NewID(), "offered")
				c.Quotas = []store.Quota{{Counter: store.Barred(kit.Instance, user)}, {Counter: store.Slots(kit.Instance, user, "CHAT"), Delta: 1, Limit: 1e6}}
				switch err := nodes[i%2].Apply(c); {
				case err == nil && late:
					t.Error("an offer was made to a user who was barred before")
				case err == nil:
					made.Add(1)
				case errors.Is(err, store.ErrQuota):
					refused.Add(1)
				default:
					t.Errorf("done(%v)", err)
				}
				if made.Load() > 100 && !late {
					if err := nodes[i%2].Apply(&store.Change{Quotas: []store.Quota{{Counter: store.Barred(kit.Instance, user), Delta: 1, Limit: -1}}}); err != nil {
						t.Errorf("done(%v)", err)
					}
					barred.Store(true)
				}
			}
		})
	}
	wg.Wait()
	if refused.Load() == 0 {
		t.Error("no offer was refused: the case shows nothing")
	}
	if n := s.Value(t, store.Slots(kit.Instance, user, "CHAT")); n != made.Load() {
		t.Errorf("%d slots are taken by %d offers", n, made.Load())
	}
}

func neverNegative(t *testing.T, s *env) {
	user := kit.NewUser()
	for _, counter := range []store.Counter{store.Slots(kit.Instance, user, "CHAT"), store.Barred(kit.Instance, user)} {
		move := func(deltas ...int64) *store.Change {
			c := &store.Change{}
			for _, d := range deltas {
				c.Quotas = append(c.Quotas, store.Quota{Counter: counter, Delta: d, Limit: -1})
			}
			return c
		}
		refused := func(value int64, deltas ...int64) {
			t.Helper()
			err := s.Apply(move(deltas...))
			if e, ok := errors.AsType[*center.Error](err); !ok || e.Reason != center.Internal || !strings.Contains(e.Message, counter.String()) {
				t.Errorf("%v: done(%v); want an internal error that names %s", deltas, err, counter)
			}
			if n := s.Value(t, counter); n != value {
				t.Errorf("%v: the counter is %d; want %d", deltas, n, value)
			}
		}
		refused(0, -1)
		s.Must(t, move(2))
		refused(2, -3)
		refused(2, -1, -1, -1)
		s.Must(t, move(-3, 2)) // what counts is what a change comes to
		s.Must(t, move(-1))
		refused(0, 1, -2)
		// It harms nobody else, and a change that is refused for another reason is refused for that.
		id := s.Create(t, 1)
		stale := kit.StateChange(id, 9, "x")
		stale.Quotas = move(-1).Quotas
		s.Refused(t, stale, store.ErrConflict)
	}
	s.Must(t, &store.Change{Quotas: []store.Quota{{Counter: kit.Tally("any other"), Delta: -3, Limit: -1}}})
	if n := s.Value(t, kit.Tally("any other")); n != -3 {
		t.Errorf("the counter is %d; want -3", n)
	}
}

func countersLast(t *testing.T, s *env) {
	for i := range 3 {
		s.begin(t, 10)
		s.Restart(t)
		s.begin(t, -1)
		s.Restart(t)
		s.wantActive(t, int64(2*i+2))
		s.Must(t, &store.Change{Quotas: []store.Quota{{Counter: kit.Tally(strconv.Itoa(i)), Delta: 7, Limit: -1}}})
		s.Restart(t)
		if n := s.Value(t, kit.Tally(strconv.Itoa(i))); n != 7 {
			t.Errorf("the counter is %d; want 7", n)
		}
		held := store.Slots(kit.Instance, "u", "CHAT")
		for _, delta := range []int64{1, 2, -3} { // back to 0, and on from there
			s.Must(t, &store.Change{Quotas: []store.Quota{{Counter: held, Delta: delta, Limit: 3}}})
			if delta == 2 {
				s.Restart(t)
			}
		}
		if n := s.Value(t, held); n != 0 {
			t.Errorf("%d slots are taken; want none", n)
		}
	}
}
