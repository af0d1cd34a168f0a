package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/server/servertest"
)

// TestKeysOfARunningServer goes through the life of a key on a server, by the command.
func TestKeysOfARunningServer(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	file := filepath.Join(s.Data, keystore.FirstKeyFile)
	keys := func(status int, args ...string) (out string) {
		t.Helper()
		got, out, errs := parley(t, "", append([]string{"keys", "--server", s.URL + "/", "--key-file", file}, args...)...)
		if got != status || status == 0 && errs != "" && !strings.Contains(errs, "not shown again") || strings.Contains(out+errs, s.Key.Secret) {
			t.Errorf("keys %q = %d %q %q", args, got, out, errs)
		}
		if status != 0 {
			return errs
		}
		return out
	}
	policy := write(t, "policy.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"connect:List*","Resource":"*"}]}`)
	found := regexp.MustCompile(`^export AWS_ACCESS_KEY_ID=(AKIA\w{16})\nexport AWS_SECRET_ACCESS_KEY=(\S{40})\n$`).
		FindStringSubmatch(keys(0, "create", "--name", "website", "--policy", policy))
	if found == nil {
		t.Fatal("keys create prints no key")
	}
	key := auth.Key{ID: found[1], Secret: found[2]}
	works := func() bool {
		_, err := s.Client(key).ListInstances(t.Context(), &connect.ListInstancesRequest{})
		return err == nil
	}
	table := func(pattern string) {
		t.Helper()
		if out := keys(0); !regexp.MustCompile(key.ID+` +website +`+pattern).MatchString(out) || strings.Contains(out, key.Secret) {
			t.Errorf("keys lists\n%s; want %s", out, pattern)
		}
	}
	table(`active +\d{4}-\d\d-\d\d \d\d:\d\dZ +never +- +-\n`)
	if !works() {
		t.Error("a new key does not work")
	}
	table(`active .*Z +ListInstances +127\.0\.0\.1\n`)
	if out := keys(0, "disable", key.ID); !strings.Contains(out, key.ID+" (website) is disabled") || works() {
		t.Errorf("keys disable says %q, and the key works: %v", out, works())
	}
	table(`disabled .*Z +ListInstances +127\.0\.0\.1\n`)
	if out := keys(0, "enable", key.ID); !strings.Contains(out, "active") || !works() {
		t.Errorf("keys enable says %q, and the key works: %v", out, works())
	}
	var listed struct {
		Keys []struct {
			AccessKeyID string `json:"AccessKeyId"`
			Policy      struct{ Statement []any }
		}
	}
	if err := json.Unmarshal([]byte(keys(0, "list", "--json")), &listed); err != nil || len(listed.Keys) != 2 || listed.Keys[1].AccessKeyID != key.ID || len(listed.Keys[1].Policy.Statement) != 1 {
		t.Errorf("keys list --json: %+v, %v", listed, err)
	}
	var made struct{ AccessKeyID, SecretAccessKey, State string }
	if err := json.Unmarshal([]byte(strings.ReplaceAll(keys(0, "create", "--name", "json", "--json", "--policy", policy), "KeyId", "KeyID")), &made); err != nil || len(made.SecretAccessKey) != 40 || made.State != "Active" {
		t.Errorf("keys create --json: %+v, %v", made, err)
	}
	if out := keys(0, "delete", made.AccessKeyID, "--json"); !strings.Contains(out, `"Name": "json"`) {
		t.Errorf("keys delete --json: %s", out)
	}
	if errs := keys(1, "delete", s.Key.ID); !strings.Contains(errs, "last key that may manage keys") || !strings.Contains(errs, "--force") || strings.Count(errs, "\n") != 1 {
		t.Errorf("deleting the last key: %s", errs)
	}
	if errs := keys(1, "disable", s.Key.ID); !strings.Contains(errs, "--force") {
		t.Errorf("disabling the last key: %s", errs)
	}
	if errs := keys(1, "enable", "AKIANONE000000000000"); !strings.Contains(errs, "AKIANONE000000000000") {
		t.Errorf("enabling an unknown key: %s", errs)
	}

	if out := keys(0, "rotate-tokens", "--overlap", "1d"); !regexp.MustCompile(`^Tokens are sealed with secret 2 from now on\.\nThose of secret 1 stay valid until \d{4}-\d\d-\d\d \d\d:\d\dZ\.\n$`).MatchString(out) {
		t.Errorf("keys rotate-tokens says %q", out)
	}
	if out := keys(0, "rotate-tokens", "--json"); strings.Count(out, `"Id"`) != 3 {
		t.Errorf("keys rotate-tokens --json: %s", out)
	}
	if errs := keys(1, "rotate-tokens", "--overlap", "30d"); !strings.Contains(errs, "must be from 0") {
		t.Errorf("a long overlap: %s", errs)
	}
	if out := keys(0, "rotate-tokens", "--overlap", "0s"); !strings.Contains(out, "secret 4") || !strings.Contains(out, "open chats have lost theirs") {
		t.Errorf("keys rotate-tokens at once says %q", out)
	}

	// By the environment, as the SDKs do, and what is wrong in one line each.
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	if status, _, errs := parley(t, "", "keys"); status != 2 || !strings.Contains(errs, "there is no access key to call "+s.URL) || strings.Count(errs, "\n") != 1 {
		t.Errorf("keys without a key = %d %q", status, errs)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", s.Key.ID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Key.Secret)
	if status, out, errs := parley(t, "", "keys"); status != 0 || !strings.Contains(out, key.ID) {
		t.Errorf("keys by the environment = %d %q %q", status, out, errs)
	}
	t.Setenv("PARLEY_DATA", s.Data)
	if status, _, errs := parley(t, "", "keys"); status != 1 || !strings.Contains(errs, "in use by process") || !strings.Contains(errs, "--server") {
		t.Errorf("keys of the directory = %d %q", status, errs)
	}
	if status, out, errs := parley(t, "", "keys", "--server", s.URL); status != 0 || !strings.Contains(out, key.ID) {
		t.Errorf("keys of the server = %d %q %q", status, out, errs)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", key.Secret)
	if status, _, errs := parley(t, "", "keys", "--server", s.URL); status != 1 || !strings.Contains(errs, "refuses the signature") || strings.Contains(errs, key.Secret) {
		t.Errorf("keys with a wrong secret = %d %q", status, errs)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", key.ID)
	if status, _, errs := parley(t, "", "keys", "--server", s.URL); status != 1 || !strings.Contains(errs, "not authorized to perform: parley:ListKeys") {
		t.Errorf("keys with a key that may not = %d %q", status, errs)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", made.AccessKeyID)
	if status, _, errs := parley(t, "", "keys", "--server", s.URL); status != 1 || !strings.Contains(errs, "does not know the access key") {
		t.Errorf("keys with a deleted key = %d %q", status, errs)
	}
	s.Stop()
	if status, _, errs := parley(t, "", "keys", "--server", s.URL); status != 1 || !strings.Contains(errs, "no server answers at "+s.URL) || strings.Count(errs, "\n") != 1 {
		t.Errorf("keys of a stopped server = %d %q", status, errs)
	}
	if status, out, errs := parley(t, "", "keys", "--data", s.Data, "rotate-tokens"); status != 0 || !strings.Contains(out, "secret 5") {
		t.Errorf("rotate-tokens of a stopped server = %d %q %q", status, out, errs)
	}
}

// TestKeysReset: a server whose secret file is lost does not start, and says how to go on; the
// reset does what it says.
func TestKeysReset(t *testing.T) {
	dir := t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "kept.secret")
	t.Setenv("PARLEY_SECRET_FILE", elsewhere)
	status, out, errs := parley(t, "", "keys", "create", "--data", dir, "--name", "website")
	if status != 0 {
		t.Fatalf("keys create = %d %q %q", status, out, errs)
	}
	_, secret, _ := strings.Cut(strings.TrimSpace(out), "AWS_SECRET_ACCESS_KEY=")
	if status, out, errs := parley(t, "", "keys", "reset", "--data", dir); status != 1 || !strings.Contains(errs, "move it away") {
		t.Errorf("a reset with its file there = %d %q %q", status, out, errs)
	}
	if err := os.Rename(elsewhere, elsewhere+".away"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"keys", "--data", dir}, {"serve", "--data", dir, "--listen", "127.0.0.1:0"}, {"serve", "--dev", "--data", dir, "--listen", "127.0.0.1:0"}} {
		status, _, errs := parley(t, "", args...)
		if status != 1 || !strings.Contains(errs, elsewhere) || !strings.Contains(errs, "put it back") || !strings.Contains(errs, "parley keys reset --data DIR") || strings.Contains(errs, "\nparley: ") {
			t.Errorf("parley %q without the file = %d %q", args, status, errs)
		}
	}
	status, out, errs = parley(t, "", "keys", "reset", "--data", dir)
	first := filepath.Join(dir, keystore.FirstKeyFile)
	if status != 0 || errs != "" || !strings.Contains(out, elsewhere) || !strings.Contains(out, first) {
		t.Fatalf("keys reset = %d %q %q", status, out, errs)
	}
	id, newSecret, err := keystore.ReadKeyFile(first)
	if err != nil || newSecret == secret {
		t.Errorf("the first key's file: %v", err)
	}
	if status, out, errs := parley(t, "", "keys", "--data", dir); status != 0 || !strings.Contains(out, id) || strings.Contains(out, "website") {
		t.Errorf("keys after the reset = %d %q %q", status, out, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, keystore.SecretFile)); err == nil {
		t.Error("there is a secret file in the data directory besides the one that was named")
	}
}

// TestKeysResetIsCutShort: a reset that cannot write the file of the first key says what is so then, and the next
// start completes it.
func TestKeysResetIsCutShort(t *testing.T) {
	dir := t.TempDir()
	secret, first := filepath.Join(dir, keystore.SecretFile), filepath.Join(dir, keystore.FirstKeyFile)
	if status, out, errs := parley(t, "", "keys", "create", "--data", dir, "--name", "website"); status != 0 {
		t.Fatalf("keys create = %d %q %q", status, out, errs)
	}
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(first, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	status, out, errs := parley(t, "", "keys", "reset", "--data", dir)
	if status != 1 || out != "" || !strings.Contains(errs, "keys and tokens of before are gone, and the new secret is in "+secret) || !strings.Contains(errs, first) ||
		!strings.Contains(errs, "parley keys create --data "+dir) || strings.Count(errs, "\n") != 1 {
		t.Errorf("a reset that is cut short = %d %q %q", status, out, errs)
	}
	if status, out, errs := parley(t, "", "keys", "--data", dir); status != 0 || strings.Contains(out, "website") {
		t.Errorf("keys after it = %d %q %q", status, out, errs)
	}
	if err := os.RemoveAll(first); err != nil {
		t.Fatal(err)
	}
	_, _, _, stop := serving(t, "--data", dir, "--listen", "127.0.0.1:0")
	if status := stop(); status != 0 {
		t.Errorf("the server ended with %d", status)
	}
	id, _, err := keystore.ReadKeyFile(first)
	if status, out, errs := parley(t, "", "keys", "--data", dir); err != nil || status != 0 || !strings.Contains(out, id) {
		t.Errorf("keys after the start = %d %q %q; the first key: %v", status, out, errs, err)
	}
}

// TestSecretsOfSettings are not printed by --help, and come from a file or the environment.
func TestSecretsOfSettings(t *testing.T) {
	const secret = "a-secret-of-many-letters"
	t.Setenv("PARLEY_STREAM_SECRET", secret)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	for _, verb := range verbs(t) {
		if _, out, errs := parley(t, "", append(strings.Fields(verb), "--help")...); strings.Contains(out+errs, secret) {
			t.Errorf("parley %s --help prints a secret", verb)
		}
		if _, out, errs := parley(t, "", append(strings.Fields(verb), "--no-such-flag")...); strings.Contains(out+errs, secret) {
			t.Errorf("parley %s with a wrong flag prints a secret", verb)
		}
	}
	file := write(t, "secret", secret+"\n")
	serve := []string{"serve", "--dev", "--listen", "127.0.0.1:999999", "--stream", "arn:aws:sns:*=http://127.0.0.1:1"}
	if status, _, errs := parley(t, "", append(serve, "--stream-secret-file", file)...); status != 2 || !strings.Contains(errs, "must not both be given") || strings.Contains(errs, secret) {
		t.Errorf("two secrets = %d %q", status, errs)
	}
	if err := os.Unsetenv("PARLEY_STREAM_SECRET"); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := parley(t, "", append(serve, "--stream-secret-file", file)...); status != 2 || !strings.Contains(errs, "listen") {
		t.Errorf("a secret from a file = %d %q; want it taken, and the address refused", status, errs)
	}
	if status, _, errs := parley(t, "", append(serve, "--stream-secret-file", write(t, "short", "short"))...); status != 2 {
		t.Errorf("a short secret from a file = %d %q", status, errs)
	}
}
