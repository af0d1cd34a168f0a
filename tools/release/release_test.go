package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// made is the release of the commit that is checked out, for one system, which the tests read.
var made = sync.OnceValues(func() (*release, error) {
	r := &release{repo: "../..", commit: "HEAD", out: filepath.Join(scratch, "made"), targets: []string{"linux/amd64"}, url: "https://releases.parley.example/parley", log: func(string) {}}
	return r, r.make(context.Background())
})

// scratch is a directory for as long as the tests run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "made-"); err != nil {
		panic(err)
	}
	status := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		panic(err)
	}
	os.Exit(status)
}

func theRelease(t *testing.T) *release {
	t.Helper()
	r, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// text returns a file of the release whose name ends so.
func (r *release) text(t *testing.T, suffix string) []byte {
	t.Helper()
	for name := range r.sums {
		if strings.HasSuffix(name, suffix) {
			text, err := os.ReadFile(filepath.Join(r.out, name))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	t.Fatalf("the release has no %s: %q", suffix, sorted(r.sums))
	return nil
}

// TestTwoBuildsAreEqual builds the commit again, from a clone in another directory, with another directory for
// temporary files, in another time zone: each file has the same bytes.
func TestTwoBuildsAreEqual(t *testing.T) {
	first := theRelease(t)
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TZ", "Asia/Kathmandu")
	t.Setenv("LC_ALL", "C")
	second := &release{repo: t.TempDir(), commit: first.facts.commit, out: t.TempDir(), targets: first.targets, url: first.url, log: func(string) {}}
	if _, err := first.run(t.Context(), first.repo, nil, "git", "clone", "--quiet", "--shared", ".", second.repo); err != nil {
		t.Fatal(err)
	}
	if err := second.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(first.sums) < 7 || !slices.Equal(sorted(first.sums), sorted(second.sums)) {
		t.Errorf("the releases have the files\n%q\n%q", sorted(first.sums), sorted(second.sums))
	}
	for name, sum := range first.sums {
		if second.sums[name] != sum {
			t.Errorf("%s differs between two builds of one commit", name)
		}
	}
}

// TestSums: the sums are those of the files, of all of them.
func TestSums(t *testing.T) {
	r := theRelease(t)
	listed, err := os.ReadFile(filepath.Join(r.out, sumsName))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(r.out)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, e := range entries {
		if e.Name() == sumsName {
			continue
		}
		text, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(text), e.Name())
	}
	if string(listed) != want.String() {
		t.Errorf("the sums are\n%s\nthey should be\n%s", listed, &want)
	}
}

// entry is what a tar file has of a file.
type entry struct {
	tar.Header
	text []byte
}

func untar(t *testing.T, text []byte) map[string]entry {
	t.Helper()
	all := map[string]entry{}
	last := ""
	for r := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name <= last {
			t.Errorf("%s comes after %s", h.Name, last)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		last, all[h.Name] = h.Name, entry{*h, body}
	}
}

// gunzipAny decompresses, whatever the header says.
func gunzipAny(t *testing.T, text []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func gunzip(t *testing.T, text []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if !r.ModTime.IsZero() || r.Name != "" {
		t.Errorf("what is compressed has the time %s and the name %q", r.ModTime, r.Name)
	}
	return gunzipAny(t, text)
}

// TestArchive reads the archive: what has to be in it is, dated by the commit and owned by root, and what
// its pages link to is in it too.
func TestArchive(t *testing.T) {
	r := theRelease(t)
	top := r.name(built{os: "linux", arch: "amd64"}, "") + "/"
	all := untar(t, gunzip(t, r.text(t, "_linux_amd64.tar.gz")))
	for name, mode := range map[string]int64{
		"parley": 0o755, "LICENSE": 0o644, "README.md": 0o644, "CHANGELOG.md": 0o644, "THIRD-PARTY-NOTICES.txt": 0o644, "docs/installing.md": 0o644,
		"man/parley.1": 0o644, "man/parley-serve.1": 0o644, "completions/parley.bash": 0o644, "completions/_parley": 0o644, "completions/parley.fish": 0o644,
	} {
		if e, ok := all[top+name]; !ok || e.Mode != mode || len(e.text) == 0 {
			t.Errorf("%s is there: %t, with mode %o and %d bytes", name, ok, e.Mode, len(e.text))
		}
	}
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)
	missing := 0
	for name, e := range all {
		if !strings.HasPrefix(name, top) || e.Uid != 0 || e.Gid != 0 || e.Uname != "" || !e.ModTime.Equal(r.facts.date) {
			t.Errorf("%s is of %d:%d %s and of %s", name, e.Uid, e.Gid, e.Uname, e.ModTime)
		}
		if name != top+"README.md" {
			continue
		}
		for _, m := range link.FindAllSubmatch(e.text, -1) {
			to := path.Join(path.Dir(name), string(m[1]))
			inside := func(other string) bool { return strings.HasPrefix(other, to+"/") }
			if all[to].text == nil && !slices.ContainsFunc(slices.Collect(maps.Keys(all)), inside) {
				t.Errorf("%s links to %s, which the archive has not", name, m[1])
				missing++
			}
		}
	}
	if text := string(all[top+"man/parley.1"].text); !strings.Contains(text, r.facts.date.UTC().Format("2006-01-02")) || !strings.Contains(text, r.facts.version) {
		t.Errorf("the manual page has neither date nor version:\n%.200s", text)
	}
}

// TestZip: what is in an archive for Windows is sorted and dated as in the others.
func TestZip(t *testing.T) {
	r := theRelease(t)
	all := files{"b/parley.exe": {text: []byte("program"), mode: 0o755}, "a": {text: []byte("text")}}
	one, err := zipped(all, r.facts.date)
	if err != nil {
		t.Fatal(err)
	}
	two, err := zipped(all, r.facts.date)
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("two zip files of the same differ, %v", err)
	}
}

// TestRefusals: what no release can be made of, before anything is built or removed.
func TestRefusals(t *testing.T) {
	for want, r := range map[string]release{
		`target "plan9/amd64"`:  {targets: []string{"plan9/amd64"}},
		"is not like https://":  {targets: allTargets, url: "github.com/you/parley"},
		"parley/\" is not like": {targets: allTargets, url: "https://github.com/you/parley/"},
	} {
		r.out, r.repo, r.commit, r.log = t.TempDir(), "../..", "HEAD", func(string) {}
		if err := r.make(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("make = %v; want %s", err, want)
		}
	}
	stranger := t.TempDir()
	if err := os.WriteFile(filepath.Join(stranger, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := makeRoom(stranger); err == nil || !strings.Contains(err.Error(), "thesis.txt is in the way") {
		t.Errorf("a directory with another file: %v", err)
	}
}
