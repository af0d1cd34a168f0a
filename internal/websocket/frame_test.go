package websocket

import (
	"bytes"
	"errors"
	"testing"
)

// The examples of RFC 6455, section 5.7, and the two ways to write a longer length.
func TestFramesOfTheRFC(t *testing.T) {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for name, test := range map[string]struct{ got, want []byte }{
		"a server's text": {AppendFrame(nil, Text, []byte("Hello")), []byte{0x81, 0x05, 'H', 'e', 'l', 'l', 'o'}},
		"a client's text": {AppendMasked(nil, Text, []byte("Hello"), key), []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}},
		"a ping":          {AppendFrame(nil, Ping, []byte("Hello")), []byte{0x89, 0x05, 'H', 'e', 'l', 'l', 'o'}},
		"256 bytes":       {AppendFrame(nil, Binary, make([]byte, 256))[:4], []byte{0x82, 0x7e, 0x01, 0x00}},
		"64 KiB":          {AppendFrame(nil, Binary, make([]byte, 65536))[:10], []byte{0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}},
		"a close":         {AppendFrame(nil, Close, ClosePayload(1001, "bye")), []byte{0x88, 0x05, 0x03, 0xe9, 'b', 'y', 'e'}},
	} {
		if !bytes.Equal(test.got, test.want) {
			t.Errorf("%s is % x; want % x", name, test.got, test.want)
		}
	}
	if got := Accept("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" { // section 1.3
		t.Errorf("the accept key is %s", got)
	}
}

// A frame is read when it is there to its last byte, not before, and the size
// that is asked for never asks for too much.
func TestCut(t *testing.T) {
	const limit = 1 << 17
	for _, from := range []Side{Server, Client} {
		for _, n := range []int{0, 1, 7, 8, 9, 125, 126, 127, 1000, 0xffff, 0x10000, limit} {
			payload := bytes.Repeat([]byte{'a', 'b', 'c'}, n)[:n]
			whole := AppendFrame(nil, Text, payload)
			if from == Client {
				whole = AppendMasked(nil, Text, payload, [4]byte{0x9a, 0x01, 0xfe, 0x37})
			}
			for cut := range min(20, len(whole)) {
				f, size, err := Cut(bytes.Clone(whole[:len(whole)-cut]), from, limit)
				switch {
				case err != nil:
					t.Fatalf("%d bytes without %d: %v", n, cut, err)
				case cut == 0 && (size != len(whole) || !f.Final || f.Op != Text || !bytes.Equal(f.Payload, payload)):
					t.Fatalf("%d bytes: %+v, size %d of %d", n, f, size, len(whole))
				case cut > 0 && (size <= len(whole)-cut || size > len(whole)):
					t.Fatalf("%d bytes without %d: needs %d of %d", n, cut, size, len(whole))
				}
			}
		}
	}
}

func TestFramesThatAreRefused(t *testing.T) {
	const limit = 1000
	for name, test := range map[string]struct {
		b    []byte
		from Side
		want error
	}{
		"an extension":           {[]byte{0xc1, 0}, Server, ErrProtocol},
		"a server's mask":        {[]byte{0x81, 0x80, 1, 2, 3, 4}, Server, ErrProtocol},
		"a client without one":   {[]byte{0x81, 0}, Client, ErrProtocol},
		"an unknown opcode":      {[]byte{0x83, 0}, Server, ErrProtocol},
		"an unknown control":     {[]byte{0x8b, 0}, Server, ErrProtocol},
		"a fragment of a ping":   {[]byte{0x09, 0}, Server, ErrProtocol},
		"a long ping":            {[]byte{0x89, 126, 0, 126}, Server, ErrProtocol},
		"one byte too many":      {[]byte{0x81, 126, 1001 >> 8, 1001 & 0xff}, Server, ErrTooLong},
		"as long as can be said": {[]byte{0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4}, Client, ErrTooLong},
	} {
		if _, _, err := Cut(test.b, test.from, limit); !errors.Is(err, test.want) {
			t.Errorf("%s: %v; want %v", name, err, test.want)
		}
	}
}

func TestCloseCode(t *testing.T) {
	for payload, want := range map[string]uint16{"": 0, "\x03\xe8": 1000, "\x03\xe8bye": 1000, "\x0f\xa0": 4000} {
		if code, err := CloseCode([]byte(payload)); code != want || err != nil {
			t.Errorf("CloseCode(%q) = %d, %v; want %d", payload, code, err, want)
		}
	}
	for _, payload := range []string{"\x03", "\x03\xe7", "\x03\xed", "\x03\xf7", "\x13\x88", "\x03\xe8\xff"} {
		if code, err := CloseCode([]byte(payload)); !errors.Is(err, ErrProtocol) {
			t.Errorf("CloseCode(%q) = %d, %v; want ErrProtocol", payload, code, err)
		}
	}
}

// Frames are read and written without memory of their own.
func TestNothingIsAllocated(t *testing.T) {
	text, key := []byte(`{"topic":"aws/heartbeat"}`), [4]byte{1, 2, 3, 4}
	buf := make([]byte, 0, 256)
	allocs := testing.AllocsPerRun(100, func() {
		b := AppendMasked(buf, Text, text, key)
		f, _, err := Cut(b, Client, 1000)
		if err != nil || len(AppendFrame(b[len(b):], f.Op, f.Payload)) != len(text)+2 {
			t.Fatal("the frame is not what was written")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations; want none", allocs)
	}
}
