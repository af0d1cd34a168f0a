package store

import (
	"strings"

	"parley.example/parley/internal/center"
)

// Counter names what a quota limits.
type Counter struct {
	Type     CounterType
	Instance center.InstanceID
	Key      string // which one of the instance's: the id of a queue, say
}

// CounterType says what a counter counts. Besides those that are named here any
// other is one that counts nothing in the store: it starts at 0 and has the
// value to which quotas have moved it.
type CounterType string

// The types of counters that count chats by their heads.
const (
	CountActive CounterType = "active-chats" // those of an instance whose Head.Active is set
	CountQueued CounterType = "queued"       // those whose Head.Place is in the queue Key of an instance
)

// ActiveChats is the counter of the active chats of an instance.
func ActiveChats(i center.InstanceID) Counter { return Counter{Type: CountActive, Instance: i} }

// QueuedChats is the counter of the chats that wait in a queue.
func QueuedChats(i center.InstanceID, q center.QueueID) Counter {
	return Counter{Type: CountQueued, Instance: i, Key: string(q)}
}

// CountsChats reports whether the store can count anew what the counter counts.
func (c Counter) CountsChats() bool { return c.Type == CountActive || c.Type == CountQueued }

// String returns a name that no other counter has.
func (c Counter) String() string {
	return strings.TrimSuffix(string(c.Type)+"/"+string(c.Instance)+"/"+c.Key, "/")
}

// Quota moves Counter by Delta, and may limit it: when Delta is positive and
// Limit is not negative, the sum must not pass Limit, else the change is refused
// with [ErrQuota]. It is exact however many changes are submitted together.
//
// A counter of chats has a row only while a limit is kept, so that those without
// one cost nothing. The row comes with the first quota that has a limit, made by
// counting; is moved by every quota after that, those that take away included;
// and goes with the first that adds without a limit. So it cannot go stale, as
// long as every change by which a chat begins or ends, or comes into a queue or
// leaves it, says so in a quota, limited or not.
type Quota struct {
	Counter Counter
	Delta   int64
	Limit   int64 // -1 for none
}
