package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var waitingCases = []testCase{
	{Name: "a queue entry is kept, moves and goes", Run: entryKept},
	{Name: "chats wait in the order in which they are taken", Run: waitingOrder},
	{Name: "more chats wait than a page", Run: waitingPages},
	{Name: "how a queue stands", Run: queueStands},
	{Name: "queue entries last", Run: entryLasts, Reopens: true},
}

// entry is one in the queue q, at the i-th moment.
func entry(q center.QueueID, priority int64, i int) *store.QueueEntry {
	return &store.QueueEntry{Queue: q, Priority: priority, Rank: kit.At(i), Since: kit.At(i)}
}

func (s *env) createWaiting(t *testing.T, p *store.QueueEntry) center.ContactID {
	t.Helper()
	id := kit.NewID()
	c := kit.ChatChange(id, "x")
	c.State.Queued = p
	s.Must(t, c)
	return id
}

func (s *env) waiting(t *testing.T, i center.InstanceID, q center.QueueID) (ids []center.ContactID) {
	t.Helper()
	for w, err := range s.Waiting(t.Context(), i, q) {
		if err != nil {
			t.Fatalf("Waiting: %v", err)
		}
		ids = append(ids, w.Chat)
	}
	return ids
}

func (s *env) wantEntry(t *testing.T, id center.ContactID, want *store.QueueEntry) {
	t.Helper()
	got := s.HeadOf(t, id).Queued
	if (got == nil) != (want == nil) {
		t.Fatalf("the chat's queue entry is %v; want %v", got, want)
	}
	if got != nil && (got.Queue != want.Queue || got.Priority != want.Priority || !got.Rank.Equal(want.Rank) || !got.Since.Equal(want.Since)) {
		t.Errorf("the chat's queue entry is %+v; want %+v", *got, *want)
	}
}

func entryKept(t *testing.T, s *env) {
	id := s.Create(t, 1)
	s.wantEntry(t, id, nil)
	for i, p := range []*store.QueueEntry{entry("q", 5, 1), entry("q", 5, 1), entry("q", 1, 1), entry("r", 1, 2), nil, entry("q", 5, 3)} {
		c := kit.StateChange(id, int64(i+1), "x")
		c.State.Queued = p
		s.Must(t, c)
		s.wantEntry(t, id, p)
		s.Must(t, &store.Change{Chat: id, Items: kit.Items(id, int64(i+2), 1)}) // a message moves nobody
		s.wantEntry(t, id, p)
	}
}

func waitingOrder(t *testing.T, s *env) {
	s.Create(t, 1) // waits nowhere
	late := s.createWaiting(t, entry("q", 5, 9))
	early := s.createWaiting(t, entry("q", 5, 2))
	urgent := s.createWaiting(t, entry("q", 1, 50))
	adjusted := s.createWaiting(t, &store.QueueEntry{Queue: "q", Priority: 5, Rank: kit.At(2), Since: kit.At(60)})
	before := s.createWaiting(t, &store.QueueEntry{Queue: "q", Priority: 5, Rank: time.UnixMilli(-5), Since: kit.At(61)})
	other := s.createWaiting(t, entry("p", 9, 99))
	if got, want := s.waiting(t, kit.Instance, "q"), []center.ContactID{urgent, before, early, adjusted, late}; !slices.Equal(got, want) {
		t.Errorf("in q wait %v; want %v", got, want)
	}
	if got, want := s.waiting(t, kit.Instance, ""), []center.ContactID{other, urgent, before, early, adjusted, late}; !slices.Equal(got, want) {
		t.Errorf("in all queues wait %v; want %v", got, want)
	}
	if got := s.waiting(t, "another instance", ""); got != nil {
		t.Errorf("in another instance wait %v", got)
	}
}

func waitingPages(t *testing.T, s *env) {
	const n = 450
	s.MustAll(t, n, func(i int) *store.Change {
		c := kit.ChatChange(kit.NewID(), "x")
		c.State.Queued = entry(center.QueueID("q"+strconv.Itoa(i%2)), int64(i%3), i)
		return c
	})
	all := s.waiting(t, kit.Instance, "")
	slices.Sort(all)
	if got := len(slices.Compact(all)); got != n {
		t.Errorf("%d chats wait; want %d", got, n)
	}
	if got := len(s.waiting(t, kit.Instance, "q1")); got != n/2 {
		t.Errorf("%d chats wait in q1; want %d", got, n/2)
	}
}

func queueStands(t *testing.T, s *env) {
	s.createWaiting(t, entry("q", 5, 20))
	s.createWaiting(t, entry("q", 1, 30))
	me := s.createWaiting(t, entry("q", 5, 40))
	s.createWaiting(t, entry("q", 5, 50))
	s.createWaiting(t, entry("r", 5, 1))
	for _, c := range []struct {
		what  string
		query store.QueueQuery
		want  store.QueueStatus
	}{
		{"mine", store.QueueQuery{Instance: kit.Instance, Except: me, QueueEntry: *entry("q", 5, 40)}, store.QueueStatus{Others: 3, Oldest: kit.At(20), Ahead: 2}},
		{"an equal's", store.QueueQuery{Instance: kit.Instance, Except: "ffffffff", QueueEntry: *entry("q", 5, 40)}, store.QueueStatus{Others: 4, Oldest: kit.At(20), Ahead: 3}},
		{"an onlooker's", store.QueueQuery{Instance: kit.Instance, QueueEntry: *entry("q", 1, 0)}, store.QueueStatus{Others: 4, Oldest: kit.At(20)}},
		{"an empty one", store.QueueQuery{Instance: kit.Instance, QueueEntry: store.QueueEntry{Queue: "none"}}, store.QueueStatus{}},
		{"another instance's", store.QueueQuery{Instance: "another", QueueEntry: store.QueueEntry{Queue: "q"}}, store.QueueStatus{}},
	} {
		got, err := s.QueueStatus(t.Context(), c.query)
		if err != nil || got.Others != c.want.Others || got.Ahead != c.want.Ahead || !got.Oldest.Equal(c.want.Oldest) {
			t.Errorf("%s: QueueStatus = %+v, %v; want %+v", c.what, got, err, c.want)
		}
	}
}

func entryLasts(t *testing.T, s *env) {
	id := s.createWaiting(t, entry("q", 3, 7))
	s.Restart(t)
	s.wantEntry(t, id, entry("q", 3, 7))
	c := kit.StateChange(id, 1, "x") // the store reads again where the chat waits
	c.State.Queued = entry("q", 3, 7)
	s.Must(t, c)
	s.wantEntry(t, id, entry("q", 3, 7))
	if got := s.waiting(t, kit.Instance, "q"); !slices.Equal(got, []center.ContactID{id}) {
		t.Errorf("after reopening wait %v", got)
	}
}
