package storetest

import (
	"slices"
	"testing"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

// outboxOverflow: only streams above the mark give something up, their oldest first, whether it is due or not.
func outboxOverflow(t *testing.T, s *env) {
	ids := s.put(t, kit.At(0), "full", "full", "even", "full", "even", "even", "full", "full")
	s.MustKeep(t, &store.Chores{Postponed: []store.Delivery{{ID: ids[0], Due: kit.At(1000), Attempts: 1, Error: "refused"}}})

	want := func(keep, limit int, want ...int64) {
		t.Helper()
		all, err := s.Overflow(t.Context(), store.AllShards, keep, limit)
		if err != nil {
			t.Fatalf("Overflow: %v", err)
		}
		var got []int64
		for _, d := range all {
			got = append(got, d.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Overflow(%d, %d) = %v; want %v", keep, limit, got, want)
		}
	}
	want(3, 100, ids[0], ids[1])
	want(3, 1, ids[0])
	want(4, 100, ids[0])
	want(5, 100)
	want(3, 0)

	all, err := s.Overflow(t.Context(), store.AllShards, 4, 100)
	if err != nil || len(all) != 1 {
		t.Fatalf("Overflow = %v, %v; want one delivery", all, err)
	}
	if d := all[0]; d.Stream != "full" || d.Attempts != 1 || d.Error != "refused" || len(d.Body) == 0 || !d.Due.Equal(kit.At(1000)) {
		t.Errorf("Overflow = %+v; want the delivery as it is stored", d)
	}
}
