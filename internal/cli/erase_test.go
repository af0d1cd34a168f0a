package cli

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestErase erases a customer by the command, and looks at what was erased.
func TestErase(t *testing.T) {
	config := servertest.Production(t.TempDir())
	s := servertest.Start(t, config)
	file := filepath.Join(s.Data, keystore.FirstKeyFile)
	erase := func(status int, args ...string) string {
		t.Helper()
		got, out, errs := parley(t, "", append([]string{"erase", "--endpoint", s.URL + "/", "--key-file", file}, args...)...)
		if got != status || (status == 0) != (errs == "") || strings.Contains(out+errs, s.Key.Secret) {
			t.Errorf("erase %q = %d %q %q; want %d", args, got, out, errs, status)
		}
		return out + errs
	}
	if out := erase(0, "--list"); out != "Nothing was erased on request yet.\n" {
		t.Errorf("erase --list says %q", out)
	}
	c := s.Begin(t, func(in *connect.StartChatContactRequest) {
		in.CustomerId, in.Attributes = new("4711"), map[string]string{"email": "ana@example.com"}
	})
	c.Connect()
	c.Send("hello")

	if out := erase(0, "--customer", "4711", "--dry-run"); !strings.Contains(out, "1 chats, 1 contacts") || !strings.Contains(out, c.Contact+"  has not ended") || !strings.Contains(out, "Erase them with --end") {
		t.Errorf("the dry run says %q", out)
	}
	if out := erase(1, "--customer", "4711"); !strings.Contains(out, "1 of the 1 chats have not ended") {
		t.Errorf("a chat that goes on: %q", out)
	}
	c.Send("still here")
	var r struct {
		ErasureID  string `json:"ErasureId"`
		FinishedAt string
		ContactIDs []string `json:"ContactIds"`
	}
	out := erase(0, "--attribute", "email=ana@example.com", "--end", "--json", "--instance", s.Instance(t))
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.FinishedAt == "" || len(r.ContactIDs) != 1 || r.ContactIDs[0] != c.Contact {
		t.Errorf("erase --json prints %s: %v", out, err)
	}
	if out := erase(0, "--receipt", r.ErasureID); !strings.Contains(out, "Erasure "+r.ErasureID+", finished") || !strings.Contains(out, "with access key "+s.Key.ID+", by attribute") || !strings.Contains(out, c.Contact) {
		t.Errorf("erase --receipt says %q", out)
	}
	if out := erase(0, "--list"); strings.Count(out, "\n") != 2 || !strings.Contains(out, r.ErasureID) || !strings.Contains(out, s.Key.ID) {
		t.Errorf("erase --list says %q", out)
	}

	for _, wrong := range []struct {
		status int
		args   []string
		says   string
	}{
		{2, nil, "say what to erase"},
		{2, []string{"--attribute", "=x"}, "is not NAME=VALUE"},
		{1, []string{"--receipt", "nothing"}, "does not exist"},
		{1, []string{"--contact", "nothing"}, "contact nothing does not exist"},
		{1, []string{"--customer", "4711", "--instance", "nothing"}, "nothing"},
		{2, []string{"--list", "--endpoint", "chat.example.com"}, "endpoint \"chat.example.com\" is not a URL"},
	} {
		if out := erase(wrong.status, wrong.args...); !strings.Contains(out, wrong.says) || strings.Count(out, "\n") != 1 {
			t.Errorf("erase %q says %q; want %q", wrong.args, out, wrong.says)
		}
	}
	if status, _, errs := parley(t, "", "erase", "--endpoint", s.URL, "--list"); status != 1 || !strings.Contains(errs, "Missing Authentication Token") {
		t.Errorf("without a key = %d %q", status, errs)
	}
	s.Stop()
	if out := erase(1, "--list"); !strings.Contains(out, "no server answers at "+s.URL) || !strings.Contains(out, "--endpoint") {
		t.Errorf("erase at a server that is stopped says %q", out)
	}
	dev := servertest.Start(t, func(c *server.Config) { c.Dev = true })
	if status, out, errs := parley(t, "", "erase", "--endpoint", dev.URL, "--customer", "nobody"); status != 0 || !strings.Contains(out, "Erased: nothing") {
		t.Errorf("unsigned, of a server in development mode = %d %q %q", status, out, errs)
	}
}
