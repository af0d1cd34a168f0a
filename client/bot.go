package client

import (
	"container/list"
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/api/participant"
)

// Bot answers customers with a function. It takes part in a chat either by a session of its own
// ([Bot.Attend]), as a custom participant that was added to the chat, or as a webhook ([Bot.ServeHTTP])
// that receives the chat's items and joins by itself.
//
// Each message of a customer is a [Turn]. The turns of one chat are handled one after another, in the
// order of the messages; those of different chats concurrently. A turn may be repeated when the program
// or the server fails in the middle of it, but its replies are sent once: they carry tokens derived from
// the message they answer.
type Bot struct {
	// Client calls the services. It must be set.
	Client *Client

	// Handle answers one message. An error is logged; a webhook's turn is then retried later.
	Handle func(ctx context.Context, t *Turn) error

	// Name is what the customer sees; "Bot" when it is empty.
	Name string

	// Secret verifies a webhook's requests, see [VerifyWebhook]. Verify, if it is not nil, does so
	// instead, for example for deliveries of SNS. Without either every request is refused.
	Secret []byte
	Verify func(r *http.Request, body []byte) error

	// MaxChats is how many chats a webhook keeps connections for, besides those it is answering; 0 means
	// 10,000. A chat that was evicted is joined again at its next message.
	MaxChats int

	Log *slog.Logger     // nil means slog.Default
	Now func() time.Time // nil means time.Now

	mu     sync.Mutex               // guards what follows
	chats  map[string]*list.Element // of recent, by the chat's first contact
	recent list.List                // of *botChat, the longest unused first
}

// Turn is a message to answer, by one goroutine: replies are numbered, so that those of a repeated turn
// are the same.
type Turn struct {
	Item       *Item
	Session    *Session // the bot's; without items for a webhook
	InstanceID string   // of a webhook's turn
	ContactID  string   // the contact of the message, if known

	replies int
}

// Reply sends a text message.
func (t *Turn) Reply(ctx context.Context, text string) error {
	return t.Say(ctx, Message{ContentType: PlainText, Content: text})
}

// Say sends m. Its Token is derived from the message that it answers, unless it is set.
func (t *Turn) Say(ctx context.Context, m Message) error {
	t.replies++
	if m.Token == "" {
		m.Token = tokenFor(t.Item.ID(), strconv.Itoa(t.replies))
	}
	_, err := t.Session.SendMessage(ctx, m)
	return err
}

// Leave leaves the chat, which continues without the bot.
func (t *Turn) Leave(ctx context.Context) error { return t.Session.End(ctx) }

// tokenFor makes an idempotency token that is the same for the same parts.
func tokenFor(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	var id uuid.UUID
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x80 // version 8: custom
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Attend answers the customer of one chat until the chat, ctx or s ends. It takes the items of s, which
// therefore must have no OnItem. It returns nil at the chat's end.
func (b *Bot) Attend(ctx context.Context, s *Session) error {
	for item, err := range s.Items(ctx) {
		if err != nil {
			return err
		}
		if !forBot(item) {
			continue
		}
		err := b.Handle(ctx, &Turn{Item: item, Session: s, ContactID: deref(item.ContactId)})
		if err != nil && s.ctx.Err() == nil && ctx.Err() == nil { // else it was interrupted, and so is the loop
			b.log().ErrorContext(ctx, "the bot did not answer", "item", item.ID(), "err", err)
		}
	}
	return nil
}

// forBot reports whether the item is a complete message of the customer.
func forBot(item *Item) bool {
	return item.IsMessage() && item.Chunk == 0 && item.ParticipantRole == participant.ParticipantRoleCUSTOMER
}

func (b *Bot) log() *slog.Logger {
	if b.Log != nil {
		return b.Log
	}
	return slog.Default()
}
