package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/blakesmith/ar"
	"github.com/sassoftware/go-rpmutils"
)

// installed is what a package has of a file.
type installed struct {
	mode         int64
	owner, group string
	text         []byte
}

// shared are files that both packages have, with their modes; all are root's.
var shared = map[string]int64{
	"/usr/bin/parley":                                  0o755,
	"/usr/lib/systemd/system/parley.service":           0o644,
	"/usr/lib/systemd/system/parley.socket":            0o644,
	"/etc/parley/parley.json":                          0o644,
	"/etc/parley/README":                               0o644,
	"/usr/share/man/man1/parley.1.gz":                  0o644,
	"/usr/share/man/man1/parley-serve.1.gz":            0o644,
	"/usr/share/bash-completion/completions/parley":    0o644,
	"/usr/share/fish/vendor_completions.d/parley.fish": 0o644,
	"/usr/share/doc/parley-server/CHANGELOG.md":        0o644,
	"/usr/share/doc/parley-server/README.md":           0o644,
}

func checkInstalled(t *testing.T, format string, got map[string]installed, more map[string]int64) {
	t.Helper()
	want := maps.Clone(shared)
	maps.Copy(want, more)
	for name, mode := range want {
		group := "root"
		if mode&0o007 == 0 { // for the service, and nobody else
			group = "parley"
		}
		if f, ok := got[name]; !ok || f.mode != mode || f.owner != "root" || f.group != group {
			t.Errorf("the %s has %s: %t, %s:%s %o; want root:%s %o", format, name, ok, f.owner, f.group, f.mode, group, mode)
		}
	}
	for name, f := range got {
		if f.mode&0o6022 != 0 {
			t.Errorf("the %s has %s with mode %o", format, name, f.mode)
		}
	}
}

// TestDeb reads the package for Debian: its files, which of them are settings, and what is done with them.
func TestDeb(t *testing.T) {
	r := theRelease(t)
	parts := map[string][]byte{}
	for in := ar.NewReader(bytes.NewReader(r.text(t, "_amd64.deb"))); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		parts[strings.TrimSuffix(h.Name, "/")] = body
	}
	control := debTar(t, parts["control.tar.gz"])
	said := string(control["/control"].text)
	base, _, _ := strings.Cut(r.facts.version, "-")
	for _, line := range []string{"Package: parley-server\n", "Version: " + base, "Architecture: amd64\n", "Conflicts: parley\n", "Pre-Depends: passwd\n", "Homepage: " + r.url + "\n", "Description: contact centre for chat that speaks Amazon Connect's APIs\n Parley is a server"} {
		if !strings.Contains(said, line) {
			t.Errorf("the package does not say %q:\n%s", line, said)
		}
	}
	if got := string(control["/conffiles"].text); got != "/etc/parley/parley.json\n" {
		t.Errorf("the settings are %q", got)
	}
	for _, script := range []string{"/preinst", "/postinst", "/prerm", "/postrm"} {
		if s := control[script]; s.mode != 0o755 || !bytes.HasPrefix(s.text, []byte("#!/bin/sh\n")) {
			t.Errorf("%s has mode %o and begins %.20q", script, s.mode, s.text)
		}
	}
	data := debTar(t, parts["data.tar.gz"])
	_, version, _ := strings.Cut(said, "\nVersion: ")
	version, _, _ = strings.Cut(version, "\n")
	if got := string(gunzip(t, data["/usr/share/doc/parley-server/changelog.gz"].text)); !strings.HasPrefix(got, "parley-server ("+version+") stable") {
		t.Errorf("the changelog begins with another version than %s:\n%s", version, got)
	}
	checkInstalled(t, "deb", data, map[string]int64{
		"/usr/share/zsh/vendor-completions/_parley":            0o644,
		"/usr/share/doc/parley-server/changelog.gz":            0o644,
		"/usr/share/doc/parley-server/copyright":               0o644,
		"/usr/share/doc/parley-server/THIRD-PARTY-NOTICES.txt": 0o644,
	})
}

func debTar(t *testing.T, text []byte) map[string]installed {
	t.Helper()
	all := map[string]installed{}
	for in := tar.NewReader(bytes.NewReader(gunzipAny(t, text))); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(h.Name, ".")] = installed{h.Mode, h.Uname, h.Gname, body}
	}
}

// TestRpm reads the package for Fedora and its kin.
func TestRpm(t *testing.T) {
	rpm, err := rpmutils.ReadRpm(bytes.NewReader(theRelease(t).text(t, "_amd64.rpm")))
	if err != nil {
		t.Fatal(err)
	}
	if nevra, err := rpm.Header.GetNEVRA(); err != nil || nevra.Name != "parley-server" || nevra.Arch != "x86_64" {
		t.Errorf("the package is %v, %v", nevra, err)
	}
	list, err := rpm.Header.GetFiles()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]installed{}
	for _, f := range list {
		got[f.Name()] = installed{mode: int64(f.Mode() & 0o7777), owner: f.UserName(), group: f.GroupName()}
		const config, keep = 1 << 0, 1 << 4
		if settings := f.Flags()&(config|keep) == config|keep; settings != (f.Name() == "/etc/parley/parley.json") {
			t.Errorf("an upgrade keeps %s: %t", f.Name(), settings)
		}
	}
	checkInstalled(t, "rpm", got, map[string]int64{
		"/usr/share/zsh/site-functions/_parley":                     0o644,
		"/usr/share/licenses/parley-server/LICENSE":                 0o644,
		"/usr/share/licenses/parley-server/THIRD-PARTY-NOTICES.txt": 0o644,
		"/etc/parley":             0o755,
		"/etc/parley/parley.json": 0o640, // and dpkg gives a new version of it the mode of the former
	})
	for tag, want := range map[int]string{rpmutils.SUMMARY: summary, rpmutils.DESCRIPTION: description} {
		if text, err := rpm.Header.GetStrings(tag); err != nil || len(text) != 1 || text[0] != want {
			t.Errorf("the header %d is %q, %v; want %q", tag, text, err, want)
		}
	}
	for tag, want := range map[int]string{rpmutils.PREIN: "useradd", rpmutils.POSTIN: "try-restart", rpmutils.PREUN: "disable --now", rpmutils.POSTUN: "daemon-reload"} {
		if script, err := rpm.Header.GetString(tag); err != nil || !strings.Contains(script, want) {
			t.Errorf("the script %d has no %s: %v\n%s", tag, want, err, script)
		}
	}
}

// TestVersionsOfPackages: a commit after a version, as Go numbers it, is before the next version for packages.
func TestVersionsOfPackages(t *testing.T) {
	for version, want := range map[string]string{
		"1.2.3":                               "1.2.3 ",
		"1.3.0-rc.1":                          "1.3.0 rc.1",
		"1.2.4-0.20261130065031-30237a7ebaeb": "1.2.4 0.20261130065031.30237a7ebaeb",
		"0.0.0-20261130065031-30237a7ebaeb":   "0.0.0 20261130065031.30237a7ebaeb",
	} {
		if base, rest := packageVersion(version); fmt.Sprint(base, " ", rest) != want {
			t.Errorf("packageVersion(%s) = %s %s; want %s", version, base, rest, want)
		}
	}
}
