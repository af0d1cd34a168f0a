package contact

import (
	"encoding/json"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// world returns what a flow sees of the chat. The contact in it is a copy that
// the flow's actions change; follow applies the changes.
func (d *decision) world(kind machine.Kind) machine.World {
	c, cur := d.chat, d.chat.Current()
	if kind == machine.KindTransfer {
		cur = &c.Transfer.Contact
	}
	copied := &machine.Contact{
		ID: cur.ID, Chat: c.ID, Previous: cur.Previous, Related: cur.Related,
		InstanceARN: d.env.Partition.InstanceARN(c.Instance), Region: d.env.Partition.Region,
		InitiationMethod: cur.InitiationMethod, CustomerName: c.Customer().DisplayName,
		AIAgent: cur.AIAgent, BotPresent: d.botAttached(), Interactive: c.interactive(),
		Queued: c.Queue != nil, Connected: c.Joining != "" || d.agents() > 0,
		Transfers: c.transfers(), Continues: len(c.Past) > 0,

		Queue: c.Target, Name: cur.Name, Description: cur.Description, CustomerID: cur.CustomerID,
		LanguageCode: c.Language, Attributes: c.Attributes, SegmentAttributes: cur.SegmentAttrs,
		References: cur.References, Tags: cur.Tags, Hooks: c.Hooks, Logging: c.Logging,
		Priority: cur.QueuePriority, TimeAdjustment: time.Duration(cur.QueueTimeAdjust) * time.Second, Criteria: c.Criteria,
		Processor: c.Processor,
	}
	if kind != machine.KindInbound && kind != machine.KindCustomerQueue {
		copied.Agent = c.Agent // the others see none, as in the service
	}
	if t := c.Transfer; kind == machine.KindTransfer {
		copied.Agent, copied.Queue, copied.Hooks, copied.Criteria, copied.Connected = t.Agent, t.Target, t.Hooks, t.Criteria, false
	}
	if c.InitialMessage != nil {
		copied.InitialMessage = c.InitialMessage.Content
	}
	return machine.World{
		Now: d.env.Now, Contact: copied, Facts: facts{d},
		Flow: func(ref string) (*flow.Flow, center.FlowID, error) {
			return d.flow(center.FlowRef(ref))
		},
		Content: d.content(),
		Random:  d.env.Rand.IntN,
		NewID:   d.newID,
		Trace:   d.trace(),
	}
}

// trace is Env.Trace with the number of pushes that precede a visit.
func (d *decision) trace() func(machine.Visit) {
	if d.env.Trace == nil {
		return nil
	}
	return func(v machine.Visit) {
		v.Told = len(d.change.Pushes)
		d.env.Trace(v)
	}
}

// interactive reports whether the customer's client shows views and answers
// them: SupportedMessagingContentTypes has interactive messages and their
// responses. What a bot, an agent or a custom participant shows does not ask for it.
func (c *Chat) interactive() bool {
	return slices.Contains(c.ContentTypes, center.Interactive) && slices.Contains(c.ContentTypes, center.InteractiveResponse)
}

// transfers counts the queue-to-queue transfers of the chain.
func (c *Chat) transfers() int {
	n := 0
	for _, s := range c.Chain() {
		if s.Method == center.MethodQueueTransfer {
			n++
		}
	}
	return n
}

// botAttached reports whether a custom participant belongs to the chat, connected or about to.
func (d *decision) botAttached() bool {
	for i := range d.chat.Participants {
		if p := &d.chat.Participants[i]; p.Role == center.RoleCustomBot && p.Left.IsZero() {
			return true
		}
	}
	return false
}

// run starts a flow for the chat.
func (d *decision) run(f *flow.Flow, id center.FlowID, kind machine.Kind) error {
	var data machine.Data
	switch c := d.chat; {
	case kind == machine.KindTransfer: // the new contact has gathered nothing
	case c.Run != nil:
		data = c.Run.Gathered()
	case c.Data != nil:
		data = *c.Data
	}
	w := d.world(kind)
	return d.follow(w, machine.Start(w, f, id, kind, data), kind)
}

// wake passes an event to the running flows, which may be waiting for it.
func (d *decision) wake(ev machine.Event) error {
	for _, of := range []func(*Chat) *machine.Run{
		func(c *Chat) *machine.Run { return c.Run },
		func(c *Chat) *machine.Run { return c.Whisper },
	} {
		run := of(d.chat)
		if !run.Wants(ev) {
			continue
		}
		w := d.world(run.Kind)
		if err := d.follow(w, machine.Advance(w, run, ev), run.Kind); err != nil {
			return err
		}
	}
	return nil
}

// follow applies the outcome of a step of a flow.
func (d *decision) follow(w machine.World, out machine.Outcome, kind machine.Kind) error {
	d.adopt(w.Contact, kind)
	for i := range out.Log {
		out.Log[i].Contact = w.Contact.ID // which another may follow, or precede, in this very change
	}
	d.change.Log = append(d.change.Log, out.Log...)
	if problem := d.overgrown(&out); problem != nil {
		d.logProblem(d.chat.Flow.ID(), problem)
		return d.end(center.ReasonSystemError)
	}
	if out.BotJoins {
		d.removeBots()
	}
	for _, m := range out.Messages {
		d.say(m)
	}
	c := d.edit()
	for _, f := range out.Effects {
		e := Effect{Effect: f, Worker: d.env.Node}
		if f.Invoke != nil {
			e.Event = machine.LambdaEvent(w.Contact, f.Invoke.Parameters)
		}
		c.Effects = append(c.Effects, e)
		d.change.Effects = append(d.change.Effects, e)
	}
	if kind == machine.KindAgentWhisper || kind == machine.KindCustomerWhisper {
		if c.Whisper = out.Run; out.Run == nil {
			c.WhisperBy = time.Time{}
			return d.whispered(kind)
		}
		return nil
	}
	if c.Run = out.Run; out.Run == nil {
		c.Data = &out.Data
		return d.flowEnded(kind, &out)
	}
	c.Data = nil
	if kind != machine.KindCustomerQueue && kind != machine.KindTransfer {
		c.Flow = center.FlowRef(out.Run.Flow)
		if len(out.Run.Stack) > 0 {
			c.Flow = center.FlowRef(out.Run.Stack[0].Flow)
		}
	}
	return nil
}

// adopt applies a flow's changes of the contact.
func (d *decision) adopt(v *machine.Contact, kind machine.Kind) {
	c := d.edit()
	c.Attributes, c.Language, c.Logging, c.Processor = v.Attributes, v.LanguageCode, v.Logging, v.Processor
	var cur *center.Contact
	if t := c.Transfer; kind == machine.KindTransfer {
		cur, t.Hooks, t.Target, t.Criteria = d.touch(t.Contact.ID), v.Hooks, v.Queue, v.Criteria
	} else {
		cur, c.Hooks, c.Target, c.Criteria = d.current(), v.Hooks, v.Queue, v.Criteria
	}
	cur.Name, cur.Description, cur.CustomerID = v.Name, v.Description, v.CustomerID
	cur.SegmentAttrs, cur.References, cur.Tags = v.SegmentAttributes, v.References, v.Tags
	cur.QueuePriority, cur.QueueTimeAdjust = v.Priority, int64(v.TimeAdjustment/time.Second)
}

// say sends a flow's message, or its event for the customer's client.
func (d *decision) say(m machine.Message) {
	if m.Speaker == "" {
		customer := d.chat.Customer()
		it := d.event(m.ContentType, *customer)
		it.Content = m.Text
		d.pushTransient(center.Push{Item: it, Only: customer.ID})
		return
	}
	d.add(center.Item{
		Type: center.TypeMessage, ContentType: m.ContentType, Content: m.Text, Visibility: m.Visibility,
		Participant: d.chat.System, DisplayName: m.Speaker, Role: center.RoleSystem,
	})
}

// flowEnded continues with what a flow's end asks for.
func (d *decision) flowEnded(kind machine.Kind, out *machine.Outcome) error {
	switch {
	case d.chat.Latest.AIAgent != "":
		return d.assistantEnded(out)
	case kind == machine.KindTransfer:
		return d.transferEnded(out)
	case kind == machine.KindCustomerQueue && out.End == machine.EndQueued:
		return d.requeue(out.Queue)
	case kind == machine.KindCustomerQueue && out.End != machine.EndDisconnect:
		return nil // the contact goes on waiting
	case out.End == machine.EndQueued:
		return d.enqueue(out.Queue, out.Queue.Max)
	}
	return d.end(center.ReasonFlow)
}

// removeBots removes custom participants, because a bot or an agent takes over.
func (d *decision) removeBots() {
	for i := range d.chat.Participants {
		if p := &d.chat.Participants[i]; p.Role == center.RoleCustomBot && p.Left.IsZero() {
			d.leave(p.ID)
		}
	}
	d.stopIdle()
}

// stopFlows stops the flows wherever they are. Effects that they wait for are
// dropped; asynchronous calls are still made.
func (d *decision) stopFlows() {
	c := d.edit()
	if c.Run != nil {
		c.Data = new(c.Run.Gathered())
	}
	c.Run, c.Whisper, c.WhisperBy = nil, nil, time.Time{}
	waited := func(e Effect) bool {
		return !e.Async() && e.Kind != machine.EffectProcess && e.Kind != EffectScan
	}
	c.Effects = slices.DeleteFunc(c.Effects, waited)
	d.change.Effects = slices.DeleteFunc(d.change.Effects, waited)
}

// logProblem logs that a flow cannot be run.
func (d *decision) logProblem(id center.FlowID, err error) {
	d.change.Log = append(d.change.Log, machine.LogEntry{
		Time: d.env.Now, Flow: id, Problem: err.Error(), Logging: d.chat.Logging, Always: true})
}

// TakeOver makes the deciding node the worker of the effects whose workers are
// not alive. Of two nodes that try, the second finds nothing to do.
type TakeOver struct {
	Alive []string // nodes, apart from the one that decides
}

func (t TakeOver) decide(d *decision) error {
	for i := range d.chat.Effects {
		if worker := d.chat.Effects[i].Worker; worker == d.env.Node || slices.Contains(t.Alive, worker) {
			continue
		}
		e := &d.edit().Effects[i]
		e.Worker = d.env.Node
		d.change.Effects = append(d.change.Effects, *e)
	}
	return nil
}

// Workers returns the nodes that run effects of the chat, each once.
func (c *Chat) Workers() []string {
	var nodes []string
	for i := range c.Effects {
		if node := c.Effects[i].Worker; !slices.Contains(nodes, node) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// EffectDone is the outcome of an effect. It is ignored when the effect is not
// pending any more, because of an earlier outcome or because the chat moved on.
type EffectDone struct {
	ID     string
	Answer json.RawMessage // of a persistent chat: a [Continued]
	Err    string
}

func (e EffectDone) decide(d *decision) error {
	i := slices.IndexFunc(d.chat.Effects, func(f Effect) bool { return f.ID == e.ID })
	if i < 0 {
		return nil
	}
	c := d.edit()
	kind := c.Effects[i].Kind
	c.Effects = slices.Delete(c.Effects, i, i+1)
	switch kind {
	case machine.EffectProcess:
		return d.outcome(e)
	case EffectScan:
		return d.scanned(e)
	}
	ev := machine.Event{Kind: machine.EventEffectDone, Effect: e.ID, Answer: e.Answer, Err: e.Err}
	if kind == machine.EffectContinue && ev.Err == "" {
		var continued Continued
		if err := json.Unmarshal(e.Answer, &continued); err != nil {
			ev.Err = "the past contacts cannot be decoded"
		} else if err := (Associate{Continued: continued}).decide(d); err != nil {
			ev.Err = err.Error()
		}
	}
	return d.wake(ev)
}
