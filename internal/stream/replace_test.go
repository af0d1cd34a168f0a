package stream

import (
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// abandon leaves a client as a network does that has changed: what it is sent
// goes somewhere, and nothing comes of it any more.
func abandon(c *sockettest.Client) {
	go func() {
		for {
			if _, _, err := c.Next(); err != nil {
				return
			}
		}
	}()
}

// tries opens a socket over a pipe and subscribes; nil when the handshake is
// refused, which has to be with 429.
func tries(t *testing.T, h *Hub, token string) *sockettest.Client {
	t.Helper()
	conn, refused := sockettest.TryPipe(t, h, url(token), "")
	if refused != nil {
		if refused.Code != 429 {
			t.Errorf("the handshake is answered %d; want 429", refused.Code)
		}
		return nil
	}
	c := sockettest.NewClient(t, conn)
	c.Upgraded()
	c.Send(subscribe)
	c.Expect(subscribed)
	return c
}

// beat sends what ChatJS sends every ten seconds, and takes the answers.
func beat(c *sockettest.Client) {
	c.Send(ping, heartbeat)
	c.Expect(pong, heartbeat)
}

// A phone that changes networks again and again (2026-11: after five dead
// sockets, live messages stopped for 80 to 90 s): each new socket is served at
// once, and the dead ones of longest ago go.
func TestDeadSocketsGiveWay(t *testing.T) {
	for what, c := range map[string]struct {
		stay     time.Duration // on each network
		wait     time.Duration // at most, for the handshake
		replaced uint64        // of twelve
	}{
		"eleven seconds each": {11 * time.Second, 0, 7},
		"a minute each":       {time.Minute, 0, 0}, // they have been silent for too long before
		// The first five look alive until their heartbeats are due.
		"two seconds each": {2 * time.Second, 6 * time.Second, 7},
	} {
		t.Run(what, func(t *testing.T) {
			bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
				var all []*sockettest.Client
				for n := range 12 {
					began := time.Now()
					s := tries(t, h, customerToken)
					for s == nil { // as ChatJS does
						s = tries(t, h, customerToken)
					}
					if waited := time.Since(began); waited > c.wait {
						t.Errorf("socket %d was refused for %v; want at most %v", n, waited, c.wait)
					}
					all = append(all, s)
					publish(h, []center.Push{push("chat-1", "to you")})
					if got := content(t, s.Text()); got != "to you" {
						t.Errorf("socket %d got %q", n, got)
					}
					for rest := c.stay; rest > 0; rest -= 10 * time.Second {
						pass(min(rest, 10*time.Second))
						if rest >= 10*time.Second {
							beat(s)
						}
					}
					abandon(s)
					if open := h.Sockets(); open > 5+3 { // three may linger for their close frames' answers
						t.Errorf("%d sockets are open", open)
					}
				}
				for _, s := range all {
					s.Conn.Close()
				}
				synctest.Wait()
				if n := h.Counts().Closed[Replaced]; n != c.replaced {
					t.Errorf("%d sockets were replaced; want %d", n, c.replaced)
				}
			})
		})
	}
}

// Whoever sends heartbeats is never replaced; a sixth socket is refused as long
// as all five do.
func TestLiveSocketsStay(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		var tabs []*sockettest.Client
		for range 5 {
			tabs = append(tabs, subscribedPipe(t, h, customerToken))
			pass(1700 * time.Millisecond)
		}
		agent := subscribedPipe(t, h, agentToken) // silent, and none of the customer's
		for range 6 {
			if tries(t, h, customerToken) != nil {
				t.Error("a sixth socket was let in")
			}
			pass(9 * time.Second)
			for _, c := range tabs {
				beat(c)
			}
		}
		if n := h.Counts().Closed[Replaced]; n != 0 {
			t.Errorf("%d sockets were replaced", n)
		}
		// One falls silent: it has a heartbeat's time and some, whatever the others do.
		silent := tabs[2]
		tabs[2] = nil
		began := time.Now()
		var sixth *sockettest.Client
		for sixth == nil && time.Since(began) < time.Minute {
			for _, c := range tabs {
				if c != nil {
					beat(c)
				}
			}
			sixth = tries(t, h, customerToken)
		}
		between(t, "a sixth socket is let in", time.Since(began), 12*time.Second, 15*time.Second)
		silent.ExpectClose(1001)
		publish(h, []center.Push{push("chat-1", "to all")})
		for _, c := range append(tabs, sixth, agent) {
			if c == nil {
				continue
			}
			if got := content(t, c.Text()); got != "to all" {
				t.Errorf("got %q", got)
			}
			c.Conn.Close()
		}
	})
}

// Six pages of one chat, hidden for so long that the browser lets their timers
// run once a minute only: they are alive, and when one is closed it comes back at
// once. They do not take each other's place for ever.
func TestHiddenPagesDoNotTakeTurns(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		end := time.Now().Add(time.Hour)
		ended := make(chan bool)
		for range 6 {
			pass(10 * time.Second)
			go func() {
				for time.Now().Before(end) {
					c := tries(t, h, customerToken)
					if c == nil {
						continue
					}
					closed := make(chan bool)
					go func() {
						defer close(closed)
						for {
							op, payload, err := c.Next()
							if op == websocket.Close { // a browser answers also for a hidden page
								c.Conn.Write(sockettest.Frame(websocket.Close, payload[:2]))
							}
							if err != nil || op == websocket.Close {
								c.Conn.Close()
								return
							}
						}
					}()
					for open := true; open && time.Now().Before(end); {
						select {
						case <-closed:
							open = false
						case <-time.After(time.Minute):
							c.Conn.Write(sockettest.Texts(ping, heartbeat))
						}
					}
					c.Conn.Close()
				}
				ended <- true
			}()
		}
		pass(10 * time.Minute)
		early := h.Counts().Closed[Replaced]
		for range 6 {
			<-ended
		}
		synctest.Wait()
		if all := h.Counts().Closed[Replaced]; all > 5 || all != early {
			t.Errorf("%d sockets were replaced in ten minutes, %d in an hour; want no more than five, and none later on", early, all)
		}
	})
}

// An agent's pages, which never send heartbeats and answer close frames, take each
// other's place; what that teaches is of the agent alone: a customer who changes
// networks is served at once.
func TestOthersPagesDoNotKeepAPhoneOut(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		var all []*sockettest.Client
		defer func() {
			for _, c := range all {
				c.Conn.Close()
			}
		}()
		for range 60 {
			if c := tries(t, h, agentToken); c != nil {
				all = append(all, c)
				go func() {
					for {
						op, payload, err := c.Next()
						if err != nil {
							return
						}
						if op == websocket.Close {
							c.Conn.Write(sockettest.Frame(websocket.Close, payload[:2]))
						}
					}
				}()
			}
			pass(9 * time.Second)
		}
		if n := h.Counts().Closed[Replaced]; n < 3 {
			t.Fatalf("%d sockets of the agent were replaced", n)
		}
		for n := range 9 {
			c := tries(t, h, customerToken)
			if c == nil {
				t.Fatalf("the phone's network %d: refused", n)
			}
			all = append(all, c)
			pass(10 * time.Second)
			beat(c)
			pass(time.Second)
			abandon(c)
		}
	})
}

// Whoever opens sockets without end, and lets them be silent, has as many
// replaced as it may have, each time they have been silent for long enough.
func TestReplacingIsBounded(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		began, opened := time.Now(), 0
		var all []*sockettest.Client
		for time.Since(began) < 5*time.Minute {
			if c := tries(t, h, customerToken); c != nil {
				opened++
				all = append(all, c)
				abandon(c)
			}
			if n := h.Sockets(); n > 10 {
				t.Fatalf("%d sockets are open", n)
			}
		}
		if most := 5 + 5*5*60/12; opened > most || opened < 60 {
			t.Errorf("%d sockets were opened in five minutes; want at most %d", opened, most)
		}
		for _, c := range all {
			c.Conn.Close()
		}
	})
}
