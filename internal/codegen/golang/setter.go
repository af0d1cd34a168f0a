package golang

import (
	"cmp"
	"fmt"
	"strings"

	"parley.example/parley/internal/codegen/model"
)

// emitSetters writes the setters of a member and returns their names. taken are the names that an
// element's setter must stay clear of: those of the other members and of the builder's own methods.
func (a *api) emitSetters(p *printer, op *model.Operation, m *model.Member, taken map[string]bool) []string {
	target := a.Shapes[m.Target]
	field := "b.in." + field(m)
	typ := a.goType(target)
	switch target.Type {
	case "list":
		one := a.elementSetter(m, taken)
		a.comment(p, op, m, one+" adds to")
		p.line("func (b %s) %s(v ...%s) %s {", op.Name, one, strings.TrimPrefix(typ, "[]"), op.Name)
		p.line("\t%s = fluent.Add(%s, v)\n\treturn b\n}\n", field, field)
		all := "Set" + goName(m.Name)
		p.line("// %s replaces all of %s by a copy of v; nil leaves it out.", all, m.Name)
		p.line("func (b %s) %s(v %s) %s {\n\t%s = slices.Clone(v)\n\treturn b\n}\n", op.Name, all, typ, op.Name, field)
		return []string{one, all}
	case "map":
		one := a.elementSetter(m, taken)
		a.comment(p, op, m, one+" sets one entry of")
		key := a.goType(a.Shapes[target.Key.Target])
		value := a.goType(a.Shapes[target.Value.Target])
		p.line("func (b %s) %s(key %s, value %s) %s {", op.Name, one, key, value, op.Name)
		p.line("\t%s = fluent.Put(%s, key, value)\n\treturn b\n}\n", field, field)
		all := "Set" + goName(m.Name)
		p.line("// %s replaces all of %s by a copy of v; nil leaves it out.", all, m.Name)
		p.line("func (b %s) %s(v %s) %s {\n\t%s = maps.Clone(v)\n\treturn b\n}\n", op.Name, all, typ, op.Name, field)
		return []string{one, all}
	}
	name := goName(m.Name)
	a.comment(p, op, m, name+" sets")
	value := "v"
	switch {
	case target.Type == "structure" || target.Type == "union" || a.Absentable(op.Input, m):
		value = "&v"
	case target.Type == "blob" || target.Type == "document":
		value = "slices.Clone(v)"
	}
	p.line("func (b %s) %s(v %s) %s {\n\t%s = %s\n\treturn b\n}\n", op.Name, name, typ, op.Name, field, value)
	return []string{name}
}

// elementSetter names the setter that adds one element: Attribute for Attributes. Where that name
// belongs to somebody else, it is AddAttribute.
func (a *api) elementSetter(m *model.Member, taken map[string]bool) string {
	one := goName(singular(m.Name))
	if one != goName(m.Name) && taken[one] {
		return "Add" + one
	}
	return one
}

// comment writes the doc comment of a member's setter: what it is, and what the model demands.
func (a *api) comment(p *printer, op *model.Operation, m *model.Member, verb string) {
	text := cmp.Or(memberTexts[op.Name+"."+m.Name], memberTexts[m.Name])
	switch target := a.Shapes[m.Target]; {
	case m.Traits.Documentation != "": // a model that has words of its own
		text = ". " + strings.TrimSuffix(m.Traits.Documentation, ".")
	case text != "":
		text = ", " + text
	case target.Type == "enum":
		text = fmt.Sprintf(", the %s: one of the values of [%s]", phrase(m.Name), a.goType(target))
	case target.Type == "structure" || target.Type == "union":
		text = fmt.Sprintf(", the %s, see [%s]", phrase(m.Name), a.goType(target))
	default:
		text = ", the " + phrase(m.Name)
	}
	text = verb + " " + m.Name + text + "."
	if limits := a.demands(m); limits != "" {
		text += " " + limits + "."
	}
	p.comment("", text)
}

// demands says what the model demands of a member and its elements, as a sentence.
func (a *api) demands(m *model.Member) string {
	s := a.Shapes[m.Target]
	text := strings.TrimPrefix(a.remark(m), " // ")
	var more []string
	switch s.Type {
	case "list":
		more = append(more, a.inner("each", a.Shapes[s.Member.Target]))
	case "map":
		more = append(more, a.inner("each key", a.Shapes[s.Key.Target]), a.inner("each value", a.Shapes[s.Value.Target]))
	case "string":
		more = append(more, patternRemark(s))
	}
	for _, one := range more {
		if one != "" && text != "" {
			text += "; "
		}
		text += one
	}
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// inner says what is demanded of an element.
func (a *api) inner(which string, s *model.Shape) string {
	switch {
	case s.Traits.Length != nil && s.Type == "string":
		return which + " " + bounds(s.Traits.Length, "characters")
	case s.Traits.Range != nil:
		return which + " " + bounds(s.Traits.Range, "")
	}
	return ""
}

// patternRemark shows a pattern that is short enough to be read.
func patternRemark(s *model.Shape) string {
	if p := s.Traits.Pattern; p != "" && len(p) <= 40 && p != ".*" {
		return "it matches " + s.Pattern()
	}
	return ""
}
