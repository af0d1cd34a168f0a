package flow

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what may be published.
const (
	maxPublished        = 256000 // characters
	maxPublishedActions = 250
	maxIdentifier       = 50 // characters
	maxFindings         = 1000
)

// validation gathers the errors of one flow.
type validation struct {
	f        *Flow
	findings []Finding
	first    int // where the findings of the current action begin
}

// errors returns what keeps the flow from being published.
func (f *Flow) errors() []Finding {
	v := &validation{f: f, findings: slices.Clone(f.faults)}
	if n := utf8.RuneCount(f.content); n > maxPublished {
		v.document("Content", fmt.Sprintf("the content has %d characters, more than %d", n, maxPublished))
	}
	if n := len(f.actions); n == 0 || n > maxPublishedActions {
		v.document("Actions", fmt.Sprintf("a flow has 1 to %d actions, not %d", maxPublishedActions, n))
	}
	for i := range f.actions {
		if len(v.findings) > maxFindings {
			break
		}
		v.action(&f.actions[i])
	}
	return v.findings
}

func (v *validation) add(a *action, field, hint, format string, args ...any) {
	v.findings = append(v.findings, Finding{
		Severity: SeverityError, Action: a.id, Field: field, Hint: hint,
		Message: fmt.Sprintf(format, args...) + ", Action: " + clip(a.id),
	})
}

func (v *validation) document(field, why string) {
	v.findings = append(v.findings, Finding{Severity: SeverityError, Field: field, Message: "Invalid contact flow format: " + why})
}

// value adds the problem that a member has a value it may not have. The first
// thing wrong with a member is enough.
func (v *validation) value(a *action, field, why string) {
	for i := v.first; i < len(v.findings); i++ {
		if v.findings[i].Field == field {
			return
		}
	}
	v.findings = append(v.findings, badValue(a, field, why))
}

// missing adds the problem that a member is not there.
func (v *validation) missing(a *action, field string) {
	v.add(a, field, "", "Action is missing required property. Path: %s", a.path(field))
}

func (v *validation) action(a *action) {
	v.first = len(v.findings)
	v.identifier(a)
	if a.spec == nil {
		if a.typ == "" {
			v.missing(a, "Type")
			return
		}
		hint := ""
		if known := misnamed[a.typ]; known != "" {
			hint = "Did you mean " + known + "?"
		} else if len(v.findings) < maxHints {
			hint = didYouMean(a.typ, maps.Keys(specs))
		}
		v.add(a, "Type", cmp.Or(hint, "In a chat an unknown action takes its NoMatchingError branch."),
			"Invalid Action type. Type: %s, Path: %s", clip(a.typ), a.path("Type"))
		return
	}
	v.parameters(a)
	v.errorBranches(a)
	v.conditions(a)
	v.next(a)
	if a.spec.also != nil {
		a.spec.also(v, a)
	}
	if s, ok := a.step.(broken); ok {
		v.broken(a, s.problem)
	}
}

// broken adds why the parameters of an action make no sense, unless what was
// found already says so: something about the parameter that the problem begins
// with, or about any where it begins with none.
func (v *validation) broken(a *action, problem string) {
	name := problem
	if end := strings.IndexAny(problem, " ."); end >= 0 {
		name = problem[:end]
	}
	field := "Parameters." + name
	if !slices.Contains(slices.Collect(a.spec.names()), name) {
		if field = "Parameters"; len(v.findings) > v.first {
			return
		}
	}
	for _, f := range v.findings[v.first:] {
		if rest, under := strings.CutPrefix(f.Field, field); under && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return
		}
	}
	v.value(a, field, problem)
}

// reserved are names that identifiers may not have.
var reserved = []string{"__proto__", "constructor", "__defineGetter__", "__defineSetter__", "toString", "hasOwnProperty",
	"isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "valueOf"}

func (v *validation) identifier(a *action) {
	switch {
	case a.id == "":
		v.missing(a, "Identifier")
	case utf8.RuneCountInString(a.id) > maxIdentifier:
		v.value(a, "Identifier", fmt.Sprintf("has more than %d characters", maxIdentifier))
	case strings.ContainsAny(a.id, `%:(\/)=$,;[]{}`):
		v.value(a, "Identifier", `has one of the characters % : ( \ / ) = $ , ; [ ] { }`)
	case slices.Contains(reserved, a.id):
		v.value(a, "Identifier", "is a reserved name")
	}
}

func (v *validation) parameters(a *action) {
	for i := range a.spec.params {
		p := &a.spec.params[i]
		switch {
		case a.params.has(p.name):
			v.parameter(a, p)
		case p.required:
			v.missing(a, "Parameters."+p.name)
		}
	}
	v.exclusive(a)
	if a.spec.open {
		return
	}
	for _, name := range sorted(a.params) {
		if !slices.ContainsFunc(a.spec.params, func(p param) bool { return p.name == name }) {
			field := "Parameters." + clip(name)
			hint := ""
			if len(v.findings) < maxHints {
				hint = didYouMean(name, a.spec.names())
			}
			v.add(a, field, hint, "Invalid Action property name. Path: %s", a.path(field))
		}
	}
}

// parameter checks the kind and the value of one parameter.
func (v *validation) parameter(a *action, p *param) {
	field := "Parameters." + p.name
	if p.dynamic == structure {
		v.structure(a, p, field)
		return
	}
	text, ok := scalarText(a.params[p.name])
	if !ok {
		v.value(a, field, "must be a text")
		return
	}
	t := compile(text)
	switch {
	case t.constant():
		v.constant(a, p, field, text)
	case p.dynamic == static:
		v.value(a, field, "must be a fixed value, not a reference")
	case p.dynamic == single:
		v.single(a, field, &t)
	}
}

// single checks that a text with references in it is one, to something there is.
func (v *validation) single(a *action, field string, t *template) {
	switch r := t.whole(); {
	case r == nil:
		v.value(a, field, "must be a fixed value or exactly one reference")
	case r.root == nil:
		v.value(a, field, "there is no $."+clip(r.name))
	}
}

// constant checks a literal against the values or the range it may have.
func (v *validation) constant(a *action, p *param, field, text string) {
	if text == "" && !p.required {
		return // some exports write what is not given
	}
	if p.values != nil && !slices.ContainsFunc(p.values, func(s string) bool { return strings.EqualFold(s, text) }) {
		v.value(a, field, "must be one of "+strings.Join(p.values, ", "))
	}
	if p.max == 0 {
		return
	}
	v.within(a, field, text, p.min, p.max)
}

// within checks a literal number against a range, which may be open above.
func (v *validation) within(a *action, field, text string, least, most int) {
	switch n, ok := number(text); {
	case ok && n >= least && n <= most:
	case most == math.MaxInt64:
		v.value(a, field, fmt.Sprintf("must be a number from %d on", least))
	default:
		v.value(a, field, fmt.Sprintf("must be a number from %d to %d", least, most))
	}
}

// structure checks that a parameter is an object or an array; RoutingCriteria
// may also be one reference to such a text.
func (v *validation) structure(a *action, p *param, field string) {
	switch raw := a.params[p.name]; raw[0] {
	case '{', '[':
	case '"':
		text, _ := scalarText(raw)
		t := compile(text)
		if t.whole() == nil {
			v.value(a, field, "must be an object or a list")
			return
		}
		v.single(a, field, &t)
	default:
		v.value(a, field, "must be an object or a list")
	}
}

// exclusive checks that one of the parameters that exclude each other is there.
func (v *validation) exclusive(a *action) {
	names := a.spec.oneOf
	if names == nil {
		return
	}
	given := 0
	for _, name := range names {
		if a.params.has(name) {
			given++
		}
	}
	switch {
	case given == 0:
		v.add(a, "Parameters", "Give one of "+strings.Join(names, ", ")+".",
			"Action is missing required property. Path: %s", a.path("Parameters."+names[0]))
	case given > 1:
		v.value(a, "Parameters", "only one of "+strings.Join(names, ", ")+" may be given")
	}
}

func (v *validation) errorBranches(a *action) {
	if a.spec.is(terminal) {
		return
	}
	for _, e := range a.spec.required {
		v.needsError(a, e)
	}
	for _, e := range a.errors {
		if !a.spec.allows(e.typ) {
			v.add(a, "Transitions.Errors", "", "Invalid Action error. Error: %s, Path: %s", clip(e.typ), a.path(""))
		}
	}
}

// needsError checks that an error type has a branch.
func (v *validation) needsError(a *action, errorType string) {
	if _, ok := a.branch(errorType); !ok {
		v.add(a, "Transitions.Errors", "Add a branch for "+errorType+".",
			"Action is missing required error. Error: %s, Path: %s", errorType, a.path(""))
	}
}

func (v *validation) conditions(a *action) {
	if a.spec.is(terminal) {
		return
	}
	if a.spec.conditions == nil {
		if len(a.conditions) > 0 {
			v.add(a, "Transitions.Conditions", "", "Action does not support conditions. Path: %s", a.path(""))
		}
		return
	}
	for i := range a.conditions {
		c := &a.conditions[i]
		field := fmt.Sprintf("Transitions.Conditions[%d].Condition", i)
		if operators[c.operator] == nil {
			v.value(a, field+".Operator", "there is no operator "+clip(c.operator))
		}
		if c.operands != 1 {
			v.value(a, field+".Operands", "must hold exactly one operand")
		}
	}
	a.spec.conditions(v, a)
}

// next checks that there is a way on.
func (v *validation) next(a *action) {
	switch {
	case a.spec.is(terminal):
		if a.hasNext || len(a.errors) > 0 || len(a.conditions) > 0 {
			v.add(a, "Transitions", "", "Action does not support transitions. Path: %s", a.path(""))
		}
	case !a.hasNext && !a.spec.is(branches):
		v.missing(a, "Transitions.NextAction")
	}
}

func sorted(p params) []string {
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
