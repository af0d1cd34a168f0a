package flow

import (
	"fmt"
	"slices"
)

// exit is a way out of an action with the index of the action it leads to.
type exit struct {
	Way
	next int
}

// exits returns the ways out of an action that a chat can take. Those of an
// action that fails in every chat are reduced to that failure's, those of a
// Compare to the ones that a chat's channel leaves open.
func (a *action) exits() []exit {
	if a.spec != nil && a.spec.is(terminal) {
		return nil
	}
	if errorType, why := a.refused(); why != "" {
		next, decided := a.onError(errorType)
		return []exit{{a.errorWay(decided), next}}
	}
	conditions, more := a.open()
	var list []exit
	for _, i := range conditions {
		list = append(list, exit{Way{WayCondition, i}, a.conditions[i].next})
	}
	if a.hasNext && !a.repeats() && more {
		list = append(list, exit{Way{Kind: WayNext}, a.next})
	}
	for i, e := range a.errors {
		if more || e.typ != noMatchingCondition {
			list = append(list, exit{Way{WayError, i}, e.next})
		}
	}
	return list
}

// open returns the conditions that can be true in a chat; more reports whether
// it can also be that none is. A Compare of what is the same in every chat, such
// as $.Channel, has few of them.
func (a *action) open() (conditions []int, more bool) {
	s, ok := a.step.(compare)
	known := ok && (s.of.name == "Channel" && len(s.of.path) == 0 || s.of.root != nil && s.of.root.get == nil)
	value := result{}
	if known && s.of.name == "Channel" {
		value.text = chatChannel
	} else if known {
		value.null = !s.of.root.user
	}
	for i := range a.conditions {
		c := &a.conditions[i]
		if !known || !c.operand.constant() {
			conditions = append(conditions, i)
			continue
		}
		if c.holds(value, c.operand.literal) {
			return append(conditions, i), false
		}
	}
	return conditions, true
}

// repeats reports whether NextAction is not a way of its own: the branches of
// the action decide, and what the designer writes there repeats the target of
// one. It is one where no condition holds and there is no branch for that.
func (a *action) repeats() bool {
	if a.spec == nil || !a.spec.is(branches) || len(a.conditions)+len(a.errors) == 0 {
		return false
	}
	if slices.Contains(a.spec.optional, noMatchingCondition) {
		_, ok := a.branch(noMatchingCondition)
		return ok
	}
	return true
}

// refused tells of an action that fails in every chat, whatever the contact:
// with which error type, and why. Why is empty for one that can succeed.
func (a *action) refused() (errorType, why string) {
	if a.spec != nil && a.spec.is(terminal) {
		return "", ""
	}
	switch s := a.step.(type) {
	case unsupported:
		errorType, why = s.errorType, s.problem
	case broken:
		why = s.problem
	case *message:
		if s.recorded {
			why = noRecordings
		}
	case *bot:
		if s.recorded {
			why = noRecordings
		}
	case *setHooks:
		for _, h := range s.hooks {
			if hookTypes[h.name] == "" {
				why = "a chat has no event " + clip(h.name)
			}
		}
	case *setData:
		if s.voice != "" {
			why = "a chat has no " + s.voice
		}
	case *setRouting:
		if s.proficiencies {
			why = noProficiencies
		}
	}
	if errorType == "" {
		errorType = noMatchingError
	}
	return errorType, why
}

// reachable marks the actions that some way leads to.
func (f *Flow) reachable() []bool {
	return f.follow(func(a *action) []int {
		list := []int{a.next}
		for _, e := range a.errors {
			list = append(list, e.next)
		}
		for _, c := range a.conditions {
			list = append(list, c.next)
		}
		return list
	})
}

// lived marks the actions that a chat can come to.
func (f *Flow) lived() []bool {
	return f.follow(func(a *action) []int {
		var list []int
		for _, e := range a.exits() {
			list = append(list, e.next)
		}
		return list
	})
}

// follow marks what is reached from the first action by way of next.
func (f *Flow) follow(next func(*action) []int) []bool {
	reached := make([]bool, len(f.actions))
	open := []int{f.start}
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i < 0 || reached[i] {
			continue
		}
		reached[i] = true
		open = append(open, next(&f.actions[i])...)
	}
	return reached
}

// late are the errors that only come after an action has waited.
var late = []string{noMatchingCondition, timeLimitExceeded, inputTimeLimitExceeded}

// immediate returns the actions that can follow a without the flow waiting: in
// a chat, and leaving out what a Loop repeats a limited number of times.
func (a *action) immediate() []int {
	_, call := a.step.(*invoke) // which nobody has to do anything for
	_, why := a.refused()
	waits := why == "" && a.spec.is(suspends) && !call
	var list []int
	for _, e := range a.exits() {
		switch {
		case waits && (e.Kind != WayError || slices.Contains(late, a.errors[e.Index].typ)):
		case a.typ == "Loop" && e.Kind == WayCondition && a.conditions[e.Index].operand.literal == continueLooping:
		default:
			list = append(list, e.next)
		}
	}
	return list
}

// cycles warns of circles that a run can go round without ever waiting, once
// for each action that closes one.
func (w *warner) cycles() {
	const (
		fresh = iota
		open
		closed
	)
	follow := make([][]int, len(w.f.actions))
	for i := range follow {
		follow[i] = w.f.actions[i].immediate()
	}
	for more := true; more; {
		more = false
		for i := range follow {
			if w.f.actions[i].typ == "Loop" && follow[i] != nil && !w.repeats(i, follow) {
				follow[i], more = nil, true // which may change what other loops do
			}
		}
	}
	state := make([]int, len(w.f.actions))
	told := make([]bool, len(w.f.actions))
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		for _, next := range follow[i] {
			if next < 0 {
				continue
			}
			switch {
			case state[next] == fresh:
				visit(next)
			case state[next] == open && !told[next]:
				told[next] = true
				w.add(&w.f.actions[next], "Transitions", "The flow can come back here without waiting for anybody.",
					fmt.Sprintf("A run that goes round stops after %d actions. Put a Wait or a Loop into the circle.", maxSteps))
			}
		}
		state[i] = closed
	}
	for i := range w.f.actions {
		if w.lived[i] && state[i] == fresh {
			visit(i)
		}
	}
}

// repeats reports whether a Loop comes back to itself without the flow waiting
// while it loops. If it does not, every circle through it waits, however the
// way on from its end leads back: most rounds continue looping.
func (w *warner) repeats(i int, follow [][]int) bool {
	seen := make([]bool, len(w.f.actions))
	var list []int
	for _, c := range w.f.actions[i].conditions {
		if c.operand.literal == continueLooping {
			list = append(list, c.next)
		}
	}
	for len(list) > 0 {
		at := list[len(list)-1]
		list = list[:len(list)-1]
		switch {
		case at == i:
			return true
		case at >= 0 && !seen[at]:
			seen[at] = true
			list = append(list, follow[at]...)
		}
	}
	return false
}
