package check

import (
	"fmt"
	"strings"

	"parley.example/parley/internal/flow"
)

// Finding is one thing that [Flow] has to say about a flow.
type Finding struct {
	Severity Severity `json:"severity"`
	Cloud    Cloud    `json:"cloud,omitempty"`   // what Amazon Connect makes of it
	Action   string   `json:"action,omitempty"`  // identifier; empty for the document as a whole
	Field    string   `json:"field,omitempty"`   // path within the action or the document
	Message  string   `json:"message"`           // what is the matter; it begins as Problem does
	Problem  string   `json:"problem,omitempty"` // the service's own words for it, where it refuses the flow and they are known
	Hint     string   `json:"hint,omitempty"`    // what to do about it, or what happens otherwise

	follows bool // from a mistake that another finding names: a problem of its own to the service, none to the author
}

// String is the finding in a line, for a log or an error: where, what, and what
// to do about it.
func (f Finding) String() string {
	text := f.Brief()
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	if f.Action != "" {
		text = "[" + flow.Clip(f.Action) + "] " + text
	}
	if f.Hint != "" {
		text += " (" + f.Hint + ")"
	}
	return text
}

// Brief is the message without what Action and Field say already: for people,
// who are shown those beside it.
func (f Finding) Brief() string {
	message := f.Message
	if f.Action != "" {
		message = strings.Replace(message, ", Action: "+flow.Clip(f.Action), "", 1)
	}
	before, after, ok := strings.Cut(message, " Path: Actions[")
	if !ok || f.Action == "" || before == "" {
		return message
	}
	after = strings.TrimLeft(after, "0123456789")
	after, _ = strings.CutPrefix(after, "]")
	if f.Field != "" {
		after = strings.TrimPrefix(after, "."+f.Field)
	}
	if strings.HasPrefix(after, ".") { // a path that says more than Field
		_, rest, more := strings.Cut(after, ", ")
		after = ""
		if more {
			after = ", " + rest
		}
	}
	return before[:len(before)-1] + after
}

// Severity is how bad a finding is.
type Severity string

// The severities. Errors keep a flow from being published.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Cloud is what Amazon Connect makes of a finding when the flow is published
// there.
type Cloud string

// What Amazon Connect may make of a finding. It refuses what an error says;
// some warnings are about what it refuses as well, or may refuse: its
// documentation excludes it, and nobody is known to have tried.
const (
	CloudTakes     Cloud = ""
	CloudRefuses   Cloud = "refuses"
	CloudMayRefuse Cloud = "may refuse"
)

// Options are what a check lets pass that the service refuses. The zero value
// lets nothing pass.
type Options struct {
	// OldSpellings takes action types as Amazon's reference has spelt them,
	// UpdateRoutingCriteria and UnTagContact, and warns of them: for documents that
	// were written after it. The service refuses them (probed by publishing, 2026-08).
	OldSpellings bool
}

// refusal is the finding of a problem in the service's words about an action,
// with what more there is to say of it.
func refusal(a *flow.Action, field, hint, problem, more string) Finding {
	return Finding{
		Severity: SeverityError, Cloud: CloudRefuses, Action: a.ID, Field: field, Hint: hint,
		Problem: problem, Message: problem + ", Action: " + flow.Clip(a.ID) + more,
	}
}

// badValue is the finding that a member of an action has a wrong value.
func badValue(a *flow.Action, field, why string) Finding {
	return refusal(a, field, "", "Invalid Action property value. Path: "+path(a, field), ": "+why)
}

// path is where a field of an action is in the document.
func path(a *flow.Action, field string) string {
	path := fmt.Sprintf("Actions[%d]", a.Index)
	if field != "" {
		path += "." + field
	}
	return path
}
