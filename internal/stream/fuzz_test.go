package stream

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzFrame holds the reader of text frames against encoding/json: the same
// frames are JSON, and they say the same.
func FuzzFrame(f *testing.F) {
	for _, text := range []string{
		subscribe, ping, heartbeat, subscribe + ")", `{"topic": "aws/subscribe", "content": {"topics": ["aws/chat"]}})`, "",
		`{"topic":"a\u00e9\ud83d\ude00\/","n":[-0.5e+10,0,1E2,true,false,null,{"a":{}}]}`, `{"content":{"topics":["x",1]},"topic":"t"}`,
		`{"content":{"a":,"topic":"aws/ping"}`, `{"topic":"a","topic":"b","topic":1}`, `{"content":{"topics":["a" , "b"],"topics":[]}}`, `{"a":01}`, `{"":"\x"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		m, ok := readMessage(text)
		if !bytes.Equal(before, text) {
			t.Fatal("the text was changed")
		}
		if ok && m.topics != nil && !json.Valid(m.topics) {
			t.Fatalf("topics %s is not JSON", m.topics)
		}
		trimmed := bytes.TrimLeft(text, " \t\r\n")
		if !utf8.Valid(text) || len(trimmed) == 0 || trimmed[0] != '{' || depth(text) > maxDepth {
			return
		}
		var members map[string]json.RawMessage
		err := json.NewDecoder(bytes.NewReader(text)).Decode(&members)
		if ok != (err == nil) {
			t.Fatalf("valid = %t; encoding/json says %v", ok, err)
		}
		if err != nil || strings.Count(string(text), "topic") > 2 {
			return // of members that come twice each reader takes its own
		}
		var topic string
		json.Unmarshal(members["topic"], &topic)
		if string(m.topic) != topic {
			t.Fatalf("topic = %q; encoding/json says %q", m.topic, topic)
		}
	})
}

// depth is an upper bound of how deep a text is nested.
func depth(text []byte) int { return bytes.Count(text, []byte("{")) + bytes.Count(text, []byte("[")) }

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
func readAll(stream []byte, size int) (messages []string, end Cause) {
	var in inbox
	conn := &pieces{rest: bytes.Clone(stream), size: size}
	for {
		f, ok, bad := in.cut()
		switch {
		case bad != open:
			return messages, bad
		case !ok:
			if in.fill(conn) != nil {
				return messages, Lost
			}
			continue
		case f.control():
			messages = append(messages, string([]byte{f.op})+string(f.payload))
			continue
		}
		text, whole, bad := in.join(f)
		if bad != open {
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
	f.Add(textFrames(subscribe, ping, heartbeat), 7)
	f.Add(slices.Concat(maskedFrame(opText, []byte("{")), maskedFrame(fin|opPing, []byte("x")), maskedFrame(fin, []byte("}"))), 1)
	f.Add(slices.Concat(textFrames(strings.Repeat("a", 500)), textFrames("b"), maskedFrame(fin|opClose, []byte("\x03\xe8"))), 64)
	f.Add([]byte{fin | opText, masked | 127, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}, 3)
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

// What the client's side of the tests frames, the server's side reads.
func TestCutFrame(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 125, 126, 127, 1000, MaxMessage} {
		payload := bytes.Repeat([]byte{'a', 'b', 'c'}, n)[:n]
		for cut := range 20 {
			b := maskedFrame(fin|opText, payload)
			b = b[:max(0, len(b)-cut)]
			f, size, ok, bad := cutFrame(b)
			switch {
			case bad != open:
				t.Fatalf("%d bytes without %d: %v", n, cut, bad)
			case cut == 0 && (!ok || size != len(b) || !bytes.Equal(f.payload, payload)):
				t.Fatalf("%d bytes: ok %t, size %d of %d", n, ok, size, len(b))
			case cut > 0 && (ok || size <= len(b)):
				t.Fatalf("%d bytes without %d: ok %t, needs %d", n, cut, ok, size)
			}
		}
	}
}

// Frames of every length class are what another implementation reads.
func TestServerHeader(t *testing.T) {
	for _, n := range []int{0, 125, 126, 0xffff, 0x10000} {
		near, far := net.Pipe()
		go func() {
			far.Write(appendFrame(nil, opText, make([]byte, n)))
			far.Close()
		}()
		near.SetDeadline(time.Now().Add(10 * time.Second))
		if op, payload, err := newClient(t, near).next(); op != opText || len(payload) != n || err != nil {
			t.Errorf("%d bytes: opcode %x, %d bytes, %v", n, op, len(payload), err)
		}
	}
}
