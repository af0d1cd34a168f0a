package check

import (
	"fmt"
	"strings"

	"parley.example/parley/internal/flow"
)

// Finding is one thing that [Flow] has to say about a flow.
type Finding struct {
	Severity Severity `json:"severity"`
	Action   string   `json:"action,omitempty"` // identifier; empty for the document as a whole
	Field    string   `json:"field,omitempty"`  // path within the action or the document
	Message  string   `json:"message"`          // what is the matter, as Problems words it
	Hint     string   `json:"hint,omitempty"`   // what to do about it, or what happens otherwise
}

// Brief is the message without what Action and Field say already: for people,
// who are shown those beside it. Message is in the words of the service.
func (f Finding) Brief() string {
	before, after, ok := strings.Cut(f.Message, " Path: Actions[")
	if !ok || f.Action == "" || before == "" {
		return f.Message
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
	return before[:len(before)-1] + strings.Replace(after, ", Action: "+flow.Clip(f.Action), "", 1)
}

// Severity is how bad a finding is.
type Severity string

// The severities. Errors keep a flow from being published.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// badValue is the finding that a member of an action has a wrong value.
func badValue(a *flow.Action, field, why string) Finding {
	return Finding{
		Severity: SeverityError, Action: a.ID, Field: field,
		Message: fmt.Sprintf("Invalid Action property value. Path: %s, Action: %s: %s", path(a, field), flow.Clip(a.ID), why),
	}
}

// path is where a field of an action is in the document.
func path(a *flow.Action, field string) string {
	path := fmt.Sprintf("Actions[%d]", a.Index)
	if field != "" {
		path += "." + field
	}
	return path
}
