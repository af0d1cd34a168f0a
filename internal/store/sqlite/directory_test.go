package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

func TestDirectoryIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := open(t, dir)
	if err := submit(s, newChat(newID(), start)); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("files %v, %v; want the database, its log and the lock", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, %v; want 0600", f.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has the mode %v, %v; want 0700", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "parley.db-wal")); !os.IsNotExist(err) {
		t.Errorf("after Close the log is still there: %v", err)
	}
}

func TestDirectoryIsLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("the second Open = %v; want an error that names the directory and the process", err)
	}
	if err := submit(s, newChat(newID(), start)); err != nil {
		t.Errorf("the first store after that: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir).Close()
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir, want string
	}{
		"a newer format":       {dataWith(t, "PRAGMA application_id = 1349676153; PRAGMA user_version = 99"), "newer Parley"},
		"another's database":   {dataWith(t, "CREATE TABLE t (x)"), "another program"},
		"not a database":       {garbage(t), "not a database"},
		"a file in its place":  {file, "file"},
		"a directory below it": {filepath.Join(file, "x"), "file"},
	} {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: c.dir})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Open = %v; want an error with %q", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := sqlite.Open(ctx, sqlite.Options{Dir: t.TempDir()}); err == nil {
		s.Close()
		t.Error("Open under an ended context succeeded")
	}
}

// dataWith makes a data directory whose database has seen some SQL.
func dataWith(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, "parley.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(script); err != nil {
		t.Fatal(err)
	}
	return dir
}

func garbage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "parley.db"), []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMemoryLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	s := open(t, "")
	id := newID()
	if err := submit(s, newChat(id, start)); err != nil {
		t.Fatal(err)
	}
	other := open(t, "")
	if _, err := other.Chat(t.Context(), id); center.ReasonOf(err) != center.NotFound {
		t.Errorf("another store in memory sees the chat: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("files %v, %v; want none", files, err)
	}
}

// The engine's tests run in bubbles: a store at rest must let virtual time
// pass, and none of its goroutines may outlive Close.
func TestInBubble(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "file": t.TempDir()} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, dir)
			began := time.Now()
			id := newID()
			if err := submit(s, newChat(id, start)); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Hour, func() {
				if err := submit(s, &store.Change{Chat: id, Items: []center.Item{item(id, 1, start)}}); err != nil {
					t.Errorf("%s: done(%v)", name, err)
				}
			})
			<-time.After(2 * time.Hour)
			if h, err := s.Chat(t.Context(), id); err != nil || h.LastSeq != 1 || time.Since(began) != 2*time.Hour {
				t.Errorf("%s: head %+v, %v after %v", name, h, err, time.Since(began))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := submit(s, newChat(newID(), start)); err == nil {
				t.Errorf("%s: a closed store accepted a change", name)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	observed := 0
	s, err := sqlite.Open(t.Context(), sqlite.Options{Observe: func(batch int, flush time.Duration) {
		if flush < 0 {
			t.Errorf("a flush took %v", flush)
		}
		observed += batch
	}})
	if err != nil {
		t.Fatal(err)
	}
	for range 7 {
		s.Submit(newChat(newID(), start), func(error) {})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if observed != 7 {
		t.Errorf("Observe was called for %d changes; want 7", observed)
	}
}
