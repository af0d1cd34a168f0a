package contact

import (
	"errors"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// facts answers what a flow asks of the chat's instance.
type facts struct{ d *decision }

var _ machine.Facts = facts{}

func (f facts) Queue(ref string) (machine.Queue, error) {
	q, err := f.d.env.Catalog.Queue(f.d.chat.Instance, ref)
	q.Full = slices.Contains(f.d.env.Full, q.ID)
	return q, err
}

func (f facts) Hours(ref string) (machine.Opening, error) {
	return f.d.env.Catalog.Hours(f.d.chat.Instance, ref, f.d.env.Now)
}

// Metrics returns the status of a queue. If it has not been provided the result
// does not matter: the decision ends in a [Need].
func (f facts) Metrics(q machine.Queue) (machine.QueueStatus, error) {
	d, entry := f.d, f.d.chat.Queue
	here := entry != nil && entry.Queue == q.ID
	status, known := d.env.QueueStatus[q.ID]
	if !known && d.need == nil {
		d.need = &Need{Queue: q.ID}
		if here {
			d.need.Priority, d.need.Rank, d.need.Since = d.chat.Priority(), d.chat.rank(), entry.Since
		}
	}
	agents := status.Agents
	m := machine.QueueStatus{
		Contacts: status.Others, Wait: status.Wait,
		Online: agents.Online, Staffed: agents.Staffed, Available: agents.Available,
		NonProductive: agents.NonProductive, Busy: agents.Busy, Missed: agents.Missed, AfterContactWork: agents.AfterWork,
	}
	oldest := status.Oldest
	if here {
		m.Contacts++
		m.Position, m.OwnWait = status.Ahead+1, status.OwnWait
		if oldest.IsZero() || entry.Since.Before(oldest) {
			oldest = entry.Since
		}
	}
	if !oldest.IsZero() {
		m.Oldest = max(0, d.env.Now.Sub(oldest).Truncate(time.Millisecond))
	}
	return m, nil
}

func (f facts) Module(ref string) (*flow.Flow, center.FlowID, error) {
	return f.d.read(f.d.env.Catalog.Module(f.d.chat.Instance, ref))
}

// flow returns what a run comes to that goes to a flow of the instance.
func (d *decision) flow(ref center.FlowRef) (*flow.Flow, center.FlowID, error) {
	return d.read(d.env.Catalog.Published(d.chat.Instance, string(ref)))
}

// read passes on what the catalog says of a content. When that has to be read
// first, the rest of the decision does not matter: it ends in a [Need]. One that
// was read in vain is an error like any other.
func (d *decision) read(f *flow.Flow, id center.FlowID, err error) (*flow.Flow, center.FlowID, error) {
	need, ok := errors.AsType[*Need](err)
	if !ok {
		return f, id, err
	}
	if problem := d.env.Contents[need.Content]; problem != nil {
		return nil, id, problem
	}
	if d.need == nil {
		d.need = need
	}
	return f, id, err
}

func (f facts) View(ref string) (machine.View, error) {
	return f.d.env.Catalog.FindView(f.d.chat.Instance, ref)
}

func (f facts) ViewToken(v machine.View) string {
	if f.d.env.ViewToken == nil {
		return ""
	}
	return f.d.env.ViewToken(f.d.chat.ID, v)
}

func (f facts) LambdaAllowed(function string) error {
	return f.d.env.Catalog.LambdaAllowed(f.d.chat.Instance, function)
}

func (f facts) Assistant(assistant string) error {
	return f.d.env.Catalog.Assistant(f.d.chat.Instance, assistant)
}

func (f facts) BotAllowed(bot string) error {
	return f.d.env.Catalog.BotAllowed(f.d.chat.Instance, bot)
}
