package machine

import (
	"errors"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// optional resolves a parameter that may be missing, or empty as some exports
// have it: ok is false when the document gives nothing.
func (m *machine) optional(t *flow.Template) (text string, ok bool) {
	if t.Empty() {
		return "", false
	}
	text, _ = m.text(t)
	return text, true
}

// hasCondition reports whether some condition of an action has an operand.
func (m *machine) hasCondition(a *flow.Action, operand string) bool {
	for i := range a.Conditions {
		if text, ok := m.text(&a.Conditions[i].Operand); ok && text == operand {
			return true
		}
	}
	return false
}

// errNoFacts is the answer of a world that knows nothing of its instance.
var errNoFacts = errors.New("no instance is available here")

// findQueue looks a queue up: the one that a parameter names, the own queue of
// an agent, or with neither the target queue.
func (m *machine) findQueue(of *flow.QueueRef) (Queue, error) {
	id, given := m.c.Queue.ID, false
	if text, ok := m.optional(&of.Agent); ok {
		id, given = agentQueueID(text), true
		if text == "" {
			return Queue{}, errors.New("no agent is specified")
		}
	}
	if text, ok := m.optional(&of.Queue); ok {
		id, given = center.QueueID(text), true
	}
	switch {
	case id == "" && given:
		return Queue{}, errors.New("no queue is specified")
	case id == "":
		return Queue{}, errors.New("no target queue is set")
	case m.w.Facts == nil:
		return Queue{}, errNoFacts
	}
	return m.w.Facts.Queue(string(id))
}

// agentQueueID is the id of an agent's own queue.
func agentQueueID(user string) center.QueueID { return center.QueueID(AgentQueue + center.IDOf(user)) }

// find looks up the flow of a reference, which is of one of some types.
func (m *machine) find(ref string, types ...string) (f *flow.Flow, id center.FlowID, problem string) {
	if ref == "" {
		return nil, "", "no flow is specified"
	}
	f, id, err := m.w.Flow(ref)
	if err != nil {
		return nil, "", err.Error()
	}
	if f == nil {
		return nil, "", "there is no flow " + flow.Clip(ref)
	}
	for _, t := range types {
		if f.Type == t || f.Type == "" {
			return f, id, ""
		}
	}
	return nil, "", "the flow " + flow.Clip(ref) + " is of type " + f.Type + ", which cannot be used here"
}

func (m *machine) lambdaAllowed(function string) error {
	if m.w.Facts == nil {
		return nil
	}
	return m.w.Facts.LambdaAllowed(function)
}
