package postgres

import (
	"testing"

	"parley.example/parley/internal/store"
)

// TestGroups: a group ends with what erases, and before it has too much in it.
func TestGroups(t *testing.T) {
	q := newQueue(1)
	state := func(size int) *entry {
		return &entry{change: &store.Change{Chat: "c", State: &store.Head{State: make([]byte, size)}}}
	}
	erase := &entry{change: &store.Change{Chat: "c", Erase: &store.Remove{}}}
	for _, e := range []*entry{state(1), erase, state(1), state(1), state(maxBytes), state(maxBytes + 1), {agent: &store.AgentChange{Gone: true}}, state(2)} {
		q.put("c", e)
	}
	for range maxGroup {
		q.put("c", state(0))
	}
	q.close()
	for i, want := range []int{2, 2, 1, 1, 1, maxGroup, 1, 0} {
		if got := q.take(0); len(got) != want {
			t.Errorf("group %d has %d entries; want %d", i, len(got), want)
		}
	}
}
