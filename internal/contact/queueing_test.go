package contact

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// moves says what a change did to queues: "+sales", "-sales".
func moves(c Change) string {
	var out []string
	for _, m := range c.Queues {
		sign := "+"
		if m.Delta < 0 {
			sign = "-"
		}
		out = append(out, sign+string(m.Queue))
	}
	return strings.Join(out, " ")
}

func TestWaitingForAnAgent(t *testing.T) {
	o := catalogWithQueues(flows{"main": numbered(t, queueing("sales")...)})
	o.defaults["CUSTOMER_QUEUE"] = document(t, says("You wait for $.Queue.Name", "1"), waits(60, "0"))
	limited := queue("sales")
	limited.Max = 7
	o.queues["sales"] = limited
	p, ana := startConnected(t, o, Start{})
	if got := moves(p.last); got != "+sales" || p.last.Queues[0].Limit != 7 {
		t.Fatalf("queues moved %+v; want sales by one, up to 7", p.last.Queues)
	}
	cur := p.chat.Current()
	if cur.Queue != "sales" || !cur.Enqueued.Equal(p.now) || p.chat.Queue == nil || p.chat.Run.Kind != machine.KindCustomerQueue {
		t.Fatalf("the contact is %+v, waiting at %+v", cur, p.chat.Queue)
	}
	p.pass(2 * time.Minute)
	p.do(typed(ana, "still there?"))
	p.refuse(center.Denied, typed("nobody", "x"))
	r := p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea"})
	if got := moves(p.last); got != "-sales" {
		t.Errorf("queues moved %q; want -sales", got)
	}
	if again := p.do(Join{User: "u1"}); again.Participant != r.Participant {
		t.Errorf("the repeated Join gave %v; want %v", again, r)
	}
	p.refuse(center.Conflict, Join{User: "u2"})
	p.do(typed(r.Participant, "Hello Ana"))
	p.pass(time.Hour)
	p.wantScript("CUSTOMER joined", "SYSTEM: You wait for SALES", "SYSTEM: You wait for SALES", "SYSTEM: You wait for SALES",
		"CUSTOMER: still there?", "AGENT joined", "AGENT: Hello Ana")
	cur = p.chat.Current()
	if p.chat.Queue != nil || p.chat.Run != nil || cur.Agent != "u1" || cur.AgentConnected.IsZero() || cur.Queue != "sales" {
		t.Errorf("after the agent joined: %+v, contact %+v", p.chat.Queue, cur)
	}
	p.do(Disconnect{Participant: r.Participant})
	if !p.chat.Ended || p.chat.Current().DisconnectReason != center.ReasonAgent || moves(p.last) != "" {
		t.Errorf("after the agent left: ended %t, %q, queues %q", p.chat.Ended, p.chat.Current().DisconnectReason, moves(p.last))
	}
}

func TestLeavingTheQueue(t *testing.T) {
	o := catalogWithQueues(flows{"main": numbered(t, queueing("sales")...)})
	for name, leave := range map[string]func(p *chatTest, ana center.ParticipantID){
		"the customer leaves": func(p *chatTest, ana center.ParticipantID) { p.do(Disconnect{Participant: ana}) },
		"the API ends it":     func(p *chatTest, _ center.ParticipantID) { p.do(Stop{}) },
		"it expires":          func(p *chatTest, _ center.ParticipantID) { p.pass(26 * time.Hour) },
	} {
		p, ana := startConnected(t, o, Start{})
		if p.chat.Run != nil || p.chat.Ended {
			t.Fatalf("%s: without a queue flow the contact has %+v", name, p.chat.Run)
		}
		leave(p, ana)
		if got := moves(p.last); got != "-sales" || p.chat.Queue != nil || !p.chat.Ended {
			t.Errorf("%s: queues moved %q, ended %t", name, got, p.chat.Ended)
		}
		p.refuse(center.Gone, Join{User: "u1"})
	}
}

func TestQueueFlowsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		queue  *flow.Flow
		ended  bool
		script []string
	}{
		"it ends":            {document(t, says("One moment", "1"), ends()), false, []string{"SYSTEM: One moment"}},
		"it loops prompts":   {document(t, step("MessageParticipantIteratively", `"Messages":[{"Text":"x"}]`, "")), false, nil},
		"it runs away":       {document(t, step("Compare", `"ComparisonValue":"$.Channel"`, "0", "NoMatchingCondition>0")), false, nil},
		"it disconnects":     {document(t, says("Sorry", "1"), disconnect), true, []string{"SYSTEM: Sorry", "CUSTOMER left", "ended"}},
		"it queues again":    {document(t, step("TransferContactToQueue", "", "1", "QueueAtCapacity>2", "NoMatchingError>1"), says("No", "2"), ends()), false, []string{"SYSTEM: No"}},
		"it was taken away":  {nil, false, nil},
		"it goes and comes":  {document(t, waits(60, "1"), says("Back", "2"), ends()), false, []string{"SYSTEM: Back"}},
		"it calls and hangs": {document(t, step("InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, "1", "NoMatchingError>1"), says("Failed", "2"), ends()), false, []string{"SYSTEM: Failed"}},
	} {
		o := catalogWithQueues(flows{"main": numbered(t, queueing("sales")...)})
		if c.queue != nil {
			o.flows["q"] = c.queue.As("CUSTOMER_QUEUE")
		}
		p := newChatTest(t, nil)
		p.env.Catalog = o
		ana := p.start(Start{})
		p.chat.Hooks = map[string]center.FlowRef{"CustomerQueue": "q"}
		p.do(Connect{Participant: ana})
		p.pass(2 * time.Minute)
		if got := p.script()[1:]; !slices.Equal(got, c.script) || p.chat.Ended != c.ended || (p.chat.Queue == nil) != c.ended {
			t.Errorf("%s: script %q, ended %t, waiting %t", name, got, p.chat.Ended, p.chat.Queue != nil)
		}
	}
}

func TestFullQueues(t *testing.T) {
	closed, none := queue("sales"), queue("sales")
	closed.Disabled, none.Max = true, 0
	for name, c := range map[string]struct {
		queue machine.Queue
		full  []center.QueueID
		want  string
	}{
		"room":         {queue("sales"), []center.QueueID{"support"}, ""},
		"found full":   {queue("sales"), []center.QueueID{"sales"}, "SYSTEM: All lines are busy"},
		"no contacts":  {none, nil, "SYSTEM: All lines are busy"},
		"disabled":     {closed, nil, "SYSTEM: Something is wrong"},
		"unknown":      {machine.Queue{}, nil, "SYSTEM: Something is wrong"},
		"not set":      {queue("sales"), nil, "SYSTEM: Something is wrong"},
		"set by agent": {queue("agent/u1"), nil, ""},
	} {
		actions := queueing("sales")
		switch name {
		case "unknown":
			actions = queueing("nowhere")
		case "not set":
			actions[0] = says("Let me see", "1")
		case "set by agent":
			actions[0] = step("UpdateContactTargetQueue", `"AgentId":"arn:aws:connect:us-east-1:123456789012:instance/I/agent/u1"`, "1", "NoMatchingError>9")
		}
		o := catalogWithQueues(flows{"main": numbered(t, actions...)})
		o.queues["sales"] = c.queue
		p := newChatTest(t, nil)
		p.env.Catalog, p.env.Full = o, c.full
		ana := p.start(Start{})
		p.do(Connect{Participant: ana})
		got := ""
		for _, line := range p.script() {
			if line == "SYSTEM: All lines are busy" || line == "SYSTEM: Something is wrong" {
				got = line
			}
		}
		if got != c.want || (p.chat.Queue != nil) != (c.want == "") || p.chat.Ended != (c.want != "") {
			t.Errorf("%s: %q, waits %t, queues %q", name, got, p.chat.Queue != nil, moves(p.last))
		}
	}
}

// passOn is a queue flow that waits a minute and transfers the contact.
func passOn(t *testing.T, to string) *flow.Flow {
	return document(t, waits(60, "1"),
		step("DequeueContactAndTransferToQueue", fmt.Sprintf(`"QueueId":%q`, to), "3", "QueueAtCapacity>2", "NoMatchingError>3"),
		says("Full", "0"), says("Failed", "4"), ends()).As("CUSTOMER_QUEUE")
}

func TestTransferToAnotherQueue(t *testing.T) {
	o := catalogWithQueues(flows{"main": numbered(t, append([]string{hooks("CustomerQueue", "q", "1")},
		step("UpdateContactTargetQueue", `"QueueId":"sales"`, "2", "NoMatchingError>9"),
		step("UpdateContactRoutingBehavior", `"QueuePriority":"2"`, "3", "NoMatchingError>9"),
		step("TransferContactToQueue", "", "9", "NoMatchingError>9"))...), "q": passOn(t, "support")})
	small := queue("support")
	small.Max = 10
	o.queues["support"] = small
	p, _ := startConnected(t, o, Start{Attributes: map[string]string{"k": "v"}})
	if p.chat.Priority() != 2 {
		t.Errorf("priority %d; want 2", p.chat.Priority())
	}
	first := p.chat.Current().ID
	p.env.Full = []center.QueueID{"support"}
	p.pass(time.Minute)
	if p.chat.Current().ID != first || p.chat.Queue.Queue != "sales" || moves(p.last) != "" {
		t.Fatalf("a full queue: contact %+v, queues %q", p.chat.Queue, moves(p.last))
	}
	p.env.Full = nil
	p.pass(time.Minute)
	old, next := p.contacts()[0], p.chat.Current()
	if got := moves(p.last); got != "-sales +support" || p.last.Queues[1].Limit != 12 {
		t.Errorf("queues moved %+v; want from sales to support, which may hold 12", p.last.Queues)
	}
	if old.Next != next.ID || next.Previous != first || next.InitiationMethod != center.MethodQueueTransfer || old.DisconnectReason != "" ||
		old.Disconnected.IsZero() || next.Queue != "support" || !next.Enqueued.Equal(p.now) || next.QueuePriority != 0 || p.chat.Priority() != 5 {
		t.Errorf("the chain is %+v and %+v", old, next)
	}
	for range 20 {
		p.pass(time.Minute)
	}
	if got := p.script()[len(p.script())-1]; got != "SYSTEM: Failed" || len(p.contacts()) != 12 || p.chat.Queue == nil || p.chat.Ended {
		t.Errorf("after twelve contacts: %q, %d contacts, waits %t", got, len(p.contacts()), p.chat.Queue != nil)
	}
}

// TestEnqueuedAndDequeuedInOneDecision: it moves no counter.
func TestEnqueuedAndDequeuedInOneDecision(t *testing.T) {
	o := catalogWithQueues(flows{"main": numbered(t, queueing("sales")...)})
	o.defaults["CUSTOMER_QUEUE"] = document(t, step("DequeueContactAndTransferToQueue", `"QueueId":"support"`, "1", "QueueAtCapacity>1", "NoMatchingError>1"), ends())
	p, _ := startConnected(t, o, Start{})
	if got := moves(p.last); got != "+support" || len(p.contacts()) != 12 {
		t.Errorf("queues moved %q over %d contacts", got, len(p.contacts()))
	}
	o.defaults["CUSTOMER_QUEUE"] = document(t, disconnect)
	p, _ = startConnected(t, o, Start{})
	if got := moves(p.last); got != "" || !p.chat.Ended {
		t.Errorf("queues moved %q, ended %t", got, p.chat.Ended)
	}
}

func TestWhispers(t *testing.T) {
	hooked := append([]string{
		hooks("AgentWhisper", "aw", "1"), hooks("CustomerWhisper", "cw", "2"), hooks("CustomerQueue", "q", "3"),
		step("UpdateContactTargetQueue", `"QueueId":"sales"`, "4", "NoMatchingError>9"),
	}, step("TransferContactToQueue", "", "9", "NoMatchingError>9"))
	set := func(agent, customer *flow.Flow) testCatalog {
		return catalogWithQueues(flows{
			"main": numbered(t, hooked...), "aw": agent.As("AGENT_WHISPER"), "cw": customer.As("CUSTOMER_WHISPER"),
			"q": document(t, waits(60, "1"), says("Please wait", "0")).As("CUSTOMER_QUEUE"),
		})
	}
	toAgent := document(t, says("From $.Queue.Name for $.Agent.UserName", "1"), ends())
	toCustomer := document(t, says("$.Agent.FirstName is with you", "1"), ends())

	t.Run("each side hears its own", func(t *testing.T) {
		p, _ := startConnected(t, set(toAgent, toCustomer), Start{})
		p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea", FirstName: "Beatrice"})
		p.wantScript("CUSTOMER joined", "SYSTEM: From SALES for bea", "AGENT joined", "SYSTEM: Beatrice is with you")
		if p.items[1].Visibility != center.VisibleAgent || p.items[3].Visibility != center.VisibleCustomer {
			t.Errorf("the whispers are seen by %q and %q", p.items[1].Visibility, p.items[3].Visibility)
		}
		if p.chat.Whisper != nil || !p.chat.WhisperBy.IsZero() || p.chat.Joining != "" {
			t.Errorf("a whisper is left: %+v", p.chat.Whisper)
		}
	})
	t.Run("what does not belong there fails", func(t *testing.T) {
		p, _ := startConnected(t, set(document(t, step("DisconnectParticipant", "", "")), document(t,
			step("ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, "1", "NoMatchingError>1", "NoMatchingCondition>1", "TimeLimitExceeded>1"),
			says("No view", "2"), ends())), Start{ContentTypes: []string{center.PlainText, center.Interactive, center.InteractiveResponse}})
		p.do(Join{User: "u1", DisplayName: "Bea"})
		p.wantScript("CUSTOMER joined", "AGENT joined", "SYSTEM: No view")
	})
	slow := document(t, step("InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, "1", "NoMatchingError>2"), says("It is $.External.it", "2"), ends())
	t.Run("the contact waits while the agent listens", func(t *testing.T) {
		p, _ := startConnected(t, set(slow, toCustomer), Start{})
		bea := p.do(Join{User: "u1", DisplayName: "Bea", FirstName: "Bea"}).Participant
		if p.chat.Queue == nil || p.chat.Run == nil || p.chat.Whisper == nil || len(p.chat.Effects) != 1 {
			t.Fatalf("while the agent listens: %+v, run %v, whisper %v", p.chat.Queue, p.chat.Run, p.chat.Whisper)
		}
		p.refuse(center.Conflict, Join{User: "u2"})
		p.do(Connect{Participant: bea})
		p.refuse(center.Conflict, typed(bea, "Hello?"))
		p.do(EffectDone{ID: p.chat.Effects[0].ID, Answer: json.RawMessage(`{"it":"late"}`)})
		p.wantScript("CUSTOMER joined", "SYSTEM: It is late", "AGENT joined", "SYSTEM: Bea is with you")
	})
	t.Run("an agent who leaves while listening", func(t *testing.T) {
		p, _ := startConnected(t, set(slow, toCustomer), Start{})
		bea := p.do(Join{User: "u1", DisplayName: "Bea"}).Participant
		effect := p.chat.Effects[0].ID
		p.do(Disconnect{Participant: bea})
		if p.chat.Queue == nil || p.chat.Joining != "" || p.chat.Whisper != nil || len(p.chat.Effects) != 0 {
			t.Fatalf("after the agent left: %+v", p.chat)
		}
		p.do(EffectDone{ID: effect, Answer: json.RawMessage(`{"it":"x"}`)})
		p.pass(time.Minute)
		p.do(Join{User: "u2", DisplayName: "Cy", FirstName: "Cy"})
		p.pass(3 * time.Second)
		p.wantScript("CUSTOMER joined", "SYSTEM: Please wait")
		p.pass(9 * time.Second) // the function's time is over
		p.wantScript("CUSTOMER joined", "SYSTEM: Please wait", "AGENT joined", "SYSTEM: Cy is with you")
	})
	endless := document(t, waits(3600, "1"), ends())
	t.Run("too long for the agent", func(t *testing.T) {
		p, _ := startConnected(t, set(endless, toCustomer), Start{})
		p.do(Join{User: "u1", DisplayName: "Bea"})
		p.pass(2 * time.Minute)
		if p.chat.Queue == nil || p.chat.Joining != "" || p.chat.Participants[1].Left.IsZero() {
			t.Errorf("after two minutes: waiting %t, joining %q", p.chat.Queue != nil, p.chat.Joining)
		}
	})
	t.Run("too long for the customer", func(t *testing.T) {
		p, _ := startConnected(t, set(toAgent, endless), Start{})
		p.do(Join{User: "u1", DisplayName: "Bea"})
		p.pass(2*time.Minute - time.Second)
		if p.chat.Ended {
			t.Fatal("ended early")
		}
		p.pass(time.Second)
		if !p.chat.Ended {
			t.Error("after two minutes the contact goes on")
		}
	})
	t.Run("the customer leaves during the customer's", func(t *testing.T) {
		p, ana := startConnected(t, set(toAgent, endless), Start{})
		p.do(Join{User: "u1", DisplayName: "Bea"})
		p.do(Disconnect{Participant: ana})
		if !p.chat.Ended || p.chat.Whisper != nil {
			t.Errorf("ended %t, whisper %v", p.chat.Ended, p.chat.Whisper)
		}
	})
	t.Run("flows that are gone are passed over", func(t *testing.T) {
		o := set(toAgent, toCustomer)
		p, _ := startConnected(t, o, Start{})
		delete(o.flows, "aw")
		delete(o.flows, "cw")
		p.do(Join{User: "u1", DisplayName: "Bea"})
		p.wantScript("CUSTOMER joined", "AGENT joined")
		if len(p.last.Log) != 2 || !p.last.Log[0].Always {
			t.Errorf("log %+v", p.last.Log)
		}
	})
}

func TestDisconnectFlowQueuesAgain(t *testing.T) {
	o := catalogWithQueues(flows{
		"main": numbered(t, append([]string{hooks("CustomerRemaining", "after", "1"), step("UpdateContactTargetQueue", `"QueueId":"sales"`, "2", "NoMatchingError>9")},
			step("TransferContactToQueue", "", "9", "NoMatchingError>9"))...),
		"after": document(t,
			step("Compare", `"ComparisonValue":"$.Agent.ARN"`, "1", "=NULL>4", "NoMatchingCondition>1"),
			says("$.Agent.UserName left", "2"),
			step("Wait", `"TimeLimitSeconds":"900","Events":["CustomerReturned"]`, "4", "NoMatchingError>4", "=WaitCompleted>4", "=CustomerReturned>3"),
			step("TransferContactToQueue", "", "4", "QueueAtCapacity>4", "NoMatchingError>4"),
			disconnect).As("CONTACT_FLOW"),
	})
	p, ana := startConnected(t, o, Start{})
	bea := p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea"}).Participant
	p.do(Disconnect{Participant: bea})
	p.pass(time.Minute)
	p.do(typed(ana, "one more thing"))
	if p.chat.Queue == nil || p.chat.Queue.Queue != "sales" || len(p.contacts()) != 2 {
		t.Fatalf("after the customer came back: %+v, %d contacts: %v", p.chat.Queue, len(p.contacts()), p.script())
	}
	p.do(Join{User: "u2", DisplayName: "Cy", UserName: "cy"})
	p.wantScript("CUSTOMER joined", "AGENT joined", "AGENT left", "SYSTEM: bea left", "CUSTOMER: one more thing", "AGENT joined")
	if cur := p.chat.Current(); cur.Agent != "u2" || p.contacts()[0].Agent != "u1" || p.contacts()[0].DisconnectReason != center.ReasonAgent {
		t.Errorf("contacts %+v and %+v", p.contacts()[0], cur)
	}
}

func TestRoutingCriteria(t *testing.T) {
	criteria := `"RoutingCriteria":{"Steps":[
		{"Expression":{"AttributeCondition":{"Name":"language","Value":"$.Attributes.language","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}},"Expiry":{"DurationInSeconds":"30"}},
		{"Expression":{"AttributeCondition":{"Name":"language","Value":"fr","ProficiencyLevel":1}},"Expiry":{"DurationInSeconds":60}}]}`
	o := catalogWithQueues(flows{"main": numbered(t,
		step("UpdateContactRoutingCriteria", criteria, "1", "NoMatchingError>9"),
		step("UpdateContactTargetQueue", `"QueueId":"$.Attributes.queue"`, "2", "NoMatchingError>9"),
		step("UpdateContactRoutingBehavior", `"QueueTimeAdjustmentSeconds":"120"`, "3", "NoMatchingError>9"),
		step("TransferContactToQueue", "", "9", "NoMatchingError>9"))})
	statuses := func(p *chatTest) string {
		var all []string
		for _, s := range p.chat.Queue.Steps {
			all = append(all, s.Status)
		}
		return strings.Join(all, " ")
	}
	p, _ := startConnected(t, o, Start{Attributes: map[string]string{"language": "fr", "queue": "sales"}})
	began := p.now
	if got := statuses(p); got != "ACTIVE INACTIVE" || !strings.Contains(string(p.chat.Queue.Steps[0].Expression), `"Value":"fr"`) {
		t.Fatalf("steps %q: %s", got, p.chat.Queue.Steps[0].Expression)
	}
	if _, priority, rank, ok := p.chat.Rank(); !ok || priority != 5 || !rank.Equal(began.Add(-2*time.Minute)) {
		t.Errorf("rank %d, %s; want 5 and two minutes earlier", priority, rank)
	}
	p.pass(30 * time.Second)
	if got := statuses(p); got != "EXPIRED ACTIVE" || p.chat.Queue.Step != 1 {
		t.Errorf("after half a minute: %q", got)
	}
	p.pass(60 * time.Second)
	if got := statuses(p); got != "EXPIRED EXPIRED" || p.chat.Queue.Step != 2 || !p.chat.Queue.StepBy.IsZero() {
		t.Errorf("in the end: %q", got)
	}
	p.do(Join{User: "u1", DisplayName: "Bea"})

	p, _ = startConnected(t, o, Start{Attributes: map[string]string{"language": "de", "queue": "agent/u1"}})
	if p.chat.Queue == nil || len(p.chat.Queue.Steps) != 0 {
		t.Errorf("in an agent's queue: %+v; want no criteria", p.chat.Queue)
	}
}

// TestQueueStatusIsRequested: a flow that asks for a queue's status makes the
// decision end in a Need; the rules then count the contact itself.
func TestQueueStatusIsRequested(t *testing.T) {
	tell := step("GetMetricData", `"QueueId":"$.Queue.ARN"`, "1", "NoMatchingError>2")
	o := catalogWithQueues(flows{"main": numbered(t, queueing("sales")...)})
	o.defaults["CUSTOMER_QUEUE"] = document(t, tell,
		says("You are number $.Metrics.Contact.PositionInQueue of $.Metrics.Queue.Size for $.Metrics.Queue.OldestContactAge ms", "3"), says("Failed", "3"), waits(60, "0"))
	o.queues["arn:queue/sales"] = queue("sales")
	p := newChatTest(t, nil)
	p.env.Catalog = o
	ana := p.start(Start{})
	_, err := p.try(Connect{Participant: ana})
	need, ok := err.(*Need)
	if !ok || need.Queue != "sales" || need.Priority != 5 || !need.Rank.Equal(p.now) {
		t.Fatalf("the decision ends in %v; want the need to know sales", err)
	}
	p.env.QueueStatus = map[center.QueueID]QueueStatus{"sales": {Others: 3, Oldest: p.now.Add(-time.Minute), Ahead: 2}}
	p.do(Connect{Participant: ana})
	p.env.QueueStatus = map[center.QueueID]QueueStatus{"sales": {}}
	p.pass(time.Minute)
	p.wantScript("CUSTOMER joined", "SYSTEM: You are number 3 of 4 for 60000 ms", "SYSTEM: You are number 1 of 1 for 60000 ms")
}

// TestAsynchronousCallsSurviveTheEnd: they are made although the chat ends right after them.
func TestAsynchronousCallsSurviveTheEnd(t *testing.T) {
	p := newChatTest(t, flows{"main": document(t,
		step("InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationType":"ASYNCHRONOUS"`, "1", "NoMatchingError>1"), disconnect)})
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	if p.chat.Ended || len(p.last.Effects) != 1 {
		t.Fatalf("ended %t with %d effects to start; want the flow to wait until the call is accepted", p.chat.Ended, len(p.last.Effects))
	}
	p.do(Disconnect{Participant: ana})
	if !p.chat.Ended || len(p.chat.Effects) != 1 {
		t.Fatalf("ended %t with %d effects under way; want the call to go on", p.chat.Ended, len(p.chat.Effects))
	}
	p.do(EffectDone{ID: p.chat.Effects[0].ID, Answer: json.RawMessage(`null`)})
	if len(p.chat.Effects) != 0 {
		t.Error("the call is still under way")
	}
}
