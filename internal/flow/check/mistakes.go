package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/flow"
)

// faults reports what is wrong with the shape of the document. What follows from
// one mistake is marked: that branches lead nowhere, since the action that they
// name is called otherwise, or that nothing can be begun where there are no actions.
func (v *validation) faults() {
	unknown := map[string]int{} // branches that lead to what does not exist, by the name that they give it
	for i := range v.f.Faults {
		if fault := &v.f.Faults[i]; fault.Dangling {
			unknown[fault.Written]++
		}
	}
	nameless := v.nameless()
	misnamed := len(unknown) > 0 && len(nameless) >= len(unknown)
	told := map[string]bool{}
	for i := range v.f.Faults {
		fault := &v.f.Faults[i]
		finding := documentFinding(fault.Field, fault.Message, fault.Hint)
		if fault.Action != flow.None {
			finding = badValue(&v.f.Actions[fault.Action], fault.Field, fault.Message)
		}
		switch {
		case fault.Dangling:
			finding.follows = told[fault.Written] || misnamed || len(v.f.Actions) == 0
			if !told[fault.Written] && len(told) < maxHints {
				finding.Hint = v.meant(fault, unknown[fault.Written]-1)
			}
			told[fault.Written] = true
		case misnamed && fault.Field == "Identifier":
			finding.Hint = isMeant(unknown)
		}
		v.findings = append(v.findings, finding)
	}
}

// nameless returns the actions that nothing can lead to: without an identifier, or
// with that of another.
func (v *validation) nameless() (list []*flow.Action) {
	for i := range v.f.Actions {
		a := &v.f.Actions[i]
		if at, ok := v.f.Find(a.ID); !ok || at != i {
			list = append(list, a)
		}
	}
	return list
}

// unnamed adds the problem that an action has no identifier. It is one mistake for
// all actions that have none.
func (v *validation) unnamed(a *flow.Action) {
	v.missing(a, "Identifier")
	first, n := true, 0
	for i := range v.f.Actions {
		if v.f.Actions[i].ID == "" {
			first = first && i >= a.Index
			n++
		}
	}
	if v.last().follows = !first; !first {
		return
	}
	var hints []string
	var document struct{ Actions []map[string]json.RawMessage }
	if json.Unmarshal(v.f.Content(), &document) == nil {
		for name := range document.Actions[a.Index] {
			if name != "Identifier" && strings.EqualFold(name, "Identifier") {
				hints = append(hints, "Write Identifier, not "+name+".")
			}
		}
	}
	if n > 1 {
		hints = append(hints, fmt.Sprintf("%d actions have none.", n))
	}
	v.last().Hint = strings.Join(hints, " ")
}

// isMeant is the hint that an action without a name of its own may be what some
// names stand for that there are not.
func isMeant(unknown map[string]int) string {
	names := slices.Sorted(maps.Keys(unknown))
	for i := range names {
		names[i] = fmt.Sprintf("%q", flow.Clip(names[i]))
	}
	if n := len(names); n > maxMeant {
		names = append(names[:maxMeant], fmt.Sprintf("%d more", n-maxMeant))
	}
	return "Is it " + strings.Join(names, " or ") + "? Branches lead there, and there is no such action."
}

// meant is the hint of the first branch to an action that there is not: which one
// may be meant, and how many more branches lead there.
func (v *validation) meant(fault *flow.Fault, more int) string {
	hint := ""
	if near := Nearest(fault.Written, v.f.Identifiers()); near != "" {
		hint = "Did you mean " + near + "?"
	} else if a := v.orphan(); a != nil && fault.Action == flow.None {
		hint = "Is it " + flow.Clip(a.ID) + "? Nothing else leads there."
	} else if a != nil {
		hint = "Has it been renamed? Nothing leads to " + flow.Clip(a.ID) + "."
	} else if fault.Written == "" && fault.Action == flow.None {
		hint = "Name the action that the flow begins with."
	}
	switch {
	case more == 1:
		hint += " One more branch leads to it."
	case more > 1:
		hint += fmt.Sprintf(" %d more branches lead to it.", more)
	}
	return strings.TrimSpace(hint)
}

// orphan returns the action that nothing leads to, if it is the only one.
func (v *validation) orphan() *flow.Action {
	led := map[int]bool{v.f.Start: true}
	for i := range v.f.Actions {
		for _, next := range targets(&v.f.Actions[i]) {
			led[next] = true
		}
	}
	var only *flow.Action
	for i := range v.f.Actions {
		if led[i] || v.f.Actions[i].ID == "" {
			continue
		}
		if only != nil {
			return nil
		}
		only = &v.f.Actions[i]
	}
	return only
}

// misspelt returns the parameters of an action that may be meant by names that
// it does not have.
func (v *validation) misspelt(a *flow.Action) map[string]bool {
	if a.Spec.Open {
		return nil
	}
	meant := map[string]bool{}
	names := slices.Sorted(maps.Keys(a.Params))
	for _, name := range names[:min(len(names), maxHints)] {
		if !slices.Contains(slices.Collect(a.Spec.ParamNames()), name) {
			meant[Nearest(name, a.Spec.ParamNames())] = true
		}
	}
	return meant
}

// noTransitions makes one mistake of an action that has no transitions at all.
func (v *validation) noTransitions(a *flow.Action) {
	if a.HasNext || len(a.Errors) > 0 || len(a.Conditions) > 0 {
		return
	}
	var missing []int
	for i := v.first; i < len(v.findings); i++ {
		if strings.HasPrefix(v.findings[i].Field, "Transitions.") {
			missing = append(missing, i)
		}
	}
	if len(missing) < 2 {
		return
	}
	needs := []string{"NextAction"}
	for _, e := range a.Spec.Required {
		needs = append(needs, "the error "+e)
	}
	if c := a.Spec.Conditions; c != nil {
		for _, o := range c.Complete {
			needs = append(needs, "the condition "+o)
		}
	}
	for _, i := range missing {
		v.findings[i].follows = i != missing[len(missing)-1]
	}
	v.findings[missing[len(missing)-1]].Hint = "It has no transitions yet; it needs " + strings.Join(needs, ", ") + "."
}
