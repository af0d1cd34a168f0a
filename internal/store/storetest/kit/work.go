package kit

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// WantUploads fails unless these uploads have expired at now, longest first.
func (s *Env) WantUploads(t *testing.T, now time.Time, limit int, want ...string) {
	t.Helper()
	all, err := s.Uploads(t.Context(), store.AllShards, now, limit)
	if err != nil {
		t.Fatalf("Uploads: %v", err)
	}
	var got []string
	for _, u := range all {
		got = append(got, fmt.Sprintf("%s of %s at %d", u.ID, u.Chat, int(u.Expires.Sub(Epoch).Seconds())))
	}
	if !slices.Equal(got, want) {
		t.Errorf("Uploads(%v, %d) = %q; want %q", now, limit, got, want)
	}
}

// WantOutbox fails unless these deliveries are due at now.
func (s *Env) WantOutbox(t *testing.T, now time.Time, limit int, want ...int64) {
	t.Helper()
	all, err := s.Outbox(t.Context(), store.AllShards, now, limit)
	if err != nil {
		t.Fatalf("Outbox: %v", err)
	}
	var got []int64
	for _, d := range all {
		got = append(got, d.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("Outbox(%v, %d) = %v; want %v", now, limit, got, want)
	}
}

// IDIn returns a new id in one of the halves.
func IDIn(h int) center.ContactID {
	for {
		if id := NewID(); Half(id) == h {
			return id
		}
	}
}

// Half returns whose share of the work a chat is.
func Half(id center.ContactID) int { return store.ShardOf(id) % 2 }

// Ended makes a chat that has ended and left everything.
func (s *Env) Ended(t *testing.T, change ...func(*store.Change)) center.ContactID {
	t.Helper()
	id := NewID()
	c := ChatChange(id, `{"attributes":{"tier":"gold"}}`)
	c.Contacts[0].CustomerID = "customer"
	c.Items = Items(id, 1, 5)
	c.Receipts = []center.Receipt{{Chat: id, Item: c.Items[0].ID, Recipient: Agent, Read: At(1)}}
	c.Once = &store.Once{Key: "once/" + string(id), Answer: []byte("answer"), At: Epoch}
	c.Deliveries = []store.Delivery{Delivery(string(id), 0), Delivery(string(id), 0), Delivery(string(id)+"/2", 0)}
	for i := range c.Deliveries {
		c.Deliveries[i].Chat = id
	}
	c.Uploads = []store.Upload{{ID: "upload/" + string(id), Chat: id, Expires: At(9)}}
	c.State.Active, c.State.Ended, c.State.Kept = false, At(10), center.AllParts
	for _, f := range change {
		f(c)
	}
	s.Must(t, c)
	return id
}

// EraseAll takes a whole chat away.
func (s *Env) EraseAll(t *testing.T, id center.ContactID, erasure string) {
	t.Helper()
	s.Must(t, &store.Change{Chat: id, Version: s.HeadOf(t, id).Version, Erase: &store.Remove{
		Parts: center.AllParts, Files: []string{"file"}, Contacts: []center.ContactID{id}, Erasure: erasure}})
}

// EraseSteps deletes all rows, a few at a time, and returns in how many steps.
func (s *Env) EraseSteps(t *testing.T, limit int) (steps int) {
	t.Helper()
	for more := true; more; steps++ {
		var err error
		if more, err = s.EraseRows(t.Context(), limit); err != nil {
			t.Fatalf("EraseRows: %v", err)
		}
	}
	return steps
}

// Delivery is one of a stream without a chat, put there when it is due.
func Delivery(stream string, due int) store.Delivery {
	return store.Delivery{Stream: stream, Instance: Instance, Endpoint: "e", Body: []byte("body"), Created: At(due), Due: At(due)}
}

// Halves are two sets of shards, two nodes' shares of the work.
var Halves = [2]store.Shards{0x5555_5555_5555_5555, 0xaaaa_aaaa_aaaa_aaaa}

// WantContacts fails unless a query yields these contacts, in this order.
func (s *Env) WantContacts(t *testing.T, q store.ContactQuery, want ...center.ContactID) {
	t.Helper()
	var got []center.ContactID
	for _, c := range s.ListContacts(t, q) {
		got = append(got, c.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Contacts(%+v) gives\n%v; want\n%v", q, got, want)
	}
}

// ListContacts collects what a query yields.
func (s *Env) ListContacts(t *testing.T, q store.ContactQuery) []center.Contact {
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
