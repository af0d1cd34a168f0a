package check

import (
	"slices"
	"testing"

	"parley.example/parley/internal/flow"
)

// TestRulesAreOfTypes: every rule is one of an action type, and only a type that
// Parley runs has warnings, or errors that it is spared.
func TestRulesAreOfTypes(t *testing.T) {
	for name, r := range rules {
		i := slices.IndexFunc(flow.Types(), func(typ *flow.Type) bool { return typ.Name == name })
		switch {
		case i < 0:
			t.Errorf("there is a rule for %s, which is not an action type", name)
		case (r.warnings != nil || r.spares != nil) && !flow.Types()[i].Runs():
			t.Errorf("%s does not run, and has a rule for when it does", name)
		}
	}
}
