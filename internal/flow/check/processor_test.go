package check

import (
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
)

// mediaProcessing is a flow of one UpdateContactMediaProcessing with a ChatProcessor.
func mediaProcessing(processor string) string {
	return `{"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"UpdateContactMediaProcessing",
	 "Parameters":{"ChatProcessor":` + processor + `},"Transitions":{"NextAction":"b","Errors":[
	 {"NextAction":"b","ErrorType":"NoMatchingError"},{"NextAction":"b","ErrorType":"ChannelMismatch"}]}},
	 {"Identifier":"b","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
}

func TestCheckProcessor(t *testing.T) {
	const at = "Actions[0].Parameters.ChatProcessor"
	for processor, want := range map[string]string{
		`{"ProcessingEnabled":"True","LambdaProcessorARN":"arn:f","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}`:                             "",
		`{"ProcessingEnabled":true,"LambdaProcessorARN":"arn:f","ChatProcessorSettings":{"DeliverUnprocessedMessages":"True"}}`:                                at + ".ProcessingEnabled",
		`{"ProcessingEnabled":"True","LambdaProcessorARN":"arn:f"}`:                                                                                            at + ".ChatProcessorSettings",
		`{"ProcessingEnabled":"True","LambdaProcessorARN":"` + strings.Repeat("f", 1025) + `","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}`: at + ".LambdaProcessorARN",
		`{"ProcessingEnabled":"False","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}`:                                                         "",
		`{"LambdaProcessorARN":"arn:f","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}`:                                                        at + ".ProcessingEnabled",
		`{"ProcessingEnabled":"maybe","LambdaProcessorARN":"arn:f","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}`:                            at + ".ProcessingEnabled",
		`{"ProcessingEnabled":"True","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}`:                                                          at + ".LambdaProcessorARN",
		`{"ProcessingEnabled":"True","LambdaProcessorARN":"$.Attributes.f","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}`:                    at + ".LambdaProcessorARN",
		`{"ProcessingEnabled":"True","LambdaProcessorARN":"f","ChatProcessorSettings":"x"}`:                                                                    at + ".ChatProcessorSettings",
		`{"ProcessingEnabled":"False","ChatProcessorSettings":{"DeliverUnprocessedMessages":"sometimes"}}`:                                                     at + ".ChatProcessorSettings.DeliverUnprocessedMessages",
		`"x"`: at,
	} {
		f, err := flow.Parse([]byte(mediaProcessing(processor)))
		if err != nil {
			t.Fatalf("Parse(%s): %v", processor, err)
		}
		problems := told(f)
		switch {
		case want == "" && len(problems) > 0:
			t.Errorf("%s: %v; want no problem", processor, problems)
		case want != "" && (len(problems) != 1 || !strings.Contains(problems[0], "Path: "+want+",") && !strings.HasSuffix(problems[0], "Path: "+want)):
			t.Errorf("%s: %v; want one problem at %s", processor, problems, want)
		}
	}
}
