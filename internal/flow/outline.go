package flow

import (
	"encoding/json"
	"slices"

	"parley.example/parley/internal/center"
)

// Outline is the shape of a flow for tools that draw it or count what a test
// has covered of it.
type Outline struct {
	Name    string // of Metadata, "" if none
	Type    string // as told by [Flow.As], else of Metadata; "module" for a module, "" for unknown
	Start   string // identifier of the first action; "" if there is no such action
	Actions []OutlineAction
	// Names are what the designer calls the resources that the flow refers to,
	// by the id or ARN in the document. It may be empty.
	Names map[string]string
}

// OutlineAction is an action of an [Outline].
type OutlineAction struct {
	ID, Type string
	Known    bool   // the language has such a type
	Chat     bool   // a chat can do it
	Reached  bool   // some way leads to it
	Lived    bool   // some way leads to it that a chat can take
	Waits    bool   // it can suspend the flow
	Terminal bool   // nothing follows it
	Exits    []Exit // conditions, then NextAction, then errors, each as in the document
	// Parameters as they are written. The receiver must not change them.
	Parameters map[string]json.RawMessage
}

// Exit is one way out of an action.
type Exit struct {
	Way
	Operator, Operand string // of a condition
	Error             string // the error type
	To                string // identifier of the next action; "" ends the flow
	// Taken is false for a way that no chat ever takes: NextAction of an action
	// whose branches decide, any way but the failure of one that fails in every
	// chat, and what a Compare of $.Channel keeps for calls and tasks.
	Taken bool
	// Repeats is true for NextAction of an action whose branches decide: what
	// the designer writes there only repeats the target of a branch.
	Repeats bool
	// Spared is true for an error branch that is never taken because what is
	// written in the action cannot fail so in a chat, like sending a text without references.
	Spared bool
}

// Way names a way out of an action: its kind, and its index among the
// document's Conditions or Errors.
type Way struct {
	Kind  WayKind
	Index int
}

// WayKind is the kind of a [Way].
type WayKind string

// The kinds of ways. An action that waits or ends the flow has taken none.
const (
	WayNone      WayKind = ""
	WayNext      WayKind = "next"
	WayCondition WayKind = "condition"
	WayError     WayKind = "error"
)

// Visit tells of one action that ran: see World.Trace. An action that waits is
// visited twice, before and after.
type Visit struct {
	Kind       Kind // of the run
	Flow       center.FlowID
	Action     string // identifier
	Type       string
	Parameters map[string]any // resolved, as in [LogEntry]; the receiver must not change it
	Result     string         // the condition or error type that decided
	Problem    string         // why it failed
	Way        Way
	Next       string // identifier of the next action of the same flow; "" if none
	Waits      bool   // the run is suspended here
	Again      bool   // it was told of before, when it began to wait or called a module, and goes on now
	Step       int    // counts the actions of one Start or Advance, from 1
	Said       int    // how much that Start or Advance has said, this action included
	Told       int    // how much the chat's participants were told before it; package contact fills it in
	Depth      int    // how many flows have called modules to come here
}

// Outline returns the shape of the flow.
func (f *Flow) Outline() Outline {
	o := Outline{Name: f.name, Type: f.typ, Names: f.names(), Actions: make([]OutlineAction, len(f.actions))}
	switch {
	case f.typ != "":
	case f.module:
		o.Type = "module"
	default:
		o.Type = f.hint
	}
	o.Start = f.identifier(f.start)
	reached, lived := f.reachable(), f.lived()
	for i := range f.actions {
		o.Actions[i] = f.outline(&f.actions[i])
		o.Actions[i].Reached, o.Actions[i].Lived = reached[i], lived[i]
	}
	return o
}

func (f *Flow) outline(a *action) OutlineAction {
	o := OutlineAction{ID: a.id, Type: a.typ, Parameters: a.params, Known: a.spec != nil, Chat: a.spec != nil && a.spec.make != nil && a.spec.chat == ""}
	if a.spec != nil {
		o.Waits, o.Terminal = o.Chat && a.spec.is(suspends), a.spec.is(terminal)
	}
	taken := map[Way]bool{}
	for _, e := range a.exits() {
		taken[e.Way] = true
	}
	for i := range a.conditions {
		c := &a.conditions[i]
		way := Way{WayCondition, i}
		o.Exits = append(o.Exits, Exit{
			Way: way, Operator: c.operator, Operand: c.operand.source(), To: f.identifier(c.next), Taken: taken[way],
		})
	}
	if a.hasNext {
		way := Way{Kind: WayNext}
		o.Exits = append(o.Exits, Exit{Way: way, To: f.identifier(a.next), Taken: taken[way], Repeats: a.repeats()})
	}
	for i, e := range a.errors {
		way := Way{WayError, i}
		o.Exits = append(o.Exits, Exit{
			Way: way, Error: e.typ, To: f.identifier(e.next), Taken: taken[way], Spared: taken[way] && f.spared(a, e.typ),
		})
	}
	return o
}

func (f *Flow) identifier(i int) string {
	if i < 0 {
		return ""
	}
	return f.actions[i].id
}

// source returns the template as it was written.
func (t *template) source() string {
	if t.parts == nil {
		return t.literal
	}
	var b []byte
	for _, p := range t.parts {
		if p.ref != nil {
			b = append(b, p.ref.raw...)
		} else {
			b = append(b, p.literal...)
		}
	}
	return string(b)
}

// errorWay returns the way that an error type decided: its branch, or
// NextAction where the type goes on without one.
func (a *action) errorWay(decided string) Way {
	if i := slices.IndexFunc(a.errors, func(e errorBranch) bool { return e.typ == decided }); i >= 0 {
		return Way{WayError, i}
	}
	if a.spec != nil && a.spec.is(goesOn) && a.hasNext {
		return Way{Kind: WayNext}
	}
	return Way{}
}

// trace tells World.Trace of an action that ran.
func (m *machine) trace(a *action, r result, decided string, way Way) {
	if m.w.Trace == nil {
		return
	}
	m.visits++
	v := Visit{
		Kind: m.run.Kind, Step: m.visits, Said: len(m.out.Messages), Depth: len(m.run.Stack),
		Flow: m.run.Flow, Action: a.id, Type: a.typ, Parameters: m.noted,
		Result: decided, Problem: r.problem, Way: way, Waits: r.kind == kindSuspend, Again: m.again,
	}
	switch way.Kind {
	case WayCondition:
		v.Next = m.flow.identifier(a.conditions[way.Index].next)
	case WayError:
		v.Next = m.flow.identifier(a.errors[way.Index].next)
	case WayNext:
		v.Next = m.flow.identifier(a.next)
	}
	m.w.Trace(v)
}
