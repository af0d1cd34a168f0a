package routing

import (
	"bytes"
	"math"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Channel is what a contact is (Channel).
type Channel uint8

// The channels.
const (
	Voice Channel = iota
	Chat
	Task
	Email

	channels
)

var channelNames = [channels]string{"VOICE", "CHAT", "TASK", "EMAIL"}

// ParseChannel reads the API's word for a channel, for example CHAT.
func ParseChannel(s string) (c Channel, ok bool) {
	i := slices.Index(channelNames[:], s)
	return Channel(max(i, 0)), i >= 0
}

func (c Channel) String() string { return channelNames[c] }

// Slots counts contacts by channel.
type Slots [channels]int

// total is how many there are of all channels.
func (s Slots) total() (n int) {
	for _, of := range s {
		n += of
	}
	return n
}

// Profile is a routing profile: which contacts its agents take.
type Profile struct {
	ID        center.RoutingProfileID
	Max       Slots          // how many contacts of each channel an agent holds at most (Concurrency); 0 for none
	Any       [channels]bool // who holds one of the channel may get contacts of others: ROUTE_ANY_CHANNEL, else ROUTE_CURRENT_CHANNEL_ONLY
	Queues    []ProfileQueue // whose contacts are routed to the agents
	Manual    []ManualQueue  // whose contacts agents pick themselves. One that is in Queues as well is routed
	Inbound   bool           // availability is counted by Agent.LastInbound: TIME_SINCE_LAST_INBOUND
	LeastBusy bool           // whoever has the fewest slots in use comes first; Amazon Connect has no such setting
}

// ProfileQueue is a queue of a profile (RoutingProfileQueueConfig).
type ProfileQueue struct {
	Queue    center.QueueID
	Channel  Channel
	Priority int           // lower is first: 1 to 99
	Delay    time.Duration // how long a contact must have waited before it exists for the profile
}

// ManualQueue is a queue from which agents pick contacts (RoutingProfileManualAssignmentQueueConfig).
type ManualQueue struct {
	Queue   center.QueueID
	Channel Channel
}

// Proficiency is what an agent is good at (UserProficiency).
type Proficiency struct {
	Name, Value string
	Level       float64 // 1 to 5
}

// Agent is what the router has to know about an agent. It takes contacts when it is
// signed in, in a routable status and without a next one, and is not barred.
type Agent struct {
	User    center.UserID
	Profile center.RoutingProfileID

	SignedIn   bool
	Status     string // the name of the status, for explanations
	Routable   bool   // the status is of type ROUTABLE
	NextStatus string // the name of the next status, "" when there is none
	Barred     bool   // holds a contact that was missed or rejected, or is in error

	Held         Slots     // slots in use, as far as they are committed
	MaxChats     int       // of this agent, when the profile allows more; 0 for what the profile allows
	LastActivity time.Time // since when the agent has been available, by both timers
	LastInbound  time.Time

	Proficiencies []Proficiency
}

// open reports whether the agent takes contacts at all.
func (a *Agent) open() bool { return a.SignedIn && a.Routable && a.NextStatus == "" && !a.Barred }

// Contact is what the router has to know about a contact that waits.
type Contact struct {
	ID       center.ContactID // of the chat
	Channel  Channel
	Queue    center.QueueID
	Own      center.UserID   // whose own queue it waits in, in place of Queue
	Priority int64           // QueuePriority: lower is first; 0 for 5, the default
	Rank     time.Time       // orders contacts of equal priority, earlier first: less QueueTimeAdjustmentSeconds, and kept by some transfers
	Enqueued time.Time       // from which delays count
	Step     flow.Criterion  // the active step of its routing criteria; one without an Expression when anybody may take it
	Excluded []center.UserID // who does not get it for now
	Ringing  center.UserID   // whom it has been offered to; it is assigned to nobody while it rings
}

// equal reports whether two facts are the same.
func (c *Contact) equal(o *Contact) bool {
	return c.ID == o.ID && c.Channel == o.Channel && c.Queue == o.Queue && c.Own == o.Own && c.Ringing == o.Ringing &&
		c.Priority == o.Priority && c.Rank.Equal(o.Rank) && c.Enqueued.Equal(o.Enqueued) &&
		bytes.Equal(c.Step.Expression, o.Step.Expression) && slices.Equal(c.Excluded, o.Excluded)
}

// Assignment is a contact for an agent. See [Router.Release].
type Assignment struct {
	Contact center.ContactID
	User    center.UserID
	Channel Channel

	turn uint64 // tells it from an earlier one of the same two
}

const defaultPriority = 5

// nanos is a time as the router compares it. The zero time, and whatever is too long ago, is before everything.
func nanos(t time.Time) int64 {
	switch y := t.Year(); {
	case y < 1700:
		return math.MinInt64
	case y > 2200:
		return math.MaxInt64
	}
	return t.UnixNano()
}
