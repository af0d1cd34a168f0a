package view

import (
	"fmt"
	"strings"
)

// composite returns what reads a component of which the service makes the views
// that it manages; nil for others. Their actions, and the data of these, are those
// of the service's description.
func composite(typ string) func(r *reader, p props, at place) {
	switch typ {
	case "DetailsView":
		return detail
	case "ListView":
		return choices
	case "CardsView":
		return cards
	case "ConfirmationView":
		return confirmation
	case "FormWithSteps":
		return form
	}
	return nil
}

// detail is Detail: sections to read, and actions.
func detail(r *reader, p props, at place) {
	r.heading(p, at, "Heading", "Description")
	r.sections(p["Sections"], at)
	r.choose(p["Actions"], "", at)
	r.slot(p, "Back", at, nil)
}

// choices is List: items to choose one from. One without an Id is there to be read.
func choices(r *reader, p props, at place) {
	r.heading(p, at, "Heading", "SubHeading")
	for _, item := range p.entries("Items") {
		id := item.text("Id")
		r.say(at, joined(" - ", item.text("Heading"), item.text("Description")))
		if id != "" {
			r.add(at, Part{Action: selected(label(item.text("Heading"), id), id)})
		}
	}
	r.slot(p, "Back", at, nil)
}

// cards is Cards: each has a summary, a detail and maybe actions.
func cards(r *reader, p props, at place) {
	r.heading(p, at, "Heading")
	for _, card := range p.entries("Cards") {
		summary, detail := props(object(card["Summary"])), props(object(card["Detail"]))
		name := label(summary.text("Heading"), summary.text("Id"))
		r.say(at, joined(" - ", name, summary.text("Status")), summary.text("Description"))
		if other := detail.text("Heading"); other != name {
			r.say(at, other)
		}
		r.say(at, detail.text("Description"))
		r.sections(detail["Sections"], at)
		if len(detail.list("Actions")) > 0 {
			r.choose(detail["Actions"], name, at)
		} else if name != "" {
			r.add(at, Part{Action: selected(name, summary.text("Id"))})
		}
	}
	r.slot(p, "NoMatchFound", at, nil)
	r.slot(p, "Back", at, nil)
}

// confirmation is Confirmation.
func confirmation(r *reader, p props, at place) {
	r.heading(p, at, "Heading", "SubHeading")
	r.slot(p, "Next", at, func(a *Action) { a.data = map[string]any{"Label": a.Label} })
}

// heading adds the facts and the texts that a managed view begins with.
func (r *reader) heading(p props, at place, names ...string) {
	r.say(at, facts(p.entries("AttributeBar"))...)
	for _, name := range names {
		r.say(at, p.text(name))
	}
}

// sections adds the Sections of a Detail view or of a card.
func (r *reader) sections(value any, at place) {
	for _, item := range list(value) {
		s := props(object(item))
		if s == nil {
			r.say(at, text(item))
			continue
		}
		r.say(at, unmarked(s.text("TemplateString")))
		r.section(s, at)
	}
}

// selected is the choice of something in a managed view.
func selected(label, name string) *Action {
	return &Action{Label: label, Name: "ActionSelected", data: map[string]any{"actionName": name}}
}

// choose adds the Actions of a Detail view or of a card, which are labels.
func (r *reader) choose(actions any, of string, at place) {
	for _, item := range list(actions) {
		if name := text(item); name != "" {
			r.add(at, Part{Action: selected(joined(": ", of, name), name)})
		}
	}
}

// slot adds an action that a managed view may have: its label, or
// {Label, Action, Details}. Without an Action it raises the slot's name.
func (r *reader) slot(p props, name string, at place, with func(*Action)) {
	said := slotLabel(p[name])
	if said == "" {
		return
	}
	a := &Action{Label: said, Name: label(props(object(p[name])).text("Action"), name), form: at.form}
	if with != nil {
		with(a)
	}
	r.add(at, Part{Action: a})
}

// slotLabel is what a slot says; "" for one that is not there.
func slotLabel(slot any) string {
	if s := object(slot); s != nil {
		slot = s["Label"]
	}
	return strings.TrimSpace(text(slot))
}

// form is the Form that the service manages. Its fields go with every action, and
// the heading of the step with them; only Next needs those that are required.
func form(r *reader, p props, at place) {
	r.forms++
	at.form = r.forms
	r.heading(p, at, "Heading", "SubHeading")
	wrong := props(object(p["ErrorText"]))
	r.say(at, text(parsed(p["ErrorText"], '{')), wrong.text("Heading"), wrong.text("Header"), wrong.text("Content"))
	steps := p.entries("Wizard")
	step := "" // the one that is shown
	for _, s := range steps {
		if s.truth("Selected") {
			step = s.text("Heading")
		}
	}
	with := func(step string, submits bool) func(*Action) {
		return func(a *Action) {
			a.carries, a.nested, a.Submits = true, true, submits
			if step != "" {
				a.data = map[string]any{"StepName": step}
			}
		}
	}
	to := func(label, step string) { // where a click on a step, or on Edit, leads
		a := &Action{Label: label, Name: "Step", form: at.form}
		with(step, false)(a)
		r.add(at, Part{Action: a})
	}
	for _, s := range p.entries("Sections") {
		if s.text("Type") == "DataSection" {
			r.section(s, at)
			if edit := slotLabel(p["Edit"]); edit != "" && s.truth("IsEditable") {
				to(joined(": ", edit, s.text("Heading")), s.text("Heading"))
			}
			continue
		}
		r.say(at, s.text("Heading"))
		for _, item := range s.entries("Items") {
			r.node(map[string]any{"Type": item["Type"], "Props": map[string]any(item)}, at)
		}
	}
	r.slot(p, "Next", at, with(step, true))
	for _, name := range []string{"Previous", "Back", "Cancel"} {
		r.slot(p, name, at, with(step, false))
	}
	for i, s := range steps {
		if name := s.text("Heading"); name != "" && name != step {
			to(fmt.Sprintf("Step %d: %s", i+1, name), name)
		}
	}
}
