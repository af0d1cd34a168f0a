package contact

import (
	"errors"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// QueueEntry is where a contact waits for an agent. The contacts of a queue are
// taken by [Chat.Priority], lower first, then by rank: Since, or Ranked, less the
// contact's time adjustment, earlier first.
type QueueEntry struct {
	Queue  center.QueueID `json:"queue"`
	Since  time.Time      `json:"since"`
	Ranked time.Time      `json:"ranked,omitzero"` // what counts in place of Since for its rank; zero for Since
	Steps  []Step         `json:"steps,omitempty"` // the routing criteria in force
	Active time.Time      `json:"active,omitzero"` // since when they are in force
	Step   int            `json:"step,omitempty"`  // the active one; len(Steps) when anybody may take the contact
	StepBy time.Time      `json:"stepBy,omitzero"` // when the active step expires
}

// Step is one step of routing criteria that are in force (RoutingCriteria.Steps).
type Step struct {
	flow.Criterion
	Status string `json:"status"`
}

// The statuses of a step (RoutingCriteriaStepStatus).
const (
	StepInactive = "INACTIVE"
	StepActive   = "ACTIVE"
	StepJoined   = "JOINED"
	StepExpired  = "EXPIRED"
)

// defaultPriority is the QueuePriority of a contact that has none of its own.
const defaultPriority = 5

// Priority is the current contact's priority in its queue: lower is sooner.
func (c *Chat) Priority() int64 {
	if p := c.Current().QueuePriority; p > 0 {
		return p
	}
	return defaultPriority
}

// rank is the time that orders contacts of one priority.
func (c *Chat) rank() time.Time {
	since := c.Queue.Since
	if !c.Queue.Ranked.IsZero() {
		since = c.Queue.Ranked
	}
	return since.Add(-time.Duration(c.Current().QueueTimeAdjust) * time.Second)
}

// Rank returns where the contact waits: the queue, its priority there, and the
// time that orders contacts of the same priority. ok is false when it is in no queue.
func (c *Chat) Rank() (queue center.QueueID, priority int64, rank time.Time, ok bool) {
	if c.Queue == nil {
		return "", 0, time.Time{}, false
	}
	return c.Queue.Queue, c.Priority(), c.rank(), true
}

// enqueue puts the current contact into a queue, and starts its customer queue
// flow. limit is how many may wait there, -1 for any number.
func (d *decision) enqueue(q machine.Queue, limit int64) error {
	f, id, err := d.queueFlow()
	c, cur := d.edit(), d.current()
	if f != nil && f.Silent() && !c.hasWaited() {
		d.logProblem(id, errSilent)
	}
	c.Target = q
	c.Queue = &QueueEntry{Queue: q.ID, Since: d.env.Now}
	cur.Queue, cur.Enqueued = q.ID, d.env.Now
	d.change.Queues = append(d.change.Queues, QueueMove{Queue: q.ID, Delta: 1, Limit: limit})
	if !strings.HasPrefix(string(q.ID), machine.AgentQueue) {
		c.Queue.activate(c.Criteria, d.env.Now)
	}
	if err != nil {
		d.logProblem(id, err)
	}
	if f == nil {
		return nil
	}
	return d.run(f, id, machine.KindCustomerQueue)
}

// errSilent is what the flow log has of a customer queue flow that says nothing, once for a chat.
var errSilent = errors.New("the customer queue flow has nothing that a chat can say: the customer is told nothing while he waits")

// hasWaited reports whether a contact of the chat has been in a queue.
func (c *Chat) hasWaited() bool {
	return c.Latest.Queue != "" || slices.ContainsFunc(c.Segments, func(s Segment) bool { return s.Queue != "" })
}

// queueFlow returns the flow that runs while the contact waits: the hook
// CustomerQueue, else the instance's default. There may be neither.
func (d *decision) queueFlow() (*flow.Flow, center.FlowID, error) {
	if ref := d.chat.Hooks[hookCustomerQueue]; ref != "" {
		f, id, err := d.flow(ref)
		if err != nil {
			id = ref.ID()
		}
		return f, id, err
	}
	f, id, err := d.env.Catalog.Default(d.chat.Instance, "CUSTOMER_QUEUE")
	if center.ReasonOf(err) == center.NotFound {
		return nil, "", nil
	}
	return f, id, err
}

// The hooks that the chat itself calls (UpdateContactEventHooks).
const (
	hookCustomerQueue     = "CustomerQueue"
	hookAgentWhisper      = "AgentWhisper"
	hookCustomerWhisper   = "CustomerWhisper"
	hookCustomerRemaining = "CustomerRemaining"
)

// requeue transfers to another queue, as a new contact of the chain. Such
// transfers may exceed a queue's MaxContacts by a fifth.
func (d *decision) requeue(q machine.Queue) error {
	_, id, _ := d.queueFlow()
	d.segment(center.MethodQueueTransfer, "", center.FlowRef(id))
	return d.enqueue(q, beyond(q.Max))
}

// beyond is how many contacts a queue may have that takes limit from flows, when they are transferred to it.
func beyond(limit int64) int64 {
	if limit > 0 {
		limit += limit / 5
	}
	return limit
}

// enqueueAt is enqueue at the rank that a contact had in an earlier queue, the zero time for none.
func (d *decision) enqueueAt(q machine.Queue, limit int64, ranked time.Time) error {
	if err := d.enqueue(q, limit); err != nil {
		return err
	}
	if p := d.edit().Queue; p != nil { // it may have left the queue again
		p.Ranked, d.current().Ranked = ranked, ranked
	}
	return nil
}

// unqueue takes the contact out of its queue.
func (d *decision) unqueue() {
	c := d.edit()
	if c.Queue == nil {
		return
	}
	d.change.Queues = append(d.change.Queues, QueueMove{Queue: c.Queue.Queue, Delta: -1, Limit: -1})
	d.retireCriteria()
	c.Queue = nil
}

// retireCriteria puts the criteria in force, if there are any, into the contact's record.
func (d *decision) retireCriteria() {
	was := d.chat.Queue.Criteria()
	if was == nil {
		return
	}
	cur := d.current()
	cur.Criteria = append(slices.Clone(cur.Criteria), *was)
	if n := len(cur.Criteria); n > center.MaxCriteria {
		cur.Criteria = cur.Criteria[n-center.MaxCriteria:]
	}
}

// Criteria returns the routing criteria in force, nil when there are none.
func (p *QueueEntry) Criteria() *center.RoutingCriteria {
	if p == nil || len(p.Steps) == 0 {
		return nil
	}
	c := &center.RoutingCriteria{Active: p.Active, Index: p.Step}
	expires := p.Active
	for i, s := range p.Steps {
		step := center.RoutingStep{Expression: s.Expression, Expiry: s.Expiry, Status: s.Status}
		if expires = expires.Add(s.Expiry); i <= p.Step && s.Expiry > 0 {
			step.ExpiresAt = expires
		}
		if i == p.Step {
			step.ExpiresAt = p.StepBy
		}
		c.Steps = append(c.Steps, step)
	}
	return c
}

// activate puts routing criteria in force.
func (p *QueueEntry) activate(criteria []flow.Criterion, now time.Time) {
	p.Active = now
	for _, criterion := range criteria {
		p.Steps = append(p.Steps, Step{criterion, StepInactive})
	}
	p.step(0, now)
}

// step makes step i the active one. A step without expiry stays active.
func (p *QueueEntry) step(i int, now time.Time) {
	p.Step, p.StepBy = i, time.Time{}
	if i >= len(p.Steps) {
		return
	}
	p.Steps[i].Status = StepActive
	if e := p.Steps[i].Expiry; e > 0 {
		p.StepBy = now.Add(e)
	}
}

// Route changes how the current contact is routed (UpdateContactRoutingData):
// where it waits, its place among the others changes at once.
type Route struct {
	Priority int64            // QueuePriority; 0 leaves it
	Adjust   *int32           // QueueTimeAdjustmentSeconds; nil leaves it
	Criteria []flow.Criterion // replace those in force; nil leaves them
}

func (r Route) decide(d *decision) error {
	switch {
	case d.chat.Ended:
		return center.Errorf(center.Conflict, "contact %s has ended", d.chat.Current().ID)
	case d.chat.Joining != "" || d.agents() > 0:
		return center.Errorf(center.Conflict, "an agent is on contact %s", d.chat.Current().ID)
	}
	c, cur := d.edit(), d.current()
	if r.Priority > 0 {
		cur.QueuePriority = r.Priority
	}
	if r.Adjust != nil {
		cur.QueueTimeAdjust = int64(*r.Adjust)
	}
	if r.Criteria == nil {
		return nil
	}
	c.Criteria = r.Criteria
	if c.Queue != nil {
		d.retireCriteria()
		c.Queue.Steps = nil
		c.Queue.activate(r.Criteria, d.env.Now)
	}
	return nil
}

// expireStep moves to the next step of the routing criteria.
func (d *decision) expireStep() {
	d.current()
	p := d.edit().Queue
	p.Steps[p.Step].Status = StepExpired
	p.step(p.Step+1, d.env.Now)
}

// maxWhisper is how long a whisper may take.
const maxWhisper = 2 * time.Minute

// Join adds an agent who has accepted a contact that waits in a queue: [Offer] and
// [Accept] in one, without a limit. The reply's Participant is the agent. An agent
// who has joined already, or is joining, gets the same answer; one for whom the contact was over
// has cleared it. He need not be a user of the instance.
type Join struct {
	User        center.UserID
	DisplayName string
	UserName    string // $.Agent.UserName
	FirstName   string
	LastName    string
}

func (j Join) decide(d *decision) error {
	if w := d.chat.WorkOf(j.User); w != nil && w.State != WorkConnecting && w.State != WorkConnected {
		if err := d.clear(*w, d.env.Now); err != nil {
			return err
		}
	}
	return Offer{
		User: j.User, Assigned: true, Guest: true,
		Identity: Identity{DisplayName: j.DisplayName, UserName: j.UserName, FirstName: j.FirstName, LastName: j.LastName},
	}.decide(d)
}

// whisper runs the whisper of a hook. For chats there is no default.
func (d *decision) whisper(kind machine.Kind, hook string) error {
	ref := d.chat.Hooks[hook]
	if ref == "" {
		return d.whispered(kind)
	}
	f, id, err := d.flow(ref)
	if err != nil {
		d.logProblem(ref.ID(), err)
		return d.whispered(kind)
	}
	d.edit().WhisperBy = d.env.Now.Add(maxWhisper)
	return d.run(f, id, kind)
}

// whispered is what follows a whisper.
func (d *decision) whispered(kind machine.Kind) error {
	if kind == machine.KindAgentWhisper {
		return d.admit()
	}
	return nil
}

// admit lets the agent who was joining into the chat. The contact leaves its
// queue, and the customer queue flow is stopped wherever it is.
func (d *decision) admit() error {
	d.stopFlows()
	if p := d.edit().Queue; p != nil && p.Step < len(p.Steps) {
		p.Steps[p.Step].Status = StepJoined
	}
	d.unqueue()
	d.removeBots()
	c, cur := d.edit(), d.current()
	p := c.Participant(c.Joining)
	c.Joining = ""
	cur.AgentConnected = d.env.Now
	d.joins(p)
	return d.whisper(machine.KindCustomerWhisper, hookCustomerWhisper)
}

// joins lets an agent take part.
func (d *decision) joins(p *Participant) {
	p.Joined, d.current().Agent = d.env.Now, p.User
	if w := d.edit().WorkOf(p.User); w != nil {
		w.Connected = d.env.Now
	}
	d.add(d.event(center.EventJoined, *p))
	d.startIdle()
}

// decline removes an agent who was joining, whose work is in state from then on. The
// contact keeps waiting.
func (d *decision) decline(state WorkState) {
	c := d.edit()
	d.stopWork(c.Joining, state)
	if c.Whisper != nil {
		d.dropEffect(c.Whisper.Wait.Effect)
	}
	c.Whisper, c.WhisperBy = nil, time.Time{}
	c.Participant(c.Joining).Left = d.env.Now
	c.Joining = ""
}

// dropEffect removes an effect whose result is not needed any more.
func (d *decision) dropEffect(id string) {
	is := func(e Effect) bool { return id != "" && e.ID == id }
	c := d.edit()
	c.Effects = slices.DeleteFunc(c.Effects, is)
	d.change.Effects = slices.DeleteFunc(d.change.Effects, is)
}

// whisperTimedOut ends a whisper that takes too long: an agent's with the
// agent's joining, a customer's with the contact.
func (d *decision) whisperTimedOut() error {
	if d.chat.Joining != "" {
		d.decline(WorkError)
		return nil
	}
	return d.end(center.ReasonFlow)
}
