package client_test

import (
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
)

// TestWithheld: in a chat whose messages go through a function Send says so, and
// the item says what became of them. The function here cannot be reached.
func TestWithheld(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		ana := s.join(client.SessionConfig{Token: token})
		bo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, Poll: time.Second})
		process := func(mode connect.ContactMediaProcessingFailureMode) {
			t.Helper()
			if _, err := s.c.StartContactMediaProcessing().InstanceID(catalog.DemoInstance).ContactID(contact).
				ProcessorARN("arn:aws:lambda:us-east-1:123456789012:function:none").FailureMode(mode).Send(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		say := func(text string) (id string) {
			t.Helper()
			sent, err := ana.Send(t.Context(), text)
			if err != nil || !sent.Processing {
				t.Fatalf("Send = %+v, %v; want it to be processed", sent, err)
			}
			return sent.ID
		}
		process(connect.ContactMediaProcessingFailureModeDO_NOT_DELIVER_UNPROCESSED_MESSAGE)
		lost := say("secret")
		for item, err := range ana.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if !item.IsMessage() || item.ID() != lost {
				continue
			}
			if item.Withheld() != participant.MessageProcessingStatusFAILED || item.Text() != "secret" {
				t.Errorf("the sender is told %q, withheld %q; want FAILED", item.Text(), item.Withheld())
			}
			break
		}
		process(connect.ContactMediaProcessingFailureModeDELIVER_UNPROCESSED_MESSAGE)
		kept := say("hello")
		for item, err := range bo.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if item.ID() == lost {
				t.Error("the other is told the withheld message")
			}
			if item.ID() == kept {
				if item.Withheld() != "" || item.Text() != "hello" {
					t.Errorf("the other is told %q, withheld %q", item.Text(), item.Withheld())
				}
				break
			}
		}
		for _, session := range []*client.Session{ana, bo} {
			session.Close()
		}
	})
}
