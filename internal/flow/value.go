package flow

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value is what a reference stands for: null (the zero value), a text, or
// another JSON value.
type Value struct {
	kind valueKind
	str  string
	data any // of kindData: as Decode reads it
}

type valueKind uint8

const (
	kindNull valueKind = iota
	kindText
	kindData
)

// TextValue is the value of a text, empty or not.
func TextValue(s string) Value { return Value{kind: kindText, str: s} }

// KnownValue is TextValue for data whose empty value means that it is not there.
func KnownValue(s string) Value {
	if s == "" {
		return Value{}
	}
	return TextValue(s)
}

// DataValue is the value of decoded JSON.
func DataValue(v any) Value {
	switch v := v.(type) {
	case nil:
		return Value{}
	case string:
		return TextValue(v)
	}
	return Value{kind: kindData, data: v}
}

// Null reports whether there is no value.
func (v Value) Null() bool { return v.kind == kindNull }

// IsText reports whether the value is a text.
func (v Value) IsText() bool { return v.kind == kindText }

// Simple reports whether the value is a text, a number or a boolean: not null,
// and nothing that has members.
func (v Value) Simple() bool {
	if v.kind != kindData {
		return v.kind == kindText
	}
	switch v.data.(type) {
	case json.Number, bool:
		return true
	}
	return false
}

// Text renders the value as a text: null as nothing, numbers and booleans
// as JSON writes them, arrays and objects as compact JSON.
func (v Value) Text() string {
	if v.kind != kindData {
		return v.str
	}
	switch d := v.data.(type) {
	case json.Number:
		return d.String()
	case bool:
		return strconv.FormatBool(d)
	}
	return string(Encode(v.data))
}

// Any returns the value for a member that accepts any JSON value.
func (v Value) Any() any {
	switch v.kind {
	case kindText:
		return v.str
	case kindData:
		return v.data
	}
	return nil
}

// HasKey reports whether the value is a map with a key, whatever is there. A
// text is no map, and what a list has are no keys.
func (v Value) HasKey(key string) (ok bool) {
	switch of := v.data.(type) {
	case map[string]any:
		_, ok = of[key]
	case map[string]string:
		_, ok = of[key]
	}
	return ok
}

// Size is how many bytes the value has as text.
func (v Value) Size() int {
	if v.kind == kindData {
		return len(v.Text())
	}
	return len(v.str)
}

// Encode returns v as compact JSON without escapes for HTML. v is of maps,
// slices and scalars that JSON made or that flows build: encoding cannot fail.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Decode reads one JSON value and keeps numbers as they are written.
func Decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// Number reads a decimal integer that a parameter gives as text.
func Number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil
}

// IsTrue reads a boolean that a parameter gives as text.
func IsTrue(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "true") }

// Clip shortens a name from a document for a message.
func Clip(s string) string { return Shorten(s, 60) }

// Shorten shortens s to at most n characters.
func Shorten(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count++; count == n {
			return s[:i] + "…"
		}
	}
	return s
}
