package auth

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
)

func TestPolicyDecides(t *testing.T) {
	const arn = "arn:aws:connect:us-east-1:123456789012:instance/i/queue/q"
	policy := func(statements string) Policy {
		p, err := ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":` + statements + `}`))
		if err != nil {
			t.Fatalf("ParsePolicy(%s): %v", statements, err)
		}
		return p
	}
	tests := []struct {
		name     string
		policy   Policy
		action   string
		resource string
		want     bool
	}{
		{"zero", Policy{}, "connect:StartChatContact", "*", false},
		{"full", FullAccess(), "connect:StartChatContact", arn, true},
		{"read only reads", readOnly(), "connect:DescribeQueue", arn, true},
		{"read only does not write", readOnly(), "connect:CreateQueue", arn, false},
		{"one action", policy(`{"Effect":"Allow","Action":"connect:StartChatContact","Resource":"*"}`), "connect:StartChatContact", arn, true},
		{"another action", policy(`{"Effect":"Allow","Action":"connect:StartChatContact","Resource":"*"}`), "connect:StopContact", arn, false},
		{"action in another case", policy(`{"Effect":"Allow","Action":"CONNECT:startchat*","Resource":"*"}`), "connect:StartChatContact", arn, true},
		{"action pattern", policy(`{"Effect":"Allow","Action":["connect:*Contact"],"Resource":["*"]}`), "connect:StopContact", arn, true},
		{"question mark", policy(`{"Effect":"Allow","Action":"connect:St?pContact","Resource":"*"}`), "connect:StopContact", arn, true},
		{"question mark is one", policy(`{"Effect":"Allow","Action":"connect:Sto?pContact","Resource":"*"}`), "connect:StopContact", arn, false},
		{"resource pattern", policy(`{"Effect":"Allow","Action":"connect:*","Resource":"arn:aws:connect:*:*:instance/i/*"}`), "connect:StopContact", arn, true},
		{"resource of another instance", policy(`{"Effect":"Allow","Action":"connect:*","Resource":"arn:aws:connect:*:*:instance/j/*"}`), "connect:StopContact", arn, false},
		{"resource in another case", policy(`{"Effect":"Allow","Action":"connect:*","Resource":"arn:aws:connect:*:*:instance/I/*"}`), "connect:StopContact", arn, false},
		{"no resource named", policy(`{"Effect":"Allow","Action":"connect:*","Resource":"arn:aws:connect:*"}`), "connect:ListInstances", "*", false},
		{"deny wins", policy(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"}]`), "connect:DeleteInstance", arn, false},
		{"deny wins before", policy(`[{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]`), "connect:DeleteInstance", arn, false},
		{"deny of another", policy(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"connect:Delete*","Resource":"*"}]`), "connect:DescribeInstance", arn, true},
	}
	for _, tt := range tests {
		if got := tt.policy.decide(tt.action, tt.resource) == allowed; got != tt.want {
			t.Errorf("%s: decide(%s, %s) allows: %v; want %v", tt.name, tt.action, tt.resource, got, tt.want)
		}
	}
}

func TestAuthorizeMessage(t *testing.T) {
	who := Identity{ARN: "arn:aws:iam::123456789012:user/ann", Policy: readOnly()}
	e := refusal(t, who.Authorize("connect:StopContact", Resources{Named: []string{"arn:x"}}), AccessDenied)
	want := "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: connect:StopContact on resource: arn:x" +
		" because no identity-based policy allows the connect:StopContact action"
	if e.Message != want {
		t.Errorf("message = %q; want %q", e.Message, want)
	}
	who.Policy.Statement = append(who.Policy.Statement, Statement{Effect: Deny, Action: Patterns{"*"}, Resource: Patterns{"*"}})
	e = refusal(t, who.Authorize("connect:GetMetricData", Resources{Named: []string{Everything}}), AccessDenied)
	if !strings.HasSuffix(e.Message, "with an explicit deny in an identity-based policy") {
		t.Errorf("message = %q; want it to name the deny", e.Message)
	}
}

func TestMatchIsBounded(t *testing.T) {
	pattern, text := strings.Repeat("*a", 200)+"b", strings.Repeat("a", 2000)
	if match(pattern, text, false) {
		t.Error("matched")
	}
	if !match("a*b*c", "axxbxxbxxc", false) || match("a*b*c", "axxbxxbxx", false) {
		t.Error("going back to the last * is not right")
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	tests := map[string]string{
		"no JSON":          `Allow`,
		"a list":           `[]`,
		"no statement":     `{"Version":"2012-10-17"}`,
		"null":             `null`,
		"more text":        `{"Statement":[]} {}`,
		"version":          `{"Version":"2020-01-01","Statement":[]}`,
		"effect":           `{"Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}`,
		"no action":        `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"no resource":      `{"Statement":{"Effect":"Allow","Action":"*"}}`,
		"null resource":    `{"Statement":{"Effect":"Allow","Action":"*","Resource":null}}`,
		"bare action":      `{"Statement":{"Effect":"Allow","Action":"StopContact","Resource":"*"}}`,
		"condition":        `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}`,
		"condition, list":  `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}]}`,
		"exclusion":        `{"Statement":{"Effect":"Allow","NotAction":"connect:DeleteInstance","Resource":"*"}}`,
		"unknown member":   `{"Statements":[]}`,
		"number as action": `{"Statement":{"Effect":"Allow","Action":1,"Resource":"*"}}`,
		"too long":         `{"Statement":[]}` + strings.Repeat(" ", MaxPolicy),
	}
	for name, text := range tests {
		if p, err := ParsePolicy([]byte(text)); err == nil || center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s: ParsePolicy = %+v, %v; want an Invalid error", name, p, err)
		}
	}
}

func TestPolicyRoundTrip(t *testing.T) {
	for _, p := range []Policy{FullAccess(), readOnly(), {}} {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParsePolicy(text)
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("ParsePolicy(%s) = %+v, %v; want %+v", text, got, err, p)
		}
	}
}
