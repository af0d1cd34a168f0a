package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const (
	versionNow = "2012-10-17" // has policy variables
	versionOld = "2008-10-17" // what a document without a Version has
)

// manner is how a document is read.
type manner int

const (
	strict  manner = iota // for a new key
	patient               // for one that was accepted already
)

// compile reads a policy document.
func compile(document []byte, m manner) (Policy, error) {
	var p Policy
	var statements json.RawMessage
	version := versionOld
	err := members(document, "policy", map[string]func(json.RawMessage) error{
		"Version": func(raw json.RawMessage) error {
			if err := readText(raw, &version); err != nil {
				return err
			}
			if version != versionNow && version != versionOld {
				return fmt.Errorf("%q is not supported; use %q", version, versionNow)
			}
			return nil
		},
		"Id":        func(raw json.RawMessage) error { return readText(raw, new(string)) },
		"Statement": func(raw json.RawMessage) error { statements = raw; return nil },
	})
	if err != nil {
		return p, err
	}
	if statements == nil {
		return p, errors.New("the policy has no Statement")
	}
	list, err := elements(statements)
	if err != nil {
		return p, fmt.Errorf("the Statement of the policy: %w", err)
	}
	sids := map[string]bool{}
	for i, raw := range list {
		s, err := compileStatement(raw, version == versionNow, m)
		if err == nil && m == strict && s.sid != "" {
			if sids[s.sid] {
				err = fmt.Errorf("another statement has the Sid %q", s.sid)
			}
			sids[s.sid] = true
		}
		if err != nil {
			return p, fmt.Errorf("%s of the policy: %w", statementName(i, s.sid), err)
		}
		p.statements = append(p.statements, s)
	}
	p.text = compact(document)
	p.full = len(p.statements) > 0
	for _, s := range p.statements {
		p.full = p.full && !s.deny && !s.exceptActions && !s.exceptThese && len(s.conditions) == 0 && s.actions.everything() && s.resources.everything()
	}
	return p, nil
}

func compileStatement(raw json.RawMessage, variables bool, m manner) (s statement, err error) {
	var effect string
	var actions, notActions, resources, notResources []string
	texts := func(into *[]string) func(json.RawMessage) error {
		return func(raw json.RawMessage) (err error) {
			*into, err = readTexts(raw)
			if err == nil && len(*into) == 0 {
				err = errors.New("it is empty")
			}
			return err
		}
	}
	err = members(raw, "statement", map[string]func(json.RawMessage) error{
		"Sid":         func(raw json.RawMessage) error { return readText(raw, &s.sid) },
		"Effect":      func(raw json.RawMessage) error { return readText(raw, &effect) },
		"Action":      texts(&actions),
		"NotAction":   texts(&notActions),
		"Resource":    texts(&resources),
		"NotResource": texts(&notResources),
		"Condition": func(raw json.RawMessage) (err error) {
			s.conditions, err = compileConditions(raw, variables)
			return err
		},
	})
	switch {
	case err != nil:
		return s, err
	case effect != "Allow" && effect != "Deny":
		return s, fmt.Errorf("the Effect is %q; it must be Allow or Deny", effect)
	case (actions == nil) == (notActions == nil):
		return s, errors.New("it needs either an Action or a NotAction")
	case (resources == nil) == (notResources == nil):
		return s, errors.New("it needs either a Resource or a NotResource")
	case m == strict && strings.Trim(s.sid, sidChars) != "":
		return s, errors.New("a Sid has letters and digits only")
	}
	s.deny = effect == "Deny"
	s.exceptActions, s.exceptThese = notActions != nil, notResources != nil
	for _, text := range slices.Concat(actions, notActions) {
		if text != "*" && !strings.Contains(text, ":") {
			return s, fmt.Errorf("action %q has no service prefix; write connect:%s", text, text)
		}
		p, err := compilePattern(text, syntax{wildcards: true})
		if err == nil && m == strict && strings.Contains(text, "${") {
			err = errors.New("policy variables can stand in resources and conditions only")
		}
		if err != nil {
			return s, fmt.Errorf("action %q: %w", text, err)
		}
		s.actions = append(s.actions, p)
	}
	for _, text := range slices.Concat(resources, notResources) {
		p, err := compilePattern(text, syntax{wildcards: true, variables: variables})
		if err == nil && m == strict {
			err = p.checkResource()
		}
		if err == nil && text == "" {
			err = errors.New("it is empty")
		}
		if err != nil {
			return s, fmt.Errorf("resource %q: %w", text, err)
		}
		s.resources = append(s.resources, p)
	}
	return s, nil
}

const sidChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// checkResource says what is wrong with the pattern as one of resources.
func (p pattern) checkResource() error {
	if p.text == anything {
		return nil
	}
	if !strings.HasPrefix(p.text, "arn:") || strings.Count(p.text, ":") < 5 && !strings.HasSuffix(p.text, anything) {
		return errors.New(`it must be "*" or an ARN, as in arn:aws:connect:*:*:instance/INSTANCE/contact-flow/*`)
	}
	for _, h := range p.holes {
		if strings.Count(p.text[:h.at], ":") < 5 {
			return errors.New("a policy variable can only stand behind the fifth colon of an ARN")
		}
	}
	return nil
}

// compileConditions reads operators, below them keys, and below those values.
func compileConditions(raw json.RawMessage, variables bool) (all []condition, err error) {
	operators, err := membersOf(raw)
	if err != nil {
		return nil, err
	}
	for _, op := range operators {
		keys, err := membersOf(op.raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.name, err)
		}
		if len(keys) == 0 {
			return nil, fmt.Errorf("operator %s has no key", op.name)
		}
		for _, key := range keys {
			values, err := readScalars(key.raw)
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", op.name, key.name, err)
			}
			c, err := compileCondition(op.name, key.name, values, variables)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// member is one member of a JSON object.
type member struct {
	name string
	raw  json.RawMessage
}

// membersOf returns the members of an object in their order. One that is there twice is refused: decoders
// differ in which of the two counts.
func membersOf(raw []byte) (all []member, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	open, err := d.Token()
	if err == nil && open != json.Delim('{') {
		return nil, errors.New("must be a JSON object")
	}
	for err == nil && d.More() {
		var m member
		var name json.Token
		if name, err = d.Token(); err != nil {
			break
		}
		m.name, _ = name.(string) // the name of a member is always one
		if err = d.Decode(&m.raw); err != nil {
			break
		}
		if slices.ContainsFunc(all, func(o member) bool { return o.name == m.name }) {
			return nil, fmt.Errorf("%s is there twice", m.name)
		}
		all = append(all, m)
	}
	if err == nil {
		_, err = d.Token()
	}
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is more text behind it")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	return all, nil
}

// members hands the members of an object to those who read them.
func members(raw []byte, what string, read map[string]func(json.RawMessage) error) error {
	all, err := membersOf(raw)
	if err != nil {
		return fmt.Errorf("the %s: %w", what, err)
	}
	for _, m := range all {
		if m.name == "Principal" || m.name == "NotPrincipal" {
			return fmt.Errorf("%s belongs into policies of resources; the policy of a key is for the owner of the key", m.name)
		}
		f, ok := read[m.name]
		if !ok {
			return fmt.Errorf("a %s has no element %q; its elements are %s", what, m.name, strings.Join(slices.Sorted(maps.Keys(read)), ", "))
		}
		if err := f(m.raw); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// elements returns the elements of a list, or the one thing that stands in its place.
func elements(raw json.RawMessage) ([]json.RawMessage, error) {
	if len(raw) > 0 && raw[0] == '{' {
		return []json.RawMessage{raw}, nil
	}
	var many []json.RawMessage
	if err := json.Unmarshal(raw, &many); err != nil {
		return nil, errors.New("must be a statement or a list of statements")
	}
	return many, nil
}

func readText(raw json.RawMessage, into *string) error {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, into) != nil {
		return errors.New("must be a string")
	}
	return nil
}

// readTexts reads a string or a list of strings.
func readTexts(raw json.RawMessage) ([]string, error) {
	var one string
	if readText(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []*string
	if json.Unmarshal(raw, &many) != nil || many == nil || slices.Contains(many, nil) {
		return nil, errors.New("must be a string or a list of strings")
	}
	texts := make([]string, len(many))
	for i, s := range many {
		texts[i] = *s
	}
	return texts, nil
}

// readScalars reads a string, number or truth value, or a list of them, as texts.
func readScalars(raw json.RawMessage) ([]string, error) {
	many := []json.RawMessage{raw}
	if len(raw) > 0 && raw[0] == '[' {
		if err := json.Unmarshal(raw, &many); err != nil {
			return nil, err
		}
	}
	texts := make([]string, len(many))
	for i, one := range many {
		switch {
		case len(one) > 0 && one[0] == '"':
			if err := readText(one, &texts[i]); err != nil {
				return nil, err
			}
		case len(one) == 0 || strings.ContainsRune("{[n", rune(one[0])):
			return nil, errors.New("a value must be a string, a number, true or false")
		default:
			texts[i] = string(one)
		}
	}
	return texts, nil
}
