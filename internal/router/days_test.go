package router_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
)

// inHand returns what agents have in hand, in an order that is the same whatever the ids are.
func (c *centre) inHand(began map[center.ContactID]int) (all []act) {
	c.Helper()
	for h, err := range c.Store.Held(c.Context(), c.instance, "") {
		if err != nil {
			c.Fatal(err)
		}
		if !slices.ContainsFunc(all, func(a act) bool { return a.chat == h.Chat }) {
			for _, w := range c.work(h.Chat) {
				all = append(all, act{h.Chat, w})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b act) int { return cmp.Compare(began[a.chat], began[b.chat]) })
	return all
}

// TestDays has agents do what they feel like, with transfers, invitations and supervisors, in virtual time: they sign in and out, lose their
// clients and choose statuses, and processes end and begin on the same data. All along what the store counts is what is in hand, and no
// chat is with two agents of whom none was invited; in the end everybody has been served.
//
//	PARLEY_DAYS=50 go test ./internal/router -run Days
func TestDays(t *testing.T) {
	seeds := uint64(2)
	if n, err := strconv.ParseUint(os.Getenv("PARLEY_DAYS"), 10, 32); err == nil {
		seeds = n
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { day(t, seed) })
		})
	}
}

func day(t *testing.T, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 11))
	kept := enginetest.Memory(t)
	m := mood{centre: open(t, kept), intn: chance.IntN}
	m.staff(4 + int(seed%3))
	m.begin()
	watch := &witness{t: t, began: map[string]bool{}, ended: map[string]string{}, found: map[string]int{}}
	began := map[center.ContactID]int{}
	client := func(of int) agent.Client {
		return agent.Client{ID: fmt.Sprint("tab", of), Node: m.Node, Session: fmt.Sprint("session", of)}
	}
	deaths := 0
	for round := range 600 {
		if m.last = round > 350; round%4 == 0 && !m.last {
			id := m.chat()
			began[id], watch.began[string(id)] = len(began), true
		}
		for _, a := range m.inHand(began) {
			if chance.IntN(4) > 0 {
				continue
			}
			cmd, _ := m.decide(a)
			if _, err := m.Do(t.Context(), a.chat, cmd); err != nil && !refused(err) {
				t.Fatalf("%T: %v", cmd, err)
			}
		}
		u := m.users[chance.IntN(len(m.users))]
		var cmd agent.Command
		switch n := chance.IntN(60); {
		case m.last:
			m.tell(u.ID, agent.Arrive{Client: client(0)})
			cmd = agent.SetStatus{Status: enginetest.Available}
		case n < 4:
			cmd = agent.SetStatus{Status: enginetest.Lunch}
		case n < 8:
			m.tell(u.ID, agent.Arrive{Client: client(chance.IntN(3))})
			cmd = agent.SetStatus{Status: enginetest.Available}
		case n < 10:
			cmd = agent.Depart{Client: client(chance.IntN(3))}
		case n < 11:
			cmd = agent.SignOut{Offline: enginetest.Offline}
		case n < 12:
			m.stop()
			m.centre = open(t, kept)
			deaths++
			m.begin()
		}
		if cmd != nil {
			m.tell(u.ID, cmd)
		}
		time.Sleep(time.Duration(chance.IntN(4000)) * time.Millisecond)
		if round%25 == 0 {
			synctest.Wait()
			watch.audit(kept, false)
		}
		if m.last && len(m.inHand(began)) == 0 && m.waiting() == 0 {
			break
		}
	}
	synctest.Wait()
	watch.audit(kept, true)
	if deaths == 0 || len(watch.found) == 0 || t.Failed() {
		t.Errorf("seed %d: %d deaths; seen were %v", seed, deaths, watch.found)
	}
	for id := range began {
		if state, err := m.State(t.Context(), id); err != nil || !state.Ended {
			t.Errorf("chat %d has not ended: %+v, %v", began[id], state.Work, err)
			break
		}
	}
}
