package flow

import "math"

// Why a chat cannot do an action.
const (
	forCalls = "only calls have it"
	forTasks = "only tasks have it"
	forEmail = "only email has it"
)

// participantSpecs are the actions that speak with the participant.
var participantSpecs = []spec{
	{
		name: "MessageParticipant", types: everywhere &^ hold, oneOf: promptNames, optional: onError, rules: goesOn,
		params: append(prompt, literal("SkipWhenDTMFBufferEnabled", "true", "false"), literal("TextToSpeechType", "text", "ssml")),
		also:   checkPrompt, make: newMessage,
	},
	{
		name: "MessageParticipantIteratively", types: queued | hold, optional: onError, rules: branches,
		params:     []param{nested("Messages").must(), literal("InterruptFrequencySeconds")},
		conditions: checkMessages, chat: "a chat cannot loop prompts",
	},
	{
		name: "GetParticipantInput", types: spoken, oneOf: promptNames, required: onError, rules: branches,
		optional: []string{noMatchingCondition, inputTimeLimitExceeded, "InvalidPhoneNumber"},
		params: append(prompt, literal("InputTimeLimitSeconds").must().between(1, 180), literal("StoreInput", "True", "False"),
			nested("InputValidation"), nested("InputEncryption"), nested("DTMFConfiguration"), literal("EnableDTMFBuffer")),
		conditions: checkDigits, also: checkInput, chat: "a chat has no keys to press",
	},
	{
		name: "ConnectParticipantWithLexBot", types: spoken | outboundWhisper, required: onErrorAndCondition, rules: branches | suspends,
		optional: []string{inputTimeLimitExceeded},
		params: append(prompt, nested("LexV2Bot"), nested("LexBot"), nested("LexSessionAttributes"),
			nested("LexInitializationData"), nested("LexInitializtionData"), nested("LexTimeoutSeconds")),
		conditions: equalsAny, also: checkBot, make: newBot,
	},
	{
		name: "ShowView", types: inbound, required: []string{noMatchingCondition, noMatchingError, timeLimitExceeded}, rules: branches | suspends,
		params: []param{nested("ViewResource").must(), refer("InvocationTimeLimitSeconds").must().between(1, maxViewLimit),
			nested("ViewData"), nested("SensitiveDataConfiguration")},
		conditions: equalsAny, also: checkShowView, make: newShowView,
	},
	{
		name: "AuthenticateParticipant", types: inbound, required: []string{timeLimitExceeded, noMatchingError}, rules: suspends,
		params: []param{nested("CognitoConfiguration").must(), nested("CustomerProfilesConfiguration"),
			literal("TimeLimitMinutes").between(minSignIn, maxSignIn)},
		conditions: someOf("OptedOut"), also: checkSignIn, make: newSignIn,
	},
	{name: "DisconnectParticipant", types: spoken, rules: terminal, make: newDisconnect},
}

// controlSpecs are the actions that steer the flow.
var controlSpecs = []spec{
	{
		name: "Compare", types: everywhere, required: onCondition, rules: branches,
		params: []param{refer("ComparisonValue").must()}, conditions: anyCondition, also: checkComparison, make: newCompare,
	},
	{
		name: "Wait", types: everywhere, required: onError, optional: []string{participantNotFound}, rules: branches | suspends,
		params:     []param{refer("TimeLimitSeconds").must().between(1, maxWait), nested("Events")},
		conditions: checkWait, make: newWait,
	},
	{
		name: "Loop", types: everywhere, optional: onError, rules: branches | goesOn,
		params:     []param{refer("LoopCount").must().between(0, maxLoop), literal("LoopName")},
		conditions: allOf(continueLooping, doneLooping), make: newLoop,
	},
	{
		name: "CheckHoursOfOperation", types: spoken, required: onError, rules: branches,
		params: []param{refer("HoursOfOperationId")}, conditions: checkHoursBranches, make: newCheckHours,
	},
	{
		name: "CheckMetricData", types: spoken, required: onError, optional: onCondition, rules: branches,
		params: []param{literal("MetricType", "NumberOfAgentsAvailable", "NumberOfAgentsStaffed", "NumberOfAgentsOnline",
			"OldestContactInQueueAgeSeconds", "NumberOfContactsInQueue").must(), refer("QueueId"), refer("AgentId")},
		conditions: checkMetric, also: checkQueue, make: newCheckMetricData,
	},
	{
		name: "GetMetricData", types: everywhere, required: onError,
		params: []param{refer("QueueId"), refer("AgentId"), refer("QueueChannel").of("Voice", "Chat")},
		also:   checkQueue, make: newGetMetricData,
	},
	{
		name: "DistributeByPercentage", types: spoken | outboundWhisper, required: onCondition, rules: branches,
		conditions: checkShares, make: newDistribute,
	},
	{
		name: "TransferToFlow", types: inbound | transfers, required: onError, rules: branches,
		params: []param{refer("ContactFlowId").must()}, make: newTransfer,
	},
	{name: "EndFlowExecution", types: everywhere, rules: terminal, make: newEnd},
	{
		name: "UpdateFlowAttributes", types: everywhere, required: onError,
		params: []param{nested("FlowAttributes").must()}, also: checkFlowAttributes, make: newSetFlowAttributes,
	},
	{
		name: "UpdateFlowLoggingBehavior", types: everywhere, rules: goesOn,
		params: []param{literal("FlowLoggingBehavior", "Enabled", "Disabled").must()}, make: newSetLogging,
	},
	{
		name: "InvokeFlowModule", types: everywhere, required: onError, optional: onCondition, open: true, rules: suspends,
		params: []param{refer("FlowModuleId").must()}, conditions: equalsAny, make: newInvokeModule,
	},
	{name: "EndFlowModuleExecution", types: everywhere, rules: terminal, open: true, make: newEndModule},
}

// contactSpecs are the actions that change the contact.
var contactSpecs = []spec{
	{
		name: "UpdateContactAttributes", types: everywhere, required: onError,
		params: []param{nested("Attributes").must(), literal("TargetContact", "Current", "Related")},
		also:   checkAttributes, make: newSetAttributes,
	},
	{
		name: "UpdateContactEventHooks", types: everywhere, required: onError,
		params: []param{nested("EventHooks"), nested("EventHooksConfiguration")}, also: checkHooks, make: newSetHooks,
	},
	{
		name: "UpdateContactData", types: everywhere, required: onError,
		params: []param{prose("Name"), prose("Description"), prose("LanguageCode"), prose("CustomerId"), nested("References"),
			nested("SegmentAttributes"), prose("WisdomSessionArn"), prose("WatchlistId"), prose("IsVoiceIdStreamingEnabled"),
			prose("IsVoiceAuthenticationEnabled"), prose("IsFraudDetectionEnabled"), prose("VoiceAuthenticationThreshold"),
			prose("VoiceAuthenticationResponseTime"), prose("FraudDetectionThreshold"), literal("TargetContact", "Current", "Related")},
		also: checkData, make: newSetData,
	},
	{
		name: "UpdateContactTargetQueue", types: inbound | transfers, required: onError, oneOf: []string{"QueueId", "AgentId"},
		params: []param{refer("QueueId"), refer("AgentId")}, make: newTargetQueue,
	},
	{
		name: "TransferContactToQueue", types: inbound | transfers, required: []string{queueAtCapacity, noMatchingError}, rules: branches,
		make: newToQueue,
	},
	{
		name: "DequeueContactAndTransferToQueue", types: queued, required: []string{queueAtCapacity, noMatchingError}, rules: branches,
		oneOf: []string{"QueueId", "AgentId"}, params: []param{refer("QueueId"), refer("AgentId")}, make: newRequeue,
	},
	{name: "TransferContactToAgent", types: transfers, rules: terminal, make: newToAgent},
	{
		name: "UpdateContactRoutingBehavior", types: spoken | outboundWhisper, optional: onError, rules: goesOn,
		params: []param{refer("QueuePriority").between(1, math.MaxInt64), refer("QueueTimeAdjustmentSeconds").between(-maxAdjustment, maxAdjustment), nested("RoutingProficiencies")},
		oneOf:  []string{"QueuePriority", "QueueTimeAdjustmentSeconds", "RoutingProficiencies"}, also: checkRouting, make: newSetRouting,
	},
	{
		name: "UpdateContactRoutingCriteria", types: everywhere, required: onError, params: []param{nested("RoutingCriteria").must()},
		also: checkCriteria, make: newSetCriteria,
	},
	{
		name: "UpdateRoutingCriteria", types: everywhere, required: onError, params: []param{nested("RoutingCriteria").must()},
		also: checkCriteria, make: newSetCriteria,
	},
	{
		name: "UpdateContactRecordingBehavior", types: spoken | outboundWhisper, optional: onError, rules: goesOn,
		params: []param{nested("RecordingBehavior"), nested("AnalyticsBehavior")}, make: newSetRecording,
	},
	{
		name: "UpdateContactRecordingAndAnalyticsBehavior", types: everywhere, required: []string{noMatchingError, channelMismatch},
		optional: []string{"InFlightRedactionConfigurationFailed"},
		params:   []param{nested("ChatBehavior"), nested("VoiceBehavior"), nested("ScreenRecordingBehavior")},
		oneOf:    []string{"ChatBehavior", "VoiceBehavior", "ScreenRecordingBehavior"},
		also:     checkRedaction, make: newRecordingAndAnalytics,
	},
	{
		name: "UpdateContactMediaProcessing", types: everywhere, required: []string{noMatchingError, channelMismatch},
		params: []param{nested("ChatProcessor").must()}, also: checkProcessor, make: newSetProcessor,
	},
	{
		name: "CreatePersistentContactAssociation", types: inbound, required: onError,
		params: []param{refer("SourceContactId").must(), literal("RehydrationType", "ENTIRE_PAST_SESSION", "FROM_SEGMENT", "Entire Past Session", "From Segment").must()},
		make:   newPersist,
	},
	{
		name: "TagContact", types: everywhere, required: onError,
		params: []param{nested("Tags").must()}, also: checkTags, make: newSetTags,
	},
	{name: "UntagContact", types: everywhere, required: onError, params: []param{nested("TagKeys").must()}, make: newRemoveTags},
	{
		name: "UpdateContactTextToSpeechVoice", types: everywhere, optional: onError, rules: goesOn,
		params: []param{prose("TextToSpeechVoice").must(), prose("TextToSpeechEngine"), prose("TextToSpeechStyle")}, make: newNothing,
	},
}

// integrationSpecs are the actions that reach beyond the contact.
var integrationSpecs = []spec{
	{
		name: "InvokeLambdaFunction", types: everywhere, required: onError, rules: suspends,
		params: []param{prose("LambdaFunctionARN").must(), refer("InvocationTimeLimitSeconds"),
			literal("InvocationType", "SYNCHRONOUS", "ASYNCHRONOUS"), nested("LambdaInvocationAttributes"), nested("ResponseValidation")},
		also: checkInvoke, make: newInvoke,
	},
	{
		name: "CreateTask", types: everywhere, required: onError,
		params: []param{prose("Name").must(), prose("Description"), refer("ContactFlowId"), refer("TaskTemplateId"), nested("Attributes"),
			nested("References"), refer("DelaySeconds").between(1, 518400), refer("ScheduledTime")},
	},
	{
		name: "CreateWisdomSession", types: everywhere, required: onError, open: true,
		params: []param{refer("WisdomAssistantArn").must()},
	},
	{
		name: "CreateCase", types: everywhere, required: onError, optional: []string{"ContactNotLinked"},
		params: []param{literal("LinkContactToCase", "true", "false"), refer("CaseTemplateId").must(), nested("CaseRequestFields"),
			literal("ContactToLink")},
		also: checkCaseLink,
	},
	{
		name: "GetCase", types: everywhere, required: []string{noMatchingError, "MultipleFound", "NoneFound"}, optional: []string{"ContactNotLinked"},
		params: []param{literal("LinkContactToCase", "true", "false"), literal("GetLastUpdatedCase", "true", "false"),
			nested("CaseRequestFields"), prose("CustomerId"), nested("CaseResponseFields")},
		also: checkCaseLink,
	},
	{
		name: "UpdateCase", types: everywhere, required: []string{"ContactNotLinked", noMatchingError},
		params: []param{prose("CaseId").must(), literal("LinkContactToCase", "true", "false"), nested("CaseRequestFields")},
	},
	{
		name: "GetCustomerProfile", types: everywhere, required: []string{"MultipleFoundError", "NoneFoundError", noMatchingError},
		params: []param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{
		name: "GetCustomerProfileObject", types: everywhere, required: []string{"NoneFoundError", noMatchingError}, open: true,
		params: []param{nested("ProfileResponseData")},
	},
	{name: "GetCalculatedAttributesForCustomerProfile", types: everywhere, required: []string{"NoneFoundError", noMatchingError}, open: true},
	{
		name: "CreateCustomerProfile", types: everywhere, required: onError,
		params: []param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{
		name: "UpdateCustomerProfile", types: everywhere, required: onError,
		params: []param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{name: "AssociateContactToCustomerProfile", types: everywhere, required: onError, open: true, params: []param{nested("ProfileRequestData")}},
	{
		name: "EvaluateDataTableValues", types: everywhere, required: onError, open: true,
		params: []param{refer("DataTableId").must(), nested("Queries")}, also: checkTables,
	},
	{name: "ListDataTableValues", types: everywhere, required: onError, open: true, params: []param{refer("DataTableId").must()}},
	{name: "UpsertDataTableValues", types: everywhere, required: onError, open: true, also: checkTables},
	{name: "StartOutboundChatContact", types: everywhere, required: onError, open: true},
	{name: "CheckSegmentMembership", types: everywhere, required: onError, optional: onCondition, open: true, conditions: equalsAny},
	{
		name: "RenderMessageTemplate", types: everywhere, required: []string{noMatchingError, "TemplateRenderingError"}, open: true,
	},
	{
		name: "ConnectParticipantWithAgenticCX", types: everywhere, required: onError, rules: suspends, open: true,
		optional: []string{noMatchingCondition, "InputTimeLimitExceeded"}, conditions: equalsAny,
	},
	{name: "RouteContactToAgent", types: queued, required: onError, open: true},
	{name: "CreateContact", types: everywhere, required: onError, open: true, chat: forEmail},
	{name: "StartOutboundEmailContact", types: everywhere, required: onError, open: true, chat: forEmail},
}

// voiceSpecs are the actions that no chat can do.
var voiceSpecs = []spec{
	{
		name: "TransferParticipantToThirdParty", types: inbound | transfers, required: onError,
		optional: []string{"CallFailed", "ConnectionTimeLimitExceeded"},
		params: []param{refer("ThirdPartyPhoneNumber").must(), refer("ThirdPartyConnectionTimeLimitSeconds").between(0, 600),
			literal("ContinueFlowExecution", "True", "False"), refer("ThirdPartyDTMFDigits"), nested("CallerId")},
		also: checkThirdParty, chat: forCalls,
	},
	{
		name: "UpdateContactCallbackNumber", types: spoken, required: []string{"InvalidCallbackNumber", "CallbackNumberNotDialable"},
		params: []param{refer("CallbackNumber").must()}, chat: forCalls, failure: "InvalidCallbackNumber",
	},
	{
		name: "CreateCallbackContact", types: spoken, required: onError, also: checkQueue, chat: forCalls,
		params: []param{literal("InitialCallDelaySeconds").between(0, 259200), literal("MaximumConnectionAttempts").between(0, math.MaxInt64),
			literal("RetryDelaySeconds").between(0, 259200),
			refer("QueueId"), refer("AgentId"), refer("ContactFlowId"), nested("CallerId")},
	},
	{
		name: "UpdateContactMediaStreamingBehavior", types: everywhere, required: onError, chat: forCalls,
		params: []param{literal("MediaStreamingState", "Enabled", "Disabled").must(), literal("MediaStreamType"), nested("Participants")},
	},
	{
		name: "UpdatePreviousContactParticipantState", types: everywhere, required: onError, chat: forCalls,
		params: []param{literal("PreviousContactParticipantState", "AgentOnHold", "CustomerOnHold", "OffHold").must()},
	},
	{
		name: "CheckOutboundCallStatus", types: inbound, required: onError, rules: branches, chat: forCalls,
		conditions: someOf("CallAnswered", "VoicemailBeep", "VoicemailNoBeep", "NotDetected"),
	},
	{
		name: "CheckVoiceId", types: everywhere, required: onError, rules: branches, chat: forCalls,
		params:     []param{literal("CheckVoiceIdOption", "enrollmentStatus", "voiceAuthentication", "fraudDetection").must()},
		conditions: equalsAny,
	},
	{name: "StartVoiceIdStream", types: everywhere, required: onError, chat: forCalls},
	{name: "CompleteOutboundCall", types: outboundWhisper, optional: onError, chat: forCalls, params: []param{nested("CallerId")}},
	{name: "ResumeContact", types: everywhere, required: onError, chat: forTasks},
	{name: "LoadContactContent", types: everywhere, required: onError, chat: forEmail, params: []param{literal("ContentType")}},
}
