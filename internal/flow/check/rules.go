package check

import "parley.example/parley/internal/flow"

// rule is what to check of an action of a type where its descriptor does not say
// enough. Each part may be nil.
type rule struct {
	errors func(v *validation, a *flow.Action)
	// warnings is only asked of actions that a chat can do.
	warnings func(w *warner, a *flow.Action)
	// spares reports whether the branch of an error type is never taken, because
	// what is written in the action cannot fail so; nil for a type that may always fail.
	spares func(a *flow.Action, errorType string) bool
}

// rules has the rules of the action types that need some.
var rules = map[string]rule{
	"AuthenticateParticipant":                    {errors: checkSignIn},
	"CheckMetricData":                            {errors: checkMetric},
	"CheckVoiceId":                               {errors: checkVoice},
	"Compare":                                    {errors: checkComparison},
	"ConnectParticipantWithLexBot":               {errors: checkBot, warnings: warnBot},
	"CreateCallbackContact":                      {errors: checkQueue},
	"CreateCase":                                 {errors: checkCaseLink},
	"CreateWisdomSession":                        {warnings: warnAssistant},
	"DistributeByPercentage":                     {errors: checkShares},
	"EvaluateDataTableValues":                    {errors: checkTables},
	"GetCase":                                    {errors: checkCaseLink},
	"GetMetricData":                              {errors: checkQueue},
	"GetParticipantInput":                        {errors: checkInput},
	"InvokeLambdaFunction":                       {errors: checkInvoke},
	"Loop":                                       {warnings: warnLoop, spares: spareLoop},
	"MessageParticipant":                         {errors: checkPrompt, warnings: warnMessage, spares: spareMessage},
	"MessageParticipantIteratively":              {errors: checkMessages},
	"ShowView":                                   {errors: checkShowView},
	"TagContact":                                 {errors: checkTags},
	"TransferParticipantToThirdParty":            {errors: checkThirdParty},
	"UpdateContactAttributes":                    {errors: checkAttributes},
	"UpdateContactCallbackNumber":                {errors: checkCallback},
	"UpdateContactData":                          {errors: checkData},
	"UpdateContactEventHooks":                    {errors: checkHooks, warnings: warnHooks},
	"UpdateContactMediaProcessing":               {errors: checkProcessor, spares: spareProcessor},
	"UpdateContactRecordingAndAnalyticsBehavior": {errors: checkRedaction, spares: spareAll},
	"UpdateContactRecordingBehavior":             {spares: spareAll},
	"UpdateContactRoutingBehavior":               {errors: checkRouting},
	"UpdateContactRoutingCriteria":               {errors: checkCriteria},
	"UpdateContactTextToSpeechVoice":             {spares: spareAll},
	"UpsertDataTableValues":                      {errors: checkTables},
	"Wait":                                       {errors: checkWait, warnings: warnWait, spares: spareWait},
}
