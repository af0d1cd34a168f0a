package check

import (
	"fmt"
	"slices"

	"parley.example/parley/internal/flow"
)

// Modules finds what the module declares that a call names by a fixed id or ARN,
// which an alias or a version may follow; nil where that is not known.
type Modules func(ref string) *flow.Contract

// Calls reports where a flow does not keep to what the modules that it calls
// declare: an input that is not declared, a value of another type than declared
// (a reference is a text), and a condition on a result that is not declared. In a
// module it also reports what does not keep to the module's own contract: a Result
// that is not declared, and ResultData likewise. The service refuses each of them
// (probed by publishing, 2026-08). A call without inputs is fine, and so is any of
// a module of which nothing is known, or whose id is not fixed.
func Calls(f *flow.Flow, find Modules) []Finding {
	v := &validation{f: f}
	for i := range f.Actions {
		if len(v.findings) > maxFindings {
			break
		}
		a := &f.Actions[i]
		v.first = len(v.findings)
		switch args := a.Args.(type) {
		case *flow.ModuleArgs:
			if !args.Module.Constant() || args.Module.Empty() {
				continue
			}
			if c := find(args.Module.Literal); c != nil {
				v.call(a, c)
			}
		case *flow.EndModuleArgs:
			if f.Contract != nil {
				v.answer(a, args, f.Contract)
			}
		}
	}
	return v.findings
}

// call holds a call to the contract of the module.
func (v *validation) call(a *flow.Action, c *flow.Contract) {
	for _, name := range flow.InputNames {
		if a.Params.Has(name) {
			v.fits(a, name, c.Input, "the module declares no inputs")
		}
	}
	for i := range a.Conditions {
		if o := &a.Conditions[i].Operand; o.Constant() && !slices.Contains(c.Results, o.Literal) {
			v.value(a, fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands[0]", i), "the module does not declare the result "+flow.Clip(o.Literal))
		}
	}
}

// answer holds what a module gives back to its own contract.
func (v *validation) answer(a *flow.Action, args *flow.EndModuleArgs, c *flow.Contract) {
	if r := &args.Result; r.Constant() && !r.Empty() && !slices.Contains(c.Results, r.Literal) {
		v.value(a, "Parameters.Result", "the module's Settings do not declare the result "+flow.Clip(r.Literal))
	}
	if a.Params.Has("ResultData") {
		v.fits(a, "ResultData", c.ResultData, "the module's Settings declare no result data")
	}
}

// fits holds a parameter to a schema. Without one nothing may be in it.
func (v *validation) fits(a *flow.Action, name string, schema *flow.Schema, none string) {
	value, err := flow.Decode(a.Params[name])
	if err != nil {
		return // which is an error already
	}
	if schema == nil {
		if of, ok := value.(map[string]any); !ok || len(of) > 0 {
			v.value(a, "Parameters."+name, none)
		}
		return
	}
	for _, m := range schema.Mismatches(value) {
		v.value(a, "Parameters."+name+m.Path, m.Why)
	}
}
