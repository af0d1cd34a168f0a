package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

// writeChart writes the Helm chart, with the version in it.
func (r *release) writeChart() error {
	all, err := readDir(filepath.Join(r.src, "packaging"), "chart")
	if err != nil {
		return err
	}
	about := all["chart/Chart.yaml"]
	about.text = regexp.MustCompile(`(?m)^(version|appVersion): .*$`).ReplaceAll(about.text, []byte(`$1: "`+r.facts.version+`"`))
	if r.url != "" {
		about.text = fmt.Appendf(about.text, "home: %s\nsources: [%s]\n", r.url, r.url)
	}
	all["chart/Chart.yaml"] = about
	chart := files{}
	for name, f := range all {
		chart["parley/"+strings.TrimPrefix(name, "chart/")] = f
	}
	text, err := tarred(chart, r.facts.date)
	if err == nil {
		text, err = gzipped(text)
	}
	if err != nil {
		return err
	}
	return r.write("parley-chart-"+r.facts.version+".tgz", text)
}

// writeNotes writes what the changelog says of the version: of what is unreleased, when the
// commit has no tag.
func (r *release) writeNotes() error {
	text, err := os.ReadFile(filepath.Join(r.src, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	heading := "Unreleased"
	if r.facts.tagged {
		heading = r.facts.version
	}
	notes, err := section(string(text), heading)
	if err != nil {
		return err
	}
	return r.write("RELEASE-NOTES.md", []byte("# Parley "+r.facts.version+"\n\n"+r.absolute(notes)+"\n"))
}

// relativeLink is a link of Markdown to a file beside the page.
var relativeLink = regexp.MustCompile(`\]\(([^)#:\s]+[)#])`)

// absolute has the links of a page of the repository lead to the commit where it is published, since the page will be read
// elsewhere. While that is not known, they stay.
func (r *release) absolute(page string) string {
	if r.url == "" {
		return page
	}
	return relativeLink.ReplaceAllString(page, "]("+r.url+"/blob/"+r.facts.commit+"/$1")
}

// section returns what a changelog has under a heading of the second level.
func section(changelog, version string) (string, error) {
	for part := range strings.SplitSeq("\n"+changelog, "\n## ") {
		heading, body, _ := strings.Cut(part, "\n")
		if strings.HasPrefix(heading, "["+version+"]") {
			if body = strings.TrimSpace(body); body == "" {
				return "", fmt.Errorf("CHANGELOG.md says nothing of %s", version)
			}
			return body, nil
		}
	}
	return "", fmt.Errorf("CHANGELOG.md has no section [%s]", version)
}

// formula is the formula for Homebrew.
var formula = template.Must(template.New("formula").Parse(`class Parley < Formula
  desc "{{.Summary}}"
  homepage "{{.URL}}"
  version "{{.Version}}"
  license "Apache-2.0"
{{range $os := .Systems}}
  on_{{$os.Name}} do
{{- range $os.Archives}}
    on_{{.CPU}} do
      url "{{$.URL}}/releases/download/v{{$.Version}}/{{.Name}}"
      sha256 "{{.Sum}}"
    end
{{- end}}
  end
{{end}}
  def install
    bin.install "parley"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/parley.bash" => "parley"
    zsh_completion.install "completions/_parley"
    fish_completion.install "completions/parley.fish"
    doc.install "README.md", "CHANGELOG.md", "THIRD-PARTY-NOTICES.txt", "docs"
  end

  service do
    run [opt_bin/"parley", "serve", "--data", var/"parley"]
    keep_alive crashed: true
    log_path var/"log/parley.log"
    error_log_path var/"log/parley.log"
  end

  test do
    assert_match "parley v#{version}", shell_output("#{bin}/parley version")
  end
end
`))

// writeFormula writes the formula for Homebrew, if it is known where the archives will be
// and all that it names were made.
func (r *release) writeFormula() error {
	if r.url == "" {
		r.log("no Homebrew formula: it needs the address of the repository")
		return nil
	}
	type archive struct{ CPU, Name, Sum string }
	type system struct {
		Name     string
		Archives []archive
	}
	of := func(name, goos string) system {
		s := system{Name: name}
		for _, cpu := range []struct{ name, arch string }{{"arm", "arm64"}, {"intel", "amd64"}} {
			file := r.name(built{os: goos, arch: cpu.arch}, ".tar.gz")
			if sum, ok := r.sums[file]; ok {
				s.Archives = append(s.Archives, archive{cpu.name, file, sum})
			}
		}
		return s
	}
	systems := []system{of("macos", "darwin"), of("linux", "linux")}
	if len(systems[0].Archives) < 2 || len(systems[1].Archives) < 2 {
		r.log("no Homebrew formula: not all archives that it names were made")
		return nil
	}
	var text bytes.Buffer
	err := formula.Execute(&text, map[string]any{"Summary": summary, "URL": r.url, "Version": r.facts.version, "Systems": systems})
	if err != nil {
		return err
	}
	return r.write("parley.rb", text.Bytes())
}
