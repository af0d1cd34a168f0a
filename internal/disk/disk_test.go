package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"parley.example/parley/internal/disk"
)

// TestWriteFile replaces a file as a whole, for its owner alone, and leaves nothing beside it.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	for _, text := range []string{"the first and longer text", "the second"} {
		if err := disk.WriteFile(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != text {
			t.Errorf("the file has %q, %v; want %q", got, err, text)
		}
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want the owner alone to read it", info, err)
	}
	if err := disk.WriteFile(filepath.Join(dir, "none", "file"), nil); err == nil {
		t.Error("a file in a directory that is not there was written")
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := disk.WriteFile(filepath.Join(dir, "taken"), []byte("text")); err == nil {
		t.Error("a file took the name of a directory")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("the directory has %v, %v; want the file and the directory", left, err)
	}
}

// TestReadFile reads files that are too long, and none.
func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if _, err := disk.ReadFile(name, 6); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(name, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := disk.ReadFile(name, 6); err != nil || string(text) != "secret" {
		t.Errorf("ReadFile = %q, %v", text, err)
	}
	if text, err := disk.ReadFile(name, 5); err == nil || err.Error() != name+" has more than 5 bytes" {
		t.Errorf("of a file that is too long: %q, %v", text, err)
	}
	if text, err := disk.ReadFile(filepath.Dir(name), 5); err == nil {
		t.Errorf("of a directory: %q", text)
	}
}
