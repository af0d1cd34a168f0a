package server_test

import (
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/server/servertest"
)

// TestAgentsJoin brings an agent to a chat that waits in a queue, and to no other.
func TestAgentsJoin(t *testing.T) {
	s := servertest.Start(t)
	agent := contact.Join{User: "user-1", DisplayName: "Bo", UserName: "bo"}
	join := func(c *servertest.Chat) (string, error) {
		return s.Agents().Join(t.Context(), center.ContactID(c.Contact), agent)
	}
	elsewhere := s.Chat(t)
	if _, err := join(elsewhere); center.ReasonOf(err) != center.Conflict {
		t.Errorf("a chat that does not wait: %v; want a Conflict", err)
	}
	if _, err := s.Connect.StopContact(t.Context(), &connect.StopContactRequest{InstanceId: s.Instance(t), ContactId: elsewhere.Contact}); err != nil {
		t.Fatal(err)
	}
	if _, err := join(elsewhere); center.ReasonOf(err) != center.Gone {
		t.Errorf("a chat that has ended: %v; want Gone", err)
	}
	waiting := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Queue", queue) })
	for range 2 { // asked again, it gives another token
		token, err := join(waiting)
		if err != nil {
			t.Fatalf("a chat that waits: %v", err)
		}
		if _, err := s.Participant.CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{
			ParticipantToken: token, Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}}); err != nil {
			t.Errorf("the token of the agent: %v", err)
		}
	}
}

// queue is a flow that puts the contact into the demo queue.
const queue = `{"Version":"2019-10-30","StartAction":"set","Actions":[
 {"Identifier":"set","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"33333333-3333-4333-8333-333333333333"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"QueueAtCapacity"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
