package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

var timerCases = []testCase{
	{name: "what is due, longest first, and what is next", run: dueOrder},
	{name: "a timer moves and goes", run: dueMoves},
	{name: "chats whose worker is not alive", run: orphans},
	{name: "more orphans than a page", run: orphanPages},
	{name: "a node takes over the orphans of another", run: orphansTaken},
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
	id := newID()
	c := chatChange(id, "x")
	c.State.Due = due
	s.must(t, c)
	return id
}

func dueOrder(t *testing.T, s *env) {
	never := time.Time{}
	s.wantDue(t, at(100), 10, never)
	s.createDue(t, never)
	c := s.createDue(t, at(30))
	a := s.createDue(t, at(10))
	b := s.createDue(t, at(20))
	s.wantDue(t, at(9), 10, at(10))
	s.wantDue(t, at(10), 10, at(20), a)
	s.wantDue(t, at(10).Add(-time.Millisecond), 10, at(10))
	s.wantDue(t, at(25), 10, at(30), a, b)
	s.wantDue(t, at(25), 1, at(20), a)
	s.wantDue(t, at(99), 3, never, a, b, c)
	s.wantDue(t, at(99), 2, at(30), a, b)
	s.wantDue(t, at(99), 0, at(10))
}

func dueMoves(t *testing.T, s *env) {
	id := s.createDue(t, at(10))
	s.must(t, &store.Change{Chat: id, Version: 1, State: &store.Head{Instance: instance, Due: at(20)}})
	s.wantDue(t, at(15), 10, at(20))
	s.must(t, &store.Change{Chat: id, Items: items(id, 1, 1)})
	s.wantDue(t, at(15), 10, at(20))
	s.must(t, &store.Change{Chat: id, Version: 2, State: &store.Head{Instance: instance}})
	s.wantDue(t, at(99), 10, time.Time{})
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

// work commits that a node runs the effects of a chat, "" that none is under way.
func (s *env) work(t *testing.T, id center.ContactID, version int64, node string) {
	t.Helper()
	s.must(t, &store.Change{Chat: id, Version: version, State: &store.Head{Instance: instance, Worker: node}})
}

func orphans(t *testing.T, s *env) {
	a, b, c, d := newID(), newID(), newID(), newID()
	for id, node := range map[center.ContactID]string{a: "one", b: "", c: "two", d: "one"} {
		s.work(t, id, 0, node)
	}
	s.wantOrphans(t, nil, a, c, d)
	s.wantOrphans(t, []string{"one"}, c)
	s.wantOrphans(t, []string{"three", "two"}, a, d)
	s.wantOrphans(t, []string{"one", "two"})
	if h := s.head(t, a); h.Worker != "one" {
		t.Errorf("the worker is %q; want one", h.Worker)
	}
	s.work(t, a, 1, "")
	s.work(t, b, 1, "two")
	s.work(t, c, 1, "three")
	s.must(t, &store.Change{Chat: d, Items: items(d, 1, 1)}) // a message leaves the worker as it is
	s.wantOrphans(t, []string{"one"}, b, c)
	s.wantOrphans(t, []string{"two"}, c, d)
}

func orphanPages(t *testing.T, s *env) {
	var want []center.ContactID
	var wg sync.WaitGroup
	for i := range 450 {
		id, node := newID(), "dead"
		if i%3 == 0 {
			node = "alive"
		} else {
			want = append(want, id)
		}
		wg.Add(1)
		s.Submit(&store.Change{Chat: id, State: &store.Head{Instance: instance, Worker: node}}, func(err error) {
			if err != nil {
				t.Errorf("done(%v)", err)
			}
			wg.Done()
		})
	}
	wg.Wait()
	if got := s.orphans(t, store.AllShards, "alive"); !slices.Equal(got, want) {
		t.Errorf("%d orphans; want %d", len(got), len(want))
	}
}

// Two nodes find the effects of a dead one: the version decides who runs them.
func orphansTaken(t *testing.T, s *env) {
	nodes := s.nodes()
	id := newID()
	nodes[0].work(t, id, 0, "dead")
	nodes[1].wantOrphans(t, []string{"one", "two"}, id)
	nodes[1].work(t, id, 1, "two")
	nodes[0].refused(t, &store.Change{Chat: id, Version: 1, State: &store.Head{Instance: instance, Worker: "one"}}, store.ErrConflict)
	nodes[0].wantOrphans(t, []string{"one", "two"})
	if h := nodes[0].head(t, id); h.Worker != "two" {
		t.Errorf("the worker is %q; want two", h.Worker)
	}
}
