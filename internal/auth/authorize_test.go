package auth

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
)

func TestAuthorizeMessage(t *testing.T) {
	call := Call{Operation: "TagResource", Input: &connect.TagResourceRequest{ResourceArn: "arn:x"}, Partition: here}
	who := Identity{ARN: "arn:aws:iam::123456789012:user/ann", Policy: readOnly()}
	e := refusal(t, who.Authorize(call), AccessDenied)
	want := "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: connect:TagResource on resource: arn:x" +
		" because no identity-based policy allows the connect:TagResource action"
	if e.Message != want || e.Reason != "no statement of the key's policy allows it" {
		t.Errorf("%q, %q; want %q", e.Message, e.Reason, want)
	}
	who.Policy = policy(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"Nothing","Effect":"Deny","Action":"*","Resource":"*"}`)
	e = refusal(t, who.Authorize(call), AccessDenied)
	if !strings.HasSuffix(e.Message, "with an explicit deny in an identity-based policy") || e.Reason != `statement 2 ("Nothing") of the key's policy denies it` {
		t.Errorf("%q, %q; want them to name the deny", e.Message, e.Reason)
	}
}

// TestAuthorizeConditions answers what conditions ask about a call.
func TestAuthorizeConditions(t *testing.T) {
	who := Identity{AccessKey: "AKIAIOSFODNN7EXAMPLE", Name: "ann", ARN: "arn:aws:iam::123456789012:user/ann",
		Origin: Origin{Address: "[::ffff:203.0.113.7]:4711", UserAgent: "aws-cli/2.1", Secure: true}}
	facts := map[string]Facts{
		instanceI:                           {Tags: map[string]string{"kind": "instance"}},
		instanceI + "/contact-flow/F":       {Tags: map[string]string{"kind": "flow", "Team": "a", "team": "b"}, FlowType: "CONTACT_FLOW"},
		instanceI + "/contact/C":            {Tags: map[string]string{"kind": "contact"}, Channel: "CHAT"},
		instanceI + "/queue/*":              {},
		"arn:aws:connect:x:y:phone-number/": {},
	}
	start := &connect.StartChatContactRequest{InstanceId: "I", ContactFlowId: "F"}
	create := &connect.CreateQueueRequest{InstanceId: instanceI, HoursOfOperationId: "H", Tags: map[string]string{"Cost": "1", "site": "x"}}
	untag := &connect.UntagResourceRequest{ResourceArn: instanceI + "/contact-flow/F", TagKeys: []string{"Cost"}}
	for _, c := range []struct {
		input     any
		condition string
		want      bool
	}{
		{start, `{"StringEquals":{"connect:InstanceId":"I"}}`, true},
		{start, `{"StringEquals":{"connect:InstanceId":"J"}}`, false},
		{create, `{"StringEquals":{"connect:InstanceId":"I"}}`, true},
		{untag, `{"StringEquals":{"connect:InstanceId":"I"}}`, true},
		{&connect.DescribePhoneNumberRequest{PhoneNumberId: "P"}, `{"Null":{"connect:InstanceId":"true"}}`, true},
		{&connect.UpdateQueueOutboundCallerConfigRequest{InstanceId: "I", QueueId: "Q",
			OutboundCallerConfig: &connect.OutboundCallerConfig{OutboundCallerIdNumberId: new("P")}}, `{"StringEquals":{"connect:InstanceId":"I"}}`, true},
		{&connect.ListInstancesRequest{}, `{"Null":{"connect:InstanceId":"true"}}`, true},
		{start, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, true},
		{start, `{"StringEquals":{"aws:SourceIp":"203.0.113.7"}}`, true},
		{start, `{"Bool":{"aws:SecureTransport":true}}`, true},
		{start, `{"StringLike":{"aws:UserAgent":"aws-cli/*"}}`, true},
		{start, `{"StringEquals":{"aws:username":"ann","aws:PrincipalAccount":"123456789012","aws:RequestedRegion":"us-east-1"}}`, true},
		{start, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/a*"}}`, true},
		{start, `{"DateEquals":{"aws:CurrentTime":"2026-03-14T15:09:26Z"},"NumericEquals":{"aws:EpochTime":1773500966}}`, true},
		{start, `{"StringEquals":{"aws:ResourceTag/kind":"flow"}}`, true},
		{start, `{"StringEquals":{"aws:resourcetag/KIND":"flow"}}`, true},
		{start, `{"StringEquals":{"aws:ResourceTag/Team":"a"}}`, true},
		{start, `{"StringEquals":{"aws:ResourceTag/team":"b"}}`, true},
		{start, `{"StringEquals":{"aws:ResourceTag/TEAM":"a"}}`, true},
		{start, `{"Null":{"aws:ResourceTag/none":true}}`, true},
		{start, `{"ForAnyValue:StringEquals":{"connect:FlowType":"CONTACT_FLOW"}}`, true},
		{start, `{"Null":{"connect:Channel":true,"aws:TagKeys":true,"aws:RequestTag/a":true,"connect:AttributeType":true,"connect:StorageResourceType":true}}`, true},
		{&connect.StopContactRequest{InstanceId: "I", ContactId: "C"}, `{"StringEquals":{"connect:Channel":"CHAT","aws:ResourceTag/kind":"contact"}}`, true},
		{&connect.StopContactRequest{InstanceId: "I", ContactId: "D"}, `{"Null":{"connect:Channel":true}}`, true},
		{create, `{"ForAllValues:StringEquals":{"aws:TagKeys":["Cost","site"]}}`, true},
		{create, `{"ForAllValues:StringEquals":{"aws:TagKeys":["Cost"]}}`, false},
		{create, `{"StringEquals":{"aws:RequestTag/cost":"1"}}`, true},
		{create, `{"StringEquals":{"aws:RequestTag/cost":"2"}}`, false},
		{untag, `{"ForAllValues:StringEquals":{"aws:TagKeys":["Cost"]}}`, true},
		{untag, `{"Null":{"aws:RequestTag/Cost":true}}`, true},
		{&connect.CreateContactFlowRequest{InstanceId: "I", Type: "AGENT_WHISPER"}, `{"ForAnyValue:StringEquals":{"connect:FlowType":"AGENT_WHISPER"}}`, true},
		{&connect.DescribeInstanceAttributeRequest{InstanceId: "I", AttributeType: "EARLY_MEDIA"}, `{"StringEquals":{"connect:AttributeType":"EARLY_MEDIA"}}`, true},
		{&connect.ListInstanceStorageConfigsRequest{InstanceId: "I", ResourceType: "ATTACHMENTS"}, `{"StringEquals":{"connect:StorageResourceType":"ATTACHMENTS"}}`, true},
		{&connect.ListFlowAssociationsRequest{InstanceId: "I", ResourceType: "WHATSAPP"}, `{"Null":{"connect:StorageResourceType":true}}`, true},
	} {
		who.Policy = policy(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + c.condition + `}`)
		err := who.Authorize(Call{Operation: "Operation", Input: c.input, Partition: here, Now: noon,
			Facts: func(arn string) (Facts, error) { return facts[arn], nil }})
		if c.want && err != nil {
			t.Errorf("%T if %s: %v", c.input, c.condition, err)
		} else if !c.want {
			refusal(t, err, AccessDenied)
		}
	}
}

// TestFactsAreLookedUpWhenAsked asks for what is known of resources when a condition comes to it, and
// once for each.
func TestFactsAreLookedUpWhenAsked(t *testing.T) {
	const tags = `{"Effect":"Deny","Action":"connect:Stop*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/a":"b","aws:ResourceTag/c":"d"}}},
		{"Effect":"Deny","Action":"connect:Stop*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/a":"c"}}},
		{"Effect":"Allow","Action":"*","Resource":"*"}`
	down := errors.New("the store is down")
	for name, c := range map[string]struct {
		policy    Policy
		operation string
		err       error
		want      []string
	}{
		"full access":       {FullAccess(), "StopContact", nil, nil},
		"no condition":      {readOnly(), "GetContact", nil, nil},
		"of another action": {policy(tags), "GetContact", nil, nil},
		"once":              {policy(tags), "StopContact", nil, []string{instanceI + "/contact/C"}},
		"that is not there": {policy(tags), "StopContact", down, []string{instanceI + "/contact/C"}},
		"after one that fails": {policy(`{"Effect":"Allow","Action":"*","Resource":"*"},
			{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"StringEquals":{"aws:ResourceTag/a":"b"}}}`), "StopContact", nil, nil},
	} {
		var asked []string
		err := Identity{Policy: c.policy}.Authorize(Call{Operation: c.operation, Input: &connect.StopContactRequest{InstanceId: "I", ContactId: "C"}, Partition: here,
			Facts: func(arn string) (Facts, error) { asked = append(asked, arn); return Facts{}, c.err }})
		if !errors.Is(err, c.err) || !slices.Equal(asked, c.want) {
			t.Errorf("%s: asked for %q, %v; want %q", name, asked, err, c.want)
		}
	}
}

func TestOrigin(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7:80": "203.0.113.7", "[2001:db8::1]:80": "2001:db8::1", "[fe80::1%eth0]:80": "fe80::1", "203.0.113.7": "203.0.113.7", "@": "", "": "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = address
		if got := new(Verifier).originOf(r).ip(); got != want {
			t.Errorf("%q is from %q; want %q", address, got, want)
		}
	}
}
