package codegen

import (
	"fmt"
	"regexp"
	"strings"
)

// corrections replace patterns of the model that cannot be meant: taken literally they would refuse
// every value the service accepts.
var corrections = map[string]string{
	// One character, although the length allows 64 and every other digest of the model has 64.
	"com.amazonaws.connect#ViewContentSha256": "^[a-zA-Z0-9]+$",
	// In slashes, as if it were JavaScript, and with a class that amounts to \S.
	"com.amazonaws.connect#Password": `^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)\S{8,64}$`,
	// A start and any number of anything.
	"com.amazonaws.connect#PhoneNumberDescription":     "^",
	"com.amazonaws.connect#PhoneNumberWorkflowMessage": "^",
}

// space is what \s means in ECMA 262, written for the inside of a class.
const space = `\t-\r \x{a0}\x{feff}\x{2028}\x{2029}\p{Zs}`

// doubled finds escapes that were escaped twice on their way into the model, as in [\\P{C}]. No
// pattern of the models means a backslash itself.
var doubled = regexp.MustCompile(`\\\\(\S)`)

// condition is a pattern in Go's syntax and whether it must match or must not.
type condition struct {
	expr string
	want bool
}

// intended is the pattern of the shape as it was meant.
func intended(s *Shape) string {
	if better, ok := corrections[s.ID]; ok {
		return better
	}
	return doubled.ReplaceAllString(s.Traits.Pattern, `\$1`)
}

// translatePattern turns a pattern of ECMA 262 into Go's syntax. Look-aheads at the very start,
// ^(?!...) and ^(?=...), become conditions of their own, in front of the pattern without them;
// anything else that Go's regular expressions cannot do is an error.
func translatePattern(pattern string) ([]condition, error) {
	if strings.HasPrefix(pattern, "(?") && !strings.HasPrefix(pattern, "(?:") {
		pattern = "^" + pattern // without an anchor a look-ahead could be dodged by starting later
	}
	var list []condition
	for strings.HasPrefix(pattern, "^(?!") || strings.HasPrefix(pattern, "^(?=") {
		ahead, after, ok := strings.Cut(pattern[len("^(?!"):], ")")
		if !ok || strings.Contains(ahead, "(") {
			return nil, fmt.Errorf("a look-ahead cannot hold a group")
		}
		expr, err := translateSyntax("^(?:" + ahead + ")")
		if err != nil {
			return nil, err
		}
		list = append(list, condition{expr, pattern[len("^(?")] == '='})
		pattern = "^" + after
	}
	expr, err := translateSyntax(pattern)
	return append(list, condition{expr, true}), err
}

// translateSyntax writes in Go's syntax what ECMA 262 spells or means differently.
func translateSyntax(pattern string) (string, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			text, err := translateEscape(pattern, &i, class)
			if err != nil {
				return "", err
			}
			b.WriteString(text)
		case strings.HasPrefix(pattern[i:], `[\S]`) && !class: // the class and the escape are the same
			b.WriteString("[^" + space + "]")
			i += len(`[\S]`) - 1
		case c == '[' && class:
			b.WriteString(`\[`)
		case c == '.' && !class:
			b.WriteString(`[^\n\r\x{2028}\x{2029}]`)
		default:
			class = c == '[' || class && c != ']'
			b.WriteByte(c)
		}
	}
	_, err := regexp.Compile(b.String())
	return b.String(), err
}

// translateEscape translates the escape whose letter is at *i and moves *i to its last character.
func translateEscape(pattern string, i *int, class bool) (string, error) {
	switch c := pattern[*i]; c {
	case 'u':
		if *i+5 > len(pattern) {
			return "", fmt.Errorf(`\u without four digits`)
		}
		digits := pattern[*i+1 : *i+5]
		*i += 4
		return `\x{` + digits + `}`, nil
	case 's':
		if class {
			return space, nil
		}
		return "[" + space + "]", nil
	case 'S':
		if class {
			return "", fmt.Errorf(`\S among other characters of a class`)
		}
		return "[^" + space + "]", nil
	default:
		return `\` + string(c), nil
	}
}
