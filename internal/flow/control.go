package flow

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"parley.example/parley/internal/center"
)

// compare is Compare: the conditions decide over what one reference stands for.
type compare struct {
	of        *reference
	namespace string // what the designer calls the root
}

func newCompare(p params) (step, error) {
	t, err := p.template("ComparisonValue")
	if err != nil {
		return nil, err
	}
	of := t.whole()
	if of == nil {
		return nil, errors.New("ComparisonValue is not exactly one reference")
	}
	return compare{of, cmp.Or(namespaces[of.name], "System")}, nil
}

func (s compare) run(m *machine, _ *action) result {
	v := m.resolve(s.of)
	m.note("Attribute", s.of.raw)
	m.note("Namespace", s.namespace)
	text := v.text()
	if !m.spend(len(text)) {
		return fail("the value is too long")
	}
	m.note("Value", text)
	return result{kind: kindChoice, text: text, null: v.kind == kindNull && s.of.root != nil && !s.of.root.user}
}

// The events that Wait can listen to, and the results it has.
const (
	customerReturned = "CustomerReturned"
	botDisconnected  = "BotParticipantDisconnected"
	waitCompleted    = "WaitCompleted"

	maxWait = 604800 // seconds
)

// participantNotFound is the error of waiting for a bot that is not there.
const participantNotFound = "ParticipantNotFound"

// wait is Wait: it suspends the run until a time, or an event that it lists.
type wait struct {
	limit  template
	events []string
	bot    bool
}

func newWait(p params) (step, error) {
	s := &wait{}
	var err error
	if s.limit, err = p.template("TimeLimitSeconds"); err != nil {
		return nil, err
	}
	if s.events, err = p.list("Events"); err != nil {
		return nil, err
	}
	for _, e := range s.events {
		switch e {
		case botDisconnected:
			s.bot = true
		case customerReturned:
		default:
			return nil, errors.New("Events holds the unknown event " + clip(e))
		}
	}
	return s, nil
}

func (s *wait) run(m *machine, _ *action) result {
	text, _ := s.limit.text(m)
	m.note("TimeoutSeconds", text)
	m.note("InterruptOnCustomerReturn", strconv.FormatBool(slices.Contains(s.events, customerReturned)))
	seconds, ok := number(text)
	if !ok || seconds < 1 || seconds > maxWait {
		return fail("TimeLimitSeconds is %q, not a number from 1 to %d", clip(text), maxWait)
	}
	if s.bot && !m.c.BotPresent {
		return failWith(participantNotFound, "no bot takes part in the chat")
	}
	m.run.Wait = Wait{Kind: WaitTime, Until: m.w.Now.Add(time.Duration(seconds) * time.Second), Events: s.events}
	return suspend
}

func (s *wait) resume(m *machine, a *action, ev Event) result {
	came := waitCompleted
	switch ev.Kind {
	case EventCustomerMessage, EventCustomerBack:
		came = customerReturned
	case EventBotLeft:
		came = botDisconnected
	}
	for i := range a.conditions {
		if text, ok := a.conditions[i].operand.text(m); ok && text == came {
			return choose(came)
		}
	}
	return fail("the action has no branch for %s", came)
}

func (w *Wait) listens(event string) bool {
	return slices.Contains(w.Events, event)
}

// maxLoop is the largest LoopCount.
const maxLoop = 100

// The results of Loop.
const (
	continueLooping = "ContinueLooping"
	doneLooping     = "DoneLooping"
)

// loop is Loop: it counts its visits in the run and answers ContinueLooping
// LoopCount times, then DoneLooping once, and begins anew. A LoopCount that is
// exactly one reference to a list goes through that list, as it is at the first
// visit. With a LoopName the flow sees $.Loop.name.Index, from 0 on, and of a
// list $.Loop.name.Element and $.Loop.name.Elements.
type loop struct {
	count template
	name  string
}

func newLoop(p params) (step, error) {
	t, err := p.template("LoopCount")
	if err != nil {
		return nil, err
	}
	name, err := p.literal("LoopName")
	return &loop{t, name}, err
}

func (s *loop) run(m *machine, a *action) result {
	visits := m.run.Data.Loops[a.id]
	n, elements, problem := s.times(m, a.id)
	if problem != "" {
		if _, branch := a.branch(noMatchingError); !branch {
			return choose(doneLooping)
		}
		return fail("%s", problem)
	}
	if visits >= n {
		if visits > 0 {
			d := m.own()
			delete(d.Loops, a.id)
			delete(d.Lists, s.label(a.id))
			delete(m.lists, s.label(a.id))
		}
		return choose(doneLooping)
	}
	d := m.own()
	if d.Loops == nil {
		d.Loops = map[string]int{}
	}
	d.Loops[a.id] = visits + 1
	if elements != nil || s.name != "" {
		if d.Lists == nil {
			d.Lists = map[string]ListLoop{}
		}
		if visits == 0 {
			delete(m.lists, s.label(a.id))
		}
		d.Lists[s.label(a.id)] = ListLoop{Index: visits, Length: n, Elements: elements}
	}
	return choose(continueLooping)
}

// label is the name of the loop under $.Loop.
func (s *loop) label(id string) string {
	if s.name != "" {
		return s.name
	}
	return id
}

// times is how often the loop continues, and over which list.
func (s *loop) times(m *machine, id string) (n int, elements json.RawMessage, problem string) {
	if l := m.run.Data.Lists[s.label(id)]; l.Elements != nil && m.run.Data.Loops[id] > 0 {
		return l.Length, l.Elements, ""
	}
	v, ok := s.count.value(m)
	if list, is := v.any().([]any); is && ok {
		m.note("LoopCount", strconv.Itoa(len(list)))
		if len(list) > maxLoop {
			return 0, nil, "the list has more than 100 elements"
		}
		return len(list), encode(list), ""
	}
	text := v.text()
	m.note("LoopCount", text)
	n, ok = number(text)
	if !ok || n < 0 || n > maxLoop {
		return 0, nil, "LoopCount is \"" + clip(text) + "\", not a number from 0 to 100"
	}
	return n, nil, ""
}

// distribute is DistributeByPercentage: a random number from 1 to 100 decides.
type distribute struct{}

func newDistribute(params) (step, error) { return distribute{}, nil }

func (distribute) run(m *machine, _ *action) result {
	return choose(strconv.Itoa(1 + m.w.Random(100)))
}

// transfer is TransferToFlow: the run goes on in another flow.
type transfer struct{ flow template }

func newTransfer(p params) (step, error) {
	t, err := p.template("ContactFlowId")
	return &transfer{t}, err
}

func (s *transfer) run(m *machine, _ *action) result {
	ref, _ := s.flow.text(m)
	m.note("ContactFlowId", ref)
	f, id, problem := m.find(ref, "CONTACT_FLOW", "AGENT_TRANSFER", "QUEUE_TRANSFER")
	if f == nil {
		return fail("%s", problem)
	}
	m.target, m.to = f, id
	return jump
}

// find looks up a published flow of one of some types.
func (m *machine) find(ref string, types ...string) (f *Flow, id center.FlowID, problem string) {
	if ref == "" {
		return nil, "", "no flow is named"
	}
	f, id, err := m.w.Flow(ref)
	if err != nil {
		return nil, "", err.Error()
	}
	if f == nil {
		return nil, "", "there is no flow " + clip(ref)
	}
	for _, t := range types {
		if f.typ == t || f.typ == "" {
			return f, id, ""
		}
	}
	return nil, "", "the flow " + clip(ref) + " is of type " + f.typ + ", which cannot stand here"
}

// end is EndFlowExecution.
type end struct{}

func newEnd(params) (step, error) { return end{}, nil }

func (end) run(*machine, *action) result { return finish(EndFlow) }
