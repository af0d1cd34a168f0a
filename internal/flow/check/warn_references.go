package check

import (
	"fmt"
	"maps"
	"slices"

	"parley.example/parley/internal/flow"
)

// references warns of references that are always empty, or empty unless
// another flow has set them: once for each root, or for what is written as a key
// and is none, at the first action.
func (w *warner) references(a *flow.Action) {
	here := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(a.Params)) {
		v, err := flow.Decode(a.Params[name])
		if err != nil {
			continue
		}
		texts(v, func(s string) { w.referencesIn(a, "Parameters."+flow.Clip(name), flow.Compile(s), here) })
	}
	for i := range a.Conditions {
		w.referencesIn(a, fmt.Sprintf("Transitions.Conditions[%d]", i), a.Conditions[i].Operand, here)
	}
}

func (w *warner) referencesIn(a *flow.Action, field string, t flow.Template, here map[string]bool) {
	for _, p := range t.Parts {
		if p.Ref == nil || w.wrong[[2]string{a.ID, field}] {
			continue
		}
		about := p.Ref.Name
		if p.Ref.Behind != "" {
			about = p.Ref.String()
		}
		message, hint := w.reference(p.Ref)
		if message == "" || here[about] {
			continue
		}
		here[about] = true
		if first, known := w.reported[about]; known {
			w.more[first]++
			continue
		}
		w.reported[about] = len(w.findings)
		w.add(a, field, message, hint)
	}
}

func (w *warner) reference(r *flow.Reference) (message, hint string) {
	switch root := r.Root; {
	case r.Behind != "" && r.Path == nil:
		return flow.Clip(r.Behind) + " behind " + flow.Clip(r.Raw) + " is no key of a reference.",
			"The reference is always empty. Keys of other characters than letters of ASCII, digits, _ and - are written as in $.Attributes['first name']."
	case r.Behind != "":
		return flow.Clip(r.Behind) + " behind " + flow.Clip(r.Raw) + " is no key of a reference.",
			"It is text where " + flow.Clip(r.Raw) + " is a text, a number or a boolean; else the reference is empty. Put a space before text, and a key in quotes and brackets."
	case root == nil:
		return "There is no $." + flow.Clip(r.Name) + ".", "The reference is always empty."
	case root.Filled == flow.NeverInParley:
		return "This version of Parley never sets $." + r.Name + ".", "The reference is always empty."
	case root.Filled == flow.NeverInChat:
		return "$." + flow.Clip(r.Name) + " is never set in a chat.", "The reference is always empty."
	case root.Setter == "" || w.setters[root.Setter] == setterWorks:
		return "", ""
	case root.Local, w.f.Module:
		hint = "The reference is always empty."
	default:
		hint = "It is empty unless an earlier flow has set it."
	}
	switch w.setters[r.Root.Setter] {
	case setterFails:
		return "In a chat " + r.Root.Setter + " fails, which would set $." + r.Name + ".", hint
	case setterUnreached:
		return "No chat comes to the " + r.Root.Setter + " that would set $." + r.Name + ".", hint
	}
	return "Nothing in this flow sets $." + r.Name + ".", hint
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
