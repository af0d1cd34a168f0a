package view

import (
	"slices"
	"strconv"
	"strings"
)

// reader makes the parts of a view from the nodes of its template.
type reader struct {
	view   View
	inputs map[string]any // the data of the flow
	forms  int            // that have been met
}

// place is where a node stands.
type place struct {
	form int         // the form round it; 0 for none
	when []condition // of the nodes round it
}

// props are the properties of a component, or the members of an entry in one.
type props map[string]any

func (p props) text(name string) string { return text(p[name]) }
func (p props) truth(name string) bool  { return truth(p[name]) }
func (p props) list(name string) []any  { return list(p[name]) }

// entries are the objects of a list.
func (p props) entries(name string) (all []props) {
	for _, item := range p.list(name) {
		if m := object(item); m != nil {
			all = append(all, m)
		}
	}
	return all
}

// add appends a part. A text that is empty is none.
func (r *reader) add(at place, p Part) {
	if p.Text == "" && p.Field == nil && p.Action == nil {
		return
	}
	p.when = at.when
	r.view.Parts = append(r.view.Parts, p)
}

// say adds texts as one part: a line for each that is not empty.
func (r *reader) say(at place, lines ...string) {
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" })
	r.add(at, Part{Text: strings.Join(lines, "\n")})
}

// nodes reads the nodes of a Body or a Content. Texts between them are one text.
func (r *reader) nodes(items []any, at place) {
	var words strings.Builder
	said := func() {
		r.say(at, words.String())
		words.Reset()
	}
	for _, item := range items {
		if n, ok := item.(map[string]any); ok {
			said()
			r.node(n, at)
		} else {
			words.WriteString(text(r.resolve(item)))
		}
	}
	said()
}

// node reads a node.
func (r *reader) node(n map[string]any, at place) {
	p := props(object(r.resolve(n["Props"])))
	if shown := p["Visibility"]; shown == false || shown == "false" {
		return
	}
	at.when = append(slices.Clip(at.when), conditions(p)...)
	typ, content := text(n["Type"]), list(n["Content"])
	if managed := composite(typ); managed != nil {
		managed(r, p, at)
		return
	}
	if draw, ok := leaves[typ]; ok {
		draw(r, p, r.words(content), at)
		return
	}
	if kind, ok := fields[typ]; ok {
		r.field(typ, kind, p, at)
		return
	}
	if typ == "Form" {
		r.forms++
		at.form = r.forms
	}
	if !slices.Contains(holders, typ) {
		r.say(at, "("+typ+": cannot be shown here)")
	}
	r.say(at, p.text("Heading"), p.text("header"))
	for _, s := range p.entries("Sections") { // of a Form, as another authoring tool writes it
		r.say(at, s.text("Heading"))
		r.nodes(s.list("Components"), at)
	}
	r.nodes(content, at)
	r.say(at, p.text("footer"))
}

// words are the texts of a leaf's Content, which are one text, and those of nodes
// in it: a Button may hold a TextBox.
func (r *reader) words(content []any) string {
	var b strings.Builder
	for _, item := range content {
		if n, ok := item.(map[string]any); ok {
			b.WriteString(r.words(list(n["Content"])))
		} else {
			b.WriteString(text(r.resolve(item)))
		}
	}
	return b.String()
}

// conditions are those of Visibility. Any but Equals is taken as met.
func conditions(p props) (all []condition) {
	for _, c := range props(object(p["Visibility"])).entries("Conditions") {
		if equals := props(object(c["Equals"])); equals["ElementByKey"] != nil {
			all = append(all, condition{equals.text("ElementByKey"), equals.text("ElementByValue")})
		}
	}
	return all
}

// holders are the components that hold others, and say nothing themselves but a heading.
var holders = []string{"Container", "Section", "Form", "ExpandableSection", "Detail"}

// leaves are the components that hold texts: each is given those of its Content as one.
var leaves = map[string]func(r *reader, p props, said string, at place){
	"TextBox":                 func(r *reader, _ props, said string, at place) { r.say(at, said) },
	"Header":                  func(r *reader, p props, said string, at place) { r.say(at, said, p.text("description")) },
	"Alert":                   func(r *reader, p props, said string, at place) { r.say(at, p.text("heading"), said) },
	"HTMLBox":                 markup,
	"TemplateStringComponent": markup,
	"Icon":                    func(*reader, props, string, place) {}, // decoration
	"Image": func(r *reader, p props, _ string, at place) {
		r.say(at, strings.TrimSpace("[picture] "+p.text("Alt")))
	},
	"Link": func(r *reader, p props, said string, at place) { r.say(at, joined(" - ", said, p.text("Url"))) },
	"Button": func(r *reader, p props, said string, at place) {
		r.button(p, said, at, false)
	},
	"SubmitButton": func(r *reader, p props, _ string, at place) {
		r.button(p, p.text("Label"), at, true)
	},
	"ButtonGroup": func(r *reader, p props, _ string, at place) { r.group(p.entries("Items"), at, nil) },
	"Card": func(r *reader, p props, _ string, at place) {
		r.say(at, joined(" - ", p.text("Heading"), p.text("Status")), p.text("Description"))
		if action := p.text("Action"); action != "" {
			r.add(at, Part{Action: &Action{Label: label(p.text("Heading"), action), Name: action,
				data: map[string]any{"Heading": p.text("Heading"), "Id": p.text("Id")}}})
		}
	},
	"AttributeBar":     func(r *reader, p props, _ string, at place) { r.say(at, facts(p.entries("Attributes"))...) },
	"AttributeSection": func(r *reader, p props, _ string, at place) { r.section(p, at) },
	"Table":            table,
}

// markup is simple HTML, of TemplateString or of the Content.
func markup(r *reader, p props, said string, at place) {
	r.say(at, unmarked(label(p.text("TemplateString"), said)))
}

// joined joins the texts that are not empty.
func joined(between string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), between)
}

// label is the first text that is not empty.
func label(texts ...string) string {
	for _, s := range texts {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

// facts are the lines of attributes.
func facts(items []props) (lines []string) {
	for _, item := range items {
		lines = append(lines, joined(" - ", joined(": ", strings.TrimSpace(item.text("Label")), item.text("Value")), item.text("Url")))
	}
	return lines
}

// section is a heading with facts below it.
func (r *reader) section(p props, at place) {
	items := facts(p.entries("Items"))
	if len(items) == 0 {
		items = []string{p.text("NoItemMessage")}
	}
	r.say(at, append([]string{p.text("Heading")}, items...)...)
}

// defaultAction is what a Button without an Action raises.
const defaultAction = "Button"

// button adds the action of a button. One that only leads to a page is a text.
func (r *reader) button(p props, said string, at place, submits bool) {
	name := p.text("Action")
	switch {
	case p.truth("Disabled") || p.truth("Loading"):
		r.say(at, said)
		return
	case name == "" && !submits && p.text("Href") != "":
		r.say(at, joined(" - ", said, p.text("Href")))
		return
	}
	a := &Action{Label: label(said, name, defaultAction), Name: label(name, defaultAction), form: at.form, Submits: submits, carries: submits}
	if !submits {
		a.data = map[string]any{"action": a.Name}
	}
	r.add(at, Part{Action: a})
}

// group adds the actions of a ButtonGroup, or of a Table, with what is in it.
func (r *reader) group(items []props, at place, data map[string]any) {
	for _, item := range items {
		r.button(item, item.text("Label"), at, item.text("FormAction") == "submit")
		if last := r.view.Parts; len(last) > 0 && data != nil && last[len(last)-1].Action != nil {
			last[len(last)-1].Action.data = data
		}
	}
}

// table shows a Table as lines. Its cells cannot be edited here; the row of an
// action goes with it under the table's Name.
func table(r *reader, p props, _ string, at place) {
	columns := p.entries("Columns")
	var heads []string
	for _, c := range columns {
		heads = append(heads, label(c.text("Label"), c.text("Id")))
	}
	r.say(at, p.text("Header"), p.text("Description"), strings.Join(heads, " | "))
	name := label(p.text("Name"), "TableName")
	rows := p.list("Items")
	for _, item := range rows {
		row := props(object(item))
		var cells []string
		for _, c := range columns {
			cells = append(cells, row.text(c.text("Id")))
		}
		r.say(at, strings.Join(cells, " | "))
		for _, c := range columns {
			if c.text("Type") == "action" {
				action := label(p.text("TableAction"), "TableAction")
				r.add(at, Part{Action: &Action{Label: joined(": ", label(c.text("Label"), c.text("Id")), row.text(c.text("Id"))), Name: action, data: map[string]any{name: []any{item}}}})
			}
		}
	}
	if slices.ContainsFunc(columns, func(c props) bool { return c.text("EditableType") != "" }) {
		r.say(at, "(the cells of this table cannot be edited here)")
	}
	r.group(p.entries("Actions"), at, map[string]any{name: rows})
}

// fields are the components to fill in.
var fields = map[string]Kind{
	"FormInput": Line, "TextArea": Area, "DatePicker": Date, "TimePicker": Time, "Dropdown": Choice,
	"RadioGroup": Choice, "CheckboxGroup": Choices, "Checkbox": Toggle, "Toggle": Toggle,
}

// field adds a field.
func (r *reader) field(typ string, kind Kind, p props, at place) {
	f := &Field{
		Kind: kind, Name: p.text("Name"), Label: label(strings.TrimSpace(p.text("Label")), p.text("Name")), Help: p.text("HelperText"),
		Required: p.truth("Required"), Disabled: p.truth("Disabled"), form: at.form,
		listed: typ == "Dropdown" || typ == "CheckboxGroup" || kind == Toggle,
	}
	if f.Name == "" {
		r.say(at, "("+joined(" ", typ, f.Label)+": has no Name, so it cannot be answered)")
		return
	}
	switch kind {
	case Line:
		f.Input = label(p.text("InputType"), "text")
	case Area:
		f.MaxLength, _ = strconv.Atoi(p.text("MaxLength")) // without one there is no bound
	case Choice, Choices:
		if typ == "Dropdown" && p.truth("MultiSelect") {
			f.Kind = Choices
		}
		for _, item := range p.list("Options") {
			o := props(object(item))
			if o == nil {
				o = props{"Label": item}
			}
			if name := label(o.text("Label"), o.text("Value")); name != "" {
				f.Options = append(f.Options, Option{name, label(o.text("Value"), name), o.text("Description")})
			}
		}
	}
	f.Default = f.initial(p.list("DefaultValue"))
	r.add(at, Part{Field: f})
}

// initial is what a field has in the beginning.
func (f *Field) initial(values []any) (given []string) {
	for _, value := range values {
		s := text(value)
		switch {
		case f.Kind == Choice || f.Kind == Choices:
			if i := slices.IndexFunc(f.Options, func(o Option) bool { return o.Value == s || o.Label == s }); i >= 0 {
				given = append(given, f.Options[i].Value)
			}
		case f.Kind == Toggle:
			if truth(value) {
				given = append(given, "true")
			}
		case s != "":
			given = append(given, s)
		}
	}
	if f.Kind != Choices && len(given) > 1 {
		given = given[:1]
	}
	return given
}
