package iam

import (
	"strings"
	"testing"
)

// TestConditions holds conditions against what IAM publishes of each operator.
func TestConditions(t *testing.T) {
	office := request{"aws:SourceIp": {"203.0.113.7"}, "aws:username": {"ann"}, "aws:PrincipalArn": {"arn:aws:iam::123456789012:user/ann"}, "aws:SecureTransport": {"true"},
		"aws:CurrentTime": {"2026-11-30T17:00:00.5Z"}, "aws:EpochTime": {"1796058000"}, "aws:UserAgent": {"aws-cli/2 *"},
		"aws:ResourceTag/level": {"5"}, "aws:ResourceTag/team": {"Sales"}, "aws:ResourceTag/empty": {""}, "aws:TagKeys": {"team", "cost"}}
	for _, c := range []struct {
		condition string
		want      bool
	}{
		// Texts.
		{`{"StringEquals":{"aws:username":"ann"}}`, true},
		{`{"StringEquals":{"AWS:UserName":"ann"}}`, true},
		{`{"StringEquals":{"aws:username":"Ann"}}`, false},
		{`{"StringEquals":{"aws:username":"a*"}}`, false},
		{`{"StringEquals":{"aws:username":["bo","ann"]}}`, true},
		{`{"StringEquals":{"aws:username":["bo","cy"]}}`, false},
		{`{"StringNotEquals":{"aws:username":"bo"}}`, true},
		{`{"StringNotEquals":{"aws:username":["bo","ann"]}}`, false},
		{`{"StringNotEquals":{"aws:username":["bo","cy"]}}`, true},
		{`{"StringEqualsIgnoreCase":{"aws:username":"ANN"}}`, true},
		{`{"StringNotEqualsIgnoreCase":{"aws:username":"ANN"}}`, false},
		{`{"StringLike":{"aws:username":"a*"}}`, true},
		{`{"StringLike":{"aws:username":"A*"}}`, false},
		{`{"StringLike":{"aws:username":"a?n"}}`, true},
		{`{"StringLike":{"aws:username":"a?"}}`, false},
		{`{"StringLike":{"aws:username":["b*","a*"]}}`, true},
		{`{"StringNotLike":{"aws:username":["b*","a*"]}}`, false},
		{`{"StringNotLike":{"aws:username":"b*"}}`, true},
		{`{"StringLike":{"aws:UserAgent":"aws-cli/* ${*}"}}`, true},
		{`{"StringEquals":{"aws:ResourceTag/empty":""}}`, true},
		// Variables.
		{`{"StringEquals":{"aws:username":"${aws:UserName}"}}`, true},
		{`{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/${aws:username}"}}`, true},
		{`{"StringEquals":{"aws:username":"${aws:ResourceTag/owner}"}}`, false},
		{`{"StringNotEquals":{"aws:username":"${aws:ResourceTag/owner}"}}`, false}, // the statement does not apply
		{`{"StringNotEquals":{"aws:username":["${aws:ResourceTag/owner}","bo"]}}`, false},
		{`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/${aws:ResourceTag/owner}"}}`, false},
		{`{"StringEquals":{"aws:username":"${aws:ResourceTag/owner, 'ann'}"}}`, true},
		{`{"StringEquals":{"aws:username":"${aws:ResourceTag/team, 'ann'}"}}`, false},
		{`{"StringEquals":{"aws:username":"${$}{aws:username}"}}`, false},
		{`{"StringLike":{"aws:username":"${aws:UserAgent}"}}`, false}, // a wildcard in a value means itself
		// Numbers.
		{`{"NumericEquals":{"aws:ResourceTag/level":5}}`, true},
		{`{"NumericEquals":{"aws:ResourceTag/level":"5.0"}}`, true},
		{`{"NumericNotEquals":{"aws:ResourceTag/level":[4,5]}}`, false},
		{`{"NumericLessThan":{"aws:ResourceTag/level":5}}`, false},
		{`{"NumericLessThanEquals":{"aws:ResourceTag/level":5}}`, true},
		{`{"NumericGreaterThan":{"aws:ResourceTag/level":"4"}}`, true},
		{`{"NumericGreaterThanEquals":{"aws:ResourceTag/level":"6"}}`, false},
		{`{"NumericLessThan":{"aws:ResourceTag/team":5}}`, false},
		{`{"NumericLessThan":{"aws:EpochTime":1796058001}}`, true},
		// Times.
		{`{"DateLessThan":{"aws:CurrentTime":"2026-11-30T17:00:01Z"}}`, true},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-11-30T18:00:00+01:00"}}`, false},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-11-30T17:00:00Z"}}`, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-11-30T18:00+01:00"}}`, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-11-30"}}`, true},
		{`{"DateGreaterThanEquals":{"aws:CurrentTime":"2026-12"}}`, false},
		{`{"DateLessThanEquals":{"aws:CurrentTime":"2027-01"}}`, true},
		{`{"DateLessThan":{"aws:CurrentTime":1796058001}}`, true},
		{`{"DateGreaterThan":{"aws:EpochTime":"2026-11-30T16:59:59Z"}}`, true},
		{`{"DateEquals":{"aws:EpochTime":"2026-11-30T17:00:00Z"}}`, true},
		{`{"DateNotEquals":{"aws:EpochTime":"2026-11-30T17:00:00Z"}}`, false},
		// Truth.
		{`{"Bool":{"aws:SecureTransport":"true"}}`, true},
		{`{"Bool":{"aws:SecureTransport":false}}`, false},
		{`{"Bool":{"aws:SecureTransport":["false","true"]}}`, true},
		// Addresses.
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.9/24"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.7"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.8"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":["2001:db8::/32","203.0.113.0/24"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"::ffff:203.0.113.0/120"}}`, true},
		{`{"NotIpAddress":{"aws:SourceIp":["198.51.100.0/24","203.0.113.0/24"]}}`, false},
		{`{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, true},
		// ARNs.
		{`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/ann"}}`, true},
		{`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/a*"}}`, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:*:*:*:user/ann"}}`, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:*:user/ann:x:y:z"}}`, false},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::1*1:user/ann"}}`, false},
		{`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/b*"}}`, true},
		{`{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/${aws:username}"}}`, false},
		// Keys that the request does not have.
		{`{"StringEquals":{"aws:ResourceTag/none":"x"}}`, false},
		{`{"StringNotEquals":{"aws:ResourceTag/none":"x"}}`, true},
		{`{"StringNotLike":{"aws:ResourceTag/none":"*"}}`, true},
		{`{"NotIpAddress":{"aws:ResourceTag/none":"203.0.113.0/24"}}`, true},
		{`{"NumericNotEquals":{"aws:ResourceTag/none":1}}`, true},
		{`{"Bool":{"aws:ResourceTag/none":"false"}}`, false},
		{`{"StringEqualsIfExists":{"aws:ResourceTag/none":"x"}}`, true},
		{`{"StringEqualsIfExists":{"aws:ResourceTag/team":"x"}}`, false},
		{`{"StringEqualsIfExists":{"aws:ResourceTag/team":"Sales"}}`, true},
		{`{"StringNotEqualsIfExists":{"aws:ResourceTag/none":"x"}}`, true},
		{`{"DateLessThanIfExists":{"aws:ResourceTag/none":"2026-01"}}`, true},
		{`{"Null":{"aws:ResourceTag/none":"true"}}`, true},
		{`{"Null":{"aws:ResourceTag/none":"false"}}`, false},
		{`{"Null":{"aws:ResourceTag/team":true}}`, false},
		{`{"Null":{"aws:ResourceTag/team":"false"}}`, true},
		{`{"Null":{"aws:TagKeys":"false"}}`, true},
		// Several keys, several operators: all must hold.
		{`{"StringEquals":{"aws:username":"ann","aws:ResourceTag/team":"Sales"}}`, true},
		{`{"StringEquals":{"aws:username":"ann","aws:ResourceTag/team":"Legal"}}`, false},
		{`{"StringEquals":{"aws:username":"ann"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, true},
		{`{"StringEquals":{"aws:username":"ann"},"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, false},
		{`{}`, true},
		// Keys with several values.
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost","site"]}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`, false},
		{`{"ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}}`, true},
		{`{"ForAnyValue:StringEquals":{"aws:TagKeys":["site"]}}`, false},
		{`{"ForAllValues:StringLike":{"aws:TagKeys":["t*","c*"]}}`, true},
		{`{"ForAllValues:StringNotEquals":{"aws:TagKeys":["team"]}}`, false},
		{`{"ForAllValues:StringNotEquals":{"aws:TagKeys":["site"]}}`, true},
		{`{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["team"]}}`, true},
		{`{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["team","cost"]}}`, false},
		{`{"ForAllValues:StringEquals":{"aws:ResourceTag/none":"x"}}`, true},
		{`{"ForAllValues:StringNotEquals":{"aws:ResourceTag/none":"x"}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:ResourceTag/empty":"x"}}`, true},
		{`{"ForAnyValue:StringEquals":{"aws:ResourceTag/none":"x"}}`, false},
		{`{"ForAnyValue:StringNotEquals":{"aws:ResourceTag/none":"x"}}`, false},
		{`{"ForAnyValue:StringEqualsIfExists":{"aws:ResourceTag/none":"x"}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:username":["ann","bo"]}}`, true},
	} {
		for effect, when := range map[string]string{"Allow": allowed, "Deny": explicit} {
			want := implicit
			if c.want {
				want = when
			}
			d, err := policyOf(t, `{"Effect":"`+effect+`","Action":"*","Resource":"*","Condition":`+c.condition+`}`).Decide("connect:A", flow, nil, office.lookup)
			if err != nil || outcome(d) != want {
				t.Errorf("%s if %s: %+v, %v; want %s", effect, c.condition, d, err, want)
			}
		}
	}
}

// TestVariablesInResources puts what a request says into the ARN that it has to name.
func TestVariablesInResources(t *testing.T) {
	resource := func(version, pattern string) Policy {
		p, err := Parse([]byte(`{"Version":"` + version + `","Statement":{"Effect":"Allow","Action":"*","Resource":"` + instance + pattern + `"}}`))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		version, pattern, resource string
		want                       bool
	}{
		{versionNow, "/queue/${aws:username}", "/queue/q", true},
		{versionNow, "/queue/${aws:username}", "/queue/r", false},
		{versionNow, "/queue/${aws:username}/*", "/queue/q/x", true},
		{versionNow, "/queue/${aws:ResourceTag/none}", "/queue/", false},
		{versionNow, "/queue/${aws:ResourceTag/none, 'q'}", "/queue/q", true},
		{versionNow, "/queue/${aws:UserAgent}", "/queue/q", false}, // which is "*", and means itself
		{versionNow, "/queue/${aws:UserAgent}", "/queue/*", true},
		{versionNow, "/queue/${*}", "/queue/q", false},
		{versionNow, "/queue/${*}", "/queue/*", true},
		{versionNow, "/queue/${?}", "/queue/?", true},
		{versionNow, "/queue/${$}{x}", "/queue/${x}", true},
		{versionOld, "/queue/${aws:username}", "/queue/q", false},
		{versionOld, "/queue/${aws:username}", "/queue/${aws:username}", true},
		{versionOld, "/queue/${*}", "/queue/${anything}", true},
	} {
		who := request{"aws:username": {"q"}, "aws:UserAgent": {"*"}}
		d, err := resource(c.version, c.pattern).Decide("connect:A", instance+c.resource, nil, who.lookup)
		if err != nil || d.Allowed != c.want {
			t.Errorf("%s of %s for %s: %+v, %v; want %v", c.pattern, c.version, c.resource, d, err, c.want)
		}
	}
	if d, err := resource(versionNow, "/queue/${aws:username}").Decide("connect:A", queue, nil, request{"aws:username": {"\x00"}}.lookup); err == nil {
		t.Errorf("a value that is a wildcard inside: %+v", d)
	}
}

func TestGlobIsBounded(t *testing.T) {
	if glob(strings.Repeat(anything+"a", 200)+"b", strings.Repeat("a", 2000), false) {
		t.Error("matched")
	}
	p := "a" + anything + "b" + anything + "c"
	if !glob(p, "axxbxxbxxc", false) || glob(p, "axxbxxbxx", false) {
		t.Error("going back to the last wildcard is not right")
	}
	if !glob("a\x01c", "aéc", false) || glob("a\x01c", "ac", false) {
		t.Error("one character is not one")
	}
}
