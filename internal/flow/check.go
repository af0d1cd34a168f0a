package flow

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Finding is one thing that Check has to say about a flow.
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
	return before[:len(before)-1] + strings.Replace(after, ", Action: "+clip(f.Action), "", 1)
}

// Severity is how bad a finding is.
type Severity string

// The severities. Errors keep a flow from being published.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Bounds of what InvalidContactFlowException carries: problems and characters
// of each message.
const (
	maxProblems = 50
	maxMessage  = 256
)

// Problems says what keeps the flow from being published: everything found, up
// to 50 messages of up to 256 characters, in the words of
// InvalidContactFlowException.problems, each naming the action and the path
// within it. There are none for a valid flow.
func (f *Flow) Problems() []string {
	var problems []string
	for _, finding := range f.errors() {
		if len(problems) == maxProblems {
			break
		}
		problems = append(problems, cut(finding.Message, maxMessage))
	}
	return problems
}

// Check reports everything there is to say about a flow: first the errors, which
// are those that Problems lists, then warnings of what is allowed and probably
// not meant.
func Check(f *Flow) []Finding {
	errors := f.errors()
	return append(errors, f.warnings(errors)...)
}

// badValue is the finding that a member of an action has a wrong value.
func badValue(a *action, field, why string) Finding {
	return Finding{
		Severity: SeverityError, Action: a.id, Field: field,
		Message: fmt.Sprintf("Invalid Action property value. Path: %s, Action: %s: %s", a.path(field), clip(a.id), why),
	}
}

// path is where a field of an action lies in the document.
func (a *action) path(field string) string {
	path := fmt.Sprintf("Actions[%d]", a.index)
	if field != "" {
		path += "." + field
	}
	return path
}

// clip shortens a name from a document for a message.
func clip(s string) string { return cut(s, 60) }

// cut shortens s to at most n characters.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count++; count == n {
			return s[:i] + "…"
		}
	}
	return s
}
