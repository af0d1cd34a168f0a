package backup_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley.example/parley/internal/backup"
)

// mortal has the test, which may be root's, be refused what the modes of files do not allow.
func mortal(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	runtime.LockOSThread() // for good: the thread ends with the test
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
}

// TestReadOnlySnapshot backs up a data directory that nothing can be written to: one whose server was stopped
// is read as it is. Where a log is left, it says what to do.
func TestReadOnlySnapshot(t *testing.T) {
	path, d := newData(t, 20)
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	base := filepath.Dir(path)
	for dir := base; strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	place := backup.Where{URL: filepath.Join(base, "place")}
	if err := os.Mkdir(place.URL, 0o777); err != nil {
		t.Fatal(err)
	}
	walk := func(files, directories os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || name == path:
				return err
			case d.IsDir():
				return os.Chmod(name, directories)
			}
			return os.Chmod(name, files)
		})
		if err := errors.Join(err, os.Chmod(path, directories)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(place.URL, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { walk(0o600, 0o700) })
	if err := os.WriteFile(filepath.Join(path, "parley.db-wal"), []byte("changes"), 0o600); err != nil {
		t.Fatal(err)
	}
	walk(0o444, 0o555)
	try := func() (err error) {
		done := make(chan struct{})
		go func() { // whose thread nobody else gets
			defer close(done)
			mortal(t)
			var p *backup.Place
			if p, _, err = backup.OpenToWrite(t.Context(), place); err != nil {
				return
			}
			defer p.Close()
			_, err = p.Save(t.Context(), backup.Options{Data: path, Version: "test", Now: time.Now})
		}()
		<-done
		return err
	}
	if err := try(); err == nil || !strings.Contains(err.Error(), "parley.db-wal to a directory that is") {
		t.Errorf("with a log: %v", err)
	}
	walk(0o444, 0o755)
	if err := os.Remove(filepath.Join(path, "parley.db-wal")); err != nil {
		t.Fatal(err)
	}
	walk(0o444, 0o555)
	if err := try(); err != nil {
		t.Errorf("without a log: %v", err)
	}
	restored := restore(t, place, backup.Choice{})
	if got := counts(t, restored); got != all(20) {
		t.Errorf("what was restored has %v", got)
	}
}
