package report

import (
	"encoding/json"
	"io"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flowtest"
)

// report is the form of the results for programs.
type report struct {
	Scenarios []reportedScenario `json:"scenarios"`
	Passed    int                `json:"passed"`
	Failed    int                `json:"failed"`
	Seconds   float64            `json:"seconds"`
	Coverage  []reportedCoverage `json:"coverage"`
}

type reportedScenario struct {
	File    string           `json:"file"`
	Line    int              `json:"line"`
	Name    string           `json:"name"`
	Passed  bool             `json:"passed"`
	Seconds float64          `json:"seconds"`
	Failure *reportedFailure `json:"failure,omitempty"`
}

type reportedFailure struct {
	Line      int    `json:"line"`
	Statement string `json:"statement"`
	Reason    string `json:"reason"`
}

type reportedCoverage struct {
	File     string           `json:"file"`
	Flow     string           `json:"flow"`
	Actions  Share            `json:"actions"`
	Branches Share            `json:"branches"`
	Errors   Share            `json:"errors"`
	Missed   []reportedMissed `json:"missed"`
}

type reportedMissed struct {
	Action string `json:"action"`
	Branch string `json:"branch,omitempty"` // "next", an operand, or an error type; absent for the whole action
}

// JSON writes the results for programs.
func JSON(w io.Writer, r *flowtest.Results) error {
	out := report{
		Scenarios: make([]reportedScenario, len(r.All)), Failed: r.Failed(), Passed: len(r.All) - r.Failed(),
		Seconds: r.Took.Seconds(), Coverage: []reportedCoverage{},
	}
	for i := range r.All {
		result := &r.All[i]
		out.Scenarios[i] = reportedScenario{
			File: result.File.Path, Line: result.Scenario.Line, Name: result.Scenario.Name,
			Passed: result.Failure == nil, Seconds: result.Took.Seconds(),
		}
		if f := result.Failure; f != nil {
			out.Scenarios[i].Failure = &reportedFailure{f.Line, f.Statement, f.Reason}
		}
	}
	for _, d := range r.Coverage.Documents() {
		sum := Summarize(r.Coverage, d)
		c := reportedCoverage{
			File: d.Path, Flow: d.Name(), Actions: sum.Actions, Branches: sum.Branches, Errors: sum.Errors, Missed: []reportedMissed{},
		}
		for _, m := range sum.Missed {
			one := reportedMissed{Action: m.Action}
			switch {
			case m.Exit == nil:
			case m.Exit.Kind == flow.WayError:
				one.Branch = m.Exit.Error
			case m.Exit.Kind == flow.WayCondition:
				one.Branch = m.Exit.Operand
			default:
				one.Branch = "next"
			}
			c.Missed = append(c.Missed, one)
		}
		out.Coverage = append(out.Coverage, c)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
