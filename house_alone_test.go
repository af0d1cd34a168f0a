package parley_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// company is what packages that start goroutines import.
var company = []string{"testing/synctest", "net/http/httptest", "golang.org/x/sync/errgroup"}

// TestAlonePackagesStartNoGoroutines: what make unit tests without the race detector has no use for it.
func TestAlonePackagesStartNoGoroutines(t *testing.T) {
	var alone []string
	for _, dir := range inMakefile(t, "ALONE") {
		alone = append(alone, filepath.Join(module, dir))
	}
	for _, p := range packages(t) {
		at := slices.Index(alone, p.ImportPath)
		if at < 0 {
			continue
		}
		alone = slices.Delete(alone, at, at+1)
		for _, file := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			name := filepath.Join(p.Dir, file)
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, what := range goroutines(parse(t, name, string(text), parser.SkipObjectResolution)) {
				t.Errorf("%s has %s; take the package from ALONE in the Makefile", name, what)
			}
		}
	}
	if len(alone) > 0 {
		t.Errorf("there are no packages %q, which ALONE in the Makefile names", alone)
	}
}

// goroutines names what a file starts goroutines with.
func goroutines(f *ast.File) (with []string) {
	for _, i := range f.Imports {
		if path := strings.Trim(i.Path.Value, `"`); slices.Contains(company, path) {
			with = append(with, path)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			with = append(with, "a go statement")
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "Go" || s.Sel.Name == "Parallel") {
				with = append(with, fmt.Sprintf("a call of %s", s.Sel.Name))
			}
		}
		return true
	})
	return with
}

func TestGoroutinesAreFound(t *testing.T) {
	for text, want := range map[string]int{
		`func f() { g() }`:                             0,
		`func f() { go g() }`:                          1,
		`func f() { var wg sync.WaitGroup; wg.Go(g) }`: 1,
		`func f(t *testing.T) { t.Parallel() }`:        1,
		`import "testing/synctest"`:                    1,
	} {
		if got := goroutines(parse(t, "a.go", "package a\n"+text, parser.SkipObjectResolution)); len(got) != want {
			t.Errorf("%s starts goroutines with %q", text, got)
		}
	}
}
