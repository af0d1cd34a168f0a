package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/lease"
	"parley.example/parley/internal/store"
)

// strangers are two engines on one store that receive no notice of each other's commits.
func strangers(t *testing.T, s store.Store) (one, two *enginetest.Engine) {
	return open(t, s, func(o *enginetest.Options) { o.Node, o.Shared = "one", true }),
		open(t, s, func(o *enginetest.Options) { o.Node, o.Shared = "two", true })
}

// know has an engine keep a chat in memory as it is now.
func know(t *testing.T, w *enginetest.Engine, chat center.ContactID) {
	t.Helper()
	if _, err := w.State(t.Context(), chat); err != nil {
		t.Fatal(err)
	}
}

// deliveries returns how many messages wait in the outbox.
func deliveries(t *testing.T, s store.Store) int {
	t.Helper()
	all, err := s.Outbox(t.Context(), store.AllShards, time.Now().Add(time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// A message that changes no state is decided on one all the same: on a node that
// has not been notified of a streaming endpoint it is streamed too.
func TestMessageOfAnOutdatedNodeIsStreamed(t *testing.T) {
	s := enginetest.Memory(t)
	one, two := strangers(t, s)
	chat, ana := talk(t, one)
	know(t, two, chat)
	do(t, one, chat, contact.StartStreaming{Endpoint: "e", ClientToken: "c"})
	do(t, two, chat, say(ana, "hello"))
	if n := deliveries(t, s); n != 1 {
		t.Errorf("%d deliveries; want the message", n)
	}
}

// A message that was decided while a change of the state was on its way does
// not outlive that: it is decided again when the change is refused.
func TestMessageRestsOnWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &held{Store: enginetest.Memory(t), fail: make(chan error)}
		w := open(t, s)
		chat, ana := talk(t, w)
		s.hold.Store(true)
		started := make(chan error, 1)
		go func() {
			_, err := w.Do(t.Context(), chat, contact.StartStreaming{Endpoint: "e", ClientToken: "c"})
			started <- err
		}()
		synctest.Wait()
		do(t, w, chat, say(ana, "hello"))
		if n := deliveries(t, s.Store); n != 0 {
			t.Errorf("%d deliveries to an endpoint that is not kept", n)
		}
		s.fail <- errors.New("the disk is full")
		if err := <-started; err == nil {
			t.Error("the endpoint is acknowledged and not kept")
		}
		if got := texts(w.Items(chat)); len(got) != 2 {
			t.Errorf("the messages are %q", got)
		}
	})
}

// A command that changes nothing on a node that has not been notified of a change
// is decided again, as a refusal is: somebody who has left does not connect.
func TestOutdatedNodeDoesNotDoNothing(t *testing.T) {
	s := enginetest.Memory(t)
	one, two := strangers(t, s)
	chat, _ := talk(t, one)
	bot := do(t, one, chat, contact.AddParticipant{}).Participant
	do(t, one, chat, contact.Connect{Participant: bot})
	know(t, two, chat)
	do(t, one, chat, contact.Disconnect{Participant: bot})
	if _, err := two.Do(t.Context(), chat, contact.Connect{Participant: bot}); center.ReasonOf(err) != center.Denied {
		t.Errorf("connecting after the end of its participation = %v; want it denied", err)
	}
}

// A node that has a chat in memory as it was before an effect began takes the
// effect over when its worker dies.
func TestOutdatedNodeTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		c := &calls{}
		one, two := join(t, s, "one", c), join(t, s, "two", c)
		chat, ana := talk(t, one.Engine)
		do(t, one.Engine, chat, contact.SetProcessor{Processor: &flow.Processor{Function: "f", Deliver: true}})
		know(t, two.Engine, chat)
		do(t, one.Engine, chat, say(ana, "hello"))
		synctest.Wait()
		one.leave()
		enginetest.Pass(lease.Beat + 3*time.Second)
		if got := fmt.Sprint(c.made); got != "[one two]" {
			t.Errorf("calls were made by %s; want the second one by the node that is left", got)
		}
		if got := texts(two.Items(chat)); len(got) != 2 {
			t.Errorf("the messages are %q", got)
		}
		two.leave()
	})
}

// counting counts how often chats are loaded.
type counting struct {
	store.Store
	loads atomic.Int64
}

func (c *counting) Chat(ctx context.Context, id center.ContactID) (store.Head, error) {
	c.loads.Add(1)
	return c.Store.Chat(ctx, id)
}

// Reads beside the changes of their own node are not led to believe that
// another one changed the chat: nothing is loaded again.
func TestReadsOfABusyChat(t *testing.T) {
	s := &counting{Store: enginetest.Memory(t)}
	w := open(t, s, func(o *enginetest.Options) { o.Shared = true })
	chat, _ := talk(t, w)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 50 {
				if n%2 == 0 {
					do(t, w, chat, contact.SetAttributes{Attributes: map[string]string{fmt.Sprint(n): fmt.Sprint(i)}})
				} else if _, err := w.State(t.Context(), chat); err != nil {
					t.Errorf("State: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if n := s.loads.Load(); n > 0 {
		t.Errorf("the chat was loaded %d times; nobody else has changed it", n)
	}
}

// overtaken is a store in which another node has changed every chat, as whoever waits for a comparison with it gives up.
type overtaken struct {
	store.Store
	leave context.CancelFunc
}

func (s *overtaken) Versions(ctx context.Context, chats []center.ContactID) ([]store.ChatVersion, error) {
	versions, err := s.Store.Versions(ctx, chats)
	for i := range versions {
		versions[i].Version++
	}
	if s.leave != nil {
		s.leave()
	}
	return versions, err
}

// Who gives up while a chat is read again is not told of versions.
func TestReaderGivesUp(t *testing.T) {
	s := &overtaken{Store: enginetest.Memory(t)}
	w := open(t, s, func(o *enginetest.Options) { o.Shared = true })
	chat, _ := talk(t, w)
	ctx, leave := context.WithCancel(t.Context())
	s.leave = leave
	if _, err := w.State(ctx, chat); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrConflict) {
		t.Errorf("the reader is told %v", err)
	}
}

// A chat stays in memory while a change of it is on its way to the disk, also when
// nobody waits for that any more: a second entry would not come to know of it.
func TestChangeThatNobodyWaitsForIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &held{Store: enginetest.Memory(t), fail: make(chan error)}
		w := open(t, s)
		chat, _ := talk(t, w)
		s.hold.Store(true)
		ending, cancel := context.WithCancel(t.Context())
		go w.Do(ending, chat, contact.Stop{})
		synctest.Wait()
		cancel()
		enginetest.Pass(2 * time.Minute) // idle chats are evicted
		read := make(chan *contact.Chat, 1)
		go func() {
			state, err := w.State(t.Context(), chat)
			if err != nil {
				t.Error(err)
			}
			read <- state
		}()
		synctest.Wait()
		s.fail <- nil
		synctest.Wait()
		<-read
		if state, err := w.State(t.Context(), chat); err != nil || !state.Ended {
			t.Errorf("the chat ended and is read as active (%v)", err)
		}
	})
}

// A contact that has ended can be tagged however much goes on in its chat, and of
// several who tag it none is forgotten.
func TestTagAnEndedContactOfABusyChat(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s, func(o *enginetest.Options) {
		o.Catalog = enginetest.ParseFlows(t, map[string]string{"survey": enginetest.Survey("greet"), "greet": enginetest.Greet})
	})
	r, err := w.Start(t.Context(), contact.Start{
		Instance: instance, Contact: center.NewContactID(time.Now()), Flow: "survey", DisplayName: "Ana", ExitAgent: true}, "")
	if err != nil {
		t.Fatal(err)
	}
	do(t, w, r.Contact, contact.Connect{Participant: r.Participant})
	do(t, w, r.Contact, contact.Disconnect{Participant: r.Participant})
	busy, calm := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			for busy.Err() == nil {
				if _, err := w.Do(context.Background(), r.Contact, contact.SetAttributes{Attributes: map[string]string{"n": fmt.Sprint(n)}}); err != nil {
					t.Errorf("SetAttributes: %v", err)
				}
			}
		})
	}
	for i := range 5 {
		if _, err := w.Do(t.Context(), r.Contact, contact.Tag{Contact: r.Contact, Set: map[string]string{fmt.Sprint(i): "v"}}); err != nil {
			t.Errorf("Tag: %v", err)
		}
	}
	var tags sync.WaitGroup
	for n := range 8 {
		tags.Go(func() {
			for i := range 5 {
				if !retry(t, w, r.Contact, contact.Tag{Contact: r.Contact, Set: map[string]string{fmt.Sprint(n, i): "v"}}) {
					return
				}
			}
		})
	}
	tags.Wait()
	calm()
	wg.Wait()
	for record, err := range s.Contacts(t.Context(), store.ContactQuery{IDs: []center.ContactID{r.Contact}}) {
		if err != nil || record.Next == "" || len(record.Tags) < 45 {
			t.Errorf("the record has the next contact %q and the tags %v, %v", record.Next, record.Tags, err)
		}
	}
}
