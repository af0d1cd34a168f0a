package golang

import (
	"fmt"
	"strings"
)

// emitService writes the Service interface and Unimplemented.
func (a *api) emitService(p *printer) error {
	p.comment("", fmt.Sprintf("Service is the API with its %d operations. A server implements it by embedding "+
		"Unimplemented and overriding what it answers; Client implements it by calling a server. "+
		"Inputs are never nil and belong to the callee. Errors are exceptions of this package, "+
		"restjson.APIError, or errors that HandlerOptions.MapError understands.", len(a.Operations)))
	p.line("type Service interface {")
	for i, op := range a.Operations {
		if i > 0 {
			p.line("")
		}
		h := op.Shape.Traits.HTTP
		var errs []string
		for _, e := range op.Errors {
			errs = append(errs, e.Name())
		}
		text := fmt.Sprintf("%s is %s %s. %s Errors: %s.", op.Name, h.Method, h.URI, op.Shape.Traits.Documentation, strings.Join(errs, ", "))
		if len(errs) == 0 {
			text = strings.TrimSuffix(text, " Errors: .")
		}
		p.comment("\t", text)
		p.line("\t%s(ctx context.Context, in *%s) (*%s, error)", op.Name, exported(op.Input.Name()), exported(op.Output.Name()))
	}
	p.line("}\n")
	p.comment("", "Unimplemented answers every operation with NotImplementedException, HTTP status 501.")
	p.line("type Unimplemented struct{}\n")
	p.line("var _ Service = Unimplemented{}\n")
	for _, op := range a.Operations {
		p.line("// %s answers that it is not implemented.", op.Name)
		p.line("func (Unimplemented) %s(context.Context, *%s) (*%s, error) {\n\treturn nil, restjson.NotImplemented(&Operations[op%s])\n}\n",
			op.Name, exported(op.Input.Name()), exported(op.Output.Name()), op.Name)
	}
	return nil
}

// emitIndexes writes a constant for each operation, its index in a table.
func (a *api) emitIndexes(p *printer, table string) {
	p.line("// The indexes of the operations in %s.", table)
	p.line("const (")
	for i, op := range a.Operations {
		if i == 0 {
			p.line("\top%s = iota", op.Name)
		} else {
			p.line("\top%s", op.Name)
		}
	}
	p.line(")\n")
}

// emitHandler writes the table of operations and NewHandler.
func (a *api) emitHandler(p *printer) error {
	t := a.Service.Traits
	prefix := a.pkg
	p.line("// API describes the service: its names, version and exceptions.")
	p.line("var API = &restjson.API{\n\tService: %q,\n\tSigningName: %q,\n\tVersion: %q,", prefix, t.SigningName, a.Service.Version)
	if a.day != "" {
		p.line("\tPublished: %q,", a.day)
	}
	p.line("\tExceptions: exceptions,\n}\n")
	a.emitIndexes(p, "Operations")
	p.line("// Operations are the operations of the API, sorted by name. It is not to be changed.")
	p.line("var Operations = []restjson.Operation{")
	for _, op := range a.Operations {
		h := op.Shape.Traits.HTTP
		p.line("\t{")
		p.line("\t\tService: %q, Name: %q, Method: %q, Path: %q,", prefix, op.Name, h.Method, h.URI)
		if op.Shape.Traits.ReadOnly {
			p.line("\t\tReadOnly: true,")
		}
		p.line("\t\tErrors: []string{")
		for _, e := range op.Errors {
			p.line("\t\t\t%q,", e.Name())
		}
		p.line("\t\t},\n\t},")
	}
	p.line("}\n")
	p.line("// NewHandler serves svc over HTTP.")
	p.line("func NewHandler(svc Service, opts restjson.HandlerOptions) http.Handler {")
	p.line("\treturn restjson.NewHandler(API, opts, []restjson.Route{")
	for _, op := range a.Operations {
		p.line("\t\trestjson.Handle(&Operations[op%s], svc.%s),", op.Name, op.Name)
	}
	p.line("\t})\n}")
	return nil
}

// emitClient writes the client.
func (a *api) emitClient(p *printer) error {
	p.comment("", "Client calls the API over HTTP. It may be used by many goroutines at once. It does not "+
		"retry and does not check constraints: the server does.")
	p.line("type Client struct{ c restjson.Client }\n")
	p.line("var _ Service = (*Client)(nil)\n")
	p.line("// NewClient returns a client for the API at c.Endpoint.")
	p.line("func NewClient(c restjson.ClientConfig) *Client {\n\treturn &Client{restjson.Client{API: API, Config: c}}\n}\n")
	for _, op := range a.Operations {
		h := op.Shape.Traits.HTTP
		p.line("// %s calls %s %s.", op.Name, h.Method, h.URI)
		p.line("func (c *Client) %s(ctx context.Context, in *%s) (*%s, error) {", op.Name, exported(op.Input.Name()), exported(op.Output.Name()))
		for _, m := range op.Input.Members {
			if m.Traits.IdempotencyToken {
				absent, token := "nil", "new(c.c.Token())"
				if m.Traits.Required {
					absent, token = `""`, "c.c.Token()"
				}
				p.line("\tif in.%s == %s {\n\t\tin = new(*in)\n\t\tin.%s = %s\n\t}", field(m), absent, field(m), token)
			}
		}
		p.line("\tout := new(%s)", exported(op.Output.Name()))
		p.line("\tif err := c.c.Do(ctx, &Operations[op%s], in, out); err != nil {\n\t\treturn nil, err\n\t}\n\treturn out, nil\n}\n", op.Name)
	}
	return nil
}
