package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var quotaCases = []testCase{
	{Name: "a quota bounds the sum", Run: quotaBounds},
	{Name: "several quotas go together or not at all", Run: quotasTogether},
	{Name: "a key works once", Run: onceOnly},
	{Name: "a key works once among 100 submitters", Run: onceRace},
	{Name: "a replay goes before conflict and quota", Run: replayFirst},
	{Name: "a refused change does not use up its key", Run: refusedKey},
	{Name: "answers are replaced", Run: answersReplaced},
	{Name: "purging removes old keys only", Run: purging},
}

func quotaBounds(t *testing.T, s *env) {
	move := func(delta, limit int64) error {
		return s.Apply(&store.Change{Quotas: []store.Quota{{Counter: kit.Tally("active"), Delta: delta, Limit: limit}}})
	}
	for i, step := range []struct {
		delta, limit int64
		want         error
		sum          int64
	}{
		{1, 2, nil, 1}, {2, 2, store.ErrQuota, 1}, {1, 2, nil, 2}, {1, 2, store.ErrQuota, 2},
		{-1, 2, nil, 1}, {1, -1, nil, 2}, {5, -1, nil, 7}, {1, 2, store.ErrQuota, 7}, {-1, 2, nil, 6}, {1, 0, store.ErrQuota, 6},
	} {
		if err := move(step.delta, step.limit); !errors.Is(err, step.want) {
			t.Errorf("step %d: done(%v); want %v", i, err, step.want)
		}
		if got := s.Value(t, kit.Tally("active")); got != step.sum {
			t.Errorf("step %d: the counter is %d; want %d", i, got, step.sum)
		}
	}
	if got := s.Value(t, kit.Tally("another")); got != 0 {
		t.Errorf("another counter is %d", got)
	}
}

func quotasTogether(t *testing.T, s *env) {
	move := func(qs ...store.Quota) error { return s.Apply(&store.Change{Quotas: qs}) }
	for i, step := range []struct {
		quotas []store.Quota
		over   string
		a, b   int64
	}{
		{[]store.Quota{{Counter: kit.Tally("a"), Delta: 1, Limit: 2}, {Counter: kit.Tally("b"), Delta: 2, Limit: 2}}, "", 1, 2},
		{[]store.Quota{{Counter: kit.Tally("a"), Delta: 1, Limit: 2}, {Counter: kit.Tally("b"), Delta: 1, Limit: 2}}, "b", 1, 2},
		{[]store.Quota{{Counter: kit.Tally("a"), Delta: 9, Limit: 2}, {Counter: kit.Tally("b"), Delta: 1, Limit: 2}}, "a", 1, 2},
		{[]store.Quota{{Counter: kit.Tally("b"), Delta: -1}, {Counter: kit.Tally("b"), Delta: 1, Limit: 2}}, "", 1, 2},
		{[]store.Quota{{Counter: kit.Tally("b"), Delta: 1, Limit: 2}, {Counter: kit.Tally("b"), Delta: -1}}, "b", 1, 2},
		{[]store.Quota{{Counter: kit.Tally("a"), Delta: 1, Limit: 3}, {Counter: kit.Tally("a"), Delta: 1, Limit: 2}}, "a", 1, 2},
		{[]store.Quota{{Counter: kit.Tally("b"), Delta: -1}, {Counter: kit.Tally("a"), Delta: 1, Limit: -1}}, "", 2, 1},
	} {
		err := move(step.quotas...)
		var over *store.QuotaError
		if errors.As(err, &over) {
			if over.Counter != kit.Tally(step.over) || !errors.Is(err, store.ErrQuota) {
				t.Errorf("step %d: over %s; want %s", i, over.Counter, kit.Tally(step.over))
			}
		} else if err != nil || step.over != "" {
			t.Errorf("step %d: done(%v); want it to be over %q", i, err, step.over)
		}
		if a, b := s.Value(t, kit.Tally("a")), s.Value(t, kit.Tally("b")); a != step.a || b != step.b {
			t.Errorf("step %d: the counters are %d and %d; want %d and %d", i, a, b, step.a, step.b)
		}
	}
}

func keyed(key, answer string) *store.Change {
	c := kit.ChatChange(kit.NewID(), "x")
	c.Once = &store.Once{Key: key, Answer: []byte(answer), At: kit.Epoch}
	return c
}

func onceOnly(t *testing.T, s *env) {
	s.Must(t, keyed("start/token", "the first answer"))
	again := keyed("start/token", "the second answer")
	s.Refused(t, again, store.ErrReplay)
	if got, err := s.Replayed(t.Context(), "start/token"); err != nil || string(got) != "the first answer" {
		t.Errorf("Replayed = %q, %v; want the first answer", got, err)
	}
	_, err := s.Chat(t.Context(), again.Chat)
	kit.WantReason(t, err, center.NotFound)
	s.Must(t, keyed("start/another token", "x"))
}

func answersReplaced(t *testing.T, s *env) {
	id := s.Create(t, 0)
	want := func(answer string) {
		t.Helper()
		if got, err := s.Replayed(t.Context(), "kept"); err != nil || string(got) != answer {
			t.Errorf("Replayed = %q, %v; want %q", got, err, answer)
		}
	}
	for i, answer := range []string{"one", "two", ""} {
		c := kit.StateChange(id, int64(i)+1, "x")
		c.Answers = []store.Once{{Key: "other", At: kit.At(0)}, {Key: "kept", Answer: []byte(answer), At: kit.At(i)}}
		s.Must(t, c)
		want(answer)
	}
	c := kit.StateChange(id, 1, "x")
	c.Answers = []store.Once{{Key: "kept", Answer: []byte("of a change that is refused")}}
	s.Refused(t, c, store.ErrConflict)
	want("")
	s.Refused(t, &store.Change{Once: &store.Once{Key: "kept", At: kit.Epoch}}, store.ErrReplay)
	if err := s.Purge(t.Context(), store.AllShards, kit.At(3), 0); err != nil {
		t.Fatal(err)
	}
	_, err := s.Replayed(t.Context(), "kept")
	kit.WantReason(t, err, center.NotFound)
}

func onceRace(t *testing.T, s *env) {
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			switch err := s.Apply(keyed("same", "answer")); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrReplay):
				t.Errorf("done(%v); want nil or ErrReplay", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d changes were made for one key", won.Load())
	}
}

func replayFirst(t *testing.T, s *env) {
	first := keyed("k", "answer")
	first.Quotas = []store.Quota{{Counter: kit.Tally("q"), Delta: 1, Limit: 1}}
	s.Must(t, first)
	again := keyed("k", "")
	again.Quotas = []store.Quota{{Counter: kit.Tally("q"), Delta: 1, Limit: 1}}
	s.Refused(t, again, store.ErrReplay)
	conflicting := kit.StateChange(first.Chat, 9, "x")
	conflicting.Once = &store.Once{Key: "k", At: kit.Epoch}
	s.Refused(t, conflicting, store.ErrReplay)
}

func refusedKey(t *testing.T, s *env) {
	c := keyed("k", "answer")
	c.Quotas = []store.Quota{{Counter: kit.Tally("q"), Delta: 1, Limit: 0}}
	s.Refused(t, c, store.ErrQuota)
	c.Quotas = nil
	s.Must(t, c)
}

func purging(t *testing.T, s *env) {
	const n = 1200 // more than one step
	s.MustAll(t, n, func(i int) *store.Change {
		return &store.Change{Once: &store.Once{Key: key(i), Answer: []byte("a"), At: kit.At(i)}}
	})
	if err := s.Purge(t.Context(), store.AllShards, kit.At(n-1), 0); err != nil {
		t.Fatalf("Purge: %v", err)
	}
	for i := range n {
		_, err := s.Replayed(t.Context(), key(i))
		if kept := err == nil; kept != (i == n-1) {
			t.Fatalf("after a purge of what is older than key %d, Replayed(key %d) = %v", n-1, i, err)
		}
	}
	s.Must(t, &store.Change{Once: &store.Once{Key: key(0), At: kit.At(n)}})
}

func key(i int) string { return "key " + string(rune('a'+i%26)) + kit.At(i).String() }
