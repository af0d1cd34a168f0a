package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"parley.example/parley/api/participant"
)

// Message is what somebody says.
type Message struct {
	ContentType string // as in [PlainText]
	Content     string

	// Token makes sending the message again harmless: the same token gives the same message. One is
	// made when it is empty.
	Token string
}

// Sent says what became of a message.
type Sent struct {
	ID string // the Id of the item that everybody gets, the sender included

	// Time is when it was said, as the server writes it.
	Time string

	// Processing says that the message goes through a function first, which may change or reject it:
	// the item says which, to the sender too. See [Item.Withheld].
	Processing bool
}

// Send says text.
func (s *Session) Send(ctx context.Context, text string) (Sent, error) {
	return s.SendMessage(ctx, Message{ContentType: PlainText, Content: text})
}

// SendMessage says m, once, however often it has to be sent: while the network is down or the
// service asks for patience it tries again, until ctx or SendTimeout is over. After an error the
// message may have been said; sending it again with the same Token is safe.
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

// Typing notifies the others that somebody is writing. It matters for a moment only, so it is not
// retried, and sent at most every 10 seconds: it may be called on every key.
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

// Delivered notifies the author of a message or attachment that it has arrived here.
func (s *Session) Delivered(ctx context.Context, itemID string) error {
	return s.receipt(ctx, EventDelivered, itemID)
}

// Read notifies the author of a message or attachment that it has been read here, which says that it
// was delivered too.
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

// End takes the participant out of the chat; a customer's leaving ends it. The session is over when
// the server says so, which Done and Items report.
func (s *Session) End(ctx context.Context) error {
	call := s.c.Participant.DisconnectParticipant().ClientToken(s.c.service[participantService].Token())
	err := s.caller.retry(ctx, func(ctx context.Context, token string) error {
		_, err := call.ConnectionToken(token).Send(ctx)
		return err
	})
	if e := refusal(err); e != nil && e.Status() == 403 || errors.Is(err, ErrEnded) {
		err = nil // out of it already, perhaps by an attempt whose answer was lost
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
