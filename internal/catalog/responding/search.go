package responding

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// Field is what of a quick response is looked at.
type Field int

// The fields.
const (
	Content Field = iota
	Name
	Description
	Shortcut
)

func (f Field) of(r *catalog.QuickResponse) string {
	return [...]string{r.Content, r.Name, r.Description, r.Shortcut}[f]
}

// Query is what is looked for.
type Query struct {
	In     Field
	Values []string // of which one is enough, with all its words
	Prefix bool     // the last word may be the beginning of one
	Weight int      // how much a match counts
	Fuzzy  bool     // words of four letters or more may be one letter off
}

// Search returns the quick responses that agents of a routing profile have and of which a query matches, those first whose matches
// weigh most, then by name; without queries it returns all. Case and accents do not matter. What it costs grows with the words of
// the quick responses and with those that are looked for, not with the two multiplied.
func Search(all []*catalog.QuickResponse, profile center.RoutingProfileID, queries []Query) []*catalog.QuickResponse {
	type match struct {
		*catalog.QuickResponse
		weight int
	}
	dictionary, wanted := dictionaryOf(queries)
	var found []match
	for _, r := range all {
		if r.Disabled || len(r.Profiles) > 0 && !slices.Contains(r.Profiles, profile) {
			continue
		}
		m := match{r, 0}
		there := map[Field]*text{}
		for i := range queries {
			q := &queries[i]
			if there[q.In] == nil {
				there[q.In] = dictionary.read(q.In.of(r))
			}
			if q.matches(wanted[i], there[q.In]) {
				m.weight += max(1, q.Weight)
			}
		}
		if m.weight > 0 || len(queries) == 0 {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(folded(a.Name), folded(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	ordered := make([]*catalog.QuickResponse, len(found))
	for i, m := range found {
		ordered[i] = m.QuickResponse
	}
	return ordered
}

// matches reports whether all words of one of the values are there.
func (q *Query) matches(values [][]word, there *text) bool {
	return slices.ContainsFunc(values, func(wanted []word) bool {
		for i, w := range wanted {
			begins := q.Prefix && i == len(wanted)-1
			if !there.has[w.number] && !(q.Fuzzy && there.near[w.number]) && !(begins && there.begins(w.text)) {
				return false
			}
		}
		return len(wanted) > 0
	})
}

// word is one that is looked for.
type word struct {
	text   string
	number int // in the dictionary
}

// text is what is there of a field.
type text struct {
	words     map[string]bool
	has, near []bool // by the numbers of words that are looked for: they are there, or one that is a letter off is
}

func (t *text) begins(with string) bool {
	for w := range t.words {
		if strings.HasPrefix(w, with) {
			return true
		}
	}
	return false
}

// dictionary has the words that are looked for, and the ways in which one may be a letter off: two words are when they are the same with
// one letter blanked in each, or when one is the other without a letter.
type dictionary struct {
	numbers map[string]int
	fuzzy   map[string]bool  // those that may be a letter off
	blanked map[string][]int // the numbers of those of which this is one with a letter blanked
	shorter map[string][]int // of which it is one without a letter
}

// dictionaryOf returns the words that are looked for: of each query those of each value.
func dictionaryOf(queries []Query) (*dictionary, [][][]word) {
	d := &dictionary{map[string]int{}, map[string]bool{}, map[string][]int{}, map[string][]int{}}
	wanted := make([][][]word, len(queries))
	for i, q := range queries {
		for _, value := range q.Values {
			var all []word
			for _, w := range distinct(words(value), q.Prefix) {
				all = append(all, d.add(w, q.Fuzzy))
			}
			wanted[i] = append(wanted[i], all)
		}
	}
	return d, wanted
}

func (d *dictionary) add(w string, fuzzy bool) word {
	n, known := d.numbers[w]
	if !known {
		n = len(d.numbers)
		d.numbers[w] = n
	}
	if fuzzy && !d.fuzzy[w] && mayDiffer(w) {
		d.fuzzy[w] = true
		for blanked, shorter := range variants(w) {
			d.blanked[string(blanked)] = append(d.blanked[string(blanked)], n)
			d.shorter[string(shorter)] = append(d.shorter[string(shorter)], n)
		}
	}
	return word{w, n}
}

// read reads a field.
func (d *dictionary) read(field string) *text {
	t := &text{words: map[string]bool{}, has: make([]bool, len(d.numbers)), near: make([]bool, len(d.numbers))}
	taken := map[string]bool{} // what is blanked: the words are known
	for _, w := range words(field) {
		if t.words[w] {
			continue
		}
		t.words[w] = true
		if n, ok := d.numbers[w]; ok {
			t.has[n] = true
		}
		if len(d.fuzzy) == 0 || !mayDiffer(w) {
			continue
		}
		for _, n := range d.shorter[w] {
			t.near[n] = true
		}
		for blanked, shorter := range variants(w) {
			if d.fuzzy[string(shorter)] {
				t.near[d.numbers[string(shorter)]] = true
			}
			if of := d.blanked[string(blanked)]; len(of) > 0 && !taken[string(blanked)] {
				taken[string(blanked)] = true
				for _, n := range of {
					t.near[n] = true
				}
			}
		}
	}
	return t
}

// mayDiffer reports whether a word may be a letter off: it has four of them, and is not so long that nobody types it.
func mayDiffer(w string) bool {
	n := utf8.RuneCountInString(w)
	return n >= 4 && n <= 64
}

// variants yields a word with each of its letters blanked, and without it; both are overwritten by the next.
func variants(w string) iter.Seq2[[]byte, []byte] {
	return func(yield func(blanked, shorter []byte) bool) {
		var room [2][128]byte
		blanked, shorter := room[0][:0], room[1][:0]
		for i, r := range w {
			before, after := w[:i], w[i+utf8.RuneLen(r):]
			blanked = append(append(append(blanked[:0], before...), 0), after...)
			shorter = append(append(shorter[:0], before...), after...)
			if !yield(blanked, shorter) {
				return
			}
		}
	}
}

// distinct is the words, each once; the last stays the last if it may be a beginning. Looking for a word a hundred times finds no more.
func distinct(all []string, beginning bool) []string {
	seen, last := map[string]bool{}, len(all)-1
	kept := make([]string, 0, len(all))
	for i, w := range all {
		if beginning && i == last || !seen[w] {
			kept = append(kept, w)
		}
		seen[w] = true
	}
	return kept
}

// words are those of a text, without case and accents. What is neither letter nor digit is between them.
func words(text string) []string {
	return strings.FieldsFunc(folded(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// folded is a text without case and accents.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(text))
}

// maxFilled bounds what a content becomes, in bytes: far more than a message may have.
const maxFilled = 32 << 10

// Fill returns a content with its placeholders, as {{Agent.FirstName}}, replaced by their values, and the names of those that were, and of
// those that have none and stay as they are; each once, in the order in which they come. Values are not looked at for placeholders. One
// with which the text would have more than 32 KiB is as good as none.
func Fill(content string, value func(name string) (string, bool)) (text string, filled, missing []string) {
	filled, missing = []string{}, []string{}
	var b strings.Builder
	note := func(list *[]string, name string) {
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for {
		before, rest, open := strings.Cut(content, "{{")
		b.WriteString(before)
		if !open {
			return b.String(), filled, missing
		}
		name, after, closed := strings.Cut(rest, "}}")
		name = strings.TrimSpace(name)
		if !closed || name == "" || strings.ContainsAny(name, "{}\n") {
			b.WriteString("{{")
			content = rest
			continue
		}
		if v, ok := value(name); ok && b.Len()+len(v)+len(after) <= maxFilled {
			b.WriteString(v)
			note(&filled, name)
		} else {
			b.WriteString("{{" + rest[:len(rest)-len(after)])
			note(&missing, name)
		}
		content = after
	}
}
