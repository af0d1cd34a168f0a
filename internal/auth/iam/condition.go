package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// quantifier says how many of the values of a key an operator has to hold for.
type quantifier string

const (
	single quantifier = ""
	forAll quantifier = "ForAllValues:"
	forAny quantifier = "ForAnyValue:"
)

// condition is one key below one operator.
type condition struct {
	operator string // as the policy spells it
	set      quantifier
	key      Key
	negated  bool
	ifExists bool
	null     bool      // the values say whether the key is absent
	values   []matcher // alternatives
}

// compileOperator reads the name of an operator, with its prefix and suffix.
func compileOperator(name string) (condition, operator, error) {
	c := condition{operator: name}
	bare := name
	for _, set := range []quantifier{forAll, forAny} {
		if rest, ok := strings.CutPrefix(bare, string(set)); ok {
			c.set, bare = set, rest
		}
	}
	if bare == null && c.set == single {
		c.null = true
		return c, operator{kind: text, compile: truth}, nil
	}
	bare, c.ifExists = strings.CutSuffix(bare, "IfExists")
	op, ok := operators[bare]
	if !ok {
		why := ""
		for known := range maps.Keys(operators) {
			if strings.EqualFold(known, bare) {
				why = fmt.Sprintf(" (write %s)", known)
			}
		}
		return c, op, fmt.Errorf("operator %q is not supported%s; the operators are %s, each but Null also with IfExists behind it, and with ForAllValues: or ForAnyValue: before it",
			name, why, strings.Join(Operators(), ", "))
	}
	c.negated = op.negated
	return c, op, nil
}

// compileCondition reads one key below an operator, and its values.
func compileCondition(operatorName, keyName string, values []string, variables bool) (condition, error) {
	c, op, err := compileOperator(operatorName)
	if err != nil {
		return c, err
	}
	k, t, err := parseKey(keyName)
	if err != nil {
		return c, err
	}
	c.key = k
	switch {
	case !op.kind.fits(t):
		return c, fmt.Errorf("%s on %s: the key is %s, which the operator does not compare", operatorName, k, t.kind)
	case t.many && c.set == single && !c.null:
		return c, fmt.Errorf("%s on %s: the key has several values; write %s%s or %s%s", operatorName, k, forAll, operatorName, forAny, operatorName)
	case len(values) == 0:
		return c, fmt.Errorf("%s on %s has no value", operatorName, k)
	}
	for _, value := range values {
		m, err := op.compile(value, variables)
		if err != nil {
			return c, fmt.Errorf("%s on %s: %w", operatorName, k, err)
		}
		c.values = append(c.values, m)
	}
	return c, nil
}

// holds says whether a request meets the condition.
func (c *condition) holds(l Lookup) (bool, error) {
	got, err := l.all(c.key)
	if err != nil {
		return false, err
	}
	if c.null {
		absent := "false"
		if len(got) == 0 {
			absent = "true"
		}
		return c.matches(absent, l)
	}
	if c.set != single { // an empty text counts as no value
		got = slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "" })
	}
	if len(got) == 0 {
		switch {
		case c.ifExists || c.set == forAll:
			return true, nil
		case c.set == forAny:
			return false, nil
		}
		return c.negated, nil
	}
	for _, one := range got {
		ok, err := c.matches(one, l)
		if err != nil {
			return false, err
		}
		ok = ok != c.negated
		if ok != (c.set == forAll) {
			return ok, nil // for all: one that fails; else: one that holds
		}
	}
	return c.set == forAll, nil
}

// matches compares one value of a request with the alternatives.
func (c *condition) matches(got string, l Lookup) (bool, error) {
	for _, m := range c.values {
		if ok, err := m(got, l); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// String is how refusals name the condition.
func (c *condition) String() string { return c.operator + " on " + c.key.String() }
