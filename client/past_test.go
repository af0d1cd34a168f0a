package client_test

import (
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
)

// TestPastChats reads a persistent chat from the beginning of the chat that it continues. The end of
// that one is read, too, and is not the end of this one.
func TestPastChats(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		past := s.join(client.SessionConfig{Token: token})
		if _, err := past.Send(t.Context(), "old"); err != nil {
			t.Fatal(err)
		}
		if err := past.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-past.Done()
		_ = past.Close()
		pass(time.Minute)
		chat, err := s.c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(s.flow).
			PersistentChat(connect.PersistentChat{SourceContactId: &contact, RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION}).
			ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).Send(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		first := s.join(client.SessionConfig{Token: *chat.ParticipantToken}) // to which alone chat.rehydrated is told, in the moment
		pass(time.Minute)
		_ = first.Close()
		for _, c := range []struct {
			past bool
			want string
		}{
			{false, "[joined] Hello"},
			{true, "[joined] Hello old [left] [chat.ended] [joined] Hello"},
		} {
			var seen collector
			session := s.join(client.SessionConfig{Token: *chat.ParticipantToken, PastChats: c.past, OnItem: seen.item})
			pass(time.Minute)
			if got := seen.said(); got != c.want || session.State() != client.Connected {
				t.Errorf("with past chats: %t: %s, and is %v; want %s, connected", c.past, got, session.State(), c.want)
			}
			_ = session.Close()
		}
	})
}
