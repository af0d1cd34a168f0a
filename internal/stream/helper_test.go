package stream

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// chats is a [Source] that knows every chat. A participant's role is its id.
type chats struct {
	mu        sync.Mutex
	attend    error
	connected func(center.ContactID, center.ParticipantID) error
	told      []string // chat/participant of the Connected calls
}

func (c *chats) Attend(_ context.Context, _ bus.Subject, p center.ParticipantID) (center.Role, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	role, _, _ := strings.Cut(string(p), "-")
	return center.Role(role), c.attend
}

func (c *chats) Connected(_ context.Context, subject bus.Subject, p center.ParticipantID) error {
	chat, _ := subject.Chat()
	c.mu.Lock()
	c.told = append(c.told, string(chat)+"/"+string(p))
	f := c.connected
	c.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(chat, p)
}

// newHub returns a hub whose URLs say chat and participant in plain.
func newHub(t testing.TB, limits Limits) (*Hub, *chats) {
	c := &chats{}
	return &Hub{
		Bus: &bus.Local{},
		Open: func(r *http.Request) (bus.Subject, center.ParticipantID, error) {
			chat, participant, ok := strings.Cut(r.URL.Query().Get("token"), "/")
			if !ok {
				return "", "", errors.New("the token is forged")
			}
			return bus.Chat(center.ContactID(chat)), center.ParticipantID(participant), nil
		},
		Source: c,
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Limits: limits,
	}, c
}

// serve lets a hub listen on the loopback interface.
func serve(t testing.TB, h *Hub) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.Close()
		h.Shutdown(t.Context()) // which has ended: all sockets are cut off
	})
	return srv.Listener.Addr().String()
}

// client is the least that a client can be.
type client struct {
	t    testing.TB
	conn net.Conn
	br   *bufio.Reader

	closed time.Time // when the close frame came
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { conn.Close() })
	return &client{t: t, conn: conn, br: bufio.NewReader(conn)}
}

const handshakeKey = "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455, section 1.3

func handshake(token string) string {
	return "GET /ws?token=" + token + " HTTP/1.1\r\nHost: parley\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + handshakeKey + "\r\n\r\n"
}

// dial opens a socket over the loopback interface.
func dial(t testing.TB, addr, token string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, handshake(token)); err != nil {
		t.Fatal(err)
	}
	c.upgraded()
	return c
}

func (c *client) upgraded() {
	c.t.Helper()
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		c.t.Fatalf("handshake: %v", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		c.t.Fatalf("handshake answered %s; want 101", resp.Status)
	}
	if got := resp.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		c.t.Fatalf("Sec-WebSocket-Accept = %q", got)
	}
}

// hijacked is a ResponseWriter whose connection is one end of a pipe, so that
// sockets work in a synctest bubble.
type hijacked struct {
	*httptest.ResponseRecorder
	conn  net.Conn
	early string
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	br := bufio.NewReader(io.MultiReader(strings.NewReader(h.early), h.conn))
	br.Peek(len(h.early))
	return h.conn, bufio.NewReadWriter(br, bufio.NewWriter(h.conn)), nil
}

// pipe opens a socket over a pipe. early is what the client sends before it
// has the answer to its handshake.
func pipe(t testing.TB, h *Hub, token, early string) *client {
	t.Helper()
	c := newClient(t, openPipe(t, h, token, early))
	c.upgraded()
	return c
}

// openPipe returns a client's end from which nothing was read yet.
func openPipe(t testing.TB, h *Hub, token, early string) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(handshake(token))))
	if err != nil {
		t.Fatal(err)
	}
	w := &hijacked{httptest.NewRecorder(), far, early}
	h.ServeHTTP(w, r.WithContext(t.Context()))
	if w.Body.Len() > 0 {
		t.Fatalf("handshake refused: %d %s", w.Code, w.Body)
	}
	return near
}

// maskedFrame returns a client's frame; first is its first byte.
func maskedFrame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	key := [4]byte{0x9a, 0x01, 0xfe, 0x37}
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i&3])
	}
	return b
}

func textFrames(texts ...string) (b []byte) {
	for _, text := range texts {
		b = append(b, maskedFrame(fin|opText, []byte(text))...)
	}
	return b
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *client) send(texts ...string) {
	c.t.Helper()
	c.write(textFrames(texts...))
}

// next reads a frame.
func (c *client) next() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.br, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0]&fin == 0 || head[0]&0x70 != 0 || head[1]&masked != 0 {
		return 0, nil, fmt.Errorf("frame begins % x", head)
	}
	n := uint64(head[1])
	var long [8]byte
	switch n {
	case 126:
		_, err = io.ReadFull(c.br, long[6:])
		n = binary.BigEndian.Uint64(long[:])
	case 127:
		_, err = io.ReadFull(c.br, long[:])
		n = binary.BigEndian.Uint64(long[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(c.br, payload)
	return head[0] & 0x0f, payload, err
}

// text reads a frame that has to be text.
func (c *client) text() string {
	c.t.Helper()
	op, payload, err := c.next()
	if err != nil || op != opText || !json.Valid(payload) {
		c.t.Fatalf("next frame = opcode %x %q, %v; want JSON in a text frame", op, payload, err)
	}
	return string(payload)
}

func (c *client) expect(texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		if got := c.text(); got != want {
			c.t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// expectClose reads a close frame, answers it and waits for the end. A code of
// 0 stands for a connection that ends without.
func (c *client) expectClose(code int) {
	c.t.Helper()
	op, payload, err := c.next()
	if code == 0 && err != nil {
		return
	}
	if err != nil || op != opClose || len(payload) < 2 || int(binary.BigEndian.Uint16(payload)) != code {
		c.t.Fatalf("next frame = opcode %x %q, %v; want a close with %d", op, payload, err, code)
	}
	c.closed = time.Now()
	c.conn.Write(maskedFrame(fin|opClose, payload[:2])) // the server may have gone already
	if _, err := c.br.ReadByte(); err == nil {
		c.t.Fatal("something came behind the close frame")
	}
}

const (
	subscribe     = `{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`
	subscribed    = `{"topic":"aws/subscribe","content":{"status":"success","topics":["aws/chat"]}}`
	ping          = `{"topic":"aws/ping"}`
	pong          = `{"topic":"aws/ping","statusCode":200,"statusContent":"OK"}`
	heartbeat     = `{"topic":"aws/heartbeat"}`
	customerToken = "chat-1/CUSTOMER"
	agentToken    = "chat-1/AGENT"
)

// subscriber opens a socket and subscribes.
func subscriber(t testing.TB, addr, token string) *client {
	t.Helper()
	c := dial(t, addr, token)
	c.send(subscribe)
	c.expect(subscribed)
	return c
}

// push returns the push of a message.
func push(chat center.ContactID, text string) center.Push {
	return center.Push{Chat: chat, Item: center.Item{
		Chat: chat, Contact: chat, ID: center.ItemID("id-" + text[:min(len(text), 20)]), Time: time.UnixMilli(1767604502117), Type: center.TypeMessage,
		ContentType: center.PlainText, Content: text, Participant: "p", DisplayName: "Ana", Role: center.RoleAgent,
	}}
}

// publish publishes pushes as the engine does, those of a chat that follow each other as one commit.
func publish(h *Hub, pushes []center.Push) {
	for len(pushes) > 0 {
		n := 1
		for n < len(pushes) && pushes[n].Chat == pushes[0].Chat {
			n++
		}
		h.Bus.Publish(bus.Message{Subject: bus.Chat(pushes[0].Chat), Events: contact.Events(pushes[:n])})
		pushes = pushes[n:]
	}
}

// content returns the Content of the item in a frame.
func content(t testing.TB, frame string) string {
	t.Helper()
	var f struct{ Topic, ContentType, Content string }
	dec := json.NewDecoder(strings.NewReader(frame))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil || f.Topic != "aws/chat" || f.ContentType != "application/json" {
		t.Fatalf("frame %s: %v", frame, err)
	}
	var item map[string]any
	if err := json.NewDecoder(bytes.NewReader([]byte(f.Content))).Decode(&item); err != nil {
		t.Fatalf("content %s: %v", f.Content, err)
	}
	text, _ := item["Content"].(string)
	return text
}

// eventually waits for what other goroutines are about to do.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(10 * time.Second)
	defer end.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }
