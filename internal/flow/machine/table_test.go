package machine

import (
	"slices"
	"testing"

	"parley.example/parley/internal/flow"
)

// TestEveryTypeHasItsStep: the types that Parley runs have a step, no others
// have, and those that wait can go on.
func TestEveryTypeHasItsStep(t *testing.T) {
	known := map[string]bool{}
	for _, typ := range flow.Types() {
		known[typ.Name] = true
		s := steps[typ.Index]
		if (s.run != nil) != typ.Runs() {
			t.Errorf("%s has a step: %t; it runs: %t", typ.Name, s.run != nil, typ.Runs())
		}
		if typ.Runs() && typ.Is(flow.Suspends) && s.resume == nil && typ.Name != "InvokeFlowModule" {
			t.Errorf("%s waits, and cannot go on", typ.Name)
		}
		if s.note != nil && typ.Runs() {
			t.Errorf("%s runs, and notes what a chat has no use for", typ.Name)
		}
	}
	for name := range stepTable {
		if !known[name] {
			t.Errorf("there is a step for %s, which is not an action type", name)
		}
	}
}

// TestEveryRootHasItsGetter: what a chat may have can be read, and nothing else.
func TestEveryRootHasItsGetter(t *testing.T) {
	for _, root := range flow.Roots() {
		if got := getters[root.Index] != nil; got != (root.Filled == flow.FilledInChat) {
			t.Errorf("$.%s can be read: %t", root.Name, got)
		}
	}
	for name := range getterTable {
		if !slices.ContainsFunc(flow.Roots(), func(r flow.Root) bool { return r.Name == name }) {
			t.Errorf("there is a getter for $.%s, which is not a root", name)
		}
	}
}
