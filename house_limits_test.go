package parley_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What one head holds: how long a file may be, how much a package may have, not
// counting tests, and how many methods an exported type. What is generated does not count.
const (
	maxLines        = 600
	maxFiles        = 30
	maxPackageLines = 5000
	maxMethods      = 40
)

// TestLimits names every file, package and type that has grown too large.
func TestLimits(t *testing.T) {
	for _, p := range packages(t) {
		files, lines := 0, 0
		for _, file := range slices.Concat(p.written(), p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			n := bytes.Count(text, []byte("\n"))
			if n > maxLines {
				t.Errorf("%s/%s has %d lines; a file may have %d", p.ImportPath, file, n, maxLines)
			}
			if !isTest(file) {
				files, lines = files+1, lines+n
			}
		}
		if files > maxFiles || lines > maxPackageLines {
			t.Errorf("%s has %d files with %d lines; a package may have %d files with %d lines", p.ImportPath, files, lines, maxFiles, maxPackageLines)
		}
		counts := methods(p.parse(t, parser.SkipObjectResolution))
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			if n := counts[name]; n > maxMethods && ast.IsExported(name) {
				t.Errorf("%s.%s has %d methods; it may have %d", p.ImportPath, name, n, maxMethods)
			}
		}
	}
}

// methods counts the methods that files declare, by the name of their type: those
// with a receiver, and those written in an interface. What is embedded does not count.
func methods(files map[string]*ast.File) map[string]int {
	counts := map[string]int{}
	for _, f := range files {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					counts[receiver(d)]++
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						if i, ok := spec.Type.(*ast.InterfaceType); ok {
							for _, m := range i.Methods.List {
								counts[spec.Name.Name] += len(m.Names)
							}
						}
					}
				}
			}
		}
	}
	return counts
}

// receiver returns the name of the type that a method is of: T of (t *T[K]).
func receiver(method *ast.FuncDecl) string {
	name := ""
	ast.Inspect(method.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// TestMethodsAreCounted shows what counts as a method of a type, in whichever file.
func TestMethodsAreCounted(t *testing.T) {
	files := map[string]*ast.File{}
	for name, text := range map[string]string{
		"set.go":   `package p; type Set[K any] struct{}; func (s *Set[K]) Add(K) {}; func (Set[_]) Len() int { return 0 }; func Of() {}`,
		"store.go": `package p; type Store interface { Lister; Get(); Put(); Drop() }; type Lister interface { List() }`,
		"more.go":  `package p; func (s *Set[K]) drop(K) {}`,
	} {
		files[name] = parse(t, name, text, 0)
	}
	if got, want := methods(files), map[string]int{"Set": 3, "Store": 3, "Lister": 1}; !maps.Equal(got, want) {
		t.Errorf("methods are %v; want %v", got, want)
	}
}

// TestOnePackageComment says where the one comment of a package is missing or doubled.
func TestOnePackageComment(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		var with []string
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				with = append(with, file)
			}
		}
		if len(with) != 1 {
			t.Errorf("%s has %d package comments %v; want one", p.ImportPath, len(with), with)
		}
	}
}
