package restjson

import (
	"fmt"
	"regexp"
	"sync"
)

// Pattern is a constraint on strings. It is compiled at its first use: a model has dozens, and most
// programs use a few.
type Pattern struct {
	rule       string // for messages
	conditions func() []condition
}

// condition is a part of a pattern: an expression that must or must not match.
type condition struct {
	re   *regexp.Regexp
	want bool
}

// NewPattern returns a pattern in the syntax of ECMA 262, which CheckPattern has accepted. It is not
// anchored unless it says so, as in Smithy.
func NewPattern(source string) *Pattern {
	rule, ok := rules[source]
	if !ok {
		rule = "must match the pattern " + source
	}
	return &Pattern{rule: rule, conditions: sync.OnceValue(func() []condition {
		list, err := translatePattern(source)
		if err != nil {
			panic(fmt.Sprintf("restjson: pattern %s: %v", source, err))
		}
		return list
	})}
}

// rules are patterns of models that people run into, in words.
var rules = map[string]string{
	`^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)\S{8,64}$`: "must have 8 to 64 characters, among them a small letter, a capital and a digit, and no spaces",
}

// CheckPattern reports why a pattern cannot be translated; nil if it can.
func CheckPattern(source string) error {
	_, err := translatePattern(source)
	return err
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
