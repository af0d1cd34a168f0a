package engine_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
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

// staffTest is an engine with chats that wait for agents.
type staffTest struct {
	*testing.T
	*enginetest.Engine
}

// newStaff starts an engine where chats come into the queue sales as they begin.
func newStaff(t *testing.T, s store.Store) staffTest {
	return staffTest{t, open(t, s, withQueues(t, -1, map[string]string{"main": toQueue}))}
}

// wait starts a chat, which waits in the queue.
func (s staffTest) wait() center.ContactID {
	s.Helper()
	id, ana := start(s.T, s.Engine, "main", "")
	do(s.T, s.Engine, id, contact.Connect{Participant: ana})
	return id
}

// tell gives an agent a command.
func (s staffTest) tell(user center.UserID, cmd agent.Command) *agent.Agent {
	s.Helper()
	a, err := s.Agents.Do(s.Context(), instance, user, cmd)
	if err != nil {
		s.Fatalf("%T: %v", cmd, err)
	}
	return a
}

// arrive makes an agent available.
func (s staffTest) arrive(user center.UserID) {
	s.Helper()
	s.tell(user, agent.Arrive{Client: agent.Client{ID: "tab", Node: s.Node}})
	s.tell(user, agent.SetStatus{Status: enginetest.Available})
}

func (s staffTest) agent(user center.UserID) *agent.Agent {
	s.Helper()
	a, _, err := s.Agents.State(s.Context(), user)
	if err != nil || a == nil {
		s.Fatalf("State(%s) = %v, %v", user, a, err)
	}
	return a
}

// hands returns what an agent has in hand, and makes sure that the store counts as much.
func (s staffTest) hands(user center.UserID) map[center.ContactID]string {
	s.Helper()
	held := map[center.ContactID]string{}
	for h, err := range s.Store.Held(s.Context(), instance, user) {
		if err != nil {
			s.Fatal(err)
		}
		held[h.Chat] = h.Work
	}
	if n := s.count(store.Slots(instance, user, "CHAT")); n != int64(len(held)) {
		s.Fatalf("agent %s has %v in hand; %d slots are counted", user, held, n)
	}
	return held
}

func (s staffTest) count(c store.Counter) int64 {
	s.Helper()
	n, err := s.Store.Count(s.Context(), c)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func ring(user center.UserID) contact.Offer {
	return contact.Offer{User: user, Identity: contact.Identity{DisplayName: string(user)}, Ring: 20 * time.Second, Slots: 3}
}

// atOnce gives all chats a command at once, and returns how many have taken it. The others have a Conflict.
func (s staffTest) atOnce(chats []center.ContactID, cmd func(i int) contact.Command) int {
	s.Helper()
	var taken atomic.Int64
	var wg sync.WaitGroup
	for i, id := range chats {
		wg.Go(func() {
			switch _, err := s.Do(s.Context(), id, cmd(i)); {
			case err == nil:
				taken.Add(1)
			case center.ReasonOf(err) != center.Conflict:
				s.Errorf("%T = %v; want a Conflict for those that are too many", cmd(i), err)
			}
		})
	}
	wg.Wait()
	return int(taken.Load())
}

// A hundred chats are offered at once to an agent with three slots: never does he have four.
func TestSlotsAreExact(t *testing.T) {
	s := newStaff(t, enginetest.Memory(t))
	defer s.Close()
	s.arrive("bo")
	var chats []center.ContactID
	for range 100 {
		chats = append(chats, s.wait())
	}
	offered := s.atOnce(chats, func(int) contact.Command { return ring("bo") })
	if held := s.hands("bo"); offered != 3 || len(held) != 3 {
		t.Fatalf("%d offers were made; the agent has %v", offered, held)
	}
}

// Who has missed a contact is offered nothing before it is cleared, whoever asks and however often.
func TestMissedContactsBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStaff(t, enginetest.Memory(t))
		defer s.Close()
		s.arrive("bo")
		first, second := s.wait(), s.wait()
		do(t, s.Engine, first, ring("bo"))
		time.Sleep(21 * time.Second)
		synctest.Wait()
		if held := s.hands("bo"); held[first] != "MISSED" || s.count(store.Barred(instance, "bo")) != 1 {
			t.Fatalf("after 21 seconds the agent has %v", held)
		}
		if _, err := s.Do(t.Context(), second, ring("bo")); center.ReasonOf(err) != center.Conflict {
			t.Errorf("an offer to him who missed one = %v", err)
		}
		do(t, s.Engine, first, contact.Clear{User: "bo"})
		do(t, s.Engine, second, ring("bo"))
		if held := s.hands("bo"); len(held) != 1 || held[second] != "CONNECTING" {
			t.Errorf("after it was cleared the agent has %v", held)
		}
	})
}

func TestNextStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStaff(t, enginetest.Memory(t))
		defer s.Close()
		s.arrive("bo")
		talks, over, waits := s.wait(), s.wait(), s.wait()
		for _, id := range []center.ContactID{talks, over} {
			do(t, s.Engine, id, ring("bo"))
			do(t, s.Engine, id, contact.Accept{User: "bo"})
		}
		do(t, s.Engine, over, contact.Stop{})
		s.tell("bo", agent.SetStatus{Status: enginetest.Lunch})
		if held := s.hands("bo"); len(held) != 1 || held[talks] != "CONNECTED" {
			t.Errorf("after lunch was chosen the agent has %v; want the one that goes on", held)
		}
		if _, err := s.Do(t.Context(), waits, ring("bo")); center.ReasonOf(err) != center.Conflict {
			t.Errorf("an offer to him who is about to leave = %v", err)
		}
		if a := s.agent("bo"); a.Status != enginetest.Available || *a.Next != enginetest.Lunch {
			t.Errorf("meanwhile he is %+v", a)
		}
		do(t, s.Engine, talks, contact.Stop{})
		time.Sleep(time.Minute)
		if a := s.agent("bo"); a.Status != enginetest.Available {
			t.Errorf("with after-contact work he is %+v", a)
		}
		do(t, s.Engine, talks, contact.Clear{User: "bo"})
		synctest.Wait()
		if a := s.agent("bo"); a.Status != enginetest.Lunch || a.Next != nil || !a.Since.Equal(s.Clock.Now()) {
			t.Errorf("with empty hands he is %+v", a)
		}
	})
}

// An agent whose clients are gone for too long loses what he has in hand, and is Offline then.
func TestAgentIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStaff(t, enginetest.Memory(t))
		defer s.Close()
		s.arrive("bo")
		s.arrive("cy")
		rings, talks, over := s.wait(), s.wait(), s.wait()
		for _, id := range []center.ContactID{talks, over} {
			do(t, s.Engine, id, ring("bo"))
			do(t, s.Engine, id, contact.Accept{User: "bo"})
		}
		do(t, s.Engine, over, contact.Stop{})
		for _, user := range []center.UserID{"bo", "cy"} {
			s.tell(user, agent.Depart{Client: agent.Client{ID: "tab", Node: s.Node}})
		}
		time.Sleep(agent.Grace + time.Second)
		synctest.Wait()
		if a := s.agent("cy"); a.Status != enginetest.Offline {
			t.Errorf("with empty hands he is %+v after a minute", a)
		}
		if a, held := s.agent("bo"), s.hands("bo"); a.Status != enginetest.Available || len(held) != 2 {
			t.Errorf("after a minute he is %+v and has %v", a, held)
		}
		long := ring("bo")
		long.Assigned, long.Ring = true, time.Hour
		do(t, s.Engine, rings, long)
		time.Sleep(agent.LongGrace)
		synctest.Wait()
		if a, held := s.agent("bo"), s.hands("bo"); a.Status != enginetest.Offline || len(held) != 0 {
			t.Errorf("after three minutes he is %+v and has %v", a, held)
		}
		state, err := s.State(t.Context(), talks)
		if err != nil || state.Latest.DisconnectReason != center.ReasonAgentLost {
			t.Errorf("the contact that he was in ended as %q, %v", state.Latest.DisconnectReason, err)
		}
		if state, err = s.State(t.Context(), rings); err != nil || state.Queue == nil || len(state.Work) != 0 {
			t.Errorf("the contact that rang waits: %t, work %v, %v", state.Queue != nil, state.Work, err)
		}
	})
}

// A process that begins where another died finds everything: who rings, who is away, what is to follow.
func TestAgentsSurviveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := enginetest.Memory(t)
		s := newStaff(t, kept)
		s.arrive("bo")
		s.arrive("cy")
		rings, talks := s.wait(), s.wait()
		do(t, s.Engine, talks, ring("cy"))
		do(t, s.Engine, talks, contact.Accept{User: "cy"})
		s.tell("cy", agent.SetStatus{Status: enginetest.Lunch})
		do(t, s.Engine, rings, ring("bo"))
		since := s.Clock.Now()
		time.Sleep(5 * time.Second)
		s.Close()
		time.Sleep(10 * time.Second)
		s = newStaff(t, kept)
		defer s.Close()
		if err := s.Agents.Recover(t.Context(), instance, []string{s.Node}); err != nil {
			t.Fatal(err)
		}
		if a := s.agent("bo"); a.Present() || !a.Barred() {
			t.Errorf("the agent whose client was at the old process is %+v", a)
		}
		if held := s.hands("bo"); held[rings] != "CONNECTING" {
			t.Errorf("15 seconds after it began to ring the agent has %v", held)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		state, err := s.State(t.Context(), rings)
		if err != nil || state.WorkOf("bo") == nil || state.WorkOf("bo").State != contact.WorkMissed || !state.WorkOf("bo").Since.Equal(since.Add(20*time.Second)) {
			t.Errorf("25 seconds after it began to ring: %+v, %v", state.WorkOf("bo"), err)
		}
		s.tell("cy", agent.Arrive{Client: agent.Client{ID: "tab", Node: s.Node}})
		do(t, s.Engine, talks, contact.Stop{})
		do(t, s.Engine, talks, contact.Clear{User: "cy"})
		synctest.Wait()
		if a := s.agent("cy"); a.Status != enginetest.Lunch {
			t.Errorf("the status that was to follow has not: %+v", a)
		}
	})
}

// Agents change their status while they are offered chats, accept, end and clear: in the end, and on the way,
// nobody whose status is not routable was offered anything new, and the counters agree with the chats.
func TestStatusRacesOffers(t *testing.T) {
	s := newStaff(t, enginetest.Memory(t))
	defer s.Close()
	users := []center.UserID{"bo", "cy", "di"}
	for _, u := range users {
		s.arrive(u)
	}
	var chats []center.ContactID
	for range 60 {
		chats = append(chats, s.wait())
	}
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(worker), 7))
			for range 200 {
				user, id := users[chance.IntN(3)], chats[chance.IntN(len(chats))]
				var err error
				switch chance.IntN(7) {
				case 0:
					_, err = s.Agents.Do(t.Context(), instance, user, agent.SetStatus{Status: enginetest.Lunch})
				case 1, 2:
					_, err = s.Agents.Do(t.Context(), instance, user, agent.SetStatus{Status: enginetest.Available})
				case 3:
					_, err = s.Do(t.Context(), id, ring(user))
				case 4:
					_, err = s.Do(t.Context(), id, contact.Accept{User: user})
				case 5:
					_, err = s.Do(t.Context(), id, contact.Reject{User: user})
				case 6:
					_, err = s.Do(t.Context(), id, contact.Clear{User: user})
				}
				switch center.ReasonOf(err) {
				case center.Conflict, center.NotFound, center.Gone:
				default:
					if err != nil {
						t.Errorf("%v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, u := range users {
		bars := int64(0)
		for _, work := range s.hands(u) {
			if contact.WorkState(work).Bars() {
				bars++
			}
		}
		if s.agent(u).Barred() {
			bars++
		}
		if n := s.count(store.Barred(instance, u)); n != bars {
			t.Errorf("agent %s: %d bars are counted; there are %d", u, n, bars)
		}
	}
	for _, id := range chats {
		state, err := s.State(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		connected := 0
		for _, w := range state.Work {
			if w.State == contact.WorkConnected {
				connected++
			}
		}
		if connected > 1 || connected == 1 && state.Queue != nil {
			t.Errorf("chat %s: %d agents, waits %t", id, connected, state.Queue != nil)
		}
	}
	// The chats go, and with them whatever was in hand.
	for i, id := range chats {
		do(t, s.Engine, id, contact.Stop{})
		if i%2 == 0 {
			continue
		}
		for _, u := range users {
			do(t, s.Engine, id, contact.Clear{User: u})
		}
	}
	for _, u := range users {
		for id := range s.hands(u) {
			do(t, s.Engine, id, contact.Clear{User: u})
		}
		if s.tell(u, agent.SetStatus{Status: enginetest.Available}); s.count(store.Barred(instance, u)) != 0 || len(s.hands(u)) != 0 {
			t.Errorf("agent %s: %d bars, in hand %v after everything", u, s.count(store.Barred(instance, u)), s.hands(u))
		}
	}
}

// What is erased is in nobody's hands any more.
func TestErasedChatsFreeSlots(t *testing.T) {
	s := newStaff(t, enginetest.Memory(t))
	defer s.Close()
	s.arrive("bo")
	for i := range 3 {
		id := s.wait()
		do(t, s.Engine, id, ring("bo"))
		if i > 0 {
			do(t, s.Engine, id, contact.Accept{User: "bo"})
		}
		do(t, s.Engine, id, contact.Stop{})
		if err := engine.Erase(t.Context(), s.Engine.Engine, id, "", false); err != nil {
			t.Fatal(err)
		}
		if held := s.hands("bo"); len(held) != 0 || s.count(store.Barred(instance, "bo")) != 0 {
			t.Fatalf("after chat %d is gone: %v in hand, %d bars", i, held, s.count(store.Barred(instance, "bo")))
		}
	}
}

// A user with something in hand is not removed; one without leaves nothing behind.
func TestRemoveAgent(t *testing.T) {
	s := newStaff(t, enginetest.Memory(t))
	defer s.Close()
	removed := 0
	remove := func(user center.UserID) error {
		return s.Agents.Remove(t.Context(), instance, user, func() error { removed++; return nil })
	}
	s.arrive("bo")
	id := s.wait()
	do(t, s.Engine, id, ring("bo"))
	if err := remove("bo"); center.ReasonOf(err) != center.BadRequest || removed != 0 {
		t.Fatalf("an agent at whom a chat rings is removed: %v, %d", err, removed)
	}
	do(t, s.Engine, id, contact.Withdraw{User: "bo"})
	s.tell("bo", agent.SetStatus{Status: enginetest.Lunch})
	for range 2 {
		if err := remove("bo"); err != nil {
			t.Fatal(err)
		}
	}
	if err := remove("somebody who never signed in"); err != nil || removed != 3 {
		t.Errorf("remove = %v; %d were", err, removed)
	}
	if a, _, err := s.Agents.State(t.Context(), "bo"); a != nil || err != nil || s.count(store.Barred(instance, "bo")) != 0 {
		t.Errorf("after the removal he is %+v, %v, with %d bars", a, err, s.count(store.Barred(instance, "bo")))
	}
}
