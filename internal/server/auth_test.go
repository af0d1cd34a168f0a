package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store/sqlite"
)

// signed makes a request for the service connect and lets change touch it
// before and after it is signed.
func signed(t *testing.T, s *servertest.Server, key auth.Key, at time.Time, body string, before, after func(*http.Request)) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", s.URL+"/instance?a=b", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "https://shop.example")
	if before != nil {
		before(r)
	}
	if err := (authtest.Signer{ID: key.ID, Secret: key.Secret}).Sign(r, []byte(body), at); err != nil {
		t.Fatal(err)
	}
	if after != nil {
		after(r)
	}
	return do(t, s, r)
}

// TestSignatures tries the ways in which a request can be signed badly: three
// exceptions of the reference, each 403 and readable by a page.
func TestSignatures(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	key := s.Key
	now := s.Clock().Now()
	wrong := key
	wrong.Secret = strings.Repeat("x", 40)
	stranger := auth.NewKey("stranger", auth.FullAccess(), now)
	const body = `{"IdentityManagementType":"SAML","InboundCallsEnabled":true,"OutboundCallsEnabled":true,"InstanceAlias":"signed"}`
	without := func(r *http.Request) { r.Header.Del("Authorization") }
	for _, c := range []struct {
		name          string
		key           auth.Key
		at            time.Time
		before, after func(*http.Request)
		code          string
	}{
		{"no signature", key, now, nil, without, auth.MissingAuthenticationToken},
		{"another scheme", key, now, nil, func(r *http.Request) { r.SetBasicAuth("root", "root") }, auth.MissingAuthenticationToken},
		{"a wrong secret", wrong, now, nil, nil, auth.InvalidSignature},
		{"a changed header", key, now, nil, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, auth.InvalidSignature},
		{"a changed query", key, now, nil, func(r *http.Request) { r.URL.RawQuery = "a=c" }, auth.InvalidSignature},
		{"a changed path", key, now, nil, func(r *http.Request) { r.URL.Path = "/instance/" }, auth.InvalidSignature},
		{"a changed body", key, now, nil, func(r *http.Request) {
			setBody(r, []byte(strings.Replace(body, "signed", "sIgned", 1)), int64(len(body)))
		}, auth.InvalidSignature},
		{"a cut signature", key, now, nil, func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")[:100])
		}, auth.InvalidSignature},
		{"a stranger's key", stranger, now, nil, nil, auth.UnrecognizedClient},
		{"a session token", key, now, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "token") }, nil, auth.UnrecognizedClient},
		{"signed long ago", key, now.Add(-6 * time.Minute), nil, nil, auth.InvalidSignature},
		{"signed in the future", key, now.Add(6 * time.Minute), nil, nil, auth.InvalidSignature},
	} {
		r := signed(t, s, c.key, c.at, body, c.before, c.after)
		if r.status != 403 || r.code(t) != c.code {
			t.Errorf("%s: %d %s; want 403 %s", c.name, r.status, r.body, c.code)
		}
		if r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("Date") == "" {
			t.Errorf("%s: a client cannot learn from %v", c.name, r.header)
		}
		if r.header.Get("X-Parley-Debug-Reason") != "" || strings.Contains(r.body, key.Secret) {
			t.Errorf("%s: the answer says too much: %v %s", c.name, r.header, r.body)
		}
	}
	if r := signed(t, s, key, now.Add(4*time.Minute), body, nil, nil); r.status != 200 {
		t.Errorf("well signed, four minutes ahead: %d %s", r.status, r.body)
	}
}

// TestPresigned takes the signature from the query, as a URL carries it.
func TestPresigned(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	at := func(signed time.Time, lasts time.Duration, change func(string) string) reply {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/instance?maxResults=5", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := (authtest.Signer{ID: s.Key.ID, Secret: s.Key.Secret}).Presign(r, nil, signed, lasts); err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = change(r.URL.RawQuery)
		return do(t, s, r)
	}
	same := func(q string) string { return q }
	now := s.Clock().Now()
	if r := at(now, time.Minute, same); r.status != 200 {
		t.Errorf("a presigned URL: %d %s", r.status, r.body)
	}
	if r := at(now, time.Minute, func(q string) string { return strings.Replace(q, "maxResults=5", "maxResults=6", 1) }); r.status != 403 || r.code(t) != auth.InvalidSignature {
		t.Errorf("a changed URL: %d %s", r.status, r.body)
	}
	if r := at(now.Add(-time.Hour), 2*time.Hour, same); r.status != 200 {
		t.Errorf("an hour old, good for two: %d %s", r.status, r.body)
	}
	if r := at(now.Add(-time.Hour), 30*time.Minute, same); r.status != 403 || r.code(t) != auth.InvalidSignature {
		t.Errorf("an hour old, good for half: %d %s", r.status, r.body)
	}
	if r := at(now, 8*24*time.Hour, same); r.status != 403 {
		t.Errorf("good for eight days: %d %s", r.status, r.body)
	}
}

// TestPolicies holds a key to its policy, operation by operation.
func TestPolicies(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	s.Flow(t, "Greet", enginetest.Greet)
	s.Stop()
	policy, err := auth.ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["connect:Start*","connect:List*"],"Resource":"*"},
		{"Effect":"Deny","Action":"connect:ListQueues","Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	website := createKey(t, dir, "website", policy)
	s = servertest.Start(t, servertest.Production(dir))
	instance := s.Instance(t)
	limited := s.Client(website)
	in := s.Request(t)
	if _, err := limited.StartChatContact(t.Context(), in); err != nil {
		t.Errorf("an allowed operation: %v", err)
	}
	_, err = limited.DescribeInstance(t.Context(), &connect.DescribeInstanceRequest{InstanceId: instance})
	servertest.Refused(t, "an operation that nothing allows", err, "AccessDeniedException", 403)
	if !strings.Contains(err.Error(), "arn:aws:iam::123456789012:user/website is not authorized to perform: connect:DescribeInstance") {
		t.Errorf("the refusal says %v", err)
	}
	_, err = limited.ListQueues(t.Context(), &connect.ListQueuesRequest{InstanceId: instance})
	servertest.Refused(t, "an operation that is denied", err, "AccessDeniedException", 403)
}

// TestPolicyResources holds keys to the resources of their policies: a flow, or all but an instance.
func TestPolicyResources(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	in, other := s.Request(t), s.Flow(t, "Other", strings.Replace(enginetest.Greet, "Hello", "Goodbye", 1))
	instance := "arn:aws:connect:us-east-1:123456789012:instance/" + in.InstanceId
	s.Stop()
	key := func(name, statements string) auth.Key {
		policy, err := auth.ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return createKey(t, dir, name, policy)
	}
	oneFlow := key("one-flow", `{"Effect":"Allow","Action":"connect:*","Resource":"`+instance+`/contact-flow/`+in.ContactFlowId+`"}`)
	elsewhere := key("elsewhere", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"`+instance+`"}`)
	s = servertest.Start(t, servertest.Production(dir))

	website := s.Client(oneFlow)
	started, err := website.StartChatContact(t.Context(), in)
	if err != nil {
		t.Fatalf("the flow that is allowed: %v", err)
	}
	byARN := *in
	byARN.InstanceId, byARN.ContactFlowId = instance, instance+"/contact-flow/"+in.ContactFlowId
	if _, err := website.StartChatContact(t.Context(), &byARN); err != nil {
		t.Errorf("the same flow by its ARN: %v", err)
	}
	refused := func(what string, err error, resource string) {
		t.Helper()
		servertest.Refused(t, what, err, "AccessDeniedException", 403)
		if err != nil && !strings.Contains(err.Error(), " on resource: "+resource) {
			t.Errorf("%s: %v; want it to name %s", what, err, resource)
		}
	}
	another := *in
	another.ContactFlowId = other
	_, err = website.StartChatContact(t.Context(), &another)
	refused("another flow", err, instance+"/contact-flow/"+other)
	_, err = website.StopContact(t.Context(), &connect.StopContactRequest{InstanceId: in.InstanceId, ContactId: *started.ContactId})
	refused("the chat that was started", err, instance+"/contact/"+*started.ContactId)
	_, err = website.ListContactFlows(t.Context(), &connect.ListContactFlowsRequest{InstanceId: in.InstanceId})
	refused("all flows of the instance", err, instance+"/contact-flow/*")
	_, err = website.ListInstances(t.Context(), &connect.ListInstancesRequest{})
	refused("all instances", err, "*")
	_, err = website.StartChatContact(t.Context(), &connect.StartChatContactRequest{InstanceId: in.InstanceId, ContactFlowId: other})
	refused("another flow, in a request that lacks a member", err, instance+"/contact-flow/"+other)

	stranger := s.Client(elsewhere)
	if _, err := stranger.ListInstances(t.Context(), &connect.ListInstancesRequest{}); err != nil {
		t.Errorf("a call that names no instance: %v", err)
	}
	_, err = stranger.StartChatContact(t.Context(), in)
	refused("a flow of the instance that is denied", err, instance)
	_, err = stranger.DescribeInstance(t.Context(), &connect.DescribeInstanceRequest{InstanceId: instance})
	refused("the instance that is denied, by its ARN", err, instance)
	_, err = stranger.TagResource(t.Context(), &connect.TagResourceRequest{ResourceArn: instance + "/contact-flow/" + other, Tags: map[string]string{"a": "b"}})
	refused("an ARN in the instance that is denied", err, instance)
}

// createKey makes a key in a data directory whose server is stopped.
func createKey(t *testing.T, dir, name string, policy auth.Policy) auth.Key {
	t.Helper()
	key := auth.NewKey(name, policy, time.Now())
	storeKey(t, dir, key, func(k keystore.Keys) error { return (&auth.Keys{Store: k}).Put(t.Context(), key) })
	return key
}

// storeKey has a key stored in a data directory whose server is stopped.
func storeKey(t *testing.T, dir string, key auth.Key, put func(keystore.Keys) error) {
	t.Helper()
	store, vault := openStopped(t, dir)
	defer store.Close()
	if err := put(keystore.Keys{Store: store, Vault: vault}); err != nil {
		t.Fatalf("store %v: %v", key, err)
	}
}

// openStopped opens the data directory of a server that is stopped.
func openStopped(t *testing.T, dir string) (*sqlite.Store, *keystore.Vault) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	vault, err := keystore.Unlock(t.Context(), store, filepath.Join(dir, keystore.SecretFile), nil)
	if err != nil {
		store.Close()
		t.Fatal(err)
	}
	return store, vault
}

// TestFirstKey makes a key on the first start, and never again.
func TestFirstKey(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	path := filepath.Join(dir, "first-key.env")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the first key's file: %v, %v; want the owner alone to read it", info, err)
	}
	if text := s.Welcome(s.URL); !strings.Contains(text, path) || strings.Contains(text, s.Key.Secret) {
		t.Errorf("the server welcomes with %s", text)
	}
	s.Instance(t) // the key works
	s.Stop()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	again := servertest.Start(t, servertest.Production(dir))
	if again.Key.ID != "" || strings.Contains(again.Welcome(again.URL), "first") {
		t.Error("the second start made another key")
	}
	if _, err := again.Client(s.Key).ListInstances(t.Context(), &connect.ListInstancesRequest{}); err != nil {
		t.Errorf("the first key after a restart: %v", err)
	}
}
