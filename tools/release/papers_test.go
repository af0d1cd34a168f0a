package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestChart: the chart has the version of the release and says nothing of a place that is not known.
func TestChart(t *testing.T) {
	r := theRelease(t)
	all := untar(t, gunzip(t, r.text(t, ".tgz")))
	about := string(all["parley/Chart.yaml"].text)
	for _, line := range []string{"version: \"" + r.facts.version + "\"\n", "appVersion: \"" + r.facts.version + "\"\n", "home: " + r.url + "\n"} {
		if !strings.Contains(about, line) {
			t.Errorf("Chart.yaml has no %q:\n%s", line, about)
		}
	}
	for _, name := range []string{"values.yaml", "templates/statefulset.yaml", "templates/service.yaml", "templates/ingress.yaml", "templates/configmap.yaml"} {
		if len(all["parley/"+name].text) == 0 {
			t.Errorf("the chart has no %s", name)
		}
	}
}

// TestSection finds what a changelog says of a version, and is strict about one that says nothing.
func TestSection(t *testing.T) {
	const changelog = "# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-02-01\n\n### Added\n\n* Two.\n\n## [1.0.0] - 2026-01-01\n\n* One.\n"
	for version, want := range map[string]string{
		"1.1.0":      "### Added\n\n* Two.",
		"1.0.0":      "* One.",
		"Unreleased": "error CHANGELOG.md says nothing of Unreleased",
		"1.0":        "error CHANGELOG.md has no section [1.0]",
	} {
		got, err := section(changelog, version)
		if err != nil {
			got = "error " + err.Error()
		}
		if got != want {
			t.Errorf("of %s: %q; want %q", version, got, want)
		}
	}
}

// TestNotesLeadToTheCommit: what the notes link to is found from wherever they are read.
func TestNotesLeadToTheCommit(t *testing.T) {
	r := release{url: "https://github.com/you/parley", facts: facts{commit: "0123abcd"}}
	const page = "[a](docs/a.md#b), [here](#b), [there](https://example.com/a) and `[x](`"
	want := "[a](https://github.com/you/parley/blob/0123abcd/docs/a.md#b), [here](#b), [there](https://example.com/a) and `[x](`"
	if got := r.absolute(page); got != want {
		t.Errorf("absolute(%q) = %q; want %q", page, got, want)
	}
	r.url = ""
	if got := r.absolute(page); got != page {
		t.Errorf("without an address: %q", got)
	}
}

// TestFormula: the formula names the archives by address and sum; it is not written while one of them is missing, or
// it is not known where they will be.
func TestFormula(t *testing.T) {
	r := release{out: t.TempDir(), url: "https://github.com/you/parley", facts: facts{version: "1.2.3"}, sums: map[string]string{}, log: func(string) {}}
	path := filepath.Join(r.out, "parley.rb")
	sum := func(system string) string { return strings.Repeat(fmt.Sprint(len(system)%10), 64) }
	for _, system := range []string{"darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64"} {
		if err := r.writeFormula(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Fatalf("there is a formula before there is an archive for %s", system)
		}
		r.sums["parley_1.2.3_"+system+".tar.gz"] = sum(system)
	}
	r.url = ""
	if err := r.writeFormula(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a formula, and it is not known where the archives will be")
	}
	r.url = "https://github.com/you/parley"
	if err := r.writeFormula(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "  on_macos do\n    on_arm do\n      url \"https://github.com/you/parley/releases/download/v1.2.3/parley_1.2.3_darwin_arm64.tar.gz\"\n      sha256 \"" + sum("darwin_arm64") + "\"\n"
	if !strings.Contains(string(text), want) || strings.Count(string(text), "sha256") != 4 {
		t.Errorf("the formula is\n%s", text)
	}
}
