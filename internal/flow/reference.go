package flow

import (
	"strings"
)

// Reference is one reference of the flow language, as in $.Attributes.name or
// $['Attributes']['first name'], taken apart once when the flow is parsed.
type Reference struct {
	Raw  string
	Name string   // of the root: "Attributes"
	Root *Root    // nil when no such root exists: the value is null
	Path []string // below the root
}

// Namespace is what the designer calls the root of the reference.
func (r *Reference) Namespace() string {
	if r.Root == nil || r.Root.Namespace == "" {
		return "System"
	}
	return r.Root.Namespace
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
func scanReference(s string) (r Reference, size int, ok bool) {
	if !strings.HasPrefix(s, "$") {
		return r, 0, false
	}
	name, n, ok := scanSegment(s[1:], true)
	if !ok {
		return r, 0, false
	}
	size = 1 + n
	r.Name, r.Root = name, roots[name]
	for {
		segment, n, ok := scanSegment(s[size:], false)
		if !ok {
			break
		}
		r.Path = append(r.Path, segment)
		size += n
	}
	r.Raw = s[:size]
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
