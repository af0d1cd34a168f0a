package simulator

import (
	"fmt"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flowtest/wording"
)

// Stage returns the flow to start so that a document runs: itself, or for one
// that only runs beside others, a flow that leads to it and belongs to the
// instance from now on.
func (in *Instance) Stage(d *Document) (*Document, error) {
	var actions string
	switch d.Type {
	case "CUSTOMER_QUEUE":
		actions = hook("CustomerQueue", d.ID) + toQueue
	case "AGENT_WHISPER":
		actions = hook("AgentWhisper", d.ID) + toQueue
	case "CUSTOMER_WHISPER":
		actions = hook("CustomerWhisper", d.ID) + toQueue
	case TypeModule:
		actions = fmt.Sprintf(`{"Identifier":"Start","Type":"InvokeFlowModule","Parameters":{"FlowModuleId":%s},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`, wording.Quote(string(d.ID)))
	default:
		return d, nil
	}
	content := `{"Version":"2019-10-30","StartAction":"Start","Metadata":{"name":"Stage"},"Actions":[` + actions + `]}`
	around, err := NewDocument("stage", []byte(content), "stage of "+string(d.ID), "CONTACT_FLOW")
	if err != nil {
		return nil, err
	}
	around.staged = true
	in.Add(around)
	return around, nil
}

func hook(key string, id center.FlowID) string {
	return fmt.Sprintf(`{"Identifier":"Start","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{%q:%s}},"Transitions":{"NextAction":"Queue","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},`, key, wording.Quote(string(id)))
}

const toQueue = `{"Identifier":"Queue","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"Queue"},"Transitions":{"NextAction":"Transfer","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"Transfer","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"QueueAtCapacity"},{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
