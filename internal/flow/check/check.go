package check

import (
	"slices"

	"parley.example/parley/internal/flow"
)

// maxProblems is how many problems InvalidContactFlowException carries.
const maxProblems = 50

// Problem is one thing that keeps a flow from being published.
type Problem struct {
	Text string // in the service's words, as InvalidContactFlowException.problems has it: up to 256 characters
	Why  string // in ours: where, what, and what to do about it
}

// Problems says what keeps the flow from being published: everything found, up
// to 50 problems. There are none for a valid flow. What is asked of a flow
// depends on its type: see [flow.Flow.As].
func Problems(f *flow.Flow) []Problem { return Options{}.Problems(f) }

// Problems is what keeps the flow from being published under the options.
func (o Options) Problems(f *flow.Flow) []Problem {
	var problems []Problem
	found, _ := o.errors(f)
	for _, finding := range found {
		if len(problems) == maxProblems {
			break
		}
		problems = append(problems, Problem{Text: flow.Shorten(finding.Problem, flow.MaxMessage), Why: finding.String()})
	}
	return problems
}

// Flow reports everything there is to say about a flow: first the errors, then
// warnings of what is allowed and probably not meant. A mistake is one error, though
// Problems, as the service, may list several for it: a misspelt parameter is one
// that there is not, and one that is missing.
func Flow(f *flow.Flow) []Finding { return Options{}.Flow(f) }

// Flow is what there is to say about a flow under the options.
func (o Options) Flow(f *flow.Flow) []Finding {
	found, doubts := o.errors(f)
	warned := warnings(f, found)
	found = slices.DeleteFunc(found, func(f Finding) bool { return f.follows })
	return slices.Concat(found, doubts, warned)
}
