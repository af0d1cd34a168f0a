package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob/s3/s3test"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store/sqlite/schema"
)

// patience is how long a test waits for what is to come.
const patience = time.Minute

// serving runs parley serve until stop is called, which returns the exit status.
func serving(t *testing.T, args ...string) (url string, out, errs *output, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, errs = newOutput(), newOutput()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, append([]string{"serve"}, args...), streams{nil, out, errs}) }()
	out.wait(t, "Parley is at ")
	url = regexp.MustCompile(`https?://[^ ,/]+`).FindString(out.String())
	stop = func() int {
		cancel()
		return <-ended
	}
	t.Cleanup(cancel)
	return url, out, errs, stop
}

// about reads what a server says of itself: its instances' ARNs have region and account in them.
func about(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url + "/instance")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct {
		InstanceSummaryList []struct{ Arn string }
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || len(out.InstanceSummaryList) == 0 {
		t.Fatalf("GET /instance: %v, %v", out, err)
	}
	return out.InstanceSummaryList[0].Arn
}

// TestServe starts a server by the command line and stops it as SIGTERM does.
func TestServe(t *testing.T) {
	url, out, errs, stop := serving(t, "--dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json", "--close-span", "10ms")
	for _, want := range []string{"Metrics and health are at http://127.0.0.1:", "in development mode", "in memory", url + "/\n", startedAs(os.Args[0]) + " chat --endpoint " + url, "AWS_ENDPOINT_URL=" + url, "aws connect start-chat-contact"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the welcome lacks %q:\n%s", want, out)
		}
	}
	if arn := about(t, url); !strings.HasPrefix(arn, "arn:aws:connect:us-east-1:123456789012:instance/") {
		t.Errorf("the demo instance is %s", arn)
	}
	if status := stop(); status != 0 {
		t.Errorf("a stopped server's status is %d\n%s", status, errs)
	}
	for line := range strings.Lines(errs.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry["msg"] == nil {
			t.Errorf("the log line %q: %v", line, err)
		}
	}
}

// TestStoppedWhileStarting: a server that is told to stop before it is there has not failed.
func TestStoppedWhileStarting(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	out, errs := newOutput(), newOutput()
	if status := run(ctx, []string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0"}, streams{nil, out, errs}); status != 0 || errs.String() != "" {
		t.Errorf("parley serve that was stopped = %d %q %q; want status 0 and no error", status, out, errs)
	}
}

// TestPrecedence sets one thing at a time in the file, the environment and the
// flags: flags go before the environment, that before the file, that before defaults.
func TestPrecedence(t *testing.T) {
	file := write(t, "parley.json", `{"dev":true,"listen":"127.0.0.1:0","close-span":"10ms","region":"file-1","account":"111111111111",
		"max-active-chats":7,"cloud-limits":false,"origin":["https://a.example","https://b.example"],"lambda":{"f":"http://127.0.0.1:1","g":"http://127.0.0.1:2"}}`)
	for _, c := range []struct {
		name, want string
		env        map[string]string
		args       []string
	}{
		{"the file", "file-1:111111111111", nil, []string{"--config", file}},
		{"the file by the environment", "file-1:111111111111", map[string]string{"PARLEY_CONFIG": file}, nil},
		{"the environment over the file", "env-1:111111111111", map[string]string{"PARLEY_REGION": "env-1"}, []string{"--config", file}},
		{"a flag over both", "flag-1:222222222222", map[string]string{"PARLEY_REGION": "env-1", "PARLEY_ACCOUNT": "222222222222"},
			[]string{"--config", file, "--region", "flag-1"}},
		{"a flag over the environment", "flag-1:123456789012", map[string]string{"PARLEY_REGION": "env-1", "PARLEY_DEV": "true", "PARLEY_LISTEN": "127.0.0.1:0"},
			[]string{"--region", "flag-1", "--close-span", "10ms"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			url, _, errs, stop := serving(t, c.args...)
			if arn := about(t, url); !strings.HasPrefix(arn, "arn:aws:connect:"+c.want+":") {
				t.Errorf("the demo instance is %s; want %s", arn, c.want)
			}
			if status := stop(); status != 0 {
				t.Errorf("the status is %d\n%s", status, errs)
			}
		})
	}
}

// TestServeInUse refuses a data directory that another server uses, and an address likewise.
func TestServeInUse(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	status, out, errs := parley(t, "", "serve", "--data", s.Data, "--listen", "127.0.0.1:0")
	if status != 1 || out != "" || !strings.Contains(errs, "data directory "+s.Data+" is in use by process") || strings.Count(errs, "\n") != 1 {
		t.Errorf("a second server = %d %q %q", status, out, errs)
	}
	status, _, errs = parley(t, "", "keys", "--data", s.Data)
	if status != 1 || !strings.Contains(errs, "is in use by process") || !strings.Contains(errs, "--server") || strings.Count(errs, "\n") != 1 {
		t.Errorf("keys of a running server = %d %q", status, errs)
	}
	status, out, errs = parley(t, "", "serve", "--dev", "--listen", strings.TrimPrefix(s.URL, "http://"))
	if status != 1 || out != "" || !strings.Contains(errs, "address already in use") || !strings.Contains(errs, "--listen") || strings.Count(errs, "\n") != 1 {
		t.Errorf("an address in use = %d %q %q", status, out, errs)
	}
}

// TestServeWithFilesInS3 starts a server that keeps files in S3, and has others
// refuse, in one line, what cannot work.
func TestServeWithFilesInS3(t *testing.T) {
	bucket := s3test.Start(t, "files")
	t.Setenv("PARLEY_FILES_ENDPOINT", bucket.URL)
	_, _, errs, stop := serving(t, "--dev", "--listen", "127.0.0.1:0", "--close-span", "10ms", "--files", "s3://files/chats")
	if want := "files=s3://files/chats endpoint=" + bucket.URL; !strings.Contains(errs.String(), want) {
		t.Errorf("the log lacks %q:\n%s", want, errs)
	}
	if status := stop(); status != 0 || strings.Contains(errs.String(), s3test.Secret) {
		t.Errorf("the status is %d\n%s", status, errs)
	}
	status, out, text := parley(t, "", "serve", "--dev", "--listen", "127.0.0.1:0", "--files", "s3://elsewhere")
	if want := "parley: files: s3://elsewhere at " + bucket.URL + ": cannot write an object: the bucket does not exist; create it, or name another one\n"; status != 1 || out != "" || text != want {
		t.Errorf("a bucket that is not there = %d %q %q; want %q", status, out, text, want)
	}
}

// TestZeroIsNotTheDefault: a limit of 0 is refused, instead of silently becoming the default.
func TestZeroIsNotTheDefault(t *testing.T) {
	for _, flag := range []string{"max-active-chats", "max-file-mb", "flow-log-mb"} {
		status, out, errs := parley(t, "", "serve", "--dev", "--listen", "127.0.0.1:999999", "--"+flag, "0")
		if status != 2 || out != "" || errs != "parley: "+flag+" must be at least 1\n" {
			t.Errorf("--%s 0 = %d %q %q", flag, status, out, errs)
		}
	}
	dir := t.TempDir()
	if status, out, errs := parley(t, "", "keys", "create", "--data", dir, "--name", ""); status != 2 || out != "" || !strings.Contains(errs, "name") {
		t.Errorf("a key without a name = %d %q %q", status, out, errs)
	}
}

// TestKeys makes a key, and has a server accept and refuse it.
func TestKeys(t *testing.T) {
	dir := t.TempDir()
	policy := write(t, "policy.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"connect:List*","Resource":"*"}]}`)
	status, out, errs := parley(t, "", "keys", "create", "--data", dir, "--name", "website", "--policy", policy)
	found := regexp.MustCompile(`^export AWS_ACCESS_KEY_ID=(AKIA\w{16})\nexport AWS_SECRET_ACCESS_KEY=(\S{40})\n$`).FindStringSubmatch(out)
	if status != 0 || found == nil || !strings.Contains(errs, "not shown again") {
		t.Fatalf("keys create = %d %q %q", status, out, errs)
	}
	key := auth.Key{ID: found[1], Secret: found[2]}

	// try starts a server on the directory and calls it with the key.
	try := func() error {
		s := servertest.Start(t, servertest.Production(dir))
		defer s.Stop()
		if _, err := os.Stat(filepath.Join(dir, "first-key.env")); err == nil {
			t.Error("a server that has a key made a first one")
		}
		_, err := s.Client(key).ListInstances(t.Context(), &connect.ListInstancesRequest{})
		return err
	}
	list := func() string {
		status, out, errs := parley(t, "", "keys", "--data", dir)
		if status != 0 || errs != "" || strings.Contains(out, key.Secret) {
			t.Errorf("keys = %d %q %q", status, out, errs)
		}
		return out
	}
	if err := try(); err != nil {
		t.Errorf("a new key: %v", err)
	}
	if out := list(); !regexp.MustCompile(key.ID + ` +website +active +\d{4}-`).MatchString(out) {
		t.Errorf("keys lists\n%s", out)
	}
	for _, step := range []struct {
		verb, state string
		good        bool
	}{{"disable", "disabled", false}, {"enable", "active", true}, {"delete", "There are no access keys", false}} {
		status, out, errs := parley(t, "", "keys", step.verb, "--data", dir, key.ID)
		if status != 0 || errs != "" || !strings.Contains(out, key.ID+" (website) is ") {
			t.Errorf("keys %s = %d %q %q", step.verb, status, out, errs)
		}
		if out := list(); !strings.Contains(out, step.state) {
			t.Errorf("after %s, keys lists\n%s", step.verb, out)
		}
		if step.verb == "delete" {
			break // a server would make a first key
		}
		err := try()
		if step.good != (err == nil) {
			t.Errorf("after %s, the key's call is answered %v", step.verb, err)
		}
		if e, ok := err.(restjson.Coded); !step.good && (!ok || e.ErrorCode() != auth.UnrecognizedClient) {
			t.Errorf("after %s, the key's call is answered %v", step.verb, err)
		}
	}
	for _, verb := range []string{"disable", "enable", "delete"} {
		if status, _, errs := parley(t, "", "keys", verb, "--data", dir, key.ID); status != 1 || !strings.Contains(errs, key.ID) {
			t.Errorf("keys %s of a key that is gone = %d %q", verb, status, errs)
		}
	}
}

// TestLogBegins has the log of a server begin with what runs, where, and on which data, and
// say how long requests took in milliseconds.
func TestLogBegins(t *testing.T) {
	dir := t.TempDir()
	url, _, errs, stop := serving(t, "--dev", "--data", dir, "--listen", "127.0.0.1:0", "--close-span", "10ms", "--public-url", "https://chat.example.com", "--log-format", "json")
	res, err := http.Get(strings.Replace(url, "https://chat.example.com", "http://"+begun(t, errs)["address"].(string), 1) + "/no/such/operation")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if status := stop(); status != 0 {
		t.Errorf("the status is %d\n%s", status, errs)
	}
	line := begun(t, errs)
	for name, want := range map[string]any{"msg": "serving", "version": version, "data": dir, "format": float64(schema.Format()), "public_url": "https://chat.example.com", "development": true} {
		if line[name] != want {
			t.Errorf("the first line has %s=%v; want %v", name, line[name], want)
		}
	}
	if !regexp.MustCompile(`"operation":"unknown","status":404,"took_ms":[0-9.]+,.*"client":"127.0.0.1"`).MatchString(errs.String()) {
		t.Errorf("the log has no request that took a time:\n%s", errs)
	}
}

// TestStartedAs has the welcome name a command that works where the server was started.
func TestStartedAs(t *testing.T) {
	for program, want := range map[string]string{
		"parley": "parley", "bin/parley": "bin/parley", "/usr/bin/parley": "/usr/bin/parley", "/tmp/go-build1234/b001/exe/parley": "go run ./cmd/parley",
	} {
		if got := startedAs(program); got != want {
			t.Errorf("startedAs(%q) = %q; want %q", program, got, want)
		}
	}
}

// begun returns the first line of a log in JSON.
func begun(t *testing.T, log *output) map[string]any {
	t.Helper()
	first, _, _ := strings.Cut(log.String(), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatalf("the log begins with %q: %v", first, err)
	}
	return line
}
