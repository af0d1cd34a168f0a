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
			"GetMetricData CheckMetricData Wait InvokeFlowModule UpdateContactEventHooks CreateTask CreateCallbackContact StartVoiceIdStream CheckVoiceId": {NoMatchingError},
		"Compare DistributeByPercentage":                          {NoMatchingCondition},
		"ConnectParticipantWithLexBot":                            {NoMatchingCondition, NoMatchingError},
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
		"Compare Wait Loop GetMetricData EndFlowExecution UpdateFlowAttributes UpdateFlowLoggingBehavior UpdateContactData":      strings.Join(all, " "),
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
