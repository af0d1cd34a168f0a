package golang

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"parley.example/parley/internal/codegen/model"
)

// emitTypes writes the structures and unions.
func (a *api) emitTypes(p *printer) error {
	roles := map[*model.Shape]string{}
	users := map[*model.Shape]*model.Operation{}
	for _, op := range a.Operations {
		h := op.Shape.Traits.HTTP
		users[op.Input] = op
		roles[op.Input] = fmt.Sprintf("is the input of %s (%s %s).", op.Name, h.Method, h.URI)
		roles[op.Output] = "is the output of " + op.Name + "."
	}
	for _, s := range a.Structures {
		name := exported(s.Name())
		role := roles[s]
		switch {
		case role != "":
		case s.Type == "union":
			role = "holds exactly one of its members."
		default:
			role = "is a structure."
		}
		p.comment("", strings.TrimSpace(name+" "+role+" "+s.Traits.Documentation))
		if len(s.Members) == 0 {
			p.line("type %s struct{}\n", name)
			continue
		}
		p.line("type %s struct {", name)
		for _, m := range s.Members {
			if m.Traits.Documentation != "" {
				p.comment("\t", m.Traits.Documentation)
			}
			p.line("\t%s %s%s%s", field(m), a.fieldType(s, m), a.tags(s, users[s], m), a.remark(m))
		}
		p.line("}\n")
	}
	return nil
}

// remark says in a comment what the model demands of a member.
func (a *api) remark(m *model.Member) string {
	s := a.Shapes[m.Target]
	var said []string
	say := func(is bool, what string) {
		if is {
			said = append(said, what)
		}
	}
	t := m.Traits
	say(t.Deprecated, "deprecated by the model")
	say(t.Required, "required")
	say(t.Label, "in the path")
	say(t.Query != "", "query parameter "+t.Query)
	say(t.Header != "", "header "+t.Header)
	say(t.IdempotencyToken, "idempotency token, filled in by the client")
	say(t.Sensitive || s.Traits.Sensitive, "sensitive: never log it")
	if b := s.Traits.Length; b != nil {
		unit := map[string]string{"string": "characters", "blob": "bytes"}[s.Type]
		say(true, bounds(b, cmp.Or(unit, "elements")))
	}
	if b := s.Traits.Range; b != nil {
		say(true, bounds(b, ""))
	}
	if len(said) == 0 {
		return ""
	}
	return " // " + strings.Join(said, "; ")
}

func bounds(b *model.Bounds, unit string) string {
	text := ""
	switch {
	case b.Min != nil && b.Max != nil && *b.Min == *b.Max:
		text = "exactly " + number(b.Min)
	case b.Min != nil && b.Max != nil:
		text = number(b.Min) + " to " + number(b.Max)
	case b.Min != nil:
		text = "at least " + number(b.Min)
	case b.Max != nil:
		text = "at most " + number(b.Max)
	}
	if strings.HasSuffix(text, " 1") {
		unit = strings.TrimSuffix(unit, "s")
	}
	return strings.TrimSpace(text + " " + unit)
}

// number writes a bound as a Go literal: a whole number without a point.
func number(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }

// emitEnums writes the enums: type, constants, Values and Valid.
func (a *api) emitEnums(p *printer) error {
	for _, s := range a.Enums {
		name := exported(s.Name())
		p.comment("", strings.TrimSpace(name+" is an enum. "+s.Traits.Documentation))
		p.line("type %s string\n", name)
		p.line("// The values of %s.", name)
		p.line("const (")
		var all []string
		for _, m := range s.Members {
			all = append(all, constName(s, m))
			p.line("\t%s %s = %q", constName(s, m), name, cmp.Or(m.Traits.EnumValue, m.Name))
		}
		p.line(")\n")
		p.line("// Values returns every value of %s, in the model's order.", name)
		p.line("func (%s) Values() []%s {\n\treturn []%s{%s}\n}\n", name, name, name, wrapped(all))
		p.line("// Valid reports whether e is one of the values of %s.", name)
		p.line("func (e %s) Valid() bool {\n\tswitch e {\n\tcase %s:\n\t\treturn true\n\t}\n\treturn false\n}\n", name, wrapped(all))
	}
	return nil
}

// wrapped lists names, a few to a line.
func wrapped(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
			if i%4 == 0 {
				b.WriteByte('\n')
			}
		}
		b.WriteString(name)
	}
	return b.String()
}

// emitErrors writes the exceptions of the model and the table of them.
func (a *api) emitErrors(p *printer) error {
	for _, s := range a.Exceptions {
		name := exported(s.Name())
		fault := "the caller's"
		if s.Traits.Error == "server" {
			fault = "the server's"
		}
		p.comment("", strings.TrimSpace(fmt.Sprintf("%s is an exception, HTTP status %d, %s fault. %s",
			name, s.Traits.HTTPError, fault, s.Traits.Documentation)))
		p.line("type %s struct {", name)
		p.line("\tMessage string")
		for _, m := range s.Extras() {
			p.line("\t%s %s%s", field(m), a.fieldType(s, m), a.remark(m))
		}
		p.line("\n\trestjson.ResponseMetadata\n}\n")
		p.line("var _ restjson.Exception = (*%s)(nil)\n", name)
		p.line("// ErrorCode returns the name of the exception.")
		p.line("func (*%s) ErrorCode() string { return %q }\n", name, s.Name())
		p.line("// ErrorMessage returns e.Message.")
		p.line("func (e *%s) ErrorMessage() string { return e.Message }\n", name)
		p.line("// HTTPStatus returns %d.", s.Traits.HTTPError)
		p.line("func (*%s) HTTPStatus() int { return %d }\n", name, s.Traits.HTTPError)
		p.line("func (e *%s) Error() string { return restjson.Describe(e.ErrorCode(), e.Message) }\n", name)
	}
	p.line("// exceptions makes each exception of the API by its name.")
	p.line("var exceptions = map[string]func() restjson.Exception{")
	for _, s := range a.Exceptions {
		p.line("%q: func() restjson.Exception { return new(%s) },", s.Name(), exported(s.Name()))
	}
	p.line("}")
	return nil
}
