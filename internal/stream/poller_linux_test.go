package stream

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"testing"

	"parley.example/parley/internal/center"
)

// parkedSockets counts the sockets that have no goroutine.
func parkedSockets(h *Hub) (n int) {
	h.each(func(s *socket) {
		if s.parked.Load() {
			n++
		}
	})
	return n
}

// crowd opens n sockets, a chat each.
func crowd(t *testing.T, h *Hub, n int) []*client {
	t.Helper()
	addr := serve(t, h)
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = subscriber(t, addr, "chat-"+strconv.Itoa(i)+"/CUSTOMER")
	}
	eventually(t, "all are parked", func() bool { return parkedSockets(h) == n })
	return clients
}

// Sockets between frames have no goroutines, and all the same answer, are
// told, and take frames that come in pieces.
func TestParked(t *testing.T) {
	const n = 300
	h, _ := newHub(t, Limits{})
	clients := crowd(t, h, n)
	if r := runtime.NumGoroutine(); r > 2*n { // the handlers' connections may linger
		t.Errorf("%d goroutines for %d parked sockets", r, n)
	}
	whole := textFrames(ping, heartbeat)
	for cut := range len(whole) {
		c := clients[cut%n]
		c.write(whole[:cut])
		if cut > len(textFrames(ping)) {
			c.expect(pong)
			eventually(t, "parked with half a frame", func() bool { return parkedSockets(h) == n })
		}
		c.write(whole[cut:])
		if cut <= len(textFrames(ping)) {
			c.expect(pong)
		}
		c.expect(heartbeat)
	}
	for i, c := range clients {
		text := "to " + strconv.Itoa(i)
		publish(h, []center.Push{push(center.ContactID("chat-"+strconv.Itoa(i)), text)})
		if got := content(t, c.text()); got != text {
			t.Errorf("socket %d got %q; want %q", i, got, text)
		}
	}
}

// A parked socket ends like any other: by the client, by a lost connection, by
// the server. Descriptors are used again meanwhile.
func TestParkedSocketsEnd(t *testing.T) {
	h, _ := newHub(t, Limits{PerParticipant: 1000})
	addr := serve(t, h)
	for range 20 {
		gone, lost := subscriber(t, addr, customerToken), subscriber(t, addr, customerToken)
		eventually(t, "both are parked", func() bool { return parkedSockets(h) == 2 })
		gone.write(maskedFrame(fin|opClose, []byte{3, 232}))
		if op, _, err := gone.next(); op != opClose || err != nil {
			t.Fatalf("the farewell was answered with opcode %x, %v", op, err)
		}
		lost.conn.(*net.TCPConn).SetLinger(0) // reset it
		lost.conn.Close()
		eventually(t, "both have ended", func() bool { return h.Sockets() == 0 })
	}
	eventually(t, "all are counted", func() bool {
		counts := h.Counts()
		return counts.Closed[Left] == 20 && counts.Closed[Lost] == 20
	})
	h.poller.mu.Lock()
	defer h.poller.mu.Unlock()
	for fd, left := range h.poller.parked {
		if left != nil {
			t.Errorf("the poller still knows a socket by the descriptor %d", fd)
		}
	}
}

// Sockets that do not answer a close frame are cut off, parked or not.
func TestParkedSocketsAreCut(t *testing.T) {
	const n = 100
	h, _ := newHub(t, Limits{})
	crowd(t, h, n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Shutdown(ctx); err == nil {
		t.Error("Shutdown had all the time it wanted; want it cut short")
	}
	if left := h.Sockets(); left != 0 {
		t.Errorf("%d sockets are left", left)
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Errorf("the second Shutdown: %v", err)
	}
}
