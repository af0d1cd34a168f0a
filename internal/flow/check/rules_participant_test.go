package check

import (
	"strings"
	"testing"

	"parley.example/parley/internal/flow/flowdoc"
)

// TestProblemsOfTypes holds single action types to what the language says of
// their parameters, branches and limits.
func TestProblemsOfTypes(t *testing.T) {
	failing := func(types ...string) string {
		var list []string
		for _, typ := range types {
			list = append(list, flowdoc.On(typ, "x"))
		}
		return flowdoc.To("x", strings.Join(list, ","), "")
	}
	var (
		good  = failing("NoMatchingError")
		asks  = failing("NoMatchingError", "NoMatchingCondition")
		menu  = failing("NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded")
		views = failing("NoMatchingError", "NoMatchingCondition", "TimeLimitExceeded")
		input = `"Text":"a","InputTimeLimitSeconds":"5",`
		store = input + `"StoreInput":"True",`
		four  = `"InputValidation":{"CustomValidation":{"MaximumLength":"4"}}`
		value = "Invalid Action property value. Path: Actions[0].Parameters"
		gone  = "Action is missing required property. Path: Actions[0]."
	)
	lex := func(parameters string) string { return `"Text":"a","LexV2Bot":{"AliasArn":"b"},` + parameters }
	many := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("{},", n), ",") + "]" }
	tests := []struct{ name, typ, parameters, transitions, want string }{ // want is the beginning of the only problem, "" for none
		{"recorded in S3", "MessageParticipant", `"Media":{"Uri":"s3://a/$.Attributes.k","SourceType":"S3","MediaType":"Audio"}`, good, ""},
		{"recorded elsewhere", "MessageParticipant", `"Media":{"Uri":"a","SourceType":"FTP","MediaType":"Audio"}`, good, value + ".Media.SourceType"},
		{"a film", "MessageParticipant", `"Media":{"Uri":"a","SourceType":"S3","MediaType":"Video"}`, good, value + ".Media.MediaType"},
		{"recorded nowhere", "MessageParticipant", `"Media":{"SourceType":"S3","MediaType":"Audio"}`, good, gone + "Parameters.Media.Uri"},

		{"no prompts to loop", "MessageParticipantIteratively", `"Messages":[]`, "", value + ".Messages,"},
		{"a looped prompt of two", "MessageParticipantIteratively", `"Messages":[{"Text":"a"},{"Text":"a","PromptId":"b"}]`, "", value + ".Messages[1]"},
		{"an interruption", "MessageParticipantIteratively", `"Messages":[{"PromptId":"b"}],"InterruptFrequencySeconds":"30"`, flowdoc.To("", "", flowdoc.When("Equals", "MessagesInterrupted", "x")), ""},
		{"an interruption that never comes", "MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, flowdoc.To("", "", flowdoc.When("Equals", "MessagesInterrupted", "x")), gone + "Parameters.InterruptFrequencySeconds"},

		{"a menu", "GetParticipantInput", input + `"StoreInput":"False"`, menu, ""},
		{"a menu without time limit", "GetParticipantInput", `"Text":"a"`, menu, gone + "Parameters.InputTimeLimitSeconds"},
		{"a menu of telephone numbers", "GetParticipantInput", input[:len(input)-1], failing("NoMatchingError", "NoMatchingCondition", "InvalidPhoneNumber", "InputTimeLimitExceeded"), "Invalid Action error. Error: InvalidPhoneNumber, Path: Actions[0]"},
		{"a menu of five minutes (published flows have it, 2026-11)", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"300"`, menu, ""},
		{"a menu of no time", "GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":"0"`, menu, value + ".InputTimeLimitSeconds"},
		{"stored", "GetParticipantInput", store + `"InputValidation":{"CustomValidation":{"MaximumLength":"4"}},"InputEncryption":{"Key":"k"},"DTMFConfiguration":{"InputTerminationSequence":"#","InterdigitTimeLimitSeconds":"5"}`, good, ""},
		{"stored telephone number", "GetParticipantInput", store + `"InputValidation":{"PhoneNumberValidation":{"NumberFormat":"E164"}}`, failing("NoMatchingError", "InvalidPhoneNumber"), ""},
		{"stored by two rules", "GetParticipantInput", store + `"InputValidation":{"PhoneNumberValidation":{},"CustomValidation":{}}`, good, value + ".InputValidation,"},
		{"encrypted telephone number", "GetParticipantInput", store + `"InputValidation":{"PhoneNumberValidation":{}},"InputEncryption":{"Key":"k"}`, good, value + ".InputEncryption"},
		{"stored, with the branch of a menu", "GetParticipantInput", store + four, asks, "Invalid Action error. Error: NoMatchingCondition"},
		{"stored, and then nothing", "GetParticipantInput", store + four, flowdoc.To("", flowdoc.On("NoMatchingError", "x"), ""), gone + "Transitions.NextAction"},
		{"slow keys", "GetParticipantInput", store + four + `,"DTMFConfiguration":{"InterdigitTimeLimitSeconds":"21"}`, good, value + ".DTMFConfiguration.InterdigitTimeLimitSeconds"},
		{"a long end", "GetParticipantInput", store + four + `,"DTMFConfiguration":{"InputTerminationSequence":"123456"}`, good, value + ".DTMFConfiguration.InputTerminationSequence"},

		{"patience from nowhere", "ConnectParticipantWithLexBot", lex(`"LexTimeoutSeconds":{"Text":"$.Bad.t"}`), asks, value + ".LexTimeoutSeconds.Text, Action: a: there is no $.Bad"},
		{"criteria from nowhere", "UpdateContactRoutingCriteria", `"RoutingCriteria":"$.Bad.t"`, good, value + ".RoutingCriteria, Action: a: there is no $.Bad"},
		{"a hook from nowhere", "UpdateContactEventHooks", `"EventHooks":{"CustomerQueue":"$.Bad.t"}`, good, value + ".EventHooks.CustomerQueue, Action: a: there is no $.Bad"},
		{"a call in no time", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"0"`, good, value + ".InvocationTimeLimitSeconds, Action: a: must be a number from 1 to 8"},
		{"a long call", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"61","InvocationType":"ASYNCHRONOUS"`, good, value + ".InvocationTimeLimitSeconds, Action: a: must be a number from 1 to 60"},
		{"a call with a time from data", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"$.Attributes.t"`, good, ""},
		{"no priority", "UpdateContactRoutingBehavior", `"QueuePriority":"0"`, flowdoc.To("x", "", ""), value + ".QueuePriority, Action: a: must be a number of at least 1"},

		{"a bot", "ConnectParticipantWithLexBot", lex(`"LexTimeoutSeconds":{"Text":"60"}`), asks, ""},
		{"a bot from data", "ConnectParticipantWithLexBot", `"Text":"a","LexV2Bot":{"AliasArn":"arn:$.AwsRegion:x"},"LexTimeoutSeconds":{"Text":"$.Attributes.t"}`, asks, ""},
		{"a bot without alias", "ConnectParticipantWithLexBot", `"Text":"a","LexV2Bot":{}`, asks, gone + "Parameters.LexV2Bot.AliasArn"},
		{"an old bot without name", "ConnectParticipantWithLexBot", `"Text":"a","LexBot":{"Alias":"a"}`, asks, gone + "Parameters.LexBot.Name"},
		{"an impatient bot", "ConnectParticipantWithLexBot", lex(`"LexTimeoutSeconds":{"Text":"59"}`), asks, value + ".LexTimeoutSeconds.Text"},
		{"a bot of endless patience", "ConnectParticipantWithLexBot", lex(`"LexTimeoutSeconds":{"Text":"604801"}`), asks, value + ".LexTimeoutSeconds.Text"},
		{"patience with text around", "ConnectParticipantWithLexBot", lex(`"LexTimeoutSeconds":{"Text":"6$.Attributes.t"}`), asks, value + ".LexTimeoutSeconds.Text, Action: a: must be a fixed value or exactly one reference"},
		{"a bot that begins", "ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":"b"},"LexInitializationData":{"InitialMessage":"$.Media.InitialMessage"}`, asks, ""},
		{"a bot that begins with nothing", "ConnectParticipantWithLexBot", lex(`"LexInitializationData":{}`), asks, gone + "Parameters.LexInitializationData.InitialMessage"},
		{"a bot that begins with much", "ConnectParticipantWithLexBot", lex(`"LexInitializationData":{"InitialMessage":"` + strings.Repeat("é", 1025) + `"}`), asks, value + ".LexInitializationData.InitialMessage"},

		{"a view without id", "ShowView", `"ViewResource":{},"InvocationTimeLimitSeconds":"60"`, views, gone + "Parameters.ViewResource.Id"},
		{"a view without time limit", "ShowView", `"ViewResource":{"Id":"v"}`, views, gone + "Parameters.InvocationTimeLimitSeconds"},
		{"a view for ever", "ShowView", `"ViewResource":{"Id":"v"},"InvocationTimeLimitSeconds":"604801"`, views, value + ".InvocationTimeLimitSeconds"},
		{"a view without a time limit's branch", "ShowView", `"ViewResource":{"Id":"v"},"InvocationTimeLimitSeconds":"60"`, asks, "Action is missing required error. Error: TimeLimitExceeded"},

		{"signing in", "AuthenticateParticipant", `"CognitoConfiguration":{"UserPoolArn":"p","AppClientId":"c"},"TimeLimitMinutes":"3"`, failing("NoMatchingError", "TimeLimitExceeded"), ""},
		{"signing in for long", "AuthenticateParticipant", `"CognitoConfiguration":{"UserPoolArn":"p","AppClientId":"c"},"TimeLimitMinutes":"16"`, failing("NoMatchingError", "TimeLimitExceeded"), value + ".TimeLimitMinutes"},
		{"signing in nowhere", "AuthenticateParticipant", `"CognitoConfiguration":{"UserPoolArn":"p"}`, failing("NoMatchingError", "TimeLimitExceeded"), gone + "Parameters.CognitoConfiguration.AppClientId"},

		{"a metric of two queues", "GetMetricData", `"QueueId":"a","AgentId":"b"`, good, value + ", Action: a: only one of QueueId, AgentId"},
		{"a metric of mail (a Channel of the API model, 2026-10)", "GetMetricData", `"QueueChannel":"Email"`, good, ""},
		{"a metric of faxes", "GetMetricData", `"QueueChannel":"Fax"`, good, value + ".QueueChannel"},
		{"a metric of chat, in small letters", "GetMetricData", `"QueueChannel":"chat","QueueId":""`, good, ""},

		{"a priority", "UpdateContactRoutingBehavior", `"QueuePriority":"1"`, flowdoc.To("x", "", ""), ""},
		{"no priority", "UpdateContactRoutingBehavior", `"QueuePriority":"0"`, flowdoc.To("x", "", ""), value + ".QueuePriority"},
		{"a time before", "UpdateContactRoutingBehavior", `"QueueTimeAdjustmentSeconds":"-30"`, flowdoc.To("x", "", ""), ""},
		{"a time that is none", "UpdateContactRoutingBehavior", `"QueueTimeAdjustmentSeconds":"1.5"`, flowdoc.To("x", "", ""), value + ".QueueTimeAdjustmentSeconds"},
		{"proficiencies can fail", "UpdateContactRoutingBehavior", `"RoutingProficiencies":{}`, flowdoc.To("x", "", ""), "Action is missing required error. Error: NoMatchingError"},
		{"criteria", "UpdateContactRoutingCriteria", `"RoutingCriteria":{"Steps":[{"Expression":{"AttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":5,"ComparisonOperator":"NumberGreaterOrEqualTo"}}}]}`, good, ""},
		{"criteria without steps", "UpdateContactRoutingCriteria", `"RoutingCriteria":{"Steps":[]}`, good, value + ".RoutingCriteria"},
		{"criteria of a level that is none", "UpdateContactRoutingCriteria", `"RoutingCriteria":{"Steps":[{"Expression":{"AttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":6}}}]}`, good, value + ".RoutingCriteria"},
		{"criteria from data", "UpdateContactRoutingCriteria", `"RoutingCriteria":{"Steps":["$.External.step"]}`, good, ""},

		{"rehydrated by the console", "CreatePersistentContactAssociation", `"SourceContactId":"$.Attributes.c","RehydrationType":"From Segment"`, good, ""},
		{"rehydrated in part", "CreatePersistentContactAssociation", `"SourceContactId":"$.Attributes.c","RehydrationType":"SOME"`, good, value + ".RehydrationType"},
		{"no tags", "TagContact", `"Tags":{}`, good, value + ".Tags, Action: a: Tags has 0 tags"},
		{"no tags to remove", "UntagContact", `"TagKeys":[]`, good, value + ".TagKeys, Action: a: TagKeys has 0 keys"},
		{"seven tags to remove", "UntagContact", `"TagKeys":["1","2","3","4","5","6","7"]`, good, ""},
		{"nothing to set", "UpdateContactData", ``, good, value + ", Action: a: there is nothing to set"},
		{"a segment attribute of the service", "UpdateContactData", `"SegmentAttributes":{"connect:Subtype":"x"}`, good, value},

		{"a task for tomorrow", "CreateTask", `"Name":"n","DelaySeconds":"518400"`, good, ""},
		{"a task for next week", "CreateTask", `"Name":"n","DelaySeconds":"518401"`, good, value + ".DelaySeconds"},
		{"a callback, at once", "CreateCallbackContact", `"InitialCallDelaySeconds":"0","MaximumConnectionAttempts":"1","RetryDelaySeconds":"259200"`, good, ""},
		{"a callback next week", "CreateCallbackContact", `"InitialCallDelaySeconds":"259201"`, good, value + ".InitialCallDelaySeconds"},
		{"a call that is handed over", "TransferParticipantToThirdParty", `"ThirdPartyPhoneNumber":"+1","ContinueFlowExecution":"False","ThirdPartyConnectionTimeLimitSeconds":"30"`, failing("NoMatchingError", "CallFailed"), "Invalid Action error. Error: CallFailed, Path: Actions[0]"},
		{"a call to come back from", "TransferParticipantToThirdParty", `"ThirdPartyPhoneNumber":"+1","ContinueFlowExecution":"True","ThirdPartyConnectionTimeLimitSeconds":"600"`, failing("NoMatchingError", "CallFailed", "ConnectionTimeLimitExceeded"), ""},
		{"a call that rings for long", "TransferParticipantToThirdParty", `"ThirdPartyPhoneNumber":"+1","ContinueFlowExecution":"False","ThirdPartyConnectionTimeLimitSeconds":"601"`, good, value + ".ThirdPartyConnectionTimeLimitSeconds"},
		{"six questions to a table", "EvaluateDataTableValues", `"DataTableId":"t","Queries":` + many(6), good, value + ".Queries"},
		{"five questions to a table", "EvaluateDataTableValues", `"DataTableId":"t","Queries":` + many(5), good, ""},
		{"26 values for a table", "UpsertDataTableValues", `"DataTableUpsertAttributes":` + many(26), good, value + ".DataTableUpsertAttributes"},
	}
	for _, test := range tests {
		problems := told(flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", test.typ, test.parameters, test.transitions), flowdoc.Stop("x"))))
		switch {
		case test.want == "" && len(problems) > 0:
			t.Errorf("%s: %q; want none", test.name, problems)
		case test.want != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0], test.want)):
			t.Errorf("%s: %q; want %q", test.name, problems, test.want)
		}
	}
}

// TestProblemsAtOnce: what is wrong inside a parameter is told with its name,
// whatever else is wrong with the action.
func TestProblemsAtOnce(t *testing.T) {
	for _, test := range []struct{ typ, parameters, want string }{ // want: the fields of the findings
		{"UpdateContactData", `"Foo":"1","References":{"r":"x"},"SegmentAttributes":{"connect:Subtype":"x"},"Name":"n"`,
			"Parameters.Foo Parameters.References Parameters.SegmentAttributes"},
		{"UpdateContactData", `"TargetContact":"Other"`, "Parameters.TargetContact"}, // and then nothing is to be set
		{"TagContact", `"Foo":"1","Tags":{"a":["b"]}`, "Parameters.Foo Parameters.Tags"},
		{"UntagContact", `"TagKeys":[1]`, "Parameters.TagKeys[0]"},
		{"InvokeLambdaFunction", `"ResponseValidation":"x","LambdaInvocationAttributes":[]`,
			"Parameters.LambdaFunctionARN Parameters.ResponseValidation Parameters.LambdaInvocationAttributes"},
		{"CheckMetricData", `"MetricType":"Joy"`, "Parameters.MetricType Transitions.Errors Transitions.Conditions"},
		{"Wait", `"TimeLimitSeconds":"5","Events":["Sunrise"]`, "Parameters.Events[0] Transitions.Conditions"},
		{"UpdateContactEventHooks", `"EventHooks":{"CustomerQueue":["f"]}`, "Parameters.EventHooks.CustomerQueue"},
	} {
		f := flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", test.typ, test.parameters, flowdoc.To("x", flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Stop("x")))
		var fields []string
		for _, finding := range errorsOf(f) {
			fields = append(fields, finding.Field)
		}
		if got := strings.Join(fields, " "); got != test.want {
			t.Errorf("%s {%s}: problems with %s; want %s", test.typ, test.parameters, got, test.want)
		}
	}
}
