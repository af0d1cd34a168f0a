package model

import "fmt"

// beyond are values that the service takes and the model leaves out, by enum. Without them a request that works
// in the cloud would be refused here by the check of its enum. What is listed is in use in public code; a name
// that merely looks likely is not.
var beyond = map[string][]string{
	// CDK and CloudFormation projects set them by UpdateInstanceAttribute, through the SDKs; the tools that list
	// an instance's attributes find them in the answers of ListInstanceAttributes (2026-11).
	"com.amazonaws.connect#InstanceAttributeType": {
		"AUTOMATED_INTERACTION_LOG", "BOT_MANAGEMENT", "ENABLE_BOT_ANALYTICS_AND_TRANSCRIPTS", "FORECASTING_PLANNING_SCHEDULING", "MAX_PACKAGE",
	},
}

// extendEnums adds the values that the model leaves out, behind its own. One that the model has by now is an
// error: the list here is not to grow old.
func (m *Model) extendEnums() error {
	for id, values := range beyond {
		s := m.Shapes[id]
		if s == nil {
			continue // another service's
		}
		for _, value := range values {
			if s.MemberNamed(value) != nil {
				return fmt.Errorf("%s: the model has %s now: take it off the list of what it leaves out", id, value)
			}
			s.Members = append(s.Members, &Member{Name: value, Target: "smithy.api#Unit", Traits: Traits{EnumValue: value}})
		}
	}
	return nil
}
