package flow

import "math"

// contactTypes are the actions that change the contact.
var contactTypes = []Type{
	{
		Name: "UpdateContactAttributes", Flows: everywhere, Required: onError,
		Title: "Set attributes", Family: FamilyContact, Shows: []string{"Attributes"},
		Params:  []Param{nested("Attributes").must(), literal("TargetContact", "Current", "Related")},
		read:    readAttributes,
		Block:   "SetAttributes",
		Aliases: []string{"SetAttributes"},
	},
	{
		Name: "UpdateContactEventHooks", Flows: everywhere, Required: onError,
		Title: "Set event flow", Family: FamilyContact, Shows: []string{"EventHooks", "EventHooksConfiguration"},
		Params: []Param{nested("EventHooks"), nested("EventHooksConfiguration")}, read: readHooks,
		Block:   "SetEventHook",
		Aliases: []string{"SetEventHook", "SetContactFlow"},
	},
	{
		Name: "UpdateContactData", Flows: everywhere, Required: onError,
		Title: "Set contact data", Family: FamilyContact, Shows: []string{"Name", "LanguageCode", "References", "SegmentAttributes", "CustomerId", "Description"},
		Params: []Param{prose("Name"), prose("Description"), prose("LanguageCode"), prose("CustomerId"), nested("References").withdrawn(),
			nested("SegmentAttributes"), prose("WisdomSessionArn"), prose("WatchlistId"), prose("IsVoiceIdStreamingEnabled"),
			prose("IsVoiceAuthenticationEnabled"), prose("IsFraudDetectionEnabled"), prose("VoiceAuthenticationThreshold"),
			prose("VoiceAuthenticationResponseTime"), prose("FraudDetectionThreshold"), literal("TargetContact", "Current", "Related")},
		read: readData,
	},
	{
		Name: "UpdateContactTargetQueue", Flows: Inbound | Transfers, Only: anywhere &^ Queued, Required: onError, OneOf: []string{"QueueId", "AgentId"},
		Title: "Set queue", Family: FamilyContact, Shows: []string{"QueueId", "AgentId"},
		Params: []Param{refer("QueueId"), refer("AgentId")}, read: readQueueRef,
		Block:   "SetQueue",
		Aliases: []string{"SetQueue"},
	},
	{
		Name: "TransferContactToQueue", Flows: Inbound | Transfers, Only: anywhere &^ Queued, Required: []string{QueueAtCapacity, NoMatchingError}, Rules: Branches,
		Title: "Transfer to queue", Family: FamilyEnd,
		read:    noArgs,
		Block:   "Transfer",
		Aliases: []string{"TransferToQueue"},
	},
	{
		Name: "DequeueContactAndTransferToQueue", Flows: Queued, Only: Queued | Modules, Required: []string{QueueAtCapacity, NoMatchingError}, Rules: Branches,
		Title: "Transfer to another queue", Family: FamilyEnd, Shows: []string{"QueueId", "AgentId"},
		OneOf: []string{"QueueId", "AgentId"}, Params: []Param{refer("QueueId"), refer("AgentId")}, read: readQueueRef,
		Block: "Transfer",
	},
	{
		Name: "TransferContactToAgent", Flows: Transfers, Only: Transfers | Modules, Rules: Terminal, read: noArgs,
		Title: "Transfer to agent", Family: FamilyEnd,
		Block: "Transfer",
	},
	{
		Name: "UpdateContactRoutingBehavior", Flows: spoken | OutboundWhisper, Optional: onError, Rules: GoesOn,
		Title: "Change priority", Family: FamilyContact, Shows: []string{"QueuePriority", "QueueTimeAdjustmentSeconds"},
		Params: []Param{refer("QueuePriority").between(1, math.MaxInt64),
			refer("QueueTimeAdjustmentSeconds").between(-MaxAdjustment, MaxAdjustment), nested("RoutingProficiencies")},
		OneOf: []string{"QueuePriority", "QueueTimeAdjustmentSeconds", "RoutingProficiencies"}, read: readRouting,
		Block: "UpdateRoutingPriority",
	},
	{
		Name: "UpdateContactRoutingCriteria", Flows: everywhere, Required: onError, Params: []Param{nested("RoutingCriteria").must().loose()},
		Title: "Set routing criteria", Family: FamilyContact,
		read:     readCriteriaArgs,
		Formerly: []string{"UpdateRoutingCriteria"},
	},
	{
		Name: "UpdateContactRecordingBehavior", Flows: spoken | OutboundWhisper, Rules: GoesOn,
		Title: "Set recording", Family: FamilyContact,
		Params: []Param{nested("RecordingBehavior").must(), nested("AnalyticsBehavior")}, read: readRecording,
		Block:   "SetRecordingBehavior",
		Aliases: []string{"SetRecordingBehavior"},
	},
	{
		Name: "UpdateContactRecordingAndAnalyticsBehavior", Flows: everywhere, Required: []string{NoMatchingError, ChannelMismatch},
		Title: "Set recording and analytics", Family: FamilyContact,
		Optional: []string{"InFlightRedactionConfigurationFailed"},
		Params:   []Param{nested("ChatBehavior"), nested("VoiceBehavior"), nested("ScreenRecordingBehavior")},
		OneOf:    []string{"ChatBehavior", "VoiceBehavior", "ScreenRecordingBehavior"},
		read:     readRecordingAndAnalytics,
	},
	{
		Name: "UpdateContactMediaProcessing", Flows: everywhere, Required: []string{NoMatchingError, ChannelMismatch},
		Title: "Set message processor", Family: FamilyContact,
		Params: []Param{nested("ChatProcessor").must()}, read: readProcessor,
	},
	{
		Name: "CreatePersistentContactAssociation", Flows: Inbound, Required: onError,
		Title: "Associate earlier chat", Family: FamilyContact, Shows: []string{"SourceContactId"},
		Params: []Param{refer("SourceContactId").must(), literal("RehydrationType", "ENTIRE_PAST_SESSION", "FROM_SEGMENT", "Entire Past Session", "From Segment").must(),
			refer("ClientToken")},
		read: readPersist,
	},
	{
		Name: "TagContact", Flows: everywhere, Required: onError,
		Title: "Tag contact", Family: FamilyContact, Shows: []string{"Tags"},
		Params: []Param{nested("Tags").must()}, read: readTags,
	},
	{
		Name: "UntagContact", Flows: everywhere, Required: onError, Params: []Param{nested("TagKeys").must()}, read: readUntag,
		Title: "Untag contact", Family: FamilyContact, Shows: []string{"TagKeys"},
		Formerly: []string{"UnTagContact"},
	},
	{
		Name: "UpdateContactTextToSpeechVoice", Flows: everywhere, Optional: onError, Rules: GoesOn,
		Title: "Set voice", Family: FamilyContact, Shows: []string{"TextToSpeechVoice"},
		Params: []Param{prose("TextToSpeechVoice").must(), prose("TextToSpeechEngine"), prose("TextToSpeechStyle")}, read: noArgs,
		Block:   "SetVoice",
		Logged:  [][2]string{{"TextToSpeechVoice", "GlobalVoice"}, {"TextToSpeechEngine", "GlobalEngine"}, {"TextToSpeechStyle", "SpeakingStyle"}},
		Aliases: []string{"SetVoice"},
	},
}
