package check

import "parley.example/parley/internal/flow"

// maxProblems is how many problems InvalidContactFlowException carries.
const maxProblems = 50

// Problem is one thing that keeps a flow from being published.
type Problem struct {
	Text string // in the service's words, as InvalidContactFlowException.problems has it: up to 256 characters
	Why  string // in ours: where, what, and what to do about it
}

// Problems says what keeps the flow from being published: everything found, up
// to 50 problems. There are none for a valid flow.
func Problems(f *flow.Flow) []Problem {
	var problems []Problem
	for _, finding := range errors(f) {
		if len(problems) == maxProblems {
			break
		}
		problems = append(problems, Problem{Text: flow.Shorten(finding.Problem, flow.MaxMessage), Why: finding.String()})
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
