package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// params are the Parameters of an action. The methods read one for a step and
// return an error in the words of a flow's author when it cannot be used.
type params map[string]json.RawMessage

// has reports whether a parameter is there and not null.
func (p params) has(name string) bool {
	raw, ok := p[name]
	return ok && string(raw) != "null"
}

// scalarText reads a string, a number or a boolean as text, since exports
// write numbers and booleans both ways.
func scalarText(raw json.RawMessage) (text string, ok bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "", false
	}
	switch c := raw[0]; {
	case c == '"':
		return text, json.Unmarshal(raw, &text) == nil
	case c == 't', c == 'f', c == '-', isDigit(c):
		return string(raw), true
	}
	return "", false
}

// literal reads a scalar as it stands; "" when it is missing.
func (p params) literal(name string) (string, error) {
	if !p.has(name) {
		return "", nil
	}
	s, ok := scalarText(p[name])
	if !ok {
		return "", fmt.Errorf("%s is not a text", name)
	}
	return s, nil
}

// template reads a scalar with references in it; the empty template when it is
// missing.
func (p params) template(name string) (template, error) {
	s, err := p.literal(name)
	return compile(s), err
}

// pair is a member of an object in the order of the document.
type pair struct {
	key   string
	value json.RawMessage
}

// pairs reads an object in the order of the document, which decides which of
// two keys that turn out equal wins.
func (p params) pairs(name string) ([]pair, error) {
	if !p.has(name) {
		return nil, nil
	}
	pairs, err := ordered(p[name])
	if err != nil {
		return nil, fmt.Errorf("%s is not an object", name)
	}
	return pairs, nil
}

func ordered(raw json.RawMessage) ([]pair, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('{') {
		return nil, errors.New("no object")
	}
	var pairs []pair
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key.(string), value})
	}
	return pairs, nil
}

// list reads an array of texts.
func (p params) list(name string) ([]string, error) {
	if !p.has(name) {
		return nil, nil
	}
	var texts []string
	if err := json.Unmarshal(p[name], &texts); err != nil {
		return nil, fmt.Errorf("%s is not a list of texts", name)
	}
	return texts, nil
}

// assignment is one key of a map of attributes with its value.
type assignment struct{ key, value template }

// assignments reads a map of texts whose keys and values may hold references.
func (p params) assignments(name string) ([]assignment, error) {
	pairs, err := p.pairs(name)
	if err != nil {
		return nil, err
	}
	list := make([]assignment, 0, len(pairs))
	for _, pair := range pairs {
		text, ok := scalarText(pair.value)
		if !ok {
			return nil, fmt.Errorf("%s.%s is not a text", name, clip(pair.key))
		}
		list = append(list, assignment{compile(pair.key), compile(text)})
	}
	return list, nil
}

// parameter is one key of what is passed to a function or a module, with its
// value, which may be any JSON.
type parameter struct {
	key   template
	value tree
}

// parameters reads an object whose keys and values, those deep inside too, may
// hold references.
func (p params) parameters(name string) ([]parameter, error) {
	pairs, err := p.pairs(name)
	if err != nil {
		return nil, err
	}
	list := make([]parameter, 0, len(pairs))
	for _, pair := range pairs {
		v, err := decode(pair.value)
		if err != nil {
			return nil, err
		}
		list = append(list, parameter{compile(pair.key), compileTree(v)})
	}
	return list, nil
}

// isTrue reads a boolean that a parameter gives as text.
func isTrue(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "true") }
