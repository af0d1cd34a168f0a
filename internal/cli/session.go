package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"parley/api/participant"
	"parley/internal/center"
)

// session is a customer's side of one chat: it keeps a socket open, comes back
// when the line breaks, and hands each item on once and in order.
type session struct {
	api   participant.Service
	token string // the participant token

	item  func(participant.Item)
	state func(string) // "connected", "connection lost, coming back", "ended"

	seen  map[string]bool // ids of the items handed on
	ready chan struct{}   // closed when the session has connected for the first time

	mu         sync.Mutex // guards what follows
	connection string     // the connection token
}

func newSession(api participant.Service, token string, item func(participant.Item), state func(string)) *session {
	return &session{api: api, token: token, item: item, state: state, seen: map[string]bool{}, ready: make(chan struct{})}
}

// heartbeat is how often a client says that it is there.
const heartbeat = 10 * time.Second

// maxFailures is how often in a row a session tries to connect; with the
// pauses in between that takes some minutes.
const maxFailures = 30

// run keeps the chat until it has ended, ctx is over, or the server has been
// out of reach for minutes.
func (s *session) run(ctx context.Context) error {
	for failures := 0; ; failures++ {
		subscribed, err := s.once(ctx)
		if ctx.Err() != nil || errors.Is(err, errEnded) {
			return ctx.Err()
		}
		if err != nil && !subscribed && (failures == 0 || failures == maxFailures) {
			return err // the first try tells what is wrong with the settings
		}
		if subscribed {
			failures = 1
		}
		s.state("connection lost, coming back")
		wait := rand.N(min(15*time.Second, time.Second<<min(failures, 4)))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errEnded = errors.New("the chat has ended")

// once keeps one socket until it breaks.
func (s *session) once(ctx context.Context) (subscribed bool, err error) {
	details, err := s.api.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{
		ParticipantToken: s.token,
		Type:             []participant.ConnectionType{participant.ConnectionTypeWEBSOCKET, participant.ConnectionTypeCONNECTION_CREDENTIALS},
	})
	if _, denied := errors.AsType[*participant.AccessDeniedException](err); denied {
		if !s.known() {
			return false, errors.New("the chat has ended, or the token is not one of this server")
		}
		s.state("the chat has ended")
		return false, errEnded
	}
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	s.connection = *details.ConnectionCredentials.ConnectionToken
	s.mu.Unlock()
	l := &listener{frames: make(chan []byte, 64), broken: make(chan struct{})}
	conn, _, err := gws.NewClient(l, &gws.ClientOption{Addr: *details.Websocket.Url, ReadMaxPayloadSize: 1 << 20})
	if err != nil {
		return false, fmt.Errorf("open the socket: %w", err)
	}
	var reading sync.WaitGroup
	reading.Go(conn.ReadLoop)
	defer func() {
		conn.WriteClose(1000, nil)
		conn.NetConn().Close()
		l.drain()
		reading.Wait()
	}()
	if err := conn.WriteString(`{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`); err != nil {
		return false, err
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case text := <-l.frames:
			ended, err := s.frame(ctx, text, &subscribed)
			if err != nil || ended {
				return subscribed, err
			}
		case <-beat.C:
			if err := conn.WriteString(`{"topic":"aws/heartbeat"}`); err != nil {
				return subscribed, err
			}
		case <-l.broken:
			return subscribed, errors.New("the connection broke")
		case <-ctx.Done():
			return subscribed, ctx.Err()
		}
	}
}

func (s *session) known() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connection != ""
}

// frame takes one frame of the socket.
func (s *session) frame(ctx context.Context, text []byte, subscribed *bool) (ended bool, err error) {
	var f struct {
		Topic   string          `json:"topic"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return false, nil // not ours to understand
	}
	switch f.Topic {
	case "aws/subscribe":
		*subscribed = true
		s.state("connected")
		ended, err := s.catchUp(ctx)
		select {
		case <-s.ready:
		default:
			close(s.ready)
		}
		return ended, err
	case "aws/chat":
		var content string
		var it participant.Item
		if json.Unmarshal(f.Content, &content) != nil || json.Unmarshal([]byte(content), &it) != nil {
			return false, nil
		}
		return s.take(it)
	}
	return false, nil
}

// catchUp reads what the transcript has and this session has not seen.
func (s *session) catchUp(ctx context.Context) (ended bool, err error) {
	var missed []participant.Item
	var next *string
	for {
		page, err := s.api.GetTranscript(ctx, &participant.GetTranscriptRequest{
			ConnectionToken: s.bearer(), MaxResults: new(int32(100)), NextToken: next,
			ScanDirection: participant.ScanDirectionBACKWARD, SortOrder: participant.SortKeyDESCENDING,
		})
		if err != nil {
			return false, err
		}
		for _, it := range page.Transcript {
			if it.Id != nil && s.seen[*it.Id] {
				page.NextToken = nil
				break
			}
			missed = append(missed, it)
		}
		if next = page.NextToken; next == nil {
			break
		}
	}
	for _, it := range slices.Backward(missed) {
		if ended, err := s.take(it); ended || err != nil {
			return ended, err
		}
	}
	return false, nil
}

// take hands on an item that was not seen before.
func (s *session) take(it participant.Item) (ended bool, err error) {
	if it.Id != nil {
		if s.seen[*it.Id] {
			return false, nil
		}
		s.seen[*it.Id] = true
	}
	s.item(it)
	if it.ContentType != nil && *it.ContentType == center.EventEnded {
		return true, errEnded
	}
	return false, nil
}

func (s *session) bearer() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connection
}

// send sends a message; a retry of it would carry the same ClientToken.
func (s *session) send(ctx context.Context, text string) error {
	_, err := s.api.SendMessage(ctx, &participant.SendMessageRequest{
		ConnectionToken: s.bearer(), ContentType: center.PlainText, Content: text, ClientToken: new(center.NewUUID())})
	return err
}

func (s *session) typing(ctx context.Context) error {
	_, err := s.api.SendEvent(ctx, &participant.SendEventRequest{ConnectionToken: s.bearer(), ContentType: center.EventTyping})
	return err
}

func (s *session) end(ctx context.Context) error {
	_, err := s.api.DisconnectParticipant(ctx, &participant.DisconnectParticipantRequest{ConnectionToken: s.bearer()})
	return err
}

// listener brings the socket's frames to the session's loop.
type listener struct {
	gws.BuiltinEventHandler
	frames chan []byte
	once   sync.Once
	broken chan struct{}
}

func (l *listener) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	select {
	case l.frames <- append([]byte(nil), m.Bytes()...):
	case <-l.broken:
	}
}

func (l *listener) OnClose(*gws.Conn, error) { l.drain() }

// drain lets a reader go that waits to hand a frame on.
func (l *listener) drain() { l.once.Do(func() { close(l.broken) }) }
