package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// settings returns a function that runs SQL on the writer's connection while the writer
// rests, also when no transaction can begin.
func settings(t *testing.T, s *Store) func(sql string) {
	t.Helper()
	var writers *conn
	if err := s.do(t.Context(), func(c *conn) error { writers = c; return nil }); err != nil {
		t.Fatal(err)
	}
	return func(sql string) {
		t.Helper()
		if err := writers.Script(sql); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFailingIsTold: whoever asked is told once when writes begin to fail, with the reason,
// and once when one has succeeded again; a change that is refused, or a transaction that wrote
// nothing, says nothing of either.
func TestFailingIsTold(t *testing.T) {
	for name, c := range map[string]struct{ fail, mend, reason string }{
		"a database that is read-only": {"PRAGMA query_only = on", "PRAGMA query_only = off", "readonly"},
		"a full disk":                  {"PRAGMA max_page_count = 1", "PRAGMA max_page_count = 100000", "full"},
	} {
		for _, dir := range []string{"", t.TempDir()} {
			var told []string
			s, err := Open(t.Context(), Options{Dir: dir, Failing: func(err error) { told = append(told, fmt.Sprint(err)) }})
			if err != nil {
				t.Fatal(err)
			}
			id := create(t, s)
			text := strings.Repeat("x", 100_000)
			write := func(seq int64) error {
				return submit(s, &store.Change{Chat: id, Items: []center.Item{item(seq, text)}})
			}
			set := settings(t, s)
			set(c.fail)
			for range 2 {
				if err := write(1); err == nil || !strings.Contains(err.Error(), c.reason) {
					t.Errorf("%s: done(%v)", name, err)
				}
			}
			if len(told) != 1 || !strings.Contains(told[0], c.reason) {
				t.Errorf("%s: told %q; want the reason once", name, told)
			}
			if err := write(7); err == nil {
				t.Errorf("%s: a change out of its order was taken", name)
			}
			_ = s.do(t.Context(), func(*conn) error { return nil }) // may fail, if no transaction can begin
			if len(told) != 1 {
				t.Errorf("%s: told %q, though nothing was written", name, told)
			}
			set(c.mend)
			for seq := range int64(2) {
				if err := write(seq + 1); err != nil {
					t.Errorf("%s: mended: done(%v)", name, err)
				}
			}
			if len(told) != 2 || told[1] != "<nil>" {
				t.Errorf("%s: told %q; want the recovery once", name, told)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestClaimIsAWrite: claiming a lease writes a row every time, so that it shows whether writes succeed.
func TestClaimIsAWrite(t *testing.T) {
	var told []error
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Failing: func(err error) { told = append(told, err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	claim := func() error {
		_, err := s.Claim(t.Context(), "node", epoch, time.Second, "health/node")
		return err
	}
	set := settings(t, s)
	for range 2 {
		set("PRAGMA query_only = on")
		if err := claim(); err == nil || len(told) != 1 || told[0] == nil {
			t.Fatalf("a claim on a read-only database: %v, told %v", err, told)
		}
		set("PRAGMA query_only = off")
		if err := claim(); err != nil || len(told) != 2 || told[1] != nil {
			t.Fatalf("a claim on a database that is writable again: %v, told %v", err, told)
		}
		told = nil
	}
}

// TestFaults: a mistake in what is written is not a fault of the database.
func TestFaults(t *testing.T) {
	var told []error
	s, err := Open(t.Context(), Options{Failing: func(err error) { told = append(told, err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, sql := range []string{"INSERT INTO leases (name) VALUES (NULL)", "INSERT INTO nothing VALUES (1)"} {
		if err := s.do(t.Context(), func(c *conn) error { return c.Script(sql) }); err == nil {
			t.Errorf("%s: no error", sql)
		}
	}
	if len(told) > 0 {
		t.Errorf("told %v", told)
	}
}
