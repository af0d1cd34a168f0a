package storetest

import (
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var timerCases = []testCase{
	{Name: "what is due, longest first, and what is next", Run: dueOrder},
	{Name: "a timer moves and goes", Run: dueMoves},
	{Name: "chats whose worker is not alive", Run: orphans},
	{Name: "more orphans than a page", Run: orphanPages},
	{Name: "a node takes over the orphans of another", Run: orphansTaken},
}

func (s *env) wantDue(t *testing.T, now time.Time, limit int, next time.Time, want ...center.ContactID) {
	t.Helper()
	got, gotNext, err := s.Due(t.Context(), store.AllShards, now, limit)
	if err != nil {
		t.Fatalf("Due: %v", err)
	}
	if !slices.Equal(got, want) || !gotNext.Equal(next) {
		t.Errorf("Due(%v, %d) = %v, next %v; want %v, next %v", now, limit, got, gotNext, want, next)
	}
}

func (s *env) createDue(t *testing.T, due time.Time) center.ContactID {
	t.Helper()
	id := kit.NewID()
	c := kit.ChatChange(id, "x")
	c.State.Due = due
	s.Must(t, c)
	return id
}

func dueOrder(t *testing.T, s *env) {
	never := time.Time{}
	s.wantDue(t, kit.At(100), 10, never)
	s.createDue(t, never)
	c := s.createDue(t, kit.At(30))
	a := s.createDue(t, kit.At(10))
	b := s.createDue(t, kit.At(20))
	s.wantDue(t, kit.At(9), 10, kit.At(10))
	s.wantDue(t, kit.At(10), 10, kit.At(20), a)
	s.wantDue(t, kit.At(10).Add(-time.Millisecond), 10, kit.At(10))
	s.wantDue(t, kit.At(25), 10, kit.At(30), a, b)
	s.wantDue(t, kit.At(25), 1, kit.At(20), a)
	s.wantDue(t, kit.At(99), 3, never, a, b, c)
	s.wantDue(t, kit.At(99), 2, kit.At(30), a, b)
	s.wantDue(t, kit.At(99), 0, kit.At(10))
}

func dueMoves(t *testing.T, s *env) {
	id := s.createDue(t, kit.At(10))
	s.Must(t, &store.Change{Chat: id, Version: 1, State: &store.Head{Instance: kit.Instance, Due: kit.At(20)}})
	s.wantDue(t, kit.At(15), 10, kit.At(20))
	s.Must(t, &store.Change{Chat: id, Items: kit.Items(id, 1, 1)})
	s.wantDue(t, kit.At(15), 10, kit.At(20))
	s.Must(t, &store.Change{Chat: id, Version: 2, State: &store.Head{Instance: kit.Instance}})
	s.wantDue(t, kit.At(99), 10, time.Time{})
}

func (s *env) orphans(t *testing.T, shards store.Shards, alive ...string) []center.ContactID {
	t.Helper()
	var all []center.ContactID
	for id, err := range s.Orphans(t.Context(), shards, alive) {
		if err != nil {
			t.Fatalf("Orphans: %v", err)
		}
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

func (s *env) wantOrphans(t *testing.T, alive []string, want ...center.ContactID) {
	t.Helper()
	if got := s.orphans(t, store.AllShards, alive...); !slices.Equal(got, want) {
		t.Errorf("with %q alive the orphans are %v; want %v", alive, got, want)
	}
}

// work commits which nodes run the effects of a chat: none when none is under way.
func (s *env) work(t *testing.T, id center.ContactID, version int64, nodes ...string) {
	t.Helper()
	s.Must(t, &store.Change{Chat: id, Version: version, State: &store.Head{Instance: kit.Instance, Workers: nodes}})
}

func orphans(t *testing.T, s *env) {
	a, b, c, d := kit.NewID(), kit.NewID(), kit.NewID(), kit.NewID()
	for id, nodes := range map[center.ContactID][]string{a: {"one"}, b: nil, c: {"two"}, d: {"one"}} {
		s.work(t, id, 0, nodes...)
	}
	s.wantOrphans(t, nil, a, c, d)
	s.wantOrphans(t, []string{"one"}, c)
	s.wantOrphans(t, []string{"three", "two"}, a, d)
	s.wantOrphans(t, []string{"one", "two"})
	if h := s.HeadOf(t, a); !slices.Equal(h.Workers, []string{"one"}) {
		t.Errorf("the worker is %q; want one", h.Workers)
	}
	s.work(t, a, 1)
	s.work(t, b, 1, "two")
	s.work(t, c, 1, "three")
	s.Must(t, &store.Change{Chat: d, Items: kit.Items(d, 1, 1)}) // a message leaves the worker as it is
	s.wantOrphans(t, []string{"one"}, b, c)
	s.wantOrphans(t, []string{"two"}, c, d)
	s.work(t, b, 2, "one", "two") // each runs some of the effects
	s.wantOrphans(t, []string{"one", "three"}, b)
	s.wantOrphans(t, []string{"one", "two", "three"})
}

func orphanPages(t *testing.T, s *env) {
	var want []center.ContactID
	s.MustAll(t, 450, func(i int) *store.Change {
		id, node := kit.NewID(), "dead"
		if i%3 == 0 {
			node = "alive"
		} else {
			want = append(want, id)
		}
		return &store.Change{Chat: id, State: &store.Head{Instance: kit.Instance, Workers: []string{node}}}
	})
	if got := s.orphans(t, store.AllShards, "alive"); !slices.Equal(got, want) {
		t.Errorf("%d orphans; want %d", len(got), len(want))
	}
}

// Two nodes find the effects of a dead one: the version decides who runs them.
func orphansTaken(t *testing.T, s *env) {
	nodes := s.nodes()
	id := kit.NewID()
	nodes[0].work(t, id, 0, "dead")
	nodes[1].wantOrphans(t, []string{"one", "two"}, id)
	nodes[1].work(t, id, 1, "two")
	nodes[0].Refused(t, &store.Change{Chat: id, Version: 1, State: &store.Head{Instance: kit.Instance, Workers: []string{"one"}}}, store.ErrConflict)
	nodes[0].wantOrphans(t, []string{"one", "two"})
	if h := nodes[0].HeadOf(t, id); !slices.Equal(h.Workers, []string{"two"}) {
		t.Errorf("the worker is %q; want two", h.Workers)
	}
}
