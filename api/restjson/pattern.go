package restjson

import (
	"regexp"
	"sync"
)

// Pattern is a constraint on strings. It is compiled at its first use: a model has dozens, and most
// programs use a few.
type Pattern struct {
	source     string // as the model writes it, for messages
	conditions func() []compiled
}

// Condition is a part of a pattern: an expression that must or must not match.
type Condition struct {
	expr string
	want bool
}

type compiled struct {
	re   *regexp.Regexp
	want bool
}

// Must is the condition that expr matches. It is not anchored unless it says so, as in Smithy.
func Must(expr string) Condition { return Condition{expr, true} }

// MustNot is the condition that expr does not match: a look-ahead, which Go's expressions lack.
func MustNot(expr string) Condition { return Condition{expr, false} }

// NewPattern returns a pattern of the model as the generator has translated it.
func NewPattern(source string, conditions ...Condition) *Pattern {
	return &Pattern{source: source, conditions: sync.OnceValue(func() []compiled {
		list := make([]compiled, len(conditions))
		for i, c := range conditions {
			list[i] = compiled{regexp.MustCompile(c.expr), c.want}
		}
		return list
	})}
}

// Match reports whether s obeys the pattern.
func (p *Pattern) Match(s string) bool {
	for _, c := range p.conditions() {
		if c.re.MatchString(s) != c.want {
			return false
		}
	}
	return true
}
