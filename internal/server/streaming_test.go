package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

const (
	topic        = "arn:aws:sns:us-east-1:123456789012:chat"
	streamSecret = "a secret of the webhook"
)

// hook is a webhook that streams are sent to.
type hook struct {
	*httptest.Server
	notes chan note
	down  atomic.Bool // answers 503
}

// note is one notification, its signature verified.
type note struct {
	ID         string
	Attributes map[string]struct{ Type, Value string }
	Item       participant.Item
	Text       string // of the whole item
}

func newHook(t *testing.T) *hook {
	h := &hook{notes: make(chan note, 256)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read: %v", err)
			return
		}
		if err := client.VerifyWebhook([]byte(streamSecret), r.Header.Get(integration.SignatureHeader), body, time.Now()); err != nil {
			t.Errorf("VerifyWebhook: %v", err)
		}
		if h.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var in struct {
			MessageId, TopicArn, Message string
			MessageAttributes            map[string]struct{ Type, Value string }
		}
		n := note{}
		if err := json.Unmarshal(body, &in); err != nil || json.Unmarshal([]byte(in.Message), &n.Item) != nil || in.TopicArn != topic {
			t.Errorf("notification %s: %v", body, err)
		}
		n.ID, n.Attributes, n.Text = in.MessageId, in.MessageAttributes, in.Message
		h.notes <- n
	}))
	t.Cleanup(h.Close)
	return h
}

// next returns the next notification that was not seen before.
func (h *hook) next(t *testing.T, seen map[string]bool) note {
	t.Helper()
	for {
		select {
		case n := <-h.notes:
			if !seen[n.ID] {
				seen[n.ID] = true
				return n
			}
		case <-t.Context().Done():
			t.Fatal("no notification came")
		}
	}
}

func streaming(h *hook, dir string) func(*server.Config) {
	return func(c *server.Config) {
		c.Data, c.Streams, c.StreamSecret = dir, map[string]string{topic: h.URL}, streamSecret
	}
}

func startStreaming(t *testing.T, s *servertest.Server, contact, endpoint string) (string, error) {
	t.Helper()
	out, err := s.Connect.StartContactStreaming(t.Context(), &connect.StartContactStreamingRequest{
		InstanceId: s.Instance(t), ContactId: contact, ClientToken: "token-" + endpoint,
		ChatStreamingConfiguration: &connect.ChatStreamingConfiguration{StreamingEndpointArn: endpoint}})
	if err != nil {
		return "", err
	}
	return out.StreamingId, nil
}

// TestBotReceivesByStreaming holds a chat with a custom bot that has no socket:
// it hears the customer through a webhook and answers by SendMessage.
func TestBotReceivesByStreaming(t *testing.T) {
	h := newHook(t)
	s := servertest.Start(t, streaming(h, ""))
	ana := s.Begin(t)
	if _, err := startStreaming(t, s, ana.Contact, "arn:aws:sns:us-east-1:123456789012:unknown"); err == nil {
		t.Error("StartContactStreaming took an endpoint that nothing is known of")
	}
	id, err := startStreaming(t, s, ana.Contact, topic)
	if err != nil {
		t.Fatalf("StartContactStreaming: %v", err)
	}
	if again, err := startStreaming(t, s, ana.Contact, topic); err != nil || again != id {
		t.Errorf("the repeated request was answered %q, %v; want %q", again, err, id)
	}
	ana.Connect()
	made, err := s.Connect.CreateParticipant(t.Context(), &connect.CreateParticipantRequest{
		InstanceId: s.Instance(t), ContactId: ana.Contact,
		ParticipantDetails: &connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT, DisplayName: new("Robo")}})
	if err != nil {
		t.Fatalf("CreateParticipant: %v", err)
	}
	conn, err := s.Participant.CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: *made.ParticipantCredentials.ParticipantToken, ConnectParticipant: new(true),
		Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	if err != nil {
		t.Fatalf("CreateParticipantConnection: %v", err)
	}
	bot := *conn.ConnectionCredentials.ConnectionToken

	ana.Send("ping 1")
	var heard []string
	seen := map[string]bool{}
	for {
		n := h.next(t, seen)
		for _, name := range []string{"InitialContactId", "ContactId", "MessageVisibility", "Type", "AccountId", "ContentType", "InstanceId"} {
			if a := n.Attributes[name]; a.Type != "String" || a.Value == "" {
				t.Errorf("attribute %s of %s is %+v", name, n.Text, a)
			}
		}
		word := *n.Item.ContentType
		if n.Item.Content != nil {
			word = *n.Item.Content
		}
		word = string(n.Item.ParticipantRole) + " " + word[strings.LastIndexByte(word, '.')+1:]
		heard = append(heard, word)
		if word == "CUSTOMER ping 1" {
			if _, err := s.Participant.SendMessage(t.Context(), &participant.SendMessageRequest{
				ConnectionToken: bot, ContentType: "text/plain", Content: "pong 1"}); err != nil {
				t.Fatalf("SendMessage: %v", err)
			}
		}
		if word == "CUSTOM_BOT pong 1" {
			break
		}
	}
	want := []string{"CUSTOMER joined", "SYSTEM Hello", "CUSTOM_BOT joined", "CUSTOMER ping 1", "CUSTOM_BOT pong 1"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q; want %q", heard, want)
	}
	if _, err := s.Connect.StopContactStreaming(t.Context(), &connect.StopContactStreamingRequest{
		InstanceId: s.Instance(t), ContactId: ana.Contact, StreamingId: id}); err != nil {
		t.Errorf("StopContactStreaming: %v", err)
	}
}

// TestStreamSurvivesRestart stops the server while the endpoint is down: what
// waited is delivered by the next one, in order and to the end of the chat.
func TestStreamSurvivesRestart(t *testing.T) {
	h, dir := newHook(t), t.TempDir()
	s := servertest.Start(t, streaming(h, dir))
	ana := s.Begin(t)
	if _, err := startStreaming(t, s, ana.Contact, topic); err != nil {
		t.Fatalf("StartContactStreaming: %v", err)
	}
	ana.Connect()
	seen := map[string]bool{}
	h.next(t, seen) // joined
	h.next(t, seen) // Hello
	h.down.Store(true)
	for _, text := range []string{"one", "two", "three"} {
		ana.Send(text)
	}
	s.Stop()
	h.down.Store(false)
	s = servertest.Start(t, streaming(h, dir))
	s.Clock().Advance(time.Minute) // past the back-off of what failed
	if _, err := s.Participant.DisconnectParticipant(t.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: ana.Bearer}); err != nil {
		t.Fatalf("DisconnectParticipant: %v", err)
	}
	var got []string
	for len(got) < 5 {
		n := h.next(t, seen)
		if n.Item.Content != nil {
			got = append(got, *n.Item.Content)
		} else {
			got = append(got, (*n.Item.ContentType)[strings.LastIndexByte(*n.Item.ContentType, '.')+1:])
		}
	}
	if want := []string{"one", "two", "three", "left", "ended"}; !slices.Equal(got, want) {
		t.Errorf("delivered %q; want %q", got, want)
	}
}
