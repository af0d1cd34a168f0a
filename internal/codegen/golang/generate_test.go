package golang

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/codegen/model"
)

// TestGeneratedFilesAreCurrent is the golden test: what stands in the repository is what the
// generator writes today. Run go generate ./... after changing either.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	const helpers = "parley.example/parley/client/internal/fluent"
	for _, c := range []struct {
		pkg, dir, model, source, fluent string
		tagged                          bool
		coded                           []string
		published                       string
	}{
		{"zoo", "../zoo", "../zoo/zoo.json", "internal/codegen/zoo/zoo.json", "", false, nil, ""},
		{"tagged", "../zoo/tagged", "../zoo/zoo.json", "internal/codegen/zoo/zoo.json", "", true, nil, ""},
		{"participant", "../../../api/participant", "../../../api/model/connectparticipant.json", "api/model/connectparticipant.json", "", false, nil, ""},
		{"connect", "../../../api/connect", "../../../api/model/connect.json", "api/model/connect.json", "", true, []string{"StartChatContact", "DescribeContact"}, connect.API.Published},
		{"agent", "../../../api/agent", "../../../api/model/agent.json", "api/model/agent.json", "", false, nil, ""},
		{"agentcall", "../../../client/agentcall", "../../../api/model/agent.json", "api/model/agent.json", "parley.example/parley/api/agent", false, nil, ""},
		{"participantcall", "../../../client/participantcall", "../../../api/model/connectparticipant.json", "api/model/connectparticipant.json", "parley.example/parley/api/participant", false, nil, ""},
		{"connectcall", "../../../client/connectcall", "../../../api/model/connect.json", "api/model/connect.json", "parley.example/parley/api/connect", false, nil, ""},
	} {
		t.Run(c.pkg, func(t *testing.T) {
			data, err := os.ReadFile(c.model)
			if err != nil {
				t.Fatal(err)
			}
			m, err := model.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			opts := Options{Package: c.pkg, Source: c.source, Runtime: "parley.example/parley/api/restjson", Tagged: c.tagged, Coded: c.coded, Published: c.published}
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
	original, err := os.ReadFile("../zoo/zoo.json")
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
			if err := json.Unmarshal(original, &file); err != nil {
				t.Fatal(err)
			}
			c.change(file.Shapes)
			changed, err := json.Marshal(file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := model.Read(changed)
			if err == nil {
				_, err = Generate(m, Options{Package: "zoo", Runtime: "parley.example/parley/api/restjson"})
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v; want one that says %q", err, c.want)
			}
		})
	}
	if _, err := model.Read([]byte(`{"shapes": {}}`)); err == nil {
		t.Error("a model without a service was accepted")
	}
}
