package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/server/servertest"
)

// unreadSocket opens a socket that subscribes and then reads nothing any more.
func unreadSocket(t *testing.T, s *servertest.Server, url string) net.Conn {
	t.Helper()
	conn := s.Dial()
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
	}
	path := url[strings.Index(url, "/ws"):]
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: parley\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake was answered %v, %v", res, err)
	}
	if _, err := conn.Write(textFrame(`{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`)); err != nil {
		t.Fatal(err)
	}
	if reply, err := in.Peek(20); err != nil || !strings.Contains(string(reply), "aws/sub") {
		t.Fatalf("the subscribe was answered %q, %v", reply, err)
	}
	return conn
}

// textFrame is a short text frame of a client, masked with zeros.
func textFrame(text string) []byte {
	return append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
}

// TestUnreadSockets floods a chat with some sockets that are not read: the others
// receive everything at once, and the queues of the unread ones are bounded.
func TestUnreadSockets(t *testing.T) {
	const messages, deaf = 200, 4
	s := servertest.Start(t, servertest.Production(t.TempDir()), rates(map[string]string{"all": "off"}))
	n := settle(t, s)
	c := s.Chat(t)
	for range deaf {
		unreadSocket(t, s, c.SocketURL)
	}
	hearing := c.Socket()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := heap(), uint64(0)
	for i := range messages {
		text := fmt.Sprintf("%d %s", i, strings.Repeat("x", 16_000))
		c.Send(text)
		hearing.Until(text)
		if i%50 == 49 {
			n.undisturbed()
			most = max(most, heap())
		}
	}
	// A queue without a bound would hold 13 MB in the end.
	if grown := int64(most) - int64(before); grown > 6<<20 {
		t.Errorf("%d deaf sockets cost %d kB", deaf, grown>>10)
	}
}

// TestDeafSocketIsCut shows in virtual time that a socket that is not read is aborted.
func TestDeafSocketIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		c := s.Chat(t)
		conn := unreadSocket(t, s, c.SocketURL)
		hearing := c.Socket()
		for i := range 600 { // more than may wait
			text := fmt.Sprint(i)
			c.Send(text)
			hearing.Until(text)
		}
		if got := metric(t, s, "parley_sockets"); got != 2 {
			t.Errorf("%v sockets are open; want both still", got)
		}
		time.Sleep(30 * time.Second)
		if got := metric(t, s, "parley_sockets"); got != 1 {
			t.Errorf("%v sockets are open; want the one that reads", got)
		}
		conn.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("the connection is open: %d bytes, %v", n, err)
		}
		c.Send("still here")
		hearing.Until("still here")
	})
}

// TestSocketFlood lets a client send as fast as it can, without order. It
// disturbs nobody, and what is not for sockets ends its own.
func TestSocketFlood(t *testing.T) {
	s := servertest.Start(t)
	n := settle(t, s)
	c := s.Chat(t)
	for _, frames := range []string{
		strings.Repeat(string(textFrame(`{"topic":"aws/heartbeat"}`)), 20_000),
		strings.Repeat("\x82\x80\x00\x00\x00\x00", 1000),           // binary
		strings.Repeat("\x89\x80\x00\x00\x00\x00", 20_000),         // pings
		"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", // an endless message
		strings.Repeat("\x01\x81\x00\x00\x00\x00x", 20_000),        // beginnings without an end
		string(textFrame("not JSON")),
		string(textFrame("\xff\xfe")),
		"GET / HTTP/1.1\r\n\r\n",
	} {
		conn := unreadSocket(t, s, c.SocketURL)
		conn.SetDeadline(time.Now().Add(prompt))
		go func() { _, _ = io.WriteString(conn, frames) }() // it may be cut off in between
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		n.undisturbed()
		conn.Close()
	}
	eventually(t, "the flooders' sockets are gone", func() bool { return metric(t, s, "parley_sockets") == 1 })
}
