package machine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/flowdoc"
)

// calling writes a flow that calls a function and shows $.External.a.
func calling(parameters string) string {
	return flowdoc.Of(flowdoc.Action("f", "InvokeLambdaFunction", parameters, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), "")),
		flowdoc.Say("ok", "ok [$.External.a]", "x"), flowdoc.Say("failed", "failed [$.External.a]", "x"), flowdoc.Stop("x"))
}

func TestInvokeLambdaFunctionCalls(t *testing.T) {
	arn := `"LambdaFunctionARN":"arn:aws:lambda:$.AwsRegion:1:function:f"`
	function := "arn:aws:lambda:us-east-1:1:function:f"
	tests := []struct {
		name, parameters string
		want             *Invoke // nil: the error branch
	}{
		{"plain", arn + `,"InvocationTimeLimitSeconds":"3"`, &Invoke{ID: "call-1", Function: function, TimeLimit: 3 * time.Second}},
		{"no limit", arn, &Invoke{ID: "call-1", Function: function, TimeLimit: 8 * time.Second}},
		{"limit as number", arn + `,"InvocationTimeLimitSeconds":8`, &Invoke{ID: "call-1", Function: function, TimeLimit: 8 * time.Second}},
		{"texts", arn + `,"LambdaInvocationAttributes":{"name":"$.CustomerEndpoint.DisplayName","n":1.50,"$.Channel":"$.Attributes.none","list":["$.Channel"],"nil":null}`,
			&Invoke{ID: "call-1", Function: function, TimeLimit: 8 * time.Second,
				Parameters: map[string]any{"name": "Ada", "n": "1.50", "CHAT": "", "list": `["CHAT"]`, "nil": ""}}},
		{"json", arn + `,"ResponseValidation":{"ResponseType":"json"},"LambdaInvocationAttributes":{"all":"$.Attributes","n":1,"none":"$.Views","text":"is $.Channel"}`,
			&Invoke{ID: "call-1", Function: function, TimeLimit: 8 * time.Second, JSON: true,
				Parameters: map[string]any{"all": map[string]string{"k": "v"}, "n": json.Number("1"), "none": nil, "text": "is CHAT"}}},
		{"empty name", `"LambdaFunctionARN":"$.Attributes.none"`, nil},
		{"no name", ``, nil},
		{"limit too long", arn + `,"InvocationTimeLimitSeconds":"9"`, nil},
		{"limit 0", arn + `,"InvocationTimeLimitSeconds":"0"`, nil},
		{"limit undefined", arn + `,"InvocationTimeLimitSeconds":"$.Attributes.none"`, nil},
		{"parameters no object", arn + `,"LambdaInvocationAttributes":[]`, nil},
		{"validation no object", arn + `,"ResponseValidation":"JSON"`, nil},
	}
	for _, test := range tests {
		s := newWorld()
		s.Contact.Attributes = map[string]string{"k": "v"}
		out := s.start(t, calling(test.parameters))
		if test.want == nil {
			check(t, test.name, out, "failed [] | end")
			continue
		}
		if len(out.Effects) != 1 || !reflect.DeepEqual(out.Effects[0].Invoke, test.want) {
			t.Errorf("%s: calls %+v; want %+v", test.name, out.Effects, *test.want)
			continue
		}
		wait := out.Run.Wait
		if wait.Kind != WaitEffect || wait.Effect != "call-1" || !wait.Until.Equal(begun.Add(test.want.TimeLimit+2*time.Second)) {
			t.Errorf("%s: waits for %+v", test.name, wait)
		}
	}
}

// An asynchronous call goes on when it was accepted, whatever the function then does.
func TestInvokeLambdaFunctionAsynchronously(t *testing.T) {
	for name, test := range map[string]struct {
		ev   Event
		want string
	}{
		"accepted":                     {answer(`{"InvocationId":"service-7"}`), "service-7 | end"},
		"accepted without an id":       {answer(`{}`), "call-1 | end"},
		"accepted by what is not JSON": {answer(`thanks`), "call-1 | end"},
		"still being called":           {Event{Kind: EventTime}, "call-1 | end"},
		"refused":                      {Event{Kind: EventEffectDone, Effect: "call-1", Err: "there is no such function"}, "refused | end"},
	} {
		s := newWorld()
		out := s.start(t, flowdoc.Of(flowdoc.Action("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationType":"ASYNCHRONOUS","InvocationTimeLimitSeconds":"60"`, flowdoc.To("s", flowdoc.On("NoMatchingError", "r"), "")),
			flowdoc.Say("s", "$.LambdaInvocation.InvocationId", "x"), flowdoc.Say("r", "refused", "x"), flowdoc.Stop("x")))
		if len(out.Effects) != 1 || !out.Effects[0].Async() || out.Effects[0].Limit() != time.Minute {
			t.Fatalf("%s: calls %+v", name, out.Effects)
		}
		if wait := out.Run.Wait; wait.Effect != "call-1" || !wait.Until.Equal(begun.Add(3*time.Second)) {
			t.Errorf("%s: waits for %+v", name, wait)
		}
		if test.ev.Kind == EventTime {
			s.Now = s.Now.Add(3 * time.Second)
		}
		check(t, name, s.advance(out.Run, test.ev), test.want)
	}
}

func TestInvokeLambdaFunctionAnswers(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)
	fits := fmt.Sprintf(`{"a":"1","long":%q}`, strings.Repeat("x", 32<<10-len(`{"a":"1","long":""}`)-1))
	tests := []struct {
		name, form string
		ev         Event
		want       string
	}{
		{"texts", "STRING_MAP", answer(`{ "a": "1" , "b-_9": "" }`), "ok [1] | end"},
		{"empty object", "STRING_MAP", answer(`{}`), "ok [] | end"},
		{"escaped", "STRING_MAP", answer(`{"a":"\u00e9 \"q\""}`), `ok [é "q"] | end`},
		{"number", "STRING_MAP", answer(`{"a":1}`), "failed [before] | end"},
		{"boolean", "STRING_MAP", answer(`{"a":true}`), "failed [before] | end"},
		{"null member", "STRING_MAP", answer(`{"a":null}`), "failed [before] | end"},
		{"nested", "STRING_MAP", answer(`{"a":{}}`), "failed [before] | end"},
		{"list member", "STRING_MAP", answer(`{"a":[]}`), "failed [before] | end"},
		{"odd key", "STRING_MAP", answer(`{"a b":"1"}`), "failed [before] | end"},
		{"empty key", "STRING_MAP", answer(`{"":"1"}`), "failed [before] | end"},
		{"JSON", "JSON", answer(`{"a":{"b":[1,2]}}`), `ok [{"b":[1,2]}] | end`},
		{"JSON number", "JSON", answer(`{"a":1.50,"odd key":null}`), "ok [1.50] | end"},
		{"JSON list", "JSON", answer(`[1]`), "failed [before] | end"},
		{"JSON text", "JSON", answer(`"a"`), "failed [before] | end"},
		{"null", "JSON", answer(`null`), "failed [before] | end"},
		{"broken", "JSON", answer(`{"a":`), "failed [before] | end"},
		{"two values", "JSON", answer(`{}{}`), "failed [before] | end"},
		{"nothing", "STRING_MAP", answer(``), "failed [before] | end"},
		{"deep", "JSON", answer(deep), "failed [before] | end"},
		{"just small enough", "JSON", answer(fits), "ok [1] | end"},
		{"too large", "JSON", answer(fits + " "), "failed [before] | end"},
		{"failed", "JSON", Event{Kind: EventEffectDone, Effect: "call-1", Err: "Unhandled"}, "failed [before] | end"},
		{"time", "JSON", Event{Kind: EventTime}, "failed [before] | end"},
		{"stale", "JSON", Event{Kind: EventEffectDone, Effect: "call-0", Answer: json.RawMessage(`{}`)}, ""},
		{"message", "JSON", Event{Kind: EventCustomerMessage}, ""},
	}
	for _, test := range tests {
		s := newWorld()
		run := s.start(t, calling(`"LambdaFunctionARN":"f","ResponseValidation":{"ResponseType":"`+test.form+`"}`)).Run
		run.Data.External = json.RawMessage(`{"a":"before"}`)
		if test.ev.Kind == EventTime {
			if out := s.advance(run, test.ev); out.Run != run {
				t.Errorf("%s: came early and was taken", test.name)
			}
			s.Now = run.Wait.Until
		}
		out := s.advance(run, test.ev)
		if test.want == "" {
			if out.Run != run || len(out.Messages) > 0 {
				t.Errorf("%s: not for this run, and led to %+v", test.name, out)
			}
			continue
		}
		check(t, test.name, out, test.want)
	}
}

func answer(s string) Event {
	return Event{Kind: EventEffectDone, Effect: "call-1", Answer: json.RawMessage(s)}
}

func TestLambdaEvent(t *testing.T) {
	minimal := &Contact{ID: "c-1", Chat: "c-1", InitiationMethod: "API", InstanceARN: "arn:i"}
	full := &Contact{
		ID: "c-2", Chat: "c-1", Previous: "c-1", Related: "c-0", InitiationMethod: "TRANSFER", InstanceARN: "arn:i", LanguageCode: "de-DE",
		Queue: Queue{Name: "Parcels", ARN: "arn:q"}, Name: "N", Description: "D <b>", CustomerID: "7", Attributes: map[string]string{"k": "v"},
		References: map[string]center.Reference{"r": {Type: "URL", Value: "u"}}, Tags: map[string]string{"t": "1"},
		SegmentAttributes: map[string]center.SegmentAttribute{
			"a": {String: new("s")}, "b": {Integer: new(int64(3))}, "c": {ARN: new("arn:x")},
			"d": {Map: map[string]center.SegmentAttribute{"e": {List: []center.SegmentAttribute{{String: new("f")}}}}},
		},
	}
	tests := []struct {
		contact    *Contact
		parameters map[string]any
		want       string
	}{
		{minimal, nil, `{"Details":{"ContactData":{"Attributes":{},"Channel":"CHAT","ContactId":"c-1","CustomerEndpoint":null,"CustomerId":null,` +
			`"Description":null,"InitialContactId":"c-1","InitiationMethod":"API","InstanceARN":"arn:i","LanguageCode":"en-US",` +
			`"MediaStreams":{"Customer":{"Audio":null}},"Name":null,"PreviousContactId":"c-1","Queue":null,"References":{},"SystemEndpoint":null,` +
			`"RelatedContactId":null,"SegmentAttributes":{},"Tags":{}},"Parameters":{}},"Name":"ContactFlowEvent"}`},
		{full, map[string]any{"p": "1", "q": []any{nil}}, `{"Details":{"ContactData":{"Attributes":{"k":"v"},"Channel":"CHAT","ContactId":"c-2","CustomerEndpoint":null,` +
			`"CustomerId":"7","Description":"D <b>","InitialContactId":"c-1","InitiationMethod":"TRANSFER","InstanceARN":"arn:i","LanguageCode":"de-DE",` +
			`"MediaStreams":{"Customer":{"Audio":null}},"Name":"N","PreviousContactId":"c-1","Queue":{"ARN":"arn:q","Name":"Parcels","OutboundCallerId":null},` +
			`"References":{"r":{"Type":"URL","Value":"u"}},"SystemEndpoint":null,"RelatedContactId":"c-0",` +
			`"SegmentAttributes":{"a":{"ValueString":"s"},"b":{"ValueInteger":3},"c":{"ValueArn":"arn:x"},"d":{"ValueMap":{"e":{"ValueList":[{"ValueString":"f"}]}}}},` +
			`"Tags":{"t":"1"}},"Parameters":{"p":"1","q":[null]}},"Name":"ContactFlowEvent"}`},
	}
	for _, test := range tests {
		if got := string(LambdaEvent(test.contact, test.parameters)); got != test.want {
			t.Errorf("event\n%s\nwant\n%s", got, test.want)
		}
	}
}
