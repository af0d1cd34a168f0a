package machine

import (
	"encoding/json"
	"fmt"
	"maps"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Bounds of what a run may do between two waits, besides flow.MaxSteps.
const (
	maxBudget = 8 << 20  // bytes of text made and references looked up, for documents that abuse the guard
	maxText   = 64 << 10 // bytes of one text; every limit of the language lies below
	maxLog    = 2000     // entries of the flow log
)

// machine is one Start or Advance under way.
type machine struct {
	w        World
	c        *Contact
	flow     *flow.Flow
	run      Run
	out      Outcome
	budget   int
	docs     [docs]any      // the documents of run.Data that a reference has asked for, decoded
	lists    map[string]any // the lists of run.Data.Lists, likewise
	owned    bool           // run.Data's maps are this machine's own and may be written
	target   *flow.Flow     // of a jump, with its id
	to       center.FlowID
	waited   Wait            // what the run that goes on has waited for
	passed   json.RawMessage // what is passed to a module, or back from it
	noted    map[string]any  // parameters for the flow log
	logged   bool            // the action wrote its entries itself
	external json.RawMessage // ExternalResults of the action's entry
	visits   int             // actions that World.Trace was called for
	again    bool            // the action goes on, see Visit
	scratch  [512]byte
}

// result is how an action went.
type result struct {
	kind    resultKind
	text    string // of choice: the result; of failure: the error type; of finish: the End
	null    bool   // of choice: the result is an undefined value of the system
	problem string // of failure: why
	always  bool   // of failure: log it even when logging is off
	quiet   bool   // of suspend: the action goes on waiting, there is nothing to log
}

type resultKind uint8

const (
	kindDone    resultKind = iota // go on with NextAction
	kindChoice                    // the conditions decide over text
	kindFailure                   // the error branches decide
	kindSuspend                   // run.Wait says for what
	kindFinish
	kindJump   // go on at the start of the flow in target
	kindCall   // the same, and come back
	kindReturn // the module that runs has ended; text is its result
)

var (
	done    = result{kind: kindDone}
	suspend = result{kind: kindSuspend}
	jump    = result{kind: kindJump}
)

// quietly makes no entry in the log of a wait that goes on.
func quietly(r result) result {
	if r.kind == kindSuspend {
		r.quiet = true
	}
	return r
}

// stay goes on waiting as before.
func (m *machine) stay() result {
	m.run.Wait = m.waited
	return quietly(suspend)
}

func choose(text string) result { return result{kind: kindChoice, text: text} }

func finish(e End) result { return result{kind: kindFinish, text: string(e)} }

// fail ends an action with NoMatchingError.
func fail(format string, args ...any) result { return failWith(flow.NoMatchingError, format, args...) }

func failWith(errorType, format string, args ...any) result {
	return result{kind: kindFailure, text: errorType, problem: fmt.Sprintf(format, args...)}
}

// Start begins a run of f, whose id is id, at its StartAction and goes on until
// the run waits or ends. data is what earlier runs of the same contact have
// gathered; flow attributes and the counters of loops begin anew.
func Start(w World, f *flow.Flow, id center.FlowID, kind Kind, data Data) Outcome {
	m := &machine{w: w, c: w.Contact, run: Run{Kind: kind, Data: data}}
	m.enter(f, id)
	if f.Start == flow.None {
		m.out.Log = append(m.out.Log, LogEntry{
			Time: w.Now, Flow: id, Module: f.Module, Problem: "the flow has no first action: its StartAction names flow.None", Logging: m.c.Logging, Always: true})
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
		return m.lost(r, "the content of the flow is gone: "+err.Error())
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
	if r.Wait.Kind != WaitEffect && r.Wait.Kind != WaitBot {
		m.run.Steps = 0
	}
	next, more := m.settle(a, steps[a.Spec.Index].resume(m, a, ev))
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
	for m.run.Steps < flow.MaxSteps {
		if i < 0 {
			return m.end(EndFlow)
		}
		m.run.Steps++
		a := &m.flow.Actions[i]
		next, more := m.settle(a, m.do(a))
		if !more {
			return m.out
		}
		if m.spent() {
			return m.runaway(a, "the flow makes too much text without waiting")
		}
		i = next
	}
	if i < 0 {
		return m.end(EndFlow)
	}
	return m.runaway(&m.flow.Actions[i], fmt.Sprintf("the flow ran %d actions without waiting for anybody", flow.MaxSteps))
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
		m.run.Wait.Action = a.ID
		run := m.run
		m.out.Run = &run
		return flow.None, false
	case kindFinish:
		m.end(End(r.text))
		return flow.None, false
	case kindJump:
		if len(m.run.Stack) > 0 {
			m.run.Data, m.run.Stack, m.docs = m.run.Gathered(), nil, [docs]any{}
		}
		m.enter(m.target, m.to)
		return m.flow.Start, true
	case kindCall:
		m.call(a)
		return m.flow.Start, true
	case kindReturn:
		return m.back(r)
	}
	return next, true
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
		for i := range a.Conditions {
			c := &a.Conditions[i]
			if operand, ok := m.text(&c.Operand); ok && c.Holds(r.text, r.null, operand) {
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

// own makes the maps of the run's data this machine's, so that the run it
// began with stays as it was.
func (m *machine) own() *Data {
	if !m.owned {
		m.run.Data.Attributes = maps.Clone(m.run.Data.Attributes)
		m.run.Data.Loops = maps.Clone(m.run.Data.Loops)
		m.run.Data.Lists = maps.Clone(m.run.Data.Lists)
		m.owned = true
	}
	return &m.run.Data
}

// spend takes the cost of n bytes from the budget and reports whether there
// was enough.
func (m *machine) spend(n int) bool {
	const each = 16 // for looking up and comparing
	m.budget += n + each
	return m.budget <= maxBudget
}

func (m *machine) spent() bool { return m.budget > maxBudget }

// note keeps a resolved parameter for the action's entry in the flow log. The
// names are those of the service's logs.
func (m *machine) note(name, text string) {
	if m.noting() {
		m.noteAny(name, text)
	}
}

// noting reports whether anybody will see what is noted.
func (m *machine) noting() bool { return m.c.Logging || m.w.Trace != nil }

func (m *machine) noteAny(name string, v any) {
	if m.noted == nil {
		m.noted = map[string]any{}
	}
	m.noted[name] = v
}

// entry is an entry of the flow log for an action.
func (m *machine) entry(a *flow.Action) LogEntry {
	return LogEntry{
		Time: m.w.Now, Flow: m.run.Flow, Module: m.flow.Module, Action: a.ID, Type: a.Type, Block: a.Block, Logging: m.c.Logging,
	}
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
