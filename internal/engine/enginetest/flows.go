package enginetest

import (
	"context"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/bare"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Greet is a flow that says hello, waits a week and disconnects.
const Greet = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"Hello"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// Survey is a flow that names another, by its id, for the customer who remains,
// and waits a week.
func Survey(remaining string) string {
	return `{"Version":"2019-10-30","StartAction":"h","Actions":[
 {"Identifier":"h","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"` + remaining + `"}},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
}

// Flows is a catalog that holds flows, and queues if need be, in every
// instance alike. The name of a flow is its id; a flow that has the name of a
// type, as CUSTOMER_QUEUE, is the default of that type.
type Flows struct {
	bare.Empty
	ByName map[string]*flow.Flow
	Queues map[string]machine.Queue // by id
}

var _ engine.Catalog = Flows{}

// ParseFlows returns a catalog of documents by their names.
func ParseFlows(t testing.TB, documents map[string]string) Flows {
	t.Helper()
	f := Flows{ByName: map[string]*flow.Flow{}}
	for name, text := range documents {
		parsed, err := flow.Parse([]byte(text))
		if err != nil {
			t.Fatalf("Parse(%s): %v", name, err)
		}
		f.ByName[name] = parsed
	}
	return f
}

// Prepare implements [engine.Catalog].
func (Flows) Prepare(context.Context, center.InstanceID, ...*machine.Run) error { return nil }

// Published implements [engine.Catalog].
func (f Flows) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	if v := f.ByName[ref]; v != nil {
		return v, center.FlowID(ref), nil
	}
	return nil, "", center.Missing(center.KindFlow, ref)
}

// Content implements [engine.Catalog].
func (f Flows) Content(id center.FlowID, _ string) (*flow.Flow, error) {
	if v := f.ByName[string(id)]; v != nil {
		return v, nil
	}
	return nil, center.Missing(center.KindFlow, string(id))
}

// Default implements [engine.Catalog].
func (f Flows) Default(instance center.InstanceID, typ string) (*flow.Flow, center.FlowID, error) {
	if v := f.ByName[typ]; v != nil {
		return v, center.FlowID(typ), nil
	}
	return f.Empty.Default(instance, typ)
}

// Queue implements [engine.Catalog].
func (f Flows) Queue(_ center.InstanceID, ref string) (machine.Queue, error) {
	if q, ok := f.Queues[ref]; ok {
		return q, nil
	}
	return machine.Queue{}, center.Missing(center.KindQueue, ref)
}
