package postgres

import (
	"errors"
	"testing"
	"testing/synctest"

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

// TestLateEntriesWait: what comes to a closed lane is answered when its committer has answered all before it, and not earlier.
func TestLateEntriesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		q.close()
		if group := q.take(0); len(group) != 0 {
			t.Fatalf("a closed queue gives %d entries; want none", len(group))
		}
		answers := make(chan error, 2)
		late := func() { q.put("c", &entry{change: &store.Change{Chat: "c"}, done: func(err error) { answers <- err }}) }
		late()
		synctest.Wait()
		if len(answers) != 0 {
			t.Fatal("a late entry was answered while the committer had entries to answer")
		}
		q.stop(0)
		late()
		for range 2 {
			if err := <-answers; !errors.Is(err, store.ErrClosed) {
				t.Errorf("a late entry was answered with %v; want ErrClosed", err)
			}
		}
	})
}
