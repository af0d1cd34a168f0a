package responding

import (
	"cmp"
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
// weigh most, then by name; without queries it returns all. Case and accents do not matter.
func Search(all []*catalog.QuickResponse, profile center.RoutingProfileID, queries []Query) []*catalog.QuickResponse {
	type match struct {
		*catalog.QuickResponse
		weight int
	}
	wanted := make([][][]string, len(queries)) // the words of each value
	for i, q := range queries {
		for _, value := range q.Values {
			wanted[i] = append(wanted[i], distinct(words(value), q.Prefix))
		}
	}
	var found []match
	for _, r := range all {
		if r.Disabled || len(r.Profiles) > 0 && !slices.Contains(r.Profiles, profile) {
			continue
		}
		m := match{r, 0}
		there := map[Field][]string{}
		for i := range queries {
			q := &queries[i]
			if _, read := there[q.In]; !read {
				there[q.In] = distinct(words(q.In.of(r)), false)
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
func (q *Query) matches(values [][]string, there []string) bool {
	return slices.ContainsFunc(values, func(wanted []string) bool {
		for i, w := range wanted {
			begins := q.Prefix && i == len(wanted)-1
			if !slices.ContainsFunc(there, func(t string) bool {
				return t == w || begins && strings.HasPrefix(t, w) || q.Fuzzy && near(w, t)
			}) {
				return false
			}
		}
		return len(wanted) > 0
	})
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

// near reports whether words of four letters or more are the same but for one letter that is more, less or another.
func near(a, b string) bool {
	whole, other := a, b
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	for i > 0 && i < len(a) && !utf8.RuneStart(a[i]) {
		i--
	}
	a, b = a[i:], b[i:]
	_, n := utf8.DecodeRuneInString(a)
	_, m := utf8.DecodeRuneInString(b)
	return (a[n:] == b[m:] || a[n:] == b || a == b[m:]) && min(utf8.RuneCountInString(whole), utf8.RuneCountInString(other)) >= 4
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
