package machine

import (
	"encoding/json"

	"parley.example/parley/internal/flow"
)

// runInvokeModule is InvokeFlowModule: the run goes on in a module and returns
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
		return fail("no module is specified")
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
			return nil, "the inputs exceed 32 KB in total"
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
