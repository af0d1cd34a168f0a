package server

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// What sockets are sent of a chat, and what the store gives them of it when they
// missed it, is the same, and the store knows how far the chat has come.
func TestRepairIsWhatWasPublished(t *testing.T) {
	s, err := New(t.Context(), Config{Dev: true, Region: "us-east-1", Account: "123456789012", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	chat := center.NewContactID(time.Now())
	subject := bus.Chat(chat)
	var sent []bus.Event
	s.bus.Subscribe(&bus.Subscription{Subject: subject, Receive: func(m bus.Message) {
		for _, e := range m.Events {
			if e.Seq > 0 {
				sent = append(sent, e)
			}
		}
	}})
	start, err := s.engine.Start(t.Context(), contact.Start{
		Instance: catalog.DemoInstance, Contact: chat, Flow: catalog.DemoFlow, DisplayName: "Ana",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []contact.Command{
		contact.Connect{Participant: start.Participant},
		contact.Send{Participant: start.Participant, ContentType: center.PlainText, Content: "a \"message\""},
		contact.Disconnect{Participant: start.Participant},
	} {
		if _, err := s.engine.Do(t.Context(), chat, cmd); err != nil {
			t.Fatalf("%T: %v", cmd, err)
		}
	}
	source := chats{s}
	again, err := source.Repair(t.Context(), subject, 2)
	if err != nil {
		t.Fatal(err)
	}
	same := func(a, b bus.Event) bool {
		return a.Seq == b.Seq && slices.Equal(a.Payload, b.Payload) && a.Visibility == b.Visibility && a.Left == b.Left && a.Last == b.Last
	}
	if len(sent) < 4 || !slices.EqualFunc(again, sent[1:], same) {
		t.Errorf("read again: %+v\npublished: %+v", again, sent)
	}
	positions, err := source.Positions(t.Context(), []bus.Subject{subject, bus.Chat("nowhere"), bus.Instance("i")})
	if last := sent[len(sent)-1]; err != nil || len(positions) != 1 || positions[subject] != last.Seq || !last.Last {
		t.Errorf("positions %v, %v; the last event is %+v", positions, err, last)
	}
}
