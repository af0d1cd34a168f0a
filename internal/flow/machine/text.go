package machine

import "parley.example/parley/internal/flow"

// text returns the template with its references replaced by their values:
// nothing for an undefined one. Within a longer text a root alone is nothing,
// unless it is a text itself: "$.Attributes." or "$.Attributes.*" means one of
// the attributes, and never all of them. ok is false when the text would be longer
// than maxText or the run has spent its budget.
func (m *machine) text(t *flow.Template) (text string, ok bool) {
	if t.Parts == nil {
		return t.Literal, m.spend(1)
	}
	if r := t.Whole(); r != nil {
		text = m.whole(r).Text()
		return text, len(text) <= maxText && m.spend(len(text))
	}
	b := m.scratch[:0]
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.Ref == nil {
			b = append(b, p.Literal...)
		} else if v := m.whole(p.Ref); p.Ref.Path != nil || v.Simple() {
			b = append(b, v.Text()...)
		}
		if len(b) > maxText || m.spent() {
			return "", false
		}
	}
	return string(b), m.spend(len(b))
}

// prompt is text for people, who are not shown all of a root either. problem
// says why there is nothing to send.
func (m *machine) prompt(t *flow.Template) (text, problem string) {
	if r := t.Whole(); r != nil && r.Path == nil && r.Behind == "" {
		if v := m.resolve(r); !v.Null() && !v.Simple() {
			return "", "the text is all of " + r.Raw + ", not one of its members"
		}
	}
	text, ok := m.text(t)
	return text, flow.PromptProblem(text, ok)
}

// whole is the value of a reference with what stands behind it: text behind a
// simple value, else a key that is not known.
func (m *machine) whole(r *flow.Reference) flow.Value {
	v := m.resolve(r)
	switch {
	case r.Behind == "":
		return v
	case v.Simple():
		return flow.TextValue(v.Text() + r.Behind)
	}
	return flow.Value{}
}

// value returns the value of a template where any JSON value is accepted: what
// is exactly one reference keeps its type, everything else is text.
func (m *machine) value(t *flow.Template) (v flow.Value, ok bool) {
	if r := t.Whole(); r != nil {
		v = m.whole(r)
		return v, m.spend(v.Size())
	}
	text, ok := m.text(t)
	return flow.TextValue(text), ok
}

// tree renders a JSON value with references in its strings; a string that is
// exactly one reference keeps the type of what it refers to.
func (m *machine) tree(t *flow.Tree) (v flow.Value, ok bool) {
	switch {
	case t.List != nil:
		list := make([]any, len(t.List))
		for i := range t.List {
			v, ok := m.tree(&t.List[i])
			if !ok {
				return v, false
			}
			list[i] = v.Any()
		}
		return flow.DataValue(list), true
	case t.Object != nil:
		object := make(map[string]any, len(t.Object))
		for k, sub := range t.Object {
			v, ok := m.tree(&sub)
			if !ok {
				return v, false
			}
			object[k] = v.Any()
		}
		return flow.DataValue(object), true
	case t.Template != nil:
		return m.value(t.Template)
	}
	return flow.DataValue(t.Data), m.spend(1)
}
