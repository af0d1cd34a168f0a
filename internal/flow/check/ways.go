package check

import (
	"parley.example/parley/internal/flow"
)

// exit is a way out of an action with the index of the action it leads to.
type exit struct {
	flow.Way
	next int
}

// exits returns the ways out of an action that a chat can take. Those of an
// action that fails in every chat are reduced to that failure's, those of a
// Compare to the ones that a chat's channel leaves open.
func exits(a *flow.Action) []exit {
	if a.Is(flow.Terminal) {
		return nil
	}
	if errorType, why := a.Refused(); why != "" {
		next, decided := a.OnError(errorType)
		return []exit{{a.ErrorWay(decided), next}}
	}
	conditions, more := open(a)
	var list []exit
	for _, i := range conditions {
		list = append(list, exit{flow.Way{Kind: flow.WayCondition, Index: i}, a.Conditions[i].Next})
	}
	if a.HasNext && !repeats(a) && more {
		list = append(list, exit{flow.Way{Kind: flow.WayNext}, a.Next})
	}
	for i, e := range a.Errors {
		if more || e.Type != flow.NoMatchingCondition {
			list = append(list, exit{flow.Way{Kind: flow.WayError, Index: i}, e.Next})
		}
	}
	return list
}

// open returns the conditions that can be true in a chat; more reports whether
// it can also be that none is. A Compare of what is the same in every chat, such
// as $.Channel, has few of them.
func open(a *flow.Action) (conditions []int, more bool) {
	of, known := fixed(a)
	for i := range a.Conditions {
		c := &a.Conditions[i]
		if !known || !c.Operand.Constant() {
			conditions = append(conditions, i)
			continue
		}
		if c.Holds(&of, c.Operand.Literal) {
			return append(conditions, i), false
		}
	}
	return conditions, true
}

// fixed returns what a Compare compares, if that is the same in every chat.
func fixed(a *flow.Action) (of flow.Compared, known bool) {
	s, ok := a.Args.(*flow.CompareArgs)
	switch {
	case !ok || s.Of.Root == nil:
	case s.Of.Name == "Channel" && len(s.Of.Path) == 0:
		return flow.Compared{Text: flow.ChatChannel}, true
	case s.Of.Root.Filled != flow.FilledInChat:
		return flow.Compared{Null: !s.Of.Root.Named}, true
	}
	return of, false
}

// repeats reports whether NextAction is not a way of its own: the branches of
// the action decide, and what the designer writes there repeats the target of
// one. It is one where no condition holds and there is no branch for that.
func repeats(a *flow.Action) bool {
	if !a.Is(flow.Branches) || len(a.Conditions)+len(a.Errors) == 0 {
		return false
	}
	if a.Spec.Allows(flow.NoMatchingCondition) {
		_, ok := a.Branch(flow.NoMatchingCondition)
		return ok
	}
	return true
}

// reachable marks the actions that some way leads to.
func reachable(f *flow.Flow) []bool {
	return follow(f, f.Start, make([]bool, len(f.Actions)), targets)
}

// targets are the actions that the ways out of one lead to.
func targets(a *flow.Action) []int {
	list := []int{a.Next}
	for _, e := range a.Errors {
		list = append(list, e.Next)
	}
	for _, c := range a.Conditions {
		list = append(list, c.Next)
	}
	return list
}

// lived marks the actions that a chat can come to.
func lived(f *flow.Flow) []bool {
	return follow(f, f.Start, make([]bool, len(f.Actions)), func(a *flow.Action) []int {
		var list []int
		for _, e := range exits(a) {
			list = append(list, e.next)
		}
		return list
	})
}

// follow marks what is reached from an action by way of next, and is not yet marked.
func follow(f *flow.Flow, from int, reached []bool, next func(*flow.Action) []int) []bool {
	pending := []int{from}
	for len(pending) > 0 {
		i := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if i < 0 || reached[i] {
			continue
		}
		reached[i] = true
		pending = append(pending, next(&f.Actions[i])...)
	}
	return reached
}
