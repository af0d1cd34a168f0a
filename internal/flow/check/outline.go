package check

import (
	"strings"

	"parley.example/parley/internal/flow"
)

// Outline is the shape of a flow for tools that draw it or count what a test
// has covered of it.
type Outline struct {
	Name    string // of Metadata, "" if none
	Type    string // as set by [flow.Flow.As], else of Metadata; "module" for a module, "" for unknown
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
	Parameters flow.Params
}

// Exit is one way out of an action.
type Exit struct {
	flow.Way
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

// NewOutline returns the shape of a flow.
func NewOutline(f *flow.Flow) Outline {
	o := Outline{Name: f.Name, Type: f.Type, Names: f.Names(), Actions: make([]OutlineAction, len(f.Actions))}
	switch {
	case f.Type != "":
	case f.Module:
		o.Type = "module"
	default:
		o.Type = f.Hint
	}
	o.Start = f.Identifier(f.Start)
	reached, lived := reachable(f), lived(f)
	for i := range f.Actions {
		o.Actions[i] = outlineOf(f, &f.Actions[i])
		o.Actions[i].Reached, o.Actions[i].Lived = reached[i], lived[i]
	}
	return o
}

func outlineOf(f *flow.Flow, a *flow.Action) OutlineAction {
	o := OutlineAction{ID: a.ID, Type: a.Type, Parameters: a.Params, Known: a.Spec != nil, Chat: a.Spec != nil && a.Spec.Runs()}
	o.Waits, o.Terminal = o.Chat && a.Is(flow.Suspends), a.Is(flow.Terminal)
	taken := map[flow.Way]bool{}
	for _, e := range exits(a) {
		taken[e.Way] = true
	}
	for i := range a.Conditions {
		c := &a.Conditions[i]
		way := flow.Way{Kind: flow.WayCondition, Index: i}
		o.Exits = append(o.Exits, Exit{
			Way: way, Operator: c.Operator, Operand: c.Operand.Source(), To: f.Identifier(c.Next), Taken: taken[way],
		})
	}
	if a.HasNext {
		way := flow.Way{Kind: flow.WayNext}
		o.Exits = append(o.Exits, Exit{Way: way, To: f.Identifier(a.Next), Taken: taken[way], Repeats: repeats(a)})
	}
	for i, e := range a.Errors {
		way := flow.Way{Kind: flow.WayError, Index: i}
		o.Exits = append(o.Exits, Exit{
			Way: way, Error: e.Type, To: f.Identifier(e.Next), Taken: taken[way], Spared: taken[way] && spared(f, a, e.Type),
		})
	}
	return o
}

// spared reports whether an error branch of an action can never be taken,
// because what is written there cannot fail so in a chat: a text without
// references, a valid time. What depends on data or on the instance is never spared.
func spared(f *flow.Flow, a *flow.Action, errorType string) bool {
	if _, why := a.Refused(); why != "" || strings.HasSuffix(f.Type, "_WHISPER") {
		return false // a whisper fails what is not available there
	}
	if errorType == flow.NoMatchingCondition {
		return false
	}
	spares := rules[a.Type].spares
	return spares != nil && spares(a, errorType)
}
