package server_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// policyOf makes a policy of statements.
func policyOf(t *testing.T, statements string) auth.Policy {
	t.Helper()
	policy, err := auth.ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// allowIf is a statement that allows actions under a condition.
func allowIf(actions, condition string) string {
	return `{"Effect":"Allow","Action":` + actions + `,"Resource":"*","Condition":` + condition + `}`
}

// TestPolicyConditions holds keys to the conditions of their policies.
func TestPolicyConditions(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	in := s.Request(t)
	instance := "arn:aws:connect:us-east-1:123456789012:instance/" + in.InstanceId
	untagged := s.Flow(t, "Other", strings.Replace(enginetest.Greet, "Hello", "Goodbye", 1))
	ctx := t.Context()
	if _, err := s.Connect.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: instance + "/contact-flow/" + in.ContactFlowId, Tags: map[string]string{"team": "sales"}}); err != nil {
		t.Fatal(err)
	}
	s.Stop()

	const all = `{"Effect":"Allow","Action":"*","Resource":"*"},`
	keys := map[string]auth.Key{}
	for name, statements := range map[string]string{
		"local":     all + `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["127.0.0.0/8","::1/128"]}}}`,
		"office":    all + `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}`,
		"encrypted": all + `{"Sid":"TLS","Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
		"elsewhere": all + `{"Effect":"Deny","Action":"connect:*","Resource":"*","Condition":{"StringEquals":{"connect:instanceId":"` + in.InstanceId + `"}}}`,
		"past":      allowIf(`"*"`, `{"DateLessThan":{"aws:CurrentTime":"2026-01-01"}}`),
		"tagged":    allowIf(`"connect:StartChatContact"`, `{"StringEquals":{"aws:ResourceTag/team":"sales"}}`) + "," + allowIf(`["connect:StopContact","connect:TagContact"]`, `{"StringEquals":{"aws:ResourceTag/by":"tagged"}}`),
		"tagging":   allowIf(`["connect:TagContact","connect:UntagContact"]`, `{"ForAllValues:StringLike":{"aws:TagKeys":["b?","cost"]},"StringEqualsIfExists":{"aws:RequestTag/by":"${aws:username}"}}`),
		"attribute": allowIf(`"connect:DescribeInstanceAttribute"`, `{"StringEquals":{"connect:AttributeType":"CONTACT_LENS"}}`),
		"flows":     allowIf(`["connect:CreateContactFlow","connect:DescribeContactFlow"]`, `{"ForAnyValue:StringEquals":{"connect:FlowType":"CONTACT_FLOW"}}`),
		"chats":     allowIf(`"connect:DescribeContact"`, `{"StringEquals":{"connect:Channel":"CHAT"}}`),
		"wisp":      `{"Effect":"Allow","Action":"*","Resource":"` + instance + `/queue/${aws:username}"}`,
	} {
		keys[name] = createKey(t, dir, name, policyOf(t, statements))
	}
	s = servertest.Start(t, servertest.Production(dir))
	as := func(name string) *connect.Client { return s.Client(keys[name]) }
	start := func(name, flow string) (string, error) {
		request := *in
		request.ContactFlowId = flow
		out, err := as(name).StartChatContact(ctx, &request)
		if err != nil {
			return "", err
		}
		return *out.ContactId, nil
	}
	describe := func(name string) error {
		_, err := as(name).DescribeInstance(ctx, &connect.DescribeInstanceRequest{InstanceId: in.InstanceId})
		return err
	}
	may := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	mayNot := func(what string, err error) {
		t.Helper()
		servertest.Refused(t, what, err, "AccessDeniedException", 403)
	}

	may("from this machine", describe("local"))
	mayNot("from another network", describe("office"))
	mayNot("without TLS", describe("encrypted"))
	mayNot("in the instance that is denied by its id", describe("elsewhere"))
	_, err := as("elsewhere").TagResource(ctx, &connect.TagResourceRequest{ResourceArn: instance + "/contact-flow/" + untagged, Tags: map[string]string{"a": "b"}})
	mayNot("by an ARN in the instance that is denied by its id", err)
	_, err = as("elsewhere").ListInstances(ctx, &connect.ListInstancesRequest{})
	may("what names no instance", err)
	mayNot("after the date", describe("past"))

	chat, err := start("tagged", in.ContactFlowId)
	may("a flow with the tag", err)
	_, err = start("tagged", untagged)
	mayNot("a flow without the tag", err)
	_, err = start("tagged", "44444444-4444-4444-8444-444444444444")
	mayNot("a flow that does not exist", err)
	stop := func() error {
		_, err := as("tagged").StopContact(ctx, &connect.StopContactRequest{InstanceId: in.InstanceId, ContactId: chat})
		return err
	}
	tag := func(name string, tags map[string]string) error {
		_, err := as(name).TagContact(ctx, &connect.TagContactRequest{InstanceId: in.InstanceId, ContactId: chat, Tags: tags})
		return err
	}
	mayNot("a contact without the tag", stop())
	mayNot("a tag that may not be set", tag("tagging", map[string]string{"by": "tagging", "site": "x"}))
	mayNot("a tag with another value", tag("tagging", map[string]string{"by": "tagged"}))
	may("tags that may be set", tag("tagging", map[string]string{"by": "tagging", "cost": "1"}))
	_, err = as("tagging").UntagContact(ctx, &connect.UntagContactRequest{InstanceId: in.InstanceId, ContactId: chat, TagKeys: []string{"cost", "site"}})
	mayNot("a tag that may not be removed", err)
	if _, err := s.Client(auth.Key{}).ListInstances(ctx, &connect.ListInstancesRequest{}); err == nil {
		t.Error("a call without a key")
	}
	mayNot("a contact with another tag", stop())
	may("a contact that others describe", func() error {
		_, err := as("chats").DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: in.InstanceId, ContactId: chat})
		return err
	}())
	may("any tag of a key without conditions", func() error {
		_, err := as("local").TagContact(ctx, &connect.TagContactRequest{InstanceId: in.InstanceId, ContactId: chat, Tags: map[string]string{"by": "tagged"}})
		return err
	}())
	may("a contact with the tag", stop())

	attribute := func(typ connect.InstanceAttributeType) error {
		_, err := as("attribute").DescribeInstanceAttribute(ctx, &connect.DescribeInstanceAttributeRequest{InstanceId: in.InstanceId, AttributeType: typ})
		return err
	}
	may("the attribute", attribute("CONTACT_LENS"))
	mayNot("another attribute", attribute("INBOUND_CALLS"))
	create := func(typ connect.ContactFlowType) error {
		_, err := as("flows").CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: in.InstanceId, Name: "New " + string(typ), Type: typ, Content: enginetest.Greet})
		return err
	}
	may("a flow of the type", create("CONTACT_FLOW"))
	mayNot("a flow of another type", create("CUSTOMER_QUEUE"))
	_, err = as("flows").DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: in.InstanceId, ContactFlowId: untagged})
	may("a flow that has the type", err)
	_, err = as("wisp").DescribeQueue(ctx, &connect.DescribeQueueRequest{InstanceId: in.InstanceId, QueueId: "wisp"})
	servertest.Refused(t, "the queue that a variable names", err, "ResourceNotFoundException", 404)
	_, err = as("wisp").DescribeQueue(ctx, &connect.DescribeQueueRequest{InstanceId: in.InstanceId, QueueId: "other"})
	mayNot("another queue", err)
}

// TestPolicyExplained says in development mode, in a header and in the log, which statement of a
// policy refused a call. Times are the server's: they move with its clock.
func TestPolicyExplained(t *testing.T) {
	dir := t.TempDir()
	var log logbook
	persistent := func(c *server.Config) { c.Data, c.Log = dir, slog.New(slog.NewTextHandler(&log, nil)) }
	s := servertest.Start(t, persistent)
	in := s.Request(t)
	until := s.Clock().Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	s.Stop()
	key := createKey(t, dir, "guest", policyOf(t, `{"Sid":"Guests","Effect":"Allow","Action":"connect:*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"`+until+`"}}},
		{"Sid":"NoDeletion","Effect":"Deny","Action":"connect:Delete*","Resource":"*"}`))
	s = servertest.Start(t, persistent)
	ask := func(method, path string, as string) reply {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := (authtest.Signer{ID: as, Secret: "whatever"}).Sign(r, nil, s.Clock().Now()); err != nil {
			t.Fatal(err)
		}
		return do(t, s, r)
	}
	var reasons []string
	refused := func(r reply, reason string) {
		t.Helper()
		if got := r.header.Get("X-Parley-Debug-Reason"); r.status != 403 || !strings.HasSuffix(got, reason) || strings.Contains(r.body, "statement") {
			t.Errorf("%d %s: %q; want that it ends with %s", r.status, r.body, got, reason)
		}
		reasons = append(reasons, reason)
	}
	if r := ask("GET", "/instance/"+in.InstanceId, key.ID); r.status != 200 {
		t.Errorf("before the time is over: %d %s", r.status, r.body)
	}
	refused(ask("DELETE", "/instance/"+in.InstanceId, key.ID), `/`+in.InstanceId+` with an explicit deny in an identity-based policy: statement 2 ("NoDeletion") of the key's policy denies it`)
	if r := call(t, s, "POST", "/dev/clock", `{"Advance":"49h"}`); r.status != 200 {
		t.Fatalf("the clock: %d %s", r.status, r.body)
	}
	refused(ask("GET", "/instance/"+in.InstanceId, key.ID), `: no statement of the key's policy allows it; statement 1 ("Guests") would, but for its condition DateLessThan on aws:CurrentTime`)
	if r := ask("GET", "/instance/"+in.InstanceId, "AKIAANYBODYATALL0000"); r.status != 200 {
		t.Errorf("a key that does not exist: %d %s", r.status, r.body)
	}
	s.Stop() // requests are logged behind their answers
	for _, reason := range reasons {
		if !strings.Contains(log.String(), strings.ReplaceAll(reason, `"`, `\"`)) {
			t.Errorf("the log does not say %s:\n%s", reason, log.String())
		}
	}
}

// TestPolicyOfDamagedKey has a policy that cannot be evaluated deny everything, and leaves it as it is.
func TestPolicyOfDamagedKey(t *testing.T) {
	dir := t.TempDir()
	var log logbook
	s := servertest.Start(t, servertest.Production(dir))
	s.Instance(t)
	s.Stop()
	var policy auth.Policy
	const text = `{"Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"],"Condition":{"Sometimes":{"aws:SourceIp":"127.0.0.1"}}}]}`
	if err := policy.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	key := auth.NewKey("odd", policy, time.Now())
	storeKey(t, dir, key, func(k keystore.Keys) error { return k.Put(t.Context(), key) })
	s = servertest.Start(t, servertest.Production(dir), func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	_, err := s.Client(key).ListInstances(t.Context(), &connect.ListInstancesRequest{})
	servertest.Refused(t, "with a policy that cannot be evaluated", err, "AccessDeniedException", 403)
	s.Stop() // requests are logged behind their answers
	if want := `cannot be evaluated, so it denies everything: statement 1 of the policy: Condition: operator`; !strings.Contains(log.String(), want) {
		t.Errorf("the log does not say %s:\n%s", want, log.String())
	}
}
