package flow

import (
	"slices"
	"strings"
	"testing"
)

// TestRequiredErrors: the error types that the service is known to insist on.
func TestRequiredErrors(t *testing.T) {
	for names, want := range map[string][]string{
		"InvokeLambdaFunction CreateWisdomSession UpdateContactData UpdateContactTargetQueue UpdateContactAttributes CheckHoursOfOperation " +
			"CreatePersistentContactAssociation LoadContactContent EvaluateDataTableValues TagContact UntagContact TransferToFlow UpdateFlowAttributes " +
			"GetMetricData Wait InvokeFlowModule UpdateContactEventHooks CreateTask CreateCallbackContact StartVoiceIdStream CheckVoiceId": {NoMatchingError},
		"Compare DistributeByPercentage":                          {NoMatchingCondition},
		"ConnectParticipantWithLexBot CheckMetricData":            {NoMatchingCondition, NoMatchingError},
		"TransferContactToQueue DequeueContactAndTransferToQueue": {NoMatchingError, QueueAtCapacity},
		"UpdateContactCallbackNumber":                             {"CallbackNumberNotDialable", "InvalidCallbackNumber"},
		"AuthenticateParticipant":                                 {NoMatchingError, TimeLimitExceeded},
		"ShowView":                                                {NoMatchingCondition, NoMatchingError, TimeLimitExceeded},
		"GetCustomerProfile":                                      {"MultipleFoundError", NoMatchingError, "NoneFoundError"},
		"GetCase":                                                 {"MultipleFound", NoMatchingError, "NoneFound"},
		"UpdateCase":                                              {"ContactNotLinked", NoMatchingError},
		"MessageParticipant Loop UpdateFlowLoggingBehavior UpdateContactRecordingBehavior UpdateContactTextToSpeechVoice UpdateContactRoutingBehavior": nil,
	} {
		for name := range strings.FieldsSeq(names) {
			got := slices.Sorted(slices.Values(types[name].Required))
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("%s requires %q; want %q", name, got, want)
			}
		}
	}
}

// TestFlowTypes: in which types of flow the designer offers an action.
func TestFlowTypes(t *testing.T) {
	all := []string{"contactFlow", "customerQueue", "agentTransfer", "queueTransfer", "agentWhisper", "customerWhisper", "outboundWhisper", "customerHold", "agentHold"}
	for names, want := range map[string]string{
		"MessageParticipant":            "contactFlow customerQueue agentTransfer queueTransfer agentWhisper customerWhisper outboundWhisper",
		"MessageParticipantIteratively": "customerQueue customerHold agentHold",
		"GetParticipantInput CheckHoursOfOperation CheckMetricData DisconnectParticipant":                                        "contactFlow customerQueue agentTransfer queueTransfer",
		"ConnectParticipantWithLexBot DistributeByPercentage UpdateContactRoutingBehavior UpdateContactRecordingBehavior":        "contactFlow customerQueue agentTransfer queueTransfer outboundWhisper",
		"ShowView AuthenticateParticipant CreatePersistentContactAssociation":                                                    "contactFlow",
		"TransferToFlow UpdateContactTargetQueue TransferContactToQueue":                                                         "contactFlow agentTransfer queueTransfer",
		"DequeueContactAndTransferToQueue":                                                                                       "customerQueue",
		"TransferContactToAgent":                                                                                                 "agentTransfer queueTransfer",
		"EndFlowExecution":                                                                                                       "customerQueue agentWhisper customerWhisper outboundWhisper customerHold agentHold",
		"Compare Wait Loop GetMetricData UpdateFlowAttributes UpdateFlowLoggingBehavior UpdateContactData":                       strings.Join(all, " "),
		"UpdateContactAttributes UpdateContactEventHooks CreateTask InvokeLambdaFunction InvokeFlowModule CreateCase TagContact": strings.Join(all, " "),
	} {
		for name := range strings.FieldsSeq(names) {
			var got []string
			for _, typ := range all {
				if types[name].Flows&typeNames[typ] != 0 {
					got = append(got, typ)
				}
			}
			if s := strings.Join(got, " "); s != want {
				t.Errorf("%s belongs into %s; want %s", name, s, want)
			}
		}
	}
}

// TestDescriptors: every type has a family, no two share a name, an alias or a
// parameter, and what a chat cannot do does not run.
func TestDescriptors(t *testing.T) {
	names := map[string]bool{}
	for i, typ := range Types() {
		for _, name := range slices.Concat([]string{typ.Name}, typ.Aliases, typ.Formerly) {
			if names[name] {
				t.Errorf("two types are called %s", name)
			}
			names[name] = true
		}
		if typ.Family == "" || typ.Index != i || TypeNamed(typ.Name) != typ {
			t.Errorf("%s: family %q, index %d; want %d", typ.Name, typ.Family, typ.Index, i)
		}
		if typ.NotInChat != "" && typ.Runs() {
			t.Errorf("%s runs, though %s", typ.Name, typ.NotInChat)
		}
		params := slices.Sorted(typ.ParamNames())
		if n := len(params); len(slices.Compact(params)) != n {
			t.Errorf("%s has a parameter twice", typ.Name)
		}
	}
	for typ, words := range map[FlowTypes]string{
		0: "", Hold: "hold flows", Transfers | Modules: "transfer flows and modules", AgentTransfers: "agent transfer flows",
		Queued | Whispers | Hold: "customer queue flows, whispers and hold flows", Inbound | OutboundWhisper: "contact flows and outbound whispers",
	} {
		if typ.String() != words {
			t.Errorf("types of flow are called %q; want %q", typ, words)
		}
	}
	if TypeNamed("Teleport") != nil {
		t.Error("there is a type Teleport")
	}
}
