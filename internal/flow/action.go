package flow

import (
	"slices"
)

// Action is one action of a flow, compiled.
type Action struct {
	ID    string
	Type  string // by its name of today
	Wrote string // how the document spells Type, where that is a former spelling
	Index int
	Spec  *Type  // nil for an unknown type
	Block string // its name in flow logs

	Params Params
	// Args are Params as the type reads them, such as a *WaitArgs; nil for a type
	// without parameters, and where there is a Refusal.
	Args    any
	Refusal *Refusal // why no chat can do the action; nil where one can

	Next       int
	HasNext    bool // NextAction was given
	Errors     []ErrorBranch
	Conditions []Condition
}

// None is the index of an action that does not exist: going there ends the flow.
const None = -1

// ErrorBranch is an entry of Transitions.Errors.
type ErrorBranch struct {
	Type string
	Next int
}

// Condition is an entry of Transitions.Conditions. The language knows one
// operand; Operands counts those given, for the check.
type Condition struct {
	Operator string
	Operand  Template
	Operands int
	Next     int
}

// impossible is implemented by arguments that may ask for what no chat has.
type impossible interface {
	// Impossible says what that is, "" for arguments that a chat can follow.
	Impossible() string
}

// Refused reports an action that fails in every chat, whatever the contact: with
// which error type, and why. Why is empty for one that can succeed.
func (a *Action) Refused() (errorType, why string) {
	switch {
	case a.Is(Terminal):
		return NoMatchingError, ""
	case a.Refusal != nil:
		return a.Refusal.ErrorType, a.Refusal.Why
	}
	if args, ok := a.Args.(impossible); ok {
		return NoMatchingError, args.Impossible()
	}
	return NoMatchingError, ""
}

// Speaks reports whether the customer of a chat may be told something by the action.
func (a *Action) Speaks() bool {
	_, why := a.Refused()
	return a.Is(Speaks) && why == ""
}

// Is reports whether a rule holds for the action's type.
func (a *Action) Is(r Rules) bool { return a.Spec != nil && a.Spec.Is(r) }

// Branch returns where the branch of an error type leads, if there is one.
func (a *Action) Branch(errorType string) (next int, ok bool) {
	for i := range a.Errors {
		if a.Errors[i].Type == errorType {
			return a.Errors[i].Next, true
		}
	}
	return None, false
}

// OnError chooses the branch of an error: its own, else NoMatchingError, else
// what the action's type does without one.
func (a *Action) OnError(errorType string) (next int, decided string) {
	if i, ok := a.Branch(errorType); ok {
		return i, errorType
	}
	if i, ok := a.Branch(NoMatchingError); ok {
		return i, NoMatchingError
	}
	if a.Is(GoesOn) {
		return a.Next, errorType
	}
	return None, errorType
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

// ErrorWay returns the way that an error type decided: its branch, or
// NextAction where the type goes on without one.
func (a *Action) ErrorWay(decided string) Way {
	if i := slices.IndexFunc(a.Errors, func(e ErrorBranch) bool { return e.Type == decided }); i >= 0 {
		return Way{WayError, i}
	}
	if a.Is(GoesOn) && a.HasNext {
		return Way{Kind: WayNext}
	}
	return Way{}
}
