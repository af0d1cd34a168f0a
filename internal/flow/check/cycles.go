package check

import (
	"fmt"
	"slices"

	"parley.example/parley/internal/flow"
)

// late are the errors that only come after an action has waited.
var late = []string{flow.NoMatchingCondition, flow.TimeLimitExceeded, flow.InputTimeLimitExceeded}

// immediate returns the actions that can follow a without the flow waiting: in
// a chat, and leaving out what a Loop repeats a limited number of times.
func immediate(a *flow.Action) []int {
	_, call := a.Args.(*flow.InvokeArgs) // which nobody has to do anything for
	_, why := a.Refused()
	waits := why == "" && a.Is(flow.Suspends) && !call
	var list []int
	for _, e := range exits(a) {
		switch {
		case waits && (e.Kind != flow.WayError || slices.Contains(late, a.Errors[e.Index].Type)):
		case a.Type == "Loop" && e.Kind == flow.WayCondition && a.Conditions[e.Index].Operand.Literal == flow.ContinueLooping:
		default:
			list = append(list, e.next)
		}
	}
	return list
}

// cycles warns of cycles that a run can go through without ever waiting, once
// for each action that closes one.
func (w *warner) cycles() {
	const (
		fresh = iota
		open
		closed
	)
	follow := make([][]int, len(w.f.Actions))
	for i := range follow {
		follow[i] = immediate(&w.f.Actions[i])
	}
	for more := true; more; {
		more = false
		for i := range follow {
			if w.f.Actions[i].Type == "Loop" && follow[i] != nil && !w.repeats(i, follow) {
				follow[i], more = nil, true // which may change what other loops do
			}
		}
	}
	state := make([]int, len(w.f.Actions))
	warned := make([]bool, len(w.f.Actions))
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
			case state[next] == open && !warned[next]:
				warned[next] = true
				w.add(&w.f.Actions[next], "Transitions", "The flow can return here without ever waiting.",
					fmt.Sprintf("A run that keeps cycling is stopped after %d actions. Put a Wait or a Loop into the cycle.", flow.MaxSteps))
			}
		}
		state[i] = closed
	}
	for i := range w.f.Actions {
		if w.lived[i] && state[i] == fresh {
			visit(i)
		}
	}
}

// repeats reports whether a Loop returns to itself without the flow waiting
// while it loops. If it does not, every cycle through it waits, however the
// way on from its end leads back: most rounds continue looping.
func (w *warner) repeats(i int, follow [][]int) bool {
	seen := make([]bool, len(w.f.Actions))
	var list []int
	for _, c := range w.f.Actions[i].Conditions {
		if c.Operand.Literal == flow.ContinueLooping {
			list = append(list, c.Next)
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
