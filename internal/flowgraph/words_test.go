package flowgraph

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

func TestLabel(t *testing.T) {
	for _, test := range []struct {
		exit check.Exit
		want string
	}{
		{check.Exit{Way: flow.Way{Kind: flow.WayNext}}, ""},
		{check.Exit{Way: flow.Way{Kind: flow.WayError}, Error: "NoMatchingError"}, "NoMatchingError"},
		{check.Exit{Way: flow.Way{Kind: flow.WayCondition}, Operator: "Equals", Operand: "gold"}, "gold"},
		{check.Exit{Way: flow.Way{Kind: flow.WayCondition}, Operator: "Equals"}, `""`},
		{check.Exit{Way: flow.Way{Kind: flow.WayCondition}, Operator: "NumberLessThan", Operand: "51"}, "< 51"},
		{check.Exit{Way: flow.Way{Kind: flow.WayCondition}, Operator: "TextContains", Operand: "two\nlines"}, "contains two lines"},
	} {
		if got := Label(&test.exit); got != test.want {
			t.Errorf("Label(%+v) = %q; want %q", test.exit, got, test.want)
		}
	}
}

// TestWrap: lines break behind spaces and punctuation, but not within the "$." of a reference.
func TestWrap(t *testing.T) {
	for s, want := range map[string][]string{
		"":                                nil,
		"first,second":                    {"first,", "second"},
		"  order: $.External.state ":      {"order:", "$.External.", "state"},
		"unbreakable":                     {"unbreak", "able"},
		"日本語の長い文":                         {"日本語の", "長い文"},
		"a b c d e f g h i j k l m n o p": {"a b c d", "e f g h i", "j k l m…"},
	} {
		width := 50.0
		if strings.Contains(s, "$.") {
			width = 65
		}
		if got := wrap(s, width, 3); !slices.Equal(got, want) {
			t.Errorf("wrap(%q) = %q; want %q", s, got, want)
		}
	}
}

// TestDarkColours: every colour of the day has one for the dark.
func TestDarkColours(t *testing.T) {
	var b bytes.Buffer
	if err := Draw(&b, outline(t, circles), Options{}); err != nil {
		t.Fatal(err)
	}
	day, rest, ok := strings.Cut(b.String(), "@media (prefers-color-scheme:dark){")
	dark, _, _ := strings.Cut(rest, "</style>")
	if !ok {
		t.Fatal("there is no look for the dark")
	}
	coloured := regexp.MustCompile(`([.\w ]+)\{[^}]*(?:fill|stroke):#`)
	for _, m := range coloured.FindAllStringSubmatch(day, -1) {
		if !strings.Contains(dark, m[1]+"{") {
			t.Errorf("%s has no colour for the dark", m[1])
		}
	}
	if regexp.MustCompile(`(fill|stroke)="#`).MatchString(rest) {
		t.Error("a colour stands outside of the style")
	}
}
