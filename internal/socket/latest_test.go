package socket

import (
	"bytes"
	"io"
	"net"
	"testing"

	"parley.example/parley/internal/websocket"
)

// TestLatest queues snapshots for a client that does not read meanwhile: it is sent the newest alone, in its place.
func TestLatest(t *testing.T) {
	s := newEchoes(t, Limits{})
	s.init()
	near, far := net.Pipe()
	defer far.Close()
	e := &echo{of: s}
	c := &e.conn
	c.Init(&s.Server, e)
	c.conn = near
	select {
	case <-c.Rest():
	default:
		t.Error("a socket that is sent nothing is not at rest")
	}
	c.SendLatest([]byte("one"))
	if !c.begin() {
		t.Fatal("there is nothing to write")
	}
	c.Send([]byte("item"))
	for _, text := range []string{"two", "three"} {
		c.SendLatest([]byte(text))
	}
	c.Send([]byte("another"))
	c.SendLatest([]byte("four"))
	c.Send([]byte("last"))
	rest := c.Rest()
	select {
	case <-rest:
		t.Error("a socket that writes is at rest")
	default:
	}
	go func() {
		c.flush()
		near.Close()
	}()
	got, err := io.ReadAll(far)
	var want []byte
	for _, text := range []string{"item", "another", "four", "last"} {
		want = websocket.AppendFrame(want, websocket.Text, []byte(text))
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("written %q, %v; want %q", got, err, want)
	}
	<-rest
	c.out.mu.Lock()
	c.out.cause = Left
	c.out.mu.Unlock()
	if c.SendLatest([]byte("five")); c.out.latest != nil {
		t.Error("a socket that closes takes a frame")
	}
}
