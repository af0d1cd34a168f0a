package iam

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// In a compiled pattern these bytes are the wildcards, so that any character can also
// stand for itself. They are control characters: no text that is compared has them.
const (
	run  = 0x00 // any run of characters
	each = 0x01 // any one character
)

// pattern is a text with wildcards and policy variables.
type pattern struct {
	text  string
	holes []hole // in their order
}

// hole is where a pattern has a variable.
type hole struct {
	at       int // in the text
	key      Key
	fallback *string // when the request does not have the key
}

// anything is the pattern that matches everything.
const anything = "\x00"

// syntax says what means something in a pattern besides itself.
type syntax struct{ wildcards, variables bool }

func compilePattern(s string, with syntax) (pattern, error) {
	if strings.ContainsAny(s, "\x00\x01") {
		return pattern{}, fmt.Errorf("%q has a control character", s)
	}
	var p pattern
	var b strings.Builder
	for s != "" {
		switch {
		case with.wildcards && s[0] == '*':
			b.WriteByte(run)
		case with.wildcards && s[0] == '?':
			b.WriteByte(each)
		case with.variables && strings.HasPrefix(s, "${"):
			inside, rest, closed := strings.Cut(s[len("${"):], "}")
			if !closed {
				return pattern{}, fmt.Errorf("the policy variable %q has no closing brace", s)
			}
			s = rest
			if inside == "*" || inside == "?" || inside == "$" {
				b.WriteString(inside)
				continue
			}
			h, err := compileVariable(inside)
			if err != nil {
				return pattern{}, err
			}
			h.at = b.Len()
			p.holes = append(p.holes, h)
			continue
		default:
			b.WriteByte(s[0])
		}
		s = s[1:]
	}
	p.text = b.String()
	return p, nil
}

// compileVariable reads what stands between the braces: a condition key, and perhaps a
// comma and a default in single quotes.
func compileVariable(s string) (hole, error) {
	name, fallback, has := strings.Cut(s, ",")
	k, t, err := parseKey(strings.TrimSpace(name))
	if err != nil {
		return hole{}, fmt.Errorf("policy variable ${%s}: %w", s, err)
	}
	if t.many {
		return hole{}, fmt.Errorf("policy variable ${%s}: a key with several values cannot be one", s)
	}
	h := hole{key: k}
	if has {
		fallback = strings.TrimSpace(fallback)
		if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
			return hole{}, fmt.Errorf("policy variable ${%s}: the default must stand in single quotes", s)
		}
		h.fallback = new(fallback[1 : len(fallback)-1])
	}
	return h, nil
}

// errUnfilled says that a request lacks the key of a variable that has no default. The statement
// with the variable does not apply then, whether it is the variable of a negated condition or not.
var errUnfilled = errors.New("a policy variable has no value")

// filled returns the pattern with the values of its variables in their places, where wildcards mean
// themselves. The errors are errUnfilled and those of the lookup.
func (p pattern) filled(l Lookup) (string, error) {
	if len(p.holes) == 0 {
		return p.text, nil
	}
	var b strings.Builder
	from := 0
	for _, h := range p.holes {
		value, ok, err := l.one(h.key)
		switch {
		case err != nil:
			return "", err
		case !ok && h.fallback == nil:
			return "", errUnfilled
		case !ok:
			value = *h.fallback
		}
		if strings.ContainsAny(value, "\x00\x01") {
			return "", fmt.Errorf("the value of %s has a control character", h.key)
		}
		b.WriteString(p.text[from:h.at])
		b.WriteString(value)
		from = h.at
	}
	b.WriteString(p.text[from:])
	return b.String(), nil
}

// match compares s with the pattern.
func (p pattern) match(s string, fold bool, l Lookup) (bool, error) {
	text, err := p.filled(l)
	return err == nil && glob(text, s, fold), err
}

// patterns are alternatives.
type patterns []pattern

func (ps patterns) match(s string, fold bool, l Lookup) (bool, error) {
	for _, p := range ps {
		if ok, err := p.match(s, fold, l); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// everything reports whether one of the patterns is the one that matches everything.
func (ps patterns) everything() bool {
	for _, p := range ps {
		if p.text == anything && len(p.holes) == 0 {
			return true
		}
	}
	return false
}

// glob compares s with the text of a pattern. It goes back to the last wildcard for a run
// only, which is enough, so its work is bounded by len(text) * len(s).
func glob(text, s string, fold bool) bool {
	if text == anything {
		return true
	}
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(text) && text[p] == run:
			star, from = p, i
			p++
		case p < len(text) && text[p] == each:
			_, size := utf8.DecodeRuneInString(s[i:])
			p++
			i += size
		case p < len(text) && (text[p] == s[i] || fold && lower(text[p]) == lower(s[i])):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(text) && text[p] == run {
		p++
	}
	return p == len(text)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
