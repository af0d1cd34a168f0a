package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"parley.example/parley/internal/center"
)

// Bounds of what Parse reads. They are wider than what may be published (see
// Problems), so that a draft or an import can be held, described and checked.
const (
	maxContent    = 1 << 20 // bytes
	maxActions    = 1000
	maxNesting    = 100
	maxConditions = 1000 // of one action
)

// language is the only value of Version.
const language = "2019-10-30"

// Flow is a parsed document of the flow language. It is never changed after
// Parse and may be used by many goroutines.
type Flow struct {
	Hash string // FlowContentSha256: 64 hexadecimal digits

	content  []byte
	name     string   // Metadata.name: a hint, not the name of the resource
	typ      string   // of the resource (CONTACT_FLOW ...) when As told, else ""
	hint     string   // Metadata.type: what the designer says it is
	module   bool     // there are Settings
	required []string // inputs that a module insists on

	actions []action
	byID    map[string]int
	start   int       // index of StartAction, none when it names no action
	faults  []Finding // what is wrong with the document's shape
}

// action is one action of a flow, compiled.
type action struct {
	id    string
	typ   string
	index int
	spec  *spec  // nil for an unknown type
	step  step   // what it does; never nil
	block string // its name in flow logs

	params     params
	next       int
	hasNext    bool // NextAction was given
	errors     []errorBranch
	conditions []condition
}

// none is the index of an action that does not exist: going there ends the flow.
const none = -1

// errorBranch is an entry of Transitions.Errors.
type errorBranch struct {
	typ  string
	next int
}

// condition is an entry of Transitions.Conditions. The language knows one
// operand; operands counts those given, for the check.
type condition struct {
	operator string
	operand  template
	operands int
	next     int
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
// members are kept (see Content). Parse is lenient: a document that is no
// valid flow, like a draft, parses as long as it is a JSON object of at most
// 1 MiB with at most 1,000 actions and 100 levels of nesting. What keeps it
// from being published is told by Problems. The error is a *center.Error with
// reason InvalidFlow.
func Parse(content []byte) (*Flow, error) {
	if len(content) > maxContent {
		return nil, unreadable("the content has %d bytes, more than %d", len(content), maxContent)
	}
	text := bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if err := nesting(text); err != nil {
		return nil, err
	}
	members, err := object(text)
	if err != nil {
		return nil, unreadable("the content is no JSON object: %s", reason(text, err))
	}
	sum := sha256.Sum256(content)
	f := &Flow{Hash: hex.EncodeToString(sum[:]), content: bytes.Clone(content), start: none}
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
// TransferToFlow, then check it; a flow that nobody has told its type passes.
func (f *Flow) As(typ string) *Flow {
	if f.typ == typ {
		return f
	}
	told := *f
	told.typ = typ
	return &told
}

// Name returns the name that the designer wrote into the document, "" if none.
func (f *Flow) Name() string { return f.name }

// Actions returns how many actions the flow has.
func (f *Flow) Actions() int { return len(f.actions) }

// unreadable is the error of a document that Parse refuses.
func unreadable(format string, args ...any) error {
	problem := cut("Invalid contact flow format: "+fmt.Sprintf(format, args...), maxMessage)
	return &center.Error{Reason: center.InvalidFlow, Message: problem, Problems: []string{problem}}
}

// reason is what encoding/json has to say of a text, without its own prefix,
// and in which line.
func reason(text []byte, err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "it is of the kind " + e.Value
	}
	why := strings.TrimPrefix(err.Error(), "json: ")
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		before := text[:min(max(e.Offset, 0), int64(len(text)))]
		why += fmt.Sprintf(" (line %d)", 1+bytes.Count(before, []byte("\n")))
	}
	return why
}

// nesting refuses documents that nest deeper than anything real, before
// recursive code sees them.
func nesting(text []byte) error {
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

// object decodes a JSON object into its members. Unlike decoding into a
// struct it tells names apart by case.
func object(raw []byte) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, fmt.Errorf("null")
	}
	return members, nil
}

// top reads the members of the document and notes those of the wrong kind.
func (f *Flow) top(members map[string]json.RawMessage) document {
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
		f.name, _ = meta.Name.(string)
		f.hint, _ = meta.Type.(string)
	}
	return doc
}

// settings reads what a module says of itself. Old exports have empty lists,
// and the language writes truth as a text as well.
func (f *Flow) settings(raw json.RawMessage) {
	f.module, f.required = raw != nil, nil
	var s struct{ InputParameters []json.RawMessage }
	if !f.module || json.Unmarshal(raw, &s) != nil {
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
		if required, _ := scalarText(p.Required); isTrue(required) {
			f.required = append(f.required, p.Name)
		}
	}
}

// WithSettings returns the flow as a module whose Settings are kept apart from
// its content, as CreateContactFlowModule takes them.
func (f *Flow) WithSettings(settings []byte) *Flow {
	told := *f
	if len(bytes.TrimSpace(settings)) == 0 {
		settings = []byte("{}")
	}
	told.settings(settings)
	return &told
}

func (f *Flow) member(members map[string]json.RawMessage, name string, into any) {
	raw, ok := members[name]
	if ok && json.Unmarshal(raw, into) != nil {
		f.fault(name, fmt.Sprintf("%s has the wrong kind of value", name), "")
	}
}

// fault notes what is wrong with the document as a whole.
func (f *Flow) fault(field, message, hint string) {
	f.faults = append(f.faults, Finding{Severity: SeverityError, Field: field, Message: "Invalid contact flow format: " + message, Hint: hint})
}

// read compiles the actions and then their transitions, which name actions
// that may come later.
func (f *Flow) read(doc document) error {
	f.actions = make([]action, len(doc.Actions))
	f.byID = make(map[string]int, len(doc.Actions))
	raw := make([]map[string]json.RawMessage, len(doc.Actions))
	for i := range f.actions {
		a := &f.actions[i]
		a.index, a.next = i, none
		members, err := object(doc.Actions[i])
		if err != nil {
			f.misshapen(a, "", "an action is an object")
		}
		raw[i] = members
		f.text(a, members, "Identifier", &a.id)
		f.text(a, members, "Type", &a.typ)
		if p, ok := members["Parameters"]; ok && string(p) != "null" {
			if a.params, err = object(p); err != nil {
				f.misshapen(a, "Parameters", "must be an object")
			}
		}
		if _, taken := f.byID[a.id]; taken {
			f.misshapen(a, "Identifier", "is used by another action")
		} else if a.id != "" {
			f.byID[a.id] = i
		}
		a.compile()
	}
	for i := range f.actions {
		if err := f.transitions(&f.actions[i], raw[i]["Transitions"]); err != nil {
			return err
		}
	}
	if i, ok := f.byID[doc.StartAction]; ok {
		f.start = i
	} else {
		f.fault("StartAction", fmt.Sprintf("StartAction %q is not the identifier of an action", clip(doc.StartAction)),
			didYouMean(doc.StartAction, maps.Keys(f.byID)))
	}
	return nil
}

// compile turns type and parameters into a step.
func (a *action) compile() {
	a.step = a.make()
	a.block = blockOf(a)
}

func (a *action) make() step {
	a.spec = specs[a.typ]
	if a.spec == nil {
		return unsupported{problem: "unknown action type " + clip(a.typ)}
	}
	if a.spec.make == nil {
		return a.spec.unsupported()
	}
	s, err := a.spec.make(a.params)
	if err != nil {
		return broken{problem: err.Error()}
	}
	return s
}

// transitions compiles what comes after an action.
func (f *Flow) transitions(a *action, raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	members, err := object(raw)
	if err != nil {
		f.misshapen(a, "Transitions", "must be an object")
		return nil
	}
	var next string
	if f.text(a, members, "NextAction", &next); next != "" {
		a.hasNext = true
		a.next = f.target(a, "Transitions.NextAction", next)
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
		return unreadable("action %q has more than %d branches", clip(a.id), maxConditions)
	}
	a.errors = make([]errorBranch, 0, len(branches))
	for i, b := range branches {
		field := fmt.Sprintf("Transitions.Errors[%d].NextAction", i)
		a.errors = append(a.errors, errorBranch{typ: b.ErrorType, next: f.target(a, field, b.NextAction)})
	}
	a.conditions = make([]condition, 0, len(conditions))
	for i, c := range conditions {
		field := fmt.Sprintf("Transitions.Conditions[%d]", i)
		compiled := condition{operator: c.Condition.Operator, operands: len(c.Condition.Operands)}
		compiled.next = f.target(a, field+".NextAction", c.NextAction)
		if len(c.Condition.Operands) > 0 {
			operand, ok := scalarText(c.Condition.Operands[0])
			if !ok {
				// No export nests conditions, and the language names no
				// operator that would combine them: such a one is never true.
				f.misshapen(a, field+".Condition.Operands[0]", "must be a text")
				compiled.operator = ""
			}
			compiled.operand = compile(operand)
		}
		a.conditions = append(a.conditions, compiled)
	}
	return nil
}

// target resolves the identifier of a following action.
func (f *Flow) target(a *action, field, id string) int {
	if i, ok := f.byID[id]; ok {
		return i
	}
	missing := badValue(a, field, fmt.Sprintf("names no action: %q", clip(id)))
	if len(f.faults) < maxHints {
		missing.Hint = didYouMean(id, maps.Keys(f.byID))
	}
	f.faults = append(f.faults, missing)
	return none
}

// text reads a member that must be a string; what is missing stays empty.
func (f *Flow) text(a *action, members map[string]json.RawMessage, name string, into *string) {
	if raw, ok := members[name]; ok && json.Unmarshal(raw, into) != nil {
		field := name
		if name == "NextAction" {
			field = "Transitions." + name
		}
		f.misshapen(a, field, "must be a text")
	}
}

// misshapen notes a member of an action that has the wrong kind of value.
func (f *Flow) misshapen(a *action, field, why string) {
	f.faults = append(f.faults, badValue(a, field, why))
}
