package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

var contactCases = []testCase{
	{name: "every member comes back", run: contactMembers},
	{name: "a record is replaced", run: contactReplaced},
	{name: "each restriction", run: contactRestrictions},
	{name: "more than one page, in order, with a limit", run: contactPages},
	{name: "an iterator can be left and run again", run: contactsAgain},
	{name: "a consumer may ask the store other things", run: contactsNested},
	{name: "an ended context ends a read", run: contextEnds},
}

func contactMembers(t *testing.T, s *env) {
	id := newID()
	want := center.Contact{
		ID: id, Chat: id, Instance: instance, Previous: newID(), Next: newID(), Related: newID(), InitiationMethod: center.MethodTransfer,
		Name: "n", Description: "d", CustomerID: "c", Initiated: at(1), ConnectedSystem: at(2), Disconnected: at(3),
		DisconnectReason: center.ReasonExpired, Updated: at(4), Flow: "f", Queue: "q", Enqueued: at(5), Agent: "a", AgentConnected: at(6),
		QueuePriority: 3, QueueTimeAdjust: -9, References: map[string]center.Reference{"r": {Type: "URL", Value: "https://example.com/?a=b"}},
		SegmentAttrs: map[string]center.SegmentAttribute{"s": {Map: map[string]center.SegmentAttribute{"deep": {Integer: new(int64(4))}}}},
		Tags:         map[string]string{"k": "v"},
	}
	c := chatChange(id, "x")
	c.Contacts = []center.Contact{want}
	s.must(t, c)
	got := s.contacts(t, store.ContactQuery{IDs: []center.ContactID{id}})
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("contacts %+v; want %+v", got, want)
	}
}

func contactReplaced(t *testing.T, s *env) {
	id := s.create(t, 0)
	changed := contact(id, id, epoch)
	changed.Instance, changed.Related, changed.Disconnected, changed.DisconnectReason = elsewhere, newID(), at(4), center.ReasonCustomer
	s.must(t, &store.Change{Chat: id, Contacts: []center.Contact{changed}})
	for _, q := range []store.ContactQuery{{Chat: id}, {Instance: elsewhere}, {Related: changed.Related}} {
		if got := s.contacts(t, q); len(got) != 1 || !reflect.DeepEqual(got[0], changed) {
			t.Errorf("Contacts(%+v) = %+v; want %+v", q, got, changed)
		}
	}
	if got := s.contacts(t, store.ContactQuery{Instance: instance}); len(got) != 0 {
		t.Errorf("the replaced record is still found: %+v", got)
	}
}

// contacts collects what a query yields.
func (s *env) contacts(t *testing.T, q store.ContactQuery) []center.Contact {
	t.Helper()
	var all []center.Contact
	for c, err := range s.Contacts(t.Context(), q) {
		if err != nil {
			t.Fatalf("Contacts(%+v): %v", q, err)
		}
		all = append(all, c)
	}
	return all
}

func (s *env) wantContacts(t *testing.T, q store.ContactQuery, want ...center.ContactID) {
	t.Helper()
	var got []center.ContactID
	for _, c := range s.contacts(t, q) {
		got = append(got, c.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Contacts(%+v) gives\n%v; want\n%v", q, got, want)
	}
}

func contactRestrictions(t *testing.T, s *env) {
	a, a2, b, foreign := newID(), newID(), newID(), newID()
	chainA := chatChange(a, "x")
	chainA.Contacts = []center.Contact{contact(a, a, at(10)), contact(a2, a, at(20))}
	s.must(t, chainA)
	chainB := chatChange(b, "x")
	chainB.Contacts = []center.Contact{contact(b, b, at(20))}
	chainB.Contacts[0].Related = a
	s.must(t, chainB)
	elsewhereChat := chatChange(foreign, "x")
	elsewhereChat.Contacts = []center.Contact{contact(foreign, foreign, at(15))}
	elsewhereChat.Contacts[0].Instance = elsewhere
	s.must(t, elsewhereChat)

	for _, c := range []struct {
		q    store.ContactQuery
		want []center.ContactID
	}{
		{store.ContactQuery{}, []center.ContactID{a, foreign, a2, b}},
		{store.ContactQuery{Descending: true}, []center.ContactID{b, a2, foreign, a}},
		{store.ContactQuery{Instance: instance}, []center.ContactID{a, a2, b}},
		{store.ContactQuery{Instance: elsewhere}, []center.ContactID{foreign}},
		{store.ContactQuery{Chat: a}, []center.ContactID{a, a2}},
		{store.ContactQuery{Related: a}, []center.ContactID{b}},
		{store.ContactQuery{Related: b}, nil},
		{store.ContactQuery{InitiatedFrom: at(15)}, []center.ContactID{foreign, a2, b}},
		{store.ContactQuery{InitiatedTo: at(20)}, []center.ContactID{a, foreign}},
		{store.ContactQuery{InitiatedFrom: at(10), InitiatedTo: at(15)}, []center.ContactID{a}},
		{store.ContactQuery{Instance: instance, InitiatedFrom: at(11), Descending: true, Limit: 1}, []center.ContactID{b}},
		{store.ContactQuery{IDs: []center.ContactID{b, newID(), a, b}}, []center.ContactID{a, b}},
		{store.ContactQuery{IDs: []center.ContactID{a, b, foreign}, Instance: instance, Descending: true}, []center.ContactID{b, a}},
		{store.ContactQuery{IDs: []center.ContactID{a, a2, b}, Chat: a, InitiatedFrom: at(11)}, []center.ContactID{a2}},
		{store.ContactQuery{IDs: []center.ContactID{a, a2, b}, Limit: 2}, []center.ContactID{a, a2}},
		{store.ContactQuery{IDs: []center.ContactID{a, b}, Related: a}, []center.ContactID{b}},
		{store.ContactQuery{Limit: 3}, []center.ContactID{a, foreign, a2}},
	} {
		s.wantContacts(t, c.q, c.want...)
	}
}

func contactPages(t *testing.T, s *env) {
	const n = 530
	chat := newID()
	c := chatChange(chat, "x")
	c.Contacts = nil
	var want []center.ContactID
	for i := range n {
		id := newID()
		want = append(want, id)
		c.Contacts = append(c.Contacts, contact(id, chat, at(i/7))) // several at one moment
	}
	slices.Reverse(c.Contacts)
	s.must(t, c)
	s.wantContacts(t, store.ContactQuery{Instance: instance}, want...)
	s.wantContacts(t, store.ContactQuery{Chat: chat, Limit: 400}, want[:400]...)
	slices.Reverse(want)
	s.wantContacts(t, store.ContactQuery{Chat: chat, Descending: true}, want...)
	s.wantContacts(t, store.ContactQuery{Chat: chat, Descending: true, Limit: 200}, want[:200]...)
}

func contactsAgain(t *testing.T, s *env) {
	for range 3 {
		s.create(t, 0)
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
		s.create(t, 1)
	}
	n := 0
	for c, err := range s.Contacts(t.Context(), store.ContactQuery{}) {
		if err != nil {
			t.Fatalf("Contacts: %v", err)
		}
		s.must(t, &store.Change{Chat: c.ID, Items: items(c.ID, 2, 1)})
		n += len(s.transcript(t, c.ID))
	}
	if n != 16 {
		t.Errorf("%d items; want 16", n)
	}
}

func contextEnds(t *testing.T, s *env) {
	id := s.create(t, 1)
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
