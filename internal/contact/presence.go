package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// botWindow is how long a custom participant may take to connect
// (CreateParticipant: CreateParticipantConnection must follow within 15 s).
const botWindow = 15 * time.Second

// Connect reports that a participant is present: it has subscribed a socket to
// aws/chat, or called CreateParticipantConnection with ConnectParticipant. The
// customer's first connection starts the flow. Repeating it changes nothing,
// except that a customer who was idle has returned, and that the first socket of
// a customer who was connected without one is noted: see [Participant.Owed].
type Connect struct {
	Participant center.ParticipantID
	Socket      bool // by a socket
}

func (c Connect) decide(d *decision) error {
	if p := d.chat.Participant(c.Participant); d.chat.Ended && p != nil && !p.Joined.IsZero() && d.chat.Stayed(p) {
		return nil // it was present until the end, which it is about to receive
	}
	p, err := d.participant(c.Participant)
	if err != nil {
		return err
	}
	if p.ID == d.chat.Joining || p.Role == center.RoleSupervisor {
		return nil // an agent joins when the agent whisper is over, and a supervisor by [Supervise]
	}
	if !p.Joined.IsZero() {
		if c.Socket && p.Owed > 0 {
			d.edit().Participant(p.ID).Owed = 0
		}
		return d.reconnected(p.Role)
	}
	chat := d.edit()
	p = chat.Participant(c.Participant)
	p.Joined, p.ConnectBy = d.env.Now, time.Time{}
	if p.Role == center.RoleCustomer && !c.Socket {
		p.Owed = d.seq + 1
	}
	d.add(d.event(center.EventJoined, *p))
	if p.Role != center.RoleCustomer {
		d.startIdle()
		return nil
	}
	chat.ConnectBy = time.Time{}
	d.current().ConnectedSystem = d.env.Now
	if len(chat.Past) > 0 {
		d.pushTransient(center.Push{Item: center.Item{Type: center.TypeEvent, ContentType: center.EventRehydrated}})
	}
	d.startIdle()
	if chat.Latest.AIAgent != "" {
		return d.meet(*p)
	}
	if m := chat.InitialMessage; m != nil {
		d.add(message(*p, m.ContentType, m.Content, ""))
	}
	return d.begin()
}

// reconnected handles a participant who was connected before. A customer who was
// idle has returned, which a flow may be waiting for.
func (d *decision) reconnected(r center.Role) error {
	if r != center.RoleCustomer || d.chat.Idle == nil || d.chat.Idle.Fired[r].IsZero() {
		return nil
	}
	d.edit().Idle.Back = d.env.Now
	d.returned(r)
	return d.wake(machine.Event{Kind: machine.EventCustomerBack})
}

// AddParticipant adds a custom participant (CreateParticipant with CUSTOM_BOT).
// It has to connect within 15 seconds.
type AddParticipant struct {
	DisplayName string
	ClientToken string
}

func (a AddParticipant) decide(d *decision) error {
	key := "CreateParticipant/" + a.ClientToken
	if a.ClientToken != "" {
		if r, ok := d.kept(key); ok {
			d.change.Reply = r
			return nil
		}
	}
	if d.chat.Ended {
		return center.Errorf(center.Conflict, "the contact has ended")
	}
	if d.chat.botTalks() {
		return center.Errorf(center.Conflict, "a bot is handling the contact; a custom participant cannot be added")
	}
	for i := range d.chat.Participants {
		switch p := &d.chat.Participants[i]; {
		case !p.Left.IsZero():
		case p.Role == center.RoleCustomBot:
			return center.Errorf(center.QuotaExceeded, "the contact already has a custom participant; it can have only one")
		case p.Role == center.RoleAgent || p.Role == center.RoleSupervisor && p.Present():
			return center.Errorf(center.Conflict, "an agent is handling the contact; a custom participant cannot be added")
		}
	}
	if err := d.chat.checkParticipants(); err != nil {
		return err
	}
	c := d.edit()
	name := a.DisplayName
	if name == "" {
		name = center.DisplayNameBot
	}
	p := Participant{
		ID: center.ParticipantID(d.newID()), Role: center.RoleCustomBot, DisplayName: name,
		ConnectBy: d.env.Now.Add(botWindow),
	}
	c.Participants = append(c.Participants, p)
	d.change.Reply = Reply{Contact: c.Current().ID, Participant: p.ID}
	if a.ClientToken != "" {
		d.keep(key, d.change.Reply)
	}
	return nil
}

// botTalks reports whether the customer is talking to the bot of a flow.
func (c *Chat) botTalks() bool {
	return c.Run != nil && (c.Run.Wait.Kind == machine.WaitInput || c.Run.Wait.Kind == machine.WaitBot)
}

// Disconnect removes a participant from the chat (DisconnectParticipant). When
// the customer leaves the chat ends. While the chat goes on, a participant that
// has left may repeat the request with its ClientToken.
type Disconnect struct {
	Participant center.ParticipantID
	ClientToken string
}

func (l Disconnect) decide(d *decision) error {
	key := "DisconnectParticipant/" + string(l.Participant) + "/" + l.ClientToken
	if l.ClientToken != "" {
		if _, ok := d.kept(key); ok {
			return nil
		}
	}
	p, err := d.participant(l.Participant)
	if err != nil {
		return err
	}
	who := *p
	d.edit()
	if l.ClientToken != "" {
		d.keep(key, Reply{})
	}
	return d.depart(who)
}

// depart lets a participant go, with what follows. An agent who transfers the contact stays until
// it has reached its target: then he leaves anyway.
func (d *decision) depart(p Participant) error {
	switch {
	case p.ID == d.chat.Joining:
		d.decline(WorkEnded)
		return nil
	case d.chat.Transfer != nil && d.chat.Transfer.User == p.User && p.Role == center.RoleAgent:
		return nil
	}
	d.leave(p.ID)
	switch p.Role {
	case center.RoleCustomer:
		return d.customerLeft()
	case center.RoleCustomBot:
		d.stopIdle()
		return d.wake(machine.Event{Kind: machine.EventBotLeft})
	}
	return d.agentLeft(center.ReasonAgent)
}

// customerLeft ends the chat, unless the chat was started with
// DisconnectOnCustomerExit and has a disconnect flow: then agents leave too,
// and the flow runs in a new contact.
func (d *decision) customerLeft() error {
	if !d.chat.ExitAgent || d.chat.Hooks[hookCustomerRemaining] == "" {
		return d.end(center.ReasonCustomer)
	}
	d.lapse(WorkRejected, d.env.Now)
	d.leaveAll()
	return d.customerRemains(center.ReasonCustomer)
}

// customerRemains handles the leaving of the last agent: the disconnect flow
// runs in a new contact of the chain, or the chat ends. A hook whose flow has
// been deleted or archived since is ignored.
func (d *decision) customerRemains(reason string) error {
	ref := d.chat.Hooks[hookCustomerRemaining]
	if ref == "" {
		return d.end(reason)
	}
	if _, _, err := d.flow(ref); err != nil {
		d.logProblem(ref.ID(), err)
		return d.end(reason)
	}
	d.segment(center.MethodDisconnect, reason, ref)
	return d.begin()
}

// segment ends the current contact and opens the next one of the chain.
// Attributes, hooks, target queue, language and logging are kept; what flows
// have gathered, priority and routing criteria are not.
func (d *decision) segment(method, reason string, ref center.FlowRef) {
	d.turnTo(d.next(method, ref), reason, ref)
}

// next returns a contact that follows the current one.
func (d *decision) next(method string, ref center.FlowRef) center.Contact {
	old := &d.chat.Latest
	next := *old
	next.ID = center.ContactID(d.newID())
	next.Previous, next.Next, next.Related = old.ID, "", ""
	next.InitiationMethod, next.Flow = method, ref.ID()
	next.ConnectedSystem, next.Updated = d.env.Now, d.env.Now
	// Times of initiation increase along the chain, so sorting by them gives its order.
	next.Initiated = d.env.Now.Truncate(time.Millisecond)
	if !next.Initiated.After(old.Initiated) {
		next.Initiated = old.Initiated.Add(time.Millisecond)
	}
	next.Disconnected, next.DisconnectReason = time.Time{}, ""
	next.Queue, next.Enqueued, next.Ranked, next.Agent, next.AgentConnected = "", time.Time{}, time.Time{}, "", time.Time{}
	next.AfterWork, next.AfterWorkEnd, next.Transferred = time.Time{}, time.Time{}, time.Time{}
	next.Rings, next.Criteria = 0, nil
	next.QueuePriority, next.QueueTimeAdjust = 0, 0
	return next
}

// turnTo ends the current contact, and whoever watched it watches no more; next is the current one then.
func (d *decision) turnTo(next center.Contact, reason string, ref center.FlowRef) {
	d.stopFlows()
	d.unqueue()
	d.withdraw()
	c := d.edit()
	if c.Joining != "" {
		d.leave(c.Joining)
	}
	d.stopWatching()
	old := d.current()
	old.Next, old.Disconnected, old.DisconnectReason = next.ID, d.env.Now, reason
	if reason == "" && next.InitiationMethod == center.MethodQueueTransfer {
		old.Transferred = d.env.Now
	}
	d.record()
	c.Segments, c.Latest = append(c.Segments, segmentOf(old)), next
	c.Flow, c.Data, c.Criteria, c.Joining = ref, nil, nil, ""
	d.current()
}

func (d *decision) agents() int {
	n := 0
	for i := range d.chat.Participants {
		if p := &d.chat.Participants[i]; p.Role == center.RoleAgent && p.Present() {
			n++
		}
	}
	return n
}

// leave removes one participant. There is no event for one that never connected.
func (d *decision) leave(id center.ParticipantID) {
	c := d.edit()
	p := c.Participant(id)
	if t := c.Transfer; t != nil && t.User == p.User && p.Role == center.RoleAgent {
		d.transferFailed(center.ReasonAgent)
	}
	if p.Present() {
		d.add(d.event(center.EventLeft, *p))
	}
	p.Left = d.env.Now
	switch p.Role {
	case center.RoleAgent:
		if last := d.latestAgent(); last != nil && c.Latest.Agent == p.User {
			d.current().Agent = last.User // the record names the last agent
		}
		d.stopWork(id, WorkEnded)
	case center.RoleSupervisor:
		d.stopWatch(id)
	}
}

// leaveAll removes everybody who is still present, the customer last.
func (d *decision) leaveAll() {
	c := d.edit()
	for i := len(c.Participants) - 1; i >= 0; i-- {
		if c.Participants[i].Left.IsZero() {
			d.leave(c.Participants[i].ID)
		}
	}
}

// Stop ends the chat in any state (StopContact).
type Stop struct{}

func (Stop) decide(d *decision) error {
	if d.chat.Ended {
		return center.Errorf(center.Gone, "contact %s has ended", d.chat.Current().ID)
	}
	return d.end(center.ReasonAPI)
}

// end ends the chat: everybody leaves, the transcript closes with chat.ended.
// Pending items come before that; nobody can send more meanwhile.
func (d *decision) end(reason string) error {
	c := d.edit()
	d.stopFlows()
	d.unqueue()
	d.lapse(WorkRejected, d.env.Now)
	d.lineUpFiles()
	d.leaveAll()
	cur := d.current()
	cur.Disconnected, cur.DisconnectReason = d.env.Now, reason
	d.put(&PendingItem{Item: center.Item{Type: center.TypeEvent, ContentType: center.EventEnded}, Last: true})
	c.Ended = true
	c.ConnectBy, c.Data, c.Joining, c.Idle, c.Replies = time.Time{}, nil, "", nil, nil
	if len(c.Pending) == 0 {
		c.Streams = nil
	}
	d.change.Active = -1
	return nil
}
