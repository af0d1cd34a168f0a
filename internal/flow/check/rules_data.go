package check

import (
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/flow"
)

// checkComparison: Compare looks at one reference, never at a fixed value, and at a
// value, never at all that is below a root: $.External and $.Agent are refused alone,
// and so is an empty operand (probed by publishing, 2026-08).
func checkComparison(v *validation, a *flow.Action) {
	text, ok := flow.Scalar(a.Params["ComparisonValue"])
	t := flow.Compile(text)
	switch r := t.Whole(); {
	case !ok:
	case t.Constant():
		v.value(a, "Parameters.ComparisonValue", "must be a reference")
	case r != nil && r.Root != nil && !r.Root.Leaf && len(r.Path) == 0 && !asksForKeys(a):
		v.value(a, "Parameters.ComparisonValue", fmt.Sprintf("must name a value below $.%s", r.Name))
	}
	for i := range a.Conditions {
		if c := &a.Conditions[i]; c.Operands == 1 && c.Operand.Constant() && c.Operand.Literal == "" {
			v.add(a, fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands[0]", i),
				"An operand must not be empty: have whatever sets the value use a word for nothing, such as none.", "Invalid branch. Path: %d.Evaluate", a.Index)
		}
	}
}

// asksForKeys reports a Compare whose conditions are all about keys of a map.
func asksForKeys(a *flow.Action) bool {
	return len(a.Conditions) > 0 && !slices.ContainsFunc(a.Conditions, func(c flow.Condition) bool { return c.Operator != flow.KeyExists })
}

// checkAttributes doubts empty values: the reference has them, and the service
// has refused one ("Empty value in Parameters.Attributes", 2026-08).
func checkAttributes(v *validation, a *flow.Action) {
	pairs, _ := a.Params.Pairs("Attributes")
	for _, pair := range pairs {
		if string(pair.Value) == `""` {
			v.doubt(a, "Parameters.Attributes."+flow.Clip(pair.Key), "The value is empty.", "Parley stores it; the service has refused an empty value here (2026-08).")
		}
	}
}

// checkCallback: the number comes from data (Amazon Connect flow language, 2026-11,
// and probed by publishing, 2026-07).
func checkCallback(v *validation, a *flow.Action) {
	if text, ok := flow.Scalar(a.Params["CallbackNumber"]); ok && new(flow.Compile(text)).Constant() {
		v.value(a, "Parameters.CallbackNumber", "must be a reference")
	}
}

// voiceSwitches are the switches of Voice ID, each with what has to be said while
// it is on and must not be while it is off. They are given all three or not at
// all (probed by publishing, 2026-08).
var voiceSwitches = []struct {
	name string
	with []string
}{
	{"IsVoiceIdStreamingEnabled", nil},
	{"IsVoiceAuthenticationEnabled", []string{"VoiceAuthenticationThreshold", "VoiceAuthenticationResponseTime"}},
	{"IsFraudDetectionEnabled", []string{"FraudDetectionThreshold"}},
}

// voiceResults are what CheckVoiceId may find. The labels of the designer, such as
// "Not enrolled", are none (probed by publishing, 2026-08).
var voiceResults = []string{"Enrolled", "NotEnrolled", "OptedOut", "Authenticated", "NotAuthenticated", "Inconclusive", "HighRisk", "LowRisk"}

// checkVoice: there is a branch, and each is for something that may be found
// (probed by publishing, 2026-10-05).
func checkVoice(v *validation, a *flow.Action) {
	if len(a.Conditions) == 0 || slices.ContainsFunc(a.Conditions, func(c flow.Condition) bool {
		return c.Operands == 1 && !(c.Operand.Constant() && slices.Contains(voiceResults, c.Operand.Literal))
	}) {
		v.value(a, "Transitions.Conditions", "there must be branches, for some of "+strings.Join(voiceResults, ", "))
	}
}

// checkData: segment attributes are reported with their names, and Voice ID is
// set as a whole.
func checkData(v *validation, a *flow.Action) {
	if _, err := a.Params.Segments(); err != nil {
		v.value(a, "Parameters.SegmentAttributes", err.Error())
	}
	given := 0
	for _, s := range voiceSwitches {
		if a.Params.Has(s.name) {
			given++
		}
	}
	for _, s := range voiceSwitches {
		text, _ := a.Params.Literal(s.name)
		if given > 0 && text == "" {
			v.add(a, "Parameters."+s.name, "The three switches of Voice ID are set together.",
				"Action is missing required property. Path: %s", path(a, "Parameters."+s.name))
		}
		for _, name := range s.with {
			switch has := a.Params.Has(name); {
			case has && !flow.IsTrue(text) && !strings.Contains(text, "$"):
				v.value(a, "Parameters."+name, "requires "+s.name+` "true"`)
			case !has && flow.IsTrue(text):
				v.missing(a, "Parameters."+name)
			}
		}
	}
}
