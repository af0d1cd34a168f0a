package golang

import (
	"strings"

	"parley.example/parley/internal/codegen/model"
)

// emitEncoders writes AppendJSON for structures and unions with code of their own, and AppendMembers for exceptions.
func (a *api) emitEncoders(p *printer) error {
	for _, s := range a.codedStructures() {
		p.line("// AppendJSON appends x as a JSON object: the members that travel in a body.")
		if len(s.BodyMembers()) == 0 {
			p.line("func (*%s) AppendJSON(b []byte) []byte { return append(b, \"{}\"...) }\n", exported(s.Name()))
			continue
		}
		p.line("func (x *%s) AppendJSON(b []byte) []byte {", exported(s.Name()))
		p.line("\tb = append(b, '{')")
		for _, m := range s.BodyMembers() {
			a.encodeMember(p, s, m)
		}
		p.line("\treturn restjson.End(b)\n}\n")
	}
	for _, s := range a.Exceptions {
		name := exported(s.Name())
		p.line("// AppendMembers appends the members besides the message.")
		if len(s.Extras()) == 0 {
			p.line("func (*%s) AppendMembers(b []byte) []byte { return b }\n", name)
			continue
		}
		p.line("func (x *%s) AppendMembers(b []byte) []byte {", name)
		for _, m := range s.Extras() {
			a.encodeMember(p, s, m)
		}
		p.line("\treturn b\n}\n")
	}
	return nil
}

// encodeMember writes the line that appends one member.
func (a *api) encodeMember(p *printer, owner *model.Shape, m *model.Member) {
	target := a.Shapes[m.Target]
	x := "x." + field(m)
	opt := ""
	if a.Absentable(owner, m) {
		opt = "Opt"
	}
	simple := map[string]string{
		"string": "String", "integer": "Int", "long": "Int", "float": "Float", "double": "Float",
		"boolean": "Bool", "blob": "Blob", "document": "Raw",
	}
	switch target.Type {
	case "enum":
		f := "OptEnum"
		if m.Traits.Required && owner.Type != "union" {
			f = "String"
		}
		p.line("\tb = restjson.%s(b, %q, %s)", f, m.Wire(), x)
	case "timestamp":
		if opt != "" {
			p.line("\tb = restjson.OptTime(b, %q, %s, restjson.%s)", m.Wire(), x, a.timeFormat(m))
		} else {
			p.line("\tb = restjson.%s(b, %q, %s)", a.timeFormat(m), m.Wire(), x)
		}
	case "structure", "union":
		p.line("\tif %s != nil {\n\t\tb = append(%s.AppendJSON(restjson.Key(b, %q)), ',')\n\t}", x, x, m.Wire())
	case "list", "map":
		f, element, required := "AppendList", target.Member, "Elements"
		if target.Type == "map" {
			f, element, required = "AppendMap", target.Value, "Entries"
		}
		if m.Traits.Required {
			p.line("\tb = append(restjson.%s(restjson.Key(b, %q), %s, %s), ',')", required, m.Wire(), x, a.appendFunc(element))
		} else {
			p.line("\tb = restjson.%s(b, %q, %s, %s)", f, m.Wire(), x, a.appendFunc(element))
		}
	default:
		p.line("\tb = restjson.%s%s(b, %q, %s)", opt, simple[target.Type], m.Wire(), x)
	}
}

// emitDecoders writes DecodeJSON for structures and unions with code of their own, and for exceptions.
func (a *api) emitDecoders(p *printer) error {
	for _, s := range a.codedStructures() {
		members := s.BodyMembers()
		p.line("// DecodeJSON reads the members that travel in a body.")
		p.line("func (x *%s) DecodeJSON(d *restjson.Decoder) {", exported(s.Name()))
		if len(members) == 0 {
			p.line("\td.Skip()\n}\n")
			continue
		}
		p.line("\tif !d.Object() {\n\t\treturn\n\t}")
		var required []string
		if a.Inputs[s] {
			for _, m := range members {
				if m.Traits.Required {
					required = append(required, `"`+m.Wire()+`"`)
				}
			}
		}
		if required != nil {
			p.line("\tvar seen uint64")
		}
		p.line("\tfor d.Next() {\n\t\tswitch string(d.Key()) {")
		bit := 0
		for _, m := range members {
			p.line("\t\tcase %q:", m.Wire())
			if required != nil && m.Traits.Required {
				p.line("\t\t\tseen |= 1 << %d", bit)
				bit++
			}
			a.decodeMember(p, s, m)
		}
		p.line("\t\tdefault:\n\t\t\td.Skip()\n\t\t}\n\t}")
		if required != nil {
			p.line("\tif seen != 1<<%d-1 {\n\t\td.Missing(seen, %s)\n\t}", len(required), strings.Join(required, ", "))
		}
		p.line("}\n")
	}
	for _, s := range a.Exceptions {
		p.line("// DecodeJSON reads an error body.")
		p.line("func (x *%s) DecodeJSON(d *restjson.Decoder) {", exported(s.Name()))
		p.line("\tif !d.Object() {\n\t\treturn\n\t}\n\tfor d.Next() {\n\t\tswitch string(d.Key()) {")
		p.line("\t\tcase \"message\", \"Message\":\n\t\t\tx.Message = d.String()")
		for _, m := range s.Extras() {
			p.line("\t\tcase %q:", m.Wire())
			a.decodeMember(p, s, m)
		}
		p.line("\t\tdefault:\n\t\t\td.Skip()\n\t\t}\n\t}\n}\n")
	}
	return nil
}

// decodeMember writes the lines that read one member.
func (a *api) decodeMember(p *printer, owner *model.Shape, m *model.Member) {
	target := a.Shapes[m.Target]
	x := "x." + field(m)
	switch {
	case target.Type == "structure" || target.Type == "union":
		p.line("\t\t\t%s = new(%s)\n\t\t\t%s.DecodeJSON(d)", x, a.goType(target), x)
	case a.Absentable(owner, m):
		p.line("\t\t\t%s = new(%s)", x, a.decodeExpr(m))
	default:
		p.line("\t\t\t%s = %s", x, a.decodeExpr(m))
	}
}
