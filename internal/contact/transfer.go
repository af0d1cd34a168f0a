package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Target is where a quick connect leads (QuickConnectConfig): to a queue, to the own queue of
// an agent, or, without either, to where its flow leads.
type Target struct {
	Name  string         `json:"name"`            // of the quick connect
	Queue center.QueueID `json:"queue,omitempty"` // QUEUE
	User  center.UserID  `json:"user,omitempty"`  // USER
	Agent *Identity      `json:"agent,omitempty"` // USER: who that is
	Flow  center.FlowRef `json:"flow"`            // that a contact runs which is transferred
}

// Transferring is a transfer that is under way: its flow runs, and has not led to a queue yet. The agent
// goes on talking to the customer meanwhile, in the old contact; the new one is not in the chain before the
// target is reached, and items belong to the old one.
type Transferring struct {
	User     center.UserID             `json:"user"` // the agent who transfers
	To       Target                    `json:"to"`
	Contact  center.Contact            `json:"contact"`            // the new contact
	Agent    machine.Agent             `json:"agent"`              // $.Agent: whom an agent transfer leads to, or who transfers
	Target   machine.Queue             `json:"target,omitzero"`    // the target queue of the new contact, and what else its flow sets for it
	Hooks    map[string]center.FlowRef `json:"hooks,omitempty"`    // as Chat.Hooks
	Criteria []flow.Criterion          `json:"criteria,omitempty"` // as Chat.Criteria: those of the old contact are not carried
	Data     *machine.Data             `json:"data,omitempty"`     // what flows have gathered for the old contact
}

// Transfer is an agent's transfer of a connected chat to a quick connect. Its flow runs in a new contact
// of the chain, which is the reply's Contact. When the flow puts that into a queue the transfer has succeeded: the
// agent leaves, his work is ENDED and transfer.succeeded is pushed to him alone; the new contact has the rank of its
// first queueing, and may be one of a fifth more than the queue takes. When the flow ends otherwise
// the transfer has failed: transfer.failed is pushed to the agent, who keeps the chat, with what attributes the flow has set. For the customer nothing changes.
//
// While the flow runs the agent's leaving has no effect; [Remove] of the new contact's id cancels the transfer.
//
// Errors: NotFound for an agent without the contact, a queue, an agent or a flow that does not exist, Invalid for
// a transfer to oneself, Gone after the end, Conflict for an agent who is not connected, during another transfer, and while
// other agents are connected or ring; QuotaExceeded when too many transfers have failed.
type Transfer struct {
	User  center.UserID
	To    Target
	Token string // of the request; repeated with it the transfer has the same answer, whatever became of it
}

// maxAside bounds the contacts of a chat that are not of its chain.
const maxAside = 200

func (t Transfer) decide(d *decision) error {
	key := "Transfer/" + string(t.User) + "/" + t.Token
	if t.Token != "" {
		if r, ok := d.kept(key); ok {
			d.change.Reply = r
			return nil
		}
	}
	w, err := d.connected(t.User)
	if err != nil {
		return err
	}
	c := d.chat
	switch {
	case w.Watch != nil:
		return center.Errorf(center.Conflict, "a supervisor cannot transfer contact %s; its agent can", c.Latest.ID)
	case c.Transfer != nil:
		return center.Errorf(center.Conflict, "contact %s is being transferred to %s already", c.Latest.ID, c.Transfer.To.Name)
	case t.To.User == t.User:
		return center.Errorf(center.Invalid, "an agent cannot transfer a contact to himself")
	case d.agents() > 1:
		return center.Errorf(center.Conflict, "other agents take part in contact %s: leave it to them, or remove them first", c.Latest.ID)
	case c.Ringing() != nil:
		return center.Errorf(center.Conflict, "an invitation to contact %s rings: withdraw it first", c.Latest.ID)
	case len(c.Aside) >= maxAside:
		return center.Errorf(center.QuotaExceeded, "too many transfers of contact %s have failed", c.Latest.ID)
	}
	target, agent, err := t.target(d, w)
	if err != nil {
		return err
	}
	f, id, err := d.flow(t.To.Flow)
	if err != nil {
		return err
	}
	c = d.edit()
	next := d.next(center.MethodTransfer, t.To.Flow)
	next.QueuePriority, next.QueueTimeAdjust = c.Latest.QueuePriority, c.Latest.QueueTimeAdjust
	c.Transfer = &Transferring{User: t.User, To: t.To, Contact: next, Agent: agent, Target: target, Hooks: c.Hooks, Data: c.Data}
	d.touch(next.ID)
	d.change.Reply = Reply{Contact: next.ID}
	if t.Token != "" {
		d.keep(key, d.change.Reply)
	}
	return d.run(f, id, machine.KindTransfer)
}

// target returns the target queue that the transfer's flow begins with, and its $.Agent: in an agent
// transfer flow whom it leads to, and in the others who transfers.
func (t Transfer) target(d *decision, w *Work) (q machine.Queue, agent machine.Agent, err error) {
	agent = d.chat.Agent // of older states, which do not say who is connected
	if w.Who != nil {
		agent = d.agentOf(t.User, w.Who)
	}
	ref := string(t.To.Queue)
	if t.To.User != "" {
		ref = machine.AgentQueue + string(t.To.User)
		if t.To.Agent != nil {
			agent = d.agentOf(t.To.User, t.To.Agent)
		}
	}
	if ref != "" {
		q, err = d.env.Catalog.Queue(d.chat.Instance, ref)
	}
	return q, agent, err
}

// transferEnded is the end of a transfer's flow.
func (d *decision) transferEnded(out *machine.Outcome) error {
	if out.End != machine.EndQueued {
		d.transferFailed(center.ReasonFlow)
		return nil
	}
	c := d.edit()
	t, data := c.Transfer, c.Data
	source := c.WorkOf(t.User).Participant
	d.record()
	c.Transfer = nil
	d.leave(source)
	d.stopIdle()
	d.pushTransient(center.Push{Only: source, Item: center.Item{Type: center.TypeEvent, ContentType: center.EventTransferSucceeded}})
	old := d.current()
	old.Transferred = d.env.Now
	at := ranked(old)
	d.turnTo(t.Contact, "", center.FlowRef(t.Contact.Flow))
	c.Data, c.Hooks, c.Criteria = data, t.Hooks, t.Criteria
	return d.enqueueAt(out.Queue, beyond(out.Queue.Max), at)
}

// transferFailed ends a transfer that has not reached its target: the agent keeps the chat.
func (d *decision) transferFailed(reason string) {
	c := d.edit()
	t := c.Transfer
	next := d.touch(t.Contact.ID)
	next.Disconnected, next.DisconnectReason = d.env.Now, reason
	d.record()
	c.Transfer, c.Aside = nil, append(c.Aside, segmentOf(next))
	if c.Run != nil && c.Run.Kind == machine.KindTransfer {
		d.dropEffect(c.Run.Wait.Effect)
		c.Run = nil
	}
	c.Data = t.Data
	if w := c.WorkOf(t.User); w != nil {
		d.pushTransient(center.Push{Only: w.Participant, Item: center.Item{Type: center.TypeEvent, ContentType: center.EventTransferFailed}})
	}
}

// ranked is the time that ordered a contact among those of one priority, zero for one that was in no queue.
func ranked(c *center.Contact) time.Time {
	if !c.Ranked.IsZero() {
		return c.Ranked
	}
	return c.Enqueued
}
