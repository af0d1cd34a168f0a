package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestManual writes the pages: one for every verb, with all its flags, and each line either text or
// a request that man knows.
func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	if status, out, errs := parley(t, "", "__manual", dir); status != 0 || out != "" || errs != "" {
		t.Fatalf("parley __manual = %d %q %q", status, out, errs)
	}
	var cmd command
	parser, err := kong.New(&cmd, kong.Name("parley"), words)
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	err = kong.Visit(parser.Model, func(v kong.Visitable, next kong.Next) error {
		node, ok := v.(*kong.Node)
		if app, is := v.(*kong.Application); is {
			node, ok = app.Node, true
		}
		if !ok || node.Hidden {
			return next(nil)
		}
		pages++
		name := strings.ReplaceAll(node.FullPath(), " ", "-") + ".1"
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			return next(nil)
		}
		for _, f := range node.Flags {
			if flag := strings.ReplaceAll("--"+f.Name, "-", `\-`); !f.Hidden && !strings.Contains(string(text), flag) {
				t.Errorf("%s has no %s", name, f.Name)
			}
		}
		for line := range strings.Lines(string(text)) {
			request, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if strings.HasPrefix(line, ".") && !strings.Contains(" .TH .SH .PP .RS .RE .nf .fi .TP .B .BI .BR .I ", " "+request+" ") || strings.HasPrefix(line, "'") {
				t.Errorf("%s has the line %q", name, line)
			}
		}
		if n, m := strings.Count(string(text), ".nf\n"), strings.Count(string(text), ".fi\n"); n != m {
			t.Errorf("%s begins %d examples and ends %d", name, n, m)
		}
		return next(nil)
	})
	if err != nil || pages < 15 {
		t.Errorf("%d pages, %v; there are more", pages, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != pages {
		t.Errorf("%d files for %d verbs that are shown, %v", len(files), pages, err)
	}
}

// TestRoff: what would be a request or an escape is printed as it is.
func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		".data":      `\&.data`,
		"--dev":      `\-\-dev`,
		`a\b`:        `a\eb`,
		"it's ~ `x`": `it\(aqs \(ti \(gax\(ga`,
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) = %q; want %q", text, got, want)
		}
	}
}
