package parley_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley.example/parley/internal/catalog/permission"
)

const (
	permissions = module + "/internal/catalog/permission"
	asks        = module + "/internal/catalog/access"
)

// asking are the methods of access.Rights that ask for permissions.
var asking = []string{"Require", "Within", "Restricted"}

// TestEveryPermissionIsEnforced reads from the code which permissions are asked for, and compares them with the table: a
// permission that is said to have an effect and that nothing asks for fails it, and so does one that is asked for and is not in the table.
func TestEveryPermissionIsEnforced(t *testing.T) {
	sources := map[string]*ast.File{}
	constants := map[string]permission.Name{}
	for _, p := range packages(t) {
		if !slices.Contains(p.Imports, permissions) && p.ImportPath != permissions {
			continue
		}
		for name, f := range p.parse(t, parser.SkipObjectResolution) {
			if p.ImportPath == permissions {
				maps.Copy(constants, constantsOf(f))
			} else {
				sources[path.Join(inside(p.ImportPath), name)] = f
			}
		}
	}
	var effects []permission.Name
	for _, e := range permission.Effects {
		effects = append(effects, e.Name)
	}
	if len(constants) == 0 || len(sources) < 3 {
		t.Fatalf("%d constants, and %d files that use them; there are more", len(constants), len(sources))
	}
	for _, complaint := range enforcement(sources, constants, effects) {
		t.Error(complaint)
	}

	// What the test is to find, it finds.
	for what, c := range map[string]struct {
		source  string
		effects []permission.Name
		want    string
	}{
		"nothing asks":              {"func f(r access.Rights) error { return nil }", append(effects, "New"), "nothing asks for New"},
		"it is named but not asked": {"var x = permission.StopContactEnabled", nil, ""},
		"not in the table":          {"func f(r access.Rights) error { return r.Require(permission.StopContactEnabled) }", without(effects, "StopContact.Enabled"), "StopContact.Enabled is asked for"},
		"one of several":            {"func f(r access.Rights) { r.Within(permission.AccessMetrics, permission.ManagerBargeIn) }", without(effects, "ManagerBargeIn"), "ManagerBargeIn is asked for"},
		"a text":                    {`func f(r access.Rights) { r.Require("StopContact.Enabled") }`, effects, "is no constant"},
		"a variable":                {"func f(r access.Rights, n permission.Name) { r.Restricted(n) }", effects, "is no constant"},
		"an unknown constant":       {"func f(r access.Rights) { r.Require(permission.Nothing) }", effects, "is no constant"},
	} {
		of := maps.Clone(sources)
		if c.effects == nil { // alone
			of, c.effects = map[string]*ast.File{}, []permission.Name{"StopContact.Enabled"}
			c.want = "nothing asks for StopContact.Enabled"
		}
		of["made/up.go"] = parse(t, "up.go", "package made\n\nimport (\n\t\""+permissions+"\"\n\t\""+asks+"\"\n)\n\n"+c.source, parser.SkipObjectResolution)
		if got := strings.Join(enforcement(of, constants, c.effects), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: the complaints are %q; want %q among them", what, got, c.want)
		}
	}
}

func without(list []permission.Name, name permission.Name) []permission.Name {
	return slices.DeleteFunc(slices.Clone(list), func(n permission.Name) bool { return n == name })
}

// constantsOf returns the constants of the type Name in a file of package permission.
func constantsOf(f *ast.File) map[string]permission.Name {
	all := map[string]permission.Name{}
	for _, d := range f.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, s := range group.Specs {
			v := s.(*ast.ValueSpec)
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Name" {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					panic(err)
				}
				all[v.Names[0].Name] = permission.Name(text)
			}
		}
	}
	return all
}

// enforcement says what is wrong: effects that nothing brings about, and checks of what has no effect by the table.
func enforcement(sources map[string]*ast.File, constants map[string]permission.Name, effects []permission.Name) (complaints []string) {
	asked := map[permission.Name]bool{}
	for _, file := range slices.Sorted(maps.Keys(sources)) {
		ast.Inspect(sources[file], func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || call.Ellipsis.IsValid() && strings.HasPrefix(file, inside(asks)) {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(asking, method.Sel.Name) {
				return true
			}
			for _, arg := range call.Args {
				name, ok := constantOf(arg, constants)
				switch {
				case !ok:
					complaints = append(complaints, fmt.Sprintf("%s: what %s is given is no constant of package permission; name the permission there, so that it can be read", file, method.Sel.Name))
				case !slices.Contains(effects, name):
					complaints = append(complaints, fmt.Sprintf("%s: %s is asked for, and not in the table of effects (permission.Effects)", file, name))
				default:
					asked[name] = true
				}
			}
			return true
		})
	}
	for _, name := range effects {
		if !asked[name] {
			complaints = append(complaints, fmt.Sprintf("nothing asks for %s, which has an effect by permission.Effects", name))
		}
	}
	for constant, name := range constants {
		if !slices.Contains(effects, name) {
			complaints = append(complaints, fmt.Sprintf("permission.%s is not in the table of effects (permission.Effects)", constant))
		}
	}
	return complaints
}

// constantOf reads which constant of package permission an expression names.
func constantOf(e ast.Expr, constants map[string]permission.Name) (name permission.Name, ok bool) {
	of, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	if of, ok := of.X.(*ast.Ident); !ok || of.Name != "permission" {
		return "", false
	}
	name, ok = constants[of.Sel.Name]
	return name, ok
}
