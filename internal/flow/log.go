package flow

import (
	"encoding/json"
	"time"

	"parley/internal/center"
)

// LogEntry is one entry of a flow log: the action that ran and how it went.
// Actions that call out write one entry when they begin and one when they end.
type LogEntry struct {
	Time       time.Time
	Flow       center.FlowID
	Module     bool   // Flow is a module
	Action     string // identifier
	Type       string // action type
	Block      string // ContactFlowModuleType: the name that the service's logs use for the type
	Parameters map[string]any
	Result     string          // the condition or error type that decided, "" for plain success
	External   json.RawMessage // ExternalResults: the answer of a function, on its second entry
	Problem    string          // why the error branch was taken
	Logging    bool            // the contact's logging was on: the entry belongs into the flow log
	Always     bool            // to be told even when it was off: an unsupported action, a runaway
}

// blocks are the names of the legacy blocks, which flow logs use, where they
// differ from the action type.
var blocks = map[string]string{
	"MessageParticipant":                  "PlayPrompt",
	"MessageParticipantIteratively":       "LoopPrompts",
	"GetParticipantInput":                 "GetUserInput",
	"ConnectParticipantWithLexBot":        "GetUserInput",
	"Compare":                             "CheckAttribute",
	"UpdateContactAttributes":             "SetAttributes",
	"UpdateFlowAttributes":                "SetAttributes",
	"UpdateContactTargetQueue":            "SetQueue",
	"TransferContactToQueue":              "Transfer",
	"DequeueContactAndTransferToQueue":    "Transfer",
	"TransferContactToAgent":              "Transfer",
	"TransferToFlow":                      "Transfer",
	"TransferParticipantToThirdParty":     "Transfer",
	"InvokeLambdaFunction":                "InvokeExternalResource",
	"UpdateFlowLoggingBehavior":           "SetLoggingBehavior",
	"UpdateContactTextToSpeechVoice":      "SetVoice",
	"UpdateContactEventHooks":             "SetEventHook",
	"UpdateContactRecordingBehavior":      "SetRecordingBehavior",
	"UpdateContactRoutingBehavior":        "UpdateRoutingPriority",
	"UpdateContactMediaStreamingBehavior": "StartMediaStreaming",
	"DisconnectParticipant":               "Disconnect",
	"EndFlowExecution":                    "Resume",
}

// blockOf is the name of an action in flow logs.
func blockOf(a *action) string {
	switch a.typ {
	case "GetParticipantInput":
		if store, err := a.params.literal("StoreInput"); err == nil && isTrue(store) {
			return "StoreUserInput"
		}
	case "CheckMetricData":
		if s, ok := a.step.(*checkMetricData); ok && !s.staffing {
			return "CheckQueueStatus"
		}
		return "CheckStaffing"
	case "UpdateContactMediaStreamingBehavior":
		if state, err := a.params.literal("MediaStreamingState"); err == nil && state == "Disabled" {
			return "StopMediaStreaming"
		}
	}
	if name, ok := blocks[a.typ]; ok {
		return name
	}
	return a.typ
}
