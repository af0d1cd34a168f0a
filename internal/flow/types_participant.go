package flow

// participantTypes are the actions that speak with the participant.
var participantTypes = []Type{
	{
		Name: "MessageParticipant", Flows: everywhere &^ Hold, OneOf: PromptNames, Optional: onError, Rules: GoesOn | Speaks,
		Title: "Send message", Family: FamilyTalk, Shows: []string{"Text", "SSML", "PromptId", "Media"},
		Params:  append(prompt, literal("SkipWhenDTMFBufferEnabled", "true", "false"), literal("TextToSpeechType", "text", "ssml")),
		read:    readMessage,
		Block:   "PlayPrompt",
		Aliases: []string{"PlayPrompt"},
	},
	{
		Name: "MessageParticipantIteratively", Flows: Queued | Hold, Optional: onError, Rules: Branches | Stays,
		Title: "Loop prompts", Family: FamilyTalk, Shows: []string{"Messages"},
		Params:     []Param{nested("Messages").must(), literal("InterruptFrequencySeconds")},
		Conditions: someOf("MessagesInterrupted"), NotInChat: "a chat cannot loop prompts",
		Block:  "LoopPrompts",
		Logged: [][2]string{{"InterruptFrequencySeconds", "InterruptSeconds"}},
	},
	{
		Name: "GetParticipantInput", Flows: spoken, OneOf: PromptNames, Required: onError, Rules: Branches,
		Title: "Get digits", Family: FamilyTalk, Shows: []string{"Text", "SSML", "PromptId"},
		Optional: []string{NoMatchingCondition, InputTimeLimitExceeded, "InvalidPhoneNumber"}, Instead: "EnableDTMFBuffer",
		Params: append(prompt, literal("InputTimeLimitSeconds").must().between(1, 180).exceeded(), literal("StoreInput", "True", "False"),
			nested("InputValidation"), nested("InputEncryption"), nested("DTMFConfiguration"), literal("EnableDTMFBuffer", "True", "False")),
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
		Name: "ConnectParticipantWithLexBot", Flows: spoken | OutboundWhisper, Required: onErrorAndCondition, Rules: Branches | Suspends | Speaks,
		Title: "Ask a bot", Family: FamilyTalk, Shows: []string{"Text", "SSML", "LexV2Bot", "LexBot"},
		Optional: []string{InputTimeLimitExceeded},
		Params: append(prompt, nested("LexV2Bot"), nested("LexBot"), nested("LexSessionAttributes"),
			nested("LexInitializationData"), nested("LexInitializtionData"), nested("LexTimeoutSeconds")),
		Conditions: equalsAny, read: readBot,
		Block:   "GetUserInput",
		Aliases: []string{"GetUserInput"},
	},
	{
		Name: "ShowView", Flows: Inbound, Required: []string{NoMatchingCondition, NoMatchingError, TimeLimitExceeded}, Rules: Branches | Suspends | Speaks,
		Title: "Show view", Family: FamilyTalk, Shows: []string{"ViewResource.Id"},
		Params: []Param{nested("ViewResource").must(), refer("InvocationTimeLimitSeconds").must().between(1, MaxViewLimit),
			nested("ViewData").loose(), nested("SensitiveDataConfiguration")},
		Conditions: equalsAny, read: readView,
	},
	{
		Name: "AuthenticateParticipant", Flows: Inbound, Required: []string{TimeLimitExceeded, NoMatchingError}, Rules: Suspends | Speaks,
		Title: "Authenticate customer", Family: FamilyTalk,
		Params: []Param{nested("CognitoConfiguration").must(), nested("CustomerProfilesConfiguration"),
			literal("TimeLimitMinutes").between(MinSignIn, MaxSignIn)},
		Conditions: someOf("OptedOut"), read: readSignIn,
	},
	{
		Name: "DisconnectParticipant", Flows: spoken, Only: spoken | Modules, Rules: Terminal, read: noArgs,
		Title: "Disconnect", Family: FamilyEnd,
		Block:   "Disconnect",
		Aliases: []string{"Disconnect"},
	},
}
