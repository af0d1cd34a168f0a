package participantapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lxzan/gws"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/stream"
)

// wire is a listener of connections within the process, so that sockets live
// in the bubble's time.
type wire struct {
	dialled chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.dialled:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.UnixAddr{Name: "wire", Net: "unix"} }

// Attend and Connected tell the hub about chats as the server does.
func (r *room) Attend(ctx context.Context, subject bus.Subject, id center.ParticipantID) (center.Role, error) {
	chat, _ := subject.Chat()
	state, err := r.engine.View(ctx, chat)
	if err != nil {
		return "", err
	}
	if p := state.Participant(id); p != nil && !state.Ended {
		return p.Role, nil
	}
	return "", center.Errorf(center.Denied, "over")
}

func (r *room) Connected(ctx context.Context, subject bus.Subject, id center.ParticipantID) error {
	chat, _ := subject.Chat()
	_, err := r.engine.Do(ctx, chat, contact.Connect{Participant: id})
	return err
}

// Repair and Positions are for buses that lose messages, which the one of these tests is not.
func (*room) Repair(context.Context, bus.Subject, int64) ([]bus.Event, error) {
	return nil, errors.New("nothing is lost here")
}

func (*room) Positions(context.Context, []bus.Subject) (map[bus.Subject]int64, error) {
	return nil, errors.New("nothing is lost here")
}

// sockets lets the room have sockets.
func (r *room) sockets() *wire {
	hub := &stream.Hub{Bus: &r.bus, Source: r, Open: func(req *http.Request) (bus.Subject, center.ParticipantID, error) {
		t, err := r.sealer.Open(auth.Socket, req.URL.Query().Get("token"), time.Now())
		return bus.Chat(t.Chat), t.Participant, err
	}}
	w := &wire{dialled: make(chan net.Conn), closed: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET "+participantapi.SocketPath, hub)
	srv := &http.Server{Handler: mux}
	var served sync.WaitGroup
	served.Go(func() { _ = srv.Serve(w) }) // until Close
	r.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			r.Errorf("Shutdown: %v", err)
		}
		if err := srv.Close(); err != nil {
			r.Errorf("Close: %v", err)
		}
		served.Wait()
	})
	return w
}

// ear is one end of a socket and what it heard.
type ear struct {
	gws.BuiltinEventHandler
	conn *gws.Conn

	mu     sync.Mutex // guards what follows
	heard  []string
	frames []string
	closed bool
}

func (e *ear) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	var frame struct{ Topic, Content any }
	text := m.Data.String()
	word := text
	if json.Unmarshal([]byte(text), &frame) == nil {
		word = fmt.Sprint(frame.Topic)
	}
	if item, ok := frame.Content.(string); ok {
		var it struct{ Content, ContentType string }
		if json.Unmarshal([]byte(item), &it) == nil {
			word = it.Content
			if word == "" {
				word = it.ContentType[strings.LastIndexByte(it.ContentType, '.')+1:]
			}
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard, e.frames = append(e.heard, word), append(e.frames, text)
}

func (e *ear) OnClose(*gws.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

// open dials the URL of a connection, without a word.
func (r *room) open(w *wire, p person) *ear {
	r.Helper()
	near, far := net.Pipe()
	w.dialled <- far
	e := &ear{}
	url := strings.Replace(*r.dial(p).Websocket.Url, "127.0.0.1:8790", "wire", 1)
	conn, _, err := gws.NewClientFromConn(e, &gws.ClientOption{Addr: url}, near)
	if err != nil {
		r.Fatalf("the handshake: %v", err)
	}
	e.conn = conn
	var reading sync.WaitGroup
	reading.Go(conn.ReadLoop)
	r.Cleanup(func() {
		near.Close() // the other end may be gone
		reading.Wait()
	})
	return e
}

func (r *room) send(e *ear, frames ...string) {
	r.Helper()
	for _, f := range frames {
		if err := e.conn.WriteString(f); err != nil {
			r.Fatalf("write: %v", err)
		}
	}
	synctest.Wait()
}

func (r *room) wantHeard(e *ear, want ...string) {
	r.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.heard, want) {
		r.Fatalf("the socket heard %q; want %q", e.heard, want)
	}
}

const subscribe = `{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`

func TestSemantics02SubscribingBeginsTheFlow(t *testing.T) {
	inRoom(t, func(r *room) {
		w := r.sockets()
		ana := r.start()
		one := r.open(w, ana)
		r.pass(time.Minute)
		r.send(one, `{"topic":"aws/ping"}`, `{"topic":"aws/heartbeat"}`)
		r.wantHeard(one, "aws/ping", "aws/heartbeat")
		r.wantScript(ana.chat) // a socket that only listens to itself begins nothing
		r.send(one, subscribe)
		r.wantHeard(one, "aws/ping", "aws/heartbeat", "aws/subscribe", "joined", "Hello")
		chat, err := r.engine.View(r.Context(), ana.chat)
		if err != nil || chat.Current().ConnectedSystem.IsZero() {
			r.Errorf("ConnectedToSystemTimestamp is not set (%v)", err)
		}
	})
}

func TestSemantics05AllSocketsHearEverythingOnce(t *testing.T) {
	inRoom(t, func(r *room) {
		w := r.sockets()
		ana := r.start()
		one, two := r.open(w, ana), r.open(w, ana)
		r.send(one, subscribe)
		r.send(two, subscribe)
		ana.bearer = *r.dial(ana).ConnectionCredentials.ConnectionToken
		sent := r.say(ana, "to all of mine")
		r.wantHeard(one, "aws/subscribe", "joined", "Hello", "to all of mine")
		r.wantHeard(two, "aws/subscribe", "to all of mine")
		// Semantics 6: the content of a data frame is a string that holds JSON.
		var frame struct{ Topic, ContentType, Content string }
		if err := json.Unmarshal([]byte(two.frames[1]), &frame); err != nil || frame.Topic != "aws/chat" || frame.ContentType != "application/json" ||
			!strings.Contains(frame.Content, `"Id":"`+*sent.Id+`"`) {
			r.Errorf("the frame is %s (%v); want the item as text with the Id %s", two.frames[1], err, *sent.Id)
		}
		// Wire 58: whoever leaves hears of the end; the sockets close after a while.
		r.end(ana)
		r.wantHeard(two, "aws/subscribe", "to all of mine", "left", "ended")
		r.pass(time.Minute)
		if one.mu.Lock(); !one.closed {
			r.Error("a minute after the end the socket is open")
		}
		one.mu.Unlock()
	})
}

func TestWire45ReceiptReachesTheAuthorsSocket(t *testing.T) {
	inRoom(t, func(r *room) {
		w := r.sockets()
		ana := r.start()
		one := r.open(w, ana)
		r.send(one, subscribe)
		ana.bearer = *r.dial(ana).ConnectionCredentials.ConnectionToken
		bot := r.bot(ana.chat)
		said := r.say(ana, "read me")
		if err := r.acknowledge(bot, center.EventRead, *said.Id); err != nil {
			r.Fatalf("SendEvent: %v", err)
		}
		r.wantHeard(one, "aws/subscribe", "joined", "Hello", "joined", "read me", "metadata")
		one.mu.Lock()
		defer one.mu.Unlock()
		if last := one.frames[len(one.frames)-1]; !strings.Contains(last, `\"RecipientParticipantId\":\"`+string(bot.id)+`\"`) {
			r.Errorf("the receipt is %s; want its reader in it", last)
		}
	})
}
