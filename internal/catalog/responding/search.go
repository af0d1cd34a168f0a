package responding

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

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
	var found []match
	for _, r := range all {
		if r.Disabled || len(r.Profiles) > 0 && !slices.Contains(r.Profiles, profile) {
			continue
		}
		m := match{r, 0}
		for i := range queries {
			if q := &queries[i]; q.matches(q.In.of(r)) {
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

// matches reports whether a text has all words of one of the values.
func (q *Query) matches(text string) bool {
	there := words(text)
	return slices.ContainsFunc(q.Values, func(value string) bool {
		wanted := words(value)
		for i, w := range wanted {
			begins := q.Prefix && i == len(wanted)-1
			if !slices.ContainsFunc(there, func(t string) bool {
				return t == w || begins && strings.HasPrefix(t, w) || q.Fuzzy && near([]rune(w), []rune(t))
			}) {
				return false
			}
		}
		return len(wanted) > 0
	})
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
func near(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 4 || len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i == len(a) || slices.Equal(a[i+1:], b[i+1:])
	}
	return slices.Equal(a[i:], b[i+1:])
}

// Fill returns a content with its placeholders, as {{Agent.FirstName}}, replaced by their values, and the names of those that were, and of
// those that have none and stay as they are; each once, in the order in which they come. Values are not looked at for placeholders.
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
		if v, ok := value(name); ok {
			b.WriteString(v)
			note(&filled, name)
		} else {
			b.WriteString("{{" + rest[:len(rest)-len(after)])
			note(&missing, name)
		}
		content = after
	}
}
