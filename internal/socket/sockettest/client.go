// Package sockettest has a client of sockets for tests: the least that a client
// can be, which sends what it is given, sound or not. Its methods end the test
// when what comes is not what has to come. It blocks as its connection does.
// Start reading at [Dial].
package sockettest

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/websocket"
)

// Client is the client's end of a socket.
type Client struct {
	Conn   net.Conn
	Reader *bufio.Reader
	Closed time.Time // when the close frame came

	t testing.TB
}

// NewClient returns a client on a connection, on which nothing was sent yet.
func NewClient(t testing.TB, conn net.Conn) *Client {
	t.Cleanup(func() { conn.Close() })
	return &Client{Conn: conn, Reader: bufio.NewReader(conn), t: t}
}

// Key is the key of the clients' handshakes, that of RFC 6455, section 1.3.
const Key = "dGhlIHNhbXBsZSBub25jZQ=="

// Handshake is the handshake of a client.
func Handshake(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: parley\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + Key + "\r\n\r\n"
}

// Dial opens a socket over the network. What is not done within a minute fails.
func Dial(t testing.TB, addr, path string) *Client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(t, conn)
	conn.SetDeadline(time.Now().Add(time.Minute))
	c.Write([]byte(Handshake(path)))
	c.Upgraded()
	return c
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

// Pipe opens a socket over a pipe. early is what the client sends before it
// has the answer to its handshake.
func Pipe(t testing.TB, h http.Handler, path, early string) *Client {
	t.Helper()
	c := NewClient(t, OpenPipe(t, h, path, early))
	c.Upgraded()
	return c
}

// OpenPipe returns a client's end from which nothing was read yet.
func OpenPipe(t testing.TB, h http.Handler, path, early string) net.Conn {
	t.Helper()
	conn, refusal := TryPipe(t, h, path, early)
	if conn == nil {
		t.Fatalf("handshake refused: %d %s", refusal.Code, refusal.Body)
	}
	return conn
}

// TryPipe is OpenPipe for a handshake that may be refused, which any goroutine
// may try. It returns the refusal then, and no connection.
func TryPipe(t testing.TB, h http.Handler, path, early string) (net.Conn, *httptest.ResponseRecorder) {
	near, far := net.Pipe()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(Handshake(path))))
	if err != nil {
		panic("sockettest: " + err.Error()) // the handshake above
	}
	w := &hijacked{httptest.NewRecorder(), far, early}
	h.ServeHTTP(w, r.WithContext(t.Context()))
	if w.Body.Len() > 0 {
		return nil, w.ResponseRecorder
	}
	return near, nil
}

// Upgraded reads the answer to the handshake.
func (c *Client) Upgraded() {
	c.t.Helper()
	resp, err := http.ReadResponse(c.Reader, nil)
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

var mask = [4]byte{0x9a, 0x01, 0xfe, 0x37}

// Frame is a client's final frame.
func Frame(op websocket.Opcode, payload []byte) []byte {
	return websocket.AppendMasked(nil, op, payload, mask)
}

// Fragment is a client's frame that is not the last of its message.
func Fragment(op websocket.Opcode, payload []byte) []byte { return First(byte(op), payload) }

// First is a client's frame with any first byte.
func First(first byte, payload []byte) []byte {
	b := Frame(websocket.Text, payload)
	b[0] = first
	return b
}

// Texts are text frames, one behind the other.
func Texts(texts ...string) (b []byte) {
	for _, text := range texts {
		b = websocket.AppendMasked(b, websocket.Text, []byte(text), mask)
	}
	return b
}

// Write writes bytes.
func (c *Client) Write(b []byte) {
	c.t.Helper()
	if _, err := c.Conn.Write(b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// Send writes text frames.
func (c *Client) Send(texts ...string) {
	c.t.Helper()
	c.Write(Texts(texts...))
}

// Next reads a frame.
func (c *Client) Next() (op websocket.Opcode, payload []byte, err error) {
	var h websocket.Header
	for size := 2; ; {
		b, err := c.Reader.Peek(size)
		if err != nil {
			return 0, nil, err
		}
		if h, size, err = websocket.ParseHeader(b, websocket.Server, 1<<30); err != nil {
			return 0, nil, err
		}
		if size <= len(b) {
			c.Reader.Discard(size)
			break
		}
	}
	payload = make([]byte, h.Length)
	_, err = io.ReadFull(c.Reader, payload)
	return h.Op, payload, err
}

// Text reads a frame that has to be text.
func (c *Client) Text() string {
	c.t.Helper()
	op, payload, err := c.Next()
	if err != nil || op != websocket.Text || !json.Valid(payload) {
		c.t.Fatalf("next frame = opcode %x %q, %v; want JSON in a text frame", op, payload, err)
	}
	return string(payload)
}

// Expect reads text frames that have to say what is wanted.
func (c *Client) Expect(texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		if got := c.Text(); got != want {
			c.t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// ExpectClose reads a close frame, answers it and waits for the end. A code of
// 0 stands for a connection that ends without.
func (c *Client) ExpectClose(code uint16) {
	c.t.Helper()
	op, payload, err := c.Next()
	if code == 0 && err != nil {
		return
	}
	got, bad := websocket.CloseCode(payload)
	if err != nil || op != websocket.Close || bad != nil || got != code {
		c.t.Fatalf("next frame = opcode %x %q, %v; want a close with %d", op, payload, err, code)
	}
	c.Closed = time.Now()
	c.Conn.Write(Frame(websocket.Close, payload[:2])) // the server may have gone already
	if _, err := c.Reader.ReadByte(); err == nil {
		c.t.Fatal("something came behind the close frame")
	}
}

// ClosedAfter reads the close frame and returns how long it took to come.
func (c *Client) ClosedAfter(code uint16) time.Duration {
	c.t.Helper()
	began := time.Now()
	c.ExpectClose(code)
	return c.Closed.Sub(began)
}

// Eventually waits for what other goroutines, or a server, are about to do, a minute at most.
func Eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(time.Minute)
	defer end.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("did not happen in time: %s", what)
		}
	}
}
