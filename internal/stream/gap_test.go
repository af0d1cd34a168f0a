package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/frames"
	"parley.example/parley/internal/socket"
	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// cluster is one chat on a bus and in a store that nodes share. Its commits are
// published by a node without sockets.
type cluster struct {
	*testing.T
	chats
	bus bus.Local

	mu        sync.Mutex // guards what follows
	items     []bus.Event
	repair    func(ctx context.Context) error // called in each repair; may be nil
	repairs   int
	lag       time.Duration // from a commit to its publication
	positions int
}

// node is one of the cluster.
type node struct {
	*Hub
	link bustest.Link
}

func (c *cluster) node() *node {
	h, _ := newHub(c, Limits{})
	n := &node{Hub: h, link: bustest.Link{Bus: &c.bus}}
	h.Bus, h.Source, h.Shared = &n.link, c, true
	return n
}

// Repair implements Source.
func (c *cluster) Repair(ctx context.Context, _ bus.Subject, from int64) ([]bus.Event, error) {
	c.mu.Lock()
	c.repairs++
	f := c.repair
	c.mu.Unlock()
	if f != nil {
		if err := f(ctx); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	events := slices.Clone(c.items[from-1:])
	return events[:min(len(events), 10)], nil // a page
}

// Positions implements Source.
func (c *cluster) Positions(_ context.Context, subjects []bus.Subject) (map[bus.Subject]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.positions++
	all := make(map[bus.Subject]int64)
	for _, s := range subjects {
		all[s] = int64(len(c.items))
	}
	return all, nil
}

// commit stores pushes, numbered, and publishes them; one with an id "typing" is not stored.
func (c *cluster) commit(pushes ...center.Push) {
	c.mu.Lock()
	next := int64(len(c.items))
	for i := range pushes {
		if pushes[i].Item.ContentType != center.EventTyping {
			next++
			pushes[i].Item.Seq = next
		}
	}
	events := frames.Of(pushes)
	for _, e := range events {
		if e.Seq > 0 {
			c.items = append(c.items, e)
		}
	}
	c.mu.Unlock()
	pass(c.lag)
	c.bus.Publish(bus.Message{Subject: bus.Chat("chat-1"), Version: next, Seq: next, Events: events})
}

// say commits n messages, the first of them numbered from, a moment apart; some share a commit.
func (c *cluster) say(from, n int) {
	text := func(i int) center.Push { return push("chat-1", fmt.Sprint(i)) }
	for i := from; i < from+n; {
		if i%5 == 0 && i+1 < from+n {
			c.commit(text(i), text(i+1))
			i += 2
		} else {
			c.commit(text(i))
			i++
		}
		pass(20 * time.Millisecond)
	}
}

// reader is a client that reads all it is sent.
type reader struct {
	*testing.T
	mu    sync.Mutex // guards what follows
	texts []string
	last  time.Time // when the last text came
	code  uint16    // of the close frame
}

// listen subscribes and reads.
func (c *cluster) listen(n *node, token string) *reader {
	client := sockettest.Pipe(c, n.Hub, url(token), "")
	client.Send(subscribe)
	client.Expect(subscribed)
	return c.reads(client)
}

// reads reads what a client is sent from now on to the end.
func (c *cluster) reads(client *sockettest.Client) *reader {
	r := &reader{T: c.T}
	go func() {
		for {
			op, payload, err := client.Next()
			if err != nil {
				return
			}
			r.mu.Lock()
			if op == websocket.Close {
				r.code, _ = websocket.CloseCode(payload)
				client.Conn.Write(sockettest.Frame(op, payload[:2]))
			} else {
				r.texts, r.last = append(r.texts, content(c, string(payload))), time.Now()
			}
			r.mu.Unlock()
		}
	}()
	return r
}

// want checks that the texts came that are numbered from 1 to n, in order, each once.
func (r *reader) want(n int) {
	r.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i+1))
	}
	if !slices.Equal(r.texts, all) {
		r.Errorf("received %v; want 1 to %d", r.texts, n)
	}
}

func (r *reader) wantClose(code uint16) {
	r.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.code != code {
		r.Errorf("closed with %d; want %d", r.code, code)
	}
}

// inCluster runs a test in virtual time with two nodes.
func inCluster(t *testing.T, f func(c *cluster, one, two *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{T: t}
		one, two := c.node(), c.node()
		f(c, one, two)
		for _, n := range []*node{one, two} {
			if err := n.Shutdown(t.Context()); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			for i := range n.shards {
				if len(n.shards[i].audiences) > 0 {
					t.Error("an audience is left")
				}
			}
		}
	})
}

// Whatever a bus does to messages, sockets are sent each item once and in
// order, at the latest five seconds after its commit.
func TestEachItemOnceAndInOrder(t *testing.T) {
	for name, fault := range map[string]func() bustest.Fault{
		"a third lost": func() bustest.Fault { return bustest.LoseEvery(3) },
		"doubled":      func() bustest.Fault { return bustest.Double },
		"reordered":    func() bustest.Fault { return bustest.Reorder(4) },
		"all lost":     func() bustest.Fault { return bustest.Lose },
		"sound":        func() bustest.Fault { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			inCluster(t, func(c *cluster, one, two *node) {
				here, there, other := c.listen(one, customerToken), c.listen(two, customerToken), c.listen(two, agentToken)
				pass(7*time.Second + 10*time.Millisecond) // nodes look for gaps between two commits, not at the instant of one
				two.link.Break(fault())
				const n = 100
				c.say(1, n)
				last := time.Now()
				pass(5 * time.Second)
				for _, r := range []*reader{here, there, other} {
					r.want(n)
					if took := r.last.Sub(last); took > 5*time.Second {
						t.Errorf("the last item came after %v", took)
					}
				}
				if name == "sound" && c.repairs > 0 {
					t.Errorf("%d repairs without a fault", c.repairs)
				}
			})
		})
	}
}

// A socket that opens while the link is down, or later, is sent what follows its subscribe.
func TestSocketsThatOpenInAGap(t *testing.T) {
	inCluster(t, func(c *cluster, one, two *node) {
		c.commit(push("chat-1", "before anybody"))
		first := c.listen(two, customerToken)
		two.link.Break(bustest.Lose)
		c.commit(push("chat-1", "a"))
		second := c.listen(two, agentToken) // which reveals what the first one misses
		c.commit(push("chat-1", "b"))
		two.link.Break(nil)
		c.commit(push("chat-1", "c"))
		pass(time.Second)
		synctest.Wait()
		if !slices.Equal(first.texts, []string{"a", "b", "c"}) {
			t.Errorf("the first received %q", first.texts)
		}
		if !slices.Equal(second.texts[len(second.texts)-2:], []string{"b", "c"}) {
			t.Errorf("the second received %q", second.texts)
		}
	})
}

// The end of a chat is not missed, nor who left: of what follows its leaving an
// agent is sent nothing although it is read from the store.
func TestLostLeavingAndLostEnd(t *testing.T) {
	inCluster(t, func(c *cluster, one, two *node) {
		customer, agent := c.listen(two, customerToken), c.listen(two, agentToken)
		two.link.Break(bustest.Lose)
		left, last := push("chat-1", "1"), push("chat-1", "3")
		left.Item.ContentType, left.Item.Participant = center.EventLeft, "AGENT"
		last.Item.ContentType, last.Last = center.EventEnded, true
		c.commit(left)
		c.commit(push("chat-1", "2"))
		c.commit(last)
		pass(17 * time.Second) // to find it, the grace, and two turns of the patrol
		customer.want(3)
		customer.wantClose(1000)
		agent.want(1)
		agent.wantClose(1000)
	})
}

// What is not stored, and comes when items were lost, reveals the gap and waits for it.
func TestTypingRevealsAGap(t *testing.T) {
	inCluster(t, func(c *cluster, one, two *node) {
		r := c.listen(two, customerToken)
		c.say(1, 2)
		two.link.Break(bustest.Lose)
		c.say(3, 2)
		two.link.Break(nil)
		typing := push("chat-1", "typing")
		typing.Item.ContentType = center.EventTyping
		c.commit(typing)
		synctest.Wait()
		r.mu.Lock()
		slices.Sort(r.texts)
		r.texts = slices.DeleteFunc(r.texts, func(s string) bool { return s == "typing" })
		r.mu.Unlock()
		r.want(4)
	})
}

// A repair that takes its time holds up the chat's sockets and nobody else, and
// what is published meanwhile follows it.
func TestSlowRepair(t *testing.T) {
	inCluster(t, func(c *cluster, one, two *node) {
		here, there := c.listen(one, customerToken), c.listen(two, customerToken)
		c.say(1, 2)
		c.repair = func(context.Context) error {
			pass(3 * time.Second)
			return nil
		}
		two.link.Break(bustest.Lose)
		c.say(3, 1)
		two.link.Break(nil)
		began := time.Now()
		c.say(4, 50)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("publishing took %v", took)
		}
		here.want(53)
		there.want(2)
		pass(30 * time.Second)
		there.want(53)
	})
}

// What cannot be repaired closes the sockets with a code after which clients
// reconnect, and a client that does is sent what follows.
func TestRepairFails(t *testing.T) {
	for name, test := range map[string]struct {
		repair func(context.Context) error
		after  int // messages behind the gap
	}{
		"the store is away": {func(context.Context) error { return errors.New("disk on fire") }, 1},
		"the store hangs":   {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 1},
		"too much follows":  {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, maxHeld + 1},
	} {
		t.Run(name, func(t *testing.T) {
			inCluster(t, func(c *cluster, one, two *node) {
				here, there := c.listen(one, customerToken), c.listen(two, customerToken)
				mute := sockettest.Pipe(c, two.Hub, url(agentToken), "") // has not subscribed
				c.say(1, 1)
				c.repair = test.repair
				two.link.Break(bustest.Lose)
				c.say(2, 1)
				two.link.Break(nil)
				for i := range test.after {
					c.commit(push("chat-1", fmt.Sprint(3+i)))
					if i%50 == 0 {
						synctest.Wait() // the other node's reader is no slow one
					}
				}
				mute.ExpectClose(1013)
				pass(5 * time.Second)
				there.wantClose(1013)
				there.want(1)
				here.want(2 + test.after)
				again := c.listen(two, customerToken)
				c.commit(push("chat-1", "1"))
				again.want(1)
				if n := two.Counts().Closed[Behind]; n != 2 {
					t.Errorf("%d sockets were closed for the gap; want 2", n)
				}
			})
		})
	}
}

// Of the sockets that are sent a repair, one that does not read is closed alone.
func TestSlowClientInARepair(t *testing.T) {
	inCluster(t, func(c *cluster, one, two *node) {
		two.Limits.QueueFrames = 20
		slow := sockettest.Pipe(c, two.Hub, url(agentToken), "")
		slow.Send(subscribe)
		slow.Expect(subscribed)
		quick := c.listen(two, customerToken)
		two.link.Break(bustest.Lose)
		c.say(1, 15)
		two.link.Break(bustest.LoseEvery(10))
		c.say(16, 45)
		pass(5 * time.Second)
		quick.want(60)
		pass(12 * time.Second)
		synctest.Wait()
		if n := two.Counts().Closed[socket.Slow]; n != 1 {
			t.Errorf("%d sockets were too slow; want 1", n)
		}
		quick.wantClose(0)
	})
}

// subscriptions counts those of a bus.
type subscriptions struct {
	bus.Bus
	log []string
}

func (s *subscriptions) Subscribe(sub *bus.Subscription) {
	s.log = append(s.log, "+"+string(sub.Subject))
	s.Bus.Subscribe(sub)
}

func (s *subscriptions) Unsubscribe(sub *bus.Subscription) {
	s.log = append(s.log, "-"+string(sub.Subject))
	s.Bus.Unsubscribe(sub)
}

// The bus is asked for a subject from the first socket to the last.
func TestSubscriptionsFollowTheSockets(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		s := &subscriptions{Bus: h.Bus}
		h.Bus = s
		var open []*sockettest.Client
		for _, token := range []string{customerToken, agentToken, "chat-2/CUSTOMER"} {
			open = append(open, subscribedPipe(t, h, token))
		}
		for _, c := range open {
			c.Conn.Close()
			synctest.Wait()
		}
		subscribedPipe(t, h, customerToken).Conn.Close()
		synctest.Wait()
		if got := strings.Join(s.log, " "); got != "+chat/chat-1 +chat/chat-2 -chat/chat-1 -chat/chat-2 +chat/chat-1 -chat/chat-1" {
			t.Errorf("subscriptions: %s", got)
		}
	})
}

// In one process nothing is lost, and the store is not asked for anything.
func TestOneProcessAsksForNothing(t *testing.T) {
	inCluster(t, func(c *cluster, one, two *node) {
		one.Shared = false
		c.say(1, 3)
		r := c.listen(one, customerToken)
		c.items = c.items[:0]
		c.say(1, 10)
		pass(time.Minute)
		r.want(10)
		if c.positions+c.repairs > 0 {
			t.Errorf("%d positions and %d repairs; want none", c.positions, c.repairs)
		}
	})
}
