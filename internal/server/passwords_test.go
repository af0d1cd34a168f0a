package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestPasswordsStayWithTheirUsers sends passwords in requests that are right and in ones that are wrong in
// every way, and looks for them in all answers, in the log, which tells all it can, and in every file of the data.
func TestPasswordsStayWithTheirUsers(t *testing.T) {
	dir := t.TempDir()
	var log logbook
	s := servertest.Start(t, func(c *server.Config) {
		c.Data, c.Log = dir, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	instance := s.Instance(t)
	routing, err := s.Connect.ListRoutingProfiles(t.Context(), &connect.ListRoutingProfilesRequest{InstanceId: instance})
	if err != nil {
		t.Fatal(err)
	}
	security, err := s.Connect.ListSecurityProfiles(t.Context(), &connect.ListSecurityProfilesRequest{InstanceId: instance})
	if err != nil {
		t.Fatal(err)
	}
	body := func(password, routing string) string {
		return fmt.Sprintf(`{"Username":"ana","Password":%q,"RoutingProfileId":%q,"SecurityProfileIds":[%q]}`, password, routing, *security.SecurityProfileSummaryList[0].Id)
	}
	const marked = "kept-to-Ana-4711"
	good := *routing.RoutingProfileSummaryList[0].Id
	path := "/users/" + instance
	for what, c := range map[string]struct {
		path, body string
		status     int
	}{
		"one that is too long":       {path, body(marked+strings.Repeat("x", 64), good), 400},
		"one without capitals":       {path, body(strings.ToLower(marked), good), 400},
		"an unknown routing profile": {path, body(marked, "nobody"), 404},
		"an unknown instance":        {"/users/nobody", body(marked, good), 404},
		"a body that is cut off":     {path, body(marked, good)[:60], 400},
		"a number":                   {path, strings.Replace(body(marked, good), `"`+marked+`"`, `4711`, 1), 400},
		"a list":                     {path, strings.Replace(body(marked, good), `"`+marked+`"`, `["`+marked+`"]`, 1), 400},
		"under another name":         {path, strings.Replace(body(marked, good), `"Password"`, `"password"`, 1), 400},
	} {
		r := call(t, s, "PUT", c.path, c.body)
		if strings.HasPrefix(what, "one ") && !strings.Contains(r.body, "Password: must have 8 to 64 characters, among them a small letter, a capital and a digit, and no spaces") {
			t.Errorf("%s: %s does not say the rule", what, r.body)
		}
		if r.status != c.status || strings.Contains(strings.ToLower(r.body), strings.ToLower(marked)) {
			t.Errorf("%s: %d %s; want %d, and no password", what, r.status, r.body, c.status)
		}
	}
	for _, status := range []int{200, 409} {
		if r := call(t, s, "PUT", path, body(marked, good)); r.status != status || strings.Contains(r.body, marked) {
			t.Errorf("CreateUser = %d %s; want %d", r.status, r.body, status)
		}
	}
	look := func() (hashes int) {
		for _, name := range filesBelow(t, dir) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(bytes.ToLower(text), []byte(strings.ToLower(marked))) {
				t.Errorf("%s has the password", name)
			}
			hashes += bytes.Count(text, []byte("$argon2id$v=19$m=19456,t=2,p=1$"))
		}
		return hashes
	}
	if n := look(); n == 0 {
		t.Error("no file has the hash: this does not look where users are kept")
	}
	s.Stop()
	look()
	if strings.Contains(strings.ToLower(log.String()), strings.ToLower(marked)) || strings.Contains(log.String(), "argon2") {
		t.Errorf("the log has the password or its hash:\n%s", &log)
	}
	if n := strings.Count(log.String(), "operation=CreateUser"); n != 10 {
		t.Errorf("the log tells of %d calls of CreateUser; want all 10:\n%s", n, &log)
	}
}
