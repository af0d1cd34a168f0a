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
	// the item tells, to the sender too. See [Item.Withheld].
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
	err := s.insist(ctx, func(ctx context.Context, token string) (err error) {
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

// Typing tells the others that somebody is writing. It is for a moment only, so it is not insisted
// on, and told at most every 10 seconds: it may be called on every key.
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

// Delivered tells the author of a message or attachment that it has come here.
func (s *Session) Delivered(ctx context.Context, itemID string) error {
	return s.receipt(ctx, EventDelivered, itemID)
}

// Read tells the author of a message or attachment that it has been read here, which says that it
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
	return s.insist(ctx, func(ctx context.Context, token string) error {
		_, err := call.ConnectionToken(token).Send(ctx)
		return err
	})
}

// End takes the participant out of the chat; a customer's leaving ends it. The session is over when
// the server says so, which Done and Items tell.
func (s *Session) End(ctx context.Context) error {
	call := s.c.Participant.DisconnectParticipant().ClientToken(s.c.service[participantService].Token())
	err := s.insist(ctx, func(ctx context.Context, token string) error {
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
	err := s.insist(ctx, func(ctx context.Context, token string) (err error) {
		out, err = s.c.Participant.DescribeView().ViewToken(viewToken).ConnectionToken(token).Send(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out.View, nil
}

// insist makes a call until it succeeds, is refused, or time is over.
func (s *Session) insist(ctx context.Context, call func(ctx context.Context, token string) error) error {
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
		case e.Kind == Timeout && ctx.Err() == nil: // of one try, or of the call by Config.Timeout
		case e.Kind == ServiceError && refusal(err) == nil: // patience is asked for, or what stands between refuses
		case e.Status() == 403: // in the name of the server, perhaps by what stands between
			if refused++; refused == refusalsMeant {
				return err
			}
		case !e.Retryable():
			return err
		}
		if !s.pause(ctx, min(comeBackPause(n), time.Until(until))) || !time.Now().Before(until) {
			if s.ctx.Err() != nil {
				return s.whyOver()
			}
			return err
		}
	}
}

// try makes a call once, with a fresh token where that is needed, within the time a try has.
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

// pause waits and reports whether ctx and the session let it.
func (s *Session) pause(ctx context.Context, d time.Duration) bool {
	ctx, cancel := along(ctx, s.ctx)
	defer cancel()
	return sleep(ctx, d)
}

// along is ctx, which ends with end as well.
func along(ctx, end context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(end, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// whyOver is what a call returns that the end of the session cut off.
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
		return err // what was asked for says more than what was tried
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
		return "", errors.New("the service gave no token")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = *out.ConnectionCredentials.ConnectionToken
	return s.token, nil
}
