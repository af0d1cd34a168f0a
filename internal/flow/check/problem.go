package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parley.example/parley/internal/flow"
)

// invalidFormat is what the service says of a document as a whole.
const invalidFormat = "Invalid contact flow format"

// validation gathers the errors of one flow.
type validation struct {
	f        *flow.Flow
	options  Options
	findings []Finding
	doubts   []Finding // warnings of what the service refuses or may refuse
	first    int       // where the findings of the current action begin
}

// add adds a problem, worded as the service words it.
func (v *validation) add(a *flow.Action, field, hint, format string, args ...any) {
	v.findings = append(v.findings, refusal(a, field, hint, fmt.Sprintf(format, args...), ""))
}

func (v *validation) document(field, why string) {
	v.findings = append(v.findings, documentFinding(field, why, ""))
}

// documentFinding is the finding that something is wrong with a document as a whole.
func documentFinding(field, why, hint string) Finding {
	return Finding{
		Severity: SeverityError, Cloud: CloudRefuses, Field: field, Hint: hint,
		Problem: invalidFormat, Message: invalidFormat + ": " + why,
	}
}

// value adds the problem that a member has a value it may not have. The first
// thing wrong with a member is enough.
func (v *validation) value(a *flow.Action, field, why string, hint ...string) {
	for i := v.first; i < len(v.findings); i++ {
		if v.findings[i].Field == field {
			return
		}
	}
	v.findings = append(v.findings, badValue(a, field, why))
	v.last().Hint = strings.Join(hint, " ")
}

// last is the finding that was added last.
func (v *validation) last() *Finding { return &v.findings[len(v.findings)-1] }

// doubt warns of what the service may refuse, and Parley takes.
func (v *validation) doubt(a *flow.Action, field, message, hint string) {
	v.doubts = append(v.doubts, Finding{Severity: SeverityWarning, Cloud: CloudMayRefuse, Action: a.ID, Field: field, Message: message, Hint: hint})
}

// missing adds the problem that a member is not there.
func (v *validation) missing(a *flow.Action, field string) {
	v.add(a, field, "", "Action is missing required property. Path: %s", path(a, field))
}

// branches checks the conditions of an action against what they may be.
func (v *validation) branches(a *flow.Action, allowed *flow.Conditions) {
	meant := map[string]bool{}
	for i := range a.Conditions {
		if allowed.Operators != nil {
			v.operator(a, i, allowed.Operators...)
		}
		if allowed.Operands != nil {
			meant[v.operand(a, i, allowed.Operands)] = true
		}
	}
	v.complete(a, allowed.Complete, meant)
}

// operator checks the operator of condition i.
func (v *validation) operator(a *flow.Action, i int, allowed ...string) {
	if op := a.Conditions[i].Operator; flow.KnownOperator(op) && !slices.Contains(allowed, op) {
		field := fmt.Sprintf("Transitions.Conditions[%d].Condition.Operator", i)
		v.value(a, field, "must be "+strings.Join(allowed, " or "))
	}
}

// operand checks that the operand of condition i is one of a set. If not, it
// returns the one of the set that may be meant, "" for none.
func (v *validation) operand(a *flow.Action, i int, allowed []string) (meant string) {
	c := &a.Conditions[i]
	if c.Operands == 1 && (!c.Operand.Constant() || !slices.Contains(allowed, c.Operand.Literal)) {
		field := fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands[0]", i)
		v.value(a, field, "must be one of "+strings.Join(allowed, ", "), didYouMean(c.Operand.Literal, slices.Values(allowed)))
		return Nearest(c.Operand.Literal, slices.Values(allowed))
	}
	return ""
}

// complete checks that each operand of a set has a condition. Those that another
// operand may be meant for have been found already.
func (v *validation) complete(a *flow.Action, operands []string, meant map[string]bool) {
	for _, o := range operands {
		if !slices.ContainsFunc(a.Conditions, func(c flow.Condition) bool { return c.Operand.Constant() && c.Operand.Literal == o }) {
			finding := badValue(a, "Transitions.Conditions", "there is no branch for "+o)
			finding.Hint = "Add a branch for " + o + "."
			finding.follows = meant[o]
			v.findings = append(v.findings, finding)
		}
	}
}

// needsError checks that an error type has a branch, and reports whether that is missing.
func (v *validation) needsError(a *flow.Action, errorType string) (missing bool) {
	if _, ok := a.Branch(errorType); ok {
		return false
	}
	v.add(a, "Transitions.Errors", "Add a branch for "+errorType+".",
		"Action is missing required error. Error: %s, Path: %s", errorType, path(a, ""))
	return true
}

// refuseError checks that an error type that cannot come has no branch.
func (v *validation) refuseError(a *flow.Action, errorType string) {
	if _, ok := a.Branch(errorType); ok {
		v.impossibleError(a, errorType)
	}
}

// impossibleError adds the problem that a branch is for an error that cannot come:
// of another action, or of none.
func (v *validation) impossibleError(a *flow.Action, errorType string) {
	hint := ""
	errors := slices.DeleteFunc(a.Spec.Errors(), func(e string) bool { return e == errorType })
	switch {
	case knownErrors[errorType]:
		hint = "Remove this branch: the action, as it is set up here, never takes it."
	case len(errors) == 0:
		hint = "Remove this branch: there is no such error, and the action has none."
	default:
		hint = strings.TrimSpace(didYouMean(errorType, slices.Values(errors)) + " There is no such error.")
	}
	if len(errors) > 0 {
		hint += " The errors of " + a.Type + ": " + strings.Join(errors, ", ") + "."
	}
	v.add(a, "Transitions.Errors", hint, "Invalid Action error. Error: %s, Path: %s", flow.Clip(errorType), path(a, ""))
}

// knownErrors has the error types of all actions.
var knownErrors = func() map[string]bool {
	known := map[string]bool{}
	for _, t := range flow.Types() {
		for _, e := range t.Errors() {
			known[e] = true
		}
	}
	return known
}()

// objectOf reads a parameter that is an object. Where it is not, the parameter
// itself has been found wrong, or is now.
func (v *validation) objectOf(a *flow.Action, name string) flow.Params {
	inner, err := a.Params.Members(name)
	if err != nil {
		v.value(a, "Parameters."+name, "must be an object")
	}
	return inner
}

// member checks that an object has a member that is a text.
func (v *validation) member(a *flow.Action, parent string, of flow.Params, name string) {
	field := "Parameters." + parent + "." + name
	if of == nil {
		return
	}
	if !of.Has(name) {
		v.missing(a, field)
	} else if _, ok := flow.Scalar(of[name]); !ok {
		v.value(a, field, "must be a string")
	}
}

// numberIn checks a member that is a number in a range, or one reference.
func (v *validation) numberIn(a *flow.Action, parent string, of flow.Params, name string, least, most int) {
	if !of.Has(name) {
		return
	}
	field := "Parameters." + parent + "." + name
	t, err := of.Template(name)
	n, ok := flow.Number(t.Literal)
	switch {
	case err != nil, t.Constant() && (!ok || n < least || n > most):
		v.value(a, field, fmt.Sprintf("must be a number from %d to %d", least, most))
	case !t.Constant():
		v.single(a, field, &t)
	}
}

// single checks that a text with references in it is one, to something there is.
func (v *validation) single(a *flow.Action, field string, t *flow.Template) {
	switch r := t.Whole(); {
	case r == nil:
		v.value(a, field, "must be a fixed value or exactly one reference")
	case r.Root == nil:
		v.value(a, field, "there is no $."+flow.Clip(r.Name))
	}
}

// within checks a literal number against a range, which may be open above.
func (v *validation) within(a *flow.Action, field, text string, least, most int) {
	switch n, ok := flow.Number(text); {
	case ok && n >= least && n <= most:
	case most == math.MaxInt64:
		v.value(a, field, fmt.Sprintf("must be a number of at least %d", least))
	default:
		v.value(a, field, fmt.Sprintf("must be a number from %d to %d", least, most))
	}
}

// checkMedia: an external recording is audio in S3.
func checkMedia(v *validation, a *flow.Action) {
	if !a.Params.Has("Media") {
		return
	}
	media := v.objectOf(a, "Media")
	v.member(a, "Media", media, "Uri")
	for _, fixed := range [][2]string{{"SourceType", "S3"}, {"MediaType", "Audio"}} {
		if text, err := media.Literal(fixed[0]); err != nil || !strings.EqualFold(text, fixed[1]) {
			v.value(a, "Parameters.Media."+fixed[0], "must be "+fixed[1])
		}
	}
}
