package socket

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// pieces is a connection from which bytes come in pieces of a size.
type pieces struct {
	net.Conn
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// readAll returns what an inbox makes of bytes that come in pieces.
func readAll(stream []byte, size int) (messages []string, end *Cause) {
	var in inbox
	conn := &pieces{rest: bytes.Clone(stream), size: size}
	for {
		f, ok, bad := in.cut()
		switch {
		case bad != nil:
			return messages, bad
		case !ok:
			if in.fill(conn) != nil {
				return messages, Lost
			}
			continue
		case f.Op.Control():
			messages = append(messages, string([]byte{byte(f.Op)})+string(f.Payload))
			continue
		}
		text, whole, bad := in.join(f)
		if bad != nil {
			return messages, bad
		}
		if whole {
			messages = append(messages, "text:"+string(text))
		}
	}
}

// FuzzStream reads any bytes as a client's stream. How they are cut up into
// reads makes no difference, and nothing grows beyond its bound.
func FuzzStream(f *testing.F) {
	f.Add(sockettest.Texts(`{"topic":"a"}`, "{}", `{"topic":"aws/heartbeat"}`), 7)
	f.Add(slices.Concat(sockettest.Fragment(websocket.Text, []byte("{")), sockettest.Frame(websocket.Ping, []byte("x")), sockettest.Frame(websocket.Continuation, []byte("}"))), 1)
	f.Add(slices.Concat(sockettest.Texts(strings.Repeat("a", 500)), sockettest.Texts("b"), sockettest.Frame(websocket.Close, []byte("\x03\xe8"))), 64)
	f.Add([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}, 3)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		if size < 1 || len(stream) > 64<<10 {
			return
		}
		whole, end := readAll(stream, len(stream)+1)
		parts, partsEnd := readAll(stream, size)
		if !slices.Equal(whole, parts) || end != partsEnd {
			t.Fatalf("in one: %q, %v; in pieces of %d: %q, %v", whole, end, size, parts, partsEnd)
		}
		for _, m := range whole {
			if len(m) > MaxMessage+len("text:") {
				t.Fatalf("a message of %d bytes", len(m))
			}
		}
	})
}
