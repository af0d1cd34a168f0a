package scenario

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestGuide holds the guide to the language: it names every statement, and its
// example can be read.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../../docs/flow-testing.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	for _, list := range []struct {
		before string
		words  map[string]func(*scanner) action
	}{{"", verbs}, {"expect ", expectations}, {"expect no ", absences}} {
		for _, word := range slices.Sorted(maps.Keys(list.words)) {
			if word != "expect" && !regexp.MustCompile("`"+list.before+word+"\\b").MatchString(guide) {
				t.Errorf("the guide does not mention %s%s", list.before, word)
			}
		}
	}
	_, rest, ok := strings.Cut(guide, "```scenario\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the guide has no example")
	}
	f, err := Parse("example.scenario", example)
	if err != nil || len(f.Scenarios) != 2 || len(f.setup) != 5 {
		t.Errorf("the example reads as %+v, %v", f, err)
	}
}
