package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// held is one behaviour of the service: a flow of one action that it refuses, with
// its words, or one beside it that it takes.
type held struct {
	behaviour, source string
	typ               string // of the flow; "" for CONTACT_FLOW, MODULE for a module
	action            string
	parameters        string
	transitions       string
	want              string // the only problem, "" for none
}

// Where behaviours come from.
const (
	issued   = "probed by publishing, told in 2026-11"
	tried    = "probed by publishing, 2026-08"
	tried9   = "probed by publishing, 2026-09"
	deployed = "found in deploying flows, notes of a public project, seen 2026-11"
	paged    = "Amazon Connect flow language, 2026-11"
	exported = "flows exported from real instances, 2026-11"
)

// try publishes the action, with those that its branches lead to.
func (h held) try(t *testing.T, o Options) []Problem {
	t.Helper()
	end := flowdoc.Bye("x")
	f := flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", h.action, h.parameters, h.transitions), end))
	typ := h.typ
	if typ == "" {
		typ = "CONTACT_FLOW"
	}
	if place := f.As(typ).Place(); place&(flow.Whispers|flow.Hold) != 0 {
		f = flowdoc.Parse(t, strings.Replace(string(f.Content()), end, flowdoc.Stop("x"), 1))
	}
	return o.Problems(f.As(typ))
}

func holds(t *testing.T, rows []held) {
	t.Helper()
	for _, h := range rows {
		problems := h.try(t, Options{})
		switch {
		case h.want == "" && len(problems) > 0:
			t.Errorf("%s (%s): refused for %+v; want it taken", h.behaviour, h.source, problems)
		case h.want != "" && (len(problems) != 1 || problems[0].Text != h.want):
			t.Errorf("%s (%s): %+v; want %q alone", h.behaviour, h.source, problems, h.want)
		}
	}
}

const (
	missing   = "Action is missing required property. Path: Actions[0]."
	noError   = "Action is missing required error. Error: "
	badError  = "Invalid Action error. Error: "
	badMember = "Invalid Action property value. Path: Actions[0]."
	badName   = "Invalid Action property name. Path: Actions[0].Parameters."
	badType   = "Invalid Action type. Type: "
)

// leads writes transitions to x: NextAction, branches for error types and, with
// "=", for operands.
func leads(branches ...string) string {
	var errs, conditions []string
	for _, b := range branches {
		if operand, ok := strings.CutPrefix(b, "="); ok {
			conditions = append(conditions, flowdoc.When("Equals", operand, "x"))
		} else {
			errs = append(errs, flowdoc.On(b, "x"))
		}
	}
	return flowdoc.To("x", strings.Join(errs, ","), strings.Join(conditions, ","))
}

// nowhere is transitions without their NextAction.
func nowhere(transitions string) string {
	return strings.Replace(transitions, `"NextAction":"x",`, "", 1)
}

// TestEveryActionGoesOn: a non-terminal action has NextAction, those too whose
// branches alone decide; an end has none.
func TestEveryActionGoesOn(t *testing.T) {
	rows := []held{
		{"a Compare without NextAction", issued, "", "Compare", `"ComparisonValue":"$.Channel"`, nowhere(leads("NoMatchingCondition", "=CHAT")), missing + "Transitions.NextAction"},
		{"a Compare with it", issued, "", "Compare", `"ComparisonValue":"$.Channel"`, leads("NoMatchingCondition", "=CHAT"), ""},
		{"hours without NextAction", issued, "", "CheckHoursOfOperation", ``, nowhere(leads("NoMatchingError", "=True", "=False")), missing + "Transitions.NextAction"},
		{"a Wait without NextAction", issued, "", "Wait", `"TimeLimitSeconds":"60"`, nowhere(leads("NoMatchingError", "=WaitCompleted")), missing + "Transitions.NextAction"},
		{"shares without NextAction", issued, "", "DistributeByPercentage", ``, nowhere(flowdoc.To("x", flowdoc.On("NoMatchingCondition", "x"), flowdoc.When("NumberLessThan", "51", "x"))), missing + "Transitions.NextAction"},
		{"a transfer to a flow without NextAction", issued, "", "TransferToFlow", `"ContactFlowId":"f"`, nowhere(leads("NoMatchingError")), missing + "Transitions.NextAction"},
		{"a transfer to a queue without NextAction", issued, "", "TransferContactToQueue", ``, nowhere(leads("NoMatchingError", "QueueAtCapacity")), missing + "Transitions.NextAction"},
		{"an empty NextAction", issued, "", "TransferContactToQueue", ``, strings.Replace(leads("NoMatchingError", "QueueAtCapacity"), `"NextAction":"x"`, `"NextAction":""`, 1), missing + "Transitions.NextAction"},
		{"looped prompts without NextAction", issued, "CUSTOMER_QUEUE", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, ``, ""},
		{"looped prompts with it", exported, "CUSTOMER_QUEUE", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, leads("NoMatchingError"), ""},
		{"an end without", paged, "", "DisconnectParticipant", ``, ``, ""},
		{"an end with", paged, "", "DisconnectParticipant", ``, `"NextAction":"x"`, "Action does not support transitions"},
	}
	holds(t, rows)
	for _, typ := range flow.Types() {
		text := missing + "Transitions.NextAction"
		has := slices.ContainsFunc(held{action: typ.Name}.try(t, Options{}), func(p Problem) bool { return p.Text == text })
		if want := !typ.Is(flow.Terminal) && typ.Name != "MessageParticipantIteratively"; has != want {
			t.Errorf("%s needs NextAction: %t; want %t", typ.Name, has, want)
		}
	}
}

// TestActionsBelongToTypesOfFlows: some actions are published in some types of flow
// alone.
func TestActionsBelongToTypesOfFlows(t *testing.T) {
	types := []string{"CONTACT_FLOW", "CUSTOMER_QUEUE", "CUSTOMER_HOLD", "CUSTOMER_WHISPER", "AGENT_HOLD", "AGENT_WHISPER", "OUTBOUND_WHISPER", "AGENT_TRANSFER", "QUEUE_TRANSFER", "CAMPAIGN", "MODULE"}
	for _, h := range []struct{ action, source, parameters, transitions, in string }{
		{"EndFlowExecution", issued, "", "", "CUSTOMER_QUEUE CUSTOMER_HOLD CUSTOMER_WHISPER AGENT_HOLD AGENT_WHISPER OUTBOUND_WHISPER CAMPAIGN MODULE"},
		{"EndFlowModuleExecution", issued, "", "", "CAMPAIGN MODULE"},
		{"CompleteOutboundCall", issued, `"CallerId":{"Number":"+1"}`, leads(), "OUTBOUND_WHISPER CAMPAIGN MODULE"},
		{"DisconnectParticipant", tried, "", "", "CONTACT_FLOW CUSTOMER_QUEUE AGENT_TRANSFER QUEUE_TRANSFER CAMPAIGN MODULE"},
		{"TransferContactToAgent", paged, "", "", "AGENT_TRANSFER QUEUE_TRANSFER CAMPAIGN MODULE"},
		{"UpdateContactTargetQueue", deployed, `"QueueId":"q"`, leads("NoMatchingError"), strings.ReplaceAll(strings.Join(types, " "), "CUSTOMER_QUEUE", "")},
		{"TransferContactToQueue", deployed, ``, leads("NoMatchingError", "QueueAtCapacity"), strings.ReplaceAll(strings.Join(types, " "), "CUSTOMER_QUEUE", "")},
		{"DequeueContactAndTransferToQueue", paged, `"QueueId":"q"`, leads("NoMatchingError", "QueueAtCapacity"), "CUSTOMER_QUEUE CAMPAIGN MODULE"},
		{"Compare", paged, `"ComparisonValue":"$.Channel"`, leads("NoMatchingCondition"), strings.Join(types, " ")},
		{"ShowView", paged, `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, leads("NoMatchingCondition", "NoMatchingError", "TimeLimitExceeded"), strings.Join(types, " ")},
	} {
		for _, typ := range types {
			row := held{h.action + " in " + typ, h.source, typ, h.action, h.parameters, h.transitions, ""}
			if !slices.Contains(strings.Fields(h.in), typ) {
				row.want = badType + h.action
			}
			holds(t, []held{row})
		}
	}
}

// TestTypesThatOnlyTheDocumentationLists: what no page lists and nobody tried is a
// warning that says so, in flows too that no chat runs.
func TestTypesThatOnlyTheDocumentationLists(t *testing.T) {
	for _, h := range []struct {
		typ, action, parameters, transitions string
		warned                               bool
	}{
		{"AGENT_WHISPER", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, leads("NoMatchingCondition", "NoMatchingError", "TimeLimitExceeded"), true},
		{"CONTACT_FLOW", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, leads("NoMatchingCondition", "NoMatchingError", "TimeLimitExceeded"), false},
		{"OUTBOUND_WHISPER", "TransferContactToQueue", ``, leads("NoMatchingError", "QueueAtCapacity"), true},
		{"CUSTOMER_HOLD", "MessageParticipant", `"Text":"a"`, leads("NoMatchingError"), true},
		{"OUTBOUND_WHISPER", "ConnectParticipantWithLexBot", `"Text":"a","LexV2Bot":{"AliasArn":"b"}`, leads("NoMatchingError", "NoMatchingCondition"), false},
		{"MODULE", "DisconnectParticipant", ``, ``, false},
	} {
		f := flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", h.action, h.parameters, h.transitions), flowdoc.Action("x", "Wait", `"TimeLimitSeconds":"60"`, leads("NoMatchingError", "=WaitCompleted"))))
		found := slices.ContainsFunc(Flow(f.As(h.typ)), func(f Finding) bool {
			return f.Action == "a" && f.Field == "Type" && f.Severity == SeverityWarning && f.Cloud == CloudMayRefuse
		})
		if found != h.warned {
			t.Errorf("%s in %s is doubted: %t; want %t", h.action, h.typ, found, h.warned)
		}
	}
}

// TestSettingsMakeAModule: a flow has none at its top level.
func TestSettingsMakeAModule(t *testing.T) {
	with := func(hint string) *flow.Flow {
		return flowdoc.Parse(t, strings.Replace(flowdoc.Of(flowdoc.Bye("x")), `"Metadata":{}`, `"Metadata":{"type":"`+hint+`"},"Settings":{"InputParameters":[]}`, 1))
	}
	for typ, want := range map[string]string{"CONTACT_FLOW": "Invalid contact flow format", "CUSTOMER_QUEUE": "Invalid contact flow format", "MODULE": "", "": ""} {
		problems := Problems(with("").As(typ))
		if len(problems) > 1 || len(problems) == 1 != (want != "") || want != "" && problems[0].Text != want {
			t.Errorf("Settings in a document of the type %q (%s): %+v; want %q", typ, tried, problems, want)
		}
	}
	if found := Flow(with("contactFlow")); len(found) != 1 || found[0].Field != "Settings" || found[0].Cloud != CloudMayRefuse {
		t.Errorf("a module that says it is a flow: %v; want a warning", found)
	}
	if found := Flow(with("module")); len(found) != 0 {
		t.Errorf("a module: %v", found)
	}
}

// TestRequiredBeyondTheReference: error types and parameters that the reference has
// as optional, or does not name, and without which publishing fails; and some
// that it names and that fail it.
func TestRequiredBeyondTheReference(t *testing.T) {
	const (
		input     = `"Text":"a","InputTimeLimitSeconds":"5"`
		digits    = `,"StoreInput":"True","InputValidation":{"CustomValidation":{"MaximumLength":"4"}}`
		staff     = `"MetricType":"NumberOfAgentsStaffed"`
		call      = `"ThirdPartyPhoneNumber":"$.Attributes.n"`
		connector = `"VoiceConnector":{"VoiceConnectorType":"ChimeConnector","VoiceConnectorArn":"c","FromUser":"f","ToUser":"t"}`
		lambda    = `"ChatProcessor":{"ProcessingEnabled":"True","LambdaProcessorARN":"f"`
	)
	more := func(errs ...string) string {
		return flowdoc.To("x", on(errs...), flowdoc.When("NumberGreaterThan", "0", "x"))
	}
	holds(t, []held{
		{"staffing without NoMatchingCondition", issued, "", "CheckMetricData", staff, more("NoMatchingError"), noError + "NoMatchingCondition, Path: Actions[0]"},
		{"a queue's length without NoMatchingCondition", issued, "", "CheckMetricData", `"MetricType":"NumberOfContactsInQueue"`, more("NoMatchingError"), noError + "NoMatchingCondition, Path: Actions[0]"},
		{"staffing with both", exported, "", "CheckMetricData", staff, more("NoMatchingError", "NoMatchingCondition"), ""},
		{"a metric that is compared with nothing", tried9, "", "CheckMetricData", staff, leads("NoMatchingError", "NoMatchingCondition"), badMember + "Transitions.Conditions"},
		{"a processor without its settings", issued, "", "UpdateContactMediaProcessing", lambda + `}`, leads("NoMatchingError", "ChannelMismatch"), missing + "Parameters.ChatProcessor.ChatProcessorSettings"},
		{"a processor with them", issued, "", "UpdateContactMediaProcessing", lambda + `,"ChatProcessorSettings":{"DeliverUnprocessedMessages":"True"}}`, leads("NoMatchingError", "ChannelMismatch"), ""},
		{"flow attributes without NoMatchingError", issued, "", "UpdateFlowAttributes", `"FlowAttributes":{"a":{"Value":"1"}}`, leads(), noError + "NoMatchingError, Path: Actions[0]"},
		{"flow attributes with it, and a type", tried, "", "UpdateFlowAttributes", `"FlowAttributes":{"a":{"Type":"String","Value":"1"}}`, leads("NoMatchingError"), ""},
		{"a menu without InputTimeLimitExceeded", issued, "", "GetParticipantInput", input + `,"StoreInput":"False"`, leads("NoMatchingError", "NoMatchingCondition", "=1"), noError + "InputTimeLimitExceeded, Path: Actions[0]"},
		{"a menu with it", exported, "", "GetParticipantInput", input + `,"StoreInput":"False"`, leads("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded", "=1"), ""},
		{"a menu that does not say so", paged, "", "GetParticipantInput", input, leads("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded", "=1"), ""},
		{"a menu with a validation", tried9, "", "GetParticipantInput", input + strings.Replace(digits, "True", "False", 1), leads("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded"), badMember + "Parameters.InputValidation"},
		{"stored input with InputTimeLimitExceeded", issued, "", "GetParticipantInput", input + digits, leads("NoMatchingError", "InputTimeLimitExceeded"), badError + "InputTimeLimitExceeded, Path: Actions[0]"},
		{"stored input without it", exported, "", "GetParticipantInput", input + digits, leads("NoMatchingError"), ""},
		{"stored input without a validation", tried9, "", "GetParticipantInput", input + `,"StoreInput":"True"`, leads("NoMatchingError"), missing + "Parameters.InputValidation"},
		{"keys that are kept for the next menu", paged, "", "GetParticipantInput", `"EnableDTMFBuffer":"true"`, leads("NoMatchingError"), ""},
		{"kept keys that are stored", paged, "", "GetParticipantInput", `"EnableDTMFBuffer":"false","StoreInput":"true","InputEncryption":{"EncryptionKeyId":"k","Key":"p"}`, leads("NoMatchingError"), ""},
		{"keys that are kept, without NoMatchingError", paged, "", "GetParticipantInput", `"EnableDTMFBuffer":"true"`, leads(), noError + "NoMatchingError, Path: Actions[0]"},
		{"a call without ContinueFlowExecution", tried, "", "TransferParticipantToThirdParty", call + `,"ThirdPartyConnectionTimeLimitSeconds":"30"`, leads("NoMatchingError"), missing + "Parameters.ContinueFlowExecution"},
		{"a call without its time limit", tried, "", "TransferParticipantToThirdParty", call + `,"ContinueFlowExecution":"False"`, leads("NoMatchingError"), missing + "Parameters.ThirdPartyConnectionTimeLimitSeconds"},
		{"a call with both", exported, "", "TransferParticipantToThirdParty", call + `,"ContinueFlowExecution":"True","ThirdPartyConnectionTimeLimitSeconds":"30"`, leads("NoMatchingError", "CallFailed", "ConnectionTimeLimitExceeded"), ""},
		{"a call from an agent transfer, with how it went", tried, "AGENT_TRANSFER", "TransferParticipantToThirdParty", call + `,"ContinueFlowExecution":"True","ThirdPartyConnectionTimeLimitSeconds":"30"`, leads("NoMatchingError", "CallFailed"), badError + "CallFailed, Path: Actions[0]"},
		{"a call over a voice connector", paged, "", "TransferParticipantToThirdParty", connector + `,"ThirdPartyConnectionTimeLimitSeconds":"30"`, leads("NoMatchingError", "CallFailed", "ConnectionTimeLimitExceeded"), ""},
		{"an outbound call over one", paged, "OUTBOUND_WHISPER", "CompleteOutboundCall", connector + `,"ConnectionTimeLimitSeconds":"$.Attributes.seconds"`, leads(), ""},
		{"an outbound call that rings for long", paged, "OUTBOUND_WHISPER", "CompleteOutboundCall", connector + `,"ConnectionTimeLimitSeconds":"601"`, leads(), badMember + "Parameters.ConnectionTimeLimitSeconds"},
		{"a call back from a number", paged, "", "CreateCallbackContact", `"CallerId":"+15550100"`, leads("NoMatchingError"), ""},
		{"a recording of nobody and nothing", deployed, "", "UpdateContactRecordingBehavior", `"AnalyticsBehavior":{"Enabled":"True"}`, leads(), missing + "Parameters.RecordingBehavior"},
		{"recordings of two kinds at once", tried9, "", "UpdateContactRecordingAndAnalyticsBehavior", `"VoiceBehavior":{},"ScreenRecordingBehavior":{}`, leads("NoMatchingError", "ChannelMismatch"), badMember + "Parameters"},
		{"recordings of none", tried9, "", "UpdateContactRecordingAndAnalyticsBehavior", ``, leads("NoMatchingError", "ChannelMismatch"), badMember + "Parameters"},
		{"a template that is not named", deployed, "", "RenderMessageTemplate", `"WisdomKnowledgeBaseArn":"b","Template":"t"`, leads("NoMatchingError", "TemplateRenderingError"), missing + "Parameters.WisdomMessageTemplateArn"},
		{"a template that is", deployed, "", "RenderMessageTemplate", `"WisdomKnowledgeBaseArn":"b","WisdomMessageTemplateArn":"$.Attributes.t"`, leads("NoMatchingError", "TemplateRenderingError"), ""},
		{"an empty message", tried, "", "MessageParticipant", `"Text":""`, leads("NoMatchingError"), missing + "Parameters.Text"},
		{"a blank message", tried, "", "MessageParticipant", `"Text":" "`, leads("NoMatchingError"), ""},
		{"a menu that says an empty text", deployed, "", "GetParticipantInput", `"SSML":"","InputTimeLimitSeconds":"5","StoreInput":"False"`, leads("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded", "=1"), missing + "Parameters.SSML"},
		{"a bot before which nothing is said", deployed, "", "ConnectParticipantWithLexBot", `"Text":"","LexV2Bot":{"AliasArn":"b"}`, leads("NoMatchingError", "NoMatchingCondition"), "At least one of [Text, SSML, PromptId, Media, LexInitializationData] must be set"},
		{"a bot that begins itself", paged, "", "ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":"b"},"LexInitializationData":{"InitialMessage":"hello"}`, leads("NoMatchingError", "NoMatchingCondition"), ""},
		{"a message in two forms", deployed, "", "MessageParticipant", `"Text":"a","SSML":"<speak>a</speak>"`, leads("NoMatchingError"), "Only one of these properties may be defined. Properties: [Text, SSML]"},
		{"a voice that is compared with nothing", "probed by publishing, 2026-10-05", "", "CheckVoiceId", `"CheckVoiceIdOption":"enrollmentStatus"`, leads("NoMatchingError"), badMember + "Transitions.Conditions"},
		{"a voice that is compared with a label", "probed by publishing, 2026-10-05", "", "CheckVoiceId", `"CheckVoiceIdOption":"enrollmentStatus"`, leads("NoMatchingError", "=Enrolled", "=Not enrolled", "=Opted out"), badMember + "Transitions.Conditions"},
		{"a voice with a branch for what matches nothing", "probed by publishing, 2026-10-05", "", "CheckVoiceId", `"CheckVoiceIdOption":"enrollmentStatus"`, leads("NoMatchingError", "NoMatchingCondition", "=Enrolled"), badError + "NoMatchingCondition, Path: Actions[0]"},
		{"a voice that is compared with results", exported, "", "CheckVoiceId", `"CheckVoiceIdOption":"voiceAuthentication"`, leads("NoMatchingError", "=Authenticated", "=NotAuthenticated", "=Inconclusive", "=NotEnrolled", "=OptedOut"), ""},
		{"a recording with an error", tried9, "", "UpdateContactRecordingBehavior", `"RecordingBehavior":{"RecordedParticipants":[]}`, leads("NoMatchingError"), badError + "NoMatchingError, Path: Actions[0]"},
		{"a recording without", exported, "", "UpdateContactRecordingBehavior", `"RecordingBehavior":{"RecordedParticipants":[]}`, leads(), ""},
		{"a message without an error", exported, "", "MessageParticipant", `"Text":"a"`, leads(), ""},
		{"a loop without an error", exported, "", "Loop", `"LoopCount":"3"`, leads("=ContinueLooping", "=DoneLooping"), ""},
		{"a callback number that is written down", paged, "", "UpdateContactCallbackNumber", `"CallbackNumber":"+15550100"`, leads("InvalidCallbackNumber", "CallbackNumberNotDialable"), badMember + "Parameters.CallbackNumber"},
		{"a callback number from data", exported, "", "UpdateContactCallbackNumber", `"CallbackNumber":"$.StoredCustomerInput"`, leads("InvalidCallbackNumber", "CallbackNumberNotDialable"), ""},
	})
}

func on(errs ...string) string {
	list := make([]string, len(errs))
	for i, e := range errs {
		list[i] = flowdoc.On(e, "x")
	}
	return strings.Join(list, ",")
}

// TestNamesAndValuesOfTheService: names that the reference has and the service does
// not, values that JSON has and the flow language does not.
func TestNamesAndValuesOfTheService(t *testing.T) {
	const (
		on3   = `"IsVoiceIdStreamingEnabled":"true","IsVoiceAuthenticationEnabled":"true","IsFraudDetectionEnabled":"true","VoiceAuthenticationThreshold":"50","VoiceAuthenticationResponseTime":"10","FraudDetectionThreshold":"50"`
		store = `"Text":"a","InputTimeLimitSeconds":"5","StoreInput":"True","InputValidation":{"CustomValidation":{"MaximumLength":"4"}}`
		table = `"RoutingCriteria":{"Steps":[{"Expression":{"AttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}},"Expiry":{"DurationInSeconds":60}}]}`
		view  = `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60","ViewData":`
	)
	good, views := leads("NoMatchingError"), leads("NoMatchingCondition", "NoMatchingError", "TimeLimitExceeded")
	holds(t, []held{
		{"references among the data", issued, "", "UpdateContactData", `"References":{"order":{"Value":"https://example.com","Type":"URL"}}`, good, badName + "References"},
		{"data without", exported, "", "UpdateContactData", `"LanguageCode":"de-DE"`, good, ""},
		{"a session among the data", exported, "", "UpdateContactData", `"WisdomSessionArn":"$.Wisdom.SessionArn"`, good, ""},
		{"all of Voice ID", exported, "", "UpdateContactData", on3, good, ""},
		{"Voice ID without fraud detection", exported, "", "UpdateContactData", strings.Replace(strings.Replace(on3, `"IsFraudDetectionEnabled":"true"`, `"IsFraudDetectionEnabled":"false"`, 1), `,"FraudDetectionThreshold":"50"`, "", 1), good, ""},
		{"two switches of Voice ID", issued, "", "UpdateContactData", `"IsVoiceIdStreamingEnabled":"false","IsVoiceAuthenticationEnabled":"false"`, good, missing + "Parameters.IsFraudDetectionEnabled"},
		{"a threshold of what is off", tried, "", "UpdateContactData", strings.Replace(on3, `"IsFraudDetectionEnabled":"true"`, `"IsFraudDetectionEnabled":"false"`, 1), good, badMember + "Parameters.FraudDetectionThreshold"},
		{"no threshold of what is on", tried, "", "UpdateContactData", strings.Replace(on3, `,"FraudDetectionThreshold":"50"`, "", 1), good, missing + "Parameters.FraudDetectionThreshold"},
		{"redaction of a call", issued, "", "UpdateContactRecordingAndAnalyticsBehavior", `"VoiceBehavior":{}`, leads("NoMatchingError", "ChannelMismatch", "InFlightRedactionConfigurationFailed"), badError + "InFlightRedactionConfigurationFailed, Path: Actions[0]"},
		{"redaction of a screen", tried, "", "UpdateContactRecordingAndAnalyticsBehavior", `"ScreenRecordingBehavior":{}`, leads("NoMatchingError", "ChannelMismatch", "InFlightRedactionConfigurationFailed"), badError + "InFlightRedactionConfigurationFailed, Path: Actions[0]"},
		{"recording of a call", exported, "", "UpdateContactRecordingAndAnalyticsBehavior", `"VoiceBehavior":{}`, leads("NoMatchingError", "ChannelMismatch"), ""},
		{"redaction of a chat", exported, "", "UpdateContactRecordingAndAnalyticsBehavior", `"ChatBehavior":{}`, leads("NoMatchingError", "ChannelMismatch", "InFlightRedactionConfigurationFailed"), ""},
		{"two hooks at once", issued, "", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"f","CustomerWhisper":"f"}`, good, badMember + "Parameters.EventHooks"},
		{"one hook", exported, "", "UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"f"}`, good, ""},
		{"a hook that is switched", exported, "", "UpdateContactEventHooks", `"EventHooksConfiguration":{"CustomerWhisper":{"DisableExecution":"true"}}`, good, ""},

		{"a boolean of JSON", issued, "", "GetParticipantInput", store + `,"DTMFConfiguration":{"DisableCancelKey":false}`, good, badMember + "Parameters.DTMFConfiguration.DisableCancelKey"},
		{"a boolean as a text", exported, "", "GetParticipantInput", store + `,"DTMFConfiguration":{"DisableCancelKey":"False"}`, good, ""},
		{"a time limit as a number", tried, "", "ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":60`, views, badMember + "Parameters.InvocationTimeLimitSeconds"},
		{"a wait of a number", issued, "", "Wait", `"TimeLimitSeconds":60`, leads("NoMatchingError", "=WaitCompleted"), badMember + "Parameters.TimeLimitSeconds"},
		{"a boolean attribute", issued, "", "UpdateContactAttributes", `"Attributes":{"vip":true}`, good, badMember + "Parameters.Attributes.vip"},
		{"a number for a flow", issued, "", "UpdateFlowAttributes", `"FlowAttributes":{"n":{"Value":1}}`, good, badMember + "Parameters.FlowAttributes.n.Value"},
		{"a number for a function", issued, "", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","LambdaInvocationAttributes":{"n":1}`, good, badMember + "Parameters.LambdaInvocationAttributes.n"},
		{"a boolean in a list", issued, "", "UpdateContactRecordingBehavior", `"RecordingBehavior":{"RecordedParticipants":["Agent",true]}`, leads(), badMember + "Parameters.RecordingBehavior.RecordedParticipants[1]"},
		{"a switch of analytics", issued, "", "UpdateContactRecordingAndAnalyticsBehavior", `"ChatBehavior":{"ChatAnalyticsBehavior":{"Enabled":true}}`, leads("NoMatchingError", "ChannelMismatch", "InFlightRedactionConfigurationFailed"), badMember + "Parameters.ChatBehavior.ChatAnalyticsBehavior.Enabled"},
		{"a priority as a number", issued, "", "UpdateContactRoutingBehavior", `"QueuePriority":1`, leads(), badMember + "Parameters.QueuePriority"},
		{"a hook's switch of JSON", issued, "", "UpdateContactEventHooks", `"EventHooksConfiguration":{"CustomerWhisper":{"DisableExecution":true}}`, good, badMember + "Parameters.EventHooksConfiguration.CustomerWhisper.DisableExecution"},
		{"numbers of a loop", "probed by publishing, 2026-09-15", "", "Loop", `"LoopCount":3`, leads("=ContinueLooping", "=DoneLooping"), ""},
		{"numbers of criteria", paged, "", "UpdateContactRoutingCriteria", table, good, ""},
		{"booleans and empty texts in a view's data", exported, "", "ShowView", view + `{"Sections":[{"IsEditable":true,"Heading":"","n":1}]}`, views, ""},
		{"an association that may be asked for again", "admin guide, Create persistent contact association, 2026-11", "", "CreatePersistentContactAssociation", `"SourceContactId":"$.Attributes.c","RehydrationType":"FROM_SEGMENT","ClientToken":"$.ContactId"`, good, ""},
		{"hours that are not named", exported, "", "CheckHoursOfOperation", `"HoursOfOperationId":""`, leads("NoMatchingError", "=True", "=False"), ""},
		{"a bot that is not named", exported, "", "ConnectParticipantWithLexBot", `"Text":"a","LexV2Bot":{"AliasArn":""}`, leads("NoMatchingError", "NoMatchingCondition"), ""},
		{"nothing at all", exported, "", "GetMetricData", `"QueueId":null`, good, ""},
	})
}

// TestSpellingsOfTheReference: two types are spelt otherwise in the reference. The
// service knows them by their own names alone; a setting takes the others, and warns.
func TestSpellingsOfTheReference(t *testing.T) {
	for _, h := range []struct{ wrote, now, parameters string }{
		{"UpdateRoutingCriteria", "UpdateContactRoutingCriteria", `"RoutingCriteria":"$.Attributes.c"`},
		{"UnTagContact", "UntagContact", `"TagKeys":["team"]`},
	} {
		holds(t, []held{
			{h.wrote, issued, "", h.wrote, h.parameters, leads("NoMatchingError"), badType + h.wrote},
			{h.now, issued, "", h.now, h.parameters, leads("NoMatchingError"), ""},
		})
		f := flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", h.wrote, h.parameters, leads("NoMatchingError")), flowdoc.Bye("x")))
		if a := f.Actions[0]; a.Type != h.now || a.Wrote != h.wrote || a.Spec == nil {
			t.Errorf("%s is read as %+v; want %s", h.wrote, a, h.now)
		}
		lenient := Options{OldSpellings: true}
		found := lenient.Flow(f)
		if problems := lenient.Problems(f); len(problems) > 0 || len(found) != 1 || found[0].Severity != SeverityWarning || found[0].Cloud != CloudRefuses ||
			found[0].Problem != badType+h.wrote || !strings.Contains(found[0].Hint, h.now) {
			t.Errorf("%s with the setting: %+v, %v; want a warning alone", h.wrote, problems, found)
		}
	}
}

// TestComparisonsNeedALeaf goes through every root: one that is a value itself may
// be compared, of the others something below.
func TestComparisonsNeedALeaf(t *testing.T) {
	leaves := "Channel ContactId InitialContactId PreviousContactId RelatedContactId InitiationMethod InstanceARN AwsRegion LanguageCode CustomerId Name Description TextToSpeechVoiceId StoredCustomerInput CallbackNumber"
	compared := leads("NoMatchingCondition", "=x")
	for _, root := range flow.Roots() {
		alone, below := `"ComparisonValue":"$.`+root.Name+`"`, `"ComparisonValue":"$.`+root.Name+`.member"`
		row := held{"$." + root.Name + " alone", issued, "", "Compare", alone, compared, ""}
		if !slices.Contains(strings.Fields(leaves), root.Name) {
			row.want = badMember + "Parameters.ComparisonValue"
			holds(t, []held{
				{"$['" + root.Name + "'] alone", issued, "", "Compare", fmt.Sprintf(`"ComparisonValue":"$['%s']"`, root.Name), compared, row.want},
				{"below $." + root.Name, issued, "", "Compare", below, compared, ""},
			})
		}
		holds(t, []held{row})
	}
	holds(t, []held{
		{"an empty operand", tried, "", "Compare", `"ComparisonValue":"$.Attributes.a"`, leads("NoMatchingCondition", "="), "Invalid branch. Path: 0.Evaluate"},
		{"a blank operand", tried, "", "Compare", `"ComparisonValue":"$.Attributes.a"`, leads("NoMatchingCondition", "= "), ""},
		{"what an agentic application gave back", "admin guide, Agentic CX block, 2026-11", "", "Compare", `"ComparisonValue":"$.AgenticCX.ContextVariables.orderId"`, compared, ""},
		{"a root that there is not", paged, "", "Compare", `"ComparisonValue":"$.Bad"`, compared, badMember + "Parameters.ComparisonValue"},
		{"a leaf in other parameters", paged, "", "TransferToFlow", `"ContactFlowId":"$.External"`, leads("NoMatchingError"), ""},
	})
}

// TestDoubts: what the service has refused somewhere and its documentation has, or
// the other way round, is a warning.
func TestDoubts(t *testing.T) {
	for _, h := range []struct{ action, parameters, transitions, field string }{
		{"UpdateContactAttributes", `"Attributes":{"a":""}`, leads("NoMatchingError"), "Parameters.Attributes.a"},
		{"UpdateContactAttributes", `"Attributes":{"a":" "}`, leads("NoMatchingError"), ""},
		{"GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5"`, leads("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded", "=1"), "Parameters.StoreInput"},
		{"GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5","StoreInput":"False"`, leads("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded", "=1"), ""},
		{"GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5","StoreInput":"False","DTMFConfiguration":{"DisableCancelKey":"False"}`, leads("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded", "=1"), "Parameters.DTMFConfiguration"},
		{"GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"5","StoreInput":"True","InputValidation":{"CustomValidation":{"MaximumLength":"4"}},"DTMFConfiguration":{"DisableCancelKey":"False"}`, leads("NoMatchingError"), ""},
	} {
		var fields []string
		for _, f := range Flow(flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", h.action, h.parameters, h.transitions), flowdoc.Bye("x"))).As("CONTACT_FLOW")) {
			if f.Cloud == CloudMayRefuse && f.Severity == SeverityWarning {
				fields = append(fields, f.Field)
			}
		}
		if got := strings.Join(fields, " "); got != h.field {
			t.Errorf("%s {%s} is doubted for %q; want %q", h.action, h.parameters, got, h.field)
		}
	}
}

// TestOlderFlowsAreRefusedToday: what earlier versions published, and goes on
// running where it is published, cannot be published again.
func TestOlderFlowsAreRefusedToday(t *testing.T) {
	for name, content := range flowdoc.Older() {
		if len(Problems(flowdoc.Parse(t, content).As("CONTACT_FLOW"))) == 0 {
			t.Errorf("%s: no problem", name)
		}
	}
}
