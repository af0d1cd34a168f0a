package engine_test

import (
	"strconv"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/engine/enginetest"
)

// TestLongChatIsLoadedInPages loads a chat with more items than one read of the store returns: it goes on
// where it was, and knows the ClientTokens of all the tail.
func TestLongChatIsLoadedInPages(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s)
	chat, ana := start(t, w, "greet", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	const messages = transcript.TailSize + 100
	replies := make([]contact.Reply, messages)
	for n := range replies {
		replies[n] = do(t, w, chat, say(ana, strconv.Itoa(n)))
	}
	w.Close()

	w = open(t, s)
	oldest := messages - transcript.TailSize
	for _, n := range []int{messages - 1, oldest, oldest - 1, 0} {
		if again := do(t, w, chat, say(ana, strconv.Itoa(n))); again.Item != replies[n].Item {
			t.Errorf("message %d said again is item %s; want %s", n, again.Item, replies[n].Item)
		}
	}
	if r := do(t, w, chat, say(ana, "still here")); r.Item == "" {
		t.Error("the chat did not go on")
	}
	w.Close()
}

// TestTokensAreRememberedForLife repeats requests from any time of a long chat, which gets longer meanwhile, at
// an engine that has the chat in memory, at one that has evicted it, at another node, and after a restart. Each
// gets its first answer, and the transcript has each message once.
func TestTokensAreRememberedForLife(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s, func(o *enginetest.Options) { o.Shared, o.Hot = true, 64 })
	chat, ana := start(t, w, "greet", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	other := open(t, s, func(o *enginetest.Options) { o.Shared = true })
	replies := map[string]contact.Reply{}
	for n := range 2*transcript.TailSize + 50 {
		text := strconv.Itoa(n)
		replies[text] = do(t, w, chat, say(ana, text))
		if n%101 == 0 {
			w.Bus.Local.Publish(bus.Message{Subject: bus.Chat(chat), Origin: "another node"}) // it is loaded again
		}
		if n%37 != 0 {
			continue
		}
		repeated := strconv.Itoa(n * 7 % (n + 1))
		for _, node := range []*enginetest.Engine{w, other} {
			if again := do(t, node, chat, say(ana, repeated)); again != replies[repeated] {
				t.Fatalf("after %d messages, %s is answered %+v; want %+v", n, repeated, again, replies[repeated])
			}
		}
	}
	w.Close()
	other.Close()

	w = open(t, s)
	for text, reply := range replies {
		if again := do(t, w, chat, say(ana, text)); again != reply {
			t.Fatalf("after the restart %s is answered %+v; want %+v", text, again, reply)
		}
	}
	again := do(t, w, chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: "not the same text", ClientToken: "3"})
	if again != replies["3"] {
		t.Errorf("another text with a token is answered %+v; want %+v", again, replies["3"])
	}
	head, err := s.Chat(t.Context(), chat)
	if want := int64(len(replies)); err != nil || head.LastSeq < want || head.LastSeq > want+3 { // and the greeting
		t.Errorf("there are %d items, %v; want one for each of %d messages", head.LastSeq, err, want)
	}
}

// TestAnswersLastForLife repeats requests whose answers the state of the chat has no room for any more, also after a restart.
func TestAnswersLastForLife(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s)
	chat, ana := start(t, w, "greet", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	add := func(n int) contact.Reply {
		return do(t, w, chat, contact.AddParticipant{ClientToken: strconv.Itoa(n)})
	}
	var replies []contact.Reply
	for n := range 90 {
		bot := add(n)
		replies = append(replies, bot)
		do(t, w, chat, contact.Disconnect{Participant: bot.Participant, ClientToken: "leave"})
	}
	for range 2 {
		for n, want := range replies {
			if again := add(n); again != want {
				t.Errorf("request %d again is answered %+v; want %+v", n, again, want)
			}
			do(t, w, chat, contact.Disconnect{Participant: want.Participant, ClientToken: "leave"}) // who has left long ago
		}
		w.Close()
		w = open(t, s)
	}
	state, err := w.State(t.Context(), chat)
	if err != nil || len(state.Participants) != 91 || len(state.Replies) > 64 {
		t.Errorf("the chat has %d participants and %d answers, %v; want 91, and 64 at most", len(state.Participants), len(state.Replies), err)
	}
	w.Close()
}

// TestStateHasABound refuses what would make the state of a chat too large, and goes on with it as it was.
func TestStateHasABound(t *testing.T) {
	w := open(t, enginetest.Memory(t))
	chat, ana := start(t, w, "greet", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	var past []contact.Past
	for range contact.MaxState / 80 {
		past = append(past, contact.Past{Chat: chat, Contact: chat})
	}
	_, err := w.Do(t.Context(), chat, contact.Associate{Continued: contact.Continued{Related: chat, Past: past}})
	if center.ReasonOf(err) != center.QuotaExceeded {
		t.Errorf("a state that is too large: %v", err)
	}
	_, err = w.Start(t.Context(), contact.Start{Instance: instance, Contact: center.NewContactID(time.Now()), Flow: "greet", DisplayName: "Ana", Past: past}, "")
	if center.ReasonOf(err) != center.QuotaExceeded {
		t.Errorf("a chat that begins too large: %v", err)
	}
	if state, err := w.State(t.Context(), chat); err != nil || len(state.Past) != 0 {
		t.Errorf("after the refusal the chat continues %d contacts, %v", len(state.Past), err)
	}
	do(t, w, chat, say(ana, "still here"))
	w.Close()
}
