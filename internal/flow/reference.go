package flow

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reference is one reference of the flow language, as in $.Attributes.name or
// $['Attributes']['first name'], taken apart once when the flow is parsed.
type Reference struct {
	Raw  string
	Name string   // of the root: "Attributes"
	Root *Root    // nil when no such root exists: the value is null
	Path []string // below the root
	// Behind is what stands behind Raw as one more key would, in a form that no
	// key has: ".ключ", "[first name]". Where Path leads to a text, a number or a
	// boolean, it is text like any other; else the author meant a key, and the
	// value is null.
	Behind string
}

// String is the reference as it was written.
func (r *Reference) String() string { return r.Raw + r.Behind }

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
// belongs to the sentence. What is written like a further key and is none, such
// as a name of other letters, is [Reference.Behind], which size includes.
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
	if r.Root == nil || !r.Root.Flat || r.Path == nil {
		r.Behind = s[size : size+scanBehind(s[size:])]
	}
	return r, size + len(r.Behind), true
}

// scanBehind returns how many bytes of s are written like keys of a reference
// that ends there, when the first of them is none:
//
//	behind  = no-key { no-key | next }
//	no-key  = "." word | [ "." ] bracket
//	word    = characters of names, with letters, digits and symbols of all scripts; not a "-" at the end
//	bracket = "[" { any character but "[", "]", "$" and line breaks } "]" | "[" [ quote ] [ word ]
//
// The second form of a bracket is one that is not closed.
func scanBehind(s string) (size int) {
	for n := scanNoKey(s); n > 0; n = scanNoKey(s[size:]) {
		size += n
		for _, n, ok := scanSegment(s[size:], false); ok; _, n, ok = scanSegment(s[size:], false) {
			size += n
		}
	}
	return size
}

func scanNoKey(s string) int {
	rest, dotted := strings.CutPrefix(s, ".")
	if inside, bracket := strings.CutPrefix(rest, "["); bracket {
		if end := strings.IndexAny(inside, "[]$\r\n"); end >= 0 && inside[end] == ']' {
			return len(s) - len(inside) + end + 1
		}
		inside = strings.TrimLeft(inside, `'"`)
		return len(s) - len(inside) + scanWord(inside)
	}
	if n := scanWord(rest); dotted && n > 0 {
		return 1 + n
	}
	return 0
}

// scanWord returns how many bytes of s are of one word.
func scanWord(s string) int {
	end := strings.IndexFunc(s, func(c rune) bool {
		if c < utf8.RuneSelf {
			return !isNameByte(byte(c), false, false)
		}
		return unicode.IsSpace(c) || unicode.IsPunct(c)
	})
	if end < 0 {
		end = len(s)
	}
	return len(strings.TrimRight(s[:end], "-"))
}

// latin reports whether s begins with a letter of the Latin script that ASCII
// does not have, or with an accent: behind a name of ASCII it is a part of that,
// as in "größe", while letters of other scripts begin something new.
func latin(s string) bool {
	c, _ := utf8.DecodeRuneInString(s)
	return c >= utf8.RuneSelf && c < 0x2000 && (unicode.Is(unicode.Latin, c) && unicode.In(c, unicode.Ll, unicode.Lu) || unicode.Is(unicode.Mn, c))
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
	if latin(rest[end:]) {
		return "", 0, false
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
