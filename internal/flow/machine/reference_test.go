package machine

import (
	"encoding/json"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// machineFor is a machine with something behind every root that can be filled.
func machineFor(t testing.TB) *machine {
	t.Helper()
	s := newWorld()
	c := s.Contact
	c.Previous, c.Related = "c-before", "c-related"
	c.CustomerID, c.Name, c.Description = "cust-7", "A chat", "About a parcel"
	c.InitialMessage = "Where is my parcel?"
	c.Queue.Name, c.Queue.ARN = "Parcels", "arn:queue"
	c.Attributes = map[string]string{
		"empFirstName": "Grace", "empLastName": "Hopper", "Journey": "j1", "phoneNumber": "+4930123", "passcode": "99",
		"escalationReason": "返品", "first name": "Ada", "a-b": "dashed", "x": "X", "2nd": "second", "empty": "", "price": "$.Attributes.x",
	}
	c.References = map[string]center.Reference{"order": {Type: "URL", Value: "https://example.org"}}
	c.Tags = map[string]string{"team": "blue"}
	c.SegmentAttributes = map[string]center.SegmentAttribute{
		"connect:Subtype":                {String: new("connect:Chat")},
		"count":                          {Integer: new(int64(7))},
		"arn":                            {ARN: new("arn:x")},
		"list":                           {List: []center.SegmentAttribute{{String: new("first")}}},
		"connect:CustomerAuthentication": {Map: map[string]center.SegmentAttribute{"Status": {String: new("AUTHENTICATED")}}},
	}
	m := &machine{w: s.World, c: c}
	m.run.Data = Data{
		Attributes: map[string]string{"shade": "teal"},
		External:   json.RawMessage(`{"status":"ok","n":12.50,"big":12345678901234567890,"yes":true,"none":null,"items":[{"id":"i-1"},{"id":2}],"deep":{"a":{"b":"c"}}}`),
		Invocation: "call-9",
	}
	return m
}

func TestInterpolation(t *testing.T) {
	tests := []struct{ text, want string }{
		// The forms of references.
		{"$.Attributes.x", "X"},
		{"$['Attributes']['x']", "X"},
		{"$.['Attributes'].x", "X"},
		{"$.Attributes['first name']", "Ada"},
		{"$.Attributes.['first name']", "Ada"},
		{"$.['LanguageCode']", "en-US"},
		{"$['LanguageCode'] and $.Channel", "en-US and CHAT"},
		{"$.Attributes.a-b", "dashed"},
		{"$.Attributes.a-b-", "dashed-"},
		{"$.Attributes.a-b--$.Attributes.x", "dashed--X"},
		{"$.Attributes.2nd", "second"},
		{"$.External.items[0].id", "i-1"},
		{"$.External.items.1.id", "2"},
		{"`$.External.items[0].id`", "i-1"},
		{"is `$.External.items[0].id`.", "is i-1."},
		{"`$.Attributes.x $.Attributes.x`", "`X X`"},
		{"`$.Attributes.x", "`X"},
		{"``$.Attributes.x``", "`X`"},
		{"`$.Attributes.x`$.Attributes.x`", "XX`"},

		// Real texts.
		{"Hello, $.Attributes.empFirstName $.Attributes.empLastName , You are Authenticated.", "Hello, Grace Hopper , You are Authenticated."},
		{"SELECT Id FROM Contact where Phone = '$.Attributes.phoneNumber'", "SELECT Id FROM Contact where Phone = '+4930123'"},
		{"SELECT Id FROM Contact where Phone = '$.CustomerEndpoint.Address'", "SELECT Id FROM Contact where Phone = ''"},
		{"$.Attributes.Journey >> went_through_module", "j1 >> went_through_module"},
		{"mailto:$.Customer.EmailAddress", "mailto:"},
		{"arn:aws:lambda:$.AwsRegion:123456789012:function:name", "arn:aws:lambda:us-east-1:123456789012:function:name"},
		{`<say-as interpret-as="telephone">$.Attributes.phoneNumber</say-as>`, `<say-as interpret-as="telephone">+4930123</say-as>`},
		{"$.Attributes.escalationReason 窓口へお繋ぎしています。", "返品 窓口へお繋ぎしています。"},
		{"$.Attributes.escalationReason窓口へ", "返品窓口へ"},
		{"Your code is $.Attributes.passcode. Try again", "Your code is 99. Try again"},
		{"$.Attributes.passcode.", "99."},
		{"$ 118.02", "$ 118.02"},
		{"Express Mail - $5.00", "Express Mail - $5.00"},
		{"${AWS::Region}", "${AWS::Region}"},
		{"$", "$"},
		{"a$", "a$"},
		{"$.", "$."},
		{"$$.Attributes.x", "$X"},
		{"$.5", "$.5"},
		{"$[0]", "$[0]"},
		{"$['Attributes'", "$['Attributes'"},
		{"$['a'b']", "$['a'b']"},
		{"$.Attributes.x[0", "X[0"},
		{"$.Attributes.x[a]", "X[a]"},

		// Undefined values, and values that look like references.
		{"[$.Attributes.nothing]", "[]"},
		{"[$.BadRoot.x]", "[]"},
		{"[$.Attributes.empty]", "[]"},
		{"[$.External.none]", "[]"},
		{"[$.External.items.7.id]", "[]"},
		{"[$.External.status.deeper]", "[]"},
		{"[$.Channel.x]", "[]"},
		{"[$.Attributes.x.y]", "[]"},
		{"$.Attributes.price", "$.Attributes.x"},

		// The roots.
		{"$.ContactId $.InitialContactId $.PreviousContactId $.RelatedContactId", "c-1 c-0 c-before c-related"},
		{"$.InitiationMethod $.InstanceARN", "API arn:aws:connect:us-east-1:123456789012:instance/i-1"},
		{"$.CustomerId/$.Name/$.Description", "cust-7/A chat/About a parcel"},
		{"$.CustomerEndpoint.DisplayName", "Ada"},
		{"$.Media.InitialMessage", "Where is my parcel?"},
		{"$.Queue.Name $.Queue.ARN[$.Queue.OutboundCallerId.Address]", "Parcels arn:queue[]"},
		{"[$.Agent.ARN$.Agent.UserName]", "[]"},
		{"$.References.order.Value $.References.order.Type[$.References.none.Value]", "https://example.org URL[]"},
		{"$.Tags.team", "blue"},
		{"$.FlowAttributes.shade", "teal"},
		{"$.SegmentAttributes['connect:Subtype'] $.SegmentAttributes.count $.SegmentAttributes.arn", "connect:Chat 7 arn:x"},
		{"$.SegmentAttributes['connect:CustomerAuthentication']['Status']", "AUTHENTICATED"},
		{"$.SegmentAttributes.list[0][$.SegmentAttributes.list.3]", "first[]"},
		{"$.External.n $.External.big $.External.yes", "12.50 12345678901234567890 true"},
		{"$.External.deep", `{"a":{"b":"c"}}`},
		{"$.LambdaInvocation.ResultData.status $.LambdaInvocation.InvocationId", "ok call-9"},
		{"[$.StoredCustomerInput$.Lex.IntentName$.Views.Action$.Metrics.Queue.Size$.SystemEndpoint.Address]", "[]"},
		{"[$.Media.Sip.Headers.P-Asserted-Identity] [$.Views.ViewResultData.FormData.extras.0]", "[] []"},
		{"[$.Capabilities.x$.TextToSpeechVoiceId$.Email.EmailMessage.Plaintext$.Task.ContactId$.Wisdom.SessionArn$.CallbackNumber]", "[]"},
		{"[$.Customer.FirstName$.Case.case_id$.DataTables.q.a$.DataTableList.ResultData.x$.AdditionalEmailRecipients.To$.MediaStreams.Customer.Audio.StreamARN]", "[]"},
		{"$.Queue", `{"ARN":"arn:queue","Name":"Parcels"}`},
		{"[$.Agent]", "[]"},
		{"$.Tags", `{"team":"blue"}`},
	}
	for _, test := range tests {
		tm := flow.Compile(test.text)
		got, ok := machineFor(t).text(&tm)
		if !ok || got != test.want {
			t.Errorf("%q becomes %q, %v; want %q", test.text, got, ok, test.want)
		}
	}
}

func TestWholeReferenceKeepsItsType(t *testing.T) {
	tests := []struct{ tree, want string }{
		{`"$.External.items"`, `[{"id":"i-1"},{"id":2}]`},
		{`"$.External.n"`, `12.50`},
		{`"$.External.none"`, `null`},
		{`"$.Views"`, `null`},
		{`"n is $.External.n"`, `"n is 12.50"`},
		{`"$.Attributes.x"`, `"X"`},
		{`"$.SegmentAttributes['connect:CustomerAuthentication']"`, `{"Status":"AUTHENTICATED"}`},
		{`"$.SegmentAttributes.list"`, `["first"]`},
		{`{"a":["$.Attributes.x",1,null,true,{}],"b":{"c":"$.External.yes"}}`, `{"a":["X",1,null,true,{}],"b":{"c":true}}`},
	}
	for _, test := range tests {
		v, err := flow.Decode([]byte(test.tree))
		if err != nil {
			t.Fatal(err)
		}
		tr := flow.CompileTree(v)
		got, ok := machineFor(t).tree(&tr)
		if s := string(flow.Encode(got.Any())); !ok || s != test.want {
			t.Errorf("%s becomes %s; want %s", test.tree, s, test.want)
		}
	}
}

func TestTextIsBounded(t *testing.T) {
	m := machineFor(t)
	m.c.Attributes = map[string]string{"long": strings.Repeat("x", 30<<10)}
	tm := flow.Compile("$.Attributes.long $.Attributes.long $.Attributes.long")
	if text, ok := m.text(&tm); ok {
		t.Errorf("a text of %d bytes was made", len(text))
	}
	tm = flow.Compile(strings.Repeat("$.Attributes.none", 1<<16))
	for range 10 {
		m.text(&tm)
	}
	if !m.spent() {
		t.Error("looking up a million references cost nothing")
	}
}
