package iam

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
)

const (
	instance = "arn:aws:connect:us-east-1:123456789012:instance/i"
	queue    = instance + "/queue/q"
	flow     = instance + "/contact-flow/f"
)

// policyOf makes a policy of one or more statements.
func policyOf(t testing.TB, statements string) Policy {
	t.Helper()
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
	if err != nil {
		t.Fatalf("Parse(%s): %v", statements, err)
	}
	return p
}

// request is what a request has for each condition key.
type request map[string][]string

func (r request) lookup(k Key) ([]string, error) { return r[k.String()], nil }

const (
	implicit = "implicit deny"
	explicit = "explicit deny"
	allowed  = "allow"
)

func outcome(d Decision) string {
	switch {
	case d.Allowed:
		return allowed
	case d.Denied:
		return explicit
	}
	return implicit
}

// TestDecide holds decisions against the evaluation logic that IAM publishes, but for conditions.
func TestDecide(t *testing.T) {
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for name, c := range map[string]struct {
		statements, action, resource, want string
	}{
		"no statement":             {``, "connect:StopContact", queue, implicit},
		"one action":               {`{"Effect":"Allow","Action":"connect:StartChatContact","Resource":"*"}`, "connect:StartChatContact", flow, allowed},
		"another action":           {`{"Effect":"Allow","Action":"connect:StartChatContact","Resource":"*"}`, "connect:StopContact", flow, implicit},
		"action in another case":   {`{"Effect":"Allow","Action":"CONNECT:startchat*","Resource":"*"}`, "connect:StartChatContact", flow, allowed},
		"action pattern":           {`{"Effect":"Allow","Action":["connect:*Contact"],"Resource":["*"]}`, "connect:StopContact", flow, allowed},
		"action, one character":    {`{"Effect":"Allow","Action":"connect:St?pContact","Resource":"*"}`, "connect:StopContact", flow, allowed},
		"action, one too many":     {`{"Effect":"Allow","Action":"connect:Sto?pContact","Resource":"*"}`, "connect:StopContact", flow, implicit},
		"action of another":        {`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, "connect:StopContact", flow, implicit},
		"one of two statements":    {`{"Effect":"Allow","Action":"connect:A","Resource":"*"},{"Effect":"Allow","Action":"connect:B","Resource":"*"}`, "connect:B", flow, allowed},
		"deny wins behind":         {all + `,{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"}`, "connect:DeleteInstance", instance, explicit},
		"deny wins before":         {`{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"},` + all, "connect:DeleteInstance", instance, explicit},
		"deny without an allow":    {`{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"}`, "connect:DeleteInstance", instance, explicit},
		"deny of another":          {all + `,{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"}`, "connect:DescribeInstance", instance, allowed},
		"deny alone allows none":   {`{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"}`, "connect:DescribeInstance", instance, implicit},
		"allow NotAction":          {`{"Effect":"Allow","NotAction":"connect:Delete*","Resource":"*"}`, "connect:DescribeInstance", instance, allowed},
		"allow NotAction, one":     {`{"Effect":"Allow","NotAction":"connect:Delete*","Resource":"*"}`, "connect:DeleteInstance", instance, implicit},
		"allow NotAction, case":    {`{"Effect":"Allow","NotAction":["connect:A","CONNECT:delete*"],"Resource":"*"}`, "connect:DeleteInstance", instance, implicit},
		"deny NotAction":           {all + `,{"Effect":"Deny","NotAction":["connect:List*","connect:Describe*"],"Resource":"*"}`, "connect:StopContact", flow, explicit},
		"deny NotAction, one":      {all + `,{"Effect":"Deny","NotAction":["connect:List*","connect:Describe*"],"Resource":"*"}`, "connect:ListQueues", queue, allowed},
		"resource":                 {`{"Effect":"Allow","Action":"*","Resource":"` + queue + `"}`, "connect:A", queue, allowed},
		"another resource":         {`{"Effect":"Allow","Action":"*","Resource":"` + queue + `"}`, "connect:A", flow, implicit},
		"resource in another case": {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*:*:instance/I/*"}`, "connect:A", queue, implicit},
		"wildcard over slashes":    {`{"Effect":"Allow","Action":"*","Resource":"` + instance + `*"}`, "connect:A", queue, allowed},
		"wildcard over colons":     {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*"}`, "connect:A", queue, allowed},
		"wildcards in parts":       {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*:*:instance/*/queue/?"}`, "connect:A", queue, allowed},
		"wildcard in the middle":   {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:us-*-1:123456789012:instance/*/queue/q"}`, "connect:A", queue, allowed},
		"wildcard, another kind":   {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*:*:instance/i/contact-flow/*"}`, "connect:A", queue, implicit},
		"wildcard, all of a kind":  {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*:*:instance/i/queue/*"}`, "connect:A", instance + "/queue/*", allowed},
		"the instance alone":       {`{"Effect":"Allow","Action":"*","Resource":"` + instance + `"}`, "connect:A", queue, implicit},
		"none named":               {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*:*:*"}`, "connect:ListInstances", "*", implicit},
		"none named, all":          {`{"Effect":"Allow","Action":"*","Resource":"*"}`, "connect:ListInstances", "*", allowed},
		"one of two resources":     {`{"Effect":"Allow","Action":"*","Resource":["` + queue + `","` + flow + `"]}`, "connect:A", flow, allowed},
		"allow NotResource":        {`{"Effect":"Allow","Action":"*","NotResource":"` + queue + `"}`, "connect:A", flow, allowed},
		"allow NotResource, one":   {`{"Effect":"Allow","Action":"*","NotResource":["` + flow + `","` + queue + `"]}`, "connect:A", queue, implicit},
		"deny NotResource":         {all + `,{"Effect":"Deny","Action":"*","NotResource":"` + instance + `*"}`, "connect:A", strings.Replace(queue, "/i/", "/j/", 1), explicit},
		"deny NotResource, one":    {all + `,{"Effect":"Deny","Action":"*","NotResource":"` + instance + `*"}`, "connect:A", queue, allowed},
		"both turned round":        {`{"Effect":"Allow","NotAction":"connect:A","NotResource":"` + queue + `"}`, "connect:B", flow, allowed},
		"a text that is no ARN":    {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*"}`, "connect:A", "arn:aws:connect:" + strings.Repeat("x", maxResource), implicit},
		"longer, to all":           {all, "connect:A", strings.Repeat("x", maxResource+1), allowed},
		"longer, to all but some":  {all + `,{"Effect":"Deny","Action":"*","Resource":"` + queue + `"}`, "connect:A", strings.Repeat("x", maxResource+1), explicit},
	} {
		d, err := policyOf(t, c.statements).Decide(c.action, c.resource, nil, nil)
		if err != nil || outcome(d) != c.want {
			t.Errorf("%s: %+v, %v; want %s", name, d, err, c.want)
		}
	}
}

// TestWithin has a Deny name what holds a resource, while its conditions are about the resource.
func TestWithin(t *testing.T) {
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"},`
	tagged := request{"aws:ResourceTag/team": {"sales"}}
	for statements, want := range map[string]string{
		all + `{"Effect":"Deny","Action":"*","Resource":"` + instance + `"}`:                                                               explicit,
		all + `{"Effect":"Deny","Action":"*","Resource":"arn:aws:connect:*:*:instance/j"}`:                                                 allowed,
		all + `{"Effect":"Deny","Action":"*","NotResource":"` + queue + `"}`:                                                               allowed,
		all + `{"Effect":"Deny","Action":"*","NotResource":"` + flow + `"}`:                                                                explicit,
		all + `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceTag/team":"sales"}}}`:             allowed,
		all + `{"Effect":"Deny","Action":"*","Resource":"` + instance + `","Condition":{"StringEquals":{"aws:ResourceTag/team":"sales"}}}`: explicit,
		`{"Effect":"Allow","Action":"*","Resource":"` + instance + `"}`:                                                                    implicit,
		`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"sales"}}}`:                     allowed,
		`{"Effect":"Allow","Action":"*","NotResource":"` + instance + `"}`:                                                                 allowed,
	} {
		d, err := policyOf(t, statements).Decide("connect:DescribeQueue", queue, []string{instance}, tagged.lookup)
		if err != nil || outcome(d) != want {
			t.Errorf("%s: %+v, %v; want %s", statements, d, err, want)
		}
	}
}

// TestReasons says which statement decided.
func TestReasons(t *testing.T) {
	p := policyOf(t, `{"Sid":"Read","Effect":"Allow","Action":"connect:Describe*","Resource":"*"},
		{"Sid":"Office","Effect":"Allow","Action":"connect:Stop*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"IpAddress":{"aws:sourceip":"203.0.113.0/24"}}},
		{"Effect":"Deny","Action":"*","Resource":"`+queue+`"}`)
	tls := request{"aws:SecureTransport": {"true"}, "aws:SourceIp": {"198.51.100.1"}}
	for _, c := range []struct {
		action, resource string
		statement        int
		reason           string
	}{
		{"connect:DescribeContactFlow", flow, 1, `statement 1 ("Read") of the key's policy allows it`},
		{"connect:DescribeQueue", queue, 3, "statement 3 of the key's policy denies it"},
		{"connect:DeleteInstance", instance, 0, "no statement of the key's policy allows it"},
		{"connect:StopContact", flow, 0, `no statement of the key's policy allows it; statement 2 ("Office") would, but for its condition IpAddress on aws:SourceIp`},
	} {
		d, err := p.Decide(c.action, c.resource, nil, tls.lookup)
		if err != nil || d.Statement != c.statement || d.Reason != c.reason {
			t.Errorf("%s: %+v, %v; want statement %d: %s", c.action, d, err, c.statement, c.reason)
		}
	}
}

// TestLookupFails decides nothing when a condition's question is not answered.
func TestLookupFails(t *testing.T) {
	down := errors.New("the store is down")
	p := policyOf(t, `{"Effect":"Allow","Action":"connect:*","Resource":"*"},{"Effect":"Deny","Action":"connect:Stop*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/a":"b"}}}`)
	fails := func(Key) ([]string, error) { return nil, down }
	if d, err := p.Decide("connect:StopContact", flow, nil, fails); !errors.Is(err, down) || d.Allowed {
		t.Errorf("%+v, %v; want that nothing is decided", d, err)
	}
	if d, err := p.Decide("connect:DescribeContact", flow, nil, fails); err != nil || !d.Allowed {
		t.Errorf("an action that the condition is not about: %+v, %v", d, err)
	}
}

func TestFull(t *testing.T) {
	if p := FullAccess(); !p.Full() {
		t.Errorf("%v is not full access", p)
	}
	for _, statements := range []string{
		``,
		`{"Effect":"Allow","Action":"connect:*","Resource":"*"}`,
		`{"Effect":"Allow","NotAction":"*","Resource":"*"}`,
		`{"Effect":"Allow","Action":"*","NotResource":"*"}`,
		`{"Effect":"Allow","Action":"*","Resource":"arn:*"}`,
		`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"connect:A","Resource":"*"}`,
		`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"aws:SourceIp":"false"}}}`,
	} {
		if policyOf(t, statements).Full() {
			t.Errorf("%s is full access", statements)
		}
	}
}

// TestStored reads what earlier builds stored, and what cannot be evaluated.
func TestStored(t *testing.T) {
	for text, want := range map[string]string{
		`{"Statement":null}`: implicit,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"]}]}`:                            allowed,
		`{"Statement":[{"Sid":"with space","Effect":"Allow","Action":["connect:*"],"Resource":["queue/q","arn:*q"]}]}`:         allowed,
		`{"Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"],"Condition":{"StringLikely":{"aws:SourceIp":"x"}}}]}`: explicit,
		`{"Statement":"?"}`: explicit,
		`[]`:                explicit,
	} {
		var p Policy
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		d, err := p.Decide("connect:DescribeQueue", queue, nil, nil)
		if err != nil || outcome(d) != want {
			t.Errorf("%s: %+v, %v; want %s", text, d, err, want)
		}
		if broken := center.ReasonOf(p.Check()) == center.Invalid; broken != (want == explicit) {
			t.Errorf("%s: Check = %v", text, p.Check())
		}
		if again, err := json.Marshal(p); err != nil || string(again) != text {
			t.Errorf("%s is written as %s, %v", text, again, err)
		}
	}
	if text, err := json.Marshal(Policy{}); err != nil || string(text) != `{"Statement":[]}` {
		t.Errorf("the zero policy is written as %s, %v", text, err)
	}
}

// TestParseRefuses refuses what would not be enforced, and says what would be right.
func TestParseRefuses(t *testing.T) {
	statement := func(members string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"Two",` + members + `}]}`
	}
	condition := func(c string) string {
		return statement(`"Effect":"Allow","Action":"*","Resource":"*","Condition":` + c)
	}
	for _, c := range []struct{ text, says string }{
		{`Allow`, "not valid JSON"},
		{`{"Statement":[]`, "not valid JSON"},
		{`[]`, "must be a JSON object"},
		{`null`, "must be a JSON object"},
		{`{"Version":"2012-10-17"}`, "the policy has no Statement"},
		{`{"Statement":[]} {}`, "more text behind it"},
		{`{"Statements":[]}`, `a policy has no element "Statements"; its elements are Id, Statement, Version`},
		{`{"Statement":[],"Statement":[]}`, "Statement is there twice"},
		{`{"Statement":"x"}`, "a statement or a list of statements"},
		{`{"Version":"2020-01-01","Statement":[]}`, `Version: "2020-01-01" is not supported; use "2012-10-17"`},
		{`{"Version":2012,"Statement":[]}`, "Version: must be a string"},
		{`{"Statement":[]}` + strings.Repeat(" ", MaxPolicy), "at most 6144 are allowed"},
		{statement(`"Effect":"Maybe","Action":"*","Resource":"*"`), `statement 2 ("Two") of the policy: the Effect is "Maybe"; it must be Allow or Deny`},
		{statement(`"Action":"*","Resource":"*"`), "must be Allow or Deny"},
		{statement(`"Effect":"Allow","Resource":"*"`), "either an Action or a NotAction"},
		{statement(`"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"`), "either an Action or a NotAction"},
		{statement(`"Effect":"Allow","Action":"*"`), "either a Resource or a NotResource"},
		{statement(`"Effect":"Allow","Action":"*","Resource":null`), "Resource: must be a string or a list of strings"},
		{statement(`"Effect":"Allow","Action":"*","Resource":[null]`), "Resource: must be a string or a list of strings"},
		{statement(`"Effect":"Allow","Action":1,"Resource":"*"`), "Action: must be a string or a list of strings"},
		{statement(`"Effect":"Allow","Action":[],"Resource":"*"`), "Action: it is empty"},
		{statement(`"Effect":"Allow","Action":"StopContact","Resource":"*"`), `action "StopContact" has no service prefix; write connect:StopContact`},
		{statement(`"Effect":"Allow","Action":"connect:${aws:username}","Resource":"*"`), "policy variables can stand in resources and conditions only"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"queue/q"`), `resource "queue/q": it must be "*" or an ARN`},
		{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:instance/i"`), "must be"},
		{statement(`"Effect":"Allow","Action":"*","Resource":""`), "must be"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*:${aws:PrincipalAccount}:instance/i"`), "behind the fifth colon"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"` + instance + `/${aws:nobody}"`), `condition key "aws:nobody" is not supported`},
		{statement(`"Effect":"Allow","Action":"*","Resource":"` + instance + `/${aws:username"`), "no closing brace"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"` + instance + `/${aws:TagKeys}"`), "several values cannot be one"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"` + instance + `/${aws:username, x}"`), "single quotes"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"`), "Principal belongs into policies of resources"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"*","Conditions":{}`), `a statement has no element "Conditions"; its elements are Action, Condition, Effect, NotAction, NotResource, Resource, Sid`},
		{`{"Statement":[{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}]}`, `another statement has the Sid "A"`},
		{`{"Statement":{"Sid":"A b","Effect":"Allow","Action":"*","Resource":"*"}}`, "letters and digits only"},
		{condition(`[]`), "Condition: must be a JSON object"},
		{condition(`{"StringEquals":"x"}`), "StringEquals: must be a JSON object"},
		{condition(`{"StringEquals":{}}`), "Condition: operator StringEquals has no key"},
		{condition(`{"StringEquals":{"aws:username":[]}}`), "has no value"},
		{condition(`{"StringEquals":{"aws:username":null}}`), "must be a string, a number, true or false"},
		{condition(`{"StringEquals":{"aws:username":{}}}`), "must be a string, a number, true or false"},
		{condition(`{"StringEquals":{"aws:username":"a"},"StringEquals":{"aws:username":"b"}}`), "StringEquals is there twice"},
		{condition(`{"stringequals":{"aws:username":"a"}}`), `operator "stringequals" is not supported (write StringEquals); the operators are ArnEquals, `},
		{condition(`{"BinaryEquals":{"aws:username":"a"}}`), `operator "BinaryEquals" is not supported; the operators are`},
		{condition(`{"NullIfExists":{"aws:username":"true"}}`), `operator "NullIfExists" is not supported`},
		{condition(`{"StringEquals":{"aws:SourceVpc":"a"}}`), `condition key "aws:SourceVpc" is not supported; the keys are aws:CurrentTime, `},
		{condition(`{"StringEquals":{"aws:PrincipalTag/team":"a"}}`), "(access keys have no tags here)"},
		{condition(`{"StringEquals":{"connect:SearchTag/team":"a"}}`), "it is not published how"},
		{condition(`{"StringEquals":{"aws:ResourceTag":"a"}}`), "needs the key of a tag: aws:ResourceTag/KEY"},
		{condition(`{"StringEquals":{"aws:ResourceTag/":"a"}}`), "lacks the key of a tag"},
		{condition(`{"StringEquals":{"aws:TagKeys":"a"}}`), "write ForAllValues:StringEquals or ForAnyValue:StringEquals"},
		{condition(`{"IpAddress":{"aws:SourceIp":"203.0.113.0/33"}}`), "neither an IP address nor a network"},
		{condition(`{"IpAddress":{"aws:username":"here"}}`), "neither an IP address nor a network"},
		{condition(`{"IpAddress":{"aws:CurrentTime":"203.0.113.1"}}`), "the key is a time, which the operator does not compare"},
		{condition(`{"DateLessThan":{"aws:CurrentTime":"tomorrow"}}`), `"tomorrow" is not a time; write it as`},
		{condition(`{"DateLessThan":{"aws:CurrentTime":"2026-02-30"}}`), "is not a time"},
		{condition(`{"DateLessThan":{"aws:CurrentTime":2027}}`), "is not a time"},
		{condition(`{"NumericLessThan":{"aws:EpochTime":"soon"}}`), "is not a number"},
		{condition(`{"NumericLessThan":{"aws:EpochTime":"NaN"}}`), "is not a number"},
		{condition(`{"NumericLessThan":{"aws:CurrentTime":"1"}}`), "does not compare"},
		{condition(`{"Bool":{"aws:SecureTransport":"yes"}}`), "neither true nor false"},
		{condition(`{"Null":{"aws:SourceIp":"203.0.113.1"}}`), "neither true nor false"},
		{condition(`{"ArnLike":{"aws:PrincipalArn":"user/ann"}}`), "is not an ARN"},
	} {
		p, err := Parse([]byte(c.text))
		if center.ReasonOf(err) != center.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse(%.200s) = %v, %v; want an Invalid error that says %s", c.text, p, err, c.says)
		}
	}
}
