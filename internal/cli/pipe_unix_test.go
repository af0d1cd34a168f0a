//go:build unix

package cli

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipesHoldNothingUp gives verbs a pipe that nobody writes to where they want a file: they say so.
func TestPipesHoldNothingUp(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	if status, out, errs := parley(t, "", "keys", "create", "--data", data, "--name", "x"); status != 0 {
		t.Fatalf("keys create = %d %q %q", status, out, errs)
	}
	for _, args := range [][]string{
		{"keys", "--data", data, "--secret-file", pipe},
		{"keys", "--key-file", pipe},
		{"keys", "create", "--data", data, "--name", "x", "--policy", pipe},
		{"erase", "--list", "--key-file", pipe},
		{"backup", filepath.Join(t.TempDir(), "place"), "--data", data, "--with-secret", "--secret-file", pipe},
		{"serve", "--listen", "127.0.0.1:0", "--stream-secret-file", pipe},
		{"policy", "check", pipe},
		{"version", "--config", pipe},
	} {
		status, out, errs := parley(t, "", args...)
		if status == 0 || out != "" || !strings.Contains(errs, pipe+" is a pipe that nobody writes to") || strings.Count(errs, "\n") != 1 {
			t.Errorf("parley %q = %d %q %q", args, status, out, errs)
		}
	}
}
