package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
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
