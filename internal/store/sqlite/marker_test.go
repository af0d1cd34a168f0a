package sqlite

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store/sqlite/datadir"
)

// used returns a data directory that has held a chat, at rest.
func used(t *testing.T) (dir string, chat center.ContactID) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	chat = create(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, chat
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// withoutTables is refused after SQLite has put its settings into the file: there is nothing else in it.
const withoutTables = "parley.db is without any tables"

// TestLostDatabase: a database that is missing, empty or damaged where there was one is
// refused by name, with what to do, and nothing is touched; what is missing or empty can be
// begun afresh.
func TestLostDatabase(t *testing.T) {
	for name, c := range map[string]struct {
		harm  func(t *testing.T, dir string)
		want  string
		fresh bool // New helps
	}{
		"missing": {func(t *testing.T, dir string) { remove(t, dir, datadir.DatabaseName) }, "parley.db is missing", true},
		"emptied": {func(t *testing.T, dir string) { put(t, dir, datadir.DatabaseName, nil) }, "parley.db is empty", true},
		"missing, log there": {func(t *testing.T, dir string) {
			remove(t, dir, datadir.DatabaseName)
			put(t, dir, datadir.DatabaseName+"-wal", []byte("log"))
		}, "its log, parley.db-wal, is there", false},
		"missing, log there, no marker": {func(t *testing.T, dir string) {
			remove(t, dir, datadir.DatabaseName)
			remove(t, dir, datadir.MarkerName)
			put(t, dir, datadir.DatabaseName+"-wal", []byte("log"))
		}, "its log, parley.db-wal, is there", false},
		"without tables": {func(t *testing.T, dir string) {
			remove(t, dir, datadir.DatabaseName)
			c, err := connect(t.Context(), "file:"+filepath.ToSlash(filepath.Join(dir, datadir.DatabaseName)), "user_version = 1", "user_version = 0")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}, withoutTables, false},
		"zeros": {func(t *testing.T, dir string) { put(t, dir, datadir.DatabaseName, make([]byte, 8192)) }, "parley.db is damaged", false},
		"garbage": {func(t *testing.T, dir string) {
			put(t, dir, datadir.DatabaseName, bytes.Repeat([]byte("garbage "), 1000))
		}, "parley.db is damaged", false},
		"cut short": {func(t *testing.T, dir string) {
			put(t, dir, datadir.DatabaseName, read(t, dir, datadir.DatabaseName)[:16384])
		}, "parley.db is damaged", false},
		"the list of tables is overwritten": {func(t *testing.T, dir string) {
			b := read(t, dir, datadir.DatabaseName)
			copy(b[100:], bytes.Repeat([]byte{0xff}, 200))
			put(t, dir, datadir.DatabaseName, b)
		}, "parley.db is damaged", false},
	} {
		dir, chat := used(t)
		c.harm(t, dir)
		db, log := read(t, dir, datadir.DatabaseName), read(t, dir, datadir.DatabaseName+"-wal")
		for range 2 {
			s, err := Open(t.Context(), Options{Dir: dir})
			if err == nil {
				s.Close()
				t.Fatalf("%s: the store opened", name)
			}
			for _, want := range []string{dir, c.want, "backup", "--new"} {
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: Open = %v; want a line that says %q", name, err, want)
				}
			}
			if c.want != withoutTables && !bytes.Equal(db, read(t, dir, datadir.DatabaseName)) || !bytes.Equal(log, read(t, dir, datadir.DatabaseName+"-wal")) {
				t.Errorf("%s: a refused start changed the files", name)
			}
		}
		db = read(t, dir, datadir.DatabaseName)
		s, err := Open(t.Context(), Options{Dir: dir, New: true})
		if (err == nil) != c.fresh {
			t.Errorf("%s: Open with New = %v", name, err)
		}
		if err != nil {
			if !strings.Contains(err.Error(), "move") || !bytes.Equal(db, read(t, dir, datadir.DatabaseName)) {
				t.Errorf("%s: Open with New = %v; want what to move away", name, err)
			}
			continue
		}
		if _, err := s.Chat(t.Context(), chat); center.ReasonOf(err) != center.NotFound {
			t.Errorf("%s: begun afresh, the chat is %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(t.Context(), Options{Dir: dir}); err != nil {
			t.Errorf("%s: after the new beginning: %v", name, err)
		} else if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestNewWhereThereIsData: beginning afresh never touches a database that is there, and
// is fine in a directory that never had one.
func TestNewWhereThereIsData(t *testing.T) {
	dir, chat := used(t)
	if s, err := Open(t.Context(), Options{Dir: dir, New: true}); err == nil || !strings.Contains(err.Error(), "start without --new") {
		s.Close()
		t.Errorf("Open with New = %v", err)
	}
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Chat(t.Context(), chat); err != nil {
		t.Errorf("the chat: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "first"), New: true}); err != nil {
		t.Errorf("a first start with New: %v", err)
	} else if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestMarker: a directory has a marker with the id of its data from its first start on, or
// from the first with this format on; the id stays, and another database is taken with a warning.
func TestMarker(t *testing.T) {
	id := regexp.MustCompile(`(?m)^id [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`)
	begin := func(dir string) (marker, log string) {
		t.Helper()
		var b strings.Builder
		s, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelWarn}))})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return string(read(t, dir, datadir.MarkerName)), b.String()
	}
	old := older(t, 6) // without a marker
	dir, _ := used(t)
	for _, dir := range []string{old, dir} {
		first, log := begin(dir)
		if !id.MatchString(first) || !strings.Contains(first, "--new") || log != "" {
			t.Errorf("the marker is %q, the log %q", first, log)
		}
		remove(t, dir, datadir.MarkerName) // by somebody who tidies up
		if again, log := begin(dir); again != first || log != "" {
			t.Errorf("the marker was %q and is %q, the log %q", first, again, log)
		}
		put(t, dir, datadir.MarkerName, nil) // cut short by a full disk
		if again, _ := begin(dir); again != first {
			t.Errorf("the marker was %q and is %q", first, again)
		}
	}
	put(t, dir, datadir.DatabaseName, read(t, old, datadir.DatabaseName)) // a backup of another server is restored
	other, log := begin(dir)
	if other != string(read(t, old, datadir.MarkerName)) || !strings.Contains(log, "another one") {
		t.Errorf("with another database the marker is %q, the log %q", other, log)
	}
	if _, log := begin(dir); log != "" {
		t.Errorf("at the start after that the log has %q", log)
	}
}

// TestLogIsNotAheadOfTheFile: from the moment there is a log, the database file is not
// empty. So an empty file with a log is one that was emptied.
func TestLogIsNotAheadOfTheFile(t *testing.T) {
	dir := t.TempDir()
	d, err := datadir.Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	c, err := connect(t.Context(), d.DSN(), "journal_mode = wal")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if info, err := os.Stat(filepath.Join(dir, datadir.DatabaseName)); err != nil || info.Size() == 0 {
		t.Errorf("%v, %v; want a file that is not empty", info, err)
	}
}
