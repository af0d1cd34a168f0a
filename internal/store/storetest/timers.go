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
	{name: "busy chats", run: busyChats},
	{name: "more busy chats than a page", run: busyPages},
}

func (s *env) wantDue(t *testing.T, now time.Time, limit int, next time.Time, want ...center.ContactID) {
	t.Helper()
	got, gotNext, err := s.Due(t.Context(), now, limit)
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

func (s *env) busy(t *testing.T) []center.ContactID {
	t.Helper()
	var all []center.ContactID
	for id, err := range s.Busy(t.Context()) {
		if err != nil {
			t.Fatalf("Busy: %v", err)
		}
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

func busyChats(t *testing.T, s *env) {
	set := func(id center.ContactID, version int64, busy bool) {
		t.Helper()
		s.must(t, &store.Change{Chat: id, Version: version, State: &store.Head{Instance: instance, Busy: busy}})
	}
	a, b, c := newID(), newID(), newID()
	set(a, 0, true)
	set(b, 0, false)
	set(c, 0, true)
	if got := s.busy(t); !slices.Equal(got, []center.ContactID{a, c}) {
		t.Errorf("busy: %v; want %v", got, []center.ContactID{a, c})
	}
	set(a, 1, false)
	set(b, 1, true)
	if got := s.busy(t); !slices.Equal(got, []center.ContactID{b, c}) {
		t.Errorf("busy: %v; want %v", got, []center.ContactID{b, c})
	}
}

func busyPages(t *testing.T, s *env) {
	var want []center.ContactID
	var wg sync.WaitGroup
	for range 450 {
		id := newID()
		want = append(want, id)
		wg.Add(1)
		s.Submit(&store.Change{Chat: id, State: &store.Head{Instance: instance, Busy: true}}, func(err error) {
			if err != nil {
				t.Errorf("done(%v)", err)
			}
			wg.Done()
		})
	}
	wg.Wait()
	slices.Sort(want)
	if got := s.busy(t); !slices.Equal(got, want) {
		t.Errorf("%d busy chats; want %d", len(got), len(want))
	}
}
