package recordcases

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var contactCases = []testCase{
	{Name: "every member is kept", Run: contactMembers},
	{Name: "a record is replaced", Run: contactReplaced},
	{Name: "each restriction", Run: contactRestrictions},
	{Name: "more than one page, in order, with a limit", Run: contactPages},
	{Name: "an iterator can be left and run again", Run: contactsAgain},
	{Name: "a consumer may ask the store other things", Run: contactsNested},
	{Name: "an ended context ends a read", Run: contextEnds},
}

func contactMembers(t *testing.T, s *env) {
	id := kit.NewID()
	want := center.Contact{
		ID: id, Chat: id, Instance: kit.Instance, Previous: kit.NewID(), Next: kit.NewID(), Related: kit.NewID(), InitiationMethod: center.MethodTransfer,
		Name: "n", Description: "d", CustomerID: "c", Initiated: kit.At(1), ConnectedSystem: kit.At(2), Disconnected: kit.At(3),
		DisconnectReason: center.ReasonExpired, Updated: kit.At(4), Flow: "f", Queue: "q", Enqueued: kit.At(5), Agent: "a", AgentConnected: kit.At(6),
		QueuePriority: 3, QueueTimeAdjust: -9, References: map[string]center.Reference{"r": {Type: "URL", Value: "https://example.com/?a=b"}},
		SegmentAttrs: map[string]center.SegmentAttribute{"s": {Map: map[string]center.SegmentAttribute{"deep": {Integer: new(int64(4))}}}},
		Tags:         map[string]string{"k": "v"},
	}
	c := kit.ChatChange(id, "x")
	c.Contacts = []center.Contact{want}
	s.Must(t, c)
	got := s.ListContacts(t, store.ContactQuery{IDs: []center.ContactID{id}})
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("contacts %+v; want %+v", got, want)
	}
}

func contactReplaced(t *testing.T, s *env) {
	id := s.Create(t, 0)
	changed := kit.Contact(id, id, kit.Epoch)
	changed.Instance, changed.Related, changed.Disconnected, changed.DisconnectReason = kit.Elsewhere, kit.NewID(), kit.At(4), center.ReasonCustomer
	s.Must(t, &store.Change{Chat: id, Contacts: []center.Contact{changed}})
	for _, q := range []store.ContactQuery{{Chat: id}, {Instance: kit.Elsewhere}, {Related: changed.Related}} {
		if got := s.ListContacts(t, q); len(got) != 1 || !reflect.DeepEqual(got[0], changed) {
			t.Errorf("Contacts(%+v) = %+v; want %+v", q, got, changed)
		}
	}
	if got := s.ListContacts(t, store.ContactQuery{Instance: kit.Instance}); len(got) != 0 {
		t.Errorf("the replaced record is still there: %+v", got)
	}
}

func contactRestrictions(t *testing.T, s *env) {
	a, a2, b, foreign := kit.NewID(), kit.NewID(), kit.NewID(), kit.NewID()
	chainA := kit.ChatChange(a, "x")
	chainA.Contacts = []center.Contact{kit.Contact(a, a, kit.At(10)), kit.Contact(a2, a, kit.At(20))}
	s.Must(t, chainA)
	chainB := kit.ChatChange(b, "x")
	chainB.Contacts = []center.Contact{kit.Contact(b, b, kit.At(20))}
	chainB.Contacts[0].Related = a
	s.Must(t, chainB)
	elsewhereChat := kit.ChatChange(foreign, "x")
	elsewhereChat.Contacts = []center.Contact{kit.Contact(foreign, foreign, kit.At(15))}
	elsewhereChat.Contacts[0].Instance = kit.Elsewhere
	s.Must(t, elsewhereChat)

	for _, c := range []struct {
		q    store.ContactQuery
		want []center.ContactID
	}{
		{store.ContactQuery{}, []center.ContactID{a, foreign, a2, b}},
		{store.ContactQuery{Descending: true}, []center.ContactID{b, a2, foreign, a}},
		{store.ContactQuery{Instance: kit.Instance}, []center.ContactID{a, a2, b}},
		{store.ContactQuery{Instance: kit.Elsewhere}, []center.ContactID{foreign}},
		{store.ContactQuery{Chat: a}, []center.ContactID{a, a2}},
		{store.ContactQuery{Related: a}, []center.ContactID{b}},
		{store.ContactQuery{Related: b}, nil},
		{store.ContactQuery{InitiatedFrom: kit.At(15)}, []center.ContactID{foreign, a2, b}},
		{store.ContactQuery{InitiatedTo: kit.At(20)}, []center.ContactID{a, foreign}},
		{store.ContactQuery{InitiatedFrom: kit.At(10), InitiatedTo: kit.At(15)}, []center.ContactID{a}},
		{store.ContactQuery{Instance: kit.Instance, InitiatedFrom: kit.At(11), Descending: true, Limit: 1}, []center.ContactID{b}},
		{store.ContactQuery{IDs: []center.ContactID{b, kit.NewID(), a, b}}, []center.ContactID{a, b}},
		{store.ContactQuery{IDs: []center.ContactID{a, b, foreign}, Instance: kit.Instance, Descending: true}, []center.ContactID{b, a}},
		{store.ContactQuery{IDs: []center.ContactID{a, a2, b}, Chat: a, InitiatedFrom: kit.At(11)}, []center.ContactID{a2}},
		{store.ContactQuery{IDs: []center.ContactID{a, a2, b}, Limit: 2}, []center.ContactID{a, a2}},
		{store.ContactQuery{IDs: []center.ContactID{a, b}, Related: a}, []center.ContactID{b}},
		{store.ContactQuery{Limit: 3}, []center.ContactID{a, foreign, a2}},
	} {
		s.WantContacts(t, c.q, c.want...)
	}
}

func contactPages(t *testing.T, s *env) {
	const n = 530
	chat := kit.NewID()
	c := kit.ChatChange(chat, "x")
	c.Contacts = nil
	var want []center.ContactID
	for i := range n {
		id := kit.NewID()
		want = append(want, id)
		c.Contacts = append(c.Contacts, kit.Contact(id, chat, kit.At(i/7))) // several at one moment
	}
	slices.Reverse(c.Contacts)
	s.Must(t, c)
	s.WantContacts(t, store.ContactQuery{Instance: kit.Instance}, want...)
	s.WantContacts(t, store.ContactQuery{Chat: chat, Limit: 400}, want[:400]...)
	slices.Reverse(want)
	s.WantContacts(t, store.ContactQuery{Chat: chat, Descending: true}, want...)
	s.WantContacts(t, store.ContactQuery{Chat: chat, Descending: true, Limit: 200}, want[:200]...)
}

func contactsAgain(t *testing.T, s *env) {
	for range 3 {
		s.Create(t, 0)
	}
	all := s.Contacts(t.Context(), store.ContactQuery{Limit: 3})
	for range 2 {
		n := 0
		for _, err := range all {
			if err != nil {
				t.Fatalf("Contacts: %v", err)
			}
			if n++; n == 2 {
				break
			}
		}
		if n != 2 {
			t.Errorf("a run that is left after two gave %d", n)
		}
	}
	n := 0
	for range all {
		n++
	}
	if n != 3 {
		t.Errorf("a whole run gave %d; want 3", n)
	}
}

func contactsNested(t *testing.T, s *env) {
	for range 8 {
		s.Create(t, 1)
	}
	n := 0
	for c, err := range s.Contacts(t.Context(), store.ContactQuery{}) {
		if err != nil {
			t.Fatalf("Contacts: %v", err)
		}
		s.Must(t, &store.Change{Chat: c.ID, Items: kit.Items(c.ID, 2, 1)})
		n += len(s.Transcript(t, c.ID))
	}
	if n != 16 {
		t.Errorf("%d items; want 16", n)
	}
}

func contextEnds(t *testing.T, s *env) {
	id := s.Create(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Chat(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("Chat = %v; want context.Canceled", err)
	}
	for _, err := range s.Contacts(ctx, store.ContactQuery{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Contacts yields %v; want context.Canceled", err)
		}
	}
	if _, err := s.WriteResources(ctx, store.ResourceWrite{}); !errors.Is(err, context.Canceled) {
		t.Errorf("WriteResources = %v; want context.Canceled", err)
	}
}
