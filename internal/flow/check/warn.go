package check

import (
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/flow"
)

// warnings finds what may be published and is probably not meant. What no chat
// comes to, such as the branch for calls of a flow that serves both, is left
// out, unless no way at all leads to it; so is a reference that is reported as an error.
func warnings(f *flow.Flow, errors []Finding) []Finding {
	w := &warner{f: f, flows: f.FlowType(), lived: lived(f)}
	w.setters, w.wrong, w.loops, w.reported = map[string]setter{}, map[[2]string]bool{}, map[string]bool{}, map[string]int{}
	for _, e := range errors {
		w.wrong[[2]string{e.Action, e.Field}] = true
	}
	for i := range f.Actions {
		a := &f.Actions[i]
		w.setters[a.Type] = max(w.setters[a.Type], w.setter(a))
	}
	w.settings()
	w.silence()
	reached, idle := reachable(f), w.idle()
	cut := w.cutOff(reached)
	for i := range f.Actions {
		if len(w.findings) > maxFindings {
			break
		}
		a := &f.Actions[i]
		w.place(a)
		switch {
		case f.Start == flow.None: // that is an error, and everything is out of reach
		case !reached[i]:
			if hint, ok := cut[i]; ok {
				w.add(a, "", "No path leads to this action.", hint)
			}
		case w.lived[i] && a.Spec != nil && !idle:
			w.action(a)
		}
	}
	if !idle {
		w.others()
		w.cycles()
	}
	return w.findings
}

// cutOff returns for the actions that no path leads to what to do, once for all
// that follow one another. Where a branch leads nowhere or is missing, or an action
// has the name of another, that is what cuts them off, and is said.
func (w *warner) cutOff(reached []bool) map[int]string {
	for i := range w.f.Actions {
		if a := &w.f.Actions[i]; reached[i] && !a.HasNext && !a.Is(flow.Terminal) && !a.Is(flow.Stays) {
			return nil
		}
	}
	if slices.ContainsFunc(w.f.Faults, func(f flow.Fault) bool { return f.Dangling || f.Field == "Identifier" }) {
		return nil
	}
	led := make([]bool, len(reached)) // by another that is out of reach
	for i := range reached {
		for _, next := range targets(&w.f.Actions[i]) {
			if !reached[i] && next != flow.None && next != i {
				led[next] = true
			}
		}
	}
	cut, told := map[int]string{}, make([]bool, len(reached))
	for _, heads := range []bool{true, false} { // then what goes round in a circle
		for i := range reached {
			if reached[i] || told[i] || heads && led[i] {
				continue
			}
			hint, after := "Connect it or remove it.", -1
			for j, now := range w.after(i) {
				if now && !reached[j] && !told[j] {
					told[j] = true
					after++
				}
			}
			switch {
			case after == 1:
				hint += " It cuts off the action that follows."
			case after > 1:
				hint += fmt.Sprintf(" It cuts off the %d actions that follow.", after)
			}
			cut[i] = hint
		}
	}
	return cut
}

// after marks an action and all that can follow it.
func (w *warner) after(i int) []bool {
	return follow(w.f, i, make([]bool, len(w.f.Actions)), targets)
}

// speakInstead is what a customer queue flow for chats does.
const speakInstead = "Say something with MessageParticipant, and lead a Wait back to it."

// silence warns of a customer queue flow that never says anything in a chat, as the
// one does that an instance begins with. Where it loops prompts, that is the place
// to say so.
func (w *warner) silence() {
	is := func(holds func(*flow.Action) bool) bool {
		return slices.ContainsFunc(w.f.Actions, func(a flow.Action) bool { return w.lived[a.Index] && holds(&a) })
	}
	w.silent = w.flows == flow.Queued && w.f.Start != flow.None && !is((*flow.Action).Speaks)
	if w.silent && !is(loopsPrompts) {
		w.add(&flow.Action{}, "", "A customer who waits in a chat is told nothing.", speakInstead)
	}
}

func loopsPrompts(a *flow.Action) bool { return a.Type == "MessageParticipantIteratively" }

// idle reports a flow that no chat runs. Nothing else is checked then.
func (w *warner) idle() bool {
	typ := w.f.Type
	if typ == "" && !w.f.Module {
		typ = w.f.Hint
	}
	why := ""
	switch {
	case w.flows == flow.Hold:
		why = "a chat is never on hold"
	case w.flows == flow.OutboundWhisper:
		why = "chats are always inbound"
	case strings.EqualFold(typ, "CAMPAIGN"):
		why = "chats are not part of campaigns"
	default:
		return false
	}
	w.add(&flow.Action{}, "Type", "No chat runs this type of flow: "+why+".", "It may be meant for calls; it is not checked any further.")
	return true
}

// action warns of one action that a chat can come to.
func (w *warner) action(a *flow.Action) {
	refused := w.support(a)
	w.bounds(a)
	if !refused {
		w.errorBranches(a)
		if warn := rules[a.Type].warnings; warn != nil {
			warn(w, a)
		}
		w.references(a)
	}
}

// support warns of actions that fail in every chat, and reports whether this is one.
func (w *warner) support(a *flow.Action) bool {
	errorType, why := a.Refused()
	if why == "" {
		return false
	}
	if a.Refusal != nil && a.Refusal.Invalid {
		return true // an error, not a warning
	}
	for at := range w.wrong {
		if at[0] == a.ID && strings.HasPrefix(at[1], "Parameters.") && a.Spec.Runs() {
			return true // an error says what is wrong with the parameters
		}
	}
	field, message := "Parameters", strings.ToUpper(why[:1])+why[1:]+"."
	if !a.Spec.Runs() {
		field = "Type"
		if a.Spec.NotInChat == "" {
			message = "This version of Parley does not run " + a.Type + "."
		}
	}
	hint := w.consequence(a, errorType)
	if w.silent && loopsPrompts(a) {
		message = "A chat cannot loop prompts, and nothing else in the flow speaks: a customer who waits in a chat is told nothing."
		hint += " " + speakInstead
	}
	w.add(a, field, message, hint)
	return true
}

// bounds warns of numbers above what the reference allows, where flows with more
// have been published.
func (w *warner) bounds(a *flow.Action) {
	for i := range a.Spec.Params {
		p := &a.Spec.Params[i]
		text, err := a.Params.Literal(p.Name)
		if n, ok := flow.Number(text); p.Exceeded && err == nil && ok && n > p.Max {
			w.add(a, "Parameters."+p.Name, fmt.Sprintf("%s is %d; the reference allows %d to %d.", p.Name, n, p.Min, p.Max), "The service has published flows with more.")
		}
	}
}

// errorBranches warns of errors that an older export leaves without a branch.
// Where the flow then goes on with NextAction there is nothing to warn of.
func (w *warner) errorBranches(a *flow.Action) {
	if a.Spec.Is(flow.Terminal) || a.Spec.Is(flow.GoesOn) || !slices.Contains(a.Spec.Optional, flow.NoMatchingError) {
		return
	}
	if _, ok := a.Branch(flow.NoMatchingError); !ok {
		w.add(a, "Transitions.Errors", "There is no branch for NoMatchingError.", "An error ends the flow.")
	}
}

// others adds to each finding how many more actions it is true of.
func (w *warner) others() {
	for i, n := range w.more {
		switch f := &w.findings[i]; {
		case n == 1:
			f.Hint += " The same is true of one more action."
		case n > 1:
			f.Hint += fmt.Sprintf(" The same is true of %d more actions.", n)
		}
	}
}
