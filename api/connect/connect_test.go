package connect_test

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
)

// office is a service that keeps what it is asked and fails as it is told.
type office struct {
	connect.Unimplemented
	fail  error
	chat  *connect.StartChatContactRequest
	untag *connect.UntagResourceRequest
	flow  *connect.UpdateContactFlowContentRequest
}

func (o *office) StartChatContact(_ context.Context, in *connect.StartChatContactRequest) (*connect.StartChatContactResponse, error) {
	o.chat = in
	return &connect.StartChatContactResponse{ContactId: new("c")}, o.fail
}

func (o *office) UntagResource(_ context.Context, in *connect.UntagResourceRequest) (*connect.UntagResourceResponse, error) {
	o.untag = in
	return nil, o.fail
}

func (o *office) UpdateContactFlowContent(_ context.Context, in *connect.UpdateContactFlowContentRequest) (*connect.UpdateContactFlowContentResponse, error) {
	o.flow = in
	return nil, o.fail
}

// do sends a request as it stands.
func (o *office) do(t *testing.T, method, target, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://office.test"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := restjson.InProcess(connect.NewHandler(o, restjson.HandlerOptions{})).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

func TestStartChatContact(t *testing.T) {
	o := &office{}
	res, answer := o.do(t, "PUT", "/contact/chat", `{
		"InstanceId": "i", "ContactFlowId": "f", "ParticipantDetails": {"DisplayName": "Zoë"},
		"Attributes": {"plan": "gold", "": "kept"}, "SupportedMessagingContentTypes": ["text/plain"],
		"SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Guide"}, "x": {"ValueMap": {"y": {"ValueInteger": 3}}}},
		"PersistentChat": {"RehydrationType": "ENTIRE_PAST_SESSION", "SourceContactId": "s"}, "FromTheFuture": [{}]}`)
	want := &connect.StartChatContactRequest{
		InstanceId: "i", ContactFlowId: "f", ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Zoë"},
		Attributes: map[string]string{"plan": "gold"}, SupportedMessagingContentTypes: []string{"text/plain"},
		SegmentAttributes: map[string]connect.SegmentAttributeValue{
			"connect:Subtype": {ValueString: new("connect:Guide")},
			"x":               {ValueMap: map[string]connect.SegmentAttributeValue{"y": {ValueInteger: new(int32(3))}}},
		},
		PersistentChat: &connect.PersistentChat{RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION, SourceContactId: new("s")},
	}
	if !strings.Contains(answer, `Attributes[\"\"]: must have at least 1 character, has 0`) || res.StatusCode != 400 {
		t.Fatalf("an empty attribute name: %d %s", res.StatusCode, answer)
	}
	res, answer = o.do(t, "PUT", "/contact/chat", string(restjson.Marshal(want)))
	if res.StatusCode != 200 || answer != `{"ContactId":"c"}` || !reflect.DeepEqual(o.chat, want) {
		t.Fatalf("%d %s; the service got %+v", res.StatusCode, answer, o.chat)
	}
}

// A request that cannot be understood and one that holds a bad value fail differently, each with an
// exception the operation declares.
func TestWhichException(t *testing.T) {
	for _, c := range []struct{ method, target, body, code, message string }{
		{"PUT", "/contact/chat", `{`, "InvalidRequestException", "the JSON text ends too early"},
		{"PUT", "/contact/chat", `{"InstanceId":1}`, "InvalidRequestException", "InstanceId: expected a string, found a number"},
		{"PUT", "/contact/chat", `{"InstanceId":"i","ContactFlowId":"f","ParticipantDetails":{}}`, "InvalidParameterException", "ParticipantDetails.DisplayName: is required"},
		{"PUT", "/contact/chat", `{}`, "InvalidParameterException", "3 validation errors: InstanceId: is required; ContactFlowId: is required; ParticipantDetails: is required"},
		{"GET", "/queues-summary/i?maxResults=x", ``, "InvalidRequestException", "MaxResults: expected a whole number"},
		{"GET", "/queues-summary/i?maxResults=0", ``, "InvalidParameterException", "MaxResults: must be at least 1"},
		{"GET", "/queues-summary/i?queueTypes=STANDARD&queueTypes=X", ``, "InvalidParameterException", "QueueTypes[1]: must be one of STANDARD, AGENT"},
	} {
		res, answer := (&office{}).do(t, c.method, c.target, c.body)
		if res.StatusCode != 400 || res.Header.Get("x-amzn-errortype") != c.code || !strings.Contains(answer, c.message) {
			t.Errorf("%s %s %s: %d %s; want %s: %s", c.method, c.target, c.body, res.StatusCode, answer, c.code, c.message)
		}
	}
	// Every operation declares one of the two, so a refusal is always within its model.
	for i := range connect.Operations {
		if op := &connect.Operations[i]; !op.Declares("InvalidRequestException") && !op.Declares("InvalidParameterException") {
			t.Errorf("%s declares neither, only %v", op.Name, op.Errors)
		}
	}
}

func TestARNsInThePath(t *testing.T) {
	const arn = "arn:aws:connect:eu-west-1:123456789012:instance/i/queue/q"
	for _, target := range []string{
		"/tags/arn%3Aaws%3Aconnect%3Aeu-west-1%3A123456789012%3Ainstance%2Fi%2Fqueue%2Fq?tagKeys=a&tagKeys=b%2Bc",
		"/tags/arn:aws:connect:eu-west-1:123456789012:instance%2fi%2Fqueue%2Fq?tagKeys=a&tagKeys=b%2Bc",
	} {
		o := &office{}
		res, answer := o.do(t, "DELETE", target, "")
		want := &connect.UntagResourceRequest{ResourceArn: arn, TagKeys: []string{"a", "b+c"}}
		if res.StatusCode != 200 || !reflect.DeepEqual(o.untag, want) {
			t.Errorf("%s: %d %s; the service got %+v", target, res.StatusCode, answer, o.untag)
		}
	}
	o := &office{}
	if res, answer := o.do(t, "POST", "/contact-flows/"+"arn%3Aaws%3Aconnect%3A1%3A2%3Ainstance%2Fi"+"/f/content", `{"Content":"{}"}`); res.StatusCode != 200 || o.flow.InstanceId != "arn:aws:connect:1:2:instance/i" {
		t.Errorf("an instance's ARN: %d %s %+v", res.StatusCode, answer, o.flow)
	}
}

// InvalidContactFlowException has no message in the model and a member in lower case.
func TestInvalidContactFlow(t *testing.T) {
	o := &office{fail: &connect.InvalidContactFlowException{Problems: []connect.ProblemDetail{{Message: new("no start")}}}}
	res, answer := o.do(t, "POST", "/contact-flows/i/f/content", `{"Content":"{}"}`)
	if want := `{"__type":"InvalidContactFlowException","problems":[{"message":"no start"}]}`; res.StatusCode != 400 || answer != want {
		t.Errorf("%d %s; want %s", res.StatusCode, answer, want)
	}
}

// The statuses that surprise everybody.
func TestStatuses(t *testing.T) {
	for name, want := range map[string]int{
		"ServiceQuotaExceededException": 402, "ContactNotFoundException": 410, "LimitExceededException": 429, "TooManyRequestsException": 429,
		"ContactFlowNotPublishedException": 404, "ConditionalOperationFailedException": 409, "InternalServiceException": 500,
	} {
		if got := connect.API.Exceptions[name]().HTTPStatus(); got != want {
			t.Errorf("%s is %d; want %d", name, got, want)
		}
	}
}

func TestEnums(t *testing.T) {
	if got := connect.Channel("").Values(); !slices.Contains(got, connect.ChannelCHAT) || !connect.ChannelCHAT.Valid() || connect.Channel("chat").Valid() {
		t.Errorf("the channels are %q", got)
	}
}

func FuzzDecodeStartChatContact(f *testing.F) {
	for _, seed := range []string{
		`{"InstanceId":"i","ContactFlowId":"f","ParticipantDetails":{"DisplayName":"d"}}`,
		`{"SegmentAttributes":{"a":{"ValueMap":{"b":{"ValueList":[{"ValueInteger":1}]}}}}}`, `{"Attributes":{"a":null}}`, `{"ChatDurationInMinutes":60.0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x := &connect.StartChatContactRequest{}
		if err := restjson.Unmarshal(data, x); err != nil {
			return
		}
		_ = restjson.Validate(x) // must not panic, whatever it says
		again := &connect.StartChatContactRequest{}
		if err := restjson.Unmarshal(restjson.Marshal(x), again); err != nil {
			t.Fatalf("%q was read as %s, which fails: %v", data, restjson.Marshal(x), err)
		}
	})
}
