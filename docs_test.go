package parley_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// testName is the name of a test or a benchmark, as papers cite it.
var testName = regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z]\\w+)`")

// TestPapersCiteTestsThatExist holds the names of tests in the papers to those in the code.
func TestPapersCiteTestsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, p := range packages(t) {
		for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
					known[fn.Name.Name] = true
				}
			}
		}
	}
	cited := 0
	for _, paper := range pages(t) {
		text, err := os.ReadFile(paper)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testName.FindAllSubmatch(text, -1) {
			cited++
			if name := string(m[1]); !known[name] {
				t.Errorf("%s cites %s, which does not exist", paper, name)
			}
		}
	}
	if cited < 20 {
		t.Errorf("the papers cite %d tests; there are more", cited)
	}
}
