package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Members keeps the order of the model, which is the order a reader knows.
type Members []*Member

// UnmarshalJSON reads an object member by member.
func (m *Members) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		one := &Member{}
		if err := d.Decode(one); err != nil {
			return fmt.Errorf("member %v: %w", name, err)
		}
		one.Name, _ = name.(string)
		*m = append(*m, one)
	}
	return nil
}

// ignored are traits without an influence on the generated code.
var ignored = []string{
	"smithy.api#idempotent", "smithy.api#retryable", "smithy.api#input",
	"smithy.api#output", "smithy.api#title", "aws.protocols#restJson1", "aws.auth#unsignedPayload",
}

// UnmarshalJSON reads the traits of one shape or member and refuses those it does not know.
func (t *Traits) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for id, value := range all {
		if slices.Contains(ignored, id) {
			continue
		}
		if err := t.set(id, value); err != nil {
			return fmt.Errorf("trait %s: %w", id, err)
		}
	}
	return nil
}

func (t *Traits) set(id string, value json.RawMessage) error {
	flags := map[string]*bool{
		"smithy.api#required":         &t.Required,
		"smithy.api#sensitive":        &t.Sensitive,
		"smithy.api#deprecated":       &t.Deprecated,
		"smithy.api#readonly":         &t.ReadOnly,
		"smithy.api#idempotencyToken": &t.IdempotencyToken,
		"smithy.api#httpLabel":        &t.Label,
	}
	if flag := flags[id]; flag != nil {
		*flag = true
		return nil
	}
	values := map[string]any{
		"smithy.api#documentation":   &t.Documentation,
		"smithy.api#httpQuery":       &t.Query,
		"smithy.api#httpHeader":      &t.Header,
		"smithy.api#jsonName":        &t.JSONName,
		"smithy.api#enumValue":       &t.EnumValue,
		"smithy.api#timestampFormat": &t.TimestampFormat,
		"smithy.api#pattern":         &t.Pattern,
		"smithy.api#length":          &t.Length,
		"smithy.api#range":           &t.Range,
		"smithy.api#error":           &t.Error,
		"smithy.api#httpError":       &t.HTTPError,
		"smithy.api#http":            &t.HTTP,
		"aws.auth#sigv4":             &struct{ Name *string }{&t.SigningName},
		"aws.api#service":            &struct{ EndpointPrefix *string }{&t.EndpointPrefix},
		"smithy.api#paginated":       &t.Paginated,
	}
	target := values[id]
	if target == nil {
		return fmt.Errorf("not supported")
	}
	return json.Unmarshal(value, target)
}

// prelude are the shapes every model may use without defining them.
var prelude = map[string]string{
	"String": "string", "Boolean": "boolean", "Integer": "integer", "Long": "long", "Float": "float",
	"Double": "double", "Timestamp": "timestamp", "Blob": "blob", "Document": "document", "Unit": "unit",
}

// Read loads a model of exactly one service. Every reference in it resolves.
func Read(data []byte) (*Model, error) {
	var file struct{ Shapes map[string]*Shape }
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	m := &Model{Shapes: file.Shapes}
	for name, typ := range prelude {
		m.Shapes["smithy.api#"+name] = &Shape{Type: typ}
	}
	for id, s := range m.Shapes {
		s.ID = id
		if s.Type != "service" {
			continue
		}
		if m.Service != nil {
			return nil, fmt.Errorf("read model: services %s and %s; one is expected", m.Service.ID, id)
		}
		m.Service = s
	}
	if m.Service == nil {
		return nil, fmt.Errorf("read model: no service")
	}
	if err := m.extendEnums(); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	for id, s := range m.Shapes {
		for _, ref := range s.references() {
			if m.Shapes[ref.Target] == nil {
				return nil, fmt.Errorf("read model: %s refers to %s, which does not exist", id, ref.Target)
			}
		}
	}
	m.analyse()
	return m, m.check()
}
