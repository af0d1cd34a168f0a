package module_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository's directory, seen from this one.
const root = "../.."

// tree returns the files of the repository as they are now, by their paths:
// what Git knows, and what is new and not ignored.
func tree(t *testing.T) []string {
	t.Helper()
	out := run(t, root, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	var files []string
	for file := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if info, err := os.Stat(filepath.Join(root, file)); err == nil && info.Mode().IsRegular() { // else it is being deleted
			files = append(files, file)
		}
	}
	if len(files) < 100 {
		t.Fatalf("git ls-files names %d files; the repository has more", len(files))
	}
	return files
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, text []byte, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
}

// run runs a command in a directory, with more variables than the test has, and
// returns what it prints.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, complaints.String())
	}
	return string(out)
}

// litter has the compiler take less time, with more memory.
const litter = "GOGC=400"

// quickly is a flag of the go command that has the packages of a module compiled, for the first time and the last, in half of the time: without
// inlining and debug information.
func quickly(module string) string { return "-gcflags=" + module + "/...=-l -dwarf=false" }

// path returns the module's path.
func path(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(run(t, root, nil, "go", "list", "-m"))
}
