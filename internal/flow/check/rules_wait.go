package check

import (
	"fmt"
	"slices"

	"parley.example/parley/internal/flow"
)

// checkWait: WaitCompleted and each event that is listened to have a branch.
// With ContinueExecution there are exactly the branches Continue and
// WaitCompleted, MinimumWaitTimeSeconds is needed, and no other Wait may follow
// in the branch Continue (probed by publishing, 2026-08).
func checkWait(v *validation, a *flow.Action) {
	operands := []string{flow.WaitCompleted}
	goesOn, _ := a.Params.Literal("ContinueExecution")
	if flow.IsTrue(goesOn) {
		operands = append(operands, flow.Continue)
		if !a.Params.Has("MinimumWaitTimeSeconds") {
			v.missing(a, "Parameters.MinimumWaitTimeSeconds")
		}
		v.meanwhile(a)
	} else if !a.Params.Has("TimeLimitSeconds") {
		v.missing(a, "Parameters.TimeLimitSeconds")
	}
	events, err := a.Params.List("Events")
	if err != nil {
		v.value(a, "Parameters.Events", "must be a list of strings")
	}
	for i, e := range events {
		field := fmt.Sprintf("Parameters.Events[%d]", i)
		switch {
		case e != flow.CustomerReturned && e != flow.BotDisconnected:
			known := slices.Values([]string{flow.CustomerReturned, flow.BotDisconnected})
			v.value(a, field, "must be "+flow.CustomerReturned+" or "+flow.BotDisconnected, didYouMean(e, known))
			if meant := Nearest(e, known); meant != "" {
				operands = append(operands, meant)
			}
		case flow.IsTrue(goesOn):
			v.value(a, field, "cannot be given together with ContinueExecution")
		default:
			operands = append(operands, e)
		}
	}
	v.branches(a, &flow.Conditions{Operators: []string{"Equals"}, Operands: operands, Complete: operands})
}

// meanwhile refuses what may not stand in the branch Continue of a Wait: another
// Wait. To lead back to the same one ends the branch.
func (v *validation) meanwhile(a *flow.Action) {
	inside := make([]bool, len(v.f.Actions))
	for i := range a.Conditions {
		if c := &a.Conditions[i]; c.Operand.Literal == flow.Continue {
			follow(v.f, c.Next, inside, func(at *flow.Action) []int {
				if at.Index == a.Index {
					return nil
				}
				return targets(at)
			})
		}
	}
	for i := range inside {
		if at := &v.f.Actions[i]; inside[i] && i != a.Index && at.Type == "Wait" {
			v.add(at, "Type", "It stands in the branch Continue of "+flow.Clip(a.ID)+".",
				"Unsupported Action In Wait Action's Continue Branch. Path: %s", path(at, ""))
		}
	}
}

// warnWait warns of a time that is for the branch Continue, where there is none.
func warnWait(w *warner, a *flow.Action) {
	if s := a.Args.(*flow.WaitArgs); !s.Continue && !s.Least.Empty() {
		w.add(a, "Parameters.MinimumWaitTimeSeconds", "MinimumWaitTimeSeconds has no effect without ContinueExecution.", "The flow waits for TimeLimitSeconds.")
	}
}
