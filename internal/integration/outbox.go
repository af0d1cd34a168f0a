package integration

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// OutboxStore is what [Outbox] needs of the store.
type OutboxStore interface {
	Keep(ctx context.Context, c *store.Chores) error
	Outbox(ctx context.Context, shards store.Shards, now time.Time, limit int) ([]store.Delivery, error)
	Overflow(ctx context.Context, shards store.Shards, keep, limit int) ([]store.Delivery, error)
}

// Sender makes attempts to deliver; [Topics] is one. An error for a refusal
// (3xx, 4xx; see [Topics.Send]) concerns that delivery, any other the destination.
type Sender interface {
	Send(ctx context.Context, d *store.Delivery, now time.Time) error
	Destination(endpoint string) string
}

// Outcome is the outcome of an attempt to deliver.
type Outcome string

// The outcomes. OutcomeDead counts deliveries that became dead letters, attempted
// or not; a failed attempt that was the last counts as dead only.
const (
	OutcomeDelivered Outcome = "delivered"
	OutcomeFailed    Outcome = "failed"
	OutcomeDead      Outcome = "dead"
)

// Outbox sends the deliveries in the store's outbox (StartContactStreaming).
//
// # Order
//
// The deliveries of one stream are sent one after another: the next one when the
// one before was accepted or became a dead letter. Streams are independent.
//
// # At least once
//
// A delivery is removed from the outbox by a commit after the endpoint has
// accepted it. After a crash in between it is sent again, with the same message
// id: at most the last eight of each stream.
//
// # Failure
//
// A failed delivery is retried after 1 s, then after twice as long each time, at
// most 5 min, each with a fifth of jitter. It becomes a dead letter after
// MaxAttempts, or when its endpoint fails MaxAge after it was written (not
// counting the time before this process started). Then its stream continues.
// Independently of attempts, the oldest deliveries of a stream with more than
// MaxWaiting become dead letters; this is checked once a minute.
//
// A destination that fails three times in a row is paused, for up to 30 s, and
// then tried with one delivery; meanwhile its deliveries are postponed without
// counting attempts. A slow destination gets at most half of the workers. Neither
// delays the others.
type Outbox struct {
	Store  OutboxStore
	Sender Sender
	Now    func() time.Time
	Log    *slog.Logger // nil for none
	// Partition is where the instances of the contacts are.
	Partition center.Partition
	// Observe, when set, is called with each outcome and how long the attempt
	// took. It is called by one goroutine and must be quick.
	Observe func(o Outcome, took time.Duration)

	// Held returns the shards whose deliveries are this process's to send, and the leases of them: outcomes
	// are written only while those are held. Nil means all shards, for which nobody else sends.
	Held func() (store.Shards, []store.Lease)

	Workers     int           // concurrent attempts; 64
	Timeout     time.Duration // of one attempt; 10 s
	MaxAttempts int           // 20: about an hour
	MaxAge      time.Duration // 1 h
	MaxWaiting  int           // per stream; 10,000

	once  sync.Once
	wake  chan struct{}
	moved chan struct{} // the shards may have changed
}

// Body returns the outbox's form of an item of an instance.
func (o *Outbox) Body(instance center.InstanceID, item contact.Streamed) []byte {
	return StreamMessage(o.Partition, instance, item)
}

const (
	pollEvery     = time.Second            // for deliveries that fall due, and clocks that are moved
	overflowEvery = time.Minute            // how often MaxWaiting is enforced
	overflowPage  = 1000                   // deliveries that become dead letters at once
	ahead         = 100 * time.Millisecond // how early a delivery may go: in a burst, the times of items run ahead of the clock
	stopGrace     = 3 * time.Second        // for attempts under way when Run is to end
	firstBackoff  = time.Second            // after a first failure
	lastBackoff   = 5 * time.Minute        // for a delivery
	lastAlone     = 30 * time.Second       // for a destination
)

// Wake reports that deliveries were committed. It never blocks and may be called at any time.
func (o *Outbox) Wake() {
	o.init()
	select {
	case o.wake <- struct{}{}:
	default: // Run has not looked yet since the last call
	}
}

func (o *Outbox) init() {
	o.once.Do(func() { o.wake, o.moved = make(chan struct{}, 1), make(chan struct{}, 1) })
}

// Rebalance reports that what Held returns has changed. It never blocks and may be called at any time.
func (o *Outbox) Rebalance() {
	o.init()
	select {
	case o.moved <- struct{}{}:
	default:
	}
}

// Run delivers until ctx is done, then gives running attempts three seconds,
// stores their outcomes and returns nil. It returns the store's error when the
// store was closed. When the shards change, running attempts have the same three seconds, then it goes on with
// those that it has; what another node has taken that one sends, and perhaps again. Only one Run may work on a shard.
func (o *Outbox) Run(ctx context.Context) error {
	o.init()
	if o.Held == nil {
		return newDispatcher(o, store.AllShards, nil).run(ctx)
	}
	for ctx.Err() == nil {
		shards, leases := o.Held()
		if err := o.turn(ctx, shards, leases); err != nil && !errors.Is(err, store.ErrFenced) {
			return err
		}
	}
	return nil
}

// turn delivers for some shards until they are others, or ctx is done.
func (o *Outbox) turn(ctx context.Context, shards store.Shards, leases []store.Lease) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	result := make(chan error, 1)
	if len(leases) > 0 {
		go func() { result <- newDispatcher(o, shards, leases).run(ctx) }()
	}
	same := func(a, b store.Lease) bool { return a.Name == b.Name && a.Version == b.Version }
	for {
		select {
		case <-o.moved:
			if _, now := o.Held(); slices.EqualFunc(now, leases, same) {
				continue
			}
		case err := <-result:
			if errors.Is(err, store.ErrFenced) { // until it is known to whom the shard has passed
				select {
				case <-o.moved:
				case <-time.After(pollEvery):
				case <-ctx.Done():
				}
			}
			return err
		case <-ctx.Done():
		}
		if end(); len(leases) > 0 {
			return <-result
		}
		return nil
	}
}

// backoff returns how long to wait after a number of failures.
func backoff(failures int, longest time.Duration) time.Duration {
	d := longest
	if failures < 16 {
		d = min(firstBackoff<<max(failures-1, 0), longest)
	}
	return jitter(d)
}

// jitter changes d by at most a fifth, so that what failed together is not retried together.
func jitter(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*d/5+1)
}
