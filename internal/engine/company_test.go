package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// passOn is the flow of a quick connect to a queue.
const passOn = `
 {"Identifier":"a","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`

// talk starts a chat that an agent has accepted.
func (s staffTest) talk(user center.UserID) center.ContactID {
	s.Helper()
	id := s.wait()
	o := ring(user)
	o.Slots = 0
	do(s.T, s.Engine, id, o)
	do(s.T, s.Engine, id, contact.Accept{User: user})
	return id
}

// A fifth more contacts than a queue takes may be transferred to it. The agent keeps one that is too many.
func TestTransfersToAFullQueue(t *testing.T) {
	s := staffTest{t, open(t, enginetest.Memory(t), withQueues(t, 5, map[string]string{"main": toQueue, "pass": passOn}))}
	defer s.Close()
	s.arrive("bo")
	first, second := s.talk("bo"), s.talk("bo")
	for range 5 {
		s.wait()
	}
	to := contact.Transfer{User: "bo", To: contact.Target{Name: "sales again", Queue: "sales", Flow: "pass"}}
	for _, id := range []center.ContactID{first, second} {
		do(t, s.Engine, id, to)
	}
	if n := queued(t, s.Engine); n != 6 {
		t.Errorf("%d contacts wait; want six", n)
	}
	if held := s.hands("bo"); held[first] != "ENDED" || held[second] != "CONNECTED" {
		t.Errorf("the agent has %v", held)
	}
	bo := func(id center.ContactID) center.ParticipantID {
		state, err := s.State(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return state.WorkOf("bo").Participant
	}
	if told := s.Bus.Of(center.EventTransferSucceeded); len(told) != 1 || told[0].Only != bo(first) || told[0].Left != bo(first) {
		t.Errorf("of the transfer that succeeded sockets are told %+v", told)
	}
	if told := s.Bus.Of(center.EventTransferFailed); len(told) != 1 || told[0].Only != bo(second) || told[0].Left != "" {
		t.Errorf("of the transfer that failed sockets are told %+v", told)
	}
	if left := s.Bus.Of(center.EventLeft); len(left) != 1 || left[0].Left != "" {
		t.Errorf("of the agent's leaving sockets are told %+v", left)
	}
}

// Ten chats invite one agent at once, who has three slots, and not when he is at lunch.
func TestInvitationsTakeSlots(t *testing.T) {
	s := newStaff(t, enginetest.Memory(t))
	defer s.Close()
	s.arrive("cy")
	s.tell("cy", agent.SetStatus{Status: enginetest.Lunch})
	var chats []center.ContactID
	for i := range 10 {
		chats = append(chats, s.talk(center.UserID(fmt.Sprint("a", i))))
	}
	invite := func(i int) contact.Command {
		return contact.Invite{By: center.UserID(fmt.Sprint("a", i)), Offer: ring("cy")}
	}
	if _, err := s.Do(t.Context(), chats[0], invite(0)); center.ReasonOf(err) != center.Conflict {
		t.Errorf("who is at lunch is invited: %v", err)
	}
	s.tell("cy", agent.SetStatus{Status: enginetest.Available})
	made := s.atOnce(chats, invite)
	if held := s.hands("cy"); made != 3 || len(held) != 3 {
		t.Errorf("%d invitations ring; the agent has %v", made, held)
	}
}

// A supervisor's contacts are in his hands, take no slot and do not keep him from lunch. They end when he is gone.
func TestSupervisorsTakeNoSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStaff(t, enginetest.Memory(t))
		defer s.Close()
		s.arrive("sue")
		first, second := s.talk("bo"), s.talk("bo")
		for _, id := range []center.ContactID{first, second} {
			do(t, s.Engine, id, contact.Monitor{User: "sue", Barge: true})
		}
		do(t, s.Engine, first, contact.Supervise{User: "sue", Barge: true})
		watched := 0
		for h, err := range s.Store.Held(t.Context(), instance, "sue") {
			if err != nil || h.Work != "CONNECTED" {
				t.Errorf("the supervisor has %+v, %v", h, err)
			}
			watched++
		}
		if n := s.count(store.Slots(instance, "sue", "CHAT")); n != 0 || watched != 2 {
			t.Errorf("%d slots are counted, of %d contacts", n, watched)
		}
		if a := s.tell("sue", agent.SetStatus{Status: enginetest.Lunch}); a.Status != enginetest.Lunch || a.Next != nil {
			t.Errorf("at lunch the supervisor is %+v", a)
		}
		waits := s.wait()
		s.tell("sue", agent.SetStatus{Status: enginetest.Available})
		do(t, s.Engine, waits, ring("sue"))
		if n := s.count(store.Slots(instance, "sue", "CHAT")); n != 1 {
			t.Errorf("%d slots are counted; want the one that rings", n)
		}
		s.tell("sue", agent.Depart{Client: agent.Client{ID: "tab", Node: s.Node}})
		time.Sleep(agent.Grace + agent.LongGrace + time.Minute)
		synctest.Wait()
		for _, id := range []center.ContactID{first, second} {
			state, err := s.State(t.Context(), id)
			if err != nil || len(state.Work) != 1 || state.Ended {
				t.Errorf("when the supervisor is gone agents have %+v, %v", state.Work, err)
			}
		}
		if held := s.hands("bo"); len(held) != 2 {
			t.Errorf("the agent has %v", held)
		}
	})
}

// A process dies while the flow of a transfer waits for a function, and another finishes it: once.
func TestTransferSurvivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := enginetest.Memory(t)
		setting := withQueues(t, -1, map[string]string{"main": toQueue, "slow": `
 {"Identifier":"a","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"b","Conditions":[{"NextAction":"b","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`})
		s := staffTest{t, open(t, kept, setting)}
		s.arrive("bo")
		id := s.talk("bo")
		ranked := s.Clock.Now()
		time.Sleep(10 * time.Minute)
		r := do(t, s.Engine, id, contact.Transfer{User: "bo", To: contact.Target{Queue: "sales", Flow: "slow"}})
		time.Sleep(30 * time.Second)
		s.Close()
		s = staffTest{t, open(t, kept, setting)}
		defer s.Close()
		if held := s.hands("bo"); held[id] != "CONNECTED" {
			t.Errorf("in the middle of the transfer the agent has %v", held)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		state, err := s.State(t.Context(), id)
		if err != nil || state.Latest.ID != r.Contact || state.Queue == nil || !state.Queue.Ranked.Equal(ranked) {
			t.Errorf("afterwards the contact is %+v, waiting at %+v, %v", state.Latest, state.Queue, err)
		}
		if told := s.Bus.Of(center.EventTransferSucceeded); len(told) != 1 {
			t.Errorf("the agent is told %+v", told)
		}
		records := map[center.ContactID]center.Contact{}
		for c, err := range s.Store.Contacts(t.Context(), store.ContactQuery{IDs: []center.ContactID{id, r.Contact}}) {
			if err != nil {
				t.Fatal(err)
			}
			records[c.ID] = c
		}
		if old := records[id]; old.Next != r.Contact || old.Transferred.IsZero() || records[r.Contact].Previous != id {
			t.Errorf("the records are %+v", records)
		}
		// When the chat is erased, so is what is not of its chain.
		do(t, s.Engine, id, ring("cy"))
		do(t, s.Engine, id, contact.Accept{User: "cy"})
		m := do(t, s.Engine, id, contact.Monitor{User: "sue"})
		do(t, s.Engine, id, contact.Stop{})
		if err := engine.Erase(t.Context(), s.Engine.Engine, id, "", false); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Store.ChatOf(t.Context(), m.Contact); center.ReasonOf(err) != center.NotFound || err == nil {
			t.Errorf("the supervisor's contact is still there: %v", err)
		}
	})
}
