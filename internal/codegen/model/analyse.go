package model

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// analyse resolves the operations and sorts what they reach.
func (m *Model) analyse() {
	m.Inputs = map[*Shape]bool{}
	reached, exceptions := map[*Shape]bool{}, map[*Shape]bool{}
	for _, ref := range m.Service.Operations {
		op := m.operation(ref)
		m.Operations = append(m.Operations, op)
		for _, e := range op.Errors {
			exceptions[e] = true
			m.reach(e, reached)
		}
		m.reach(op.Input, m.Inputs)
		m.reach(op.Input, reached)
		m.reach(op.Output, reached)
	}
	for _, s := range Sorted(reached) {
		switch {
		case s.Type == "enum":
			m.Enums = append(m.Enums, s)
		case exceptions[s]:
			m.Exceptions = append(m.Exceptions, s)
		case s.Type == "structure" || s.Type == "union":
			m.Structures = append(m.Structures, s)
		}
	}
	slices.SortFunc(m.Operations, func(x, y *Operation) int { return cmp.Compare(x.Name, y.Name) })
	m.findConstrained(reached)
}

func (m *Model) operation(ref *Member) *Operation {
	s := m.Shapes[ref.Target]
	op := &Operation{Name: s.Name(), Shape: s}
	own := func(ref *Member, suffix string) *Shape {
		if ref != nil && m.Shapes[ref.Target].Type != "unit" {
			return m.Shapes[ref.Target]
		}
		namespace, _, _ := strings.Cut(s.ID, "#")
		return &Shape{ID: namespace + "#" + op.Name + suffix, Type: "structure"}
	}
	op.Input, op.Output = own(s.Input, "Request"), own(s.Output, "Response")
	for _, e := range s.Errors {
		op.Errors = append(op.Errors, m.Shapes[e.Target])
	}
	slices.SortFunc(op.Errors, func(x, y *Shape) int { return cmp.Compare(x.Name(), y.Name()) })
	return op
}

// Reach returns the shapes that can be reached from the given ones, which are among them.
func (m *Model) Reach(from ...*Shape) map[*Shape]bool {
	into := map[*Shape]bool{}
	for _, s := range from {
		m.reach(s, into)
	}
	return into
}

func (m *Model) reach(s *Shape, into map[*Shape]bool) {
	if into[s] {
		return
	}
	into[s] = true
	if s.Type == "enum" {
		return
	}
	for _, ref := range s.references() {
		m.reach(m.Shapes[ref.Target], into)
	}
}

// findConstrained marks shapes that need a check, growing the set until recursion adds nothing.
func (m *Model) findConstrained(reached map[*Shape]bool) {
	m.Constrained = map[*Shape]bool{}
	for grown := true; grown; {
		grown = false
		for s := range reached {
			if m.Constrained[s] {
				continue
			}
			is := s.Type == "enum" || s.Type == "union" ||
				s.Traits.Length != nil || s.Traits.Range != nil || s.Traits.Pattern != ""
			for _, ref := range s.references() {
				is = is || m.Constrained[m.Shapes[ref.Target]]
			}
			if is {
				m.Constrained[s] = true
				grown = true
			}
		}
	}
}

// Sorted returns the shapes of a set by name.
func Sorted(set map[*Shape]bool) []*Shape {
	return slices.SortedFunc(maps.Keys(set), func(x, y *Shape) int { return cmp.Compare(x.Name(), y.Name()) })
}

// Absentable reports whether the member is a simple value that may be absent, so that its absence
// needs a form of its own. Enums are not among them: the empty text is no value of any.
func (m *Model) Absentable(owner *Shape, member *Member) bool {
	switch m.Shapes[member.Target].Type {
	case "string", "integer", "long", "float", "double", "boolean", "timestamp":
		return owner.Type == "union" || !member.Traits.Required
	}
	return false
}

// TimeFormat is the format of a time: date-time, http-date or epoch-seconds.
func (m *Model) TimeFormat(member *Member) string {
	format := cmp.Or(member.Traits.TimestampFormat, m.Shapes[member.Target].Traits.TimestampFormat)
	switch {
	case format != "":
		return format
	case member.Traits.Header != "":
		return "http-date"
	case member.Bound():
		return "date-time"
	}
	return "epoch-seconds"
}

// Pages is how an operation's pages hang together. Items is nil where no list has them.
type Pages struct{ In, Out, Items *Member }

// Pages returns nil when the operation has no pages. The model marks most; some it leaves unmarked
// have a NextToken on both sides all the same, and then their only list has the items.
func (m *Model) Pages(op *Operation) *Pages {
	names := op.Shape.Traits.Paginated
	if names == nil {
		names = &Paginated{"NextToken", "NextToken", ""}
		for _, member := range op.Output.Members {
			if m.Shapes[member.Target].Type == "list" {
				if names.Items != "" {
					names.Items = ""
					break
				}
				names.Items = member.Name
			}
		}
	}
	p := &Pages{op.Input.MemberNamed(names.InputToken), op.Output.MemberNamed(names.OutputToken), op.Output.MemberNamed(names.Items)}
	if p.In == nil || p.Out == nil || !m.Absentable(op.Input, p.In) || !m.Absentable(op.Output, p.Out) {
		return nil
	}
	if p.Items != nil && m.Shapes[p.Items.Target].Type != "list" {
		p.Items = nil
	}
	return p
}
