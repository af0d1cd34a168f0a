package router_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/store"
)

// toQueue puts a chat into the queue BasicQueue.
const toQueue = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":%q},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"c","Errors":[{"NextAction":"c","ErrorType":"QueueAtCapacity"},{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// centre is an instance with a router at work.
type centre struct {
	testing.TB
	*enginetest.Engine
	router   *router.Router
	instance center.InstanceID
	profile  *catalog.RoutingProfile
	flow     center.FlowID
	pause    func() // the router looks at nothing any more by itself; the engine goes on
	stop     func()
	deaf     atomic.Bool // the router is not told of agents
}

// AgentCommitted implements [engine.AgentObserver].
func (c *centre) AgentCommitted(a *engine.AgentCommit) {
	if !c.deaf.Load() {
		c.router.AgentCommitted(a)
	}
}

// open starts an engine and a router over a store, in which an instance is made if there is none. The
// observers are told of commits before the router is.
func open(t testing.TB, s store.Store, also ...engine.Observer) *centre {
	t.Helper()
	c := prepare(t, s, also...)
	c.run()
	return c
}

// prepare is open without the router at work, which is only told: run has it work.
func prepare(t testing.TB, s store.Store, also ...engine.Observer) *centre {
	t.Helper()
	return prepareNode(t, s, func(*enginetest.Options) {}, also...)
}

// prepareNode is prepare with an engine that is different.
func prepareNode(t testing.TB, s store.Store, change func(*enginetest.Options), also ...engine.Observer) *centre {
	t.Helper()
	r := router.New(router.Config{Log: enginetest.NoLog})
	c := &centre{TB: t, router: r}
	o := enginetest.Options{
		Store: s, Observers: append(also, r), Agents: []engine.AgentObserver{c}, Changed: r.SetUp, Staffing: r.Staffing,
		Limits: catalog.Limits{Users: 100_000},
	}
	change(&o)
	c.Engine = enginetest.Start(t, o)
	r.Store, r.Catalog, r.Clock = c.Store, c.Catalog, c.Clock
	all, err := c.Catalog.Instances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		i, err := setup.CreateInstance(t.Context(), c.Catalog, setup.NewInstance{Alias: "routing", Identity: "CONNECT_MANAGED"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	c.instance = all[0].ID
	snap, err := c.Catalog.Snapshot(t.Context(), string(c.instance))
	if err != nil {
		t.Fatal(err)
	}
	c.profile = catalog.All[*catalog.RoutingProfile](snap)[0]
	for _, f := range catalog.All[*catalog.Flow](snap) {
		if f.Name == "to the queue" {
			c.flow = f.ID
		}
	}
	if c.flow == "" {
		content := fmt.Sprintf(toQueue, catalog.All[*catalog.Queue](snap)[0].ID)
		f, err := publishing.CreateFlow(t.Context(), c.Catalog, c.instance, publishing.NewFlow{Name: "to the queue", Type: catalog.TypeInbound, Content: content})
		if err != nil {
			t.Fatal(err)
		}
		c.flow = f.ID
	}
	c.pause = func() {}
	c.stop = sync.OnceFunc(func() {
		c.pause()
		c.Close()
	})
	t.Cleanup(c.stop)
	return c
}

// run has the router look at what it is told, until pause.
func (c *centre) run() {
	ctx, cancel := context.WithCancel(c.Context())
	done := make(chan struct{})
	go func() {
		c.router.Run(ctx, c.Engine.Engine)
		close(done)
	}()
	c.pause = sync.OnceFunc(func() {
		cancel()
		<-done
	})
}

// explain says the first reason for which a chat has no agent.
func (c *centre) explain(id center.ContactID) routing.Reason {
	c.Helper()
	why, err := c.router.Explain(c.Context(), c.instance, id, nil)
	if err != nil {
		c.Fatal(err)
	}
	return why.Reasons[0]
}

// hire makes a user.
func (c *centre) hire(name string, change func(n *staffing.NewUser)) center.UserID {
	c.Helper()
	snap, err := c.Catalog.Snapshot(c.Context(), string(c.instance))
	if err != nil {
		c.Fatal(err)
	}
	n := staffing.NewUser{
		Username: name, Identity: catalog.Identity{FirstName: name, LastName: "Agent"}, RoutingProfile: c.profile.ID,
		SecurityProfiles: []center.SecurityProfileID{catalog.All[*catalog.SecurityProfile](snap)[0].ID},
		Hash:             func(context.Context) (string, error) { return "none", nil },
	}
	if change != nil {
		change(&n)
	}
	u, err := staffing.CreateUser(c.Context(), c.Catalog, c.instance, n)
	if err != nil {
		c.Fatal(err)
	}
	return u.ID
}

func (c *centre) tell(user center.UserID, cmd agent.Command) {
	c.Helper()
	if _, err := c.Agents.Do(c.Context(), c.instance, user, cmd); err != nil {
		c.Fatalf("%T: %v", cmd, err)
	}
}

func (c *centre) arrive(user center.UserID) {
	c.Helper()
	c.tell(user, agent.Arrive{Client: agent.Client{ID: "tab", Node: c.Node}})
	c.tell(user, agent.SetStatus{Status: enginetest.Available})
}

// chat starts a chat, which waits in the queue.
func (c *centre) chat() center.ContactID {
	c.Helper()
	id := center.NewContactID(c.Clock.Now())
	r, err := c.Engine.Start(c.Context(), c.start(id), "")
	if err != nil {
		c.Fatal(err)
	}
	if _, err := c.Do(c.Context(), id, contact.Connect{Participant: r.Participant}); err != nil {
		c.Fatal(err)
	}
	return id
}

func (c *centre) start(id center.ContactID) contact.Start {
	return contact.Start{Contact: id, Instance: c.instance, Flow: string(c.flow), DisplayName: "Ana", ContentTypes: []string{center.PlainText}}
}

// work returns what agents have in hand of a chat: "bo CONNECTING".
func (c *centre) work(id center.ContactID) (work []contact.Work) {
	c.Helper()
	state, err := c.State(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return state.Work
}

// has reports what agents have in hand of a chat that is not what they should.
func (c *centre) has(id center.ContactID, want ...any) {
	c.Helper()
	var got []any
	for _, w := range c.work(id) {
		got = append(got, w.User, w.State)
	}
	if !slices.Equal(got, want) {
		c.Errorf("agents have %v of the chat in hand; want %v", got, want)
	}
}

func (c *centre) give(id center.ContactID, cmd contact.Command) {
	c.Helper()
	if _, err := c.Do(c.Context(), id, cmd); err != nil {
		c.Fatalf("%T: %v", cmd, err)
	}
}

// A contact that waits is offered as soon as there is somebody, missed, offered to the next, accepted, and
// leaves a slot behind.
func TestOffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		bo, cy := c.hire("bo", nil), c.hire("cy", nil)
		id := c.chat()
		synctest.Wait()
		c.has(id)
		if e := c.explain(id); e.Cause != routing.NoAgents {
			t.Errorf("nobody is there; the explanation is %v", e)
		}
		c.arrive(bo)
		synctest.Wait()
		c.has(id, bo, contact.WorkConnecting)
		time.Sleep(5 * time.Second)
		c.arrive(cy)
		time.Sleep(16 * time.Second)
		synctest.Wait()
		c.has(id, bo, contact.WorkMissed, cy, contact.WorkConnecting)
		c.give(id, contact.Accept{User: cy})
		second := c.chat()
		synctest.Wait()
		c.has(second, cy, contact.WorkConnecting)
		c.give(second, contact.Reject{User: cy})
		synctest.Wait()
		c.has(second, cy, contact.WorkRejected) // one has missed a contact, the other has rejected this one
		c.give(id, contact.Clear{User: bo})
		synctest.Wait()
		c.has(second, cy, contact.WorkRejected, bo, contact.WorkConnecting)
	})
}

// An agent gets no more at once than his profile allows, and the next one when he clears.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		bo := c.hire("bo", func(n *staffing.NewUser) {
			n.Config.AutoAccept = []catalog.AutoAccept{{Channel: "CHAT", Accept: true}}
			n.Config.Work = []catalog.ContactWork{{Channel: "CHAT", Limit: 30}}
		})
		c.arrive(bo)
		most := 0
		for _, of := range c.profile.Concurrency {
			if of.Channel == "CHAT" {
				most = int(of.Max)
			}
		}
		var chats []center.ContactID
		for range most + 3 {
			chats = append(chats, c.chat())
			time.Sleep(time.Second)
		}
		for i, id := range chats {
			if i < most {
				c.has(id, bo, contact.WorkConnected)
			} else {
				c.has(id)
			}
		}
		c.give(chats[1], contact.Stop{})
		time.Sleep(29 * time.Second)
		c.has(chats[most])
		time.Sleep(2 * time.Second)
		c.has(chats[1])
		c.has(chats[most], bo, contact.WorkConnected)
		c.tell(bo, agent.SetStatus{Status: enginetest.Lunch})
		c.give(chats[2], contact.Stop{})
		time.Sleep(time.Minute)
		c.has(chats[most+1])
		if n, err := c.router.Staffing(t.Context(), c.instance, c.profile.Queues[0].Queue); err != nil || n.Online != 1 || n.Staffed != 1 || n.Available != 0 {
			t.Errorf("the queue has %+v", n)
		}
	})
}

// What an administrator changes counts from then on.
func TestSetUpChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		bo := c.hire("bo", nil)
		c.arrive(bo)
		queues := c.profile.Queues
		set := func(queues []catalog.ProfileQueue) {
			t.Helper()
			if err := catalog.Update(t.Context(), c.Catalog, c.instance, c.profile.ID, func(_ *catalog.Snapshot, p *catalog.RoutingProfile) error {
				p.Queues = queues
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		set(nil)
		id := c.chat()
		synctest.Wait()
		c.has(id)
		if e := c.explain(id); e.Cause != routing.NoProfile {
			t.Errorf("no profile has the queue; the explanation is %v", e)
		}
		delayed := slices.Clone(queues)
		for i := range delayed {
			delayed[i].Delay = 60
		}
		set(delayed)
		time.Sleep(59 * time.Second)
		c.has(id)
		time.Sleep(2 * time.Second)
		c.has(id, bo, contact.WorkConnecting)
		if err := staffing.DeleteUser(t.Context(), c.Catalog, c.instance, bo); err != nil {
			t.Fatal(err)
		}
		second := c.chat()
		time.Sleep(2 * time.Minute)
		c.has(second)
	})
}

// A router that begins where another stopped finds who waits, who is there and what they have in hand.
func TestRouterBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := enginetest.Memory(t)
		c := open(t, kept)
		bo := c.hire("bo", nil)
		c.arrive(bo)
		first, second := c.chat(), c.chat()
		time.Sleep(time.Second)
		c.has(first, bo, contact.WorkConnecting)
		c.has(second, bo, contact.WorkConnecting)
		c.give(first, contact.Accept{User: bo})
		c.stop()
		time.Sleep(time.Second)
		c = open(t, kept)
		third := c.chat()
		time.Sleep(time.Second)
		c.has(third) // the agent's browser has not come back yet
		c.has(second, bo, contact.WorkConnecting)
		c.tell(bo, agent.Arrive{Client: agent.Client{ID: "tab", Node: c.Node}})
		time.Sleep(time.Second)
		c.has(first, bo, contact.WorkConnected)
		c.has(second, bo, contact.WorkConnecting)
		c.has(third) // both slots are in use
		c.give(first, contact.Stop{})
		c.give(first, contact.Clear{User: bo})
		time.Sleep(time.Second)
		c.has(third, bo, contact.WorkConnecting)
	})
}

// Many chats and agents who do whatever comes to their minds: everybody is served in the end, nobody has more than
// his slots, and no chat is with two.
func TestEverybodyIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, enginetest.Memory(t))
		var users []center.UserID
		for i := range 5 {
			users = append(users, c.hire(fmt.Sprint("agent", i), nil))
			c.arrive(users[i])
		}
		chance := rand.New(rand.NewPCG(5, 6))
		var chats []center.ContactID
		served := map[center.ContactID]bool{}
		for round := range 2000 {
			if len(chats) < 120 && round%3 == 0 {
				chats = append(chats, c.chat())
			}
			time.Sleep(time.Second)
			hands := map[center.UserID]int{}
			for _, id := range chats {
				state, err := c.State(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				connected := 0
				for _, w := range state.Work {
					hands[w.User]++
					switch w.State {
					case contact.WorkConnecting:
						switch chance.IntN(12) {
						case 0, 1:
							if _, err := c.Do(t.Context(), id, contact.Accept{User: w.User}); err != nil && center.ReasonOf(err) != center.Conflict {
								t.Fatal(err)
							}
						case 2:
							if _, err := c.Do(t.Context(), id, contact.Reject{User: w.User}); err != nil && center.ReasonOf(err) != center.Conflict {
								t.Fatal(err) // it may have been missed at this moment
							}
						}
					case contact.WorkConnected:
						if connected++; chance.IntN(15) == 0 {
							served[id] = true
							c.give(id, contact.Disconnect{Participant: w.Participant})
						}
					default:
						if chance.IntN(5) == 0 {
							c.give(id, contact.Clear{User: w.User})
						}
					}
				}
				if connected > 1 {
					t.Fatalf("chat %s is with %d agents", id, connected)
				}
			}
			for user, n := range hands {
				if n > 10 {
					t.Fatalf("agent %s has %d chats in hand", user, n)
				}
			}
			if len(served) == 120 {
				return
			}
		}
		for _, id := range chats {
			if !served[id] {
				t.Errorf("nobody has served %s, of which agents have %+v: %v", id, c.work(id), c.explain(id))
			}
		}
	})
}
