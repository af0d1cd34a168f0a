package flowtest

import (
	"cmp"
	"maps"
	"slices"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
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
	s := c.of(d)
	if !v.Again {
		s.Actions[v.Action]++
	}
	if v.Way.Kind != flow.WayNone {
		s.Ways[Exit{v.Action, v.Way}]++
	}
}

// of returns what was seen of a document, whatever name it goes by.
func (c Coverage) of(d *Document) *Seen {
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
		s := c.of(d)
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

// Share is how much of something was seen.
type Share struct {
	Seen  int `json:"seen"`
	Total int `json:"total"`
}

func (s Share) plus(o Share) Share { return Share{s.Seen + o.Seen, s.Total + o.Total} }

// Percent is the share in whole percent, rounded down; of nothing it is 100.
func (s Share) Percent() int {
	if s.Total == 0 {
		return 100
	}
	return 100 * s.Seen / s.Total
}

// Summary is the coverage of one document: of the actions that a chat can come
// to, and of the ways out of them that it can take. What could only follow an
// error that what is written cannot lead to is left out.
type Summary struct {
	Actions  Share
	Branches Share // NextAction and conditions
	Errors   Share // error branches
	Missed   []Missed
}

// Missed is an action that no run has visited, or a way that none has taken.
type Missed struct {
	Action string
	Exit   *check.Exit // nil for the whole action
}

// Of sums up what was seen of a document.
func (c Coverage) Of(d *Document) Summary {
	var sum Summary
	seen := c[d]
	if seen == nil {
		seen = &Seen{}
	}
	lived := d.lived()
	for i := range d.Outline.Actions {
		a := &d.Outline.Actions[i]
		if !lived[a.ID] {
			continue
		}
		visited := seen.Actions[a.ID] > 0
		sum.Actions = sum.Actions.plus(hit(visited))
		if !visited {
			sum.Missed = append(sum.Missed, Missed{Action: a.ID})
		}
		for j := range a.Exits {
			e := &a.Exits[j]
			if !e.Taken || e.Spared {
				continue
			}
			taken := seen.Ways[Exit{a.ID, e.Way}] > 0
			if e.Kind == flow.WayError {
				sum.Errors = sum.Errors.plus(hit(taken))
			} else {
				sum.Branches = sum.Branches.plus(hit(taken))
			}
			if visited && !taken {
				sum.Missed = append(sum.Missed, Missed{a.ID, e})
			}
		}
	}
	return sum
}

// lived tells of the actions that a chat can come to.
func (d *Document) lived() map[string]bool {
	lived := map[string]bool{}
	for open := []string{d.Outline.Start}; len(open) > 0; {
		a := d.actions[open[len(open)-1]]
		open = open[:len(open)-1]
		if a == nil || lived[a.ID] {
			continue
		}
		lived[a.ID] = true
		for i := range a.Exits {
			if e := &a.Exits[i]; e.Taken && !e.Spared {
				open = append(open, e.To)
			}
		}
	}
	return lived
}

func hit(yes bool) Share {
	if yes {
		return Share{1, 1}
	}
	return Share{0, 1}
}

// Taken tells how often an action was left by a way, or with the zero Way
// visited, as flowgraph.Options asks for it.
func (c Coverage) Taken(d *Document) func(action string, way flow.Way) int {
	seen := c.of(d)
	return func(action string, way flow.Way) int {
		if way.Kind == flow.WayNone {
			return seen.Actions[action]
		}
		return seen.Ways[Exit{action, way}]
	}
}
