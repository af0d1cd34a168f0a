package contact

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// after is a disconnect flow that says whom it follows, and waits for the customer.
func after(t *testing.T) *flow.Flow {
	return document(t, says("$.Attributes.agent has left", "1"),
		step("Wait", `"TimeLimitSeconds":"900","Events":["CustomerReturned"]`, "2", "NoMatchingError>2", "=WaitCompleted>2", "=CustomerReturned>2"),
		disconnect).As("CONTACT_FLOW")
}

// served is an instance whose flow queues the customer, with whispers and a
// disconnect flow. The agent whisper remembers who the agent is.
func served(t *testing.T, queueFlow *flow.Flow) testCatalog {
	o := catalogWithQueues(flows{
		"main": numbered(t, hooks("AgentWhisper", "aw", "1"), hooks("CustomerRemaining", "after", "2"), hooks("CustomerQueue", "q", "3"),
			step("UpdateContactTargetQueue", `"QueueId":"sales"`, "4", "NoMatchingError>9"), step("TransferContactToQueue", "", "9", "NoMatchingError>9")),
		"aw":    document(t, step("UpdateContactAttributes", `"Attributes":{"agent":"$.Agent.UserName"}`, "1", "NoMatchingError>1"), ends()).As("AGENT_WHISPER"),
		"after": after(t),
	})
	if queueFlow == nil {
		queueFlow = document(t, ends())
	}
	o.flows["q"] = queueFlow.As("CUSTOMER_QUEUE")
	return o
}

// TestWhenTheDisconnectFlowRuns: when the last agent has left, for any reason,
// and the customer has not; but not when the customer left, the API stopped the
// chat, it expired or a flow disconnected.
func TestWhenTheDisconnectFlowRuns(t *testing.T) {
	timers := SetTimers{[]RoleTimer{{center.RoleAgent, TimerIdle, 5 * time.Minute}, {center.RoleAgent, TimerDisconnect, 3 * time.Minute}}}
	for name, c := range map[string]struct {
		leave  func(p *chatTest, ana, bea center.ParticipantID)
		runs   bool
		reason string // of the first contact
	}{
		"the agent leaves":       {func(p *chatTest, _, bea center.ParticipantID) { p.do(Disconnect{Participant: bea}) }, true, center.ReasonAgent},
		"the agent is silent":    {func(p *chatTest, _, _ center.ParticipantID) { p.pass(8 * time.Minute) }, true, center.ReasonIdle},
		"the customer leaves":    {func(p *chatTest, ana, _ center.ParticipantID) { p.do(Disconnect{Participant: ana}) }, false, center.ReasonCustomer},
		"the API stops the chat": {func(p *chatTest, _, _ center.ParticipantID) { p.do(Stop{}) }, false, center.ReasonAPI},
	} {
		p := newChatTest(t, nil)
		p.env.Catalog = served(t, nil)
		ana := p.start(Start{})
		p.do(timers)
		p.do(Connect{Participant: ana})
		p.pass(time.Hour) // while nobody but the customer is there the timers do not run
		bea := p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea"}).Participant
		c.leave(p, ana, bea)
		said := slices.Contains(p.script(), "SYSTEM: bea has left")
		if said != c.runs || p.chat.Ended == c.runs || p.contacts()[0].DisconnectReason != c.reason {
			t.Errorf("%s: the disconnect flow ran %t, ended %t, reason %s: %v", name, said, p.chat.Ended, p.contacts()[0].DisconnectReason, p.script())
		}
		if !c.runs {
			continue
		}
		if first, second := p.contacts()[0], p.chat.Current(); second.ID == first.ID || second.Chat != first.ID || second.InitiationMethod != center.MethodDisconnect {
			t.Errorf("%s: contacts %+v and %+v", name, first, second)
		}
		p.pass(time.Hour)
		if !p.chat.Ended || p.chat.Current().DisconnectReason != center.ReasonFlow || len(p.contacts()) != 2 {
			t.Errorf("%s: after the disconnect flow: ended %t, %d contacts", name, p.chat.Ended, len(p.contacts()))
		}
	}

	// A flow that disconnects leaves nobody for whom the disconnect flow could run.
	p, _ := startConnected(t, served(t, document(t, says("Nobody is there", "1"), disconnect)), Start{})
	p.wantScript("CUSTOMER joined", "SYSTEM: Nobody is there", "CUSTOMER left", "ended")
	if len(p.contacts()) != 1 {
		t.Errorf("%d contacts; want one", len(p.contacts()))
	}
}

// TestHooksWhoseFlowsWereDeleted: a hook whose flow was deleted after it had been
// set is skipped; the log says so.
func TestHooksWhoseFlowsWereDeleted(t *testing.T) {
	o := served(t, nil)
	o.flows["main"] = numbered(t, hooks("AgentWhisper", "aw", "1"), hooks("CustomerRemaining", "after", "2"), hooks("CustomerQueue", "q", "3"),
		waits(60, "4"), step("UpdateContactTargetQueue", `"QueueId":"sales"`, "5", "NoMatchingError>9"), step("TransferContactToQueue", "", "9", "NoMatchingError>9"))
	p, _ := startConnected(t, o, Start{})
	delete(o.flows, "aw")
	delete(o.flows, "after")
	delete(o.flows, "q")
	gone := func(id center.FlowID) {
		t.Helper()
		if !slices.ContainsFunc(p.last.Log, func(e machine.LogEntry) bool { return e.Flow == id && e.Problem != "" && e.Always }) {
			t.Errorf("the log does not say that %s is gone: %+v", id, p.last.Log)
		}
	}
	p.pass(time.Minute)
	gone("q")
	bea := p.do(Join{User: "u1", DisplayName: "Bea"}).Participant
	gone("aw")
	p.do(Disconnect{Participant: bea})
	gone("after")
	p.wantScript("CUSTOMER joined", "AGENT joined", "AGENT left", "CUSTOMER left", "ended")
	if k := p.chat.Current(); len(p.contacts()) != 1 || k.DisconnectReason != center.ReasonAgent {
		t.Errorf("%d contacts, the last ended with %s; want one that the agent ended", len(p.contacts()), k.DisconnectReason)
	}
}

// TestJoiningAgentStopsTheQueueFlow wherever it is: later events do not reach it.
func TestJoiningAgentStopsTheQueueFlow(t *testing.T) {
	call := document(t, step("InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, "1", "NoMatchingError>1"), says("Called", "2"), ends())
	p, ana := startConnected(t, served(t, call), Start{})
	effect := p.chat.Effects[0].ID
	p.do(typed(ana, "Hello?"))
	p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea"})
	p.do(EffectDone{ID: effect, Answer: json.RawMessage(`{}`)})
	p.pass(time.Minute)
	p.wantScript("CUSTOMER joined", "CUSTOMER: Hello?", "AGENT joined")
	if p.chat.Run != nil || len(p.chat.Effects) != 0 {
		t.Errorf("left: %+v, %v", p.chat.Run, p.chat.Effects)
	}

	wait := document(t, waits(60, "1"), says("Waited", "2"), ends())
	p, _ = startConnected(t, served(t, wait), Start{})
	p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea"})
	p.pass(time.Hour)
	p.wantScript("CUSTOMER joined", "AGENT joined")
}

// TestCustomerLeavesDuringTheAgentWhisper: the contact ends, and leaves its queue.
func TestCustomerLeavesDuringTheAgentWhisper(t *testing.T) {
	o := served(t, nil)
	o.flows["aw"] = document(t, waits(60, "1"), ends()).As("AGENT_WHISPER")
	p, ana := startConnected(t, o, Start{})
	p.do(Join{User: "u1", DisplayName: "Bea"})
	p.do(Disconnect{Participant: ana})
	if got := moves(p.last); got != "-sales" || !p.chat.Ended || p.chat.Joining != "" || p.chat.Whisper != nil || len(p.contacts()) != 1 {
		t.Errorf("queues moved %q, ended %t, joining %q, %d contacts", got, p.chat.Ended, p.chat.Joining, len(p.contacts()))
	}
}

// TestBotsOfOneChain: the bot's session is that of the contact; the next
// contact of the chain begins anew, in the language that was set.
func TestBotsOfOneChain(t *testing.T) {
	o := served(t, nil)
	o.flows["after"] = document(t,
		step("UpdateContactData", `"LanguageCode":"de-DE"`, "1", "NoMatchingError>1"),
		step("ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":"a"}`, "2", "NoMatchingCondition>2", "NoMatchingError>2"), disconnect).As("CONTACT_FLOW")
	p, ana := startConnected(t, o, Start{})
	bea := p.do(Join{User: "u1", DisplayName: "Bea"}).Participant
	p.do(Disconnect{Participant: bea})
	p.do(typed(ana, "Hallo"))
	if a := p.ask(); a.Session != string(p.contacts()[1].ID) || a.Session == string(p.chat.ID) || a.Locale != "de_DE" {
		t.Errorf("the bot is asked %+v", a)
	}
	p.pass(10 * time.Minute) // it does not answer
	if !p.chat.Ended {
		t.Error("the chat goes on without a bot")
	}
}

// TestIdleCustomerReturnsToTheDisconnectFlow: the agent is removed because the
// customer is idle, or leaves; the disconnect flow that waits for the customer to
// return is notified when the customer reconnects or sends a message.
func TestIdleCustomerReturnsToTheDisconnectFlow(t *testing.T) {
	timers := SetTimers{[]RoleTimer{{center.RoleCustomer, TimerIdle, 5 * time.Minute}, {center.RoleCustomer, TimerDisconnect, 3 * time.Minute}}}
	for name, goes := range map[string]func(p *chatTest, bea center.ParticipantID){
		"by itself": func(p *chatTest, _ center.ParticipantID) { p.pass(3 * time.Minute) },
		"the agent": func(p *chatTest, bea center.ParticipantID) { p.do(Disconnect{Participant: bea}) },
	} {
		p := newChatTest(t, nil)
		p.env.Catalog = served(t, nil)
		ana := p.start(Start{})
		p.do(timers)
		p.do(Connect{Participant: ana})
		bea := p.do(Join{User: "u1", DisplayName: "Bea", UserName: "bea"}).Participant
		p.pass(5 * time.Minute)
		goes(p, bea)
		p.pass(10 * time.Minute)
		told := len(p.pushes)
		p.do(Connect{Participant: ana})
		want := []string{"CUSTOMER returned", "CUSTOMER left", "ended"} // the flow ends when he has returned
		if got := p.pushedSince(told); !slices.Equal(got, want) {
			t.Errorf("%s: told %q; want %q", name, got, want)
		}
	}
}

// TestCustomerReconnects: an idle customer returns by reconnecting, which ends a
// Wait like a message does; for one who was not idle nothing happens.
func TestCustomerReconnects(t *testing.T) {
	p := newChatTest(t, flows{"main": document(t, sayHello, waitHour, disconnect, returned, botGone, disconnect)})
	ana := p.start(Start{})
	p.do(SetTimers{[]RoleTimer{{center.RoleCustomer, TimerIdle, 10 * time.Minute}}})
	bot := p.do(AddParticipant{DisplayName: "Robo"}).Participant
	p.do(Connect{Participant: bot})
	p.do(Connect{Participant: ana})
	p.pass(9 * time.Minute)
	p.do(Connect{Participant: ana})
	if p.last.Chat != nil {
		t.Error("a customer who was not idle has returned")
	}
	p.pass(time.Minute)
	told := len(p.pushes)
	p.do(Connect{Participant: bot}) // the customer is idle, not the bot
	p.do(Connect{Participant: ana})
	p.do(Connect{Participant: ana}) // a second socket
	p.pass(9*time.Minute + 59*time.Second)
	p.pass(time.Second)
	want := []string{"CUSTOMER returned", "SYSTEM: You are back", "CUSTOMER idle"}
	if got := p.pushedSince(told); !slices.Equal(got, want) {
		t.Errorf("told %q; want %q", got, want)
	}
}

// A chat with many agents in turn keeps of its ended contacts only what the chain
// needs; their records are in the store.
func TestStateStaysSmallOverManyContacts(t *testing.T) {
	o := catalogWithQueues(flows{
		"main": numbered(t, append([]string{hooks("CustomerRemaining", "after", "1"), step("UpdateContactTargetQueue", `"QueueId":"sales"`, "2", "NoMatchingError>9")},
			step("TransferContactToQueue", "", "9", "NoMatchingError>9"))...),
		"after": document(t,
			step("TransferContactToQueue", "", "2", "QueueAtCapacity>2", "NoMatchingError>2"),
			says("no queue", "2"),
			disconnect).As("CONTACT_FLOW"),
	})
	long := strings.Repeat("x", 4096)
	p, _ := startConnected(t, o, Start{Inherited: Inherited{References: map[string]center.Reference{"order": {Type: "STRING", Value: long}}}})
	for i := range 100 {
		p.do(Tag{Contact: p.chat.Current().ID, Set: map[string]string{"round": fmt.Sprint(i)}})
		agent := p.do(Join{User: center.UserID(fmt.Sprint("u", i)), DisplayName: "Bea", UserName: "bea"}).Participant
		p.do(Disconnect{Participant: agent})
	}
	if n := len(p.chat.Chain()); n != 101 || p.chat.Queue == nil || p.chat.Ended {
		t.Fatalf("%d contacts, waits %t, ended %t: %v", n, p.chat.Queue != nil, p.chat.Ended, p.script())
	}
	if size := len(p.chat.Encode()) - len(long); size > 48_000 {
		t.Errorf("the state has %d bytes beside its attributes; want at most 48,000, of which after-contact work of many agents is a third", size)
	} else {
		t.Logf("%d bytes after 101 contacts", size)
	}
	// The records of ended contacts are complete and can still be changed.
	old := p.contacts()[50]
	if old.Tags["round"] != "50" || old.Agent != "u50" || old.Next != p.contacts()[51].ID || old.References["order"].Value != long {
		t.Errorf("the record of an ended contact is %+v", old)
	}
	p.do(Tag{Contact: old.ID, Set: map[string]string{"checked": "yes"}})
	if now := p.contacts()[50]; now.Tags["checked"] != "yes" || now.Tags["round"] != "50" || now.Agent != "u50" {
		t.Errorf("the record of an ended contact is %+v after a change", now)
	}
	p.records = nil
	if _, err := p.try(Tag{Contact: old.ID, Set: map[string]string{"checked": "no"}}); !errors.As(err, new(*Need)) {
		t.Errorf("a change of a record that is not known = %v; want a Need", err)
	}
}

// States of earlier releases held the records of the whole chain.
func TestStatesOfEarlierReleases(t *testing.T) {
	c, err := DecodeChat([]byte(`{"id":"a","instance":"i","participants":[{"id":"p","role":"CUSTOMER","name":"Ana"}],"contacts":[
		{"id":"a","chat":"a","method":"API","related":"z"},{"id":"b","chat":"a","method":"QUEUE_TRANSFER","queue":"q"},{"id":"c","chat":"a","method":"DISCONNECT","name":"Ana"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Segment{{ID: "a", Method: "API", Related: "z"}, {ID: "b", Method: "QUEUE_TRANSFER", Queue: "q"}, {ID: "c", Method: "DISCONNECT"}}
	if !slices.Equal(c.Chain(), want) || c.Current().Name != "Ana" || c.Related() != "z" || !c.Has("b") || c.Has("d") || c.transfers() != 1 {
		t.Errorf("the chain is %+v, the current contact %+v", c.Chain(), c.Current())
	}
	again, err := DecodeChat(c.Encode())
	if err != nil || !slices.Equal(again.Chain(), want) {
		t.Errorf("encoded and decoded: %+v, %v", again, err)
	}
	if _, err := DecodeChat([]byte(`{"id":"a","participants":[{"id":"p"}]}`)); err == nil {
		t.Error("a state without a contact was taken")
	}
}

// The effects of an older state, which does not say who runs them, wait for
// somebody who takes them over, also when the state is written meanwhile.
func TestEffectsOfOlderStates(t *testing.T) {
	c, err := DecodeChat([]byte(`{"id":"a","instance":"i","participants":[{"id":"p","role":"CUSTOMER","name":"Ana"}],"contact":{"ID":"a"},
		"effects":[{"id":"e","kind":"invoke"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	env := newChatTest(t, nil).env
	env.Node = "node"
	change, err := Decide(c, &transcript.Tail{}, Tick{}, &env)
	if err != nil || len(change.Chat.Workers()) != 1 || change.Chat.Workers()[0] == "" {
		t.Fatalf("after a timer the workers are %q, %v; want one with a name", change.Chat.Workers(), err)
	}
	change, err = Decide(change.Chat, &transcript.Tail{}, TakeOver{Alive: []string{"node"}}, &env)
	if err != nil || len(change.Effects) != 1 || change.Effects[0].Worker != "node" {
		t.Errorf("taking over begins %+v, %v; want the effect", change.Effects, err)
	}
}
