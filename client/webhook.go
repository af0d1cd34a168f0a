package client

import (
	"cmp"
	"container/list"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
)

// SignatureHeader carries the signature of a webhook's request:
// t=<seconds since 1970>,v1=<hex of HMAC-SHA256(secret, t + "." + body)>.
const SignatureHeader = "X-Parley-Signature"

// signatureWindow is how far the time of a signature may be from now.
const signatureWindow = 5 * time.Minute

// VerifyWebhook verifies the signature of a webhook's request. It returns an error if the signature does
// not match the body, or was made more than five minutes from now, so that replayed requests are refused.
func VerifyWebhook(secret []byte, header string, body []byte, now time.Time) error {
	var stamp string
	var signatures [][]byte
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name == "t" && stamp != "": // the signed one could be different from the one that is checked
			return errors.New("the signature has two times")
		case name == "t":
			stamp = value
		case name == "v1":
			if given, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, given)
			}
		}
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	sum, genuine := mac.Sum(nil), false
	for _, given := range signatures {
		genuine = hmac.Equal(sum, given) || genuine
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case err != nil || !genuine || len(secret) == 0:
		return errors.New("the signature does not match the body and the secret")
	case now.Sub(time.Unix(seconds, 0)).Abs() > signatureWindow:
		return errors.New("the signature is more than five minutes old, or in the future")
	}
	return nil
}

// Bounds of a webhook.
const (
	maxDelivery     = 256 << 10 // bytes of a request
	defaultMaxChats = 10_000
	turnsKnown      = 32 // of a chat, by the ids of their messages: deliveries may be repeated
)

// delivery is the envelope of message streaming, in the format of SNS for HTTP endpoints.
type delivery struct {
	Type              string
	Message           string
	MessageAttributes map[string]struct{ Value string }
}

// botChat is a chat that a webhook takes part in.
type botChat struct {
	id      string
	users   int           // deliveries that are being handled, guarded by Bot.mu
	turn    chan struct{} // full while a turn is being answered
	session *Session      // nil before it is joined
	known   []string      // ids of messages that were answered
}

// ServeHTTP accepts the deliveries of message streaming (StartContactStreaming). It answers 200 after a
// turn, 401 to a request with an invalid signature, and 500 if the delivery must be repeated.
func (b *Bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "deliveries are POSTs", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
	if err != nil {
		http.Error(w, "the delivery cannot be read", http.StatusBadRequest)
		return
	}
	if err := b.verify(r, body); err != nil {
		b.log().WarnContext(r.Context(), "a webhook's request was refused", "err", err)
		http.Error(w, "not genuine", http.StatusUnauthorized)
		return
	}
	var d delivery
	if err := json.Unmarshal(body, &d); err != nil || d.Type != "Notification" {
		http.Error(w, "not a notification", http.StatusBadRequest)
		return
	}
	item, err := ParseItem([]byte(d.Message))
	if err != nil {
		http.Error(w, "not a chat item", http.StatusBadRequest)
		return
	}
	if err := b.take(r.Context(), &d, item); err != nil {
		b.log().ErrorContext(r.Context(), "the bot did not answer", "item", item.ID(), "err", err)
		http.Error(w, "try again", http.StatusInternalServerError)
	}
}

func (b *Bot) verify(r *http.Request, body []byte) error {
	if b.Verify != nil {
		return b.Verify(r, body)
	}
	now := time.Now
	if b.Now != nil {
		now = b.Now
	}
	return VerifyWebhook(b.Secret, r.Header.Get(SignatureHeader), body, now())
}

// take answers one item, after the earlier ones of its chat.
func (b *Bot) take(ctx context.Context, d *delivery, item *Item) error {
	attribute := func(name string) string { return d.MessageAttributes[name].Value }
	id := cmp.Or(attribute("InitialContactId"), item.InitialContactID)
	if item.Event() == EventEnded {
		b.forget(id)
		return nil
	}
	if !forBot(item) || id == "" {
		return nil
	}
	chat := b.chat(id)
	defer b.release(chat)
	select {
	case chat.turn <- struct{}{}:
		defer func() { <-chat.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if slices.Contains(chat.known, item.ID()) {
		return nil
	}
	if chat.session != nil && chat.session.left.Load() {
		return nil // the bot has left the chat
	}
	t := &Turn{Item: item, InstanceID: attribute("InstanceId"), ContactID: cmp.Or(attribute("ContactId"), deref(item.ContactId), id)}
	if chat.session == nil {
		session, err := b.join(ctx, t)
		if refusal(err) != nil {
			b.log().InfoContext(ctx, "the bot cannot join the chat", "contact", t.ContactID, "err", err)
			return nil // it is over, or somebody else talks with the customer: a retry does not help
		}
		if err != nil {
			return err
		}
		chat.session = session
	}
	t.Session = chat.session
	if err := b.Handle(ctx, t); err != nil {
		e := refusal(err)
		if e == nil || e.Status() != http.StatusForbidden || e.Operation.Service != participant.API.Service {
			return err
		}
		// For example, an agent has taken over: a retry does not help. The next message will try to join.
		b.log().InfoContext(ctx, "the bot is out of the chat", "contact", t.ContactID, "err", err)
		chat.session = nil
		return nil
	}
	if chat.known = append(chat.known, item.ID()); len(chat.known) > turnsKnown {
		chat.known = slices.Delete(chat.known, 0, 1)
	}
	return nil
}

// join adds the bot to a chat, as the same participant each time.
func (b *Bot) join(ctx context.Context, t *Turn) (*Session, error) {
	out, err := b.Client.CreateParticipant().InstanceID(t.InstanceID).ContactID(t.ContactID).
		ParticipantDetails(connect.ParticipantDetailsToAdd{DisplayName: new(cmp.Or(b.Name, "Bot")), ParticipantRole: connect.ParticipantRoleCUSTOM_BOT}).
		ClientToken(tokenFor("bot", t.ContactID)).Send(ctx)
	if err != nil {
		return nil, err
	}
	if out.ParticipantCredentials == nil || out.ParticipantCredentials.ParticipantToken == nil {
		return nil, errors.New("the service returned no token for the bot")
	}
	return b.Client.Join(ctx, SessionConfig{Token: *out.ParticipantCredentials.ParticipantToken, ConnectParticipant: true, SendOnly: true})
}

// chat returns a chat's entry, or adds one. The caller releases it.
func (b *Bot) chat(id string) *botChat {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.chats[id]; e != nil {
		b.recent.MoveToBack(e)
		c := e.Value.(*botChat)
		c.users++
		return c
	}
	if b.chats == nil {
		b.chats = map[string]*list.Element{}
	}
	c := &botChat{id: id, users: 1, turn: make(chan struct{}, 1)}
	b.chats[id] = b.recent.PushBack(c)
	return c
}

// release releases a chat, and evicts the least recently used ones if there are too many. One that is
// in use stays, or its next turn would not wait for this one.
func (b *Bot) release(c *botChat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.users--
	for e := b.recent.Front(); e != nil && len(b.chats) > cmp.Or(b.MaxChats, defaultMaxChats); {
		next := e.Next()
		if old := e.Value.(*botChat); old.users == 0 {
			b.recent.Remove(e)
			delete(b.chats, old.id)
		}
		e = next
	}
}

func (b *Bot) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.chats[id]; e != nil {
		b.recent.Remove(e)
		delete(b.chats, id)
	}
}
