package check

import "parley.example/parley/internal/flow"

// spelling says that a type is spelt as Amazon's reference has had it.
func (v *validation) spelling(a *flow.Action) {
	if a.Wrote == "" {
		return
	}
	finding := refusal(a, "Type", "It is "+a.Type+".", "Invalid Action type. Type: "+a.Wrote, "")
	if v.options.OldSpellings {
		finding.Severity = SeverityWarning
		v.doubts = append(v.doubts, finding)
		return
	}
	v.findings = append(v.findings, finding)
}
