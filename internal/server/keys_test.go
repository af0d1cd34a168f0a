package server_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/keysapi"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// manage returns a client of the API of keys that signs with a key.
func manage(s *servertest.Server, key auth.Key) *keysapi.Client {
	return keysapi.NewClient(restjson.ClientConfig{Endpoint: s.URL, HTTPClient: s.HTTP, Sign: func(r *http.Request, body []byte) error {
		return authtest.Signer{ID: key.ID, Secret: key.Secret}.Sign(r, body, s.Clock().Wall())
	}})
}

// makeKey makes a key with a policy, "" for full access.
func makeKey(t *testing.T, s *servertest.Server, name, policy string) auth.Key {
	t.Helper()
	in := &keysapi.CreateKeyRequest{Name: name, Policy: auth.FullAccess().String()}
	if policy != "" {
		in.Policy = policy
	}
	out, err := manage(s, s.Key).CreateKey(t.Context(), in)
	if err != nil {
		t.Fatalf("CreateKey(%s): %v", name, err)
	}
	return auth.Key{ID: out.Key.AccessKeyId, Secret: out.SecretAccessKey}
}

// TestKeysAreManaged while the server runs: what is changed counts at once.
func TestKeysAreManaged(t *testing.T) {
	ctx := t.Context()
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	api := manage(s, s.Key)
	website := makeKey(t, s, "website", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"connect:*","Resource":"*"}]}`)
	works := func(what string, want bool) {
		t.Helper()
		_, err := s.Client(website).ListInstances(ctx, &connect.ListInstancesRequest{})
		if want && err != nil {
			t.Errorf("%s: %v", what, err)
		} else if !want {
			servertest.Refused(t, what, err, "UnrecognizedClientException", 403)
		}
	}
	works("a new key", true)
	listed := func() keysapi.Key {
		t.Helper()
		list, err := api.ListKeys(ctx, &keysapi.ListKeysRequest{})
		if err != nil || len(list.Keys) != 2 {
			t.Fatalf("ListKeys = %+v, %v", list, err)
		}
		if list.Keys[0].Name != "first" || list.Keys[0].LastUsed == nil || list.Keys[0].LastUsed.Operation != "ListKeys" {
			t.Errorf("the first key is listed as %+v", list.Keys[0])
		}
		return list.Keys[1]
	}
	k := listed()
	if k.AccessKeyId != website.ID || k.Name != "website" || k.State != keysapi.Active || k.Created == nil || !strings.Contains(k.Policy, "connect:*") {
		t.Errorf("the key is listed as %+v", k)
	}
	if u := k.LastUsed; u == nil || u.Operation != "ListInstances" || u.Address != "127.0.0.1" || s.Clock().Wall().Sub(*u.Time) > time.Minute {
		t.Errorf("the last use is %+v", u)
	}
	for _, state := range []string{keysapi.Disabled, keysapi.Disabled, keysapi.Active} {
		out, err := api.UpdateKey(ctx, &keysapi.UpdateKeyRequest{AccessKeyId: website.ID, State: state})
		if err != nil || out.Key.State != state || out.Key.Name != "website" {
			t.Errorf("UpdateKey(%s) = %+v, %v", state, out, err)
		}
		works("a key that is "+state, state == keysapi.Active)
		if listed().State != state {
			t.Errorf("a key that is %s is listed otherwise", state)
		}
	}

	// What a key may not.
	_, err := manage(s, website).ListKeys(ctx, &keysapi.ListKeysRequest{})
	servertest.Refused(t, "a key that may not list keys", err, "AccessDeniedException", 403)
	if !strings.Contains(err.Error(), "parley:ListKeys") {
		t.Errorf("the refusal is %v", err)
	}
	lister := makeKey(t, s, "lister", `{"Statement":[{"Effect":"Allow","Action":"parley:List*","Resource":"*"}]}`)
	if _, err := manage(s, lister).ListKeys(ctx, &keysapi.ListKeysRequest{}); err != nil {
		t.Errorf("a key that may list keys: %v", err)
	}
	_, err = manage(s, lister).CreateKey(ctx, &keysapi.CreateKeyRequest{Name: "more", Policy: auth.FullAccess().String()})
	servertest.Refused(t, "a key that may list keys only", err, "AccessDeniedException", 403)
	_, err = manage(s, lister).RotateTokenSecret(ctx, &keysapi.RotateTokenSecretRequest{})
	servertest.Refused(t, "a key that may list keys only", err, "AccessDeniedException", 403)

	// What cannot be.
	_, err = api.CreateKey(ctx, &keysapi.CreateKeyRequest{Name: "two words", Policy: auth.FullAccess().String()})
	servertest.Refused(t, "a name with a space", err, "ValidationException", 400)
	_, err = api.CreateKey(ctx, &keysapi.CreateKeyRequest{})
	servertest.Refused(t, "no name", err, "ValidationException", 400)
	_, err = api.CreateKey(ctx, &keysapi.CreateKeyRequest{Name: "x", Policy: `{"Statement":[{"Effect":"Perhaps"}]}`})
	servertest.Refused(t, "an odd policy", err, "ValidationException", 400)
	_, err = api.UpdateKey(ctx, &keysapi.UpdateKeyRequest{AccessKeyId: website.ID, State: "Asleep"})
	servertest.Refused(t, "an odd state", err, "ValidationException", 400)
	_, err = api.UpdateKey(ctx, &keysapi.UpdateKeyRequest{AccessKeyId: "AKIANONE000000000000", State: keysapi.Active})
	servertest.Refused(t, "an unknown key", err, "ResourceNotFoundException", 404)
	_, err = api.DeleteKey(ctx, &keysapi.DeleteKeyRequest{AccessKeyId: "AKIANONE000000000000"})
	servertest.Refused(t, "an unknown key", err, "ResourceNotFoundException", 404)
	_, err = api.RotateTokenSecret(ctx, &keysapi.RotateTokenSecretRequest{OverlapSeconds: new(int64(1 << 62))})
	servertest.Refused(t, "a long overlap", err, "ValidationException", 400)

	// The last one that may manage keys is kept, unless that is forced.
	_, err = api.DeleteKey(ctx, &keysapi.DeleteKeyRequest{AccessKeyId: s.Key.ID})
	servertest.Refused(t, "the last one that may manage keys", err, "ResourceInUseException", 409)
	_, err = api.UpdateKey(ctx, &keysapi.UpdateKeyRequest{AccessKeyId: s.Key.ID, State: keysapi.Disabled})
	servertest.Refused(t, "the last one that may manage keys", err, "ResourceInUseException", 409)
	if out, err := api.DeleteKey(ctx, &keysapi.DeleteKeyRequest{AccessKeyId: website.ID}); err != nil || out.Key.Name != "website" {
		t.Errorf("DeleteKey = %+v, %v", out, err)
	}
	works("a deleted key", false)
	if _, err := api.DeleteKey(ctx, &keysapi.DeleteKeyRequest{AccessKeyId: s.Key.ID, Force: new(true)}); err != nil {
		t.Errorf("by force: %v", err)
	}
	_, err = api.ListKeys(ctx, &keysapi.ListKeysRequest{})
	servertest.Refused(t, "the deleted first key", err, "UnrecognizedClientException", 403)
}

// TestKeysAreNotForPages: whatever the mode, a page cannot read or change keys, nor can who
// is not truly signed, or holds a URL.
func TestKeysAreNotForPages(t *testing.T) {
	for name, option := range map[string]func(*server.Config){"development": func(*server.Config) {}, "production": servertest.Production(t.TempDir())} {
		s := servertest.Start(t, option, func(c *server.Config) { c.AdminListen = "127.0.0.1:0" })
		key := s.Key
		if s.Dev {
			key = auth.NewKey("stranger", auth.FullAccess(), s.Clock().Wall())
		}
		ask := func(method, path, body string, sign func(*http.Request) error, headers ...string) reply {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			if sign != nil {
				if err := sign(r); err != nil {
					t.Fatal(err)
				}
			}
			return do(t, s, r)
		}
		const body = `{"Name":"intruder","Policy":"{\"Statement\":[]}"}`
		signer := authtest.Signer{ID: key.ID, Secret: key.Secret}
		signed := func(r *http.Request) error { return signer.Sign(r, []byte(body), s.Clock().Wall()) }
		presigned := func(r *http.Request) error {
			return signer.Presign(r, []byte(body), s.Clock().Wall(), time.Minute)
		}
		origin := []string{"Origin", "https://shop.example", "Content-Type", "text/plain"}
		for _, c := range []struct {
			what, method string
			sign         func(*http.Request) error
			headers      []string
		}{
			{"not signed", "POST", nil, nil},
			{"not signed, of a page", "POST", nil, origin},
			{"not signed, read by a page", "GET", nil, origin},
			{"signed, of a page", "POST", signed, origin},
			{"signed, of a page of the server", "POST", signed, []string{"Origin", s.URL}},
			{"signed, of a frame", "POST", signed, []string{"Origin", "null"}},
			{"signed, sent for a page", "POST", signed, []string{"Sec-Fetch-Site", "same-origin"}},
			{"presigned", "POST", presigned, nil},
		} {
			r := ask(c.method, "/parley/keys", body, c.sign, c.headers...)
			if code := r.code(t); r.status != 403 || s.Dev && strings.HasPrefix(c.what, "signed") && code != auth.UnrecognizedClient {
				t.Errorf("%s, %s: %d %s", name, c.what, r.status, r.body)
			}
			if h := r.header.Get("Access-Control-Allow-Origin"); h != "" {
				t.Errorf("%s, %s: pages of %s may read the answer", name, c.what, h)
			}
		}
		for _, path := range []string{"/parley/keys", "/parley/keys/" + key.ID, "/parley/token-secrets", "/parley/nothing"} {
			r := ask("OPTIONS", path, "", nil, "Origin", "https://shop.example", "Access-Control-Request-Method", "PUT")
			if r.header.Get("Access-Control-Allow-Origin")+r.header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s: the preflight of %s allows something: %v", name, path, r.header)
			}
		}
		if r := ask("GET", "/parley/nothing", "", nil); r.status != 404 {
			t.Errorf("%s: what is not there is %d %s", name, r.status, r.body)
		}
		if r := ask("POST", "/parley/keys", strings.Repeat("x", 65<<10), nil); r.status != 403 {
			t.Errorf("%s: a large body of a stranger is %d %s", name, r.status, r.body)
		}
		if s.Dev {
			continue
		}
		if r := ask("POST", "/parley/keys", body, signed, "Sec-Fetch-Site", "none"); r.status != 200 {
			t.Errorf("%s: signed by a program: %d %s", name, r.status, r.body)
		}
	}
}

// TestLastUseIsKept over a restart.
func TestLastUseIsKept(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	website := makeKey(t, s, "website", "")
	if _, err := s.Client(website).ListInstances(t.Context(), &connect.ListInstancesRequest{}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Client(auth.Key{ID: website.ID, Secret: strings.Repeat("x", 40)}).DescribeInstance(t.Context(), &connect.DescribeInstanceRequest{InstanceId: s.Instance(t)})
	servertest.Refused(t, "a wrong secret", err, "InvalidSignatureException", 403)
	s.Stop()
	s = servertest.Start(t, servertest.Production(dir))
	list, err := manage(s, s.Key).ListKeys(t.Context(), &keysapi.ListKeysRequest{})
	if err != nil || len(list.Keys) != 2 {
		t.Fatalf("ListKeys = %+v, %v", list, err)
	}
	if u := list.Keys[1].LastUsed; u == nil || u.Operation != "ListInstances" || u.Address != "127.0.0.1" {
		t.Errorf("the last use is %+v; want the last call that was signed well", u)
	}
}

// TestTokenSecretRotates under a chat, which goes on, also over a restart in the midst; when
// the overlap is over, the old secret and its tokens are gone.
func TestTokenSecretRotates(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	c := s.Chat(t)
	socket := c.Socket()
	secrets, err := manage(s, s.Key).RotateTokenSecret(ctx, &keysapi.RotateTokenSecretRequest{OverlapSeconds: new(int64(3600))})
	if err != nil || len(secrets.TokenSecrets) != 2 || secrets.TokenSecrets[1].Until == nil {
		t.Fatalf("RotateTokenSecret = %+v, %v", secrets, err)
	}
	c.Send("after the rotation")
	socket.Until("after the rotation")
	s.Stop()

	s = servertest.Start(t, servertest.Production(dir))
	old := c.On(s)
	old.Send("after the restart")
	fresh := *old
	fresh.Connect() // by the participant token of before; what it gets is sealed anew
	again := fresh.Socket()
	old.Send("by the old token")
	again.Until("by the old token")

	s.Clock().Advance(secrets.TokenSecrets[1].Until.Sub(s.Clock().Now()) + time.Second)
	refused := func(what string) {
		t.Helper()
		_, err := old.TrySend(ctx, "too late")
		servertest.Refused(t, what+": a connection token", err, "AccessDeniedException", 403)
		_, err = s.Participant.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{ParticipantToken: old.Token, Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
		servertest.Refused(t, what+": a participant token", err, "AccessDeniedException", 403)
	}
	refused("after the overlap")
	fresh.Send("by the new token")
	again.Until("by the new token")
	s.Stop()

	s = servertest.Start(t, servertest.Production(dir))
	s.Clock().Advance(2 * time.Hour) // the clock begins at the wall's, as that of the last server did
	old = c.On(s)
	refused("after another restart")
	fresh.On(s).Send("by the new token, after the restart")
	s.Stop()
	list := tokenSecrets(t, dir, s.Clock().Now())
	if len(list) != 1 || list[0].ID != 2 {
		t.Errorf("the secrets are %v; want the second alone", list)
	}
}

// TestNoSecretInTheDatabase: what a server keeps on the disk, besides the files that are there
// for it, has neither the secret of a key nor that of tokens; nor does anything that it prints of itself.
func TestNoSecretInTheDatabase(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "kept.secret")
	s := servertest.Start(t, servertest.Production(dir), func(c *server.Config) { c.SecretFile = elsewhere })
	website := makeKey(t, s, "website", "")
	s.Chat(t)
	if _, err := manage(s, s.Key).UpdateKey(t.Context(), &keysapi.UpdateKeyRequest{AccessKeyId: website.ID, State: keysapi.Disabled}); err != nil {
		t.Fatal(err)
	}
	look := func(what string) {
		t.Helper()
		for _, name := range filesBelow(t, dir) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if name == keystore.SecretFile {
				t.Errorf("%s: %s is made though there is another file", what, name)
			}
			if bytes.Contains(text, []byte(website.Secret)) || name != keystore.FirstKeyFile && bytes.Contains(text, []byte(s.Key.Secret)) {
				t.Errorf("%s: %s has the secret of a key", what, name)
			}
		}
	}
	look("while it runs")
	s.Stop()
	look("when it has stopped")
	if text, err := os.ReadFile(elsewhere); err != nil || !bytes.Contains(text, []byte("parley-secret-1:")) {
		t.Errorf("the secret file has %s, %v", text, err)
	}
}

// tokenSecrets reads what a stopped server has of secrets for tokens.
func tokenSecrets(t *testing.T, dir string, now time.Time) []keystore.TokenSecret {
	t.Helper()
	store, vault := openStopped(t, dir)
	defer store.Close()
	tokens, err := keystore.OpenTokens(t.Context(), store, vault, now)
	if err != nil {
		t.Fatal(err)
	}
	list, err := tokens.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}
