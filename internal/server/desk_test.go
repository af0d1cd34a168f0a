package server_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server/servertest"
)

// waiting starts a chat that waits in the demo queue, and connects its customer.
func waiting(t testing.TB, s *servertest.Server) *servertest.Chat {
	t.Helper()
	return s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Queue", queue) })
}

// empty reports whether an agent has nothing in hand.
func empty(a *agent.AgentSnapshot) bool { return len(a.Contacts) == 0 }

// has returns whether the agent has a status, and a next one, "" for none.
func has(status, next string) func(*agent.AgentSnapshot) bool {
	return func(a *agent.AgentSnapshot) bool {
		return a.Status.Name == status && (a.NextStatus == nil) == (next == "") && (next == "" || a.NextStatus.Name == next)
	}
}

// advance moves the server's clock, and returns when everything that is due by then has happened.
func advance(t testing.TB, s *servertest.Server, by string) {
	t.Helper()
	if r := call(t, s, "POST", "/dev/clock", `{"Advance":"`+by+`"}`); r.status != 200 {
		t.Fatalf("the clock is not moved: %d %s", r.status, r.body)
	}
}

// atWork signs the demo agent in, opens a stream and makes him available.
func atWork(t testing.TB, s *servertest.Server) (*servertest.Desk, *servertest.Stream) {
	t.Helper()
	d := s.Desk(t)
	stream := d.Stream()
	stream.Snapshot(empty)
	d.Choose("Available")
	stream.Snapshot(has("Available", ""))
	return d, stream
}

// inOrder fails the test unless the items of each chat came once each, in order, those of the transcript
// without gaps from the first one on.
func inOrder(t testing.TB, items []servertest.Heard) {
	t.Helper()
	last := map[string]int64{}
	for _, it := range items {
		if it.Sequence == 0 {
			continue
		}
		if before, known := last[it.Chat]; known && it.Sequence != before+1 {
			t.Fatalf("item %d of chat %s came after %d", it.Sequence, it.Chat, before)
		}
		last[it.Chat] = it.Sequence
	}
}

// TestDay is a chat at a desk, from the offer to the clearing.
func TestDay(t *testing.T) {
	s := servertest.Start(t)
	d := s.Desk(t)
	stream := d.Stream()
	first := stream.Snapshot(empty)
	if first.Status.Type != agent.AgentStatusTypeOFFLINE {
		t.Errorf("who has just signed in has the status %+v; want Offline", first.Status)
	}
	d.Choose("Available")
	stream.Snapshot(has("Available", ""))
	customer := waiting(t, s)
	ringing := stream.Contact(agent.AgentContactStateCONNECTING)
	if ringing.ContactId != customer.Contact || ringing.Deadline == nil || ringing.Queue == nil || *ringing.Queue.Name != "BasicQueue" || ringing.Enqueued == nil {
		t.Errorf("what rings is %+v; want contact %s of BasicQueue, until a deadline", ringing, customer.Contact)
	}
	early, err := s.Agent.CreateChatToken(t.Context(), &agent.CreateChatTokenRequest{SessionToken: d.Token, ContactId: customer.Contact})
	if err != nil {
		t.Fatalf("a chat token while it rings: %v", err)
	}
	take := &participant.CreateParticipantConnectionRequest{ParticipantToken: early.ParticipantToken, Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}}
	_, err = s.Participant.CreateParticipantConnection(t.Context(), take)
	servertest.Refused(t, "its use before the contact is accepted", err, "AccessDeniedException", 403)
	me := d.Accept(ringing.ContactId)
	if _, err := s.Participant.CreateParticipantConnection(t.Context(), take); err != nil {
		t.Errorf("the token that was given while it rang: %v", err)
	}
	connected := stream.Contact(agent.AgentContactStateCONNECTED)
	if connected.ParticipantId != me.Participant || connected.Accepted == nil || connected.Deadline != nil {
		t.Errorf("the accepted contact is %+v; want it to be connected as participant %s", connected, me.Participant)
	}
	socket := customer.Socket()
	customer.Send("hello")
	stream.Hear("hello")
	const typing = "application/vnd.amazonaws.connect.event.typing"
	if _, err := s.Participant.SendEvent(t.Context(), &participant.SendEventRequest{ConnectionToken: customer.Bearer, ContentType: typing}); err != nil {
		t.Fatal(err)
	}
	for last := stream.Items[len(stream.Items)-1]; *last.ContentType != typing; last = stream.Items[len(stream.Items)-1] {
		stream.Frame()
	}
	if it := stream.Items[len(stream.Items)-1]; it.Sequence != 0 {
		t.Errorf("what is not in the transcript is item %d", it.Sequence)
	}
	me.Send("good day")
	stream.Hear("good day")
	socket.Until("good day")
	inOrder(t, stream.Items)
	if it := stream.Items[0]; *it.ContentType != "application/vnd.amazonaws.connect.event.participant.joined" || *it.ParticipantId != me.Participant {
		t.Errorf("the first item is %+v; want the agent's joining", it)
	}
	if got := d.Agent().Snapshot; len(got.Contacts) != 1 || got.Contacts[0].LastSequence < stream.Items[len(stream.Items)-1].Sequence {
		t.Errorf("GetAgent returns %+v; want the contact, with all items", got)
	}
	_, err = s.Agent.ClearContact(t.Context(), &agent.ClearContactRequest{SessionToken: d.Token, ContactId: customer.Contact})
	servertest.Refused(t, "clearing a contact that is connected", err, "InvalidStateException", 409)
	d.Leave(ringing.ContactId)
	ended := stream.Contact(agent.AgentContactStateENDED)
	if !ended.ChatEnded {
		t.Errorf("the contact that was left is %+v; want its chat to have ended", ended)
	}
	d.Leave(ringing.ContactId)
	d.Clear(ringing.ContactId)
	last := stream.Snapshot(empty)
	if last.Version <= first.Version {
		t.Errorf("the last snapshot has the version %d, the first %d", last.Version, first.Version)
	}
	d.Clear(ringing.ContactId)
	d.Clear("no such contact")
}

// TestMissAndReject lets a contact ring until its deadline, and rejects it: nothing else is offered before it is cleared.
func TestMissAndReject(t *testing.T) {
	s := servertest.Start(t)
	s.Clock().Freeze(true)
	d, stream := atWork(t, s)
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	advance(t, s, "21s")
	if missed := stream.Contact(agent.AgentContactStateMISSED); missed.ContactId != customer.Contact || missed.Accepted != nil {
		t.Errorf("missed is %+v", missed)
	}
	_, err := s.Agent.AcceptContact(t.Context(), &agent.AcceptContactRequest{SessionToken: d.Token, ContactId: customer.Contact})
	servertest.Refused(t, "accepting what was missed", err, "InvalidStateException", 409)
	d.Clear(customer.Contact)
	stream.Contact(agent.AgentContactStateCONNECTING)
	if _, err := s.Agent.RejectContact(t.Context(), &agent.RejectContactRequest{SessionToken: d.Token, ContactId: customer.Contact}); err != nil {
		t.Fatalf("RejectContact: %v", err)
	}
	stream.Contact(agent.AgentContactStateREJECTED)
	advance(t, s, "1m")
	if held := d.Agent().Snapshot.Contacts; len(held) != 1 || held[0].State != agent.AgentContactStateREJECTED {
		t.Errorf("a minute after the rejection he has %+v in hand; want the rejected contact", held)
	}
	d.Clear(customer.Contact)
	stream.Contact(agent.AgentContactStateCONNECTING)
	customer.Stop()
	stream.Contact(agent.AgentContactStateREJECTED)
}

// TestAutoAccept has a chat connected without ringing, and its after-contact work end by itself.
func TestAutoAccept(t *testing.T) {
	s := servertest.Start(t)
	s.Clock().Freeze(true)
	if _, err := s.Connect.UpdateUserConfig(t.Context(), &connect.UpdateUserConfigRequest{
		InstanceId: s.Instance(t), UserId: catalog.DemoAgent, AutoAcceptConfigs: []connect.AutoAcceptConfig{{Channel: connect.ChannelCHAT, AutoAccept: true}},
		AfterContactWorkConfigs: []connect.AfterContactWorkConfigPerChannel{{Channel: connect.ChannelCHAT, AfterContactWorkConfig: &connect.AfterContactWorkConfig{AfterContactWorkTimeLimit: new(int32(30))}}},
	}); err != nil {
		t.Fatal(err)
	}
	d, stream := atWork(t, s)
	if !d.Agent().Configuration.AutoAccept {
		t.Error("the configuration does not say that chats are accepted at once")
	}
	customer := waiting(t, s)
	c := stream.Snapshot(func(a *agent.AgentSnapshot) bool { return !empty(a) }).Contacts[0]
	if c.State != agent.AgentContactStateCONNECTED || !c.AutoAccept || c.ContactId != customer.Contact {
		t.Errorf("the contact is %+v; want it to be connected at once", c)
	}
	customer.Send("hello")
	stream.Hear("hello")
	inOrder(t, stream.Items)
	d.Leave(customer.Contact)
	if ended := stream.Contact(agent.AgentContactStateENDED); ended.Deadline == nil || ended.Deadline.Sub(ended.Since) != 30*time.Second {
		t.Errorf("the contact that was left is %+v; want a deadline after 30 s", ended)
	}
	advance(t, s, "31s")
	stream.Snapshot(empty)
	d.Clear(customer.Contact)
}

// TestNextStatus chooses a status with a contact in hand.
func TestNextStatus(t *testing.T) {
	s := servertest.Start(t)
	d, stream := atWork(t, s)
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(customer.Contact)
	if out := d.Choose("Offline"); out.Status.Name != "Available" || out.NextStatus == nil || out.NextStatus.Name != "Offline" {
		t.Errorf("with a contact in hand: %+v; want Offline to be next", out)
	}
	stream.Snapshot(has("Available", "Offline"))
	if out := d.Choose("Available"); out.NextStatus != nil {
		t.Errorf("chosen again: %+v; want no next status", out)
	}
	stream.Snapshot(has("Available", ""))
	d.Choose("Offline")
	d.Leave(customer.Contact)
	d.Clear(customer.Contact)
	stream.Snapshot(func(a *agent.AgentSnapshot) bool { return empty(a) && has("Offline", "")(a) })
	_, err := s.Agent.PutAgentStatus(t.Context(), &agent.PutAgentStatusRequest{SessionToken: d.Token, AgentStatusId: "lunch"})
	servertest.Refused(t, "a status that there is not", err, "ResourceNotFoundException", 404)
	stream.Close()
	eventually(t, "the stream has gone", func() bool { return s.Desk(t) != nil && metric(t, s, "parley_agent_streams") == 0 })
	status := d.Agent().Configuration.Statuses
	available := status[slices.IndexFunc(status, func(a agent.AgentStatusSummary) bool { return a.Type == agent.AgentStatusTypeROUTABLE })]
	eventually(t, "who has no stream cannot be available", func() bool {
		_, err = s.Agent.PutAgentStatus(t.Context(), &agent.PutAgentStatusRequest{SessionToken: d.Token, AgentStatusId: available.Arn})
		return err != nil
	})
	servertest.Refused(t, "being available without a stream", err, "InvalidStateException", 409)
}

// TestTwoStreams has one user at two computers: both see everything, and hear what one tells the other.
func TestTwoStreams(t *testing.T) {
	s := servertest.Start(t)
	d, one := atWork(t, s)
	other := s.Desk(t)
	two := other.Stream()
	two.Snapshot(has("Available", ""))
	customer := waiting(t, s)
	for _, stream := range []*servertest.Stream{one, two} {
		stream.Contact(agent.AgentContactStateCONNECTING)
	}
	d.Accept(customer.Contact)
	if _, err := s.Agent.AcceptContact(t.Context(), &agent.AcceptContactRequest{SessionToken: other.Token, ContactId: customer.Contact}); err != nil {
		t.Errorf("accepted at the other computer as well: %v", err)
	}
	customer.Send("hello")
	if _, err := s.Agent.Broadcast(t.Context(), &agent.BroadcastRequest{SessionToken: d.Token, Content: "note"}); err != nil {
		t.Errorf("Broadcast: %v", err)
	}
	for _, stream := range []*servertest.Stream{one, two} {
		stream.Hear("hello")
		for len(stream.Said) == 0 {
			stream.Frame()
		}
		if stream.Said[0] != "note" {
			t.Errorf("the broadcast is %q", stream.Said)
		}
		inOrder(t, stream.Items)
	}
	if one.Items[0].Sequence != two.Items[0].Sequence {
		t.Errorf("one began with item %d, the other with %d", one.Items[0].Sequence, two.Items[0].Sequence)
	}
	two.Write(`{"Type":"HEARTBEAT"}`)
	for two.Frame().Type != agent.FrameHeartbeat {
	}
}

// TestReload closes the one stream of an agent in the middle of a chat and opens another within the grace time: nothing has changed.
func TestReload(t *testing.T) {
	s := servertest.Start(t)
	s.Clock().Freeze(true)
	d, stream := atWork(t, s)
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(customer.Contact)
	customer.Send("one")
	seen := stream.Hear("one")
	stream.Close()
	eventually(t, "the stream has gone", func() bool { return metric(t, s, "parley_agent_streams") == 0 })
	customer.Send("two")
	advance(t, s, "30s")
	stream = d.Stream(agent.Seen{InitialContactId: seen.Chat, Sequence: seen.Sequence})
	now := stream.Contact(agent.AgentContactStateCONNECTED)
	if now.ContactId != customer.Contact || !has("Available", "")(d.Agent().Snapshot) {
		t.Errorf("after the reload: %+v, %+v; want an available agent in the chat", now, d.Agent().Snapshot)
	}
	if it := stream.Hear("two"); it.Sequence != seen.Sequence+1 {
		t.Errorf("the missed item is %d; want %d", it.Sequence, seen.Sequence+1)
	}
	stream.Close()
	eventually(t, "the stream has gone", func() bool { return metric(t, s, "parley_agent_streams") == 0 })
	customer.Send("three")
	advance(t, s, "4m")
	if a := d.Agent().Snapshot; !empty(a) || a.Status.Name != "Offline" {
		t.Errorf("who did not come back is %+v; want Offline without contacts", a)
	}
}

// TestResume cuts a stream again and again while the customer writes: all that was written comes, in order, once.
func TestResume(t *testing.T) {
	const texts = 100
	s := servertest.Start(t)
	d, stream := atWork(t, s)
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(customer.Contact)
	customer.Send("begin")
	begin := stream.Hear("begin")
	written := make(chan error, 1)
	go func() {
		for n := range texts {
			if _, err := customer.TrySend(t.Context(), strconv.Itoa(n)); err != nil {
				written <- fmt.Errorf("text %d: %w", n, err)
				return
			}
		}
		written <- nil
	}()
	all := []servertest.Heard{begin}
	for cut := 0; all[len(all)-1].Content == nil || *all[len(all)-1].Content != strconv.Itoa(texts-1); cut++ {
		stream.Close()
		last := all[len(all)-1]
		stream = d.Stream(agent.Seen{InitialContactId: last.Chat, Sequence: last.Sequence})
		for want := len(all) + 10; len(all)+len(stream.Items) < want; {
			stream.Frame()
			if n := len(stream.Items); n > 0 && stream.Items[n-1].Content != nil && *stream.Items[n-1].Content == strconv.Itoa(texts-1) {
				break
			}
		}
		all = append(all, stream.Items...)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	inOrder(t, all)
	var heard []string
	for _, it := range all[1:] {
		if it.Type == participant.ChatItemTypeMESSAGE {
			heard = append(heard, *it.Content)
		}
	}
	if len(heard) != texts || heard[0] != "0" {
		t.Errorf("%d texts came, %q; want %d", len(heard), heard, texts)
	}
	stream.Close()
	whole := d.Stream(agent.Seen{InitialContactId: begin.Chat})
	whole.Hear(strconv.Itoa(texts - 1))
	inOrder(t, whole.Items)
	if whole.Items[0].Sequence != 1 {
		t.Errorf("who has seen nothing hears item %d first; want the first", whole.Items[0].Sequence)
	}
}

// TestLongGap reads a gap of more than a stream may have waiting.
func TestLongGap(t *testing.T) {
	const texts = 300
	s := servertest.Start(t)
	d, stream := atWork(t, s)
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(customer.Contact)
	stream.Close()
	long := strings.Repeat("x", 16<<10-3)
	for n := range texts {
		customer.Send(fmt.Sprintf("%03d%s", n, long))
	}
	stream = d.Stream(agent.Seen{InitialContactId: customer.Contact})
	stream.Hear(fmt.Sprintf("%03d%s", texts-1, long))
	inOrder(t, stream.Items)
	if first := stream.Items[0]; first.Sequence != 1 || len(stream.Items) < texts {
		t.Errorf("%d items came, from %d on; want all", len(stream.Items), first.Sequence)
	}
}

// TestEndWhileAway ends the chat while the agent's stream is cut: he hears the end, and nothing of what comes after
// he has left.
func TestEndWhileAway(t *testing.T) {
	s := servertest.Start(t)
	d, stream := atWork(t, s)
	customer := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Queue, then on", remaining) })
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(customer.Contact)
	customer.Send("one")
	seen := stream.Hear("one")
	stream.Close()
	d.Leave(customer.Contact)
	socket := customer.Socket()
	customer.Send("secret")
	socket.Until("secret")
	for _, from := range []int64{seen.Sequence, seen.Sequence + 1, seen.Sequence + 2, 1 << 40} {
		stream = d.Stream(agent.Seen{InitialContactId: seen.Chat, Sequence: from})
		stream.Contact(agent.AgentContactStateENDED)
		for from == seen.Sequence && len(stream.Items) == 0 { // his leaving
			stream.Frame()
		}
		customer.Send("more of it")
		d.Choose("Available") // the stream goes on
		if _, err := s.Agent.Broadcast(t.Context(), &agent.BroadcastRequest{SessionToken: d.Token, Content: "done"}); err != nil {
			t.Fatal(err)
		}
		for len(stream.Said) == 0 {
			stream.Frame()
		}
		for _, it := range stream.Items {
			if it.Content != nil && *it.Content != "one" || it.Sequence > seen.Sequence+1 {
				t.Errorf("from %d on he hears %d %s; want his leaving at most", from, it.Sequence, *it.ContentType)
			}
		}
		stream.Close()
	}
}

// remaining is a flow that puts the contact into the demo queue; when the agent has left, another flow talks on.
const remaining = `{"Version":"2019-10-30","StartAction":"hook","Actions":[
 {"Identifier":"hook","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"` + catalog.DemoWaiting + `"}},"Transitions":{"NextAction":"set","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"set","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"33333333-3333-4333-8333-333333333333"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"QueueAtCapacity"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// TestKilledWhileItRings kills the server while a contact rings: on the same data it still rings, and the session is good.
func TestKilledWhileItRings(t *testing.T) {
	dir, listen := t.TempDir(), freeAddress(t)
	child := startChild(t, dir, listen)
	s := servertest.Elsewhere(t, listen)
	d, stream := atWork(t, s)
	began := time.Now() // before it rings: the news of that may come late
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	if err := child.Process.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	_ = child.Wait() // it was killed: that is its error
	startChild(t, dir, listen)
	stream = d.Stream()
	c := stream.Snapshot(func(a *agent.AgentSnapshot) bool { return len(a.Contacts) == 1 }).Contacts[0]
	switch c.State {
	case agent.AgentContactStateCONNECTING:
		d.Accept(customer.Contact).Send("good day")
		stream.Hear("good day")
	case agent.AgentContactStateMISSED:
		if time.Since(began) < 20*time.Second {
			t.Errorf("the contact was missed after %s; want it to ring for 20 s", time.Since(began))
		}
	default:
		t.Errorf("the contact is %+v; want it to ring, or to be missed", c)
	}
}
