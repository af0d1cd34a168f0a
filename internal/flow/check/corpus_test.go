package check

import (
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// TestCorpus publishes every flow, in its own type where that is known: flows of
// real instances have been published by the service.
func TestCorpus(t *testing.T) {
	types := flowdoc.Types(t)
	for path, content := range flowdoc.Corpus(t) {
		t.Run(path, func(t *testing.T) {
			f := flowdoc.Parse(t, string(content)).As(types[path])
			if f.Place() == 0 {
				t.Log("the type is not known")
			}
			if string(f.Content()) != string(content) {
				t.Error("Content differs from what was parsed")
			}
			for _, problem := range Problems(f) {
				t.Error(problem)
			}
			for _, finding := range Flow(f) {
				t.Log(finding.Severity, finding.Action, finding.Field, finding.Message, finding.Hint)
			}
		})
	}
}

// TestOwnFlowsCoverTheLanguage holds the flows in the test data to what they are
// for: every action type, each with every error type it can have.
func TestOwnFlowsCoverTheLanguage(t *testing.T) {
	seen := map[string]map[string]bool{}
	for _, content := range flowdoc.All(t) {
		for _, a := range flowdoc.Parse(t, string(content)).Actions {
			if seen[a.Type] == nil {
				seen[a.Type] = map[string]bool{}
			}
			for _, e := range a.Errors {
				seen[a.Type][e.Type] = true
			}
		}
	}
	for _, typ := range flow.Types() {
		if seen[typ.Name] == nil {
			t.Errorf("no flow in testdata has a %s", typ.Name)
			continue
		}
		for _, e := range typ.Errors() {
			if !seen[typ.Name][e] {
				t.Errorf("no %s in testdata has a branch for %s", typ.Name, e)
			}
		}
	}
}
