package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
)

// MaxPolicy bounds the JSON text of a policy in bytes; it is IAM's limit for a managed policy.
const MaxPolicy = 6144

// Policy says what the owner of an access key may do, in the shape of an IAM
// policy document. The zero Policy allows nothing.
type Policy struct {
	Version   string      `json:"Version,omitempty"`
	Statement []Statement `json:"Statement"`
}

// Statement is one rule of a [Policy]. Action and Resource are patterns in
// which * stands for any run of characters and ? for one; actions are compared
// without regard to case, as IAM does. In JSON each may be one string or a list.
type Statement struct {
	Sid      string   `json:"Sid,omitempty"`
	Effect   Effect   `json:"Effect"`
	Action   Patterns `json:"Action"`
	Resource Patterns `json:"Resource"`
}

// Effect is what a statement does to the calls it matches.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Patterns is a list of patterns.
type Patterns []string

// FullAccess returns the policy that allows everything.
func FullAccess() Policy {
	return Policy{Version: policyVersion, Statement: []Statement{{Effect: Allow, Action: Patterns{"*"}, Resource: Patterns{"*"}}}}
}

const policyVersion = "2012-10-17"

// ParsePolicy reads a policy document. It refuses what it would not enforce
// (Condition, Principal, NotAction, NotResource), because a rule that is
// silently ignored is worse than none. Errors are [center.Invalid].
func ParsePolicy(text []byte) (Policy, error) {
	if len(text) > MaxPolicy {
		return Policy{}, center.Errorf(center.Invalid, "the policy has %d bytes; at most %d are allowed", len(text), MaxPolicy)
	}
	var p Policy
	if err := json.Unmarshal(text, &p); err != nil {
		return Policy{}, center.Errorf(center.Invalid, "this server does not support the policy: %w", err)
	}
	return p, p.Check()
}

// Check says what is wrong with a policy, as a [center.Invalid] error.
func (p Policy) Check() error {
	if p.Version != "" && p.Version != policyVersion && p.Version != "2008-10-17" {
		return center.Errorf(center.Invalid, "policy version %q is not supported; use %q", p.Version, policyVersion)
	}
	for i, s := range p.Statement {
		if s.Effect != Allow && s.Effect != Deny {
			return center.Errorf(center.Invalid, "statement %d of the policy: Effect is %q; it must be Allow or Deny", i+1, s.Effect)
		}
		if len(s.Action) == 0 || len(s.Resource) == 0 {
			return center.Errorf(center.Invalid, "statement %d of the policy needs an Action and a Resource", i+1)
		}
		for _, a := range s.Action {
			if a != "*" && !strings.Contains(a, ":") {
				return center.Errorf(center.Invalid, "statement %d of the policy: action %q has no service prefix; write connect:%s", i+1, a, a)
			}
		}
		if slices.Contains(s.Resource, "") {
			return center.Errorf(center.Invalid, "statement %d of the policy: a Resource is empty", i+1)
		}
	}
	return nil
}

// UnmarshalJSON accepts one string or a list of them.
func (p *Patterns) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*p = Patterns{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(text, &many); err != nil {
		return fmt.Errorf("must be a string or a list of strings: %w", err)
	}
	*p = many
	return nil
}

// UnmarshalJSON accepts the document's Statement as a list or as a single one.
func (p *Policy) UnmarshalJSON(text []byte) error {
	var document struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strictly(text, &document); err != nil {
		return err
	}
	p.Version, p.Statement = document.Version, nil
	raw := bytes.TrimSpace(document.Statement)
	if len(raw) == 0 {
		return errors.New("it has no Statement")
	}
	if raw[0] != '{' {
		return strictly(raw, &p.Statement)
	}
	var one Statement
	if err := strictly(raw, &one); err != nil {
		return err
	}
	p.Statement = []Statement{one}
	return nil
}

func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

type decision int

const (
	unmentioned decision = iota
	allowed
	denied
)

// decide says whether p lets its owner perform action on resource. A
// Deny that matches wins over every Allow; what nothing allows is refused.
func (p Policy) decide(action, resource string) decision {
	d := unmentioned
	for _, s := range p.Statement {
		if !s.Action.match(action, true) || !s.Resource.match(resource, false) {
			continue
		}
		if s.Effect != Allow {
			return denied
		}
		d = allowed
	}
	return d
}

func (p Patterns) match(s string, fold bool) bool {
	for _, pattern := range p {
		if match(pattern, s, fold) {
			return true
		}
	}
	return false
}

// match compares s with a pattern of * and ?. It goes back to the last * only,
// which is enough, so its work is bounded by len(pattern) * len(s).
func match(pattern, s string, fold bool) bool {
	if pattern == "*" {
		return true
	}
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i] || fold && lower(pattern[p]) == lower(s[i])):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
