package flow

import (
	"iter"
	"maps"
	"slices"
)

// MaxSteps is how many actions a run may take without waiting for anybody: the
// guard of the language.
const MaxSteps = 1000

// Flow is a parsed document of the flow language. It is never changed after
// Parse and may be used by many goroutines.
type Flow struct {
	Hash     string    // FlowContentSha256: 64 hexadecimal digits
	Name     string    // Metadata.name: a hint, not the name of the resource
	Called   []string  // id and name of the resource, where [ParseFile] reads them beside the content
	Type     string    // of the resource (CONTACT_FLOW ...) as set by [Flow.As], else ""
	Hint     string    // Metadata.type: what the designer says it is
	Module   bool      // there are Settings
	Contract *Contract // what a module declares; nil where that is not known, see [Flow.WithSettings]
	Required []string  // inputs that a module must be given
	Legacy   bool      // an export in the designer's older format, with modules for actions: nothing else can be said of it

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

// Silent reports whether no action of the flow can tell the customer of a chat anything.
func (f *Flow) Silent() bool {
	return !slices.ContainsFunc(f.Actions, func(a Action) bool { return a.Speaks() })
}

// FlowType is the type of the flow as far as the resource or the designer says,
// 0 for unknown and for a module.
func (f *Flow) FlowType() FlowTypes { return f.Place() &^ Modules }

// Place is what the actions of the flow stand in: its [Flow.FlowType], or
// Modules; 0 for unknown.
func (f *Flow) Place() FlowTypes {
	switch {
	case f.Type == TypeModule, f.Type == "" && f.Module:
		return Modules
	case f.Type != "":
		return typeNames[f.Type]
	}
	return typeNames[f.Hint]
}
