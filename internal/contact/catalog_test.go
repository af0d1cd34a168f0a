package contact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/bare"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// testCatalog is a catalog of flow documents by name, and of other resources.
type testCatalog struct {
	bare.Empty
	flows    flows
	modules  flows
	defaults flows // by type
	queues   map[string]machine.Queue
	hours    map[string]machine.Opening
	views    map[string]machine.View
}

type flows map[string]*flow.Flow

func (f flows) find(ref string) (*flow.Flow, center.FlowID, error) {
	if v := f[ref]; v != nil {
		return v, center.FlowID(ref), nil
	}
	return nil, "", center.Missing(center.KindFlow, ref)
}

func (o testCatalog) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return o.flows.find(ref)
}

func (o testCatalog) Default(_ center.InstanceID, typ string) (*flow.Flow, center.FlowID, error) {
	return o.defaults.find(typ)
}

func (o testCatalog) Module(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return o.modules.find(ref)
}

func (o testCatalog) Content(id center.FlowID, hash string) (*flow.Flow, error) {
	for _, all := range []flows{o.flows, o.modules, o.defaults} {
		if v := all[string(id)]; v != nil && v.Hash == hash {
			return v, nil
		}
	}
	return nil, center.Missing(center.KindFlow, string(id))
}

func (o testCatalog) Queue(_ center.InstanceID, ref string) (machine.Queue, error) {
	if q, ok := o.queues[ref]; ok {
		return q, nil
	}
	return machine.Queue{}, center.Missing(center.KindQueue, ref)
}

func (o testCatalog) Hours(_ center.InstanceID, ref string, _ time.Time) (machine.Opening, error) {
	if h, ok := o.hours[ref]; ok {
		return h, nil
	}
	return machine.Opening{}, center.Missing(center.KindHours, ref)
}

func (o testCatalog) FindView(_ center.InstanceID, ref string) (machine.View, error) {
	if v, ok := o.views[ref]; ok {
		return v, nil
	}
	return machine.View{}, center.Missing(center.KindView, ref)
}

// queue is a queue without a limit.
func queue(id string) machine.Queue {
	return machine.Queue{ID: center.QueueID(id), ARN: "arn:queue/" + id, Name: strings.ToUpper(id), Hours: "week", Max: -1}
}

// catalogWithQueues is a catalog of flows with queues, hours and a view.
func catalogWithQueues(documents flows) testCatalog {
	return testCatalog{
		flows: documents, modules: flows{}, defaults: flows{},
		queues: map[string]machine.Queue{"sales": queue("sales"), "support": queue("support"), "agent/u1": queue("agent/u1")},
		hours:  map[string]machine.Opening{"week": {Open: true}},
		views:  map[string]machine.View{"form": {ID: "form", ARN: "arn:view/form", Version: 2, Actions: []string{"Send"}}},
	}
}

// step writes an action for document. Branches are written "Error>3" for an
// error and "=value>3" for a condition.
func step(typ, parameters, next string, branches ...string) string {
	var errs, conditions []string
	for _, b := range branches {
		what, to, _ := strings.Cut(b, ">")
		if operand, ok := strings.CutPrefix(what, "="); ok {
			conditions = append(conditions, fmt.Sprintf(`{"NextAction":%q,"Condition":{"Operator":"Equals","Operands":[%q]}}`, to, operand))
		} else {
			errs = append(errs, fmt.Sprintf(`{"NextAction":%q,"ErrorType":%q}`, to, what))
		}
	}
	transitions := fmt.Sprintf(`"Errors":[%s],"Conditions":[%s]`, strings.Join(errs, ","), strings.Join(conditions, ","))
	if next != "" {
		transitions += fmt.Sprintf(`,"NextAction":%q`, next)
	}
	return fmt.Sprintf(`{"Type":%q,"Parameters":{%s},"Transitions":{%s}}`, typ, parameters, transitions)
}

func says(text, next string) string {
	return step("MessageParticipant", fmt.Sprintf(`"Text":%q`, text), next)
}

func ends() string { return step("EndFlowExecution", "", "") }

// waits writes a Wait that only time ends.
func waits(seconds int, next string) string {
	return step("Wait", fmt.Sprintf(`"TimeLimitSeconds":"%d"`, seconds), next, "NoMatchingError>"+next, "=WaitCompleted>"+next)
}

func hooks(name, flow, next string) string {
	return step("UpdateContactEventHooks", fmt.Sprintf(`"EventHooks":{%q:%q}`, name, flow), next, "NoMatchingError>9")
}

// queueing returns the actions 0 and 1, which put a contact into a queue; 8 is
// next when the queue is full, 9 after an error.
func queueing(to string) []string {
	return []string{
		step("UpdateContactTargetQueue", fmt.Sprintf(`"QueueId":%q`, to), "1", "NoMatchingError>9"),
		step("TransferContactToQueue", "", "9", "QueueAtCapacity>8", "NoMatchingError>9"),
	}
}

// numbered pads a list of actions so that 8 says that a queue is full and 9
// reports an error; both then disconnect.
func numbered(t *testing.T, actions ...string) *flow.Flow {
	t.Helper()
	for len(actions) < 8 {
		actions = append(actions, disconnect)
	}
	actions = append(actions[:8:8], says("All lines are busy", "7"), says("Something is wrong", "7"))
	actions[7] = disconnect
	return document(t, actions...)
}

// startConnected starts a chat whose customer has connected.
func startConnected(t *testing.T, o testCatalog, s Start) (*chatTest, center.ParticipantID) {
	t.Helper()
	p := newChatTest(t, nil)
	p.env.Catalog = o
	ana := p.start(s)
	p.do(Connect{Participant: ana})
	return p, ana
}

// typed is a text message of a participant.
func typed(p center.ParticipantID, content string) Send {
	return Send{Participant: p, ContentType: center.PlainText, Content: content}
}
