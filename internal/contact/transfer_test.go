package contact

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// talking is a chat that bo has accepted from the queue sales, in an instance with
// transfer flows. It has waited for a minute.
func talking(t *testing.T, change func(o *testCatalog)) (p *chatTest, ana, bo center.ParticipantID) {
	t.Helper()
	o := catalogWithQueues(flows{
		"main":     document(t, hooks("CustomerRemaining", "after", "1"), queueingFrom(1, "sales")[0], queueingFrom(1, "sales")[1], disconnect).As("CONTACT_FLOW"),
		"after":    document(t, says("How was it?", "1"), waits(60, "2"), disconnect).As("CONTACT_FLOW"),
		"transfer": document(t, says("One moment", "1"), step("TransferContactToQueue", "", "2", "QueueAtCapacity>2", "NoMatchingError>2"), disconnect).As("QUEUE_TRANSFER"),
		"slowly":   document(t, waits(30, "1"), step("TransferContactToQueue", "", "2", "QueueAtCapacity>2", "NoMatchingError>2"), disconnect).As("QUEUE_TRANSFER"),
		"nowhere":  document(t, says("Nobody is there", "1"), disconnect).As("QUEUE_TRANSFER"),
		"toAgent": document(t, step("UpdateContactAttributes", `"Attributes":{"to":"$.Agent.UserName"},"TargetContact":"Current"`, "1", "NoMatchingError>2"),
			step("TransferContactToAgent", "", "2", "NoMatchingError>2"), disconnect).As("AGENT_TRANSFER"),
		"choose": document(t, step("UpdateContactTargetQueue", `"QueueId":"support"`, "1", "NoMatchingError>2"),
			step("TransferContactToQueue", "", "2", "QueueAtCapacity>2", "NoMatchingError>2"), disconnect).As("QUEUE_TRANSFER"),
	})
	o.queues["agent/cy"] = queue("agent/cy")
	if change != nil {
		change(&o)
	}
	p, ana = startConnected(t, o, Start{Attributes: map[string]string{"topic": "shoes"}})
	p.pass(time.Minute)
	p.do(offerTo("bo"))
	bo = p.do(Accept{"bo"}).Participant
	p.do(typed(bo, "Hello"))
	p.pass(time.Minute)
	return p, ana, bo
}

// queueingFrom is queueing at another position.
func queueingFrom(at int, to string) []string {
	return []string{
		step("UpdateContactTargetQueue", fmt.Sprintf(`"QueueId":%q`, to), fmt.Sprint(at+1), fmt.Sprintf("NoMatchingError>%d", at+2)),
		step("TransferContactToQueue", "", fmt.Sprint(at+2), fmt.Sprintf("QueueAtCapacity>%d", at+2), fmt.Sprintf("NoMatchingError>%d", at+2)),
	}
}

func toQueue(queue, flow string) Transfer {
	return Transfer{User: "bo", To: Target{Name: "second line", Queue: center.QueueID(queue), Flow: center.FlowRef(flow)}}
}

// told returns what was pushed to one participant alone since the n-th push.
func (p *chatTest) told(who center.ParticipantID, n int) (out []string) {
	for _, push := range p.pushes[n:] {
		if push.Only == who {
			out = append(out, describe(push.Item))
		}
	}
	return out
}

func TestTransferToAQueue(t *testing.T) {
	p, ana, bo := talking(t, func(o *testCatalog) {
		q := queue("support")
		q.Max = 10
		o.queues["support"] = q
	})
	first, enqueued, customer := p.chat.Latest.ID, p.chat.Latest.Enqueued, *p.chat.Customer()
	pushed := len(p.pushes)
	transfer := toQueue("support", "transfer")
	transfer.Token = "t"
	next := p.do(transfer).Contact
	p.wantHands("bo ENDED")
	if got := moves(p.last); got != "+support" || p.last.Queues[0].Limit != 12 {
		t.Errorf("queues moved %+v; want support by one, up to a fifth more than ten", p.last.Queues)
	}
	if q, _, rank, _ := p.chat.Rank(); q != "support" || !rank.Equal(enqueued) || !p.chat.Queue.Since.Equal(p.now) {
		t.Errorf("it waits in %s at %v since %v; want the rank of the first queue, %v", q, rank, p.chat.Queue.Since, enqueued)
	}
	if got := p.told(bo, pushed); !slices.Equal(got, []string{"succeeded"}) {
		t.Errorf("the agent is told %q", got)
	}
	if p.chat.Latest.ID != next || p.chat.Transfer != nil || *p.chat.Customer() != customer || p.chat.Attributes["topic"] != "shoes" {
		t.Errorf("the chat is %+v", p.chat)
	}
	old, now := p.records[first], p.records[next]
	if old.Next != next || !old.Disconnected.Equal(p.now) || !old.Transferred.Equal(p.now) || old.DisconnectReason != "" || old.Agent != "bo" || !old.AfterWork.Equal(p.now) {
		t.Errorf("the old record is %+v", old)
	}
	if now.Previous != first || now.InitiationMethod != center.MethodTransfer || now.Queue != "support" || now.Agent != "" || !now.Transferred.IsZero() || now.Flow != "transfer" {
		t.Errorf("the new record is %+v", now)
	}
	p.refuse(center.Denied, typed(bo, "I have left"))
	p.do(Leave{"bo"}) // as desks do after a transfer
	if p.last.Stored() {
		t.Errorf("leaving what has been transferred does %+v", p.last)
	}
	if again := p.do(transfer); again.Contact != next || p.last.Stored() {
		t.Errorf("asked again the transfer goes to %s, and does %+v", again.Contact, p.last)
	}
	p.do(typed(ana, "Who is next?"))
	p.pass(time.Minute)
	p.do(offerTo("cy"))
	p.do(Accept{"cy"})
	if r := p.contacts()[1]; r.Agent != "cy" || !r.AgentConnected.Equal(p.now) {
		t.Errorf("the record of the second agent is %+v", r)
	}
	// Passed on once more, it still has the rank of its first queueing.
	again := toQueue("sales", "transfer")
	again.User = "cy"
	p.do(again)
	if _, _, rank, _ := p.chat.Rank(); !rank.Equal(enqueued) {
		t.Errorf("transferred again its rank is %v; want %v", rank, enqueued)
	}
	p.do(Disconnect{Participant: ana})
	p.wantScript("CUSTOMER joined", "AGENT joined", "AGENT: Hello", "SYSTEM: One moment", "AGENT left", "CUSTOMER: Who is next?", "AGENT joined",
		"SYSTEM: One moment", "AGENT left", "CUSTOMER left", "ended")
	for i, want := range []center.ContactID{first, first, first, first, first, next, next, next, next} {
		if p.items[i].Contact != want {
			t.Errorf("item %d, %s, belongs to %s", i, describe(p.items[i]), p.items[i].Contact)
		}
	}
	if c, err := p.chat.Continue(first, true); err != nil || len(c.Past) != 3 || c.Related != p.chat.Latest.ID {
		t.Errorf("a persistent chat shows %+v, %v; want the contacts of all agents", c, err)
	}

}

// The routing criteria of the old contact are not carried.
func TestTransferDropsCriteria(t *testing.T) {
	p, _, _ := talking(t, nil)
	p.chat.Criteria = []flow.Criterion{{Expression: json.RawMessage(`{}`)}}
	p.chat.Latest.QueuePriority = 2
	p.do(toQueue("support", "transfer"))
	if len(p.chat.Criteria) != 0 || len(p.chat.Queue.Steps) != 0 || p.chat.Priority() != 2 {
		t.Errorf("it waits with %v and priority %d", p.chat.Queue.Steps, p.chat.Priority())
	}
}

func TestTransferToAnAgent(t *testing.T) {
	p, _, bo := talking(t, nil)
	p.do(Transfer{User: "bo", To: Target{Name: "Cy", User: "cy", Agent: &Identity{DisplayName: "CY", UserName: "cyril"}, Flow: "toAgent"}})
	if p.chat.Queue == nil || p.chat.Queue.Queue != "agent/cy" || p.chat.Attributes["to"] != "cyril" {
		t.Fatalf("it waits at %+v; the flow saw the agent %q", p.chat.Queue, p.chat.Attributes["to"])
	}
	p.do(offerTo("cy"))
	p.do(Accept{"cy"})
	p.wantHands("bo ENDED, cy CONNECTED")
	p.refuse(center.Denied, typed(bo, "x"))
}

func TestTransferToAFlow(t *testing.T) {
	p, _, _ := talking(t, nil)
	p.do(Transfer{User: "bo", To: Target{Name: "by topic", Flow: "choose"}})
	if p.chat.Queue == nil || p.chat.Queue.Queue != "support" || p.chat.Target.ID != "support" {
		t.Errorf("it waits at %+v", p.chat.Queue)
	}
}

// While the flow of a transfer runs the agent goes on talking.
func TestTransferUnderWay(t *testing.T) {
	p, ana, bo := talking(t, nil)
	first := p.chat.Latest.ID
	p.chat.Logging = true
	next := p.do(toQueue("support", "slowly")).Contact
	if len(p.last.Log) == 0 {
		t.Error("the flow log has nothing of the transfer")
	}
	for _, e := range p.last.Log {
		if e.Contact != next {
			t.Errorf("the flow log has %+v; want the new contact's", e)
		}
	}
	if p.chat.Latest.ID != first || !p.chat.Has(next) || p.records[next].Previous != first || p.records[first].Next != "" {
		t.Fatalf("while it is under way the contact is %s", p.chat.Latest.ID)
	}
	p.do(typed(bo, "still here"))
	p.do(Leave{"bo"})
	p.do(Disconnect{Participant: bo, ClientToken: "t"})
	p.wantHands("bo CONNECTED")
	p.refuse(center.Conflict, toQueue("sales", "transfer"))
	p.refuse(center.Conflict, Remove{"bo", ana})
	p.refuse(center.Conflict, Invite{By: "bo", Offer: offerTo("cy")})
	p.do(Tag{Contact: next, Set: map[string]string{"a": "b"}})
	p.pass(time.Minute)
	p.wantHands("bo ENDED")
	if p.chat.Latest.ID != next || p.chat.Latest.Tags["a"] != "b" || p.records[next].Tags["a"] != "b" {
		t.Errorf("the contact is %+v", p.chat.Latest)
	}
	p.wantScript("CUSTOMER joined", "AGENT joined", "AGENT: Hello", "AGENT: still here", "AGENT left")
}

// What a transfer comes to that does not reach its target.
func TestTransferFails(t *testing.T) {
	full := func(o *testCatalog) {
		q := queue("support")
		q.Full = true
		o.queues["support"] = q
	}
	for name, c := range map[string]struct {
		change func(o *testCatalog)
		flow   string
		then   func(p *chatTest, ana, bo center.ParticipantID)
		keeps  bool
		reason string
		script []string
	}{
		"the flow ends":     {nil, "nowhere", nil, true, center.ReasonFlow, []string{"SYSTEM: Nobody is there"}},
		"the queue is full": {full, "transfer", nil, true, center.ReasonFlow, []string{"SYSTEM: One moment"}},
		"the agent cancels": {nil, "slowly", func(p *chatTest, _, _ center.ParticipantID) {
			p.do(Remove{"bo", center.ParticipantID(p.chat.Transfer.Contact.ID)})
		}, true, center.ReasonAgent, nil},
		"the customer leaves":      {nil, "slowly", func(p *chatTest, ana, _ center.ParticipantID) { p.do(Disconnect{Participant: ana}) }, false, center.ReasonAgent, []string{"CUSTOMER left", "AGENT left", "ended"}},
		"the API ends the chat":    {nil, "slowly", func(p *chatTest, _, _ center.ParticipantID) { p.do(Stop{}) }, false, center.ReasonAgent, []string{"AGENT left", "CUSTOMER left", "ended"}},
		"the agent's desk is gone": {nil, "slowly", func(p *chatTest, _, _ center.ParticipantID) { p.do(Lose{User: "bo"}) }, false, center.ReasonAgent, []string{"AGENT left", "SYSTEM: How was it?"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, ana, bo := talking(t, c.change)
			if p.env.Full = nil; c.change != nil {
				p.env.Full = []center.QueueID{"support"}
			}
			first, target, said, pushed := p.chat.Latest.ID, p.chat.Target, len(p.items), len(p.pushes)
			next := p.do(toQueue("support", c.flow)).Contact
			if c.then != nil {
				c.then(p, ana, bo)
			}
			if got := p.told(bo, pushed); !slices.Equal(got, []string{"failed"}) {
				t.Errorf("the agent is told %q", got)
			}
			if got := script(p.items[said:]); !slices.Equal(got, c.script) {
				t.Errorf("the transcript goes on %q; want %q", got, c.script)
			}
			if r := p.records[next]; !r.Ended() || r.DisconnectReason != c.reason || p.records[first].Next == next || !p.records[first].Transferred.IsZero() || !p.chat.Has(next) {
				t.Errorf("the new record is %+v", r)
			}
			if p.chat.Transfer != nil || c.keeps && (p.chat.Latest.ID != first || p.chat.Target != target || p.chat.Run != nil) {
				t.Errorf("afterwards the chat is %+v", p.chat)
			}
			if c.keeps {
				p.wantHands("bo CONNECTED")
				p.do(typed(bo, "I am still here"))
				p.env.Full = nil
				p.do(toQueue("sales", "transfer"))
				p.wantHands("bo ENDED")
			}
		})
	}
}

func TestTransferRefused(t *testing.T) {
	p, ana, _ := talking(t, nil)
	for name, c := range map[string]struct {
		cmd  Transfer
		want center.Reason
	}{
		"to oneself":       {Transfer{User: "bo", To: Target{User: "bo", Flow: "toAgent"}}, center.Invalid},
		"no such queue":    {toQueue("none", "transfer"), center.NotFound},
		"no such flow":     {toQueue("support", "none"), center.NotFound},
		"somebody else":    {Transfer{User: "cy", To: Target{Flow: "choose"}}, center.NotFound},
		"no queue for him": {Transfer{User: "bo", To: Target{User: "dee", Flow: "toAgent"}}, center.NotFound},
	} {
		if _, err := p.try(c.cmd); center.ReasonOf(err) != c.want || err == nil {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
	p.do(Invite{By: "bo", Offer: offerTo("cy")})
	p.refuse(center.Conflict, toQueue("support", "transfer"))
	p.do(Accept{"cy"})
	p.refuse(center.Conflict, toQueue("support", "transfer"))
	p.do(Leave{"cy"})
	p.do(toQueue("support", "transfer"))
	p.refuse(center.Conflict, toQueue("support", "transfer"))
	p.do(Disconnect{Participant: ana})
	p.refuse(center.Gone, toQueue("support", "transfer"))
}

// A chat whose transfers fail does not grow for ever.
func TestFailedTransfersHaveABound(t *testing.T) {
	p, _, _ := talking(t, nil)
	for range maxAside {
		p.do(toQueue("support", "nowhere"))
	}
	p.refuse(center.QuotaExceeded, toQueue("support", "nowhere"))
	p.wantHands("bo CONNECTED")
}
