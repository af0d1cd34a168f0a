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
	"parley.example/parley/internal/store/storetest/kit"
)

var changeCases = []testCase{
	{Name: "what is not there is NotFound", Run: nothingThere},
	{Name: "creating a chat", Run: creating},
	{Name: "a second creation conflicts", Run: creatingTwice},
	{Name: "the version has to match", Run: versions},
	{Name: "what rests on a refused change is refused", Run: ground},
	{Name: "items have to follow the last", Run: seqGaps},
	{Name: "items have to follow the item they name", Run: itemsAfter},
	{Name: "a change names a chat that exists", Run: unknownChat},
	{Name: "items leave the head as it is, and rest on it", Run: itemsOnly},
	{Name: "all parts or none", Run: wholeOrNot},
	{Name: "facts of the head change both ways", Run: headFacts},
	{Name: "a state of every size is kept", Run: stateSizes},
	{Name: "how far many chats are", Run: chatVersions},
	{Name: "two nodes commit to one chat", Run: twoNodesOneChat},
}

func nothingThere(t *testing.T, s *env) {
	id := kit.NewID()
	_, err := s.Chat(t.Context(), id)
	kit.WantReason(t, err, center.NotFound)
	_, err = s.ChatOf(t.Context(), id)
	kit.WantReason(t, err, center.NotFound)
	_, err = s.Items(t.Context(), store.ItemQuery{Chat: id})
	kit.WantReason(t, err, center.NotFound)
	_, err = s.Replayed(t.Context(), "no such key")
	kit.WantReason(t, err, center.NotFound)
	_, err = s.Resource(t.Context(), center.KindQueue, string(id))
	kit.WantReason(t, err, center.NotFound)
	if n := s.Value(t, kit.Tally("untouched")); n != 0 {
		t.Errorf("an untouched counter is %d", n)
	}
}

func creating(t *testing.T, s *env) {
	id := kit.NewID()
	c := kit.ChatChange(id, "state one")
	c.State.Due, c.State.Workers = kit.At(300), []string{"node"}
	c.Items = kit.Items(id, 1, 2)
	s.Must(t, c)
	want := store.Head{Instance: kit.Instance, Version: 1, State: []byte("state one"), Due: kit.At(300), Workers: []string{"node"}, Active: true,
		LastSeq: 2, LastTime: c.Items[1].Time, LastID: c.Items[1].ID}
	if got := s.HeadOf(t, id); !reflect.DeepEqual(got, want) {
		t.Errorf("head %+v; want %+v", got, want)
	}
	if got, err := s.ChatOf(t.Context(), id); err != nil || got != id {
		t.Errorf("ChatOf = %q, %v; want %q", got, err, id)
	}
	if got := s.Transcript(t, id); !reflect.DeepEqual(got, c.Items) {
		t.Errorf("items %+v; want %+v", got, c.Items)
	}
}

func creatingTwice(t *testing.T, s *env) {
	id := s.Create(t, 1)
	s.Refused(t, kit.ChatChange(id, "second"), store.ErrConflict)
	if h := s.HeadOf(t, id); h.Version != 1 || string(h.State) != "first" {
		t.Errorf("the refused creation left version %d, state %q", h.Version, h.State)
	}
}

func versions(t *testing.T, s *env) {
	id := s.Create(t, 0)
	s.Must(t, kit.StateChange(id, 1, "second"))
	for _, version := range []int64{1, 3, 99, -1} {
		s.Refused(t, kit.StateChange(id, version, "wrong"), store.ErrConflict)
	}
	s.Must(t, kit.StateChange(id, 2, "third"))
	if h := s.HeadOf(t, id); h.Version != 3 || string(h.State) != "third" {
		t.Errorf("version %d, state %q; want 3, third", h.Version, h.State)
	}
}

// Two servers decide on version 1, each a second change on its own first one.
// All four are under way together; only those of the first server fit.
func ground(t *testing.T, s *env) {
	id := s.Create(t, 0)
	var made []chan error
	for _, c := range []struct {
		version, next int64
		state         string
	}{{1, 70, "one"}, {1, 80, "other"}, {80, 90, "on the other"}, {70, 75, "on the one"}} {
		change, done := kit.StateChange(id, c.version, c.state), make(chan error, 1)
		change.Next = c.next
		s.Submit(change, func(err error) { done <- err })
		made = append(made, done)
	}
	for i, want := range []error{nil, store.ErrConflict, store.ErrConflict, nil} {
		if err := <-made[i]; !errors.Is(err, want) {
			t.Errorf("change %d: done(%v); want %v", i, err, want)
		}
	}
	if h := s.HeadOf(t, id); h.Version != 75 || string(h.State) != "on the one" {
		t.Errorf("version %d, state %q; want 75, on the one", h.Version, h.State)
	}
}

func itemsAfter(t *testing.T, s *env) {
	id := s.Create(t, 2)
	last := s.Transcript(t, id)[1].ID
	s.Refused(t, &store.Change{Chat: id, After: center.NewItemID(kit.At(3), 2, 7), Items: kit.Items(id, 3, 1)}, store.ErrConflict)
	s.Refused(t, &store.Change{Chat: id, After: last, Items: kit.Items(id, 4, 1)}, store.ErrConflict)
	s.Must(t, &store.Change{Chat: id, After: last, Items: kit.Items(id, 3, 2)})
	s.Refused(t, &store.Change{Chat: id, After: last, Items: kit.Items(id, 5, 1)}, store.ErrConflict)
	s.Must(t, &store.Change{Chat: id, Version: 1, After: "of no interest", State: &store.Head{Instance: kit.Instance}}) // there is no item
	if got := kit.Seqs(s.Transcript(t, id)); !slices.Equal(got, []int64{1, 2, 3, 4}) {
		t.Errorf("transcript %v; want 1 to 4", got)
	}
}

func seqGaps(t *testing.T, s *env) {
	id := s.Create(t, 2)
	for name, wrong := range map[string][]center.Item{
		"a gap":               kit.Items(id, 4, 1),
		"one that is there":   kit.Items(id, 2, 1),
		"an overlap":          kit.Items(id, 2, 3),
		"a gap inside":        {kit.Message(id, 3, "a"), kit.Message(id, 5, "b")},
		"the same twice":      {kit.Message(id, 3, "a"), kit.Message(id, 3, "b")},
		"backwards":           {kit.Message(id, 4, "a"), kit.Message(id, 3, "b")},
		"zero":                kit.Items(id, 0, 1),
		"the beginning again": kit.Items(id, 1, 1),
	} {
		if err := s.Apply(&store.Change{Chat: id, Items: wrong}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: done(%v); want ErrConflict", name, err)
		}
	}
	s.Must(t, &store.Change{Chat: id, Items: kit.Items(id, 3, 2)})
	if got := kit.Seqs(s.Transcript(t, id)); !slices.Equal(got, []int64{1, 2, 3, 4}) {
		t.Errorf("transcript %v; want 1 to 4", got)
	}
	fresh := kit.NewID()
	c := kit.ChatChange(fresh, "x")
	c.Items = kit.Items(fresh, 2, 1)
	s.Refused(t, c, store.ErrConflict)
	_, err := s.Chat(t.Context(), fresh)
	kit.WantReason(t, err, center.NotFound)
}

func unknownChat(t *testing.T, s *env) {
	id := kit.NewID()
	s.Refused(t, kit.StateChange(id, 1, "x"), store.ErrConflict)
	s.Refused(t, &store.Change{Chat: id, Items: kit.Items(id, 1, 1)}, store.ErrConflict)
	s.Refused(t, &store.Change{Chat: id, Receipts: []center.Receipt{{Chat: id, Item: "i", Recipient: kit.Customer, Read: kit.At(1)}}}, store.ErrConflict)
	kit.WantReason(t, s.Apply(&store.Change{State: &store.Head{Instance: kit.Instance}}), center.Invalid)
	kit.WantReason(t, s.Apply(&store.Change{Items: kit.Items(id, 1, 1)}), center.Invalid)
}

func itemsOnly(t *testing.T, s *env) {
	id := s.Create(t, 1)
	before := s.HeadOf(t, id)
	more := kit.Items(id, 2, 1)
	read := []center.Receipt{{Chat: id, Item: kit.Items(id, 1, 1)[0].ID, Recipient: kit.Agent, Read: kit.At(1)}}
	for _, decidedElsewhere := range []*store.Change{{Items: more}, {Receipts: read}, {Deliveries: []store.Delivery{{Stream: "s", Chat: id, Due: kit.Epoch}}}} {
		decidedElsewhere.Chat, decidedElsewhere.Version = id, 77
		s.Refused(t, decidedElsewhere, store.ErrConflict)
	}
	s.Must(t, &store.Change{Chat: id, Version: before.Version, Receipts: read})
	s.Must(t, &store.Change{Chat: id, Items: more}) // without a state the version may be left open
	before.LastSeq, before.LastTime, before.LastID = 2, more[0].Time, more[0].ID
	if got := s.HeadOf(t, id); !reflect.DeepEqual(got, before) {
		t.Errorf("head %+v; want %+v", got, before)
	}
}

func wholeOrNot(t *testing.T, s *env) {
	id := s.Create(t, 1)
	before := s.HeadOf(t, id)
	other := kit.NewID()
	for _, spoil := range []struct {
		with func(*store.Change)
		want error
	}{
		{func(c *store.Change) { c.Version = 5 }, store.ErrConflict},
		{func(c *store.Change) { c.Items[0].Seq = 9 }, store.ErrConflict},
		{func(c *store.Change) { c.Quotas[0].Limit = 0 }, store.ErrQuota},
	} {
		c := kit.StateChange(id, 1, "second")
		c.Items = kit.Items(id, 2, 1)
		c.Receipts = []center.Receipt{{Chat: id, Item: kit.Items(id, 1, 1)[0].ID, Recipient: kit.Agent, Read: kit.At(1)}}
		c.Contacts = []center.Contact{kit.Contact(other, id, kit.Epoch)}
		c.Quotas = []store.Quota{{Counter: kit.Tally("whole"), Delta: 1, Limit: -1}}
		c.Once = &store.Once{Key: "whole", At: kit.Epoch}
		c.Deliveries = []store.Delivery{{Stream: "s", Chat: id, Due: kit.Epoch}}
		spoil.with(c)
		s.Refused(t, c, spoil.want)
	}
	if got := s.HeadOf(t, id); !reflect.DeepEqual(got, before) {
		t.Errorf("head %+v; want %+v", got, before)
	}
	if n := s.Value(t, kit.Tally("whole")); n != 0 {
		t.Errorf("a refused change moved its counter to %d", n)
	}
	_, err := s.ChatOf(t.Context(), other)
	kit.WantReason(t, err, center.NotFound)
	_, err = s.Replayed(t.Context(), "whole")
	kit.WantReason(t, err, center.NotFound)
	if got, err := s.Receipts(t.Context(), id, []center.ItemID{kit.Items(id, 1, 1)[0].ID}); err != nil || len(got) != 0 {
		t.Errorf("Receipts = %v, %v; want none", got, err)
	}
	if got, err := s.Outbox(t.Context(), store.AllShards, kit.At(9), 10); err != nil || len(got) != 0 {
		t.Errorf("Outbox = %v, %v; want nothing", got, err)
	}
}

func headFacts(t *testing.T, s *env) {
	id := s.Create(t, 0)
	version := int64(1)
	for _, want := range []store.Head{
		{Instance: kit.Instance, State: []byte("a"), Due: kit.At(5), Workers: []string{"node"}, Active: true},
		{Instance: kit.Instance, State: []byte("b"), Due: kit.At(5), Workers: []string{"node"}, Active: true}, // only the state
		{Instance: kit.Instance, State: []byte("c"), Due: kit.At(2), Active: true},
		{Instance: kit.Instance, State: []byte("d"), Due: time.Time{}, Workers: []string{"node"}},
		{Instance: kit.Elsewhere, State: []byte("e")},
		{Instance: kit.Instance, State: []byte("f"), Due: kit.At(1), Workers: []string{"node"}, Active: true},
	} {
		c := &store.Change{Chat: id, Version: version, State: new(want)}
		s.Must(t, c)
		version++
		want.Version = version
		if got := s.HeadOf(t, id); !reflect.DeepEqual(got, want) {
			t.Errorf("head %+v; want %+v", got, want)
		}
	}
}

func stateSizes(t *testing.T, s *env) {
	id := s.Create(t, 0)
	version := int64(1)
	for _, size := range []int{0, 1, 100, 5000, 200_000, 3} {
		state := make([]byte, size)
		for i := range state {
			state[i] = byte(i * 7)
		}
		s.Must(t, &store.Change{Chat: id, Version: version, State: &store.Head{Instance: kit.Instance, State: state}})
		version++
		if got := s.HeadOf(t, id); !slices.Equal(got.State, state) {
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
	a, b, c := s.Create(t, 3), s.Create(t, 0), kit.NewID()
	s.wantVersions(t, nil)
	s.wantVersions(t, []center.ContactID{c})
	s.Must(t, &store.Change{Chat: b, Version: 1, Next: 70, State: &store.Head{Instance: kit.Instance}})
	s.wantVersions(t, []center.ContactID{b, c, a}, store.ChatVersion{Chat: a, Version: 1, LastSeq: 3, Active: true}, store.ChatVersion{Chat: b, Version: 70})
	s.Must(t, &store.Change{Chat: b, Items: kit.Items(b, 1, 2)})
	s.wantVersions(t, []center.ContactID{b}, store.ChatVersion{Chat: b, Version: 70, LastSeq: 2})
	var many []center.ContactID
	var want []store.ChatVersion
	s.MustAll(t, 400, func(int) *store.Change {
		id := kit.NewID()
		many = append(many, id, kit.NewID())
		want = append(want, store.ChatVersion{Chat: id, Version: 1, Active: true})
		return kit.ChatChange(id, "x")
	})
	s.wantVersions(t, many, want...)
}

// What one node has committed the other reads and builds on; what rests on a
// version that is gone is refused, whichever node it comes from.
func twoNodesOneChat(t *testing.T, s *env) {
	nodes := s.nodes()
	id := nodes[0].Create(t, 1)
	for i := range int64(6) {
		node, other := nodes[i%2], nodes[(i+1)%2]
		c := kit.StateChange(id, i+1, "next")
		c.Items = kit.Items(id, i+2, 1)
		node.Must(t, c)
		other.Refused(t, kit.StateChange(id, i+1, "late"), store.ErrConflict)
		other.Refused(t, &store.Change{Chat: id, Items: kit.Items(id, i+2, 1)}, store.ErrConflict)
		if h := other.HeadOf(t, id); h.Version != i+2 || h.LastSeq != i+2 {
			t.Errorf("the other node reads version %d, last item %d; want %d, %d", h.Version, h.LastSeq, i+2, i+2)
		}
	}
	if got := kit.Seqs(nodes[1].Transcript(t, id)); !slices.Equal(got, []int64{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("transcript %v; want 1 to 7", got)
	}
}
