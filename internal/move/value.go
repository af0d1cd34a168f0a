package move

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// form says how a value lies in the tables, and so how it is read and written. In lines there are texts, numbers, true, and JSON as it is.
type form int

const (
	text  form = iota // a text
	ident             // a text that the embedded store packs when it is a UUID
	whole             // an integer
	flag              // true, or nothing
	doc               // a text of JSON
	body              // bytes, which are JSON most of the time
)

// member is a member of the lines of a kind.
type member struct {
	name string
	form form
	from string // the expression that it is read by
	to   string // the column that it is written to; "" when it is written in another way
	with string // the expression that it is written by, around a ?; "" for the value itself
}

// plain is a JSON value that a line can hold as it is: on one line, without space around it, and of characters.
func plain(b []byte) bool {
	return json.Valid(b) && utf8.Valid(b) && !bytes.ContainsAny(b, "\n\r") && len(bytes.TrimSpace(b)) == len(b)
}

// appendMember adds a member to a line that has one already. What no line can hold as it is comes in base64, in a member whose name ends in 64.
func appendMember(line []byte, m *member, v any) ([]byte, error) {
	name := func(suffix string) { line = append(append(append(line, `,"`...), m.name...), suffix+`":`...) }
	in64 := func(b []byte) {
		name("64")
		line = append(base64.StdEncoding.AppendEncode(append(line, '"'), b), '"')
	}
	switch v := v.(type) {
	case nil:
	case int64:
		name("")
		line = strconv.AppendInt(line, v, 10)
	case bool:
		if v {
			name("")
			line = append(line, "true"...)
		}
	case string:
		switch {
		case m.form == doc && plain([]byte(v)):
			name("")
			line = append(line, v...)
		case m.form == doc || !utf8.ValidString(v):
			in64([]byte(v))
		default:
			name("")
			line = appendText(line, v)
		}
	case []byte:
		if plain(v) {
			name("")
			line = append(line, v...)
		} else {
			in64(v)
		}
	default:
		return nil, fmt.Errorf("%s is a %T", m.name, v)
	}
	return line, nil
}

const hexits = "0123456789abcdef"

// appendText writes a string of JSON in the one way that the format knows: of what need not be escaped nothing is.
func appendText(line []byte, s string) []byte {
	line = append(line, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			line = append(line, '\\', c)
		case c < ' ':
			line = append(line, '\\', 'u', '0', '0', hexits[c>>4], hexits[c&15])
		default:
			line = append(line, c)
		}
	}
	return append(line, '"')
}

// valueOf reads a member of a line: nil when it has none. The types are those of [appendMember].
func valueOf(line map[string]json.RawMessage, m *member) (any, error) {
	raw, ok := line[m.name]
	coded, in64 := line[m.name+"64"]
	switch {
	case in64:
		var b []byte
		if err := json.Unmarshal(coded, &b); err != nil {
			return nil, fmt.Errorf("%s64: %w", m.name, err)
		}
		if m.form == body {
			return b, nil
		}
		return string(b), nil
	case !ok:
		if m.form == flag {
			return false, nil
		}
		return nil, nil
	}
	switch m.form {
	case whole:
		var n int64
		if err := json.Unmarshal(raw, &n); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		return n, nil
	case flag:
		var b bool
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		return b, nil
	case doc:
		return string(raw), nil
	case body:
		return []byte(raw), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return s, nil
}
