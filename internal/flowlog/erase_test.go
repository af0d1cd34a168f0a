package flowlog_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowlog"
)

// TestErase deletes the records of a contact from all files of its instance, and of a whole instance,
// beside others.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	l := &flowlog.Log{Dir: dir, MaxBytes: 40_000}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	defer running.Wait()
	defer stop()
	add := func(instance center.InstanceID, contact center.ContactID) {
		l.Add(instance, &center.Contact{ID: contact}, []machine.LogEntry{{Flow: "f", Type: "Wait", Logging: true, Parameters: map[string]any{"Text": strings.Repeat("x", 100)}}})
	}
	for range 60 {
		for _, contact := range []center.ContactID{"gone", "kept", "gone too"} {
			add("one", contact)
		}
		add("two", "gone") // of another instance, which no contact is
	}
	// What a crash has cut off, and left behind.
	files := func() string {
		var all []byte
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return string(all)
	}
	if err := os.WriteFile(filepath.Join(dir, "one.1.log.tmp"), []byte(`{"ContactId":"gone"`), 0o600); err != nil {
		t.Fatal(err)
	}
	counts := map[center.ContactID]int64{"gone": 0, "gone too": 0, "never there": 0}
	if err := l.Erase(ctx, "one", counts); err != nil {
		t.Fatal(err)
	}
	text := files()
	if counts["gone"] == 0 || counts["gone"] > 60 || counts["gone too"] == 0 || counts["never there"] != 0 {
		t.Errorf("%v records were deleted", counts)
	}
	if n := strings.Count(text, `"ContactId":"gone`); n != strings.Count(text, `"ContactId":"gone","ContactFlowId":"f"`) || strings.Contains(text, "gone too") {
		t.Error("records of the contacts are left")
	}
	one, err := os.ReadFile(filepath.Join(dir, "one.log"))
	if err != nil || bytes.Contains(one, []byte("gone")) || !bytes.Contains(one, []byte(`"kept"`)) {
		t.Errorf("the file has %.200q, %v; want the other contact's records", one, err)
	}
	if tail, ok := l.Follow(flowlog.Filter{Instance: "one", Contact: "gone"}, 100); !ok || len(tail.C) > 0 {
		t.Error("a tail begins with records of the contact")
	}
	add("one", "kept") // it goes on in the file
	if err := l.Erase(ctx, "two", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "two.log")); !os.IsNotExist(err) {
		t.Errorf("the file of an instance whose records were deleted: %v", err)
	}
	if n := strings.Count(files(), `"ContactId":"kept"`); n == 0 {
		t.Error("the other contact's records are gone")
	}
}
