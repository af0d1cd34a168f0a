package engine_test

import (
	"strconv"
	"testing"

	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

// TestLongChatIsLoadedInPages loads a chat with more items than one read of the store returns: it goes on
// where it was, and knows the ClientTokens of all the tail.
func TestLongChatIsLoadedInPages(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s)
	chat, ana := start(t, w, "greet", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	const messages = contact.TailSize + 100
	replies := make([]contact.Reply, messages)
	for n := range replies {
		replies[n] = do(t, w, chat, say(ana, strconv.Itoa(n)))
	}
	w.Close()

	w = open(t, s)
	oldest := messages - contact.TailSize
	for _, n := range []int{messages - 1, oldest} {
		if again := do(t, w, chat, say(ana, strconv.Itoa(n))); again.Item != replies[n].Item {
			t.Errorf("message %d said again is item %s; want %s", n, again.Item, replies[n].Item)
		}
	}
	if r := do(t, w, chat, say(ana, "still here")); r.Item == "" {
		t.Error("the chat did not go on")
	}
	w.Close()
}
