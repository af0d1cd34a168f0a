package storetest

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var closingCases = []testCase{
	{Name: "Close answers everything and may be called twice", Run: closeAnswers},
	{Name: "a closed store refuses", Run: closedRefuses},
	{Name: "closing under load answers in the order of each chat", Run: closeUnderLoad},
}

var lastingCases = []testCase{
	{Name: "everything is there after reopening", Run: reopenKeeps, Reopens: true},
	{Name: "chats go on after reopening", Run: reopenGoesOn, Reopens: true},
}

func closeAnswers(t *testing.T, s *env) {
	const n = 500
	var answered atomic.Int64
	for range n {
		s.Submit(kit.ChatChange(kit.NewID(), "x"), func(err error) {
			if err == nil {
				answered.Add(1)
			}
		})
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close = %v", err)
		}
	}
	if answered.Load() != n {
		t.Errorf("Close returned after %d of %d changes were answered", answered.Load(), n)
	}
}

func closedRefuses(t *testing.T, s *env) {
	id := s.Create(t, 1)
	if err := s.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	s.Refused(t, kit.StateChange(id, 1, "x"), store.ErrClosed)
	s.Refused(t, kit.StateChange(id, 1, "x"), store.ErrClosed)
	s.RefusedAgent(t, kit.AgentChange(kit.NewUser(), 0, "x"), store.ErrClosed)
	if err := s.Keep(t.Context(), &store.Chores{Delivered: []int64{1}}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Keep = %v; want ErrClosed", err)
	}
	if _, err := s.Chat(t.Context(), id); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Chat = %v; want ErrClosed", err)
	}
	if _, err := s.write(t, []center.Resource{queue("q", "")}, nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("WriteResources = %v; want ErrClosed", err)
	}
	if _, err := s.Agent(t.Context(), "u"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Agent = %v; want ErrClosed", err)
	}
	for _, err := range s.Held(t.Context(), kit.Instance, "") {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("Held yields %v; want ErrClosed", err)
		}
	}
	for _, err := range s.Contacts(t.Context(), store.ContactQuery{}) {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("Contacts yields %v; want ErrClosed", err)
		}
	}
}

func closeUnderLoad(t *testing.T, s *env) {
	const submitters, each = 16, 100
	var order [submitters][]int
	var errs [submitters][]error
	var wg, answers sync.WaitGroup
	answers.Add(submitters * each)
	for n := range submitters {
		wg.Go(func() {
			id := kit.NewID()
			for i := range each {
				c := &store.Change{Chat: id, Items: kit.Items(id, int64(i), 1)}
				if i == 0 {
					c = kit.ChatChange(id, "x")
				}
				s.Submit(c, func(err error) {
					order[n] = append(order[n], i)
					errs[n] = append(errs[n], err)
					answers.Done()
				})
				if n == 0 && i == each/2 {
					wg.Go(func() {
						if err := s.Close(); err != nil {
							t.Errorf("Close = %v", err)
						}
					})
				}
			}
		})
	}
	wg.Wait()
	answers.Wait()
	for n := range order {
		if len(order[n]) != each || !slices.IsSorted(order[n]) {
			t.Errorf("the changes of chat %d were answered in the order %v", n, order[n])
		}
		closed := false
		for _, err := range errs[n] {
			switch {
			case errors.Is(err, store.ErrClosed):
				closed = true
			case err != nil:
				t.Fatalf("done(%v); want nil or ErrClosed", err)
			case closed:
				t.Fatalf("a change was accepted after one of its chat was refused with ErrClosed")
			}
		}
	}
}

func reopenKeeps(t *testing.T, s *env) {
	id := kit.NewID()
	c := kit.ChatChange(id, "state")
	c.State.Due, c.State.Workers = kit.At(40), []string{"node"}
	c.Items = kit.Items(id, 1, 3)
	c.Receipts = []center.Receipt{{Chat: id, Item: c.Items[0].ID, Recipient: kit.Agent, Read: kit.At(9)}}
	c.Quotas = []store.Quota{{Counter: kit.Tally("q"), Delta: 3, Limit: 3}}
	c.Once = &store.Once{Key: "k", Answer: []byte("answer"), At: kit.Epoch}
	c.Deliveries = []store.Delivery{{Stream: "s", Chat: id, Due: kit.At(1), Body: []byte("body")}}
	s.Must(t, c)
	s.mustPut(t, queue("q1", "Sales"))
	before := s.HeadOf(t, id)
	for range 2 {
		s.Restart(t)
		if got := s.HeadOf(t, id); !reflect.DeepEqual(got, before) {
			t.Errorf("head %+v; want %+v", got, before)
		}
		if got := s.Transcript(t, id); !reflect.DeepEqual(got, c.Items) {
			t.Errorf("items %+v; want %+v", got, c.Items)
		}
		if got, err := s.Receipts(t.Context(), id, []center.ItemID{c.Items[0].ID}); err != nil || !slices.Equal(got, c.Receipts) {
			t.Errorf("receipts %+v, %v; want %+v", got, err, c.Receipts)
		}
		if n := s.Value(t, kit.Tally("q")); n != 3 {
			t.Errorf("the counter is %d; want 3", n)
		}
		if got, err := s.Replayed(t.Context(), "k"); err != nil || string(got) != "answer" {
			t.Errorf("Replayed = %q, %v", got, err)
		}
		if got, err := s.Outbox(t.Context(), store.AllShards, kit.At(1), 9); err != nil || len(got) != 1 || string(got[0].Body) != "body" {
			t.Errorf("Outbox = %+v, %v", got, err)
		}
		s.WantContacts(t, store.ContactQuery{}, id)
		s.wantList(t, kit.Instance, center.KindQueue, "q1")
		s.wantDue(t, kit.At(40), 9, time.Time{}, id)
		s.wantOrphans(t, []string{"another"}, id)
	}
}

func reopenGoesOn(t *testing.T, s *env) {
	id := s.Create(t, 2)
	first := s.put(t, kit.At(0), "s", "s")
	s.Must(t, &store.Change{Quotas: []store.Quota{{Counter: kit.Tally("q"), Delta: 1, Limit: 2}}})
	s.MustKeep(t, &store.Chores{Delivered: first})
	s.Restart(t)
	s.Refused(t, &store.Change{Chat: id, Items: kit.Items(id, 2, 1)}, store.ErrConflict)
	s.Refused(t, &store.Change{Chat: id, Items: kit.Items(id, 4, 1)}, store.ErrConflict)
	s.Refused(t, kit.ChatChange(id, "again"), store.ErrConflict)
	s.Refused(t, kit.StateChange(id, 2, "x"), store.ErrConflict)
	s.Refused(t, &store.Change{Quotas: []store.Quota{{Counter: kit.Tally("q"), Delta: 2, Limit: 2}}}, store.ErrQuota)
	c := kit.StateChange(id, 1, "second")
	c.Items = kit.Items(id, 3, 1)
	c.Quotas = []store.Quota{{Counter: kit.Tally("q"), Delta: 1, Limit: 2}}
	s.Must(t, c)
	if h := s.HeadOf(t, id); h.Version != 2 || h.LastSeq != 3 || string(h.State) != "second" {
		t.Errorf("head %+v; want version 2, last item 3", h)
	}
	if next := s.put(t, kit.At(0), "s"); next[0] <= first[1] {
		t.Errorf("delivery id %d was given again", next[0])
	}
}
