package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Params are the Parameters of an action. The methods read one of them and
// return an error, written for the flow's author, when it cannot be used.
type Params map[string]json.RawMessage

// Given returns those of some parameters that are there.
func (p Params) Given(names []string) (given []string) {
	for _, name := range names {
		if p.Has(name) {
			given = append(given, name)
		}
	}
	return given
}

// Has reports whether a parameter is there and not null.
func (p Params) Has(name string) bool {
	raw, ok := p[name]
	return ok && string(raw) != "null"
}

// Scalar reads a string, a number or a boolean as text, since exports
// write numbers and booleans both ways.
func Scalar(raw json.RawMessage) (text string, ok bool) {
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

// Literal reads a scalar as it stands; "" when it is missing.
func (p Params) Literal(name string) (string, error) {
	if !p.Has(name) {
		return "", nil
	}
	s, ok := Scalar(p[name])
	if !ok {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return s, nil
}

// Template reads a scalar with references in it; the empty template when it is
// missing.
func (p Params) Template(name string) (Template, error) {
	s, err := p.Literal(name)
	return Compile(s), err
}

// Pair is a member of an object in the order of the document.
type Pair struct {
	Key   string
	Value json.RawMessage
}

// Pairs reads an object in the order of the document, which decides which of
// two keys that turn out equal wins.
func (p Params) Pairs(name string) ([]Pair, error) {
	if !p.Has(name) {
		return nil, nil
	}
	pairs, err := ordered(p[name])
	if err != nil {
		return nil, fmt.Errorf("%s is not an object", name)
	}
	return pairs, nil
}

func ordered(raw json.RawMessage) ([]Pair, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('{') {
		return nil, errors.New("no object")
	}
	var pairs []Pair
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		pairs = append(pairs, Pair{key.(string), value})
	}
	return pairs, nil
}

// List reads an array of texts.
func (p Params) List(name string) ([]string, error) {
	if !p.Has(name) {
		return nil, nil
	}
	var texts []string
	if err := json.Unmarshal(p[name], &texts); err != nil {
		return nil, fmt.Errorf("%s is not a list of strings", name)
	}
	return texts, nil
}

// Assignment is one key of a map of attributes with its value.
type Assignment struct{ Key, Value Template }

// Assignments reads a map of texts whose keys and values may hold references.
func (p Params) Assignments(name string) ([]Assignment, error) {
	pairs, err := p.Pairs(name)
	if err != nil {
		return nil, err
	}
	list := make([]Assignment, 0, len(pairs))
	for _, pair := range pairs {
		text, ok := Scalar(pair.Value)
		if !ok {
			return nil, fmt.Errorf("%s.%s is not a string", name, Clip(pair.Key))
		}
		list = append(list, Assignment{Compile(pair.Key), Compile(text)})
	}
	return list, nil
}

// Parameter is one key of what is passed to a function or a module, with its
// value, which may be any JSON.
type Parameter struct {
	Key   Template
	Value Tree
}

// Parameters reads an object whose keys and values, those deep inside too, may
// hold references.
func (p Params) Parameters(name string) ([]Parameter, error) {
	pairs, err := p.Pairs(name)
	if err != nil {
		return nil, err
	}
	list := make([]Parameter, 0, len(pairs))
	for _, pair := range pairs {
		v, err := Decode(pair.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, Parameter{Compile(pair.Key), CompileTree(v)})
	}
	return list, nil
}

// Members reads a parameter that is an object; a missing one has no members.
// Documents spell LexInitializationData also without its second "a".
func (p Params) Members(name string) (Params, error) {
	raw, ok := p[name]
	if !ok && name == "LexInitializationData" {
		raw, ok = p["LexInitializtionData"]
	}
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	inner, err := Object(raw)
	if err != nil {
		return nil, errors.New(name + " is not an object")
	}
	return inner, nil
}

// Object reads a JSON object into its members. Unlike decoding into a struct
// it distinguishes names by case.
func Object(raw []byte) (Params, error) {
	var members Params
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, errors.New("null")
	}
	return members, nil
}
