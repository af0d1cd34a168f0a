package measure

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Contact is the fact of a contact that is complete: it has ended, no agent has it in hand, and no message of it is being processed.
// Times are seconds since 1970, as in its record, 0 for those that it does not have.
type Contact struct {
	ID           center.ContactID `json:"id"`
	Chat         center.ContactID `json:"chat,omitempty"` // that it belongs to; until it is filled in
	Method       string           `json:"m"`              // InitiationMethod
	Reason       string           `json:"r,omitempty"`
	Subtype      string           `json:"sub,omitempty"`
	Queue        center.QueueID   `json:"q,omitempty"` // "" for none, and for an agent's own
	Agent        center.UserID    `json:"a,omitempty"` // the last one whom it was connected to
	Next         bool             `json:"n,omitempty"` // it went on as another contact (NextContactId)
	Initiated    int64            `json:"ti,omitempty"`
	System       int64            `json:"ts,omitempty"` // ConnectedToSystemTimestamp
	Enqueued     int64            `json:"te,omitempty"`
	Connected    int64            `json:"tc,omitempty"` // ConnectedToAgentTimestamp
	Disconnected int64            `json:"td,omitempty"`
	End          int64            `json:"tm,omitempty"` // Disconnected in milliseconds; until it is filled in
	AfterWork    int64            `json:"ta,omitempty"` // AfterContactWorkStartTimestamp
	AfterWorkEnd int64            `json:"tw,omitempty"`
	Transferred  int64            `json:"tt,omitempty"` // TransferCompletedTimestamp
	Steps        []Step           `json:"st,omitempty"` // of its routing criteria, without those that never came into force
	Last         string           `json:"ls,omitempty"` // the step that was in force when it left the queue

	// What follows is filled in when it is counted: see [Contact.Fill].
	Profile center.RoutingProfileID `json:"p,omitempty"` // of the agent
	Groups  string                  `json:"h,omitempty"` // see [Dims]
	Talk    Talk                    `json:"k,omitzero"`
}

// Step is a routing step that was in force for a contact.
type Step struct {
	Expression string `json:"x"` // see [Expression]
	Status     string `json:"s"` // RoutingCriteriaStepStatus
}

// Talk is what was said in a contact: members of its ChatMetrics. Times are milliseconds; nil for those that there are not.
type Talk struct {
	Messages      int64  `json:"n,omitempty"` // TotalMessages
	Bot           int64  `json:"b,omitempty"` // TotalBotMessages
	Close         *int64 `json:"c,omitempty"` // ConversationCloseTimeInMillis
	FirstResponse *int64 `json:"f,omitempty"` // AgentFirstResponseTimeInMillis
	FirstAt       int64  `json:"t,omitempty"` // AgentFirstResponseTimestamp, since 1970
	Agent         Side   `json:"a,omitzero"`
	Customer      Side   `json:"u,omitzero"`
}

// Side is what one side said.
type Side struct {
	Sent      int64 `json:"n,omitempty"` // MessagesSent
	Length    int64 `json:"l,omitempty"` // MessageLengthInChars
	Responses int64 `json:"r,omitempty"` // NumResponses
	Waited    int64 `json:"w,omitempty"` // TotalResponseTimeInMillis
}

// Setting is what has been set up for an agent when a fact of his is counted.
type Setting struct {
	Profile center.RoutingProfileID
	Groups  []center.HierarchyGroupID // from the top
}

// groups is the form of groups in [Dims].
func (s Setting) groups() string {
	names := make([]string, len(s.Groups))
	for i, g := range s.Groups {
		names[i] = string(g)
	}
	return strings.Join(names, "/")
}

// subtypeAttribute is the segment attribute that has the subtype.
const subtypeAttribute = "connect:Subtype"

// OfRecord returns the fact of a contact that is complete.
func OfRecord(c *center.Contact) Contact {
	f := Contact{
		ID: c.ID, Chat: c.Chat, Method: c.InitiationMethod, Reason: c.DisconnectReason, Queue: queueOf(c.Queue), Agent: c.Agent, Next: c.Next != "",
		Initiated: second(c.Initiated), System: second(c.ConnectedSystem), Enqueued: second(c.Enqueued), Connected: second(c.AgentConnected),
		Disconnected: second(c.Disconnected), AfterWork: second(c.AfterWork), AfterWorkEnd: second(c.AfterWorkEnd), Transferred: second(c.Transferred),
	}
	f.End = c.Disconnected.UnixMilli()
	if c.AgentConnected.IsZero() {
		f.Agent = ""
	}
	if c.Enqueued.IsZero() {
		f.Queue = ""
	}
	if v := c.SegmentAttrs[subtypeAttribute].String; v != nil {
		f.Subtype = *v
	}
	for i := range c.Criteria {
		set := &c.Criteria[i]
		for j := range set.Steps {
			step := Step{Expression(set.Steps[j].Expression), set.Steps[j].Status}
			if step.Status != stepInactive {
				f.Steps = append(f.Steps, step)
			}
			if i == len(c.Criteria)-1 && j == set.Index {
				f.Last = step.Expression
			}
		}
	}
	return f
}

// The statuses of routing steps that count (RoutingCriteriaStepStatus).
const (
	stepInactive = "INACTIVE"
	stepJoined   = "JOINED"
	stepExpired  = "EXPIRED"
)

// Expression is the text by which a routing step is named in filters and groupings (ROUTING_STEP_EXPRESSION): its Expression as JSON with the members of objects in
// the order of their names, and without white space. Of what is no JSON it is the text itself.
func Expression(raw []byte) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return string(raw)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// queueOf leaves agents' own queues out: historical metrics do not know them.
func queueOf(id center.QueueID) center.QueueID {
	if strings.HasPrefix(string(id), machine.AgentQueue) {
		return ""
	}
	return id
}

func second(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Bare reports whether nothing is known of a contact but its id and its chat: its record is in the store alone.
func (c *Contact) Bare() bool { return c.Disconnected == 0 }

// Fill completes a fact with what was said, and with what has been set up for the agent. What it took to find that out is
// not kept.
func (c *Contact) Fill(talk Talk, of Setting) {
	c.Talk, c.Chat, c.End = talk, "", 0
	if c.Agent != "" {
		c.Profile, c.Groups = of.Profile, of.groups()
	}
}

// queued is how long the contact was in its queue (Queue.Duration), in seconds; ok is false for one that never was.
func (c *Contact) queued() (seconds int64, ok bool) {
	if c.Enqueued == 0 {
		return 0, false
	}
	left := c.Connected
	if left == 0 {
		left = c.Disconnected
	}
	return max(0, left-c.Enqueued), true
}

// moments are the times at which the contact counts for something, in seconds.
func (c *Contact) moments() [4]int64 {
	return [4]int64{c.Disconnected, c.Initiated, c.Enqueued, c.Connected}
}

// addTo adds what the contact counts for between two times, in milliseconds.
func (c *Contact) addTo(cells Cells, from, to int64) {
	within := func(second int64) bool { return second != 0 && second*1000 >= from && second*1000 < to }
	d := Dims{
		Queue: c.Queue, Profile: c.Profile, Agent: c.Agent, Groups: c.Groups, Subtype: c.Subtype, Method: c.Method, Reason: c.Reason, Step: c.Last,
	}
	var cell *Cell
	one := func(s Sum) {
		if cell == nil {
			cell = cells.at(d)
		}
		cell.Sums[s]++
	}
	if within(c.Initiated) {
		one(Created)
	}
	if within(c.Enqueued) {
		one(QueuedThen)
	}
	if within(c.Connected) {
		one(HandledThen)
	}
	if !within(c.Disconnected) {
		return
	}
	one(Ended)
	c.addWait(cell)
	c.addWork(cell)
	c.addTalk(cell)
	for _, s := range c.Steps {
		d.Step = s.Expression
		step := cells.at(d)
		step.Sums[StepQueued]++
		switch s.Status {
		case stepExpired:
			step.Sums[StepExpired]++
		case stepJoined:
			step.Sums[StepJoined]++
		}
	}
}

// addWait adds how the contact waited, and how it went on.
func (c *Contact) addWait(cell *Cell) {
	s := &cell.Sums
	resolution := max(0, max(c.AfterWorkEnd, c.Disconnected)-c.Initiated)
	s[Resolution] += resolution
	cell.Times[Resolved].add(resolution, 1)
	s[Duration] += c.Disconnected - c.Initiated
	if c.System != 0 && slices.Contains(flowMethods, c.Method) {
		left := c.Disconnected
		if c.Transferred != 0 {
			left = c.Transferred
		}
		if c.Enqueued != 0 {
			left = c.Enqueued
		}
		s[FlowContacts]++
		s[FlowTime] += left - c.System
	}
	waited, queued := c.queued()
	inQueue := queued && c.Connected == 0 // PreDisconnectState IN_QUEUE
	if c.Transferred != 0 {
		s[TransferredOut]++
		switch {
		case c.Connected != 0:
			s[TransferredByAgent]++
		case inQueue:
			s[TransferredFromQueue]++
		}
	}
	if !queued {
		return
	}
	s[Queued]++
	cell.Longest = max(cell.Longest, waited)
	switch {
	case !inQueue:
		s[Answered]++
		s[AnswerTime] += waited
		cell.Times[AnsweredIn].add(waited, 1)
	case !c.Next && c.Transferred == 0:
		s[Abandoned]++
		s[AbandonTime] += waited
		cell.Times[AbandonedIn].add(waited, 1)
	default:
		cell.Times[LeftIn].add(waited, 1)
	}
	if inQueue {
		s[DisconnectedInQueue]++
	}
}

// flowMethods are the initiation methods of contacts whose time in flows counts.
var flowMethods = []string{"INBOUND", center.MethodTransfer, center.MethodQueueTransfer, center.MethodAPI}

// addWork adds what agents did.
func (c *Contact) addWork(cell *Cell) {
	if c.Connected == 0 {
		return
	}
	s := &cell.Sums
	left := c.AfterWork
	if left == 0 {
		left = c.Disconnected
	}
	interaction, after := max(0, left-c.Connected), int64(0)
	if c.AfterWork != 0 && c.AfterWorkEnd != 0 {
		after = max(0, c.AfterWorkEnd-c.AfterWork)
	}
	s[Handled]++
	s[Interaction] += interaction
	s[AfterWork] += after
	if interaction+after > 0 {
		s[Active]++
	}
	if c.Talk.Agent.Sent == 0 || c.Talk.Customer.Sent == 0 {
		s[ConversationAbandoned]++
	}
}

// addTalk adds what was said.
func (c *Contact) addTalk(cell *Cell) {
	s, k := &cell.Sums, &c.Talk
	s[Messages] += k.Messages
	s[BotMessages] += k.Bot
	s[AgentMessages] += k.Agent.Sent
	s[AgentLength] += k.Agent.Length
	s[AgentResponses] += k.Agent.Responses
	s[AgentWaited] += k.Agent.Waited
	s[CustomerMessages] += k.Customer.Sent
	s[CustomerLength] += k.Customer.Length
	s[CustomerResponses] += k.Customer.Responses
	s[CustomerWaited] += k.Customer.Waited
	if k.Close != nil {
		s[Closed]++
		s[CloseTime] += *k.Close
	}
	if k.FirstResponse != nil {
		s[FirstResponses]++
		s[FirstResponseTime] += *k.FirstResponse
	}
	if k.FirstAt != 0 && c.Enqueued != 0 {
		s[FirstAnswers]++
		s[FirstAnswerTime] += max(0, k.FirstAt-c.Enqueued*1000)
	}
}
