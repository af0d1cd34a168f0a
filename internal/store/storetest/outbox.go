package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var outboxCases = []testCase{
	{Name: "every member is kept, ids rise", Run: outboxMembers},
	{Name: "a stream goes out without a gap", Run: outboxGaps},
	{Name: "postponing blocks its stream only", Run: outboxPostpone},
	{Name: "delivered in any order", Run: outboxDelivered},
	{Name: "dead deliveries make way", Run: outboxDead},
	{Name: "dead letters come back", Run: outboxReplay},
	{Name: "dead letters of an erased chat do not come back", Run: outboxReplayErased},
	{Name: "what waits is counted", Run: backlogCounted},
	{Name: "a limit is shared among streams", Run: outboxLimit},
	{Name: "what is too much for a stream", Run: outboxOverflow},
	{Name: "unknown ids are ignored", Run: outboxUnknown},
}

// put puts one delivery for each name of a stream into the outbox and returns their ids.
func (s *env) put(t *testing.T, due time.Time, streams ...string) []int64 {
	t.Helper()
	c := &store.Change{}
	for i, stream := range streams {
		c.Deliveries = append(c.Deliveries, store.Delivery{Stream: stream, Chat: "c", Instance: kit.Instance, Endpoint: "e",
			Body: fmt.Appendf(nil, "%s %d", stream, i), Created: kit.Epoch, Due: due})
	}
	s.Must(t, c)
	all, err := s.Outbox(t.Context(), store.AllShards, kit.At(1e6), 10_000)
	if err != nil {
		t.Fatalf("Outbox: %v", err)
	}
	var ids []int64
	for _, d := range all[len(all)-len(streams):] {
		ids = append(ids, d.ID)
	}
	return ids
}

func outboxMembers(t *testing.T, s *env) {
	id := s.Create(t, 0)
	want := store.Delivery{Stream: "stream", Chat: id, Instance: kit.Instance, Endpoint: "arn:aws:sns:eu-west-1:1:t", Body: []byte{0, 1, 255},
		Created: kit.Epoch, Due: kit.At(1), Attempts: 2, Error: "it was raining"}
	s.Must(t, &store.Change{Chat: id, Items: kit.Items(id, 1, 1), Deliveries: []store.Delivery{want, want}})
	got, err := s.Outbox(t.Context(), store.AllShards, kit.At(1), 10)
	if err != nil || len(got) != 2 {
		t.Fatalf("Outbox = %v, %v; want two", got, err)
	}
	if got[0].ID <= 0 || got[1].ID <= got[0].ID {
		t.Errorf("ids %d, %d do not rise", got[0].ID, got[1].ID)
	}
	for _, d := range got {
		want.ID = d.ID
		if !reflect.DeepEqual(d, want) {
			t.Errorf("delivery %+v; want %+v", d, want)
		}
	}
	s.MustKeep(t, &store.Chores{Delivered: []int64{got[0].ID, got[1].ID}})
	next := s.put(t, kit.At(1), "stream")
	if next[0] <= got[1].ID {
		t.Errorf("id %d was given again: %d", got[1].ID, next[0])
	}
}

func outboxGaps(t *testing.T, s *env) {
	a := s.put(t, kit.At(10), "a", "a")
	late := s.put(t, kit.At(20), "a")
	early := s.put(t, kit.At(5), "a") // waits behind late
	b := s.put(t, kit.At(10), "b")
	s.WantOutbox(t, kit.At(4), 99)
	s.WantOutbox(t, kit.At(5), 99)
	s.WantOutbox(t, kit.At(10), 99, a[0], a[1], b[0])
	s.WantOutbox(t, kit.At(20), 99, a[0], a[1], late[0], early[0], b[0])
	s.WantOutbox(t, kit.At(20), 0)
}

func outboxPostpone(t *testing.T, s *env) {
	a := s.put(t, kit.At(0), "a", "a")
	b := s.put(t, kit.At(0), "b")
	s.MustKeep(t, &store.Chores{Postponed: []store.Delivery{{ID: a[0], Due: kit.At(30), Attempts: 1, Error: "503"}}})
	s.WantOutbox(t, kit.At(29), 99, b[0])
	s.WantOutbox(t, kit.At(30), 99, a[0], a[1], b[0])
	all, err := s.Outbox(t.Context(), store.AllShards, kit.At(30), 99)
	if err != nil || all[0].ID != a[0] || all[0].Attempts != 1 || all[0].Error != "503" || !all[0].Due.Equal(kit.At(30)) || string(all[0].Body) != "a 0" {
		t.Errorf("the postponed delivery is %+v, %v", all[0], err)
	}
}

func outboxDelivered(t *testing.T, s *env) {
	a := s.put(t, kit.At(0), "a", "a", "a", "a")
	s.MustKeep(t, &store.Chores{Delivered: []int64{a[2]}})
	s.WantOutbox(t, kit.At(0), 99, a[0], a[1], a[3])
	s.MustKeep(t, &store.Chores{Delivered: []int64{a[0]}})
	s.WantOutbox(t, kit.At(0), 99, a[1], a[3])
	s.MustKeep(t, &store.Chores{Delivered: []int64{a[3], a[1]}})
	s.WantOutbox(t, kit.At(0), 99)
	again := s.put(t, kit.At(0), "a")
	s.WantOutbox(t, kit.At(0), 99, again...)
}

func backlogCounted(t *testing.T, s *env) {
	want := func(what string, want store.Backlog) {
		t.Helper()
		got, err := s.Backlog(t.Context())
		if err != nil || got.Queued != want.Queued || got.Deliveries != want.Deliveries || got.Dead != want.Dead ||
			!got.QueuedSince.Equal(want.QueuedSince) || !got.Oldest.Equal(want.Oldest) {
			t.Errorf("%s: Backlog = %+v, %v; want %+v", what, got, err, want)
		}
	}
	want("at first", store.Backlog{})
	s.Must(t, &store.Change{Deliveries: []store.Delivery{
		{Stream: "a", Chat: "c", Due: kit.At(0), Created: kit.At(3)}, {Stream: "b", Chat: "c", Due: kit.At(0), Created: kit.At(4)}, {Stream: "b", Chat: "c", Due: kit.At(0), Created: kit.At(5)}}})
	s.createWaiting(t, entry("q", 1, 8))
	s.createWaiting(t, entry("r", 1, 7))
	s.Create(t, 1)
	want("with two chats in queues and three deliveries", store.Backlog{Queued: 2, QueuedSince: kit.At(7), Deliveries: 3, Oldest: kit.At(3)})
	all, err := s.Outbox(t.Context(), store.AllShards, kit.At(0), 9)
	if err != nil || len(all) != 3 {
		t.Fatalf("Outbox = %v, %v", all, err)
	}
	s.MustKeep(t, &store.Chores{Delivered: []int64{all[0].ID}, Dead: []store.Delivery{{ID: all[1].ID}}})
	want("with one delivered and one dead", store.Backlog{Queued: 2, QueuedSince: kit.At(7), Deliveries: 1, Oldest: kit.At(5), Dead: 1})
}

func outboxDead(t *testing.T, s *env) {
	a := s.put(t, kit.At(0), "a", "a")
	s.MustKeep(t, &store.Chores{Postponed: []store.Delivery{{ID: a[0], Due: kit.At(50), Attempts: 9}}})
	s.WantOutbox(t, kit.At(1), 99)
	s.MustKeep(t, &store.Chores{Dead: []store.Delivery{{ID: a[0], Attempts: 10, Error: "gone"}}})
	s.WantOutbox(t, kit.At(1), 99, a[1])
	// Dead and delivered at once.
	s.MustKeep(t, &store.Chores{Dead: []store.Delivery{{ID: a[1]}}, Delivered: []int64{a[1]}})
	s.Must(t, &store.Change{Deliveries: []store.Delivery{{Stream: "a", Chat: "c", Due: kit.At(0)}}})
	all, err := s.Outbox(t.Context(), store.AllShards, kit.At(0), 9)
	if err != nil || len(all) != 1 || all[0].ID <= a[1] {
		t.Errorf("Outbox = %v, %v; want the new delivery", all, err)
	}
}

func outboxLimit(t *testing.T, s *env) {
	busy := slices.Repeat([]string{"busy"}, 50)
	first := s.put(t, kit.At(0), busy...)
	calm := s.put(t, kit.At(1), "calm")
	got, err := s.Outbox(t.Context(), store.AllShards, kit.At(9), 10)
	if err != nil || len(got) > 10 {
		t.Fatalf("Outbox gave %d deliveries, %v; want at most 10", len(got), err)
	}
	var ofBusy []int64
	seen := false
	for _, d := range got {
		if d.Stream == "busy" {
			ofBusy = append(ofBusy, d.ID)
		}
		seen = seen || d.ID == calm[0]
	}
	if !seen {
		t.Errorf("a stream with much to send holds up another")
	}
	if !slices.Equal(ofBusy, first[:len(ofBusy)]) || len(ofBusy) == 0 {
		t.Errorf("the busy stream gives %v; want the oldest of %v", ofBusy, first)
	}
	s.WantOutbox(t, kit.At(9), 1, first[0])
}

func outboxUnknown(t *testing.T, s *env) {
	a := s.put(t, kit.At(0), "a")
	s.MustKeep(t, &store.Chores{Delivered: []int64{a[0] + 7}, Postponed: []store.Delivery{{ID: a[0] + 8, Due: kit.At(9)}}, Dead: []store.Delivery{{ID: a[0] + 9}}})
	s.WantOutbox(t, kit.At(0), 9, a[0])
}

// Dead letters are listed, dropped, and put back where they stood.
func outboxReplay(t *testing.T, s *env) {
	a := s.put(t, kit.At(0), "a", "a", "a", "b", "b")
	s.MustKeep(t, &store.Chores{Dead: []store.Delivery{{ID: a[0], Attempts: 20, Error: "gone"}, {ID: a[1]}, {ID: a[4], Error: "late"}}})
	list := func(q store.DeadQuery) (ids []int64) {
		t.Helper()
		letters, err := s.DeadLetters(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range letters {
			ids = append(ids, d.ID)
		}
		return ids
	}
	for _, c := range []struct {
		q    store.DeadQuery
		want []int64
	}{
		{store.DeadQuery{}, []int64{a[0], a[1], a[4]}}, {store.DeadQuery{Limit: 2}, a[:2]}, {store.DeadQuery{After: a[0]}, []int64{a[1], a[4]}},
		{store.DeadQuery{Endpoint: "e"}, []int64{a[0], a[1], a[4]}}, {store.DeadQuery{Endpoint: "other"}, nil},
	} {
		if got := list(c.q); !slices.Equal(got, c.want) {
			t.Errorf("DeadLetters(%+v) = %v; want %v", c.q, got, c.want)
		}
	}
	letters, err := s.DeadLetters(t.Context(), store.DeadQuery{Limit: 1})
	if err != nil || letters[0].Error != "gone" || letters[0].Attempts != 20 || string(letters[0].Body) != "a 0" || letters[0].Stream != "a" {
		t.Errorf("DeadLetters = %+v, %v", letters, err)
	}
	s.WantOutbox(t, kit.At(0), 99, a[2], a[3])
	s.MustKeep(t, &store.Chores{Replayed: []store.Delivery{{ID: a[1], Due: kit.At(5), Created: kit.At(5)}}, Dropped: []int64{a[4], 1e9}})
	s.WantOutbox(t, kit.At(4), 99, a[3]) // it is the first of its stream again, and not due
	s.MustKeep(t, &store.Chores{Replayed: []store.Delivery{{ID: a[0], Due: kit.At(3), Created: kit.At(3)}, {ID: 1e9}}})
	s.WantOutbox(t, kit.At(4), 99, a[0], a[3])
	s.WantOutbox(t, kit.At(5), 99, a[0], a[1], a[2], a[3])
	all, err := s.Outbox(t.Context(), store.AllShards, kit.At(5), 1)
	if err != nil || len(all) != 1 {
		t.Fatalf("Outbox = %v, %v", all, err)
	}
	for _, d := range all {
		if d.ID == a[0] && (d.Attempts != 0 || d.Error != "" || !d.Created.Equal(kit.At(3)) || string(d.Body) != "a 0") {
			t.Errorf("the replayed delivery is %+v", d)
		}
	}
	s.MustKeep(t, &store.Chores{Delivered: []int64{a[0], a[1]}})
	s.WantOutbox(t, kit.At(0), 99, a[2], a[3])
	if got := list(store.DeadQuery{}); got != nil {
		t.Errorf("dead letters are left: %v", got)
	}
}

// While a chat is being erased its dead letters cannot be moved out of the erasure's way.
func outboxReplayErased(t *testing.T, s *env) {
	id := s.Ended(t)
	s.MustKeep(t, &store.Chores{Dead: []store.Delivery{{ID: 1}, {ID: 2}}})
	s.EraseAll(t, id, "")
	for more := true; more; {
		s.MustKeep(t, &store.Chores{Replayed: []store.Delivery{{ID: 1, Due: kit.At(0)}, {ID: 2, Due: kit.At(0)}}})
		var err error
		if more, err = s.EraseRows(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	letters, err := s.DeadLetters(t.Context(), store.DeadQuery{})
	if err != nil || len(letters) != 0 {
		t.Errorf("DeadLetters = %v, %v; want none", letters, err)
	}
	s.WantOutbox(t, kit.At(1e6), 99)
}
