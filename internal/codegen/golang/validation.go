package golang

import (
	"cmp"

	"parley.example/parley/internal/codegen/model"
)

// emitValidation writes Validate for everything with code of its own that an input can hold and that
// has constraints, and a
// check function for each simple shape, list or map with constraints of its own.
func (a *api) emitValidation(p *printer) error {
	inputs := map[*model.Shape]bool{}
	for _, op := range a.Operations {
		inputs[op.Input] = true
	}
	for _, s := range a.codedStructures() {
		name := exported(s.Name())
		if !a.Constrained[s] || !a.Inputs[s] {
			if inputs[s] {
				p.line("// Validate has nothing to check: the model sets no constraints.")
				p.line("func (*%s) Validate(*restjson.Validator) {}\n", name)
			}
			continue
		}
		p.line("// Validate checks the constraints of the model.")
		p.line("func (x *%s) Validate(v *restjson.Validator) {", name)
		if s.Type == "union" {
			p.line("\tv.ExactlyOne(%s)", a.presence(s))
		}
		for _, m := range s.Members {
			if a.Constrained[a.Shapes[m.Target]] {
				a.validateMember(p, s, m)
			}
		}
		p.line("}\n")
	}
	for _, s := range model.Sorted(a.Inputs) {
		if !a.Constrained[s] || !a.coded[s] {
			continue
		}
		switch s.Type {
		case "string":
			a.stringCheck(p, s)
		case "integer", "long", "float", "double", "blob":
			a.simpleCheck(p, s)
		case "list", "map":
			a.containerCheck(p, s)
		}
	}
	return nil
}

// presence lists, for a union, which members are set.
func (a *api) presence(s *model.Shape) string {
	var list string
	for _, m := range s.Members {
		absent := "nil"
		if a.Shapes[m.Target].Type == "enum" {
			absent = `""`
		}
		if list != "" {
			list += ", "
		}
		list += "x." + field(m) + " != " + absent
	}
	return list
}

// validateMember writes the lines that check one member.
func (a *api) validateMember(p *printer, owner *model.Shape, m *model.Member) {
	target := a.Shapes[m.Target]
	x := "x." + field(m)
	switch {
	case target.Type == "structure" || target.Type == "union":
		p.line("\trestjson.Struct(v, %q, %s)", m.Wire(), x)
	case target.Type == "enum" && m.Traits.Required && owner.Type != "union":
		p.line("\trestjson.Enum(v, %q, %s)", m.Wire(), x)
	case target.Type == "enum":
		p.line("\trestjson.CheckEnum(v, %q, %s)", m.Wire(), x)
	case a.Absentable(owner, m):
		p.line("\tif %s != nil {\n\t\t%s(v, %q, *%s)\n\t}", x, checkName(target), m.Wire(), x)
	case m.Traits.Required && owner.Type != "union":
		p.line("\t%s(v, %q, %s)", checkName(target), m.Wire(), x)
	default:
		p.line("\tif %s != nil {\n\t\t%s(v, %q, %s)\n\t}", x, checkName(target), m.Wire(), x)
	}
}

func checkName(s *model.Shape) string { return "check" + exported(s.Name()) }

func (a *api) stringCheck(p *printer, s *model.Shape) {
	t := s.Traits
	if t.Pattern != "" {
		p.line("var pattern%s = restjson.NewPattern(%#q)\n", exported(s.Name()), s.Pattern())
	}
	p.line("func %s(v *restjson.Validator, name, s string) {", checkName(s))
	if t.Length != nil {
		p.line("\tv.Length(name, s, %s)", limits(t.Length))
	}
	if t.Pattern != "" {
		p.line("\tv.Matches(name, s, pattern%s)", exported(s.Name()))
	}
	p.line("}\n")
}

// limits writes bounds as two arguments, -1 for no upper bound.
func limits(b *model.Bounds) string {
	low, high := "0", "-1"
	if b.Min != nil {
		low = number(b.Min)
	}
	if b.Max != nil {
		high = number(b.Max)
	}
	return low + ", " + high
}

// simpleCheck writes the check of a number or blob.
func (a *api) simpleCheck(p *printer, s *model.Shape) {
	p.line("func %s(v *restjson.Validator, name string, x %s) {", checkName(s), a.goType(s))
	if s.Type == "blob" {
		p.line("\tv.Bytes(name, len(x), %s)\n}\n", limits(s.Traits.Length))
		return
	}
	if low := s.Traits.Range.Min; low != nil {
		p.line("\tv.AtLeast(name, float64(x), %s)", number(low))
	}
	if high := s.Traits.Range.Max; high != nil {
		p.line("\tv.AtMost(name, float64(x), %s)", number(high))
	}
	p.line("}\n")
}

// containerCheck writes the check of a list or map: its size, then each element.
func (a *api) containerCheck(p *printer, s *model.Shape) {
	p.line("func %s(v *restjson.Validator, name string, x %s) {", checkName(s), a.goType(s))
	if s.Traits.Length != nil {
		p.line("\tv.Size(name, len(x), %s)", limits(s.Traits.Length))
	}
	element := a.Shapes[cmp.Or(s.Member, s.Value).Target]
	inside := a.Constrained[element]
	if s.Type == "list" && inside {
		p.line("\tv.Enter(name)\n\tfor i := range x {\n\t\tv.Index(i)")
		a.elementCheck(p, element, "x[i]")
		p.line("\t}\n\tv.Leave()")
	}
	if s.Type == "map" {
		key := a.Shapes[s.Key.Target]
		if inside || a.Constrained[key] {
			value := "_"
			if inside {
				value = "e"
			}
			p.line("\tv.Enter(name)\n\tfor k, %s := range x {\n\t\tv.Key(string(k))", value)
			if a.Constrained[key] {
				a.elementCheck(p, key, "k")
			}
			if inside {
				a.elementCheck(p, element, "e")
			}
			p.line("\t}\n\tv.Leave()")
		}
	}
	p.line("}\n")
}

func (a *api) elementCheck(p *printer, s *model.Shape, x string) {
	switch s.Type {
	case "structure", "union":
		p.line("\t\t%s.Validate(v)", x)
	case "enum":
		p.line("\t\trestjson.Enum(v, \"\", %s)", x)
	default:
		p.line("\t\t%s(v, \"\", %s)", checkName(s), x)
	}
}
