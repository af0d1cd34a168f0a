package router_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/lease"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/store"
)

// keeping are leases that are not given back once the process has been killed.
type keeping struct {
	lease.Store
	killed atomic.Bool
}

func (k *keeping) Release(ctx context.Context, node string, names ...string) error {
	if k.killed.Load() {
		return nil
	}
	return k.Store.Release(ctx, node, names...)
}

// node is a centre that works on a store with others.
type node struct {
	*centre
	leases *lease.Holder
	die    func() // without giving anything back
}

// join starts another node on a store. It hears of the others over a bus, through a link that may have a fault.
func join(t *testing.T, s store.Store, name string, shared bus.Bus, fault bustest.Fault, seen ...engine.Observer) *node {
	kept := &keeping{Store: s}
	n := &node{leases: &lease.Holder{Store: kept, Node: name, Log: enginetest.NoLog}}
	link := &bustest.Link{Bus: shared}
	link.Break(fault)
	n.centre = prepareNode(t, s, func(o *enginetest.Options) { o.Node, o.Shared, o.Leases, o.Link = name, true, n.leases, link }, seen...)
	n.router.Leases, n.router.Bus, n.router.Node, n.router.Ring = n.leases, link, name, 5*time.Minute
	n.leases.Changed = func() {
		n.Rebalance()
		n.router.Rebalance()
	}
	ctx, stop := context.WithCancel(t.Context())
	var leasing sync.WaitGroup
	leasing.Go(func() { n.leases.Run(ctx) })
	n.run()
	n.die = sync.OnceFunc(func() {
		kept.killed.Store(true)
		stop()
		leasing.Wait()
		n.stop()
	})
	t.Cleanup(n.die)
	return n
}

// leads reports whether a node has the lease of the instance.
func (n *node) leads() bool { return n.leases.Shards().Has(store.ShardOf(n.instance)) }

// An agent is signed in at one node, and chats come in at another: they ring at him, whichever node makes the offers, with notices
// and without. The node that makes them dies: the other goes on, nothing rings twice, and what the agents of the dead node
// had in hand is offered to others when they do not come back.
func TestNodes(t *testing.T) {
	for name, fault := range map[string]bustest.Fault{"with notices": nil, "without notices": bustest.Lose, "with every notice twice": bustest.Double} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { twoNodes(t, fault) })
		})
	}
}

func twoNodes(t *testing.T, fault bustest.Fault) {
	s, shared := enginetest.Memory(t), &bus.Local{}
	rang := map[center.ContactID][]center.UserID{}
	var mu sync.Mutex // guards rang
	seen := engine.ObserverFunc(func(c *engine.Commit) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range c.Change.Work {
			if m.Was == nil {
				rang[c.Chat] = append(rang[c.Chat], m.User())
			}
		}
	})
	of := func(id center.ContactID) []center.UserID {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(rang[id])
	}
	all := func() string {
		mu.Lock()
		defer mu.Unlock()
		return fmt.Sprint(rang)
	}
	one := join(t, s, "one", shared, fault, seen)
	time.Sleep(lease.Beat)
	two := join(t, s, "two", shared, fault, seen)
	time.Sleep(3 * lease.Beat)
	leader, other := one, two
	if two.leads() {
		leader, other = two, one
	}
	if !leader.leads() || other.leads() {
		t.Fatalf("the leader leads: %t, the other: %t", leader.leads(), other.leads())
	}
	leader.concurrency(2)
	bo, cy := leader.hire("bo", nil), other.hire("cy", nil)
	leader.arrive(bo)
	other.arrive(cy)
	var chats []center.ContactID
	for i := range 6 {
		chats = append(chats, []*node{leader, other}[i%2].chat())
		time.Sleep(time.Second)
	}
	time.Sleep(15 * time.Second)
	ringing := func(n *node) (waits int, at map[center.UserID]int) {
		at = map[center.UserID]int{}
		for _, id := range chats {
			state, err := n.State(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if state.Queue != nil && state.Ringing() == nil {
				waits++
			}
			for _, w := range state.Work {
				at[w.User]++
			}
		}
		return waits, at
	}
	for _, n := range []*node{leader, other} {
		if waits, at := ringing(n); waits != 2 || at[bo] != 2 || at[cy] != 2 {
			t.Fatalf("node %s sees %d chats that wait and %v in hand; want two, and two each", n.Node, waits, at)
		}
		for i, id := range chats {
			r, rings := n.explain(id), len(n.work(id)) > 0
			if rings != (r.Cause == routing.Rings) || !rings && r.Cause != routing.NoSlot && r.Cause != routing.Others {
				t.Errorf("node %s says of chat %d, which rings: %t: %v", n.Node, i, rings, r)
			}
		}
		if numbers, err := n.router.Numbers(t.Context(), n.instance, nil); err != nil || numbers.Lines[n.queue()].Waiting != 6 {
			t.Errorf("node %s has the numbers %+v, %v", n.Node, numbers, err)
		}
	}
	// The agent of the other node accepts one, and rejects and clears the other at the leader's.
	mine := slices.IndexFunc(chats, func(id center.ContactID) bool { return slices.Contains(of(id), cy) })
	other.give(chats[mine], contact.Accept{User: cy})
	for i, id := range chats[:4] {
		if slices.Contains(of(id), cy) && i != mine {
			leader.give(id, contact.Reject{User: cy})
			leader.give(id, contact.Clear{User: cy})
		}
	}
	time.Sleep(15 * time.Second)
	other.tell(cy, agent.SetStatus{Status: enginetest.Lunch})
	time.Sleep(time.Second)
	before := all()
	leader.die()
	time.Sleep(lease.TTL + 2*lease.Beat + 15*time.Second)
	if !other.leads() {
		t.Fatal("nobody has taken over")
	}
	if now := all(); now != before {
		t.Errorf("after the death of the leader what has rung is\n%s; before it was\n%s", now, before)
	}
	if a := other.agent(bo); a.Present() {
		t.Errorf("the client of the dead node is still there: %+v", a)
	}
	if a := other.agent(cy); a.Next == nil || *a.Next != enginetest.Lunch {
		t.Errorf("the agent of the living node is %+v", a)
	}
	// The dead node's agent does not come back: what rang at him is the other's, who is available again.
	for _, id := range chats {
		if w := slices.IndexFunc(other.work(id), func(w contact.Work) bool { return w.User == cy }); w >= 0 {
			if _, err := other.Do(t.Context(), id, contact.Stop{}); err != nil {
				t.Fatal(err)
			}
			other.give(id, contact.Clear{User: cy})
		}
	}
	time.Sleep(agent.LongGrace + 30*time.Second)
	if a := other.agent(cy); a.Status != enginetest.Lunch || a.Next != nil {
		t.Errorf("with empty hands the agent is %+v; want lunch", a)
	}
	other.arrive(cy)
	for range 20 {
		time.Sleep(15 * time.Second)
		for _, id := range chats {
			for _, w := range other.work(id) {
				switch {
				case w.User != cy:
				case w.State == contact.WorkConnecting:
					other.give(id, contact.Accept{User: cy})
				case w.State == contact.WorkConnected:
					other.give(id, contact.Stop{})
				default:
					other.give(id, contact.Clear{User: cy})
				}
			}
		}
	}
	for i, id := range chats {
		if state, err := other.State(t.Context(), id); err != nil || !state.Ended || len(state.Work) > 0 {
			t.Errorf("chat %d is %+v, %v; want one that was served", i, state.Work, err)
		}
		for j, user := range of(id) {
			if slices.Contains(of(id)[:j], user) && user == bo {
				t.Errorf("chat %d has rung twice at the agent of the dead node: %v", i, of(id))
			}
		}
	}
}
