package cli

import (
	"strings"
	"testing"
)

const officePolicy = `{"Version":"2012-10-17","Statement":[
	{"Sid":"Office","Effect":"Allow","Action":["connect:Start*","connect:Lst*","s3:GetObject"],"Resource":"*",
	 "Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringEqualsIfExists":{"aws:ResourceTag/Team":"sales"}}},
	{"Effect":"Allow","Action":"connect:TagResource","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}},
	{"Effect":"Allow","Action":"connect:DescribeQueue","Resource":"arn:aws:connect:*:*:instance/I/queue/*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01"}}},
	{"Effect":"Deny","Action":"connect:StopContact","Resource":"*"}]}`

func TestPolicyCheck(t *testing.T) {
	file := write(t, "policy.json", officePolicy)
	status, out, errs := parley(t, "", "policy", "check", file)
	want := `warning: statement 1 ("Office"): connect:Lst* matches no operation` + "\n" +
		`warning: statement 1 ("Office"): s3:GetObject matches no operation` + "\n" + file + " is a policy for access keys\n"
	if status != 0 || out != want || errs != "" {
		t.Errorf("%d %q %q; want %q", status, out, errs, want)
	}
	file = write(t, "wrong.json", strings.Replace(officePolicy, "IpAddress", "IPAddress", 1))
	for _, args := range [][]string{{"policy", "check", file}, {"keys", "create", "--data", t.TempDir(), "--name", "x", "--policy", file}} {
		status, out, errs = parley(t, "", args...)
		want = "parley: policy " + file + `: statement 1 ("Office") of the policy: Condition: operator "IPAddress" is not supported (write IpAddress); the operators are `
		if status != 2 || out != "" || !strings.HasPrefix(errs, want) {
			t.Errorf("%q: %d %q %q; want %q", args, status, out, errs, want)
		}
	}
}

func TestPolicySimulate(t *testing.T) {
	file := write(t, "policy.json", officePolicy)
	const queue = "arn:aws:connect:us-east-1:123456789012:instance/I/queue/Q"
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"--action connect:StartChatContact --context aws:sourceip=203.0.113.9", 0, `allowed: statement 1 ("Office") of the key's policy allows it`},
		{"--action connect:StartChatContact --context aws:SourceIp=203.0.113.9 --context aws:ResourceTag/team=sales", 0, "allowed: "},
		{"--action connect:StartChatContact --context aws:SourceIp=203.0.113.9 --context aws:ResourceTag/TEAM=legal", 1, "but for its condition StringEqualsIfExists on aws:ResourceTag/Team"},
		{"--action connect:StartChatContact", 1, `refused: no statement of the key's policy allows it; statement 1 ("Office") would, but for its condition IpAddress on aws:SourceIp`},
		{"--action connect:StopContact", 1, "refused: statement 4 of the key's policy denies it"},
		{"--action connect:DescribeQueue --resource " + queue, 0, "allowed: statement 3 of the key's policy allows it"},
		{"--action connect:DescribeQueue --resource " + queue + " --context aws:CurrentTime=2025-12-31T00:00:00Z", 1, "refused: no statement"},
		{"--action connect:DescribeQueue", 1, "refused: no statement of the key's policy allows it"},
		{"--action connect:TagResource --context aws:TagKeys=a --context aws:TagKeys=b", 0, "allowed: statement 2"},
		{"--action connect:TagResource --context aws:TagKeys=a --context aws:TagKeys=c", 1, "refused: "},
		{"--action StopContact", 2, "write connect:StopContact"},
		{"--action connect:Stop*", 2, "no wildcards"},
		{"--action connect:StopContact --context aws:SourceIp", 2, "want KEY=VALUE"},
		{"--action connect:StopContact --context aws:SourceVpc=x", 2, `condition key "aws:SourceVpc" is not supported`},
		{"--action connect:StopContact --context aws:SourceIp=10.0.0.1 --context aws:SourceIp=10.0.0.2", 2, "has one value only"},
	} {
		status, out, errs := parley(t, "", append([]string{"policy", "simulate", file}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.Contains(out+errs, c.says) || strings.Count(out+errs, "\n") != 1 {
			t.Errorf("simulate %s: %d %q %q; want %d and one line with %q", c.args, status, out, errs, c.status, c.says)
		}
	}
	// What no call is ever asked about is decided, and a warning says so.
	for action, known := range map[string]bool{"connect:StrtChatContact": false, "s3:GetObject": false, "parley:Erase": true, "parley:CreateKey": true, "connect:listqueues": true} {
		status, out, errs := parley(t, "", "policy", "simulate", file, "--action", action)
		if warned := strings.HasPrefix(errs, "warning: "+action+" matches no operation"); status != 1 || !strings.HasPrefix(out, "refused: ") || warned == known || known && errs != "" {
			t.Errorf("simulate %s: %d %q %q; want a warning: %v", action, status, out, errs, !known)
		}
	}
}
