package check

import "parley.example/parley/internal/flow"

// maxProblems is how many problems InvalidContactFlowException carries.
const maxProblems = 50

// Problems says what keeps the flow from being published: everything found, up
// to 50 messages of up to 256 characters, in the words of
// InvalidContactFlowException.problems, each naming the action and the path
// within it. There are none for a valid flow.
func Problems(f *flow.Flow) []string {
	var problems []string
	for _, finding := range errors(f) {
		if len(problems) == maxProblems {
			break
		}
		problems = append(problems, flow.Shorten(finding.Message, flow.MaxMessage))
	}
	return problems
}

// Flow reports everything there is to say about a flow: first the errors, which
// are those that Problems lists, then warnings of what is allowed and probably
// not meant.
func Flow(f *flow.Flow) []Finding {
	found := errors(f)
	return append(found, warnings(f, found)...)
}
