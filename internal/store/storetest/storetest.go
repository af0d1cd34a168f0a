// Package storetest is the contract of [store.Store] as tests. A store's own test is a constructor and one call:
//
//	func TestStore(t *testing.T) { storetest.Run(t, storetest.Opener{Open: open}) }
//
// Every case gets two handles on fresh, empty data, as two nodes of a cluster have, and closes them. A bug
// found in one store becomes a case here. The cases are split by topic into files; each file begins with its table.
package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Opener says how to get at stores.
type Opener struct {
	// Open returns two handles on the same new, empty data, which the suite closes. A store of one process returns one twice.
	Open func(t *testing.T) (a, b store.Store)
	// Reopen closes what Open returned and opens the data again. Nil for a store whose data ends with Close; the cases
	// about lasting data are then not part of the contract.
	Reopen func(t *testing.T, a, b store.Store) (store.Store, store.Store)
}

// Run runs the contract suite.
func Run(t *testing.T, o Opener) {
	topics := []struct {
		name  string
		cases []testCase
	}{
		{"changes", changeCases}, {"order", orderCases}, {"quota and replay", quotaCases}, {"counters", counterCases}, {"items", itemCases}, {"tokens", sentCases},
		{"contacts", contactCases}, {"searches", searchCases}, {"timers", timerCases}, {"waiting", waitingCases}, {"outbox", outboxCases}, {"resources", resourceCases},
		{"uploads", uploadCases}, {"agents", agentCases}, {"held", heldCases}, {"erasure", erasureCases}, {"shards", shardCases}, {"leases", leaseCases}, {"closing", closingCases}, {"lasting", lastingCases},
	}
	for _, topic := range topics {
		t.Run(topic.name, func(t *testing.T) {
			for _, c := range topic.cases {
				if c.reopens && o.Reopen == nil {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					e := &env{opener: o}
					e.Store, e.second = o.Open(t)
					t.Cleanup(func() {
						for _, s := range []store.Store{e.Store, e.second} {
							if err := s.Close(); err != nil {
								t.Errorf("Close = %v", err)
							}
						}
					})
					c.run(t, e)
				})
			}
		})
	}
}

type testCase struct {
	name    string
	run     func(t *testing.T, s *env)
	reopens bool
}

// env is the store of one case.
type env struct {
	store.Store             // the first node's handle
	second      store.Store // the second node's
	opener      Opener
}

// nodes returns the two handles, each with the helpers of env.
func (s *env) nodes() [2]*env {
	return [2]*env{{Store: s.Store, second: s.second}, {Store: s.second, second: s.Store}}
}

// reopen closes both handles and opens the data again.
func (s *env) reopen(t *testing.T) {
	t.Helper()
	s.Store, s.second = s.opener.Reopen(t, s.Store, s.second)
}

// submit submits a change and waits for what became of it.
func (s *env) submit(c *store.Change) error {
	done := make(chan error, 1)
	s.Submit(c, func(err error) { done <- err })
	return <-done
}

// must submits a change that has to succeed.
func (s *env) must(t *testing.T, c *store.Change) {
	t.Helper()
	if err := s.submit(c); err != nil {
		t.Fatalf("a change that should succeed was refused: %v", err)
	}
}

// mustAll submits n changes together, which have to succeed.
func (s *env) mustAll(t *testing.T, n int, change func(i int) *store.Change) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Add(n)
	for i := range n {
		s.Submit(change(i), func(err error) {
			if err != nil {
				t.Errorf("change %d: done(%v)", i, err)
			}
			wg.Done()
		})
	}
	wg.Wait()
}

// keep applies chores, which has to succeed.
func (s *env) keep(t *testing.T, c *store.Chores) {
	t.Helper()
	if err := s.Keep(t.Context(), c); err != nil {
		t.Fatalf("Keep: %v", err)
	}
}

// refused submits a change that has to be refused with an error.
func (s *env) refused(t *testing.T, c *store.Change, want error) {
	t.Helper()
	if err := s.submit(c); !errors.Is(err, want) {
		t.Fatalf("done(%v); want %v", err, want)
	}
}

// create creates a chat with one contact and n items and returns its id.
func (s *env) create(t *testing.T, n int) center.ContactID {
	t.Helper()
	id := newID()
	c := chatChange(id, "first")
	c.Items = items(id, 1, n)
	s.must(t, c)
	return id
}

// transcript reads a whole transcript.
func (s *env) transcript(t *testing.T, chat center.ContactID) []center.Item {
	t.Helper()
	got, err := s.Items(t.Context(), store.ItemQuery{Chat: chat})
	if err != nil {
		t.Fatalf("Items: %v", err)
	}
	return got
}

// head reads a chat's head.
func (s *env) head(t *testing.T, chat center.ContactID) store.Head {
	t.Helper()
	h, err := s.Chat(t.Context(), chat)
	if err != nil {
		t.Fatalf("Chat: %v", err)
	}
	return h
}

// tally is a counter that counts nothing in the store.
func tally(name string) store.Counter { return store.Counter{Type: "tally", Key: name} }

func (s *env) count(t *testing.T, counter store.Counter) int64 {
	t.Helper()
	n, err := s.Count(t.Context(), counter)
	if err != nil {
		t.Fatalf("Count: %v", err)
	}
	return n
}

// The instance, the people and the moment that most cases are about.
const (
	instance  = center.InstanceID("0d1f5a3e-8a54-4b8e-9d5e-3f7a3c1b2a10")
	elsewhere = center.InstanceID("7b0c2d4e-1111-4222-8333-944455556666")
	customer  = center.ParticipantID("c0ffee00-1111-4222-8333-444455556666")
	agent     = center.ParticipantID("a9e17000-1111-4222-8333-444455556666")
)

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 123e6, time.UTC)

// at returns the moment n seconds after the first.
func at(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }

var ids struct {
	sync.Mutex
	last int
}

// newID returns ids that sort in the order they were made.
func newID() center.ContactID {
	ids.Lock()
	defer ids.Unlock()
	ids.last++
	return center.NewContactID(epoch.Add(time.Duration(ids.last) * time.Millisecond))
}

func chatChange(id center.ContactID, state string) *store.Change {
	return &store.Change{
		Chat:     id,
		State:    &store.Head{Instance: instance, State: []byte(state), Active: true},
		Contacts: []center.Contact{contact(id, id, epoch)},
	}
}

// stateChange replaces the state of a chat that is at a version.
func stateChange(id center.ContactID, version int64, state string) *store.Change {
	return &store.Change{Chat: id, Version: version, State: &store.Head{Instance: instance, State: []byte(state), Active: true}}
}

func contact(id, chat center.ContactID, initiated time.Time) center.Contact {
	return center.Contact{ID: id, Chat: chat, Instance: instance, InitiationMethod: center.MethodAPI, Initiated: initiated}
}

// items returns n plain messages from seq on.
func items(chat center.ContactID, seq int64, n int) []center.Item {
	var all []center.Item
	for i := range int64(n) {
		all = append(all, message(chat, seq+i, fmt.Sprintf("message %d", seq+i)))
	}
	return all
}

func message(chat center.ContactID, seq int64, content string) center.Item {
	now := at(int(seq))
	return center.Item{Chat: chat, Seq: seq, ID: center.NewItemID(now, seq, 7), Contact: chat, Time: now, Type: center.TypeMessage,
		ContentType: center.PlainText, Content: content, Participant: customer, DisplayName: "Jane", Role: center.RoleCustomer}
}

func seqs(items []center.Item) []int64 {
	var all []int64
	for _, it := range items {
		all = append(all, it.Seq)
	}
	return all
}

// wantReason fails unless err has a reason.
func wantReason(t *testing.T, err error, want center.Reason) {
	t.Helper()
	if e, ok := errors.AsType[*center.Error](err); !ok || e.Reason != want {
		t.Fatalf("error %v; want one with the reason %q", err, want)
	}
}
