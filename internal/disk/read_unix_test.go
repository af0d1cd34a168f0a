//go:build unix

package disk

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReadFileOfPipes reads pipes: with a writer, without one, and with one that says nothing.
func TestReadFileOfPipes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(name, 9); err == nil || err.Error() != name+" is a pipe that nobody writes to" {
		t.Errorf("without a writer: %q, %v", text, err)
	}
	w, err := os.OpenFile(name, os.O_RDWR, 0) // which waits for no reader
	if err != nil {
		t.Fatal(err)
	}
	if text, err := readFile(name, 9, time.Millisecond); err == nil || !strings.Contains(err.Error(), "has not ended within 1ms") {
		t.Errorf("with a silent writer: %q, %v", text, err)
	}
	r, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // keeps what is written
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("secret"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(name, 9); err != nil || string(text) != "secret" {
		t.Errorf("with a writer: %q, %v", text, err)
	}
}
