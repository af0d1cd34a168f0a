package routing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Expression is the expression of a step of routing criteria, compiled once and
// evaluated for many agents. It is immutable.
type Expression struct {
	op       operator
	parts    []*Expression   // of all and any
	name     string          // of level
	value    string          // of level
	min, max float64         // of level
	users    []center.UserID // of agents, sorted
}

type operator uint8

const (
	nobody operator = iota // what cannot be read
	all                    // AndExpression
	some                   // OrExpression
	level                  // AttributeCondition: NumberGreaterOrEqualTo, Range
	less                   // NotAttributeCondition: parts[0] does not hold
	agents                 // AttributeCondition: Match
)

// The levels of proficiencies.
const (
	minLevel = 1
	maxLevel = 5
)

// Compile reads an expression as a [flow.Criterion] has it. What it says of an
// expression that it cannot read is an error, and an Expression all the same,
// which nobody meets: like one about an attribute that has been deleted.
func Compile(text []byte) (*Expression, error) {
	document, err := flow.Decode(text)
	if err != nil {
		return &Expression{}, center.Errorf(center.Invalid, "the Expression is not JSON: %w", err)
	}
	e, problem := compile(document, "Expression")
	if problem != "" {
		return &Expression{}, center.Errorf(center.Invalid, "%s", problem)
	}
	return e, nil
}

func compile(v any, at string) (e *Expression, problem string) {
	object, _ := v.(map[string]any)
	if len(object) != 1 {
		return nil, at + " is not one expression"
	}
	for name, inner := range object {
		at := at + "." + name
		switch name {
		case "AttributeCondition":
			return compileCondition(inner, at)
		case "NotAttributeCondition":
			e, problem := compileCondition(inner, at)
			return &Expression{op: less, parts: []*Expression{e}}, problem
		case "AndExpression", "OrExpression":
			list, _ := inner.([]any)
			if len(list) == 0 {
				return nil, at + " is not a list of expressions"
			}
			e = &Expression{op: all}
			if name == "OrExpression" {
				e.op = some
			}
			for i, part := range list {
				compiled, problem := compile(part, at+"["+strconv.Itoa(i)+"]")
				if problem != "" {
					return nil, problem
				}
				e.parts = append(e.parts, compiled)
			}
			return e, ""
		}
	}
	return nil, at + " has a member other than AttributeCondition, NotAttributeCondition, AndExpression and OrExpression"
}

func compileCondition(v any, at string) (e *Expression, problem string) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, at + " is not an object"
	}
	text := func(name string) string { return flow.DataValue(object[name]).Text() }
	e = &Expression{op: level, name: text("Name"), value: text("Value"), max: maxLevel}
	switch op := text("ComparisonOperator"); op {
	case "Match":
		return compileMatch(object["MatchCriteria"], at)
	case "Range":
		bounds, _ := object["Range"].(map[string]any)
		e.min, ok = readLevel(bounds["MinProficiencyLevel"], minLevel)
		if upper, readable := readLevel(bounds["MaxProficiencyLevel"], maxLevel); ok && readable {
			e.max = upper
		} else {
			return nil, at + ".Range has a level that is not a number"
		}
	case "", "NumberGreaterOrEqualTo":
		if e.min, ok = readLevel(object["ProficiencyLevel"], minLevel); !ok {
			return nil, at + ".ProficiencyLevel is not a number"
		}
	default:
		return nil, at + " has the unknown ComparisonOperator " + flow.Clip(op)
	}
	if e.name == "" || e.value == "" {
		return nil, at + " needs Name and Value"
	}
	return e, ""
}

// readLevel reads a level, a number or its text.
func readLevel(v any, without float64) (f float64, ok bool) {
	if v == nil {
		return without, true
	}
	f, err := strconv.ParseFloat(flow.DataValue(v).Text(), 64)
	return f, err == nil
}

// compileMatch reads preferred agents (MatchCriteria.AgentsCriteria.AgentIds), ids or ARNs.
func compileMatch(v any, at string) (e *Expression, problem string) {
	criteria, _ := v.(map[string]any)
	preferred, _ := criteria["AgentsCriteria"].(map[string]any)
	ids, _ := preferred["AgentIds"].([]any)
	if len(ids) == 0 {
		return nil, at + ".MatchCriteria names no agents in AgentsCriteria.AgentIds"
	}
	e = &Expression{op: agents}
	for _, id := range ids {
		e.users = append(e.users, center.UserID(center.IDOf(flow.DataValue(id).Text())))
	}
	slices.Sort(e.users)
	e.users = slices.Compact(e.users)
	return e, ""
}

// Names returns the agents that the expression names by their ids, each as often as it does.
func (e *Expression) Names() []center.UserID {
	list := slices.Clone(e.users)
	for _, p := range e.parts {
		list = append(list, p.Names()...)
	}
	return list
}

// Matches reports whether an agent meets the expression.
func (e *Expression) Matches(user center.UserID, proficiencies []Proficiency) bool {
	switch e.op {
	case level:
		has := levelOf(proficiencies, e.name, e.value)
		return has > 0 && e.min <= has && has <= e.max
	case all:
		for _, part := range e.parts {
			if !part.Matches(user, proficiencies) {
				return false
			}
		}
		return true
	case some:
		for _, part := range e.parts {
			if part.Matches(user, proficiencies) {
				return true
			}
		}
		return false
	case less:
		return !e.parts[0].Matches(user, proficiencies)
	case agents:
		_, found := slices.BinarySearch(e.users, user)
		return found
	}
	return false
}

// levelOf is the level that somebody has in something, 0 for none.
func levelOf(proficiencies []Proficiency, name, value string) float64 {
	for i := range proficiencies {
		if p := &proficiencies[i]; p.Value == value && p.Name == name {
			return p.Level
		}
	}
	return 0
}

// unmet says which part of the expression an agent does not meet: the first of
// those that all have to hold. It returns "" when the agent meets it.
func (e *Expression) unmet(user center.UserID, proficiencies []Proficiency) string {
	if e.Matches(user, proficiencies) {
		return ""
	}
	switch e.op {
	case all:
		for _, part := range e.parts {
			if why := part.unmet(user, proficiencies); why != "" {
				return why
			}
		}
	case some:
		var why []string
		for _, part := range e.parts {
			why = append(why, part.unmet(user, proficiencies))
		}
		return strings.Join(why, " or ")
	case level:
		has := "not at all"
		if l := levelOf(proficiencies, e.name, e.value); l > 0 {
			has = number(l)
		}
		return e.String() + " (is " + has + ")"
	}
	return e.String()
}

// String renders the expression for people.
func (e *Expression) String() string {
	switch e.op {
	case all, some:
		var parts []string
		for _, part := range e.parts {
			text := part.String()
			if part.op == all || part.op == some {
				text = "(" + text + ")"
			}
			parts = append(parts, text)
		}
		if e.op == all {
			return strings.Join(parts, " and ")
		}
		return strings.Join(parts, " or ")
	case level:
		if e.max < maxLevel {
			return fmt.Sprintf("%s %s of %s to %s", e.name, e.value, number(e.min), number(e.max))
		}
		return fmt.Sprintf("%s %s of at least %s", e.name, e.value, number(e.min))
	case less:
		return "not " + e.parts[0].String()
	case agents:
		return fmt.Sprintf("one of the agents %s", e.users)
	}
	return "an expression that cannot be read"
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// anchor is something without which nobody meets an expression: to be a
// certain agent, or to be able to do something at whatever level.
type anchor struct {
	user        center.UserID
	name, value string
}

// anchors returns anchors of which everybody who meets the expression has at
// least one. ok is false when there are none, as for a negation.
func (e *Expression) anchors() (list []anchor, ok bool) {
	switch e.op {
	case level:
		return []anchor{{name: e.name, value: e.value}}, true
	case agents:
		for _, user := range e.users {
			list = append(list, anchor{user: user})
		}
		return list, true
	case all: // those of one part suffice: named agents, else the fewest
		for _, part := range e.parts {
			of, has := part.anchors()
			if better := cmp.Or(boolean(named(of))-boolean(named(list)), len(list)-len(of)); has && (!ok || better > 0) {
				list, ok = of, true
			}
		}
		return list, ok
	case some:
		for _, part := range e.parts {
			of, has := part.anchors()
			if !has {
				return nil, false
			}
			list = append(list, of...)
		}
		return unique(list), true
	case nobody:
		return nil, true
	}
	return nil, false
}

// named reports whether anchors are certain agents.
func named(list []anchor) bool { return len(list) > 0 && list[0].user != "" }

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func unique(list []anchor) []anchor {
	slices.SortFunc(list, func(a, b anchor) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	return slices.Compact(list)
}

// selector says which agents may take a contact, where that is not all of them.
// Contacts that say the same share one.
type selector struct {
	key      string
	uses     int
	step     *Expression // nil when anybody meets it
	err      error       // why the step could not be read
	excluded []center.UserID
	anchors  []anchor
	loose    bool // there are no anchors: agents have to be looked at one by one
}

// takes reports whether an agent is one of them; those of no selector are all.
func (s *selector) takes(a *Agent) bool {
	return s == nil || !slices.Contains(s.excluded, a.User) && (s.step == nil || s.step.Matches(a.User, a.Proficiencies))
}

// selector returns the selector of a contact, nil when everybody may take it.
func (r *Router) selector(c *Contact) (*selector, error) {
	step := c.Step.Expression
	if c.Own != "" {
		step = nil
	}
	if len(step) == 0 && len(c.Excluded) == 0 {
		return nil, nil
	}
	var key strings.Builder
	key.Write(step)
	for _, user := range c.Excluded {
		key.WriteString("\x00" + string(user))
	}
	if s := r.selectors[key.String()]; s != nil {
		s.uses++
		return s, s.err
	}
	s := &selector{key: key.String(), uses: 1, excluded: slices.Clone(c.Excluded), loose: true}
	if len(step) > 0 {
		s.step, s.err = Compile(step)
		list, anchored := s.step.anchors()
		s.anchors, s.loose = list, !anchored
	}
	r.selectors[s.key] = s
	return s, s.err
}

// unselect gives a selector back that a contact does not use any more.
func (r *Router) unselect(s *selector) {
	if s == nil {
		return
	}
	if s.uses--; s.uses == 0 {
		delete(r.selectors, s.key)
	}
}
