package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
)

// open asks for a connection and subscribes a socket; nil for one without. ctx bounds it.
func (s *Session) open(ctx context.Context) (*socket, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, errSlowOpen)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	call := s.c.Participant.CreateParticipantConnection().ParticipantToken(s.cfg.Token).
		Type(participant.ConnectionTypeCONNECTION_CREDENTIALS)
	socketed := s.cfg.Poll == 0 && !s.cfg.SendOnly
	if socketed {
		call = call.Type(participant.ConnectionTypeWEBSOCKET)
	}
	if s.cfg.ConnectParticipant {
		call = call.ConnectParticipant(true)
	}
	out, err := call.Send(ctx)
	if err != nil {
		return nil, err
	}
	cred := out.ConnectionCredentials
	if cred == nil || cred.ConnectionToken == nil || socketed && (out.Websocket == nil || out.Websocket.Url == nil) {
		return nil, errors.New("the service gave no connection")
	}
	var sock *socket
	if socketed {
		if sock, err = dialSocket(ctx, s.c.cfg.Connector, *out.Websocket.Url, s.c.service[participantService].agent); err != nil {
			return nil, fmt.Errorf("open the socket: %w", err)
		}
		if err := subscribe(ctx, sock); err != nil {
			sock.abort()
			return nil, fmt.Errorf("subscribe to the chat: %w", err)
		}
	}
	s.mu.Lock()
	s.token, s.renew = *cred.ConnectionToken, s.renewal(deref(cred.Expiry))
	s.mu.Unlock()
	s.hear()
	return sock, nil
}

var errSlowOpen = fmt.Errorf("no connection within %v", openLimit)

// renewal is when the connection that was just opened must be changed: before the server ends it and
// before its token ends, but never at once.
func (s *Session) renewal(expiry string) time.Time {
	now := time.Now()
	after := rotateAfter
	// The server's clock may be another; its own idea of now is not told. What would have ended already is
	// by another clock for sure, and says nothing: a token that is refused is changed in any case.
	if at, err := time.Parse(time.RFC3339Nano, expiry); err == nil && at.After(now) {
		after = min(after, max(time.Minute, at.Sub(now)-renewBefore))
	}
	return now.Add(after)
}

const (
	subscribeFrame = `{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`
	heartbeatFrame = `{"topic":"aws/heartbeat"}`
)

// frame is a message of the socket.
type frame struct {
	Topic   string          `json:"topic"`
	Content json.RawMessage `json:"content"`
}

// subscribe asks for the chat's items and waits for the answer. Nothing is read behind it.
func subscribe(ctx context.Context, sock *socket) error {
	stop := context.AfterFunc(ctx, sock.abort)
	defer stop()
	if err := sock.text(subscribeFrame); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	for range 16 { // the answer comes first; whatever else a server may say does not go on for ever
		text, err := sock.read()
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		var f frame
		var content struct {
			Status string `json:"status"`
		}
		if json.Unmarshal(text, &f) != nil || f.Topic != "aws/subscribe" {
			continue
		}
		if err := json.Unmarshal(f.Content, &content); err != nil || content.Status != "success" {
			return errors.New("the server does not let the session subscribe")
		}
		return nil
	}
	return errors.New("the server does not answer")
}

// follow reads what was missed and then what happens, until the connection ends.
func (s *Session) follow() error {
	s.mu.Lock()
	sock := s.socket
	s.mu.Unlock()
	if s.cfg.Poll > 0 {
		return s.poll()
	}
	s.window.widen()
	free := s.occupied()
	err := s.catchUp()
	free()
	if err != nil {
		if !errors.Is(err, errChatOver) {
			sock.abort()
		}
		return err
	}
	s.away = absence{tries: s.away.tries}
	// Whatever was pushed while the transcript was read comes before the answer to the next heartbeat.
	marker := sock.beats.Load() + 1
	s.beat()
	answers := int32(0)
	for {
		err := sock.wait()
		if err != nil {
			sock.abort()
			return err
		}
		text, err := sock.read()
		if err != nil {
			sock.abort()
			return err
		}
		s.hear()
		beat, err := s.frame(text)
		if beat {
			if answers++; answers == marker {
				s.window.narrow()
				s.away.tries = 0
			}
		}
		if err != nil {
			if errors.Is(err, errChatOver) {
				return err // run says goodbye
			}
			sock.abort()
			return err
		}
	}
}

// frame takes one message of the socket and reports the answer to a heartbeat. What cannot be
// understood is nothing for a client to fail on.
func (s *Session) frame(text []byte) (beat bool, err error) {
	var p push
	if restjson.Unmarshal(text, &p) == nil && p.chat {
		if p.item == nil {
			return false, nil
		}
		return false, s.deliver(p.item)
	}
	var f frame // whatever else there is comes seldom
	return json.Unmarshal(text, &f) == nil && f.Topic == "aws/heartbeat", nil
}

// push is a message of the socket that carries an item as text.
type push struct {
	chat bool
	item *Item // nil while there is none that can be read
}

// DecodeJSON implements [restjson.JSONDecoder].
func (p *push) DecodeJSON(d *restjson.Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		switch string(d.Key()) {
		case "topic":
			p.chat = string(d.Text()) == "aws/chat"
		case "content":
			p.item, _ = ParseItem(d.Text()) // what cannot be read is no item
		default:
			d.Skip()
		}
	}
}

// poll reads the transcript again and again.
func (s *Session) poll() error {
	for {
		if err := s.catchUp(); err != nil {
			return err
		}
		s.window.narrow()
		s.away = absence{}
		if !sleep(s.ctx, s.cfg.Poll) {
			return ErrClosed
		}
		s.mu.Lock()
		due := time.Now().After(s.renew)
		s.mu.Unlock()
		if due {
			if _, err := s.open(s.ctx); err != nil {
				return err
			}
		}
	}
}

// comeBackPause is how long to wait before the attempt behind the n-th: the waits grow and are uniform
// in length, so that many sessions do not come back at once.
func comeBackPause(n int) time.Duration {
	return time.Duration(rand.Float64() * float64(min(comeBackMax, comeBackMin<<min(n, 10))))
}

// absence is what a session remembers of its way back. It is over once the transcript has been read
// again; tries go on until the connection answers besides, so that one that breaks each time is not
// opened ever faster.
type absence struct {
	since  time.Time // when the line was lost
	tries  int       // to come back
	unread int       // refusals of the transcript
}

// refusal is the answer of a service that does not want what it was asked for; nil for other errors, and
// for what stands between and refuses in its own name: services name their errors.
func refusal(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == ServiceError && e.Code() != "" && !e.Retryable() {
		return e
	}
	return nil
}

// comeBack opens another connection, with a pause before each attempt. lost is why the last one is
// none any more.
func (s *Session) comeBack(lost error) error {
	if s.away.since.IsZero() {
		s.away.since = time.Now()
	}
	refused := 0
	for err := lost; ; s.away.tries++ {
		if time.Since(s.away.since) > s.cfg.GiveUp {
			return fmt.Errorf("no way back to the chat within %v: %w", s.cfg.GiveUp, err)
		}
		if !sleep(s.ctx, comeBackPause(s.away.tries)) {
			return ErrClosed
		}
		var sock *socket
		sock, err = s.open(s.ctx)
		switch e := refusal(err); {
		case s.ctx.Err() != nil:
			if sock != nil {
				sock.abort()
			}
			return ErrClosed
		case err == nil:
			s.away.tries++
			s.mu.Lock()
			s.socket = sock
			s.mu.Unlock()
			return nil
		case e != nil:
			// A refusal means that the participant is out of the chat. It is asked for more than once,
			// because what stands between may refuse in the server's name.
			if refused++; refused == refusalsMeant || s.left.Load() {
				return s.refused(e)
			}
		default:
			refused = 0
		}
	}
}

// refused tells a chat that is over from a session that cannot go on.
func (s *Session) refused(e *Error) error {
	if e.Status() == 403 || e.Status() == 404 {
		return errChatOver
	}
	return e
}
