package model

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Model is one service: its shapes by shape ID, and what follows from them. It is not to be changed.
type Model struct {
	Shapes  map[string]*Shape
	Service *Shape

	Operations []*Operation // sorted by name, as the lists below: what the operations reach
	Structures []*Shape     // and unions, exceptions excepted
	Enums      []*Shape
	Exceptions []*Shape

	Inputs      map[*Shape]bool // reachable from an input: constraints are checked
	Constrained map[*Shape]bool // holds a constraint somewhere inside
}

// Operation is an operation with its shapes resolved. An input or output that is Unit in the model
// has an empty structure of its own.
type Operation struct {
	Name          string
	Shape         *Shape
	Input, Output *Shape
	Errors        []*Shape // sorted by name
}

// Shape is a definition of the model. Which fields are set depends on its type.
type Shape struct {
	ID         string
	Type       string
	Version    string
	Members    Members
	Member     *Member // of a list
	Key        *Member // of a map
	Value      *Member // of a map
	Input      *Member
	Output     *Member
	Errors     []*Member
	Operations []*Member
	Traits     Traits
}

// Member is a member of a structure, union or enum, or any other reference to a shape.
type Member struct {
	Name   string `json:"-"`
	Target string
	Traits Traits
}

// Traits are the traits this generator acts on.
type Traits struct {
	Documentation    string
	Required         bool
	Sensitive        bool
	Deprecated       bool
	ReadOnly         bool
	IdempotencyToken bool
	Label            bool
	Query            string
	Header           string
	JSONName         string
	EnumValue        string
	TimestampFormat  string
	Pattern          string
	Length           *Bounds
	Range            *Bounds
	Error            string // client or server
	HTTPError        int
	HTTP             *HTTP
	SigningName      string
	EndpointPrefix   string
	Paginated        *Paginated
}

// Paginated says which members carry an operation's pages; a name is empty where there is none.
type Paginated struct{ InputToken, OutputToken, Items string }

// Bounds are inclusive; nil is no bound.
type Bounds struct{ Min, Max *float64 }

// HTTP is where an operation lives.
type HTTP struct {
	Method string
	URI    string
	Code   int
}

// references returns every reference that leads on from s, one kind after the other.
func (s *Shape) references() []*Member {
	refs := slices.Concat(s.Members, s.Errors, s.Operations)
	for _, ref := range []*Member{s.Member, s.Key, s.Value, s.Input, s.Output} {
		if ref != nil {
			refs = append(refs, ref)
		}
	}
	return refs
}

var labelIn = regexp.MustCompile(`\{([A-Za-z0-9_]+)\}`)

// Label is the number of the label in the operation's path that the member stands for, -1 for none.
func (op *Operation) Label(m *Member) int {
	return slices.IndexFunc(labelIn.FindAllStringSubmatch(op.Shape.Traits.HTTP.URI, -1), func(label []string) bool {
		return label[1] == m.Name
	})
}

// Name is the shape's name without its namespace.
func (s *Shape) Name() string {
	_, name, _ := strings.Cut(s.ID, "#")
	return name
}

// MemberNamed returns the member of that name, nil if there is none.
func (s *Shape) MemberNamed(name string) *Member {
	for _, m := range s.Members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// BodyMembers are the members that travel in a body.
func (s *Shape) BodyMembers() []*Member {
	var list []*Member
	for _, m := range s.Members {
		if !m.Bound() {
			list = append(list, m)
		}
	}
	return list
}

// Extras are the members of an exception besides its message, which every exception has.
func (s *Shape) Extras() []*Member {
	var list []*Member
	for _, m := range s.Members {
		if !strings.EqualFold(m.Name, "message") {
			list = append(list, m)
		}
	}
	return list
}

// Bound reports whether the member travels outside the body.
func (m *Member) Bound() bool {
	return m.Traits.Label || m.Traits.Query != "" || m.Traits.Header != ""
}

// Wire is the name of the member in JSON.
func (m *Member) Wire() string { return cmp.Or(m.Traits.JSONName, m.Name) }
