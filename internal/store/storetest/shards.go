package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var shardCases = []testCase{
	{Name: "each list of work gives what is of its shards", Run: workByShard},
	{Name: "a limit counts what is of the shards", Run: shardLimit},
	{Name: "a shard's overflow and what is next due", Run: shardEdges},
	{Name: "purging some shards", Run: shardPurge},
}

// laden creates a chat with work of every sort, the i-th.
func (s *env) laden(t *testing.T, id center.ContactID, i int) {
	t.Helper()
	c := kit.ChatChange(id, "x")
	c.State.Due, c.State.Workers = kit.At(i), []string{"dead"}
	c.Deliveries = []store.Delivery{{Stream: "of " + string(id), Chat: id, Due: kit.At(i)}}
	c.Uploads = []store.Upload{{ID: "of " + string(id), Chat: id, Expires: kit.At(i)}}
	s.Must(t, c)
}

// ladenIDs asks every list of work for at most limit chats of some shards, and
// returns what each gives, in the order in which the work is to be done.
func (s *env) ladenIDs(t *testing.T, shards store.Shards, now time.Time, limit int) map[string][]center.ContactID {
	t.Helper()
	got := map[string][]center.ContactID{}
	due, _, err := s.Due(t.Context(), shards, now, limit)
	if err != nil {
		t.Fatalf("Due: %v", err)
	}
	got["Due"] = due
	outbox, err := s.Outbox(t.Context(), shards, now, limit)
	if err != nil {
		t.Fatalf("Outbox: %v", err)
	}
	for _, d := range outbox {
		got["Outbox"] = append(got["Outbox"], d.Chat)
	}
	over, err := s.Overflow(t.Context(), shards, 0, limit)
	if err != nil {
		t.Fatalf("Overflow: %v", err)
	}
	for _, d := range over {
		got["Overflow"] = append(got["Overflow"], d.Chat)
	}
	slices.Sort(got["Overflow"]) // streams have no order
	uploads, err := s.Uploads(t.Context(), shards, now, limit)
	if err != nil {
		t.Fatalf("Uploads: %v", err)
	}
	for _, u := range uploads {
		got["Uploads"] = append(got["Uploads"], u.Chat)
	}
	return got
}

func workByShard(t *testing.T, s *env) {
	var all []center.ContactID
	var each [2][]center.ContactID
	for i := range 40 {
		id := kit.NewID()
		s.laden(t, id, i)
		all = append(all, id)
		each[kit.Half(id)] = append(each[kit.Half(id)], id)
	}
	for _, share := range []struct {
		shards store.Shards
		want   []center.ContactID
	}{{store.AllShards, all}, {kit.Halves[0], each[0]}, {kit.Halves[1], each[1]}, {0, nil}, {1 << store.ShardOf(all[0]), inShard(all, store.ShardOf(all[0]))}} {
		for list, got := range s.ladenIDs(t, share.shards, kit.At(99), 1000) {
			if !slices.Equal(got, share.want) {
				t.Errorf("%s of %x gives %v; want %v", list, share.shards, got, share.want)
			}
		}
		if got := s.orphans(t, share.shards, "alive"); !slices.Equal(got, share.want) {
			t.Errorf("Orphans of %x gives %v; want %v", share.shards, got, share.want)
		}
	}
}

func inShard(ids []center.ContactID, shard int) (in []center.ContactID) {
	for _, id := range ids {
		if store.ShardOf(id) == shard {
			in = append(in, id)
		}
	}
	return in
}

// Much work of other shards, due before it, does not hide a shard's own.
func shardLimit(t *testing.T, s *env) {
	for i := range 30 {
		s.laden(t, kit.IDIn(0), i)
	}
	a, b, c := kit.IDIn(1), kit.IDIn(1), kit.IDIn(1)
	for i, id := range []center.ContactID{a, b, c} {
		s.laden(t, id, 50+i)
	}
	for list, got := range s.ladenIDs(t, kit.Halves[1], kit.At(99), 2) {
		if list == "Overflow" && len(got) == 2 {
			continue // of any two streams
		}
		if !slices.Equal(got, []center.ContactID{a, b}) {
			t.Errorf("%s gives %v; want %v", list, got, []center.ContactID{a, b})
		}
	}
}

func shardEdges(t *testing.T, s *env) {
	mine, other := kit.IDIn(0), kit.IDIn(1)
	s.laden(t, mine, 60)
	s.laden(t, other, 50)
	for half, want := range []time.Time{kit.At(60), kit.At(50)} {
		chats, next, err := s.Due(t.Context(), kit.Halves[half], kit.At(10), 9)
		if err != nil || len(chats) > 0 || !next.Equal(want) {
			t.Errorf("Due = %v, next %v, %v; want %v", chats, next, err, want)
		}
	}
	if chats, next, err := s.Due(t.Context(), kit.Halves[0], kit.At(60), 9); err != nil || !slices.Equal(chats, []center.ContactID{mine}) || !next.IsZero() {
		t.Errorf("Due = %v, next %v, %v; want %v alone", chats, next, err, mine)
	}
}

func shardPurge(t *testing.T, s *env) {
	const n = 1100 // more than two steps
	key := func(i int) string { return fmt.Sprint("key ", i) }
	s.MustAll(t, n, func(i int) *store.Change { return &store.Change{Once: &store.Once{Key: key(i), At: kit.At(i)}} })
	if err := s.Purge(t.Context(), kit.Halves[0], kit.At(n), 0); err != nil {
		t.Fatalf("Purge: %v", err)
	}
	for i := range n {
		_, err := s.Replayed(t.Context(), key(i))
		if kept := err == nil; kept != kit.Halves[1].Has(store.ShardOf(key(i))) {
			t.Fatalf("after a purge of half of the shards, Replayed(%q) = %v", key(i), err)
		}
	}
}
