package main

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestConsoleIsThere: the program of the archive, and that of the image, which is the same, has the pages with all that they refer to, and is
// of a clone without changes.
func TestConsoleIsThere(t *testing.T) {
	r := theRelease(t)
	top := r.name(built{os: "linux", arch: "amd64"}, "") + "/"
	program := untar(t, gunzip(t, r.text(t, "_linux_amd64.tar.gz")))[top+"parley"].text
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["-tags"] != "console" || settings["vcs.modified"] != "false" || settings["vcs.revision"] != r.facts.commit {
		t.Errorf("the program was built with %v", settings)
	}
	page := regexp.MustCompile(`<!doctype html>\s*<html lang="en">(?s:.{0,800}?)<div id="app"></div></body>`).Find(program)
	if page == nil {
		t.Fatal("the program has no page of the console")
	}
	referred := regexp.MustCompile(`"\./(assets/[\w.-]+\.(?:js|css))"`).FindAllSubmatch(page, -1)
	if len(referred) < 2 {
		t.Errorf("the page refers to %q; want a script and a style sheet", referred)
	}
	for _, m := range referred {
		if !bytes.Contains(program, []byte("dist/"+string(m[1]))) {
			t.Errorf("the page refers to %s, which is not there", m[1])
		}
	}
	if bytes.Contains(program, []byte("unbuilt/index.html")) {
		t.Error("the program has the page that says how to build the console")
	}
}

// TestReleaseNeedsNode: without Node, or with an old one, there is no release, and what was there stays.
func TestReleaseNeedsNode(t *testing.T) {
	for version, want := range map[string]string{
		"":       "executable file not found",
		"18.2.0": "this is Node 18.2.0",
	} {
		bin, out := t.TempDir(), t.TempDir()
		if version != "" {
			for name, script := range map[string]string{"node": "#!/bin/sh\necho " + version + "\n", "npm": "#!/bin/sh\n"} {
				if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
		former := filepath.Join(out, "parley.rb")
		if err := os.WriteFile(former, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin)
		r := release{repo: "../..", commit: "HEAD", out: out, targets: allTargets, log: func(string) {}}
		err := r.make(t.Context())
		if err == nil || !strings.Contains(err.Error(), "which is built with Node 20 or newer, and npm") || !strings.Contains(err.Error(), want) {
			t.Errorf("with Node %q: %v; want %s", version, err, want)
		}
		if _, err := os.Stat(former); err != nil {
			t.Errorf("with Node %q the former release is gone: %v", version, err)
		}
	}
}

// TestConsoleNotices: a package in the console that is not in the lock, or has no licence, is an error.
func TestConsoleNotices(t *testing.T) {
	for _, c := range []struct{ name, bundled, want string }{
		{"another version", `[{"name": "one", "version": "2.0.0"}]`, "one 2.0.0 is in the console, and not in its lock"},
		{"no licence", `[{"name": "@many/one", "version": "1.0.0"}]`, "@many/one 1.0.0 has no licence"},
		{"a name that ends so", `[{"name": "ne", "version": "1.0.0"}]`, "ne 1.0.0 is in the console, and not in its lock"},
		{"no list", `{`, "licenses.json"},
	} {
		src := t.TempDir()
		for name, text := range map[string]string{
			consoleBuilt + "/licenses.json":                     c.bundled,
			consoleDir + "/package-lock.json":                   `{"packages": {"": {}, "node_modules/one": {"version": "1.0.0"}, "node_modules/@many/one": {"version": "1.0.0"}}}`,
			consoleDir + "/node_modules/@many/one/package.json": "{}",
			consoleDir + "/node_modules/vite/package.json":      "{}",
			consoleDir + "/node_modules/rolldown/package.json":  "{}",
		} {
			path := filepath.Join(src, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := consoleNotices(src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", c.name, err, c.want)
		}
	}
}
