package measure

import (
	"cmp"
	"slices"

	"parley.example/parley/internal/center"
)

// Dims is what facts have in common that are added up. A member is empty where a fact has none.
type Dims struct {
	Queue   center.QueueID
	Profile center.RoutingProfileID
	Agent   center.UserID
	Groups  string // the ids of the groups of the agent's hierarchy, from the top, with / between them
	Subtype string
	Method  string // InitiationMethod
	Reason  string // DisconnectReason
	Step    string // see [Expression]
}

// dim is the number of a member of [Dims].
type dim int

// The dimensions. They are stored by their numbers.
const (
	dimQueue dim = iota
	dimProfile
	dimAgent
	dimGroups
	dimSubtype
	dimMethod
	dimReason
	dimStep

	dims int = iota
)

func (d *Dims) members() [dims]string {
	return [dims]string{string(d.Queue), string(d.Profile), string(d.Agent), d.Groups, d.Subtype, d.Method, d.Reason, d.Step}
}

// dimsOf is the reverse of [Dims.members].
func dimsOf(m *[dims]string) Dims {
	return Dims{center.QueueID(m[dimQueue]), center.RoutingProfileID(m[dimProfile]), center.UserID(m[dimAgent]), m[dimGroups], m[dimSubtype], m[dimMethod], m[dimReason], m[dimStep]}
}

func compareDims(a, b Dims) int {
	x, y := a.members(), b.members()
	return slices.Compare(x[:], y[:])
}

// Sum is one of the sums in a [Cell].
type Sum int

// The sums. Times of contacts are in seconds; those of agents and of conversations in milliseconds. They are stored by their numbers: a new
// one goes to the end.
const (
	Created     Sum = iota // contacts, by their initiation
	QueuedThen             // contacts, by their enqueuing
	HandledThen            // contacts, by their connection to the agent

	Ended // contacts, as all that follow, by their end
	Queued
	Answered // those in a queue that were connected to an agent
	AnswerTime
	Abandoned
	AbandonTime
	DisconnectedInQueue
	Resolution
	Duration
	FlowContacts
	FlowTime
	TransferredOut
	TransferredByAgent
	TransferredFromQueue
	Handled
	Interaction
	AfterWork
	Active // those handled in which an agent spent any time
	ConversationAbandoned
	StepQueued // routing steps
	StepExpired
	StepJoined
	Messages
	BotMessages
	AgentMessages
	AgentLength
	AgentResponses
	AgentWaited
	CustomerMessages
	CustomerLength
	CustomerResponses
	CustomerWaited
	Closed // those with a CloseTime
	CloseTime
	FirstResponses
	FirstResponseTime
	FirstAnswers
	FirstAnswerTime

	Rings // offers, by the time of the ring
	Accepted
	NonResponses
	Connectings
	Connecting

	Online // of agents' time
	OnContact
	Idle
	NonProductive
	Failed
	Busy // with at least one contact
	Handling
	BusyInQueue // with at least one contact of the queue
	HandlingInQueue

	sums int = iota
)

// Class is a class of contacts whose times are counted one by one, for thresholds.
type Class int

// The classes.
const (
	AnsweredIn  Class = iota // Queue.Duration of those that were connected to an agent
	AbandonedIn              // of those that were abandoned
	LeftIn                   // of those that left the queue in any other way
	Resolved                 // from the initiation to the end of all work

	classes int = iota
)

// Cell is what facts add up to.
type Cell struct {
	Sums    [sums]int64
	Longest int64 // the longest Queue.Duration, in seconds
	// Times are the times of each class. Parts that no threshold is about have none.
	Times [classes]Times
}

// Times says how many contacts took how many seconds, the shortest time first.
type Times []Taken

// Taken is how many contacts took so many seconds.
type Taken struct{ Seconds, Contacts int64 }

// add adds contacts that took so many seconds.
func (t *Times) add(seconds, contacts int64) {
	i, known := slices.BinarySearchFunc(*t, seconds, func(e Taken, s int64) int { return cmp.Compare(e.Seconds, s) })
	if !known {
		*t = slices.Insert(*t, i, Taken{Seconds: seconds})
	}
	(*t)[i].Contacts += contacts
}

func (c *Cell) addSums(o *Cell) {
	for i, v := range o.Sums {
		c.Sums[i] += v
	}
	c.Longest = max(c.Longest, o.Longest)
}

func (c *Cell) addTimes(o *Cell) {
	for class, times := range o.Times {
		for _, e := range times {
			c.Times[class].add(e.Seconds, e.Contacts)
		}
	}
}

// Cells are facts that were added up.
type Cells map[Dims]*Cell

func (c Cells) at(d Dims) *Cell {
	cell := c[d]
	if cell == nil {
		cell = &Cell{}
		c[d] = cell
	}
	return cell
}

// Add adds a cell.
func (c Cells) Add(d Dims, cell *Cell) {
	into := c.at(d)
	into.addSums(cell)
	into.addTimes(cell)
}

// Part is a part of all cells that is kept by itself, since few questions need more of them.
type Part string

// The parts.
const (
	ByQueue  Part = "queue"  // contacts, by Queue, Profile and Subtype
	ByWay    Part = "way"    // contacts, without Agent, Groups and Step
	ByAgent  Part = "agent"  // contacts, by Agent, Profile, Groups and Subtype
	Contacts Part = "all"    // contacts
	Agents   Part = "agents" // rings and agents' time
)

// partOf is a part of contacts.
type partOf struct {
	Part
	by    []dim
	times bool // it has the times of contacts
}

// contactParts are the parts of contacts, the shortest first. A question is answered from the first one that has its dimensions.
var contactParts = []partOf{
	{ByQueue, []dim{dimQueue, dimProfile, dimSubtype}, true},
	{ByWay, []dim{dimQueue, dimProfile, dimSubtype, dimMethod, dimReason}, true},
	{ByAgent, []dim{dimAgent, dimProfile, dimGroups, dimSubtype}, false},
	{Contacts, []dim{dimQueue, dimProfile, dimAgent, dimGroups, dimSubtype, dimMethod, dimReason, dimStep}, false},
}

// Kinds returns the kinds of facts in a part.
func (p Part) Kinds() []Kind {
	if p == Agents {
		return []Kind{KindRing, KindSpan}
	}
	return []Kind{KindContact}
}

// In returns the cells in the dimensions of a part of contacts, with their Times if it has those.
func (c Cells) In(p Part) Cells {
	i := slices.IndexFunc(contactParts, func(of partOf) bool { return of.Part == p })
	if i < 0 {
		return c
	}
	of, out := &contactParts[i], Cells{}
	for d, cell := range c {
		var m [dims]string
		all := d.members()
		for _, by := range of.by {
			m[by] = all[by]
		}
		into := out.at(dimsOf(&m))
		into.addSums(cell)
		if of.times {
			into.addTimes(cell)
		}
	}
	return out
}
