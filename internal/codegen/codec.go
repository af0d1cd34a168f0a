package codegen

import "strings"

// emitEncoders writes AppendJSON for every structure and union and AppendMembers for exceptions.
func (a *api) emitEncoders(p *printer) error {
	for _, s := range a.structs {
		p.line("// AppendJSON appends x as a JSON object: the members that travel in a body.")
		if len(inBody(s.Members)) == 0 {
			p.line("func (*%s) AppendJSON(b []byte) []byte { return append(b, \"{}\"...) }\n", exported(s.Name()))
			continue
		}
		p.line("func (x *%s) AppendJSON(b []byte) []byte {", exported(s.Name()))
		p.line("\tb = append(b, '{')")
		for _, m := range inBody(s.Members) {
			a.encodeMember(p, s, m)
		}
		p.line("\treturn restjson.End(b)\n}\n")
	}
	for _, s := range a.errors {
		name := exported(s.Name())
		p.line("// AppendMembers appends the members besides the message.")
		if len(extras(s)) == 0 {
			p.line("func (*%s) AppendMembers(b []byte) []byte { return b }\n", name)
			continue
		}
		p.line("func (x *%s) AppendMembers(b []byte) []byte {", name)
		for _, m := range extras(s) {
			a.encodeMember(p, s, m)
		}
		p.line("\treturn b\n}\n")
	}
	return nil
}

func inBody(all []*Member) []*Member {
	var list []*Member
	for _, m := range all {
		if !m.bound() {
			list = append(list, m)
		}
	}
	return list
}

// encodeMember writes the line that appends one member.
func (a *api) encodeMember(p *printer, owner *Shape, m *Member) {
	target := a.Shapes[m.Target]
	x := "x." + m.field()
	opt := ""
	if a.pointer(owner, m) {
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
		p.line("\tb = restjson.%s(b, %q, %s)", f, m.wire(), x)
	case "timestamp":
		if opt != "" {
			p.line("\tb = restjson.OptTime(b, %q, %s, restjson.%s)", m.wire(), x, a.timeFormat(m))
		} else {
			p.line("\tb = restjson.%s(b, %q, %s)", a.timeFormat(m), m.wire(), x)
		}
	case "structure", "union":
		p.line("\tif %s != nil {\n\t\tb = append(%s.AppendJSON(restjson.Key(b, %q)), ',')\n\t}", x, x, m.wire())
	case "list", "map":
		f, element, required := "AppendList", target.Member, "Elements"
		if target.Type == "map" {
			f, element, required = "AppendMap", target.Value, "Entries"
		}
		if m.Traits.Required {
			p.line("\tb = append(restjson.%s(restjson.Key(b, %q), %s, %s), ',')", required, m.wire(), x, a.appendFunc(element))
		} else {
			p.line("\tb = restjson.%s(b, %q, %s, %s)", f, m.wire(), x, a.appendFunc(element))
		}
	default:
		p.line("\tb = restjson.%s%s(b, %q, %s)", opt, simple[target.Type], m.wire(), x)
	}
}

// emitDecoders writes DecodeJSON for every structure, union and exception.
func (a *api) emitDecoders(p *printer) error {
	for _, s := range a.structs {
		members := inBody(s.Members)
		p.line("// DecodeJSON reads the members that travel in a body.")
		p.line("func (x *%s) DecodeJSON(d *restjson.Decoder) {", exported(s.Name()))
		if len(members) == 0 {
			p.line("\td.Skip()\n}\n")
			continue
		}
		p.line("\tif !d.Object() {\n\t\treturn\n\t}")
		var required []string
		if a.inputs[s] {
			for _, m := range members {
				if m.Traits.Required {
					required = append(required, `"`+m.wire()+`"`)
				}
			}
		}
		if required != nil {
			p.line("\tvar seen uint64")
		}
		p.line("\tfor d.Next() {\n\t\tswitch string(d.Key()) {")
		bit := 0
		for _, m := range members {
			p.line("\t\tcase %q:", m.wire())
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
	for _, s := range a.errors {
		p.line("// DecodeJSON reads an error body.")
		p.line("func (x *%s) DecodeJSON(d *restjson.Decoder) {", exported(s.Name()))
		p.line("\tif !d.Object() {\n\t\treturn\n\t}\n\tfor d.Next() {\n\t\tswitch string(d.Key()) {")
		p.line("\t\tcase \"message\", \"Message\":\n\t\t\tx.Message = d.String()")
		for _, m := range extras(s) {
			p.line("\t\tcase %q:", m.wire())
			a.decodeMember(p, s, m)
		}
		p.line("\t\tdefault:\n\t\t\td.Skip()\n\t\t}\n\t}\n}\n")
	}
	return nil
}

// decodeMember writes the lines that read one member.
func (a *api) decodeMember(p *printer, owner *Shape, m *Member) {
	target := a.Shapes[m.Target]
	x := "x." + m.field()
	switch {
	case target.Type == "structure" || target.Type == "union":
		p.line("\t\t\t%s = new(%s)\n\t\t\t%s.DecodeJSON(d)", x, a.goType(target), x)
	case a.pointer(owner, m):
		p.line("\t\t\t%s = new(%s)", x, a.decodeExpr(m))
	default:
		p.line("\t\t\t%s = %s", x, a.decodeExpr(m))
	}
}
