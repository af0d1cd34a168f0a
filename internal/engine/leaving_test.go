package engine_test

import (
	"context"
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

// supervises returns how many contacts somebody has in his hands that he only supervises.
func (s staffTest) supervises(user center.UserID) (n int64) {
	s.Helper()
	for _, err := range s.Store.Held(s.Context(), instance, user) {
		if n++; err != nil {
			s.Fatal(err)
		}
	}
	return n - s.count(store.Slots(instance, user, "CHAT"))
}

// What somebody supervises ends with his being there: at once when he signs out, after a minute when he has just gone,
// whatever his status and whatever else he has in hand; not before.
func TestSupervisionEnds(t *testing.T) {
	desk := agent.Client{ID: "tab", Node: "n", Session: "one"}
	other := agent.Client{ID: "other", Node: "n", Session: "two"}
	signOut := agent.SignOut{Session: agent.Session{ID: "one", Until: time.Now().Add(time.Hour)}, Offline: enginetest.Offline}
	for name, c := range map[string]struct {
		before func(s staffTest) // he is there, Available
		leave  func(s staffTest)
		after  time.Duration // when the supervision has ended; 0 for at once, negative for never
	}{
		"signed out":                     {nil, func(s staffTest) { s.tell("sue", signOut) }, 0},
		"signed out of all":              {nil, func(s staffTest) { s.tell("sue", agent.SignOut{Offline: enginetest.Offline}) }, 0},
		"signed out while Offline":       {func(s staffTest) { s.tell("sue", agent.SetStatus{Status: enginetest.Offline}) }, func(s staffTest) { s.tell("sue", signOut) }, 0},
		"signed out with a chat in hand": {func(s staffTest) { do(s.T, s.Engine, s.wait(), ring("sue")) }, func(s staffTest) { s.tell("sue", signOut) }, 0},
		"signed out of one of two":       {func(s staffTest) { s.tell("sue", agent.Arrive{Client: other}) }, func(s staffTest) { s.tell("sue", signOut) }, -1},
		"gone":                           {nil, func(s staffTest) { s.tell("sue", agent.Depart{Client: desk}) }, agent.Grace},
		"gone while Offline": {func(s staffTest) { s.tell("sue", agent.SetStatus{Status: enginetest.Offline}) },
			func(s staffTest) { s.tell("sue", agent.Depart{Client: desk}) }, agent.Grace},
		"gone with a chat in hand": {func(s staffTest) {
			id := s.wait()
			do(s.T, s.Engine, id, ring("sue"))
			do(s.T, s.Engine, id, contact.Accept{User: "sue"})
		}, func(s staffTest) { s.tell("sue", agent.Depart{Client: desk}) }, agent.Grace},
		"gone for a moment": {nil, func(s staffTest) {
			s.tell("sue", agent.Depart{Client: desk})
			time.Sleep(agent.Grace - time.Second)
			s.tell("sue", agent.Arrive{Client: other})
		}, -1},
		"one of two clients gone": {func(s staffTest) { s.tell("sue", agent.Arrive{Client: other}) },
			func(s staffTest) { s.tell("sue", agent.Depart{Client: desk}) }, -1},
		"removed": {func(s staffTest) { s.tell("sue", agent.SetStatus{Status: enginetest.Lunch}) }, func(s staffTest) {
			if err := s.Agents.Remove(s.Context(), instance, "sue", func() error { return nil }); err != nil {
				s.Error(err)
			}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStaff(t, enginetest.Memory(t))
				defer s.Close()
				s.tell("sue", agent.Arrive{Client: desk})
				s.tell("sue", agent.SetStatus{Status: enginetest.Available})
				if c.before != nil {
					c.before(s)
				}
				id := s.talk("bo")
				do(t, s.Engine, id, contact.Monitor{User: "sue", Barge: true})
				do(t, s.Engine, id, contact.Supervise{User: "sue", Barge: true})
				c.leave(s)
				want := int64(1)
				switch {
				case c.after == 0:
					want = 0
				case c.after > 0:
					time.Sleep(c.after - time.Second)
					if n := s.supervises("sue"); n != 1 {
						t.Errorf("a second before the end %d contacts are supervised; want one", n)
					}
					time.Sleep(2 * time.Second)
					want = 0
				default:
					time.Sleep(time.Hour)
				}
				synctest.Wait()
				if n := s.supervises("sue"); n != want {
					t.Errorf("%d contacts are supervised; want %d", n, want)
				}
				if state, err := s.State(t.Context(), id); err != nil || state.Ended || state.WorkOf("bo").State != contact.WorkConnected {
					t.Errorf("the contact that was supervised is %+v, %v", state, err)
				}
			})
		})
	}
}

// A supervisor who never comes to a desk supervises for a minute.
func TestSupervisorWhoIsSummoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStaff(t, enginetest.Memory(t))
		defer s.Close()
		id := s.talk("bo")
		for range 2 { // the second time he has been looked for before
			s.tell("sue", agent.Summon{})
			do(t, s.Engine, id, contact.Monitor{User: "sue"})
			time.Sleep(agent.Grace - time.Second)
			if n := s.supervises("sue"); n != 1 {
				t.Errorf("after less than a minute %d contacts are supervised; want one", n)
			}
			time.Sleep(2 * time.Second)
			if n := s.supervises("sue"); n != 0 {
				t.Errorf("after a minute %d contacts are supervised; want none", n)
			}
		}
		s.tell("sue", agent.Summon{})
		do(t, s.Engine, id, contact.Monitor{User: "sue"})
		s.arrive("sue")
		s.tell("sue", agent.Summon{})
		time.Sleep(time.Hour)
		if n := s.supervises("sue"); n != 1 {
			t.Errorf("at his desk he supervises %d contacts; want one", n)
		}
	})
}

// A process dies between the sign-out of a supervisor and the end of what he supervises: the next one ends it.
func TestSupervisionEndsAfterTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := enginetest.Memory(t)
		s := newStaff(t, kept)
		s.tell("sue", agent.Arrive{Client: agent.Client{ID: "tab", Node: "n"}})
		id := s.talk("bo")
		do(t, s.Engine, id, contact.Monitor{User: "sue"})
		state, version, err := s.Agents.State(t.Context(), "sue")
		if err != nil {
			t.Fatal(err)
		}
		left, err := agent.Decide(state, agent.Agent{}, agent.SignOut{Offline: enginetest.Offline}, agent.Env{Now: s.Clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		done := make(chan error, 1)
		kept.SubmitAgent(&store.AgentChange{User: "sue", Version: version, State: &store.AgentHead{Instance: instance, State: left.Agent.Encode(), Due: left.Due}},
			func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		s = newStaff(t, kept)
		defer s.Close()
		if n := s.supervises("sue"); n != 1 {
			t.Fatalf("%d contacts are supervised; want the one that the dead process has left", n)
		}
		time.Sleep(agent.Grace + time.Second)
		synctest.Wait()
		if n := s.supervises("sue"); n != 0 {
			t.Errorf("%d contacts are supervised; want none", n)
		}
	})
}

// An offer reaches an agent while he is being removed: he has nothing in hand afterwards, and the contact waits again.
func TestRemovedWhileItRings(t *testing.T) {
	s := newStaff(t, enginetest.Memory(t))
	defer s.Close()
	s.arrive("bo")
	rings, joined := s.wait(), s.wait()
	if err := s.Agents.Remove(t.Context(), instance, "bo", func() error {
		do(t, s.Engine, rings, ring("bo"))
		do(t, s.Engine, joined, ring("bo"))
		do(t, s.Engine, joined, contact.Accept{User: "bo"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if held := s.hands("bo"); len(held) != 0 {
		t.Errorf("the agent who does not exist has %v in hand", held)
	}
	if state, err := s.State(t.Context(), rings); err != nil || state.Queue == nil || len(state.Work) != 0 {
		t.Errorf("the contact that rang is %+v, %v; want one that waits", state, err)
	}
}

// Nothing is kept of an agent who does not exist, whatever comes late, and when he is removed in the same moment.
func TestNobodyIsMadeOfOneWhoIsGone(t *testing.T) {
	var gone atomic.Bool
	during := func() {}
	s := staffTest{t, enginetest.Start(t, enginetest.Options{
		Store: enginetest.Memory(t), Employs: func(_ context.Context, _ center.InstanceID, user center.UserID) (bool, error) {
			if user != "" {
				defer during()
			}
			return !gone.Load(), nil
		},
	})}
	late := map[string]agent.Command{
		"Arrive": agent.Arrive{Client: agent.Client{ID: "tab"}}, "SetStatus": agent.SetStatus{Status: enginetest.Lunch}, "SignOut": agent.SignOut{Offline: enginetest.Offline},
	}
	kept := func() *agent.Agent {
		a, _, err := s.Agents.State(t.Context(), "bo")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	s.tell("bo", agent.Arrive{Client: agent.Client{ID: "tab"}})
	if err := s.Agents.Remove(t.Context(), instance, "bo", func() error { gone.Store(true); return nil }); err != nil {
		t.Fatal(err)
	}
	for name, cmd := range late {
		if a, err := s.Agents.Do(t.Context(), instance, "bo", cmd); err == nil || center.ReasonOf(err) != center.NotFound {
			t.Errorf("%s of a user who is gone = %+v, %v; want NotFound", name, a, err)
		}
	}
	if a, err := s.Agents.Do(t.Context(), instance, "bo", agent.Depart{Client: agent.Client{ID: "tab"}}); err != nil {
		t.Errorf("Depart of a user who is gone = %+v, %v; want nothing", a, err)
	}
	if a := kept(); a != nil {
		t.Errorf("of one who is gone is kept %+v", a)
	}
	gone.Store(false)
	during = func() { gone.Store(true) } // he is there when it is looked at first, and gone before the change is durable
	if _, err := s.Agents.Do(t.Context(), instance, "bo", agent.Arrive{Client: agent.Client{ID: "tab"}}); err == nil || center.ReasonOf(err) != center.NotFound {
		t.Errorf("Arrive of one who goes meanwhile = %v; want NotFound", err)
	}
	if a := kept(); a != nil || s.count(store.Barred(instance, "bo")) != 0 {
		t.Errorf("of one who went meanwhile is kept %+v, with %d bars", a, s.count(store.Barred(instance, "bo")))
	}
}

// When an instance is deleted nothing is remembered of its agents' next statuses, and no heartbeat is made.
func TestInstanceIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		employs := func(_ context.Context, i center.InstanceID, _ center.UserID) (bool, error) {
			if gone.Load() {
				return false, center.Missing(center.KindInstance, string(i))
			}
			return true, nil
		}
		setting := func(o *enginetest.Options) { o.Employs = employs }
		s := staffTest{t, open(t, enginetest.Memory(t), withQueues(t, -1, map[string]string{"main": toQueue}), setting)}
		defer s.Close()
		s.arrive("bo")
		id := s.talk("bo")
		s.tell("bo", agent.SetStatus{Status: enginetest.Lunch})
		synctest.Wait()
		if n := engine.Following(s.Engine.Engine); n != 1 {
			t.Fatalf("%d next statuses are remembered; want one", n)
		}
		gone.Store(true)
		do(t, s.Engine, id, contact.Stop{})
		do(t, s.Engine, id, contact.Clear{User: "bo"})
		time.Sleep(time.Minute)
		if n := engine.Following(s.Engine.Engine); n != 0 {
			t.Errorf("of an instance that is gone %d next statuses are remembered", n)
		}
		for _, user := range []center.UserID{"bo", "nobody"} {
			if err := s.Agents.Beat(t.Context(), user); err == nil || center.ReasonOf(err) != center.NotFound {
				t.Errorf("the heartbeat of %s = %v; want NotFound", user, err)
			}
		}
	})
}
