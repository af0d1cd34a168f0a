package machine

import "parley.example/parley/internal/flow"

// step is what an action of a type does. A panic of a step is the caller's.
type step struct {
	// run acts and says how it went; it never waits.
	run func(m *machine, a *flow.Action) result
	// resume goes on with an event that the run's Wait wants; nil for an action
	// that does not suspend the run.
	resume func(m *machine, a *flow.Action, ev Event) result
	// note keeps parameters of an action that no chat can do for the flow log,
	// beyond those that the type lists; nil where there are none.
	note func(m *machine, a *flow.Action)
}

// stepTable has the step of each action type that Parley runs.
var stepTable = map[string]step{
	"AuthenticateParticipant":                    {run: runSignIn, resume: resumeSignIn},
	"CheckHoursOfOperation":                      {run: runCheckHours},
	"CheckMetricData":                            {run: runCheckMetricData},
	"Compare":                                    {run: runCompare},
	"ConnectParticipantWithLexBot":               {run: runBot, resume: resumeBot},
	"CreatePersistentContactAssociation":         {run: runPersist, resume: resumePersist},
	"CreateWisdomSession":                        {run: runAssistant},
	"DequeueContactAndTransferToQueue":           {run: runRequeue},
	"DisconnectParticipant":                      {run: runDisconnect},
	"DistributeByPercentage":                     {run: runDistribute},
	"EndFlowExecution":                           {run: runEnd},
	"EndFlowModuleExecution":                     {run: runEndModule},
	"GetMetricData":                              {run: runGetMetricData},
	"InvokeFlowModule":                           {run: runInvokeModule},
	"InvokeLambdaFunction":                       {run: runInvoke, resume: resumeInvoke},
	"Loop":                                       {run: runLoop},
	"MessageParticipant":                         {run: runMessage},
	"ShowView":                                   {run: runShowView, resume: resumeShowView},
	"TagContact":                                 {run: runSetTags},
	"TransferContactToAgent":                     {run: runToAgent},
	"TransferContactToQueue":                     {run: runToQueue},
	"TransferToFlow":                             {run: runTransfer},
	"UntagContact":                               {run: runRemoveTags},
	"UpdateContactAttributes":                    {run: runSetAttributes, resume: resumeSetAttributes},
	"UpdateContactData":                          {run: runSetData, resume: resumeSetData},
	"UpdateContactEventHooks":                    {run: runSetHooks},
	"UpdateContactMediaProcessing":               {run: runSetProcessor},
	"UpdateContactRecordingAndAnalyticsBehavior": {run: runNothing},
	"UpdateContactRecordingBehavior":             {run: runSetRecording},
	"UpdateContactRoutingBehavior":               {run: runSetRouting},
	"UpdateContactRoutingCriteria":               {run: runSetCriteria},
	"UpdateContactTargetQueue":                   {run: runTargetQueue},
	"UpdateContactTextToSpeechVoice":             {run: runNothing},
	"UpdateFlowAttributes":                       {run: runSetFlowAttributes},
	"UpdateFlowLoggingBehavior":                  {run: runSetLogging},
	"Wait":                                       {run: runWait, resume: resumeWait},

	"GetParticipantInput":                 {note: noteInput},
	"MessageParticipantIteratively":       {note: notePrompts},
	"UpdateContactMediaStreamingBehavior": {note: noteTracks},
}

// steps are the steps by the index of their type.
var steps = func() []step {
	list := make([]step, len(flow.Types()))
	for i, t := range flow.Types() {
		list[i] = stepTable[t.Name]
	}
	return list
}()
