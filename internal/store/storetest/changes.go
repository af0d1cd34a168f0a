package storetest

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

var changeCases = []testCase{
	{name: "what is not there is NotFound", run: nothingThere},
	{name: "creating a chat", run: creating},
	{name: "a second creation conflicts", run: creatingTwice},
	{name: "the version has to match", run: versions},
	{name: "what rests on a refused change is refused", run: ground},
	{name: "items have to follow the last", run: seqGaps},
	{name: "items have to follow the item they name", run: itemsAfter},
	{name: "a change names a chat that exists", run: unknownChat},
	{name: "items leave the head as it is, and rest on it", run: itemsOnly},
	{name: "all parts or none", run: wholeOrNot},
	{name: "facts of the head change both ways", run: headFacts},
	{name: "a state of every size is kept", run: stateSizes},
	{name: "how far many chats are", run: chatVersions},
	{name: "two nodes commit to one chat", run: twoNodesOneChat},
}

func nothingThere(t *testing.T, s *env) {
	id := newID()
	_, err := s.Chat(t.Context(), id)
	wantReason(t, err, center.NotFound)
	_, err = s.ChatOf(t.Context(), id)
	wantReason(t, err, center.NotFound)
	_, err = s.Items(t.Context(), store.ItemQuery{Chat: id})
	wantReason(t, err, center.NotFound)
	_, err = s.Replayed(t.Context(), "no such key")
	wantReason(t, err, center.NotFound)
	_, err = s.Resource(t.Context(), center.KindQueue, string(id))
	wantReason(t, err, center.NotFound)
	if n := s.count(t, tally("untouched")); n != 0 {
		t.Errorf("an untouched counter is %d", n)
	}
}

func creating(t *testing.T, s *env) {
	id := newID()
	c := chatChange(id, "state one")
	c.State.Due, c.State.Workers = at(300), []string{"node"}
	c.Items = items(id, 1, 2)
	s.must(t, c)
	want := store.Head{Instance: instance, Version: 1, State: []byte("state one"), Due: at(300), Workers: []string{"node"}, Active: true,
		LastSeq: 2, LastTime: c.Items[1].Time, LastID: c.Items[1].ID}
	if got := s.head(t, id); !reflect.DeepEqual(got, want) {
		t.Errorf("head %+v; want %+v", got, want)
	}
	if got, err := s.ChatOf(t.Context(), id); err != nil || got != id {
		t.Errorf("ChatOf = %q, %v; want %q", got, err, id)
	}
	if got := s.transcript(t, id); !reflect.DeepEqual(got, c.Items) {
		t.Errorf("items %+v; want %+v", got, c.Items)
	}
}

func creatingTwice(t *testing.T, s *env) {
	id := s.create(t, 1)
	s.refused(t, chatChange(id, "second"), store.ErrConflict)
	if h := s.head(t, id); h.Version != 1 || string(h.State) != "first" {
		t.Errorf("the refused creation left version %d, state %q", h.Version, h.State)
	}
}

func versions(t *testing.T, s *env) {
	id := s.create(t, 0)
	s.must(t, stateChange(id, 1, "second"))
	for _, version := range []int64{1, 3, 99, -1} {
		s.refused(t, stateChange(id, version, "wrong"), store.ErrConflict)
	}
	s.must(t, stateChange(id, 2, "third"))
	if h := s.head(t, id); h.Version != 3 || string(h.State) != "third" {
		t.Errorf("version %d, state %q; want 3, third", h.Version, h.State)
	}
}

// Two servers decide on version 1, each a second change on its own first one.
// All four are under way together; only those of the first server fit.
func ground(t *testing.T, s *env) {
	id := s.create(t, 0)
	var made []chan error
	for _, c := range []struct {
		version, next int64
		state         string
	}{{1, 70, "one"}, {1, 80, "other"}, {80, 90, "on the other"}, {70, 75, "on the one"}} {
		change, done := stateChange(id, c.version, c.state), make(chan error, 1)
		change.Next = c.next
		s.Submit(change, func(err error) { done <- err })
		made = append(made, done)
	}
	for i, want := range []error{nil, store.ErrConflict, store.ErrConflict, nil} {
		if err := <-made[i]; !errors.Is(err, want) {
			t.Errorf("change %d: done(%v); want %v", i, err, want)
		}
	}
	if h := s.head(t, id); h.Version != 75 || string(h.State) != "on the one" {
		t.Errorf("version %d, state %q; want 75, on the one", h.Version, h.State)
	}
}

func itemsAfter(t *testing.T, s *env) {
	id := s.create(t, 2)
	last := s.transcript(t, id)[1].ID
	s.refused(t, &store.Change{Chat: id, After: center.NewItemID(at(3), 2, 7), Items: items(id, 3, 1)}, store.ErrConflict)
	s.refused(t, &store.Change{Chat: id, After: last, Items: items(id, 4, 1)}, store.ErrConflict)
	s.must(t, &store.Change{Chat: id, After: last, Items: items(id, 3, 2)})
	s.refused(t, &store.Change{Chat: id, After: last, Items: items(id, 5, 1)}, store.ErrConflict)
	s.must(t, &store.Change{Chat: id, Version: 1, After: "of no interest", State: &store.Head{Instance: instance}}) // there is no item
	if got := seqs(s.transcript(t, id)); !slices.Equal(got, []int64{1, 2, 3, 4}) {
		t.Errorf("transcript %v; want 1 to 4", got)
	}
}

func seqGaps(t *testing.T, s *env) {
	id := s.create(t, 2)
	for name, wrong := range map[string][]center.Item{
		"a gap":               items(id, 4, 1),
		"one that is there":   items(id, 2, 1),
		"an overlap":          items(id, 2, 3),
		"a gap inside":        {message(id, 3, "a"), message(id, 5, "b")},
		"the same twice":      {message(id, 3, "a"), message(id, 3, "b")},
		"backwards":           {message(id, 4, "a"), message(id, 3, "b")},
		"zero":                items(id, 0, 1),
		"the beginning again": items(id, 1, 1),
	} {
		if err := s.submit(&store.Change{Chat: id, Items: wrong}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: done(%v); want ErrConflict", name, err)
		}
	}
	s.must(t, &store.Change{Chat: id, Items: items(id, 3, 2)})
	if got := seqs(s.transcript(t, id)); !slices.Equal(got, []int64{1, 2, 3, 4}) {
		t.Errorf("transcript %v; want 1 to 4", got)
	}
	fresh := newID()
	c := chatChange(fresh, "x")
	c.Items = items(fresh, 2, 1)
	s.refused(t, c, store.ErrConflict)
	_, err := s.Chat(t.Context(), fresh)
	wantReason(t, err, center.NotFound)
}

func unknownChat(t *testing.T, s *env) {
	id := newID()
	s.refused(t, stateChange(id, 1, "x"), store.ErrConflict)
	s.refused(t, &store.Change{Chat: id, Items: items(id, 1, 1)}, store.ErrConflict)
	s.refused(t, &store.Change{Chat: id, Receipts: []center.Receipt{{Chat: id, Item: "i", Recipient: customer, Read: at(1)}}}, store.ErrConflict)
	wantReason(t, s.submit(&store.Change{State: &store.Head{Instance: instance}}), center.Invalid)
	wantReason(t, s.submit(&store.Change{Items: items(id, 1, 1)}), center.Invalid)
}

func itemsOnly(t *testing.T, s *env) {
	id := s.create(t, 1)
	before := s.head(t, id)
	more := items(id, 2, 1)
	read := []center.Receipt{{Chat: id, Item: items(id, 1, 1)[0].ID, Recipient: agent, Read: at(1)}}
	for _, decidedElsewhere := range []*store.Change{{Items: more}, {Receipts: read}, {Deliveries: []store.Delivery{{Stream: "s", Chat: id, Due: epoch}}}} {
		decidedElsewhere.Chat, decidedElsewhere.Version = id, 77
		s.refused(t, decidedElsewhere, store.ErrConflict)
	}
	s.must(t, &store.Change{Chat: id, Version: before.Version, Receipts: read})
	s.must(t, &store.Change{Chat: id, Items: more}) // without a state the version may be left open
	before.LastSeq, before.LastTime, before.LastID = 2, more[0].Time, more[0].ID
	if got := s.head(t, id); !reflect.DeepEqual(got, before) {
		t.Errorf("head %+v; want %+v", got, before)
	}
}

func wholeOrNot(t *testing.T, s *env) {
	id := s.create(t, 1)
	before := s.head(t, id)
	other := newID()
	for _, spoil := range []struct {
		with func(*store.Change)
		want error
	}{
		{func(c *store.Change) { c.Version = 5 }, store.ErrConflict},
		{func(c *store.Change) { c.Items[0].Seq = 9 }, store.ErrConflict},
		{func(c *store.Change) { c.Quotas[0].Limit = 0 }, store.ErrQuota},
	} {
		c := stateChange(id, 1, "second")
		c.Items = items(id, 2, 1)
		c.Receipts = []center.Receipt{{Chat: id, Item: items(id, 1, 1)[0].ID, Recipient: agent, Read: at(1)}}
		c.Contacts = []center.Contact{contact(other, id, epoch)}
		c.Quotas = []store.Quota{{Counter: tally("whole"), Delta: 1, Limit: -1}}
		c.Once = &store.Once{Key: "whole", At: epoch}
		c.Deliveries = []store.Delivery{{Stream: "s", Chat: id, Due: epoch}}
		spoil.with(c)
		s.refused(t, c, spoil.want)
	}
	if got := s.head(t, id); !reflect.DeepEqual(got, before) {
		t.Errorf("head %+v; want %+v", got, before)
	}
	if n := s.count(t, tally("whole")); n != 0 {
		t.Errorf("a refused change moved its counter to %d", n)
	}
	_, err := s.ChatOf(t.Context(), other)
	wantReason(t, err, center.NotFound)
	_, err = s.Replayed(t.Context(), "whole")
	wantReason(t, err, center.NotFound)
	if got, err := s.Receipts(t.Context(), id, []center.ItemID{items(id, 1, 1)[0].ID}); err != nil || len(got) != 0 {
		t.Errorf("Receipts = %v, %v; want none", got, err)
	}
	if got, err := s.Outbox(t.Context(), store.AllShards, at(9), 10); err != nil || len(got) != 0 {
		t.Errorf("Outbox = %v, %v; want nothing", got, err)
	}
}

func headFacts(t *testing.T, s *env) {
	id := s.create(t, 0)
	version := int64(1)
	for _, want := range []store.Head{
		{Instance: instance, State: []byte("a"), Due: at(5), Workers: []string{"node"}, Active: true},
		{Instance: instance, State: []byte("b"), Due: at(5), Workers: []string{"node"}, Active: true}, // only the state
		{Instance: instance, State: []byte("c"), Due: at(2), Active: true},
		{Instance: instance, State: []byte("d"), Due: time.Time{}, Workers: []string{"node"}},
		{Instance: elsewhere, State: []byte("e")},
		{Instance: instance, State: []byte("f"), Due: at(1), Workers: []string{"node"}, Active: true},
	} {
		c := &store.Change{Chat: id, Version: version, State: new(want)}
		s.must(t, c)
		version++
		want.Version = version
		if got := s.head(t, id); !reflect.DeepEqual(got, want) {
			t.Errorf("head %+v; want %+v", got, want)
		}
	}
}

func stateSizes(t *testing.T, s *env) {
	id := s.create(t, 0)
	version := int64(1)
	for _, size := range []int{0, 1, 100, 5000, 200_000, 3} {
		state := make([]byte, size)
		for i := range state {
			state[i] = byte(i * 7)
		}
		s.must(t, &store.Change{Chat: id, Version: version, State: &store.Head{Instance: instance, State: state}})
		version++
		if got := s.head(t, id); !slices.Equal(got.State, state) {
			t.Errorf("a state of %d bytes was read as %d bytes or with other content", size, len(got.State))
		}
	}
}

func (s *env) wantVersions(t *testing.T, ids []center.ContactID, want ...store.ChatVersion) {
	t.Helper()
	got, err := s.Versions(t.Context(), ids)
	if err != nil {
		t.Fatalf("Versions: %v", err)
	}
	slices.SortFunc(got, func(a, b store.ChatVersion) int { return cmp.Compare(a.Chat, b.Chat) })
	if !slices.Equal(got, want) {
		t.Errorf("Versions = %+v; want %+v", got, want)
	}
}

func chatVersions(t *testing.T, s *env) {
	a, b, c := s.create(t, 3), s.create(t, 0), newID()
	s.wantVersions(t, nil)
	s.wantVersions(t, []center.ContactID{c})
	s.must(t, &store.Change{Chat: b, Version: 1, Next: 70, State: &store.Head{Instance: instance}})
	s.wantVersions(t, []center.ContactID{b, c, a}, store.ChatVersion{Chat: a, Version: 1, LastSeq: 3, Active: true}, store.ChatVersion{Chat: b, Version: 70})
	s.must(t, &store.Change{Chat: b, Items: items(b, 1, 2)})
	s.wantVersions(t, []center.ContactID{b}, store.ChatVersion{Chat: b, Version: 70, LastSeq: 2})
	var many []center.ContactID
	var want []store.ChatVersion
	s.mustAll(t, 400, func(int) *store.Change {
		id := newID()
		many = append(many, id, newID())
		want = append(want, store.ChatVersion{Chat: id, Version: 1, Active: true})
		return chatChange(id, "x")
	})
	s.wantVersions(t, many, want...)
}

// What one node has committed the other reads and builds on; what rests on a
// version that is gone is refused, whichever node it comes from.
func twoNodesOneChat(t *testing.T, s *env) {
	nodes := s.nodes()
	id := nodes[0].create(t, 1)
	for i := range int64(6) {
		node, other := nodes[i%2], nodes[(i+1)%2]
		c := stateChange(id, i+1, "next")
		c.Items = items(id, i+2, 1)
		node.must(t, c)
		other.refused(t, stateChange(id, i+1, "late"), store.ErrConflict)
		other.refused(t, &store.Change{Chat: id, Items: items(id, i+2, 1)}, store.ErrConflict)
		if h := other.head(t, id); h.Version != i+2 || h.LastSeq != i+2 {
			t.Errorf("the other node reads version %d, last item %d; want %d, %d", h.Version, h.LastSeq, i+2, i+2)
		}
	}
	if got := seqs(nodes[1].transcript(t, id)); !slices.Equal(got, []int64{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("transcript %v; want 1 to 7", got)
	}
}
