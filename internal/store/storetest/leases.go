package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var leaseCases = []testCase{
	{Name: "claimed, renewed, expired, released", Run: leaseLife},
	{Name: "what is free of several", Run: leasesPartly},
	{Name: "a lease from before the clock was set back", Run: leaseOfTheFuture},
	{Name: "a lease needs a node", Run: leaseNobody},
	{Name: "leases by prefix", Run: leasesByPrefix},
	{Name: "the time goes on", Run: timePasses},
	{Name: "one of many nodes takes an expired lease", Run: leaseRace},
	{Name: "the node that froze returns and is fenced", Run: leaseFence},
	{Name: "fenced chores change nothing", Run: fencedWhole},
	{Name: "old leases are purged", Run: leasesPurged},
	{Name: "leases last", Run: leasesLast, Reopens: true},
}

const ttl = 10 * time.Second

// claim claims leases at the n-th second and compares what the node then holds.
func (s *env) claim(t *testing.T, node string, n int, names []string, want ...store.Lease) {
	t.Helper()
	got, err := s.Claim(t.Context(), node, kit.At(n), ttl, names...)
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Claim(%s, %d, %q) = %+v; want %+v", node, n, names, got, want)
	}
}

// lease is one that was claimed at the n-th second.
func lease(name, node string, version int64, n int) store.Lease {
	return store.Lease{Name: name, Node: node, Version: version, Expires: kit.At(n).Add(ttl)}
}

func (s *env) release(t *testing.T, node string, names ...string) {
	t.Helper()
	if err := s.Release(t.Context(), node, names...); err != nil {
		t.Fatalf("Release: %v", err)
	}
}

// leaseOfTheFuture: clocks may differ by some lengths of a lease, but not by an hour.
func leaseOfTheFuture(t *testing.T, s *env) {
	nodes, one := s.nodes(), []string{"work"}
	nodes[0].claim(t, "a", 3600, one, lease("work", "a", 1, 3600))
	nodes[1].claim(t, "b", 3600-50, one)
	nodes[1].claim(t, "b", 3600-51, one, lease("work", "b", 2, 3600-51))
	nodes[0].claim(t, "a", 0, one, lease("work", "a", 3, 0))
	nodes[0].claim(t, "a", -3600, one, lease("work", "a", 3, -3600)) // its own, renewed
	nodes[1].claim(t, "b", -3595, one)
}

func leaseLife(t *testing.T, s *env) {
	nodes, one := s.nodes(), []string{"work"}
	nodes[0].claim(t, "a", 0, one, lease("work", "a", 1, 0))
	nodes[1].claim(t, "b", 1, one)
	nodes[0].claim(t, "a", 5, one, lease("work", "a", 1, 5)) // renewed
	nodes[1].claim(t, "b", 14, one)
	nodes[1].claim(t, "b", 15, one, lease("work", "b", 2, 15)) // expired at this moment
	nodes[0].claim(t, "a", 16, one)
	nodes[1].claim(t, "b", 40, one, lease("work", "b", 2, 40)) // expired, and nobody else was there
	nodes[0].release(t, "a", "work", "unknown")                // not its own
	nodes[0].claim(t, "a", 41, one)
	nodes[1].release(t, "b", "work")
	nodes[0].claim(t, "a", 41, one, lease("work", "a", 3, 41))
	nodes[0].release(t, "a", "work")
	nodes[0].claim(t, "a", 42, one, lease("work", "a", 4, 42)) // nobody held it in between
}

func leasesPartly(t *testing.T, s *env) {
	s.claim(t, "a", 0, nil)
	s.claim(t, "a", 0, []string{"y", "x"}, lease("y", "a", 1, 0), lease("x", "a", 1, 0))
	s.claim(t, "b", 1, []string{"z", "y", "w"}, lease("z", "b", 1, 1), lease("w", "b", 1, 1))
	s.claim(t, "a", 2, []string{"x", "z"}, lease("x", "a", 1, 2))
	s.claim(t, "b", 10, []string{"x", "y", "z"}, lease("y", "b", 2, 10), lease("z", "b", 1, 10))
}

func leaseNobody(t *testing.T, s *env) {
	_, err := s.Claim(t.Context(), "", kit.At(0), ttl, "work")
	kit.WantReason(t, err, center.Invalid)
}

func (s *env) wantLeases(t *testing.T, prefix string, want ...store.Lease) {
	t.Helper()
	got, err := s.Leases(t.Context(), prefix)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Leases(%q) = %+v, %v; want %+v", prefix, got, err, want)
	}
}

func leasesByPrefix(t *testing.T, s *env) {
	nodes := s.nodes()
	s.wantLeases(t, "")
	nodes[0].claim(t, "a", 0, []string{"node/a", "shard/1", "shard"}, lease("node/a", "a", 1, 0), lease("shard/1", "a", 1, 0), lease("shard", "a", 1, 0))
	nodes[1].claim(t, "b", 5, []string{"node/b", "shard/2", "shard%"}, lease("node/b", "b", 1, 5), lease("shard/2", "b", 1, 5), lease("shard%", "b", 1, 5))
	nodes[1].wantLeases(t, "node/", lease("node/a", "a", 1, 0), lease("node/b", "b", 1, 5))
	nodes[0].wantLeases(t, "shard/", lease("shard/1", "a", 1, 0), lease("shard/2", "b", 1, 5))
	nodes[0].wantLeases(t, "shard/1", lease("shard/1", "a", 1, 0))
	nodes[0].wantLeases(t, "shard%", lease("shard%", "b", 1, 5))
	nodes[0].release(t, "a", "node/a")
	nodes[1].wantLeases(t, "node/", lease("node/b", "b", 1, 5))
}

func leaseRace(t *testing.T, s *env) {
	s.claim(t, "dead", 0, []string{"work"}, lease("work", "dead", 1, 0))
	nodes := s.nodes()
	var wg sync.WaitGroup
	var mu sync.Mutex // guards won
	var won []store.Lease
	for i := range 50 {
		wg.Go(func() {
			got, err := nodes[i%2].Claim(t.Context(), fmt.Sprint("node ", i), kit.At(60), ttl, "work")
			if err != nil {
				t.Errorf("Claim: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			won = append(won, got...)
		})
	}
	wg.Wait()
	if len(won) != 1 || won[0].Version != 2 {
		t.Fatalf("%+v were given; want one, with version 2", won)
	}
	s.wantLeases(t, "work", won[0])
}

// deliver keeps that deliveries went out under a lease.
func (s *env) deliver(t *testing.T, l store.Lease, ids ...int64) error {
	t.Helper()
	return s.Keep(t.Context(), &store.Chores{Fences: []store.Lease{l}, Delivered: ids})
}

// A node sends from the outbox, freezes, and wakes when another has taken over.
func leaseFence(t *testing.T, s *env) {
	nodes, one := s.nodes(), []string{"outbox"}
	ids := s.put(t, kit.At(0), "s", "t", "u")
	first, second := lease("outbox", "a", 1, 0), lease("outbox", "b", 2, 30)
	nodes[0].claim(t, "a", 0, one, first)
	if err := nodes[0].deliver(t, first, ids[0]); err != nil {
		t.Errorf("Keep under a lease: %v", err)
	}
	nodes[1].claim(t, "b", 30, one, second)
	wantFenced(t, nodes[0].deliver(t, first, ids[1]))
	nodes[0].claim(t, "a", 31, one)
	wantFenced(t, nodes[0].deliver(t, first, ids[1]))
	s.WantOutbox(t, kit.At(9), 9, ids[1], ids[2])
	if err := nodes[1].deliver(t, second, ids[1]); err != nil {
		t.Errorf("Keep under the new lease: %v", err)
	}
	// It has expired, and nobody else claimed it: the node is still the only one.
	if err := nodes[1].deliver(t, second, ids[2]); err != nil {
		t.Errorf("Keep under an expired lease: %v", err)
	}
	nodes[1].release(t, "b", "outbox")
	wantFenced(t, nodes[1].deliver(t, second))
	nodes[0].claim(t, "a", 32, one, lease("outbox", "a", 3, 32))
	wantFenced(t, nodes[0].deliver(t, first)) // of the node that holds it, from its time before
	wantFenced(t, nodes[0].deliver(t, lease("unknown", "a", 3, 32)))
	// Of several leases all have to be held.
	other := lease("other", "a", 1, 33)
	nodes[0].claim(t, "a", 33, []string{"other"}, other)
	wantFenced(t, nodes[0].Keep(t.Context(), &store.Chores{Fences: []store.Lease{other, first}}))
	if err := nodes[0].Keep(t.Context(), &store.Chores{Fences: []store.Lease{other, lease("outbox", "a", 3, 32)}}); err != nil {
		t.Errorf("Keep under two leases: %v", err)
	}
	s.WantOutbox(t, kit.At(9), 9)
}

func fencedWhole(t *testing.T, s *env) {
	ids := s.put(t, kit.At(0), "a", "b", "c")
	s.Must(t, &store.Change{Uploads: []store.Upload{{ID: "u", Chat: "x", Expires: kit.At(10)}, {ID: "v", Chat: "x", Expires: kit.At(20)}}})
	gone := lease("work", "a", 7, 0)
	wantFenced(t, s.Keep(t.Context(), &store.Chores{Fences: []store.Lease{gone}, Delivered: ids[:1], Dead: []store.Delivery{{ID: ids[1]}},
		Postponed: []store.Delivery{{ID: ids[2], Due: kit.At(50)}}, Settled: []string{"u"}, Uploads: []store.Upload{{ID: "v", Expires: kit.At(60)}}}))
	s.WantOutbox(t, kit.At(0), 9, ids...)
	s.WantUploads(t, kit.At(20), 9, "u of x at 10", "v of x at 20")
}

// timePasses: the nodes have a clock in common.
func timePasses(t *testing.T, s *env) {
	var last time.Time
	nodes := s.nodes()
	for i := range 4 {
		node := nodes[i%2]
		at, err := node.Time(t.Context())
		if err != nil || at.IsZero() || at.Before(last) {
			t.Fatalf("the %d. time is %s, %v; before it was %s", i+1, at, err, last)
		}
		last = at
	}
}

func wantFenced(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrFenced) {
		t.Errorf("Keep = %v; want ErrFenced", err)
	}
}

func leasesPurged(t *testing.T, s *env) {
	s.claim(t, "a", 0, []string{"node/a", "work"}, lease("node/a", "a", 1, 0), lease("work", "a", 1, 0))
	s.claim(t, "b", 5, []string{"node/b"}, lease("node/b", "b", 1, 5))
	s.claim(t, "a", 8, []string{"work"}, lease("work", "a", 1, 8))
	if err := s.Purge(t.Context(), store.AllShards, kit.At(15), 0); err != nil {
		t.Fatalf("Purge: %v", err)
	}
	s.wantLeases(t, "", lease("node/b", "b", 1, 5), lease("work", "a", 1, 8))
}

func leasesLast(t *testing.T, s *env) {
	s.claim(t, "a", 0, []string{"work"}, lease("work", "a", 1, 0))
	s.Restart(t)
	s.claim(t, "b", 5, []string{"work"})
	s.claim(t, "b", 10, []string{"work"}, lease("work", "b", 2, 10))
	s.Restart(t)
	s.wantLeases(t, "", lease("work", "b", 2, 10))
}
