package machine

import (
	"encoding/json"
	"strconv"

	"parley.example/parley/internal/flow"
)

// runCompare is Compare: the conditions decide over what one reference stands for.
func runCompare(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.CompareArgs)
	v := m.whole(s.Of)
	m.note("Attribute", s.Of.String())
	m.note("Namespace", s.Of.Namespace())
	text := v.Text()
	if !m.spend(len(text)) {
		return fail("the value is too long")
	}
	m.note("Value", text)
	return result{kind: kindChoice, text: text, value: v, null: v.Null() && s.Of.Root != nil && !s.Of.Root.Named}
}

// runLoop is Loop: it counts its visits in the run and answers ContinueLooping
// LoopCount times, then DoneLooping once, and begins anew. A LoopCount that is
// exactly one reference to a list goes through that list, as it is at the first
// visit. With a LoopName the flow sees $.Loop.name.Index, from 0 on, and of a
// list $.Loop.name.Element and $.Loop.name.Elements.
func runLoop(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.LoopArgs)
	visits := m.run.Data.Loops[a.ID]
	n, elements, problem := loopTimes(m, s, a.ID)
	if problem != "" {
		if _, branch := a.Branch(flow.NoMatchingError); !branch {
			return choose(flow.DoneLooping)
		}
		return fail("%s", problem)
	}
	if visits >= n {
		if visits > 0 {
			d := m.own()
			delete(d.Loops, a.ID)
			delete(d.Lists, loopLabel(s, a.ID))
			delete(m.lists, loopLabel(s, a.ID))
		}
		return choose(flow.DoneLooping)
	}
	d := m.own()
	if d.Loops == nil {
		d.Loops = map[string]int{}
	}
	d.Loops[a.ID] = visits + 1
	if elements != nil || s.Name != "" {
		if d.Lists == nil {
			d.Lists = map[string]ListLoop{}
		}
		if visits == 0 {
			delete(m.lists, loopLabel(s, a.ID))
		}
		d.Lists[loopLabel(s, a.ID)] = ListLoop{Index: visits, Length: n, Elements: elements}
	}
	return choose(flow.ContinueLooping)
}

// loopLabel is the name of the loop under $.Loop.
func loopLabel(s *flow.LoopArgs, id string) string {
	if s.Name != "" {
		return s.Name
	}
	return id
}

// loopTimes is how often the loop continues, and over which list.
func loopTimes(m *machine, s *flow.LoopArgs, id string) (n int, elements json.RawMessage, problem string) {
	if l := m.run.Data.Lists[loopLabel(s, id)]; l.Elements != nil && m.run.Data.Loops[id] > 0 {
		return l.Length, l.Elements, ""
	}
	v, ok := m.value(&s.Count)
	if list, is := v.Any().([]any); is && ok {
		m.note("LoopCount", strconv.Itoa(len(list)))
		if len(list) > flow.MaxLoop {
			return 0, nil, "the list has more than 100 elements"
		}
		return len(list), flow.Encode(list), ""
	}
	text := v.Text()
	m.note("LoopCount", text)
	n, ok = flow.Number(text)
	if !ok || n < 0 || n > flow.MaxLoop {
		return 0, nil, "LoopCount is \"" + flow.Clip(text) + "\", not a number from 0 to 100"
	}
	return n, nil, ""
}

// runDistribute is DistributeByPercentage: a random number from 1 to 100 decides.
func runDistribute(m *machine, _ *flow.Action) result {
	return choose(strconv.Itoa(1 + m.w.Random(100)))
}

// runTransfer is TransferToFlow: the run goes on in another flow.
func runTransfer(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.TransferArgs)
	ref, _ := m.text(&s.Flow)
	m.note("ContactFlowId", ref)
	f, id, problem := m.find(ref, "CONTACT_FLOW", "AGENT_TRANSFER", "QUEUE_TRANSFER")
	if f == nil {
		return fail("%s", problem)
	}
	m.target, m.to = f, id
	return jump
}

// runEnd is EndFlowExecution.
func runEnd(*machine, *flow.Action) result { return finish(EndFlow) }
