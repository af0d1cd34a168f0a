package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
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

// MaxSteps is how many actions a run may take without waiting for anybody: the
// guard of the language.
const MaxSteps = 1000

// language is the only value of Version.
const language = "2019-10-30"

// Flow is a parsed document of the flow language. It is never changed after
// Parse and may be used by many goroutines.
type Flow struct {
	Hash     string   // FlowContentSha256: 64 hexadecimal digits
	Name     string   // Metadata.name: a hint, not the name of the resource
	Type     string   // of the resource (CONTACT_FLOW ...) as set by [Flow.As], else ""
	Hint     string   // Metadata.type: what the designer says it is
	Module   bool     // there are Settings
	Required []string // inputs that a module must be given

	Actions []Action
	Start   int     // index of StartAction, None when it names no action
	Faults  []Fault // what is wrong with the document's shape

	content []byte
	byID    map[string]int
}

// Fault is one thing that is wrong with the shape of a document.
type Fault struct {
	Action   int    // index of the action, None for the document as a whole
	Field    string // path within the action or the document
	Message  string // what is wrong
	Hint     string // what to do about it, "" when there is nothing to say
	Dangling bool   // Field names an action that does not exist:
	Written  string // by this identifier
}

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

// Content returns the document as it was given to Parse, byte for byte. The
// caller must not change it.
func (f *Flow) Content() []byte { return f.content }

// As returns the flow as one of a type: a value of Type as CreateContactFlow
// takes it, like CONTACT_FLOW. Actions that require a flow of some type, like
// TransferToFlow, then check it; a flow of no known type passes.
func (f *Flow) As(typ string) *Flow {
	if f.Type == typ {
		return f
	}
	typed := *f
	typed.Type = typ
	return &typed
}

// Find returns the index of the action with an identifier.
func (f *Flow) Find(id string) (index int, ok bool) {
	index, ok = f.byID[id]
	return index, ok
}

// Identifiers yields the identifiers of the actions.
func (f *Flow) Identifiers() iter.Seq[string] { return maps.Keys(f.byID) }

// Identifier returns the identifier of the action with an index, "" for None.
func (f *Flow) Identifier(index int) string {
	if index < 0 {
		return ""
	}
	return f.Actions[index].ID
}

// unreadable is the error of a document that Parse refuses.
func unreadable(format string, args ...any) error {
	problem := Shorten("Invalid contact flow format: "+fmt.Sprintf(format, args...), MaxMessage)
	return &center.Error{Reason: center.InvalidFlow, Message: problem, Problems: []string{problem}}
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
				return unreadable("the content nests deeper than %d levels", maxNesting)
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
	if doc.Version != language {
		hint := "Version 2019-10-30 is the only one there is."
		if members["modules"] != nil {
			hint = "This is an export in the older format, with modules for actions: import it in the designer and export it again."
		}
		f.fault("Version", fmt.Sprintf("the version is %q, not %q", doc.Version, language), hint)
	}
	f.settings(doc.Settings)
	var meta struct{ Name, Type any }
	if json.Unmarshal(doc.Metadata, &meta) == nil {
		f.Name, _ = meta.Name.(string)
		f.Hint, _ = meta.Type.(string)
	}
	return doc
}

// settings reads what a module says of itself. Old exports have empty lists,
// and the language writes truth as a text as well.
func (f *Flow) settings(raw json.RawMessage) {
	f.Module, f.Required = raw != nil, nil
	var s struct{ InputParameters []json.RawMessage }
	if !f.Module || json.Unmarshal(raw, &s) != nil {
		return
	}
	for _, parameter := range s.InputParameters {
		var p struct {
			Name     string
			Required json.RawMessage
		}
		if json.Unmarshal(parameter, &p) != nil {
			continue
		}
		if required, _ := Scalar(p.Required); IsTrue(required) {
			f.Required = append(f.Required, p.Name)
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
		f.fault(name, fmt.Sprintf("%s has the wrong kind of value", name), "")
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
			f.misshapen(a, "", "an action is an object")
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
	} else {
		f.Faults = append(f.Faults, Fault{Action: None, Field: "StartAction", Dangling: true, Written: doc.StartAction,
			Message: fmt.Sprintf("StartAction %q is not the identifier of an action", Clip(doc.StartAction))})
	}
	return nil
}
