// Package staffing changes who works in an instance: users with their
// proficiencies, the hierarchy of their groups, and the predefined attributes by which
// they are told apart.
//
// Every function makes one change of the catalog: it blocks until the change is
// durable, is whole or not made at all, and returns a *center.Error unless the
// store fails. What a user refers to is there when the change is made, and cannot
// be deleted afterwards. Passwords come as hashes and are never read here. Start
// reading at [CreateUser] and [CreateGroup].
package staffing

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"parley.example/parley/internal/center"
)

// text refuses a text of a request that is longer than most characters, has control
// characters, or is not in Normalization Form C: the service takes no other ("Inputs must be in Unicode
// Normalization Form C", API reference), so that what looks alike is alike.
func text(member, s string, most int) error {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return center.Errorf(center.Invalid, "%s is not UTF-8", member)
	case strings.ContainsFunc(s, unicode.IsControl):
		return center.Errorf(center.Invalid, "%s has a control character", member)
	case n > most:
		return center.Errorf(center.Invalid, "%s may have %d characters; it has %d", member, most, n)
	case !norm.NFC.IsNormalString(s):
		return center.Errorf(center.Invalid, "%s is not in Unicode Normalization Form C (NFC), which has one character for a letter with its accent", member)
	}
	return nil
}

// named is [text] for a name, which is not empty either.
func named(member, s string, most int) error {
	if strings.TrimSpace(s) == "" {
		return center.Errorf(center.Invalid, "%s is empty", member)
	}
	return text(member, s, most)
}

// once refuses a list that says something twice; what names it.
func once[T any, K comparable](list []T, key func(T) K, what func(T) string) error {
	for i, e := range list {
		if slices.ContainsFunc(list[:i], func(f T) bool { return key(f) == key(e) }) {
			return center.Errorf(center.BadRequest, "%s is there twice", what(e))
		}
	}
	return nil
}

// isWord reports whether a character may be in the name or a value of a predefined attribute:
// a letter, a separator, a digit or one of others.
func isWord(r rune, others string) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.In(r, unicode.Z) || strings.ContainsRune(others, r)
}
