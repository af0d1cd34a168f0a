package schema

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/store/sqlite/datadir"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

func TestUpgradeNeedsSpace(t *testing.T) {
	for _, c := range []struct {
		free, size int64
		copied     bool
		want       string
	}{
		{200, 100, true, ""},
		{100, 100, false, ""},
		{1_999_999_999, 1e9, true, "the upgrade of the data needs 2 GB, half of it for a copy, and 2 GB are free: make room, or, with a backup of your own, start with --no-upgrade-copy, which needs 1 GB"},
		{400_000, 1_250_000, true, "the upgrade of the data needs 2.5 MB, half of it for a copy, and 400 kB are free: make room, or, with a backup of your own, start with --no-upgrade-copy, which needs 1.2 MB"},
		{99, 100, false, "the upgrade of the data needs 100 B, and 99 B are free: make room"},
	} {
		got := ""
		if err := enough(c.free, c.size, c.copied); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("enough(%d, %d, %v) = %q; want %q", c.free, c.size, c.copied, got, c.want)
		}
	}
}

// What an interrupted upgrade has left of a copy is no reason to find too little space: it goes, and a
// complete copy goes too where that helps.
func TestUpgradeMakesRoom(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, datadir.CopyName(4))
	half := whole + ".tmp"
	u := &upgrade{dir: &datadir.Directory{Path: dir}, from: 4}
	for _, wanted := range []int64{1, math.MaxInt64} {
		for _, name := range []string{half, whole} {
			if err := os.WriteFile(name, []byte("a copy"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := u.free(wanted); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(half); !os.IsNotExist(err) {
			t.Errorf("half a copy is still there: %v", err)
		}
		if _, err := os.Stat(whole); os.IsNotExist(err) == (wanted == 1) {
			t.Errorf("with %d bytes wanted the complete copy: %v", wanted, err)
		}
	}
}

// TestStepsSayWhatTheyDo: the first line of each file of the schema is a sentence for the log.
func TestStepsSayWhatTheyDo(t *testing.T) {
	steps, err := Steps()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range steps {
		if !strings.HasPrefix(s.File, fmt.Sprintf("%04d_", i+1)) || !strings.HasPrefix(s.SQL, "-- ") || len(s.Does) < 10 || !strings.HasSuffix(s.Does, ".") {
			t.Errorf("%s begins with %q; want the number %d, and a comment that is a sentence", s.File, s.Does, i+1)
		}
	}
}

// TestMemory: a database in memory is what the steps lead to, and shares nothing with the next.
func TestMemory(t *testing.T) {
	tables := func(c *sqlconn.Conn) (all []string) {
		if err := c.Query(func(r sqlconn.Row) error {
			all = append(all, r.Text(0))
			return nil
		}, "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY rowid"); err != nil {
			t.Fatal(err)
		}
		for _, pragma := range []string{"user_version", "application_id", "foreign_keys"} {
			v, err := c.Pragma(pragma)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprint(pragma, " ", v))
		}
		return all
	}
	stepped, err := sqlconn.Connect(t.Context(), ":memory:", "foreign_keys = on")
	if err != nil {
		t.Fatal(err)
	}
	defer stepped.Close()
	if err := Migrate(t.Context(), stepped, nil, Options{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c, err := Memory(t.Context(), "foreign_keys = on")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got, want := tables(c), tables(stepped); !slices.Equal(got, want) {
			t.Errorf("a database in memory has\n%q\nthe steps lead to\n%q", got, want)
		}
		if err := c.Script("CREATE TABLE another (x)"); err != nil {
			t.Fatal(err)
		}
	}
}
