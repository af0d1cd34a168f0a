package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"parley.example/parley/internal/websocket"
)

// The first byte of a final frame, and the mark of a masked one.
const (
	finalBit  = 0x80
	maskedBit = 0x80
)

// line is what a server sends, and keeps what it is sent.
type line struct {
	io.Reader
	sent   bytes.Buffer
	closed bool
}

func (w *line) Write(b []byte) (int, error) { return w.sent.Write(b) }

func (w *line) Close() error {
	w.closed = true
	return nil
}

func newSocket(frames ...[]byte) (*Socket, *line) {
	w := &line{Reader: bytes.NewReader(bytes.Join(frames, nil))}
	return &Socket{rw: w, br: bufio.NewReader(w), write: make(chan struct{}, 1)}, w
}

// served is a frame as servers send it.
func served(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	default:
		b = append(b, 126, byte(n>>8), byte(n))
	}
	return append(b, payload...)
}

// unmasked takes a client's short frame apart.
func unmasked(t *testing.T, b []byte) (first byte, payload string) {
	t.Helper()
	if len(b) < 6 || b[1]&maskedBit == 0 || len(b) != 6+int(b[1]&0x7f) {
		t.Fatalf("sent % x", b)
	}
	text := bytes.Clone(b[6:])
	for i := range text {
		text[i] ^= b[2+i&3]
	}
	return b[0], string(text)
}

func TestSocketReads(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	big := append([]byte{finalBit | byte(websocket.Text), 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70}, long...)
	s, w := newSocket(
		served(finalBit|byte(websocket.Text), "one"),
		served(byte(websocket.Text), "tw"), served(finalBit|byte(websocket.Ping), "are you there"), served(byte(websocket.Continuation), ""), served(finalBit|byte(websocket.Continuation), "o"),
		served(finalBit|byte(websocket.Pong), ""), served(finalBit|byte(websocket.Text), long[:300]), big, served(finalBit|byte(websocket.Text), ""),
		served(finalBit|byte(websocket.Close), "\x03\xe9bye"),
	)
	for _, want := range []string{"one", "two", long[:300], long, ""} {
		got, err := s.Read()
		if err != nil || string(got) != want {
			t.Fatalf("read %.20q (%d bytes), %v; want %.20q", got, len(got), err, want)
		}
	}
	if op, text := unmasked(t, w.sent.Bytes()[:6+13]); op != finalBit|byte(websocket.Pong) || text != "are you there" {
		t.Errorf("the ping was answered by %x %q", op, text)
	}
	w.sent.Reset()
	if _, err := s.Read(); !errors.Is(err, ErrClosed) {
		t.Errorf("after the close: %v", err)
	}
	if op, text := unmasked(t, w.sent.Bytes()); op != finalBit|byte(websocket.Close) || text != "\x03\xe9" {
		t.Errorf("the close was answered by %x %q", op, text)
	}
	if cap(s.message) > keptMessage && len(s.message) == 0 {
		t.Errorf("%d bytes of room are kept", cap(s.message))
	}
	w.sent.Reset()
	if err := s.Text("ping"); err != nil {
		t.Fatal(err)
	}
	if op, text := unmasked(t, w.sent.Bytes()); op != finalBit|byte(websocket.Text) || text != "ping" {
		t.Errorf("sent %x %q", op, text)
	}
	s.Close()
	s.Close()
	if !w.closed {
		t.Error("it is not closed")
	}
}

func TestSocketRefuses(t *testing.T) {
	for name, frames := range map[string][]byte{
		"an extension":           served(finalBit|0x40|byte(websocket.Text), "x"),
		"a masked frame":         {finalBit | byte(websocket.Text), maskedBit | 1, 0, 0, 0, 0, 'x'},
		"a binary frame":         served(finalBit|byte(websocket.Binary), "x"),
		"a continuation alone":   served(finalBit|byte(websocket.Continuation), "x"),
		"text within text":       append(served(byte(websocket.Text), "x"), served(finalBit|byte(websocket.Text), "y")...),
		"a long ping":            served(finalBit|byte(websocket.Ping), strings.Repeat("x", 126)),
		"an endless message":     {finalBit | byte(websocket.Text), 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a message over a MB":    {finalBit | byte(websocket.Text), 127, 0, 0, 0, 0, 0, 0x10, 0, 1},
		"half a frame":           {finalBit | byte(websocket.Text), 5, 'x'},
		"half a length":          {finalBit | byte(websocket.Text), 126, 1},
		"half of a long length":  {finalBit | byte(websocket.Text), 127, 1},
		"half of a control":      {finalBit | byte(websocket.Ping), 5, 'x'},
		"nothing":                {},
		"many small ones in one": bytes.Repeat(served(byte(websocket.Continuation), "x"), 3),
	} {
		s, _ := newSocket(frames)
		if got, err := s.Read(); err == nil {
			t.Errorf("%s was read as %q", name, got)
		}
	}
}

// FuzzSocket reads whatever a server may send: without a panic and within bounds.
func FuzzSocket(f *testing.F) {
	f.Add(served(finalBit|byte(websocket.Text), "one"))
	f.Add(append(served(byte(websocket.Text), "x"), served(finalBit|byte(websocket.Ping), "y")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _ := newSocket(b)
		for range len(b) + 1 {
			got, err := s.Read()
			if err != nil {
				return
			}
			if len(got) > maxFrame {
				t.Fatalf("a message of %d bytes", len(got))
			}
		}
		t.Fatalf("more messages than bytes")
	})
}

// handshakes answers a handshake in a way of its own.
type handshakes func(r *http.Request) (*http.Response, error)

func (h handshakes) RoundTrip(r *http.Request) (*http.Response, error) { return h(r) }

func TestHandshake(t *testing.T) {
	answer := func(change func(*http.Response)) handshakes {
		return func(r *http.Request) (*http.Response, error) {
			res := &http.Response{StatusCode: 101, Header: http.Header{"Sec-Websocket-Accept": {websocket.Accept(r.Header.Get("Sec-WebSocket-Key"))}}, Body: &line{Reader: strings.NewReader("")}}
			change(res)
			return res, nil
		}
	}
	down := errors.New("no network")
	for name, c := range map[string]struct {
		address   string
		connector handshakes
		want      string
	}{
		"right":         {"wss://h.test/x?token=secret", answer(func(*http.Response) {}), ""},
		"not a socket":  {"https://h.test/x?token=secret", nil, `the socket's URL "https://h.test/x" is not ws or wss`},
		"no address":    {"ws://h.test/%zz?token=secret", nil, "the socket's URL is invalid"},
		"refused":       {"ws://h.test/x", answer(func(r *http.Response) { r.StatusCode = 403 }), "status 403"},
		"another key":   {"ws://h.test/x", answer(func(r *http.Response) { r.Header.Set("Sec-Websocket-Accept", "x") }), "not a WebSocket"},
		"cannot":        {"ws://h.test/x", answer(func(r *http.Response) { r.Body = io.NopCloser(strings.NewReader("")) }), "the Connector cannot open sockets"},
		"not connected": {"ws://h.test/x", func(*http.Request) (*http.Response, error) { return nil, down }, "no network"},
	} {
		s, err := Dial(t.Context(), c.connector, c.address, nil)
		if c.want == "" {
			if err != nil || s == nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
}
