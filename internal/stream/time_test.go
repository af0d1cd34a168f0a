package stream

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket"
	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// bubble runs a test in virtual time. The hub must be left without sockets.
func bubble(t *testing.T, limits Limits, f func(t *testing.T, h *Hub, c *chats)) {
	synctest.Test(t, func(t *testing.T) {
		h, c := newHub(t, limits)
		f(t, h, c)
		synctest.Wait()
		pass(2 * time.Second)
		if n := h.Sockets(); n != 0 {
			t.Errorf("%d sockets are left", n)
		}
	})
}

// subscribedPipe opens a socket over a pipe and subscribes.
func subscribedPipe(t *testing.T, h *Hub, token string) *sockettest.Client {
	t.Helper()
	c := pipe(t, h, token, "")
	c.Send(subscribe)
	c.Expect(subscribed)
	return c
}

func between(t *testing.T, what string, got, low, high time.Duration) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s after %v; want %v to %v", what, got, low, high)
	}
}

func TestGraceAfterTheEnd(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		c, other := subscribedPipe(t, h, customerToken), subscribedPipe(t, h, "chat-2/CUSTOMER")
		unsubscribed := pipe(t, h, agentToken, "")
		last := push("chat-1", "bye")
		last.Last = true
		publish(h, []center.Push{last})
		if got := content(t, c.Text()); got != "bye" {
			t.Errorf("got %q", got)
		}
		for _, c := range []*sockettest.Client{c, unsubscribed} {
			began := time.Now()
			c.Send(ping)
			c.Expect(pong)
			if took := time.Since(began); took != 0 {
				t.Errorf("a heartbeat was answered after %v", took)
			}
		}
		between(t, "closed", c.ClosedAfter(1000), 10*time.Second, 12*time.Second)
		unsubscribed.ExpectClose(1000)
		other.Send(ping)
		other.Expect(pong)
		other.Write(sockettest.Frame(websocket.Close, nil))
		other.Next()
		if n := h.Counts().Closed[Ended]; n != 2 {
			t.Errorf("%d sockets ended; want 2", n)
		}
	})
}

// Who leaves receives that, and nothing of what the others say from then on.
func TestGraceAfterLeaving(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		customer, agent := subscribedPipe(t, h, customerToken), subscribedPipe(t, h, agentToken)
		late := pipe(t, h, agentToken, "")
		left := push("chat-1", "left")
		left.Item.ContentType, left.Item.Participant = center.EventLeft, "AGENT"
		publish(h, []center.Push{left, push("chat-1", "how was it?")})
		publish(h, []center.Push{push("chat-1", "awful")})
		for _, want := range []string{"left", "how was it?", "awful"} {
			if got := content(t, customer.Text()); got != want {
				t.Errorf("the customer got %q; want %q", got, want)
			}
		}
		if got := content(t, agent.Text()); got != "left" {
			t.Errorf("the agent got %q; want its leaving", got)
		}
		late.Send(subscribe)
		late.Expect(subscribed)
		publish(h, []center.Push{push("chat-1", "never again")})
		if got := content(t, customer.Text()); got != "never again" {
			t.Errorf("the customer got %q", got)
		}
		between(t, "closed", agent.ClosedAfter(1000), 10*time.Second, 12*time.Second)
		late.ExpectClose(1000)
		customer.Write(sockettest.Frame(websocket.Close, nil))
		customer.Next()
	})
}

// A customer whose leaving does not end the chat is told what follows, and the end.
func TestCustomerLeaving(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		c := subscribedPipe(t, h, customerToken)
		left, last := push("chat-1", "left"), push("chat-1", "bye")
		left.Item.ContentType, left.Item.Participant, left.Item.Role = center.EventLeft, "CUSTOMER", center.RoleCustomer
		last.Last = true
		publish(h, []center.Push{left, push("chat-1", "how was it?")})
		publish(h, []center.Push{last})
		for _, want := range []string{"left", "how was it?", "bye"} {
			if got := content(t, c.Text()); got != want {
				t.Errorf("the customer got %q; want %q", got, want)
			}
		}
		c.ExpectClose(1000)
	})
}

// Whoever leaves with the end of the chat receives all of it.
func TestLeavingAtTheEnd(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		agent := subscribedPipe(t, h, agentToken)
		left, last := push("chat-1", "left"), push("chat-1", "bye")
		left.Item.ContentType, left.Item.Participant, last.Last = center.EventLeft, "AGENT", true
		publish(h, []center.Push{left, last})
		for _, want := range []string{"left", "bye"} {
			if got := content(t, agent.Text()); got != want {
				t.Errorf("the agent got %q; want %q", got, want)
			}
		}
		agent.ExpectClose(1000)
	})
}

// The chat ends between the handshake's look at it and the socket's first
// frame: the end is not missed.
func TestEndDuringHandshake(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		h.init()
		s := newSession(h, "CUSTOMER")
		if status := h.attach(s, bus.Chat("chat-1")); status != 0 {
			t.Fatalf("attach = %d", status)
		}
		last := push("chat-1", "bye")
		last.Last = true
		publish(h, []center.Push{last})
		if !s.over {
			t.Error("the session was not sent the end")
		}
		h.release(s)
	})
}

func TestSilence(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		c := pipe(t, h, customerToken, "")
		for range 5 {
			pass(119 * time.Second)
			c.Send(heartbeat)
			c.Expect(heartbeat)
		}
		c.Write(sockettest.Texts(heartbeat)[:5]) // half a frame is none
		between(t, "closed", c.ClosedAfter(1001), 120*time.Second, 122*time.Second)
	})
}

// A client as ChatJS would be if it did not leave after 59 minutes by itself.
func TestAge(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		c := pipe(t, h, customerToken, "")
		began := time.Now()
		go func() {
			for time.Since(began) < 61*time.Minute {
				c.Conn.Write(sockettest.Texts(ping, heartbeat))
				pass(10 * time.Second)
			}
		}()
		for range 2 * 6 * 61 {
			c.Text()
		}
		c.ExpectClose(1001)
		between(t, "closed", time.Since(began), 61*time.Minute, 61*time.Minute+2*time.Second)
		if n := h.Counts().Closed[socket.Expired]; n != 1 {
			t.Errorf("%d sockets expired; want 1", n)
		}
	})
}

// A client that reads the close frame and neither answers nor goes.
func TestLinger(t *testing.T) {
	bubble(t, Limits{Limits: socket.Limits{Silence: time.Minute}}, func(t *testing.T, h *Hub, _ *chats) {
		c := pipe(t, h, customerToken, "")
		if op, _, err := c.Next(); op != websocket.Close {
			t.Fatalf("next = opcode %x, %v; want a close", op, err)
		}
		began := time.Now()
		if _, _, err := c.Next(); err == nil {
			t.Error("something came behind the close frame")
		}
		between(t, "cut", time.Since(began), 5*time.Second, 7*time.Second)
	})
}

// A client that stops reading is closed; the other one of its chat misses nothing.
func TestSlowReader(t *testing.T) {
	bubble(t, Limits{Limits: socket.Limits{QueueFrames: 100}}, func(t *testing.T, h *Hub, _ *chats) {
		slow, quick := subscribedPipe(t, h, customerToken), subscribedPipe(t, h, agentToken)
		got := make(chan int)
		go func() {
			n := 0
			for ; n < 200; n++ {
				quick.Text()
			}
			got <- n
		}()
		for range 200 {
			publish(h, []center.Push{push("chat-1", "more")})
			synctest.Wait()
		}
		if n := <-got; n != 200 {
			t.Errorf("the quick one got %d; want 200", n)
		}
		// One block was under way when the queue ran full; the close frame is next.
		for op := websocket.Text; op != websocket.Close; {
			var payload []byte
			var err error
			if op, payload, err = slow.Next(); err != nil {
				t.Fatal(err)
			}
			if op == websocket.Close && !strings.HasPrefix(string(payload), "\x03\xf5") { // 1013
				t.Errorf("closed with %q", payload)
			}
		}
		slow.Conn.Close()
		quick.Conn.Close()
		synctest.Wait()
		if c := h.Counts().Closed; c[socket.Slow] != 1 || c[socket.Lost] != 1 {
			t.Errorf("closed: %v", c)
		}
	})
}

func TestQueueBytes(t *testing.T) {
	bubble(t, Limits{Limits: socket.Limits{QueueBytes: 4 << 10}}, func(t *testing.T, h *Hub, _ *chats) {
		c := subscribedPipe(t, h, customerToken)
		long := strings.Repeat("x", 3000)
		publish(h, []center.Push{push("chat-1", strings.Repeat("x", 100_000))}) // alone, it may be longer
		synctest.Wait()
		publish(h, []center.Push{push("chat-1", long)})
		if n := h.Counts().Closed[socket.Slow]; n != 0 || len(content(t, c.Text())) != 100_000 || len(content(t, c.Text())) != len(long) {
			t.Errorf("%d sockets closed", n)
		}
		publish(h, []center.Push{push("chat-1", "under way")})
		synctest.Wait()
		publish(h, []center.Push{push("chat-1", long), push("chat-1", long)})
		if got := content(t, c.Text()); got != "under way" {
			t.Errorf("got %q", got)
		}
		c.ExpectClose(1013)
	})
}

// A write that does not end is the end of the socket.
func TestStuckWrite(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		for _, how := range []string{"pushed", "answered"} {
			c := subscribedPipe(t, h, customerToken)
			if how == "pushed" {
				publish(h, []center.Push{push("chat-1", "unread")})
			} else {
				c.Send(ping)
			}
			synctest.Wait()
			pass(10 * time.Second)
			if n := h.Sockets(); n != 1 {
				t.Errorf("%s: %d sockets after 10 s; want 1", how, n)
			}
			pass(2 * time.Second)
			synctest.Wait()
			if n := h.Sockets(); n != 0 {
				t.Errorf("%s: %d sockets after 12 s; want 0", how, n)
			}
		}
		if n := h.Counts().Closed[socket.Slow]; n != 2 {
			t.Errorf("%d sockets were slow; want 2", n)
		}
	})
}

// Nobody reads so much as the handshake's answer.
func TestStuckHandshake(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		sockettest.OpenPipe(t, h, url(customerToken), "")
		pass(12 * time.Second)
		synctest.Wait()
		if n := h.Counts().Closed[socket.Slow]; n != 1 {
			t.Errorf("%d sockets were slow; want 1", n)
		}
	})
}

// Marking as connected takes its time; heartbeats and items do not wait for it.
func TestSlowConnected(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, chats *chats) {
		chats.connected = func(chat center.ContactID, _ center.ParticipantID) error {
			pass(5 * time.Second)
			publish(h, []center.Push{push(chat, "joined")})
			return nil
		}
		began := time.Now()
		c := subscribedPipe(t, h, customerToken)
		c.Send(ping, heartbeat)
		c.Expect(pong, heartbeat)
		if took := time.Since(began); took != 0 {
			t.Errorf("the heartbeat was answered after %v", took)
		}
		if got := content(t, c.Text()); got != "joined" || time.Since(began) != 5*time.Second {
			t.Errorf("got %q after %v", got, time.Since(began))
		}
		c.Write(sockettest.Frame(websocket.Close, nil))
		c.Next()
	})
}

func TestConnectedFails(t *testing.T) {
	for _, test := range []struct {
		err  error
		code uint16
	}{
		{center.Errorf(center.Denied, "the chat has ended"), 1000},
		{errors.New("disk on fire"), 1011},
	} {
		bubble(t, Limits{}, func(t *testing.T, h *Hub, chats *chats) {
			chats.connected = func(center.ContactID, center.ParticipantID) error { return test.err }
			c := subscribedPipe(t, h, customerToken)
			if took := c.ClosedAfter(test.code); test.code == 1011 {
				between(t, "closed", took, time.Second, 3*time.Second)
			}
		})
	}
}

// Frames that came with the handshake are answered.
func TestEarlyFrames(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		early := string(sockettest.Texts(subscribe, ping, ping, ping, ping, ping, ping, ping, ping))
		c := pipe(t, h, customerToken, early+string(sockettest.Texts(heartbeat)[:9]))
		c.Expect(subscribed, pong, pong, pong, pong, pong, pong, pong, pong)
		c.Write(sockettest.Texts(heartbeat)[9:])
		c.Expect(heartbeat)
		c.Write(sockettest.Frame(websocket.Close, nil))
		c.Next()
	})
}

func TestShutdownIsStaggered(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		const n = 500
		began := time.Now()
		took := make(chan time.Duration, n)
		for i := range n {
			c := subscribedPipe(t, h, "chat-"+strconv.Itoa(i)+"/CUSTOMER")
			go func() {
				c.ExpectClose(1001)
				took <- time.Since(began)
			}()
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		between(t, "shut down", time.Since(began), 4*time.Second, 6*time.Second)
		early := 0
		for range n {
			if <-took < 2500*time.Millisecond {
				early++
			}
		}
		if early < n*4/10 || early > n*6/10 {
			t.Errorf("%d of %d sockets closed in the first half", early, n)
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Errorf("the second Shutdown: %v", err)
		}
		if status := h.attach(newSession(h, "CUSTOMER"), bus.Chat("chat-1")); status != 503 {
			t.Errorf("a new socket after Shutdown: %d; want 503", status)
		}
	})
}

// Clients that do not answer are cut off when the time is up.
func TestShutdownInAHurry(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, chats *chats) {
		waiting := make(chan error, 1)
		chats.connected = func(center.ContactID, center.ParticipantID) error {
			<-h.ctx.Done()
			waiting <- h.ctx.Err()
			return h.ctx.Err()
		}
		subscribedPipe(t, h, customerToken)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown = %v; want the context's error", err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
		if err := <-waiting; err == nil {
			t.Error("the Connected call was not stopped")
		}
	})
}
