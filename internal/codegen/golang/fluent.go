package golang

import (
	"cmp"
	"fmt"
	"strings"

	"parley.example/parley/internal/codegen/model"
)

// Fluent returns the files of a package of fluent builders for an API, formatted. opts.Package and
// opts.Runtime are those of the builders' package; api is the import path of the API's own package,
// helpers that of the hand-written code the builders share.
func Fluent(m *model.Model, opts Options, api, helpers string) (map[string][]byte, error) {
	a, err := newAPI(m, opts)
	if err != nil {
		return nil, err
	}
	a.home = api[strings.LastIndex(api, "/")+1:] + "."
	opts.more = []string{api, helpers}
	return opts.files(map[string]func(*printer) error{"calls_gen.go": a.emitCalls, "builders_gen.go": a.emitBuilders})
}

// emitCalls writes Calls, where every builder begins.
func (a *api) emitCalls(p *printer) error {
	p.comment("", fmt.Sprintf("Calls begins calls: it has a method for each of the %d operations, which returns an "+
		"empty builder. It may be copied and used by many goroutines at once.", len(a.Operations)))
	p.line("type Calls struct{ caller restjson.Caller }\n")
	p.line("// New returns Calls whose builders send themselves through caller.")
	p.line("func New(caller restjson.Caller) Calls { return Calls{caller} }\n")
	a.emitIndexes(p, "the API's table")
	for _, op := range a.Operations {
		p.comment("", fmt.Sprintf("%s begins a call that %s.", op.Name, a.summary(op)))
		p.line("func (c Calls) %s() %s { return %s{caller: c.caller} }\n", op.Name, op.Name, op.Name)
	}
	return nil
}

// summary says what an operation does, as the end of a sentence about a call: in the words of a model that has some.
func (a *api) summary(op *model.Operation) string {
	if text, ok := strings.CutPrefix(op.Shape.Traits.Documentation, "It "); ok {
		first, _, _ := strings.Cut(text, ". ")
		return strings.TrimSuffix(first, ".")
	}
	return cmp.Or(operationTexts[op.Name], sentence(op.Name))
}

// emitBuilders writes a builder for each operation.
func (a *api) emitBuilders(p *printer) error {
	for _, op := range a.Operations {
		if err := a.emitBuilder(p, op); err != nil {
			return fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	return nil
}

func (a *api) emitBuilder(p *printer, op *model.Operation) error {
	in, out := a.home+exported(op.Input.Name()), a.home+exported(op.Output.Name())
	h := op.Shape.Traits.HTTP
	p.comment("", fmt.Sprintf("%s %s: %s %s.", op.Name, a.summary(op), h.Method, h.URI))
	a.needs(p, op)
	a.raises(p, op)
	p.line("type %s struct {\n\tcaller restjson.Caller\n\tin %s\n}\n", op.Name, in)

	taken := map[string]bool{"Send": true, "Input": true, "With": true, "Pages": true, "Items": true}
	for _, m := range op.Input.Members {
		taken[goName(m.Name)] = true
	}
	set := map[string]string{}
	for _, m := range op.Input.Members {
		for _, method := range a.emitSetters(p, op, m, taken) {
			if other, ok := set[method]; ok {
				return fmt.Errorf("the members %s and %s both have a setter %s", other, m.Name, method)
			}
			set[method] = m.Name
		}
	}
	a.emitPlain(p, op, in)
	a.emitSend(p, op, out)
	if page := a.Pages(op); page != nil {
		a.emitPages(p, op, page, out)
	}
	return nil
}

// needs lists the members without which a call cannot succeed.
func (a *api) needs(p *printer, op *model.Operation) {
	var names []string
	for _, m := range op.Input.Members {
		if m.Traits.Required && !m.Traits.IdempotencyToken {
			names = append(names, goName(m.Name))
		}
	}
	if len(names) > 0 {
		p.line("//")
		p.comment("", "Required: "+strings.Join(names, ", ")+".")
	}
}

// raises lists the exceptions of the operation.
func (a *api) raises(p *printer, op *model.Operation) {
	var names []string
	for _, e := range op.Errors {
		names = append(names, fmt.Sprintf("[%s%s] (%d)", a.home, exported(e.Name()), e.Traits.HTTPError))
	}
	if len(names) > 0 {
		p.line("//")
		p.comment("", "Errors: "+strings.Join(names, ", ")+".")
	}
}

// emitPlain writes the ways between a builder and its plain input.
func (a *api) emitPlain(p *printer, op *model.Operation, in string) {
	p.line("// With replaces everything set so far by in, of which it keeps a copy; nil is an empty input.")
	p.line("func (b %s) With(in *%s) %s {", op.Name, in, op.Name)
	p.line("\tif in == nil {\n\t\tin = &%s{}\n\t}\n\tb.in = *in", in)
	a.emitClones(p, op, "b.in")
	p.line("\treturn b\n}\n")
	p.line("// Input returns what is set, as a copy.")
	p.line("func (b %s) Input() *%s {\n\tin := b.in", op.Name, in)
	a.emitClones(p, op, "in")
	p.line("\treturn &in\n}\n")
}

// emitClones copies the lists and maps of an input, so that two of them share none.
func (a *api) emitClones(p *printer, op *model.Operation, x string) {
	for _, m := range op.Input.Members {
		switch a.Shapes[m.Target].Type {
		case "list", "blob", "document":
			p.line("\t%s.%s = slices.Clone(%s.%s)", x, field(m), x, field(m))
		case "map":
			p.line("\t%s.%s = maps.Clone(%s.%s)", x, field(m), x, field(m))
		}
	}
}

// emitSend writes Send, which fills in what the caller left to the client.
func (a *api) emitSend(p *printer, op *model.Operation, out string) {
	p.comment("", "Send makes the call and returns its output. It does not change the builder, which may be sent "+
		"again, and by many goroutines at once.")
	p.line("func (b %s) Send(ctx context.Context) (*%s, error) {", op.Name, out)
	for _, m := range op.Input.Members {
		if m.Traits.IdempotencyToken {
			absent, token := "nil", "new(b.caller.Token())"
			if m.Traits.Required {
				absent, token = `""`, "b.caller.Token()"
			}
			p.line("\tif b.in.%s == %s {\n\t\tb.in.%s = %s\n\t}", field(m), absent, field(m), token)
		}
	}
	p.line("\tout := new(%s)", out)
	p.line("\tif err := b.caller.Do(ctx, &%sOperations[op%s], &b.in, out); err != nil {\n\t\treturn nil, err\n\t}", a.home, op.Name)
	p.line("\treturn out, nil\n}\n")
}

// emitPages writes the iterators over an operation's pages and their items.
func (a *api) emitPages(p *printer, op *model.Operation, page *model.Pages, out string) {
	p.comment("", "Pages sends the call for one page after the other, from "+goName(page.In.Name)+" on. An error "+
		"ends it, and so does a page that leads back to itself.")
	p.line("func (b %s) Pages(ctx context.Context) iter.Seq2[*%s, error] {", op.Name, out)
	p.line("\treturn fluent.Pages(b.in.%s, func(token *string) (*%s, *string, error) {", field(page.In), out)
	p.line("\t\tb := b\n\t\tb.in.%s = token\n\t\tout, err := b.Send(ctx)", field(page.In))
	p.line("\t\tif err != nil {\n\t\t\treturn nil, nil, err\n\t\t}\n\t\treturn out, out.%s, nil\n\t})\n}\n", field(page.Out))
	if page.Items == nil {
		return
	}
	element := a.goType(a.Shapes[a.Shapes[page.Items.Target].Member.Target])
	p.line("// Items are the elements of %s of every page, see Pages.", field(page.Items))
	p.line("func (b %s) Items(ctx context.Context) iter.Seq2[%s, error] {", op.Name, element)
	p.line("\treturn fluent.Items(b.Pages(ctx), func(out *%s) []%s { return out.%s })\n}\n", out, element, field(page.Items))
}
