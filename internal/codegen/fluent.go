package codegen

import (
	"cmp"
	"fmt"
	"strings"
)

// Fluent returns the files of a package of fluent builders for an API, formatted. opts.Package and
// opts.Runtime are those of the builders' package; api is the import path of the API's own package,
// helpers that of the hand-written code the builders share.
func Fluent(m *Model, opts Options, api, helpers string) (map[string][]byte, error) {
	a, err := newAPI(m, opts.Package, opts.Source)
	if err != nil {
		return nil, err
	}
	a.home = api[strings.LastIndex(api, "/")+1:] + "."
	opts.more = []string{api, helpers}
	files := map[string][]byte{}
	for name, emit := range map[string]func(*printer) error{"calls_gen.go": a.emitCalls, "builders_gen.go": a.emitBuilders} {
		p := &printer{}
		if err := emit(p); err != nil {
			return nil, err
		}
		source, err := p.file(opts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = source
	}
	return files, nil
}

// emitCalls writes Calls, where every builder begins.
func (a *api) emitCalls(p *printer) error {
	p.comment("", fmt.Sprintf("Calls begins calls: it has a method for each of the %d operations, which returns an "+
		"empty builder. It may be copied and used by many goroutines at once.", len(a.ops)))
	p.line("type Calls struct{ caller restjson.Caller }\n")
	p.line("// New returns Calls whose builders send themselves through caller.")
	p.line("func New(caller restjson.Caller) Calls { return Calls{caller} }\n")
	p.line("// The places of the operations in the API's table of them.")
	p.line("const (")
	for i, op := range a.ops {
		if i == 0 {
			p.line("\top%s = iota", op.name)
		} else {
			p.line("\top%s", op.name)
		}
	}
	p.line(")\n")
	for _, op := range a.ops {
		p.comment("", fmt.Sprintf("%s begins a call that %s.", op.name, a.summary(op)))
		p.line("func (c Calls) %s() %s { return %s{caller: c.caller} }\n", op.name, op.name, op.name)
	}
	return nil
}

// summary says what an operation does, as the end of a sentence about a call.
func (a *api) summary(op *operation) string {
	return cmp.Or(operationTexts[op.name], sentence(op.name))
}

// emitBuilders writes a builder for each operation.
func (a *api) emitBuilders(p *printer) error {
	for _, op := range a.ops {
		if err := a.emitBuilder(p, op); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
	}
	return nil
}

func (a *api) emitBuilder(p *printer, op *operation) error {
	in, out := a.home+exported(op.in.Name()), a.home+exported(op.out.Name())
	h := op.shape.Traits.HTTP
	p.comment("", fmt.Sprintf("%s %s: %s %s.", op.name, a.summary(op), h.Method, h.URI))
	a.needs(p, op)
	a.raises(p, op)
	p.line("type %s struct {\n\tcaller restjson.Caller\n\tin %s\n}\n", op.name, in)

	taken := map[string]bool{"Send": true, "Input": true, "With": true, "Pages": true, "Items": true}
	for _, m := range op.in.Members {
		taken[goName(m.Name)] = true
	}
	set := map[string]string{}
	for _, m := range op.in.Members {
		for _, method := range a.emitSetters(p, op, m, taken) {
			if other, ok := set[method]; ok {
				return fmt.Errorf("the members %s and %s both have a setter %s", other, m.Name, method)
			}
			set[method] = m.Name
		}
	}
	a.emitPlain(p, op, in)
	a.emitSend(p, op, out)
	if page := a.pages(op); page != nil {
		a.emitPages(p, op, page, out)
	}
	return nil
}

// needs lists the members without which a call cannot succeed.
func (a *api) needs(p *printer, op *operation) {
	var names []string
	for _, m := range op.in.Members {
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
func (a *api) raises(p *printer, op *operation) {
	var names []string
	for _, e := range op.errors {
		names = append(names, fmt.Sprintf("[%s%s] (%d)", a.home, exported(e.Name()), e.Traits.HTTPError))
	}
	if len(names) > 0 {
		p.line("//")
		p.comment("", "Errors: "+strings.Join(names, ", ")+".")
	}
}

// emitPlain writes the ways between a builder and its plain input.
func (a *api) emitPlain(p *printer, op *operation, in string) {
	p.line("// With replaces everything set so far by in, of which it keeps a copy; nil is an empty input.")
	p.line("func (b %s) With(in *%s) %s {", op.name, in, op.name)
	p.line("\tif in == nil {\n\t\tin = &%s{}\n\t}\n\tb.in = *in", in)
	a.emitClones(p, op, "b.in")
	p.line("\treturn b\n}\n")
	p.line("// Input returns what is set, as a copy.")
	p.line("func (b %s) Input() *%s {\n\tin := b.in", op.name, in)
	a.emitClones(p, op, "in")
	p.line("\treturn &in\n}\n")
}

// emitClones copies the lists and maps of an input, so that two of them share none.
func (a *api) emitClones(p *printer, op *operation, x string) {
	for _, m := range op.in.Members {
		switch a.Shapes[m.Target].Type {
		case "list", "blob", "document":
			p.line("\t%s.%s = slices.Clone(%s.%s)", x, m.field(), x, m.field())
		case "map":
			p.line("\t%s.%s = maps.Clone(%s.%s)", x, m.field(), x, m.field())
		}
	}
}

// emitSend writes Send, which fills in what the caller left to the client.
func (a *api) emitSend(p *printer, op *operation, out string) {
	p.comment("", "Send makes the call and returns its output. It does not change the builder, which may be sent "+
		"again, and by many goroutines at once.")
	p.line("func (b %s) Send(ctx context.Context) (*%s, error) {", op.name, out)
	for _, m := range op.in.Members {
		if m.Traits.IdempotencyToken {
			absent, token := "nil", "new(b.caller.Token())"
			if m.Traits.Required {
				absent, token = `""`, "b.caller.Token()"
			}
			p.line("\tif b.in.%s == %s {\n\t\tb.in.%s = %s\n\t}", m.field(), absent, m.field(), token)
		}
	}
	p.line("\tout := new(%s)", out)
	p.line("\tif err := b.caller.Do(ctx, &%sOperations[op%s], &b.in, out); err != nil {\n\t\treturn nil, err\n\t}", a.home, op.name)
	p.line("\treturn out, nil\n}\n")
}

// page is how an operation's pages hang together.
type page struct{ in, out, items *Member }

// pages returns nil when the operation has no pages. The model marks most; some it leaves unmarked
// have a NextToken on both sides all the same, and then their only list has the items.
func (a *api) pages(op *operation) *page {
	names := op.shape.Traits.Paginated
	if names == nil {
		names = &Paginated{"NextToken", "NextToken", ""}
		for _, m := range op.out.Members {
			if a.Shapes[m.Target].Type == "list" {
				if names.Items != "" {
					names.Items = ""
					break
				}
				names.Items = m.Name
			}
		}
	}
	found := &page{member(op.in, names.InputToken), member(op.out, names.OutputToken), member(op.out, names.Items)}
	if found.in == nil || found.out == nil || !a.pointer(op.in, found.in) || !a.pointer(op.out, found.out) {
		return nil
	}
	return found
}

func member(s *Shape, name string) *Member {
	for _, m := range s.Members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// emitPages writes the iterators over an operation's pages and their items.
func (a *api) emitPages(p *printer, op *operation, page *page, out string) {
	p.comment("", "Pages sends the call for one page after the other, from "+goName(page.in.Name)+" on. An error "+
		"ends it, and so does a page that leads back to itself.")
	p.line("func (b %s) Pages(ctx context.Context) iter.Seq2[*%s, error] {", op.name, out)
	p.line("\treturn fluent.Pages(b.in.%s, func(token *string) (*%s, *string, error) {", page.in.field(), out)
	p.line("\t\tb := b\n\t\tb.in.%s = token\n\t\tout, err := b.Send(ctx)", page.in.field())
	p.line("\t\tif err != nil {\n\t\t\treturn nil, nil, err\n\t\t}\n\t\treturn out, out.%s, nil\n\t})\n}\n", page.out.field())
	if page.items == nil || a.Shapes[page.items.Target].Type != "list" {
		return
	}
	element := a.goType(a.Shapes[a.Shapes[page.items.Target].Member.Target])
	p.line("// Items are the elements of %s of every page, see Pages.", page.items.field())
	p.line("func (b %s) Items(ctx context.Context) iter.Seq2[%s, error] {", op.name, element)
	p.line("\treturn fluent.Items(b.Pages(ctx), func(out *%s) []%s { return out.%s })\n}\n", out, element, page.items.field())
}
