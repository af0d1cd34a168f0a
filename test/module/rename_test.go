package module_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRename publishes a copy of the repository under another path, as whoever
// publishes Parley does: every import leads somewhere, the client builds, and
// nothing names the old path.
func TestRename(t *testing.T) {
	const to = "github.com/you/parley"
	old, copied := path(t), t.TempDir()
	files := tree(t)
	for _, file := range files {
		info, err := os.Stat(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(copied, file), read(t, filepath.Join(root, file)), info.Mode().Perm())
	}
	env := []string{litter, "GOWORK=off", "MAKEFLAGS=", "MAKELEVEL=", "CGO_ENABLED=0", "GIT_DIR=" + filepath.Join(copied, ".git"), "GIT_WORK_TREE=" + copied}
	run(t, copied, env, "git", "init", "--quiet")
	run(t, copied, env, "git", "add", "--all")

	out := run(t, copied, env, "make", "--no-print-directory", "module", "PATH_TO="+to)
	if want := "the module is now " + to + "\n"; out != want {
		t.Errorf("make module prints %q; want %q", out, want)
	}
	for _, file := range files {
		if text := read(t, filepath.Join(copied, file)); bytes.Contains(text, []byte(old)) {
			t.Errorf("%s still names %s", file, old)
		}
	}
	run(t, copied, env, "go", "list", "-deps", "./...") // every import leads somewhere; building it all takes minutes
	run(t, copied, env, "go", "vet", quickly(to), "./client/...")
	for _, dir := range []string{"tools", "bench/awssdk", "bench/powercut"} { // modules of their own
		if got := run(t, filepath.Join(copied, dir), env, "go", "list", "-m"); !strings.HasPrefix(got, to+"/") {
			t.Errorf("the module in %s is %q", dir, got)
		}
	}
}
