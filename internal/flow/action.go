package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Action is one action of a flow, compiled.
type Action struct {
	ID    string
	Type  string
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

// Refusal is why an action fails in every chat: Parley does not run its type, a
// chat does not have what it is for, or its parameters make no sense. As an error
// it is what reading the parameters returns for what no chat can do.
type Refusal struct {
	ErrorType string // the branch that is taken
	Why       string
	Invalid   bool // the parameters make no sense: publishing refuses it
}

func (r *Refusal) Error() string { return r.Why }

// impossible is implemented by arguments that may ask for what no chat has.
type impossible interface {
	// Impossible says what that is, "" for arguments that a chat can follow.
	Impossible() string
}

// compile reads the parameters as the action's type has them.
func (a *Action) compile() {
	a.Spec, a.Block = types[a.Type], a.Type
	if a.Spec == nil {
		a.Refusal = &Refusal{ErrorType: NoMatchingError, Why: "unknown action type " + Clip(a.Type)}
		return
	}
	a.Block = a.Spec.block(a.Params)
	if a.Spec.read == nil {
		a.Refusal = a.Spec.refusal()
		return
	}
	args, err := a.Spec.read(a.Params)
	switch refusal, ok := errors.AsType[*Refusal](err); {
	case ok:
		a.Refusal = refusal
	case err != nil:
		a.Refusal = &Refusal{ErrorType: NoMatchingError, Why: err.Error(), Invalid: true}
	default:
		a.Args = args
	}
}

// Refused tells of an action that fails in every chat, whatever the contact:
// with which error type, and why. Why is empty for one that can succeed.
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

// transitions compiles what comes after an action.
func (f *Flow) transitions(a *Action, raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	members, err := Object(raw)
	if err != nil {
		f.misshapen(a, "Transitions", "must be an object")
		return nil
	}
	var next string
	if f.text(a, members, "NextAction", &next); next != "" {
		a.HasNext = true
		a.Next = f.target(a, "Transitions.NextAction", next)
	}
	var branches []struct{ NextAction, ErrorType string }
	if raw := members["Errors"]; raw != nil && json.Unmarshal(raw, &branches) != nil {
		f.misshapen(a, "Transitions.Errors", "must be a list of {NextAction, ErrorType}")
	}
	var conditions []struct {
		NextAction string
		Condition  struct {
			Operator string
			Operands []json.RawMessage
		}
	}
	if raw := members["Conditions"]; raw != nil && json.Unmarshal(raw, &conditions) != nil {
		f.misshapen(a, "Transitions.Conditions", "must be a list of {NextAction, Condition}")
	}
	if len(branches) > maxConditions || len(conditions) > maxConditions {
		return unreadable("action %q has more than %d branches", Clip(a.ID), maxConditions)
	}
	a.Errors = make([]ErrorBranch, 0, len(branches))
	for i, b := range branches {
		field := fmt.Sprintf("Transitions.Errors[%d].NextAction", i)
		a.Errors = append(a.Errors, ErrorBranch{Type: b.ErrorType, Next: f.target(a, field, b.NextAction)})
	}
	a.Conditions = make([]Condition, 0, len(conditions))
	for i, c := range conditions {
		field := fmt.Sprintf("Transitions.Conditions[%d]", i)
		compiled := Condition{Operator: c.Condition.Operator, Operands: len(c.Condition.Operands)}
		compiled.Next = f.target(a, field+".NextAction", c.NextAction)
		if len(c.Condition.Operands) > 0 {
			operand, ok := Scalar(c.Condition.Operands[0])
			if !ok {
				// No export nests conditions, and the language names no
				// operator that would combine them: such a one is never true.
				f.misshapen(a, field+".Condition.Operands[0]", "must be a text")
				compiled.Operator = ""
			}
			compiled.Operand = Compile(operand)
		}
		a.Conditions = append(a.Conditions, compiled)
	}
	return nil
}

// target resolves the identifier of a following action.
func (f *Flow) target(a *Action, field, id string) int {
	if i, ok := f.byID[id]; ok {
		return i
	}
	f.Faults = append(f.Faults, Fault{Action: a.Index, Field: field, Dangling: true, Written: id,
		Message: fmt.Sprintf("names no action: %q", Clip(id))})
	return None
}

// text reads a member that must be a string; what is missing stays empty.
func (f *Flow) text(a *Action, members Params, name string, into *string) {
	if raw, ok := members[name]; ok && json.Unmarshal(raw, into) != nil {
		field := name
		if name == "NextAction" {
			field = "Transitions." + name
		}
		f.misshapen(a, field, "must be a text")
	}
}

// misshapen notes a member of an action that has the wrong type of value.
func (f *Flow) misshapen(a *Action, field, why string) {
	f.Faults = append(f.Faults, Fault{Action: a.Index, Field: field, Message: why})
}
