package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// crowd counts how many calls of each function run at the same time. Functions
// whose name begins with "dead" do not answer.
type crowd struct {
	mu          sync.Mutex // guards what follows
	inside, max map[string]int
	calls       int
	answer      string
	takes       time.Duration
}

func (c *crowd) serve(o *enginetest.Options) {
	c.inside, c.max = map[string]int{}, map[string]int{}
	o.Invoke = func(ctx context.Context, call machine.Invoke, _ []byte) (json.RawMessage, error) {
		c.mu.Lock()
		c.calls++
		c.inside[call.Function]++
		c.max[call.Function] = max(c.max[call.Function], c.inside[call.Function])
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			c.inside[call.Function]--
			c.mu.Unlock()
		}()
		if strings.HasPrefix(call.Function, "dead") {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		time.Sleep(c.takes) // of the bubble's clock
		return json.RawMessage(c.answer), nil
	}
}

// One chat has a bounded number of functions at work, however much is said in it.
func TestEffectsOfOneChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		c := &crowd{answer: `{"status":"APPROVED"}`, takes: time.Second}
		w := open(t, s, c.serve)
		chat, ana := start(t, w, "greet", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		do(t, w, chat, contact.SetProcessor{Processor: &flow.Processor{Function: "slow"}})
		for i := range 20 {
			do(t, w, chat, say(ana, fmt.Sprint(i)))
		}
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		if got := texts(w.Items(chat)); len(got) != 21 || c.max["slow"] != 8 || c.calls != 20 {
			t.Errorf("after three rounds %d messages are there, by %d calls, %d at a time; want 21 by 20 calls, 8 at a time", len(got), c.calls, c.max["slow"])
		}
	})
}

// While effects of a chat are under way the store has the node that runs them,
// and another node that starts while that one is dead takes them over.
func TestEffectsHaveAWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		c := &crowd{answer: `{"status":"APPROVED"}`, takes: 2 * time.Second}
		node := func(name string) func(*enginetest.Options) {
			return func(o *enginetest.Options) { c.serve(o); o.Node = name }
		}
		w := open(t, s, node("one"))
		chat, ana := start(t, w, "greet", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		do(t, w, chat, contact.SetProcessor{Processor: &flow.Processor{Function: "slow"}})
		want := func(worker string, calls int) {
			t.Helper()
			synctest.Wait()
			if h, err := s.Chat(t.Context(), chat); err != nil || strings.Join(h.Workers, " ") != worker || c.calls != calls {
				t.Errorf("the worker is %q after %d calls, %v; want %q after %d", h.Workers, c.calls, err, worker, calls)
			}
		}
		want("", 0)
		do(t, w, chat, say(ana, "hello"))
		want("one", 1)
		w.Close()
		w = open(t, s, node("two"))
		want("two", 2) // the state is as it was; what is under way runs on the second node
		time.Sleep(3 * time.Second)
		want("", 2)
		w.Close()

	})
}

// A function that does not answer holds up those who call it, and nobody else;
// what nobody waits for any more is not called.
func TestEffectsOfADeadFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		c := &crowd{answer: `{"it":"fine"}`}
		w := open(t, s, c.serve)
		for i := range 300 {
			chat, ana := start(t, w, "greet", "")
			do(t, w, chat, contact.Connect{Participant: ana})
			do(t, w, chat, contact.SetProcessor{Processor: &flow.Processor{Function: "dead"}})
			do(t, w, chat, say(ana, "one"))
			do(t, w, chat, say(ana, fmt.Sprint(i)))
		}
		synctest.Wait()
		if c.max["dead"] != 256 {
			t.Errorf("%d calls of the dead function run; want 256", c.max["dead"])
		}
		chat, ana := start(t, w, "ask", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		synctest.Wait()
		if got := texts(w.Items(chat)); len(got) != 1 || got[0] != "It is fine" {
			t.Errorf("beside the dead function the flow said %q", got)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		// The first 256 run into their limit, the next begin shortly before the chats give up, and the
		// last 88 are not called any more.
		if c.calls != 2*256+1 {
			t.Errorf("%d calls; want two rounds of 256, and the one that was answered", c.calls)
		}
	})
}

// An outcome that the store does not take is brought again, as one is that
// comes to a chat which is too busy: the function is not called for nothing.
func TestOutcomeMeetsAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &held{Store: enginetest.Memory(t), fail: make(chan error)}
		c := &crowd{answer: `{"status":"PROCESSED","result":{"processedChatContent":{"content":"changed"}}}`, takes: time.Second}
		w := open(t, s, c.serve)
		chat, ana := talk(t, w)
		do(t, w, chat, contact.SetProcessor{Processor: &flow.Processor{Function: "f"}})
		do(t, w, chat, say(ana, "hello"))
		s.hold.Store(true)
		time.Sleep(2 * time.Second)
		s.fail <- errors.New("the disk is full")
		enginetest.Pass(time.Second)
		if got := texts(w.Items(chat)); fmt.Sprint(got) != "[Hello changed]" || c.calls != 1 {
			t.Errorf("after %d calls the messages are %q", c.calls, got)
		}
	})
}
