package golang

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/codegen/model"
)

// api is a model being written as a Go package.
type api struct {
	*model.Model
	pkg   string
	day   string                // Options.Published
	coded map[*model.Shape]bool // what has code of its own, the simple shapes that need a check included
	home  string                // what stands in front of a type of this API: nothing in its own package, "connect." elsewhere
}

func newAPI(m *model.Model, opts Options) (*api, error) {
	a := &api{Model: m, pkg: opts.Package, day: opts.Published}
	busy := slices.Clone(m.Exceptions) // few, and made by errors_gen.go
	for _, op := range m.Operations {
		if !opts.Tagged || slices.Contains(opts.Coded, op.Name) {
			busy = append(busy, op.Input, op.Output)
		}
	}
	a.coded = m.Reach(busy...)
	for _, name := range opts.Coded {
		if !slices.ContainsFunc(m.Operations, func(op *model.Operation) bool { return op.Name == name }) {
			return nil, fmt.Errorf("there is no operation %s to write code for", name)
		}
	}
	return a, a.check()
}

// codedStructures are the structures and unions with code of their own.
func (a *api) codedStructures() []*model.Shape {
	return slices.DeleteFunc(slices.Clone(a.Structures), func(s *model.Shape) bool { return !a.coded[s] })
}

// check refuses names that would collide in Go and patterns the runtime cannot translate.
func (a *api) check() error {
	taken := map[string]string{"Service": "", "Unimplemented": "", "Client": "", "NewClient": "", "NewHandler": "", "Operations": "", "API": ""}
	claim := func(name, by string) error {
		if other, ok := taken[name]; ok {
			return fmt.Errorf("%s: the name %s is taken by %s", by, name, cmp.Or(other, "the generated code"))
		}
		taken[name] = by
		return nil
	}
	for _, s := range slices.Concat(a.Structures, a.Enums, a.Exceptions) {
		if err := claim(exported(s.Name()), s.ID); err != nil {
			return err
		}
		fields := map[string]bool{}
		for _, m := range s.Members {
			if s.Type == "enum" {
				if err := claim(constName(s, m), s.ID); err != nil {
					return err
				}
			}
			if fields[field(m)] {
				return fmt.Errorf("%s: two members would be named %s", s.ID, field(m))
			}
			fields[field(m)] = true
		}
	}
	for _, s := range model.Sorted(a.Inputs) {
		if s.Type != "string" || s.Traits.Pattern == "" {
			continue
		}
		if err := restjson.CheckPattern(s.Pattern()); err != nil {
			return fmt.Errorf("%s: pattern %s: %w", s.ID, s.Pattern(), err)
		}
	}
	return nil
}

// field is the Go name of a member.
func field(m *model.Member) string { return exported(m.Name) }

func exported(name string) string {
	r := []rune(name)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

func constName(enum *model.Shape, m *model.Member) string {
	return exported(enum.Name()) + exported(m.Name)
}
