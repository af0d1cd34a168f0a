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

// open requests a connection and subscribes a socket; nil for a session without one. ctx bounds it.
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
		return nil, errors.New("the service returned no connection")
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
	// The server's clock may differ and its current time is not known. An expiry in the past means that it
	// does, and is ignored: a refused token is replaced in any case.
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

// subscribe subscribes to the chat's items and waits for the answer. Nothing is read after it.
func subscribe(ctx context.Context, sock *socket) error {
	stop := context.AfterFunc(ctx, sock.abort)
	defer stop()
	if err := sock.text(subscribeFrame); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	for range 16 { // the answer comes first; other frames before it are bounded
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
			return errors.New("the server refused the subscription")
		}
		return nil
	}
	return errors.New("the server did not answer the subscription")
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
				return err // run closes the socket
			}
			sock.abort()
			return err
		}
	}
}

// frame handles one message of the socket and reports the answer to a heartbeat. Messages that cannot
// be parsed are ignored.
func (s *Session) frame(text []byte) (beat bool, err error) {
	var p push
	if restjson.Unmarshal(text, &p) == nil && p.chat {
		if p.item == nil {
			return false, nil
		}
		return false, s.deliver(p.item)
	}
	var f frame // other messages are rare
	return json.Unmarshal(text, &f) == nil && f.Topic == "aws/heartbeat", nil
}

// push is a message of the socket that carries an item as text.
type push struct {
	chat bool
	item *Item // nil unless one could be parsed
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
			p.item, _ = ParseItem(d.Text()) // nil if it cannot be parsed
		default:
			d.Skip()
		}
	}
}

// poll reads the transcript at intervals.
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

// reconnectPause returns how long to wait before the attempt after the n-th: the waits grow and are
// random, so that many sessions do not reconnect at once.
func reconnectPause(n int) time.Duration {
	return time.Duration(rand.Float64() * float64(min(reconnectMax, reconnectMin<<min(n, 10))))
}

// absence is the state of reconnecting. It ends once the transcript has been read again; tries is reset
// only when the connection answers too, so that connections that break each time are not opened ever
// faster.
type absence struct {
	since  time.Time // when the connection was lost
	tries  int       // to reconnect
	unread int       // refusals of the transcript
}

// refusal returns a service's refusal of a request; nil for other errors, and for the refusals of
// proxies in between, which do not name their errors as services do.
func refusal(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == ServiceError && e.Code() != "" && !e.Retryable() {
		return e
	}
	return nil
}

// reconnect opens another connection, with a pause before each attempt. lost is why the last one
// ended.
func (s *Session) reconnect(lost error) error {
	if s.away.since.IsZero() {
		s.away.since = time.Now()
	}
	refused := 0
	for err := lost; ; s.away.tries++ {
		if time.Since(s.away.since) > s.cfg.GiveUp {
			return fmt.Errorf("could not reconnect to the chat within %v: %w", s.cfg.GiveUp, err)
		}
		if !sleep(s.ctx, reconnectPause(s.away.tries)) {
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
			// A refusal means that the participant has left the chat. It has to be repeated, because a proxy
			// in between may refuse in the server's name.
			if refused++; refused == refusalsMeant || s.left.Load() {
				return s.refused(e)
			}
		default:
			refused = 0
		}
	}
}

// refused distinguishes the end of the chat from other refusals.
func (s *Session) refused(e *Error) error {
	if e.Status() == 403 || e.Status() == 404 {
		return errChatOver
	}
	return e
}
