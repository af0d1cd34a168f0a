package machine

import (
	"encoding/json"
	"strings"

	"parley.example/parley/internal/flow"
)

// runInvokeModule is InvokeFlowModule: the run goes on in a module and comes back
// to this action when that ends. A module has data of its own: it sees neither
// what its caller has gathered, like $.External, nor the caller what it
// gathers. The attributes of the contact are shared, and Inputs and the result
// are passed.
func runInvokeModule(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.ModuleArgs)
	ref, _ := m.text(&s.Module)
	m.note("FlowModuleId", ref)
	switch {
	case ref == "":
		return fail("no module is named")
	case len(m.run.Stack) >= MaxStack:
		return fail("modules are nested deeper than %d levels", MaxStack)
	case m.w.Facts == nil:
		return fail("there is no module %s", flow.Clip(ref))
	}
	f, id, err := m.w.Facts.Module(ref)
	if err != nil {
		return fail("%s", err)
	}
	input, problem := moduleInput(m, s, f)
	if problem != "" {
		return fail("%s", problem)
	}
	m.target, m.to, m.passed = f, id, input
	return result{kind: kindCall}
}

// moduleInput resolves what is passed to a module and holds it to what its Settings require.
func moduleInput(m *machine, s *flow.ModuleArgs, f *flow.Flow) (raw json.RawMessage, problem string) {
	values := make(map[string]any, len(s.Inputs))
	size := 0
	for i := range s.Inputs {
		key, fits := m.text(&s.Inputs[i].Key)
		v, ok := m.tree(&s.Inputs[i].Value)
		if size += len(key) + v.Size(); !ok || !fits || size > maxAnswer {
			return nil, "the inputs weigh more than 32 KB"
		}
		values[key] = v.Any()
	}
	for _, name := range f.Required {
		if v := values[name]; v == nil || v == "" {
			return nil, "the module requires the input " + flow.Clip(name)
		}
	}
	if len(values) == 0 {
		return nil, ""
	}
	return flow.Encode(values), ""
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

// runEndModule is EndFlowModuleExecution.
func runEndModule(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.EndModuleArgs)
	if len(m.run.Stack) == 0 {
		return finish(EndFlow) // the document runs as a flow by itself
	}
	text, _ := m.text(&s.Result)
	v, ok := m.tree(&s.Data)
	if !ok || v.Size() >= maxAnswer {
		v = flow.Value{}
	}
	m.passed = flow.Encode(moduleResult{text, v.Any()})
	return result{kind: kindReturn, text: text}
}

type moduleResult struct {
	Result     string
	ResultData any `json:",omitempty"`
}

// back returns from a module to the action that called it. A result decides
// over its conditions; without one the module ended normally.
func (m *machine) back(r result) (next int, more bool) {
	top := len(m.run.Stack) - 1
	frame := m.run.Stack[top]
	f, err := m.w.Content(frame.Flow, frame.Hash)
	if err != nil {
		m.lost(&m.run, "the content of the calling flow is gone: "+err.Error())
		return flow.None, false
	}
	i, ok := f.Find(frame.Action)
	if !ok {
		m.lost(&m.run, "the calling flow has no such action")
		return flow.None, false
	}
	m.flow, m.docs, m.lists, m.owned = f, [docs]any{}, nil, false
	m.run.Flow, m.run.Hash, m.run.Stack, m.run.Data = frame.Flow, frame.Hash, m.run.Stack[:top], frame.Data
	if top == 0 {
		m.run.Stack = nil
	}
	m.keep(docModule, m.passed)
	m.again = true
	if strings.TrimSpace(r.text) == "" {
		return m.settle(&f.Actions[i], done)
	}
	return m.settle(&f.Actions[i], choose(r.text))
}
