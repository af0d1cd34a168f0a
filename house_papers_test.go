package parley_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
)

var (
	codeBlock      = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```[ \t]*$")
	codeSpan       = regexp.MustCompile("`[^`\n]*`")
	link           = regexp.MustCompile(`\]\(<?([^)\s>]+)>?[^)]*\)`)
	heading        = regexp.MustCompile(`(?m)^#+[ \t]+(.+?)[ \t]*$`)
	notAnchor      = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	scheme         = regexp.MustCompile(`^[a-z]+:`)
	ourPath        = regexp.MustCompile("`((?:api|bench|client|cmd|docs|examples|findings|internal|test|tools)/[^`\\s]*)`")
	makeCall       = regexp.MustCompile("(?m)(?:`|^\\s*\\$ )make ([a-z][a-z -]*[a-z])")
	operationCount = regexp.MustCompile(`(\d+) operations`)
	target         = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// TestLinks follows the relative links of every page: to a file or a directory
// that is there, and to a heading of the page when the link names one.
func TestLinks(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(prose(t, page), ""), -1) {
			if scheme.MatchString(match[1]) {
				continue
			}
			found++
			file, fragment, _ := strings.Cut(match[1], "#")
			to := page
			if file != "" {
				to = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", page, match[1])
			} else if fragment != "" && !slices.Contains(anchors(t, to), fragment) {
				t.Errorf("%s links to %s, but %s has no such heading", page, match[1], to)
			}
		}
	}
	if found < 10 {
		t.Errorf("the pages have %d relative links; there are more", found)
	}
}

// TestPathsAndTargets finds what pages name in `code`: the files and directories
// of the repository, with * for any characters, and the targets of make.
func TestPathsAndTargets(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, match[1])
	}
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range ourPath.FindAllStringSubmatch(string(text), -1) {
			if files, err := filepath.Glob(strings.TrimSuffix(match[1], "/...")); err != nil || len(files) == 0 {
				t.Errorf("%s names %s, which is not there", page, match[1])
			}
		}
		for _, match := range makeCall.FindAllStringSubmatch(string(text), -1) {
			for name := range strings.FieldsSeq(match[1]) {
				if !slices.Contains(targets, name) {
					t.Errorf("%s says make %s; the Makefile has no such target", page, name)
				}
			}
		}
	}
}

// TestPapersCountOperations compares how many operations the pages say that the
// APIs have with the code: of Amazon Connect, of the Participant Service, or of
// both. The changelog says what was true at the time.
func TestPapersCountOperations(t *testing.T) {
	amazon, people := len(connect.Operations), len(participant.Operations)
	found := 0
	for _, page := range pages(t) {
		if page == "CHANGELOG.md" {
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range operationCount.FindAllStringSubmatch(string(text), -1) {
			found++
			if n, err := strconv.Atoi(match[1]); err != nil || n != amazon && n != people && n != amazon+people {
				t.Errorf("%s says %q; the APIs have %d, %d and together %d", page, match[0], amazon, people, amazon+people)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d pages say how many operations there are; README.md and docs/client.md do", found)
	}
}

// pages returns the Markdown files of the repository; what make release wrote is none.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch name := filepath.Base(path); {
		case err != nil:
			return err
		case d.IsDir() && (path == "dist" || name == "node_modules" || strings.HasPrefix(name, ".") && name != "."):
			return fs.SkipDir
		case filepath.Ext(name) == ".md":
			all = append(all, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// prose is the text of a page without its blocks of code.
func prose(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return codeBlock.ReplaceAllString(string(text), "")
}

// anchors returns what the headings of a page are linked by, as the hosts of
// repositories write it.
func anchors(t *testing.T, page string) []string {
	t.Helper()
	var all []string
	for _, match := range heading.FindAllStringSubmatch(prose(t, page), -1) {
		plain := notAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		all = append(all, strings.ReplaceAll(plain, " ", "-"))
	}
	return all
}
