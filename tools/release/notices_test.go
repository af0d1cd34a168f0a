package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licenseclassifier/v2/assets"
	"github.com/xeipuuv/gojsonschema"
)

// TestNoticesAreComplete: each module that Go says is linked has its licence in the archive.
func TestNoticesAreComplete(t *testing.T) {
	r := theRelease(t)
	top := r.name(built{os: "linux", arch: "amd64"}, "") + "/"
	all := untar(t, gunzip(t, r.text(t, "_linux_amd64.tar.gz")))
	info, err := buildinfo.Read(bytes.NewReader(all[top+"parley"].text))
	if err != nil {
		t.Fatal(err)
	}
	notices := string(all[top+"THIRD-PARTY-NOTICES.txt"].text)
	if len(info.Deps) < 20 {
		t.Errorf("%d modules are linked; there are more", len(info.Deps))
	}
	for _, dep := range info.Deps {
		if !strings.Contains(notices, "\n* "+dep.Path+" "+dep.Version+": ") || !strings.Contains(notices, "\n"+dep.Path+" "+dep.Version+": ") {
			t.Errorf("the notices have nothing of %s %s", dep.Path, dep.Version)
		}
	}
	for _, n := range r.console {
		if !strings.Contains(notices, "\n* "+n.module+" "+n.version+": "+strings.Join(n.licences, ", ")+"\n") || !strings.Contains(notices, "\n"+n.module+" "+n.version+": ") {
			t.Errorf("the notices have nothing of %s %s", n.module, n.version)
		}
	}
	for _, text := range []string{"\n* react-dom 1", "\n* @cloudscape-design/components ", "\n* vite ", "Meta Platforms, Inc. and affiliates", "Copyright Amazon.com, Inc. or its affiliates.", "* Go " + r.facts.goes + ": BSD-3-Clause", "Copyright 2009 The Go Authors", "SQLite Is Public Domain", "aws-sdk-go-v2 v", "singleflight/LICENSE"} {
		if !strings.Contains(notices, text) {
			t.Errorf("the notices have no %q", text)
		}
	}
}

// npm are the packages of npm that the release has in its console.
func (r *release) npm() []notice {
	return slices.DeleteFunc(slices.Clone(r.console), func(n notice) bool { return n.integrity == "" })
}

// TestLicencesAreJudged: what is unknown, not allowed or not there is refused.
func TestLicencesAreJudged(t *testing.T) {
	known, err := assets.DefaultClassifier()
	if err != nil {
		t.Fatal(err)
	}
	library := func(name string) string {
		text, err := assets.ReadLicenseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, c := range []struct {
		name, file, text string
		licences, want   string // one or the other
	}{
		{"MIT", "LICENSE", library("License/MIT/pristine.txt"), "MIT", ""},
		{"a licence by another name", "COPYING.txt", library("License/Apache-2.0/pristine.txt"), "Apache-2.0", ""},
		{"a licence by another name of the classifier", "LICENSE.txt", library("License/BSD-0-Clause/license.txt"), "0BSD", ""},
		{"what a package has taken over", "THIRD-PARTY-LICENSES", library("License/ISC/license.txt"), "ISC", ""},
		{"GPL", "LICENSE", library("License/GPL-3.0/license.txt"), "", "has the licence GPL-3.0, which is not one of"},
		{"own words", "LICENSE.md", "You may use this on Tuesdays.", "", "is not known"},
		{"none", "README", "A library.", "", "has no licence"},
		{"a notice is no licence", "NOTICE", "Copyright of somebody", "", "has no licence"},
		{"code of that name", "license.go", "package license", "", "has no licence"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		n := notice{module: "outside.example/m", version: "v1.0.0"}
		err := n.read(dir, []string{dir}, known)
		switch {
		case c.want == "" && (err != nil || strings.Join(n.licences, " ") != c.licences || len(n.texts) != 1):
			t.Errorf("%s: %v, %d texts, %v; want %s", c.name, n.licences, len(n.texts), err, c.licences)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "outside.example/m v1.0.0")):
			t.Errorf("%s: %v; want %s", c.name, err, c.want)
		}
	}
}

// TestSBOM: it is what CycloneDX's own schema says it has to be, and has the modules that are linked.
func TestSBOM(t *testing.T) {
	r := theRelease(t)
	text := r.text(t, "_linux_amd64.cdx.json")
	library := strings.TrimSpace(mustRun(t, r, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go"))
	file := func(name string) gojsonschema.JSONLoader {
		return gojsonschema.NewReferenceLoader("file://" + filepath.ToSlash(filepath.Join(library, "schema", name)))
	}
	loader := gojsonschema.NewSchemaLoader()
	for name, id := range map[string]string{"spdx.schema.json": "spdx.schema.json", "jsf-0.82.schemax.json": "jsf-0.82.schema.json"} { // else they are fetched
		if err := loader.AddSchema("http://cyclonedx.org/schema/"+id, file(name)); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := loader.Compile(file("bom-1.6.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := schema.Validate(gojsonschema.NewBytesLoader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range result.Errors() {
		t.Error(e)
	}
	var bom cyclonedx.BOM
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	if bom.SpecVersion != cyclonedx.SpecVersion1_6 || bom.Metadata.Component.Version != "v"+r.facts.version || len(*bom.Components) < 20 {
		t.Errorf("the version is %s, the component %+v, with %d components", bom.SpecVersion, bom.Metadata.Component, len(*bom.Components))
	}
	kinds := map[string]int{}
	refs := map[string]bool{}
	for _, c := range *bom.Components {
		kind, _, _ := strings.Cut(c.PackageURL, "/")
		kinds[kind]++
		refs[c.BOMRef] = true
		if c.Licenses == nil || len(*c.Licenses) == 0 || kind != "pkg:golang" && kind != "pkg:npm" {
			t.Errorf("%s has the licences %v and the URL %s", c.Name, c.Licenses, c.PackageURL)
		}
		if kind == "pkg:npm" && (c.Hashes == nil || len((*c.Hashes)[0].Value) != 128) {
			t.Errorf("%s has the sums %v; want SHA-512", c.Name, c.Hashes)
		}
	}
	if kinds["pkg:golang"] < 20 || kinds["pkg:npm"] != len(r.npm()) {
		t.Errorf("the components are %v; want 20 of Go and more, and %d of npm", kinds, len(r.npm()))
	}
	for _, n := range r.npm() {
		if url := "pkg:npm/" + strings.Replace(n.module, "@", "%40", 1) + "@" + n.version; !refs[url] {
			t.Errorf("there is no component %s", url)
		}
	}
	if needs := *(*bom.Dependencies)[0].Dependencies; len(needs) != len(refs) || len(refs) != len(*bom.Components) {
		t.Errorf("of %d components with %d names the program needs %d", len(*bom.Components), len(refs), len(needs))
	}
}

func mustRun(t *testing.T, r *release, name string, args ...string) string {
	t.Helper()
	out, err := r.run(t.Context(), "..", nil, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
