package query

import (
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
)

func TestWalkSeesOnceWhatStays(t *testing.T) {
	items := []string{"a", "b", "c", "d", "e", "f"}
	self := func(s *string) string { return *s }
	var seen []string
	page := Page{List: "letters", Size: 2, Request: []any{"owner"}}
	for {
		some, next, err := Cut(page, items, self)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, some...)
		if next == nil {
			break
		}
		page.Token, page.Max = next, new(int32(1)) // MaxResults may change
		items = slices.DeleteFunc(items, func(s string) bool { return s == some[len(some)-1] })
	}
	if fmt.Sprint(seen) != "[a b c d e f]" {
		t.Errorf("a walk saw %v", seen)
	}
	for what, p := range map[string]Page{
		"another list":    {List: "others", Token: page.Token, Request: page.Request},
		"another request": {List: "letters", Token: page.Token, Request: []any{"somebody else"}},
		"nothing":         {List: "letters", Token: new("!"), Request: page.Request},
	} {
		if _, _, err := Cut(p, items, self); center.ReasonOf(err) != center.Invalid {
			t.Errorf("a token of %s: %v; want Invalid", what, err)
		}
	}
}

// numbers are the criteria of a search among numbers.
type numbers struct {
	or, and []numbers
	over    int
	bad     bool
}

func criteria(n *numbers) Criteria[numbers, int] {
	broken := func() (Match[int], error) {
		if n.bad {
			return nil, center.Errorf(center.Invalid, "bad")
		}
		return nil, nil
	}
	return Criteria[numbers, int]{Or: n.or, And: n.and, Beside: []Condition[int]{Is(func(i int) bool { return i > n.over }), broken}}
}

func TestCriteriaNest(t *testing.T) {
	for name, c := range map[string]struct {
		criteria *numbers
		want     string
	}{
		"none":                       {nil, "[1 2 3 4 5]"},
		"one beside":                 {&numbers{over: 2}, "[3 4 5]"},
		"one of two":                 {&numbers{or: []numbers{{over: 4}, {over: 3}}}, "[4 5]"},
		"all of two":                 {&numbers{and: []numbers{{over: 1}, {over: 3}}}, "[4 5]"},
		"beside and lists":           {&numbers{over: 1, or: []numbers{{over: 2}}, and: []numbers{{over: 0}}}, "[3 4 5]"},
		"lists in lists":             {&numbers{or: []numbers{{and: []numbers{{over: 3}, {over: 1}}}}}, "[4 5]"},
		"an error in a nested one":   {&numbers{or: []numbers{{and: []numbers{{bad: true}}}}}, "bad"},
		"an error beside everything": {&numbers{bad: true}, "bad"},
	} {
		match, err := Where(c.criteria, criteria)()
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(matching([]int{1, 2, 3, 4, 5}, match))
		}
		if got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
	}
}

func TestStringConditionCompares(t *testing.T) {
	fields := []string{"name", "word"}
	read := func(s, field string) string { return field + " " + s }
	for name, c := range map[string]struct {
		cond connect.StringCondition
		want string
	}{
		"exact by default": {connect.StringCondition{FieldName: new("word"), Value: new("WORD two")}, "[Two]"},
		"starts with":      {connect.StringCondition{FieldName: new("name"), Value: new("NAME T"), ComparisonType: connect.StringComparisonTypeSTARTS_WITH}, "[Two three]"},
		"contains":         {connect.StringCondition{FieldName: new("name"), Value: new("w"), ComparisonType: connect.StringComparisonTypeCONTAINS}, "[Two]"},
		"an unknown field": {connect.StringCondition{FieldName: new("size")}, `StringCondition.FieldName is name or word, not "size"`},
	} {
		match, err := TextOf(&c.cond, fields, read)()
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(matching([]string{"one", "Two", "three"}, match))
		}
		if got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
	}
}
