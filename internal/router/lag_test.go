package router_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/store"
)

// assign has a chat ring at a user whom somebody has chosen.
func (c *centre) assign(id center.ContactID, user center.UserID) {
	c.Helper()
	snap := c.snapshot()
	u, err := catalog.Get[*catalog.User](snap, user)
	if err != nil {
		c.Fatal(err)
	}
	state, _, err := c.Agents.State(c.Context(), user)
	if err != nil {
		c.Fatal(err)
	}
	o, err := c.router.Assigned(snap, u, state)
	if err != nil {
		c.Fatal(err)
	}
	c.give(id, o)
}

// Whoever asks the router is answered by what it was told, also when it has not come to look at it.
func TestAnswersAreUpToDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		bo := c.hire("bo", nil)
		synctest.Wait()
		c.pause()
		id := c.chat()
		if r := c.explain(id); r.Cause != routing.NoAgents {
			t.Errorf("nobody is there; the explanation is %v", r)
		}
		c.arrive(bo)
		if r := c.explain(id); r.Cause != routing.Due || r.User != bo {
			t.Errorf("an agent has come; the explanation is %v", r)
		}
		c.assign(id, bo)
		if r := c.explain(id); r.Cause != routing.Rings || r.User != bo {
			t.Errorf("the chat rings with %s; the explanation is %v", bo, r)
		}
		if n, err := c.router.Numbers(t.Context(), c.instance, nil); err != nil || n.Lines[c.queue()].Waiting != 1 {
			t.Errorf("one chat waits; the numbers are %+v, %v", n, err)
		}
		c.give(id, contact.Accept{User: bo})
		if r := c.explain(id); r.Cause != routing.NotWaiting {
			t.Errorf("the chat is with %s; the explanation is %v", bo, r)
		}
		desks, err := c.router.Desks(t.Context(), c.instance, func(*catalog.User) bool { return true })
		if err != nil || len(desks) != 1 || len(desks[0].Hands) != 1 || desks[0].Hands[0].State != contact.WorkConnected {
			t.Errorf("the agent has %+v, %v; want one connected contact", desks, err)
		}
	})
}

// A chat that rings is explained as one, even while those who are to be told of its commit have not been.
func TestExplainsWhatIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan struct{})
		c := open(t, enginetest.Memory(t), engine.ObserverFunc(func(c *engine.Commit) {
			if c.Change.Chat != nil && c.Change.Chat.Ringing() != nil {
				<-told
			}
		}))
		bo := c.hire("bo", nil)
		c.arrive(bo)
		id := c.chat()
		synctest.Wait()
		if r := c.explain(id); r.Cause != routing.Rings || r.User != bo {
			t.Errorf("the chat rings with %s; the explanation is %v", bo, r)
		}
		close(told)
		synctest.Wait()
		c.has(id, bo, contact.WorkConnecting)
	})
}

// Sockets hear of a commit after the router: who is told that it rings, and asks, gets no older answer.
func TestPublishedAfterTheRouterKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan struct{})
		c := open(t, enginetest.Memory(t), engine.ObserverFunc(func(c *engine.Commit) {
			if len(c.Change.Work) > 0 {
				<-told
			}
		}))
		id := c.chat()
		heard := 0
		c.Bus.Subscribe(&bus.Subscription{Subject: bus.Chat(id), Receive: func(bus.Message) { heard++ }})
		c.arrive(c.hire("bo", nil))
		synctest.Wait()
		if heard != 0 {
			t.Error("the offer is published before the router is told")
		}
		close(told)
		synctest.Wait()
		if heard != 1 {
			t.Errorf("the offer is published %d times; want once", heard)
		}
	})
}

// An agent whom a contact is assigned accepts at once only when he has a client, whatever the router has come to look at.
func TestAssignedWhileTheRouterLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		bo := c.hire("bo", func(n *staffing.NewUser) {
			n.Config.AutoAccept = []catalog.AutoAccept{{Channel: "CHAT", Accept: true}}
		})
		synctest.Wait()
		c.pause()
		c.tell(bo, agent.Arrive{Client: agent.Client{ID: "tab", Node: c.Node}})
		id := c.chat()
		c.assign(id, bo)
		c.has(id, bo, contact.WorkConnected)
		c.tell(bo, agent.Depart{Client: agent.Client{ID: "tab", Node: c.Node}})
		second := c.chat()
		c.assign(second, bo)
		c.has(second, bo, contact.WorkConnecting)
	})
}

// faulty is a store as the router reads it, which fails or is slow.
type faulty struct {
	store.Store
	fails atomic.Bool   // to list agents
	read  chan struct{} // told when a chat has been read
	hands chan struct{} // what was read is handed over then; nil at once
}

func (f *faulty) Agents(ctx context.Context, id center.InstanceID, online bool) iter.Seq2[store.AgentRow, error] {
	if f.fails.Load() {
		return func(yield func(store.AgentRow, error) bool) {
			yield(store.AgentRow{}, errors.New("the disk has a bad day"))
		}
	}
	return f.Store.Agents(ctx, id, online)
}

func (f *faulty) Chat(ctx context.Context, id center.ContactID) (store.Head, error) {
	head, err := f.Store.Chat(ctx, id)
	if f.hands != nil {
		f.read <- struct{}{}
		<-f.hands
	}
	return head, err
}

// waiting returns how many chats wait, as the router has it.
func (c *centre) waiting() int64 {
	c.Helper()
	n, err := c.router.Numbers(c.Context(), c.instance, nil)
	if err != nil {
		c.Fatal(err)
	}
	return n.Lines[c.queue()].Waiting
}

// What could not be learnt is tried again, and is not believed when it is old by then: a chat that has ended meanwhile does not
// wait, and an agent who has gone does not come back.
func TestOldNewsAreNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := prepare(t, enginetest.Memory(t))
		bad := &faulty{Store: c.Store}
		bad.fails.Store(true)
		c.router.Store = bad
		bo := c.hire("bo", nil)
		c.tell(bo, agent.Arrive{Client: agent.Client{ID: "tab", Node: c.Node}})
		c.tell(bo, agent.SetStatus{Status: enginetest.Lunch})
		ended, waits := c.chat(), c.chat()
		c.run()
		synctest.Wait() // it has failed once
		c.give(ended, contact.Stop{})
		c.tell(bo, agent.SetStatus{Status: enginetest.Offline})
		c.tell(bo, agent.Depart{Client: agent.Client{ID: "tab", Node: c.Node}})
		synctest.Wait()
		if _, quiet := c.router.Next(); quiet {
			t.Error("the router is quiet, although it has something to learn")
		}
		if _, err := c.router.Numbers(t.Context(), c.instance, nil); err == nil {
			t.Error("the router has answered although it cannot learn what it was told")
		}
		bad.fails.Store(false)
		time.Sleep(2 * time.Second)
		if n := c.waiting(); n != 1 {
			t.Errorf("%d chats wait; want one", n)
		}
		if r := c.explain(ended); r.Cause != routing.NotWaiting {
			t.Errorf("of the chat that has ended: %v", r)
		}
		if r := c.explain(waits); r.Cause != routing.NoAgents {
			t.Errorf("of the chat that waits: %v", r)
		}
	})
}

// What is read after a refused offer may be old when it is looked at: a chat that has ended since does not wait.
func TestRefusedOfferOfWhatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := prepare(t, enginetest.Memory(t))
		slow := &faulty{Store: c.Store, read: make(chan struct{}), hands: make(chan struct{})}
		c.router.Store = slow
		c.run()
		bo := c.hire("bo", nil)
		c.arrive(bo)
		synctest.Wait()
		c.deaf.Store(true)
		c.tell(bo, agent.SetStatus{Status: enginetest.Lunch})
		id := c.chat()
		<-slow.read // the offer has been refused
		c.give(id, contact.Stop{})
		synctest.Wait()
		close(slow.hands)
		synctest.Wait()
		if n := c.waiting(); n != 0 {
			t.Errorf("%d chats wait; want none", n)
		}
		if n, err := c.router.Numbers(t.Context(), c.instance, nil); err != nil || n.Crews[router.Crew{Profile: c.profile.ID, Status: enginetest.Lunch.ID}].Online != 1 {
			t.Errorf("the agent whose refusal was read is at lunch; the numbers are %+v, %v", n, err)
		}
	})
}
