package stream

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket"
	"parley.example/parley/internal/socket/sockettest"
)

// Sockets subscribe and leave while 2,000 pushes are published. Each receives an
// unbroken run of them: from its subscribe on, in order, each once.
func TestOrderAndExactlyOnce(t *testing.T) {
	const sockets, pushes = 50, 2000
	h, _ := newHub(t, Limits{PerParticipant: sockets, Limits: socket.Limits{QueueFrames: pushes + 10, QueueBytes: 4 << 20}})
	addr := serve(t, h)
	f := follower{pushes: pushes}
	f.subscribed.Add(sockets)
	var running sync.WaitGroup
	fail := make(chan error, sockets)
	publish := func(n int) { // two at a time, as one commit may bring them
		publish(h, []center.Push{push("chat-1", strconv.Itoa(n)), push("chat-1", strconv.Itoa(n+1))})
		f.last.Store(int64(n + 1))
	}
	n := 0
	for i := range sockets {
		c := dial(t, addr, customerToken)
		running.Go(func() {
			if err := f.follow(c, i%3 == 0); err != nil {
				fail <- fmt.Errorf("socket %d: %w", i, err)
			}
		})
		for ; n < i*pushes/sockets*9/10; n += 2 {
			publish(n)
		}
	}
	f.subscribed.Wait()
	for ; n < pushes; n += 2 {
		publish(n)
	}
	running.Wait()
	close(fail)
	for err := range fail {
		t.Error(err)
	}
	if n := h.Counts().Closed[socket.Slow]; n != 0 {
		t.Errorf("%d sockets were too slow for this machine", n)
	}
}

type follower struct {
	pushes     int
	last       atomic.Int64 // published so far, or two more
	subscribed sync.WaitGroup
}

// follow subscribes and reads until the last push, or leaves after a hundred.
func (f *follower) follow(c *sockettest.Client, leaves bool) error {
	before := f.last.Load()
	c.Conn.Write(sockettest.Texts(subscribe))
	_, reply, err := c.Next()
	after := f.last.Load()
	f.subscribed.Done()
	if err != nil || string(reply) != subscribed {
		return fmt.Errorf("the first frame is %q, %v; want the reply to the subscribe", reply, err)
	}
	for heard, expected := 0, -1; ; heard++ {
		_, frame, err := c.Next()
		if err != nil {
			return err
		}
		_, text, _ := strings.Cut(string(frame), `\"Content\":\"`)
		text, _, _ = strings.Cut(text, `\"`)
		n, err := strconv.Atoi(text)
		switch {
		case err != nil:
			return err
		case expected >= 0 && n != expected:
			return fmt.Errorf("got push %d; want %d", n, expected)
		case expected < 0 && (int64(n) < before || int64(n) > after+3):
			return fmt.Errorf("the first push is %d; %d was out before the subscribe, %d with the reply", n, before, after)
		case n == f.pushes-1:
			return nil
		case leaves && heard == 100:
			return c.Conn.Close()
		}
		expected = n + 1
	}
}

// Chats come and go in all shards while others are published to.
func TestAttachAndDetach(t *testing.T) {
	h, _ := newHub(t, Limits{PerParticipant: 3})
	h.init()
	var attached []*session
	for i := range 300 {
		s := newSession(h, "CUSTOMER")
		if status := h.attach(s, bus.Chat(center.ContactID("chat-"+strconv.Itoa(i%100)))); status != 0 {
			t.Fatalf("session %d: %d", i, status)
		}
		attached = append(attached, s)
	}
	if status := h.attach(newSession(h, "CUSTOMER"), bus.Chat("chat-7")); status != 429 {
		t.Errorf("the fourth of three: %d", status)
	}
	for _, i := range []int{100, 0, 200, 299, 99, 199} { // middle, last and first of their chats
		h.release(attached[i])
	}
	if n := h.Sockets(); n != 294 {
		t.Errorf("%d sockets; want 294", n)
	}
	chats := 0
	for i := range h.shards {
		chats += len(h.shards[i].audiences)
		if len(h.shards[i].audiences) == 100 {
			t.Error("all chats are in one shard")
		}
	}
	if chats != 98 {
		t.Errorf("%d chats have sockets; want 98", chats)
	}
}
