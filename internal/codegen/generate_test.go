package codegen

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGeneratedFilesAreCurrent is the golden test: what stands in the repository is what the
// generator writes today. Run go generate ./... after changing either.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	const helpers = "parley.example/parley/client/internal/fluent"
	for _, c := range []struct{ pkg, dir, model, source, fluent string }{
		{"zoo", "zoo", "zoo/zoo.json", "internal/codegen/zoo/zoo.json", ""},
		{"participant", "../../api/participant", "../../api/model/connectparticipant.json", "api/model/connectparticipant.json", ""},
		{"connect", "../../api/connect", "../../api/model/connect.json", "api/model/connect.json", ""},
		{"participantcall", "../../client/participantcall", "../../api/model/connectparticipant.json", "api/model/connectparticipant.json", "parley.example/parley/api/participant"},
		{"connectcall", "../../client/connectcall", "../../api/model/connect.json", "api/model/connect.json", "parley.example/parley/api/connect"},
	} {
		t.Run(c.pkg, func(t *testing.T) {
			data, err := os.ReadFile(c.model)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Read(data)
			if err != nil {
				t.Fatal(err)
			}
			opts := Options{Package: c.pkg, Source: c.source, Runtime: "parley.example/parley/api/restjson"}
			files, err := Generate(m, opts)
			if c.fluent != "" {
				files, err = Fluent(m, opts, c.fluent, helpers)
			}
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range files {
				got, err := os.ReadFile(filepath.Join(c.dir, name))
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s/%s is not what the generator writes (%v): run go generate", c.dir, name, err)
				}
			}
			old, _ := filepath.Glob(filepath.Join(c.dir, "*_gen.go"))
			if len(old) != len(files) {
				t.Errorf("%s has %d generated files; the generator writes %d", c.dir, len(old), len(files))
			}
		})
	}
}

// TestRefusals changes the zoo model so that it can no longer be generated faithfully.
func TestRefusals(t *testing.T) {
	model, err := os.ReadFile("zoo/zoo.json")
	if err != nil {
		t.Fatal(err)
	}
	add := func(shape, key, value string) func(map[string]map[string]any) {
		return func(shapes map[string]map[string]any) {
			var v any
			if err := json.Unmarshal([]byte(value), &v); err != nil {
				t.Fatal(err)
			}
			s := shapes["parley.zoo#"+shape]
			if s == nil {
				s = map[string]any{}
				shapes["parley.zoo#"+shape] = s
			}
			s[key] = v
		}
	}
	for name, c := range map[string]struct {
		change func(map[string]map[string]any)
		want   string
	}{
		"unknown trait":     {add("Name", "traits", `{"smithy.api#xmlName": "n"}`), "trait smithy.api#xmlName: not supported"},
		"dangling":          {add("Names", "member", `{"target": "parley.zoo#Gone"}`), "refers to parley.zoo#Gone, which does not exist"},
		"type":              {add("Name", "type", `"bigDecimal"`), "the type bigDecimal is not supported"},
		"look-ahead inside": {add("Name", "traits", `{"smithy.api#pattern": "^a(?=b)c"}`), "pattern ^a(?=b)c"},
		"back-reference":    {add("Name", "traits", `{"smithy.api#pattern": "(a)\\1"}`), `pattern (a)\1`},
		"nested look-ahead": {add("Name", "traits", `{"smithy.api#pattern": "^(?!(a)b)c"}`), "a look-ahead cannot hold a group"},
		"mixed class":       {add("Name", "traits", `{"smithy.api#pattern": "[\\Sx]"}`), `\S among other characters`},
		"two members":       {add("Meat", "members", `{"A": {"target": "smithy.api#String"}, "a": {"target": "smithy.api#String"}}`), "two members would be named A"},
		"taken name":        {add("Mood", "members", `{"A": {"target": "smithy.api#Unit"}, "a": {"target": "smithy.api#Unit"}}`), "the name MoodA is taken"},
		"list in a header":  {add("ListAnimalsRequest", "members", `{"Names": {"target": "parley.zoo#Names", "traits": {"smithy.api#httpHeader": "N"}}}`), "a list outside the body is not supported"},
		"output header":     {add("Animal", "members", `{"Names": {"target": "parley.zoo#Name", "traits": {"smithy.api#httpHeader": "N"}}}`), "output members outside the body"},
		"no such label":     {add("ListAnimalsRequest", "members", `{"X": {"target": "parley.zoo#Name", "traits": {"smithy.api#httpLabel": {}, "smithy.api#required": {}}}}`), "no label {X}"},
		"greedy label":      {add("CloseZoo", "traits", `{"smithy.api#http": {"method": "GET", "uri": "/x/{All+}", "code": 200}}`), "greedy labels"},
		"no http":           {add("CloseZoo", "traits", `{}`), "CloseZoo: no http trait"},
		"second service":    {add("Other", "type", `"service"`), "one is expected"},
	} {
		t.Run(name, func(t *testing.T) {
			var file struct {
				Shapes map[string]map[string]any `json:"shapes"`
			}
			if err := json.Unmarshal(model, &file); err != nil {
				t.Fatal(err)
			}
			c.change(file.Shapes)
			changed, err := json.Marshal(file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Read(changed)
			if err == nil {
				_, err = Generate(m, Options{Package: "zoo", Runtime: "parley.example/parley/api/restjson"})
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v; want one that says %q", err, c.want)
			}
		})
	}
	if _, err := Read([]byte(`{"shapes": {}}`)); err == nil {
		t.Error("a model without a service was accepted")
	}
}

func TestTranslatePattern(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
		why     string
	}{
		{`^\s$`, []string{" ", "\u00a0", "\u3000", "\ufeff"}, []string{"a", ""}, "ECMA's white space is Unicode's"},
		{`^[\S]$`, []string{"a", "é"}, []string{" ", "\u2003"}, "a class of one escape"},
		{`^[^\s@]+@x$`, []string{"é@x"}, []string{"a b@x", "a\u00a0b@x", "@x"}, "white space in a negated class"},
		{`^.$`, []string{"a", "]"}, []string{"\n", "\r", "\u2028"}, "the point stops at every line end"},
		{`^[.]$`, []string{"."}, []string{"a"}, "a point in a class is a point"},
		{`^[[]$`, []string{"["}, []string{"a"}, "a bracket in a class is a bracket"},
		{`^[\u0041-\u0043]+$`, []string{"ABC"}, []string{"D"}, "code units by number"},
		{`^(?!aws:)[a-z:]+$`, []string{"saws:"}, []string{"aws:x"}, "a look-ahead that forbids"},
		{`^(?!\.$)(?!\.\.$)[.]+$`, []string{"..."}, []string{".", ".."}, "two of them"},
		{`(?!a|b:)[a-z]+$`, []string{"cab"}, []string{"ab"}, "without an anchor it is anchored"},
		{`^(?=.*[a-z])(?=.*\d)\S{2,8}$`, []string{"a1"}, []string{"aa", "11", "a 1"}, "look-aheads that demand"},
		{`\/\-\_`, []string{"x/-_x"}, []string{"/"}, "needless escapes, no anchor"},
	} {
		conditions, err := translatePattern(c.pattern)
		if err != nil {
			t.Errorf("%s (%s): %v", c.pattern, c.why, err)
			continue
		}
		match := func(s string) bool {
			for _, one := range conditions {
				if regexp.MustCompile(one.expr).MatchString(s) != one.want {
					return false
				}
			}
			return true
		}
		for _, s := range c.yes {
			if !match(s) {
				t.Errorf("%s refuses %q: %s", c.pattern, s, c.why)
			}
		}
		for _, s := range c.no {
			if match(s) {
				t.Errorf("%s accepts %q: %s", c.pattern, s, c.why)
			}
		}
	}
	if got := intended(&Shape{Traits: Traits{Pattern: `^[\\P{C}\r]*\\S$`}}); got != `^[\P{C}\r]*\S$` {
		t.Errorf("a doubled escape became %s", got)
	}
}

func TestCoverage(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("service.go", "package x\n\ntype Service struct{}\n\nfunc (s *Service) FeedAnimal() {}\n\nfunc CloseZoo() {}\n\nfunc (o *other) CloseZoo() {}\n")
	write("embeds.go", "package x\n\ntype Unrelated struct{ aquarium.Fish }\n")
	write("service_test.go", "package x\n\nfunc (s *Service) ListAnimals() {}\n")
	data, err := os.ReadFile("zoo/zoo.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	page, err := Coverage([]Implementation{{Name: "zoo", Model: m, Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	want := "## zoo: 1 of 3\n\n| operation | request |\n|---|---|\n" +
		"| FeedAnimal | `PUT /animals/{Name}/meals/{Count}` |\n\nNot there yet: CloseZoo, ListAnimals.\n"
	if !strings.HasSuffix(string(page), want) {
		t.Errorf("page\n%s\nwant it to end with\n%s", page, want)
	}
	// Families: a type that Service embeds counts, of a package in a folder of its own.
	write("service.go", "package x\n\ntype Service struct {\n\tzoo.Unimplemented\n\tkeepers.Keepers\n\tother keepers.Visitors\n}\n\nfunc (s *Service) FeedAnimal() {}\n")
	if err := os.MkdirAll(filepath.Join(dir, "keepers"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("keepers/keepers.go", "package keepers\n\nfunc (k *Keepers) CloseZoo() {}\n\nfunc (v *Visitors) ListAnimals() {}\n")
	page, err = Coverage([]Implementation{{Name: "zoo", Model: m, Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "## zoo: 2 of 3\n") || !strings.HasSuffix(string(page), "\nNot there yet: ListAnimals.\n") {
		t.Errorf("page with families\n%s\nwant FeedAnimal and CloseZoo in it", page)
	}
	if _, err := Coverage([]Implementation{{Name: "zoo", Model: m, Dir: filepath.Join(dir, "gone")}}); err == nil {
		t.Error("a package that is not there has coverage")
	}
}
