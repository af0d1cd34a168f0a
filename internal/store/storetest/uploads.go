package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/store"
)

var uploadCases = []testCase{
	{name: "what has expired, longest first", run: uploadsExpire},
	{name: "an upload is postponed", run: uploadsPostponed},
	{name: "settled with its chat's change", run: uploadsSettle},
	{name: "a refused change notes and settles nothing", run: uploadsRefused},
	{name: "uploads last", run: uploadsLast, reopens: true},
}

func (s *env) wantUploads(t *testing.T, now time.Time, limit int, want ...string) {
	t.Helper()
	all, err := s.Uploads(t.Context(), store.AllShards, now, limit)
	if err != nil {
		t.Fatalf("Uploads: %v", err)
	}
	var got []string
	for _, u := range all {
		got = append(got, fmt.Sprintf("%s of %s at %d", u.ID, u.Chat, int(u.Expires.Sub(epoch).Seconds())))
	}
	if !slices.Equal(got, want) {
		t.Errorf("Uploads(%v, %d) = %q; want %q", now, limit, got, want)
	}
}

func uploadsExpire(t *testing.T, s *env) {
	s.wantUploads(t, at(99), 9)
	s.must(t, &store.Change{Uploads: []store.Upload{{ID: "c", Chat: "x", Expires: at(30)}, {ID: "a", Chat: "y", Expires: at(10)}}})
	s.must(t, &store.Change{Uploads: []store.Upload{{ID: "b", Chat: "x", Expires: at(20)}}})
	s.wantUploads(t, at(10).Add(-time.Millisecond), 9)
	s.wantUploads(t, at(10), 9, "a of y at 10")
	s.wantUploads(t, at(99), 9, "a of y at 10", "b of x at 20", "c of x at 30")
	s.wantUploads(t, at(99), 2, "a of y at 10", "b of x at 20")
	s.wantUploads(t, at(99), 0)
	s.must(t, &store.Change{Settled: []string{"a", "nobody", "c"}})
	s.wantUploads(t, at(99), 9, "b of x at 20")
}

func uploadsPostponed(t *testing.T, s *env) {
	s.must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: at(10)}, {ID: "b", Chat: "x", Expires: at(20)}}})
	s.must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: at(15)}}})
	s.wantUploads(t, at(10), 9)
	s.keep(t, &store.Chores{Uploads: []store.Upload{{ID: "a", Expires: at(30)}}})
	s.wantUploads(t, at(29), 9, "b of x at 20")
	s.wantUploads(t, at(30), 9, "b of x at 20", "a of x at 30")
	s.keep(t, &store.Chores{Settled: []string{"a", "nobody"}})
	// Whoever postpones an upload may be too late: it is not noted again.
	s.keep(t, &store.Chores{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: at(40)}}})
	s.wantUploads(t, at(99), 9, "b of x at 20")
	s.must(t, &store.Change{Uploads: []store.Upload{{ID: "c", Chat: "x", Expires: at(40)}}, Settled: []string{"c"}})
	s.wantUploads(t, at(99), 9, "b of x at 20")
}

func uploadsSettle(t *testing.T, s *env) {
	id := newID()
	c := chatChange(id, "begun")
	c.Uploads = []store.Upload{{ID: "a", Chat: id, Expires: at(10)}, {ID: "b", Chat: id, Expires: at(10)}}
	s.must(t, c)
	s.wantUploads(t, at(10), 9, fmt.Sprintf("a of %s at 10", id), fmt.Sprintf("b of %s at 10", id))
	c = stateChange(id, 1, "completed")
	c.Settled = []string{"a"}
	s.must(t, c)
	s.wantUploads(t, at(10), 9, fmt.Sprintf("b of %s at 10", id))
}

func uploadsRefused(t *testing.T, s *env) {
	id := s.create(t, 0)
	s.must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: id, Expires: at(10)}}})
	c := stateChange(id, 7, "of another version")
	c.Uploads, c.Settled = []store.Upload{{ID: "b", Chat: id, Expires: at(10)}}, []string{"a"}
	s.refused(t, c, store.ErrConflict)
	s.wantUploads(t, at(10), 9, fmt.Sprintf("a of %s at 10", id))
}

func uploadsLast(t *testing.T, s *env) {
	s.must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: at(10)}, {ID: "b", Chat: "x", Expires: at(20)}}})
	s.reopen(t)
	s.wantUploads(t, at(99), 9, "a of x at 10", "b of x at 20")
	s.must(t, &store.Change{Settled: []string{"b"}})
	s.reopen(t)
	s.wantUploads(t, at(99), 9, "a of x at 10")
}
