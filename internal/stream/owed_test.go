package stream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket/sockettest"
)

// inChat runs a test in virtual time with one node, whose bus loses nothing. The
// customer is owed items from the number owed on; the others have been said before.
func inChat(t *testing.T, owed, last int, f func(c *cluster, n *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{T: t}
		c.owed, c.last = int64(owed), int64(last)
		n := c.node()
		n.Shared = false
		c.say(1, last)
		f(c, n)
		n.Shutdown(t.Context())
	})
}

// slowly makes each call of the source take its time.
func (c *cluster) slowly(context.Context) error {
	pass(300 * time.Millisecond)
	return nil
}

// wantFrom checks that the texts came that are numbered so, in order, each once.
func (r *reader) wantFrom(from, to int) {
	r.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	if !slices.Equal(r.texts, all) {
		r.Errorf("received %v; want %d to %d", r.texts, from, to)
	}
}

func (c *cluster) connects() int {
	c.chats.mu.Lock()
	defer c.chats.mu.Unlock()
	return len(c.told)
}

// The first socket of a customer is handed what it is owed, page by page, and then
// what was published meanwhile, once each; its participant is connected after that.
func TestFirstSocketIsHandedWhatItIsOwed(t *testing.T) {
	inChat(t, 4, 25, func(c *cluster, n *node) {
		c.repair = c.slowly
		go c.say(26, 100)
		r := c.listen(n, customerToken) // which finds the reply first
		if c.connects() > 1 {
			c.Error("connected more than once")
		}
		pass(5 * time.Second)
		r.wantFrom(4, 125)
		if got := c.connects(); got != 1 {
			c.Errorf("%d Connected", got)
		}
	})
}

// In the usual case there is nothing, and nothing is read.
func TestNothingIsReadForASocketThatMissedNothing(t *testing.T) {
	inChat(t, 4, 3, func(c *cluster, n *node) {
		r := c.listen(n, customerToken)
		c.say(4, 3)
		r.wantFrom(4, 6)
		if c.repairs != 0 {
			c.Errorf("the source was asked %d times", c.repairs)
		}
	})
}

// What is said between the handshake and the subscribe is handed over, except for what is not stored or not for the customer.
func TestWhatIsSaidBeforeTheSubscribeIsHandedOver(t *testing.T) {
	inChat(t, 1, 0, func(c *cluster, n *node) {
		client := sockettest.Pipe(c, n.Hub, url(customerToken), "")
		typing, whisper := push("chat-1", "typing"), push("chat-1", "for agents")
		typing.Item.ContentType, whisper.Item.Visibility = center.EventTyping, center.VisibleAgent
		c.say(1, 1)
		c.commit(typing)
		c.commit(whisper)
		c.say(3, 1)
		client.Send(subscribe)
		client.Expect(subscribed)
		for _, want := range []string{"1", "3"} {
			if got := content(c, client.Text()); got != want {
				c.Errorf("received %q; want %q", got, want)
			}
		}
	})
}

// Only one socket is handed anything: clients show what comes on two of them twice.
func TestOnlyTheFirstSocketIsOwedAnything(t *testing.T) {
	inChat(t, 1, 5, func(c *cluster, n *node) {
		second := sockettest.Pipe(c, n.Hub, url(customerToken), "") // opens first
		first := c.listen(n, customerToken)
		first.wantFrom(1, 5)
		second.Send(subscribe)
		second.Expect(subscribed)
		c.say(6, 1)
		first.wantFrom(1, 6)
		if got := content(c, second.Text()); got != "6" {
			c.Errorf("the second socket received %q", got)
		}
	})
}

// A client that has waited too long for the reply repeats its subscribe; it is answered once.
func TestRepeatedSubscribeDuringTheHandOver(t *testing.T) {
	inChat(t, 1, 3, func(c *cluster, n *node) {
		c.repair = c.slowly
		client := sockettest.Pipe(c, n.Hub, url(customerToken), "")
		client.Send(subscribe)
		client.Send(subscribe)
		client.Send(ping)
		client.Expect(pong, subscribed)
		for i := range 3 {
			if got := content(c, client.Text()); got != strconv.Itoa(i+1) {
				c.Errorf("item %d is %q", i+1, got)
			}
		}
		client.Send(subscribe)
		client.Expect(subscribed)
	})
}

// A source that fails closes the socket, and the next one is owed as much.
func TestSourceFailsInTheHandOver(t *testing.T) {
	inChat(t, 1, 3, func(c *cluster, n *node) {
		c.repair = func(context.Context) error { return errors.New("the disk is gone") }
		client := sockettest.Pipe(c, n.Hub, url(customerToken), "")
		client.Send(subscribe)
		client.ExpectClose(1013)
		if got := c.connects(); got != 0 {
			c.Errorf("%d Connected without a socket", got)
		}
		c.repair = nil
		c.listen(n, customerToken).wantFrom(1, 3)
	})
}

// Who speaks first to a flow that ends at once hears all of it, and the end.
func TestTheEndIsHandedOver(t *testing.T) {
	inChat(t, 1, 2, func(c *cluster, n *node) {
		end := push("chat-1", "3")
		end.Item.ContentType, end.Last = center.EventEnded, true
		c.commit(end)
		c.last = 3
		r := c.listen(n, customerToken)
		pass(13 * time.Second) // the grace, and two turns of the patrol
		r.wantFrom(1, 3)
		r.wantClose(1000)
	})
}

// A storm: items come at any time around handshakes and subscribes, from a source
// that takes any time, and each customer is sent all from the first on, once and in order.
func TestHandOverStorm(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			any := func(most int) time.Duration { return time.Duration(random.IntN(most)) * time.Millisecond }
			before, during := random.IntN(40), random.IntN(120)
			inChat(t, 1+random.IntN(before+1), before, func(c *cluster, n *node) {
				takes := make([]time.Duration, 1000)
				for i := range takes {
					takes[i] = any(200)
				}
				c.repair = func(context.Context) error {
					c.mu.Lock()
					d := takes[c.repairs%len(takes)]
					c.mu.Unlock()
					pass(d)
					return nil
				}
				c.lag = any(100)
				go c.say(before+1, during)
				pass(any(1000))
				c.mu.Lock()
				c.last = int64(len(c.items)) // as of the handshake
				c.mu.Unlock()
				client := sockettest.Pipe(c, n.Hub, url(customerToken), "")
				pass(any(1000))
				client.Send(subscribe)
				client.Expect(subscribed)
				r := c.reads(client)
				pass(time.Minute)
				r.wantFrom(int(c.owed), before+during)
			})
		})
	}
}
