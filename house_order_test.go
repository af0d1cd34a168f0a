package parley_test

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// ordered are the packages whose files stand in an order: what a file uses of
// another stands above it, so that a package can be read from one end to the other.
var ordered = []string{"flow", "flow/check", "flow/machine"}

// TestFilesStandInOrder finds files of a package that lean on each other in a
// circle. A file leans on the one that declares a function, type, variable or
// constant which it names, receivers included. Methods and fields are not
// seen, nor constants as keys of a composite literal: to call a method of a
// value that one was given leans on nobody.
func TestFilesStandInOrder(t *testing.T) {
	for _, p := range packages(t) {
		if !slices.Contains(ordered, inside(p.ImportPath)) {
			continue
		}
		leans := leanings(p.parse(t, 0))
		for _, circle := range circles(leans) {
			var why []string
			for _, file := range circle {
				for _, on := range circle {
					if names := leans[file][on]; len(names) > 0 {
						why = append(why, fmt.Sprintf("%s uses %s of %s", file, strings.Join(names, ", "), on))
					}
				}
			}
			t.Errorf("%s: files lean on each other in a circle:\n\t%s", p.ImportPath, strings.Join(why, "\n\t"))
		}
	}
}

// leanings returns for each file what it names of which other file of the package.
func leanings(files map[string]*ast.File) map[string]map[string][]string {
	declares := map[string]string{} // which file, by name
	for file, f := range files {
		for name := range f.Scope.Objects {
			declares[name] = file
		}
	}
	leans := map[string]map[string][]string{}
	for file, f := range files {
		leans[file] = map[string][]string{}
		for _, id := range f.Unresolved {
			if on, known := declares[id.Name]; known && !slices.Contains(leans[file][on], id.Name) {
				leans[file][on] = append(leans[file][on], id.Name)
			}
		}
	}
	return leans
}

// circles returns the sets of two files and more that reach each other.
func circles(leans map[string]map[string][]string) [][]string {
	reach := map[string]map[string]bool{}
	var walk func(from, at string)
	walk = func(from, at string) {
		for on := range leans[at] {
			if !reach[from][on] {
				reach[from][on] = true
				walk(from, on)
			}
		}
	}
	files := slices.Sorted(maps.Keys(leans))
	for _, file := range files {
		reach[file] = map[string]bool{}
		walk(file, file)
	}
	var all [][]string
	for i, file := range files {
		circle := []string{file}
		for j, other := range files {
			if i != j && reach[file][other] && reach[other][file] {
				circle = append(circle, other)
			}
		}
		if len(circle) > 1 && slices.Min(circle) == file {
			all = append(all, circle)
		}
	}
	return all
}

// TestCirclesAreFound shows what counts as leaning, on a package of four files.
func TestCirclesAreFound(t *testing.T) {
	files := map[string]*ast.File{}
	for name, text := range map[string]string{
		"table.go": `package p; var table = map[string]step{"wait": wait}`,
		"wait.go":  `package p; func wait(r *run) { r.next(table) }`,
		"run.go":   `package p; type run struct{ table int }; type step func(*run); func (r *run) next(any) {}`,
		"trace.go": `package p; func (r *run) trace() { r.next(run{table: 1}) }`,
	} {
		files[name] = parse(t, name, text, 0)
	}
	got := circles(leanings(files))
	if want := [][]string{{"table.go", "wait.go"}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("circles are %v; want %v", got, want)
	}
}
