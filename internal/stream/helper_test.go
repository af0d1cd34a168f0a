package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/frames"
	"parley.example/parley/internal/socket/sockettest"
)

// chats is a [Source] that knows every chat. A participant's role is its id.
type chats struct {
	mu         sync.Mutex
	attend     error
	owed, last int64
	connected  func(center.ContactID, center.ParticipantID) error
	told       []string // chat/participant of the Connected calls
}

func (c *chats) Attend(_ context.Context, t Ticket) (Attendance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	role, _, _ := strings.Cut(string(t.Participant), "-")
	return Attendance{Role: center.Role(role), Owed: c.owed, Last: c.last}, c.attend
}

func (c *chats) Connected(_ context.Context, subject bus.Subject, p center.ParticipantID) error {
	chat, _ := subject.Chat()
	c.mu.Lock()
	c.told = append(c.told, string(chat)+"/"+string(p))
	f := c.connected
	c.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(chat, p)
}

// Repair and Positions are for buses that lose messages, which the one of these tests is not.
func (*chats) Repair(context.Context, bus.Subject, int64) ([]bus.Event, error) {
	return nil, errors.New("nothing is lost here")
}

func (*chats) Positions(context.Context, []bus.Subject) (map[bus.Subject]int64, error) {
	return nil, errors.New("nothing is lost here")
}

// newHub returns a hub whose URLs say chat and participant in plain.
func newHub(t testing.TB, limits Limits) (*Hub, *chats) {
	c := &chats{}
	return &Hub{
		Bus: &bus.Local{},
		Open: func(r *http.Request) (Ticket, error) {
			chat, participant, ok := strings.Cut(r.URL.Query().Get("token"), "/")
			if !ok {
				return Ticket{}, errors.New("the token is forged")
			}
			return Ticket{Subject: bus.Chat(center.ContactID(chat)), Participant: center.ParticipantID(participant)}, nil
		},
		Source: c,
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Limits: limits,
	}, c
}

// serve lets a hub listen on the loopback interface.
func serve(t testing.TB, h *Hub) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.Close()
		h.Shutdown(t.Context()) // which has ended: all sockets are cut off
	})
	return srv.Listener.Addr().String()
}

// url is the path of a socket with a token.
func url(token string) string { return "/ws?token=" + token }

// dial opens a socket over the loopback interface.
func dial(t testing.TB, addr, token string) *sockettest.Client {
	t.Helper()
	return sockettest.Dial(t, addr, url(token))
}

// pipe opens a socket over a pipe.
func pipe(t testing.TB, h *Hub, token, early string) *sockettest.Client {
	t.Helper()
	return sockettest.Pipe(t, h, url(token), early)
}

const (
	subscribe     = `{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`
	subscribed    = `{"topic":"aws/subscribe","content":{"status":"success","topics":["aws/chat"]}}`
	ping          = `{"topic":"aws/ping"}`
	pong          = `{"topic":"aws/ping","statusCode":200,"statusContent":"OK"}`
	heartbeat     = `{"topic":"aws/heartbeat"}`
	customerToken = "chat-1/CUSTOMER"
	agentToken    = "chat-1/AGENT"
)

// subscriber opens a socket and subscribes.
func subscriber(t testing.TB, addr, token string) *sockettest.Client {
	t.Helper()
	c := dial(t, addr, token)
	c.Send(subscribe)
	c.Expect(subscribed)
	return c
}

// push returns the push of a message.
func push(chat center.ContactID, text string) center.Push {
	return center.Push{Chat: chat, Item: center.Item{
		Chat: chat, Contact: chat, ID: center.ItemID("id-" + text[:min(len(text), 20)]), Time: time.UnixMilli(1767604502117), Type: center.TypeMessage,
		ContentType: center.PlainText, Content: text, Participant: "p", DisplayName: "Ana", Role: center.RoleAgent,
	}}
}

// publish publishes pushes as the engine does, those of a chat that follow each other as one commit.
func publish(h *Hub, pushes []center.Push) {
	for len(pushes) > 0 {
		n := 1
		for n < len(pushes) && pushes[n].Chat == pushes[0].Chat {
			n++
		}
		h.Bus.Publish(bus.Message{Subject: bus.Chat(pushes[0].Chat), Events: frames.Of(pushes[:n])})
		pushes = pushes[n:]
	}
}

// content returns the Content of the item in a frame.
func content(t testing.TB, frame string) string {
	t.Helper()
	var f struct{ Topic, ContentType, Content string }
	dec := json.NewDecoder(strings.NewReader(frame))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil || f.Topic != "aws/chat" || f.ContentType != "application/json" {
		t.Fatalf("frame %s: %v", frame, err)
	}
	var item map[string]any
	if err := json.NewDecoder(bytes.NewReader([]byte(f.Content))).Decode(&item); err != nil {
		t.Fatalf("content %s: %v", f.Content, err)
	}
	text, _ := item["Content"].(string)
	return text
}

// eventually waits for what other goroutines are about to do.
var eventually = sockettest.Eventually

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }
