package machine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/flowdoc"
)

const (
	lexBranches = "NoMatchingCondition"
	alias       = `"LexV2Bot":{"AliasArn":"arn:bot"}`
)

func TestConnectParticipantWithLexBotBegins(t *testing.T) {
	long := strings.Repeat("x", 6001)
	for name, c := range map[string]struct{ parameters, want string }{
		"a prompt":               {`"Text":"Hi $.Channel",` + alias, "Hi CHAT | waits at a"},
		"markup":                 {`"SSML":"<speak>Hi</speak>",` + alias, "<speak>Hi</speak> | waits at a"},
		"no prompt":              {alias, " | waits at a"},
		"the initial message":    {alias + `,"LexInitializationData":{"InitialMessage":"$.Media.InitialMessage"}`, " | waits at a"},
		"in the other spelling":  {alias + `,"LexInitializtionData":{"InitialMessage":"$.Media.InitialMessage"}`, " | waits at a"},
		"prompt and message":     {`"Text":"Hi",` + alias + `,"LexInitializationData":{"InitialMessage":"x"}`, "Hi | waits at a"},
		"no initial message":     {alias + `,"LexInitializationData":{"InitialMessage":"$.Attributes.none"}`, "failed | end"},
		"a long initial message": {alias + `,"LexInitializationData":{"InitialMessage":"` + strings.Repeat("x", 1025) + `"}`, "failed | end"},
		"a recorded prompt":      {`"PromptId":"p",` + alias, "failed | end"},
		"an empty prompt":        {`"Text":"$.Attributes.none",` + alias, "failed | end"},
		"a long prompt":          {fmt.Sprintf(`"Text":%q,`, long) + alias, "failed | end"},
		"no bot":                 {`"Text":"Hi"`, "failed | end"},
		"an empty alias":         {`"Text":"Hi","LexV2Bot":{"AliasArn":"$.Attributes.none"}`, "failed | end"},
		"a bot that may not":     {`"Text":"Hi","LexV2Bot":{"AliasArn":"arn:refused"}`, "failed | end"},
		"Lex V1":                 {`"Text":"Hi","LexBot":{"Name":"b","Region":"r","Alias":"a"}`, "Hi | waits at a"},
		"Lex V1 that may not":    {`"Text":"Hi","LexBot":{"Name":"arn:refused"}`, "failed | end"},
		"an alias that is none":  {`"Text":"Hi","LexV2Bot":"arn:bot"`, "failed | end"},
		"patience":               {`"Text":"Hi","LexTimeoutSeconds":{"Text":"$.Attributes.patience"},` + alias, "Hi | waits at a"},
		"too little patience":    {`"Text":"Hi","LexTimeoutSeconds":{"Text":"59"},` + alias, "failed | end"},
		"too much patience":      {`"Text":"Hi","LexTimeoutSeconds":{"Text":"604801"},` + alias, "failed | end"},
		"much to say":            {`"Text":"Hi","LexSessionAttributes":{"a":"` + strings.Repeat("x", 32768) + `"},` + alias, "failed | end"},
	} {
		s, i := settled()
		i.refused["arn:refused"] = true
		s.Contact.Attributes, s.Contact.InitialMessage = map[string]string{"patience": "3600"}, "my parcel"
		out := s.start(t, flowdoc.One("ConnectParticipantWithLexBot", c.parameters, lexBranches))
		check(t, name, out, c.want)
		if out.Run == nil {
			continue
		}
		if !out.BotJoins {
			t.Errorf("%s: no bot joins", name)
		}
		switch name {
		case "patience":
			if !out.Run.Wait.Until.Equal(begun.Add(time.Hour)) || out.Run.Wait.Kind != WaitInput {
				t.Errorf("waits for %+v; want an hour", out.Run.Wait)
			}
		case "a prompt":
			if !out.Run.Wait.Until.Equal(begun.Add(5 * time.Minute)) {
				t.Errorf("waits for %+v; want five minutes", out.Run.Wait)
			}
		case "the initial message", "in the other spelling":
			if len(out.Effects) != 1 || out.Effects[0].Ask.Text != "my parcel" || out.Run.Wait.Kind != WaitBot {
				t.Errorf("%s: the bot is asked %+v", name, out.Effects)
			}
		}
	}
}

// TestLexReferences shows all that $.Lex can tell.
func TestLexReferences(t *testing.T) {
	answer := Answer{
		Intent: "Book", State: "Fulfilled", Slots: map[string]any{"City": "Rome", "Date": nil}, Confidence: new(0.8),
		SessionAttributes: map[string]string{"k": "v"}, Sentiment: &Sentiment{Label: "POSITIVE", Positive: 0.9, Negative: 0.1},
		Alternatives: []Alternative{{Intent: "Fly", Confidence: new(0.25), Slots: map[string]any{"To": "Oslo"}}},
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]string{
		"$.Lex.IntentName": "Book", "$.Lex.IntentConfidence.Score": "0.8", "$.Lex.Slots.City": "Rome", "$.Lex.Slots.Date": "",
		"$.Lex.SessionAttributes.k": "v", "$.Lex.DialogState": "Fulfilled", "$.Lex.SentimentResponse.Label": "POSITIVE",
		"$.Lex.SentimentResponse.Scores.Positive": "0.9", "$.Lex.SentimentResponse.Scores.Mixed": "0",
		"$.Lex.AlternativeIntents.Fly.IntentConfidence.Score": "0.25", "$.Lex.AlternativeIntents.Fly.Slots.To": "Oslo",
		"$.Lex.AlternateIntents.Fly.IntentName": "Fly",
	} {
		s, _ := settled()
		out := s.start(t, flowdoc.Of(flowdoc.Action("a", "ConnectParticipantWithLexBot", `"LexInitializationData":{"InitialMessage":"x"},`+alias,
			flowdoc.To("", flowdoc.On("NoMatchingCondition", "s")+","+flowdoc.On("NoMatchingError", "x"), "")), flowdoc.Say("s", "["+reference+"]", "x"), flowdoc.Stop("x")))
		check(t, reference, s.advance(out.Run, Event{Kind: EventEffectDone, Effect: out.Run.Wait.Effect, Answer: raw}), "["+want+"] | end")
	}
}

// TestBotIsBounded: what a customer writes while the bot thinks is put by, but not without bound.
func TestBotIsBounded(t *testing.T) {
	s, _ := settled()
	s.Contact.Logging = true
	out := s.start(t, flowdoc.One("ConnectParticipantWithLexBot", alias, lexBranches))
	began := len(out.Log)
	out = s.advance(out.Run, Event{Kind: EventCustomerMessage, ContentType: center.PlainText, Content: "0"})
	asked := out.Run.Wait.Effect
	for i := range 100 {
		before := out.Run
		out = s.advance(out.Run, Event{Kind: EventCustomerMessage, ContentType: center.PlainText, Content: fmt.Sprint(i + 1)})
		if out.Run.Wait.Effect != asked || len(out.Log) != 0 || before.Data.Talk == out.Run.Data.Talk {
			t.Fatalf("message %d: %+v, log %v", i, out.Run.Wait, out.Log)
		}
	}
	if n := len(out.Run.Data.Talk.Pending); n != 20 {
		t.Errorf("%d messages are put by; want 20", n)
	}
	if began != 1 {
		t.Errorf("the beginning made %d log entries; want 1", began)
	}
	if out := s.advance(out.Run, Event{Kind: EventCustomerMessage, ContentType: center.AttachmentMessage}); len(out.Run.Data.Talk.Pending) != 20 {
		t.Error("a file was taken for a message")
	}
}

func TestShowViewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		parameters string
		set        func(*Contact)
		want       string
	}{
		"shown":           {`"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, nil, " | waits at a"},
		"a version":       {`"ViewResource":{"Id":"form","Version":"2"},"InvocationTimeLimitSeconds":"60"`, nil, "two | waits at a"},
		"in the id":       {`"ViewResource":{"Id":"form:2","Version":"3"},"InvocationTimeLimitSeconds":"60"`, nil, "two | waits at a"},
		"by reference":    {`"ViewResource":{"Id":"$.Attributes.view"},"InvocationTimeLimitSeconds":"$.Attributes.limit"`, nil, " | waits at a"},
		"unknown":         {`"ViewResource":{"Id":"nothing"},"InvocationTimeLimitSeconds":"60"`, nil, "failed | end"},
		"unnamed":         {`"ViewResource":{"Id":"$.Attributes.none"},"InvocationTimeLimitSeconds":"60"`, nil, "failed | end"},
		"no resource":     {`"InvocationTimeLimitSeconds":"60"`, nil, "failed | end"},
		"no limit":        {`"ViewResource":{"Id":"form"}`, nil, "failed | end"},
		"a limit of 0":    {`"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"0"`, nil, "failed | end"},
		"plain client":    {`"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60"`, func(c *Contact) { c.Interactive = false }, "failed | end"},
		"much data":       {`"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60","ViewData":{"a":"` + strings.Repeat("x", 16<<10) + `"}`, nil, "failed | end"},
		"odd resource":    {`"ViewResource":"form","InvocationTimeLimitSeconds":"60"`, nil, "failed | end"},
		"data by itself":  {`"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60","ViewData":"$.External"`, nil, " | waits at a"},
		"odd sensitivity": {`"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60","SensitiveDataConfiguration":[]`, nil, "failed | end"},
	} {
		s, i := settled()
		i.views = map[string]View{"form": {ID: "form"}, "form:2": {ID: "two"}}
		s.Contact.Attributes = map[string]string{"view": "form", "limit": "90"}
		s.Contact.Interactive = true
		if c.set != nil {
			c.set(s.Contact)
		}
		out := s.start(t, flowdoc.One("ShowView", c.parameters, "NoMatchingCondition", "TimeLimitExceeded"))
		if out.Run == nil {
			check(t, name, out, c.want)
			continue
		}
		var shown interactive
		if err := json.Unmarshal([]byte(out.Messages[0].Text), &shown); err != nil {
			t.Errorf("%s: the message is %s", name, out.Messages[0].Text)
		}
		view := strings.TrimSuffix(c.want, " | waits at a")
		if view == "" {
			view = "form"
		}
		if content := shown.Data.Content; content.ID != view || content.Token != "token-"+view || out.Run.Wait.Kind != WaitView {
			t.Errorf("%s: shows %+v, waits for %+v", name, content, out.Run.Wait)
		}
	}
}

func TestAuthenticateParticipantRefuses(t *testing.T) {
	cognito := `"CognitoConfiguration":{"UserPoolArn":"p","AppClientId":"c"}`
	for name, c := range map[string]struct {
		parameters string
		plain      bool
		want       string
	}{
		"asked":             {cognito + `,"TimeLimitMinutes":"3"`, false, "3m0s"},
		"without limit":     {cognito, false, "15m0s"},
		"two minutes":       {cognito + `,"TimeLimitMinutes":"2"`, false, ""},
		"sixteen":           {cognito + `,"TimeLimitMinutes":16`, false, ""},
		"nowhere to go":     {`"CognitoConfiguration":{"UserPoolArn":"p"}`, false, ""},
		"no configuration":  {``, false, ""},
		"odd configuration": {`"CognitoConfiguration":"p"`, false, ""},
		"a plain client":    {cognito, true, ""},
	} {
		s, _ := settled()
		s.Contact.Interactive = !c.plain
		out := s.start(t, flowdoc.One("AuthenticateParticipant", c.parameters, "TimeLimitExceeded", "=OptedOut"))
		if c.want == "" {
			check(t, name, out, "failed | end")
			continue
		}
		if out.Run == nil || out.Run.Wait.Kind != WaitAuth || out.Run.Wait.Until.Sub(begun).String() != c.want {
			t.Errorf("%s: waits for %+v", name, out.Run)
		}
	}
	s, _ := settled() // a flow without the branch
	s.Contact.Interactive = true
	out := s.start(t, flowdoc.One("AuthenticateParticipant", cognito, "TimeLimitExceeded"))
	out = s.advance(out.Run, Event{Kind: EventSignInCancelled, Session: out.Run.Wait.Session})
	if got := said(out); out.End != EndFlow || got[len(got)-1] != "failed" {
		t.Errorf("opted out without a branch: %q", got)
	}
}

func TestFunctionsThatMayNotBeCalled(t *testing.T) {
	s, i := settled()
	i.refused["f"] = true
	s.Contact.Logging = true
	out := s.start(t, flowdoc.One("InvokeLambdaFunction", `"LambdaFunctionARN":"f"`))
	check(t, "refused", out, "failed | end")
	if len(out.Effects) != 0 || !strings.Contains(out.Log[0].Problem, "not associated") {
		t.Errorf("effects %v, log %+v", out.Effects, out.Log)
	}
}

// TestWhispersAreOneSided: what belongs into no whisper fails, the rest is seen by one side.
func TestWhispersAreOneSided(t *testing.T) {
	f := flowdoc.Parse(t, flowdoc.Of(flowdoc.Say("a", "psst", "b"), flowdoc.Action("b", "DisconnectParticipant", "", "")))
	for kind, want := range map[Kind]center.Visibility{KindAgentWhisper: center.VisibleAgent, KindCustomerWhisper: center.VisibleCustomer} {
		s, _ := settled()
		out := Start(s.World, f, "main", kind, Data{})
		check(t, string(kind), out, "psst | end")
		if out.Messages[0].Visibility != want || len(out.Log) != 1 || !out.Log[0].Always {
			t.Errorf("%s: %+v, log %+v", kind, out.Messages, out.Log)
		}
	}
}

// TestLogParameters: the entries of flow logs have the names of the legacy blocks.
func TestLogParameters(t *testing.T) {
	for _, test := range []struct{ typ, parameters, want string }{
		{"MessageParticipant", `"Text":"Hello $.Channel"`, "map[Text:Hello CHAT TextToSpeechType:text]"},
		{"MessageParticipant", `"SSML":"<speak/>"`, "map[Text:<speak/> TextToSpeechType:ssml]"},
		{"MessageParticipant", `"PromptId":"p"`, "map[AudioPrompt:p]"},
		{"MessageParticipantIteratively", `"Messages":[{"Text":"a"}],"InterruptFrequencySeconds":"30"`, "map[InterruptSeconds:30 Text:a]"},
		{"MessageParticipantIteratively", `"Messages":[{"PromptId":"p"},{"SSML":"<s/>"},{"PromptId":"q"}]`, "map[AudioPrompt:p Text:<s/>]"},
		{"GetParticipantInput", `"Text":"Press","InputTimeLimitSeconds":"5"`, "map[Text:Press TextToSpeechType:text Timeout:5]"},
		{"GetParticipantInput", `"PromptId":"p","InputTimeLimitSeconds":"5"`, "map[AudioPrompt:p Timeout:5]"},
		{"GetParticipantInput", `"SSML":"<s/>","StoreInput":"True","InputValidation":{"CustomValidation":{"MaximumLength":"4"}},"InputEncryption":{"Key":"k"},"DTMFConfiguration":{"DisableCancelKey":"False","InputTerminationSequence":"#"}`,
			"map[CustomerInputType:Custom DisableCancel:False EncryptEntry:true MaxDigits:4 TerminatorDigits:# Text:<s/> TextToSpeechType:ssml]"},
		{"GetParticipantInput", `"StoreInput":"True","InputValidation":{"PhoneNumberValidation":{"NumberFormat":"E164"}}`, "map[CustomerInputType:PhoneNumber EncryptEntry:false]"},
		{"UpdateContactRecordingBehavior", `"RecordingBehavior":{"RecordedParticipants":["Agent","Customer"],"ScreenRecordedParticipants":["Agent"],"IVRRecordingBehavior":"Enabled"}`,
			"map[IVRRecordingBehaviorOption:Enable RecordingBehaviorOption:Enable RecordingParticipantOption:All ScreenRecordingParticipantOption:Agent]"},
		{"UpdateContactRecordingBehavior", `"RecordingBehavior":{"RecordedParticipants":["Customer"]},"AnalyticsBehavior":{"Enabled":"True","AnalyticsLanguage":"$.Attributes.phone","AnalyticsRedactionBehavior":"Enabled","AnalyticsRedactionResults":"RedactedOnly"}`,
			"map[AnalyticsBehaviorOption:Enable AnalyticsLanguage:+1 AnalyticsRedactionBehavior:Enabled AnalyticsRedactionResults:RedactedOnly RecordingBehaviorOption:Enable RecordingParticipantOption:Customer]"},
		{"UpdateContactRecordingBehavior", `"RecordingBehavior":{"RecordedParticipants":[]},"AnalyticsBehavior":{"Enabled":false}`, "map[AnalyticsBehaviorOption:Disable RecordingBehaviorOption:Disable]"},
		{"UpdateContactRecordingBehavior", `"RecordingBehavior":"?","AnalyticsBehavior":[]`, "map[RecordingBehaviorOption:Disable]"},
		{"UpdateContactTextToSpeechVoice", `"TextToSpeechVoice":"Amy","TextToSpeechEngine":"Neural","TextToSpeechStyle":"None"`, "map[GlobalEngine:Neural GlobalVoice:Amy SpeakingStyle:None]"},
		{"TransferParticipantToThirdParty", `"ThirdPartyPhoneNumber":"$.Attributes.phone","ThirdPartyConnectionTimeLimitSeconds":"30"`, "map[PhoneNumber:+1 TimeLimit:30]"},
		{"UpdateContactMediaStreamingBehavior", `"MediaStreamingState":"Enabled","MediaStreamType":"Audio"`, "map[MediaStreamTypes:Audio]"},
		{"UpdateContactMediaStreamingBehavior", `"Participants":[{"ParticipantType":"Customer","MediaDirections":["To","From"]}],"MediaStreamType":"Audio"`, "map[MediaStreamTypes:Audio Track:ToCustomer, FromCustomer]"},
		{"UpdateContactTargetQueue", `"QueueId":"q"`, "map[Queue:arn:q]"},
		{"UpdateContactAttributes", `"Attributes":{"a":"$.Channel"}`, "map[AddAttributeToRelatedContact:false Key:a Value:CHAT]"},
		{"UpdateContactAttributes", `"Attributes":{"a":"1"},"TargetContact":"Related"`, "map[AddAttributeToRelatedContact:true Key:a Value:1]"},
		{"UpdateFlowAttributes", `"FlowAttributes":{"a":{"Value":"1"}}`, "map[Key:a Value:1]"},
		{"UpdateContactEventHooks", `"EventHooks":{"AgentWhisper":"other"}`, "map[ContactFlowId:other Type:AgentWhisper]"},
		{"UpdateContactRoutingBehavior", `"QueuePriority":"1"`, "map[AbsolutePosition:1]"},
		{"CheckMetricData", `"MetricType":"NumberOfContactsInQueue","QueueId":"q"`, "map[Queue:arn:q Status:NumberOfContactsInQueue]"},
		{"GetMetricData", `"QueueId":"q"`, "map[Queue:arn:q]"},
		{"CheckHoursOfOperation", `"HoursOfOperationId":"h"`, "map[Hours:h]"},
		{"InvokeLambdaFunction", `"LambdaFunctionARN":"f","LambdaInvocationAttributes":{"a":"b"}`, "map[FunctionArn:f Parameters:map[a:b] TimeLimit:8000]"},
		{"Wait", `"TimeLimitSeconds":"5","Events":["CustomerReturned"]`, "map[InterruptOnCustomerReturn:true TimeoutSeconds:5]"},
		{"Loop", `"LoopCount":"3"`, "map[LoopCount:3]"},
		{"Compare", `"ComparisonValue":"$.Lex.IntentName"`, "map[Attribute:$.Lex.IntentName Namespace:Lex Value:]"},
		{"Compare", `"ComparisonValue":"$.Channel"`, "map[Attribute:$.Channel Namespace:System Value:CHAT]"},
		{"UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Enabled"`, "map[LoggingBehavior:Enable]"},
		{"ConnectParticipantWithLexBot", `"Text":"Hi",` + alias, "map[BotAliasArn:arn:bot LexVersion:V2 Text:Hi TextToSpeechType:text]"},
		{"ConnectParticipantWithLexBot", `"LexTimeoutSeconds":{"Text":"$.Attributes.patience"},` + alias, "map[BotAliasArn:arn:bot LexVersion:V2 Timeout:90]"},
		{"ConnectParticipantWithLexBot", `"SSML":"<s/>","LexBot":{"Name":"b","Region":"r","Alias":"a"}`, "map[BotAlias:a BotName:b BotRegion:r LexVersion:V1 Text:<s/> TextToSpeechType:ssml]"},
	} {
		s, _ := settled()
		s.Contact.Logging, s.Contact.Related = true, "c-9"
		s.Contact.Attributes = map[string]string{"phone": "+1", "patience": "90"}
		out := s.start(t, flowdoc.One(test.typ, test.parameters))
		if len(out.Log) == 0 || fmt.Sprint(out.Log[0].Parameters) != test.want {
			t.Errorf("%s {%s}: %+v; want %s", test.typ, test.parameters, out.Log, test.want)
		}
	}
}

// TestBotLogsItsEnd: a bot writes one entry when it begins and one when it ends, with the same parameters.
func TestBotLogsItsEnd(t *testing.T) {
	s, _ := settled()
	s.Contact.Logging = true
	out := s.start(t, flowdoc.One("ConnectParticipantWithLexBot", `"Text":"Hi","LexTimeoutSeconds":{"Text":"60"},`+alias, lexBranches))
	began := fmt.Sprint(out.Log[0].Parameters)
	out = s.advance(out.Run, Event{Kind: EventCustomerMessage, ContentType: center.PlainText, Content: "book"})
	out = s.advance(out.Run, Event{Kind: EventEffectDone, Effect: out.Run.Wait.Effect, Answer: json.RawMessage(`{"intent":"Book","state":"Fulfilled"}`)})
	if got := fmt.Sprint(out.Log[0].Parameters); got != began || began != "map[BotAliasArn:arn:bot LexVersion:V2 Text:Hi TextToSpeechType:text Timeout:60]" {
		t.Errorf("at the end %s; at the beginning %s", got, began)
	}
}

func TestBlocks(t *testing.T) {
	for _, test := range []struct{ typ, parameters, want string }{
		{"MessageParticipant", `"Text":"x"`, "PlayPrompt"},
		{"GetParticipantInput", `"StoreInput":"True"`, "StoreUserInput"},
		{"GetParticipantInput", ``, "GetUserInput"},
		{"CheckMetricData", `"MetricType":"NumberOfContactsInQueue"`, "CheckQueueStatus"},
		{"CheckMetricData", `"MetricType":"NumberOfAgentsStaffed"`, "CheckStaffing"},
		{"UpdateContactMediaStreamingBehavior", `"MediaStreamingState":"Disabled"`, "StopMediaStreaming"},
		{"UpdateContactMediaStreamingBehavior", `"MediaStreamingState":"Enabled"`, "StartMediaStreaming"},
		{"ShowView", ``, "ShowView"},
	} {
		if got := flowdoc.Parse(t, flowdoc.One(test.typ, test.parameters)).Actions[0].Block; got != test.want {
			t.Errorf("%s {%s} is %s in the log; want %s", test.typ, test.parameters, got, test.want)
		}
	}
}
