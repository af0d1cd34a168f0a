package restjson

import (
	"fmt"
	"regexp"
	"strings"
)

// whiteSpace is what \s means in ECMA 262, written for the inside of a class.
const whiteSpace = `\t-\r \x{a0}\x{feff}\x{2028}\x{2029}\p{Zs}`

// translatePattern compiles a pattern of ECMA 262. Look-aheads at the very start,
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
		re, err := translateSyntax("^(?:" + ahead + ")")
		if err != nil {
			return nil, err
		}
		list = append(list, condition{re, pattern[len("^(?")] == '='})
		pattern = "^" + after
	}
	re, err := translateSyntax(pattern)
	return append(list, condition{re, true}), err
}

// translateSyntax compiles a pattern without look-aheads, writing in Go's syntax what ECMA 262 spells
// or means differently.
func translateSyntax(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			text, err := translateEscape(pattern, &i, class)
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
		case strings.HasPrefix(pattern[i:], `[\S]`) && !class: // the class and the escape are the same
			b.WriteString("[^" + whiteSpace + "]")
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
	return regexp.Compile(b.String())
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
			return whiteSpace, nil
		}
		return "[" + whiteSpace + "]", nil
	case 'S':
		if class {
			return "", fmt.Errorf(`\S among other characters of a class`)
		}
		return "[^" + whiteSpace + "]", nil
	default:
		return `\` + string(c), nil
	}
}
