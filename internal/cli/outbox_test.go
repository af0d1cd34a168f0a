package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestOutbox lists, replays and drops what a webhook did not take for an hour.
func TestOutbox(t *testing.T) {
	var down atomic.Bool
	events := make(chan string, 1000)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v struct{ Detail struct{ EventType string } }
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &v) != nil {
			t.Errorf("%s, %v", body, err)
		}
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		events <- v.Detail.EventType
	}))
	defer hook.Close()
	s := servertest.Start(t, servertest.Quietly(t), func(c *server.Config) {
		c.Records, c.StreamSecret = map[string]string{"contact-events": hook.URL}, "a secret of webhooks"
	})
	outbox := func(status int, args ...string) string {
		t.Helper()
		got, out, errs := parley(t, "", append([]string{"outbox", "--endpoint", s.URL + "/"}, args...)...)
		if got != status || (status == 0) != (errs == "") {
			t.Errorf("outbox %q = %d %q %q; want %d", args, got, out, errs, status)
		}
		return out + errs
	}
	const none = "There are no dead letters.\n"
	dead := func() (letters struct {
		DeadLetters []struct {
			Id       int64
			Endpoint string
			Error    string
		}
	}) {
		t.Helper()
		for len(letters.DeadLetters) == 0 {
			s.Clock().Advance(10 * time.Minute)
			if err := json.Unmarshal([]byte(outbox(0, "list", "--json")), &letters); err != nil {
				t.Fatal(err)
			}
		}
		return letters
	}

	if out := outbox(0); out != none {
		t.Errorf("outbox says %q", out)
	}
	down.Store(true)
	s.Begin(t)
	letter := dead().DeadLetters[0]
	if letter.Endpoint != "parley:contact-events" || !strings.Contains(letter.Error, "503") {
		t.Errorf("the dead letter is %+v", letter)
	}
	if out := outbox(0, "list", "--to", "parley:contact-events"); !strings.Contains(out, "parley:contact-events") || !strings.HasPrefix(out, "ID ") {
		t.Errorf("list --to says %q", out)
	}
	if out := outbox(0, "list", "--to", "elsewhere"); out != none {
		t.Errorf("list --to says %q", out)
	}
	down.Store(false)
	if out := outbox(0, "replay", "--to", "parley:contact-events"); strings.HasSuffix(out, ": 0\n") || !strings.HasPrefix(out, "Dead letters put back into the outbox: ") {
		t.Errorf("replay says %q", out)
	}
	seen := map[string]bool{}
	for !seen["INITIATED"] || !seen["COMPLETED"] { // nobody has connected: the contact has ended
		s.Clock().Advance(time.Minute)
		select {
		case e := <-events:
			seen[e] = true
		case <-t.Context().Done():
			t.Fatalf("of the chat was told %v", seen)
		}
	}
	if out := outbox(0, "replay", "1000000"); out != "Dead letters put back into the outbox: 0\n" {
		t.Errorf("replaying what is not there: %q", out)
	}

	down.Store(true)
	s.Begin(t)
	dead()
	if out := outbox(0, "drop", "--all"); strings.HasSuffix(out, ": 0\n") || !strings.HasPrefix(out, "Dead letters deleted: ") {
		t.Errorf("drop says %q", out)
	}

	for _, wrong := range [][]string{{"replay"}, {"drop"}} {
		if out := outbox(2, wrong...); !strings.Contains(out, "say which dead letters are meant") {
			t.Errorf("%q: %q", wrong, out)
		}
	}
	if out := outbox(1, "drop", "--all", "--to", "x"); !strings.Contains(out, "exactly one of Ids, Endpoint and All") {
		t.Errorf("two ways to say which: %q", out)
	}
}

// TestOutboxIsSigned asks a server for its dead letters with its first key, and without one.
func TestOutboxIsSigned(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()), servertest.Quietly(t))
	if status, out, errs := parley(t, "", "outbox", "--endpoint", s.URL, "--key-file", filepath.Join(s.Data, keystore.FirstKeyFile)); status != 0 || out != "There are no dead letters.\n" {
		t.Errorf("with a key: %d %q %q", status, out, errs)
	}
	if status, out, errs := parley(t, "", "outbox", "--endpoint", s.URL); status != 1 || out != "" {
		t.Errorf("without a key: %d %q %q", status, out, errs)
	}
}
