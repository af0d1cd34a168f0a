package flowtest

import (
	"fmt"

	"parley.example/parley/internal/center"
)

// stage returns the flow to start so that a document runs: itself, or for one
// that only runs beside others, a flow that leads to it.
func stage(in *Instance, d *Document) (*Document, error) {
	var actions string
	switch d.Type {
	case "CUSTOMER_QUEUE":
		actions = hook("CustomerQueue", d.ID) + toQueue
	case "AGENT_WHISPER":
		actions = hook("AgentWhisper", d.ID) + toQueue
	case "CUSTOMER_WHISPER":
		actions = hook("CustomerWhisper", d.ID) + toQueue
	case typeModule:
		actions = fmt.Sprintf(`{"Identifier":"Start","Type":"InvokeFlowModule","Parameters":{"FlowModuleId":%s},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`, jsonText(string(d.ID)))
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

// StageQueue is the queue in which the flows wait that only run beside others.
const StageQueue = "Queue"

func hook(key string, id center.FlowID) string {
	return fmt.Sprintf(`{"Identifier":"Start","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{%q:%s}},"Transitions":{"NextAction":"Queue","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},`, key, jsonText(string(id)))
}

const toQueue = `{"Identifier":"Queue","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"` + StageQueue + `"},"Transitions":{"NextAction":"Transfer","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"Transfer","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"QueueAtCapacity"},{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
