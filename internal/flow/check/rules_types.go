package check

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/flow"
)

// checkShares: the thresholds of DistributeByPercentage are 1 + the cumulative
// per cent, in ascending order.
func checkShares(v *validation, a *flow.Action) {
	last := 1
	for i := range a.Conditions {
		v.operator(a, i, "NumberLessThan")
		c := &a.Conditions[i]
		n, ok := flow.Number(c.Operand.Literal)
		if !c.Operand.Constant() || !ok || n <= last || n > 101 {
			field := fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands[0]", i)
			v.value(a, field, "must be ascending whole numbers up to 101 (1 + the cumulative percentage)")
			continue
		}
		last = n
	}
}

// checkMetric: staffing is compared with 0 only, the state of a queue with numbers,
// and there is something to compare with (probed by publishing, 2026-09-29).
func checkMetric(v *validation, a *flow.Action) {
	metric, _ := a.Params.Literal("MetricType")
	staffing := strings.HasPrefix(metric, "NumberOfAgents")
	if len(a.Conditions) == 0 {
		v.value(a, "Transitions.Conditions", "must have at least one condition")
	}
	for i := range a.Conditions {
		if staffing {
			v.operator(a, i, "NumberGreaterThan")
			v.operand(a, i, []string{"0"})
			continue
		}
		v.operator(a, i, "Equals", "NumberGreaterThan", "NumberGreaterOrEqualTo", "NumberLessThan", "NumberLessOrEqualTo")
	}
	checkQueue(v, a)
}

// checkHooks: exactly one hook is set, or whispers are switched on or off.
func checkHooks(v *validation, a *flow.Action) {
	hooks, err := a.Params.Pairs("EventHooks")
	if err != nil {
		v.value(a, "Parameters.EventHooks", err.Error())
	}
	configured, err := a.Params.Pairs("EventHooksConfiguration")
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
		field := "Parameters.EventHooksConfiguration." + flow.Clip(c.Key)
		if c.Key != "AgentWhisper" && c.Key != "CustomerWhisper" {
			v.add(a, field, "", "Invalid Action property name. Path: %s", path(a, field))
			continue
		}
		inner, err := flow.Object(c.Value)
		flag, ok := flow.Scalar(inner["DisableExecution"])
		if err != nil || !ok || !strings.EqualFold(flag, "true") && !strings.EqualFold(flag, "false") {
			v.value(a, field+".DisableExecution", `must be "true" or "false"`)
		}
	}
}

func (v *validation) hook(a *flow.Action, h flow.Pair) {
	field := "Parameters.EventHooks." + flow.Clip(h.Key)
	if _, known := flow.ContactEvents[h.Key]; !known {
		v.add(a, field, cmp.Or(didYouMean(h.Key, maps.Keys(flow.ContactEvents)), "The hooks are "+strings.Join(slices.Sorted(maps.Keys(flow.ContactEvents)), ", ")+"."),
			"Invalid Action property name. Path: %s", path(a, field))
		return
	}
	text, ok := flow.Scalar(h.Value)
	t := flow.Compile(text)
	switch {
	case !ok:
		v.value(a, field, "must be a string")
	case !t.Constant():
		v.single(a, field, &t)
	}
}

// checkInvoke: the time limit depends on the type of invocation.
func checkInvoke(v *validation, a *flow.Action) {
	invocation, _ := a.Params.Literal("InvocationType")
	longest := flow.MaxSync
	if strings.EqualFold(invocation, "ASYNCHRONOUS") {
		longest = flow.MaxAsync
	}
	if limit, err := a.Params.Template("InvocationTimeLimitSeconds"); err == nil && limit.Literal != "" {
		v.within(a, "Parameters.InvocationTimeLimitSeconds", limit.Literal, 1, longest)
	}
	if raw := a.Params["LambdaInvocationAttributes"]; a.Params.Has("LambdaInvocationAttributes") && raw[0] != '{' {
		v.value(a, "Parameters.LambdaInvocationAttributes", "must be an object")
	}
	form, err := v.objectOf(a, "ResponseValidation").Literal("ResponseType")
	if err != nil || form != "" && !strings.EqualFold(form, "STRING_MAP") && !strings.EqualFold(form, "JSON") {
		v.value(a, "Parameters.ResponseValidation.ResponseType", "must be one of STRING_MAP, JSON")
	}
}

// checkTags: at most six tags at once.
func checkTags(v *validation, a *flow.Action) {
	if tags, err := a.Params.Pairs("Tags"); err == nil && len(tags) > flow.MaxTagsAtOnce {
		v.add(a, "Parameters.Tags", "", "More than %d tags in Parameters.Tags", flow.MaxTagsAtOnce)
	}
}

// checkCaseLink: linking a contact to a case can fail by itself.
func checkCaseLink(v *validation, a *flow.Action) {
	if link, _ := a.Params.Literal("LinkContactToCase"); strings.EqualFold(link, "true") {
		v.needsError(a, "ContactNotLinked")
	}
}

// checkRedaction: what is said of chat can fail by itself, and nothing else so
// (probed by publishing, 2026-08).
func checkRedaction(v *validation, a *flow.Action) {
	const failed = "InFlightRedactionConfigurationFailed"
	if a.Params.Has("ChatBehavior") {
		v.needsError(a, failed)
	} else {
		v.refuseError(a, failed)
	}
}

// checkQueue: a queue is named by its id or as that of an agent.
func checkQueue(v *validation, a *flow.Action) {
	if a.Params.Has("QueueId") && a.Params.Has("AgentId") {
		v.value(a, "Parameters", "only one of QueueId, AgentId may be given")
	}
}

// checkThirdParty: only a flow that goes on sees how the call went, and none that
// transfers to an agent (probed by publishing, 2026-08). A voice connector has no
// ContinueFlowExecution to say so.
func checkThirdParty(v *validation, a *flow.Action) {
	if a.Params.Has(a.Spec.Instead) {
		return
	}
	if goesOn, _ := a.Params.Literal("ContinueFlowExecution"); !flow.IsTrue(goesOn) || v.f.Place() == flow.AgentTransfers {
		v.refuseError(a, "CallFailed")
		v.refuseError(a, "ConnectionTimeLimitExceeded")
	}
}

// checkRouting: proficiencies can fail; a priority and a time cannot.
func checkRouting(v *validation, a *flow.Action) {
	if a.Params.Has("RoutingProficiencies") {
		v.needsError(a, flow.NoMatchingError)
	}
}

// checkCriteria: criteria without references have to be right.
func checkCriteria(v *validation, a *flow.Action) {
	raw := a.Params["RoutingCriteria"]
	if !a.Params.Has("RoutingCriteria") || raw[0] != '{' || bytes.IndexByte(raw, '$') >= 0 {
		return
	}
	document, err := flow.Decode(raw)
	if err != nil {
		return
	}
	if _, problem := flow.CriteriaOf(document); problem != "" {
		v.value(a, "Parameters.RoutingCriteria", problem)
	}
}

// Bounds of the actions on data tables.
const (
	maxQueries = 5
	maxUpserts = 25
)

// checkTables: how much may be asked of a data table, and written, at once.
func checkTables(v *validation, a *flow.Action) {
	for _, of := range []struct {
		name string
		most int
	}{{"Queries", maxQueries}, {"DataTableUpsertAttributes", maxUpserts}} {
		var list []json.RawMessage
		if json.Unmarshal(a.Params[of.name], &list) == nil && len(list) > of.most {
			v.value(a, "Parameters."+of.name, fmt.Sprintf("has %d entries, more than %d", len(list), of.most))
		}
	}
}

// checkProcessor: everything that is said of the processor is said literally.
func checkProcessor(v *validation, a *flow.Action) {
	const at = "Parameters.ChatProcessor"
	of, err := a.Params.Members("ChatProcessor")
	if err != nil {
		v.value(a, at, "must be an object")
		return
	}
	enabled, _ := of.Literal("ProcessingEnabled")
	if enabled == "" {
		v.missing(a, at+".ProcessingEnabled")
	} else {
		v.truth(a, at+".ProcessingEnabled", enabled)
	}
	function, _ := of.Literal("LambdaProcessorARN")
	switch {
	case strings.Contains(function, "$."):
		v.value(a, at+".LambdaProcessorARN", "must be static")
	case len(function) > flow.MaxFunction:
		v.value(a, at+".LambdaProcessorARN", fmt.Sprintf("must have at most %d bytes", flow.MaxFunction))
	case function == "" && flow.IsTrue(enabled):
		v.missing(a, at+".LambdaProcessorARN")
	}
	if !of.Has("ChatProcessorSettings") { // the reference has it optional; probed by publishing, 2026-08
		v.missing(a, at+".ChatProcessorSettings")
	}
	settings, err := of.Members("ChatProcessorSettings")
	if err != nil {
		v.value(a, at+".ChatProcessorSettings", "must be an object")
		return
	}
	if deliver, _ := settings.Literal("DeliverUnprocessedMessages"); deliver != "" {
		v.truth(a, at+".ChatProcessorSettings.DeliverUnprocessedMessages", deliver)
	}
}

// truth holds a nested parameter to True or False.
func (v *validation) truth(a *flow.Action, path, value string) {
	if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		v.value(a, path, fmt.Sprintf("must be True or False, not %q", flow.Clip(value)))
	}
}
