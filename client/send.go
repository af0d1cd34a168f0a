package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"parley.example/parley/api/participant"
)

// Message is a message to send.
type Message struct {
	ContentType string // such as [PlainText]
	Content     string

	// Token makes it safe to send the message again: the same token means the same message. If it is
	// empty, one is generated.
	Token string
}

// Sent is the result of sending a message.
type Sent struct {
	ID string // the Id of the item that everybody gets, the sender included

	// Time is when it was sent, as the server writes it.
	Time string

	// Processing reports that the message goes through a function first, which may change or reject it:
	// the item shows the result, also to the sender. See [Item.Withheld].
	Processing bool
}

// Send sends a text message.
func (s *Session) Send(ctx context.Context, text string) (Sent, error) {
	return s.SendMessage(ctx, Message{ContentType: PlainText, Content: text})
}

// SendMessage sends m exactly once, however many attempts it takes: while the network is down or the
// service throttles it retries, until ctx ends or SendTimeout has passed. After an error the message
// may have been sent; sending it again with the same Token is safe.
func (s *Session) SendMessage(ctx context.Context, m Message) (Sent, error) {
	if m.Token == "" {
		m.Token = s.c.service[participantService].Token()
	}
	call := s.c.Participant.SendMessage().ContentType(m.ContentType).Content(m.Content).ClientToken(m.Token)
	var out *participant.SendMessageResponse
	err := s.caller.retry(ctx, func(ctx context.Context, token string) (err error) {
		out, err = call.ConnectionToken(token).Send(ctx)
		return err
	})
	if err != nil {
		return Sent{}, err
	}
	sent := Sent{ID: deref(out.Id), Time: deref(out.AbsoluteTime)}
	if m := out.MessageMetadata; m != nil {
		sent.Processing = m.MessageProcessingStatus == participant.MessageProcessingStatusPROCESSING
	}
	return sent, nil
}

// Typing notifies the others that the participant is typing. It is not retried, and sent at most every
// 10 seconds: it may be called on every key press.
func (s *Session) Typing(ctx context.Context) error {
	s.mu.Lock()
	now := time.Now()
	if !s.typed.IsZero() && now.Sub(s.typed) < typingEvery {
		s.mu.Unlock()
		return nil
	}
	s.typed = now
	s.mu.Unlock()
	err := s.caller.try(ctx, now.Add(tryLimit), func(ctx context.Context, token string) error {
		_, err := s.c.Participant.SendEvent().ConnectionToken(token).ContentType(eventPrefix + EventTyping).Send(ctx)
		return err
	})
	if err != nil && s.ctx.Err() != nil {
		return s.caller.over()
	}
	return err
}

// Delivered notifies the author of a message or attachment that it was received.
func (s *Session) Delivered(ctx context.Context, itemID string) error {
	return s.receipt(ctx, EventDelivered, itemID)
}

// Read notifies the author of a message or attachment that it was read, which implies that it was
// delivered.
func (s *Session) Read(ctx context.Context, itemID string) error {
	return s.receipt(ctx, EventRead, itemID)
}

func (s *Session) receipt(ctx context.Context, event, itemID string) error {
	content, err := json.Marshal(map[string]string{"messageId": itemID})
	if err != nil {
		return err
	}
	call := s.c.Participant.SendEvent().ContentType(eventPrefix + event).Content(string(content))
	return s.caller.retry(ctx, func(ctx context.Context, token string) error {
		_, err := call.ConnectionToken(token).Send(ctx)
		return err
	})
}

// End leaves the chat; when a customer leaves the chat ends. The session is over when the server
// confirms it: see Done and Items.
func (s *Session) End(ctx context.Context) error {
	call := s.c.Participant.DisconnectParticipant().ClientToken(s.c.service[participantService].Token())
	err := s.caller.retry(ctx, func(ctx context.Context, token string) error {
		_, err := call.ConnectionToken(token).Send(ctx)
		return err
	})
	if e := refusal(err); e != nil && e.Status() == 403 || errors.Is(err, ErrEnded) {
		err = nil // left already, perhaps by an attempt whose answer was lost
	}
	if err == nil {
		s.left.Store(true)
	}
	return err
}

// View returns a view that an interactive message refers to.
func (s *Session) View(ctx context.Context, viewToken string) (*participant.View, error) {
	var out *participant.DescribeViewResponse
	err := s.caller.retry(ctx, func(ctx context.Context, token string) (err error) {
		out, err = s.c.Participant.DescribeView().ViewToken(viewToken).ConnectionToken(token).Send(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out.View, nil
}
