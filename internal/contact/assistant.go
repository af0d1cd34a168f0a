package contact

import (
	"encoding/json"
	"sync"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// assistantFlow is what runs in the place of a flow in a chat with an AI agent: one
// action, which asks the agent ([machine.Contact.AIAgent]) until it is done. It is
// no resource: it has no id, belongs to no instance, and every build has it, so a
// run goes on after a restart and on another node like any other. Runs in the
// store name its action.
//
// Its time limit is the longest there is: a chat ends earlier, and how long an
// agent's own session lasts is the agent's business. An agent that fails leads
// nowhere, which ends the run otherwise than by DisconnectParticipant.
var assistantFlow = sync.OnceValues(func() (*flow.Flow, error) {
	return flow.Parse([]byte(`{"Version":"2019-10-30","StartAction":"agent","Actions":[
		{"Identifier":"agent","Type":"ConnectParticipantWithLexBot","Parameters":{"LexTimeoutSeconds":{"Text":"604800"}},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`))
})

// content returns where the contents of the chat's flows are found.
func (d *decision) content() func(center.FlowID, string) (*flow.Flow, error) {
	if d.chat.Latest.AIAgent != "" {
		return func(center.FlowID, string) (*flow.Flow, error) { return assistantFlow() }
	}
	return d.env.Catalog.Content
}

// meet lets the AI agent of the chat hear the InitialMessage: it is the customer's
// first message like those that follow. (A flow reads it as $.Media.InitialMessage.)
func (d *decision) meet(customer Participant) error {
	if err := d.begin(); err != nil {
		return err
	}
	m := d.chat.InitialMessage
	if m == nil {
		return nil
	}
	return d.speak(PendingItem{Item: message(customer, m.ContentType, m.Content, "")})
}

// assistantEnded ends the chat of an AI agent that is done, or has failed. There is
// no flow to go on with: one that wants a human to take over (the tool Escalate of
// Amazon's agents, in the session attribute Tool) has this noted in the record.
func (d *decision) assistantEnded(out *machine.Outcome) error {
	var last struct{ SessionAttributes map[string]string } // of $.Lex
	if json.Unmarshal(out.Data.Lex, &last) == nil && last.SessionAttributes["Tool"] == "Escalate" {
		d.current().Escalated = true
	}
	if out.End == machine.EndDisconnect {
		return d.end(center.ReasonFlow)
	}
	return d.end(center.ReasonSystemError)
}
