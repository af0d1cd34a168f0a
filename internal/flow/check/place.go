package check

import (
	"strings"

	"parley.example/parley/internal/flow"
)

// instead has what to write for an action where a flow of another type holds it.
var instead = map[string]string{
	"EndFlowExecution":       "DisconnectParticipant",
	"EndFlowModuleExecution": "DisconnectParticipant",
	"DisconnectParticipant":  "EndFlowExecution",
}

// belongs checks that the service publishes an action in a flow of this type.
// Those of [flow.Type.Only] were tried by publishing (2026-08: the ends of flows,
// CompleteOutboundCall; 2026-09: UpdateContactTargetQueue and TransferContactToQueue,
// refused in customer queue flows), or the page of the action says that it is for one kind of
// flow and no other (Amazon Connect flow language, 2026-11: TransferContactToAgent,
// DequeueContactAndTransferToQueue). Where a page only lists types, and AWS has
// widened several since, it is a warning: see [warner.place].
func (v *validation) belongs(a *flow.Action) {
	place := v.f.Place()
	if a.Spec.Only == 0 || place == 0 || a.Spec.Only&place != 0 {
		return
	}
	hint := "It belongs in " + a.Spec.Only.String() + "."
	if other := instead[a.Type]; other != "" {
		hint += " Did you mean " + other + "?"
	}
	v.findings = append(v.findings, refusal(a, "Type", hint, "Invalid Action type. Type: "+a.Type, ": not in "+place.String()))
}

// settings checks that a flow has no Settings: they make a module of it
// (CreateContactFlow, probed by publishing, 2026-08).
func (v *validation) settings() {
	if v.f.Module && v.f.Type != "" && v.f.Type != flow.TypeModule {
		v.findings = append(v.findings, documentFinding("Settings", "a flow has no Settings", "Settings belong to modules. Remove them, or create a flow module."))
	}
}

// place warns of actions that the documentation does not list for the type of
// the flow. It is said of every action, whether a chat comes to it or not: the
// service looks at all of them.
func (w *warner) place(a *flow.Action) {
	if w.flows == 0 || a.Spec == nil || a.Spec.Flows&w.flows != 0 || a.Spec.Only != 0 && a.Spec.Only&w.flows == 0 {
		return // the last is an error
	}
	hint := "Parley runs it anyway."
	if w.flows&(flow.AgentWhisper|flow.CustomerWhisper) != 0 {
		hint = w.consequence(a, flow.NoMatchingError)
	}
	w.add(a, "Type", a.Type+" is not available in this type of flow.",
		strings.TrimSpace("The documentation lists "+a.Spec.Flows.String()+". "+hint))
	w.findings[len(w.findings)-1].Cloud = CloudMayRefuse
}

// settings warns of a document that says of itself that it is a flow, and has the
// Settings of a module.
func (w *warner) settings() {
	if hinted := w.f.As(w.f.Hint).FlowType(); w.f.Module && w.f.Type == "" && hinted != 0 {
		w.add(&flow.Action{}, "Settings", "The document has Settings, like a module, and says that it is one of the "+hinted.String()+".",
			"It is checked as a module; a flow cannot be published with Settings.")
		w.findings[len(w.findings)-1].Cloud = CloudMayRefuse
	}
}
