// Package words divides what people say into words, in the one way in which transcripts are indexed and
// searched. It is pure, so that every store finds the same.
//
// A word is a run of letters and digits, of whichever script, with capitals and diacritics folded: "Café" and
// "CAFE" are the same word, as are "Straße" and "strasse", and wide and narrow forms. Of scripts that are written without spaces
// (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each character is a word. Everything else
// separates words: punctuation, symbols, emoji. What is written without white space is a term:
// "don't", "AB-1234" and "東京駅" are terms of several words, which are found next to each other and in this order.
package words

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord is how many letters of a word count. What is longer is no word that somebody looks for.
const maxWord = 64

// Terms returns the terms of a text in their order, each with the words it is made of. A term without words is left out.
func Terms(text string) [][]string {
	var terms [][]string
	for field := range strings.FieldsSeq(fold(text)) {
		if words := split(field); len(words) > 0 {
			terms = append(terms, words)
		}
	}
	return terms
}

// Count returns how many words a text has.
func Count(text string) (n int) {
	for _, term := range Terms(text) {
		n += len(term)
	}
	return n
}

// Append appends the words of a text to a line, with a space between, until the line has about limit bytes.
func Append(line *strings.Builder, text string, limit int) {
	for _, term := range Terms(text) {
		for _, word := range term {
			if line.Len() >= limit {
				return
			}
			if line.Len() > 0 {
				line.WriteByte(' ')
			}
			line.WriteString(word)
		}
	}
}

// split divides a folded text without white space.
func split(field string) (words []string) {
	var word strings.Builder
	letters := 0
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
		letters = 0
	}
	for _, r := range field {
		switch {
		case unicode.In(r, unspaced...):
			end()
			words = append(words, string(r))
		case unicode.In(r, unicode.Letter, unicode.Digit, unicode.Mark):
			if letters++; letters <= maxWord {
				word.WriteRune(r)
			}
		default:
			end()
		}
	}
	end()
	return words
}

// unspaced are the scripts that are written without spaces between words.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// folded are letters that have no decomposition into what they are looked for by.
var folded = map[rune]string{'ß': "ss", 'ς': "σ", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ł': "l", 'ħ': "h", 'ı': "i", 'þ': "th"}

// fold takes away what does not count: capitals, diacritics and variants of form.
func fold(text string) string {
	if plain := strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) < 0; plain {
		return strings.ToLower(text)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(text) {
		if diacritic(r) {
			continue
		}
		r = unicode.ToLower(r)
		if as, ok := folded[r]; ok {
			b.WriteString(as)
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// diacritic reports whether a mark is one that readers leave out: accents of Latin, Greek and Cyrillic letters, the
// points of Hebrew and the vowels of Arabic. The vowel signs of other scripts are as good as letters.
func diacritic(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036f, r >= 0x0591 && r <= 0x05c7 && r != 0x05be && r != 0x05c0 && r != 0x05c3 && r != 0x05c6, r >= 0x064b && r <= 0x065f, r == 0x0670:
		return true
	}
	return false
}
