package storetest

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var itemCases = []testCase{
	{Name: "every member is kept", Run: itemMembers},
	{Name: "every sort of text is kept", Run: itemTexts},
	{Name: "bounds, directions and limits", Run: itemBounds},
	{Name: "a limit has a bound", Run: itemLimit},
	{Name: "hidden visibilities are left out", Run: itemsHidden},
	{Name: "items of one contact of the chain", Run: itemsOfContact},
	{Name: "time bounds", Run: itemTimes},
	{Name: "everything at once", Run: itemsCombined},
	{Name: "any part of a long transcript", Run: itemsAnywhere},
	{Name: "receipts are merged", Run: receiptsMerge},
	{Name: "receipts of the items asked for", Run: receiptsAsked},
}

func itemMembers(t *testing.T, s *env) {
	id, later := kit.NewID(), kit.NewID()
	full := center.Item{
		Chat: id, Seq: 1, ID: center.NewItemID(kit.Epoch, 1, 99), Contact: later, Time: kit.Epoch, Type: center.TypeAttachment,
		ContentType: center.AttachmentMessage, Content: `{"a": 1}`, Participant: kit.Agent, DisplayName: "Zoë", Role: center.RoleAgent,
		Visibility: center.VisibleAgent, Processing: center.ProcessingRejected, ClientToken: "2fb9a5ee-12f5-4a37-9e01-4b1b5d8a7f00",
		Attachment: &center.Attachment{ID: "att", Name: "cat.png", ContentType: "image/png", Size: 1 << 40, Status: center.AttachmentApproved,
			Owner: kit.Agent, Started: kit.At(-3)},
	}
	bare := center.Item{Chat: id, Seq: 2, ID: "not-a-uuid", Contact: id, Time: kit.At(1), Type: center.TypeEvent}
	odd := center.Item{Chat: id, Seq: 3, ID: "C0FFEE00-1111-4222-8333-444455556666", Contact: id, Time: kit.At(2), Type: center.TypeEvent,
		Participant: "p", ClientToken: "any token at all", Content: "c"}
	c := kit.ChatChange(id, "x")
	c.Items = []center.Item{full, bare, odd}
	s.Must(t, c)
	got := s.Transcript(t, id)
	for i, want := range c.Items {
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("item %d is %+v; want %+v", want.Seq, got[i], want)
		}
	}
}

func itemTexts(t *testing.T, s *env) {
	id := kit.NewID()
	texts := []string{"", " ", "plain", "line\nline\r\n", "nul \x00 inside", "日本語, 👩‍👩‍👧, \u200f", `'"; DROP TABLE items; --`, "?1 :a @b $c %s",
		strings.Repeat("0123456789", 2000)}
	c := kit.ChatChange(id, "x")
	for i, text := range texts {
		it := kit.Message(id, int64(i)+1, text)
		it.DisplayName = text
		c.Items = append(c.Items, it)
	}
	s.Must(t, c)
	for i, it := range s.Transcript(t, id) {
		if it.Content != texts[i] || it.DisplayName != texts[i] {
			t.Errorf("content %.40q, name %.40q; want %.40q", it.Content, it.DisplayName, texts[i])
		}
	}
}

// wantSeqs fails unless a query gives exactly these items.
func (s *env) wantSeqs(t *testing.T, q store.ItemQuery, want ...int64) {
	t.Helper()
	got, err := s.Items(t.Context(), q)
	if err != nil {
		t.Fatalf("Items(%+v): %v", q, err)
	}
	if !slices.Equal(kit.Seqs(got), want) {
		t.Errorf("Items(%+v) gives %v; want %v", q, kit.Seqs(got), want)
	}
}

func itemBounds(t *testing.T, s *env) {
	s.Create(t, 3) // another chat, of which nothing may show
	id := s.Create(t, 6)
	s.Create(t, 3)
	for _, c := range []struct {
		from, to   int64
		descending bool
		limit      int
		want       []int64
	}{
		{0, 0, false, 0, []int64{1, 2, 3, 4, 5, 6}},
		{0, 0, true, 0, []int64{6, 5, 4, 3, 2, 1}},
		{3, 0, false, 0, []int64{3, 4, 5, 6}},
		{3, 0, true, 0, []int64{6, 5, 4, 3}},
		{0, 4, false, 0, []int64{1, 2, 3, 4}},
		{0, 4, true, 0, []int64{4, 3, 2, 1}},
		{2, 5, false, 3, []int64{2, 3, 4}},
		{2, 5, true, 3, []int64{5, 4, 3}},
		{4, 4, false, 0, []int64{4}},
		{5, 4, false, 0, nil},
		{7, 0, false, 0, nil},
		{0, 99, true, 2, []int64{6, 5}},
		{0, 0, true, 1, []int64{6}},
	} {
		s.wantSeqs(t, store.ItemQuery{Chat: id, From: c.from, To: c.to, Descending: c.descending, Limit: c.limit}, c.want...)
	}
	empty := s.Create(t, 0)
	s.wantSeqs(t, store.ItemQuery{Chat: empty})
	s.wantSeqs(t, store.ItemQuery{Chat: empty, Descending: true})
}

func itemLimit(t *testing.T, s *env) {
	id := s.Create(t, 1205)
	for _, limit := range []int{0, 1000, 5000, -1} {
		got, err := s.Items(t.Context(), store.ItemQuery{Chat: id, Limit: limit})
		if err != nil || len(got) != 1000 {
			t.Errorf("limit %d gives %d items, %v; want 1000", limit, len(got), err)
		}
	}
	s.wantSeqs(t, store.ItemQuery{Chat: id, From: 1204}, 1204, 1205)
}

func itemsHidden(t *testing.T, s *env) {
	id := s.Create(t, 0)
	all := kit.Items(id, 1, 6)
	for i, v := range []center.Visibility{center.VisibleAll, center.VisibleCustomer, center.VisibleAgent, center.VisibleAll, center.VisibleAgent, center.VisibleCustomer} {
		all[i].Visibility = v
	}
	s.Must(t, &store.Change{Chat: id, Items: all})
	s.wantSeqs(t, store.ItemQuery{Chat: id, Hidden: []center.Visibility{center.VisibleAgent}}, 1, 2, 4, 6)
	s.wantSeqs(t, store.ItemQuery{Chat: id, Hidden: []center.Visibility{center.VisibleCustomer}, Descending: true}, 5, 4, 3, 1)
	s.wantSeqs(t, store.ItemQuery{Chat: id, Hidden: []center.Visibility{center.VisibleCustomer, center.VisibleAgent}, Limit: 2}, 1, 4)
	s.wantSeqs(t, store.ItemQuery{Chat: id, Hidden: []center.Visibility{center.VisibleAll}}, 2, 3, 5, 6)
	s.wantSeqs(t, store.ItemQuery{Chat: id, Hidden: []center.Visibility{center.VisibleAgent, center.VisibleAgent}, Limit: 3}, 1, 2, 4)
}

func itemsOfContact(t *testing.T, s *env) {
	id, second, third := s.Create(t, 2), kit.NewID(), kit.NewID()
	more := kit.Items(id, 3, 4)
	for i := range more {
		more[i].Contact = second
	}
	more[3].Contact = third
	s.Must(t, &store.Change{Chat: id, Items: more, Contacts: []center.Contact{kit.Contact(second, id, kit.At(3)), kit.Contact(third, id, kit.At(6))}})
	silent, other := kit.NewID(), kit.NewID()
	s.Must(t, &store.Change{Chat: id, Contacts: []center.Contact{kit.Contact(silent, id, kit.At(7))}})
	twin := kit.ChatChange(other, "x")
	twin.Contacts = []center.Contact{kit.Contact(other, other, kit.At(3))} // initiated when the second one was
	s.Must(t, twin)
	for _, c := range []struct {
		contact    center.ContactID
		descending bool
		limit      int
		want       []int64
	}{
		{id, false, 0, []int64{1, 2}},
		{second, false, 0, []int64{3, 4, 5}},
		{second, true, 1, []int64{5}},
		{third, true, 9, []int64{6}},
		{silent, false, 0, nil},
		{other, false, 0, nil},
		{kit.NewID(), false, 0, nil},
	} {
		s.wantSeqs(t, store.ItemQuery{Chat: id, Contact: c.contact, Descending: c.descending, Limit: c.limit}, c.want...)
	}
	if got, err := s.ChatOf(t.Context(), second); err != nil || got != id {
		t.Errorf("ChatOf(the second contact) = %q, %v; want %q", got, err, id)
	}
}

func itemTimes(t *testing.T, s *env) {
	id := s.Create(t, 5) // item n at second n
	ms := time.Millisecond
	s.wantSeqs(t, store.ItemQuery{Chat: id, After: kit.At(3)}, 3, 4, 5)
	s.wantSeqs(t, store.ItemQuery{Chat: id, After: kit.At(3).Add(ms)}, 4, 5)
	s.wantSeqs(t, store.ItemQuery{Chat: id, Before: kit.At(3)}, 1, 2, 3)
	s.wantSeqs(t, store.ItemQuery{Chat: id, Before: kit.At(3).Add(-ms), Descending: true}, 2, 1)
	s.wantSeqs(t, store.ItemQuery{Chat: id, After: kit.At(2), Before: kit.At(4), Descending: true, Limit: 2}, 4, 3)
	s.wantSeqs(t, store.ItemQuery{Chat: id, After: kit.At(6)})
	s.wantSeqs(t, store.ItemQuery{Chat: id, Before: kit.At(0)})
}

func itemsCombined(t *testing.T, s *env) {
	id := s.Create(t, 0)
	second := kit.NewID()
	all := kit.Items(id, 1, 12)
	for i := range all {
		if i >= 4 {
			all[i].Contact = second
		}
		if i%3 == 0 {
			all[i].Visibility = center.VisibleAgent
		}
	}
	s.Must(t, &store.Change{Chat: id, Items: all, Contacts: []center.Contact{kit.Contact(second, id, kit.At(5))}})
	s.wantSeqs(t, store.ItemQuery{Chat: id, From: 3, To: 11, Descending: true, Limit: 3, Contact: second,
		After: kit.At(5), Before: kit.At(10), Hidden: []center.Visibility{center.VisibleAgent}}, 9, 8, 6)
}

// Bounds of every kind give what a look at each item gives, also where many items
// share a millisecond and where hours lie between two.
func itemsAnywhere(t *testing.T, s *env) {
	const length = 900
	random := rand.New(rand.NewPCG(1, 2))
	id := s.Create(t, 0)
	all := kit.Items(id, 1, length)
	now, current := kit.At(1), id
	var contacts []center.Contact
	for i := range all {
		if i%250 == 249 {
			current = kit.NewID()
			contacts = append(contacts, kit.Contact(current, id, now))
		}
		now = now.Add([]time.Duration{0, 0, time.Millisecond, time.Second, time.Hour}[random.IntN(5)])
		all[i].Time, all[i].Contact = now, current
		if random.IntN(4) == 0 {
			all[i].Visibility = center.VisibleAgent
		}
	}
	s.Must(t, &store.Change{Chat: id, Items: all, Contacts: contacts})
	moment := func() time.Time {
		if random.IntN(3) == 0 {
			return time.Time{}
		}
		return all[random.IntN(length)].Time.Add(time.Duration(random.IntN(3)-1) * time.Millisecond)
	}
	for range 300 {
		q := store.ItemQuery{Chat: id, Before: moment(), After: moment(), Descending: random.IntN(2) == 0, Limit: 1 + random.IntN(20)}
		if random.IntN(2) == 0 {
			q.From, q.To = random.Int64N(length+9), random.Int64N(length+9)
		}
		if random.IntN(3) == 0 {
			q.Contact = all[random.IntN(length)].Contact
		}
		if random.IntN(2) == 0 {
			q.Hidden = []center.Visibility{center.VisibleAgent}
		}
		want := kit.Seqs(slices.DeleteFunc(slices.Clone(all), func(it center.Item) bool {
			return it.Seq < q.From || q.To > 0 && it.Seq > q.To || q.Contact != "" && it.Contact != q.Contact ||
				!q.Before.IsZero() && it.Time.After(q.Before) || !q.After.IsZero() && it.Time.Before(q.After) || slices.Contains(q.Hidden, it.Visibility)
		}))
		if q.Descending {
			slices.Reverse(want)
		}
		s.wantSeqs(t, q, want[:min(len(want), q.Limit)]...)
	}
}

func receiptsMerge(t *testing.T, s *env) {
	id := s.Create(t, 1)
	it := s.Transcript(t, id)[0].ID
	for _, step := range []struct {
		delivered, read time.Time
		want            center.Receipt
	}{
		{kit.At(1), time.Time{}, center.Receipt{Delivered: kit.At(1)}},
		{kit.At(5), time.Time{}, center.Receipt{Delivered: kit.At(1)}},
		{time.Time{}, kit.At(7), center.Receipt{Delivered: kit.At(1), Read: kit.At(7)}},
		{kit.At(0), kit.At(2), center.Receipt{Delivered: kit.At(1), Read: kit.At(7)}},
		{time.Time{}, time.Time{}, center.Receipt{Delivered: kit.At(1), Read: kit.At(7)}},
	} {
		s.Must(t, &store.Change{Chat: id, Receipts: []center.Receipt{{Chat: id, Item: it, Recipient: kit.Agent, Delivered: step.delivered, Read: step.read}}})
		step.want.Chat, step.want.Item, step.want.Recipient = id, it, kit.Agent
		got, err := s.Receipts(t.Context(), id, []center.ItemID{it})
		if err != nil || len(got) != 1 || got[0] != step.want {
			t.Errorf("Receipts = %+v, %v; want %+v", got, err, step.want)
		}
	}
}

func receiptsAsked(t *testing.T, s *env) {
	id, other := s.Create(t, 3), s.Create(t, 1)
	all := s.Transcript(t, id)
	var receipts []center.Receipt
	for _, it := range all {
		receipts = append(receipts, center.Receipt{Chat: id, Item: it.ID, Recipient: kit.Agent, Delivered: kit.At(1)})
	}
	receipts = append(receipts, center.Receipt{Chat: id, Item: all[0].ID, Recipient: kit.Customer, Read: kit.At(2)},
		center.Receipt{Chat: id, Item: "odd item", Recipient: "odd person", Read: kit.At(2)})
	s.Must(t, &store.Change{Chat: id, Receipts: receipts})
	for _, c := range []struct {
		chat  center.ContactID
		items []center.ItemID
		want  int
	}{
		{id, nil, 0}, {id, []center.ItemID{all[0].ID}, 2}, {id, []center.ItemID{all[1].ID, all[2].ID}, 2},
		{id, []center.ItemID{all[1].ID, "unknown"}, 1}, {id, []center.ItemID{"odd item"}, 1}, {other, []center.ItemID{all[0].ID}, 0},
	} {
		got, err := s.Receipts(t.Context(), c.chat, c.items)
		if err != nil || len(got) != c.want {
			t.Errorf("Receipts of %d items = %v, %v; want %d", len(c.items), got, err, c.want)
		}
	}
	got, err := s.Receipts(t.Context(), id, []center.ItemID{"odd item"})
	if err != nil || len(got) != 1 || got[0].Recipient != "odd person" || !got[0].Read.Equal(kit.At(2)) || !got[0].Delivered.IsZero() {
		t.Errorf("Receipts = %+v, %v", got, err)
	}
	_, err = s.Receipts(t.Context(), kit.NewID(), []center.ItemID{all[0].ID})
	kit.WantReason(t, err, center.NotFound)
}
