package flow

import (
	"strings"
)

// reference is one reference of the flow language, as in $.Attributes.name or
// $['Attributes']['first name'], taken apart once when the flow is parsed.
type reference struct {
	raw  string
	name string   // of the root: "Attributes"
	root *root    // nil when no such root exists: the value is null
	path []string // below the root
}

// scanReference reads the reference that s begins with and returns how many
// bytes it takes. A "$" that begins no reference, as in "$5.00" or "${Name}",
// is ordinary text and gives ok == false.
//
//	ref    = "$" first { next }
//	first  = "." name | "." quoted | quoted
//	next   = "." name | "." index | "." quoted | quoted | "[" digits "]"
//	quoted = "['" { any character but "'" } "']"
//
// Names are of ASCII letters, digits, "_" and "-", so that a reference ends
// where text in a script without spaces begins. A "." or "-" at the end
// belongs to the sentence.
func scanReference(s string) (r reference, size int, ok bool) {
	if !strings.HasPrefix(s, "$") {
		return r, 0, false
	}
	name, n, ok := scanSegment(s[1:], true)
	if !ok {
		return r, 0, false
	}
	size = 1 + n
	r.name, r.root = name, roots[name]
	for {
		segment, n, ok := scanSegment(s[size:], false)
		if !ok {
			break
		}
		r.path = append(r.path, segment)
		size += n
	}
	r.raw = s[:size]
	return r, size, true
}

// scanSegment reads one segment of a path with the dot or the brackets that
// introduce it.
func scanSegment(s string, first bool) (name string, size int, ok bool) {
	rest, dotted := strings.CutPrefix(s, ".")
	if dotted {
		size = 1
	}
	if quoted, found := strings.CutPrefix(rest, "['"); found {
		end := strings.IndexByte(quoted, '\'')
		if end < 0 || !strings.HasPrefix(quoted[end:], "']") {
			return "", 0, false
		}
		return quoted[:end], size + end + len("['']"), true
	}
	if !dotted {
		return scanIndex(rest, first)
	}
	end := 0
	for end < len(rest) && isNameByte(rest[end], end == 0, first) {
		end++
	}
	name = strings.TrimRight(rest[:end], "-")
	return name, size + len(name), name != ""
}

// scanIndex reads "[3]".
func scanIndex(s string, first bool) (digits string, size int, ok bool) {
	if first || !strings.HasPrefix(s, "[") {
		return "", 0, false
	}
	end := 1
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	if end == 1 || end == len(s) || s[end] != ']' {
		return "", 0, false
	}
	return s[1:end], end + 1, true
}

// isNameByte reports whether c may stand in a name: at its beginning only a
// letter, "_" and, below the root, a digit.
func isNameByte(c byte, leading, root bool) bool {
	switch {
	case c|0x20 >= 'a' && c|0x20 <= 'z', c == '_':
		return true
	case isDigit(c):
		return !leading || !root
	}
	return c == '-' && !leading
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// template is a text with references in it, compiled once.
type template struct {
	literal string // the whole text when there are no parts
	parts   []part
}

// part is a piece of a template: a literal, or a reference.
type part struct {
	literal string
	ref     *reference
}

// compile finds the references in s. A pair of backticks directly around a
// reference is dropped.
func compile(s string) template {
	var t template
	done := 0 // what of s is in parts
	for at := 0; at < len(s); {
		i := strings.IndexByte(s[at:], '$')
		if i < 0 {
			break
		}
		from := at + i
		r, size, ok := scanReference(s[from:])
		if !ok {
			at = from + 1
			continue
		}
		to := from + size
		if from > done && s[from-1] == '`' && to < len(s) && s[to] == '`' {
			from, to = from-1, to+1
		}
		if from > done {
			t.parts = append(t.parts, part{literal: s[done:from]})
		}
		t.parts = append(t.parts, part{ref: &r})
		at, done = to, to
	}
	if t.parts == nil {
		t.literal = s
	} else if done < len(s) {
		t.parts = append(t.parts, part{literal: s[done:]})
	}
	return t
}

// whole returns the reference that is the entire template, or nil.
func (t *template) whole() *reference {
	if len(t.parts) == 1 {
		return t.parts[0].ref
	}
	return nil
}

// constant reports whether there is no reference in the template.
func (t *template) constant() bool { return t.parts == nil }

// text returns the template with its references replaced by their values:
// nothing for an undefined one. ok is false when the text would be longer
// than maxText or the run has spent its budget.
func (t *template) text(m *machine) (text string, ok bool) {
	if t.parts == nil {
		return t.literal, m.spend(1)
	}
	if r := t.whole(); r != nil {
		text = m.resolve(r).text()
		return text, len(text) <= maxText && m.spend(len(text))
	}
	b := m.scratch[:0]
	for i := range t.parts {
		p := &t.parts[i]
		if p.ref == nil {
			b = append(b, p.literal...)
		} else {
			b = append(b, m.resolve(p.ref).text()...)
		}
		if len(b) > maxText || m.spent() {
			return "", false
		}
	}
	return string(b), m.spend(len(b))
}

// value returns the value of a template where any JSON value is accepted: what
// is exactly one reference keeps its type, everything else is text.
func (t *template) value(m *machine) (v value, ok bool) {
	if r := t.whole(); r != nil {
		v = m.resolve(r)
		return v, m.spend(v.size())
	}
	text, ok := t.text(m)
	return textValue(text), ok
}
