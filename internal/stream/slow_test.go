package stream

import (
	"net"
	"testing"
)

// TestSlowCountsFromTheWrite: the patrol passes a socket just as it begins to write, long after it
// wrote last. It is not slow.
func TestSlowCountsFromTheWrite(t *testing.T) {
	h, _ := newHub(t, Limits{})
	h.init()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	s := newSocket(h, "CUSTOMER")
	s.conn = near
	h.turn.Store(1000)
	s.opened = 900
	s.heard.Store(1000)
	s.queue(heartbeatReply)
	if !s.begin() {
		t.Fatal("there is nothing to write")
	}
	s.check(1001, &h.clocks)
	if s.out.cause != open {
		t.Errorf("the socket was closed as %v", s.out.cause)
	}
}
