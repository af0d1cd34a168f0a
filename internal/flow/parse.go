package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"parley.example/parley/internal/center"
)

// Bounds of what Parse reads. They are wider than what may be published (see
// package check), so that a draft or an import can be held, described and checked.
const (
	maxContent    = 1 << 20 // bytes
	maxActions    = 1000
	maxNesting    = 100
	maxConditions = 1000 // of one action
)

// MaxMessage is how long a problem may be that the API reports, in characters.
const MaxMessage = 256

// language is the only value of Version.
const language = "2019-10-30"

// document is the top level of a flow.
type document struct {
	Version     string
	StartAction string
	Actions     []json.RawMessage
	Metadata    json.RawMessage
	Settings    json.RawMessage
}

// Parse reads a document of the flow language, version 2019-10-30, as
// CreateContactFlow and UpdateContactFlowContent take it in Content. Unknown
// members are kept (see Content). Parse is lenient: a document that is not a
// valid flow, like a draft, parses as long as it is a JSON object of at most
// 1 MiB with at most 1,000 actions and 100 levels of nesting. What keeps it
// from being published is what package check finds. The error is a
// *center.Error with reason InvalidFlow.
func Parse(content []byte) (*Flow, error) {
	if len(content) > maxContent {
		return nil, unreadable("the content has %d bytes, more than %d", len(content), maxContent)
	}
	text := bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if err := Nesting(text); err != nil {
		return nil, err
	}
	members, err := Object(text)
	if err != nil {
		return nil, unreadable("the content is not a JSON object: %s", reason(text, err))
	}
	sum := sha256.Sum256(content)
	f := &Flow{Hash: hex.EncodeToString(sum[:]), content: bytes.Clone(content), Start: None}
	doc := f.top(members)
	if len(doc.Actions) > maxActions {
		return nil, unreadable("the flow has %d actions, more than %d", len(doc.Actions), maxActions)
	}
	if err := f.read(doc); err != nil {
		return nil, err
	}
	return f, nil
}

// unreadable is the error of a document that Parse refuses.
func unreadable(format string, args ...any) error {
	const problem = "Invalid contact flow format"
	return &center.Error{Reason: center.InvalidFlow, Message: problem + ": " + fmt.Sprintf(format, args...), Problems: []string{problem}}
}

// reason is what encoding/json has to say of a text, without its own prefix,
// and in which line.
func reason(text []byte, err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "it is of type " + e.Value
	}
	why := strings.TrimPrefix(err.Error(), "json: ")
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		before := text[:min(max(e.Offset, 0), int64(len(text)))]
		why += fmt.Sprintf(" (line %d)", 1+bytes.Count(before, []byte("\n")))
	}
	return why
}

// Nesting refuses JSON documents that nest deeper than anything real, before
// recursive code sees them.
func Nesting(text []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > maxNesting {
				return unreadable("the content is nested deeper than %d levels", maxNesting)
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return nil
}

// top reads the members of the document and notes those of the wrong type.
func (f *Flow) top(members Params) document {
	var doc document
	f.member(members, "Version", &doc.Version)
	f.member(members, "StartAction", &doc.StartAction)
	f.member(members, "Actions", &doc.Actions)
	f.member(members, "Metadata", &doc.Metadata)
	f.member(members, "Settings", &doc.Settings)
	switch f.Legacy = doc.Version != language && members["modules"] != nil && members["Actions"] == nil; {
	case f.Legacy:
		f.fault("Version", "this is an export in the older format, with modules for actions", "Import it in the designer and export it again.")
	case doc.Version != language:
		f.fault("Version", fmt.Sprintf("the version is %q, not %q", doc.Version, language), "Version 2019-10-30 is the only one.")
	}
	f.settings(doc.Settings)
	if f.Contract.Empty() {
		f.Contract = nil // the designer writes such into every content; what the module declares stands beside it
	}
	var meta struct{ Name, Type any }
	if json.Unmarshal(doc.Metadata, &meta) == nil {
		f.Name, _ = meta.Name.(string)
		f.Hint, _ = meta.Type.(string)
	}
	return doc
}

// settings reads what a module says of itself.
func (f *Flow) settings(raw json.RawMessage) {
	f.Module, f.Contract, f.Required = raw != nil, nil, nil
	if f.Module {
		f.Contract = ReadContract(raw)
		if in := f.Contract.Input; in != nil {
			f.Required = in.Required
		}
	}
}

// WithSettings returns the flow as a module whose Settings are kept apart from
// its content, as CreateContactFlowModule takes them.
func (f *Flow) WithSettings(settings []byte) *Flow {
	typed := *f
	if len(bytes.TrimSpace(settings)) == 0 {
		settings = []byte("{}")
	}
	typed.settings(settings)
	return &typed
}

func (f *Flow) member(members Params, name string, into any) {
	raw, ok := members[name]
	if ok && json.Unmarshal(raw, into) != nil {
		f.fault(name, fmt.Sprintf("%s has a value of the wrong type", name), "")
	}
}

// fault notes what is wrong with the document as a whole.
func (f *Flow) fault(field, message, hint string) {
	f.Faults = append(f.Faults, Fault{Action: None, Field: field, Message: message, Hint: hint})
}

// read compiles the actions and then their transitions, which name actions
// that may come later.
func (f *Flow) read(doc document) error {
	f.Actions = make([]Action, len(doc.Actions))
	f.byID = make(map[string]int, len(doc.Actions))
	raw := make([]Params, len(doc.Actions))
	for i := range f.Actions {
		a := &f.Actions[i]
		a.Index, a.Next = i, None
		members, err := Object(doc.Actions[i])
		if err != nil {
			f.misshapen(a, "", "must be an object")
		}
		raw[i] = members
		f.text(a, members, "Identifier", &a.ID)
		f.text(a, members, "Type", &a.Type)
		if p, ok := members["Parameters"]; ok && string(p) != "null" {
			if a.Params, err = Object(p); err != nil {
				f.misshapen(a, "Parameters", "must be an object")
			}
		}
		if _, taken := f.byID[a.ID]; taken {
			f.misshapen(a, "Identifier", "is used by another action")
		} else if a.ID != "" {
			f.byID[a.ID] = i
		}
		a.compile()
	}
	for i := range f.Actions {
		if err := f.transitions(&f.Actions[i], raw[i]["Transitions"]); err != nil {
			return err
		}
	}
	if i, ok := f.byID[doc.StartAction]; ok {
		f.Start = i
	} else if !f.Legacy {
		f.Faults = append(f.Faults, Fault{Action: None, Field: "StartAction", Dangling: true, Written: doc.StartAction,
			Message: fmt.Sprintf("StartAction %q is not the identifier of an action", Clip(doc.StartAction))})
	}
	return nil
}

// compile reads the parameters as the action's type has them.
func (a *Action) compile() {
	if now := formerTypes[a.Type]; now != "" {
		a.Type, a.Wrote = now, a.Type
	}
	a.Spec, a.Block = types[a.Type], a.Type
	if a.Spec == nil {
		a.Refusal = &Refusal{ErrorType: NoMatchingError, Why: "unknown action type " + Clip(a.Type)}
		return
	}
	a.Block = a.Spec.block(a.Params)
	if a.Spec.read == nil {
		a.Refusal = a.Spec.refusal()
		return
	}
	args, err := a.Spec.read(a.Params)
	switch refusal, ok := errors.AsType[*Refusal](err); {
	case ok:
		a.Refusal = refusal
	case err != nil:
		a.Refusal = &Refusal{ErrorType: NoMatchingError, Why: err.Error(), Invalid: true}
	default:
		a.Args = args
	}
}

// transitions compiles what comes after an action.
func (f *Flow) transitions(a *Action, raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	members, err := Object(raw)
	if err != nil {
		f.misshapen(a, "Transitions", "must be an object")
		return nil
	}
	var next string
	if f.text(a, members, "NextAction", &next); next != "" {
		a.HasNext = true
		a.Next = f.target(a, "Transitions.NextAction", next)
	}
	var branches []struct{ NextAction, ErrorType string }
	if raw := members["Errors"]; raw != nil && json.Unmarshal(raw, &branches) != nil {
		f.misshapen(a, "Transitions.Errors", "must be a list of {NextAction, ErrorType}")
	}
	var conditions []struct {
		NextAction string
		Condition  struct {
			Operator string
			Operands []json.RawMessage
		}
	}
	if raw := members["Conditions"]; raw != nil && json.Unmarshal(raw, &conditions) != nil {
		f.misshapen(a, "Transitions.Conditions", "must be a list of {NextAction, Condition}")
	}
	if len(branches) > maxConditions || len(conditions) > maxConditions {
		return unreadable("action %q has more than %d branches", Clip(a.ID), maxConditions)
	}
	a.Errors = make([]ErrorBranch, 0, len(branches))
	for i, b := range branches {
		field := fmt.Sprintf("Transitions.Errors[%d].NextAction", i)
		a.Errors = append(a.Errors, ErrorBranch{Type: b.ErrorType, Next: f.target(a, field, b.NextAction)})
	}
	a.Conditions = make([]Condition, 0, len(conditions))
	for i, c := range conditions {
		field := fmt.Sprintf("Transitions.Conditions[%d]", i)
		compiled := Condition{Operator: c.Condition.Operator, Operands: len(c.Condition.Operands)}
		compiled.Next = f.target(a, field+".NextAction", c.NextAction)
		if len(c.Condition.Operands) > 0 {
			operand, ok := Scalar(c.Condition.Operands[0])
			if !ok {
				// No export nests conditions, and the language names no
				// operator that would combine them: such a one is never true.
				f.misshapen(a, field+".Condition.Operands[0]", "must be a string")
				compiled.Operator = ""
			}
			compiled.Operand = Compile(operand)
		}
		a.Conditions = append(a.Conditions, compiled)
	}
	return nil
}

// target resolves the identifier of a following action.
func (f *Flow) target(a *Action, field, id string) int {
	if i, ok := f.byID[id]; ok {
		return i
	}
	f.Faults = append(f.Faults, Fault{Action: a.Index, Field: field, Dangling: true, Written: id,
		Message: fmt.Sprintf("refers to an unknown action: %q", Clip(id))})
	return None
}

// text reads a member that must be a string; what is missing stays empty.
func (f *Flow) text(a *Action, members Params, name string, into *string) {
	if raw, ok := members[name]; ok && json.Unmarshal(raw, into) != nil {
		field := name
		if name == "NextAction" {
			field = "Transitions." + name
		}
		f.misshapen(a, field, "must be a string")
	}
}

// misshapen notes a member of an action that has the wrong type of value.
func (f *Flow) misshapen(a *Action, field, why string) {
	f.Faults = append(f.Faults, Fault{Action: a.Index, Field: field, Message: why})
}
