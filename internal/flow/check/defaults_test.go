package check

import (
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

func TestDefaultsAreValid(t *testing.T) {
	if n := len(flow.Defaults()); n != 14 {
		t.Errorf("%d default flows; want 14", n)
	}
	for _, d := range flow.Defaults() {
		f := flowdoc.Parse(t, string(d.Content))
		for _, problem := range Problems(f) {
			t.Errorf("%s: %s", d.Name, problem)
		}
		if f.Name != d.Name {
			t.Errorf("the file of %q says %q", d.Name, f.Name)
		}
		if f.FlowType() == 0 || f.As(d.Type).FlowType() != f.FlowType() {
			t.Errorf("%s: type %s does not fit the file's %q", d.Name, d.Type, f.Hint)
		}
		for _, finding := range Flow(f.As(d.Type)) {
			if strings.HasPrefix(finding.Message, "No path leads") || strings.Contains(finding.Message, "without ever waiting") ||
				strings.Contains(finding.Message, "is not available") || strings.HasPrefix(finding.Message, "There is no $") {
				t.Errorf("%s: %s: %s", d.Name, finding.Action, finding.Message)
			}
		}
	}
}
