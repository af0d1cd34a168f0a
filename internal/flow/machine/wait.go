package machine

import (
	"slices"
	"strconv"
	"time"

	"parley.example/parley/internal/flow"
)

// runWait is Wait: it suspends the run until a time, or an event that it lists.
// With ContinueExecution it suspends nothing: see [goOn].
func runWait(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.WaitArgs)
	if at := m.run.Return; at != nil {
		if at.Action == a.ID && at.Depth == len(m.run.Stack) {
			return result{kind: kindFinish, text: string(EndFlow), quiet: true} // the branch has led back
		}
		return fail("Unsupported Action In Wait Action's Continue Branch.")
	}
	if s.Continue {
		return goOn(m, a, s)
	}
	limit, problem := waitTime(m, &s.Limit, "TimeLimitSeconds", "TimeoutSeconds")
	m.note("InterruptOnCustomerReturn", strconv.FormatBool(slices.Contains(s.Events, flow.CustomerReturned)))
	if problem != "" {
		return fail("%s", problem)
	}
	if s.Bot && !m.c.BotPresent {
		return failWith(flow.ParticipantNotFound, "no bot takes part in the chat")
	}
	m.run.Wait = Wait{Kind: WaitTime, Until: m.w.Now.Add(limit), Events: s.Events}
	return suspend
}

// goOn is Wait with ContinueExecution: the run goes on at once by the branch
// Continue, and comes back to this action by WaitCompleted. That the service has
// it, and which branches, is known by publishing (2026-08); what it does there is
// not, so this is Parley's reading of the names:
//
//   - A branch that has ended before MinimumWaitTimeSeconds has passed waits for
//     that; one that ends later comes back as it ends. It ends with
//     EndFlowExecution, EndFlowModuleExecution, where nothing follows, and where it
//     leads back to the Wait.
//   - A branch that has not ended after TimeLimitSeconds, or after
//     MinimumWaitTimeSeconds where that is longer or stands alone, is left: at once
//     where it waits for the customer (a bot, a view, a sign-in), and after the
//     answer where a function or a bot has been asked, which is kept.
//   - A module that runs in the branch is left with it.
//   - DisconnectParticipant, TransferContactToQueue and TransferToFlow do what they
//     always do, and the run does not come back.
//   - Another Wait in the branch takes its error branch, as the service refuses one.
func goOn(m *machine, a *flow.Action, s *flow.WaitArgs) result {
	least, problem := waitTime(m, &s.Least, "MinimumWaitTimeSeconds", "MinimumWaitTimeSeconds")
	if problem != "" {
		return fail("%s", problem)
	}
	most := least
	if !s.Limit.Empty() {
		limit, problem := waitTime(m, &s.Limit, "TimeLimitSeconds", "TimeoutSeconds")
		if problem != "" {
			return fail("%s", problem)
		}
		most = max(least, limit)
	}
	if !m.hasCondition(a, flow.Continue) {
		return fail("the action has no branch for %s", flow.Continue)
	}
	m.run.Return = &Return{Action: a.ID, Depth: len(m.run.Stack), From: m.w.Now.Add(least), Until: m.w.Now.Add(most)}
	return choose(flow.Continue)
}

// waitTime resolves a parameter that is a time, and notes it for the flow log.
func waitTime(m *machine, t *flow.Template, name, logged string) (d time.Duration, problem string) {
	text, _ := m.text(t)
	m.note(logged, text)
	seconds, ok := flow.Number(text)
	if !ok || seconds < 1 || seconds > flow.MaxWait {
		return 0, name + " is " + strconv.Quote(flow.Clip(text)) + ", not a number from 1 to " + strconv.Itoa(flow.MaxWait)
	}
	return time.Duration(seconds) * time.Second, ""
}

func resumeWait(m *machine, a *flow.Action, ev Event) result {
	came := flow.WaitCompleted
	switch ev.Kind {
	case EventCustomerMessage, EventCustomerBack:
		came = flow.CustomerReturned
	case EventBotLeft:
		came = flow.BotDisconnected
	}
	return waited(m, a, came)
}

// waited is the result of a Wait that has ended.
func waited(m *machine, a *flow.Action, came string) result {
	if !m.hasCondition(a, came) {
		return fail("the action has no branch for %s", came)
	}
	return choose(came)
}

// overdue reports a run whose time in the branch Continue of a Wait is over.
func (m *machine) overdue() bool {
	return m.run.Return != nil && !m.w.Now.Before(m.run.Return.Until)
}

// recalled reports that the time which has come is that of the Wait which the
// run has left, rather than that of the action it waits at.
func (m *machine) recalled() bool {
	return m.run.Return != nil && !m.waited.calls() && !m.waited.Until.Before(m.run.Return.Until)
}

// hold suspends the run at an action, for no longer than the time in the branch
// Continue of a Wait lasts.
func (m *machine) hold(a *flow.Action) {
	w := &m.run.Wait
	w.Action = a.ID
	if at := m.run.Return; at != nil && !w.calls() && (w.Until.IsZero() || w.Until.After(at.Until)) {
		w.Until = at.Until
	}
	run := m.run
	m.out.Run = &run
}

// comeBack goes on at the Wait that the run has left by its branch Continue, or
// waits there for the rest of its time. Without one the run has ended.
func (m *machine) comeBack() (next int, more bool) {
	at := m.run.Return
	if at == nil {
		m.end(EndFlow)
		return flow.None, false
	}
	m.run.Return = nil
	if at.Depth < len(m.run.Stack) {
		if _, ok := m.leave(at.Depth); !ok {
			return flow.None, false
		}
	}
	i, ok := m.flow.Find(at.Action)
	if !ok {
		m.lost(&m.run, "the flow has no such action")
		return flow.None, false
	}
	a := &m.flow.Actions[i]
	if m.w.Now.Before(at.From) {
		m.run.Wait = Wait{Kind: WaitTime, Until: at.From}
		m.hold(a)
		return flow.None, false
	}
	m.again = true
	return m.settle(a, waited(m, a, flow.WaitCompleted))
}
