package flow

import (
	"encoding/json"
	"errors"
	"strings"
)

// invokeModule is InvokeFlowModule: the run goes on in a module and comes back
// to this action when that ends. A module has data of its own: it sees neither
// what its caller has gathered, like $.External, nor the caller what it
// gathers. The attributes of the contact are shared, and Inputs and the result
// are passed.
type invokeModule struct {
	module template
	inputs []parameter
}

// inputNames are the parameters that may hold what is passed to a module. The
// name that the service uses is not published.
var inputNames = []string{"InputParameters", "Inputs", "Input"}

func newInvokeModule(p params) (step, error) {
	s := &invokeModule{}
	var err error
	if s.module, err = p.template("FlowModuleId"); err != nil {
		return nil, err
	}
	for _, name := range inputNames {
		inputs, err := p.parameters(name)
		if err != nil {
			return nil, err
		}
		s.inputs = append(s.inputs, inputs...)
	}
	return s, nil
}

func (s *invokeModule) run(m *machine, a *action) result {
	ref, _ := s.module.text(m)
	m.note("FlowModuleId", ref)
	switch {
	case ref == "":
		return fail("no module is named")
	case len(m.run.Stack) >= MaxStack:
		return fail("modules are nested deeper than %d levels", MaxStack)
	case m.w.Facts == nil:
		return fail("there is no module %s", clip(ref))
	}
	f, id, err := m.w.Facts.Module(ref)
	if err != nil {
		return fail("%s", err)
	}
	input, problem := s.input(m, f)
	if problem != "" {
		return fail("%s", problem)
	}
	m.target, m.to, m.passed = f, id, input
	return result{kind: kindCall}
}

// input resolves what is passed to a module and holds it to what its Settings require.
func (s *invokeModule) input(m *machine, f *Flow) (raw json.RawMessage, problem string) {
	values := make(map[string]any, len(s.inputs))
	size := 0
	for i := range s.inputs {
		key, fits := s.inputs[i].key.text(m)
		v, ok := s.inputs[i].value.value(m)
		if size += len(key) + v.size(); !ok || !fits || size > maxAnswer {
			return nil, "the inputs weigh more than 32 KB"
		}
		values[key] = v.any()
	}
	for _, name := range f.required {
		if v := values[name]; v == nil || v == "" {
			return nil, "the module requires the input " + clip(name)
		}
	}
	if len(values) == 0 {
		return nil, ""
	}
	return encode(values), ""
}

// call makes the run one of the module in target. The slice is copied: the run
// that this one began with keeps its own.
func (m *machine) call(a *action) {
	frame := Frame{Flow: m.run.Flow, Hash: m.run.Hash, Action: a.id, Data: m.run.Data}
	m.run.Stack = append(m.run.Stack[:len(m.run.Stack):len(m.run.Stack)], frame)
	m.run.Data = Data{Input: m.passed}
	m.docs = [docs]any{}
	m.enter(m.target, m.to)
}

// endModule is EndFlowModuleExecution.
type endModule struct {
	result template
	data   tree
}

func newEndModule(p params) (step, error) {
	s := &endModule{}
	var err error
	if s.result, err = p.template("Result"); err != nil {
		return nil, err
	}
	if p.has("ResultData") {
		v, err := decode(p["ResultData"])
		if err != nil {
			return nil, errors.New("ResultData is not JSON")
		}
		s.data = compileTree(v)
	}
	return s, nil
}

func (s *endModule) run(m *machine, _ *action) result {
	if len(m.run.Stack) == 0 {
		return finish(EndFlow) // the document runs as a flow by itself
	}
	text, _ := s.result.text(m)
	v, ok := s.data.value(m)
	if !ok || v.size() >= maxAnswer {
		v = value{}
	}
	m.passed = encode(moduleResult{text, v.any()})
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
		return none, false
	}
	i, ok := f.byID[frame.Action]
	if !ok {
		m.lost(&m.run, "the calling flow has no such action")
		return none, false
	}
	m.flow, m.docs, m.lists, m.owned = f, [docs]any{}, nil, false
	m.run.Flow, m.run.Hash, m.run.Stack, m.run.Data = frame.Flow, frame.Hash, m.run.Stack[:top], frame.Data
	if top == 0 {
		m.run.Stack = nil
	}
	m.keep(docModule, m.passed)
	m.again = true
	if strings.TrimSpace(r.text) == "" {
		return m.settle(&f.actions[i], done)
	}
	return m.settle(&f.actions[i], choose(r.text))
}
