package router_test

import (
	"testing"
	"testing/synctest"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/routing"
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
