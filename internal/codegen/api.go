package codegen

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// api is a model prepared for writing: what is reachable from the service, sorted and named.
type api struct {
	*Model
	pkg    string
	source string // of the model, for the header line
	home   string // what stands in front of a type of this API: nothing in its own package, "connect." elsewhere

	ops     []*operation
	structs []*Shape // structures and unions, exceptions excepted
	enums   []*Shape
	errors  []*Shape

	inputs      map[*Shape]bool // reachable from an input: constraints are checked
	constrained map[*Shape]bool // holds a constraint somewhere inside
}

type operation struct {
	name    string
	shape   *Shape
	in, out *Shape
	errors  []*Shape
}

func newAPI(m *Model, pkg, source string) (*api, error) {
	a := &api{Model: m, pkg: pkg, source: source, inputs: map[*Shape]bool{}, constrained: map[*Shape]bool{}}
	reached, exceptions := map[*Shape]bool{}, map[*Shape]bool{}
	for _, ref := range m.Service.Operations {
		op := a.operation(ref)
		a.ops = append(a.ops, op)
		for _, e := range op.errors {
			exceptions[e] = true
			a.reach(e, reached)
		}
		a.reach(op.in, a.inputs)
		a.reach(op.in, reached)
		a.reach(op.out, reached)
	}
	for _, s := range sorted(reached) {
		switch s.Type {
		case "structure", "union":
			if exceptions[s] {
				a.errors = append(a.errors, s)
			} else {
				a.structs = append(a.structs, s)
			}
		case "enum":
			a.enums = append(a.enums, s)
		}
	}
	slices.SortFunc(a.ops, func(x, y *operation) int { return cmp.Compare(x.name, y.name) })
	a.findConstrained(reached)
	return a, a.check()
}

// operation resolves one operation; an input or output that is Unit gets a structure of its own.
func (a *api) operation(ref *Member) *operation {
	s := a.Shapes[ref.Target]
	op := &operation{name: s.Name(), shape: s}
	own := func(ref *Member, suffix string) *Shape {
		if ref != nil && a.Shapes[ref.Target].Type != "unit" {
			return a.Shapes[ref.Target]
		}
		namespace, _, _ := strings.Cut(s.ID, "#")
		return &Shape{ID: namespace + "#" + op.name + suffix, Type: "structure"}
	}
	op.in, op.out = own(s.Input, "Request"), own(s.Output, "Response")
	for _, e := range s.Errors {
		op.errors = append(op.errors, a.Shapes[e.Target])
	}
	slices.SortFunc(op.errors, func(x, y *Shape) int { return cmp.Compare(x.Name(), y.Name()) })
	return op
}

func (a *api) reach(s *Shape, into map[*Shape]bool) {
	if into[s] {
		return
	}
	into[s] = true
	if s.Type == "enum" {
		return
	}
	for _, ref := range s.references() {
		a.reach(a.Shapes[ref.Target], into)
	}
}

// findConstrained marks shapes that need a check, growing the set until recursion adds nothing.
func (a *api) findConstrained(reached map[*Shape]bool) {
	for grown := true; grown; {
		grown = false
		for s := range reached {
			if a.constrained[s] {
				continue
			}
			is := s.Type == "enum" || s.Type == "union" ||
				s.Traits.Length != nil || s.Traits.Range != nil || s.Traits.Pattern != ""
			for _, ref := range s.references() {
				is = is || a.constrained[a.Shapes[ref.Target]]
			}
			if is {
				a.constrained[s] = true
				grown = true
			}
		}
	}
}

func sorted(set map[*Shape]bool) []*Shape {
	return slices.SortedFunc(maps.Keys(set), func(x, y *Shape) int { return cmp.Compare(x.Name(), y.Name()) })
}

// check refuses what the emitters would get wrong.
func (a *api) check() error {
	taken := map[string]string{"Service": "", "Unimplemented": "", "Client": "", "NewClient": "", "NewHandler": "", "Operations": "", "API": ""}
	claim := func(name, by string) error {
		if other, ok := taken[name]; ok {
			return fmt.Errorf("%s: the name %s is taken by %s", by, name, cmp.Or(other, "the generated code"))
		}
		taken[name] = by
		return nil
	}
	for _, s := range slices.Concat(a.structs, a.enums, a.errors) {
		if err := claim(exported(s.Name()), s.ID); err != nil {
			return err
		}
		for _, m := range s.Members {
			if s.Type == "enum" {
				if err := claim(constName(s, m), s.ID); err != nil {
					return err
				}
			}
		}
		if s.Type != "enum" {
			if err := a.checkMembers(s); err != nil {
				return err
			}
		}
	}
	for _, op := range a.ops {
		if op.shape.Traits.HTTP == nil {
			return fmt.Errorf("%s: no http trait", op.name)
		}
		if strings.ContainsAny(op.shape.Traits.HTTP.URI, "?+") || op.shape.Traits.HTTP.Code > 200 {
			return fmt.Errorf("%s: greedy labels, fixed queries and other codes than 200 are not supported", op.name)
		}
		for _, m := range op.out.Members {
			if m.bound() {
				return fmt.Errorf("%s: output members outside the body are not supported", op.name)
			}
		}
		for _, m := range op.in.Members {
			if m.Traits.Label && !strings.Contains(op.shape.Traits.HTTP.URI, "{"+m.Name+"}") {
				return fmt.Errorf("%s: no label {%s} in the path", op.name, m.Name)
			}
		}
	}
	return nil
}

func (a *api) checkMembers(s *Shape) error {
	names := map[string]bool{}
	required := 0
	for _, m := range s.Members {
		if names[m.field()] {
			return fmt.Errorf("%s: two members would be named %s", s.ID, m.field())
		}
		names[m.field()] = true
		if m.Traits.Required && !m.bound() {
			required++
		}
		target := a.Shapes[m.Target]
		if m.bound() && !slices.Contains([]string{"string", "enum", "integer", "long", "boolean", "timestamp"}, target.Type) &&
			!(m.Traits.Query != "" && target.Type == "list" && slices.Contains([]string{"string", "enum"}, a.Shapes[target.Member.Target].Type)) {
			return fmt.Errorf("%s.%s: a %s outside the body is not supported", s.ID, m.Name, target.Type)
		}
		switch target.Type {
		case "string", "enum", "integer", "long", "float", "double", "boolean", "timestamp", "blob", "document", "list", "map", "structure", "union":
		default:
			return fmt.Errorf("%s.%s: the type %s is not supported", s.ID, m.Name, target.Type)
		}
	}
	if required > 64 {
		return fmt.Errorf("%s: more than 64 required members are not supported", s.ID)
	}
	return nil
}

// bound reports whether the member travels outside the body.
func (m *Member) bound() bool { return m.Traits.Label || m.Traits.Query != "" || m.Traits.Header != "" }

// field is the Go name of the member.
func (m *Member) field() string { return exported(m.Name) }

// wire is the name of the member in JSON.
func (m *Member) wire() string { return cmp.Or(m.Traits.JSONName, m.Name) }

func exported(name string) string {
	r := []rune(name)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

func constName(enum *Shape, m *Member) string { return exported(enum.Name()) + exported(m.Name) }
