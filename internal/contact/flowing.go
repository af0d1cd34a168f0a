package contact

import (
	"encoding/json"

	"parley/internal/center"
	"parley/internal/flow"
)

// world gives a flow its view of the chat. The contact in it is a copy that
// the flow's actions change; follow takes the changes over.
func (d *decision) world() flow.World {
	c, cur := d.chat, d.chat.Current()
	view := &flow.Contact{
		ID: cur.ID, Chat: c.ID, Previous: cur.Previous, Related: cur.Related,
		InstanceARN: d.env.Partition.InstanceARN(c.Instance), Region: d.env.Partition.Region,
		InitiationMethod: cur.InitiationMethod, CustomerName: c.Customer().DisplayName,
		BotPresent: d.botAttached(),
		Name:       cur.Name, Description: cur.Description, CustomerID: cur.CustomerID,
		LanguageCode: c.Language, Attributes: c.Attributes, SegmentAttributes: cur.SegmentAttrs,
		References: cur.References, Tags: cur.Tags, Hooks: c.Hooks, Logging: c.Logging,
	}
	if c.InitialMessage != nil {
		view.InitialMessage = c.InitialMessage.Content
	}
	instance := c.Instance
	return flow.World{
		Now: d.env.Now, Contact: view,
		Flow: func(ref string) (*flow.Flow, center.FlowID, error) {
			return d.env.Catalog.Published(instance, ref)
		},
		Content: d.env.Catalog.Content,
		Random:  d.env.Rand.IntN,
		NewID:   d.newID,
		Trace:   d.env.Trace,
	}
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

// wake gives the running flow an event it may be waiting for.
func (d *decision) wake(ev flow.Event) error {
	if d.chat.Run == nil || !d.chat.Run.Wants(ev) {
		return nil
	}
	w := d.world()
	return d.follow(w, flow.Advance(w, d.chat.Run, ev))
}

// follow takes over what a step of the flow leads to.
func (d *decision) follow(w flow.World, out flow.Outcome) error {
	c := d.edit()
	cur := d.current()
	v := w.Contact
	c.Attributes, c.Hooks, c.Language, c.Logging = v.Attributes, v.Hooks, v.LanguageCode, v.Logging
	cur.Name, cur.Description, cur.CustomerID = v.Name, v.Description, v.CustomerID
	cur.SegmentAttrs, cur.References, cur.Tags = v.SegmentAttributes, v.References, v.Tags

	d.change.Log = append(d.change.Log, out.Log...)
	for _, m := range out.Messages {
		d.add(center.Item{
			Type: center.TypeMessage, ContentType: m.ContentType, Content: m.Text, Visibility: m.Visibility,
			Participant: c.System, DisplayName: m.Speaker, Role: center.RoleSystem,
		})
	}
	for _, f := range out.Effects {
		e := Effect{Effect: f}
		if f.Invoke != nil {
			e.Event = flow.LambdaEvent(v, f.Invoke.Parameters)
		}
		c.Effects = append(c.Effects, e)
		d.change.Effects = append(d.change.Effects, e)
	}
	c.Run = out.Run
	if out.Run != nil {
		c.Flow = out.Run.Flow
		return nil
	}
	return d.end(center.ReasonFlow)
}

// EffectDone brings the outcome of an effect. An effect that is not under way
// any more, because its outcome came already or the chat moved on, is ignored.
type EffectDone struct {
	ID     string
	Answer json.RawMessage
	Err    string
}

func (e EffectDone) decide(d *decision) error {
	for i := range d.chat.Effects {
		if d.chat.Effects[i].ID != e.ID {
			continue
		}
		c := d.edit()
		c.Effects = append(c.Effects[:i], c.Effects[i+1:]...)
		return d.wake(flow.Event{Kind: flow.EventEffectDone, Effect: e.ID, Answer: e.Answer, Err: e.Err})
	}
	return nil
}
