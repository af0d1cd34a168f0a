package socket

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"testing"

	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// parkedSockets counts the sockets that have no goroutine.
func parkedSockets(s *echoes) (n int) {
	s.each(func(c *Conn) {
		if c.parked.Load() {
			n++
		}
	})
	return n
}

// crowd opens n sockets, a path each.
func crowd(t *testing.T, s *echoes, n int) []*sockettest.Client {
	t.Helper()
	addr := serve(t, s)
	clients := make([]*sockettest.Client, n)
	for i := range clients {
		clients[i] = dial(t, addr, "/"+strconv.Itoa(i))
	}
	eventually(t, "all are parked", func() bool { return parkedSockets(s) == n })
	return clients
}

// Sockets between frames have no goroutines, and all the same answer, are sent
// to, and take frames that come in pieces.
func TestParked(t *testing.T) {
	const n, one, two = 300, `"the first"`, `"the second"`
	s := newEchoes(t, Limits{})
	clients := crowd(t, s, n)
	if r := runtime.NumGoroutine(); r > 2*n { // the handlers' connections may linger
		t.Errorf("%d goroutines for %d parked sockets", r, n)
	}
	whole := sockettest.Texts(one, two)
	for cut := range len(whole) {
		c := clients[cut%n]
		c.Write(whole[:cut])
		if cut > len(sockettest.Texts(one)) {
			c.Expect(one)
			eventually(t, "parked with half a frame", func() bool { return parkedSockets(s) == n })
		}
		c.Write(whole[cut:])
		if cut <= len(sockettest.Texts(one)) {
			c.Expect(one)
		}
		c.Expect(two)
	}
	for i, c := range clients {
		text := strconv.Itoa(i)
		s.send("/"+text, text)
		c.Expect(text)
	}
}

// A parked socket ends like any other: by the client, by a lost connection, by
// the server. Descriptors are used again meanwhile.
func TestParkedSocketsEnd(t *testing.T) {
	s := newEchoes(t, Limits{})
	addr := serve(t, s)
	for range 20 {
		gone, lost := dial(t, addr, "/gone"), dial(t, addr, "/lost")
		eventually(t, "both are parked", func() bool { return parkedSockets(s) == 2 })
		gone.Write(sockettest.Frame(websocket.Close, []byte{3, 232}))
		if op, _, err := gone.Next(); op != websocket.Close || err != nil {
			t.Fatalf("the close frame was answered with opcode %x, %v", op, err)
		}
		lost.Conn.(*net.TCPConn).SetLinger(0) // reset it
		lost.Conn.Close()
		eventually(t, "both have ended", func() bool { return s.Sockets() == 0 })
	}
	eventually(t, "all are counted", func() bool {
		closed := s.Counts().Closed
		return closed[Left] == 20 && closed[Lost] == 20
	})
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	for fd, left := range s.poller.parked {
		if left != nil {
			t.Errorf("the poller still knows a socket by the descriptor %d", fd)
		}
	}
}

// Sockets that do not answer a close frame are aborted, parked or not.
func TestParkedSocketsAreAborted(t *testing.T) {
	const n = 100
	s := newEchoes(t, Limits{})
	crowd(t, s, n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); err == nil {
		t.Error("Shutdown had all the time it wanted; want it cut short")
	}
	if left := s.Sockets(); left != 0 {
		t.Errorf("%d sockets are left", left)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("the second Shutdown: %v", err)
	}
}
