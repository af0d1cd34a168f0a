package socket

import (
	"net"
	"testing"
)

// TestSlowCountsFromTheWrite: the patrol passes a socket just as it begins to write, long after it
// wrote last. It is not slow.
func TestSlowCountsFromTheWrite(t *testing.T) {
	s := newEchoes(t, Limits{})
	s.init()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	e := &echo{of: s}
	c := &e.conn
	c.Init(&s.Server, e)
	c.conn = near
	s.turn.Store(1000)
	c.opened = 900
	c.received.Store(1000)
	c.Send([]byte("text"))
	if !c.begin() {
		t.Fatal("there is nothing to write")
	}
	c.check(1001, &s.clocks)
	if c.out.cause != nil {
		t.Errorf("the socket was closed as %v", c.out.cause)
	}
}
