package socket

import (
	"testing"
	"time"

	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// TestFloodingIsClosed: a client may send so many frames at once, and so many a second after that, and is closed for the
// next one, whatever the frames are.
func TestFloodingIsClosed(t *testing.T) {
	fragments := sockettest.Fragment(websocket.Text, nil)
	for name, frame := range map[string][]byte{
		"texts": sockettest.Texts(""), "pings": sockettest.Frame(websocket.Ping, []byte("x")), "pongs": sockettest.Frame(websocket.Pong, nil),
		"fragments": sockettest.Fragment(websocket.Continuation, nil),
	} {
		bubble(t, Limits{Frames: 2}, func(t *testing.T, s *echoes) {
			c := sockettest.Pipe(t, s, "/flooder", "")
			other := sockettest.Pipe(t, s, "/other", "")
			send := func(n int) {
				for range n {
					c.Write(frame)
					if op := websocket.Opcode(frame[0] & 0xf); op == websocket.Text || op == websocket.Ping {
						if _, _, err := c.Next(); err != nil {
							t.Fatalf("%s: %v", name, err)
						}
					}
				}
			}
			first := 2 * quotaSeconds
			if name == "fragments" {
				c.Write(fragments)
				first--
			}
			send(first)
			<-time.After(3500 * time.Millisecond) // three turns of the patrol, or four
			send(6)
			<-time.After(time.Minute)
			send(2 * quotaSeconds)
			go c.Conn.Write(append(append(frame, frame...), frame...)) // the server may end it before all is sent
			c.ExpectClose(1008)
			other.Send(`"still here"`)
			other.Expect(`"still here"`)
			c.Conn.Close()
			other.Conn.Close()
		})
	}
}

// TestFloodIsBounded lets a client send as fast as it can over the network and read nothing: it is closed, for one
// or the other, and the server has read no more than it allows.
func TestFloodIsBounded(t *testing.T) {
	s := newEchoes(t, Limits{Frames: 3})
	addr := serve(t, s)
	other := dial(t, addr, "/other")
	before := s.Counts().Received
	c := dial(t, addr, "/flooder")
	flood := make([]byte, 0, 1<<20)
	for len(flood) < 1<<20 {
		flood = append(flood, sockettest.Frame(websocket.Ping, []byte("x"))...)
	}
	for {
		if _, err := c.Conn.Write(flood); err != nil {
			break // the server has ended it
		}
	}
	eventually(t, "the flooder is closed", func() bool { return s.Counts().Closed[Flooding] == 1 })
	other.Send(`"still here"`)
	other.Expect(`"still here"`)
	if read := s.Counts().Received - before; read > 3*quotaSeconds+3*60 { // within the minute that the client's connection lasts
		t.Errorf("the server has read %d frames", read)
	}
}
