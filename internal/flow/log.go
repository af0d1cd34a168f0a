package flow

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/center"
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
// each, a member of it behind a dot, with its name in flow logs.
var legacy = map[string][][2]string{
	"GetParticipantInput": {
		{"Text", "Text"}, {"SSML", "Text"}, {"PromptId", "AudioPrompt"}, {"InputTimeLimitSeconds", "Timeout"},
		{"InputValidation.CustomValidation.MaximumLength", "MaxDigits"},
		{"DTMFConfiguration.DisableCancelKey", "DisableCancel"}, {"DTMFConfiguration.InputTerminationSequence", "TerminatorDigits"},
	},
	"MessageParticipantIteratively":       {{"InterruptFrequencySeconds", "InterruptSeconds"}},
	"TransferParticipantToThirdParty":     {{"ThirdPartyPhoneNumber", "PhoneNumber"}, {"ThirdPartyConnectionTimeLimitSeconds", "TimeLimit"}},
	"UpdateContactMediaStreamingBehavior": {{"MediaStreamType", "MediaStreamTypes"}},
	"UpdateContactTextToSpeechVoice": {
		{"TextToSpeechVoice", "GlobalVoice"}, {"TextToSpeechEngine", "GlobalEngine"}, {"TextToSpeechStyle", "SpeakingStyle"},
	},
}

// noteLegacy keeps the parameters of an action in legacy for its entry in the flow log.
func (m *machine) noteLegacy(a *action) {
	if !m.noting() {
		return
	}
	for _, names := range legacy[a.typ] {
		of, name := a.params.inner(names[0])
		if t, err := of.template(name); err == nil && of.has(name) {
			text, _ := t.text(m)
			m.note(names[1], text)
		}
	}
	switch a.typ {
	case "GetParticipantInput":
		m.noteInput(a)
	case "MessageParticipantIteratively":
		m.notePrompts(a)
	case "UpdateContactMediaStreamingBehavior":
		m.noteTracks(a)
	}
}

// inner finds the object that holds a parameter, with the parameter's name in it.
func (p params) inner(path string) (of params, name string) {
	for {
		outer, rest, more := strings.Cut(path, ".")
		if !more {
			return p, path
		}
		p, _ = p.members(outer) // without members where it is no object
		path = rest
	}
}

// noteInput notes how keys would be read: StoreUserInput has more to say than GetUserInput.
func (m *machine) noteInput(a *action) {
	if spoken := a.params.spoken(); spoken != "" {
		m.note("TextToSpeechType", spoken)
	}
	if a.block != "StoreUserInput" {
		return
	}
	validation, _ := a.params.members("InputValidation")
	kind := "Custom"
	if validation.has("PhoneNumberValidation") {
		kind = "PhoneNumber"
	}
	m.note("CustomerInputType", kind)
	m.note("EncryptEntry", strconv.FormatBool(a.params.has("InputEncryption")))
}

// spoken is the TextToSpeechType of a prompt, "" for one that was recorded.
func (p params) spoken() string {
	switch {
	case p.has("SSML"):
		return "ssml"
	case p.has("Text"):
		return "text"
	}
	return ""
}

// notePrompts notes the prompts of a loop, the first of each kind.
func (m *machine) notePrompts(a *action) {
	var prompts []params
	if json.Unmarshal(a.params["Messages"], &prompts) != nil {
		return
	}
	for _, names := range [][2]string{{"Text", "Text"}, {"SSML", "Text"}, {"PromptId", "AudioPrompt"}} {
		for _, p := range prompts {
			if t, err := p.template(names[0]); err == nil && p.has(names[0]) && m.noted[names[1]] == nil {
				text, _ := t.text(m)
				m.note(names[1], text)
			}
		}
	}
}

// noteTracks notes whose voice would be streamed, and where to.
func (m *machine) noteTracks(a *action) {
	var participants []struct {
		ParticipantType string
		MediaDirections []string
	}
	if json.Unmarshal(a.params["Participants"], &participants) != nil {
		return
	}
	var tracks []string
	for _, p := range participants {
		for _, direction := range p.MediaDirections {
			tracks = append(tracks, direction+p.ParticipantType)
		}
	}
	if len(tracks) > 0 {
		m.note("Track", clip(strings.Join(tracks, ", ")))
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
