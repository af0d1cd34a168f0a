package store

import (
	"time"

	"parley.example/parley/internal/center"
)

// Delivery is one message on its way to a streaming endpoint (message
// streaming). Deliveries of one Stream are of one Chat, or of none as those of
// an agent are, and go out in the order of their IDs.
type Delivery struct {
	ID       int64 // given by the store
	Stream   string
	Chat     center.ContactID // "" for none
	Instance center.InstanceID
	Endpoint string // where to: the StreamingEndpointArn
	Body     []byte
	Created  time.Time
	Due      time.Time
	Attempts int
	Error    string // of the last attempt
}

// Shard returns the shard that does the delivery: that of the chat or, without one, of the stream.
func (d *Delivery) Shard() int {
	if d.Chat == "" {
		return ShardOf(d.Stream)
	}
	return ShardOf(d.Chat)
}

// DeadQuery asks for dead letters. Zero members do not restrict.
type DeadQuery struct {
	Endpoint string
	After    int64 // only those with a greater ID
	Limit    int   // at most 1,000; 0 means 1,000
}

// Upload is a file that was announced for a chat. It stays noted until it is
// settled: completed, or cleared away some time after Expires.
type Upload struct {
	ID      string // of the attachment
	Chat    center.ContactID
	Expires time.Time
}

// Chores are the results of background work, for the store's work lists. Entries
// that do not exist any more are ignored.
type Chores struct {
	// Fences are the leases under which the work was done: the chores are
	// refused with ErrFenced unless their nodes hold them all, with those versions, at the
	// moment at which they are applied. An expired lease is held until another node claims it.
	Fences []Lease

	// Delivered removes deliveries from the outbox, by ID; Postponed rewrites Due, Attempts and Error of
	// deliveries; Dead moves deliveries to the dead letters, with their Error.
	Delivered []int64
	Postponed []Delivery
	Dead      []Delivery
	// Replayed moves dead letters back into the outbox, by ID, with their Due and Created: they are as if they
	// had been put there then, but in their streams they stand where they stood. Those of a chat that is being erased stay. Dropped deletes
	// dead letters, by ID.
	Replayed []Delivery
	Dropped  []int64
	// Settled removes the records of uploads, by ID; Uploads gives others the new Expires.
	Settled []string
	Uploads []Upload
}

// FarAhead is how many times its length a lease may be ahead of a node's clock: so far
// the clocks of nodes may differ.
const FarAhead = 6

// Lease is a right to some work that one node has at a time.
type Lease struct {
	Name    string
	Node    string // that holds it
	Version int64  // one more each time the holder changes
	Expires time.Time
}
