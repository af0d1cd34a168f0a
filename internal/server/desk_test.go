package server_test

import (
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server/servertest"
)

// waiting starts a chat that waits in the demo queue, and connects its customer.
func waiting(t testing.TB, s *servertest.Server) *servertest.Chat {
	t.Helper()
	return s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Queue", queue) })
}

// empty reports whether an agent has nothing in hand.
func empty(a *agent.AgentSnapshot) bool { return len(a.Contacts) == 0 }

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
	stream.Snapshot(func(a *agent.AgentSnapshot) bool { return a.Status.Name == "Available" })
	customer := waiting(t, s)
	ringing := stream.Contact(agent.AgentContactStateCONNECTING)
	if ringing.ContactId != customer.Contact || ringing.Deadline == nil || ringing.Queue == nil || *ringing.Queue.Name != "BasicQueue" {
		t.Errorf("what rings is %+v; want contact %s of BasicQueue, until a deadline", ringing, customer.Contact)
	}
	me := d.Accept(ringing.ContactId)
	connected := stream.Contact(agent.AgentContactStateCONNECTED)
	if connected.ParticipantId != me.Participant {
		t.Errorf("the agent's participant is %s in the snapshot, and %s of the token", connected.ParticipantId, me.Participant)
	}
	socket := customer.Socket()
	customer.Send("hello")
	stream.Hear("hello")
	me.Send("good day")
	stream.Hear("good day")
	socket.Until("good day")
	d.Leave(ringing.ContactId)
	stream.Contact(agent.AgentContactStateENDED)
	d.Clear(ringing.ContactId)
	last := stream.Snapshot(empty)
	if last.Version <= first.Version {
		t.Errorf("the last snapshot has the version %d, the first %d", last.Version, first.Version)
	}
	d.Clear(ringing.ContactId)
}
