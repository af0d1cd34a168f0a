package flow

import (
	"fmt"
	"slices"
)

// warnings finds what may be published and is probably not meant.
func (f *Flow) warnings() []Finding {
	w := &warner{f: f, reached: f.reachable()}
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
func (w *warner) errorBranches(a *action) {
	if a.spec.is(terminal) || !slices.Contains(a.spec.optional, noMatchingError) {
		return
	}
	if _, ok := a.branch(noMatchingError); ok {
		return
	}
	hint := "An error ends the flow."
	if a.spec.is(goesOn) {
		hint = "After an error the flow goes on with NextAction."
	}
	w.add(a, "Transitions.Errors", "There is no branch for NoMatchingError.", hint)
}

// references warns of references to roots that do not exist; they are empty.
func (w *warner) references(a *action) {
	unknown := map[string]bool{}
	for _, name := range sorted(a.params) {
		v, err := decode(a.params[name])
		if err != nil {
			continue
		}
		texts(v, func(s string) {
			for _, p := range compile(s).parts {
				if p.ref != nil && p.ref.root == nil && !unknown[p.ref.name] && len(unknown) < 10 {
					unknown[p.ref.name] = true
					w.add(a, "Parameters."+clip(name), "There is no $."+clip(p.ref.name)+".", "The reference is always empty.")
				}
			}
		})
	}
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
	var next []int
	for _, e := range a.errors {
		next = append(next, e.next)
	}
	if call, ok := a.step.(*invoke); a.spec.is(suspends) && (!ok || !call.async) {
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
	state := make([]int, len(w.f.actions))
	told := make([]bool, len(w.f.actions))
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		for _, next := range w.f.actions[i].immediate() {
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
