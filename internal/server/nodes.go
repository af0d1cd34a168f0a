package server

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/nats"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/lease"
	"parley.example/parley/internal/metrics"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/sqlite/datadir"
)

// nodes is what a server has that works on its store beside others.
type nodes struct {
	s      *Server
	leases *lease.Holder // nil when no other node works on the store
	kept   *postgres.Store
	bus    *nats.Bus // nil when it does not reach other nodes
}

// open opens the database that several nodes work on, and keeps this node's clock by that of the database's server.
func (n *nodes) open(ctx context.Context) error {
	s := n.s
	if _, err := os.Stat(filepath.Join(s.Data, datadir.DatabaseName)); err == nil {
		return fmt.Errorf("data: %s has a database of its own, which a server with the setting store would leave aside; name another directory", s.Data)
	}
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return err
	}
	kept, err := postgres.Open(ctx, postgres.Options{URL: s.Store, RowLock: s.StoreRowLock, Log: s.Log, Observe: s.metrics.Committed, Failing: s.writes.tell})
	if err != nil {
		return err
	}
	s.store, n.kept = kept, kept
	n.leases = &lease.Holder{Store: kept, Node: s.node, Log: s.Log, Changed: n.rebalance, Tell: func() { n.announce(aboutLeases) }}
	if err := n.leases.Sync(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s.clock.Steady.Wall = n.leases.Time
	return nil
}

// Nodes that start at the same time take turns: what the first one makes (secrets, the first key, the demo) the others find.
const (
	turnLease = "start"
	turnTime  = 30 * time.Second // for a node that dies in its turn
	turnWait  = 100 * time.Millisecond
)

// turn waits until no other node starts, and returns what ends this node's turn.
func (n *nodes) turn(ctx context.Context) (over func(), err error) {
	s := n.s
	if !n.shared() {
		return func() {}, nil
	}
	for {
		held, err := s.store.Claim(ctx, s.node, n.leases.Time(), turnTime, turnLease)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if len(held) > 0 {
			break
		}
		select {
		case <-time.After(turnWait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return func() {
		if err := s.store.Release(context.WithoutCancel(ctx), s.node, turnLease); err != nil {
			s.Log.Warn("other nodes that start wait until this one's turn expires", "err", err)
		}
	}, nil
}

// connect connects this node to the others.
func (n *nodes) connect(ctx context.Context) (err error) {
	s := n.s
	n.bus, err = nats.Open(ctx, nats.Options{
		URL: s.Bus, Credentials: s.BusCredentials, CA: s.BusCA, Cert: s.BusCert, Key: s.BusKey, Prefix: s.BusPrefix, Name: "parley " + s.node, Log: s.Log,
		Reconnected: func() { n.leases.Look() },
	})
	if err == nil {
		s.bus = n.bus
	}
	return err
}

// peers reach the engines of other nodes.
type peers struct{ *nodes }

// peers returns how the engine reaches others; nil when it cannot.
func (n *nodes) peers() engine.Peers {
	if n.bus == nil {
		return nil
	}
	return peers{n}
}

// Home implements engine.Peers: the node with the shard of a chat.
func (p peers) Home(chat center.ContactID) string { return p.leases.Holder(store.ShardOf(chat)) }

// Ask implements engine.Peers.
func (p peers) Ask(ctx context.Context, node string, request []byte) ([]byte, error) {
	answer, err := p.bus.Ask(ctx, node, request)
	if errors.Is(err, nats.ErrBusy) || errors.Is(err, nats.ErrTooLarge) {
		err = engine.ErrDeclined
	}
	return answer, err
}

// shared reports whether other nodes work on the store.
func (n *nodes) shared() bool { return n.leases != nil }

// divided returns what divides the work among nodes; nil when there is one.
func (n *nodes) divided() engine.Leases {
	if n.leases == nil {
		return nil
	}
	return n.leases
}

// rebalance has the parts look at what is theirs now.
func (n *nodes) rebalance() {
	s := n.s
	if !s.ready.Load() { // they look when they start
		return
	}
	s.engine.Rebalance()
	s.router.Rebalance()
	s.outbox.Rebalance()
}

// What nodes tell each other beside what they have committed.
const (
	aboutLeases  = "leases"  // a node has come, or has given back what it did for all
	aboutErasure = "erasure" // somebody has asked for an erasure
	aboutErased  = "erased"  // the events say what was taken out of the flow logs of a node
)

func (n *nodes) announce(about string) {
	n.s.bus.Publish(bus.Message{Subject: bus.Nodes, Origin: n.s.node, About: about})
}

// maxErased is how many contacts are in one notice: it is well below what NATS takes.
const maxErased = 5000

// announceErased tells the other nodes what was taken out of this one's flow logs.
func (n *nodes) announceErased(l erasure.Left) {
	for {
		part := erasure.Left{Instance: l.Instance, Contacts: l.Contacts[:min(len(l.Contacts), maxErased)]}
		text, err := part.Encode()
		if err != nil {
			n.s.Log.Error("other nodes are not told of what was erased", "instance", l.Instance, "err", err)
			return
		}
		n.s.bus.Publish(bus.Message{Subject: bus.Nodes, Origin: n.s.node, About: aboutErased, Events: []bus.Event{{Payload: text}}})
		if l.Contacts = l.Contacts[len(part.Contacts):]; len(l.Contacts) == 0 {
			return
		}
	}
}

// listen takes what other nodes tell until ctx ends.
func (n *nodes) listen(ctx context.Context) {
	s := n.s
	told := &bus.Subscription{Subject: bus.Nodes, Receive: func(m bus.Message) {
		if m.Origin == s.node {
			return
		}
		switch m.About {
		case aboutLeases:
			n.leases.Look()
		case aboutErasure:
			s.eraser.Wake()
		case aboutErased:
			for i := range m.Events {
				if left, err := erasure.DecodeLeft(m.Events[i].Payload); err == nil {
					s.follower.Tell(left)
				}
			}
		}
	}}
	s.bus.Subscribe(told)
	defer s.bus.Unsubscribe(told)
	<-ctx.Done()
}

// one returns a loop that is run by one node of all at a time: by the one that holds the shard of its name.
// A node that loses the shard ends it, and may do so later than another begins: what it does has to bear that.
func (n *nodes) one(name string, run func(context.Context)) func(context.Context) {
	if !n.shared() {
		return run
	}
	return func(ctx context.Context) {
		shard := store.ShardOf(name)
		for held := n.waitFor(ctx, shard, true); held; held = n.waitFor(ctx, shard, true) {
			while, end := context.WithCancel(ctx)
			go func() {
				n.waitFor(while, shard, false)
				end()
			}()
			run(while)
			end()
		}
	}
}

// lookEvery is how often it is looked whether a shard has come or gone.
const lookEvery = 500 * time.Millisecond

// waitFor waits until a shard is held, or is not. It reports false when ctx ended before.
func (n *nodes) waitFor(ctx context.Context, shard int, held bool) bool {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for n.leases.Shards().Has(shard) != held {
		select {
		case <-t.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// gauges adds the metrics of a node among others.
func (n *nodes) gauges(m *metrics.Metrics) {
	alive, held := func() int { return 1 }, func() store.Shards { return store.AllShards }
	if n.shared() {
		alive, held = func() int { return len(n.leases.Alive()) }, n.leases.Shards
	}
	n.pools(m)
	stats := func() (none nats.Stats) { return none }
	if n.bus != nil {
		stats = n.bus.Stats
	}
	m.Gauge("parley_nodes", "Nodes that are alive, as far as this one knows.", func() float64 { return float64(alive()) })
	m.Gauge("parley_node_shards", "Shards of 64 whose timers, deliveries and offers are this node's.", func() float64 { return float64(bits.OnesCount64(uint64(held()))) })
	m.Gauge("parley_bus_connected", "1 while there is a connection to the bus; without one, other nodes hear of changes late.", func() float64 {
		if n.bus != nil && n.bus.Connected() {
			return 1
		}
		return 0
	})
	for _, c := range []struct {
		name, help string
		value      func(nats.Stats) uint64
	}{
		{"parley_bus_published_total", "Notices that were given to the bus.", func(s nats.Stats) uint64 { return s.Published }},
		{"parley_bus_received_total", "Notices of other nodes.", func(s nats.Stats) uint64 { return s.Received }},
		{"parley_bus_reconnects_total", "Connections to the bus that were made again.", func(s nats.Stats) uint64 { return s.Reconnects }},
		{"parley_bus_lost_total", "Notices that came faster than they could be sent or taken; what they are about is read from the database.", func(s nats.Stats) uint64 { return s.DroppedOut + s.DroppedIn + s.Shortened }},
	} {
		m.Counter(c.name, c.help, func() float64 { return float64(c.value(stats())) })
	}
}

// pools adds the metrics of the connections to the database; all are 0 of an embedded one.
func (n *nodes) pools(m *metrics.Metrics) {
	stats := func() (none postgres.Pools) { return none }
	if n.kept != nil {
		stats = n.kept.Pools
	}
	m.Gauge("parley_database_connections_used", "Connections to PostgreSQL that are at work.", func() float64 { return float64(stats().Used) })
	m.Gauge("parley_database_connections_idle", "Connections to PostgreSQL that are open without work.", func() float64 { return float64(stats().Idle) })
	m.Gauge("parley_database_connections_max", "Connections to PostgreSQL that there may be at most.", func() float64 { return float64(stats().Max) })
	m.Counter("parley_database_waits_total", "How often something has waited for a connection to PostgreSQL.", func() float64 { return float64(stats().Waits) })
	m.Counter("parley_database_wait_seconds_total", "How long it has waited, in all.", func() float64 { return stats().Waited.Seconds() })
}

// leave has this node take no new work, and waits for balancers to notice: they see at /readyz that it stops, while it answers as before.
func (n *nodes) leave() {
	s := n.s
	s.ready.Store(false)
	if n.shared() {
		if err := n.leases.Yield(context.Background()); err != nil {
			s.Log.Warn("shares of the work were not given back; other nodes wait until they expire", "err", err)
		}
	}
	time.Sleep(s.Drain)
}

// hasten has a server that stops wait no longer for a database that is away.
func (n *nodes) hasten() {
	if n.kept != nil {
		n.kept.Leave()
	}
}
