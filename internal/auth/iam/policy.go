package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"parley.example/parley/internal/center"
)

// MaxPolicy bounds the JSON text of a policy in bytes; it is IAM's limit for a managed policy.
const MaxPolicy = 6144

// Policy says what the owner of an access key may do. It is made by [Parse] or
// [FullAccess], or read as JSON; the zero Policy allows nothing. It does not change, so many
// goroutines may use it.
type Policy struct {
	text       string // as JSON
	statements []statement
	full       bool  // allows everything, without conditions
	broken     error // why it cannot be evaluated: then it denies everything
}

// statement is one rule.
type statement struct {
	sid           string
	deny          bool
	actions       patterns
	resources     patterns
	exceptActions bool // NotAction
	exceptThese   bool // NotResource
	conditions    []condition
}

// full is the policy that allows everything.
var full = func() Policy {
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"]}]}`))
	if err != nil {
		panic("iam: " + err.Error()) // the text is part of the program
	}
	return p
}()

// FullAccess returns the policy that allows everything.
func FullAccess() Policy { return full }

// Full reports whether the policy allows everything to everybody, so that it need not be asked about single calls.
func (p Policy) Full() bool { return p.full }

// Parse reads a policy document for a new key. It refuses what would not be enforced as
// IAM does: elements, operators and condition keys that are unknown here, Principal, times and
// networks that cannot be read, a Resource that is no ARN. Errors are [center.Invalid], and say in
// which statement what is wrong and what would be right.
func Parse(text []byte) (Policy, error) {
	if len(text) > MaxPolicy {
		return Policy{}, center.Errorf(center.Invalid, "the policy has %d bytes; at most %d are allowed", len(text), MaxPolicy)
	}
	p, err := compile(text, strict)
	if err != nil {
		return Policy{}, center.Errorf(center.Invalid, "%w", err)
	}
	return p, nil
}

// UnmarshalJSON reads a policy that is kept with a key. It never fails: one that
// cannot be evaluated denies everything, and [Policy.Check] says why.
func (p *Policy) UnmarshalJSON(text []byte) error {
	read, err := compile(text, patient)
	if err != nil {
		read = Policy{text: string(text), broken: center.Errorf(center.Invalid, "%w", err)}
	}
	*p = read
	return nil
}

// MarshalJSON returns the document as it was read, without spaces.
func (p Policy) MarshalJSON() ([]byte, error) {
	if p.text == "" {
		return []byte(`{"Statement":[]}`), nil
	}
	return []byte(p.text), nil
}

// String returns the document.
func (p Policy) String() string {
	text, err := p.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Check says why a policy cannot be evaluated, as a [center.Invalid] error.
func (p Policy) Check() error { return p.broken }

// Decision is what a policy says of a call.
type Decision struct {
	Allowed bool
	// Denied says that a Deny applies, rather than that nothing allows the call.
	Denied bool
	// Statement is the number of the statement that decided, from 1; 0 when none applies.
	Statement int
	// Reason says in words why, for whoever wrote the policy.
	Reason string
}

// Decide says whether the owner of the policy may perform an action, as
// "connect:StopContact", on a resource: an ARN, or "*" when a call names none. A Deny that
// applies wins over every Allow; what nothing allows is refused. The Resource of a Deny may also name
// one of those that the resource is within, such as its instance; the conditions of the statement are
// about the resource all the same. The error is the lookup's.
func (p Policy) Decide(action, resource string, within []string, l Lookup) (Decision, error) {
	if p.broken != nil {
		return Decision{Denied: true, Reason: "the key's policy cannot be evaluated, so it denies everything: " + p.broken.Error()}, nil
	}
	allowing, nearly := 0, ""
	for i := range p.statements {
		s := &p.statements[i]
		if !s.deny && allowing > 0 {
			continue // one is enough
		}
		applies, unmet, err := s.applies(action, resource, within, l)
		switch {
		case err != nil:
			return Decision{}, fmt.Errorf("%s of the key's policy: %w", p.name(i), err)
		case applies && s.deny:
			return Decision{Denied: true, Statement: i + 1, Reason: p.name(i) + " of the key's policy denies it"}, nil
		case applies:
			allowing = i + 1
		case unmet != nil && !s.deny && nearly == "":
			nearly = "; " + p.name(i) + " would, but for its condition " + unmet.String()
		}
	}
	if allowing > 0 {
		return Decision{Allowed: true, Statement: allowing, Reason: p.name(allowing-1) + " of the key's policy allows it"}, nil
	}
	return Decision{Reason: "no statement of the key's policy allows it" + nearly}, nil
}

// name is how messages call a statement.
func (p Policy) name(i int) string { return statementName(i, p.statements[i].sid) }

func statementName(i int, sid string) string {
	if sid == "" {
		return fmt.Sprintf("statement %d", i+1)
	}
	return fmt.Sprintf("statement %d (%q)", i+1, sid)
}

// maxResource is longer than any ARN. Patterns are not compared with longer texts: work on what a
// request holds has a bound.
const maxResource = 2048

// applies says whether the statement is about a call. If only a condition stands in the
// way, it is returned.
func (s *statement) applies(action, resource string, within []string, l Lookup) (bool, *condition, error) {
	if ok, err := s.actions.match(action, true, nil); err != nil || ok == s.exceptActions {
		return false, nil, err
	}
	if len(resource) > maxResource && !s.resources.everything() {
		return s.deny, nil, nil
	}
	ok, err := s.resources.match(resource, false, l)
	if s.deny && !s.exceptThese {
		for i := 0; i < len(within) && !ok && err == nil; i++ {
			ok, err = s.resources.match(within[i], false, l)
		}
	}
	if err != nil || ok == s.exceptThese {
		return false, nil, unlessUnfilled(err)
	}
	for i := range s.conditions {
		if ok, err := s.conditions[i].holds(l); err != nil || !ok {
			return false, &s.conditions[i], unlessUnfilled(err)
		}
	}
	return true, nil, nil
}

// unlessUnfilled returns an error that leaves a question open: errUnfilled answers it.
func unlessUnfilled(err error) error {
	if errors.Is(err, errUnfilled) {
		return nil
	}
	return err
}

// compact returns JSON without spaces.
func compact(text []byte) string {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return string(text) // it has been read, so it is JSON
	}
	return b.String()
}
