package machine

import (
	"fmt"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Start begins a run of f, whose id is id, at its StartAction and goes on until
// the run waits or ends. data is what earlier runs of the same contact have
// gathered; flow attributes and the counters of loops begin anew.
func Start(w World, f *flow.Flow, id center.FlowID, kind Kind, data Data) Outcome {
	m := &machine{w: w, c: w.Contact, run: Run{Kind: kind, Data: data}}
	m.enter(f, id)
	if f.Start == flow.None {
		m.out.Log = append(m.out.Log, LogEntry{
			Time: w.Now, Flow: id, Module: f.Module, Problem: "the flow has no first action: its StartAction does not exist", Logging: m.c.Logging, Always: true})
	}
	return m.from(f.Start)
}

// Advance gives a waiting run an event and goes on until the run waits again or
// ends. An event that the run does not wait for, like the outcome of an earlier
// effect or a time that has not come, leads to an Outcome that holds r itself
// and nothing else. Neither r nor anything it refers to is written to.
func Advance(w World, r *Run, ev Event) Outcome {
	if !r.Wants(ev) || ev.Kind == EventTime && w.Now.Before(r.Wait.Until) {
		return Outcome{Run: r}
	}
	m := &machine{w: w, c: w.Contact, run: *r}
	f, err := w.Content(r.Flow, r.Hash)
	if err != nil {
		return m.lost(r, "the content of the flow is no longer available: "+err.Error())
	}
	m.flow = f
	i, ok := f.Find(r.Wait.Action)
	if !ok {
		return m.lost(r, "the flow has no such action")
	}
	a := &f.Actions[i]
	if a.Refusal != nil || steps[a.Spec.Index].resume == nil {
		return m.lost(r, "the action does not wait")
	}
	m.run.Wait, m.waited, m.again = Wait{}, r.Wait, true
	if !r.Wait.calls() {
		m.run.Steps = 0
	}
	var next int
	var more bool
	if ev.Kind == EventTime && m.recalled() {
		m.withdraw(a)
		next, more = m.comeBack()
	} else {
		next, more = m.settle(a, steps[a.Spec.Index].resume(m, a, ev))
	}
	if !more {
		return m.out
	}
	return m.from(next)
}

// lost ends a run that cannot go on for reasons outside the flow.
func (m *machine) lost(r *Run, why string) Outcome {
	m.out.Log = append(m.out.Log, LogEntry{
		Time: m.w.Now, Flow: r.Flow, Action: r.Wait.Action, Problem: why, Logging: m.c.Logging, Always: true})
	return m.end(EndFlow)
}

// end completes the outcome of a run that has ended.
func (m *machine) end(e End) Outcome {
	m.out.End, m.out.Data = e, m.run.Gathered()
	return m.out
}

// from runs actions from index i on until one waits or there is none.
func (m *machine) from(i int) Outcome {
	for {
		if i < 0 || m.overdue() {
			next, more := m.comeBack()
			if !more {
				return m.out
			}
			i = next
			continue
		}
		a := &m.flow.Actions[i]
		if m.run.Steps >= flow.MaxSteps {
			return m.runaway(a, fmt.Sprintf("the flow ran %d actions without waiting", flow.MaxSteps))
		}
		m.run.Steps++
		next, more := m.settle(a, m.do(a))
		if !more {
			return m.out
		}
		if m.spent() {
			return m.runaway(a, "the flow produces too much text without waiting")
		}
		i = next
	}
}

// runaway stops a flow that does not stop by itself.
func (m *machine) runaway(a *flow.Action, why string) Outcome {
	entry := m.entry(a)
	entry.Problem, entry.Always = why, true
	m.out.Log = append(m.out.Log, entry)
	return m.end(EndRunaway)
}

// do runs an action. A whisper is short and one-sided: what the designer does
// not offer there takes its error branch.
func (m *machine) do(a *flow.Action) result {
	refusal := a.Refusal
	if m.run.Kind.whisper() && a.Spec != nil && a.Spec.Flows&m.run.Kind.flows() == 0 {
		refusal = &flow.Refusal{ErrorType: flow.NoMatchingError, Why: a.Type + " is not available in a whisper"}
	}
	if refusal == nil {
		return steps[a.Spec.Index].run(m, a)
	}
	if a.Spec != nil && !refusal.Invalid && m.noting() {
		if note := steps[a.Spec.Index].note; note != nil {
			note(m, a)
		}
	}
	return m.refuse(a, refusal)
}

// settle decides what follows an action that has run: the index of the next
// one, or more == false when the run waits or has ended and out is complete.
func (m *machine) settle(a *flow.Action, r result) (next int, more bool) {
	next, decided, way := m.after(a, r)
	if !r.quiet {
		m.trace(a, r, decided, way)
		if way.Kind == flow.WayCondition && decided == "" {
			decided = `""` // in the log "" means that no condition decided
		}
		m.log(a, r, decided)
	}
	m.again = false
	switch r.kind {
	case kindSuspend:
		if m.overdue() && !m.run.Wait.calls() {
			m.waited = m.run.Wait
			m.withdraw(a)
			return m.comeBack()
		}
		m.hold(a)
		return flow.None, false
	case kindFinish:
		if End(r.text) == EndFlow {
			return m.comeBack()
		}
		m.end(End(r.text))
		return flow.None, false
	case kindJump:
		m.run.Return = nil // the Wait is of the flow that is left
		if len(m.run.Stack) > 0 {
			m.run.Data, m.run.Stack, m.docs = m.run.Gathered(), nil, [docs]any{}
		}
		m.enter(m.target, m.to)
		return m.flow.Start, true
	case kindCall:
		m.call(a)
		return m.flow.Start, true
	case kindReturn:
		if at := m.run.Return; at != nil && at.Depth == len(m.run.Stack) {
			return m.comeBack()
		}
		return m.back(r)
	}
	return next, true
}

// withdraw leaves an action that waits for the customer, as if its own time had
// run out; where that would lead does not matter.
func (m *machine) withdraw(a *flow.Action) {
	steps[a.Spec.Index].resume(m, a, Event{Kind: EventTime})
	m.noted, m.logged, m.external = nil, false, nil
}

// after chooses the next action by the rules of the language, and names the
// condition or error type that decided, and the way out of the action.
func (m *machine) after(a *flow.Action, r result) (next int, decided string, way flow.Way) {
	switch r.kind {
	case kindFailure:
		next, decided = a.OnError(r.text)
		return next, decided, a.ErrorWay(decided)
	case kindDone:
		return a.Next, "", flow.Way{Kind: flow.WayNext}
	case kindChoice:
		of := flow.Compared{Text: r.text, Null: r.null, Of: r.value}
		for i := range a.Conditions {
			c := &a.Conditions[i]
			if operand, ok := m.text(&c.Operand); ok && c.Holds(&of, operand) {
				return c.Next, operand, flow.Way{Kind: flow.WayCondition, Index: i}
			}
		}
		if i, ok := a.Branch(flow.NoMatchingCondition); ok {
			return i, flow.NoMatchingCondition, a.ErrorWay(flow.NoMatchingCondition)
		}
		return a.Next, "", flow.Way{Kind: flow.WayNext}
	}
	return flow.None, "", flow.Way{}
}

// enter makes the run one of another flow. What a flow has set for itself ends
// with it: flow attributes and the counters of loops.
func (m *machine) enter(f *flow.Flow, id center.FlowID) {
	m.flow = f
	m.run.Flow, m.run.Hash = id, f.Hash
	m.run.Data.Attributes, m.run.Data.Loops, m.run.Data.Lists, m.lists = nil, nil, nil, nil
	m.owned = true
}

// call makes the run one of the module in target. The slice is copied: the run
// that this one began with keeps its own.
func (m *machine) call(a *flow.Action) {
	frame := Frame{Flow: m.run.Flow, Hash: m.run.Hash, Action: a.ID, Data: m.run.Data}
	m.run.Stack = append(m.run.Stack[:len(m.run.Stack):len(m.run.Stack)], frame)
	m.run.Data = Data{Input: m.passed}
	m.docs = [docs]any{}
	m.enter(m.target, m.to)
}

// back returns from a module to the action that called it. A result decides
// over its conditions; without one the module ended normally.
func (m *machine) back(r result) (next int, more bool) {
	i, ok := m.leave(len(m.run.Stack) - 1)
	if !ok {
		return flow.None, false
	}
	m.keep(docModule, m.passed)
	m.again = true
	if strings.TrimSpace(r.text) == "" {
		return m.settle(&m.flow.Actions[i], done)
	}
	return m.settle(&m.flow.Actions[i], choose(r.text))
}

// leave makes the run one of a caller again, by its position among them: i is the
// action that called. Where that is not ok the run has ended.
func (m *machine) leave(caller int) (i int, ok bool) {
	frame := m.run.Stack[caller]
	f, err := m.w.Content(frame.Flow, frame.Hash)
	if err != nil {
		m.lost(&m.run, "the content of the calling flow is no longer available: "+err.Error())
		return flow.None, false
	}
	if i, ok = f.Find(frame.Action); !ok {
		m.lost(&m.run, "the calling flow has no such action")
		return flow.None, false
	}
	m.flow, m.docs, m.lists, m.owned = f, [docs]any{}, nil, false
	m.run.Flow, m.run.Hash, m.run.Stack, m.run.Data = frame.Flow, frame.Hash, m.run.Stack[:caller], frame.Data
	if caller == 0 {
		m.run.Stack = nil
	}
	return i, true
}

// log writes the entry of an action that ran.
func (m *machine) log(a *flow.Action, r result, decided string) {
	parameters, logged, external := m.noted, m.logged, m.external
	m.noted, m.logged, m.external = nil, false, nil
	if !r.always && (!m.c.Logging || logged && r.kind == kindDone || len(m.out.Log) >= maxLog) {
		return
	}
	e := m.entry(a)
	e.Parameters, e.Result, e.Problem, e.External, e.Always = parameters, decided, r.problem, external, r.always
	m.out.Log = append(m.out.Log, e)
}

// trace calls World.Trace for an action that ran.
func (m *machine) trace(a *flow.Action, r result, decided string, way flow.Way) {
	if m.w.Trace == nil {
		return
	}
	m.visits++
	v := Visit{
		Kind: m.run.Kind, Step: m.visits, Said: len(m.out.Messages), Depth: len(m.run.Stack),
		Flow: m.run.Flow, Action: a.ID, Type: a.Type, Parameters: m.noted,
		Result: decided, Problem: r.problem, Way: way, Waits: r.kind == kindSuspend, Again: m.again,
	}
	switch way.Kind {
	case flow.WayCondition:
		v.Next = m.flow.Identifier(a.Conditions[way.Index].Next)
	case flow.WayError:
		v.Next = m.flow.Identifier(a.Errors[way.Index].Next)
	case flow.WayNext:
		v.Next = m.flow.Identifier(a.Next)
	}
	m.w.Trace(v)
}
