// Package nats is the bus between nodes ([Bus]): within the node by a call, as
// [bus.Local], and to the other nodes over core subjects of NATS. NATS passes a
// message on to the nodes that have a subscriber of its subject, and keeps nothing.
//
// Order: within the node as on a local bus. From one node to another messages of
// one subject arrive in the order of Publish, as long as no connection is lost.
// They are delivered by goroutines of the bus, so a subscriber may be called
// for two nodes at once. Order between what this node publishes and what others do is nobody's.
//
// Blocking: Publish, Subscribe and Unsubscribe take a lock for nanoseconds and
// leave the rest to one goroutine, since the client of NATS holds its own lock
// while it writes to a socket that takes nothing, or dials. Subscribe returns before the other
// nodes know: whoever reads the store reads it after, and looks again, or calls [Bus.Flush] before.
//
// Failure: a message arrives at another node once or not at all. It is lost when
// its receiver is not connected, when more waits than the bounds allow (8 MiB to be
// sent, 32 MiB received, as much of each in hand, and 4 MiB in the client while there is no
// connection; [Stats] counts both directions), and when it is on its way as a connection
// is lost. What is published while this node is not connected is sent late. After a
// node has come back by another server of a cluster, messages may overtake those
// that went by the old one. Whoever must miss nothing does as package bus says;
// [Options.Reconnected] says when it is worth looking.
//
// A lost connection is made again, for ever. A server that is frozen, and a
// connection that is half dead, are noticed within about six seconds.
//
// [Bus.Ask] and [Bus.Serve] are requests from node to node beside that.
//
// Start reading at [Bus] and writer.go; package wire is what is on the wire.
package nats

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"

	natsgo "github.com/nats-io/nats.go"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/nats/wire"
	"parley.example/parley/internal/lifecycle"
)

// lanes is how many goroutines deliver what other nodes publish. All messages of a subject take the same lane.
const lanes = 4

// Bus is the bus of a node among others. Make one with [Open].
type Bus struct {
	local  bus.Local
	names  wire.Names
	opts   Options
	log    *slog.Logger
	client []natsgo.Option

	out   *queue[bus.Message]
	in    chan *natsgo.Msg // of all subscriptions
	lanes [lanes]*queue[parcel]
	seed  maphash.Seed

	mu     sync.Mutex // guards what follows: what the writer is to do beside sending
	stale  map[bus.Subject]struct{}
	marks  []chan struct{}
	served []service

	subs map[bus.Subject]*natsgo.Subscription // the writer's

	conn   atomic.Pointer[natsgo.Conn]
	broken atomic.Bool // the client has given up the connection
	link   link
	counts counts
	losses [2]periodic // sent and received

	asking  chan struct{} // one for each request that is being asked
	serving chan struct{} // and that is being answered

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   lifecycle.Background
}

// parcel is a message as it came.
type parcel struct {
	subject string
	data    []byte
}

var _ bus.Bus = (*Bus)(nil)

// Open connects to one of the servers. Its errors say what is wrong with the
// options, that no server answers, or that it refuses the credentials.
func Open(ctx context.Context, o Options) (*Bus, error) {
	o = o.withDefaults()
	names, err := wire.NewNames(o.Prefix)
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	b := &Bus{
		names: names, opts: o, log: o.Log,
		out: newQueue[bus.Message](o.limits.out), in: make(chan *natsgo.Msg, o.limits.intake), seed: maphash.MakeSeed(),
		stale: map[bus.Subject]struct{}{}, subs: map[bus.Subject]*natsgo.Subscription{},
		asking: make(chan struct{}, o.limits.requests), serving: make(chan struct{}, o.limits.requests),
	}
	for i := range b.lanes {
		b.lanes[i] = newQueue[parcel](o.limits.in / lanes)
	}
	b.ctx, b.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if b.client, err = b.options(); err != nil {
		b.cancel()
		return nil, fmt.Errorf("bus: %w", err)
	}
	if err := b.dial(ctx); err != nil {
		b.cancel()
		return nil, fmt.Errorf("bus: %w", err)
	}
	b.work.Go(b.write)
	b.work.Go(b.sort)
	for _, lane := range b.lanes {
		b.work.Go(func() { b.deliver(lane) })
	}
	return b, nil
}

// Close sends what was published before, as far as the connection takes it, and
// ends the connection. The bus is local from then on. It may be called twice.
func (b *Bus) Close() {
	b.cancel()
	_ = b.work.Stop(b.ctx, func() {})
}

// Publish implements [bus.Bus].
func (b *Bus) Publish(m bus.Message) {
	if b.ctx.Err() == nil && !b.out.put(m, weight(&m)) {
		b.counts.droppedOut.Add(1)
	}
	b.local.Publish(m)
}

// Subscribe implements [bus.Bus].
func (b *Bus) Subscribe(s *bus.Subscription) {
	b.local.Subscribe(s)
	b.changed(s.Subject)
}

// Unsubscribe implements [bus.Bus].
func (b *Bus) Unsubscribe(s *bus.Subscription) {
	b.local.Unsubscribe(s)
	b.changed(s.Subject)
}

// changed has the writer compare what is subscribed here with what is at the server.
func (b *Bus) changed(s bus.Subject) {
	if b.ctx.Err() != nil {
		return
	}
	b.mu.Lock()
	b.stale[s] = struct{}{}
	b.mu.Unlock()
	b.out.nudge()
}

// Flush returns when the server that this node is connected to has all that was
// published, and knows all that was subscribed, before the call. Another server of its cluster may know it later. It fails when the connection is lost meanwhile.
func (b *Bus) Flush(ctx context.Context) error {
	mark := make(chan struct{})
	b.mu.Lock()
	b.marks = append(b.marks, mark)
	b.mu.Unlock()
	b.out.nudge()
	select {
	case <-mark:
	case <-ctx.Done():
		return ctx.Err()
	case <-b.ctx.Done():
		return ErrClosed
	}
	return b.roundTrip(ctx)
}

// Connected reports whether there is a connection, as far as is known.
func (b *Bus) Connected() bool {
	connected, _ := b.link.state()
	return connected
}

// Stats is what a bus has counted since it was opened, in messages, if nothing else is said.
type Stats struct {
	Published  uint64 // given to NATS
	Received   uint64 // from other nodes
	DroppedOut uint64 // not given to NATS, since too much was waiting
	DroppedIn  uint64 // received and not delivered, since too much was waiting; at least so many
	Shortened  uint64 // sent without their events, since they are larger than the server takes
	Malformed  uint64 // received and not understood
	Reconnects uint64 // connections that were made after the first
	Subjects   int64  // that are subscribed at the server now
}

// counts are the numbers of [Stats].
type counts struct {
	published, received, droppedOut, droppedIn, shortened, malformed, reconnects atomic.Uint64
	subjects                                                                     atomic.Int64
}

// Stats returns what was counted until now.
func (b *Bus) Stats() Stats {
	c := &b.counts
	return Stats{
		Published: c.published.Load(), Received: c.received.Load(), DroppedOut: c.droppedOut.Load(), DroppedIn: c.droppedIn.Load(),
		Shortened: c.shortened.Load(), Malformed: c.malformed.Load(), Reconnects: c.reconnects.Load(), Subjects: c.subjects.Load(),
	}
}
