package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServeWithoutItsDatabase: a directory whose database was lost is refused by every
// verb that opens it, in a line that says what to do, until the server begins afresh;
// in development mode as in production.
func TestServeWithoutItsDatabase(t *testing.T) {
	for name, mode := range map[string][]string{"production": {}, "development": {"--dev"}} {
		dir := t.TempDir()
		db := filepath.Join(dir, "parley.db")
		args := append([]string{"--data", dir, "--listen", "127.0.0.1:0", "--close-span", "10ms"}, mode...)
		serve := func(more ...string) {
			t.Helper()
			_, _, errs, stop := serving(t, append(args, more...)...)
			if status := stop(); status != 0 {
				t.Errorf("%s: serve %v = %d %s", name, more, status, errs)
			}
		}
		refused := func(want string, args ...string) {
			t.Helper()
			status, out, errs := parley(t, "", args...)
			if status != 1 || out != "" || !strings.Contains(errs, want) || !strings.Contains(errs, dir) || !strings.Contains(errs, "--new") || strings.Count(errs, "\n") != 1 {
				t.Errorf("%s: %v = %d %q %q; want a line with %q", name, args, status, out, errs, want)
			}
		}
		serve()
		serve()
		refused("start without --new", append([]string{"serve", "--new"}, args...)...)
		if err := os.Remove(db); err != nil {
			t.Fatal(err)
		}
		refused("parley.db is missing", append([]string{"serve"}, args...)...)
		refused("parley.db is missing", "keys", "--data", dir)
		refused("parley.db is missing", "keys", "create", "--data", dir, "--name", "website")
		if _, err := os.Stat(db); !os.IsNotExist(err) {
			t.Errorf("%s: a refusal left a database: %v", name, err)
		}
		serve("--new")
		serve()
		if err := os.WriteFile(db, []byte(strings.Repeat("damaged ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		refused("parley.db is damaged", append([]string{"serve"}, args...)...)
		refused("parley.db is damaged", "keys", "--data", dir)
	}
}
