package check

import (
	"parley.example/parley/internal/flow"
)

// spareAll: the action does nothing in a chat, whatever it says.
func spareAll(*flow.Action, string) bool { return true }

// spareMessage: a text without references can be said or not.
func spareMessage(a *flow.Action, _ string) bool {
	s := a.Args.(*flow.MessageArgs)
	return s.Text.Constant() && flow.PromptProblem(s.Text.Literal, true) == ""
}

func spareLoop(a *flow.Action, _ string) bool {
	s := a.Args.(*flow.LoopArgs)
	n, ok := flow.Number(s.Count.Literal)
	return s.Count.Constant() && ok && n >= 0 && n <= flow.MaxLoop
}

// spareProcessor: only a function can be refused.
func spareProcessor(a *flow.Action, errorType string) bool {
	return a.Args.(*flow.ProcessorArgs).Processor == nil || errorType == flow.ChannelMismatch
}

// spareWait: a wait for a fixed time with a branch for all that can end it cannot
// fail but for lack of a bot.
func spareWait(a *flow.Action, errorType string) bool {
	s := a.Args.(*flow.WaitArgs)
	if s.Bot && errorType == flow.ParticipantNotFound {
		return false
	}
	times, branches := []*flow.Template{&s.Limit}, append([]string{flow.WaitCompleted}, s.Events...)
	if s.Continue {
		times, branches = []*flow.Template{&s.Limit, &s.Least}, []string{flow.WaitCompleted, flow.Continue}
		if s.Limit.Empty() {
			times = times[1:]
		}
	}
	for _, t := range times {
		if n, ok := flow.Number(t.Literal); !t.Constant() || !ok || n < 1 || n > flow.MaxWait {
			return false
		}
	}
	for _, event := range branches {
		if !says(a, event) {
			return false
		}
	}
	// Without a branch of its own the lack of a bot takes this one.
	_, own := a.Branch(flow.ParticipantNotFound)
	return !s.Bot || own
}

// says reports whether some condition of an action has an operand, as it is written.
func says(a *flow.Action, operand string) bool {
	for i := range a.Conditions {
		if o := &a.Conditions[i].Operand; o.Constant() && o.Literal == operand {
			return true
		}
	}
	return false
}
