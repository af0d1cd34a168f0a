package check

import (
	"strings"

	"parley.example/parley/internal/flow"
)

// warner gathers the warnings of one flow.
type warner struct {
	f        *flow.Flow
	flows    flow.FlowTypes     // the type of the flow as far as it is known, else 0
	lived    []bool             // by index: a chat can come to the action
	setters  map[string]setter  // what the actions of a type come to, the best of them
	wrong    map[[2]string]bool // actions, by identifier, and their fields in which there is an error
	loops    map[string]bool    // the names of loops met so far
	silent   bool               // a customer queue flow that says nothing in a chat
	reported map[string]int     // by root of a reference: the finding that reports it
	findings []Finding
	more     []int // by finding: how many other actions it is true of
}

// setter is what an action that sets a root of references comes to.
type setter int

const (
	setterMissing   setter = iota // there is no such action
	setterUnreached               // no chat comes to it
	setterFails                   // it fails in every chat
	setterWorks
)

func (w *warner) setter(a *flow.Action) setter {
	_, why := a.Refused()
	switch {
	case !w.lived[a.Index]:
		return setterUnreached
	case why != "":
		return setterFails
	}
	return setterWorks
}

func (w *warner) add(a *flow.Action, field, message, hint string) {
	w.findings = append(w.findings, Finding{Severity: SeverityWarning, Action: a.ID, Field: field, Message: message, Hint: hint})
	w.more = append(w.more, 0)
}

// consequence says what an error leads to in a chat.
func (w *warner) consequence(a *flow.Action, errorType string) string {
	next, decided := a.OnError(errorType)
	switch _, branch := a.Branch(decided); {
	case branch:
		return "In a chat it takes its " + decided + " branch."
	case next != flow.None:
		return "In a chat it does nothing: without an error branch the flow continues."
	case w.flows == flow.Queued:
		return "It has no branch for this error: in a chat the queue flow ends here, and the contact keeps waiting."
	}
	return "It has no branch for this error: in a chat the flow ends here."
}

// warnMessage warns of the text of a MessageParticipant.
func warnMessage(w *warner, a *flow.Action) { w.prompt(a, &a.Args.(*flow.MessageArgs).Text) }

// warnBot warns of the prompt before a talk with a bot.
func warnBot(w *warner, a *flow.Action) { w.prompt(a, &a.Args.(*flow.BotArgs).Prompt) }

// prompt warns of texts that a customer would see in another shape than meant,
// or not at all.
func (w *warner) prompt(a *flow.Action, said *flow.Template) {
	name := "Text"
	if a.Params.Has("SSML") {
		name = "SSML"
	}
	source := said.Source()
	if name == "SSML" && strings.Contains(source, "<") || spoken(source) {
		w.add(a, "Parameters."+name, "A chat shows SSML tags as plain text.", "Use Text without tags for chats, after a Compare of $.Channel.")
	}
	if problem := flow.PromptProblem(source, true); problem != "" && said.Constant() && a.Params.Has(name) && !w.wrong[[2]string{a.ID, "Parameters." + name}] {
		w.add(a, "Parameters."+name, strings.ToUpper(problem[:1])+problem[1:]+".", w.consequence(a, flow.NoMatchingError))
	}
}

// spoken reports whether a text has tags that only make sense to a voice. Others,
// like those of HTML, may be what a customer's client shows.
func spoken(text string) bool {
	for _, tag := range []string{"speak", "say-as", "break", "prosody", "emphasis", "phoneme", "amazon:"} {
		if at := strings.Index(text, "<"+tag); at >= 0 && strings.ContainsAny(text[at:], ">") {
			return true
		}
	}
	return false
}

// warnAssistant warns that sessions are only made up, and only if asked for.
func warnAssistant(w *warner, a *flow.Action) {
	w.add(a, "Type", "Parley has no assistants: a session is made up if --assistant-sessions is set, and otherwise not created.", w.consequence(a, flow.NoMatchingError))
}

// warnHooks warns of hooks that are set where the designer does not offer them.
func warnHooks(w *warner, a *flow.Action) {
	if w.flows == 0 {
		return
	}
	for _, h := range a.Args.(*flow.HooksArgs).Hooks {
		if where := flow.ContactEvents[h.Event].Where; where != 0 && where&w.flows == 0 {
			w.add(a, "Parameters.EventHooks."+h.Event, "The designer does not offer "+h.Event+" in this type of flow.", "Parley sets it anyway.")
		}
	}
}

// warnLoop warns of two loops of one name, which overwrite each other's $.Loop.
func warnLoop(w *warner, a *flow.Action) {
	name := a.Args.(*flow.LoopArgs).Name
	if name == "" {
		return
	}
	if w.loops[name] {
		w.add(a, "Parameters.LoopName", "Another Loop has the same LoopName.", "They overwrite each other's $.Loop."+flow.Clip(name)+".")
	}
	w.loops[name] = true
}
