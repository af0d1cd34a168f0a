package machine

import (
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Visit is one action that ran: see World.Trace. An action that waits is
// visited twice, before and after.
type Visit struct {
	Kind       Kind // of the run
	Flow       center.FlowID
	Action     string // identifier
	Type       string
	Parameters map[string]any // resolved, as in [LogEntry]; the receiver must not change it
	Result     string         // the condition or error type that decided
	Problem    string         // why it failed
	Way        flow.Way
	Next       string // identifier of the next action of the same flow; "" if none
	Waits      bool   // the run is suspended here
	Again      bool   // it was visited before, when it began to wait or called a module, and goes on now
	Step       int    // counts the actions of one Start or Advance, from 1
	Said       int    // how much that Start or Advance has said, this action included
	Told       int    // how many messages the chat had before it; package contact fills it in
	Depth      int    // how many flows have called modules to come here
}

// trace calls World.Trace for an action that ran.
func (m *machine) trace(a *flow.Action, r result, decided string, way flow.Way) {
	if m.w.Trace == nil {
		return
	}
	m.visits++
	v := Visit{
		Kind: m.run.Kind, Step: m.visits, Said: len(m.out.Messages), Depth: len(m.run.Stack),
		Flow: m.run.Flow, Action: a.ID, Type: a.Type, Parameters: m.noted,
		Result: decided, Problem: r.problem, Way: way, Waits: r.kind == kindSuspend, Again: m.again,
	}
	switch way.Kind {
	case flow.WayCondition:
		v.Next = m.flow.Identifier(a.Conditions[way.Index].Next)
	case flow.WayError:
		v.Next = m.flow.Identifier(a.Errors[way.Index].Next)
	case flow.WayNext:
		v.Next = m.flow.Identifier(a.Next)
	}
	m.w.Trace(v)
}
