package flow

import (
	"fmt"
	"slices"
	"strings"
)

// warnings finds what may be published and is probably not meant. What no chat
// comes to, such as the branch for calls of a flow that serves both, is left
// out, unless no way at all leads to it; so is a reference that errors tell of.
func (f *Flow) warnings(errors []Finding) []Finding {
	w := &warner{
		f: f, kind: f.flowType(), lived: f.lived(), set: map[string]bool{}, wrong: map[[2]string]bool{}, loops: map[string]bool{}, told: map[string]int{}}
	for _, e := range errors {
		w.wrong[[2]string{e.Action, e.Field}] = true
	}
	for i := range f.actions {
		if w.lived[i] {
			w.set[f.actions[i].typ] = true
		}
	}
	reached, idle := f.reachable(), w.idle()
	for i := range f.actions {
		if len(w.findings) > maxFindings {
			break
		}
		switch a := &f.actions[i]; {
		case f.start == none: // that is an error, and everything is out of reach
		case !reached[i]:
			w.add(a, "", "No way leads to this action.", "Connect it, or take it out.")
		case w.lived[i] && a.spec != nil && !idle:
			w.action(a)
		}
	}
	if !idle {
		w.others()
		w.cycles()
	}
	return w.findings
}

type warner struct {
	f        *Flow
	kind     flowTypes          // of the flow as far as anybody said, 0 for unknown
	lived    []bool             // by index: a chat can come to the action
	set      map[string]bool    // the types of the actions that a chat can come to
	wrong    map[[2]string]bool // actions, by identifier, and their fields in which there is an error
	loops    map[string]bool    // the names of loops met so far
	told     map[string]int     // by root of a reference: the finding that tells of it
	findings []Finding
	more     []int // by finding: how many other actions it is true of
}

func (w *warner) add(a *action, field, message, hint string) {
	w.findings = append(w.findings, Finding{Severity: SeverityWarning, Action: a.id, Field: field, Message: message, Hint: hint})
	w.more = append(w.more, 0)
}

// idle tells of a flow that no chat runs. There is little else to say of it then.
func (w *warner) idle() bool {
	typ := w.f.typ
	if typ == "" && !w.f.module {
		typ = w.f.hint
	}
	why := ""
	switch {
	case w.kind == hold:
		why = "a chat is never on hold"
	case w.kind == outboundWhisper:
		why = "chats come in, and are not placed"
	case strings.EqualFold(typ, "CAMPAIGN"):
		why = "chats belong to no campaign"
	default:
		return false
	}
	w.add(&action{}, "Type", "No chat runs a flow of this type: "+why+".", "It may stand here for calls; nothing more is said of it.")
	return true
}

// action warns of one action that a chat can come to.
func (w *warner) action(a *action) {
	refused := w.support(a)
	if !refused {
		w.errorBranches(a)
		w.prompt(a)
		w.loop(a)
		w.hooks(a)
		w.references(a)
	}
	if w.kind == 0 || a.spec.types&w.kind != 0 {
		return
	}
	hint := "The designer does not offer it there; at run time it is tried all the same."
	if w.kind == agentWhisper || w.kind == customerWhisper {
		hint = w.consequence(a, noMatchingError)
	}
	w.add(a, "Type", fmt.Sprintf("%s does not belong into a flow of this type.", a.typ), hint)
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

// support warns of actions that fail in every chat, and reports whether this is one.
func (w *warner) support(a *action) bool {
	errorType, why := a.refused()
	if why == "" {
		return false
	}
	if _, wrong := a.step.(broken); wrong {
		return true // an error, not a warning
	}
	field, message := "Parameters", strings.ToUpper(why[:1])+why[1:]+"."
	if a.spec.make == nil {
		field = "Type"
		if a.spec.chat == "" {
			message = "This version of Parley does not run " + a.typ + "."
		}
	}
	w.add(a, field, message, w.consequence(a, errorType))
	return true
}

// consequence says what an error leads to in a chat.
func (w *warner) consequence(a *action, errorType string) string {
	next, decided := a.onError(errorType)
	switch _, branch := a.branch(decided); {
	case branch:
		return "In a chat it takes its " + decided + " branch."
	case next != none:
		return "In a chat it does nothing: without a branch for errors the flow goes on."
	case w.kind == queued:
		return "There is no branch for that: in a chat the queue flow ends here, and the contact goes on waiting."
	}
	return "There is no branch for that: in a chat the flow ends here."
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

// prompt warns of texts that a customer would see in another shape than meant,
// or not at all.
func (w *warner) prompt(a *action) {
	var said *template
	name := "Text"
	switch s := a.step.(type) {
	case *message:
		said = &s.text
	case *bot:
		said = &s.prompt
	default:
		return
	}
	if a.params.has("SSML") {
		name = "SSML"
	}
	source := said.source()
	if name == "SSML" && strings.Contains(source, "<") {
		w.add(a, "Parameters.SSML", "A chat shows the tags of SSML as they are written.", "Give a Text to chats, behind a Compare of $.Channel.")
	}
	if problem := promptProblem(source, true); problem != "" && said.constant() && a.params.has(name) {
		w.add(a, "Parameters."+name, strings.ToUpper(problem[:1])+problem[1:]+".", w.consequence(a, noMatchingError))
	}
}

// hookPlaces are the types of flow in which the designer lets a hook be set,
// where they are not all.
var hookPlaces = map[string]flowTypes{
	"CustomerQueue": inbound | transfers, "CustomerWhisper": spoken, "AgentWhisper": spoken,
}

// hooks warns of hooks that are set where the designer does not offer them.
func (w *warner) hooks(a *action) {
	s, ok := a.step.(*setHooks)
	if !ok || w.kind == 0 {
		return
	}
	for _, h := range s.hooks {
		if places := hookPlaces[h.name]; places != 0 && places&w.kind == 0 {
			w.add(a, "Parameters.EventHooks."+h.name, "The designer does not set "+h.name+" in a flow of this type.", "Here it is set all the same.")
		}
	}
}

// loop warns of two loops of one name, which overwrite each other's $.Loop.
func (w *warner) loop(a *action) {
	s, ok := a.step.(*loop)
	if !ok || s.name == "" {
		return
	}
	if w.loops[s.name] {
		w.add(a, "Parameters.LoopName", "Another Loop has the same LoopName.", "They overwrite each other's $.Loop."+clip(s.name)+".")
	}
	w.loops[s.name] = true
}

// setters are the roots of references that an action of the same flow, or of
// one that led to it, has to set, by the type of that action.
var setters = map[string]string{
	"External": "InvokeLambdaFunction", "LambdaInvocation": "InvokeLambdaFunction", "Lex": "ConnectParticipantWithLexBot",
	"Views": "ShowView", "Metrics": "GetMetricData", "Loop": "Loop", "FlowAttributes": "UpdateFlowAttributes",
}

// unset are the roots that services beside Parley would fill.
var unset = []string{"Capabilities", "Task", "Wisdom", "Customer", "Case", "DataTables", "DataTableList"}

// references warns of references that are always empty, or empty unless
// another flow has set them: once for each root, at the first action.
func (w *warner) references(a *action) {
	here := map[string]bool{}
	for _, name := range sorted(a.params) {
		v, err := decode(a.params[name])
		if err != nil {
			continue
		}
		texts(v, func(s string) { w.referencesIn(a, "Parameters."+clip(name), compile(s), here) })
	}
	for i := range a.conditions {
		w.referencesIn(a, fmt.Sprintf("Transitions.Conditions[%d]", i), a.conditions[i].operand, here)
	}
}

func (w *warner) referencesIn(a *action, field string, t template, here map[string]bool) {
	for _, p := range t.parts {
		if p.ref == nil || here[p.ref.name] || w.wrong[[2]string{a.id, field}] {
			continue
		}
		message, hint := w.reference(p.ref)
		if message == "" {
			continue
		}
		here[p.ref.name] = true
		if first, known := w.told[p.ref.name]; known {
			w.more[first]++
			continue
		}
		w.told[p.ref.name] = len(w.findings)
		w.add(a, field, message, hint)
	}
}

// others adds to each finding how many more actions it is true of.
func (w *warner) others() {
	for i, n := range w.more {
		switch f := &w.findings[i]; {
		case n == 1:
			f.Hint += " So it is in one more action."
		case n > 1:
			f.Hint += fmt.Sprintf(" So it is in %d more actions.", n)
		}
	}
}

func (w *warner) reference(r *reference) (message, hint string) {
	setter := setters[r.name]
	switch {
	case r.root == nil:
		return "There is no $." + clip(r.name) + ".", "The reference is always empty."
	case slices.Contains(unset, r.name):
		return "This version of Parley never sets $." + r.name + ".", "The reference is always empty."
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
