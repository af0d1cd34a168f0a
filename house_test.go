package parley_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors are the storeys of the house, lowest first: a package may import
// packages of lower floors, and of its own family (the same first name), never
// of the same floor or a higher one. docs/architecture.md says what each is for.
//
// web/ is no part of the house: it holds the sources of pages in TypeScript, and
// no Go. What is built from them is embedded and served by the package ui.
var floors = [][]string{
	{"center", "awsconf", "disk", "handover", "lifecycle", "pipetest", "steady", "websocket"},
	{"flow", "hours", "store", "blob", "bus", "socket", "metrics", "ratelimit", "process", "view"},
	{"agent", "contact", "flowgraph", "routing"},
	{"catalog", "auth", "identity", "backup", "integration", "flowlog", "lease", "measure", "move", "record"},
	{"engine", "flowtest", "edge"},
	{"measurer", "recorder", "router"},
	{"connectapi", "participantapi", "agentapi", "ccp", "devapi", "erasure", "keysapi", "outboxapi", "stream", "ui"},
	{"server"},
	{"cli"},
}

// walls name, for packages of a family, the others of it that they may import; a
// package that is not listed may import all of its family.
var walls = map[string][]string{
	"flow":         {},
	"flow/check":   {"flow"},
	"flow/flowdoc": {"flow"},
	"flow/machine": {"flow"},
}

// shared holds what the public packages may import besides each other: what
// they have in common with the server, and what imports nothing of ours itself.
var shared = []string{"websocket"}

// workshop holds what is no part of the running server: it may import anything below the server, and nothing imports it.
var workshop = []string{"codegen"}

// fixtures are packages for tests: nothing but tests, and each other, imports them.
var fixtures = []string{"agentcases", "authtest", "blobtest", "bustest", "cputest", "enginetest", "factcases", "flowdoc", "kit", "natstest", "pgtest", "pipetest", "recordcases", "routingsim", "s3test", "servertest", "sockettest", "storetest"}

// module is the path of the module: a name that Go accepts and nobody else can
// serve, since the top-level domain example is reserved (RFC 2606). Whoever
// publishes Parley renames it: see `make module`.
const module = "parley.example/parley"

type goPackage struct {
	Dir, ImportPath                                    string
	GoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
	Imports                                            []string
}

// written returns the package's files that somebody wrote, for whichever
// system, but for its tests on this one.
func (p goPackage) written() []string {
	return slices.DeleteFunc(slices.Concat(p.GoFiles, p.IgnoredGoFiles), func(file string) bool {
		return strings.HasSuffix(file, "_gen.go")
	})
}

// parse reads what is written of the package, without its tests.
func (p goPackage) parse(t *testing.T, mode parser.Mode) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, file := range p.written() {
		if isTest(file) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(p.Dir, file))
		if err != nil {
			t.Fatal(err)
		}
		files[file] = parse(t, filepath.Join(p.Dir, file), string(text), mode)
	}
	return files
}

func parse(t *testing.T, name, text string, mode parser.Mode) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, text, mode)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

// locate returns the family of an import path of ours, and its floor: -1 for the
// public packages (api, client), -2 for what is not part of the house.
func locate(path string) (name string, floor int, ours bool) {
	rest, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return "", 0, false
	}
	inner, internal := strings.CutPrefix(rest, "internal/")
	name, _, _ = strings.Cut(inner, "/")
	if !internal {
		switch name {
		case "api", "client":
			return name, -1, true
		case "cmd", "bench", "examples", "parleytest":
			return name, len(floors), true
		}
		return name, -2, true
	}
	for i, names := range floors {
		if slices.Contains(names, name) {
			return name, i, true
		}
	}
	if slices.Contains(workshop, name) {
		return name, len(floors) - 2, true
	}
	return name, -2, true
}

// inside is the path of a package below internal.
func inside(path string) string { return strings.TrimPrefix(path, module+"/internal/") }

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=Dir,ImportPath,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages; the house has more", len(all))
	}
	return all
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		name, floor, _ := locate(p.ImportPath)
		fixture := slices.Contains(fixtures, path.Base(p.ImportPath))
		if name == "web" {
			t.Errorf("%s: web/ holds the sources of pages, in TypeScript; the Go that serves what is built from them is in internal/ui", p.ImportPath)
			continue
		}
		if floor == -2 && name != "" && len(p.GoFiles) > 0 {
			t.Errorf("%s: no floor has a family of that name; add it to the floors of house_test.go and to docs/architecture.md", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			below, f, ours := locate(imp)
			switch {
			case !ours:
			case below == name:
				if others, walled := walls[inside(p.ImportPath)]; walled && !slices.Contains(others, inside(imp)) {
					t.Errorf("%s imports %s: there is a wall between the two", p.ImportPath, imp)
				}
			case floor == -1 && f != -1 && !slices.Contains(shared, below):
				t.Errorf("%s imports %s: the public packages import nothing of ours but each other and what is shared", p.ImportPath, imp)
			case slices.Contains(shared, name):
				t.Errorf("%s imports %s: what is shared with the public packages imports nothing of ours", p.ImportPath, imp)
			case floor != -1 && f >= floor && f != -1:
				t.Errorf("%s imports %s: imports point down", p.ImportPath, imp)
			case slices.Contains(workshop, below):
				t.Errorf("%s imports %s: nothing imports the workshop", p.ImportPath, imp)
			}
			if ours && !fixture && slices.Contains(fixtures, path.Base(imp)) {
				t.Errorf("%s imports %s: fixtures are for tests", p.ImportPath, imp)
			}
		}
	}
}

// builders are the packages that build an engine: the server, and the fixture
// for every test. A change of engine.Config is an edit of these two.
var builders = []string{module + "/internal/server", module + "/internal/engine/enginetest"}

func TestEnginesHaveTwoBuilders(t *testing.T) {
	for _, p := range packages(t) {
		for _, file := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if calls := bytes.Contains(text, []byte("engine.New(")); calls && !slices.Contains(builders, p.ImportPath) && p.ImportPath != module {
				t.Errorf("%s/%s builds an engine; only %v do", p.ImportPath, file, builders)
			}
		}
	}
}

// inMakefile returns the words of a variable of the Makefile.
func inMakefile(t *testing.T, variable string) []string {
	t.Helper()
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, words, _ := strings.Cut(string(text), "\n"+variable+" := ")
	words, _, _ = strings.Cut(words, "\n")
	if words == "" {
		t.Fatalf("the Makefile has no %s", variable)
	}
	return strings.Fields(words)
}

// TestMakefileKnowsWhatIsLarge: the program is made of the packages by which make run decides how to compile.
func TestMakefileKnowsWhatIsLarge(t *testing.T) {
	large := inMakefile(t, "LARGE")
	out, err := exec.Command("go", "list", "-deps", "./cmd/parley").Output()
	if err != nil {
		t.Fatalf("go list -deps: %v", err)
	}
	linked := strings.Fields(string(out))
	for _, name := range large {
		if !slices.Contains(linked, name) {
			t.Errorf("the Makefile has %s among the large packages; the program is not made of it", name)
		}
	}
}

// TestModule holds go.mod to what anybody can build: no replacements.
func TestModule(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("replace")) {
		t.Error("go.mod has a replace line")
	}
}
