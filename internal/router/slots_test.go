package router_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// slow is a store that takes its time for every change, one after another.
type slow struct {
	store.Store
	queue chan func()
}

func newSlow(t *testing.T, s store.Store, each time.Duration) *slow {
	w := &slow{Store: s, queue: make(chan func(), 10_000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for submit := range w.queue {
			time.Sleep(each)
			submit()
		}
	}()
	t.Cleanup(func() {
		close(w.queue)
		<-done
	})
	return w
}

func (s *slow) Submit(c *store.Change, done func(error)) {
	s.queue <- func() { s.Store.Submit(c, done) }
}

func (s *slow) SubmitAgent(c *store.AgentChange, done func(error)) {
	s.queue <- func() { s.Store.SubmitAgent(c, done) }
}

// tally counts what is in hand, by what is committed.
type tally struct {
	mu     sync.Mutex // guards what follows
	has    map[center.UserID]int
	most   int
	offers int
	rang   map[center.ContactID]time.Time // when a chat began to ring first
}

func newTally() *tally {
	return &tally{has: map[center.UserID]int{}, rang: map[center.ContactID]time.Time{}}
}

// seen returns how many chats have rung.
func (h *tally) seen() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.rang)
}

// Committed implements [engine.Observer].
func (h *tally) Committed(c *engine.Commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range c.Change.Work {
		switch {
		case m.Watches():
		case m.Was == nil:
			h.has[m.User()]++
			h.most = max(h.most, h.has[m.User()])
			if h.offers++; h.rang[c.Chat].IsZero() {
				h.rang[c.Chat] = time.Now()
			}
		case m.Is == nil:
			h.has[m.User()]--
		}
	}
}

// concurrency is how many chats an agent may have.
func (c *centre) concurrency(n int32) {
	c.Helper()
	if err := catalog.Update(c.Context(), c.Catalog, c.instance, c.profile.ID, func(_ *catalog.Snapshot, p *catalog.RoutingProfile) error {
		for i := range p.Concurrency {
			p.Concurrency[i].Max = n
		}
		return nil
	}); err != nil {
		c.Fatal(err)
	}
}

// A hundred chats wait for an agent with three slots, over a store that takes 50 ms for every change; supervisors assign him more, colleagues
// invite him, and he accepts, rejects, leaves and clears. Never does he have four.
func TestNeverMoreThanTheSlots(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				counted := newTally()
				c := open(t, newSlow(t, enginetest.Memory(t), 50*time.Millisecond), counted)
				c.concurrency(3)
				bo := c.hire("bo", nil)
				var chats []center.ContactID
				for range 100 {
					chats = append(chats, c.chat())
				}
				c.arrive(bo)
				chance := rand.New(rand.NewPCG(seed, 1))
				var busy sync.WaitGroup
				try := func(id center.ContactID, cmd contact.Command) {
					busy.Go(func() {
						if _, err := c.Do(t.Context(), id, cmd); err != nil && !refused(err) {
							t.Errorf("%T: %v", cmd, err)
						}
					})
				}
				for i := range 100 { // at once
					try(chats[i], contact.Offer{User: bo, Identity: contact.Identity{DisplayName: "bo"}, Ring: time.Minute, Slots: 3, Assigned: i%2 == 0})
				}
				for range 300 {
					time.Sleep(time.Duration(chance.IntN(200)) * time.Millisecond)
					id := chats[chance.IntN(len(chats))]
					for h, err := range c.Store.Held(t.Context(), c.instance, bo) {
						if err != nil {
							t.Fatal(err)
						}
						if chance.IntN(3) == 0 {
							id = h.Chat
						}
					}
					switch chance.IntN(6) {
					case 0:
						try(id, contact.Accept{User: bo})
					case 1:
						try(id, contact.Reject{User: bo})
					case 2:
						try(id, contact.Leave{User: bo})
					case 3, 4:
						try(id, contact.Clear{User: bo})
					case 5:
						try(id, contact.Offer{User: bo, Identity: contact.Identity{DisplayName: "bo"}, Ring: time.Minute, Slots: 3, Assigned: true})
					}
				}
				busy.Wait()
				if counted.most != 3 || counted.offers < 8 {
					t.Errorf("the agent had %d chats at most, of %d that were offered; want 3, and many", counted.most, counted.offers)
				}
				c.slots(bo, int64(counted.has[bo]))
			})
		})
	}
}

// refused reports whether a command came too late, or to an agent who could not take it.
func refused(err error) bool {
	switch center.ReasonOf(err) {
	case center.Conflict, center.NotFound, center.Denied, center.Gone, center.BadRequest, center.QuotaExceeded:
		return true
	}
	return false
}

// Chats of one priority that came one after another begin to ring in that order, whatever agents do, and however slow the store is.
func TestNobodyOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := newTally()
		c := open(t, newSlow(t, enginetest.Memory(t), time.Millisecond), counted)
		var users []center.UserID
		for i := range 4 {
			users = append(users, c.hire(fmt.Sprint("agent", i), func(n *staffing.NewUser) {
				n.Config.AutoAccept = []catalog.AutoAccept{{Channel: "CHAT", Accept: true}}
				n.Config.Work = []catalog.ContactWork{{Channel: "CHAT", Limit: 1}}
			}))
			c.arrive(users[i])
		}
		const n = 600
		chance := rand.New(rand.NewPCG(7, 7))
		var chats []center.ContactID
		for counted.seen() < n {
			if len(chats) < n {
				chats = append(chats, c.chat())
			}
			time.Sleep(10 * time.Millisecond)
			if len(chats) < n && len(chats)-counted.seen() < 40 {
				continue // they fall behind
			}
			user := users[chance.IntN(len(users))]
			switch chance.IntN(20) {
			case 0:
				c.tell(user, agent.SetStatus{Status: enginetest.Lunch})
			case 1:
				c.tell(user, agent.SetStatus{Status: enginetest.Available})
			default:
				for h, err := range c.Store.Held(t.Context(), c.instance, user) {
					if err != nil {
						t.Fatal(err)
					}
					if _, err := c.Do(t.Context(), h.Chat, contact.Stop{}); err != nil && !refused(err) {
						t.Fatal(err)
					}
					break
				}
			}
			time.Sleep(100 * time.Millisecond)
			for _, u := range users {
				if len(chats) == n && c.agent(u).Status != enginetest.Available {
					c.tell(u, agent.SetStatus{Status: enginetest.Available})
				}
			}
		}
		const together = 50 * time.Millisecond // offers of one look are made at once, to as many agents
		var last time.Time
		for i, id := range chats {
			if at := counted.rang[id]; at.Before(last.Add(-together)) {
				t.Fatalf("chat %d rang at %v, and one that came before it at %v", i, at, last)
			} else if at.After(last) {
				last = at
			}
		}
	})
}

func (c *centre) agent(user center.UserID) *agent.Agent {
	c.Helper()
	state, _, err := c.Agents.State(c.Context(), user)
	if err != nil {
		c.Fatal(err)
	}
	return state
}
