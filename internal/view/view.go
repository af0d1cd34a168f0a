package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// View is a view as a customer meets it, from top to bottom.
type View struct {
	Title string // of the template's Head; may be ""
	Parts []Part
}

// Part is one thing of a view: a text, a field or an action.
type Part struct {
	Text   string  // to read; may have several lines
	Field  *Field  // to fill in
	Action *Action // to choose
	when   []condition
}

// condition is one of Visibility: a field has a value.
type condition struct{ name, value string }

// Kind is how a field is filled in.
type Kind string

// Kinds of fields.
const (
	Line    Kind = "line"    // a line of text; see [Field.Input]
	Area    Kind = "area"    // a longer text
	Date    Kind = "date"    // a day, as 2026-10-31
	Time    Kind = "time"    // a time of day, as 13:00
	Choice  Kind = "choice"  // one of the options
	Choices Kind = "choices" // any of the options
	Toggle  Kind = "toggle"  // yes or no
)

// Field is something to fill in.
type Field struct {
	Kind      Kind
	Input     string // of a Line: text, number, password, email, tel or url
	Name      string // under which the flow finds it
	Label     string
	Help      string
	Required  bool
	Disabled  bool // shown with what it has, and not asked
	MaxLength int  // of an Area, in characters; 0 when it is not bounded
	Options   []Option
	Default   []string // nothing, one value, or those chosen

	form   int  // which form it is in; 0 for none
	listed bool // its answer is a list: Dropdown, CheckboxGroup and Toggle
}

// Option is one to choose in a field.
type Option struct{ Label, Value, Description string }

// Action ends a view.
type Action struct {
	Label   string
	Name    string // what the flow is told
	Submits bool   // needs the required fields of its form

	form    int            // which form it is in
	carries bool           // the form's fields go with it
	nested  bool           // into FormData: of the managed Form
	data    map[string]any // that go with it besides
}

// Values are what was filled in, by field. Of a field that is not there the
// default counts; an empty list is nothing.
type Values map[*Field][]string

// Of returns what a field has.
func (v Values) Of(f *Field) []string {
	if given, ok := v[f]; ok {
		return given
	}
	return f.Default
}

// Shown reports whether a part is shown, which may depend on what was filled in.
func (v *View) Shown(p *Part, values Values) bool {
	return !slices.ContainsFunc(p.when, func(c condition) bool {
		return !slices.ContainsFunc(v.Parts, func(other Part) bool {
			return other.Field != nil && other.Field.Name == c.name && slices.Contains(values.Of(other.Field), c.value)
		})
	})
}

// Missing returns the required fields of an action's form that are shown and empty.
func (v *View) Missing(a *Action, values Values) (fields []*Field) {
	if !a.Submits {
		return nil
	}
	for f := range v.fields(a, values) {
		if f.Required && len(values.Of(f)) == 0 {
			fields = append(fields, f)
		}
	}
	return fields
}

// Filled returns the fields that go with an action and are not empty, in order.
func (v *View) Filled(a *Action, values Values) (fields []*Field) {
	for f := range v.fields(a, values) {
		if len(values.Of(f)) > 0 {
			fields = append(fields, f)
		}
	}
	return fields
}

// fields yields the fields of an action's form that are shown.
func (v *View) fields(a *Action, values Values) func(yield func(*Field) bool) {
	return func(yield func(*Field) bool) {
		for i := range v.Parts {
			p := &v.Parts[i]
			if a.carries && p.Field != nil && p.Field.form == a.form && v.Shown(p, values) && !yield(p.Field) {
				return
			}
		}
	}
}

// Answer returns the data of the answer with which an action ends the view
// (data of an interactive response), as the service's own client makes it: a flow
// finds the fields as $.Views.ViewResultData.NAME, of the managed Form as
// $.Views.ViewResultData.FormData.NAME. What is chosen in a Dropdown, a
// CheckboxGroup and a Toggle is a list, anything else a text.
func (v *View) Answer(a *Action, values Values) map[string]any {
	data, fields := map[string]any{}, map[string]any{}
	maps.Copy(data, a.data)
	for _, f := range v.Filled(a, values) {
		if given := values.Of(f); f.listed {
			fields[f.Name] = given
		} else {
			fields[f.Name] = given[0]
		}
	}
	if a.nested {
		data["FormData"] = fields
	} else {
		maps.Copy(data, fields)
	}
	return data
}

// Read reads a view from its Template and its data, which is JSON or the text of
// it, or nothing.
func Read(template string, data json.RawMessage) (*View, error) {
	var t struct {
		Head struct{ Title any }
		Body []any
	}
	if err := json.Unmarshal([]byte(template), &t); err != nil {
		return nil, fmt.Errorf("the view's template cannot be read: %w", err)
	}
	r := &reader{inputs: object(decoded(data))}
	r.view.Title = text(r.resolve(t.Head.Title))
	r.nodes(t.Body, place{})
	return &r.view, nil
}

// decoded is JSON as a value; nil for what is none.
func decoded(raw json.RawMessage) (value any) {
	if json.Unmarshal(raw, &value) != nil {
		return nil
	}
	return value
}
