package flow

import (
	"fmt"
	"slices"
)

// warnings finds what may be published and is probably not meant.
func (f *Flow) warnings() []Finding {
	w := &warner{f: f, reached: f.reachable(), set: map[string]bool{}}
	for i := range f.actions {
		if w.reached[i] {
			w.set[f.actions[i].typ] = true
		}
	}
	kind := f.flowType()
	for i := range f.actions {
		if len(w.findings) > maxFindings {
			break
		}
		a := &f.actions[i]
		if !w.reached[i] {
			w.add(a, "", "No way leads to this action.", "Connect it, or take it out.")
			continue
		}
		if a.spec == nil {
			continue
		}
		w.support(a)
		w.errorBranches(a)
		w.references(a)
		if kind != 0 && a.spec.types&kind == 0 {
			w.add(a, "Type", fmt.Sprintf("%s does not belong into a flow of this type.", a.typ),
				"The designer does not offer it there; at run time it is tried all the same.")
		}
	}
	w.cycles()
	return w.findings
}

type warner struct {
	f        *Flow
	reached  []bool
	set      map[string]bool // the types of the actions that are reached
	findings []Finding
}

func (w *warner) add(a *action, field, message, hint string) {
	w.findings = append(w.findings, Finding{Severity: SeverityWarning, Action: a.id, Field: field, Message: message, Hint: hint})
}

// flowType is the type of the flow as far as anybody said, 0 for unknown.
func (f *Flow) flowType() flowTypes {
	switch {
	case f.typ != "":
		return typeNames[f.typ]
	case f.module:
		return 0
	}
	return typeNames[f.hint]
}

// support warns of actions that take their error branch in a chat.
func (w *warner) support(a *action) {
	hint := "In a chat it takes its " + w.failure(a) + " branch."
	switch {
	case a.typ == "MessageParticipant" && (a.params.has("PromptId") || a.params.has("Media")):
		w.add(a, "Parameters", "A chat cannot play a recorded prompt.", hint)
	case a.spec.chat != "":
		w.add(a, "Type", a.spec.unsupported().(unsupported).problem+".", hint)
	case a.spec.make == nil && !a.spec.is(terminal):
		w.add(a, "Type", "This version of Parley does not run "+a.typ+".", hint)
	}
}

// failure is the error type with which an action fails in a chat.
func (w *warner) failure(a *action) string {
	if a.spec.failure != "" {
		return a.spec.failure
	}
	return noMatchingError
}

// errorBranches warns of errors that an older export leaves without a branch.
// Where the flow then goes on with NextAction there is nothing to warn of.
func (w *warner) errorBranches(a *action) {
	if a.spec.is(terminal) || a.spec.is(goesOn) || !slices.Contains(a.spec.optional, noMatchingError) {
		return
	}
	if _, ok := a.branch(noMatchingError); !ok {
		w.add(a, "Transitions.Errors", "There is no branch for NoMatchingError.", "An error ends the flow.")
	}
}

// setters are the roots of references that an action of the same flow, or of
// one that led to it, has to set, by the type of that action.
var setters = map[string]string{
	"External": "InvokeLambdaFunction", "LambdaInvocation": "InvokeLambdaFunction", "Lex": "ConnectParticipantWithLexBot",
	"Views": "ShowView", "Metrics": "GetMetricData", "Loop": "Loop", "FlowAttributes": "UpdateFlowAttributes",
}

// references warns of references that are always empty, or empty unless
// another flow has set them.
func (w *warner) references(a *action) {
	told := map[string]bool{}
	for _, name := range sorted(a.params) {
		v, err := decode(a.params[name])
		if err != nil {
			continue
		}
		texts(v, func(s string) {
			for _, p := range compile(s).parts {
				if p.ref == nil || told[p.ref.name] || len(told) >= 10 {
					continue
				}
				if message, hint := w.reference(p.ref); message != "" {
					told[p.ref.name] = true
					w.add(a, "Parameters."+clip(name), message, hint)
				}
			}
		})
	}
}

func (w *warner) reference(r *reference) (message, hint string) {
	setter := setters[r.name]
	switch {
	case r.root == nil:
		return "There is no $." + clip(r.name) + ".", "The reference is always empty."
	case r.root.get == nil:
		return "$." + clip(r.name) + " is never set in a chat.", "The reference is always empty."
	case setter == "" || w.set[setter]:
		return "", ""
	case r.name == "FlowAttributes", r.name == "Loop", w.f.module:
		return "Nothing in this flow sets $." + r.name + ".", "The reference is always empty."
	}
	return "Nothing in this flow sets $." + r.name + ".", "It is empty unless a flow that leads here has set it."
}

// texts calls f with every string of a JSON value, keys included.
func texts(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			texts(e, f)
		}
	case map[string]any:
		for k, e := range v {
			f(k)
			texts(e, f)
		}
	}
}

// reachable marks the actions that some way leads to.
func (f *Flow) reachable() []bool {
	reached := make([]bool, len(f.actions))
	open := []int{f.start}
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i < 0 || reached[i] {
			continue
		}
		reached[i] = true
		a := &f.actions[i]
		open = append(open, a.next)
		for _, e := range a.errors {
			open = append(open, e.next)
		}
		for _, c := range a.conditions {
			open = append(open, c.next)
		}
	}
	return reached
}

// late are the errors that only come after an action has waited.
var late = []string{noMatchingCondition, timeLimitExceeded, "InputTimeLimitExceeded"}

// immediate returns the actions that can follow a without the flow waiting: in
// a chat, and leaving out what a Loop repeats a limited number of times.
func (a *action) immediate() []int {
	if a.spec == nil || a.spec.chat != "" {
		errorType := noMatchingError
		if a.spec != nil && a.spec.failure != "" {
			errorType = a.spec.failure
		}
		next, _ := a.onError(errorType)
		return []int{next}
	}
	call, ok := a.step.(*invoke)
	waits := a.spec.is(suspends) && (!ok || !call.async)
	var next []int
	for _, e := range a.errors {
		if !waits || !slices.Contains(late, e.typ) {
			next = append(next, e.next)
		}
	}
	if waits {
		return next
	}
	if !a.spec.is(branches) || len(a.conditions) == 0 {
		next = append(next, a.next)
	}
	for _, c := range a.conditions {
		if a.typ != "Loop" || c.operand.literal != continueLooping {
			next = append(next, c.next)
		}
	}
	return next
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
			if w.f.actions[i].typ == "Loop" && follow[i] != nil && !w.loops(i, follow) {
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
				w.add(&w.f.actions[next], "Transitions", "The flow can come back here without ever waiting.",
					fmt.Sprintf("A run that goes round stops after %d actions. Put a Wait or a Loop into the circle.", maxSteps))
			}
		}
		state[i] = closed
	}
	for i := range w.f.actions {
		if w.reached[i] && state[i] == fresh {
			visit(i)
		}
	}
}

// loops reports whether a Loop comes back to itself without the flow waiting
// while it loops. If it does not, every circle through it waits, however the
// way on from its end leads back: most rounds continue looping.
func (w *warner) loops(i int, follow [][]int) bool {
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
