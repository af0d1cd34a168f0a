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

// CounterType says what a counter counts. CountActive and CountQueued count chats; any other
// counter starts at 0 and has the sum of its quotas' deltas, and a row only while that is not 0.
type CounterType string

// The types of counters that count chats by their heads.
const (
	CountActive CounterType = "active-chats" // those of an instance whose Head.Active is set
	CountQueued CounterType = "queued"       // those whose Head.Queued is in the queue Key of an instance
)

// The types of counters of agents. They are never negative: a change that would make one so
// has freed what was not taken, a mistake of its author, and is refused with reason Internal.
const (
	CountSlots  CounterType = "slots"  // contacts that the user of the Key, USER/CHANNEL, has on a channel
	CountBarred CounterType = "barred" // what bars the user Key from being offered contacts
)

// ActiveChats is the counter of the active chats of an instance.
func ActiveChats(i center.InstanceID) Counter { return Counter{Type: CountActive, Instance: i} }

// QueuedChats is the counter of the chats that wait in a queue.
func QueuedChats(i center.InstanceID, q center.QueueID) Counter {
	return Counter{Type: CountQueued, Instance: i, Key: string(q)}
}

// Slots is the counter of the contacts that a user has on a channel, such as CHAT.
func Slots(i center.InstanceID, user center.UserID, channel string) Counter {
	return Counter{Type: CountSlots, Instance: i, Key: string(user) + "/" + channel}
}

// Barred is the counter of what bars a user from being offered contacts. A change that makes an offer has
// a [Quota] of it with a Delta and a Limit of 0.
func Barred(i center.InstanceID, user center.UserID) Counter {
	return Counter{Type: CountBarred, Instance: i, Key: string(user)}
}

// CountsChats reports whether the store can count from its rows what the counter counts.
func (c Counter) CountsChats() bool { return c.Type == CountActive || c.Type == CountQueued }

// NeverNegative reports whether a change that would make the counter negative is refused.
func (c Counter) NeverNegative() bool { return c.Type == CountSlots || c.Type == CountBarred }

// String returns a name that no other counter has.
func (c Counter) String() string {
	return strings.TrimSuffix(string(c.Type)+"/"+string(c.Instance)+"/"+c.Key, "/")
}

// Quota changes Counter by Delta, and may limit it: when neither Delta nor Limit
// is negative, the sum must not exceed Limit, else the change is refused
// with [ErrQuota]. It is exact however many changes are submitted together. With a
// Delta of 0 it is a condition alone: a counter above Limit refuses the change. A negative
// Delta is never refused for a limit.
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
