package golang

import (
	"net/http"
	"slices"

	"parley.example/parley/internal/codegen/model"
)

// emitBindings writes BindHTTP and CallHTTP, the two directions between a request and an input with
// code of its own.
func (a *api) emitBindings(p *printer) error {
	var done []*model.Shape // an input may serve several operations with one path
	for _, op := range a.Operations {
		if slices.Contains(done, op.Input) || !a.coded[op.Input] {
			continue
		}
		done = append(done, op.Input)
		name := exported(op.Input.Name())
		body := len(op.Input.BodyMembers()) > 0
		if len(op.Input.Members) == 0 {
			p.line("// BindHTTP has nothing to read: the input is empty.")
			p.line("func (*%s) BindHTTP(*restjson.Input) {}\n", name)
			p.line("// CallHTTP has nothing to write: the input is empty.")
			p.line("func (*%s) CallHTTP(*restjson.Outgoing) {}\n", name)
			continue
		}
		p.line("// BindHTTP reads x from a request.")
		p.line("func (x *%s) BindHTTP(in *restjson.Input) {", name)
		for _, m := range op.Input.Members {
			if m.Bound() {
				a.bindMember(p, op.Input, m, op.Label(m))
			}
		}
		if body {
			p.line("\tin.Body(x)")
		}
		p.line("}\n")
		p.line("// CallHTTP writes x into a request.")
		p.line("func (x *%s) CallHTTP(o *restjson.Outgoing) {", name)
		for _, m := range op.Input.Members {
			if m.Bound() {
				a.callMember(p, op.Input, m)
			}
		}
		if body {
			p.line("\to.Body(x)")
		}
		p.line("}\n")
	}
	return nil
}

// bindMember writes the line that reads a member from outside the body.
func (a *api) bindMember(p *printer, owner *model.Shape, m *model.Member, label int) {
	target := a.Shapes[m.Target]
	if target.Type == "list" {
		element := a.goType(a.Shapes[target.Member.Target])
		if m.Traits.Required {
			p.line("\tx.%s = restjson.NeedQuery[%s](in, %q, %q)", field(m), element, m.Name, m.Traits.Query)
		} else {
			p.line("\tx.%s = restjson.QueryList[%s](in, %q)", field(m), element, m.Traits.Query)
		}
		return
	}
	var from string
	switch {
	case m.Traits.Label:
		from = "in.Label(%[2]q, %[4]d)"
	case m.Traits.Query != "":
		from = "in.Query(%[2]q, %[3]q)"
	default:
		from = "in.Header(%[2]q, %[5]q)"
	}
	method := map[string]string{"string": "String", "integer": "Int32", "long": "Int64", "boolean": "Bool"}[target.Type]
	if target.Type == "timestamp" {
		method = a.timeFormat(m)
	}
	if a.Absentable(owner, m) {
		method = "Opt" + method
	}
	line := "\tx.%[1]s = " + from + "." + method + "()"
	if target.Type == "enum" {
		method = "Raw"
		if m.Traits.Required {
			method = "String"
		}
		line = "\tx.%[1]s = " + a.goType(target) + "(" + from + "." + method + "())"
	}
	p.line(line+"%[6]s", field(m), m.Name, m.Traits.Query, label, http.CanonicalHeaderKey(m.Traits.Header), "")
}

// callMember writes the lines that put a member into a request outside the body.
func (a *api) callMember(p *printer, owner *model.Shape, m *model.Member) {
	target := a.Shapes[m.Target]
	x := "x." + field(m)
	if target.Type == "list" {
		p.line("\trestjson.QueryAll(o, %q, %s)", m.Traits.Query, x)
		return
	}
	place, name := "Label", m.Name
	switch {
	case m.Traits.Query != "":
		place, name = "Query", m.Traits.Query
	case m.Traits.Header != "":
		place, name = "Header", http.CanonicalHeaderKey(m.Traits.Header)
	}
	if target.Type == "string" {
		if a.Absentable(owner, m) {
			place = "Opt" + place
		}
		p.line("\to.%s(%q, %s)", place, name, x)
		return
	}
	value := x
	if a.Absentable(owner, m) {
		value = "*" + x
	}
	absent := x + " != nil"
	text := ""
	switch target.Type {
	case "enum":
		absent, text = x+` != ""`, "string("+value+")"
	case "integer", "long":
		text = "restjson.Digits(" + value + ")"
	case "boolean":
		text = "restjson.FormatBool(" + value + ")"
	case "timestamp":
		text = "restjson.Format" + a.timeFormat(m) + "(" + value + ")"
	}
	if m.Traits.Required {
		p.line("\to.%s(%q, %s)", place, name, text)
		return
	}
	p.line("\tif %s {\n\t\to.%s(%q, %s)\n\t}", absent, place, name, text)
}
