package contact

import (
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Work is a contact in an agent's hands, from the moment at which it rings there
// until the agent has cleared it. It takes one of the agent's slots all that time,
// also when the chat has long gone on without the agent, or has ended. That of a supervisor
// takes none, is connected from its beginning to its end, and is never to be cleared.
type Work struct {
	User        center.UserID        `json:"user"`
	Participant center.ParticipantID `json:"participant"` // made when the contact is offered; it takes part once the agent has accepted
	Contact     center.ContactID     `json:"contact"`
	State       WorkState            `json:"state"`
	Since       time.Time            `json:"since"`              // of the state
	Queued      time.Time            `json:"queued,omitzero"`    // since when the contact had waited
	Offered     time.Time            `json:"offered"`            // when it began to ring
	Accepted    time.Time            `json:"accepted,omitzero"`  // when the agent accepted it
	Connected   time.Time            `json:"connected,omitzero"` // when the agent joined the chat
	By          time.Time            `json:"by,omitzero"`        // until then it rings, or may be worked on after its end
	AfterWork   time.Duration        `json:"afterWork,omitzero"` // the limit of after-contact work; 0 for none
	Who         *Identity            `json:"who,omitempty"`      // while it rings or is connected
	Invited     bool                 `json:"invited,omitempty"`  // beside other agents: see [Invite]
	Quick       string               `json:"quick,omitempty"`    // the name of the quick connect by which he was invited
	Watch       *Watch               `json:"watch,omitempty"`    // of a supervisor
	Guest       bool                 `json:"guest,omitempty"`    // he was brought by [Join], and need not be a user
}

// Identity is what a chat has to know of an agent.
type Identity struct {
	DisplayName string `json:"name"`
	UserName    string `json:"userName,omitempty"` // $.Agent.UserName
	FirstName   string `json:"firstName,omitempty"`
	LastName    string `json:"lastName,omitempty"`
}

// WorkState is what has become of a contact in an agent's hands (AgentContactState).
type WorkState string

// The states of a contact in an agent's hands. It rings in the first. The last
// three bar the agent from being offered any other contact until they are cleared.
const (
	WorkConnecting WorkState = "CONNECTING"
	WorkConnected  WorkState = "CONNECTED"
	WorkEnded      WorkState = "ENDED" // after-contact work
	WorkMissed     WorkState = "MISSED"
	WorkRejected   WorkState = "REJECTED"
	WorkError      WorkState = "ERROR"
)

// Bars reports whether an agent with a contact in this state is offered no others.
func (s WorkState) Bars() bool { return s == WorkMissed || s == WorkRejected || s == WorkError }

// WorkMove is what a change did to a contact in an agent's hands.
type WorkMove struct {
	Was *Work // nil when it was offered by the change
	Is  *Work // nil when it was cleared or withdrawn
}

// User is the agent.
func (m WorkMove) User() center.UserID {
	if m.Is != nil {
		return m.Is.User
	}
	return m.Was.User
}

// Watches reports whether it is a supervisor's, whose work takes no slot and bars nothing.
func (m WorkMove) Watches() bool {
	return m.Was != nil && m.Was.Watch != nil || m.Is != nil && m.Is.Watch != nil
}

// maxWork bounds the agents who have one chat in their hands: those in it, those who have
// missed it and have not cleared that yet, and those in after-contact work. The oldest for whom it is over gives way.
const maxWork = 64

// WorkOf returns what an agent has in hand of the chat, nil for nothing.
func (c *Chat) WorkOf(user center.UserID) *Work {
	i := slices.IndexFunc(c.Work, func(w Work) bool { return w.User == user })
	if i < 0 {
		return nil
	}
	return &c.Work[i]
}

// InAfterWork reports whether a participant is an agent whose part in the chat is over and who
// has not cleared the contact yet.
func (c *Chat) InAfterWork(p center.ParticipantID) bool {
	return slices.ContainsFunc(c.Work, func(w Work) bool { return w.Participant == p && w.State == WorkEnded })
}

// Ringing returns the work of the agent whom the contact is offered to, nil when it is to nobody.
func (c *Chat) Ringing() *Work {
	i := slices.IndexFunc(c.Work, func(w Work) bool { return w.State == WorkConnecting })
	if i < 0 {
		return nil
	}
	return &c.Work[i]
}

// MovesOut returns what leaves agents' hands when a chat is taken away.
func MovesOut(c *Chat) []WorkMove {
	moves := make([]WorkMove, len(c.Work))
	for i := range c.Work {
		moves[i].Was = &c.Work[i]
	}
	return moves
}

// Offer offers the current contact, which waits in a queue, to an agent: it rings
// there until the agent accepts or rejects it, the customer leaves, or time is up.
// Meanwhile it goes on waiting. The reply's Participant is the agent's, to be. An
// agent to whom it is offered, or who is in the contact, gets the same answer.
//
// The agent's slots are counted by the store, as is what bars the agent: a change by which
// the agent would have too many contacts is refused there, whoever offers them.
type Offer struct {
	User center.UserID
	Identity
	Ring      time.Duration // how long it may ring; 0 accepts it at once (AutoAcceptConfigs)
	AfterWork time.Duration // how long after-contact work may take (AfterContactWorkConfigs); 0 for any time
	Slots     int64         // how many chats the agent may have in hand with this one; 0 for any number
	Assigned  bool          // somebody chose the agent, whatever his status (AssociateContactWithUser)
	Guest     bool          // see [Work]
	// Place is where the contact waited when the agent was chosen: an offer for another place
	// is a Conflict. It may be nil.
	Place *Place
}

// Place is what makes agents the right ones for a contact.
type Place struct {
	Queue  center.QueueID
	Since  time.Time // it is in the queue
	Active time.Time // the routing criteria are in force
	Step   int       // the active one
}

// Place returns where the contact waits, nil when it does not.
func (c *Chat) Place() *Place {
	if c.Queue == nil {
		return nil
	}
	return &Place{Queue: c.Queue.Queue, Since: c.Queue.Since, Active: c.Queue.Active, Step: c.Queue.Step}
}

// same reports whether the place is q.
func (p *Place) same(q *Place) bool {
	return p.Queue == q.Queue && p.Since.Equal(q.Since) && p.Active.Equal(q.Active) && p.Step == q.Step
}

// Ask is what an offer asks of the agent's counters.
type Ask struct {
	User     center.UserID
	Slots    int64 // as in [Offer]
	Assigned bool
}

func (o Offer) decide(d *decision) error {
	c := d.chat
	if c.Ended {
		return center.Errorf(center.Gone, "contact %s has ended", c.Current().ID)
	}
	if c.WorkOf(o.User) != nil {
		return d.offered(o.User)
	}
	switch {
	case c.Queue == nil:
		return center.Errorf(center.Conflict, "contact %s does not wait in a queue", c.Current().ID)
	case c.Joining != "":
		return center.Errorf(center.Conflict, "another agent is joining contact %s", c.Current().ID)
	case o.Place != nil && !o.Place.same(c.Place()):
		return center.Errorf(center.Conflict, "contact %s does not wait any more where it was found", c.Current().ID)
	}
	if w := c.Ringing(); w != nil {
		if !o.Assigned {
			return center.Errorf(center.Conflict, "contact %s is being offered to another agent", c.Current().ID)
		}
		d.withdraw()
	}
	w, err := d.take(o.User, o.Identity)
	if err != nil {
		return err
	}
	return d.ring(w, &o)
}

// offered is the answer to an offer to an agent who has the contact in hand.
func (d *decision) offered(user center.UserID) error {
	w := d.chat.WorkOf(user)
	switch {
	case w.Watch != nil:
		return center.Errorf(center.Conflict, "%s supervises contact %s", user, w.Watch.Contact)
	case w.State != WorkConnecting && w.State != WorkConnected:
		return center.Errorf(center.Conflict, "the agent has not cleared contact %s, which is %s", w.Contact, w.State)
	}
	d.change.Reply = Reply{Contact: w.Contact, Participant: w.Participant}
	return nil
}

// take puts the current contact into somebody's hands, where it rings.
func (d *decision) take(user center.UserID, who Identity) (*Work, error) {
	if err := d.chat.checkParticipants(); err != nil {
		return nil, err
	}
	if err := d.makeRoom(); err != nil {
		return nil, err
	}
	c := d.edit()
	c.Work = append(c.Work, Work{
		User: user, Participant: center.ParticipantID(d.newID()), Contact: c.Current().ID,
		State: WorkConnecting, Since: d.env.Now, Offered: d.env.Now, Who: &who,
	})
	return &c.Work[len(c.Work)-1], nil
}

// ring has a contact ring as an offer says, or accepts it at once.
func (d *decision) ring(w *Work, o *Offer) error {
	d.current().Rings++
	w.By, w.AfterWork, w.Guest = d.env.Now.Add(o.Ring), o.AfterWork, o.Guest
	if q := d.chat.Queue; q != nil {
		w.Queued = q.Since
	}
	d.change.Ask = &Ask{User: o.User, Slots: o.Slots, Assigned: o.Assigned}
	d.change.Reply = Reply{Contact: w.Contact, Participant: w.Participant}
	if o.Ring <= 0 {
		return d.accept(o.User)
	}
	return nil
}

// makeRoom clears the oldest work that is over for its agent, if there is too much.
func (d *decision) makeRoom() error {
	if len(d.chat.Work) < maxWork {
		return nil
	}
	for i := range d.chat.Work {
		if w := &d.chat.Work[i]; w.State != WorkConnecting && w.State != WorkConnected {
			return d.clear(*w, d.env.Now)
		}
	}
	return center.Errorf(center.QuotaExceeded, "contact %s is in the hands of %d agents, and of no more", d.chat.Current().ID, maxWork)
}

// drop takes a contact out of an agent's hands.
func (d *decision) drop(user center.UserID) {
	c := d.edit()
	c.Work = slices.DeleteFunc(c.Work, func(w Work) bool { return w.User == user })
}

// withdraw takes an offer back: nobody has missed it.
func (d *decision) withdraw() {
	if w := d.chat.Ringing(); w != nil {
		d.drop(w.User)
	}
}

// Withdraw takes the offer of a contact to an agent back, without a miss. Repeated
// it changes nothing; of a contact that the agent has accepted it is a Conflict.
type Withdraw struct{ User center.UserID }

func (t Withdraw) decide(d *decision) error {
	w := d.chat.WorkOf(t.User)
	switch {
	case w == nil:
		return nil
	case w.State != WorkConnecting:
		return center.Errorf(center.Conflict, "contact %s is %s", w.Contact, w.State)
	}
	d.drop(t.User)
	return nil
}

// Accept is an agent's acceptance of a contact that rings. The agent whisper runs,
// if the contact has one, while the contact still waits; then the agent joins the chat and the
// customer whisper runs. The reply's Participant is the agent's. Repeated it gets the same
// answer; an offer that has lapsed meanwhile is a Conflict, none at all NotFound.
type Accept struct{ User center.UserID }

func (a Accept) decide(d *decision) error {
	w := d.chat.WorkOf(a.User)
	switch {
	case w == nil:
		return notInHand(d.chat, a.User)
	case w.State == WorkConnected:
		d.change.Reply = Reply{Contact: w.Contact, Participant: w.Participant}
		return nil
	case w.State != WorkConnecting:
		return center.Errorf(center.Conflict, "contact %s does not ring any more: it is %s", w.Contact, w.State)
	}
	return d.accept(a.User)
}

// notInHand is the error of an agent who does not have the contact.
func notInHand(c *Chat, user center.UserID) error {
	return center.Errorf(center.NotFound, "agent %s does not have contact %s in hand", user, c.Current().ID)
}

// accept makes the agent a participant, who joins when the agent whisper is over.
func (d *decision) accept(user center.UserID) error {
	c := d.edit()
	w := c.WorkOf(user)
	who := w.Who
	w.State, w.Since, w.Accepted, w.By = WorkConnected, d.env.Now, d.env.Now, time.Time{}
	c.Participants = append(c.Participants, Participant{ID: w.Participant, Role: center.RoleAgent, DisplayName: who.DisplayName, User: user})
	c.Agent = d.agentOf(user, who)
	d.change.Reply = Reply{Contact: w.Contact, Participant: w.Participant}
	if w.Invited {
		d.joins(c.Participant(w.Participant))
		return nil
	}
	c.Joining = w.Participant
	return d.whisper(machine.KindAgentWhisper, hookAgentWhisper)
}

// agentOf is how flows see an agent.
func (d *decision) agentOf(user center.UserID, who *Identity) machine.Agent {
	return machine.Agent{
		ARN: d.env.Partition.ARN(d.chat.Instance, center.KindUser, string(user)), UserName: who.UserName, FirstName: who.FirstName, LastName: who.LastName,
	}
}

// Reject is an agent's refusal of a contact that rings: it is offered to others. The agent
// is offered nothing before he has cleared it. Repeated it changes nothing; otherwise it is
// refused as [Accept] is.
type Reject struct{ User center.UserID }

func (r Reject) decide(d *decision) error {
	w := d.chat.WorkOf(r.User)
	switch {
	case w == nil:
		return notInHand(d.chat, r.User)
	case w.State == WorkRejected:
		return nil
	case w.State != WorkConnecting:
		return center.Errorf(center.Conflict, "contact %s does not ring any more: it is %s", w.Contact, w.State)
	}
	d.lapse(WorkRejected, d.env.Now)
	return nil
}

// lapse ends the ringing in a state other than that of an acceptance.
func (d *decision) lapse(state WorkState, at time.Time) {
	if d.chat.Ringing() == nil {
		return
	}
	w := d.edit().Ringing()
	w.State, w.Since, w.By, w.Who = state, at, time.Time{}, nil
}

// stopWork ends an agent's part in the contact: after-contact work begins.
func (d *decision) stopWork(participant center.ParticipantID, state WorkState) {
	c := d.edit()
	i := slices.IndexFunc(c.Work, func(w Work) bool { return w.Participant == participant && w.State == WorkConnected })
	if i < 0 {
		return
	}
	w := &c.Work[i]
	if w.Who != nil {
		c.Agent = d.agentOf(w.User, w.Who) // $.Agent of a disconnect flow is who left last
	}
	w.State, w.Since, w.Who = state, d.env.Now, nil
	if state != WorkEnded {
		return
	}
	if w.AfterWork > 0 {
		w.By = d.env.Now.Add(w.AfterWork)
	}
	if cur := d.current(); cur.ID == w.Contact && cur.Agent == w.User {
		cur.AfterWork = d.env.Now
	}
}

// Clear takes a contact out of an agent's hands that is over for him: its slot is free.
// What he does not have is cleared already; what rings or is connected is a
// Conflict. It is the end of after-contact work, and of a missed or rejected
// offer (DismissUserContact).
type Clear struct{ User center.UserID }

func (t Clear) decide(d *decision) error {
	w := d.chat.WorkOf(t.User)
	switch {
	case w == nil:
		return nil
	case w.State == WorkConnecting:
		return center.Errorf(center.Conflict, "contact %s still rings; accept or reject it first", w.Contact)
	case w.State == WorkConnected:
		return center.Errorf(center.Conflict, "contact %s is still connected; leave it first", w.Contact)
	}
	return d.clear(*w, d.env.Now)
}

// clear is the end of work that is over. The record has when after-contact work ended.
func (d *decision) clear(w Work, at time.Time) error {
	if w.State == WorkEnded {
		record, err := d.contact(w.Contact)
		switch {
		case d.chat.Gone&center.PartContacts != 0 || center.ReasonOf(err) == center.NotFound && err != nil:
			// The record has been erased since.
		case err != nil:
			return err
		case record.Agent == w.User && !record.AfterWork.IsZero():
			record.AfterWorkEnd = at
		}
	}
	d.drop(w.User)
	return nil
}

// Lose takes a contact from an agent who does not come back: an offer is withdrawn, what
// is over is cleared, and the agent leaves a contact that is connected, which has the reason
// AGENT_NETWORK_DISCONNECT. With Requeue that waits again where the agent found it, at its old
// rank; otherwise it is as if the agent had left. With Watch a contact that he supervises is taken, and no other.
// Repeated it changes nothing.
type Lose struct {
	User           center.UserID
	Requeue, Watch bool
}

func (l Lose) decide(d *decision) error {
	w := d.chat.WorkOf(l.User)
	switch {
	case w == nil || l.Watch && w.Watch == nil:
		return nil
	case w.State == WorkConnecting:
		d.drop(l.User)
		return nil
	case w.Watch != nil:
		return d.depart(*d.chat.Participant(w.Participant))
	case w.State != WorkConnected:
		return d.clear(*w, d.env.Now)
	}
	if d.chat.Joining == w.Participant {
		d.decline(WorkEnded)
		return d.clear(*d.chat.WorkOf(l.User), d.env.Now)
	}
	queue, ranked := d.chat.Latest.Queue, ranked(&d.chat.Latest)
	d.leave(w.Participant)
	if err := d.clear(*d.chat.WorkOf(l.User), d.env.Now); err != nil {
		return err
	}
	d.stopIdle()
	if d.accompanied("") {
		return nil
	}
	if !l.Requeue || queue == "" {
		return d.customerRemains(center.ReasonAgentLost)
	}
	q, err := d.env.Catalog.Queue(d.chat.Instance, string(queue))
	if err != nil {
		d.logProblem("", err)
		return d.customerRemains(center.ReasonAgentLost)
	}
	_, id, _ := d.queueFlow()
	d.segment(center.MethodQueueTransfer, center.ReasonAgentLost, center.FlowRef(id))
	return d.enqueueAt(q, -1, ranked)
}

// workDue returns when the next of the chat's work falls due, zero for never, and whose.
func (c *Chat) workDue() (due time.Time, user center.UserID) {
	for i := range c.Work {
		if w := &c.Work[i]; !w.By.IsZero() && (due.IsZero() || w.By.Before(due)) {
			due, user = w.By, w.User
		}
	}
	return due, user
}

// workTimedOut handles work that has fallen due: nobody has answered, or the time for
// after-contact work is up.
func (d *decision) workTimedOut(due time.Time) error {
	_, user := d.chat.workDue()
	w := d.chat.WorkOf(user)
	if w.State == WorkConnecting {
		d.lapse(WorkMissed, due)
		return nil
	}
	return d.clear(*w, due)
}

// workMoves compares what agents have in hand before and after a decision.
func workMoves(before, after *Chat) (moves []WorkMove) {
	if before == nil || after == nil || len(before.Work)+len(after.Work) == 0 {
		return nil
	}
	for i := range before.Work {
		was := &before.Work[i]
		is := after.WorkOf(was.User)
		switch {
		case is == nil:
			moves = append(moves, WorkMove{Was: was})
		case is.Participant != was.Participant: // cleared, and offered again
			moves = append(moves, WorkMove{Was: was}, WorkMove{Is: is})
		case *is != *was:
			moves = append(moves, WorkMove{Was: was, Is: is})
		}
	}
	for i := range after.Work {
		if is := &after.Work[i]; before.WorkOf(is.User) == nil {
			moves = append(moves, WorkMove{Is: is})
		}
	}
	return moves
}
