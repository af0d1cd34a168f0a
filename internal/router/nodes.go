package router

import (
	"strings"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// lookAgain is how often a router reads what the nodes of a shared store have written, for notices that were lost.
const lookAgain = 10 * time.Second

// Rebalance tells that [Config.Leases] have changed: which instances are this router's, or which nodes are alive.
func (r *Router) Rebalance() {
	select {
	case r.led <- struct{}{}:
	default:
	}
}

// leads reports whether this router makes the offers of an instance. Two may believe so for a while: the store
// takes each offer once.
func (r *Router) leads(id center.InstanceID) bool {
	return r.Leases == nil || r.Leases.Shards().Has(store.ShardOf(id))
}

// alive returns the nodes whose clients are there.
func (r *Router) alive() []string {
	if r.Leases == nil {
		return []string{r.engine.Node}
	}
	return r.Leases.Alive()
}

// again returns when it is time to read what other nodes have written: never, when there are none.
func (r *Router) again() (<-chan time.Time, func()) {
	if r.Leases == nil {
		return nil, func() {}
	}
	t := time.NewTicker(lookAgain)
	return t.C, t.Stop
}

// What routers tell each other to look at: "INSTANCE/chat/ID".
const (
	aboutChat  = "chat"
	aboutAgent = "agent"
)

// publish tells the routers of other nodes to look at something.
func (r *Router) publish(id center.InstanceID, what, which string) {
	if r.Leases != nil {
		r.Bus.Publish(bus.Message{Subject: bus.Work, Origin: r.Node, About: string(id) + "/" + what + "/" + which})
	}
}

// listen has the router look at what the others tell, until the function that is returned is called.
func (r *Router) listen() (stop func()) {
	if r.Leases == nil {
		return func() {}
	}
	s := &bus.Subscription{Subject: bus.Work, Receive: func(m bus.Message) {
		part := strings.SplitN(m.About, "/", 3)
		if m.Origin == r.Node || len(part) < 3 {
			return
		}
		r.tell(center.InstanceID(part[0]), func(n *news) {
			switch part[1] {
			case aboutChat:
				n.unsure.chats[center.ContactID(part[2])] = true
			case aboutAgent:
				n.unsure.agents[center.UserID(part[2])] = true
			}
		})
	}}
	r.Bus.Subscribe(s)
	return func() { r.Bus.Unsubscribe(s) }
}
