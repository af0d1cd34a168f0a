package disk_test

import (
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
