package flow

import "math"

// Why a chat cannot do an action.
const (
	forCalls = "available for calls only"
	forTasks = "available for tasks only"
	forEmail = "available for email only"
)

// voiceTypes are the actions that no chat can do.
var voiceTypes = []Type{
	{
		Name: "TransferParticipantToThirdParty", Flows: Inbound | Transfers, Required: onError,
		Title: "Transfer to phone number", Family: FamilyEnd, Shows: []string{"ThirdPartyPhoneNumber"},
		Optional: []string{"CallFailed", "ConnectionTimeLimitExceeded"},
		Params: []Param{refer("ThirdPartyPhoneNumber").must(), refer("ThirdPartyConnectionTimeLimitSeconds").must().between(0, 600),
			literal("ContinueFlowExecution", "True", "False").must(), refer("ThirdPartyDTMFDigits"), nested("CallerId"), nested("VoiceConnector")},
		Instead:   "VoiceConnector",
		NotInChat: forCalls,
		Block:     "Transfer",
		Logged:    [][2]string{{"ThirdPartyPhoneNumber", "PhoneNumber"}, {"ThirdPartyConnectionTimeLimitSeconds", "TimeLimit"}},
	},
	{
		Name: "UpdateContactCallbackNumber", Flows: spoken, Required: []string{"InvalidCallbackNumber", "CallbackNumberNotDialable"},
		Title: "Set callback number", Family: FamilyContact, Shows: []string{"CallbackNumber"},
		Params: []Param{refer("CallbackNumber").must()}, NotInChat: forCalls, Failure: "InvalidCallbackNumber",
	},
	{
		Name: "CreateCallbackContact", Flows: spoken, Required: onError, NotInChat: forCalls,
		Title: "Transfer to callback queue", Family: FamilyEnd,
		Params: []Param{literal("InitialCallDelaySeconds").between(0, 259200), literal("MaximumConnectionAttempts").between(0, math.MaxInt64),
			literal("RetryDelaySeconds").between(0, 259200),
			refer("QueueId"), refer("AgentId"), refer("ContactFlowId"), refer("CallerId")},
	},
	{
		Name: "UpdateContactMediaStreamingBehavior", Flows: everywhere, Required: onError, NotInChat: forCalls,
		Title: "Set media streaming", Family: FamilyContact,
		Params:   []Param{literal("MediaStreamingState", "Enabled", "Disabled").must(), literal("MediaStreamType"), nested("Participants")},
		Block:    "StartMediaStreaming",
		Variants: []Variant{{"MediaStreamingState", "Disabled", "StopMediaStreaming"}},
		Logged:   [][2]string{{"MediaStreamType", "MediaStreamTypes"}},
		Aliases:  []string{"StartMediaStreaming"},
	},
	{
		Name: "UpdatePreviousContactParticipantState", Flows: everywhere, Required: onError, NotInChat: forCalls,
		Title: "Hold customer or agent", Family: FamilyContact,
		Params: []Param{literal("PreviousContactParticipantState", "AgentOnHold", "CustomerOnHold", "OffHold").must()},
	},
	{
		Name: "CheckOutboundCallStatus", Flows: Inbound, Required: onError, Rules: Branches, NotInChat: forCalls,
		Title: "Check call progress", Family: FamilyControl,
		Conditions: someOf("CallAnswered", "VoicemailBeep", "VoicemailNoBeep", "NotDetected"),
	},
	{
		Name: "CheckVoiceId", Flows: everywhere, Required: onError, Rules: Branches, NotInChat: forCalls,
		Title: "Check Voice ID", Family: FamilyControl, Shows: []string{"CheckVoiceIdOption"},
		Params:     []Param{literal("CheckVoiceIdOption", "enrollmentStatus", "voiceAuthentication", "fraudDetection").must()},
		Conditions: equalsAny,
	},
	{
		Name: "StartVoiceIdStream", Flows: everywhere, Required: onError, NotInChat: forCalls,
		Family: FamilyCall,
	},
	{
		Name: "CompleteOutboundCall", Flows: OutboundWhisper, Only: OutboundWhisper | Modules, Optional: onError, NotInChat: forCalls,
		Params: []Param{nested("CallerId"), nested("VoiceConnector"), refer("ConnectionTimeLimitSeconds").between(1, 600)},
		Family: FamilyCall,
	},
	{
		Name: "ResumeContact", Flows: everywhere, Required: onError, NotInChat: forTasks,
		Family: FamilyCall,
	},
	{
		Name: "LoadContactContent", Flows: everywhere, Required: onError, NotInChat: forEmail, Params: []Param{literal("ContentType")},
		Family: FamilyCall,
	},
}
