package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// anyCondition accepts every operator and operand.
func anyCondition(*validation, *action) {}

// equalsAny accepts Equals with any operand.
func equalsAny(v *validation, a *action) {
	for i := range a.conditions {
		v.operator(a, i, "Equals")
	}
}

// someOf accepts Equals with some of a set of operands.
func someOf(operands ...string) func(*validation, *action) {
	return func(v *validation, a *action) {
		for i := range a.conditions {
			v.operator(a, i, "Equals")
			v.operand(a, i, operands)
		}
	}
}

// allOf accepts Equals with each of a set of operands, all of which must be there.
func allOf(operands ...string) func(*validation, *action) {
	return func(v *validation, a *action) {
		someOf(operands...)(v, a)
		v.complete(a, operands)
	}
}

// checkHoursBranches: True and False have a branch, and overrides may have one
// by their name.
func checkHoursBranches(v *validation, a *action) {
	equalsAny(v, a)
	v.complete(a, []string{"True", "False"})
}

// operator checks the operator of condition i.
func (v *validation) operator(a *action, i int, allowed ...string) {
	if op := a.conditions[i].operator; operators[op] != nil && !slices.Contains(allowed, op) {
		field := fmt.Sprintf("Transitions.Conditions[%d].Condition.Operator", i)
		v.value(a, field, "must be "+strings.Join(allowed, " or "))
	}
}

// operand checks that the operand of condition i is one of a set.
func (v *validation) operand(a *action, i int, allowed []string) {
	c := &a.conditions[i]
	if c.operands == 1 && (!c.operand.constant() || !slices.Contains(allowed, c.operand.literal)) {
		field := fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands[0]", i)
		v.value(a, field, "must be one of "+strings.Join(allowed, ", "))
	}
}

// complete checks that each operand of a set has a condition.
func (v *validation) complete(a *action, operands []string) {
	for _, o := range operands {
		if !slices.ContainsFunc(a.conditions, func(c condition) bool { return c.operand.constant() && c.operand.literal == o }) {
			v.add(a, "Transitions.Conditions", "Add a branch for "+o+".",
				"Action is missing required property. Path: %s, Condition: %s", a.path("Transitions.Conditions"), o)
		}
	}
}

// checkWait: WaitCompleted and each event that is listened to have a branch.
func checkWait(v *validation, a *action) {
	operands := []string{waitCompleted}
	events, err := a.params.list("Events")
	if err != nil {
		v.value(a, "Parameters.Events", "must be a list of texts")
	}
	for i, e := range events {
		if e != customerReturned && e != botDisconnected {
			v.value(a, fmt.Sprintf("Parameters.Events[%d]", i), "must be "+customerReturned+" or "+botDisconnected)
			continue
		}
		operands = append(operands, e)
	}
	allOf(operands...)(v, a)
}

// checkShares: the thresholds of DistributeByPercentage are 1 + the cumulative
// per cent, in ascending order.
func checkShares(v *validation, a *action) {
	last := 1
	for i := range a.conditions {
		v.operator(a, i, "NumberLessThan")
		c := &a.conditions[i]
		n, ok := number(c.operand.literal)
		if !c.operand.constant() || !ok || n <= last || n > 101 {
			field := fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands[0]", i)
			v.value(a, field, "thresholds are 1 + the cumulative per cent: ascending whole numbers up to 101")
			continue
		}
		last = n
	}
}

// checkMetric: staffing is compared with 0 only, the state of a queue with numbers.
func checkMetric(v *validation, a *action) {
	metric, _ := a.params.literal("MetricType")
	staffing := strings.HasPrefix(metric, "NumberOfAgents")
	for i := range a.conditions {
		if staffing {
			v.operator(a, i, "NumberGreaterThan")
			v.operand(a, i, []string{"0"})
			continue
		}
		v.operator(a, i, "Equals", "NumberGreaterThan", "NumberGreaterOrEqualTo", "NumberLessThan", "NumberLessOrEqualTo")
	}
}

// checkComparison: Compare looks at one reference, never at a fixed value.
func checkComparison(v *validation, a *action) {
	text, ok := scalarText(a.params["ComparisonValue"])
	if ok && new(compile(text)).constant() {
		v.value(a, "Parameters.ComparisonValue", "must be a reference")
	}
}

// checkAttributes: at least one attribute, all of them texts.
func checkAttributes(v *validation, a *action) {
	list, err := a.params.assignments("Attributes")
	switch {
	case err != nil:
		v.value(a, "Parameters.Attributes", err.Error())
	case len(list) == 0 && a.params.has("Attributes"):
		v.value(a, "Parameters.Attributes", "must name at least one attribute")
	}
}

// checkData: what is told of references and of segment attributes is told apart.
func checkData(v *validation, a *action) {
	if err := new(setData).readReferences(a.params); err != nil {
		v.value(a, "Parameters.References", err.Error())
	}
	if err := new(setData).readSegments(a.params); err != nil {
		v.value(a, "Parameters.SegmentAttributes", err.Error())
	}
}

func checkFlowAttributes(v *validation, a *action) {
	if !a.params.has("FlowAttributes") {
		return
	}
	if _, err := newSetFlowAttributes(a.params); err != nil {
		v.value(a, "Parameters.FlowAttributes", err.Error())
	}
}

// checkHooks: exactly one hook is set, or whispers are switched on or off.
func checkHooks(v *validation, a *action) {
	hooks, err := a.params.pairs("EventHooks")
	if err != nil {
		v.value(a, "Parameters.EventHooks", err.Error())
	}
	configured, err := a.params.pairs("EventHooksConfiguration")
	if err != nil {
		v.value(a, "Parameters.EventHooksConfiguration", err.Error())
	}
	switch {
	case len(hooks) == 0 && len(configured) == 0:
		v.missing(a, "Parameters.EventHooks")
	case len(hooks) > 1:
		v.value(a, "Parameters.EventHooks", "must name exactly one hook")
	}
	for _, h := range hooks {
		v.hook(a, h)
	}
	for _, c := range configured {
		field := "Parameters.EventHooksConfiguration." + clip(c.key)
		if c.key != "AgentWhisper" && c.key != "CustomerWhisper" {
			v.add(a, field, "", "Invalid Action property name. Path: %s", a.path(field))
			continue
		}
		inner, err := object(c.value)
		flag, ok := scalarText(inner["DisableExecution"])
		if err != nil || !ok || !strings.EqualFold(flag, "true") && !strings.EqualFold(flag, "false") {
			v.value(a, field+".DisableExecution", `must be "true" or "false"`)
		}
	}
}

func (v *validation) hook(a *action, h pair) {
	field := "Parameters.EventHooks." + clip(h.key)
	if _, known := hookTypes[h.key]; !known {
		v.add(a, field, "", "Invalid Action property name. Path: %s", a.path(field))
		return
	}
	text, ok := scalarText(h.value)
	t := compile(text)
	switch {
	case !ok:
		v.value(a, field, "must be a text")
	case !t.constant():
		v.single(a, field, &t)
	}
}

// checkInvoke: the time limit depends on the type of invocation.
func checkInvoke(v *validation, a *action) {
	kind, _ := a.params.literal("InvocationType")
	longest := maxSync
	if strings.EqualFold(kind, "ASYNCHRONOUS") {
		longest = maxAsync
	}
	if limit, err := a.params.template("InvocationTimeLimitSeconds"); err == nil && limit.literal != "" {
		v.within(a, "Parameters.InvocationTimeLimitSeconds", limit.literal, 1, longest)
	}
	if raw := a.params["LambdaInvocationAttributes"]; a.params.has("LambdaInvocationAttributes") && raw[0] != '{' {
		v.value(a, "Parameters.LambdaInvocationAttributes", "must be an object")
	}
	form, err := v.objectOf(a, "ResponseValidation").literal("ResponseType")
	if err != nil || form != "" && !strings.EqualFold(form, "STRING_MAP") && !strings.EqualFold(form, "JSON") {
		v.value(a, "Parameters.ResponseValidation.ResponseType", "must be one of STRING_MAP, JSON")
	}
}

// checkTags: at most six tags at once.
func checkTags(v *validation, a *action) {
	const most = 6
	if tags, err := a.params.pairs("Tags"); err == nil && len(tags) > most {
		v.add(a, "Parameters.Tags", "", "More than %d tags in Parameters.Tags. Path: %s", most, a.path("Parameters.Tags"))
	}
}

// checkCaseLink: linking a contact to a case can fail by itself.
func checkCaseLink(v *validation, a *action) {
	if link, _ := a.params.literal("LinkContactToCase"); strings.EqualFold(link, "true") {
		v.needsError(a, "ContactNotLinked")
	}
}

// checkRedaction: what is said of chat can fail by itself.
func checkRedaction(v *validation, a *action) {
	if a.params.has("ChatBehavior") {
		v.needsError(a, "InFlightRedactionConfigurationFailed")
	}
}

// checkQueue: a queue is named by its id or as that of an agent.
func checkQueue(v *validation, a *action) {
	if a.params.has("QueueId") && a.params.has("AgentId") {
		v.value(a, "Parameters", "only one of QueueId, AgentId may be given")
	}
}

// checkThirdParty: only a flow that goes on sees how the call went.
func checkThirdParty(v *validation, a *action) {
	if goesOn, _ := a.params.literal("ContinueFlowExecution"); !isTrue(goesOn) {
		v.refuseError(a, "CallFailed")
		v.refuseError(a, "ConnectionTimeLimitExceeded")
	}
}

// checkRouting: proficiencies can fail; a priority and a time cannot.
func checkRouting(v *validation, a *action) {
	if a.params.has("RoutingProficiencies") {
		v.needsError(a, noMatchingError)
	}
}

// checkCriteria: criteria without references have to be right.
func checkCriteria(v *validation, a *action) {
	raw := a.params["RoutingCriteria"]
	if !a.params.has("RoutingCriteria") || raw[0] != '{' || bytes.IndexByte(raw, '$') >= 0 {
		return
	}
	document, err := decode(raw)
	if err != nil {
		return
	}
	if _, problem := readCriteria(document); problem != "" {
		v.value(a, "Parameters.RoutingCriteria", problem)
	}
}

// Bounds of the actions on data tables.
const (
	maxQueries = 5
	maxUpserts = 25
)

// checkTables: how much may be asked of a data table, and written, at once.
func checkTables(v *validation, a *action) {
	for _, of := range []struct {
		name string
		most int
	}{{"Queries", maxQueries}, {"DataTableUpsertAttributes", maxUpserts}} {
		var list []json.RawMessage
		if json.Unmarshal(a.params[of.name], &list) == nil && len(list) > of.most {
			v.value(a, "Parameters."+of.name, fmt.Sprintf("has %d entries, more than %d", len(list), of.most))
		}
	}
}
