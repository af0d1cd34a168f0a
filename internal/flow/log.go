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

// legacy are parameters whose action has no use for them in a chat, by its type:
// each with its name in flow logs.
var legacy = map[string][][2]string{
	"GetParticipantInput":                 {{"Text", "Text"}, {"InputTimeLimitSeconds", "Timeout"}},
	"MessageParticipantIteratively":       {{"InterruptFrequencySeconds", "InterruptSeconds"}},
	"TransferParticipantToThirdParty":     {{"ThirdPartyPhoneNumber", "PhoneNumber"}, {"ThirdPartyConnectionTimeLimitSeconds", "TimeLimit"}},
	"UpdateContactMediaStreamingBehavior": {{"MediaStreamType", "MediaStreamTypes"}},
	"UpdateContactTextToSpeechVoice": {
		{"TextToSpeechVoice", "GlobalVoice"}, {"TextToSpeechEngine", "GlobalEngine"}, {"TextToSpeechStyle", "SpeakingStyle"},
	},
}

// noteLegacy keeps the parameters of an action in legacy for its entry in the flow log.
func (m *machine) noteLegacy(a *action) {
	if !m.c.Logging && m.w.Trace == nil {
		return
	}
	for _, names := range legacy[a.typ] {
		if t, err := a.params.template(names[0]); err == nil && a.params.has(names[0]) {
			text, _ := t.text(m)
			m.note(names[1], text)
		}
	}
}

// namespaces are what the designer calls the roots of references, where it is
// not System.
var namespaces = map[string]string{
	"Attributes": "User Defined", "FlowAttributes": "Flow", "SegmentAttributes": "Segment attributes", "External": "External",
	"Lex": "Lex", "Customer": "Customer", "Case": "Cases", "Views": "Views", "Metrics": "Queue metrics", "Loop": "Loop", "Modules": "Modules",
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
