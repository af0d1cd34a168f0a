// Package kit is what the cases of the contract of [store.Store] are written with: the store of a case and
// what is done to it, and how the cases are run. Package storetest has the contract.
package kit

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

// Topic is what the cases of one file are about. Their helpers are methods of E, which has an [Env] in it.
type Topic[E any] struct {
	Name  string
	Cases []Case[E]
}

// About returns a topic.
func About[E any](name string, cases []Case[E]) Topic[E] { return Topic[E]{Name: name, Cases: cases} }

// Case is one case of the contract.
type Case[E any] struct {
	Name    string
	Run     func(t *testing.T, s E)
	Reopens bool // it needs Opener.Reopen
}

// Run runs the cases of topics, each with a store of its own.
func Run[E any](t *testing.T, o Opener, with func(*Env) E, topics ...Topic[E]) {
	for _, topic := range topics {
		t.Run(topic.Name, func(t *testing.T) {
			for _, c := range topic.Cases {
				if c.Reopens && o.Reopen == nil {
					continue
				}
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					e := &Env{opener: o}
					e.Store, e.Second = o.Open(t)
					t.Cleanup(func() {
						for _, s := range []store.Store{e.Store, e.Second} {
							if err := s.Close(); err != nil {
								t.Errorf("Close = %v", err)
							}
						}
					})
					c.Run(t, with(e))
				})
			}
		})
	}
}

// Env is the store of one case.
type Env struct {
	store.Store             // the first node's handle
	Second      store.Store // the second node's
	opener      Opener
}

// Nodes returns the two handles, each with the helpers of Env.
func (s *Env) Nodes() [2]*Env {
	return [2]*Env{{Store: s.Store, Second: s.Second}, {Store: s.Second, Second: s.Store}}
}

// Restart closes both handles and opens the data again.
func (s *Env) Restart(t *testing.T) {
	t.Helper()
	s.Store, s.Second = s.opener.Reopen(t, s.Store, s.Second)
}

// Apply submits a change and waits for what became of it.
func (s *Env) Apply(c *store.Change) error {
	done := make(chan error, 1)
	s.Submit(c, func(err error) { done <- err })
	return <-done
}

// Must submits a change that has to succeed.
func (s *Env) Must(t *testing.T, c *store.Change) {
	t.Helper()
	if err := s.Apply(c); err != nil {
		t.Fatalf("a change that should succeed was refused: %v", err)
	}
}

// MustAll submits n changes together, which have to succeed.
func (s *Env) MustAll(t *testing.T, n int, change func(i int) *store.Change) {
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

// MustKeep applies chores, which has to succeed.
func (s *Env) MustKeep(t *testing.T, c *store.Chores) {
	t.Helper()
	if err := s.Keep(t.Context(), c); err != nil {
		t.Fatalf("Keep: %v", err)
	}
}

// Refused submits a change that has to be refused with an error.
func (s *Env) Refused(t *testing.T, c *store.Change, want error) {
	t.Helper()
	if err := s.Apply(c); !errors.Is(err, want) {
		t.Fatalf("done(%v); want %v", err, want)
	}
}

// Create creates a chat with one contact and n items and returns its id.
func (s *Env) Create(t *testing.T, n int) center.ContactID {
	t.Helper()
	id := NewID()
	c := ChatChange(id, "first")
	c.Items = Items(id, 1, n)
	s.Must(t, c)
	return id
}

// Transcript reads a whole transcript.
func (s *Env) Transcript(t *testing.T, chat center.ContactID) []center.Item {
	t.Helper()
	got, err := s.Items(t.Context(), store.ItemQuery{Chat: chat})
	if err != nil {
		t.Fatalf("Items: %v", err)
	}
	return got
}

// HeadOf reads a chat's head.
func (s *Env) HeadOf(t *testing.T, chat center.ContactID) store.Head {
	t.Helper()
	h, err := s.Chat(t.Context(), chat)
	if err != nil {
		t.Fatalf("Chat: %v", err)
	}
	return h
}

// Tally is a counter that counts nothing in the store.
func Tally(name string) store.Counter { return store.Counter{Type: "tally", Key: name} }

func (s *Env) Value(t *testing.T, counter store.Counter) int64 {
	t.Helper()
	n, err := s.Count(t.Context(), counter)
	if err != nil {
		t.Fatalf("Count: %v", err)
	}
	return n
}

// The instance, the people and the moment that most cases are about.
const (
	Instance  = center.InstanceID("0d1f5a3e-8a54-4b8e-9d5e-3f7a3c1b2a10")
	Elsewhere = center.InstanceID("7b0c2d4e-1111-4222-8333-944455556666")
	Customer  = center.ParticipantID("c0ffee00-1111-4222-8333-444455556666")
	Agent     = center.ParticipantID("a9e17000-1111-4222-8333-444455556666")
)

var Epoch = time.Date(2026, 3, 1, 9, 0, 0, 123e6, time.UTC)

// At returns the moment n seconds after the first.
func At(n int) time.Time { return Epoch.Add(time.Duration(n) * time.Second) }

var ids struct {
	sync.Mutex
	last int
}

// NewID returns ids that sort in the order they were made.
func NewID() center.ContactID {
	ids.Lock()
	defer ids.Unlock()
	ids.last++
	return center.NewContactID(Epoch.Add(time.Duration(ids.last) * time.Millisecond))
}

func ChatChange(id center.ContactID, state string) *store.Change {
	return &store.Change{
		Chat:     id,
		State:    &store.Head{Instance: Instance, State: []byte(state), Active: true},
		Contacts: []center.Contact{Contact(id, id, Epoch)},
	}
}

// StateChange replaces the state of a chat that is at a version.
func StateChange(id center.ContactID, version int64, state string) *store.Change {
	return &store.Change{Chat: id, Version: version, State: &store.Head{Instance: Instance, State: []byte(state), Active: true}}
}

func Contact(id, chat center.ContactID, initiated time.Time) center.Contact {
	return center.Contact{ID: id, Chat: chat, Instance: Instance, InitiationMethod: center.MethodAPI, Initiated: initiated}
}

// Items returns n plain messages from seq on.
func Items(chat center.ContactID, seq int64, n int) []center.Item {
	var all []center.Item
	for i := range int64(n) {
		all = append(all, Message(chat, seq+i, fmt.Sprintf("message %d", seq+i)))
	}
	return all
}

func Message(chat center.ContactID, seq int64, content string) center.Item {
	now := At(int(seq))
	return center.Item{Chat: chat, Seq: seq, ID: center.NewItemID(now, seq, 7), Contact: chat, Time: now, Type: center.TypeMessage,
		ContentType: center.PlainText, Content: content, Participant: Customer, DisplayName: "Jane", Role: center.RoleCustomer}
}

func Seqs(items []center.Item) []int64 {
	var all []int64
	for _, it := range items {
		all = append(all, it.Seq)
	}
	return all
}

// WantReason fails unless err has a reason.
func WantReason(t *testing.T, err error, want center.Reason) {
	t.Helper()
	if e, ok := errors.AsType[*center.Error](err); !ok || e.Reason != want {
		t.Fatalf("error %v; want one with the reason %q", err, want)
	}
}
