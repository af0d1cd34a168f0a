package flow_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

func TestParseRefuses(t *testing.T) {
	many := `{"Actions":[` + strings.TrimSuffix(strings.Repeat("{},", 1001), ",") + `]}`
	conditions := strings.TrimSuffix(strings.Repeat(flowdoc.When("Equals", "x", "x")+",", 1001), ",")
	for name, content := range map[string]string{
		"nothing": "", "text": "hello", "half": `{"Version":`, "list": "[]", "null": "null", "two": "{}{}",
		"large": strings.Repeat(" ", 1<<20) + "{}", "deep": strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200),
		"deep lists": `{"a":` + strings.Repeat("[", 101), "many actions": many,
		"many conditions": flowdoc.Of(flowdoc.Action("x", "Compare", "", flowdoc.To("x", "", conditions))),
	} {
		f, err := flow.Parse([]byte(content))
		e, ok := errors.AsType[*center.Error](err)
		if f != nil || !ok || e.Reason != center.InvalidFlow || len(e.Problems) != 1 || !strings.HasPrefix(e.Problems[0], "Invalid contact flow format") ||
			strings.Contains(e.Problems[0], "Go value") {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func TestParseKeepsWhatItDoesNotKnow(t *testing.T) {
	content := "\xef\xbb\xbf" + strings.ReplaceAll(flowdoc.Of(flowdoc.Stop("x")), `"Metadata":{}`, `"Metadata" : {"name":"N","x":[1.0,"é"]}, "Later":{"a":null}`) + "\n"
	f := flowdoc.Parse(t, content)
	if string(f.Content()) != content || f.Name != "N" || len(f.Actions) != 1 {
		t.Errorf("content %q, name %q", f.Content(), f.Name)
	}
	if len(f.Hash) != 64 || f.Hash == flowdoc.Parse(t, flowdoc.Of(flowdoc.Stop("x"))).Hash {
		t.Errorf("hash %q", f.Hash)
	}
	if f.As("CONTACT_FLOW") == f || f.As("") != f || f.As("X").Hash != f.Hash {
		t.Error("As changed more than the type, or did not")
	}
}

func BenchmarkParse(b *testing.B) {
	content, err := os.ReadFile("testdata/services.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := flow.Parse(content); err != nil {
			b.Fatal(err)
		}
	}
}
