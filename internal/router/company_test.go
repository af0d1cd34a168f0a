package router_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/store"
)

// The flows of quick connects: one waits for a number of seconds before it goes on to the target queue.
const (
	transferFlow = `{"Version":"2019-10-30","StartAction":"w","Actions":[
 {"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"%d"},"Transitions":{"NextAction":"b","Conditions":[{"NextAction":"b","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"c","Errors":[{"NextAction":"c","ErrorType":"QueueAtCapacity"},{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	agentFlow = `{"Version":"2019-10-30","StartAction":"b","Actions":[
 {"Identifier":"b","Type":"TransferContactToAgent","Parameters":{},"Transitions":{}}]}`
)

// transferFlow adds a flow for quick connects, if there is none of the type.
func (c *centre) transferFlow(typ, content string) center.FlowRef {
	c.Helper()
	for _, f := range catalog.All[*catalog.Flow](c.snapshot()) {
		if f.Name == typ {
			return center.FlowRef(f.ID)
		}
	}
	f, err := publishing.CreateFlow(c.Context(), c.Catalog, c.instance, publishing.NewFlow{Name: typ, Type: typ, Content: content})
	if err != nil {
		c.Fatal(err)
	}
	return center.FlowRef(f.ID)
}

func (c *centre) snapshot() *catalog.Snapshot {
	c.Helper()
	snap, err := c.Catalog.SnapshotWith(c.Context(), center.KindUser, string(c.instance))
	if err != nil {
		c.Fatal(err)
	}
	return snap
}

// queue is the first queue of the instance.
func (c *centre) queue() center.QueueID {
	return catalog.All[*catalog.Queue](c.snapshot())[0].ID
}

// target is where a quick connect leads.
func (c *centre) target(q *catalog.QuickConnect) contact.Target {
	c.Helper()
	to, err := router.TargetOf(c.snapshot(), q)
	if err != nil {
		c.Fatal(err)
	}
	return to
}

// slots makes sure that the store counts as many slots of an agent as he has contacts in hand.
func (c *centre) slots(user center.UserID, want int64) {
	c.Helper()
	if n, err := c.Store.Count(c.Context(), store.Slots(c.instance, user, "CHAT")); err != nil || n != want {
		c.Errorf("%d slots are counted, %v; want %d", n, err, want)
	}
}

// A contact that an agent transfers to a queue is offered before those that came after it, and not to
// him who has transferred it before he has cleared it.
func TestTransferredContactHasItsRank(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		bo, cy := c.hire("bo", nil), c.hire("cy", nil)
		c.arrive(bo)
		first := c.chat()
		time.Sleep(time.Second)
		c.give(first, contact.Accept{User: bo})
		c.tell(bo, agent.SetStatus{Status: enginetest.Lunch})
		var others []center.ContactID
		for range 5 {
			others = append(others, c.chat())
			time.Sleep(time.Second)
		}
		to := c.target(&catalog.QuickConnect{Type: catalog.ToQueue, Queue: c.queue(), Flow: c.transferFlow("QUEUE_TRANSFER", fmt.Sprintf(transferFlow, 2))})
		c.give(first, contact.Transfer{User: bo, To: to})
		time.Sleep(time.Second)
		c.has(first, bo, contact.WorkConnected)
		time.Sleep(2 * time.Second)
		c.has(first, bo, contact.WorkEnded)
		c.arrive(cy)
		time.Sleep(time.Second)
		c.has(first, bo, contact.WorkEnded, cy, contact.WorkConnecting)
		c.has(others[0], cy, contact.WorkConnecting)
		c.has(others[1])
		c.give(first, contact.Reject{User: cy})
		c.tell(bo, agent.SetStatus{Status: enginetest.Available})
		time.Sleep(time.Second)
		c.has(first, bo, contact.WorkEnded, cy, contact.WorkRejected)
		c.has(others[1], bo, contact.WorkConnecting) // he has not cleared the first
		c.give(first, contact.Clear{User: bo})
		time.Sleep(time.Second)
		c.has(first, cy, contact.WorkRejected, bo, contact.WorkConnecting)
	})
}

// An agent transfer reaches the agent, and nobody else, who waits for it as for any contact.
func TestTransferToAnAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		bo, cy, dee := c.hire("bo", nil), c.hire("cy", nil), c.hire("dee", nil)
		c.arrive(bo)
		id := c.chat()
		time.Sleep(time.Second)
		c.give(id, contact.Accept{User: bo})
		to := c.target(&catalog.QuickConnect{Type: catalog.ToUser, User: cy, Flow: c.transferFlow("AGENT_TRANSFER", agentFlow)})
		if to.Agent == nil || to.Agent.UserName != "cy" {
			t.Fatalf("the target is %+v", to)
		}
		c.give(id, contact.Transfer{User: bo, To: to})
		c.arrive(dee)
		time.Sleep(time.Minute)
		c.has(id, bo, contact.WorkEnded)
		c.arrive(cy)
		time.Sleep(time.Second)
		c.has(id, bo, contact.WorkEnded, cy, contact.WorkConnecting)
		c.give(id, contact.Accept{User: cy})
		c.has(id, bo, contact.WorkEnded, cy, contact.WorkConnected)
		c.slots(bo, 1)
		c.slots(cy, 1)
		for name, q := range map[string]*catalog.QuickConnect{
			"a phone":       {Type: catalog.ToPhone, Phone: "+1"},
			"a lost friend": {Type: catalog.ToUser, User: "gone"},
		} {
			if _, err := router.TargetOf(c.snapshot(), q); err == nil || center.ReasonOf(err) == center.Internal {
				t.Errorf("%s is a target: %v", name, err)
			}
		}
	})
}

// A server that stops in the middle of a transfer, of an invitation and of a supervision goes on with them.
func TestCompanySurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := enginetest.Memory(t)
		c := open(t, kept)
		bo, cy, sue := c.hire("bo", nil), c.hire("cy", nil), c.hire("sue", nil)
		c.arrive(bo)
		moved, joined := c.chat(), c.chat()
		time.Sleep(time.Second)
		c.give(moved, contact.Accept{User: bo})
		c.give(joined, contact.Accept{User: bo})
		flow := c.transferFlow("QUEUE_TRANSFER", fmt.Sprintf(transferFlow, 30))
		c.give(moved, contact.Transfer{User: bo, To: c.target(&catalog.QuickConnect{Type: catalog.ToQueue, Queue: c.queue(), Flow: flow})})
		c.arrive(cy)
		q := &catalog.QuickConnect{Type: catalog.ToUser, User: cy}
		if _, err := c.router.Invite(c.snapshot(), bo, q); center.ReasonOf(err) != center.BadRequest {
			t.Errorf("an invitation without the instance attribute: %v", err)
		}
		if err := setup.SetAttribute(t.Context(), c.Catalog, c.instance, "MULTI_PARTY_CHAT_CONFERENCE", "true"); err != nil {
			t.Fatal(err)
		}
		i, err := c.router.Invite(c.snapshot(), bo, q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.router.Invite(c.snapshot(), bo, &catalog.QuickConnect{Type: catalog.ToQueue}); center.ReasonOf(err) != center.BadRequest {
			t.Errorf("a queue is invited: %v", err)
		}
		c.give(joined, i)
		c.give(joined, contact.Monitor{User: sue, Barge: true})
		c.give(joined, contact.Supervise{User: sue, Barge: true})
		c.stop()
		time.Sleep(5 * time.Second)
		c = open(t, kept)
		time.Sleep(5 * time.Second)
		c.has(joined, bo, contact.WorkConnected, cy, contact.WorkConnecting, sue, contact.WorkConnected)
		c.has(moved, bo, contact.WorkConnected)
		for user, want := range map[center.UserID]int64{bo: 2, cy: 1, sue: 0} {
			c.slots(user, want)
		}
		c.give(joined, contact.Accept{User: cy})
		time.Sleep(30 * time.Second)
		state, err := c.State(t.Context(), moved)
		if err != nil || state.Queue == nil || state.Latest.InitiationMethod != center.MethodTransfer {
			t.Errorf("after the flow's wait the chat is %+v, %v", state, err)
		}
		c.has(moved, bo, contact.WorkEnded)
		c.give(joined, contact.Leave{User: bo})
		c.give(joined, contact.Leave{User: cy})
		c.has(joined, bo, contact.WorkEnded, cy, contact.WorkEnded, sue, contact.WorkConnected)
	})
}
