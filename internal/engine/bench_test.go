package engine_test

import (
	"fmt"
	"testing"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// BenchmarkColdRead reads a chat that has to be loaded, at several lengths of
// its transcript: a read loads the head only.
func BenchmarkColdRead(b *testing.B) {
	for _, length := range []int{10, 1000, 20000} {
		b.Run(fmt.Sprint(length, "Items"), func(b *testing.B) {
			w := open(b, enginetest.Memory(b))
			chat, ana := start(b, w, "greet", "")
			do(b, w, chat, contact.Connect{Participant: ana})
			for i := range length {
				do(b, w, chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: fmt.Sprint(i)})
			}
			if items, err := w.Store.Items(b.Context(), store.ItemQuery{Chat: chat, From: int64(length)}); err != nil || len(items) < 2 {
				b.Fatalf("%d items behind %d: %v", len(items), length, err)
			}
			cold := open(b, w.Store, func(o *enginetest.Options) { o.Shared = true })
			b.ReportAllocs()
			for b.Loop() {
				cold.Bus.Local.Publish(bus.Message{Subject: bus.Chat(chat), Origin: "another node"}) // which has changed it
				if state, err := cold.State(b.Context(), chat); err != nil || state.ID != chat {
					b.Fatalf("State = %v", err)
				}
			}
		})
	}
}

// BenchmarkSend sends messages with a ClientToken each to chats of several lengths: to
// short ones, of which every 1,000 messages another begins, and to one that is longer
// than what memory knows of ClientTokens.
func BenchmarkSend(b *testing.B) {
	for _, length := range []int{0, 2000, 20000} {
		b.Run(fmt.Sprint(length, "Items"), func(b *testing.B) {
			w := open(b, enginetest.Memory(b))
			var chat center.ContactID
			var ana center.ParticipantID
			begin := func() {
				chat, ana = start(b, w, "greet", "")
				do(b, w, chat, contact.Connect{Participant: ana})
			}
			begin()
			send := func() {
				do(b, w, chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: "What is my balance?", ClientToken: center.NewUUID()})
			}
			for range length {
				send()
			}
			b.ReportAllocs()
			for n := 1; b.Loop(); n++ {
				if length == 0 && n%1000 == 0 {
					begin()
				}
				send()
			}
		})
	}
}

// BenchmarkStart begins chats, connects their customers and ends them.
func BenchmarkStart(b *testing.B) {
	w := open(b, enginetest.Memory(b))
	b.ReportAllocs()
	for b.Loop() {
		chat, ana := start(b, w, "greet", "")
		do(b, w, chat, contact.Connect{Participant: ana})
		do(b, w, chat, contact.Disconnect{Participant: ana})
	}
}
