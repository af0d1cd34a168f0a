package measure

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
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

func (d *Dims) members() [8]string {
	return [8]string{string(d.Queue), string(d.Profile), string(d.Agent), d.Groups, d.Subtype, d.Method, d.Reason, d.Step}
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
	// Times are the times of each class. A cell that was read has none unless they were asked for.
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

func (c *Cell) add(o *Cell) {
	for i, v := range o.Sums {
		c.Sums[i] += v
	}
	c.Longest = max(c.Longest, o.Longest)
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
func (c Cells) Add(d Dims, cell *Cell) { c.at(d).add(cell) }

// Part is a part of all cells that is kept by itself, since few questions need more of them.
type Part string

// The parts.
const (
	ByQueue  Part = "queue"  // contacts, without Agent, Groups, Step, Method and Reason
	ByWay    Part = "way"    // contacts, without Agent, Groups and Step
	Contacts Part = "all"    // contacts
	Agents   Part = "agents" // rings and agents' time
)

// Kinds returns the kinds of facts in a part.
func (p Part) Kinds() []Kind {
	if p == Agents {
		return []Kind{KindRing, KindSpan}
	}
	return []Kind{KindContact}
}

// In returns the cells in the dimensions of a part of contacts.
func (c Cells) In(p Part) Cells {
	if p != ByQueue && p != ByWay {
		return c
	}
	out := Cells{}
	for d, cell := range c {
		d.Agent, d.Groups, d.Step = "", "", ""
		if p == ByQueue {
			d.Method, d.Reason = "", ""
		}
		out.Add(d, cell)
	}
	return out
}

// Encode returns cells in a compact form, their Times apart. The same cells give the same bytes.
//
// The first is the texts of the dimensions, each once, then for each cell the numbers of its texts, its Longest, and each sum that is not 0
// behind its number and one. The second is for each cell and class the times, as differences, with how many took them. All are varints.
func (c Cells) Encode() (all, times []byte) {
	keys := slices.SortedFunc(maps.Keys(c), compareDims)
	numbers := map[string]uint64{}
	var texts []string
	for _, d := range keys {
		for _, m := range d.members() {
			if _, known := numbers[m]; !known {
				numbers[m] = uint64(len(texts))
				texts = append(texts, m)
			}
		}
	}
	all = binary.AppendUvarint(all, uint64(len(texts)))
	for _, text := range texts {
		all = append(binary.AppendUvarint(all, uint64(len(text))), text...)
	}
	for _, d := range keys {
		cell := c[d]
		for _, m := range d.members() {
			all = binary.AppendUvarint(all, numbers[m])
		}
		all = binary.AppendVarint(all, cell.Longest)
		for i, v := range cell.Sums {
			if v != 0 {
				all = binary.AppendVarint(binary.AppendUvarint(all, uint64(i)+1), v)
			}
		}
		all = binary.AppendUvarint(all, 0)
		for _, class := range cell.Times {
			times = binary.AppendUvarint(times, uint64(len(class)))
			before := int64(0)
			for _, e := range class {
				times = binary.AppendVarint(binary.AppendVarint(times, e.Seconds-before), e.Contacts)
				before = e.Seconds
			}
		}
	}
	return all, times
}

var errCells = errors.New("kept cells are damaged")

// DecodeCells calls each with every cell of what [Cells.Encode] returned; with its Times unless times is nil. Both are valid until each returns.
func DecodeCells(all, times []byte, each func(d *Dims, c *Cell)) error {
	r := reader{rest: all}
	texts := make([]string, 0, min(r.uint(), uint64(len(all))))
	for range cap(texts) {
		texts = append(texts, string(r.bytes(r.uint())))
	}
	seen := reader{rest: times}
	var c Cell
	for len(r.rest) > 0 && !r.bad {
		c.Sums = [sums]int64{}
		var m [8]string
		for i := range m {
			n := r.uint()
			if n >= uint64(len(texts)) {
				return errCells
			}
			m[i] = texts[n]
		}
		d := Dims{center.QueueID(m[0]), center.RoutingProfileID(m[1]), center.UserID(m[2]), m[3], m[4], m[5], m[6], m[7]}
		c.Longest = r.int()
		for i := r.uint(); i != 0; i = r.uint() {
			v := r.int()
			if i <= uint64(sums) {
				c.Sums[i-1] = v
			}
		}
		if times != nil {
			for class := range c.Times {
				seen.times(&c.Times[class])
			}
		}
		if r.bad || seen.bad {
			return errCells
		}
		each(&d, &c)
	}
	if r.bad {
		return errCells
	}
	return nil
}

// reader reads varints. Behind the end everything is 0, and bad is set.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.rest, r.bad = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// times reads times in place of those that t has.
func (r *reader) times(t *Times) {
	*t = (*t)[:0]
	seconds := int64(0)
	for range min(r.uint(), uint64(len(r.rest))) {
		seconds += r.int()
		*t = append(*t, Taken{seconds, r.int()})
	}
}
