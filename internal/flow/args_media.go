package flow

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Processor is a function through which the messages of a chat go before
// anybody sees them: it may change, let through or reject each.
type Processor struct {
	Function string `json:"function"`          // ARN or name
	Deliver  bool   `json:"deliver,omitempty"` // a message that could not be processed is shown as it was sent, else not at all
}

// MaxFunction is how long the name of a processor's function may be, in bytes: it
// stands in the state of every chat that has the processor.
const MaxFunction = 1024

// ProcessorArgs are those of UpdateContactMediaProcessing, all of them static.
type ProcessorArgs struct {
	Processor *Processor // nil switches processing off
}

func readProcessor(p Params) (any, error) {
	of, err := p.Members("ChatProcessor")
	if err != nil {
		return nil, err
	}
	enabled, err := of.Literal("ProcessingEnabled")
	if err != nil {
		return nil, err
	}
	if !IsTrue(enabled) {
		return &ProcessorArgs{}, nil
	}
	function, err := of.Literal("LambdaProcessorARN")
	if err != nil {
		return nil, err
	}
	if function == "" {
		return nil, errors.New("ChatProcessor.LambdaProcessorARN is missing")
	}
	if len(function) > MaxFunction {
		return nil, errors.New("ChatProcessor.LambdaProcessorARN is too long")
	}
	settings, err := of.Members("ChatProcessorSettings")
	if err != nil {
		return nil, err
	}
	deliver, err := settings.Literal("DeliverUnprocessedMessages")
	if err != nil {
		return nil, err
	}
	return &ProcessorArgs{&Processor{Function: function, Deliver: IsTrue(deliver)}}, nil
}

// RecordingArgs are those of UpdateContactRecordingBehavior, by their names in
// flow logs: a chat does nothing with them.
type RecordingArgs struct {
	Participants string // whose voice: All, Agent, Customer; "" for nobody's
	Screens      string // whose screen, likewise
	IVR          Template
	Analytics    []LoggedParam
}

// LoggedParam is a parameter with its name in flow logs.
type LoggedParam struct {
	Name  string
	Value Template
}

// analyticsNames are the names in flow logs of what AnalyticsBehavior says,
// which are its own but for the switch.
var analyticsNames = [][2]string{
	{"Enabled", "AnalyticsBehaviorOption"}, {"AnalyticsLanguage", "AnalyticsLanguage"},
	{"AnalyticsRedactionBehavior", "AnalyticsRedactionBehavior"}, {"AnalyticsRedactionResults", "AnalyticsRedactionResults"},
	{"AnalyticsRedactionMaskMode", "AnalyticsRedactionMaskMode"},
}

// readRecording leaves out what cannot be read: a chat does nothing with it.
func readRecording(p Params) (any, error) {
	s := &RecordingArgs{}
	recording, err := p.Members("RecordingBehavior")
	if err == nil {
		s.Participants, s.Screens = recording.recorded("RecordedParticipants"), recording.recorded("ScreenRecordedParticipants")
		if s.IVR, err = recording.Template("IVRRecordingBehavior"); err != nil {
			s.IVR = Template{}
		}
	}
	analytics, err := p.Members("AnalyticsBehavior")
	if err != nil {
		return s, nil
	}
	for _, names := range analyticsNames {
		if t, err := analytics.Template(names[0]); err == nil && analytics.Has(names[0]) {
			s.Analytics = append(s.Analytics, LoggedParam{names[1], t})
		}
	}
	return s, nil
}

// recorded is a list of participants as RecordingParticipantOption names it.
func (p Params) recorded(name string) string {
	list, err := p.List(name)
	agent, customer := slices.Contains(list, "Agent"), slices.Contains(list, "Customer")
	switch {
	case err != nil || !agent && !customer:
		return ""
	case agent && customer:
		return "All"
	case agent:
		return "Agent"
	}
	return "Customer"
}

// readRecordingAndAnalytics reads UpdateContactRecordingAndAnalyticsBehavior:
// what it says of voice does not fit a chat; nothing is analysed, so that what it
// says of chat has no effect; and what is to be redacted in flight cannot be.
func readRecordingAndAnalytics(p Params) (any, error) {
	if p.Has("VoiceBehavior") && !isEmpty(p["VoiceBehavior"]) {
		return nil, &Refusal{ErrorType: ChannelMismatch, Why: "VoiceBehavior is not available for chats"}
	}
	if !p.Has("ChatBehavior") {
		return nil, nil
	}
	chat, err := p.Members("ChatBehavior")
	if err != nil {
		return nil, err
	}
	analytics, err := chat.Members("ChatAnalyticsBehavior")
	if err != nil {
		return nil, err
	}
	redaction, err := analytics.Members("InFlightChatRedactionConfiguration")
	if err != nil {
		return nil, err
	}
	if redaction.wished() {
		return nil, &Refusal{ErrorType: "InFlightRedactionConfigurationFailed", Why: "messages are not redacted in flight"}
	}
	return nil, nil
}

// wished reports whether a configuration asks for what it configures: its switch
// Enabled is on, or it has none and says something else. Exports write out what
// is switched off, as {"Enabled": "False"}.
func (p Params) wished() bool {
	if p.Has("Enabled") {
		enabled, ok := Scalar(p["Enabled"])
		return !ok || !isFalse(enabled)
	}
	return len(p) > 0
}

// isFalse reports whether a switch that an export writes as text is off. What is
// neither, like a reference, may be on.
func isFalse(s string) bool { return s == "" || strings.EqualFold(strings.TrimSpace(s), "false") }

// isEmpty reports whether a JSON value is an object without members.
func isEmpty(raw json.RawMessage) bool {
	members, err := Object(raw)
	return err == nil && len(members) == 0
}
