package responding_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/responding"
	"parley.example/parley/internal/center"
)

// shelf has what is searched.
func shelf() (all []*catalog.QuickResponse) {
	for _, r := range []catalog.QuickResponse{
		{Content: "Guten Tag, Müller mein Name.", Shortcut: "hi", Description: "The first words"},
		{Content: "We refund within three days.", Shortcut: "refund", Description: "Money back"},
		{Content: "Your money is on its way.", Shortcut: "paid"},
		{Content: "An old one about refunds.", Disabled: true},
		{Content: "Refunds of traders take a week.", Profiles: []center.RoutingProfileID{"traders"}},
	} {
		r.ID = center.QuickResponseID(r.Content[:6])
		r.Name = []string{"Greeting", "Refund", "Payment", "Old", "Traders"}[len(all)]
		all = append(all, &r)
	}
	return all
}

func TestSearch(t *testing.T) {
	one := func(in responding.Field, change ...func(*responding.Query)) responding.Query {
		q := responding.Query{In: in, Weight: 10}
		for _, f := range change {
			f(&q)
		}
		return q
	}
	values := func(v ...string) func(*responding.Query) { return func(q *responding.Query) { q.Values = v } }
	prefix := func(q *responding.Query) { q.Prefix = true }
	fuzzy := func(q *responding.Query) { q.Fuzzy = true }
	heavy := func(q *responding.Query) { q.Weight = 100 }
	for what, c := range map[string]struct {
		profile center.RoutingProfileID
		queries []responding.Query
		want    string
	}{
		"all":                       {"", nil, "Greeting Payment Refund"},
		"all of a profile":          {"traders", nil, "Greeting Payment Refund Traders"},
		"a word":                    {"", []responding.Query{one(responding.Content, values("money"))}, "Payment"},
		"without case and accents":  {"", []responding.Query{one(responding.Content, values("MULLER"))}, "Greeting"},
		"with accents":              {"", []responding.Query{one(responding.Content, values("müller"))}, "Greeting"},
		"half a word":               {"", []responding.Query{one(responding.Content, values("refun"))}, ""},
		"a beginning":               {"traders", []responding.Query{one(responding.Content, values("refun"), prefix)}, "Refund Traders"},
		"the last word alone":       {"", []responding.Query{one(responding.Content, values("mon way"), prefix)}, ""},
		"all words":                 {"", []responding.Query{one(responding.Content, values("way money"), prefix)}, "Payment"},
		"one of two values":         {"", []responding.Query{one(responding.Shortcut, values("hi", "paid"))}, "Greeting Payment"},
		"no words":                  {"", []responding.Query{one(responding.Content, values(" … "), prefix)}, ""},
		"two queries, one heavier":  {"", []responding.Query{one(responding.Content, values("money")), one(responding.Description, values("money"), heavy)}, "Refund Payment"},
		"what matches twice":        {"", []responding.Query{one(responding.Name, values("greeting", "refund")), one(responding.Shortcut, values("refund"))}, "Refund Greeting"},
		"a letter off":              {"", []responding.Query{one(responding.Content, values("mony"), fuzzy)}, "Payment"},
		"a letter more":             {"", []responding.Query{one(responding.Content, values("moneyy"), fuzzy)}, "Payment"},
		"another letter":            {"", []responding.Query{one(responding.Content, values("monez"), fuzzy)}, "Payment"},
		"a letter of two bytes":     {"", []responding.Query{one(responding.Content, values("moøey"), fuzzy)}, "Payment"},
		"a word a hundred times":    {"", []responding.Query{one(responding.Content, values(strings.Repeat("money ", 100)+"mon"), prefix, fuzzy)}, "Payment"},
		"two letters off":           {"", []responding.Query{one(responding.Content, values("mnezy"), fuzzy)}, ""},
		"a short word a letter off": {"", []responding.Query{one(responding.Content, values("wax"), fuzzy)}, ""},
	} {
		var got []string
		for _, r := range responding.Search(shelf(), c.profile, c.queries) {
			got = append(got, r.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s finds %q; want %q", what, got, c.want)
		}
	}
}

func TestFill(t *testing.T) {
	values := map[string]string{"Attributes.tier": "gold", "Agent.FirstName": "Bo", "empty": "", "tricky": "{{Agent.FirstName}}"}
	for content, c := range map[string]struct{ text, filled, missing string }{
		"Nothing to fill": {"Nothing to fill", "", ""},
		"{{ Agent.FirstName }} for {{Attributes.tier}}": {"Bo for gold", "Agent.FirstName Attributes.tier", ""},
		"{{Attributes.no}}, {{Attributes.no}}!":         {"{{Attributes.no}}, {{Attributes.no}}!", "", "Attributes.no"},
		"{{empty}}.":                                    {".", "empty", ""},
		"{{tricky}}":                                    {"{{Agent.FirstName}}", "tricky", ""},
		"{{ open":                                       {"{{ open", "", ""},
		"{{}} {{ }} {{{{Agent.FirstName}}}}":            {"{{}} {{ }} {{Bo}}", "Agent.FirstName", ""},
		"{{a\nb}} }} {{Agent.FirstName}}":               {"{{a\nb}} }} Bo", "Agent.FirstName", ""},
	} {
		text, filled, missing := responding.Fill(content, func(name string) (string, bool) {
			v, ok := values[name]
			return v, ok
		})
		if text != c.text || !slices.Equal(filled, strings.Fields(c.filled)) || !slices.Equal(missing, strings.Fields(c.missing)) {
			t.Errorf("%q becomes %q, filled %q, missing %q; want %+v", content, text, filled, missing, c)
		}
	}
}

// A value that comes again and again does not make the answer a thousand times what was asked.
func TestFillHasABound(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	text, filled, missing := responding.Fill(strings.Repeat("{{Attributes.long}}", 50), func(string) (string, bool) { return long, true })
	if len(text) > 32<<10 || strings.Count(text, long) != 3 || strings.Count(text, "{{Attributes.long}}") != 47 || len(filled) != 1 || len(missing) != 1 {
		t.Errorf("filled in there are %d bytes with %d values, filled %q, missing %q", len(text), strings.Count(text, long), filled, missing)
	}
}

// TestCloseWords compares what a search finds with the meaning of a letter off, for all short words of few letters.
func TestCloseWords(t *testing.T) {
	var all []string
	for n := range 6 {
		for i := range 1 << n {
			w := []rune(fmt.Sprintf("%0*b", n, i)[:n])
			for k, r := range w {
				w[k] = map[rune]rune{'0': 'a', '1': 'я'}[r]
			}
			all = append(all, string(w))
		}
	}
	without := func(w []rune, i int) string { return string(slices.Delete(slices.Clone(w), i, i+1)) }
	near := func(a, b []rune) bool {
		if min(len(a), len(b)) < 4 || a == nil {
			return string(a) == string(b)
		}
		for i := range max(len(a), len(b)) {
			if len(a) == len(b) && without(a, i) == without(b, i) || len(a) > len(b) && without(a, i) == string(b) || len(a) < len(b) && without(b, i) == string(a) {
				return true
			}
		}
		return false
	}
	found := 0
	for _, a := range all[1:] {
		for _, b := range all[1:] {
			got := len(responding.Search([]*catalog.QuickResponse{{Content: a}}, "", []responding.Query{{Values: []string{b}, Fuzzy: true}})) == 1
			if want := near([]rune(a), []rune(b)); got != want {
				t.Errorf("%q is found by %q: %t; want %t", a, b, got, want)
			} else if got {
				found++
			}
		}
	}
	if found < 200 {
		t.Errorf("%d pairs are near", found)
	}
}

// BenchmarkSearchOfManyWords looks for thousands of different words, all but the last of which are a letter off the
// last word of each quick response.
func BenchmarkSearchOfManyWords(b *testing.B) {
	all := make([]*catalog.QuickResponse, 3000)
	for i := range all {
		var content strings.Builder
		for n := range 146 {
			fmt.Fprintf(&content, "w%05d ", i*146+n)
		}
		all[i] = &catalog.QuickResponse{Content: content.String() + "zzzz"}
	}
	var queries []responding.Query
	for n := range 4 {
		q := responding.Query{Fuzzy: true}
		for v := range 5 {
			var value strings.Builder
			for i := range 170 {
				fmt.Fprintf(&value, "zzz%c ", 0x4e00+i+170*(v+5*n))
			}
			q.Values = append(q.Values, value.String()+"none")
		}
		queries = append(queries, q)
	}
	for b.Loop() {
		if found := responding.Search(all, "", queries); len(found) != 0 {
			b.Fatalf("%d are found", len(found))
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	all := make([]*catalog.QuickResponse, 3000)
	for i := range all {
		all[i] = &catalog.QuickResponse{Content: strings.Repeat("word1 ", 170) + "zzzz"}
	}
	q := responding.Query{Values: slices.Repeat([]string{strings.Repeat("zzzy ", 204)}, 5), Fuzzy: true}
	for b.Loop() {
		if found := responding.Search(all, "", []responding.Query{q, q, q, q}); len(found) != len(all) {
			b.Fatalf("%d are found", len(found))
		}
	}
}

func FuzzFill(f *testing.F) {
	f.Add("{{a}} {{b}}")
	f.Add("{{{{a}}}}")
	f.Fuzz(func(t *testing.T, content string) {
		text, filled, missing := responding.Fill(content, func(string) (string, bool) { return "", false })
		if text != content || len(filled) != 0 {
			t.Errorf("without values %q becomes %q, filled %q, missing %q", content, text, filled, missing)
		}
	})
}
