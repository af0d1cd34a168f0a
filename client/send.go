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
	err := s.retry(ctx, func(ctx context.Context, token string) (err error) {
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
	err := s.try(ctx, now.Add(tryLimit), func(ctx context.Context, token string) error {
		_, err := s.c.Participant.SendEvent().ConnectionToken(token).ContentType(eventPrefix + EventTyping).Send(ctx)
		return err
	})
	if err != nil && s.ctx.Err() != nil {
		return s.whyOver()
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
	return s.retry(ctx, func(ctx context.Context, token string) error {
		_, err := call.ConnectionToken(token).Send(ctx)
		return err
	})
}

// End leaves the chat; when a customer leaves the chat ends. The session is over when the server
// confirms it: see Done and Items.
func (s *Session) End(ctx context.Context) error {
	call := s.c.Participant.DisconnectParticipant().ClientToken(s.c.service[participantService].Token())
	err := s.retry(ctx, func(ctx context.Context, token string) error {
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
	err := s.retry(ctx, func(ctx context.Context, token string) (err error) {
		out, err = s.c.Participant.DescribeView().ViewToken(viewToken).ConnectionToken(token).Send(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out.View, nil
}

// retry makes a call until it succeeds, is refused, or the time limit has passed.
func (s *Session) retry(ctx context.Context, call func(ctx context.Context, token string) error) error {
	until, limited := ctx.Deadline()
	if !limited {
		until = time.Now().Add(s.cfg.SendTimeout)
	}
	refused := 0
	for n := 0; ; n++ {
		err := s.try(ctx, until, call)
		e, ok := errors.AsType[*Error](err)
		switch {
		case err == nil:
			return nil
		case s.ctx.Err() != nil:
			return s.whyOver()
		case !ok:
			return err
		case e.Kind == Timeout && ctx.Err() == nil: // of one attempt, or of the call by Config.Timeout
		case e.Kind == ServiceError && refusal(err) == nil: // throttled, or refused by a proxy in between
		case e.Status() == 403: // in the name of the server, perhaps by a proxy in between
			if refused++; refused == refusalsMeant {
				return err
			}
		case !e.Retryable():
			return err
		}
		if !s.pause(ctx, min(reconnectPause(n), time.Until(until))) || !time.Now().Before(until) {
			if s.ctx.Err() != nil {
				return s.whyOver()
			}
			return err
		}
	}
}

// try makes a call once, with a fresh token if needed, within the time limit of an attempt.
func (s *Session) try(ctx context.Context, until time.Time, call func(ctx context.Context, token string) error) error {
	if s.ctx.Err() != nil {
		return s.whyOver()
	}
	if most := time.Now().Add(tryLimit); most.Before(until) {
		until = most
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	defer context.AfterFunc(s.calls, cancel)()
	return s.withToken(ctx, func(token string) error { return call(ctx, token) })
}

// pause waits and reports whether neither ctx nor the session ended before.
func (s *Session) pause(ctx context.Context, d time.Duration) bool {
	ctx, cancel := along(ctx, s.ctx)
	defer cancel()
	return sleep(ctx, d)
}

// along returns ctx, ended also by end.
func along(ctx, end context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(end, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// whyOver returns the error of a call that was interrupted by the end of the session.
func (s *Session) whyOver() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ErrEnded
	}
	return ErrClosed
}

// withToken makes a call with the connection token and, when that is refused, once more with a fresh
// one.
func (s *Session) withToken(ctx context.Context, call func(token string) error) error {
	s.mu.Lock()
	token := s.token
	s.mu.Unlock()
	err := call(token)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status() != 403 {
		return err
	}
	fresh, failed := s.refresh(ctx, token)
	if failed != nil {
		return err // the error of the call says more than that of the refresh
	}
	return call(fresh)
}

// refresh gets a connection token in place of old, unless somebody else has.
func (s *Session) refresh(ctx context.Context, old string) (string, error) {
	select {
	case s.refreshing <- struct{}{}:
		defer func() { <-s.refreshing }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	s.mu.Lock()
	token := s.token
	s.mu.Unlock()
	if token != old {
		return token, nil
	}
	call := s.c.Participant.CreateParticipantConnection().ParticipantToken(s.cfg.Token).
		Type(participant.ConnectionTypeCONNECTION_CREDENTIALS)
	if s.cfg.ConnectParticipant {
		call = call.ConnectParticipant(true)
	}
	out, err := call.Send(ctx)
	if err != nil {
		return "", err
	}
	if out.ConnectionCredentials == nil || out.ConnectionCredentials.ConnectionToken == nil {
		return "", errors.New("the service returned no token")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = *out.ConnectionCredentials.ConnectionToken
	return s.token, nil
}
