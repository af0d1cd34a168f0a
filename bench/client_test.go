package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h histogram
	if h.p50() != 0 {
		t.Error("a median of nothing")
	}
	for i := range 10_000 {
		h.add(time.Duration(i+1) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{.01: 100 * time.Microsecond, .5: 5 * time.Millisecond, .99: 9900 * time.Microsecond, 1: 10 * time.Millisecond} {
		if got := h.quantile(q); got < want*97/100 || got > want*104/100 {
			t.Errorf("quantile(%v) = %v; want %v within 3%%", q, got, want)
		}
	}
	for v := uint64(0); v < 1<<40; v = v*9/8 + 1 {
		if i := bucketOf(v); floorOf(i) > v || floorOf(i+1) <= v {
			t.Fatalf("%d is in the bucket from %d to %d", v, floorOf(i), floorOf(i+1))
		}
	}
	h.add(-time.Second) // a clock that went back
	if got := h.quantile(0); got != 0 {
		t.Errorf("the least = %v; want 0", got)
	}
}

func TestMarker(t *testing.T) {
	body := messageBody(nil, 7, 12345)
	if load, i, ok := readMarker(body); !ok || load != 7 || i != 12345 {
		t.Errorf("readMarker = %d, %d, %v", load, i, ok)
	}
	content, err := member(body, "Content")
	if err != nil || len(content) != 200 {
		t.Errorf("the content has %d bytes, %v; want 200", len(content), err)
	}
	for _, frame := range []string{"", "hello", marker, marker + "12", marker + "x.1"} {
		if _, _, ok := readMarker([]byte(frame)); ok {
			t.Errorf("readMarker found one in %q", frame)
		}
	}
}

// answering is a server that gives each connection the same bytes after a request.
func answering(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			for line := "-"; strings.TrimSpace(line) != "" && err == nil; {
				line, err = r.ReadString('\n')
			}
			io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestCaller(t *testing.T) {
	for _, c := range []struct {
		answer string
		status int
		body   string
		bad    bool
	}{
		{"HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 5\r\n\r\nhello", 200, "hello", false},
		{"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", 429, "", false},
		{"HTTP/1.1 200 OK\r\n\r\n", 0, "", true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", 0, "", true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 0, "", true},
		{"SSH-2.0-OpenSSH_9.6\r\n", 0, "", true},
		{"", 0, "", true},
	} {
		call := &caller{addr: answering(t, c.answer)}
		status, body, err := call.call(readyHead, nil)
		if (err != nil) != c.bad || status != c.status || string(body) != c.body {
			t.Errorf("%q was read as %d %q, %v", c.answer, status, body, err)
		}
		call.close()
	}
}

// The bare echo answers both clients with what they sent, of all lengths.
func TestEcho(t *testing.T) {
	e, err := startEcho(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.kill()
	s, err := dial(e.addr, "/ws")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	call := &caller{addr: e.addr}
	defer call.close()
	for _, n := range []int{0, 1, 125, 126, 1000, 1100, 5000, 60000} {
		text := strings.Repeat("x", n)
		if err := s.write(textFrame([]byte(text))); err != nil {
			t.Fatal(err)
		}
		if got, err := s.read(); err != nil || string(got) != text {
			t.Fatalf("the socket gave %d bytes back, %v; want %d", len(got), err, n)
		}
		if status, got, err := call.call(messageHead(e.addr, "b"), []byte(text)); expect(status, got, err) != nil || string(got) != text {
			t.Fatalf("HTTP gave %d bytes back, %v; want %d", len(got), err, n)
		}
	}
	if _, err := dial(e.addr, "/nowhere"); err == nil {
		t.Error("a path without sockets gave one")
	}
}

func TestMember(t *testing.T) {
	body := []byte(`{"ContactId":"c-1","Token":"a.b"}`)
	if got, err := member(body, "Token"); got != "a.b" || err != nil {
		t.Errorf("member = %q, %v", got, err)
	}
	if _, err := member(body, "Url"); err == nil {
		t.Error("a member that is not there was found")
	}
}

func TestOpenLoopKeepsTime(t *testing.T) {
	e, err := startEcho(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.kill()
	seen := make([]bool, 100)
	var began time.Time
	r, err := openLoop(t.Context(), e.addr, 1, 200, 500*time.Millisecond, func(t time.Time) { began = t }, func(call *caller, i int) error {
		if seen[i] {
			return fmt.Errorf("%d was sent twice", i)
		}
		if due := began.Add(time.Duration(i) * 5 * time.Millisecond); time.Now().Before(due) {
			return fmt.Errorf("%d was sent %v early", i, time.Until(due))
		}
		seen[i] = true
		return expect(call.call(readyHead, nil))
	})
	if err != nil || r.count != 100 {
		t.Fatalf("openLoop sent %d, %v; want 100", r.count, err)
	}
}
