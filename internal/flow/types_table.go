package flow

import "math"

// Why a chat cannot do an action.
const (
	forCalls = "available for calls only"
	forTasks = "available for tasks only"
	forEmail = "available for email only"
)

// participantTypes are the actions that speak with the participant.
var participantTypes = []Type{
	{
		Name: "MessageParticipant", Flows: everywhere &^ Hold, OneOf: PromptNames, Optional: onError, Rules: GoesOn,
		Params:  append(prompt, literal("SkipWhenDTMFBufferEnabled", "true", "false"), literal("TextToSpeechType", "text", "ssml")),
		read:    readMessage,
		Block:   "PlayPrompt",
		Aliases: []string{"PlayPrompt"},
	},
	{
		Name: "MessageParticipantIteratively", Flows: Queued | Hold, Optional: onError, Rules: Branches,
		Params:     []Param{nested("Messages").must(), literal("InterruptFrequencySeconds")},
		Conditions: someOf("MessagesInterrupted"), NotInChat: "a chat cannot loop prompts",
		Block:  "LoopPrompts",
		Logged: [][2]string{{"InterruptFrequencySeconds", "InterruptSeconds"}},
	},
	{
		Name: "GetParticipantInput", Flows: spoken, OneOf: PromptNames, Required: onError, Rules: Branches,
		Optional: []string{NoMatchingCondition, InputTimeLimitExceeded, "InvalidPhoneNumber"},
		Params: append(prompt, literal("InputTimeLimitSeconds").must().between(1, 180), literal("StoreInput", "True", "False"),
			nested("InputValidation"), nested("InputEncryption"), nested("DTMFConfiguration"), literal("EnableDTMFBuffer")),
		Conditions: someOf("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"), NotInChat: "a chat has no keypad",
		Block:    "GetUserInput",
		Variants: []Variant{{"StoreInput", "True", "StoreUserInput"}},
		Logged: [][2]string{
			{"Text", "Text"}, {"SSML", "Text"}, {"PromptId", "AudioPrompt"}, {"InputTimeLimitSeconds", "Timeout"},
			{"InputValidation.CustomValidation.MaximumLength", "MaxDigits"},
			{"DTMFConfiguration.DisableCancelKey", "DisableCancel"}, {"DTMFConfiguration.InputTerminationSequence", "TerminatorDigits"},
		},
	},
	{
		Name: "ConnectParticipantWithLexBot", Flows: spoken | OutboundWhisper, Required: onErrorAndCondition, Rules: Branches | Suspends,
		Optional: []string{InputTimeLimitExceeded},
		Params: append(prompt, nested("LexV2Bot"), nested("LexBot"), nested("LexSessionAttributes"),
			nested("LexInitializationData"), nested("LexInitializtionData"), nested("LexTimeoutSeconds")),
		Conditions: equalsAny, read: readBot,
		Block:   "GetUserInput",
		Aliases: []string{"GetUserInput"},
	},
	{
		Name: "ShowView", Flows: Inbound, Required: []string{NoMatchingCondition, NoMatchingError, TimeLimitExceeded}, Rules: Branches | Suspends,
		Params: []Param{nested("ViewResource").must(), refer("InvocationTimeLimitSeconds").must().between(1, MaxViewLimit),
			nested("ViewData"), nested("SensitiveDataConfiguration")},
		Conditions: equalsAny, read: readView,
	},
	{
		Name: "AuthenticateParticipant", Flows: Inbound, Required: []string{TimeLimitExceeded, NoMatchingError}, Rules: Suspends,
		Params: []Param{nested("CognitoConfiguration").must(), nested("CustomerProfilesConfiguration"),
			literal("TimeLimitMinutes").between(MinSignIn, MaxSignIn)},
		Conditions: someOf("OptedOut"), read: readSignIn,
	},
	{
		Name: "DisconnectParticipant", Flows: spoken, Rules: Terminal, read: noArgs,
		Block:   "Disconnect",
		Aliases: []string{"Disconnect"},
	},
}

// controlTypes are the actions that steer the flow.
var controlTypes = []Type{
	{
		Name: "Compare", Flows: everywhere, Required: onCondition, Rules: Branches,
		Params: []Param{refer("ComparisonValue").must()}, Conditions: anyCondition, read: readCompare,
		Block:   "CheckAttribute",
		Aliases: []string{"CheckAttribute"},
	},
	{
		Name: "Wait", Flows: everywhere, Required: onError, Optional: []string{ParticipantNotFound}, Rules: Branches | Suspends,
		Params:     []Param{refer("TimeLimitSeconds").must().between(1, MaxWait), nested("Events")},
		Conditions: anyCondition, read: readWait,
	},
	{
		Name: "Loop", Flows: everywhere, Optional: onError, Rules: Branches | GoesOn,
		Params:     []Param{refer("LoopCount").must().between(0, MaxLoop), literal("LoopName")},
		Conditions: allOf(ContinueLooping, DoneLooping), read: readLoop,
	},
	{
		Name: "CheckHoursOfOperation", Flows: spoken, Required: onError, Rules: Branches,
		Params: []Param{refer("HoursOfOperationId")}, Conditions: &Conditions{Operators: equals, Complete: []string{"True", "False"}}, read: readHours,
	},
	{
		Name: "CheckMetricData", Flows: spoken, Required: onError, Optional: onCondition, Rules: Branches,
		Params:     []Param{literal("MetricType", metricTypes...).must(), refer("QueueId"), refer("AgentId")},
		Conditions: anyCondition, read: readMetric,
		Block: "CheckStaffing",
		Variants: []Variant{
			{"MetricType", "NumberOfContactsInQueue", "CheckQueueStatus"}, {"MetricType", "OldestContactInQueueAgeSeconds", "CheckQueueStatus"},
		},
	},
	{
		Name: "GetMetricData", Flows: everywhere, Required: onError,
		Params: []Param{refer("QueueId"), refer("AgentId"), refer("QueueChannel").of("Voice", "Chat")},
		read:   readMetrics,
	},
	{
		Name: "DistributeByPercentage", Flows: spoken | OutboundWhisper, Required: onCondition, Rules: Branches,
		Conditions: anyCondition, read: noArgs,
	},
	{
		Name: "TransferToFlow", Flows: Inbound | Transfers, Required: onError, Rules: Branches,
		Params: []Param{refer("ContactFlowId").must()}, read: readTransfer,
		Block:   "Transfer",
		Aliases: []string{"TransferContactToFlow"},
	},
	{
		Name: "EndFlowExecution", Flows: everywhere, Rules: Terminal, read: noArgs,
		Block:   "Resume",
		Aliases: []string{"Resume"},
	},
	{
		Name: "UpdateFlowAttributes", Flows: everywhere, Required: onError,
		Params: []Param{nested("FlowAttributes").must()}, read: readFlowAttributes,
		Block: "SetAttributes",
	},
	{
		Name: "UpdateFlowLoggingBehavior", Flows: everywhere, Rules: GoesOn,
		Params: []Param{literal("FlowLoggingBehavior", "Enabled", "Disabled").must()}, read: readLogging,
		Block:   "SetLoggingBehavior",
		Aliases: []string{"SetLoggingBehavior"},
	},
	{
		Name: "InvokeFlowModule", Flows: everywhere, Required: onError, Optional: onCondition, Open: true, Rules: Suspends,
		Params: []Param{refer("FlowModuleId").must()}, Conditions: equalsAny, read: readModule,
	},
	{Name: "EndFlowModuleExecution", Flows: everywhere, Rules: Terminal, Open: true, read: readEndModule},
}

// contactTypes are the actions that change the contact.
var contactTypes = []Type{
	{
		Name: "UpdateContactAttributes", Flows: everywhere, Required: onError,
		Params:  []Param{nested("Attributes").must(), literal("TargetContact", "Current", "Related")},
		read:    readAttributes,
		Block:   "SetAttributes",
		Aliases: []string{"SetAttributes"},
	},
	{
		Name: "UpdateContactEventHooks", Flows: everywhere, Required: onError,
		Params: []Param{nested("EventHooks"), nested("EventHooksConfiguration")}, read: readHooks,
		Block:   "SetEventHook",
		Aliases: []string{"SetEventHook", "SetContactFlow"},
	},
	{
		Name: "UpdateContactData", Flows: everywhere, Required: onError,
		Params: []Param{prose("Name"), prose("Description"), prose("LanguageCode"), prose("CustomerId"), nested("References"),
			nested("SegmentAttributes"), prose("WisdomSessionArn"), prose("WatchlistId"), prose("IsVoiceIdStreamingEnabled"),
			prose("IsVoiceAuthenticationEnabled"), prose("IsFraudDetectionEnabled"), prose("VoiceAuthenticationThreshold"),
			prose("VoiceAuthenticationResponseTime"), prose("FraudDetectionThreshold"), literal("TargetContact", "Current", "Related")},
		read: readData,
	},
	{
		Name: "UpdateContactTargetQueue", Flows: Inbound | Transfers, Required: onError, OneOf: []string{"QueueId", "AgentId"},
		Params: []Param{refer("QueueId"), refer("AgentId")}, read: readQueueRef,
		Block:   "SetQueue",
		Aliases: []string{"SetQueue"},
	},
	{
		Name: "TransferContactToQueue", Flows: Inbound | Transfers, Required: []string{QueueAtCapacity, NoMatchingError}, Rules: Branches,
		read:    noArgs,
		Block:   "Transfer",
		Aliases: []string{"TransferToQueue"},
	},
	{
		Name: "DequeueContactAndTransferToQueue", Flows: Queued, Required: []string{QueueAtCapacity, NoMatchingError}, Rules: Branches,
		OneOf: []string{"QueueId", "AgentId"}, Params: []Param{refer("QueueId"), refer("AgentId")}, read: readQueueRef,
		Block: "Transfer",
	},
	{
		Name: "TransferContactToAgent", Flows: Transfers, Rules: Terminal, read: noArgs,
		Block: "Transfer",
	},
	{
		Name: "UpdateContactRoutingBehavior", Flows: spoken | OutboundWhisper, Optional: onError, Rules: GoesOn,
		Params: []Param{refer("QueuePriority").between(1, math.MaxInt64),
			refer("QueueTimeAdjustmentSeconds").between(-MaxAdjustment, MaxAdjustment), nested("RoutingProficiencies")},
		OneOf: []string{"QueuePriority", "QueueTimeAdjustmentSeconds", "RoutingProficiencies"}, read: readRouting,
		Block: "UpdateRoutingPriority",
	},
	{
		Name: "UpdateContactRoutingCriteria", Flows: everywhere, Required: onError, Params: []Param{nested("RoutingCriteria").must()},
		read: readCriteriaArgs,
	},
	{
		Name: "UpdateRoutingCriteria", Flows: everywhere, Required: onError, Params: []Param{nested("RoutingCriteria").must()},
		read: readCriteriaArgs,
	},
	{
		Name: "UpdateContactRecordingBehavior", Flows: spoken | OutboundWhisper, Optional: onError, Rules: GoesOn,
		Params: []Param{nested("RecordingBehavior"), nested("AnalyticsBehavior")}, read: readRecording,
		Block:   "SetRecordingBehavior",
		Aliases: []string{"SetRecordingBehavior"},
	},
	{
		Name: "UpdateContactRecordingAndAnalyticsBehavior", Flows: everywhere, Required: []string{NoMatchingError, ChannelMismatch},
		Optional: []string{"InFlightRedactionConfigurationFailed"},
		Params:   []Param{nested("ChatBehavior"), nested("VoiceBehavior"), nested("ScreenRecordingBehavior")},
		OneOf:    []string{"ChatBehavior", "VoiceBehavior", "ScreenRecordingBehavior"},
		read:     readRecordingAndAnalytics,
	},
	{
		Name: "UpdateContactMediaProcessing", Flows: everywhere, Required: []string{NoMatchingError, ChannelMismatch},
		Params: []Param{nested("ChatProcessor").must()}, read: readProcessor,
	},
	{
		Name: "CreatePersistentContactAssociation", Flows: Inbound, Required: onError,
		Params: []Param{refer("SourceContactId").must(), literal("RehydrationType", "ENTIRE_PAST_SESSION", "FROM_SEGMENT", "Entire Past Session", "From Segment").must()},
		read:   readPersist,
	},
	{
		Name: "TagContact", Flows: everywhere, Required: onError,
		Params: []Param{nested("Tags").must()}, read: readTags,
	},
	{Name: "UntagContact", Flows: everywhere, Required: onError, Params: []Param{nested("TagKeys").must()}, read: readUntag},
	{
		Name: "UpdateContactTextToSpeechVoice", Flows: everywhere, Optional: onError, Rules: GoesOn,
		Params: []Param{prose("TextToSpeechVoice").must(), prose("TextToSpeechEngine"), prose("TextToSpeechStyle")}, read: noArgs,
		Block:   "SetVoice",
		Logged:  [][2]string{{"TextToSpeechVoice", "GlobalVoice"}, {"TextToSpeechEngine", "GlobalEngine"}, {"TextToSpeechStyle", "SpeakingStyle"}},
		Aliases: []string{"SetVoice"},
	},
}

// integrationTypes are the actions that reach beyond the contact.
var integrationTypes = []Type{
	{
		Name: "InvokeLambdaFunction", Flows: everywhere, Required: onError, Rules: Suspends,
		Params: []Param{prose("LambdaFunctionARN").must(), refer("InvocationTimeLimitSeconds"),
			literal("InvocationType", "SYNCHRONOUS", "ASYNCHRONOUS"), nested("LambdaInvocationAttributes"), nested("ResponseValidation")},
		read:    readInvoke,
		Block:   "InvokeExternalResource",
		Aliases: []string{"InvokeExternalResource"},
	},
	{
		Name: "CreateTask", Flows: everywhere, Required: onError,
		Params: []Param{prose("Name").must(), prose("Description"), refer("ContactFlowId"), refer("TaskTemplateId"), nested("Attributes"),
			nested("References"), refer("DelaySeconds").between(1, 518400), refer("ScheduledTime")},
	},
	{
		Name: "CreateWisdomSession", Flows: everywhere, Required: onError, Open: true,
		Params: []Param{refer("WisdomAssistantArn").must()},
	},
	{
		Name: "CreateCase", Flows: everywhere, Required: onError, Optional: []string{"ContactNotLinked"},
		Params: []Param{literal("LinkContactToCase", "true", "false"), refer("CaseTemplateId").must(), nested("CaseRequestFields"),
			literal("ContactToLink")},
	},
	{
		Name: "GetCase", Flows: everywhere, Required: []string{NoMatchingError, "MultipleFound", "NoneFound"}, Optional: []string{"ContactNotLinked"},
		Params: []Param{literal("LinkContactToCase", "true", "false"), literal("GetLastUpdatedCase", "true", "false"),
			nested("CaseRequestFields"), prose("CustomerId"), nested("CaseResponseFields")},
	},
	{
		Name: "UpdateCase", Flows: everywhere, Required: []string{"ContactNotLinked", NoMatchingError},
		Params: []Param{prose("CaseId").must(), literal("LinkContactToCase", "true", "false"), nested("CaseRequestFields")},
	},
	{
		Name: "GetCustomerProfile", Flows: everywhere, Required: []string{"MultipleFoundError", "NoneFoundError", NoMatchingError},
		Params: []Param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{
		Name: "GetCustomerProfileObject", Flows: everywhere, Required: []string{"NoneFoundError", NoMatchingError}, Open: true,
		Params: []Param{nested("ProfileResponseData")},
	},
	{Name: "GetCalculatedAttributesForCustomerProfile", Flows: everywhere, Required: []string{"NoneFoundError", NoMatchingError}, Open: true},
	{
		Name: "CreateCustomerProfile", Flows: everywhere, Required: onError,
		Params: []Param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{
		Name: "UpdateCustomerProfile", Flows: everywhere, Required: onError,
		Params: []Param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{Name: "AssociateContactToCustomerProfile", Flows: everywhere, Required: onError, Open: true, Params: []Param{nested("ProfileRequestData")}},
	{
		Name: "EvaluateDataTableValues", Flows: everywhere, Required: onError, Open: true,
		Params: []Param{refer("DataTableId").must(), nested("Queries")},
	},
	{Name: "ListDataTableValues", Flows: everywhere, Required: onError, Open: true, Params: []Param{refer("DataTableId").must()}},
	{Name: "UpsertDataTableValues", Flows: everywhere, Required: onError, Open: true},
	{Name: "StartOutboundChatContact", Flows: everywhere, Required: onError, Open: true},
	{Name: "CheckSegmentMembership", Flows: everywhere, Required: onError, Optional: onCondition, Open: true, Conditions: equalsAny},
	{
		Name: "RenderMessageTemplate", Flows: everywhere, Required: []string{NoMatchingError, "TemplateRenderingError"}, Open: true,
	},
	{
		Name: "ConnectParticipantWithAgenticCX", Flows: everywhere, Required: onError, Rules: Suspends, Open: true,
		Optional: []string{NoMatchingCondition, "InputTimeLimitExceeded"}, Conditions: equalsAny,
	},
	{Name: "RouteContactToAgent", Flows: Queued, Required: onError, Open: true},
	{Name: "CreateContact", Flows: everywhere, Required: onError, Open: true, NotInChat: forEmail},
	{Name: "StartOutboundEmailContact", Flows: everywhere, Required: onError, Open: true, NotInChat: forEmail},
}

// voiceTypes are the actions that no chat can do.
var voiceTypes = []Type{
	{
		Name: "TransferParticipantToThirdParty", Flows: Inbound | Transfers, Required: onError,
		Optional: []string{"CallFailed", "ConnectionTimeLimitExceeded"},
		Params: []Param{refer("ThirdPartyPhoneNumber").must(), refer("ThirdPartyConnectionTimeLimitSeconds").between(0, 600),
			literal("ContinueFlowExecution", "True", "False"), refer("ThirdPartyDTMFDigits"), nested("CallerId")},
		NotInChat: forCalls,
		Block:     "Transfer",
		Logged:    [][2]string{{"ThirdPartyPhoneNumber", "PhoneNumber"}, {"ThirdPartyConnectionTimeLimitSeconds", "TimeLimit"}},
	},
	{
		Name: "UpdateContactCallbackNumber", Flows: spoken, Required: []string{"InvalidCallbackNumber", "CallbackNumberNotDialable"},
		Params: []Param{refer("CallbackNumber").must()}, NotInChat: forCalls, Failure: "InvalidCallbackNumber",
	},
	{
		Name: "CreateCallbackContact", Flows: spoken, Required: onError, NotInChat: forCalls,
		Params: []Param{literal("InitialCallDelaySeconds").between(0, 259200), literal("MaximumConnectionAttempts").between(0, math.MaxInt64),
			literal("RetryDelaySeconds").between(0, 259200),
			refer("QueueId"), refer("AgentId"), refer("ContactFlowId"), nested("CallerId")},
	},
	{
		Name: "UpdateContactMediaStreamingBehavior", Flows: everywhere, Required: onError, NotInChat: forCalls,
		Params:   []Param{literal("MediaStreamingState", "Enabled", "Disabled").must(), literal("MediaStreamType"), nested("Participants")},
		Block:    "StartMediaStreaming",
		Variants: []Variant{{"MediaStreamingState", "Disabled", "StopMediaStreaming"}},
		Logged:   [][2]string{{"MediaStreamType", "MediaStreamTypes"}},
		Aliases:  []string{"StartMediaStreaming"},
	},
	{
		Name: "UpdatePreviousContactParticipantState", Flows: everywhere, Required: onError, NotInChat: forCalls,
		Params: []Param{literal("PreviousContactParticipantState", "AgentOnHold", "CustomerOnHold", "OffHold").must()},
	},
	{
		Name: "CheckOutboundCallStatus", Flows: Inbound, Required: onError, Rules: Branches, NotInChat: forCalls,
		Conditions: someOf("CallAnswered", "VoicemailBeep", "VoicemailNoBeep", "NotDetected"),
	},
	{
		Name: "CheckVoiceId", Flows: everywhere, Required: onError, Rules: Branches, NotInChat: forCalls,
		Params:     []Param{literal("CheckVoiceIdOption", "enrollmentStatus", "voiceAuthentication", "fraudDetection").must()},
		Conditions: equalsAny,
	},
	{Name: "StartVoiceIdStream", Flows: everywhere, Required: onError, NotInChat: forCalls},
	{Name: "CompleteOutboundCall", Flows: OutboundWhisper, Optional: onError, NotInChat: forCalls, Params: []Param{nested("CallerId")}},
	{Name: "ResumeContact", Flows: everywhere, Required: onError, NotInChat: forTasks},
	{Name: "LoadContactContent", Flows: everywhere, Required: onError, NotInChat: forEmail, Params: []Param{literal("ContentType")}},
}
