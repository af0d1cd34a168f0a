package server_test

import (
	"strings"
	"testing"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestTranscriptHasABound fills the transcript of a chat: it takes no more messages, before and after a restart, but
// it can be read, events go through, and other chats go on.
func TestTranscriptHasABound(t *testing.T) {
	dir := t.TempDir()
	set := func(c *server.Config) { c.Data, c.MaxChatMB = dir, 1 }
	s := servertest.Start(t, servertest.Quietly(t), set)
	c, other := s.Chat(t), s.Chat(t)
	text := strings.Repeat("x", 16000)
	sent := 0
	send := func(text, token string) error {
		_, err := s.Participant.SendMessage(t.Context(), &participant.SendMessageRequest{ConnectionToken: c.Bearer, ContentType: "text/plain", Content: text, ClientToken: &token})
		return err
	}
	if err := send("the first message", "first"); err != nil {
		t.Fatal(err)
	}
	var err error
	for ; err == nil; sent++ {
		_, err = c.TrySend(t.Context(), text)
	}
	full := func() {
		t.Helper()
		_, err := c.TrySend(t.Context(), text)
		servertest.Refused(t, "a message to a full chat", err, "ValidationException", 400)
		if !strings.Contains(err.Error(), "has reached 1 MiB") {
			t.Errorf("the refusal says %q", err)
		}
		if err := send("the first message", "first"); err != nil {
			t.Errorf("the first message again: %v", err)
		}
		if texts := c.Texts(); len(texts) < sent {
			t.Errorf("the transcript has %d messages; want %d and what the flow said", len(texts), sent)
		}
		if _, err := s.Participant.SendEvent(t.Context(), &participant.SendEventRequest{ConnectionToken: c.Bearer, ContentType: "application/vnd.amazonaws.connect.event.typing"}); err != nil {
			t.Errorf("an event: %v", err)
		}
		other.Send("not I")
	}
	if sent != 65 {
		t.Errorf("message %d was refused; want the 65th of 16,000 bytes", sent)
	}
	full()
	s.Stop()
	s = servertest.Start(t, servertest.Quietly(t), set)
	c, other = c.On(s), other.On(s)
	full()
	if _, err := s.Participant.DisconnectParticipant(t.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: c.Bearer}); err != nil {
		t.Errorf("leaving a full chat: %v", err)
	}
}
