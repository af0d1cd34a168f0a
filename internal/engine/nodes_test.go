package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/lease"
	"parley.example/parley/internal/store"
)

// calls counts the calls of a slow function by the node that made them.
type calls struct {
	mu   sync.Mutex
	made []string
}

func (c *calls) by(node string) func(context.Context, machine.Invoke, []byte) (json.RawMessage, error) {
	return func(ctx context.Context, _ machine.Invoke, _ []byte) (json.RawMessage, error) {
		c.mu.Lock()
		c.made = append(c.made, node)
		c.mu.Unlock()
		select {
		case <-time.After(2 * time.Second):
			return json.RawMessage(`{"it":"done by ` + node + `"}`), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// node is an engine of a cluster, with its leases.
type node struct {
	*enginetest.Engine
	leases *lease.Holder
	stop   context.CancelFunc
	done   sync.WaitGroup
}

func join(t *testing.T, s store.Store, name string, c *calls, set ...setting) *node {
	n := &node{leases: &lease.Holder{Store: s, Node: name, Log: enginetest.NoLog}}
	n.Engine = open(t, s, func(o *enginetest.Options) {
		o.Node, o.Shared, o.Leases = name, true, n.leases
		if c != nil {
			o.Invoke = c.by(name)
		}
		for _, f := range set {
			f(o)
		}
	})
	n.leases.Changed = n.Rebalance
	ctx, stop := context.WithCancel(t.Context())
	n.stop = stop
	n.done.Go(func() { n.leases.Run(ctx) })
	synctest.Wait()
	return n
}

// leave stops a node in an orderly way.
func (n *node) leave() {
	n.Close()
	n.stop()
	n.done.Wait()
}

// A node that starts beside another takes over nothing that the other runs;
// when the other leaves, it runs what that left behind, under the same id.
func TestStartingNodeTakesOverOnlyWhatNobodyRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		c := &calls{}
		one := join(t, s, "one", c)
		chat, ana := start(t, one.Engine, "ask", "")
		do(t, one.Engine, chat, contact.Connect{Participant: ana})
		synctest.Wait()
		two := join(t, s, "two", c)
		enginetest.Pass(1500 * time.Millisecond)
		if got := fmt.Sprint(c.made); got != "[one]" {
			t.Errorf("while the first node runs the call, calls were made by %s; want it alone", got)
		}
		enginetest.Pass(time.Second)
		two.WantScript(chat, "joined CUSTOMER", "It is done by one", "left CUSTOMER", "ended ")

		chat, ana = start(t, one.Engine, "ask", "")
		do(t, one.Engine, chat, contact.Connect{Participant: ana})
		synctest.Wait()
		one.leave()
		enginetest.Pass(lease.Beat + 3*time.Second)
		if got := fmt.Sprint(c.made); got != "[one one two]" {
			t.Errorf("after the first node left, calls were made by %s; want the last one by the second", got)
		}
		two.WantScript(chat, "joined CUSTOMER", "It is done by two", "left CUSTOMER", "ended ")
		two.leave()
	})
}

// Timers of chats fire on the node that holds their shard, soon after they are
// due, whoever set them; a node that dies is replaced when its leases expire.
func TestTimersOfManyNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		one, two := join(t, s, "one", nil), join(t, s, "two", nil)
		enginetest.Pass(3 * lease.Beat)
		if a, b := one.leases.Shards(), two.leases.Shards(); a&b != 0 || a|b != store.AllShards {
			t.Fatalf("the nodes hold shards %064b and %064b; want each one once", a, b)
		}
		var chats []center.ContactID
		for range 20 {
			chat, _ := start(t, one.Engine, "greet", "") // nobody connects: it ends after five minutes
			chats = append(chats, chat)
		}
		ended := func() (n int) {
			for _, chat := range chats {
				state, err := two.State(t.Context(), chat)
				if err != nil {
					t.Fatal(err)
				}
				if state.Ended {
					n++
				}
			}
			return n
		}
		enginetest.Pass(5*time.Minute - time.Second)
		if n := ended(); n != 0 {
			t.Errorf("%d chats ended before their time", n)
		}
		two.stop() // its leases, as a process that hangs: the engine goes on, without shards
		two.done.Wait()
		enginetest.Pass(2*time.Second + lease.Beat)
		if n := ended(); n != len(chats) {
			t.Errorf("%d of %d chats have ended", n, len(chats))
		}
		if one.leases.Shards() != store.AllShards || two.leases.Shards() != 0 {
			t.Errorf("shards after one node is alone: %064b, %064b", one.leases.Shards(), two.leases.Shards())
		}
		one.leave()
		two.Close()
	})
}

// What one node changes the other sees: with the notice at once, and without
// any with its next read or command, a refusal included.
func TestNodesSeeWhatOthersChange(t *testing.T) {
	for name, lossy := range map[string]bool{"with notices": false, "without notices": true} {
		t.Run(name, func(t *testing.T) {
			s := enginetest.Memory(t)
			one := open(t, s, func(o *enginetest.Options) { o.Node, o.Shared = "one", true })
			two := open(t, s, func(o *enginetest.Options) {
				o.Node, o.Shared = "two", true
				if !lossy {
					o.Bus = one.Bus
				}
			})
			chat, ana := start(t, one, "greet", "")
			if _, err := two.State(t.Context(), chat); err != nil {
				t.Fatal(err) // both have it in memory
			}
			do(t, one, chat, contact.Connect{Participant: ana})
			do(t, two, chat, say(ana, "from two")) // refused by the state that it had
			do(t, one, chat, say(ana, "from one"))
			do(t, one, chat, contact.SetAttributes{Attributes: map[string]string{"k": "v"}})
			if state, err := two.State(t.Context(), chat); err != nil || state.Attributes["k"] != "v" {
				t.Errorf("the other node reads the attributes %v, %v", state.Attributes, err)
			}
			do(t, one, chat, contact.Stop{})
			if state, err := two.State(t.Context(), chat); err != nil || !state.Ended {
				t.Errorf("the other node reads an ended chat as active (%v)", err)
			}
			if _, err := two.Do(t.Context(), chat, say(ana, "too late")); center.ReasonOf(err) != center.Denied {
				t.Errorf("a message behind the end = %v; want it denied", err)
			}
			do(t, one, chat, contact.EraseEndpoint{Contact: chat})
			if state, err := two.State(t.Context(), chat); err != nil || state.Customer().DisplayName != "" {
				t.Errorf("the other node still has the name %q that was erased (%v)", state.Customer().DisplayName, err)
			}
			if got := fmt.Sprint(texts(one.Items(chat))); got != "[Hello from two from one]" {
				t.Errorf("the messages are %s", got)
			}
		})
	}
}
