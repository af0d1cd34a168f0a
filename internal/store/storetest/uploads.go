package storetest

import (
	"fmt"
	"testing"
	"time"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var uploadCases = []testCase{
	{Name: "what has expired, longest first", Run: uploadsExpire},
	{Name: "an upload is postponed", Run: uploadsPostponed},
	{Name: "settled with its chat's change", Run: uploadsSettle},
	{Name: "a refused change notes and settles nothing", Run: uploadsRefused},
	{Name: "uploads last", Run: uploadsLast, Reopens: true},
}

func uploadsExpire(t *testing.T, s *env) {
	s.WantUploads(t, kit.At(99), 9)
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "c", Chat: "x", Expires: kit.At(30)}, {ID: "a", Chat: "y", Expires: kit.At(10)}}})
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "b", Chat: "x", Expires: kit.At(20)}}})
	s.WantUploads(t, kit.At(10).Add(-time.Millisecond), 9)
	s.WantUploads(t, kit.At(10), 9, "a of y at 10")
	s.WantUploads(t, kit.At(99), 9, "a of y at 10", "b of x at 20", "c of x at 30")
	s.WantUploads(t, kit.At(99), 2, "a of y at 10", "b of x at 20")
	s.WantUploads(t, kit.At(99), 0)
	s.Must(t, &store.Change{Settled: []string{"a", "nobody", "c"}})
	s.WantUploads(t, kit.At(99), 9, "b of x at 20")
}

func uploadsPostponed(t *testing.T, s *env) {
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: kit.At(10)}, {ID: "b", Chat: "x", Expires: kit.At(20)}}})
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: kit.At(15)}}})
	s.WantUploads(t, kit.At(10), 9)
	s.MustKeep(t, &store.Chores{Uploads: []store.Upload{{ID: "a", Expires: kit.At(30)}}})
	s.WantUploads(t, kit.At(29), 9, "b of x at 20")
	s.WantUploads(t, kit.At(30), 9, "b of x at 20", "a of x at 30")
	s.MustKeep(t, &store.Chores{Settled: []string{"a", "nobody"}})
	// Whoever postpones an upload may be too late: it is not noted again.
	s.MustKeep(t, &store.Chores{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: kit.At(40)}}})
	s.WantUploads(t, kit.At(99), 9, "b of x at 20")
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "c", Chat: "x", Expires: kit.At(40)}}, Settled: []string{"c"}})
	s.WantUploads(t, kit.At(99), 9, "b of x at 20")
}

func uploadsSettle(t *testing.T, s *env) {
	id := kit.NewID()
	c := kit.ChatChange(id, "begun")
	c.Uploads = []store.Upload{{ID: "a", Chat: id, Expires: kit.At(10)}, {ID: "b", Chat: id, Expires: kit.At(10)}}
	s.Must(t, c)
	s.WantUploads(t, kit.At(10), 9, fmt.Sprintf("a of %s at 10", id), fmt.Sprintf("b of %s at 10", id))
	c = kit.StateChange(id, 1, "completed")
	c.Settled = []string{"a"}
	s.Must(t, c)
	s.WantUploads(t, kit.At(10), 9, fmt.Sprintf("b of %s at 10", id))
}

func uploadsRefused(t *testing.T, s *env) {
	id := s.Create(t, 0)
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: id, Expires: kit.At(10)}}})
	c := kit.StateChange(id, 7, "of another version")
	c.Uploads, c.Settled = []store.Upload{{ID: "b", Chat: id, Expires: kit.At(10)}}, []string{"a"}
	s.Refused(t, c, store.ErrConflict)
	s.WantUploads(t, kit.At(10), 9, fmt.Sprintf("a of %s at 10", id))
}

func uploadsLast(t *testing.T, s *env) {
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "a", Chat: "x", Expires: kit.At(10)}, {ID: "b", Chat: "x", Expires: kit.At(20)}}})
	s.Restart(t)
	s.WantUploads(t, kit.At(99), 9, "a of x at 10", "b of x at 20")
	s.Must(t, &store.Change{Settled: []string{"b"}})
	s.Restart(t)
	s.WantUploads(t, kit.At(99), 9, "a of x at 10")
}
