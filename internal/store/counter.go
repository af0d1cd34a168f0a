package store

import (
	"strings"

	"parley.example/parley/internal/center"
)

// Counter identifies what a quota limits.
type Counter struct {
	Type     CounterType
	Instance center.InstanceID
	Key      string // which one of the instance's: the id of a queue, say
}

// CounterType says what a counter counts. The types below count chats; any other
// counter starts at 0 and has the sum of its quotas' deltas.
type CounterType string

// The types of counters that count chats by their heads.
const (
	CountActive CounterType = "active-chats" // those of an instance whose Head.Active is set
	CountQueued CounterType = "queued"       // those whose Head.Queued is in the queue Key of an instance
)

// ActiveChats is the counter of the active chats of an instance.
func ActiveChats(i center.InstanceID) Counter { return Counter{Type: CountActive, Instance: i} }

// QueuedChats is the counter of the chats that wait in a queue.
func QueuedChats(i center.InstanceID, q center.QueueID) Counter {
	return Counter{Type: CountQueued, Instance: i, Key: string(q)}
}

// CountsChats reports whether the store can count from its rows what the counter counts.
func (c Counter) CountsChats() bool { return c.Type == CountActive || c.Type == CountQueued }

// String returns a name that no other counter has.
func (c Counter) String() string {
	return strings.TrimSuffix(string(c.Type)+"/"+string(c.Instance)+"/"+c.Key, "/")
}

// Quota changes Counter by Delta, and may limit it: when Delta is positive and
// Limit is not negative, the sum must not exceed Limit, else the change is refused
// with [ErrQuota]. It is exact however many changes are submitted together.
//
// A counter of chats has a row only while it has a limit, so that others cost
// nothing. The first quota with a limit creates the row by counting; every later
// one updates it; and the first positive one without a limit deletes it. So it
// stays correct as long as every change by which a chat begins or ends, or enters
// or leaves a queue, has a quota, limited or not.
type Quota struct {
	Counter Counter
	Delta   int64
	Limit   int64 // -1 for none
}
