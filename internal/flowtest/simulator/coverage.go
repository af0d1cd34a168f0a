package simulator

import (
	"cmp"
	"maps"
	"slices"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Coverage counts what runs of flows have seen of them.
type Coverage map[*Document]*Seen

// Seen is what was seen of one document.
type Seen struct {
	Actions map[string]int // visits by identifier
	Ways    map[Exit]int   // how often an action was left that way
}

// Exit is one way out of an action.
type Exit struct {
	Action string
	flow.Way
}

// count adds a visit. An action that goes on after it has waited, or called a
// module, is visited once.
func (c Coverage) count(d *Document, v machine.Visit) {
	s := c.Of(d)
	if !v.Again {
		s.Actions[v.Action]++
	}
	if v.Way.Kind != flow.WayNone {
		s.Ways[Exit{v.Action, v.Way}]++
	}
}

// Of returns what was seen of a document, whatever name it goes by.
func (c Coverage) Of(d *Document) *Seen {
	if d.twin != nil {
		d = d.twin
	}
	s := c[d]
	if s == nil {
		s = &Seen{Actions: map[string]int{}, Ways: map[Exit]int{}}
		c[d] = s
	}
	return s
}

// Add adds what other runs have seen.
func (c Coverage) Add(other Coverage) {
	for d, seen := range other {
		s := c.Of(d)
		for action, n := range seen.Actions {
			s.Actions[action] += n
		}
		for way, n := range seen.Ways {
			s.Ways[way] += n
		}
	}
}

// Documents returns the documents in the order of their paths.
func (c Coverage) Documents() []*Document {
	return slices.SortedFunc(maps.Keys(c), func(a, b *Document) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
}

// Taken reports how often an action was left by a way, or with the zero Way
// visited, as flowgraph.Options asks for it.
func (c Coverage) Taken(d *Document) func(action string, way flow.Way) int {
	seen := c.Of(d)
	return func(action string, way flow.Way) int {
		if way.Kind == flow.WayNone {
			return seen.Actions[action]
		}
		return seen.Ways[Exit{action, way}]
	}
}
